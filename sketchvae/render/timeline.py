"""When the pen is where: the time that a drawing takes, stroke by stroke."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats

SPEED = 1.5  # longest sides of a drawing per second: a usual sheep takes between 3 and 4 s
LIFTED = 1.5  # a lifted pen is this many times as fast
BETWEEN = 0.75  # longest sides that the lifted pen travels from one drawing to the next
DOT = 0.1  # longest sides that the pen could have drawn while it makes a dot
EASE = 0.8  # share of its speed that the pen loses where it turns back; half of it at an end
REACH = 0.04  # longest sides before and after a corner that are drawn more slowly
GENTLE = 0.9  # cosine of the sharpest turn that the pen takes at full speed (26 degrees)
SHORTEST, LONGEST = 0.01, 86_400.0  # seconds that can be asked for
SLOWEST, FASTEST = 0.001, 1000.0  # longest sides per second that can be asked for
_INSTANT = 0.001  # seconds: recorded times that lie nearer to each other say nothing
_NOTHING = 1e-12  # longest sides: a stroke that is shorter is a dot


def _check_within(
    value: float | None, least: float, most: float, must: str, unit: str, advice: str
) -> None:
    if value is not None and not least <= value <= most:  # False for nan too
        raise SketchvaeError(f"{must} {least:g} to {most:g} {unit}, got {value:g}; try {advice}")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the pen draws.

    Attributes:
        seconds: of the whole, from the first point to the last, 0.01 to 86400; None leaves
            it to the speed.
        speed: of the pen on a straight line, in longest sides of a drawing per second,
            0.001 to 1000; None is 1.5, unless times were recorded.
        together: whether all drawings begin at once, instead of one after another.
        recorded: whether a drawing with times (`Drawing.times`) keeps them. A speed that
            is asked for goes before them.

    Raises:
        SketchvaeError: for a value out of range, or both seconds and speed.
    """

    seconds: float | None = None
    speed: float | None = None
    together: bool = False
    recorded: bool = True

    def __post_init__(self) -> None:
        if self.seconds is not None and self.speed is not None:
            raise SketchvaeError(
                f"an animation must have seconds or a speed, got {self.seconds:g} and "
                f"{self.speed:g}; leave one of them out"
            )
        _check_within(self.seconds, SHORTEST, LONGEST, "an animation must last", "seconds", "4")
        _check_within(
            self.speed, SLOWEST, FASTEST, "the pen must do", "sides of a drawing a second", "1.5"
        )


@dataclass(frozen=True, slots=True, eq=False)
class StrokeTime:
    """When one stroke is drawn: piecewise linear between k knots.

    Attributes:
        drawing: index of its drawing.
        stroke: index of the stroke in the drawing.
        shares: (k,) of the stroke's length that lie behind the pen, rising from 0 to 1.
        seconds: (k,) when that is so, rising.

    A dot, which is a stroke without length, has one knot: share 1 at its moment.
    """

    drawing: int
    stroke: int
    shares: Floats
    seconds: Floats

    @property
    def begin(self) -> float:
        """Second at which the pen comes down."""
        return float(self.seconds[0])

    @property
    def end(self) -> float:
        """Second at which the stroke is finished."""
        return float(self.seconds[-1])

    def share_at(self, second: float) -> float | None:
        """Return the share of the stroke's length on the page by then; None: not begun."""
        if second < self.begin:
            return None
        return float(np.interp(second, self.seconds, self.shares))


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each stroke is drawn.

    Attributes:
        strokes: all strokes of all drawings, in drawing order.
        duration: seconds from the first point to the last, above 0.
    """

    strokes: tuple[StrokeTime, ...]
    duration: float

    def lasting(self, seconds: float) -> "Timeline":
        """Stretch or shrink everything, so that the whole takes these seconds."""
        factor = seconds / self.duration
        return Timeline(
            tuple(
                replace(s, seconds=np.minimum(s.seconds * factor, seconds)) for s in self.strokes
            ),
            seconds,
        )


DEFAULT_PACE = Pace()


def timeline(drawings: Sequence[Drawing], pace: Pace = DEFAULT_PACE) -> Timeline:
    """Say when the pen is where.

    A stroke takes time by its length, more of it around sharp corners and at its ends; the
    lifted pen takes time by its travel. Lengths count in longest sides of the drawing, so
    that a large drawing and a small one take the same time. Empty drawings take none.

    Args:
        drawings: at least one of them with a stroke.
        pace: how fast.

    Raises:
        SketchvaeError: if there is no stroke, or recorded times span more than a day.
    """
    strokes: list[StrokeTime] = []
    clock = duration = 0.0
    for index, drawing in enumerate(drawings):
        if not drawing.strokes:
            continue
        kept = pace.recorded and pace.speed is None
        knots, took = (_recorded(drawing, index) if kept else None) or _paced(drawing)
        if not pace.together and strokes:
            clock = duration + BETWEEN / LIFTED / SPEED
        strokes += (
            StrokeTime(index, i, shares, seconds + clock)
            for i, (shares, seconds) in enumerate(knots)
        )
        duration = max(duration, clock + took)
    if not strokes:
        raise SketchvaeError("an animation needs a drawing with a stroke, got none; choose others")
    whole = Timeline(tuple(strokes), duration)
    if pace.seconds is not None:
        return whole.lasting(pace.seconds)
    return whole if pace.speed is None else whole.lasting(duration * SPEED / pace.speed)


_Knots = tuple[Floats, Floats]  # shares and seconds of one stroke


def _recorded(drawing: Drawing, index: int) -> tuple[list[_Knots], float] | None:
    """Take the recorded times: the knots of each stroke, from 0 s, and the seconds they last.

    A clock that was set back meanwhile stands still until it is past its latest time. None
    where there are no times, or they are all the same.
    """
    if drawing.times is None:
        return None
    times = np.concatenate(drawing.times)
    if not float(times.max()) - float(times.min()) <= LONGEST * 1000:  # False for nan too
        raise SketchvaeError(
            f"drawing {index}: recorded times must lie within a day, got {times.min():g} to "
            f"{times.max():g} ms; give a speed, or leave the times out"
        )
    seconds = np.maximum.accumulate(times - times[0]) / 1000
    if seconds[-1] < _INSTANT:
        return None
    knots: list[_Knots] = []
    first = 0
    for stroke in drawing.sized(1.0).strokes:
        own = seconds[first : first + len(stroke)]
        first += len(stroke)
        walked = np.concatenate([[0.0], np.cumsum(_lengths(stroke))])
        dot = walked[-1] <= _NOTHING
        knots.append((np.ones(1), own[:1]) if dot else (walked / walked[-1], own))
    return knots, float(seconds[-1])


def _paced(drawing: Drawing) -> tuple[list[_Knots], float]:
    """Draw at SPEED: the knots of each stroke, from 0 s, and the seconds that the whole takes."""
    knots: list[_Knots] = []
    clock, place = 0.0, None
    for stroke in drawing.sized(1.0).strokes:
        if place is not None:
            clock += float(np.hypot(*(stroke[0] - place))) / LIFTED / SPEED
        shares, seconds = _eased(stroke)
        knots.append((shares, seconds[: len(shares)] + clock))
        clock, place = clock + float(seconds[-1]), stroke[-1]
    return knots, clock


def _eased(stroke: Floats) -> _Knots:
    """Draw one stroke, its lengths in longest sides, from 0 s; a dot has a second time, its end.

    The speed falls in a straight line over REACH before a corner, and rises after it; in
    between the knots the mean of that is taken.
    """
    lengths = _lengths(stroke)
    moves = lengths > _NOTHING
    lengths, offsets = lengths[moves], np.diff(stroke, axis=0)[moves]
    if not len(lengths):
        return np.ones(1), np.array([0.0, DOT / SPEED])
    headings = offsets / lengths[:, None]
    cosines = np.concatenate([[0.0], (headings[:-1] * headings[1:]).sum(axis=1), [0.0]])
    slower = np.where(cosines < GENTLE, EASE * (1 - cosines) / 2, 0.0)  # at each point
    near = np.minimum(REACH, lengths / 2)
    pieces = np.column_stack([near, lengths - 2 * near, near]).ravel()
    speeds = np.column_stack([1 - slower[:-1] / 2, np.ones(len(near)), 1 - slower[1:] / 2]).ravel()
    pieces, speeds = pieces[pieces > 0], speeds[pieces > 0]
    walked, clock = np.cumsum(pieces), np.cumsum(pieces / speeds) / SPEED
    turns = np.append(speeds[:-1] != speeds[1:], True)
    shares = np.concatenate([[0.0], walked[turns] / walked[-1]])
    return shares, np.concatenate([[0.0], clock[turns]])


def _lengths(stroke: Floats) -> Floats:
    """Measure the segments of a stroke, (n - 1,)."""
    offsets = np.diff(stroke, axis=0)
    lengths: NDArray[np.float64] = np.hypot(offsets[:, 0], offsets[:, 1])
    return lengths
