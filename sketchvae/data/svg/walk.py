"""The walk through a page: which shapes can be seen, where, and cut by what."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from sketchvae.data.svg import shapes, values
from sketchvae.data.svg.cascade import Cascade
from sketchvae.data.svg.clips import Clipper, rectangle
from sketchvae.data.svg.conditions import chosen, fits
from sketchvae.data.svg.curves import Subpath
from sketchvae.data.svg.document import MAX_DEPTH, MAX_ELEMENTS, refuse_size
from sketchvae.data.svg.markers import places
from sketchvae.data.svg.page import canvas_of, size_of
from sketchvae.data.svg.paint import HREFS, LEAST_ALPHA, Painter, share, target
from sketchvae.data.svg.tree import Box, Element, Group, Ink, State, box_of
from sketchvae.data.svg.values import Frame, translation

_GROUPS = ("g", "a", "svg", "switch", "use")
_NO_SHAPES = {"text": "text", "image": "image", "foreignObject": "foreign object"}
_DRAWN = {*_GROUPS, *shapes.NAMES, *_NO_SHAPES}
_VIEWPORTS = ("svg", "symbol")
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_SIDES = ("width", "height")
_MARKED = ("path", "line", "polyline", "polygon")
_UNKNOWN_SIDE = 100.0  # px that percentages are of, on a page without a size


class Walk:
    """One walk through a page.

    Args:
        root: the outermost element.
        path: the file, for error messages.

    Attributes:
        size: width and height of the page in px; None if the page does not say.
        canvas: the part of the page that is meant for drawing.
        left_out: number of elements that are not drawn, by reason.
    """

    def __init__(self, root: Element, path: Path) -> None:
        self.left_out: Counter[str] = Counter()
        self._root, self._path = root, path
        self._by_id: dict[str, Element] = {}
        for element in root.iter():
            if name := element.get("id") or element.get(_XML_ID):
                self._by_id.setdefault(name, element)
        self._cascade = Cascade(root, *(size_of(root, values.FONT_SIZE) or (None, None)))
        font_size = float(self._cascade.style(root, {}).get("font-size", values.FONT_SIZE))
        self.size = size_of(root, font_size)
        self.canvas = canvas_of(root, self.size)
        self._painter = Painter(self._by_id, self._style_in_place)
        self._clipper = Clipper(
            self._by_id, self._painter, self._shapes_of, self._style_in_place, self.left_out
        )
        self._active: list[Element] = []
        self._number = 0

    def _style_in_place(self, element: Element) -> dict[str, str]:
        """Return the style of an element where it stands, not where it is used."""
        above = self._parents.get(element)
        return self._cascade.style(element, {} if above is None else self._style_in_place(above))

    @cached_property
    def _parents(self) -> dict[Element, Element]:
        return {child: parent for parent in self._root.iter() for child in parent}

    def page(self) -> Group:
        """Return all that is drawn."""
        frame = Frame(*(self.size or (_UNKNOWN_SIDE, _UNKNOWN_SIDE)))
        parts = self._draw(self._root, State(np.eye(3), frame, {}))
        return parts[0] if parts and isinstance(parts[0], Group) else Group()

    def _draw(self, element: Element, above: State) -> list[Group | Ink]:
        """Return what an element draws: nothing, a shape with its markers, or a group."""
        if element.tag not in _DRAWN and not (element.tag == "symbol" and self._is_in_use()):
            return []
        if not fits(element) or element in self._active:
            return []
        self._number += 1
        if self._number > MAX_ELEMENTS or len(self._active) > 2 * MAX_DEPTH:
            refuse_size(self._path)
        state = self._own_state(element, above)
        if state is None:
            return []
        self._active.append(element)
        try:
            if element.tag in shapes.NAMES:
                return self._shape(element, state)
            if element.tag in _NO_SHAPES:
                self._leave_out(element, state)
                return []
            return [Group(_name(element), self._content(element, state))]
        finally:
            self._active.pop()

    def _is_in_use(self) -> bool:
        return bool(self._active) and self._active[-1].tag == "use"

    def _own_state(self, element: Element, above: State) -> State | None:
        """Return the state with the style, the transform and the clips of an element.

        None if the element is not displayed.
        """
        style = self._cascade.style(element, above.style)
        is_hidden = style.get("display", "").lower() == "none" and element.tag != "symbol"
        opacity = above.opacity * share(style, "opacity") if above.area != "clip" else 1.0
        if is_hidden or opacity < LEAST_ALPHA:
            return None
        frame = above.frame
        if "font-size" in style:
            frame = replace(frame, font_size=float(style["font-size"]))
        state = replace(above, frame=frame, style=style, opacity=opacity)
        own = values.transformation(style.get("transform"), frame)
        if own is not None and element.tag != "symbol":
            x, y = self._origin(element, state)
            state = state.moved(translation(x, y) @ own @ translation(-x, -y))
        if element.tag == "use" and not self._uses_viewport(element):
            state = state.moved(translation(*self._corner(state)))
        if style.get("filter", "none").lower() != "none" and not state.area:
            self.left_out["filter"] += 1
        return state if element.tag in _VIEWPORTS else self._clipped(element, state)

    def _corner(self, state: State) -> tuple[float, float]:
        """Return x and y of a `<use>` or a nested `<svg>`."""
        x, y = (state.frame.length(state.style.get(n), n) or 0.0 for n in ("x", "y"))
        return x, y

    def _clipped(self, element: Element, state: State) -> State:
        """Return the state with the clip path and the mask of an element."""
        if state.area == "box" or not state.style.keys() & {"clip-path", "mask"}:
            return state
        clips = self._clipper.clips(state, lambda: self._box(element, state))
        return replace(state, clips=state.clips + clips)

    def _origin(self, element: Element, state: State) -> tuple[float, float]:
        text = state.style.get("transform-origin")
        if text is None and "transform-box" not in state.style:
            return 0.0, 0.0
        if state.style.get("transform-box") in ("fill-box", "content-box"):
            box = self._box(element, state) or (0.0, 0.0, 0.0, 0.0)
            frame = Frame(box[2] - box[0], box[3] - box[1], state.frame.font_size)
            x, y = values.origin(text, frame)
            return box[0] + x, box[1] + y
        return values.origin(text, state.frame)

    def _box(self, element: Element, state: State) -> Box | None:
        """Return the box around an element in its user units, without its clips."""
        plain = replace(state, matrix=np.eye(3), clips=(), area="box")
        if element.tag in shapes.NAMES:
            subpaths, _ = shapes.outline(element, state.style, state.frame)
            return box_of([Ink(subpaths, plain, False, False)])
        self._active.append(element)
        try:
            is_viewport = element.tag in _VIEWPORTS
            parts = self._all(element, plain) if is_viewport else self._content(element, plain)
        finally:
            self._active.pop()
        return box_of(list(Group("", parts).inks()))

    def _shapes_of(self, element: Element, state: State) -> list[Ink]:
        """Return the shapes of a clipPath or a mask."""
        above = self._style_in_place(self._parents[element])
        own = self._own_state(element, replace(state, style=above))
        if own is None:  # which does not matter here
            own = replace(state, style=self._style_in_place(element))
        children: Iterable[Element] = element
        if element.tag == "clipPath":
            children = [c for c in element if c.tag in shapes.NAMES or self._is_use_of_shape(c)]
        return [ink for ink in Group("", self._all(children, own)).inks() if _is_visible(ink.state)]

    def _is_use_of_shape(self, element: Element) -> bool:
        used = self._used(element) if element.tag == "use" else None
        return used is not None and used.tag in shapes.NAMES

    # --- groups ---------------------------------------------------------------------

    def _all(self, elements: Iterable[Element], state: State) -> list[Group | Ink]:
        return [part for element in elements for part in self._draw(element, state)]

    def _content(self, element: Element, state: State) -> list[Group | Ink]:
        """Return what stands in a group."""
        if element.tag == "use":
            return self._use(element, state)
        if element.tag in _VIEWPORTS:
            return self._viewport(element, state)
        return self._all(chosen(element) if element.tag == "switch" else element, state)

    def _used(self, element: Element) -> Element | None:
        href = next((h.strip() for name in HREFS if (h := element.get(name))), "")
        return self._by_id.get(unquote(href[1:])) if href.startswith("#") else None

    def _uses_viewport(self, element: Element) -> bool:
        """Whether a `<use>` draws a viewport: its x and y are then within its clip path."""
        used = self._used(element)
        return used is not None and used.tag in _VIEWPORTS

    def _use(self, element: Element, state: State) -> list[Group | Ink]:
        used = self._used(element)
        if used is None or used in self._active:
            if not state.area:
                self.left_out["use"] += 1
            return []
        if self._uses_viewport(element):
            state = state.moved(translation(*self._corner(state)))
            size = (state.style.get("width"), state.style.get("height"))
            return self._draw(used, replace(state, size=size))
        return self._draw(used, state)

    def _viewport(self, element: Element, state: State) -> list[Group | Ink]:
        """Return what stands in an `<svg>` or a `<symbol>`, which are coordinates of their own."""
        width, height, is_cut = self._viewport_size(element, state)
        if width <= 0 or height <= 0:
            return []
        if element.tag == "svg" and element is not self._root:
            state = state.moved(translation(*self._corner(state)))
        if is_cut:
            area = rectangle(0.0, 0.0, width, height, state.matrix)
            state = replace(state, clips=(*state.clips, area))
        box = values.view_box(element.get("viewBox"))
        if box is not None:
            ratio = element.get("preserveAspectRatio")
            state = state.moved(values.fit_view_box(box, width, height, ratio))
            width, height = box[2:]
        frame = Frame(width, height, state.frame.font_size)
        inner = self._clipped(element, replace(state, frame=frame, size=(None, None)))
        return self._all(element, inner)

    def _viewport_size(self, element: Element, state: State) -> tuple[float, float, bool]:
        """Return width and height of a viewport, and whether it cuts what stands in it."""
        if element is self._root:
            return *(self.size or (_UNKNOWN_SIDE, _UNKNOWN_SIDE)), False
        texts = [given or state.style.get(n) for given, n in zip(state.size, _SIDES, strict=True)]
        known = [
            None if length is not None and length < 0 else length
            for length in (state.frame.length(t, a) for t, a in zip(texts, "xy", strict=True))
        ]
        width, height = (
            side if side is not None else whole
            for side, whole in zip(known, (state.frame.width, state.frame.height), strict=True)
        )
        is_cut = state.style.get("overflow", "hidden").lower() not in ("visible", "auto")
        return width, height, is_cut and (element.tag == "symbol" or None not in known)

    # --- shapes ---------------------------------------------------------------------

    def _shape(self, element: Element, state: State) -> list[Group | Ink]:
        subpaths, is_right = shapes.outline(element, state.style, state.frame)
        if state.area:
            return [Ink(subpaths, state, *self._paints(state, subpaths))] if subpaths else []
        if not is_right:
            self.left_out["broken"] += 1
        elif not subpaths and "" not in (element.get("d"), element.get("points")):
            self.left_out["sizeless"] += 1
        if not subpaths:
            return []
        if "pathLength" in element.attrib:
            style = {**state.style, "pathLength": element.get("pathLength", "")}
            state = replace(state, style=style)
        ink = Ink(subpaths, state, *self._paints(state, subpaths))
        parts: list[Group | Ink] = []
        if _is_visible(state) and (ink.is_stroked or ink.is_filled):
            parts.append(ink)
        if (
            element.tag in _MARKED
            and _is_visible(state)
            and any(n in state.style for n in _MARKERS)
        ):
            parts += self._markers(ink)
        return parts

    def _paints(self, state: State, subpaths: Sequence[Subpath]) -> tuple[bool, bool]:
        """Return whether the stroke and whether the fill of a shape can be seen."""
        style, has_box = state.style, True
        if "url(" in style.get("stroke", "") + style.get("fill", ""):
            box = box_of([Ink(subpaths, replace(state, matrix=np.eye(3)), True, True)])
            has_box = box is not None and box[0] < box[2] and box[1] < box[3]
        current = style.get("color", "black")
        stroke = self._painter.color(style.get("stroke", "none"), current, has_box=has_box)
        fill = self._painter.color(style.get("fill", "black"), current, has_box=has_box)
        width = state.frame.length(style.get("stroke-width", "1"), "r")
        return (
            state.opacity * stroke.alpha * share(style, "stroke-opacity") >= LEAST_ALPHA
            and (width is None or width > 0),
            state.opacity * fill.alpha * share(style, "fill-opacity") >= LEAST_ALPHA
            and any(map(_has_area, subpaths)),
        )

    def _markers(self, ink: Ink) -> list[Group | Ink]:
        """Return the markers at the vertices of a shape."""
        found: list[Group | Ink] = []
        for name in _MARKERS:
            marker = self._by_id.get(target(ink.state.style.get(name, "none")))
            if marker is None or marker.tag != "marker" or marker in self._active:
                continue
            self._active.append(marker)
            try:
                for state in places(marker, name, ink, self._style_in_place(marker)):
                    parts = self._all(marker, state)
                    found.append(Group("", parts))
            finally:
                self._active.pop()
        return found

    def _leave_out(self, element: Element, state: State) -> None:
        has_text = element.tag != "text" or "".join(element.itertext()).strip()
        if not state.area and _is_visible(state) and has_text:
            self.left_out[_NO_SHAPES[element.tag]] += 1


_MARKERS = ("marker-start", "marker-mid", "marker-end")


def _has_area(subpath: Subpath) -> bool:
    """Whether a subpath has something inside: its points do not all lie on one line."""
    offsets = subpath.points - subpath.points[0]
    farthest = offsets[np.square(offsets).sum(axis=1).argmax()]
    across = offsets[:, 0] * farthest[1] - offsets[:, 1] * farthest[0]
    return bool(np.abs(across).max() > 1e-9 * (farthest @ farthest))


def _name(element: Element) -> str:
    """Return the id of a group; of a drawing by `plot`, the one that `draw` would give it."""
    number = element.get("data-drawing")
    return f"drawing-{number}" if number else element.get("id", "")


def _is_visible(state: State) -> bool:
    return state.style.get("visibility", "visible").lower() == "visible"
