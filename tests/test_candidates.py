"""Rejection sampling: what is accepted, of which candidates, and when it is refused."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import ending_model, refusal, sketchvae
from threadpoolctl import threadpool_info, threadpool_limits

from sketchvae.bitmaps import BITMAP_SIDE, Bitmaps, bitmaps, blurred
from sketchvae.drawing import Drawing
from sketchvae.faults import faults
from sketchvae.features import features
from sketchvae.generate import candidates
from sketchvae.generate.artist import Artist
from sketchvae.generate.candidates import MAX_CANDIDATES, Draw, accepted, log_acceptance
from sketchvae.model.density_ratio import DensityRatio, Regression, n_columns
from sketchvae.model.discriminator import shipped_discriminator
from sketchvae.model.weights import Model, save
from sketchvae.polyline import Floats

DOTS = [Drawing([[[i, 0]]]) for i in range(4)]
CHANCES = np.array([1.0, 0.5, 0.25, 0.0])  # that each of the dots is accepted


def drawing(n: int) -> Draw:
    """Return what draws one of the dots for each index, by the candidate and the drawing alone."""

    def draw(indices: Sequence[int]) -> Iterator[Drawing]:
        return (DOTS[np.random.default_rng(divmod(i, n)).integers(4)] for i in indices)

    return draw


def judge(drawings: Sequence[Drawing]) -> Floats:
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(CHANCES[np.array([d.points[0, 0] for d in drawings], int)])
    return logs


def regression(columns: int, axes: int, **weights: float) -> Regression:
    """A regression whose log odds are a linear function of column 0, of the features: points."""
    directions, coefficients = np.zeros((axes, columns)), np.zeros(2 * axes + 1)
    directions[0, 0] = 0.01
    coefficients[0], coefficients[-1] = weights.get("slope", 0), weights.get("intercept", 0)
    return Regression(directions, np.zeros(axes), coefficients)


def rejecting_model(**weights: float) -> Model:
    """A tiny model that accepts by the number of points."""
    lines = regression(n_columns(has_head=False), n_columns(has_head=False), **weights)
    return replace(ending_model(), density_ratio=DensityRatio(lines, regression(BITMAP_SIDE**2, 2)))


def equal(a: Drawing, b: Drawing) -> bool:
    """Return whether two drawings are the same, to rounding."""
    alike = [len(s) for s in a.strokes] == [len(s) for s in b.strokes]
    return alike and np.allclose(a.points, b.points, atol=0.01)


def test_accepted_are_spread_as_what_is_drawn_times_the_chances() -> None:
    n = 4000
    counts = Counter(int(d.points[0, 0]) for d in accepted(drawing(n), judge, n, seed=1))
    expected = n * CHANCES / CHANCES.sum()
    for i in range(4):
        assert counts[i] == pytest.approx(expected[i], abs=4 * np.sqrt(n / 4))


def test_which_candidate_is_accepted_depends_on_the_seed_and_the_index_alone() -> None:
    many, few = (list(accepted(drawing(n), judge, n, seed=1)) for n in (1200, 7))
    assert many[:7] == few
    assert list(accepted(drawing(7), judge, 7, seed=2)) != few


def test_likeliest_is_taken_where_none_is_accepted() -> None:
    seen = Counter[int]()

    def unlikely(indices: Sequence[int]) -> list[Drawing]:
        seen.update(indices)
        return [Drawing([[[i // 3 % 7, 0]]]) for i in indices]

    flock = list(accepted(unlikely, lambda ds: np.array([d.points[0, 0] - 99 for d in ds]), 3, 1))
    assert seen == Counter(range(3 * MAX_CANDIDATES))
    assert [d.points[0, 0] for d in flock] == [6, 6, 6]
    nothing = list(accepted(unlikely, lambda ds: np.full(len(ds), -np.inf), 2, 1))
    assert nothing == [Drawing(())] * 2


def test_judge_sees_lines_and_bitmaps_of_rounded_drawings_and_no_empty_one() -> None:
    rng = np.random.default_rng(0)
    columns = n_columns(has_head=False)
    lines = Regression(rng.normal(size=(3, columns)) / 99, rng.normal(size=3), rng.normal(size=7))
    pixels = Regression(rng.normal(size=(2, 784)) / 99, rng.normal(size=2), rng.normal(size=5))
    pixels = replace(pixels, coefficients=pixels.coefficients - 20)
    artist = Artist(replace(ending_model(), density_ratio=DensityRatio(lines, pixels)))
    drawn = [Drawing(()), *(d for d in artist.draw(9, 1.0, seed=1) if d.strokes)]
    simple = [drawing.to_quickdraw() for drawing in drawn[1:]]
    by_people = shipped_discriminator().log_odds(bitmaps(simple))
    seen = [features(simple), np.array([faults(d) for d in simple]), by_people[:, None]]
    expected = lines.log_odds(np.hstack(seen))
    expected += pixels.log_odds(blurred(bitmaps(simple)))
    logs = log_acceptance(artist)(drawn)
    assert logs[0] == -np.inf
    np.testing.assert_allclose(logs[1:], np.minimum(expected, 0))
    assert (logs[1:] < 0).any()


def test_a_drawing_that_is_accepted_is_the_one_without_rejection() -> None:
    plain = Artist(ending_model()).draw(40, 1.0, seed=3)
    everything = Artist(rejecting_model()).draw(40, seed=3, reject=True)
    pairs = list(zip(plain, everything, strict=True))
    assert all(equal(a, b) if a.strokes else b.strokes for a, b in pairs)
    assert sum(equal(a, b) for a, b in pairs) > 20
    artist = Artist(rejecting_model(slope=30.0, intercept=-4.0))
    some = artist.draw(40, seed=3, reject=True)
    same = sum(equal(a, b) for a, b in zip(some, everything, strict=True))
    assert 2 < same < 35
    points = [np.mean([d.n_points for d in drawings]) for drawings in (everything, some)]
    assert points[1] > 1.2 * points[0]


def test_rejected_drawing_i_depends_on_the_seed_and_i_alone() -> None:
    artist = Artist(rejecting_model(slope=30.0, intercept=-4.0))
    many, few = (artist.draw(n, seed=5, reject=True) for n in (70, 3))
    assert all(equal(one, other) for one, other in zip(many[:3], few, strict=True))
    latents = np.random.default_rng(0).normal(size=(3, artist.model.config.latent))
    near = list(artist.draw_each(3, seed=5, latents=latents, reject=True))
    assert near == list(artist.draw_each(3, 1.0, seed=5, latents=latents, reject=True))
    assert near != list(few)


def test_rejection_refuses_what_contradicts_it() -> None:
    artist = Artist(rejecting_model())
    text = refusal(lambda: artist.draw(1, 0.7, reject=True))
    assert "at temperature 1, got 0.7; leave the temperature out" in text
    text = refusal(lambda: artist.draw(1, best_of=4, reject=True))
    assert "the best of 4 is most of its kind; leave one of them out" in text
    text = refusal(lambda: Artist(ending_model()).draw(1, reject=True))
    assert "must hold a density ratio for rejection sampling, got none; refine them" in text


def test_drawings_are_judged_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    threads: list[int] = []

    def counted(images: Bitmaps) -> Floats:
        threads.extend(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas")
        return blurred(images)

    monkeypatch.setattr(candidates, "blurred", counted)
    with threadpool_limits(2, "blas"):
        log_acceptance(Artist(rejecting_model()))([Drawing([[[0, 0], [9, 9]]])])
    assert set(threads) == {1}


def test_an_ending_is_the_most_plausible_of_four_unless_a_temperature_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points: list[int] = []

    def longest(drawings: Sequence[Drawing]) -> Floats:
        points.extend(drawing.n_points for drawing in drawings)
        return np.array([drawing.n_points for drawing in drawings], float)

    monkeypatch.setattr(candidates, "plausibility", lambda _: longest)
    artist, beginning = Artist(ending_model()), Drawing([[[0, 0], [10, 0]]])
    chosen = [ending.n_points for ending in artist.complete(beginning, 5, seed=2)]
    of_four = np.array(points).reshape(5, 4)
    assert chosen == of_four.max(axis=1).tolist() != of_four[:, 0].tolist()
    assert len(artist.complete(beginning, 5, 0.7, seed=2)) == 5
    assert len(points) == 20


def test_command_says_and_records_that_it_rejects(tmp_path: Path) -> None:
    model, output = tmp_path / "model.safetensors", tmp_path / "flock.svg"
    save(rejecting_model(slope=30.0, intercept=-4.0), model)
    text = sketchvae("draw", "-n", "3", "--seed", "4", "--reject", "--model", model, "-o", output)
    assert text == f"{output}: 3 drawings, seed 4, temperature 1, by rejection\n"
    again = sketchvae("info", output)
    assert "--reject" in again
    assert "--temperature 1.0" in again
    text = sketchvae("draw", "--reject", "-t", "0.7", "--model", model, "-o", output, fails=1)
    assert "draws at temperature 1, got 0.7" in text
