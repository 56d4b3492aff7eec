"""Beginnings that are continued: where they stand, in their size, with different endings."""

import math

import numpy as np
import pytest
from helpers import ending_model
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.artist import Artist
from sketchvae.generate.completion import infer_latents, normalise_prefix
from sketchvae.generate.sampler import SampleSpec
from sketchvae.model.weights import load, shipped_path

BODY = Drawing([[[60, 40], [90, 20], [150, 10], [200, 60], [180, 90], [70, 88], [60, 41]]])


ARTIST = Artist(ending_model())


@pytest.mark.parametrize("encode", [False, True])
def test_strokes_of_the_beginning_stay_to_the_last_digit(encode: bool) -> None:
    odd = Drawing([np.array([[0.1, 1 / 3], [math.pi, 7e-5]]), np.array([[2.2, 2.2]])])
    for beginning in (BODY, odd, odd.scaled(1e4), odd.moved(-50, 1e6)):
        for drawing in ARTIST.complete(beginning, 5, 1.0, seed=0, encode=encode):
            kept = drawing.strokes[: len(beginning.strokes)]
            assert Drawing(kept) == beginning
            assert len(drawing.strokes) > len(beginning.strokes)  # even where the end is likely


def test_size_and_place_of_the_beginning_are_those_of_the_ending() -> None:
    """The same beginning elsewhere, in another unit, gets the same ending there."""
    first = Drawing([[[0, 0], [97, 13], [40, 61]], [[5, 50], [20, 20]]])
    for factor, dx, dy in ((0.01, 0, 0), (1000, 70, -5000)):
        other = first.scaled(factor).moved(dx, dy)
        for one, two in zip(
            ARTIST.complete(first, 4, 0.5, seed=1, size=120),
            ARTIST.complete(other, 4, 0.5, seed=1, size=120 * factor),
            strict=True,
        ):
            back = two.moved(-dx, -dy).scaled(1 / factor)
            assert [len(s) for s in back.strokes] == [len(s) for s in one.strokes]
            np.testing.assert_allclose(back.points, one.points, atol=0.02)


def test_pixels_of_quick_draw_are_taken_as_they_are_and_stay_whole() -> None:
    (drawing,) = ARTIST.complete(BODY, 1, seed=3)
    assert normalise_prefix(BODY, 40.0, 250, None).simple is BODY
    assert (drawing.points == drawing.points.round()).all()


@pytest.mark.parametrize(("size", "side"), [(None, 204.0), (500.0, 51.0), (100.0, 255.0)])
def test_size_says_how_large_the_finished_drawing_is(size: float | None, side: float) -> None:
    beginning = Drawing([np.array([[0.5, 0], [100.5, 30], [20, 90]])])
    simple = normalise_prefix(beginning, 40.0, 250, size).simple
    assert simple.longest_side == pytest.approx(side, abs=1)


def test_completion_depends_on_the_seed_and_its_number_alone() -> None:
    few, many = ARTIST.complete(BODY, 2, 0.8, seed=4), ARTIST.complete(BODY, 7, 0.8, seed=4)
    assert few == many[:2]
    assert len({*many}) == 7
    assert ARTIST.complete(BODY, 2, 0.8, seed=5) != few
    assert ARTIST.complete(BODY, 0, seed=4) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1), min_size=1))
def test_any_beginning_is_continued(strokes: list[list[tuple[int, int]]]) -> None:
    beginning = Drawing(strokes)
    for given_ in (beginning, beginning.scaled(0.3)):
        if len(normalise_prefix(given_, 40.0, 10**9, None).batch.steps) < ARTIST.max_steps - 20:
            (drawing,) = ARTIST.complete(given_, 1, seed=0, encode=True)
            assert Drawing(drawing.strokes[: len(strokes)]) == given_


def test_latents_fit_the_beginning_better_than_the_priors_do() -> None:
    artist = Artist(load(shipped_path()))  # one whose encoder knows what its decoder draws
    start = normalise_prefix(BODY, artist.model.scale, artist.max_steps, None)
    rng, Z = np.random.default_rng(0), artist.model.config.latent
    prior = artist.model.prior.sample(
        rng.random(64, dtype=np.float32), rng.standard_normal((64, Z), dtype=np.float32)
    )
    spec = SampleSpec(64, 0.5, seed=0)
    fitting = infer_latents(artist.model, artist.encoder, artist.decoder, start, spec)
    before, after = (
        artist.decoder.nll(z, start.batch.repeated(64)).mean() for z in (prior, fitting)
    )
    assert after < before - 1  # nats: e times as likely


@pytest.mark.parametrize(
    ("beginning", "size", "said"),
    [
        (Drawing([]), None, "the beginning must have a stroke, got none"),
        (BODY, 100.0, "at least as large as its beginning, 140, got 100; choose a larger size"),
        (BODY, math.nan, "at least as large as its beginning, 140, got nan"),
        (BODY, math.inf, "got inf"),
        (
            Drawing([[[i * 7 % 256, i * 91 % 256] for i in range(300)]]),
            None,
            "fewer steps than the 250 of the longest drawing, got 299; leave strokes out",
        ),
    ],
)
def test_what_cannot_be_continued_is_one_line(
    beginning: Drawing, size: float | None, said: str
) -> None:
    with pytest.raises(SketchvaeError) as caught:
        ARTIST.complete(beginning, 1, size=size)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not shipped_path().exists(), reason="no weights beside this source")
def test_shipped_sheep_goes_on_beside_its_beginning() -> None:
    artist = Artist(load(shipped_path()))
    (sheep,) = artist.draw(1, 0.3, seed=7)
    body = Drawing([sheep.to_quickdraw().strokes[0]])
    drawings = artist.complete(body, 6, 0.3, seed=1)
    left, top, right, bottom = body.bounds
    for drawing in drawings:
        x0, y0, x1, y1 = drawing.bounds
        assert x0 > left - 200
        assert y0 > top - 200
        assert x1 < right + 200
        assert y1 < bottom + 200
    # What was sampled to fit a whole sheep adds more than what takes the body for one.
    alone = artist.complete(body, 6, 0.3, seed=1, encode=True)
    assert sum(len(d.strokes) for d in drawings) > sum(len(d.strokes) for d in alone)
