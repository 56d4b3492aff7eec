"""The NumPy encoder and teacher forcing in the NumPy decoder, compared with the torch network."""

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

# --- padded batches --------------------------------------------------------------------

POINT = st.tuples(st.integers(0, 255), st.integers(0, 255))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.lists(POINT, min_size=1, max_size=5), min_size=1), min_size=1))
def test_columns_are_the_stroke_5_of_the_drawings(many: list[list[list[tuple[int, int]]]]) -> None:
    drawings = [Drawing(strokes) for strokes in many]
    batch = collate(drawings, SCALE)
    assert sorted(batch.sample_index) == list(range(len(drawings)))
    assert (np.diff(batch.lengths) <= 0).all()
    for column, (index, length) in enumerate(zip(batch.sample_index, batch.lengths, strict=True)):
        expected = to_stroke5(drawings[index])
        expected[:, :2] /= SCALE
        steps = batch.steps[..., column]
        np.testing.assert_allclose(steps[:length], expected, atol=1e-6)
        assert not steps[length:].any()
        assert not batch.reversed_()[length:, :, column].any()
        np.testing.assert_array_equal(
            batch.reversed_()[:length, :, column], steps[length - 1 :: -1]
        )


def test_dequantisation_moves_offsets_by_half_a_pixel_and_nothing_else() -> None:
    drawings = flock(200)
    rngs = [np.random.default_rng(i) for i in range(200)]
    exact, noisy = collate(drawings, SCALE), collate(drawings, SCALE, rngs)
    moved = (noisy.steps - exact.steps) * SCALE
    has_offset = exact.steps[:, 2:4].any(axis=1)
    assert not moved[:, 2:].any()
    assert not moved.transpose(0, 2, 1)[~has_offset].any()
    noise = moved.transpose(0, 2, 1)[has_offset][:, :2]
    assert 0.49 < noise.max() < 0.501
    assert noise.std() == pytest.approx(1 / np.sqrt(12), rel=0.05)


# --- the encoder -----------------------------------------------------------------------


def test_posterior_is_that_of_the_torch_network_to_1e_4() -> None:
    model, drawings = random_model(), flock(300)  # several batches, on several cores
    posterior = Artist(model).posterior(drawings)
    with torch.no_grad():
        expected = network_in_torch(model).encode(*padded(drawings, np.arange(300)))
    np.testing.assert_allclose(posterior.mean, expected.mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(posterior.log_variance, expected.log_variance.numpy(), atol=1e-4)
    assert posterior.mean.std() > 0.1


def test_posterior_of_the_shipped_weights_is_that_of_the_torch_network_to_1e_4() -> None:
    artist = Artist(load(shipped_path()))
    drawings = [d.in_simplified_form() for d in artist.draw(20, seed=0)]
    steps, lengths = padded(drawings, np.arange(20), artist.model.scale)
    with torch.no_grad():
        expected = network_in_torch(artist.model).encode(steps, lengths)
    posterior = artist.posterior(drawings)
    np.testing.assert_allclose(posterior.mean, expected.mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(posterior.log_variance, expected.log_variance.numpy(), atol=1e-4)


def test_encoded_latents_are_posterior_means_in_any_batch() -> None:
    artist, drawings = Artist(random_model()), flock(40)
    latents = artist.encode(drawings)
    np.testing.assert_array_equal(latents, artist.posterior(drawings).mean)
    alone = np.concatenate([artist.encode([drawing]) for drawing in drawings])
    np.testing.assert_allclose(latents, alone, atol=1e-5)
    assert latents.dtype == np.float32


def test_size_and_position_of_a_drawing_do_not_change_its_latent() -> None:
    artist = Artist(random_model())
    # The width of 97 is prime: no coordinate falls on half a pixel, which rounds either way.
    small = Drawing([[[0, 0], [97, 13], [40, 61]], [[5, 50], [20, 20]]])
    large = small.scaled(1000).moved(70, -5000)
    np.testing.assert_allclose(artist.encode([small]), artist.encode([large]), atol=1e-4)


def test_simplified_drawings_are_encoded_without_simplifying_again() -> None:
    artist, drawings = Artist(random_model()), flock(20)
    moved = [drawing.moved(300, 40) for drawing in drawings]
    np.testing.assert_allclose(artist.encode(drawings), artist.encode(moved), atol=1e-6)
    nearly_straight = Drawing([[[0, 0], [100, 1], [255, 0]]])
    simplified = nearly_straight.simplified()
    assert simplified.n_points == 2
    assert np.abs(artist.encode([nearly_straight]) - artist.encode([simplified])).max() > 1e-2


def test_no_drawings_have_no_latents() -> None:
    assert Artist(random_model()).encode([]).shape == (0, Z)


def test_empty_drawing_is_refused_by_its_index() -> None:
    with pytest.raises(
        SketchvaeError, match="drawing 1 must have a stroke to be encoded, got none"
    ):
        Artist(random_model()).encode([*flock(1), Drawing([])])


def test_sampled_latents_have_the_mean_and_deviation_of_the_posterior() -> None:
    artist = Artist(random_model())
    posterior = artist.posterior(flock(1))
    noise = np.random.default_rng(0).standard_normal((20_000, 1, Z), dtype=np.float32)
    z = posterior.z(noise)[:, 0]
    np.testing.assert_allclose(z.mean(axis=0), posterior.mean[0], atol=0.1)
    np.testing.assert_allclose(z.std(axis=0), np.exp(posterior.log_variance[0] / 2), rtol=0.05)


# --- teacher forcing -------------------------------------------------------------------


def latents_of(n: int) -> Floats32:
    return np.random.default_rng(5).standard_normal((n, Z)).astype(np.float32)


def test_nll_is_the_reconstruction_loss_of_the_torch_network() -> None:
    model, drawings = random_model(), flock(30)
    batch = collate(drawings, SCALE)
    z = latents_of(30)
    with torch.no_grad():
        expected = network_in_torch(model).reconstruction_loss(
            torch.from_numpy(z), *padded(drawings, batch.sample_index)
        )
    np.testing.assert_allclose(Decoder(model).nll(z, batch), expected.numpy(), rtol=1e-4)


def test_nll_of_repeated_drawings_is_that_of_one() -> None:
    model, z = random_model(), latents_of(12)
    batch = collate(flock(4), SCALE)
    together = Decoder(model).nll(z, batch.repeated(3))
    for k in range(3):
        np.testing.assert_allclose(together[k::3], Decoder(model).nll(z[k::3], batch), rtol=1e-5)


def test_state_after_teacher_forcing_is_that_after_appended_steps() -> None:
    model = random_model()
    decoder, batch = Decoder(model), collate([flock(1)[0]] * 3, SCALE).without_end()
    forced, appended = decoder.begin(latents_of(3)), decoder.begin(latents_of(3))
    for _ in decoder.teacher_force(forced, batch):
        pass
    for step in batch.steps:
        decoder.step(appended)
        local = (step[0] + 1j * step[1]) / appended.heading
        pen = step[2:].argmax(axis=0)
        decoder.append_local(appended, np.stack([local.real, local.imag]), pen)
    for one, other in zip(vars(forced).values(), vars(appended).values(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_nll_of_narrow_and_correlated_components_is_finite() -> None:
    model = random_model()
    model.tensors["head.bias"][3 * M : 5 * M] = -8  # log sigma
    model.tensors["head.bias"][5 * M : 6 * M] = 12  # correlation before tanh
    nll = Decoder(model).nll(latents_of(5), collate(flock(5), SCALE))
    assert np.isfinite(nll).all()


# --- threads ---------------------------------------------------------------------------


def test_parallel_map_keeps_the_order_and_raises_errors() -> None:
    assert parallel_map(lambda i: i * i, range(50)) == [i * i for i in range(50)]
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda i: 1 // i, [1, 0])
