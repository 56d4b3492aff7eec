"""Traits of drawings of animals in words that people use: legs, face, direction; and features.

They come from rules of thumb on strokes, not from a classifier: the body is the stroke with the
most ink, a stroke that reaches below it is a leg, and a small stroke belongs to a face.
"""

from collections.abc import Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.features import FEATURES, features
from sketchvae.polyline import Floats, segment_lengths, turns

# Each trait, and the words for less of it and for more of it.
TRAITS = {
    "legs": ("fewer legs", "more legs"),  # number of strokes that reach below the body
    "facing": ("faces left", "faces right"),  # from -1 to 1, see `_facing`
    "face": ("less face", "more face"),  # number of strokes as small as eyes
    "body first": ("begins elsewhere", "begins with the body"),  # 0 or 1
    "clockwise": (
        "begins anticlockwise",
        "begins clockwise",
    ),  # full turns of the first stroke, from -1 to 1
    "points": ("fewer points", "more points"),
    "strokes": ("fewer strokes", "more strokes"),
    "log aspect": ("taller", "wider"),
    "ink": ("less ink", "more ink"),
    "mean segment": ("finer lines", "longer lines"),
    "median turn": ("straighter", "more bent"),
    "sharp turns": ("rounder", "more jagged"),
    "longest stroke": ("smaller body", "all body"),
    "pen-up travel": ("less travel of the pen", "more travel of the pen"),
    "first gap": ("first stroke closed", "first stroke open"),
}
_BELOW = 0.04  # how far a leg reaches below the body, as a fraction of the longest side
_SMALL = 0.12  # greatest diagonal of an eye, as a fraction of the longest side


def traits(drawings: Sequence[Drawing]) -> Floats:
    """Return the traits of drawings in simplified form, (n, 15), in the order of `TRAITS`."""
    own = np.array([_measure(drawing) for drawing in drawings])
    return np.concatenate([own.reshape(-1, len(TRAITS) - len(FEATURES)), features(drawings)], 1)


def _measure(drawing: Drawing) -> list[float]:
    if not drawing.strokes:
        return [0.0] * (len(TRAITS) - len(FEATURES))
    side = max(drawing.longest_side, 1.0)
    ink = np.array([segment_lengths(stroke).sum() for stroke in drawing.strokes])
    body = int(ink.argmax())
    low = np.array([stroke[:, 1].max() for stroke in drawing.strokes])
    is_leg = low > low[body] + _BELOW * side
    is_small = np.array([np.hypot(*np.ptp(s, axis=0)) < _SMALL * side for s in drawing.strokes])
    is_head = ~is_leg & ~is_small
    is_head[body] = False
    return [
        float(is_leg.sum()),
        _facing(drawing.strokes, ink * is_head, drawing.strokes[body]),
        float((is_small & ~is_leg).sum()),
        float(body == 0),
        float(np.clip(turns(drawing.strokes[0]).sum() / (2 * np.pi), -1, 1)),
    ]


def _facing(strokes: Sequence[Floats], ink: Floats, body: Floats) -> float:
    """Return how far right of the body's centre the head lies, in widths of the body, -1 to 1.

    Args:
        strokes: of the drawing.
        ink: (strokes,) length of each stroke of the head, 0 for all other strokes.
        body: (n, 2) points of the body.
    """
    if not ink.any():
        return 0.0
    centres = np.array([(s[:, 0].min() + s[:, 0].max()) / 2 for s in strokes])
    left, right = body[:, 0].min(), body[:, 0].max()
    offset = float(np.average(centres, weights=ink)) - (left + right) / 2
    return float(np.clip(offset / max(right - left, 1.0), -1, 1))
