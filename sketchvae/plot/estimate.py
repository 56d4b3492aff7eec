"""Length of ink and of travel of a plot, number of lifts, and the time it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sketchvae.machine.timing import Motion, segment_seconds
from sketchvae.polyline import Floats, segment_lengths


@dataclass(frozen=True, slots=True)
class PlotStats:
    """Size and duration of a plot.

    Attributes:
        ink: mm that the pen draws.
        travel: mm that it moves while it is lifted, from the origin on and, if it goes home, back.
        lifts: number of times that it is lifted.
        seconds: estimated time, without changes of pens.
    """

    ink: float
    travel: float
    lifts: int
    seconds: float


def estimate(
    strokes: Sequence[Floats], motion: Motion, home: bool = True, standing: float = 0.0
) -> PlotStats:
    """Measure strokes that are drawn in their order, from the origin.

    Args:
        strokes: (n, 2) each, in mm from the origin.
        motion: how fast the machine moves.
        home: whether the pen returns to the origin.
        standing: seconds before the first stroke and after the last.
    """
    origin = np.zeros(2)
    starts = [*(stroke[0] for stroke in strokes), *([origin] if home else [])]
    ends = [origin, *(stroke[-1] for stroke in strokes)]
    travels = [np.stack(pair) for pair in zip(ends, starts, strict=False)]
    drawing = sum(_seconds(stroke, motion, False) + motion.pen_delay for stroke in strokes)
    travelling = sum(_seconds(travel, motion, True) for travel in travels)
    return PlotStats(
        ink=sum(float(segment_lengths(stroke).sum()) for stroke in strokes),
        travel=sum(float(segment_lengths(travel).sum()) for travel in travels),
        lifts=len(strokes),
        seconds=drawing + travelling + standing,
    )


def seconds_of_pens(
    layers: Sequence[Sequence[Floats]], motion: Motion, home: bool = True
) -> list[float]:
    """Return the seconds that each pen draws, travel to its strokes included; their sum is all.

    Args:
        layers: strokes of each pen, in the order of drawing, as in `estimate`.
        motion: how fast the machine moves.
        home: whether the pen returns to the origin at the end.
    """
    ends = [
        estimate([s for layer in layers[:k] for s in layer], motion, home and k == len(layers))
        for k in range(1, len(layers) + 1)
    ]
    seconds = [0.0, *(stats.seconds for stats in ends)]
    return [after - before for before, after in pairwise(seconds)]


def _seconds(points: Floats, motion: Motion, is_lifted: bool) -> float:
    """Return the seconds along a polyline, (n, 2) in mm, with the pen up or down."""
    speeds = [motion.rapid if is_lifted else motion.feed] * (len(points) - 1)
    acceleration = motion.acceleration_of(is_lifted)
    return sum(segment_seconds(points.tolist(), speeds, acceleration, motion.junction))
