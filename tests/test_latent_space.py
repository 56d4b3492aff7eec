"""Paths and neighbourhoods in the latent space, and the drawings along a path."""

import math

import numpy as np
import pytest
from helpers import Z, ending_model, flock, random_model

from sketchvae.bitmaps import bitmaps, blurred
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.features import SPREAD, features
from sketchvae.generate.artist import Artist
from sketchvae.generate.interpolation import (
    RECONSTRUCTIONS,
    UNFINISHED_COST,
    interpolate,
    perturb,
    viterbi_path,
)
from sketchvae.model.prior import Prior
from sketchvae.model.weights import load, shipped_path
from sketchvae.polyline import Floats32

shipped = pytest.mark.skipif(not shipped_path().exists(), reason="no weights beside this source")


def array(*values: float) -> Floats32:
    return np.array(values, dtype=np.float32)


# --- paths -----------------------------------------------------------------------------


@pytest.mark.parametrize("linear", [False, True])
def test_path_begins_and_ends_at_its_ends(linear: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.standard_normal((2, 8)).astype(np.float32)
        path = interpolate(a, b, 5, linear=linear)
        np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-5)
        assert path.shape == (5, 8)


def test_spherical_path_turns_evenly_on_the_circle() -> None:
    path = interpolate(array(2, 0), array(0, 2), 4)
    angles = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(angles, [0, 30, 60, 90], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 2, rtol=1e-6)


def test_linear_path_is_straight_and_even() -> None:
    path = interpolate(array(2, 0), array(0, 4), 5, linear=True)
    np.testing.assert_allclose(np.diff(path, axis=0), [[-0.5, 1]] * 4, atol=1e-6)


@pytest.mark.parametrize("last", [array(3, 0), array(-2, 0), array(0, 0), array(1, 0)])
def test_spherical_path_without_a_plane_is_straight(last: Floats32) -> None:
    path = interpolate(array(1, 0), last, 3)
    np.testing.assert_allclose(path[1], (array(1, 0) + last) / 2, atol=1e-6)


def test_path_of_one_step_is_refused() -> None:
    with pytest.raises(SketchvaeError, match="2 steps or more, got 1; try 8"):
        interpolate(array(1), array(2), 1)


# --- neighbourhoods --------------------------------------------------------------------


def test_spread_counts_in_standard_deviations_of_the_whole_prior() -> None:
    # Two narrow components at -1 and 1 in x, and a wide one in y: by hand 1.02 and 3.
    scale_tril = np.stack([np.diag([0.2, 3.0])] * 2).astype(np.float32)
    prior = Prior(array(0.5, 0.5), np.array([[-1, 0], [1, 0]], np.float32), scale_tril)
    z = perturb(array(5, 7)[None], prior, 40_000, 0.5, seed=0)
    np.testing.assert_allclose(z.mean(axis=0), [5, 7], atol=0.05)
    np.testing.assert_allclose(z.std(axis=0), [0.5 * math.sqrt(1.04), 1.5], rtol=0.02)


def test_no_spread_is_there_and_each_has_its_turn() -> None:
    prior = Prior(array(1), np.zeros((1, 1), np.float32), np.ones((1, 1, 1), np.float32))
    z = perturb(array(1, 2, 3)[:, None], prior, 5, 0, seed=1)
    assert z[:, 0].tolist() == [1, 2, 3, 1, 2]
    more = perturb(array(1, 2)[:, None], prior, 9, 1, seed=1)
    np.testing.assert_array_equal(perturb(array(1, 2)[:, None], prior, 4, 1, seed=1), more[:4])


def test_like_others_samples_their_posteriors_in_turn() -> None:
    artist, drawings = Artist(random_model()), flock(2)
    z = artist.sample_posterior(drawings, 20_000, seed=3)
    posterior = artist.posterior(drawings)
    for place in range(2):
        own = z[place::2]
        np.testing.assert_allclose(own.mean(axis=0), posterior.mean[place], atol=0.1)
        deviation = np.exp(posterior.log_variance[place] / 2)
        np.testing.assert_allclose(own.std(axis=0), deviation, rtol=0.05)


@pytest.mark.parametrize(
    ("spread", "said"),
    [(-0.1, "got -0.1; try 0.3"), (11, "0 to 10, got 11"), (math.nan, "got nan")],
)
def test_spread_out_of_range_is_refused(spread: float, said: str) -> None:
    with pytest.raises(SketchvaeError, match=said):
        Artist(random_model()).perturb(np.zeros((1, Z), np.float32), spread=spread)


def test_nothing_to_be_near_or_like_is_refused() -> None:
    artist = Artist(random_model())
    with pytest.raises(SketchvaeError, match="needs one or more, got none"):
        artist.perturb(np.zeros((0, Z), np.float32))
    with pytest.raises(SketchvaeError, match="needs one or more, got none"):
        artist.sample_posterior([])


@pytest.mark.parametrize(
    ("latents", "said"),
    [
        (np.zeros((2, Z + 1)), rf"\(n, {Z}\), got \(2, {Z + 1}\); encode with the same model"),
        (np.zeros(Z + 1), rf"got \({Z + 1},\)"),
        (np.array([[0, 0, 0], [0, np.nan, 0]]), "got nan in row 1, column 1"),
        (np.array([[np.inf, 0, 0]]), "got inf in row 0, column 0"),
        (np.array([[0, 0, 1e300]]), "got inf in row 0, column 2"),
    ],
)
def test_latents_of_another_shape_or_not_finite_are_refused(latents: Floats32, said: str) -> None:
    artist = Artist(random_model())
    with pytest.raises(SketchvaeError, match=said):
        artist.decode(latents)
    with pytest.raises(SketchvaeError, match=said):
        artist.perturb(latents)


# --- drawings along a path -------------------------------------------------------------

SQUARE = Drawing([[[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]])
LINE = Drawing([[[0, 0], [100, 0]]])


def test_shapes_that_change_least_are_chosen() -> None:
    same = np.zeros((3, 2))
    assert viterbi_path([SQUARE, LINE, LINE, SQUARE, SQUARE, SQUARE], same) == [SQUARE] * 3
    assert viterbi_path([SQUARE, LINE, LINE, LINE, SQUARE, LINE], same) == [LINE] * 3


def test_drawings_that_are_read_as_something_else_are_not_chosen() -> None:
    away = np.array([[0.0, 81.0], [81.0, 0.0]])
    assert viterbi_path([SQUARE, LINE, LINE, SQUARE], away) == [SQUARE, SQUARE]
    assert viterbi_path([SQUARE, LINE, LINE, SQUARE], 81 - away) == [LINE, LINE]


def test_drawings_that_did_not_end_are_not_chosen_where_another_did() -> None:
    assert viterbi_path(
        [None, LINE, SQUARE, None], np.array([[UNFINISHED_COST, 0], [0, UNFINISHED_COST]])
    ) == [LINE, SQUARE]
    assert viterbi_path(
        [None, None, SQUARE, None], np.array([[UNFINISHED_COST] * 2, [0, UNFINISHED_COST]])
    ) == [SQUARE]


@shipped
def test_morph_of_the_shipped_sheep_is_a_path_of_sheep_between_both() -> None:
    artist = Artist(load(shipped_path()))
    first, last = artist.encode(artist.draw(2, 0.3, seed=5))
    path = artist.morph(first, last, 4, seed=1)
    assert path == artist.morph(first, last, 4, seed=1)
    again = artist.encode(path)
    away = np.linalg.norm(again[:, None] - interpolate(first, last, 4), axis=2)
    assert away.argmin(axis=1).tolist() == [0, 1, 2, 3]  # each is read as its own place


def test_morph_of_a_model_whose_drawings_never_end_says_so() -> None:
    model = random_model()
    model.tensors["head.weight"][:] = 0
    model.tensors["head.bias"][-1] = -100
    artist = Artist(model)
    artist.max_steps = 20
    with pytest.raises(SketchvaeError, match="must end within 20 steps, got 0 in 16 attempts"):
        artist.morph(np.zeros(Z, np.float32), np.ones(Z, np.float32), 3, seed=0)


# --- reconstructions -------------------------------------------------------------------


def test_reconstruction_that_never_ends_is_empty_and_the_others_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sketchvae.generate.artist.RECONSTRUCTIONS", 2)
    artist = Artist(ending_model())
    artist.max_steps = 4
    again = artist.reconstruct(flock(40), 1.0, seed=0)
    assert len(again) == 40
    unfinished = sum(not drawing.strokes for drawing in again)
    assert 0 < unfinished < 40
    assert {drawing.word for drawing in again} == {"sheep"}


def test_reconstruction_is_the_candidate_that_looks_most_like_the_drawing() -> None:
    artist, drawings, k = Artist(random_model()), flock(5), RECONSTRUCTIONS
    latents = artist.encode(drawings)
    again = artist.reconstruct(drawings, 1.0, seed=3)
    each = latents.repeat(k, axis=0)
    drawn = artist.sample(len(each), 1.0, 3, each)
    for i, found in enumerate(again):
        some = [d for d in drawn[i * k : (i + 1) * k] if d and d.strokes]
        alike = [drawings[i], *(d.to_quickdraw() for d in some)]
        pictures, lines = blurred(bitmaps(alike)), features(alike) / SPREAD
        away = np.square(pictures[1:] - pictures[0]).sum(axis=1) / 45.7
        away += np.square(lines[1:] - lines[0]).mean(axis=1) / 2
        assert found == some[int(away.argmin())]
        assert len(set(some)) > 1


@shipped
def test_reconstructions_are_read_as_their_originals() -> None:
    artist = Artist(load(shipped_path()))
    drawings = artist.draw(6, 0.3, seed=1)
    latents = artist.encode(drawings)
    again = artist.encode(artist.reconstruct(drawings, 0.1, seed=2))
    away = np.linalg.norm(again[:, None] - latents, axis=2)
    assert (away.argmin(axis=1) == np.arange(6)).all()
