"""What a model gets at its end: a class head, where drawings are few, and typical latents."""

from dataclasses import replace

import numpy as np

from sketchvae.data.dataset import from_points
from sketchvae.faults import faults
from sketchvae.generate.artist import Artist
from sketchvae.generate.candidates import class_log_odds, plausibility
from sketchvae.model.config import TEMPERATURE
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats32
from sketchvae.train.batches import DrawingPool
from sketchvae.train.export import narrowed
from sketchvae.train.negatives import MIN_DRAWINGS, encoder_hash, fit_from_few, shipped_negatives

TYPICAL_BANDWIDTH = 0.02  # of the typical prior: what it draws is near to one drawing or another
TYPICAL_TEMPERATURE = 0.2  # little but the latent decides: a latent that draws well does so again
TYPICAL = 0.4  # fraction of the drawings that are typical
_TRIED, _OF_ONE_DRAWING = 2400, range(8, 25)  # latents to choose by: altogether, and of each
_KEPT = 6  # of as many latents near a typical drawing one is kept
_NARROWER = 0.1  # factor of the covariance around those
ACCEPTED_TYPICAL = 0.3  # fraction of the accepted latents that are typical of a refined model
ACCEPTED_TEMPERATURE = 0.5  # that they draw at
_ACCEPTED_TRIED = 1500  # accepted latents to choose those from
_AROUND_ACCEPTED = 0.02  # standard deviation around each


def finished(model: Model, pool: DrawingPool) -> Model:
    """Return a model with a class head and a typical prior, if it learnt from few drawings.

    The class head needs the encoder of the weights "base", 10 drawings, and one word. The typical
    prior keeps near to the drawings, to the latents that draw the most plausible ones.

    Args:
        model: as trained.
        pool: the training drawings.
    """
    if not is_of_few(model):
        return model
    drawings = [from_points(points, pool.word) for points in pool.points(pool.different)]
    fits = encoder_hash(model) == shipped_negatives().encoder
    if fits and pool.word and len(drawings) >= MIN_DRAWINGS:
        model = replace(model, head=fit_from_few(model, drawings, shipped_negatives()))
    return with_typical(model)


def is_of_few(model: Model) -> bool:
    """Whether a model learnt from few drawings: its prior has a Gaussian for each of them."""
    return len(model.prior.means) > 1 and model.prior.is_shared


def with_typical(model: Model) -> Model:
    """Return a model of few drawings with a typical prior.

    Args:
        model: with a class head, if it gets one; see `is_of_few`.
    """
    model = replace(model, typical_prior=None, typical_temperature=TYPICAL_TEMPERATURE)
    typical = most_plausible(model, narrowed(model.prior, TYPICAL_BANDWIDTH))
    return replace(model, typical_prior=typical)


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


def with_typical_accepted(model: Model, latents: Floats32) -> Model:
    """Return a refined model whose typical prior has the accepted latents that draw best.

    Each of 1500 latents draws three times; the worst of them by class probability counts, and a
    part off the body is the worst of all. Three tenths of the latents are kept. A mixture that is
    fitted to the latents of good drawings has others in between, of which some draw badly.

    Args:
        model: without a class head it gets no typical prior.
        latents: (n, Z) that what was accepted was drawn from, with repetitions.
    """
    if model.head is None:
        return replace(model, typical_prior=None, typical_temperature=TEMPERATURE)
    latents = np.unique(latents, axis=0)
    rng = np.random.default_rng(0)
    latents = latents[rng.permutation(len(latents))[:_ACCEPTED_TRIED]].astype(np.float32)
    artist = Artist(model)
    each = latents.repeat(3, axis=0)
    drawn = artist.sample(len(each), ACCEPTED_TEMPERATURE, 0, each)
    log_odds = class_log_odds(artist)(drawn)
    log_odds[[bool(d and d.strokes and faults(d.to_quickdraw())[1]) for d in drawn]] = -np.inf
    worst = log_odds.reshape(-1, 3).min(axis=1)
    best = np.argsort(-worst, kind="stable")[: max(2, int(ACCEPTED_TYPICAL * len(worst)))]
    narrow = np.eye(latents.shape[1], dtype=np.float32) * np.float32(_AROUND_ACCEPTED)
    prior = Prior.even(latents[best], narrow[None])
    return replace(model, typical_prior=prior, typical_temperature=ACCEPTED_TEMPERATURE)
