"""The areas that `clip-path` and `mask` leave of an element."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sketchvae.data.svg import paint
from sketchvae.data.svg.areas import AllOf, AnyOf, Area, Outline, Painted
from sketchvae.data.svg.curves import transform
from sketchvae.data.svg.paint import Painter
from sketchvae.data.svg.shapes import Style
from sketchvae.data.svg.tree import Box, Element, Ink, State
from sketchvae.data.svg.values import Frame, scaling, translation
from sketchvae.polyline import Floats

_FINE = 0.02  # px between a curved border and the lines that stand for it
_JOINT = 12  # corners of the polygon that stands for a round joint of a stroke

DrawChildren = Callable[[Element, State], list[Ink]]


class Clipper:
    """Turns the clip paths and masks of a page into areas.

    Args:
        by_id: elements of the page by their id.
        painter: colours of masks.
        draw: returns the shapes of an element's children.
        style_of: returns the style of an element that inherits nothing.
        left_out: counts what cannot be cut.
    """

    def __init__(
        self,
        by_id: Mapping[str, Element],
        painter: Painter,
        draw: DrawChildren,
        style_of: Callable[[Element], Style],
        left_out: Counter[str],
    ) -> None:
        self._by_id, self._painter = by_id, painter
        self._draw, self._style_of = draw, style_of
        self._left_out = left_out
        self._known: dict[tuple[object, ...], Area] = {}
        self._active: list[Element] = []

    def clips(self, state: State, box: Callable[[], Box | None]) -> tuple[Area, ...]:
        """Return the areas that the style of an element cuts it to.

        Args:
            state: of the element, with its own style and matrix.
            box: returns the box around the element in its user units.
        """
        areas = list[Area]()
        for name, tag in (("clip-path", "clipPath"), ("mask", "mask")):
            value = state.style.get(name, "none")
            target = self._by_id.get(paint.target(value))
            if target is None:  # as browsers do, leave the element whole
                if value.lower() != "none" and "url(" not in value and not state.area:
                    self._left_out["uncut"] += 1
            elif target.tag != tag:
                areas.append(AnyOf(()))
            elif target not in self._active:  # one that names itself is as if it did not
                areas.append(self._area(target, state, box))
        return tuple(areas)

    def _area(self, element: Element, state: State, box: Callable[[], Box | None]) -> Area:
        name = element.get("id", "")
        by_box = "objectBoundingBox" in (
            element.get("clipPathUnits"),
            element.get("maskContentUnits"),
        ) or (element.tag == "mask" and element.get("maskUnits") != "userSpaceOnUse")
        bounds = box() if by_box else None
        key = (name, state.matrix.tobytes(), state.frame, bounds)
        if key in self._known:
            return self._known[key]
        if by_box and bounds is None:
            return AnyOf(())
        self._active.append(element)
        try:
            make = self._clip_path if element.tag == "clipPath" else self._mask
            purpose = "clip" if element.tag == "clipPath" else "mask"
            inner = replace(state, style={}, clips=(), opacity=1.0, area=purpose)
            area = make(element, inner, bounds)
        finally:
            self._active.pop()
        self._known[key] = area
        return area

    def _clip_path(self, element: Element, state: State, bounds: Box | None) -> Area:
        if element.get("clipPathUnits") == "objectBoundingBox" and bounds is not None:
            state = _in_box(state, bounds)
        if any(child.tag == "text" for child in element.iter()):
            self._left_out["uncut"] += 1
        inks = self._draw(element, state)
        return AnyOf([_filled(ink, ink.state.style.get("clip-rule", "nonzero")) for ink in inks])

    def _mask(self, element: Element, state: State, bounds: Box | None) -> Area:
        unit = Frame(1.0, 1.0) if bounds is not None else state.frame
        x, y, width, height = (
            unit.length(element.get(name, initial), axis) or 0.0
            for name, initial, axis in (
                ("x", "-10%", "x"), ("y", "-10%", "y"),
                ("width", "120%", "x"), ("height", "120%", "y"),
            )
        )  # fmt: skip
        by_box = element.get("maskUnits") != "userSpaceOnUse" and bounds is not None
        region = _in_box(state, bounds) if by_box and bounds is not None else state
        frame = rectangle(x, y, width, height, region.matrix)
        if element.get("maskContentUnits") == "objectBoundingBox" and bounds is not None:
            state = _in_box(state, bounds)
        if any(child.tag in ("text", "image") for child in element.iter()):
            self._left_out["uncut"] += 1
        painted = [p for ink in self._draw(element, state) for p in self._paint(ink)]
        return AllOf([frame, Painted(painted, self._style_of(element).get("mask-type") == "alpha")])

    def _paint(self, ink: Ink) -> list[tuple[Area, float, float]]:
        """Return what a shape of a mask paints: its fill, then its stroke."""
        style, painted = ink.state.style, list[tuple[Area, float, float]]()
        current = style.get("color", "black")
        if ink.is_filled:
            color = self._painter.color(style.get("fill", "black"), current)
            alpha = color.alpha * ink.state.opacity * paint.share(style, "fill-opacity")
            area = _filled(ink, style.get("fill-rule", "nonzero"))
            painted.append((area, color.luminance, alpha))
        if ink.is_stroked:
            color = self._painter.color(style.get("stroke", "none"), current)
            alpha = color.alpha * ink.state.opacity * paint.share(style, "stroke-opacity")
            painted.append((_stroked(ink), color.luminance, alpha))
        return painted


def rectangle(x: float, y: float, width: float, height: float, matrix: Floats) -> Area:
    """Return the area of a rectangle in px of the page.

    Args:
        x: left side in user units.
        y: upper side.
        width: to the right.
        height: down.
        matrix: (3, 3), from user units to the page.
    """
    right, bottom = x + width, y + height
    corners = np.array([[x, y], [right, y], [right, bottom], [x, bottom]])
    return Outline([transform(corners, matrix)])


def _in_box(state: State, bounds: Box) -> State:
    """Make the box around an element the unit of coordinates."""
    left, top, right, bottom = bounds
    matrix = state.matrix @ translation(left, top) @ scaling(right - left, bottom - top)
    return replace(state, matrix=matrix, frame=Frame(1.0, 1.0, state.frame.font_size))


def _flat(ink: Ink) -> list[Floats]:
    moved = [subpath.transformed(ink.state.matrix) for subpath in ink.subpaths]
    return [m.flat(_FINE) for m in moved if np.isfinite(m.points).all() and m.n_chords(_FINE) < 1e5]


def _filled(ink: Ink, rule: str) -> Area:
    area: Area = Outline(_flat(ink), rule == "evenodd")
    return AllOf([area, *ink.state.clips]) if ink.state.clips else area


def _stroked(ink: Ink) -> Area:
    """Return the area of a stroke: a rectangle for each segment, a polygon for each joint."""
    state = ink.state
    scale = float(np.sqrt(abs(np.linalg.det(state.matrix[:2, :2]))))
    half = (state.frame.length(state.style.get("stroke-width", "1"), "r") or 0.0) * scale / 2
    angles = np.arange(_JOINT) * (2 * np.pi / _JOINT)
    joint = half * np.column_stack([np.cos(angles), np.sin(angles)])
    pieces = []
    for line in _flat(ink):
        steps = np.diff(line, axis=0)
        lengths = np.hypot(*steps.T)
        for start, step, length in zip(line, steps, lengths, strict=False):
            if length > 0:
                side = np.array([step[1], -step[0]]) * half / length
                end = start + step
                pieces.append(np.array([start + side, end + side, end - side, start - side]))
        pieces += [point + joint for point in line[1:-1]]
    area: Area = Outline(pieces)
    return AllOf([area, *state.clips]) if state.clips else area
