"""How far a pen goes, how often it lifts, and how long that takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats

JUNCTION = 0.01  # mm: GRBL's $11, how far from a corner a rounded path would pass it


@dataclass(frozen=True, slots=True)
class Motion:
    """How fast the machine is.

    Attributes:
        feed: of the pen on paper, mm/min.
        rapid: of the lifted pen, mm/min: the machine's own, GRBL's $110 and $111.
        acceleration: mm/s2, GRBL's $120 and $121.
        lift: seconds that the pen takes to come down and to go up again, both together.

    Raises:
        SketchvaeError: for a value out of range.
    """

    feed: float = 1500.0
    rapid: float = 5000.0
    acceleration: float = 500.0
    lift: float = 0.3

    def __post_init__(self) -> None:
        for name, unit in (("feed", "mm/min"), ("rapid", "mm/min"), ("acceleration", "mm/s2")):
            value = getattr(self, name)
            if not 1 <= value <= 1e6:
                raise SketchvaeError(
                    f"the {name} must be 1 to 1000000 {unit}, got {value:g}; try "
                    f"{Motion.__dataclass_fields__[name].default:g}"
                )


@dataclass(frozen=True, slots=True)
class PlotStats:
    """What a plot takes.

    Attributes:
        down: mm that the pen draws.
        travel: mm that it goes while it is lifted, from the origin and back to it.
        lifts: how often it is lifted.
        seconds: about how long it takes, pen changes aside.
    """

    down: float
    travel: float
    lifts: int
    seconds: float


def estimate(strokes: Sequence[Floats], motion: Motion, home: bool = True) -> PlotStats:
    """Measure what strokes take, drawn in this order from the origin.

    Args:
        strokes: (n, 2) each, in mm from the origin.
        motion: how fast the machine is.
        home: whether the pen goes back to the origin.
    """
    origin = np.zeros(2)
    ends = [*(stroke[-1] for stroke in strokes)]
    starts = [*(stroke[0] for stroke in strokes)]
    ways = [
        np.stack(way)
        for way in zip([origin, *ends], [*starts, origin if home else ends[-1]], strict=True)
    ]
    seconds = sum(_seconds(stroke, motion.feed, motion) + motion.lift for stroke in strokes)
    seconds += sum(_seconds(way, motion.rapid, motion) for way in ways)
    return PlotStats(
        sum(_lengths(stroke).sum() for stroke in strokes),
        sum(_lengths(way).sum() for way in ways),
        len(strokes),
        seconds,
    )


def _lengths(points: Floats) -> Floats:
    return np.hypot(*np.diff(points, axis=0).T)  # type: ignore[no-any-return]


def _seconds(points: Floats, speed: float, motion: Motion) -> float:
    """Time a move along a polyline from rest to rest, as GRBL's planner plans it.

    Speed rises and falls by the acceleration; at a corner it is at most what the centripetal
    acceleration of a circle allows that touches both segments and passes the corner at the
    distance JUNCTION (S. K. Jeon, GRBL: junction deviation).
    """
    offsets = np.diff(points, axis=0)
    lengths = _lengths(points)
    offsets, lengths = offsets[lengths > 0], lengths[lengths > 0]
    if not len(lengths):
        return 0.0
    most, gain = (speed / 60) ** 2, 2 * motion.acceleration * lengths  # squares of speeds
    squares = np.concatenate([[0.0], np.minimum(_corners(offsets, lengths, motion), most), [0.0]])
    for i in range(1, len(squares)):
        squares[i] = min(squares[i], squares[i - 1] + gain[i - 1])
    for i in range(len(squares) - 2, -1, -1):
        squares[i] = min(squares[i], squares[i + 1] + gain[i])
    peak = np.sqrt(np.minimum((squares[:-1] + squares[1:] + gain) / 2, most))
    rising = (2 * peak - np.sqrt(squares[:-1]) - np.sqrt(squares[1:])) / motion.acceleration
    level = lengths - (2 * peak**2 - squares[:-1] - squares[1:]) / (2 * motion.acceleration)
    return float((rising + np.maximum(level, 0) / peak).sum())


def _corners(offsets: Floats, lengths: Floats, motion: Motion) -> Floats:
    """Return the squares of the highest speeds at the corners between segments, (mm/s)^2."""
    units = offsets / lengths[:, None]
    cosines = -(units[:-1] * units[1:]).sum(axis=1).clip(-1, 1)  # of the angle within the corner
    half_sines = np.sqrt((1 - cosines) / 2)
    with np.errstate(divide="ignore"):
        return motion.acceleration * JUNCTION * half_sines / (1 - half_sines)  # type: ignore[no-any-return]
