"""The encoder and the given steps in NumPy, held to the network in torch."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers import SCALE, M, Z, flock, network_in_torch, padded, random_model
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.artist import Artist
from sketchvae.generate.parallel import parallel_map
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.weights import load, shipped_path
from sketchvae.polyline import Floats32
from sketchvae.sequences import collate, to_stroke5

# --- drawings as columns ---------------------------------------------------------------

POINT = st.tuples(st.integers(0, 255), st.integers(0, 255))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.lists(POINT, min_size=1, max_size=5), min_size=1), min_size=1))
def test_columns_are_the_stroke_5_of_the_drawings(many: list[list[list[tuple[int, int]]]]) -> None:
    drawings = [Drawing(strokes) for strokes in many]
    reading = collate(drawings, SCALE)
    assert sorted(reading.sample_index) == list(range(len(drawings)))
    assert (np.diff(reading.lengths) <= 0).all()
    for column, (index, length) in enumerate(
        zip(reading.sample_index, reading.lengths, strict=True)
    ):
        expected = to_stroke5(drawings[index])
        expected[:, :2] /= SCALE
        steps = reading.steps[..., column]
        np.testing.assert_allclose(steps[:length], expected, atol=1e-6)
        assert not steps[length:].any()
        assert not reading.reversed_()[length:, :, column].any()
        np.testing.assert_array_equal(
            reading.reversed_()[:length, :, column], steps[length - 1 :: -1]
        )


def test_noise_of_half_a_pixel_moves_offsets_and_nothing_else() -> None:
    drawings = flock(200)
    dice = [np.random.default_rng(i) for i in range(200)]
    still, noisy = collate(drawings, SCALE), collate(drawings, SCALE, dice)
    moved = (noisy.steps - still.steps) * SCALE
    has_offset = still.steps[:, 2:4].any(axis=1)
    assert not moved[:, 2:].any()
    assert not moved.transpose(0, 2, 1)[~has_offset].any()
    noise = moved.transpose(0, 2, 1)[has_offset][:, :2]
    assert 0.49 < noise.max() < 0.501
    assert noise.std() == pytest.approx(1 / np.sqrt(12), rel=0.05)


# --- the encoder -----------------------------------------------------------------------


def test_posterior_is_that_of_the_network_in_torch_to_1e_4() -> None:
    model, drawings = random_model(), flock(300)  # several batches, on several cpu_count
    posterior = Artist(model).posterior(drawings)
    with torch.no_grad():
        expected = network_in_torch(model).encode(*padded(drawings, np.arange(300)))
    np.testing.assert_allclose(posterior.mean, expected.mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(posterior.log_variance, expected.log_variance.numpy(), atol=1e-4)
    assert posterior.mean.std() > 0.1


@pytest.mark.skipif(not shipped_path().exists(), reason="no weights beside this source")
def test_posterior_of_the_shipped_weights_is_that_of_the_network_in_torch_to_1e_4() -> None:
    artist = Artist(load(shipped_path()))
    drawings = [d.in_simplified_form() for d in artist.draw(20, seed=0)]
    steps, lengths = padded(drawings, np.arange(20), artist.model.scale)
    with torch.no_grad():
        expected = network_in_torch(artist.model).encode(steps, lengths)
    posterior = artist.posterior(drawings)
    np.testing.assert_allclose(posterior.mean, expected.mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(posterior.log_variance, expected.log_variance.numpy(), atol=1e-4)


def test_encoded_latents_are_the_means_whatever_is_read_beside() -> None:
    artist, drawings = Artist(random_model()), flock(40)
    latents = artist.encode(drawings)
    np.testing.assert_array_equal(latents, artist.posterior(drawings).mean)
    alone = np.concatenate([artist.encode([drawing]) for drawing in drawings])
    np.testing.assert_allclose(latents, alone, atol=1e-5)
    assert latents.dtype == np.float32


def test_size_and_place_of_a_drawing_do_not_change_its_latent() -> None:
    artist = Artist(random_model())
    # Of 97 units no whole number of them comes to half a pixel, where rounding may go either way.
    small = Drawing([[[0, 0], [97, 13], [40, 61]], [[5, 50], [20, 20]]])
    large = small.scaled(1000).moved(70, -5000)
    np.testing.assert_allclose(artist.encode([small]), artist.encode([large]), atol=1e-4)


def test_simplified_drawings_are_read_as_they_are() -> None:
    artist, drawings = Artist(random_model()), flock(20)
    moved = [drawing.moved(300, 40) for drawing in drawings]
    np.testing.assert_allclose(artist.encode(drawings), artist.encode(moved), atol=1e-6)
    nearly_straight = Drawing([[[0, 0], [100, 1], [255, 0]]])
    recipe = nearly_straight.simplified()
    assert recipe.n_points == 2
    assert np.abs(artist.encode([nearly_straight]) - artist.encode([recipe])).max() > 1e-2


def test_no_drawing_has_no_latent() -> None:
    assert Artist(random_model()).encode([]).shape == (0, Z)


def test_empty_drawing_is_refused_by_its_number() -> None:
    with pytest.raises(
        SketchvaeError, match="drawing 1 must have a stroke to be encoded, got none"
    ):
        Artist(random_model()).encode([*flock(1), Drawing([])])


def test_sampled_latents_spread_as_the_posterior_says() -> None:
    artist = Artist(random_model())
    posterior = artist.posterior(flock(1))
    noise = np.random.default_rng(0).standard_normal((20_000, 1, Z), dtype=np.float32)
    z = posterior.z(noise)[:, 0]
    np.testing.assert_allclose(z.mean(axis=0), posterior.mean[0], atol=0.1)
    np.testing.assert_allclose(z.std(axis=0), np.exp(posterior.log_variance[0] / 2), rtol=0.05)


# --- steps that are given --------------------------------------------------------------


def latents_of(n: int) -> Floats32:
    return np.random.default_rng(5).standard_normal((n, Z)).astype(np.float32)


def test_nats_are_the_reconstruction_loss_of_the_network_in_torch() -> None:
    model, drawings = random_model(), flock(30)
    reading = collate(drawings, SCALE)
    z = latents_of(30)
    with torch.no_grad():
        expected = network_in_torch(model).reconstruction_loss(
            torch.from_numpy(z), *padded(drawings, reading.sample_index)
        )
    np.testing.assert_allclose(Decoder(model).nll(z, reading), expected.numpy(), rtol=1e-4)


def test_repeated_drawings_cost_what_they_cost_alone() -> None:
    model, z = random_model(), latents_of(12)
    reading = collate(flock(4), SCALE)
    together = Decoder(model).nll(z, reading.repeated(3))
    for k in range(3):
        np.testing.assert_allclose(together[k::3], Decoder(model).nll(z[k::3], reading), rtol=1e-5)


def test_state_after_given_steps_is_that_of_the_drawn_ones() -> None:
    model = random_model()
    network, reading = Decoder(model), collate([flock(1)[0]] * 3, SCALE).without_end()
    followed, drawn = network.begin(latents_of(3)), network.begin(latents_of(3))
    for _ in network.teacher_force(followed, reading):
        pass
    for step in reading.steps:
        network.step(drawn)
        seen = (step[0] + 1j * step[1]) / drawn.heading
        network.append_local(drawn, np.stack([seen.real, seen.imag]), step[2:].argmax(axis=0))
    for one, other in zip(vars(followed).values(), vars(drawn).values(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_nats_of_narrow_and_correlated_components_are_finite() -> None:
    model = random_model()
    model.tensors["head.bias"][3 * M : 5 * M] = -8  # log sigma
    model.tensors["head.bias"][5 * M : 6 * M] = 12  # correlation before tanh
    nats = Decoder(model).nll(latents_of(5), collate(flock(5), SCALE))
    assert np.isfinite(nats).all()


# --- all cores -------------------------------------------------------------------------


def test_work_on_all_cores_keeps_its_order_and_its_errors() -> None:
    assert parallel_map(lambda i: i * i, range(50)) == [i * i for i in range(50)]
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda i: 1 // i, [1, 0])


def test_reading_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        collate(flock(1), SCALE).lengths = np.zeros(1, dtype=np.intp)  # type: ignore[misc]
