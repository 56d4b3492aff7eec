"""Likelihood of drawings under a model, in nats: two bounds, and two priors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sketchvae.data.dataset import Points
from sketchvae.errors import SketchvaeError
from sketchvae.model.batch import Batch, make_batch
from sketchvae.model.device import best_device
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model

DRAWS = 64  # latents per drawing in the importance-weighted bound
_ROWS = 640  # drawings times latents in one batch


@dataclass(frozen=True)
class Likelihood:
    """Negative log-likelihood in nats per drawing, mean over the drawings.

    The drawings are dequantised, and densities are per square pixel, so that models of different
    scales compare.

    Attributes:
        drawings: number of drawings.
        points: points per drawing.
        reconstruction: L_R (eq. 9), with one latent from the encoder.
        kl: L_KL (eq. 10) against N(0, I); L_R + L_KL is an upper bound of -log p.
        importance: tighter, importance-weighted bound with `draws` latents and the prior N(0, I).
        importance_fitted: the same with the fitted prior, which `draw` samples from.
        draws: latents per drawing.
    """

    drawings: int
    points: float
    reconstruction: float
    kl: float
    importance: float
    importance_fitted: float
    draws: int

    @property
    def bound(self) -> float:
        """The bound of training: L_R + L_KL."""
        return self.reconstruction + self.kl

    def per_point(self, nll: float) -> float:
        """Return nats per point for nats per drawing: the total over the total of points."""
        return nll / self.points

    def by_name(self) -> dict[str, float]:
        """Return the nats per drawing of every bound, by its name in tables."""
        return {
            "reconstruction L_R": self.reconstruction,
            "KL L_KL, N(0, I)": self.kl,
            "bound L_R + L_KL": self.bound,
            f"importance-weighted, k = {self.draws}": self.importance,
            "the same, fitted prior": self.importance_fitted,
        }


@torch.no_grad()
def likelihood(model: Model, drawings: Sequence[Points], draws: int = DRAWS) -> Likelihood:
    """Return the likelihood of drawings under a model; the noise is the same for every model.

    The importance-weighted bound is that of Burda et al. 2016, eq. 8:
    log p(S) >= E log 1/k sum_i p(S | z_i) p(z_i) / q(z_i | S).

    Args:
        model: the model.
        drawings: one or more, as packed points, each (n, 3) uint8 in simplified form.
        draws: k, latents per drawing.

    Raises:
        SketchvaeError: if there are no drawings.
    """
    if not any(map(len, drawings)):
        raise SketchvaeError(
            "evaluate needs at least one drawing with a point, got none; name another file or split"
        )
    device = best_device()
    network = SketchVAE(model.config)
    network.load_arrays(model.tensors)
    network.to(device).eval()
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    by_length = sorted(drawings, key=len)
    batch_size = max(1, _ROWS // draws)
    sums = torch.zeros(4, dtype=torch.float64)
    offsets = 0
    for first in range(0, len(by_length), batch_size):
        points = by_length[first : first + batch_size]
        batch = make_batch(points, model.scale, model.config.latent, rng)
        noise = torch.randn((draws, *batch.noise.shape), generator=generator)
        # In float32 on every device, so that figures do not depend on the machine.
        sums += _bounds(network, model.prior, batch, noise.to(device)).double().cpu()
        offsets += int((batch.lengths - 1).sum())
    n = len(drawings)
    # A density per square pixel is that per square unit over scale squared.
    in_pixels = 2 * math.log(model.scale) * offsets / n
    reconstruction, kl, importance, fitted = (sums / n).tolist()
    return Likelihood(
        drawings=n,
        points=sum(map(len, drawings)) / n,
        reconstruction=reconstruction + in_pixels,
        kl=kl,
        importance=importance + in_pixels,
        importance_fitted=fitted + in_pixels,
        draws=draws,
    )


def _bounds(network: SketchVAE, prior: Prior, batch: Batch, noise: Tensor) -> Tensor:
    """Return the sums over a batch of four bounds, (4,), in nats, densities in model units.

    They are L_R, L_KL, and the importance-weighted bounds with N(0, I) and with the prior.

    Args:
        network: the weights.
        prior: the fitted prior.
        batch: B drawings.
        noise: (k, B, Z), standard normal, for k latents per drawing.
    """
    draws = len(noise)
    steps = torch.from_numpy(batch.steps).to(noise.device)
    lengths = torch.from_numpy(batch.lengths).to(noise.device)
    posterior = network.encode(steps, lengths)
    z = posterior.z(noise)
    loss_r = network.reconstruction_loss(
        z.flatten(0, 1), steps.repeat(draws, 1, 1), lengths.repeat(draws)
    ).view(draws, -1)
    log_q = _log_normal(noise) - 0.5 * posterior.log_variance.sum(-1)
    return torch.stack(
        [
            loss_r[0].sum(),
            posterior.kl().sum(),
            -_log_mean_exp(_log_normal(z) - log_q - loss_r).sum(),
            -_log_mean_exp(_log_prior(prior, z) - log_q - loss_r).sum(),
        ]
    )


def _log_mean_exp(values: Tensor) -> Tensor:
    """Return the log of the mean of exp over the first dimension."""
    return torch.logsumexp(values, dim=0) - math.log(len(values))


def _log_normal(x: Tensor) -> Tensor:
    """Return log N(x; 0, I) over the last dimension."""
    return -0.5 * (x.square() + math.log(2 * math.pi)).sum(-1)


def _log_prior(prior: Prior, z: Tensor) -> Tensor:
    """Return the log density of the fitted prior at z, (..., Z)."""
    flat = z.reshape(-1, z.shape[-1])
    components = []
    for weight, mean, factor in zip(prior.weights, prior.means, prior.scale_tril, strict=True):
        L = torch.tensor(factor, device=z.device)
        white = torch.linalg.solve_triangular(
            L, (flat - torch.from_numpy(mean).to(z.device)).T, upper=False
        ).T
        log_root = L.diagonal().log().sum()
        components.append(math.log(max(float(weight), 1e-30)) + _log_normal(white) - log_root)
    return torch.logsumexp(torch.stack(components), dim=0).view(z.shape[:-1])
