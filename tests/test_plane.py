"""The plane of the latent space in which the prior extends farthest."""

import numpy as np
import pytest
from helpers import Z, ending_model

from sketchvae.explore.plane import COLD, Plane
from sketchvae.generate.artist import Artist
from sketchvae.model.prior import Prior


def mixture() -> Prior:
    """Two components, far apart in one direction."""
    rng = np.random.default_rng(0)
    tril = np.tril(rng.normal(size=(2, Z, Z))).astype(np.float32)
    means = np.array([[4, 0, 0], [-2, 1, 0]], dtype=np.float32)
    return Prior(np.array([1, 3], np.float32), means, tril)


def test_moments_are_those_of_many_samples() -> None:
    rng, n = np.random.default_rng(1), 200_000
    prior = mixture()
    z = prior.sample(
        rng.random(n, dtype=np.float32), rng.standard_normal((n, Z), dtype=np.float32)
    ).astype(np.float64)
    mean, covariance = prior.moments()
    np.testing.assert_allclose(mean, z.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(covariance, np.cov(z.T), atol=0.12)
    np.testing.assert_allclose(prior.standard_deviation() ** 2, np.diag(covariance), rtol=1e-5)


def test_the_axes_are_two_deviations_along_the_main_directions() -> None:
    prior = mixture()
    plane, (mean, covariance) = Plane.of(prior), prior.moments()
    variances = np.linalg.eigvalsh(covariance)[::-1]
    np.testing.assert_allclose(np.linalg.norm(plane.axes, axis=1), 2 * np.sqrt(variances[:2]))
    assert plane.axes[0] @ plane.axes[1] == pytest.approx(0, abs=1e-4)
    for axis, variance in zip(plane.axes, variances, strict=False):
        np.testing.assert_allclose(covariance @ axis, variance * axis, atol=1e-4)
    np.testing.assert_allclose(plane.latents([(0, 0)])[0], mean, rtol=1e-6)
    np.testing.assert_allclose(plane.latents([(1, -1)])[0], mean + plane.axes[0] - plane.axes[1])


def test_a_grid_has_the_middles_of_cells_row_by_row() -> None:
    plane = Plane.of(mixture())
    places = [(-0.5, -2 / 3), (0.5, -2 / 3), (-0.5, 0), (0.5, 0), (-0.5, 2 / 3), (0.5, 2 / 3)]
    np.testing.assert_allclose(plane.grid(2, 3), plane.latents(places), atol=1e-5)


def test_what_does_not_end_is_an_empty_cell() -> None:
    artist = Artist(ending_model())
    plane = Plane.of(artist.model.prior)
    ended = [d is not None for d in artist.sample(6, COLD, 0, plane.grid(3, 2))]
    assert [bool(drawing.strokes) for drawing in plane.draw(artist, 3, 2)] == ended
