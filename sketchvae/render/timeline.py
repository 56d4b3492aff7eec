"""Times of the pen: when each stroke of a drawing is drawn, and how an animation plays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError, check_range
from sketchvae.polyline import Floats, arc_length, segment_lengths

# Lengths here are in longest sides of the drawing ("sides"), speeds in sides per second.
SPEED = 1.5  # sides per second; a typical sheep takes 3 to 4 seconds
PEN_UP_SPEED = 1.5  # speed of the lifted pen, as a multiple of SPEED
DRAWING_GAP = 0.75  # sides that the lifted pen travels from one drawing to the next
DOT_LENGTH = 0.1  # sides that the pen could have drawn in the time of a dot
SLOWDOWN = 0.8  # fraction of its speed that the pen loses at a turn by 180 degrees; half at an end
CORNER_REACH = 0.04  # sides before and after a corner that are drawn more slowly
SMOOTH_COSINE = 0.9  # cosine of the sharpest turn taken at full speed: 26 degrees
MIN_SECONDS, MAX_SECONDS = 0.01, 86_400.0  # of an animation
MIN_SPEED, MAX_SPEED = 0.001, 1000.0  # sides per second
PAUSE = 1.5  # seconds that the finished drawings stand before a loop begins again
_MIN_RECORDED = 0.001  # seconds: recorded times that span less hold no pace
_DOT = 1e-12  # sides: a shorter stroke is a dot


@dataclass(frozen=True, slots=True)
class Pace:
    """Speed of the pen.

    Attributes:
        seconds: of the whole animation, from the first point to the last, 0.01 to 86,400; None
            lets the speed decide.
        speed: of the pen on a straight line, in longest sides of a drawing per second, 0.001 to
            1000; None for 1.5, or the recorded times.
        together: whether all drawings begin at once, instead of one after another.
        recorded: whether a drawing with times (`Drawing.times`) keeps them; a speed overrides
            them.

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
        if self.seconds is not None:
            check_range(
                "the length of an animation", self.seconds, MIN_SECONDS, MAX_SECONDS,
                unit="seconds", advice="try 4",
            )  # fmt: skip
        if self.speed is not None:
            check_range(
                "the speed of the pen", self.speed, MIN_SPEED, MAX_SPEED,
                unit="sides of a drawing a second", advice="try 1.5",
            )  # fmt: skip


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True)
class Animation:
    """How drawings draw themselves.

    Attributes:
        pace: speed of the pen.
        loop: whether the animation begins again, for ever.
        pause: seconds that the finished drawings stand before it does, 0 to 86,400.
        tip: whether a dot shows where the pen is.

    Raises:
        SketchvaeError: for a pause out of range.
    """

    pace: Pace = DEFAULT_PACE
    loop: bool = False
    pause: float = PAUSE
    tip: bool = False

    def __post_init__(self) -> None:
        check_range("a pause", self.pause, 0, MAX_SECONDS, unit="seconds", advice=f"try {PAUSE:g}")

    @property
    def loop_pause(self) -> float:
        """Seconds at the end of each round; 0 for an animation that plays once."""
        return self.pause * self.loop


DEFAULT_ANIMATION = Animation()


@dataclass(frozen=True, slots=True, eq=False)
class StrokeTime:
    """Time of one stroke, piecewise linear between k knots.

    A dot, which is a stroke without length, has one knot: fraction 1 at its moment.

    Attributes:
        drawing: index of its drawing.
        stroke: index of the stroke in its drawing.
        fractions: (k,) of the stroke's length that are drawn, rising from 0 to 1.
        seconds: (k,) times of the fractions, rising.
    """

    drawing: int
    stroke: int
    fractions: Floats
    seconds: Floats

    @property
    def begin(self) -> float:
        """Second at which the pen comes down."""
        return float(self.seconds[0])

    @property
    def end(self) -> float:
        """Second at which the stroke is finished."""
        return float(self.seconds[-1])


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times of all strokes.

    Attributes:
        strokes: of all drawings, in drawing order.
        duration: seconds from the first point to the last, above 0.
    """

    strokes: tuple[StrokeTime, ...]
    duration: float

    def scaled_to(self, seconds: float) -> "Timeline":
        """Return the timeline stretched or shrunk to another duration in seconds."""
        factor = seconds / self.duration
        return Timeline(
            tuple(
                replace(s, seconds=np.minimum(s.seconds * factor, seconds)) for s in self.strokes
            ),
            seconds,
        )


def timeline(drawings: Sequence[Drawing], pace: Pace = DEFAULT_PACE) -> Timeline:
    """Return the times of all strokes.

    A stroke takes time by its length, more of it around sharp corners and at its ends; the
    lifted pen takes time by its travel. Lengths count in longest sides of the drawing, so
    that a large drawing and a small one take the same time. Empty drawings take none.

    Args:
        drawings: at least one of them with a stroke.
        pace: speed of the pen.

    Raises:
        SketchvaeError: if there is no stroke, or recorded times span more than a day.
    """
    strokes: list[StrokeTime] = []
    begin = duration = 0.0
    for index, drawing in enumerate(drawings):
        if not drawing.strokes:
            continue
        recorded = pace.recorded and pace.speed is None
        knots, seconds = (_recorded(drawing, index) if recorded else None) or _paced(drawing)
        if not pace.together and strokes:
            begin = duration + DRAWING_GAP / PEN_UP_SPEED / SPEED
        strokes += (StrokeTime(index, i, f, s + begin) for i, (f, s) in enumerate(knots))
        duration = max(duration, begin + seconds)
    if not strokes:
        raise SketchvaeError("an animation needs a drawing with a stroke, got none; choose others")
    whole = Timeline(tuple(strokes), duration)
    if pace.seconds is not None:
        return whole.scaled_to(pace.seconds)
    return whole if pace.speed is None else whole.scaled_to(duration * SPEED / pace.speed)


_Knots = tuple[Floats, Floats]  # fractions and seconds of one stroke, (k,) each


def _recorded(drawing: Drawing, index: int) -> tuple[list[_Knots], float] | None:
    """Return the recorded knots of each stroke, from 0 s, and their duration in seconds.

    Where a recorded clock was set back, the time stands still until the clock is past its latest
    time. None if there are no times, or all are the same.
    """
    if drawing.times is None:
        return None
    times = np.concatenate(drawing.times)
    if not float(times.max()) - float(times.min()) <= MAX_SECONDS * 1000:  # False for nan too
        raise SketchvaeError(
            f"drawing {index}: recorded times must lie within a day, got {times.min():g} to "
            f"{times.max():g} ms; give a speed, or leave the times out"
        )
    seconds = np.maximum.accumulate(times - times[0]) / 1000
    if seconds[-1] < _MIN_RECORDED:
        return None
    knots: list[_Knots] = []
    first = 0
    for stroke in drawing.sized(1.0).strokes:
        own = seconds[first : first + len(stroke)]
        first += len(stroke)
        walked = arc_length(stroke)
        is_dot = walked[-1] <= _DOT
        knots.append((np.ones(1), own[:1]) if is_dot else (walked / walked[-1], own))
    return knots, float(seconds[-1])


def _paced(drawing: Drawing) -> tuple[list[_Knots], float]:
    """Return the knots of each stroke at SPEED, from 0 s, and their duration in seconds."""
    knots: list[_Knots] = []
    clock, pen = 0.0, None
    for stroke in drawing.sized(1.0).strokes:
        if pen is not None:
            clock += float(np.hypot(*(stroke[0] - pen))) / PEN_UP_SPEED / SPEED
        fractions, seconds = _eased(stroke)
        knots.append((fractions, seconds[: len(fractions)] + clock))
        clock, pen = clock + float(seconds[-1]), stroke[-1]
    return knots, clock


def _eased(stroke: Floats) -> _Knots:
    """Return the knots of one stroke, in sides, from 0 s; a dot has a second time, its end.

    The speed falls linearly over CORNER_REACH before a corner, and rises after it. Between two
    knots it is taken as constant, at its mean.
    """
    lengths = segment_lengths(stroke)
    moves = lengths > _DOT
    lengths, offsets = lengths[moves], np.diff(stroke, axis=0)[moves]
    if not len(lengths):
        return np.ones(1), np.array([0.0, DOT_LENGTH / SPEED])
    headings = offsets / lengths[:, None]
    cosines = np.concatenate([[0.0], (headings[:-1] * headings[1:]).sum(axis=1), [0.0]])
    lost = np.where(cosines < SMOOTH_COSINE, SLOWDOWN * (1 - cosines) / 2, 0.0)  # at each point
    near = np.minimum(CORNER_REACH, lengths / 2)
    parts = np.column_stack([near, lengths - 2 * near, near]).ravel()
    speeds = np.column_stack([1 - lost[:-1] / 2, np.ones(len(near)), 1 - lost[1:] / 2]).ravel()
    parts, speeds = parts[parts > 0], speeds[parts > 0]
    walked, clock = np.cumsum(parts), np.cumsum(parts / speeds) / SPEED
    changes = np.append(speeds[:-1] != speeds[1:], True)
    fractions = np.concatenate([[0.0], walked[changes] / walked[-1]])
    return fractions, np.concatenate([[0.0], clock[changes]])
