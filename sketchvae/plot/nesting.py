"""Nesting: drawings as near to each other as a gap allows, and none across another.

The box is a bitmap, held in one integer: one bit a pixel, row after row, the highest bit the
upper left pixel. A shift of the integer moves the whole bitmap, so all corners at which a shape
could lie are tried together: the shape collides at the OR of the occupied bitmap shifted by each
of the shape's pixels. (`raster` inks lines alone; here a closed outline is filled as well.)
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Bools

_PIXELS = 720  # pixels of the longer side of the box
_SLACK = 2.0  # pixels by which the bitmaps of two drawings may miss their ink, together
_SMALLEST = 6.0  # pixels of the longest side of a drawing: a smaller one has no shape
_SHRINK = 0.85  # factor by which drawings that do not fit are made smaller
_HALVINGS = 3  # steps of bisection between a size that fits and one that does not


@dataclass(frozen=True, slots=True)
class Box:
    """The area in which drawings are placed.

    Attributes:
        width: mm.
        height: mm.
        gap: least distance between the ink of two drawings, mm.
    """

    width: float
    height: float
    gap: float


def nest(drawings: Sequence[Drawing], box: Box, scales: Sequence[float]) -> list[Drawing]:
    """Place drawings in a box, as large as they fit into it together, and centre them.

    Each in turn takes the uppermost free corner, and the leftmost of these. A stroke of three
    points or more keeps other drawings out of the area that it encloses.

    Args:
        drawings: at least one, each with a stroke.
        box: in which they are placed.
        scales: of the longest sides, one for each drawing; only their ratios count.

    Returns:
        The drawings in mm from the upper left corner of the box.

    Raises:
        SketchvaeError: if they do not fit, however small.
    """
    gap = box.gap
    if len(drawings) * math.pi / 4 * gap**2 > (box.width + gap) * (box.height + gap):
        _refuse(len(drawings))  # not even dots would fit, and to try that takes long
    pixel = max(box.width, box.height) / _PIXELS
    shapes = [d.sized(s / max(scales)) for d, s in zip(drawings, scales, strict=True)]
    bitmap = _Bitmap(int(box.width / pixel), int(box.height / pixel), gap / pixel + _SLACK)
    side, corners = _largest(shapes, bitmap)
    placed = [
        shape.scaled(side * pixel).moved(x * pixel, y * pixel)
        for shape, (x, y) in zip(shapes, corners, strict=True)
    ]
    left, top = (min(d.bounds[i] for d in placed) for i in (0, 1))
    right, bottom = (max(d.bounds[i] for d in placed) for i in (2, 3))
    right_free, bottom_free = box.width - left - right, box.height - top - bottom
    return [d.moved(right_free / 2, bottom_free / 2) for d in placed]


def _largest(shapes: Sequence[Drawing], bitmap: "_Bitmap") -> tuple[float, list[tuple[int, int]]]:
    """Find the largest size at which all shapes fit.

    Args:
        shapes: whose longest side is 1 at most.
        bitmap: in which they are placed.

    Returns:
        The longest side in pixels, and the upper left corners of the shapes.
    """
    extents = np.array([shape.bounds[2:] for shape in shapes])
    area = max(float(extents.prod(axis=1).sum()), 1e-9)
    largest = np.maximum(extents.max(axis=0), 1e-9)
    alone = float(min((bitmap.width, bitmap.height) / largest))
    low = high = min(alone, 1.25 * (bitmap.width * bitmap.height / area) ** 0.5)
    while (corners := bitmap.corners(shape.scaled(low) for shape in shapes)) is None:
        low, high = low * _SHRINK, low
        if low < _SMALLEST:
            _refuse(len(shapes))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried = bitmap.corners(shape.scaled(middle) for shape in shapes)
        low, high, corners = (low, middle, corners) if tried is None else (middle, high, tried)
    return low, corners


def _refuse(count: int) -> NoReturn:
    raise SketchvaeError(
        f"drawings must fit on the page, got no room for {count}; choose fewer, a larger page or "
        "a smaller gap"
    )


@dataclass(frozen=True, slots=True)
class _Bitmap:
    """The size of the box in pixels.

    Attributes:
        width: pixels.
        height: pixels.
        reach: pixels around a drawing that must be free of others, also outside of the box.
    """

    width: int
    height: int
    reach: float

    def corners(self, drawings: Iterable[Drawing]) -> list[tuple[int, int]] | None:
        """Place drawings in turn; return their upper left corners, None if one does not fit.

        Args:
            drawings: in pixels, with their upper left corner at the origin.
        """
        border = int(np.ceil(self.reach)) + 1
        stride, rows = self.width + 2 * border, self.height + 2 * border
        bits = stride * rows
        occupied, empty, corners = 0, bits, []  # the lowest `empty` bits are not occupied yet
        for drawing in drawings:
            ink, around = _mask(drawing, 0), _mask(drawing, border, self.reach)
            height, width = ink.shape
            if width > self.width or height > self.height:
                return None
            inside = self._corners_inside(width, height, stride, bits)
            collisions = _collisions(occupied >> empty, around, stride) << empty
            free = inside & ~collisions
            if not free:
                return None
            first = bits - free.bit_length()
            corners.append((first % stride, first // stride))
            below = bits - (first + border * stride + border) - height * stride
            occupied |= _to_bits(ink, stride) << below
            empty = min(empty, below)
        return corners

    def _corners_inside(self, width: int, height: int, stride: int, bits: int) -> int:
        """Return the bits of the corners at which a shape lies inside the box.

        Args:
            width: of the shape in pixels.
            height: of the shape in pixels.
            stride: bits of a row.
            bits: of the whole bitmap.
        """
        rows = self.height - height + 1
        row = ("1" * (self.width - width + 1)).ljust(stride, "0")
        return int(row * rows, 2) << bits - stride * rows


def _mask(drawing: Drawing, border: int, reach: float = 0.0) -> Bools:
    """Mark the pixels on, in or near the strokes of a drawing, (height, width).

    Pillow draws it, not `raster`: shapes are filled, and pages are arranged by these very pixels.

    Args:
        drawing: in pixels, with its upper left corner at the origin.
        border: pixels added on each side.
        reach: distance from a stroke up to which pixels are marked.
    """
    from PIL import Image, ImageDraw

    _, _, right, bottom = drawing.bounds
    size = (int(np.ceil(right)) + 1 + 2 * border, int(np.ceil(bottom)) + 1 + 2 * border)
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


def _runs(mask: Bools) -> Iterator[tuple[int, int, int]]:
    """Yield the runs of marked pixels as (row, first column, length)."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, firsts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    yield from zip(rows.tolist(), firsts.tolist(), (ends - firsts).tolist(), strict=True)


def _to_bits(mask: Bools, stride: int) -> int:
    """Return a mask as bits, with `stride` bits a row."""
    bits = 0
    for row, first, length in _runs(mask):
        bits |= ((1 << length) - 1) << ((mask.shape[0] - row) * stride - first - length)
    return bits


def _collisions(occupied: int, mask: Bools, stride: int) -> int:
    """Return the bits of the corners at which a mask would lie on occupied pixels.

    Args:
        occupied: bits of the occupied pixels.
        mask: (height, width) of a shape.
        stride: bits of a row.
    """
    powers = [occupied]  # powers[k]: shifted by 0 to 2**k - 1 pixels, and or-ed
    for k in range(mask.shape[1].bit_length()):
        powers.append(powers[k] | powers[k] << (1 << k))
    collisions = 0
    for row, first, length in _runs(mask):
        k = length.bit_length() - 1
        run = powers[k] | powers[k] << (length - (1 << k))
        collisions |= run << (row * stride + first)
    return collisions
