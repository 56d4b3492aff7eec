"""From a trained network to a weights file: the fitted prior, and where all of it comes from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import ModelFile, Prior
from sketchvae.polyline import Floats32
from sketchvae.train.batches import Pool, make_batch

COMPONENTS = 20
_LATENTS_A_COMPONENT = 1000  # fewer do not settle a covariance of 128 dimensions
_FEWEST = 2000  # latents: of fewer drawings several each, or they settle none


def finish(
    model: SketchVAE, pool: Pool, scale: float, about: Mapping[str, Any], most: int = 40_000
) -> ModelFile:
    """Fit the prior to the training drawings and put everything into one weights file.

    Args:
        model: the averaged weights.
        pool: the training drawings.
        scale: pixels per model unit.
        about: what people should know of the model.
        most: drawings to encode; fewer make a rougher prior, sooner.
    """
    latents = draw_latents(model, pool, scale, most)
    prior = fit_prior(latents, components=min(len(pool), most) // _LATENTS_A_COMPONENT)
    return ModelFile(model.config, scale, model.to_arrays(), prior, about)


@torch.no_grad()
def draw_latents(model: SketchVAE, pool: Pool, scale: float, most: int, seed: int = 0) -> Floats32:
    """Draw one z from the posterior of each of up to `most` drawings, (n, Z).

    Of few drawings each gives several, 2000 or more in all. Together they are drawn from the
    aggregate posterior: what the decoder has learnt to draw from, which is not N(0, I).
    """
    rng = np.random.default_rng(seed)
    which = np.tile(rng.permutation(len(pool))[:most], -(-_FEWEST // min(len(pool), most)))
    which = which[np.argsort(pool.lengths[which], kind="stable")]
    device = next(model.parameters()).device
    latents: list[Tensor] = []
    for first in range(0, len(which), 256):
        points = pool.points(which[first : first + 256])
        batch = make_batch(points, scale, model.config.latent, rng)
        posterior = model.encode(
            torch.from_numpy(batch.steps).to(device), torch.from_numpy(batch.lengths).to(device)
        )
        latents.append(posterior.z(torch.from_numpy(batch.noise).to(device)).cpu())
    return np.asarray(torch.cat(latents))


def fit_prior(latents: Floats32, components: int | None = None, seed: int = 0) -> Prior:
    """Fit a mixture of Gaussians with full covariances to latents, (n, Z).

    Args:
        latents: to fit it to.
        components: 1 to 20, brought into that range; None for one in 1000 latents.
        seed: of the fit.
    """
    from sklearn.mixture import GaussianMixture

    if len(latents) < 2:
        Z = latents.shape[1]
        ones = np.eye(Z, dtype=np.float32)[None]
        return Prior(np.ones(1, dtype=np.float32), latents.mean(axis=0, keepdims=True), ones)
    if components is None:
        components = len(latents) // _LATENTS_A_COMPONENT
    components = max(1, min(COMPONENTS, components))
    fitted = GaussianMixture(components, reg_covar=1e-3, max_iter=30, tol=1e-2, random_state=seed)
    with np.errstate(all="ignore"):
        fitted.fit(latents.astype(np.float64))
    return Prior(
        fitted.weights_.astype(np.float32),
        fitted.means_.astype(np.float32),
        np.linalg.cholesky(fitted.covariances_).astype(np.float32),
    )
