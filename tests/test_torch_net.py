"""The torch network: its likelihood compared with torch.distributions, its encoder with torch's
own bidirectional LSTM, its decoder with the NumPy decoder."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import (
    Categorical,
    Distribution,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    kl_divergence,
)
from torch.nn.utils.rnn import pack_padded_sequence

from sketchvae.drawing import Drawing
from sketchvae.model.config import ModelConfig
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.prior import Prior
from sketchvae.model.torch_mixture import Mixture, Posterior
from sketchvae.model.torch_net import SketchVAE, context_features, to_local_frame
from sketchvae.model.weights import Model
from sketchvae.sequences import Pen, to_stroke5

torch.set_num_threads(1)  # a second thread costs more than such small products gain

CONFIG = ModelConfig(encoder_hidden=6, decoder_hidden=9, latent=4, mixtures=3)


def make_model(seed: int = 0, config: ModelConfig = CONFIG) -> SketchVAE:
    """Return a network with weights so large that every part of it affects the output."""
    torch.manual_seed(seed)
    model = SketchVAE(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def make_steps(lengths: list[int], seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return random stroke-5, (B, T, 5), padded with END rows, and the lengths, (B,)."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.zeros(len(lengths), max(lengths), 5)
    steps[..., 2 + Pen.END] = 1
    for row, length in enumerate(lengths):
        real = length - 1
        steps[row, :real, :2] = torch.randn(real, 2, generator=generator)
        pens = torch.randint(0, 2, (real,), generator=generator)
        steps[row, :real, 2:] = torch.eye(3)[pens]
    return steps, torch.tensor(lengths)


def raw_head(shape: tuple[int, ...], M: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, 6 * M + 3, generator=torch.Generator().manual_seed(seed))


def oracle(y: Tensor) -> MixtureSameFamily:
    """Return the paper's mixture (eq. 3) in double precision, from the head's output by hand."""
    M = (y.shape[-1] - 3) // 6
    pi, mu_x, mu_y, log_x, log_y, raw_rho = (y[..., i * M : (i + 1) * M].double() for i in range(6))
    # With rho = tanh r, sqrt(1 - rho^2) is 1 / cosh r: exact where 1 - rho^2 would cancel.
    root = 1 / torch.cosh(raw_rho)
    zero = torch.zeros_like(root)
    tril = torch.stack(
        [
            torch.stack([log_x.exp(), zero], -1),
            torch.stack([torch.tanh(raw_rho) * log_y.exp(), log_y.exp() * root], -1),
        ],
        -2,
    )
    normals = MultivariateNormal(torch.stack([mu_x, mu_y], -1), scale_tril=tril)
    return MixtureSameFamily(Categorical(logits=pi), normals)


def log_prob(law: Distribution, value: Tensor) -> Tensor:
    return law.log_prob(value)


def gradient(total: Tensor, y: Tensor) -> Tensor:
    return torch.autograd.grad(total, y)[0]


def in_double(mixture: Mixture) -> Mixture:
    return Mixture(*(value.double() for value in vars(mixture).values()))


# --- the mixture --------------------------------------------------------------------


def test_log_offset_is_that_of_torch_distributions() -> None:
    y, offset = raw_head((40,), M=5), torch.randn(40, 2).double()
    expected = log_prob(oracle(y), offset)
    torch.testing.assert_close(in_double(Mixture.from_head(y)).log_offset(offset), expected)
    single = Mixture.from_head(y).log_offset(offset.float())
    torch.testing.assert_close(single.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 1.7])
def test_temperature_divides_logits_and_multiplies_variances(temperature: float) -> None:
    y, offset = raw_head((40,), M=5), torch.randn(40, 2).double()
    law = oracle(y)
    normals, weights = law.component_distribution, law.mixture_distribution
    assert isinstance(normals, MultivariateNormal)
    covariance = normals.covariance_matrix * temperature
    expected = MixtureSameFamily(
        Categorical(logits=weights.logits / temperature),
        MultivariateNormal(normals.mean, covariance),
    )
    cooled = in_double(Mixture.from_head(y)).at(temperature)
    log_p = log_prob(expected, offset)
    torch.testing.assert_close(cooled.log_offset(offset), log_p, rtol=1e-5, atol=1e-5)
    pens = torch.softmax(y[..., -3:].double() / temperature, dim=-1)
    torch.testing.assert_close(cooled.log_q.exp(), pens)


def test_log_offset_is_that_of_a_covariance_matrix() -> None:
    """One component, with sigma and rho as in the paper (eq. 3)."""
    mixture = in_double(Mixture.from_head(raw_head((), M=1)))
    (sx, sy), rho = mixture.log_sigma[0].exp().tolist(), math.tanh(float(mixture.rho[0]))
    rows = [[sx**2, rho * sx * sy], [rho * sx * sy, sy**2]]
    covariance = torch.tensor(rows, dtype=torch.float64)
    normal = MultivariateNormal(mixture.mu[0], covariance)
    offset = torch.tensor([0.7, -1.1]).double()
    torch.testing.assert_close(mixture.log_offset(offset), log_prob(normal, offset))


@pytest.mark.parametrize("raw_rho", [-15.0, -6.0, 6.0, 15.0])
def test_log_offset_holds_with_the_correlation_near_one(raw_rho: float) -> None:
    y = raw_head((30,), M=2)
    y[:, 10:12] = raw_rho
    offset = torch.randn(30, 2).double()
    expected = log_prob(oracle(y), offset)
    exact = in_double(Mixture.from_head(y)).log_offset(offset)
    torch.testing.assert_close(exact, expected, rtol=1e-6, atol=1e-6)
    y.requires_grad_()
    single = Mixture.from_head(y).log_offset(offset.float())
    torch.testing.assert_close(single.double(), expected, rtol=2e-3, atol=1e-3)
    assert gradient(single.sum(), y).isfinite().all()


@pytest.mark.parametrize("distance", [30.0, 1e3, 1e5])
def test_far_offset_has_its_exact_nll_and_a_gradient(distance: float) -> None:
    """log(p + 1e-6) would cost 13.8 nats here and have no gradient."""
    y = raw_head((8,), M=3).requires_grad_()
    offset = torch.full((8, 2), distance)
    nats = -Mixture.from_head(y).log_offset(offset)
    expected = -log_prob(oracle(y.detach()), offset.double())
    assert (expected > 13.9).all()
    torch.testing.assert_close(nats.double(), expected, rtol=1e-4, atol=1e-3)
    slopes = gradient(nats.sum(), y)
    assert slopes.isfinite().all()
    steepest = slopes[:, 3:9].abs().amax(dim=1)  # of the means
    assert (steepest > 1e-3).all()


def test_gradient_is_finite_at_the_mean_of_a_narrow_component() -> None:
    y = torch.zeros(1, 6 * 2 + 3)
    y[:, 6:10] = -20.0  # sigma 2e-9
    y.requires_grad_()
    nats = -Mixture.from_head(y).log_offset(torch.zeros(1, 2))
    assert gradient(nats.sum(), y).isfinite().all()


def test_density_of_an_offset_integrates_to_one() -> None:
    y = torch.tensor([0.3, -0.2, 0.5, -1.0, 0.1, 0.6, -0.5, 0.2, -0.4, 0.0, 0.9, -2.0, 0, 0, 0])
    mixture = in_double(Mixture.from_head(y))
    axis = torch.arange(-12, 12, 0.03).double()
    grid = torch.cartesian_prod(axis, axis)
    mass = mixture.log_offset(grid).exp().sum() * 0.03**2
    assert float(mass) == pytest.approx(1, abs=1e-4)


def test_pen_probabilities_are_the_softmax_of_the_last_three_outputs() -> None:
    y = raw_head((7,), M=4)
    probabilities = Mixture.from_head(y).log_q.exp()
    expected = y[:, -3:].exp() / y[:, -3:].exp().sum(dim=1, keepdim=True)
    torch.testing.assert_close(probabilities, expected)


def test_mixture_is_float32_for_a_bfloat16_head() -> None:
    mixture = Mixture.from_head(raw_head((2,), M=4).bfloat16())
    assert {value.dtype for value in vars(mixture).values()} == {torch.float32}


# --- the losses ---------------------------------------------------------------------


def test_reconstruction_loss_is_the_sum_over_the_steps_and_one_end() -> None:
    model = make_model()
    steps, lengths = make_steps([6, 1, 3])
    z = torch.randn(3, CONFIG.latent)
    with torch.no_grad():
        mixture = model.decode(z, steps)
    expected, local_offsets = [], to_local_frame(steps)
    for row, length in enumerate(lengths.tolist()):
        nats = 0.0
        for t in range(length):
            pen = int(steps[row, t, 2:].argmax())
            nats -= float(mixture.log_q[row, t, pen])
            if pen != Pen.END:
                at_t = Mixture(*(value[row, t] for value in vars(mixture).values()))
                nats -= float(at_t.log_offset(local_offsets[row, t]))
        expected.append(nats)
    torch.testing.assert_close(
        model.reconstruction_loss(z, steps, lengths), torch.tensor(expected), rtol=1e-5, atol=1e-5
    )


def test_loss_and_gradient_do_not_depend_on_the_padding() -> None:
    model = make_model()
    steps, lengths = make_steps([7, 4, 1])
    noise = torch.randn(3, CONFIG.latent)
    garbage = steps.clone()
    behind = torch.arange(7) >= lengths[:, None]
    garbage[behind] = 50 * torch.randn(int(behind.sum()), 5)
    longer = torch.cat([garbage, torch.full((3, 9, 5), 3.0)], dim=1)
    gradients = []
    losses = []
    for variant in (steps, garbage, longer):
        model.zero_grad()
        loss_r, kl = model(variant, lengths, noise)
        (loss_r.sum() + kl.sum()).backward()
        losses.append((loss_r.detach(), kl.detach()))
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(list(model.parameters()))
    for other in (1, 2):
        torch.testing.assert_close(losses[other], losses[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(gradients[other], gradients[0], rtol=1e-4, atol=1e-5)


def test_loss_of_a_drawing_does_not_depend_on_its_batch() -> None:
    model = make_model()
    steps, lengths = make_steps([7, 4, 2])
    noise = torch.randn(3, CONFIG.latent)
    together_r, together_kl = model(steps, lengths, noise)
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone_r, alone_kl = model(steps[one, :length], lengths[one], noise[one])
        torch.testing.assert_close(alone_r, together_r[one], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(alone_kl, together_kl[one])


def test_kl_is_that_of_torch_distributions() -> None:
    posterior = Posterior(3 * torch.randn(5, 4), 2 * torch.randn(5, 4))
    normal = Normal(posterior.mean, torch.exp(0.5 * posterior.log_variance))
    expected = kl_divergence(normal, Normal(torch.zeros(5, 4), torch.ones(5, 4)))
    torch.testing.assert_close(posterior.kl(), expected, rtol=1e-5, atol=1e-5)


def test_z_is_the_mean_plus_sigma_times_the_noise() -> None:
    posterior = Posterior(torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, math.log(9.0)]]))
    noise = torch.tensor([[0.5, 2.0]])
    torch.testing.assert_close(posterior.z(noise), torch.tensor([[1.5, 4.0]]))


# --- the encoder --------------------------------------------------------------------


def test_encoder_is_torch_s_bidirectional_lstm_on_packed_sequences() -> None:
    model = make_model()
    steps, lengths = make_steps([5, 9, 1, 3])
    both = nn.LSTM(5, CONFIG.encoder_hidden, batch_first=True, bidirectional=True)
    mine = (*model.encoder_forward.parameters(), *model.encoder_backward.parameters())
    with torch.no_grad():
        for theirs, ours in zip(both.parameters(), mine, strict=True):
            theirs.copy_(ours[:, : theirs.shape[1]] if theirs.ndim == 2 else ours)
    packed = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
    _, (h, _) = both(packed)
    h = torch.cat([h[0], h[1]], dim=-1)
    posterior = model.encode(steps, lengths)
    torch.testing.assert_close(posterior.mean, model.posterior_mean(h))
    torch.testing.assert_close(posterior.log_variance, model.posterior_log_variance(h))


def test_encoder_reads_every_step_and_no_padding() -> None:
    model = make_model()
    steps, lengths = make_steps([4, 8])
    before = model.encode(steps, lengths).mean
    for t in range(8):
        changed = steps.clone()
        changed[0, t] += 1
        after = model.encode(changed, lengths).mean
        assert torch.equal(after[1], before[1])
        assert torch.equal(after[0], before[0]) == (t >= 4)


# --- the decoder --------------------------------------------------------------------


def test_mixture_of_a_step_depends_on_the_steps_before_it_alone() -> None:
    model = make_model()
    steps, _ = make_steps([8])
    z = torch.randn(1, CONFIG.latent)
    before = model.decode(z, steps)
    for t in range(8):
        changed = steps.clone()
        changed[:, t:] = torch.randn_like(changed[:, t:])
        after = model.decode(z, changed)
        for name, value in vars(before).items():
            torch.testing.assert_close(getattr(after, name)[:, : t + 1], value[:, : t + 1])
        if t < 7:  # and step t affects the next
            assert not torch.allclose(after.mu[:, t + 1], before.mu[:, t + 1], atol=1e-4)


def test_decoder_starts_from_z_with_the_pen_down_at_the_origin() -> None:
    """h0 and c0 are the halves of tanh(W z): one LSTMCell step, by hand."""
    model = make_model()
    z = torch.randn(2, CONFIG.latent)
    cell = nn.LSTMCell(5 + 8 + CONFIG.latent, CONFIG.decoder_hidden)
    with torch.no_grad():
        for theirs, ours in zip(cell.parameters(), model.decoder.parameters(), strict=True):
            theirs.copy_(ours[:, : theirs.shape[1]] if theirs.ndim == 2 else ours)
    h0, c0 = torch.tanh(model.start(z)).chunk(2, dim=-1)
    first = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0] + [0.0] * 8]).expand(2, 13)
    h, _ = cell(torch.cat([first, z], dim=-1), (h0, c0))
    expected = Mixture.from_head(model.head(torch.cat([h, first], dim=-1)))
    got = model.decode(z, torch.zeros(2, 1, 5))
    for name, value in vars(expected).items():
        torch.testing.assert_close(getattr(got, name)[:, 0], value)


# --- the local frame and the context features -----------------------------------------


def test_local_frame_follows_the_segment_before_where_that_is_ink_of_the_same_stroke() -> None:
    down, up, end = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]
    rows = [
        ([3.0, 4.0], down, [3.0, 4.0]),  # nothing before: as on the page
        ([3.0, 4.0], down, [5.0, 0.0]),  # straight on
        ([-4.0, 3.0], up, [0.0, 5.0]),  # a right angle, and the pen lifts
        ([7.0, 1.0], down, [7.0, 1.0]),  # a jump
        ([0.0, 2.0], down, [0.0, 2.0]),  # after a jump: that was no ink
        ([2.0, 0.0], down, [0.0, -2.0]),  # a right angle the other way
        ([0.0, 0.0], down, [0.0, 0.0]),  # standing still
        ([1.0, 1.0], end, [1.0, 1.0]),  # after a segment without direction
    ]
    steps = torch.tensor([[*offset, *pen] for offset, pen, _ in rows])[None]
    expected = torch.tensor([values for _, _, values in rows])
    torch.testing.assert_close(to_local_frame(steps)[0], expected)


def test_context_features_are_vectors_from_the_pen_to_the_ink() -> None:
    down, up = [1.0, 0, 0], [0, 1.0, 0]
    rows = [  # vectors to the stroke's first point, the drawing's, lower corner, upper corner
        ([3.0, 4.0], down, [0.0, 0, 0, 0, 0, 0, 0, 0]),
        ([-4.0, 3.0], down, [-5.0, 0, -3, -4, -3, -4, 0, 0]),  # the first point is behind the pen
        ([0.0, -9.0], up, [-5.0, 5, 1, -7, 0, -7, 4, 0]),
        ([30.0, 0.0], down, [1.0, 2, 1, 2, 0, 0, 4, 9]),  # about to jump: as on the page
        ([0.0, 2.0], down, [0.0, 0, -29, 2, -30, 0, 0, 9]),  # a stroke has begun
        ([1.0, 0.0], down, [-2.0, 0, -29, 0, -30, -2, 0, 7]),
    ]
    steps = torch.tensor([[*offset, *pen] for offset, pen, _ in rows])[None]
    expected = torch.tensor([values for _, _, values in rows])
    torch.testing.assert_close(context_features(steps)[0], expected)


def test_rotating_a_drawing_changes_only_offsets_at_stroke_starts() -> None:
    steps, _ = make_steps([30])
    turned = steps.clone()
    turned[..., 0], turned[..., 1] = -steps[..., 1], steps[..., 0]
    one, other = to_local_frame(steps)[0], to_local_frame(turned)[0]
    same = (one - other).abs().max(dim=-1).values < 1e-5
    down = steps[0, :, 2] > 0
    continues = [
        False,
        *(bool(down[t - 1]) and (t == 1 or bool(down[t - 2])) for t in range(1, 30)),
    ]
    assert same[torch.tensor(continues)].all()
    assert not same[~torch.tensor(continues)].any()
    torch.testing.assert_close(one.norm(dim=-1), steps[0, :, :2].norm(dim=-1))


# --- weights from torch to NumPy ----------------------------------------------------


def test_arrays_have_the_names_and_shapes_of_the_weights_file() -> None:
    arrays = make_model().to_arrays()
    assert {name: array.shape for name, array in arrays.items()} == CONFIG.shapes()


def test_arrays_survive_the_round_trip_exactly() -> None:
    model, other = make_model(0), make_model(1)
    arrays = model.to_arrays()
    other.load_arrays(arrays)
    for name, array in other.to_arrays().items():
        np.testing.assert_array_equal(array, arrays[name])
    steps, lengths = make_steps([6, 3])
    noise = torch.randn(2, CONFIG.latent)
    torch.testing.assert_close(other(steps, lengths, noise), model(steps, lengths, noise))


def test_arrays_are_copies() -> None:
    model = make_model()
    arrays = model.to_arrays()
    before = arrays["head.bias"].copy()
    with torch.no_grad():
        model.head.bias.add_(1)
    np.testing.assert_array_equal(arrays["head.bias"], before)


def test_numpy_decoder_gives_the_same_mixture_at_every_step() -> None:
    """Two forward passes that share no code agree to 1e-4."""
    config = ModelConfig(encoder_hidden=6, decoder_hidden=32, latent=8, mixtures=5)
    model = make_model(config=config)
    identity = np.eye(8, dtype=np.float32)[None]
    prior = Prior(np.ones(1, np.float32), np.zeros((1, 8), np.float32), identity)
    decoder = Decoder(Model(config, 1.0, model.to_arrays(), prior, {}))
    steps, _ = make_steps([40, 40, 40])
    z = torch.randn(3, 8)
    with torch.no_grad():
        theirs = model.decode(z, steps)
    local_offsets = to_local_frame(steps)
    state = decoder.begin(z.numpy())
    for t in range(steps.shape[1]):
        ours = decoder.step(state)
        for logits, log_p in ((ours.log_pi, theirs.log_pi), (ours.log_q, theirs.log_q)):
            normalised = torch.log_softmax(torch.from_numpy(logits.T), dim=-1)
            torch.testing.assert_close(normalised, log_p[:, t], rtol=1e-4, atol=1e-4)
        values = [theirs.mu, theirs.log_sigma, theirs.rho[..., None]]
        expected = torch.cat(values, dim=-1)[:, t].numpy()  # (B, M, 5)
        np.testing.assert_allclose(ours.normals.T, expected, rtol=1e-4, atol=1e-4)
        page = decoder.append_local(
            state, local_offsets[:, t].T.numpy(), steps[:, t, 2:].argmax(dim=-1).numpy()
        )
        np.testing.assert_allclose(page.T, steps[:, t, :2].numpy(), atol=1e-5)


def test_columns_of_stroke5_are_those_of_the_network() -> None:
    """The columns of `sequences.to_stroke5` and of the decoder's pen are the same."""
    drawing = Drawing([[[0, 0], [3, 4]], [[9, 9]]])
    steps = torch.from_numpy(to_stroke5(drawing)).float()[None]
    model = make_model()
    with torch.no_grad():  # the pen lifts with probability 1
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.bias[-3 + Pen.UP] = 30.0
        pen = model.decode(torch.zeros(1, CONFIG.latent), steps).log_q[0]
    nats = -(pen * steps[0, :, 2:]).sum(dim=1)
    assert nats[:2].max() < 1e-6  # both rows lift
    assert float(nats[2]) == pytest.approx(30, abs=1e-3)  # the end does not
