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
        (0.3, [21], [173.717, 50.069], [0.000, 111.246]),
        (0.7, [21], [177.948, 34.561], [0.000, 205.879]),
        (1.0, [25], [162.252, 0.513], [30.087, 144.577]),
        (None, [25], [192.999, 107.128], [21.622, 72.894]),
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
    np.testing.assert_allclose(z[0, :3], [-0.0841, -0.0135, -0.6165], atol=2e-4)
    sampled = artist.sample_posterior(sheep[:3], 5, 7)
    np.testing.assert_allclose(sampled[0, :3], [1.4174, -1.1310, -0.4522], atol=2e-4)
    perturbed = artist.perturb(z[:3], 5, seed=7)
    np.testing.assert_allclose(perturbed[0, :3], [0.3579, -0.3558, -0.3362], atol=2e-4)
    decoded = artist.decode(z, seed=3)[1]
    check(decoded, [29, 8, 2, 2, 3, 2], [100.786, 130.502], [216.368, 166.911])


def test_morph_reconstruction_and_completion_stay(artist: Artist, sheep: list[Drawing]) -> None:
    z = artist.encode(sheep)
    morphed = artist.morph(z[0], z[1], 5, seed=7)[2]
    check(morphed, [33, 10, 2, 2, 2, 3], [76.322, 132.432], [237.961, 172.702])
    reconstructed = artist.reconstruct(sheep, seed=7)[0]
    check(reconstructed, [42, 12, 2, 3, 3, 2], [198.151, 68.176], [188.891, 170.794])
    completed = artist.complete(Drawing(sheep[0].strokes[:1]), 3, seed=7)[0]
    check(completed, [44, 29, 6, 4, 4, 8, 2, 2, 5, 4], [220.000, 54.000], [126.000, 182.000])


def test_scores_stay(artist: Artist, sheep: list[Drawing]) -> None:
    scores = artist.score(sheep[:3])
    nll = [score.nll for score in scores]
    np.testing.assert_allclose(nll, [438.0934, 402.1140, 296.4210], rtol=1e-4)
    probability = [score.class_probability for score in scores]
    np.testing.assert_allclose(probability, [0.99993, 0.99852, 0.99857], atol=2e-5)  # type: ignore[arg-type]
    assert [score.percentile for score in scores] == [100, 81, 81]
