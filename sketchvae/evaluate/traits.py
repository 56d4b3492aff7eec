"""What a person would say of a drawing of an animal: legs, face, how it was drawn; and features.

Rules of thumb on strokes, not a recogniser: the body is the stroke with the most ink, what
reaches below it is a leg, and what is small belongs to a face.
"""

from collections.abc import Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.evaluate.features import FEATURES, features
from sketchvae.polyline import Floats, segment_lengths, turns

# What it means to have less of a trait than others, and more of it.
TRAITS = {
    "legs": ("fewer legs", "more legs"),  # strokes that reach below the body
    "facing": ("faces left", "faces right"),  # see `_facing`
    "face": ("less face", "more face"),  # strokes as small as eyes
    "body first": ("begins elsewhere", "begins with the body"),
    "clockwise": ("begins anticlockwise", "begins clockwise"),  # full turns of the first stroke
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
_BELOW = 0.04  # of the longest side: how far a leg reaches below the body
_SMALL = 0.12  # of the longest side: the diagonal of an eye at most


def traits(drawings: Sequence[Drawing]) -> Floats:
    """Measure drawings in simplified form: (n, 15), in the order of `TRAITS`."""
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
    """Say how far right of the body's middle the other ink lies, in widths of the body."""
    if not ink.any():
        return 0.0
    middles = np.array([(s[:, 0].min() + s[:, 0].max()) / 2 for s in strokes])
    left, right = body[:, 0].min(), body[:, 0].max()
    away = float(np.average(middles, weights=ink)) - (left + right) / 2
    return float(np.clip(away / max(right - left, 1.0), -1, 1))
