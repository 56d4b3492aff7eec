"""What a plotter is to draw: strokes in millimetres, pen after pen."""

from collections.abc import Sequence
from dataclasses import dataclass

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot.page import Page
from sketchvae.polyline import Floats

PEN_WIDTH = 0.3  # mm


@dataclass(frozen=True, slots=True)
class Pens:
    """The pens, and which of them draws what.

    Attributes:
        colours: one a pen, each a name or #rrggbb as in SVG 1.1; pen 1 is the first.
        of_drawings: numbers of the pens that the drawings get in turn; None for all of them.
        of_strokes: the same for the strokes of each drawing; in the place of `of_drawings`.
        width: of the line, mm, 0.01 to 20.

    Raises:
        SketchvaeError: for no pen, an unknown colour, or a number that is no pen's.
    """

    colours: tuple[str, ...] = ("black",)
    of_drawings: tuple[int, ...] | None = None
    of_strokes: tuple[int, ...] | None = None
    width: float = PEN_WIDTH

    def __post_init__(self) -> None:
        if not self.colours:
            raise SketchvaeError("there must be a pen, got none; try black")
        for colour in self.colours:
            _check_colour(colour)
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

    def number(self, drawing: int, stroke: int) -> int:
        """Say which pen draws a stroke, by the indices of its drawing and of itself there."""
        if self.of_strokes:
            return self.of_strokes[stroke % len(self.of_strokes)]
        turns = self.of_drawings or tuple(range(1, len(self.colours) + 1))
        return turns[drawing % len(turns)]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """All that one pen draws, in order.

    Attributes:
        pen: its number, from 1.
        colour: as in `Pens`.
        strokes: (n, 2) each, in mm on the page.
    """

    pen: int
    colour: str
    strokes: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """A page full of strokes, pen after pen: what every writer writes.

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
        """All strokes, as they are drawn."""
        return tuple(stroke for layer in self.layers for stroke in layer.strokes)


def make_plot(drawings: Sequence[Drawing], page: Page, pens: Pens) -> Plot:
    """Give the strokes of placed drawings to pens; each pen keeps the order of drawing.

    Args:
        drawings: on the page, in mm, as `Layout.place` returns them.
        page: the sheet.
        pens: who draws what.
    """
    strokes: dict[int, list[Floats]] = {}
    for i, drawing in enumerate(drawings):
        for j, stroke in enumerate(drawing.strokes):
            strokes.setdefault(pens.number(i, j), []).append(stroke)
    layers = (Layer(n, pens.colours[n - 1], tuple(strokes[n])) for n in sorted(strokes))
    return Plot(page, tuple(layers), pens.width)


def _check_colour(colour: str) -> None:
    from svgwrite.data.typechecker import Full11TypeChecker

    if not Full11TypeChecker().is_color(colour.lower()):
        raise SketchvaeError(
            f"a pen's colour must be a name or #rrggbb, got {colour!r:.60}; try 'black' or "
            "'#224488'"
        )
