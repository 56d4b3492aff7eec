"""G-code that GRBL 1.1 accepts (https://github.com/gnea/grbl/wiki/Grbl-v1.1-Commands).

One command a line. The lines behind a `(stroke K of N)` draw that stroke whatever came before, so
that a job can begin again at any stroke. There is no M2 or M30 at the end: they switch the
spindle off, and with it the servo that holds the pen up.
"""

from collections.abc import Iterator

import numpy as np

from sketchvae.machine.comments import (
    END,
    comment,
    pen_comment,
    pen_up_comment,
    speeds_comment,
    stroke_comment,
)
from sketchvae.machine.timing import Motion
from sketchvae.plot.bed import MachinePlot, format_mm, format_point
from sketchvae.plot.pen_lift import PenLift
from sketchvae.polyline import Floats
from sketchvae.svg_page import format_number


def to_gcode(placed: MachinePlot, lift: PenLift, motion: Motion) -> str:
    """Write a plot as G-code, in mm.

    Args:
        placed: the plot in the machine's coordinates.
        lift: how the pen is lifted.
        motion: how fast the machine moves; the feed is written into each stroke, the others into
            a comment, from which `send --check-only` estimates the time.
    """
    feed = motion.feed
    up = [*lift.up, *_dwell(lift.dwell_up)]
    down = [*lift.down, *_dwell(lift.dwell_down)]
    lines = [*_header(placed, lift, motion), *up, *_strokes(placed, up, down, feed), END, *up]
    lines += ["G0 X0 Y0"] if placed.machine.home else []
    return "".join(f"{line}\n" for line in lines)


def seconds_around(lift: PenLift) -> float:
    """Return the seconds before the first stroke and after the last: the pen is lifted in both."""
    return 2 * lift.dwell_up


def _header(placed: MachinePlot, lift: PenLift, motion: Motion) -> Iterator[str]:
    page, (width, height) = placed.plot.page, placed.bed
    yield comment(f"sketchvae plot, page {format_mm(page.width)} x {format_mm(page.height)} mm")
    yield comment(f"bed: {format_mm(width)} x {format_mm(height)} mm")
    yield comment(f"extent: {' '.join(map(format_mm, placed.extent))}")
    yield pen_up_comment(lift.up)
    yield speeds_comment(_speeds(motion))
    yield from ("G21", "G90", "G94", f"F{format_number(motion.feed, 3)}")


def _speeds(motion: Motion) -> dict[str, float]:
    """Return what the lines of a file do not have of a motion."""
    lifted = motion.rapid_acceleration
    return {
        "rapid": motion.rapid,
        "acceleration": motion.acceleration,
        **({} if lifted is None else {"rapid_acceleration": lifted}),
        "junction": motion.junction,
    }


def _strokes(placed: MachinePlot, up: list[str], down: list[str], feed: float) -> Iterator[str]:
    """Yield the lines of all strokes, with a pause before each pen but the first."""
    count, total = 0, len(placed.strokes)
    for layer, strokes in zip(placed.plot.layers, placed.layers, strict=True):
        if len(placed.layers) > 1:
            yield pen_comment(layer.pen, layer.colour)
            if count:  # the first pen is in the machine already
                yield "M0"
        for stroke in strokes:
            count += 1
            yield stroke_comment(count, total)
            yield f"G0 {format_point(stroke[0])}"
            yield from (*down, *_cuts(stroke, feed), *up)


def _cuts(stroke: Floats, feed: float) -> Iterator[str]:
    """Yield the moves from the first point on; a dot is a move to where the pen is."""
    kept = (np.diff(stroke, axis=0) != 0).any(axis=1)
    points = stroke[1:][kept] if kept.any() else stroke[:1]
    yield f"G1 {format_point(points[0])} F{format_number(feed, 3)}"
    yield from (f"G1 {format_point(point)}" for point in points[1:])


def _dwell(seconds: float) -> list[str]:
    return [f"G4 P{format_number(seconds, 3)}"] if round(seconds, 3) else []
