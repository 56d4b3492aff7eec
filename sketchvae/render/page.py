"""Layout of a page of drawings: cells in a grid, a line width and colours, checked once.

A writer takes the specification of its page and the drawings. A specification is built before
anything is drawn, so that what cannot be written is refused early.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from sketchvae.curve import BULGE
from sketchvae.drawing import Drawing
from sketchvae.errors import RangeError, SketchvaeError, check_range
from sketchvae.polyline import Floats
from sketchvae.render.digits import number_strokes
from sketchvae.render.path import StrokePath, smooth_paths, straight_paths
from sketchvae.svg_page import check_colour

MARGIN = 0.08  # white border of a cell, as a fraction of its side
LINE = 0.012  # default line width, as a fraction of the side of a cell
NUMBER_HEIGHT, NUMBER_LINE, NUMBER_INSET = 0.07, 0.007, 0.015  # of a number, in sides of its cell
CURRENT_COLOUR = "currentColor"  # in SVG the colour of the text around it
MIN_WIDTH, MAX_WIDTH = 1.0, 100_000.0  # mm, of a page
MIN_CELL = 1.0  # mm
MIN_LINE = 0.001  # mm
MIN_CELL_PIXELS = 16
MAX_PIXELS = 100_000_000  # of a picture

Bounds = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Style:
    """Look of the ink and the paper. Colours are those of SVG 1.1: "navy", "#224488".

    Attributes:
        stroke_width: line width in mm; None for 1.2 % of the cell, so that a page of many drawings
            looks like one large drawing seen from farther away.
        colour: of all lines. "currentColor" is that of the text around an SVG inside an HTML
            page, so light ink on a dark page; elsewhere it is black.
        smooth: draw smooth curves through the points, with corners where the stroke has them;
            else straight lines.
        background: colour of the paper; None leaves it transparent. In SVG it is a rectangle,
            which a plotter would trace.
        palette: colours of the strokes of each drawing, in order, repeated after the last; None
            gives all strokes `colour`.
    """

    stroke_width: float | None = None
    colour: str = "black"
    smooth: bool = True
    background: str | None = None
    palette: tuple[str, ...] | None = None

    @property
    def inks(self) -> tuple[str, ...]:
        """Colours of the strokes of a drawing, repeated after the last; one without a palette."""
        return tuple(colour.strip() for colour in self.palette or (self.colour,))

    def check_colours(self) -> None:
        """Refuse an empty palette and colours that SVG 1.1 does not know.

        Raises:
            SketchvaeError: for the first of them.
        """
        if self.palette is not None and not self.palette:
            raise SketchvaeError("a palette must have at least one colour, got none; leave it out")
        paper = () if self.background is None else (self.background,)
        inks = (ink for ink in self.inks if ink.lower() != CURRENT_COLOUR.lower())
        for colour in (*inks, *paper):
            check_colour(colour)


DEFAULT_STYLE = Style()


@dataclass(frozen=True)
class PageSpec:
    """Specification of a page: drawings in square cells, left to right and then down.

    Attributes:
        count: number of drawings, 1 or more.
        width_mm: width of the page, 1 to 100,000 mm; a cell is at least 1 mm wide.
        columns: cells in a row; None makes the page as square as possible.
        style: look of the ink and the paper.
        in_place: whether equal coordinates lie at equal places of all cells; else each drawing
            fills its own cell.
        numbers: a number for each drawing, which stands in the corner of its cell; empty for none.
        record: text that SVG and PNG files carry unseen, see `render.record`; empty for none.

    Raises:
        SketchvaeError: for no drawings, or a size, line width or colour that cannot be drawn.
    """

    count: int
    width_mm: float = 100.0
    columns: int | None = None
    style: Style = DEFAULT_STYLE
    in_place: bool = False
    numbers: tuple[float, ...] = ()
    record: str = ""

    def __post_init__(self) -> None:
        check_range(
            "the page", self.width_mm, MIN_WIDTH, MAX_WIDTH, unit="mm wide", advice="try 100"
        )
        if self.cell < MIN_CELL:
            raise RangeError(
                f"each drawing needs a cell of at least {MIN_CELL:g} mm, got {self.cell:.3g} mm; "
                "choose a wider page or fewer drawings"
            )
        self.style.check_colours()
        if self.numbers and len(self.numbers) != self.count:
            raise SketchvaeError(
                f"a page must have a number for each of its {self.count} drawings, got "
                f"{len(self.numbers)}; leave the numbers out for none"
            )
        if not MIN_LINE <= self.pen <= self.cell / 2:
            raise RangeError(
                f"the line must be from {MIN_LINE:g} mm to half of a cell, {self.cell / 2:g} mm, "
                f"wide, got {self.pen:g}; choose another width or a wider page"
            )

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows."""
        return grid(self.count, self.columns)

    @property
    def cell(self) -> float:
        """Side of a cell in mm."""
        return float(self.width_mm / self.grid[0])

    @property
    def height_mm(self) -> float:
        """Height of the page in mm."""
        return self.cell * self.grid[1]

    @property
    def pen(self) -> float:
        """Line width in mm."""
        width = self.style.stroke_width
        return LINE * self.cell if width is None else float(width)

    @property
    def number_pen(self) -> float:
        """Line width of the numbers in mm."""
        return NUMBER_LINE * self.cell

    @property
    def number_strokes(self) -> list[Floats]:
        """Strokes of the numbers, (n, 2) each, in mm."""
        columns, _ = self.grid
        inset, height = NUMBER_INSET * self.cell, NUMBER_HEIGHT * self.cell
        return [
            stroke
            for index, number in enumerate(self.numbers)
            for stroke in number_strokes(
                number,
                index % columns * self.cell + inset,
                index // columns * self.cell + inset,
                height,
            )
        ]

    @property
    def paper(self) -> str | None:
        """Colour of the paper; None for transparent."""
        return None if self.style.background is None else self.style.background.strip()

    def stroke_paths(self, drawing: Drawing) -> list[StrokePath]:
        """Return the centre lines of the strokes of a drawing that fills the first cell, in mm."""
        (paths,) = self._paths_of([self._placed(drawing, 0, None)])
        return paths

    def paths(self, drawings: Sequence[Drawing]) -> list[list[StrokePath]]:
        """Return the centre lines of all strokes, a list for each drawing, in mm.

        Args:
            drawings: as many as the page has cells for.

        Raises:
            SketchvaeError: for another number of drawings.
        """
        if len(drawings) != self.count:
            raise SketchvaeError(
                f"a page for {self.count} drawings must get as many, got {len(drawings)}; build "
                "its PageSpec with their number"
            )
        bounds = common_bounds(drawings) if self.in_place else None
        return self._paths_of([self._placed(d, i, bounds) for i, d in enumerate(drawings)])

    def _placed(self, drawing: Drawing, index: int, bounds: Bounds | None) -> Drawing:
        """Return a drawing in its cell, in mm.

        Args:
            drawing: fitted into the cell with a margin.
            index: number of the cell, from 0.
            bounds: what fills the cell, in the drawing's coordinates; None for the drawing.
        """
        row, column = divmod(index, self.grid[0])
        fitted = fit_to_cell(drawing, self.cell, self.pen, bounds)
        return fitted.moved(column * self.cell, row * self.cell)

    def _paths_of(self, placed: Sequence[Drawing]) -> list[list[StrokePath]]:
        """Return the centre lines of drawings in their cells, all at once, for speed."""
        strokes = [stroke for drawing in placed for stroke in drawing.strokes]
        counts = [len(drawing.strokes) for drawing in placed]
        margin = _margin(self.cell, self.pen)
        bulge = min(BULGE * (self.cell - 2 * margin), margin - self.pen / 2)  # within the cell, too
        paths = iter(smooth_paths(strokes, bulge) if self.style.smooth else straight_paths(strokes))
        return [list(islice(paths, count)) for count in counts]


@dataclass(frozen=True)
class PictureSpec(PageSpec):
    """Specification of a page in pixels.

    Attributes:
        pixels: width of the picture, at least 16 a cell and 100 million in all; None for 800, or
            100 a column if that is more.

    Raises:
        SketchvaeError: as `PageSpec`, and for a number of pixels out of range.
    """

    pixels: int | None = None
    default_pixels: ClassVar[int] = 800

    def __post_init__(self) -> None:
        super().__post_init__()
        width, height = self.size
        check_cell_pixels(width / self.grid[0])
        if width * height > MAX_PIXELS:
            raise RangeError(
                f"a picture must have at most {MAX_PIXELS} pixels, got {width} x {height}; "
                "choose a narrower one, or fewer drawings"
            )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        columns, rows = self.grid
        default = max(self.default_pixels, 100 * columns)
        width = default if self.pixels is None else self.pixels
        return width, max(round(width * rows / columns), 1)

    @property
    def scale(self) -> float:
        """Pixels per mm."""
        return self.size[0] / self.width_mm


def check_cell_pixels(cell: float) -> None:
    """Refuse a cell that is too narrow to show a drawing.

    Raises:
        RangeError: below 16 pixels.
    """
    if not cell >= MIN_CELL_PIXELS:
        raise RangeError(
            f"a cell must be at least {MIN_CELL_PIXELS} pixels wide, got {cell:g}; try 160, or a "
            "wider picture"
        )


def grid(count: int, columns: int | None) -> tuple[int, int]:
    """Return the columns and rows of a page of cells.

    Args:
        count: number of cells, 1 or more.
        columns: 1 or more; None makes the page as square as possible.

    Raises:
        SketchvaeError: for no cells, or columns below 1.
    """
    if count < 1:
        raise SketchvaeError("a page needs at least one drawing, got none; choose others")
    if columns is None:
        columns = math.ceil(math.sqrt(count))
    if columns < 1:
        raise RangeError(f"columns must be 1 or more, got {columns}; leave it out for a square")
    return columns, math.ceil(count / columns)


def common_bounds(drawings: Sequence[Drawing]) -> Bounds | None:
    """Return the bounds of all drawings together; None if no drawing has a stroke."""
    corners = [drawing.bounds for drawing in drawings if drawing.strokes]
    if not corners:
        return None
    left, top, right, bottom = zip(*corners, strict=True)
    return min(left), min(top), max(right), max(bottom)


def fit_to_cell(drawing: Drawing, cell: float, pen: float, bounds: Bounds | None = None) -> Drawing:
    """Return a drawing centred in the square from (0, 0) to (cell, cell), with a margin.

    Args:
        drawing: in any unit.
        cell: side of the square.
        pen: line width, in the unit of `cell`.
        bounds: what fills the square, in the drawing's coordinates; None for the drawing.
    """
    return drawing.fit(cell, cell, _margin(cell, pen), bounds)


def _margin(cell: float, pen: float) -> float:
    """Return the margin of a cell: never less than the half of the line outside a stroke."""
    return max(MARGIN * cell, pen / 2)


def title(drawings: Sequence[Drawing]) -> str:
    """Return the words of the drawings, each once, without characters that XML cannot hold."""
    words = dict.fromkeys(drawing.word for drawing in drawings if drawing.word)
    return "".join(c for c in ", ".join(words) if c.isprintable())
