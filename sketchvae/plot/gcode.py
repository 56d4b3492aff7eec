"""G-code that a real GRBL 1.1 accepts (https://github.com/gnea/grbl/wiki/Grbl-v1.1-Commands).

One command a line. What follows a `(stroke K of N)` draws that stroke whatever came before, so a
job can begin again at any stroke. No M2 or M30 at the end: they switch the spindle off, and with
it the servo that holds the pen up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchvae.drawing import number
from sketchvae.errors import SketchvaeError
from sketchvae.plot.estimate import Motion, PlotStats, estimate
from sketchvae.plot.page import DECIMALS, Page
from sketchvae.plot.plan import Plot
from sketchvae.polyline import Floats

LONGEST = 80  # characters of a line that GRBL takes
Corner = Literal["bottom-left", "bottom-right", "top-left", "top-right"]

_MOST = LONGEST - len("(pen-up: )")  # characters of one pen command, so that it fits in there
# What GRBL acts upon wherever it stands, even in a comment (! ? ~), or takes for a comment or a
# setting. Bytes from 0x80 are commands, too.
_FORBIDDEN = re.compile(r"[^ -~]|[!?~()$;%|]")


@dataclass(frozen=True, slots=True)
class PenLift:
    """How the machine lifts its pen.

    Attributes:
        up: commands, at least one.
        down: commands, at least one.
        dwell_up: seconds to wait after the pen went up, 0 to 60.
        dwell_down: seconds to wait after it came down, 0 to 60.
        moving: seconds that the commands themselves take, both together.

    Raises:
        SketchvaeError: for a command that GRBL would misread, or a dwell out of range.
    """

    up: tuple[str, ...]
    down: tuple[str, ...]
    dwell_up: float = 0.2
    dwell_down: float = 0.2
    moving: float = 0.0

    def __post_init__(self) -> None:
        for name, commands in (("pen-up", self.up), ("pen-down", self.down)):
            if not all(commands) or not commands or len(" | ".join(commands)) > _MOST:
                raise SketchvaeError(
                    f"a {name} command must have 1 to {_MOST} characters, got "
                    f"{' | '.join(commands)!r:.90}; try 'M3 S60'"
                )
            if any(_FORBIDDEN.search(command) for command in commands):
                raise SketchvaeError(
                    f"a {name} command must be ASCII without any of !?~()$;%, got "
                    f"{' | '.join(commands)!r}; try 'M3 S60', and | between two commands"
                )
        for name, dwell in (("up", self.dwell_up), ("down", self.dwell_down)):
            if not 0 <= dwell <= 60:
                raise SketchvaeError(
                    f"the dwell after pen-{name} must be 0 to 60 seconds, got {dwell:g}; try 0.2"
                )

    @property
    def seconds(self) -> float:
        """What it takes to put the pen down and to lift it again."""
        return self.dwell_up + self.dwell_down + self.moving


def servo(up: float = 60.0, down: float = 90.0) -> PenLift:
    """Lift with a servo where a spindle would be: `M3 S`, by the pulse that it takes.

    Raises:
        SketchvaeError: for a pulse out of range.
    """
    for pulse in (up, down):
        _check_spindle(pulse)
    return PenLift((f"M3 S{number(up, 3)}",), (f"M3 S{number(down, 3)}",))


def spindle(down: float = 1000.0) -> PenLift:
    """Lift with what a spindle switches, a magnet say: `M3 S` is down, `M5` up.

    Raises:
        SketchvaeError: for a speed out of range.
    """
    _check_spindle(down)
    return PenLift(("M5",), (f"M3 S{number(down, 3)}",))


def z_axis(up: float = 5.0, down: float = 0.0, plunge: float = 1000.0) -> PenLift:
    """Lift with the Z axis, between two heights in mm, at a rate of descent in mm/min.

    Raises:
        SketchvaeError: unless up lies above down, both are within 200 mm, and the rate is 1 to
            1000000.
    """
    if not -200 <= down < up <= 200:
        raise SketchvaeError(
            f"the pen must be up above where it is down, within 200 mm, got Z{up:g} up and "
            f"Z{down:g} down; try 5 and 0"
        )
    if not 1 <= plunge <= 1e6:
        raise SketchvaeError(
            f"the rate of descent must be 1 to 1000000 mm/min, got {plunge:g}; try 1000"
        )
    moves = (f"G1 Z{number(z, 3)} F{number(plunge, 3)}" for z in (up, down))
    high, low = next(moves), next(moves)
    return PenLift((high,), (low,), 0.0, 0.0, moving=2 * (up - down) / plunge * 60)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the page lies on the machine.

    X grows to the right and Y away from whoever sits at the page's lower edge.

    Attributes:
        bed: width and height that the pen can reach, mm; None: the page with its offset.
        origin: corner of the bed at X0 Y0. The page lies in that corner.
        offset: mm of the page from that corner, to the right or left and up or down, into the bed.
        home: whether the pen goes back to X0 Y0 at the end.

    Raises:
        SketchvaeError: for a bed or an offset that is no length.
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
        """Return width and height of the bed, mm.

        Raises:
            SketchvaeError: if it is smaller than the page.
        """
        if self.bed is None:
            across, up = (max(value, 0.0) for value in self.offset)
            return round(page.width + across, DECIMALS), round(page.height + up, DECIMALS)
        if self.bed[0] < page.width or self.bed[1] < page.height:
            raise SketchvaeError(
                f"the bed must be at least as large as the page, {page}, got {self.bed[0]:g} x "
                f"{self.bed[1]:g} mm; choose a smaller page, or turn it with --landscape"
            )
        return self.bed

    def place(self, stroke: Floats, page: Page) -> Floats:
        """Take a stroke from the page to the machine, mm; Y is flipped about the page's height."""
        x, y = stroke.T
        x = x + self.offset[0] if self.origin.endswith("left") else x - page.width - self.offset[0]
        top = self.origin.startswith("top")
        y = -y - self.offset[1] if top else page.height - y + self.offset[1]
        return np.column_stack([x, y]).round(DECIMALS)

    def to_machine(self, plot: Plot) -> list[list[Floats]]:
        """Take all strokes to the machine, pen by pen.

        Raises:
            SketchvaeError: if any of them leaves the bed.
        """
        layers = [[self.place(s, plot.page) for s in layer.strokes] for layer in plot.layers]
        width, height = self.bed_for(plot.page)
        left, top = self.origin.endswith("left"), self.origin.startswith("top")
        low = np.array([0.0 if left else -width, -height if top else 0.0])
        high = low + np.array([width, height])
        points = np.concatenate([stroke for strokes in layers for stroke in strokes])
        first, last = points.min(axis=0), points.max(axis=0)
        if (first < low).any() or (last > high).any():
            raise SketchvaeError(
                f"ink must lie on the bed, {_span(low, high)}, got {_span(first, last)}; choose "
                "another offset, page or bed"
            )
        return layers


def to_gcode(plot: Plot, machine: Machine, dialect: PenLift, feed: float) -> str:
    """Write a plot as G-code, in mm.

    Args:
        plot: what to draw.
        machine: where.
        dialect: how the pen lifts.
        feed: of the pen on paper, mm/min.

    Raises:
        SketchvaeError: if ink would leave the bed.
    """
    lines = _lines(plot, machine.to_machine(plot), machine, dialect, feed)
    return "".join(f"{line}\n" for line in lines)


def estimate_on_machine(plot: Plot, machine: Machine, motion: Motion) -> PlotStats:
    """Measure what a plot takes on a machine, from its origin.

    Raises:
        SketchvaeError: if ink would leave the bed.
    """
    strokes = [stroke for strokes in machine.to_machine(plot) for stroke in strokes]
    return estimate(strokes, motion, machine.home)


def _lines(
    plot: Plot, layers: list[list[Floats]], machine: Machine, dialect: PenLift, feed: float
) -> Iterator[str]:
    width, height = machine.bed_for(plot.page)
    points = np.concatenate([stroke for strokes in layers for stroke in strokes])
    ends = np.concatenate([points, np.zeros((1, 2))]) if machine.home else points
    extent = " ".join(_mm(v) for v in (*ends.min(axis=0), *ends.max(axis=0)))
    yield f"(sketchvae plot, page {_mm(plot.page.width)} x {_mm(plot.page.height)} mm)"
    yield f"(bed: {_mm(width)} x {_mm(height)} mm)"
    yield f"(extent: {extent})"
    yield f"(pen-up: {' | '.join(dialect.up)})"
    yield from ("G21", "G90", "G94", f"F{number(feed, 3)}")
    up = [*dialect.up, *_dwell(dialect.dwell_up)]
    down = [*dialect.down, *_dwell(dialect.dwell_down)]
    yield from up
    count, total = 0, sum(map(len, layers))
    for layer, strokes in zip(plot.layers, layers, strict=True):
        if len(plot.layers) > 1:
            yield _comment(f"pen {layer.pen}: {layer.colour}")
            if count:  # the first is in the machine already
                yield "M0"
        for stroke in strokes:
            count += 1
            yield f"(stroke {count} of {total})"
            yield f"G0 {_place(stroke[0])}"
            yield from down
            yield from _moves(stroke, feed)
            yield from up
    yield "(end)"
    yield from up
    if machine.home:
        yield "G0 X0 Y0"


def _moves(stroke: Floats, feed: float) -> Iterator[str]:
    """Draw from the first point on; a dot as a move to where the pen is."""
    kept = (np.diff(stroke, axis=0) != 0).any(axis=1)
    points = stroke[1:][kept] if kept.any() else stroke[:1]
    yield f"G1 {_place(points[0])} F{number(feed, 3)}"
    yield from (f"G1 {_place(point)}" for point in points[1:])


def _dwell(seconds: float) -> list[str]:
    return [f"G4 P{number(seconds, 3)}"] if round(seconds, 3) else []


def _comment(text: str) -> str:
    return f"({_FORBIDDEN.sub(' ', text)[: LONGEST - 2].strip()})"


def _place(point: Floats) -> str:
    return f"X{_mm(point[0])} Y{_mm(point[1])}"


def _mm(value: float) -> str:
    return number(float(value), DECIMALS)


def _span(low: Floats, high: Floats) -> str:
    return f"{_place(low)} to {_place(high)}"


def _check_spindle(speed: float) -> None:
    if not 0 <= speed <= 100_000:
        raise SketchvaeError(f"S must be 0 to 100000, got {speed:g}; try 60")
