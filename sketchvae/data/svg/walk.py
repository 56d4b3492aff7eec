"""The walk through a page: which shapes can be seen, where, and cut by what."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sketchvae.data.svg import shapes, values
from sketchvae.data.svg.cascade import Cascade
from sketchvae.data.svg.clips import Clipper, rectangle
from sketchvae.data.svg.curves import Subpath
from sketchvae.data.svg.document import MAX_DEPTH, MAX_ELEMENTS, refuse_size
from sketchvae.data.svg.markers import places
from sketchvae.data.svg.paint import HREFS, Painter, target
from sketchvae.data.svg.tree import Box, Element, Group, Ink, State, box_of
from sketchvae.data.svg.values import Frame, translation

_GROUPS = ("g", "a", "svg", "switch", "use")
_NO_SHAPES = {"text": "text", "image": "image", "foreignObject": "foreign object"}
_DRAWN = {*_GROUPS, *shapes.NAMES, *_NO_SHAPES}
_MARKED = ("path", "line", "polyline", "polygon")
_UNKNOWN_SIDE = 100.0  # px that percentages are of, on a page without a size


class Walk:
    """One walk through a page.

    Args:
        root: the outermost element.
        path: the file, for error messages.

    Attributes:
        size: width and height of the page in px; None if the page does not say.
        left_out: number of elements that are not drawn, by reason.
    """

    def __init__(self, root: Element, path: Path) -> None:
        self.left_out: Counter[str] = Counter()
        self._root, self._path = root, path
        self.size = _page_size(root)
        self._by_id: dict[str, Element] = {}
        for element in root.iter():
            if name := element.get("id"):
                self._by_id.setdefault(name, element)
        self._cascade = Cascade(root, *(self.size or (None, None)))
        self._painter = Painter(self._by_id, lambda stop: self._cascade.style(stop, {}))
        self._clipper = Clipper(self._by_id, self._painter, self._shapes_of, self.left_out)
        self._active: list[Element] = []
        self._number = 0

    def page(self) -> Group:
        """Return all that is drawn."""
        frame = Frame(*(self.size or (_UNKNOWN_SIDE, _UNKNOWN_SIDE)))
        parts = self._draw(self._root, State(np.eye(3), frame, {}))
        return parts[0] if parts and isinstance(parts[0], Group) else Group()

    def _draw(self, element: Element, above: State) -> list[Group | Ink]:
        """Return what an element draws: nothing, a shape with its markers, or a group."""
        if element.tag not in _DRAWN or not _fits(element) or element in self._active:
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

    def _own_state(self, element: Element, above: State) -> State | None:
        """Return the state with the style, the transform and the clips of an element.

        None if the element is not displayed.
        """
        style = self._cascade.style(element, above.style)
        if style.get("display", "").lower() == "none" or values.fraction(style.get("opacity")) == 0:
            return None
        frame, matrix = above.frame, above.matrix
        if "font-size" in style:
            frame = Frame(frame.width, frame.height, float(style["font-size"]))
        state = replace(above, frame=frame, style=style)
        if "transform" in style:
            own = values.transformation(style["transform"], frame)
            if own is not None:
                x, y = self._origin(element, state)
                matrix = matrix @ translation(x, y) @ own @ translation(-x, -y)
                state = replace(state, matrix=matrix)
        if "clip-path" in style or "mask" in style:
            clips = self._clipper.clips(state, lambda: self._box(element, state))
            state = replace(state, clips=state.clips + clips)
        if "filter" in style and style["filter"].lower() != "none" and not state.for_area:
            self.left_out["filter"] += 1
        return state

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
        plain = replace(state, matrix=np.eye(3), clips=(), for_area=True)
        if element.tag in shapes.NAMES:
            subpaths, _ = shapes.outline(element, state.style, state.frame)
            return box_of([Ink(subpaths, plain, False, False)])
        if element in self._active:
            return None
        self._active.append(element)
        try:
            group = Group("", self._content(element, plain))
        finally:
            self._active.pop()
        return box_of(list(group.inks()))

    def _shapes_of(self, element: Element, state: State) -> list[Ink]:
        """Return the shapes of a clipPath or a mask."""
        own = self._own_state(element, state)
        if own is None:
            own = replace(state, style=self._cascade.style(element, {}))
        children = [
            child
            for child in element
            if element.tag == "mask" or child.tag in shapes.NAMES or self._is_use_of_shape(child)
        ]
        group = Group("", [part for child in children for part in self._draw(child, own)])
        return [ink for ink in group.inks() if element.tag == "mask" or _is_visible(ink.state)]

    def _is_use_of_shape(self, element: Element) -> bool:
        used = self._used(element) if element.tag == "use" else None
        return used is not None and used.tag in shapes.NAMES

    # --- groups ---------------------------------------------------------------------

    def _content(self, element: Element, state: State) -> list[Group | Ink]:
        """Return what stands in a group."""
        if element.tag == "use":
            return self._use(element, state)
        if element.tag == "svg":
            return self._viewport(element, state)
        children = list(element)
        if element.tag == "switch":
            able = (c for c in children if c.tag in _DRAWN - {"foreignObject"} and _fits(c))
            children = [c for c in [next(able, None)] if c is not None]
        return [part for child in children for part in self._draw(child, state)]

    def _used(self, element: Element) -> Element | None:
        href = next((h.strip() for name in HREFS if (h := element.get(name))), "")
        return self._by_id.get(href[1:]) if href.startswith("#") else None

    def _use(self, element: Element, state: State) -> list[Group | Ink]:
        used = self._used(element)
        if used is None or used in self._active:
            if not state.for_area:
                self.left_out["use"] += 1
            return []
        x, y = (state.frame.length(state.style.get(n), n) or 0.0 for n in ("x", "y"))
        size = (state.style.get("width"), state.style.get("height"))
        inner = replace(state, matrix=state.matrix @ translation(x, y), size=size)
        if used.tag != "symbol":
            return self._draw(used, inner)
        style = self._cascade.style(used, state.style)
        if style.get("display", "").lower() == "none":
            return []
        self._active.append(used)
        try:
            return self._viewport(used, replace(inner, style=style))
        finally:
            self._active.pop()

    def _viewport(self, element: Element, state: State) -> list[Group | Ink]:
        """Return what stands in an `<svg>` or a `<symbol>`, which are coordinates of their own."""
        size = [
            given or state.style.get(n)
            for given, n in zip(state.size, ("width", "height"), strict=True)
        ]
        width, height = (state.frame.length(t, a) for t, a in zip(size, "xy", strict=True))
        x, y = 0.0, 0.0
        is_outermost = element is self._root
        if is_outermost:
            width, height = self.size or (None, None)
        elif 0 in (width, height):
            return []
        elif element.tag == "svg":
            x, y = (state.frame.length(state.style.get(n), n) or 0.0 for n in ("x", "y"))
        full_width = width if width is not None and width > 0 else state.frame.width
        full_height = height if height is not None and height > 0 else state.frame.height
        matrix, clips = state.matrix @ translation(x, y), state.clips
        is_cut = state.style.get("overflow", "hidden").lower() not in ("visible", "auto")
        if is_cut and not is_outermost and (element.tag == "symbol" or None not in (width, height)):
            clips = (*clips, rectangle(0.0, 0.0, full_width, full_height, matrix))
        box = values.view_box(element.get("viewBox"))
        frame = Frame(full_width, full_height, state.frame.font_size)
        if box is not None:
            ratio = element.get("preserveAspectRatio")
            matrix = matrix @ values.fit_view_box(box, full_width, full_height, ratio)
            frame = Frame(box[2], box[3], state.frame.font_size)
        inner = replace(state, matrix=matrix, clips=clips, frame=frame, size=(None, None))
        return [part for child in element for part in self._draw(child, inner)]

    # --- shapes ---------------------------------------------------------------------

    def _shape(self, element: Element, state: State) -> list[Group | Ink]:
        subpaths, is_right = shapes.outline(element, state.style, state.frame)
        if state.for_area:
            return [Ink(subpaths, state, *self._paints(state, subpaths))] if subpaths else []
        if not is_right:
            self.left_out["broken"] += 1
        elif not subpaths and "" not in (element.get("d"), element.get("points")):
            self.left_out["sizeless"] += 1
        if not subpaths:
            return []
        ink = Ink(subpaths, state, *self._paints(state, subpaths))
        parts: list[Group | Ink] = []
        if _is_visible(state) and (ink.is_stroked or ink.is_filled):
            parts.append(ink)
        if element.tag in _MARKED and any(n in state.style for n in _MARKERS):
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
            stroke.alpha > 0
            and values.fraction(style.get("stroke-opacity")) != 0
            and (width is None or width > 0),
            fill.alpha > 0 and values.fraction(style.get("fill-opacity")) != 0,
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
                for state in places(marker, name, ink, self._cascade.style(marker, {})):
                    parts = [part for child in marker for part in self._draw(child, state)]
                    found.append(Group("", parts))
            finally:
                self._active.pop()
        return found

    def _leave_out(self, element: Element, state: State) -> None:
        has_text = element.tag != "text" or "".join(element.itertext()).strip()
        if not state.for_area and _is_visible(state) and has_text:
            self.left_out[_NO_SHAPES[element.tag]] += 1


_MARKERS = ("marker-start", "marker-mid", "marker-end")


def _name(element: Element) -> str:
    """Return the id of a group; of a drawing by `plot`, the one that `draw` would give it."""
    number = element.get("data-drawing")
    return f"drawing-{number}" if number else element.get("id", "")


def _is_visible(state: State) -> bool:
    return state.style.get("visibility", "visible").lower() == "visible"


def _fits(element: Element) -> bool:
    """Whether the conditions are met that `<switch>` chooses by; nothing is without them."""
    if element.get("requiredExtensions") is not None:
        return False
    if "feature#Extensibility" in element.get("requiredFeatures", ""):  # foreignObject
        return False
    languages = element.get("systemLanguage")
    return languages is None or any(
        language.strip().lower().split("-")[0] == "en" for language in languages.split(",")
    )


def _page_size(root: Element) -> tuple[float, float] | None:
    """Return width and height of the page in px; None if neither it nor the viewBox says."""
    box = values.view_box(root.get("viewBox"))
    whole = Frame(box[2], box[3]) if box is not None else Frame(0.0, 0.0)
    width, height = (
        length if length is not None and length > 0 else None
        for length in (whole.length(root.get("width"), "x"), whole.length(root.get("height"), "y"))
    )
    if box is None:
        return (width, height) if width is not None and height is not None else None
    if width is None and height is None:
        return box[2], box[3]
    if width is None:
        assert height is not None
        return height * box[2] / box[3], height
    return width, height if height is not None else width * box[3] / box[2]
