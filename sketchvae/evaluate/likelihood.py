"""How likely drawings are under a model: nats, by two bounds and two priors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sketchvae.data.dataset import Points
from sketchvae.errors import SketchvaeError
from sketchvae.model.device import best_device
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model, Prior
from sketchvae.train.batches import Batch, make_batch

DRAWS = 64  # z a drawing, for the importance-weighted bound
_ROWS = 640  # drawings times z in one batch


@dataclass(frozen=True)
class Likelihood:
    """Nats per drawing, in pixels, of dequantised drawings; means over the drawings.

    Attributes:
        drawings: how many.
        points: points per drawing.
        reconstruction: L_R, with one z from the encoder.
        kl: L_KL against N(0, I); L_R + L_KL is an upper bound of -log p.
        importance: the tighter bound, over `draws` z from the encoder, with N(0, I).
        importance_fitted: the same with the fitted prior: the model that `draw` draws from.
        draws: z a drawing.
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
        """L_R + L_KL."""
        return self.reconstruction + self.kl

    def per_point(self, nats: float) -> float:
        """Total nats over total points."""
        return nats / self.points


@torch.no_grad()
def likelihood(model_file: Model, drawings: Sequence[Points], draws: int = DRAWS) -> Likelihood:
    """Judge drawings by a model. The same noise every time, whatever the model.

    Burda et al. 2016, eq. 8: log p(S) >= E log 1/k sum_i p(S | z_i) p(z_i) / q(z_i | S).

    Args:
        model_file: the model.
        drawings: at least one, each (n, 3) uint8 in simplified form, as in a packed set.
        draws: k.

    Raises:
        SketchvaeError: if there are no drawings.
    """
    if not any(map(len, drawings)):
        raise SketchvaeError(
            "evaluate needs at least one drawing with a point, got none; name another file or split"
        )
    device = best_device()
    model = SketchVAE(model_file.config)
    model.load_arrays(model_file.tensors)
    model.to(device).eval()
    rng, normal = np.random.default_rng(0), torch.Generator().manual_seed(0)
    in_order = sorted(drawings, key=len)
    at_once = max(1, _ROWS // draws)
    sums = torch.zeros(4, dtype=torch.float64)
    offsets = 0
    for first in range(0, len(in_order), at_once):
        points = in_order[first : first + at_once]
        batch = make_batch(points, model_file.scale, model_file.config.latent, rng)
        noise = torch.randn((draws, *batch.noise.shape), generator=normal)
        # In float32 wherever it runs, so that figures do not depend on the machine.
        nats = _nats(model, model_file.prior, batch, noise.to(device))
        sums += nats.double().cpu()
        offsets += int((batch.lengths - 1).sum())
    n = len(drawings)
    # Per offset, a density per square pixel is that per square unit over scale squared.
    in_pixels = 2 * math.log(model_file.scale) * offsets / n
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


def _nats(model: SketchVAE, prior: Prior, batch: Batch, noise: Tensor) -> Tensor:
    """Return L_R, L_KL and the importance-weighted bound by N(0, I) and by the prior.

    Sums over the batch, in model units, (4,); noise is (draws, B, Z), standard normal.
    """
    draws = len(noise)
    steps = torch.from_numpy(batch.steps).to(noise.device)
    lengths = torch.from_numpy(batch.lengths).to(noise.device)
    posterior = model.encode(steps, lengths)
    z = posterior.z(noise)
    loss_r = model.reconstruction_loss(
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
    return torch.logsumexp(values, dim=0) - math.log(len(values))


def _log_normal(x: Tensor) -> Tensor:
    """Return log N(x; 0, I) over the last dimension."""
    return -0.5 * (x.square() + math.log(2 * math.pi)).sum(-1)


def _log_prior(prior: Prior, z: Tensor) -> Tensor:
    """Return the log density of the fitted prior at z, (..., Z)."""
    flat = z.reshape(-1, z.shape[-1])
    components = []
    for weight, mean, factor in zip(prior.weights, prior.means, prior.scale_tril, strict=True):
        L = torch.from_numpy(factor).to(z.device)
        white = torch.linalg.solve_triangular(
            L, (flat - torch.from_numpy(mean).to(z.device)).T, upper=False
        ).T
        log_root = L.diagonal().log().sum()
        components.append(math.log(max(float(weight), 1e-30)) + _log_normal(white) - log_root)
    return torch.logsumexp(torch.stack(components), dim=0).view(z.shape[:-1])
