"""Drawings -> numbers to compare them by: ten measures of line and shape, and a small raster."""

from collections.abc import Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats, segment_lengths, turns

FEATURES = (
    "points",
    "strokes",
    "log aspect",
    "ink",  # length, in longest sides
    "mean segment",  # in longest sides
    "median turn",  # in radians, without sign
    "sharp turns",  # share of turns over 1.2 rad
    "longest stroke",  # share of the ink
    "pen-up travel",  # in longest sides
    "first gap",  # between the ends of the first stroke, in longest sides
)
SHARP = 1.2  # radians
SIDE = 28  # pixels of the raster


def features(drawings: Sequence[Drawing]) -> Floats:
    """Measure drawings in simplified form: (n, 10), in the order of `FEATURES`."""
    return np.array([_measure(drawing) for drawing in drawings]).reshape(-1, len(FEATURES))


def _measure(drawing: Drawing) -> list[float]:
    if not drawing.strokes:
        return [0.0] * len(FEATURES)
    side = max(drawing.longest_side, 1.0)
    left, top, right, bottom = drawing.bounds
    by_stroke = [segment_lengths(stroke) for stroke in drawing.strokes]
    segments = np.concatenate(by_stroke)
    ink = max(float(segments.sum()), 1e-9)
    angles = np.abs(np.concatenate([turns(stroke) for stroke in drawing.strokes]))
    travel = sum(
        float(np.hypot(*(after[0] - before[-1])))
        for before, after in zip(drawing.strokes, drawing.strokes[1:], strict=False)
    )
    first = drawing.strokes[0]
    return [
        drawing.n_points,
        len(drawing.strokes),
        float(np.log(max(right - left, 1.0) / max(bottom - top, 1.0))),
        ink / side,
        float(segments.mean()) / side if len(segments) else 0.0,
        float(np.median(angles)) if len(angles) else 0.0,
        float((angles > SHARP).mean()) if len(angles) else 0.0,
        max(float(s.sum()) for s in by_stroke) / ink,
        travel / side,
        float(np.hypot(*(first[-1] - first[0]))) / side,
    ]


def rasters(drawings: Sequence[Drawing]) -> Floats:
    """Draw drawings in simplified form as blurred pictures of 28 x 28: (n, 784), 0 to 1."""
    return np.array([_raster(drawing) for drawing in drawings]).reshape(-1, SIDE * SIDE)


def _raster(drawing: Drawing) -> Floats:
    """Return one picture, (784,), 0 to 1.

    Pillow draws it, not `raster`: published figures depend on these very pixels.
    """
    from PIL import Image, ImageDraw, ImageFilter

    finer, margin = 4, 2
    picture = Image.new("L", (SIDE * finer, SIDE * finer), 0)
    ink = ImageDraw.Draw(picture)
    for stroke in drawing.fit(SIDE * finer, SIDE * finer, margin * finer).strokes:
        places = [(x, y) for x, y in stroke.tolist()]
        ink.line(places * 2 if len(places) == 1 else places, fill=255, width=finer + 2)
    small = picture.reduce(finer).filter(ImageFilter.GaussianBlur(1))
    return np.asarray(small, dtype=np.float64).ravel() / 255
