"""The bed of a machine, and a plot in the machine's coordinates.

X grows to the right and Y away from whoever stands at the page's lower edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sketchvae.errors import SketchvaeError
from sketchvae.plot.page import DECIMALS, Page, parse_page
from sketchvae.plot.plan import Plot
from sketchvae.polyline import Floats
from sketchvae.svg_page import format_number

Corner = Literal["bottom-left", "bottom-right", "top-left", "top-right"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the page lies on a machine.

    Attributes:
        bed: width and height that the pen can reach, mm; None for those of the page and its
            offset.
        origin: corner of the bed at X0 Y0, in which the page lies.
        offset: mm of the page from that corner, to the right or left and up or down, into the bed.
        home: whether the pen returns to X0 Y0 at the end.

    Raises:
        SketchvaeError: for an offset that is no length.
    """

    bed: tuple[float, float] | None = None
    origin: Corner = "bottom-left"
    offset: tuple[float, float] = (0.0, 0.0)
    home: bool = True

    def __post_init__(self) -> None:
        if not all(-1e5 <= value <= 1e5 for value in self.offset):
            raise SketchvaeError(
                f"the offset must be two lengths in mm, got {self.offset}; try 10,10"
            )

    def bed_for(self, page: Page) -> tuple[float, float]:
        """Return width and height of the bed, mm."""
        if self.bed is not None:
            return self.bed
        right, up = (max(value, 0.0) for value in self.offset)
        return round(page.width + right, DECIMALS), round(page.height + up, DECIMALS)

    def to_machine(self, plot: Plot) -> "MachinePlot":
        """Transform a plot from the page to the machine's coordinates.

        Raises:
            SketchvaeError: if ink would leave the bed.
        """
        layers = tuple(
            tuple(self._transform(stroke, plot.page) for stroke in layer.strokes)
            for layer in plot.layers
        )
        placed = MachinePlot(plot, self, self.bed_for(plot.page), layers)
        placed.check_bed()
        return placed

    def _transform(self, stroke: Floats, page: Page) -> Floats:
        """Transform a stroke, (n, 2) in mm; Y is flipped about the height of the page."""
        x, y = stroke.T
        is_left, is_top = self.origin.endswith("left"), self.origin.startswith("top")
        x = x + self.offset[0] if is_left else x - page.width - self.offset[0]
        y = -y - self.offset[1] if is_top else page.height - y + self.offset[1]
        return np.column_stack([x, y]).round(DECIMALS)


@dataclass(frozen=True, slots=True, eq=False)
class MachinePlot:
    """A plot in the coordinates of a machine.

    Attributes:
        plot: on its page.
        machine: on which the page lies.
        bed: width and height of its bed, mm.
        layers: strokes of each layer of the plot, (n, 2) each, in mm from X0 Y0.
    """

    plot: Plot
    machine: Machine
    bed: tuple[float, float]
    layers: tuple[tuple[Floats, ...], ...]

    @property
    def strokes(self) -> tuple[Floats, ...]:
        """All strokes in the order of drawing."""
        return tuple(stroke for strokes in self.layers for stroke in strokes)

    @property
    def extent(self) -> Floats:
        """Least x, y and greatest x, y of all moves, (4,) in mm."""
        points = np.concatenate(self.strokes)
        if self.machine.home:
            points = np.concatenate([points, np.zeros((1, 2))])
        return np.concatenate([points.min(axis=0), points.max(axis=0)])

    def check_bed(self) -> None:
        """Refuse ink outside of the bed.

        Raises:
            SketchvaeError: if a point is outside.
        """
        width, height = self.bed
        is_left = self.machine.origin.endswith("left")
        is_top = self.machine.origin.startswith("top")
        low = np.array([0.0 if is_left else -width, -height if is_top else 0.0])
        high = low + np.array([width, height])
        points = np.concatenate(self.strokes)
        first, last = points.min(axis=0), points.max(axis=0)
        if (first < low).any() or (last > high).any():
            raise SketchvaeError(
                f"ink must lie on the bed, {_span(low, high)}, got {_span(first, last)}; "
                f"{self._advice(low - first, high - last)}"
            )

    def _advice(self, least: Floats, most: Floats) -> str:
        """Return how the ink comes onto the bed.

        Args:
            least: least shift that brings it beyond the lower and left edges, (2,) in mm.
            most: greatest shift that leaves it within the others, (2,) in mm.
        """
        if (least <= most).all():  # it is small enough: the least shift that does it
            signs = [1 if self.machine.origin.endswith("left") else -1]
            signs += [-1 if self.machine.origin.startswith("top") else 1]
            shift = np.clip(0.0, least, most) * signs + self.machine.offset
            return f"try --offset {format_mm(shift[0])},{format_mm(shift[1])}"
        ink = np.array(self.bed) - (most - least)
        turns = (ink[::-1] <= self.bed).all() and not self.plot.page.landscape
        return "turn the page with --landscape" if turns else "choose a smaller page"


def make_machine(options: Mapping[str, Any]) -> Machine:
    """Return where a page lies by options of `sketchvae plot`, as a profile holds them.

    Args:
        options: `bed` as "300x200mm", `origin`, `offset` as "10,5", `home`. What is missing or None
            is the usual; others are ignored.

    Raises:
        SketchvaeError: for a bed that is no size, or an offset that is not two lengths.
    """
    given = {name: value for name, value in options.items() if value is not None}
    bed = parse_page(given["bed"], unit="mm") if "bed" in given else None
    text = given.get("offset", "0,0")
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise SketchvaeError(
            f"the offset must be two lengths in mm, as 10,5, got {text!r:.60}; try 10,10"
        ) from None
    size = None if bed is None else (bed.width, bed.height)
    return Machine(size, given.get("origin", "bottom-left"), (x, y), given.get("home", True))


def format_mm(value: float) -> str:
    """Write a length in mm, to a thousandth."""
    return format_number(float(value), DECIMALS)


def format_point(point: Floats) -> str:
    """Write a point, (2,) in mm, as the words X and Y."""
    return f"X{format_mm(point[0])} Y{format_mm(point[1])}"


def _span(low: Floats, high: Floats) -> str:
    return f"{format_point(low)} to {format_point(high)}"
