import dataclasses
import math
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from sketchvae.data.dataset import Points, to_points
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate import likelihood as evaluation
from sketchvae.evaluate.likelihood import likelihood
from sketchvae.model.batch import make_batch
from sketchvae.model.config import ModelConfig
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model
from sketchvae.train.batches import DrawingPool
from sketchvae.train.export import fit_prior, fit_to_drawings

torch.set_num_threads(1)  # a second thread costs more than such small products gain


def model_of(latent: int, scale: float = 20.0) -> tuple[SketchVAE, Model]:
    """Return a network that has learnt nothing, but listens to z, with a prior off the centre."""
    torch.manual_seed(1)
    model = SketchVAE(ModelConfig(encoder_hidden=6, decoder_hidden=8, latent=latent, mixtures=2))
    with torch.no_grad():
        model.start.weight.mul_(3)
        model.posterior_mean.weight.mul_(3)
        model.posterior_log_variance.bias.fill_(2.5)  # wide: k draws find all of p(z given S)
    factors = np.tril(np.random.default_rng(0).uniform(0.2, 1, (2, latent, latent)))
    prior = Prior(
        np.array([0.3, 0.7], dtype=np.float32),
        np.linspace(-1, 1, 2 * latent, dtype=np.float32).reshape(2, latent),
        factors.astype(np.float32),
    )
    return model, Model(model.config, scale, model.to_arrays(), prior, {})


def few_drawings(count: int = 3) -> list[Points]:
    rng = np.random.default_rng(3)
    sizes = (rng.integers(2, 7, 2) for _ in range(count))
    return [to_points(Drawing([rng.integers(0, 256, (n, 2)) for n in size])) for size in sizes]


@torch.no_grad()
def evidence(model: SketchVAE, drawing: Points, scale: float, prior: torch.Tensor | None) -> float:
    """Integrate p(S | z) p(z) over a one-dimensional z: -log p(S), in pixels."""
    grid = torch.linspace(-8, 8, 4001)
    batch = make_batch([drawing], scale, 1, np.random.default_rng(0))
    steps = torch.from_numpy(batch.steps).repeat(len(grid), 1, 1)
    lengths = torch.from_numpy(batch.lengths).repeat(len(grid))
    log_joint = -model.reconstruction_loss(grid[:, None], steps, lengths).double()
    log_joint += -0.5 * (grid**2 + math.log(2 * math.pi)) if prior is None else prior
    in_pixels = 2 * math.log(scale) * int(lengths[0] - 1)
    return float(-torch.logsumexp(log_joint, dim=0) - math.log(16 / 4000)) + in_pixels


def log_density(prior: Prior, z: torch.Tensor) -> torch.Tensor:
    """Return the log density of a prior at z, by torch.distributions."""
    means, factors = torch.from_numpy(prior.means), torch.from_numpy(prior.scale_tril)
    components = MultivariateNormal(means, scale_tril=factors)
    mixture = MixtureSameFamily(Categorical(torch.from_numpy(prior.weights)), components)
    density: torch.Tensor = mixture.log_prob(z)  # type: ignore[no-untyped-call]
    return density


def test_importance_weighted_bound_reaches_the_integral_over_z() -> None:
    model, file = model_of(latent=1)
    grid = torch.linspace(-8, 8, 4001)[:, None]
    fitted = log_density(file.prior, grid)
    for drawing in few_drawings():
        measured = likelihood(file, [drawing], draws=20_000)
        expected = evidence(model, drawing, file.scale, None)
        assert measured.importance == pytest.approx(expected, abs=0.1)
        expected = evidence(model, drawing, file.scale, fitted)
        assert measured.importance_fitted == pytest.approx(expected, abs=0.1)
        assert abs(measured.importance - measured.importance_fitted) > 0.3


def test_bounds_are_in_order_and_means_over_the_drawings() -> None:
    _, file = model_of(latent=4)
    drawings = few_drawings(30)
    measured = likelihood(file, drawings)
    assert measured.drawings == 30
    assert measured.points == sum(map(len, drawings)) / 30
    assert measured.bound == measured.reconstruction + measured.kl
    assert measured.importance < measured.bound
    assert measured.per_point(measured.bound) == pytest.approx(measured.bound / measured.points)


def test_the_same_drawings_get_the_same_figures() -> None:
    _, file = model_of(latent=4)
    assert likelihood(file, few_drawings()) == likelihood(file, few_drawings())


def test_log_prior_is_that_of_a_mixture_of_gaussians() -> None:
    _, file = model_of(latent=5)
    z = torch.randn(7, 3, 5)
    expected = log_density(file.prior, z)
    torch.testing.assert_close(evaluation._log_prior(file.prior, z), expected)


def test_no_drawings_are_refused() -> None:
    _, file = model_of(latent=4)
    with pytest.raises(SketchvaeError, match="at least one drawing"):
        likelihood(file, [])


# --- the fitted prior ---------------------------------------------------------------


def test_fitted_prior_draws_what_it_was_fitted_to() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0]])
    latents = centres[rng.integers(0, 2, 4000)] + rng.normal(0, [0.5, 1.0, 2.0], (4000, 3))
    prior = fit_prior(latents.astype(np.float32), components=4)
    chances = rng.random(20_000, dtype=np.float32)
    drawn = prior.sample(chances, rng.standard_normal((20_000, 3), dtype=np.float32))
    np.testing.assert_allclose(drawn.mean(axis=0), latents.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(latents.T), atol=0.3)
    assert (np.abs(drawn[:, 0]) < 2).mean() < 0.01  # nothing between the two


def test_prior_of_few_drawings_is_as_wide_as_their_posteriors() -> None:
    """One z a drawing would leave most of the dimensions flat: fewer drawings than those."""
    Z, n = 30, 8
    torch.manual_seed(0)
    model = SketchVAE(ModelConfig(encoder_hidden=6, decoder_hidden=8, latent=Z, mixtures=2))
    rng = np.random.default_rng(0)
    drawings = [to_points(Drawing([rng.integers(0, 256, (9, 2))])) for _ in range(n)]

    class Few:
        lengths = np.full(n, 9)

        def __len__(self) -> int:
            return n

        def points(self, which: NDArray[np.intp]) -> list[Points]:
            return [drawings[i] for i in which]

    prior = fit_to_drawings(model, cast(DrawingPool, Few()), 20.0)
    assert len(prior.weights) == 1
    with torch.no_grad():
        batch = make_batch(drawings, 20.0, Z, rng)
        posterior = model.encode(torch.from_numpy(batch.steps), torch.from_numpy(batch.lengths))
    expected = posterior.log_variance.exp().mean(0) + posterior.mean.var(0, correction=0)
    found = np.square(prior.scale_tril[0]).sum(axis=1)
    np.testing.assert_allclose(found, expected.numpy(), rtol=0.15)


def test_a_prior_for_one_drawing_stands_on_it() -> None:
    prior = fit_prior(np.array([[1.0, 2.0]], dtype=np.float32), components=1)
    np.testing.assert_array_equal(prior.means, [[1.0, 2.0]])
    assert dataclasses.astuple(prior)[0] == [1.0]
