"""Faults of whole drawings that geometry can find; decoders of sketches have all of them."""

from collections.abc import Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.polyline import (
    Bools,
    Floats,
    Ints,
    resample_count,
    segment_lengths,
    turns,
)

FAULTS = ("endless circle", "part off the body", "open body")
OF_SHEEP = ("part off the body", "open body")  # a cat without them is no better
MAX_CIRCLES = 4.0  # full turns of one stroke, those to the left minus those to the right
TOUCHING = 0.04  # greatest gap between touching strokes, as a fraction of the longest side
MAX_DISTANCE = 0.1  # greatest gap between body and part, as a fraction of the body's diagonal
MAX_OPENING = 0.3  # greatest gap between the body's ends, as a fraction of its diagonal
_SPACING = 0.01  # of the points that distances are measured between, likewise of the longest side


def faults_of(word: str) -> tuple[str, ...]:
    """Return those of `FAULTS` that are faults of the drawings of a word."""
    return FAULTS if word == "sheep" else tuple(name for name in FAULTS if name not in OF_SHEEP)


def faults(drawing: Drawing) -> tuple[bool, bool, bool]:
    """Return whether a drawing has each of `FAULTS`.

    - endless circle: the turns of a stroke add up to more than 4 full circles.
    - part off the body: strokes that touch form a part (gap at most 0.04 of the longest side).
      The part with the second most ink is farther from the part with the most ink, the body,
      than 0.1 of the body's diagonal.
    - open body: the ends of the stroke with the most ink are farther apart than 0.3 of its
      diagonal.
    """
    if not drawing.strokes:
        return (False, False, False)
    ink = np.array([segment_lengths(stroke).sum() for stroke in drawing.strokes])
    circles = max(abs(float(turns(stroke).sum())) for stroke in drawing.strokes) / (2 * np.pi)
    main = drawing.strokes[int(ink.argmax())]
    gap = float(np.hypot(*(main[-1] - main[0])))
    return (
        circles > MAX_CIRCLES,
        _is_apart(drawing, ink),
        gap > MAX_OPENING * max(_diagonal(main), 1e-9),
    )


def fault_rates(drawings: Sequence[Drawing]) -> Floats:
    """Return the fraction of drawings with each of `FAULTS`, (3,)."""
    rates: Floats = np.array([faults(drawing) for drawing in drawings], dtype=float).mean(axis=0)
    return rates


def _is_apart(drawing: Drawing, ink: Floats) -> bool:
    """Return whether the part with the second most ink is off the body.

    Args:
        drawing: with a stroke or more.
        ink: (strokes,) length of each stroke.
    """
    if len(drawing.strokes) == 1:
        return False
    side = max(drawing.longest_side, 1e-9)
    counts = (ink / (_SPACING * side)).astype(int) + 2
    gaps = _gaps(list(map(resample_count, drawing.strokes, counts.tolist())))
    part = _components(gaps <= TOUCHING * side)
    parts, part = np.unique(part, return_inverse=True)
    if len(parts) < 2:
        return False
    first, second = np.argsort(-np.bincount(part, weights=ink), kind="stable")[:2]
    body = np.concatenate([s for s, p in zip(drawing.strokes, part, strict=True) if p == first])
    distance = gaps[np.ix_(part == first, part == second)].min()
    return bool(distance > MAX_DISTANCE * _diagonal(body))


def _gaps(strokes: Sequence[Floats]) -> Floats:
    """Return the least distance between the points of each two strokes, (n, n).

    Args:
        strokes: n of them, each (k, 2).
    """
    gaps = np.zeros((len(strokes), len(strokes)))
    for i, stroke in enumerate(strokes[:-1]):
        later = strokes[i + 1 :]
        x, y = np.concatenate(later).T
        squared = (stroke[:, :1] - x) ** 2 + (stroke[:, 1:] - y) ** 2
        starts = np.cumsum([0, *map(len, later[:-1])])
        gaps[i, i + 1 :] = np.sqrt(np.minimum.reduceat(squared.min(axis=0), starts))
    return np.maximum(gaps, gaps.T)


def _components(touches: Bools) -> Ints:
    """Return of each stroke the first stroke of its connected component, (n,).

    Args:
        touches: (n, n) whether two strokes touch; symmetric, and each touches itself.
    """
    first = np.arange(len(touches))
    while True:  # each round passes the lowest number on to whatever touches
        lower = np.where(touches, first, len(touches)).min(axis=1)
        if (lower == first).all():
            return first
        first = lower


def _diagonal(points: Floats) -> float:
    return float(np.hypot(*np.ptp(points, axis=0)))
