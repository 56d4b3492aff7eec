"""Drawings to a terminal, in braille: a character is two dots wide and four high.

The dots of a braille pattern are the bits of its code point from U+2800 on (Unicode 15.0,
chapter 21.1).
"""

import time
from collections.abc import Callable

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats, Ints, arc_length, resample_count
from sketchvae.render.timeline import DEFAULT_PACE, Pace, timeline

MAX_COLUMNS = 60  # characters in a line
RATE = 25.0  # frames a second
BLANK = 0x2800
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_SAMPLES = 2.0  # points per dot along a stroke: none on the way is missed


def text(drawing: Drawing, columns: int = MAX_COLUMNS, rows: int | None = None) -> str:
    """Return a drawing in braille, as large as it fits, each row ended by a newline.

    Args:
        drawing: an empty one gives no row.
        columns: most characters in a row, at least 1.
        rows: most rows; None for as many as the width takes.
    """
    dots = [_dots(stroke) for stroke in _fitted(drawing, columns, rows)]
    return _braille(np.concatenate(dots), *_size(dots)) if dots else ""


def play(
    drawing: Drawing,
    write: Callable[[str], object],
    pace: Pace = DEFAULT_PACE,
    columns: int = MAX_COLUMNS,
    rows: int | None = None,
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Draw a drawing in the terminal, stroke by stroke, each frame over the last one.

    At the end, also when it is interrupted, `text` stands there with the cursor under it.

    Args:
        drawing: an empty one writes nothing.
        write: puts text on the terminal at once.
        pace: speed of the pen.
        columns: most characters in a row, at least 1.
        rows: most rows, no more than the terminal has.
        wait: is called with the seconds between two frames.
    """
    strokes = _fitted(drawing, columns, rows)
    if not strokes:
        return
    dots = [_dots(stroke) for stroke in strokes]
    size = _size(dots)
    times = timeline([drawing], pace)
    due = np.concatenate(
        [
            np.interp(np.linspace(0, 1, len(d)), t.fractions, t.seconds)
            for d, t in zip(dots, times.strokes, strict=True)
        ]
    )
    every = np.concatenate(dots)
    back = f"\r\x1b[{size[1]}A"
    write(HIDE_CURSOR + "\n" * size[1])
    try:
        for frame in range(round(times.duration * RATE)):
            write(back + _braille(every[due <= frame / RATE], *size))
            wait(1 / RATE)
    finally:
        write(back + _braille(every, *size) + SHOW_CURSOR)


def _fitted(drawing: Drawing, columns: int, rows: int | None) -> list[Floats]:
    """Return the strokes in dots, fitted between the centres of the outermost dots."""
    x0, y0, x1, y1 = drawing.bounds
    rooms = [(2 * columns - 1, x1 - x0)] + ([] if rows is None else [(4 * rows - 1, y1 - y0)])
    scales = [room / side for room, side in rooms if side > 0]
    scale = min(scales, default=1.0)
    scale = scale if np.isfinite(scale) else 1.0
    return [(stroke - (x0, y0)) * scale for stroke in drawing.strokes]


def _dots(stroke: Floats) -> Ints:
    """Return the dots along a stroke, (n, 2) across and down, evenly spaced by its length."""
    length = float(arc_length(stroke)[-1])
    return np.rint(resample_count(stroke, int(length * _SAMPLES) + 2)).astype(np.int64)


def _size(dots: list[Ints]) -> tuple[int, int]:
    """Return the characters across and down that hold all dots."""
    across, down = np.max([d.max(axis=0) for d in dots], axis=0).tolist()
    return across // 2 + 1, down // 4 + 1


def _braille(dots: Ints, columns: int, rows: int) -> str:
    """Return rows of braille characters with dots, (n, 2), each ended by a newline."""
    cells = np.full((rows, columns), BLANK)
    x, y = dots.T
    np.bitwise_or.at(cells, (y // 4, x // 2), _BITS[y % 4, x % 2])
    return "".join("".join(map(chr, row)) + "\n" for row in cells.tolist())
