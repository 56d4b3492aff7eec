"""The artist, with tiny random weights: the textbook's LSTM, the paper's temperature, the order."""

import contextlib
import dataclasses
import itertools
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import ending_model
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

import sketchvae
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate import sampler as module
from sketchvae.generate.artist import Artist, load
from sketchvae.generate.sampler import Sampler, SampleSpec
from sketchvae.model.config import ModelConfig
from sketchvae.model.numpy_decoder import Decoder, Mixture, State
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model, save, shipped_path
from sketchvae.polyline import Bools, Floats, Floats32, Ints
from sketchvae.sequences import collate, from_stroke5, to_stroke3

H, Z, M = 8, 3, 2
CONFIG = ModelConfig(encoder_hidden=1, decoder_hidden=H, latent=Z, mixtures=M)
DOWN, UP, END = 0, 1, 2


def random_model(seed: int = 4, head: float = 1.0, spread: float = 0.0) -> Model:
    """Random weights; `head` scales how much the state says, `spread` is added to log sigma."""
    rng = np.random.default_rng(seed)
    tensors = {
        name: (rng.normal(size=shape) * 0.8).astype(np.float32)
        for name, shape in CONFIG.shapes().items()
    }
    tensors["head.weight"] *= np.float32(head)
    tensors["head.weight"][:, H:] *= np.float32(0.05)  # offsets would grow from step to step
    tensors["head.bias"][3 * M : 5 * M] += spread
    prior = Prior(
        np.array([0.5, 0.5], dtype=np.float32),
        rng.normal(size=(2, Z)).astype(np.float32),
        np.tril(rng.normal(size=(2, Z, Z))).astype(np.float32),
    )
    return Model(CONFIG, 20.0, tensors, prior, {"word": "sheep"})


def coin_model(down: float, up: float, end: float) -> Model:
    """A model whose pen is thrown like a die, whatever has been drawn."""
    model = random_model(head=0.0)
    chances = np.array([down, up, end])
    with np.errstate(divide="ignore"):
        model.tensors["head.bias"][-3:] = np.maximum(np.log(chances), -1000)
    return model


def textbook(model: Model, z: Floats, steps: list[list[float]]) -> list[Floats]:
    """Run the decoder as the equations of an LSTM stand in a book, in float64, one drawing.

    Args:
        z: (Z,).
        steps: stroke-5 that was drawn so far; one more output comes out than goes in.
    """
    t = {name: np.asarray(a, dtype=np.float64) for name, a in model.tensors.items()}

    def sigmoid(x: Floats) -> Floats:
        result: Floats = 1 / (1 + np.exp(-x))
        return result

    start = np.tanh(t["start.weight"] @ z + t["start.bias"])
    h, c = start[:H], start[H:]
    outputs = []
    for number, step in enumerate([[0.0, 0.0, 1.0, 0.0, 0.0], *steps]):
        seen = np.concatenate([step, around(steps[:number])]).clip(-16, 16)
        x = np.concatenate([seen, z])
        gates = t["decoder.input"] @ x + t["decoder.recurrent"] @ h + t["decoder.bias"]
        i, f, g, o = gates.reshape(4, H)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(t["head.weight"] @ np.concatenate([h, seen]) + t["head.bias"])
    return outputs


def ahead(steps: list[list[float]]) -> complex:
    """Return the direction of the segment before, if it is ink that goes on, else the page's x."""
    pens = [DOWN, *(int(np.argmax(step[2:])) for step in steps)]
    x, y = steps[-1][:2] if steps else (0.0, 0.0)
    is_ink = len(steps) > 0 and pens[-1] == pens[-2] == DOWN and math.hypot(x, y) > 0
    return complex(x, y) / math.hypot(x, y) if is_ink else 1


def around(steps: list[list[float]]) -> Floats:
    """Return the ways from the pen to the ink: stroke's and drawing's first, lowest, highest."""
    places, first, pen = [0j], 0j, DOWN
    for x, y, *pens in steps:
        places.append(places[-1] + complex(x, y))
        first, pen = (places[-1] if pen == UP else first), int(np.argmax(pens))
    here = places[-1]
    xs, ys = [p.real for p in places], [p.imag for p in places]
    back, low, high = first - here, complex(min(xs), min(ys)), complex(max(xs), max(ys))
    ways = [back * ahead(steps).conjugate(), -here, low - here, high - here]
    return np.array([part for way in ways for part in (way.real, way.imag)])


def almost_equal(one: Drawing, other: Drawing) -> bool:
    return [len(s) for s in one.strokes] == [len(s) for s in other.strokes] and bool(
        np.allclose(one.points, other.points, atol=1e-2)
    )


# --- the network ----------------------------------------------------------------------


def test_decoder_is_the_lstm_of_the_textbook() -> None:
    model, rng = random_model(), np.random.default_rng(1)
    z = rng.normal(size=(3, Z)).astype(np.float32)
    offsets = (8 * rng.normal(size=(6, 2, 3))).astype(np.float32)  # beyond what is seen
    pens = rng.integers(0, 2, size=(6, 3))
    network = Decoder(model)
    state = network.begin(z)
    heads, on_page = [], []
    for offset, pen in zip(offsets, pens, strict=True):
        mixture = network.step(state)
        heads.append(
            np.concatenate([mixture.log_pi, mixture.normals.reshape(5 * M, 3), mixture.log_q])
        )
        on_page.append(network.append_local(state, offset, pen).copy())
    for b in range(3):
        steps = [
            [*offset[:, b].tolist(), *np.eye(3)[pen[b]].tolist()]
            for offset, pen in zip(on_page, pens, strict=True)
        ]
        expected = textbook(model, z[b].astype(np.float64), steps)[:6]
        np.testing.assert_allclose(np.array(heads)[:, :, b], expected, atol=1e-5)


# --- temperature: eq. 8 ---------------------------------------------------------------

LOG_PI = [0.3, -0.8, 1.1]
MU = [[-1.0, 0.5, 2.0], [3.0, 0.0, -2.0]]
LOG_SIGMA = [[-0.5, 0.2, 0.4], [0.1, -1.0, 0.7]]
RHO = [0.6, -0.9, 0.2]  # before tanh
LOG_Q = [0.5, -0.2, -1.5]


def mixture_of(n: int, rho: list[float] = RHO, log_pi: list[float] = LOG_PI) -> Mixture:
    """The same belief for n drawings."""

    def columns(values: object) -> Floats32:
        array = np.array(values, dtype=np.float32)
        return np.repeat(array[..., None], n, axis=-1)

    return Mixture(columns(log_pi), columns([*MU, *LOG_SIGMA, rho]), columns(LOG_Q))


def weights_at(logits: list[float], tau: float) -> list[float]:
    powers = [math.exp(x / tau) for x in logits]
    return [p / sum(powers) for p in powers]


def pick(weights: list[float], chance: float) -> int:
    for k, height in enumerate(itertools.accumulate(weights)):
        if chance < height:
            return k
    raise AssertionError


@pytest.mark.parametrize("tau", [0.01, 0.1, 0.4, 1.0, 2.5])
def test_step_with_known_dice_is_that_of_equation_8(tau: float) -> None:
    rng = np.random.default_rng(0)
    chances = rng.random((2, 400), dtype=np.float32)
    noise = rng.standard_normal((2, 400), dtype=np.float32)
    offsets, pens = mixture_of(400).sample(np.full(400, tau), chances, noise)
    for b in range(400):
        k = pick(weights_at(LOG_PI, tau), float(chances[0, b]))
        rho = math.tanh(RHO[k])
        n0, n1 = noise[:, b].tolist()
        sigma_x, sigma_y = (math.sqrt(math.exp(LOG_SIGMA[i][k]) ** 2 * tau) for i in (0, 1))
        x = MU[0][k] + sigma_x * n0
        y = MU[1][k] + sigma_y * (rho * n0 + math.sqrt(1 - rho**2) * n1)
        assert offsets[:, b].tolist() == pytest.approx([x, y], abs=1e-4)
        assert pens[b] == pick(weights_at(LOG_Q, tau), float(chances[1, b]))


@pytest.mark.parametrize("tau", [0.25, 1.0, 2.0])
def test_many_steps_have_the_moments_of_equation_8(tau: float) -> None:
    n, rng = 200_000, np.random.default_rng(3)
    for k in range(3):  # one component at a time: the others weigh nothing
        log_pi = [0.0 if i == k else -1e4 for i in range(3)]
        offsets, pens = mixture_of(n, log_pi=log_pi).sample(
            np.full(n, tau),
            rng.random((2, n), dtype=np.float32),
            rng.standard_normal((2, n), np.float32),
        )
        x, y = offsets.astype(np.float64)
        for values, axis in ((x, 0), (y, 1)):
            variance = math.exp(2 * LOG_SIGMA[axis][k]) * tau
            assert values.mean() == pytest.approx(MU[axis][k], abs=5 * (variance / n) ** 0.5)
            assert values.var() == pytest.approx(variance, rel=5 * (2 / n) ** 0.5)
        assert np.corrcoef(x, y)[0, 1] == pytest.approx(math.tanh(RHO[k]), abs=0.012)
        for pen, weight in enumerate(weights_at(LOG_Q, tau)):
            assert (pens == pen).mean() == pytest.approx(weight, abs=0.006)


def test_components_are_chosen_by_their_weight_at_the_temperature() -> None:
    n, rng = 200_000, np.random.default_rng(4)
    still = np.zeros((2, n), dtype=np.float32)  # no noise: the offset tells the component
    for tau in (0.4, 1.0):
        offsets, _ = mixture_of(n).sample(
            np.full(n, tau), rng.random((2, n), dtype=np.float32), still
        )
        for mean, weight in zip(MU[0], weights_at(LOG_PI, tau), strict=True):
            assert (offsets[0] == np.float32(mean)).mean() == pytest.approx(weight, abs=0.006)


def test_quarter_of_the_temperature_is_half_of_the_spread() -> None:
    chances = np.full((2, 1), 0.999, dtype=np.float32)  # the last component at both temperatures
    noise = np.ones((2, 1), dtype=np.float32)
    middle = np.array([[2.0], [-2.0]])
    warm, _ = mixture_of(1).sample(np.ones(1), chances, noise)
    cool, _ = mixture_of(1).sample(np.full(1, 0.25), chances, noise)
    np.testing.assert_allclose(cool - middle, (warm - middle) / 2, rtol=1e-5)


def test_full_correlation_puts_all_offsets_on_a_line() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 50), dtype=np.float32)
    chances = np.full((2, 50), 0.999, dtype=np.float32)
    for rho in (40.0, -40.0):  # tanh is 1 here, to the last bit
        offsets, _ = mixture_of(50, rho=[rho] * 3).sample(np.ones(1), chances, noise)
        x, y = (offsets - np.array([[2.0], [-2.0]])) / np.exp([[0.4], [0.7]])
        np.testing.assert_allclose(y, math.copysign(1, rho) * x, atol=1e-5)


def test_chances_at_the_edges_never_choose_what_weighs_nothing() -> None:
    edges = np.array([[0.0, 1 - 2**-24]] * 2, dtype=np.float32)
    still = np.zeros((2, 2), dtype=np.float32)
    offsets, _ = mixture_of(2, log_pi=[-1e4, 0.0, -1e4]).sample(np.ones(1), edges, still)
    assert offsets[0].tolist() == [0.5, 0.5]


# --- the prior ------------------------------------------------------------------------


def test_prior_places_mean_plus_factor_times_noise() -> None:
    prior, rng = random_model().prior, np.random.default_rng(0)
    chances = np.array([0.1, 0.9, 0.4999, 0.5], dtype=np.float32)
    noise = rng.standard_normal((4, Z), dtype=np.float32)
    z = prior.sample(chances, noise)
    for row, k in enumerate([0, 1, 0, 1]):
        expected = prior.means[k] + prior.scale_tril[k] @ noise[row]
        np.testing.assert_allclose(z[row], expected, rtol=1e-5)


def test_prior_has_the_weights_means_and_covariances_it_was_given() -> None:
    n, rng = 200_000, np.random.default_rng(1)
    means = np.array([[0, 0, 100], [0, 0, 200], [5, -5, 300]], dtype=np.float32)
    scale_tril = np.tril(rng.normal(size=(3, Z, Z))).astype(np.float32)
    prior = Prior(np.array([0.1, 0.0, 0.3], dtype=np.float32), means, scale_tril)  # adds up to 0.4
    z = prior.sample(
        rng.random(n, dtype=np.float32), rng.standard_normal((n, Z), dtype=np.float32)
    ).astype(np.float64)
    for k, share in ((0, 0.25), (2, 0.75)):
        rows = z[np.abs(z[:, 2] - means[k, 2]) < 50]
        assert len(rows) / n == pytest.approx(share, abs=0.006)
        np.testing.assert_allclose(rows.mean(axis=0), means[k], atol=0.05)
        expected = scale_tril[k].astype(np.float64) @ scale_tril[k].T
        np.testing.assert_allclose(np.cov(rows.T), expected, atol=0.12)
    assert not (np.abs(z[:, 2] - 200) < 50).any()


def test_prior_never_chooses_a_component_of_no_weight() -> None:
    weights = np.array([0.0, 1.0, 0.0], dtype=np.float32)
    means = np.arange(3, dtype=np.float32)[:, None]
    prior = Prior(weights, means, np.zeros((3, 1, 1), dtype=np.float32))
    edges = np.array([0.0, 1 - 2**-24], dtype=np.float32)
    assert prior.sample(edges, np.zeros((2, 1), np.float32)).tolist() == [[1], [1]]


# --- drawing --------------------------------------------------------------------------


def test_same_seed_gives_the_same_drawings_and_another_seed_others() -> None:
    artist = Artist(random_model())
    assert (
        artist.draw(20, seed=5)
        == artist.draw(20, seed=5)
        == Artist(random_model()).draw(20, seed=5)
    )
    assert artist.draw(20, seed=5) != artist.draw(20, seed=6)
    assert artist.draw(20) != artist.draw(20)
    assert len(set(artist.draw(50, seed=5))) > 25  # all but the empty ones


def test_drawing_does_not_depend_on_how_many_are_drawn() -> None:
    artist = Artist(random_model())
    many = artist.draw(40, seed=11)
    for n in (1, 2, 7, 39):
        few = artist.draw(n, seed=11)
        assert len(few) == n
        assert all(map(almost_equal, few, many[:n]))


@pytest.mark.parametrize("slots", [1, 3, 8, 59, 60])
def test_refilled_and_dropped_slots_change_nothing(
    slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    artist = Artist(random_model(seed=1))
    artist.max_steps = 12  # some are begun anew
    together = artist.draw(60, temperature=1.0, seed=2)
    assert len({d.n_points for d in together}) > 4  # they end at different steps
    monkeypatch.setattr(module, "_MAX_SLOTS", slots)
    apart = artist.draw(60, temperature=1.0, seed=2)
    assert len(apart) == 60
    assert all(map(almost_equal, apart, together))


def test_slots_of_drawings_that_have_ended_fill_whole_blocks_of_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    widths, step = [], Decoder.step

    def noted(decoder: Decoder, state: State) -> Mixture:
        widths.append(state.inputs.shape[1])
        return step(decoder, state)

    monkeypatch.setattr(Decoder, "step", noted)
    artist = Artist(coin_model(0.6, 0.2, 0.2))
    spec = SampleSpec(70, 1.0, 0)
    drawn = list(Sampler(artist.decoder, artist.model.prior, spec, artist.max_steps).sequences())
    assert len(drawn) == 70
    assert widths == sorted(widths, reverse=True)
    assert {width for width in widths if width > 16} == {70, 64, 48, 32}
    assert widths[-1] < 4


def test_more_drawings_than_fit_slots_all_come() -> None:
    drawings = Artist(coin_model(0.4, 0.3, 0.3)).draw(700, seed=0)
    assert len(drawings) == 700
    assert len(set(drawings)) > 400  # but for the empty ones, no two are alike


def test_first_of_a_billion_drawings_comes_at_once() -> None:
    artist = Artist(random_model())
    first = list(itertools.islice(artist.draw_each(10**9, seed=11), 3))
    assert all(map(almost_equal, first, artist.draw(3, seed=11)))


def test_no_drawings_are_none() -> None:
    assert Artist(random_model()).draw(0) == []


def test_near_zero_temperature_draws_what_the_network_thinks_best() -> None:
    """Follow the largest pi, its mean, and the largest q, by the textbook."""
    lengths = []
    for seed in range(40):
        model = random_model(seed, spread=-12.0)
        prior = Prior(
            np.ones(1, dtype=np.float32),
            model.prior.means[:1],
            np.zeros((1, Z, Z), dtype=np.float32),
        )
        model = dataclasses.replace(model, prior=prior)
        steps: list[list[float]] = []
        pen = DOWN
        while pen != END and len(steps) < 30:
            y = textbook(model, prior.means[0].astype(np.float64), steps)[-1]
            k, pen = int(y[:M].argmax()), int(y[-3:].argmax())
            offset = complex(y[M + k], y[2 * M + k]) * ahead(steps)
            steps.append([offset.real, offset.imag, *np.eye(3)[pen]])
        if pen != END:  # goes round in circles for ever
            continue
        rows = np.array(steps)
        rows[:, :2] *= model.scale
        (drawing,) = Artist(model).draw(temperature=0.001, seed=0)
        assert almost_equal(drawing, from_stroke5(rows).aligned())
        lengths.append(len(steps))
    assert len(lengths) > 8
    assert max(lengths) > 4


def steps_taken(drawing: Drawing) -> int:
    """Steps with the END row: n steps of offsets join n + 1 points."""
    return drawing.n_points if drawing.strokes else 1


def test_unfinished_drawings_are_begun_anew_and_never_cut() -> None:
    artist, n = Artist(coin_model(0.5, 0.3, 0.2)), 3000
    artist.max_steps = 6
    counts = Counter(steps_taken(d) for d in artist.draw(n, temperature=1.0, seed=0))
    assert set(counts) == {1, 2, 3, 4, 5, 6}  # the last step that is left may be the end
    fair = [0.8**k * 0.2 for k in range(6)]  # geometric, given that it ends in time
    for k, weight in enumerate(fair):
        share = weight / sum(fair)
        deviation = (share * (1 - share) / n) ** 0.5
        assert counts[k + 1] / n == pytest.approx(share, abs=4.5 * deviation)


def test_drawing_that_never_ends_is_one_clear_line() -> None:
    artist = Artist(coin_model(0.6, 0.4, 0.0))
    artist.max_steps = 10
    with pytest.raises(SketchvaeError) as caught:
        artist.draw(3, temperature=1.0, seed=0)
    message = str(caught.value)
    assert message.startswith("drawing 0 must end within 10 steps, got none that did in 20")
    assert "try a temperature from 0.3 to 1, or train longer" in message
    assert "\n" not in message


@pytest.mark.parametrize("chosen", [0.3, 1.5])
def test_each_of_twenty_attempts_is_a_tenth_warmer_up_to_1(
    chosen: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[float] = []
    begin = Sampler._begin

    def noted(sampler: Sampler, indices: Ints) -> tuple[State, Floats32]:
        begun.extend(sampler._temperature_of(indices).tolist())
        return begin(sampler, indices)

    monkeypatch.setattr(Sampler, "_begin", noted)
    artist = Artist(coin_model(0.6, 0.4, 0.0))
    artist.max_steps = 4
    with pytest.raises(SketchvaeError, match="in 20 attempts"):
        artist.draw(1, temperature=chosen, seed=0)
    assert begun == pytest.approx([max(chosen, min(chosen * 1.1**k, 1.0)) for k in range(20)])


def test_decode_draws_from_the_latents_it_is_given() -> None:
    """As a prior would that is this latent and nothing else."""
    model = random_model()
    latents = (3 * np.random.default_rng(4).normal(size=(9, Z))).astype(np.float32)
    drawn = Artist(model).decode(latents, 0.7, seed=5)
    assert len(set(drawn)) > 3
    one, still = np.ones(1, dtype=np.float32), np.zeros((1, Z, Z), dtype=np.float32)
    for i, latent in enumerate(latents):
        alone = Artist(replace(model, prior=Prior(one, latent[None], still)))
        assert almost_equal(alone.draw(9, 0.7, seed=5)[i], drawn[i])


@pytest.mark.parametrize("shape", [(Z + 1,), (2, Z + 1), (2, Z, 1)])
def test_latents_of_another_shape_are_one_line(shape: tuple[int, ...]) -> None:
    with pytest.raises(SketchvaeError, match=r"latents must be finite and of the shape \(n, "):
        Artist(random_model()).decode(np.zeros(shape, dtype=np.float32), seed=0)
    with pytest.raises(SketchvaeError, match="latents must be finite"):
        Artist(random_model()).decode(np.full((1, Z), np.nan, dtype=np.float32), seed=0)


def test_attempt_gives_up_where_draw_begins_anew() -> None:
    artist = Artist(coin_model(0.5, 0.3, 0.2))
    artist.max_steps = 6
    attempts = artist.sample(700, 1.0, seed=3)
    share = sum(d is None for d in attempts) / 700
    assert share == pytest.approx(0.8**6, abs=4.5 * (0.8**6 * (1 - 0.8**6) / 700) ** 0.5)
    drawn = artist.draw(700, temperature=1.0, seed=3)
    assert all(almost_equal(a, d) for a, d in zip(attempts, drawn, strict=True) if a is not None)


def test_attempt_draws_from_the_latents_it_is_given() -> None:
    artist = Artist(random_model())
    latents = np.random.default_rng(0).standard_normal((6, Z)).astype(np.float32)
    decoded = artist.decode(latents, 0.5, seed=2)
    attempts = artist.sample(6, 0.5, seed=2, latents=latents)
    ended = [(a, d) for a, d in zip(attempts, decoded, strict=True) if a is not None]
    assert ended
    assert all(almost_equal(attempt, drawing) for attempt, drawing in ended)
    others = artist.sample(6, 0.5, seed=2)
    assert any(
        a is not None and o is not None and not almost_equal(a, o)
        for a, o in zip(attempts, others, strict=True)
    )


def test_end_at_the_first_step_is_an_empty_drawing() -> None:
    drawings = Artist(coin_model(0.0, 0.0, 1.0)).draw(5, seed=0)
    assert drawings == [Drawing([])] * 5
    assert {d.word for d in drawings} == {"sheep"}


def test_pen_up_begins_a_stroke_and_end_draws_nothing() -> None:
    model = coin_model(0.0, 0.7, 0.3)  # lifted after every step
    drawing = max(Artist(model).draw(50, temperature=1.0, seed=0), key=lambda d: d.n_points)
    assert drawing.n_points > 4
    # From the origin to the first point, and then single points.
    assert [len(s) for s in drawing.strokes] == [2] + [1] * (drawing.n_points - 2)


def test_drawings_are_in_pixels_from_the_corner_and_named() -> None:
    model = random_model()
    twice = dataclasses.replace(model, scale=2 * model.scale)
    for one, other in zip(
        Artist(model).draw(10, seed=3), Artist(twice).draw(10, seed=3), strict=True
    ):
        assert one.bounds[:2] == (0, 0)
        assert almost_equal(one.scaled(2), other)
        assert one.word == "sheep"


def test_model_without_a_word_draws_drawings_without_one() -> None:
    model = dataclasses.replace(random_model(), about={})
    assert {d.word for d in Artist(model).draw(3, seed=0)} == {""}


def test_lower_temperature_makes_drawings_more_alike() -> None:
    model = coin_model(0.5, 0.2, 0.3)
    model.tensors["head.bias"][: 5 * M] = 0  # one component at the origin, sigma 1

    def spread(tau: float) -> float:
        drawings = Artist(model).draw(400, temperature=tau, seed=0)
        offsets = [to_stroke3(d)[:, :2] for d in drawings if d.strokes]
        return float(np.concatenate(offsets).std())

    assert spread(0.25) / spread(1.0) == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("n", "temperature", "seed", "message"),
    [
        (-1, 0.5, 0, "the number of drawings must be 0 or more, got -1"),
        (1, 0.0, 0, "the temperature must be from 0.001 to 10, got 0; try 0.7"),
        (1, -0.5, 0, "the temperature must be from 0.001 to 10, got -0.5"),
        (1, 1e-45, 0, "the temperature must be from 0.001 to 10, got 1e-45"),
        (1, 10.1, 0, "the temperature must be from 0.001 to 10, got 10.1"),
        (1, math.nan, 0, "the temperature must be from 0.001 to 10, got nan"),
        (1, math.inf, 0, "the temperature must be from 0.001 to 10, got inf"),
        (1, 0.5, -7, "the seed must be 0 or more, got -7; try 7"),
        (1, 0.5, 0.5, "the seed must be an integer, got 0.5"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_the_first_drawing(
    n: int, temperature: float, seed: float, message: str
) -> None:
    with pytest.raises(SketchvaeError) as caught:
        Artist(random_model()).draw_each(n, temperature, seed)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("temperature", [0.001, 10.0])
def test_temperatures_at_both_ends_draw(temperature: float) -> None:
    artist = Artist(coin_model(0.3, 0.3, 0.4))
    if temperature < 1:  # the likeliest pen alone is left: it must be the end
        assert artist.draw(5, temperature, seed=0) == [Drawing([])] * 5
    else:
        assert any(d.strokes for d in artist.draw(5, temperature, seed=0))


def test_seed_may_be_of_any_size() -> None:
    artist = Artist(random_model())
    assert artist.draw(3, seed=10**30) == artist.draw(3, seed=10**30)


@pytest.mark.parametrize("seed", range(8))
def test_senseless_weights_draw_or_say_so_without_a_warning(seed: int) -> None:
    """All that float16 holds may stand in a file; a warning would be an error here."""
    rng = np.random.default_rng(seed)

    def extreme(shape: tuple[int, ...]) -> Floats32:
        return rng.choice([-65504, 65504, 0, 1, 20000], size=shape).astype(np.float32)

    tensors = {name: extreme(shape) for name, shape in CONFIG.shapes().items()}
    prior = Prior(np.ones(2, np.float32), extreme((2, Z)), extreme((2, Z, Z)))
    artist = Artist(Model(CONFIG, 1000.0, tensors, prior, {}))
    artist.max_steps = 40
    for temperature in (0.001, 1.0, 10.0):
        with contextlib.suppress(SketchvaeError):
            assert len(artist.draw(5, temperature, seed=0)) == 5


# --- loading --------------------------------------------------------------------------


def test_artist_is_loaded_from_a_path_or_its_name(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save(random_model(), path)
    drawings = load(path).draw(5, seed=0)
    assert drawings == sketchvae.load(str(path)).draw(5, seed=0)
    assert load(path).word == "sheep"
    assert any(d.strokes for d in drawings)


@pytest.mark.skipif(not shipped_path().exists(), reason="no weights beside this source")
def test_shipped_artist_draws_drawings_that_end() -> None:
    drawings = sketchvae.load().draw(8, seed=0)
    assert all(d.n_points > 1 for d in drawings)
    assert {d.word for d in drawings} == {"sheep"}


def test_arrays_of_the_artist_are_float32() -> None:
    """A float64 that slips in makes everything twice as slow and shows nowhere else."""
    network = Decoder(random_model())
    state = network.begin(np.zeros((2, Z), dtype=np.float32))
    mixture = network.step(state)
    dice = np.full((2, 2), 0.5, dtype=np.float32)
    offsets, pen = mixture.sample(np.full(1, 0.5), dice, dice)
    network.append_local(state, offsets, pen)
    arrays: list[NDArray[np.float32]] = [
        offsets,
        state.inputs,
        state.cell,
        state.z_gates,
        *vars(mixture).values(),
    ]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("n", [1, 40])
def test_drawings_are_made_on_one_thread_of_numpy_which_leaves_the_others(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine two threads that wait for each other took fifteen times as long."""

    def blas_threads() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    seen: list[list[int]] = []
    step = Sampler._step

    def watched(sampler: Sampler) -> Bools:
        seen.append(blas_threads())
        return step(sampler)

    monkeypatch.setattr(Sampler, "_step", watched)
    monkeypatch.setattr(module, "cpu_count", lambda: 1)  # here OpenBLAS tells the truth
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with threadpool_limits(2):
        before = blas_threads()
        if max(before, default=1) < 2:
            pytest.skip("the products of this NumPy cannot have two threads")
        Artist(ending_model()).draw(n, seed=1)
        assert blas_threads() == before
    assert set(map(max, seen[:5])) == {1} != {max(before)}


# --- typical drawings ---------------------------------------------------------------


def test_typical_prior_is_drawn_from_unless_a_temperature_is_given() -> None:
    model, other = random_model(), ending_model().prior
    moved = replace(other, means=other.means + 5)
    both = Artist(replace(model, typical_prior=moved))
    assert both.draw(5, seed=1) == Artist(replace(model, prior=moved)).draw(5, 0.7, seed=1)
    assert both.draw(5, 0.7, seed=1) == Artist(model).draw(5, seed=1)
    assert both.draw(5, 0.7, seed=1) != both.draw(5, seed=1)
    assert both.sample(5, None, 1) == list(both.draw(5, seed=1))
    z = np.zeros((5, model.config.latent), np.float32)
    assert both.decode(z, seed=1) == Artist(model).decode(z, seed=1)
    cold = Artist(replace(both.model, typical_temperature=0.2))
    assert cold.draw(5, seed=1) == Artist(replace(model, prior=moved)).draw(5, 0.2, seed=1)
    assert cold.draw(5, 0.7, seed=1) == both.draw(5, 0.7, seed=1)


@pytest.mark.parametrize(
    "strokes",
    [
        [[(3.25, 4.5)]],
        [[(3, 4), (3, 4)]],
        [[(10, 10), (200, 10.125), (200, 120)]],
        [[(10, 10), (200, 10)], [(50, 60)]],
        [[(10, 10), (200, 10)], [(50.5, 60), (51, 99)]],
    ],
)
def test_an_open_stroke_is_continued_and_what_was_given_stays(
    strokes: list[list[tuple[float, float]]],
) -> None:
    beginning, last = Drawing(strokes), len(strokes) - 1
    for ending in Artist(ending_model()).complete(beginning, 6, seed=1, is_open=True):
        whole = list(ending.strokes)
        np.testing.assert_array_equal(whole[last][: len(strokes[last])], strokes[last])
        assert len(whole[last]) > len(strokes[last]) or strokes[last][0] == (3.25, 4.5)
        whole[last] = whole[last][: len(strokes[last])]
        assert Drawing(whole[: last + 1]) == beginning


def test_a_completion_leaves_a_latent_whose_drawings_do_not_end() -> None:
    """Of 30,000 endings of one beginning one failed 20 times, and with it the other endings."""
    artist, far = load(), np.full((3, 64), -50, np.float32)
    beginning = collate([Drawing([[(10, 10), (200, 10), (200, 120)]])], artist.model.scale)
    with pytest.raises(SketchvaeError, match="must end within"):
        artist.decode(far, seed=1)
    spec, prior = SampleSpec(3, 0.7, 1), artist.model.prior
    prefix = beginning.without_end()
    sampler = Sampler(artist.decoder, prior, spec, artist.max_steps, latents=far, prefix=prefix)
    assert all(steps is not None for steps in sampler.sequences())
    assert set(sampler.attempts.values()) == {10}


def test_an_open_stroke_is_the_same_stroke_to_the_decoder() -> None:
    """Its next point is likely where the rest of the real stroke goes on."""
    artist = load()
    (whole,) = artist.draw(1, seed=8)
    stroke = whole.to_quickdraw().strokes[0]
    half = Drawing([stroke[: len(stroke) // 2]])
    jumps = {
        is_open: np.mean(
            [
                np.linalg.norm(_following(drawn, half) - half.points[-1])
                for drawn in artist.complete(half, 16, seed=3, is_open=is_open)
            ]
        )
        for is_open in (True, False)
    }
    assert jumps[True] < 0.5 * jumps[False]


def _following(drawn: Drawing, beginning: Drawing) -> Floats:
    """Return the first point that was added."""
    return np.asarray(drawn.points[beginning.n_points])


def test_a_reconstruction_of_which_nothing_ends_is_empty() -> None:
    model = ending_model()
    model.tensors["head.bias"][-1] = -1e4  # the end
    artist = Artist(model)
    originals = [Drawing([[(0, 0), (9, 9)]]), Drawing([[(0, 0), (90, 9), (9, 200)]])]
    assert artist.reconstruct(originals, seed=1) == [Drawing(()), Drawing(())]
