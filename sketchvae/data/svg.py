"""Read drawings from SVG pages.

svgelements (https://pypi.org/project/svgelements/) reads the shapes, transforms and units of
SVG 1.1; this module turns their curves into lines. A file that could exhaust memory or time is
refused before svgelements reads it: one with entities, with too many elements, or with elements
nested or used too often.
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
from sketchvae.errors import FileFormatError, SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.svg_page import MM_PER_PX

MAX_BYTES = 32 * 2**20  # size of a file
MAX_ELEMENTS = 100_000  # elements and curves of a page, each counted as often as it is used
MAX_DEPTH = 100  # nesting of elements
TOLERANCE = 0.001  # distance of a curve from its lines, in longest sides of the drawing

_DECIMALS = 3  # decimals in mm; svgelements rounds the inch to one part in two million
_OURS = re.compile(r"drawing-([1-9]\d*)")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_NO_INK = {  # elements that draw nothing in their own position
    "clipPath", "mask", "marker", "pattern", "metadata", "script", "text", "image",
    "foreignObject", "linearGradient", "radialGradient", "filter", "animate", "set",
    "animateMotion", "animateTransform",
}  # fmt: skip
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href")


def read(path: Path, *, split_groups: bool = False) -> Iterator[Drawing]:
    """Read the drawings of a page, in millimetres from its upper left corner.

    A page by sketchvae has a group for each drawing (`drawing-1`, ...). Any other page is one
    drawing. Its strokes are the subpaths of all paths, lines, polylines, polygons, rectangles,
    circles and ellipses, transformed, in the order of the document. The outline of a filled shape
    is a stroke; text, images and hidden elements are left out. Curves become lines that lie within
    TOLERANCE of them.

    Args:
        path: the file.
        split_groups: in a page by another program, whether each outermost group or shape is a
            drawing. A group around all others (a layer) is split too.

    Raises:
        FileFormatError: if the file is not SVG, defines entities, is too large, or has no stroke.
        SketchvaeError: if the file cannot be read.
    """
    root = _root(path)
    title = (root.findtext("{*}title") or "").strip()
    groups = _shape_groups(root, path, split_groups)
    word = title if _OURS.fullmatch(groups[0][0]) and "," not in title else ""
    drawings = [Drawing(_strokes(shapes, path), word) for _, shapes in groups]
    if not any(drawing.strokes for drawing in drawings):
        raise FileFormatError(
            f"{path}: must have a path or another shape, got none; turn text and images into "
            "paths in an SVG editor"
        )
    yield from drawings


# --- the XML ------------------------------------------------------------------------


def _root(path: Path) -> ElementTree.Element:
    """Check and parse the file; return its tree without the elements that draw nothing."""
    root = _parse_xml(_read_bytes(path), path)
    if _name(root) != "svg":
        raise FileFormatError(
            f"{path}: must be SVG, with the element svg outermost, got {_name(root)[:60]!r}"
        )
    by_id = {name: element for element in root.iter() if (name := element.get("id"))}
    if _Weight(by_id, path).of(root) > MAX_ELEMENTS:
        _refuse_size(path)
    _remove_no_ink(root)
    return root


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if size > MAX_BYTES:
        raise FileFormatError(f"{path}: must have at most {MAX_BYTES} bytes, got {size}; split it")
    return content


def _parse_xml(content: bytes, path: Path) -> ElementTree.Element:
    try:
        _check_xml(content, path)
        return ElementTree.fromstring(content)  # noqa: S314 (checked before)
    except SketchvaeError:
        raise
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError) as error:
        raise FileFormatError(
            f"{path}: must be SVG, which is XML ({error}); export it again"
        ) from error


def _remove_no_ink(root: ElementTree.Element) -> None:
    """Remove the elements that draw nothing, and put symbols into <defs>."""
    for parent in list(root.iter()):
        for index, child in reversed(list(enumerate(parent))):
            if _name(child) in _NO_INK:
                parent.remove(child)
            elif _name(child) == "symbol":  # is drawn only by <use>, as the content of <defs>
                parent[index] = ElementTree.Element(child.tag.replace("symbol", "defs"))
                parent[index].append(child)


def _check_xml(content: bytes, path: Path) -> None:
    """Refuse entities, which expand to gigabytes, and elements too many or too deep."""
    depth = elements = 0

    def declared(*_: object) -> None:
        raise FileFormatError(f"{path}: must define no entities, got some; save it as plain SVG")

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
    raise FileFormatError(
        f"{path}: must have at most {MAX_ELEMENTS} elements and curves, {MAX_DEPTH} elements in "
        "each other, got more; simplify it or split it"
    )


class _Weight:
    """Number of elements and curves in an element, with those that `<use href="#a">` repeats.

    Args:
        by_id: elements of the page by their id.
        path: the file, for error messages.
    """

    def __init__(self, by_id: dict[str, ElementTree.Element], path: Path) -> None:
        self.by_id, self.path = by_id, path
        self.known: dict[ElementTree.Element, int | None] = {}  # None while it is being counted

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
            own = 1 + len(numbers) // 6  # a cubic curve has six numbers
            self.known[element] = own + sum(self.of(part, depth + 1) for part in parts)
        weight = self.known[element]
        if weight is None:
            raise FileFormatError(f"{self.path}: must not use an element within itself; correct it")
        return weight


def _name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace; empty for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


# --- the shapes ---------------------------------------------------------------------


def _shape_groups(
    root: ElementTree.Element, path: Path, split_groups: bool
) -> list[tuple[str, list[Any]]]:
    """Parse the page with svgelements; return the id and the shapes of each drawing's group."""
    import svgelements  # here, because its import takes as long as drawing a sheep

    try:
        page = svgelements.SVG.parse(io.BytesIO(ElementTree.tostring(root)), ppi=96)
    except Exception as error:  # svgelements raises any kind for a malformed number
        raise FileFormatError(
            f"{path}: must be SVG 1.1, cannot be understood ({_brief(error)}); export it again"
        ) from error
    if not isinstance(page, svgelements.SVG):
        raise FileFormatError(f"{path}: must be SVG 1.1, got another namespace; export it again")
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
    """Return the groups and shapes of the page, inside of groups that hold all others."""
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
    """Return the strokes of shapes in mm; one of length 0 is a single point."""
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
        raise FileFormatError(
            f"{path}: must hold finite shapes ({_brief(error)}); export it again"
        ) from error
    strokes = [(line * MM_PER_PX).round(_DECIMALS) for line in lines if len(line) > 1]
    if any(not (np.abs(s) <= COORDINATE_LIMIT).all() for s in strokes):
        raise FileFormatError(
            f"{path}: must lie within {COORDINATE_LIMIT:.0f} mm of the corner; scale it"
        )
    return [s[:1] if (s == s[0]).all() else s for s in strokes]


class _Budget:
    """Number of points that a drawing may still get."""

    def __init__(self, path: Path) -> None:
        self.path, self.left = path, MAX_POINTS

    def take(self, points: float) -> int:
        self.left -= max(math.ceil(points), 1) if points < MAX_POINTS else MAX_POINTS + 1
        if self.left < 0:
            raise FileFormatError(
                f"{self.path}: must have at most {MAX_POINTS} points, got more; simplify it"
            )
        return max(math.ceil(points), 1)


def _flat(subpath: Any, tolerance: float, budget: _Budget) -> Floats:  # noqa: ANN401
    """Return a subpath as points, (n, 2); a mere move of the pen gives one point."""
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
    """Return the number of chords that stay within the tolerance of a segment, not rounded.

    A Bezier curve of degree d needs sqrt(d (d - 1) / 8 * |second differences| / tolerance) chords
    (Wang's bound); a chord of an arc of radius r spans the angle 2 acos(1 - tolerance / r).
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
