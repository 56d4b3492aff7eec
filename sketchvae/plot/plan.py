"""A plan for a plotter: strokes in millimetres on a page, pen after pen."""

from collections.abc import Sequence
from dataclasses import dataclass

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot.page import Page
from sketchvae.polyline import Floats
from sketchvae.svg_page import check_colour

PEN_WIDTH = 0.3  # mm


@dataclass(frozen=True, slots=True)
class Pens:
    """The pens, and which of them draws which stroke.

    Attributes:
        colours: of the pens, by number from 1; each a name or #rrggbb as in SVG 1.1.
        of_drawings: numbers of the pens that draw the drawings in turn; None for all pens.
        of_strokes: numbers of the pens that draw the strokes of each drawing in turn, instead of
            `of_drawings`; None otherwise.
        width: of the line, mm, 0.01 to 20.

    Raises:
        SketchvaeError: for no pen, an unknown colour, or a number without a pen.
    """

    colours: tuple[str, ...] = ("black",)
    of_drawings: tuple[int, ...] | None = None
    of_strokes: tuple[int, ...] | None = None
    width: float = PEN_WIDTH

    def __post_init__(self) -> None:
        if not self.colours:
            raise SketchvaeError("there must be a pen, got none; try black")
        for colour in self.colours:
            check_colour(colour, "a pen's colour")
        if self.of_drawings is not None and self.of_strokes is not None:
            raise SketchvaeError(
                "pens must be given to drawings or to strokes, got both; leave one out"
            )
        for number in self.of_drawings or self.of_strokes or ():
            if not 1 <= number <= len(self.colours):
                defined = ", ".join(f"{i} {c}" for i, c in enumerate(self.colours, start=1))
                raise SketchvaeError(
                    f"a pen must be one of {defined}, got {number}; choose another, or define more"
                )
        if not 0.01 <= self.width <= 20:
            raise SketchvaeError(
                f"a pen must be 0.01 to 20 mm wide, got {self.width:g}; try {PEN_WIDTH:g}"
            )

    def pen_for(self, drawing: int, stroke: int) -> int:
        """Return the number of the pen that draws a stroke.

        Args:
            drawing: index of its drawing.
            stroke: index of the stroke in the drawing.
        """
        if self.of_strokes:
            return self.of_strokes[stroke % len(self.of_strokes)]
        numbers = self.of_drawings or tuple(range(1, len(self.colours) + 1))
        return numbers[drawing % len(numbers)]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The strokes that one pen draws, in order.

    Attributes:
        pen: its number, from 1.
        colour: of the pen, as in `Pens`.
        strokes: (n, 2) each, in mm on the page.
        drawings: number of the drawing of each stroke, from 1; empty if they are not known.
    """

    pen: int
    colour: str
    strokes: tuple[Floats, ...]
    drawings: tuple[int, ...] = ()

    def numbered(self) -> list[tuple[int, Floats]]:
        """Return the strokes, each with the number of its drawing; 0 if it is not known."""
        numbers = self.drawings or (0,) * len(self.strokes)
        return list(zip(numbers, self.strokes, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """A page of strokes, pen after pen: the input of every writer.

    Attributes:
        page: the sheet.
        layers: of the pens that draw anything, by number.
        pen_width: mm.
    """

    page: Page
    layers: tuple[Layer, ...]
    pen_width: float = PEN_WIDTH

    @property
    def strokes(self) -> tuple[Floats, ...]:
        """All strokes in the order of drawing."""
        return tuple(stroke for layer in self.layers for stroke in layer.strokes)


def make_plot(drawings: Sequence[Drawing], page: Page, pens: Pens) -> Plot:
    """Assign the strokes of drawings to pens; each pen keeps their order.

    Args:
        drawings: on the page, in mm, as `Layout.place` returns them.
        page: the sheet.
        pens: and what each of them draws.
    """
    strokes: dict[int, list[Floats]] = {}
    numbers: dict[int, list[int]] = {}
    for i, drawing in enumerate(drawings):
        for j, stroke in enumerate(drawing.strokes):
            pen = pens.pen_for(i, j)
            strokes.setdefault(pen, []).append(stroke)
            numbers.setdefault(pen, []).append(i + 1)
    layers = (
        Layer(n, pens.colours[n - 1], tuple(strokes[n]), tuple(numbers[n])) for n in sorted(strokes)
    )
    return Plot(page, tuple(layers), pens.width)
