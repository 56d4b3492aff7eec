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
        (0.3, [30, 10, 6, 5, 7], [9.349, 28.092], [151.817, 115.294]),
        (0.7, [30, 8, 4, 4, 12], [73.816, 11.624], [230.710, 68.911]),
        (1.0, [30, 8, 4, 4, 12], [39.148, 26.520], [234.937, 83.416]),
        (None, [64, 4, 3, 3, 2], [118.875, 181.162], [204.343, 263.225]),
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
    np.testing.assert_allclose(z[0, :3], [-0.2088, -0.0023, 0.0218], atol=2e-4)
    sampled = artist.sample_posterior(sheep[:3], 5, 7)
    np.testing.assert_allclose(sampled[0, :3], [0.0495, -1.1344, 1.1616], atol=2e-4)
    perturbed = artist.perturb(z[:3], 5, seed=7)
    np.testing.assert_allclose(perturbed[0, :3], [0.1798, -0.3408, 0.3584], atol=2e-4)
    decoded = artist.decode(z, seed=3)[1]
    check(decoded, [31, 7, 3, 2], [108.178, 147.360], [216.261, 148.549])


def test_morph_reconstruction_and_completion_stay(artist: Artist, sheep: list[Drawing]) -> None:
    z = artist.encode(sheep)
    morphed = artist.morph(z[0], z[1], 5, seed=7)[2]
    check(morphed, [31, 4, 3, 3], [207.022, 134.956], [250.247, 14.762])
    reconstructed = artist.reconstruct(sheep, seed=7)[0]
    check(reconstructed, [32, 4, 4, 4], [134.639, 129.925], [68.316, 28.485])
    completed = artist.complete(Drawing(sheep[0].strokes[:1]), 3, seed=7)[0]
    check(completed, [31, 11, 3, 3, 3, 2], [30.000, 111.000], [195.000, 157.000])


def test_scores_stay(artist: Artist, sheep: list[Drawing]) -> None:
    scores = artist.score(sheep[:3])
    nll = [score.nll for score in scores]
    np.testing.assert_allclose(nll, [320.6116, 277.3122, 451.5754], rtol=1e-4)
    probability = [score.class_probability for score in scores]
    np.testing.assert_allclose(probability, [0.96936, 0.99018, 0.98121], atol=2e-5)  # type: ignore[arg-type]
    assert [score.percentile for score in scores] == [44.0, 59.0, 46.0]
