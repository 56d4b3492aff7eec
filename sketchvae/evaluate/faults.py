"""What is wrong with a whole drawing, by geometry: Google's decoder has all of these."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats, arc_length, resample_count, segment_lengths, turns

FAULTS = ("endless circle", "part off the body", "open body")
CIRCLES = 4.0  # full turns of one stroke, all one way
TOUCHING = 0.04  # of the longest side: strokes as near as this are one part
OFF = 0.1  # of the body's diagonal: a part farther away is off
OPEN = 0.3  # of the stroke's diagonal: ends farther apart leave it open
_SPACING = 0.01  # of the longest side, between the points that distances are taken of


def faults(drawing: Drawing) -> tuple[bool, bool, bool]:
    """Tell which of `FAULTS` a drawing has.

    - endless circle: a stroke whose turns add up to more than 4 full circles.
    - part off the body: the parts are strokes that touch (to 0.04 of the longest side); the
      second by ink is farther from the first than 0.1 of the first one's diagonal.
    - open body: the stroke with the most ink has ends farther apart than 0.3 of its diagonal.
    """
    if not drawing.strokes:
        return (False, False, False)
    ink = np.array([segment_lengths(stroke).sum() for stroke in drawing.strokes])
    circles = max(abs(float(turns(stroke).sum())) for stroke in drawing.strokes) / (2 * np.pi)
    main = drawing.strokes[int(ink.argmax())]
    gap = float(np.hypot(*(main[-1] - main[0])))
    return (
        circles > CIRCLES,
        _is_apart(drawing, ink),
        gap > OPEN * max(_diagonal(main), 1e-9),
    )


def fault_shares(drawings: Sequence[Drawing]) -> Floats:
    """Return the share of drawings with each of `FAULTS`, (3,)."""
    shares: Floats = np.array([faults(drawing) for drawing in drawings], dtype=float).mean(axis=0)
    return shares


def _is_apart(drawing: Drawing, ink: Floats) -> bool:
    """Tell whether the second part of a drawing stands off the first."""
    side = max(drawing.longest_side, 1e-9)
    dense = [_dense(stroke, _SPACING * side) for stroke in drawing.strokes]
    near = np.array([[cdist(a, b).min() for b in dense] for a in dense])
    count, part = connected_components(near <= TOUCHING * side, directed=False)
    if count < 2:
        return False
    first, second = np.argsort(-np.bincount(part, weights=ink), kind="stable")[:2]
    body = np.concatenate([s for s, p in zip(drawing.strokes, part, strict=True) if p == first])
    distance = near[np.ix_(part == first, part == second)].min()
    return bool(distance > OFF * _diagonal(body))


def _dense(stroke: Floats, spacing: float) -> Floats:
    """Put points on a stroke, at most `spacing` apart."""
    return resample_count(stroke, int(arc_length(stroke)[-1] / spacing) + 2)


def _diagonal(points: Floats) -> float:
    return float(np.hypot(*np.ptp(points, axis=0)))
