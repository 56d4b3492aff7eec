"""Drawings to a terminal, in braille: every character is two dots wide and four high.

The dots of a braille pattern are the bits of its code point from U+2800 on (Unicode 15.0,
chapter 21.1).
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats
from sketchvae.render.timeline import DEFAULT_PACE, Pace, timeline

WIDEST = 60  # characters of one drawing
RATE = 25.0  # frames a second
BLANK = 0x2800
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_FINER = 2.0  # points a dot: no dot on the way is missed

Places = NDArray[np.int64]  # (n, 2): across and down, in dots


def text(drawing: Drawing, columns: int = WIDEST, rows: int | None = None) -> str:
    """Write a drawing in braille, one line of text a row, as large as the room allows.

    Args:
        drawing: what to write; an empty one gives no line.
        columns: characters that a line may have, at least 1.
        rows: lines that there may be; None for as many as it takes.
    """
    places = [_places(stroke) for stroke in _fitted(drawing, columns, rows)]
    return _written(np.concatenate(places), *_size(places)) if places else ""


def play(
    drawing: Drawing,
    write: Callable[[str], object],
    pace: Pace = DEFAULT_PACE,
    columns: int = WIDEST,
    rows: int | None = None,
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Draw a drawing in the terminal, stroke by stroke, each frame over the last one.

    What it leaves there is `text`, with the cursor under it, also when it is interrupted.

    Args:
        drawing: what to draw.
        write: puts text on the terminal at once.
        pace: how fast.
        columns: characters that a line may have, at least 1.
        rows: lines that there may be, no more than the terminal has.
        wait: is given the seconds between two frames.
    """
    strokes = _fitted(drawing, columns, rows)
    if not strokes:
        return
    places = [_places(stroke) for stroke in strokes]
    size = _size(places)
    times = timeline([drawing], pace)
    due = np.concatenate(
        [
            np.interp(np.linspace(0, 1, len(p)), t.shares, t.seconds)
            for p, t in zip(places, times.strokes, strict=True)
        ]
    )
    dots = np.concatenate(places)
    back = f"\r\x1b[{size[1]}A"
    write(HIDE_CURSOR + "\n" * size[1])
    try:
        for number in range(round(times.duration * RATE)):
            write(back + _written(dots[due <= number / RATE], *size))
            wait(1 / RATE)
    finally:
        write(back + _written(dots, *size) + SHOW_CURSOR)


def _fitted(drawing: Drawing, columns: int, rows: int | None) -> list[Floats]:
    """Fit the strokes between the middles of the outermost dots."""
    x0, y0, x1, y1 = drawing.bounds
    rooms = [(2 * columns - 1, x1 - x0)] + ([] if rows is None else [(4 * rows - 1, y1 - y0)])
    scales = [room / side for room, side in rooms if side > 0]
    scale = min(scales, default=1.0)
    scale = scale if np.isfinite(scale) else 1.0
    return [(stroke - (x0, y0)) * scale for stroke in drawing.strokes]


def _places(stroke: Floats) -> Places:
    """List the dots along a stroke, evenly by its length, so that the last is its end."""
    offsets = np.diff(stroke, axis=0)
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(offsets[:, 0], offsets[:, 1]))])
    along = np.linspace(0, walked[-1], int(walked[-1] * _FINER) + 2)
    points = [np.interp(along, walked, stroke[:, axis]) for axis in (0, 1)]
    return np.rint(np.column_stack(points)).astype(np.int64)


def _size(places: list[Places]) -> tuple[int, int]:
    """Count the characters across and down that it takes to hold all dots."""
    across, down = np.max([p.max(axis=0) for p in places], axis=0).tolist()
    return across // 2 + 1, down // 4 + 1


def _written(places: Places, columns: int, rows: int) -> str:
    cells = np.full((rows, columns), BLANK)
    x, y = places.T
    np.bitwise_or.at(cells, (y // 4, x // 2), _BITS[y % 4, x % 2])
    return "".join("".join(map(chr, row)) + "\n" for row in cells.tolist())
