"""What a model of few drawings gets at its end: a class head, and a prior of typical drawings."""

from dataclasses import replace

import numpy as np

from sketchvae.data.dataset import from_points
from sketchvae.generate.artist import Artist
from sketchvae.generate.candidates import plausibility
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats
from sketchvae.train.batches import DrawingPool
from sketchvae.train.export import is_few, kernel_prior, posterior_of
from sketchvae.train.negatives import MIN_DRAWINGS, encoder_hash, fit_from_few, shipped_negatives

TYPICAL_BANDWIDTH = 0.02  # of the typical prior: what it draws is near to one drawing or another
TYPICAL_TEMPERATURE = 0.2  # little but the latent decides: a latent that draws well does so again
TYPICAL = 0.4  # fraction of the drawings that are typical
_TRIED, _OF_ONE_DRAWING = 2400, range(8, 25)  # latents to choose by: altogether, and of each
_KEPT = 6  # of as many latents near a typical drawing one is kept
_NARROWER = 0.1  # factor of the covariance around those


def finished(
    model: Model, network: SketchVAE, pool: DrawingPool, covariance: Floats | None
) -> Model:
    """Return a model with a class head and a typical prior, if it learnt from few drawings.

    The class head needs the encoder of the weights "base", 10 drawings, and one word. The typical
    prior keeps near to the drawings, to the latents that draw the most plausible ones.

    Args:
        model: as trained.
        network: its weights.
        pool: the training drawings.
        covariance: as for `fit_to_drawings`.
    """
    if covariance is None or not is_few(pool):
        return model
    model = replace(model, typical_temperature=TYPICAL_TEMPERATURE)
    typical = kernel_prior(posterior_of(network, pool, model.scale), covariance, TYPICAL_BANDWIDTH)
    drawings = [from_points(points, pool.word) for points in pool.points(pool.different)]
    fits = encoder_hash(model) == shipped_negatives().encoder
    if fits and pool.word and len(drawings) >= MIN_DRAWINGS:
        model = replace(model, head=fit_from_few(model, drawings, shipped_negatives()))
    return replace(model, typical_prior=most_plausible(model, typical))


def most_plausible(model: Model, prior: Prior, seed: int = 0) -> Prior:
    """Return narrow Gaussians around latents whose drawings are the most plausible.

    Several latents of each Gaussian are tried, and as many kept of each of the best Gaussians: so
    the drawings stay as different as those are.

    Args:
        model: draws; its class head judges too, if it has one: see `candidates.plausibility`.
        prior: a Gaussian for each drawing; latents of two fifths of them are returned.
        seed: of the latents and of the drawings that are scored.
    """
    n, Z = prior.means.shape
    each = min(max(_TRIED // n, _OF_ONE_DRAWING[0]), _OF_ONE_DRAWING[-1])
    noise = np.random.default_rng(seed).standard_normal((n, each, Z), dtype=np.float32)
    latents = prior.means[:, None] + np.einsum("nij,nkj->nki", prior.scale_tril, noise)
    artist = Artist(model)
    drawn = artist.sample(n * each, None, seed, latents.reshape(-1, Z).astype(np.float32))
    values = plausibility(artist)(drawn).reshape(n, each)
    ranked = np.argsort(-np.median(values, axis=1), kind="stable")
    typical = np.sort(ranked[: max(2, round(TYPICAL * n))])
    best = np.argsort(-values, axis=1, kind="stable")[typical, : each // _KEPT]
    rows = typical.repeat(best.shape[1])
    narrow = prior.scale_tril[rows] * np.float32(np.sqrt(_NARROWER))
    return Prior.even(latents[rows, best.ravel()], narrow)
