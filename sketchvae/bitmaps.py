"""Bitmaps of drawings as Quick, Draw! publishes them: 28 x 28 pixels, white ink on black.

Google's numpy bitmaps are made from drawings in simplified form: a square of 256 units with 24
units around it is scaled to 28 pixels, the drawing is centred in it, and the line is 16 units wide,
with round caps and joins (https://github.com/googlecreativelab/quickdraw-dataset). Real drawings
come as such bitmaps far more often than as strokes; here drawn ones become the same.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import SIMPLIFIED_SIDE, Drawing
from sketchvae.errors import FileFormatError
from sketchvae.polyline import Floats
from sketchvae.raster import ink_mask

Bitmaps = NDArray[np.uint8]  # (n, 28, 28), 0 (paper) to 255 (ink)

BITMAP_SIDE = 28  # pixels
_LINE, _PADDING, _SQUARE = 16, 16, 256  # units of the simplified form
_SCALE = BITMAP_SIDE / (_SQUARE + 2 * _PADDING + _LINE)  # pixels per unit


def bitmaps(drawings: Sequence[Drawing]) -> Bitmaps:
    """Return drawings as bitmaps, (n, 28, 28).

    Args:
        drawings: of any size; the longest side becomes 255 units, and no point is dropped.
    """
    pixels = [_bitmap(drawing) for drawing in drawings]
    return np.array(pixels, dtype=np.uint8).reshape(-1, BITMAP_SIDE, BITMAP_SIDE)


def _bitmap(drawing: Drawing) -> Bitmaps:
    left, top, right, bottom = drawing.bounds
    units = SIMPLIFIED_SIDE / max(right - left, bottom - top, 1e-9)
    middle = np.array([left + right, top + bottom]) / 2
    strokes = [(stroke - middle) * (units * _SCALE) + BITMAP_SIDE / 2 for stroke in drawing.strokes]
    return ink_mask(strokes, (BITMAP_SIDE, BITMAP_SIDE), _LINE * _SCALE)


def has_bitmaps(path: Path) -> bool:
    """Return whether an .npz has an array x, as `read_bitmaps` reads; False if it is none."""
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            return "x.npy" in archive.namelist()
    except (OSError, ValueError, NotImplementedError, BadZipFile):
        return False


def read_bitmaps(path: Path) -> Bitmaps:
    """Read bitmaps from an array `x` of an `.npz`, or from Quick, Draw!'s own `.npy`.

    Args:
        path: of the file; its array is (n, 28, 28) or (n, 784) uint8.

    Raises:
        FileFormatError: if the file is missing, damaged, or holds something else.
    """
    from sketchvae.npy import read_npy, read_npz  # here, since one sheep does not need it

    try:
        array = read_npy(path) if path.suffix.lower() == ".npy" else read_npz(path, ["x"])[0]
    except FileNotFoundError as error:
        raise FileFormatError(f"{path}: there is no such file; name one with bitmaps") from error
    except (OSError, ValueError) as error:
        raise FileFormatError(
            f"{path}: must be an .npz with an array x, or an .npy, of bitmaps; it cannot be read "
            f"({error}); give a file of Quick, Draw!'s numpy bitmaps"
        ) from error
    pixels = BITMAP_SIDE * BITMAP_SIDE
    if (
        array.dtype != np.uint8
        or array.size % pixels
        or array.shape[1:]
        not in (
            (BITMAP_SIDE, BITMAP_SIDE),
            (pixels,),
        )
    ):
        raise FileFormatError(
            f"{path}: bitmaps must be (n, 28, 28) or (n, 784) uint8, got {array.shape} "
            f"{array.dtype}; give a file of Quick, Draw!'s numpy bitmaps"
        )
    return np.asarray(array).reshape(-1, BITMAP_SIDE, BITMAP_SIDE)


def blurred(images: Bitmaps) -> Floats:
    """Return bitmaps blurred by a Gaussian of one pixel, (n, 784), from 0 to 1.

    The blur makes two lines that lie side by side nearer to each other than to blank paper.

    Args:
        images: (n, 28, 28).
    """
    distances = np.subtract.outer(np.arange(BITMAP_SIDE), np.arange(BITMAP_SIDE))
    along = np.exp(-(distances**2) / 2) / np.sqrt(2 * np.pi)  # a Gaussian as a matrix product
    pixels: Floats = along @ (images / 255) @ along.T
    return pixels.reshape(len(images), BITMAP_SIDE**2)
