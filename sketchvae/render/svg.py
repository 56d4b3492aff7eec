"""Drawings to SVG: one drawing at its true size in millimetres, or many on a contact sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sketchvae.drawing import Drawing, number
from sketchvae.errors import SketchvaeError
from sketchvae.render.path import DECIMALS, StrokePath, curve_path, polyline_path
from sketchvae.render.smil import Animation, animate
from sketchvae.render.timeline import timeline

MARGIN = 0.08  # white around each drawing, as a share of the side of its cell
LINE = 0.012  # width of the line where none is given, as a share of the side of a cell
MIN_WIDTH, MAX_WIDTH = 1.0, 100_000.0  # of a page in mm


@dataclass(frozen=True, slots=True)
class Style:
    """How the ink looks.

    Attributes:
        stroke_width: width of the line in mm; None makes it 1.2 % of the cell, so
            that a contact sheet looks like one large drawing seen from farther away.
        colour: of the line: a name, #rgb, #rrggbb or rgb(r, g, b), as in SVG 1.1, or
            currentColor: the colour of the text around an SVG that stands inline in a page,
            so light ink in a dark one. In a file of its own, in `<img>` and in pixels it is black.
        smooth: draw curves through the points instead of straight lines.
        background: colour of the page. None leaves it transparent; in SVG it draws no rectangle,
            which a plotter would trace.
        palette: colours of the strokes of each drawing, by order, and again from the first
            after the last; None gives all of them `colour`.
    """

    stroke_width: float | None = None
    colour: str = "black"
    smooth: bool = False
    background: str | None = None
    palette: tuple[str, ...] | None = None

    @property
    def inks(self) -> tuple[str, ...]:
        """The colours of the first strokes of a drawing, before they come again."""
        return tuple(c.strip() for c in self.palette or (self.colour,))


DEFAULT_STYLE = Style()


def to_svg(
    drawings: Sequence[Drawing],
    *,
    width_mm: float = 100.0,
    style: Style = DEFAULT_STYLE,
    columns: int | None = None,
    in_place: bool = False,
    animation: Animation | None = None,
) -> str:
    """Write drawings as one SVG 1.1 page; one user unit is one millimetre.

    Each drawing is fitted into a square cell of its own, left to right and then down.
    One drawing is one cell: its page is `width_mm` wide and as high whatever it shows,
    so that two sheep lie on each other, print alike and never surprise a layout. All ink
    is in one Inkscape layer ("1 black": one pen), in which each drawing is a group
    (`drawing-1`, ...) and each stroke a path, in drawing order. A palette changes nothing in
    that: the layer names its colours, and each path has its own (a layer a colour would change
    the drawing order). An empty drawing leaves its cell empty. Equal drawings give equal text.
    An animation adds to the same page how it draws itself.

    Args:
        drawings: at least one.
        width_mm: width of the page; a cell must be left at least 1 mm.
        style: how the ink looks.
        columns: cells in a row; None makes the sheet as square as it can be.
        in_place: whether equal points lie at equal places in all cells, instead of each
            drawing filling its own.
        animation: how the page draws itself; None leaves it finished.

    Raises:
        SketchvaeError: for no drawings, or a size or colour that cannot be drawn; with an
            animation as `timeline`.
    """
    columns, rows, cell, pen = check_page(len(drawings), width_mm, style, columns)
    inks = style.inks
    page, layer = blank_page((width_mm, cell * rows), pen, style, title(drawings))
    lines: list[tuple[Any, StrokePath]] = []
    bounds = common_bounds(drawings) if in_place else None
    for index, drawing in enumerate(drawings):
        group = layer.add(page.g(id=f"drawing-{index + 1}"))
        corner = (index % columns * cell, index // columns * cell)
        for order, outline in enumerate(
            stroke_paths(drawing, corner, cell, pen, style.smooth, bounds)
        ):
            path = group.add(page.path(outline.data))
            if (ink := inks[order % len(inks)]) != inks[0]:
                path["stroke"] = ink
            lines.append((path, outline))
    if animation is not None:
        animate(page, lines, timeline(drawings, animation.pace), animation, pen, inks[0])
    return str(page.tostring())


def blank_page(size: tuple[float, float], pen: float, style: Style, named: str) -> tuple[Any, Any]:
    """Make an svgwrite page of so many mm, and its layer for ink of so many mm."""
    import svgwrite  # here: it brings urllib, http and ssl along

    inks = style.inks
    width, height = (number(side, DECIMALS) for side in size)
    page = svgwrite.Drawing(
        size=(f"{width}mm", f"{height}mm"), viewBox=f"0 0 {width} {height}", debug=False
    )
    if named:
        page.set_desc(title=named)
    if style.background is not None:
        page.add(page.rect((0, 0), (width, height), fill=style.background.strip()))
    layer = page.add(page.g(fill="none", stroke=inks[0], stroke_width=number(pen, DECIMALS)))
    layer["stroke-linecap"] = layer["stroke-linejoin"] = "round"
    page["xmlns:inkscape"] = "http://www.inkscape.org/namespaces/inkscape"
    layer["inkscape:groupmode"] = "layer"
    layer["inkscape:label"] = f"1 {', '.join(dict.fromkeys(inks))}"
    return page, layer


def check_page(
    count: int, width_mm: float, style: Style, columns: int | None = None
) -> tuple[int, int, float, float]:
    """Lay out a page of `count` drawings: columns, rows, side of a cell and width of the line, mm.

    Raises:
        SketchvaeError: for no drawings, or a size or colour that cannot be drawn.
    """
    if not MIN_WIDTH <= width_mm <= MAX_WIDTH:
        raise SketchvaeError(
            f"the page must be from {MIN_WIDTH:g} to {MAX_WIDTH:g} mm wide, got {width_mm:g}; "
            "try 100"
        )
    columns, rows = grid(count, columns)
    cell = _checked_cell(width_mm / columns)
    if style.palette is not None and not style.palette:
        raise SketchvaeError("a palette must have at least one colour, got none; leave it out")
    for ink in style.inks:
        if ink.lower() != "currentcolor":
            _check_colour(ink)
    if style.background is not None:
        _check_colour(style.background)
    return columns, rows, cell, _checked_pen(style, cell)


def grid(count: int, columns: int | None) -> tuple[int, int]:
    """Lay out `count` cells: columns and rows, as near to a square as can be if None.

    Raises:
        SketchvaeError: for no cells, or columns below 1.
    """
    if count < 1:
        raise SketchvaeError("a page needs at least one drawing, got none; choose others")
    if columns is None:
        columns = math.ceil(math.sqrt(count))
    if columns < 1:
        raise SketchvaeError(f"columns must be 1 or more, got {columns}; leave it out for a square")
    return columns, math.ceil(count / columns)


Bounds = tuple[float, float, float, float]  # left, top, right, bottom


def common_bounds(drawings: Sequence[Drawing]) -> Bounds | None:
    """Return the bounds of all drawings together; None if all are empty."""
    corners = [drawing.bounds for drawing in drawings if drawing.strokes]
    if not corners:
        return None
    left, top, right, bottom = zip(*corners, strict=True)
    return min(left), min(top), max(right), max(bottom)


def fit_to_cell(drawing: Drawing, cell: float, pen: float, bounds: Bounds | None = None) -> Drawing:
    """Centre the drawing, or the bounds, in a square from (0, 0) to (cell, cell), with a margin."""
    return drawing.fit(cell, cell, _margin(cell, pen), bounds)


def _margin(cell: float, pen: float) -> float:
    return max(MARGIN * cell, pen / 2)  # at least the half of the line that lies outside


def stroke_paths(
    drawing: Drawing,
    corner: tuple[float, float],
    cell: float,
    pen: float,
    smooth: bool,
    bounds: Bounds | None = None,
) -> list[StrokePath]:
    """Place the drawing in the cell with this upper left corner, stroke by stroke."""
    strokes = fit_to_cell(drawing, cell, pen, bounds).moved(*corner).strokes
    if not smooth:
        return [polyline_path(stroke) for stroke in strokes]
    inset = (_margin(cell, pen) + pen / 2) / 2  # half of the white margin is for bulging curves
    low = np.array(corner) + inset
    return [curve_path(stroke, low, low + cell - 2 * inset) for stroke in strokes]


def title(drawings: Sequence[Drawing]) -> str:
    """Name what the page shows, each word once, without what XML cannot hold."""
    words = dict.fromkeys(drawing.word for drawing in drawings if drawing.word)
    return "".join(c for c in ", ".join(words) if c.isprintable())


# --- what a person may have mistyped ------------------------------------------------


def _checked_cell(cell: float) -> float:
    if cell < 1:
        raise SketchvaeError(
            f"each drawing needs a cell of at least 1 mm, got {cell:.3g} mm; "
            "choose a wider page, fewer columns or fewer drawings"
        )
    return float(cell)


def _checked_pen(style: Style, cell: float) -> float:
    pen = LINE * cell if style.stroke_width is None else float(style.stroke_width)
    if not 0.001 <= pen <= cell / 2:
        raise SketchvaeError(
            f"the line must be from 0.001 mm to half of a cell, {cell / 2:g} mm, wide, "
            f"got {pen:g}; choose another width, a wider page or fewer columns"
        )
    return pen


def _check_colour(colour: str) -> None:
    """Refuse a colour that SVG 1.1 does not know: viewers would silently draw nothing."""
    from svgwrite.data.typechecker import Full11TypeChecker

    if not Full11TypeChecker().is_color(colour.lower()):
        raise SketchvaeError(
            f"a colour must be a name or #rrggbb, got {colour!r:.60}; try 'black' or '#224488'"
        )
