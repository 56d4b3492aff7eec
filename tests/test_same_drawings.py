"""The same seed draws the same sheep: a few numbers of the weights that ship, written down in 0.1.

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
        (0.3, [27, 3], [13.106, 123.998], [77.037, 211.090]),
        (0.7, [25, 4], [2.705, 147.976], [225.595, 130.893]),
        (1.0, [25], [59.492, 58.451], [240.973, 67.036]),
    ],
)
def test_seed_7_draws_the_same_sheep(
    artist: Artist, temperature: float, lengths: list[int], middle: list[float], last: list[float]
) -> None:
    check(artist.draw(1, temperature, 7)[0], lengths, middle, last)


def test_latents_and_what_is_drawn_from_them_stay(artist: Artist, sheep: list[Drawing]) -> None:
    z = artist.encode(sheep)
    np.testing.assert_allclose(z[0, :3], [0.0217, -0.0471, -0.4897], atol=2e-4)
    sampled = artist.sample_posterior(sheep[:3], 5, 7)
    np.testing.assert_allclose(sampled[0, :3], [1.5157, -1.1673, -0.3326], atol=2e-4)
    perturbed = artist.perturb(z[:3], 5, seed=7)
    np.testing.assert_allclose(perturbed[0, :3], [0.4756, -0.3868, -0.1870], atol=2e-4)
    decoded = artist.decode(z, seed=3)[1]
    check(decoded, [32, 10, 2, 2, 2], [82.945, 112.852], [214.858, 150.081])


def test_morph_reconstruction_and_completion_stay(artist: Artist, sheep: list[Drawing]) -> None:
    z = artist.encode(sheep)
    morphed = artist.morph(z[0], z[1], 5, seed=7)[2]
    check(morphed, [43, 9, 2, 2, 2], [127.587, 148.152], [209.079, 198.455])
    reconstructed = artist.reconstruct(sheep, seed=7)[0]
    check(reconstructed, [49, 3, 2, 2, 3], [144.375, 171.182], [234.536, 220.739])
    completed = artist.complete(Drawing(sheep[0].strokes[:1]), 3, seed=7)[0]
    check(completed, [50, 6, 4, 2], [140.0, 143.0], [129.0, 189.0])


def test_scores_stay(artist: Artist, sheep: list[Drawing]) -> None:
    scores = artist.score(sheep[:3])
    nll = [score.nll for score in scores]
    np.testing.assert_allclose(nll, [380.1148, 359.5406, 295.1807], rtol=1e-4)
    probability = [score.class_probability for score in scores]
    np.testing.assert_allclose(probability, [0.99997, 0.99959, 0.99873], atol=2e-5)  # type: ignore[arg-type]
    assert [score.percentile for score in scores] == [100, 95, 83]
