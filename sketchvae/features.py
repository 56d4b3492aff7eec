"""Features that drawings are compared by: ten measures of line and shape."""

from collections.abc import Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats, segment_lengths, turns

FEATURES = (
    "points",  # number
    "strokes",  # number
    "log aspect",  # log(width / height)
    "ink",  # length of all strokes, in longest sides
    "mean segment",  # mean length of a segment, in longest sides
    "median turn",  # median angle between segments, in radians, without sign
    "sharp turns",  # fraction of turns over 1.2 rad
    "longest stroke",  # fraction of the ink that is in the longest stroke
    "pen-up travel",  # length of the moves between strokes, in longest sides
    "first gap",  # distance between the ends of the first stroke, in longest sides
)
# Standard deviation of each among 143 real sheep.
SPREAD = np.array([25.877, 2.989, 0.216, 1.31, 0.014, 0.121, 0.086, 0.172, 0.782, 0.178])
SHARP_TURN = 1.2  # radians
Z_SCORE_CLIP = 5.0  # standard deviations, where drawings are compared by their features


def features(drawings: Sequence[Drawing]) -> Floats:
    """Return the features of drawings in simplified form, (n, 10), in the order of `FEATURES`."""
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
        float((angles > SHARP_TURN).mean()) if len(angles) else 0.0,
        max(float(s.sum()) for s in by_stroke) / ink,
        travel / side,
        float(np.hypot(*(first[-1] - first[0]))) / side,
    ]
