"""The same seed draws the same sheep: a few numbers of the weights that ship, written down.

They change with the weights, and with nothing else. Coordinates are compared to a hundredth of a
pixel, for processors round sums differently.
"""

from pathlib import Path

import numpy as np
import pytest

from sketchvae import Artist, Drawing, load
from sketchvae.data import formats

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"


@pytest.fixture(scope="module")
def artist() -> Artist:
    return load()


@pytest.fixture(scope="module")
def sheep() -> list[Drawing]:
    return list(formats.read(SHEEP))[:4]


def check(drawing: Drawing, lengths: list[int], middle: list[float], last: list[float]) -> None:
    """Compare the points of each stroke in number, and two points of the drawing."""
    assert [len(stroke) for stroke in drawing.strokes] == lengths
    points = drawing.points
    np.testing.assert_allclose(points[len(points) // 2], middle, atol=0.01)
    np.testing.assert_allclose(points[-1], last, atol=0.01)


@pytest.mark.parametrize(
    ("temperature", "lengths", "middle", "last"),
    [
        (0.3, [27, 20, 9, 6, 6, 10], [209.363, 110.089], [214.168, 53.242]),
        (0.7, [27, 29, 4, 4, 5, 10], [180.728, 47.314], [153.217, 198.739]),
        (1.0, [30, 7, 5, 18, 16, 3], [255.853, 165.511], [103.657, 42.287]),
        (None, [64, 9, 3, 2], [105.038, 174.293], [179.996, 237.073]),
    ],
)
def test_seed_7_draws_the_same_sheep(
    artist: Artist,
    temperature: float | None,
    lengths: list[int],
    middle: list[float],
    last: list[float],
) -> None:
    check(artist.draw(1, temperature, 7)[0], lengths, middle, last)


def test_latents_and_what_is_drawn_from_them_stay(artist: Artist, sheep: list[Drawing]) -> None:
    z = artist.encode(sheep)
    np.testing.assert_allclose(z[0, :3], [0.7931, -0.0008, 0.0497], atol=2e-4)
    sampled = artist.sample_posterior(sheep[:3], 5, 7)
    np.testing.assert_allclose(sampled[0, :3], [1.0742, -1.1327, 1.1903], atol=2e-4)
    perturbed = artist.perturb(z[:3], 5, seed=7)
    np.testing.assert_allclose(perturbed[0, :3], [1.1820, -0.3476, 0.3884], atol=2e-4)
    decoded = artist.decode(z, seed=3)[1]
    check(decoded, [62, 8, 5, 4, 3, 7, 9], [85.596, 163.178], [183.886, 151.585])


def test_morph_reconstruction_and_completion_stay(artist: Artist, sheep: list[Drawing]) -> None:
    z = artist.encode(sheep)
    morphed = artist.morph(z[0], z[1], 5, seed=7)[2]
    check(morphed, [65, 3, 3, 3, 5], [97.831, 171.300], [209.017, 235.101])
    reconstructed = artist.reconstruct(sheep, seed=7)[0]
    check(reconstructed, [51, 3, 2, 2], [75.213, 167.579], [252.339, 79.540])
    completed = artist.complete(Drawing(sheep[0].strokes[:1]), 3, seed=7)[0]
    check(completed, [50, 6, 2, 2, 2], [8.000, 110.000], [157.000, 142.000])


def test_scores_stay(artist: Artist, sheep: list[Drawing]) -> None:
    scores = artist.score(sheep[:3])
    nll = [score.nll for score in scores]
    np.testing.assert_allclose(nll, [360.8142, 593.0784, 569.4185], rtol=1e-4)
    probability = [score.class_probability for score in scores]
    np.testing.assert_allclose(probability, [0.99804, 0.98810, 0.99606], atol=2e-5)  # type: ignore[arg-type]
    assert [score.percentile for score in scores] == [93, 55, 83]
