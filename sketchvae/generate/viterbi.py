"""A path of drawings: of several drawn at each latent, those that change least along it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats, arc_length, resample_count

CANDIDATES = 16  # drawings at each latent
_GRID = 16  # cells in a row, by which shapes are compared
_SMOOTHNESS = 20.0  # squared latent distances that a shape with nothing in common costs
UNFINISHED_COST = 1e6  # what a candidate that did not end is away: farther than any


def viterbi_path(candidates: Sequence[Drawing | None], away: Floats) -> list[Drawing]:
    """Choose a candidate at each latent of a path, so that the whole costs least.

    A drawing costs as much as its own latent is away from the one that it was drawn from, for
    a scribble is read as something else, and as much as its shape differs from the one before.
    The cheapest path is found from its end (Viterbi 1967).

    Args:
        candidates: m for each of k latents, the first m for the first; None for one that did
            not end.
        away: (k, m) how far each one's own latent is from that of the path, squared.
    """
    k, m = away.shape
    shapes = np.stack([_shape(drawing or Drawing(())) for drawing in candidates])
    shapes = shapes.reshape(k, m, -1)
    cost, choices = away[0], list[NDArray[np.intp]]()
    for before, after, here in zip(shapes, shapes[1:], away[1:], strict=False):
        total = cost[:, None] + _SMOOTHNESS * (1 - before @ after.T)
        choices.append(total.argmin(axis=0))
        cost = total.min(axis=0) + here
    chosen = [int(cost.argmin())]
    for choice in reversed(choices):
        chosen.append(int(choice[chosen[-1]]))
    found = [candidates[i * m + j] for i, j in enumerate(reversed(chosen))]
    return [drawing for drawing in found if drawing is not None]


def _shape(drawing: Drawing) -> Floats:
    """Return how much ink lies in each cell of a grid, (256,), of length 1; empty for none."""
    ink = np.zeros((_GRID + 1, _GRID + 1))
    for stroke in drawing.fit(_GRID - 1, _GRID - 1).strokes:
        x, y = resample_count(stroke, 2 + int(4 * arc_length(stroke)[-1])).T
        column, row = x.astype(int), y.astype(int)
        right, below = x - column, y - row
        for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)):  # shared among the four cells around
            share = np.abs(1 - dx - right) * np.abs(1 - dy - below)
            np.add.at(ink, (row + dy, column + dx), share)
    shape = ink.clip(max=4).ravel()
    length = np.linalg.norm(shape)
    return shape / length if length > 0 else shape
