"""What a model of few drawings gets at its end: a class head, and a prior of typical drawings."""

from dataclasses import replace

import numpy as np

from sketchvae.data.dataset import from_points
from sketchvae.generate.artist import TEMPERATURE, Artist
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats
from sketchvae.train.batches import DrawingPool
from sketchvae.train.export import is_few, kernel_prior, posterior_of
from sketchvae.train.negatives import MIN_DRAWINGS, encoder_hash, fit_from_few, shipped_negatives

TYPICAL_BANDWIDTH = 0.02  # of the typical prior: what it draws is near to one drawing or another
TYPICAL = 0.4  # fraction of the drawings that are typical
_SCORED, _LEAST_SCORED = 600, 4  # drawings to choose those by: altogether, and of each at least


def finished(
    model: Model, network: SketchVAE, pool: DrawingPool, covariance: Floats | None
) -> Model:
    """Return a model with a class head and a typical prior, if it learnt from few drawings.

    The class head needs the encoder of the weights "base", 10 drawings, and one word. The typical
    prior keeps near to the drawings; with a class head, to those whose like are most of their kind.

    Args:
        model: as trained.
        network: its weights.
        pool: the training drawings.
        covariance: as for `fit_to_drawings`.
    """
    if covariance is None or not is_few(pool):
        return model
    typical = kernel_prior(posterior_of(network, pool, model.scale), covariance, TYPICAL_BANDWIDTH)
    drawings = [from_points(points, pool.word) for points in pool.points(pool.different)]
    fits = encoder_hash(model) == shipped_negatives().encoder
    if fits and pool.word and len(drawings) >= MIN_DRAWINGS:
        head = fit_from_few(model, drawings, shipped_negatives())
        model = replace(model, head=head)
        typical = most_of_their_kind(model, typical)
    return replace(model, typical_prior=typical)


def most_of_their_kind(model: Model, prior: Prior, seed: int = 0) -> Prior:
    """Return the Gaussians of a prior whose drawings have the highest class probability.

    Args:
        model: draws and, by its class head, scores.
        prior: a Gaussian for each drawing; two fifths of them are returned.
        seed: of the drawings that are scored.
    """
    n = len(prior.weights)
    each = max(_LEAST_SCORED, _SCORED // n)
    artist, rng = Artist(model), np.random.default_rng(seed)
    centre = np.arange(n).repeat(each)
    noise = rng.standard_normal((len(centre), prior.means.shape[1]), dtype=np.float32)
    latents = prior.means[centre] + np.einsum("nij,nj->ni", prior.scale_tril[centre], noise)
    drawn = artist.sample(len(latents), TEMPERATURE, seed, latents.astype(np.float32))
    log_odds = np.full(len(drawn), -np.inf)
    ended = [i for i, drawing in enumerate(drawn) if drawing is not None and drawing.strokes]
    quickdraw = [drawing.to_quickdraw() for drawing in drawn if drawing and drawing.strokes]
    if ended:
        log_odds[ended] = artist.class_head.log_odds(artist.states(quickdraw))
    ranks = np.median(log_odds.reshape(n, each), axis=1)
    best = np.sort(np.argsort(-ranks, kind="stable")[: max(2, round(TYPICAL * n))])
    weights = np.full(len(best), 1 / len(best), dtype=np.float32)
    return Prior(weights, prior.means[best], prior.scale_tril[best])
