"""Drawings from SVG pages: which shapes are a drawing, and their strokes in millimetres."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from sketchvae.data.svg import document
from sketchvae.data.svg.areas import Area, TooMuchWork, Work, cut
from sketchvae.data.svg.clips import rectangle
from sketchvae.data.svg.dashes import DOT_CAPS, dashed
from sketchvae.data.svg.tree import Box, Group, Ink, box_of
from sketchvae.data.svg.walk import Walk
from sketchvae.drawing import COORDINATE_LIMIT, Drawing
from sketchvae.errors import FileFormatError, LeftOutWarning
from sketchvae.polyline import Floats
from sketchvae.svg_page import MM_PER_PX, NUMBERS

MAX_POINTS = 1_000_000  # of all drawings of a page
TOLERANCE = 0.001  # distance of a curve from its lines, in longest sides of the drawing

_DECIMALS = 3  # decimals in mm
_OURS = re.compile(r"drawing-([1-9]\d*)")
_MAX_WORK = 300_000_000  # pairs of a point and an edge of an area, in all: about 10 s
_BACKGROUND = 0.005  # of a page: how far the sides of a background may be from its own
_MARGIN = 0.001  # px around a page that belong to it


def read(path: Path, *, split_groups: bool = False) -> Iterator[Drawing]:
    """Read the drawings of a page, in millimetres from its upper left corner.

    A page by sketchvae has a group for each drawing (`drawing-1`, ...), or for the part of it that
    a pen draws. Any other page is one drawing. Its strokes are what a viewer shows of the subpaths
    of all shapes, in the order of the document: transformed, dashed, cut by clip paths, masks,
    viewports and the page. The outline of a filled shape without a stroke is a stroke. Curves
    become lines that lie within TOLERANCE of them. What is left out is said in one LeftOutWarning:
    text, images, a background (a filled rectangle as large as the page), shapes that cannot be
    understood.

    Args:
        path: the file; it may be packed by gzip (SVGZ).
        split_groups: in a page by another program, whether each outermost group or shape is a
            drawing. A group around all others (a layer) is split too.

    Raises:
        FileFormatError: if the file is not SVG, is too large, or has no stroke.
        SketchvaeError: if the file cannot be read.
    """
    with np.errstate(all="ignore"):  # what is not finite is left out
        drawings, notes = _drawings(path, split_groups)
    if not any(drawing.strokes for drawing in drawings):
        _refuse_empty(path, notes)
    if text := _described(notes):
        warnings.warn(f"{path}: {text}", LeftOutWarning, stacklevel=2)
    yield from drawings


def _drawings(path: Path, split_groups: bool) -> tuple[list[Drawing], Counter[str]]:
    """Return the drawings of a page, and the numbers of what is left out."""
    root = document.parse(path)
    walk = Walk(root, path)
    try:
        page = walk.page()
    except RecursionError:  # clip paths of clip paths of ...
        document.refuse_size(path)
    notes = walk.left_out
    title = (root.findtext("title") or "").strip()
    groups, is_ours = _groups(page, split_groups, walk.canvas, notes)
    word = title if is_ours and "," not in title else ""
    inker = _Inker(path, walk.size, notes)
    drawings = [Drawing(inker.strokes(list(group.inks())), word) for group in groups]
    return [d for d in drawings if is_ours or d.strokes], notes


def _groups(
    page: Group, split_groups: bool, canvas: Box | None, notes: Counter[str]
) -> tuple[list[Group], bool]:
    """Return the groups that are drawings, and whether they are those of a page by sketchvae."""
    ours: dict[int, list[Group | Ink]] = {}
    for group in page.groups():
        if match := _OURS.fullmatch(group.name):
            ours.setdefault(int(match[1]), []).append(group)
    if ours and max(ours) == len(ours):
        drawings = [Group(f"drawing-{number}", parts) for number, parts in sorted(ours.items())]
        known = [*drawings, *(group for group in page.groups() if group.name == NUMBERS)]
        inside = {ink for group in known for ink in group.inks()}
        outside = [i for i in page.inks() if i not in inside and not _is_background(i, canvas)]
        notes["outside"] += len(outside)
        return drawings, True
    page = _without_backgrounds(page, canvas, notes)
    if not split_groups:
        return [page], False
    while len(page.parts) == 1 and isinstance(page.parts[0], Group):
        page = page.parts[0]
    return [p if isinstance(p, Group) else Group("", [p]) for p in page.parts], False


def _without_backgrounds(group: Group, canvas: Box | None, notes: Counter[str]) -> Group:
    """Return a group without backgrounds and without empty groups."""
    parts: list[Group | Ink] = []
    for part in group.parts:
        if isinstance(part, Group):
            inner = _without_backgrounds(part, canvas, notes)
            parts += [inner] if inner.parts else []
        elif _is_background(part, canvas):
            notes["background"] += 1
        else:
            parts.append(part)
    return Group(group.name, parts)


def _is_background(ink: Ink, canvas: Box | None) -> bool:
    """Whether a shape is a filled rectangle without a stroke that covers the page."""
    if canvas is None or ink.is_stroked or len(ink.subpaths) != 1:
        return False
    subpath = ink.subpaths[0].transformed(ink.state.matrix)
    points = subpath.points
    if subpath.curves is not None or not 4 <= len(points) <= 5 or not np.isfinite(points).all():
        return False
    low, high = points.min(axis=0), points.max(axis=0)
    near, far = np.array(canvas[:2]), np.array(canvas[2:])
    slack = _BACKGROUND * (far - near)
    is_upright = bool((np.isclose(points, low) | np.isclose(points, high)).all())
    return is_upright and bool((low <= near + slack).all() and (high >= far - slack).all())


class _Inker:
    """Turns shapes into strokes in mm, with a bound on points and on work.

    Args:
        path: the file, for error messages.
        size: width and height of the page in px, which cuts the strokes; None to cut nothing.
        notes: counts what is left out.
    """

    def __init__(self, path: Path, size: tuple[float, float] | None, notes: Counter[str]) -> None:
        self._path, self._notes, self._size = path, notes, size
        self._points = MAX_POINTS
        self._work = Work(_MAX_WORK)
        self._page: Area | None = None
        if size is not None:
            width, height = (side + 2 * _MARGIN for side in size)
            self._page = rectangle(-_MARGIN, -_MARGIN, width, height, np.eye(3))

    def strokes(self, inks: Sequence[Ink]) -> list[Floats]:
        """Return the strokes of a drawing; one of length 0 is a single point."""
        box = box_of(inks)
        if box is None:
            return []
        sides = [box[2] - box[0], box[3] - box[1]]
        if self._size is not None:  # what is far outside must not make the curves coarse
            sides = [min(side, page) for side, page in zip(sides, self._size, strict=True)]
        tolerance = TOLERANCE * max(*sides, 1e-9)
        lines = [line for ink in inks for line in self._lines(ink, tolerance)]
        rounded = [(line * MM_PER_PX).round(_DECIMALS) for line in lines]
        return [s[:1] if (s == s[0]).all() else s for s in rounded]

    def _lines(self, ink: Ink, tolerance: float) -> list[Floats]:
        """Return the polylines of a shape in px of the page."""
        found = []
        for subpath in ink.subpaths:
            moved = subpath.transformed(ink.state.matrix)
            if not (np.abs(moved.points) * MM_PER_PX <= COORDINATE_LIMIT).all():
                self._notes["far"] += 1
                continue
            self._take(moved.n_chords(tolerance))
            line = moved.flat(tolerance)
            is_dot = bool((line == line[0]).all())
            if is_dot and ink.is_stroked and ink.state.style.get("stroke-linecap") not in DOT_CAPS:
                continue
            lines = [line[:1]] if is_dot else dashed(line, ink) if ink.is_stroked else [line]
            self._notes["gap"] += not lines
            found += [part for dash in lines for part in self._cut(dash, ink)]
        self._notes["outline"] += bool(found) and not ink.is_stroked
        return found

    def _cut(self, line: Floats, ink: Ink) -> list[Floats]:
        """Return what clip paths, masks, viewports and the page leave of a polyline."""
        parts = [line]
        for area in ink.state.clips:
            parts = [p for part in parts for p in self._cut_by(part, area)]
        if self._page is None or self._is_on_page(line):
            return parts
        kept = [p for part in parts for p in self._cut_by(part, self._page)]
        if [id(part) for part in kept] != [id(part) for part in parts]:
            self._notes["beyond"] += 1
        return kept

    def _is_on_page(self, line: Floats) -> bool:
        return self._size is not None and bool(((line >= 0) & (line <= self._size)).all())

    def _cut_by(self, line: Floats, area: Area) -> list[Floats]:
        try:
            parts = cut(line, area, self._work)
        except TooMuchWork:
            self._notes["intricate"] += 1
            return [line]
        self._take(sum(map(len, parts)) - len(line))
        return parts

    def _take(self, points: float) -> None:
        self._points -= points  # type: ignore[assignment]
        if not self._points >= 0:
            raise FileFormatError(
                f"{self._path}: must have at most {MAX_POINTS} points, got more; simplify it"
            )


# --- what is said -------------------------------------------------------------------

_LEFT_OUT = {  # reason: one, several
    "text": ("text", "texts"),
    "image": ("image", "images"),
    "foreign object": ("foreign object", "foreign objects"),
    "background": ("background", "backgrounds"),
    "sizeless": ("shape without a size or a path", "shapes without a size or a path"),
    "use": ("use of what the page has not", "uses of what the page has not"),
    "gap": ("stroke in a gap of its dashes", "strokes in a gap of their dashes"),
    "far": ("shape too far away", "shapes too far away"),
    "outside": ("shape outside of the drawings", "shapes outside of the drawings"),
}
_DRAWN = {
    "broken": ("shape with an error is drawn up to it", "shapes with an error are drawn up to it"),
    "outline": (
        "filled shape without a stroke is drawn as its outline",
        "filled shapes without a stroke are drawn as their outlines",
    ),
    "beyond": ("stroke is cut off by the page", "strokes are cut off by the page"),
    "uncut": ("clip path or mask does not cut", "clip paths or masks do not cut"),
    "intricate": (
        "cut is left out, by a clip path or a mask that is too intricate",
        "cuts are left out, by clip paths or masks that are too intricate",
    ),
    "filter": ("filter has no effect", "filters have no effect"),
}


def _described(notes: Counter[str]) -> str:
    """Describe what is not drawn as a viewer shows it, in one line; empty if all is."""
    left_out = [f"{notes[n]} {forms[notes[n] > 1]}" for n, forms in _LEFT_OUT.items() if notes[n]]
    drawn = [f"{notes[n]} {forms[notes[n] > 1]}" for n, forms in _DRAWN.items() if notes[n]]
    return "; ".join([*([f"left out {', '.join(left_out)}"] if left_out else []), *drawn])


def _refuse_empty(path: Path, notes: Counter[str]) -> NoReturn:
    text = _described(notes)
    has_other = any(notes[name] for name in ("text", "image", "foreign object"))
    advice = "draw a line that is seen on its page"
    if has_other:
        advice = "turn text and images into paths in an SVG editor"
    raise FileFormatError(
        f"{path}: must have a path or another shape, got none{f' ({text})' if text else ''}; "
        f"{advice}"
    )
