"""Negative log-likelihood of drawings in nats, by the importance-weighted bound.

The twin of `evaluate/likelihood.py`, which uses torch; a test compares the two.
Shape letters: B drawings, k draws, Z latent.
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.generate.parallel import parallel_map
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.numpy_encoder import Encoder, Posterior
from sketchvae.polyline import Floats32
from sketchvae.sequences import PaddedBatch, collate

Floats = NDArray[np.float64]

DRAWS = 64  # latents per drawing
_COLUMNS = 64  # of one matrix product, which has a core to itself; more do not fit its cache


@dataclass(frozen=True)
class Score:
    """The likelihood and the class probability of one drawing.

    Attributes:
        points: number of points in simplified form.
        nll: importance-weighted negative log-likelihood in nats, in pixels, dequantised.
        class_probability: 0 to 1, see `ClassHead`; None if the model has no class head.
        percentile: percentage of real sheep that are less probably sheep, 0 to 100; None likewise.
    """

    points: int
    nll: float
    class_probability: float | None
    percentile: float | None

    @property
    def nll_per_point(self) -> float:
        """The negative log-likelihood divided by the number of points."""
        return self.nll / self.points


def nll(
    encoder: Encoder, network: Decoder, scale: float, drawings: Sequence[Drawing], draws: int
) -> Floats:
    """Return -log p(S) of each drawing, (n,): see `importance_weighted`.

    The value of a drawing depends on that drawing alone: its points seed its noise.

    Args:
        encoder: for the posteriors.
        network: the decoder.
        scale: pixels per model unit.
        drawings: in simplified form, with strokes.
        draws: k, 1 or more.

    Returns:
        Nats, in pixels, dequantised with half a pixel of uniform noise.
    """
    nats = np.empty(len(drawings))

    def work(indices: NDArray[np.intp]) -> None:
        rngs = [_own_rng(drawings[i]) for i in indices]
        batch = collate([drawings[i] for i in indices], scale, rngs)
        posterior = encoder.encode(batch)
        shape = (draws, posterior.mean.shape[1])
        noise = [rngs[i].standard_normal(shape, dtype=np.float32) for i in batch.sample_index]
        bound = importance_weighted(network, posterior, batch, np.stack(noise, axis=1))
        # Per offset, a density per square pixel is that per square unit over scale squared.
        nats[indices[batch.sample_index]] = bound + 2 * math.log(scale) * (batch.lengths - 1)

    longest_first = np.argsort([-drawing.n_points for drawing in drawings], kind="stable")
    at_once = max(1, _COLUMNS // draws)
    parallel_map(work, [longest_first[i : i + at_once] for i in range(0, len(drawings), at_once)])
    return nats


def importance_weighted(
    network: Decoder, posterior: Posterior, batch: PaddedBatch, noise: Floats32
) -> Floats:
    """Return the bound of -log p(S) over k latents from the posterior, (B,), in model units.

    Burda et al. 2016, eq. 8: log p(S) >= E log 1/k sum_i p(S | z_i) p(z_i) / q(z_i | S),
    with p(z) = N(0, I).

    Args:
        network: the decoder.
        posterior: of the drawings, in the order of the batch's columns.
        batch: the drawings.
        noise: (k, B, Z), standard normal.
    """
    k, B, Z = noise.shape
    z = posterior.z(noise)
    log_p_over_q = 0.5 * (
        np.square(noise).sum(axis=-1) - np.square(z).sum(axis=-1) + posterior.log_variance.sum(-1)
    )
    side_by_side = z.transpose(1, 0, 2).reshape(B * k, Z)
    loss_r = network.nll(side_by_side, batch.repeated(k)).reshape(B, k).T
    log_weights = log_p_over_q - loss_r
    highest = log_weights.max(axis=0)
    nats: Floats = -highest - np.log(np.exp(log_weights - highest).mean(axis=0))
    return nats


def _own_rng(drawing: Drawing) -> np.random.Generator:
    """Return a generator seeded by the points of a drawing, whatever is scored beside it."""
    return np.random.default_rng(zlib.crc32(drawing.points.astype(np.uint8).tobytes()))
