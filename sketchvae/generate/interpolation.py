"""Paths and neighbourhoods in the latent space, and the smoothest drawings along a path.

Shape letters: Z latent, k latents of a path, m candidates at each.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import ArgumentError, SketchvaeError, abbreviate, check_range
from sketchvae.model.prior import Prior
from sketchvae.polyline import Floats, Floats32, Ints, arc_length, resample_count, to_float32

DEFAULT_SPREAD = 0.3  # standard deviations of the prior
_MAX_SPREAD = 10.0
_MIN_SINE = 1e-4  # of the angle between latents: spherical interpolation divides by it

CANDIDATES = 16  # drawings sampled at each latent of a path
RECONSTRUCTIONS = 32  # drawings sampled for each reconstruction
UNFINISHED_COST = 1e6  # cost of a candidate that did not end, above that of any other
_GRID = 16  # cells per side of the image by which shapes are compared
_SMOOTHNESS = 20.0  # squared latent distance that equals a change to a shape without overlap


def check_latents(latents: ArrayLike, width: int) -> Floats32:
    """Return latents as float32, (n, width).

    Args:
        latents: (n, width), or a single one (width,), an array or lists.
        width: Z of the model.

    Raises:
        ArgumentError: for anything else than numbers.
        SketchvaeError: if a value is not finite, or the shape another.
    """
    values = to_float32(_numbers(latents, width))
    values = values[None] if values.shape == (width,) else values
    if values.ndim != 2 or values.shape[1] != width or not np.isfinite(values).all():
        raise SketchvaeError(
            f"latents must be finite and of the shape (n, {width}), got "
            f"{_fault(values, width)}; encode with the same model"
        )
    return values


def check_latent(latent: ArrayLike, width: int) -> Floats32:
    """Return a single latent, (width,), as float32.

    Args:
        latent: (width,) or (1, width), an array or lists.
        width: Z of the model.

    Raises:
        SketchvaeError: as `check_latents`, or for several latents.
    """
    latents = check_latents(latent, width)
    if len(latents) != 1:
        raise SketchvaeError(f"there must be one latent here, got {len(latents)}; choose one")
    only: Floats32 = latents[0]
    return only


def _numbers(latents: ArrayLike, width: int) -> NDArray[Any]:
    """Return latents as an array of numbers; drawings, names and ragged lists are refused."""
    try:
        values = np.asarray(latents)
    except ValueError:  # rows of unequal lengths
        values = np.array(None)
    if values.dtype.kind not in "fiub":
        raise ArgumentError(
            f"latents must be numbers, an array (n, {width}), got {abbreviate(latents)}; encode "
            "drawings first, with artist.encode(drawings)"
        )
    return values


def _fault(latents: NDArray[Any], width: int) -> str:
    """Return the shape of latents, if it is not (n, width), or else the first value not finite."""
    if latents.ndim != 2 or latents.shape[1] != width:
        return str(latents.shape)
    row, column = np.argwhere(~np.isfinite(latents))[0]
    return f"{latents[row, column]} in row {row}, column {column}"


def interpolate(first: Floats32, last: Floats32, steps: int, *, linear: bool = False) -> Floats32:
    """Return latents from one to another, (steps, Z), both ends included.

    Spherical interpolation (Shoemake 1985) turns at an even pace and keeps its distance from the
    origin, near which a prior of many dimensions has no mass.

    Args:
        first: (Z,).
        last: (Z,).
        steps: number of latents, 2 or more.
        linear: follow the straight line instead.

    Raises:
        SketchvaeError: for fewer than 2 steps.
    """
    if steps < 2:
        raise SketchvaeError(f"a path must have 2 steps or more, got {steps}; try 8")
    t = np.linspace(0, 1, steps)[:, None]
    a, b = first.astype(np.float64), last.astype(np.float64)
    product = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / product, -1, 1)) if product > 0 else 0.0
    sine = np.sin(angle)
    if linear or sine < _MIN_SINE:
        path = (1 - t) * a + t * b
    else:
        path = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / sine
    return path.astype(np.float32)


def perturb(latents: Floats32, prior: Prior, n: int, spread: float, seed: int) -> Floats32:
    """Return latents with normal noise, (n, Z): the given ones in turn.

    Args:
        latents: (m, Z), m >= 1.
        prior: its standard deviation in each dimension is the unit of `spread`.
        n: number of latents to return.
        spread: standard deviation of the noise, 0 to 10; 1 scatters as widely as the prior.
        seed: 0 or more.

    Raises:
        SketchvaeError: if there is no latent, or the spread is out of range.
    """
    if not len(latents):
        raise SketchvaeError("drawing near latents needs one or more, got none; encode a drawing")
    check_range("the spread", spread, 0, _MAX_SPREAD, advice=f"try {DEFAULT_SPREAD}")
    shape = (n, latents.shape[1])
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    deviation = spread * prior.standard_deviation()
    scattered: Floats32 = latents[np.arange(n) % len(latents)] + deviation * noise
    return scattered.astype(np.float32)


# --- smooth paths of drawings -------------------------------------------------------------


def candidate_costs(difference: Floats | Floats32, ended: Ints, shape: tuple[int, int]) -> Floats:
    """Return the squared distance of candidates from their targets, (k, m).

    Args:
        difference: (n, D) of those that ended from their targets.
        ended: (n,) their indices among all; the others cost more than any.
        shape: (k, m), m candidates for each of k targets.
    """
    costs = np.full(shape, UNFINISHED_COST)
    costs.flat[ended] = np.square(difference).sum(axis=1)
    return costs


def viterbi_path(candidates: Sequence[Drawing | None], sq_distance: Floats) -> list[Drawing]:
    """Choose one candidate at each latent of a path, so that the sum of all costs is least.

    A candidate costs the squared distance of its own latent from the latent that it was drawn
    from, since a scribble is encoded as something else, and the change of its shape from the one
    before. The cheapest path is found by dynamic programming (Viterbi 1967).

    Args:
        candidates: m for each of k latents, those of the first latent first; None for one that
            did not end.
        sq_distance: (k, m) squared distance of each candidate's own latent.

    Returns:
        The chosen drawings, k or fewer: where a latent has no candidate that ended, none.
    """
    k, m = sq_distance.shape
    shapes = np.stack([_shape(drawing or Drawing(())) for drawing in candidates])
    shapes = shapes.reshape(k, m, -1)
    cost, choices = sq_distance[0], list[NDArray[np.intp]]()
    for before, after, own_cost in zip(shapes, shapes[1:], sq_distance[1:], strict=False):
        total = cost[:, None] + _SMOOTHNESS * (1 - before @ after.T)
        choices.append(total.argmin(axis=0))
        cost = total.min(axis=0) + own_cost
    columns = [int(cost.argmin())]
    for choice in reversed(choices):
        columns.append(int(choice[columns[-1]]))
    chosen = [candidates[i * m + j] for i, j in enumerate(reversed(columns))]
    return [drawing for drawing in chosen if drawing is not None]


def _shape(drawing: Drawing) -> Floats:
    """Return the ink in each cell of a 16 x 16 grid, (256,), as a unit vector; zeros for no ink."""
    ink = np.zeros((_GRID + 1, _GRID + 1))
    for stroke in drawing.fit(_GRID - 1, _GRID - 1).strokes:
        x, y = resample_count(stroke, 2 + int(4 * arc_length(stroke)[-1])).T
        column, row = x.astype(int), y.astype(int)
        right, below = x - column, y - row
        for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)):  # shared among the four nearest cells
            weight = np.abs(1 - dx - right) * np.abs(1 - dy - below)
            np.add.at(ink, (row + dy, column + dx), weight)
    shape = ink.clip(max=4).ravel()
    norm = np.linalg.norm(shape)
    return shape / norm if norm > 0 else shape
