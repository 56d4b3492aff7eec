"""Numbers as strokes, in the same ink as the drawings that they stand beside: no font is needed."""

import numpy as np

from sketchvae.polyline import Floats

_WIDTH, _HEIGHT, _GAP = 4.0, 6.0, 1.5  # of a digit, and between two
_GLYPHS: tuple[tuple[tuple[tuple[float, float], ...], ...], ...] = (  # 0 to 9, x right, y down
    (((1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)),),
    (((1, 1.5), (2.5, 0), (2.5, 6)), ((1, 6), (4, 6))),
    (((0, 1), (1, 0), (3, 0), (4, 1), (4, 2), (0, 6), (4, 6)),),
    (((0, 0), (4, 0), (2, 2.5), (3, 2.5), (4, 3.5), (4, 5), (3, 6), (1, 6), (0, 5)),),
    (((3, 6), (3, 0), (0, 4.5), (4, 4.5)),),
    (((4, 0), (0, 0), (0, 2.5), (3, 2.5), (4, 3.5), (4, 5), (3, 6), (1, 6), (0, 5)),),
    (((3.5, 0), (1.5, 0), (0, 2), (0, 5), (1, 6), (3, 6), (4, 5), (4, 4), (3, 3), (0, 3)),),
    (((0, 0), (4, 0), (1.5, 6)),),
    (
        ((1, 3), (0, 2), (0, 1), (1, 0), (3, 0), (4, 1), (4, 2), (3, 3), (1, 3)),
        ((1, 3), (0, 4), (0, 5), (1, 6), (3, 6), (4, 5), (4, 4), (3, 3)),
    ),
    (((0.5, 6), (2.5, 6), (4, 4), (4, 1), (3, 0), (1, 0), (0, 1), (0, 2), (1, 3), (4, 3)),),
)
_POINT = (((2, 6),),)


def number_strokes(number: float, left: float, top: float, height: float) -> list[Floats]:
    """Return the strokes of a number, (n, 2) each.

    Args:
        number: 0 or 0.0001 and more; a fraction has its point.
        left: x of its left edge.
        top: y of its upper edge.
        height: of its digits.
    """
    scale = height / _HEIGHT
    return [
        np.array(stroke) * scale + (left + place * (_WIDTH + _GAP) * scale, top)
        for place, sign in enumerate(f"{number:.12g}")
        for stroke in (_POINT if sign == "." else _GLYPHS[int(sign)])
    ]
