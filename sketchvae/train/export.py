"""What a model has beside its weights: a prior fitted to training drawings, and provenance."""

import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sketchvae.model.batch import make_batch
from sketchvae.model.numpy_encoder import Posterior
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.polyline import Floats, Floats32
from sketchvae.train.batches import DrawingPool
from sketchvae.train.settings import SMALL_SET, Settings

MAX_DRAWINGS = 40_000  # that the prior of a finished run is fitted to, at most
MAX_COMPONENTS = 20  # Gaussians of the prior
_LATENTS_PER_COMPONENT = 1000  # fewer do not settle a covariance of 128 dimensions
_MIN_LATENTS = 2000  # fewer drawings are sampled several times each, or they settle no covariance
BANDWIDTH = 0.1  # of the prior of few drawings
_SHRINKAGE = 70.0  # drawings that the usual covariance counts as much as
_RIDGE = 1e-6  # keeps a covariance positive definite
_BATCH = 256  # drawings per forward pass of the encoder


def provenance(
    pool: DrawingPool,
    valid: DrawingPool,
    settings: Settings,
    step: int,
    nats: float | None,
    prior_drawings: int,
) -> dict[str, Any]:
    """Return what a model tells of itself, for people and programs.

    Args:
        pool: the training drawings.
        valid: the validation drawings.
        settings: of the run.
        step: steps that the weights were trained for.
        nats: validation loss at that step, nats per point; None if it was not measured.
        prior_drawings: drawings that the prior is fitted to.
    """
    measured = {} if nats is None else {"nats_per_point": round(nats, 4)}
    return {
        "word": pool.word,
        "data": [source for dataset in pool.datasets for source in dataset.sources],
        "training": {"step": step, **asdict(settings)},
        "validation": {"drawings": len(valid), **measured},
        "prior_drawings": prior_drawings,
    }


def fit_to_drawings(
    network: SketchVAE,
    pool: DrawingPool,
    scale: float,
    max_drawings: int = MAX_DRAWINGS,
    covariance: Floats | None = None,
) -> Prior:
    """Return a prior fitted to the latents of the training drawings.

    Args:
        network: trained weights, usually the moving average.
        pool: the training drawings.
        scale: pixels per model unit.
        max_drawings: drawings to encode; fewer give a rougher prior, sooner.
        covariance: (Z, Z), that latents of one kind of drawing usually have, as in the weights that
            the run began with. With it, few drawings get a `kernel_prior`.
    """
    if covariance is not None and is_few(pool):
        return kernel_prior(posterior_of(network, pool, scale), covariance, BANDWIDTH)
    latents = sample_aggregate_posterior(network, pool, scale, max_drawings)
    return fit_prior(latents, min(len(pool), max_drawings) // _LATENTS_PER_COMPONENT)


def is_few(pool: DrawingPool) -> bool:
    """Whether a pool holds so few different drawings that each gets a Gaussian of its own."""
    return len(pool.different) < SMALL_SET


def kernel_prior(posterior: Posterior, covariance: Floats, bandwidth: float) -> Prior:
    """Return a prior with a Gaussian for each drawing: a smoothed kernel density estimate.

    All Gaussians share a covariance; their centres are drawn together so that the whole mixture
    has the covariance of the latents (West 1993, "Approximating Posterior Distributions by
    Mixtures"). That covariance is shrunk to a usual one: n drawings do not settle it.

    Args:
        posterior: of n drawings, (n, Z).
        covariance: (Z, Z), the usual one; it counts as much as 70 drawings.
        bandwidth: fraction of the covariance that is within the Gaussians, above 0 to 1.
    """
    n, Z = posterior.mean.shape
    means = posterior.mean.astype(np.float64)
    centre = means.mean(axis=0)
    variance = np.exp(posterior.log_variance.astype(np.float64)).sum(axis=0)
    scatter = (means - centre).T @ (means - centre) + np.diag(variance)
    shrunk = (scatter + _SHRINKAGE * covariance) / (n + _SHRINKAGE)
    tril = np.linalg.cholesky(bandwidth * shrunk + _RIDGE * np.eye(Z)).astype(np.float32)
    drawn_together = centre + np.sqrt(1 - bandwidth) * (means - centre)
    return Prior.even(drawn_together.astype(np.float32), tril[None])


def narrowed(prior: Prior, bandwidth: float) -> Prior:
    """Return a `kernel_prior` of the bandwidth BANDWIDTH with another one, of equal covariance.

    Args:
        prior: as `fit_to_drawings` gives few drawings.
        bandwidth: as for `kernel_prior`.
    """
    centre = prior.means.mean(axis=0)
    apart = np.float32(np.sqrt((1 - bandwidth) / (1 - BANDWIDTH)))
    within = np.float32(np.sqrt(bandwidth / BANDWIDTH))
    return Prior.even(centre + apart * (prior.means - centre), within * prior.scale_tril[:1])


@torch.no_grad()
def posterior_of(network: SketchVAE, pool: DrawingPool, scale: float) -> Posterior:
    """Return the posterior of each different drawing of a pool, (n, Z).

    Args:
        network: its encoder is used.
        pool: the training drawings.
        scale: pixels per model unit.
    """
    rng = np.random.default_rng(0)  # of the dequantisation
    indices = pool.different
    device = next(network.parameters()).device
    parts = []
    for first in range(0, len(indices), _BATCH):
        points = pool.points(indices[first : first + _BATCH])
        batch = make_batch(points, scale, network.config.latent, rng)
        posterior = network.encode(
            torch.from_numpy(batch.steps).to(device), torch.from_numpy(batch.lengths).to(device)
        )
        parts.append(
            tuple(np.asarray(x.float().cpu()) for x in (posterior.mean, posterior.log_variance))
        )
    mean, log_variance = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Posterior(mean, log_variance)


@torch.no_grad()
def sample_aggregate_posterior(
    network: SketchVAE, pool: DrawingPool, scale: float, max_drawings: int, seed: int = 0
) -> Floats32:
    """Return latents of training drawings, (n, Z): one from the posterior of each.

    Together they are a sample of the aggregate posterior, the mean of q(z given S) over all
    drawings S: what the decoder has learnt to draw from, which is not N(0, I). With few drawings
    each is sampled several times, so that n is 2000 or more.

    Args:
        network: its encoder is used.
        pool: the training drawings.
        scale: pixels per model unit.
        max_drawings: drawings to encode, chosen at random.
        seed: of the choice and of the noise.
    """
    rng = np.random.default_rng(seed)
    repeats = -(-_MIN_LATENTS // min(len(pool), max_drawings))
    indices = np.tile(rng.permutation(len(pool))[:max_drawings], repeats)
    indices = indices[np.argsort(pool.lengths[indices], kind="stable")]
    device = next(network.parameters()).device
    latents: list[Tensor] = []
    for first in range(0, len(indices), _BATCH):
        points = pool.points(indices[first : first + _BATCH])
        batch = make_batch(points, scale, network.config.latent, rng)
        posterior = network.encode(
            torch.from_numpy(batch.steps).to(device), torch.from_numpy(batch.lengths).to(device)
        )
        latents.append(posterior.z(torch.from_numpy(batch.noise).to(device)).cpu())
    return np.asarray(torch.cat(latents))


def fit_prior(latents: Floats32, components: int, seed: int = 0) -> Prior:
    """Fit a mixture of Gaussians with full covariances to latents.

    Args:
        latents: (n, Z).
        components: number of Gaussians, brought into 1 to 20.
        seed: of the fit.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    if len(latents) < 2:  # no covariance can be fitted to one point
        identity = np.eye(latents.shape[1], dtype=np.float32)[None]
        return Prior(np.ones(1, dtype=np.float32), latents.mean(axis=0, keepdims=True), identity)
    components = max(1, min(MAX_COMPONENTS, components))
    mixture = GaussianMixture(components, reg_covar=1e-3, max_iter=30, tol=1e-2, random_state=seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a rough fit is enough
        mixture.fit(latents.astype(np.float64))
    return Prior(
        mixture.weights_.astype(np.float32),
        mixture.means_.astype(np.float32),
        np.linalg.cholesky(mixture.covariances_).astype(np.float32),
    )
