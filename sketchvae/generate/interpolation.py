"""Paths and neighbourhoods in the latent space. Shape letter: Z latent."""

import numpy as np

from sketchvae.errors import SketchvaeError
from sketchvae.model.prior import Prior
from sketchvae.polyline import Floats32

SPREAD = 0.3  # standard deviations of the prior
_WIDEST = 10.0
_PARALLEL = 1e-4  # sine of an angle that spherical interpolation cannot divide by


def check_latents(latents: Floats32, width: int) -> Floats32:
    """Return latents as float32.

    Raises:
        SketchvaeError: if they are not finite, or not of the shape (n, width).
    """
    if latents.ndim != 2 or latents.shape[1] != width or not np.isfinite(latents).all():
        raise SketchvaeError(
            f"latents must be finite and of the shape (n, {width}), got "
            f"{_fault(latents, width)}; encode with the same model"
        )
    return latents.astype(np.float32)


def _fault(latents: Floats32, width: int) -> str:
    if latents.ndim != 2 or latents.shape[1] != width:
        return str(latents.shape)
    row, column = np.argwhere(~np.isfinite(latents))[0]
    return f"{latents[row, column]} in row {row}, column {column}"


def interpolate(first: Floats32, last: Floats32, steps: int, *, linear: bool = False) -> Floats32:
    """Return a path of latents, (steps, Z), from the first to the last, (Z,) each.

    Spherical interpolation (Shoemake 1985) turns at an even pace and keeps away from the
    origin, where the prior of many dimensions has nothing; a straight line is through it.

    Raises:
        SketchvaeError: for fewer than 2 steps.
    """
    if steps < 2:
        raise SketchvaeError(f"a path must have 2 steps or more, got {steps}; try 8")
    t = np.linspace(0, 1, steps)[:, None]
    a, b = first.astype(np.float64), last.astype(np.float64)
    product = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / product, -1, 1)) if product > 0 else 0.0
    turn = np.sin(angle)
    if linear or turn < _PARALLEL:
        path = (1 - t) * a + t * b
    else:
        path = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / turn
    return path.astype(np.float32)


def perturb(latents: Floats32, prior: Prior, n: int, spread: float, seed: int) -> Floats32:
    """Return n latents scattered around those that are given, (m, Z), each in turn.

    Args:
        latents: (m, Z), at least one.
        prior: in whose standard deviations the spread counts, each dimension by its own.
        n: how many.
        spread: 0 to 10; 1 scatters as widely as the prior does.
        seed: 0 or more.

    Raises:
        SketchvaeError: if there is no latent, or the spread is out of range.
    """
    if not len(latents):
        raise SketchvaeError("drawing near latents needs one or more, got none; encode a drawing")
    if not 0 <= spread <= _WIDEST:
        raise SketchvaeError(f"the spread must be 0 to {_WIDEST:g}, got {spread:g}; try {SPREAD}")
    shape = (n, latents.shape[1])
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    scattered: Floats32 = (
        latents[np.arange(n) % len(latents)] + spread * prior.standard_deviation() * noise
    )
    return scattered.astype(np.float32)
