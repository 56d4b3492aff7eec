"""SVG pages to drawings: our own one by one, any other as one drawing.

svgelements (https://pypi.org/project/svgelements/) reads the shapes, transforms and units of
SVG 1.1; curves become lines here. Before it sees a file, what could blow up has been refused:
entities, and elements nested or used without end.
"""

import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from sketchvae.data.ndjson import MAX_POINTS
from sketchvae.drawing import COORDINATE_LIMIT, Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats

MAX_BYTES = 32 * 2**20  # of a file
MAX_ELEMENTS = 100_000  # and curves of a page, counted as often as they are used
MAX_DEPTH = 100  # of elements in elements
TOLERANCE = 0.001  # longest sides of a drawing: its curves and lines lie this near each other

_MM = 25.4 / 96  # of a CSS pixel, the unit in which svgelements hands out
_DECIMALS = 3  # of a millimetre: svgelements knows an inch to one part in two million
_OURS = re.compile(r"drawing-([1-9]\d*)")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_NO_INK = {  # elements that draw nothing where they stand
    "clipPath", "mask", "marker", "pattern", "metadata", "script", "text", "image",
    "foreignObject", "linearGradient", "radialGradient", "filter", "animate", "set",
    "animateMotion", "animateTransform",
}  # fmt: skip
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href")


def read(path: Path, *, split_groups: bool = False) -> Iterator[Drawing]:
    """Read the drawings of a page, in millimetres from its upper left corner.

    A page that we wrote has a group for each drawing (`drawing-1`, ...) and gives them in
    order. Any other page is one drawing: all its paths, lines, polylines, polygons,
    rectangles, circles and ellipses, where their transforms put them, a stroke a subpath, in
    document order. Outlines of filled shapes are strokes too; text, images and what is
    hidden are not. Curves become lines within TOLERANCE of them.

    Args:
        path: the file.
        split_groups: whether each outermost group or shape of a page that is not ours is a
            drawing; a group that holds all others (a layer) does not count.

    Raises:
        SketchvaeError: if the file is no SVG, defines entities, is too large, or has no ink.
    """
    root = _root(path)
    title = (root.findtext("{*}title") or "").strip()
    groups = _parsed(root, path, split_groups)
    word = title if _OURS.fullmatch(groups[0][0]) and "," not in title else ""
    drawings = [Drawing(_strokes(shapes, path), word) for _, shapes in groups]
    if not any(drawing.strokes for drawing in drawings):
        raise SketchvaeError(
            f"{path}: must have a path or another shape, got none; turn text and images into "
            "paths in an SVG editor"
        )
    yield from drawings


# --- the XML ------------------------------------------------------------------------


def _root(path: Path) -> ElementTree.Element:
    """Parse the file, after a look for what is dangerous, and drop what draws nothing."""
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if size > MAX_BYTES:
        raise SketchvaeError(f"{path}: must have at most {MAX_BYTES} bytes, got {size}; split it")
    try:
        _look_over(content, path)
        root = ElementTree.fromstring(content)  # noqa: S314 (looked over)
    except SketchvaeError:
        raise
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError) as error:
        raise SketchvaeError(
            f"{path}: must be SVG, which is XML ({error}); export it again"
        ) from error
    if _name(root) != "svg":
        raise SketchvaeError(
            f"{path}: must be SVG, with the element svg outermost, got {_name(root)[:60]!r}"
        )
    by_id = {name: element for element in root.iter() if (name := element.get("id"))}
    if _Weight(by_id, path).of(root) > MAX_ELEMENTS:
        _refuse_size(path)
    for parent in list(root.iter()):
        for place, child in reversed(list(enumerate(parent))):
            if _name(child) in _NO_INK:
                parent.remove(child)
            elif _name(child) == "symbol":  # drawn where it is used, not where it stands
                parent[place] = ElementTree.Element(child.tag.replace("symbol", "defs"))
                parent[place].append(child)
    return root


def _look_over(content: bytes, path: Path) -> None:
    """Refuse entities (a few lines of them can stand for gigabytes), too many and too deep."""
    depth = elements = 0

    def declared(*_: object) -> None:
        raise SketchvaeError(f"{path}: must define no entities, got some; save it as plain SVG")

    def begins(*_: object) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            _refuse_size(path)

    def ends(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.Parse(content, True)


def _refuse_size(path: Path) -> None:
    raise SketchvaeError(
        f"{path}: must have at most {MAX_ELEMENTS} elements and curves, {MAX_DEPTH} elements in "
        "each other, got more; simplify it or split it"
    )


class _Weight:
    """Counts elements and curves, those that are used (`<use href="#a">`) as often as they are."""

    def __init__(self, by_id: dict[str, ElementTree.Element], path: Path) -> None:
        self.by_id, self.path = by_id, path
        self.known: dict[ElementTree.Element, int | None] = {}  # None: being counted

    def of(self, element: ElementTree.Element, depth: int = 0) -> int:
        if depth > 2 * MAX_DEPTH:
            _refuse_size(self.path)
        if element not in self.known:
            self.known[element] = None
            numbers = _NUMBER.findall(element.get("d", "") + element.get("points", ""))
            parts = list(element)
            if _name(element) == "use":
                href = next((element.get(h, "") for h in _HREFS if element.get(h)), "")
                parts += [self.by_id[href[1:]]] if href[1:] in self.by_id else []
            own = 1 + len(numbers) // 6  # the numbers of a cubic curve
            self.known[element] = own + sum(self.of(part, depth + 1) for part in parts)
        weight = self.known[element]
        if weight is None:
            raise SketchvaeError(f"{self.path}: must not use an element within itself; correct it")
        return weight


def _name(element: ElementTree.Element) -> str:
    """Name an element without its namespace; a comment has no name."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


# --- the shapes ---------------------------------------------------------------------


def _parsed(
    root: ElementTree.Element, path: Path, split_groups: bool
) -> list[tuple[str, list[Any]]]:
    """Let svgelements read the page: shapes by drawing, with the id of its group."""
    import svgelements  # here: it takes as long to import as a sheep to draw

    try:
        page = svgelements.SVG.parse(io.BytesIO(ElementTree.tostring(root)), ppi=96)
    except Exception as error:  # it raises whatever comes along where a number is none
        raise SketchvaeError(
            f"{path}: must be SVG 1.1, cannot be understood ({_brief(error)}); export it again"
        ) from error
    if not isinstance(page, svgelements.SVG):
        raise SketchvaeError(f"{path}: must be SVG 1.1, got another namespace; export it again")
    groups = [
        e
        for e in page.select()
        if isinstance(e, svgelements.Group) and _OURS.fullmatch(str(e.id or ""))
    ]
    wanted = [f"drawing-{i + 1}" for i in range(len(groups))]
    if not groups or [g.id for g in groups] != wanted:
        parts = [_shapes(part) for part in _outermost(page)] if split_groups else [_shapes(page)]
        return [("", shapes) for shapes in parts if shapes] or [("", [])]
    return [(g.id, _shapes(g)) for g in groups]


def _outermost(page: Any) -> list[list[Any]]:  # noqa: ANN401
    """Return the groups and shapes within the last group that is alone on its level."""
    import svgelements

    def is_group(element: Any) -> bool:  # noqa: ANN401
        return isinstance(element, svgelements.Group | svgelements.Use)

    while len(page) == 1 and is_group(page[0]):
        page = page[0]
    return [element if is_group(element) else [element] for element in page]


def _shapes(group: Any) -> list[Any]:  # noqa: ANN401
    import svgelements

    elements = group.select() if isinstance(group, svgelements.Group | svgelements.Use) else group
    return [e for e in elements if isinstance(e, svgelements.Shape) and _is_seen(e)]


def _is_seen(shape: Any) -> bool:  # noqa: ANN401
    hidden = shape.values.get("visibility") in ("hidden", "collapse")
    return not hidden and not (_is_none(shape.fill) and _is_none(shape.stroke))


def _is_none(paint: Any) -> bool:  # noqa: ANN401
    return paint is None or paint.value is None


def _strokes(shapes: list[Any], path: Path) -> list[Floats]:
    """Turn shapes into strokes in mm."""
    import svgelements

    try:
        paths = [abs(svgelements.Path(shape)) for shape in shapes]
        boxes = np.array([b for b in (p.bbox() for p in paths) if b is not None]).reshape(-1, 4)
        if not np.isfinite(boxes).all():
            raise ValueError("a coordinate is not finite")
        side = max(np.ptp(boxes[:, ::2]), np.ptp(boxes[:, 1::2]), 1e-9) if len(boxes) else 1.0
        budget = _Budget(path)
        lines = [_flat(sub, TOLERANCE * side, budget) for p in paths for sub in p.as_subpaths()]
    except SketchvaeError:
        raise
    except (ValueError, ArithmeticError, TypeError, AttributeError, IndexError) as error:
        raise SketchvaeError(
            f"{path}: must hold finite shapes ({_brief(error)}); export it again"
        ) from error
    strokes = [(line * _MM).round(_DECIMALS) for line in lines if len(line) > 1]
    if any(not (np.abs(s) <= COORDINATE_LIMIT).all() for s in strokes):
        raise SketchvaeError(
            f"{path}: must lie within {COORDINATE_LIMIT:.0f} mm of the corner; scale it"
        )
    return [s[:1] if (s == s[0]).all() else s for s in strokes]


class _Budget:
    """The points that a drawing may still take."""

    def __init__(self, path: Path) -> None:
        self.path, self.left = path, MAX_POINTS

    def take(self, points: float) -> int:
        self.left -= max(math.ceil(points), 1) if points < MAX_POINTS else MAX_POINTS + 1
        if self.left < 0:
            raise SketchvaeError(
                f"{self.path}: must have at most {MAX_POINTS} points, got more; simplify it"
            )
        return max(math.ceil(points), 1)


def _flat(subpath: Any, tolerance: float, budget: _Budget) -> Floats:  # noqa: ANN401
    """Turn a subpath into points, (n, 2); a place the pen only moves to gives one."""
    points: list[Floats] = []
    for segment in subpath:
        if segment.start is None or type(segment).__name__ == "Move":
            points = [_row(segment.end)]
            continue
        count = budget.take(_chords(segment, tolerance))
        along = [segment.point(i / count) for i in range(1, count)]
        points += [_row(p) for p in along] + [_row(segment.end)]
    return np.array(points).reshape(-1, 2)


def _chords(segment: Any, tolerance: float) -> float:  # noqa: ANN401
    """Say how many chords of a segment stay within the tolerance of it.

    A Bezier of degree d needs sqrt(d (d - 1) / 8 * |second differences| / tolerance) of them
    (Wang's bound); an arc of radius r has chords of the angle 2 acos(1 - tolerance / r).
    """
    kind = type(segment).__name__
    if kind in ("CubicBezier", "QuadraticBezier"):
        controls = np.array([_row(p) for p in segment])
        bends = np.diff(controls, n=2, axis=0)
        degree = len(controls) - 1
        bend = float(np.hypot(bends[:, 0], bends[:, 1]).max())
        return math.sqrt(degree * (degree - 1) / 8 * bend / tolerance)
    if kind == "Arc":
        radius = max(float(segment.rx), float(segment.ry))
        angle = 2 * math.acos(max(1 - tolerance / radius, 0.0)) if radius > 0 else math.tau
        return abs(float(segment.sweep)) / max(angle, 1e-9)
    return 1.0


def _row(point: Any) -> Floats:  # noqa: ANN401
    return np.array([point.x, point.y], dtype=np.float64)


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 80 else f"{text[:77]}..."
