"""Drawings nestled on a page: each as near as can be to those before it, none across another.

The room is a bitmap held in one whole number: a bit a pixel, row after row, the highest bit the
upper left one. Shifting the number moves all that is there at once, so every place for a drawing
is tried together: the places that are taken are the room moved by each pixel of it, or-ed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

_PIXELS = 720  # of the longer side of the room
_SLACK = 2.0  # pixels that the outlines of two drawings may miss their ink by, together
_SMALLEST = 6.0  # pixels of the longest side: a smaller drawing has no shape
_SHRINK = 0.85  # of the size, where it is too large
_HALVINGS = 3  # of the span in which the largest size is left then


def nest(
    drawings: Sequence[Drawing], width: float, height: float, gap: float, sizes: Sequence[float]
) -> list[Drawing]:
    """Make drawings as large as fit into a box together, and place them in it.

    Each in turn takes the uppermost free place, and the leftmost of these. A stroke of three
    points or more keeps others out of what it encloses, too. All of them are centred then.

    Args:
        drawings: at least one, each with a stroke.
        width: of the box, mm.
        height: of the box, mm.
        gap: least distance between the ink of two drawings, mm.
        sizes: of the longest sides, one a drawing; only their ratios count.

    Raises:
        SketchvaeError: if they do not fit, however small.
    """
    if len(drawings) * math.pi / 4 * gap**2 > (width + gap) * (height + gap):
        _refuse(len(drawings))  # not even dots would fit; it would take long to find out
    pixel = max(width, height) / _PIXELS
    shapes = [d.sized(s / max(sizes)) for d, s in zip(drawings, sizes, strict=True)]
    room = _Room(int(width / pixel), int(height / pixel), gap / pixel + _SLACK)
    side, corners = _largest(shapes, room)
    placed = [
        shape.scaled(side * pixel).moved(x * pixel, y * pixel)
        for shape, (x, y) in zip(shapes, corners, strict=True)
    ]
    left, top = (min(d.bounds[i] for d in placed) for i in (0, 1))
    right, low = (max(d.bounds[i] for d in placed) for i in (2, 3))
    return [d.moved((width - left - right) / 2, (height - top - low) / 2) for d in placed]


def _largest(shapes: Sequence[Drawing], room: "_Room") -> tuple[float, list[tuple[int, int]]]:
    """Find the largest longest side, in pixels, at which all fit, and their corners then."""
    extents = np.array([shape.bounds[2:] for shape in shapes])
    area = max(float(extents.prod(axis=1).sum()), 1e-9)
    alone = float(min((room.width, room.height) / np.maximum(extents.max(axis=0), 1e-9)))
    low = high = min(alone, 1.25 * (room.width * room.height / area) ** 0.5)
    while (corners := room.places(shape.scaled(low) for shape in shapes)) is None:
        low, high = low * _SHRINK, low
        if low < _SMALLEST:
            _refuse(len(shapes))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = room.places(shape.scaled(middle) for shape in shapes)
        low, high, corners = (low, middle, corners) if found is None else (middle, high, found)
    return low, corners


def _refuse(count: int) -> NoReturn:
    raise SketchvaeError(
        f"drawings must fit on the page, got no room for {count}; choose fewer, a larger page or "
        "a smaller gap"
    )


@dataclass(frozen=True, slots=True)
class _Room:
    """A box that drawings are placed in.

    Attributes:
        width: pixels.
        height: pixels.
        reach: pixels around a drawing that must be free of others. They may lie outside.
    """

    width: int
    height: int
    reach: float

    def places(self, drawings: Iterator[Drawing]) -> list[tuple[int, int]] | None:
        """Place drawings in turn, and return their upper left corners; None if one finds none."""
        border = int(np.ceil(self.reach)) + 1
        stride, rows = self.width + 2 * border, self.height + 2 * border
        bits = stride * rows
        taken, empty, corners = 0, bits, []  # the lowest `empty` bits are not taken yet
        for drawing in drawings:
            ink, around = _covered(drawing, 0), _covered(drawing, border, self.reach)
            height, width = ink.shape
            if width > self.width or height > self.height:
                return None
            across = self.width - width + 1
            inside = int(("1" * across).ljust(stride, "0") * (self.height - height + 1), 2)
            inside <<= bits - stride * (self.height - height + 1)
            free = inside & ~(_blocked(taken >> empty, around, stride) << empty)
            if not free:
                return None
            first = bits - free.bit_length()
            corners.append((first % stride, first // stride))
            below = bits - (first + border * stride + border) - height * stride
            taken |= _number(ink, stride) << below
            empty = min(empty, below)
        return corners


def _covered(drawing: Drawing, border: int, reach: float = 0.0) -> np.ndarray[tuple[int, int]]:
    """Tell which pixels lie on or in the strokes of an aligned drawing, or within reach of them."""
    from PIL import Image, ImageDraw

    _, _, right, low = drawing.bounds
    size = (int(np.ceil(right)) + 1 + 2 * border, int(np.ceil(low)) + 1 + 2 * border)
    image = Image.new("L", size)
    pencil = ImageDraw.Draw(image)
    for stroke in drawing.strokes:
        points = [(float(x), float(y)) for x, y in (stroke + border).tolist()]
        if len(points) > 2:
            pencil.polygon(points, fill=1)
        pencil.line([*points, points[0]], fill=1, width=max(math.ceil(2 * reach), 1))
        for x, y in points:
            pencil.ellipse((x - reach, y - reach, x + reach, y + reach), fill=1)
    return np.asarray(image) > 0


def _runs(covered: np.ndarray[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield the runs of covered pixels as (row, first, length)."""
    edges = np.diff(np.pad(covered.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, firsts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    yield from zip(rows.tolist(), firsts.tolist(), (ends - firsts).tolist(), strict=True)


def _number(covered: np.ndarray[tuple[int, int]], stride: int) -> int:
    """Write pixels as a number of as many rows of `stride` bits."""
    number = 0
    for row, first, length in _runs(covered):
        number |= ((1 << length) - 1) << ((covered.shape[0] - row) * stride - first - length)
    return number


def _blocked(taken: int, around: np.ndarray[tuple[int, int]], stride: int) -> int:
    """Tell at which places the pixels would lie on taken ones: the place of their corner."""
    powers = [taken]  # moved by 0 to 2**k - 1 pixels, and or-ed
    for k in range(around.shape[1].bit_length()):
        powers.append(powers[k] | powers[k] << (1 << k))
    blocked = 0
    for row, first, length in _runs(around):
        k = length.bit_length() - 1
        run = powers[k] | powers[k] << (length - (1 << k))
        blocked |= run << (row * stride + first)
    return blocked
