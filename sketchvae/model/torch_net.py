"""The network of Sketch-RNN (Ha & Eck 2017, "A Neural Representation of Sketch Drawings").

Read beside the paper, section 3.2 and 3.3; two things are not in it: what the decoder says,
it says as the pen sees it (`to_local_frame`), and it reads where the ink is (`context_features`).
Shape letters: B drawings, T steps, M mixture components, H decoder hidden,
E encoder hidden a side, Z latent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sketchvae.model.config import FEATURE_CLIP, N_CONTEXT, N_STEP, ModelConfig
from sketchvae.polyline import Floats32
from sketchvae.sequences import Pen

_WIDTH_STEP = 16  # an LSTM's input is widened to a multiple, with zeros: see `_widened`


@dataclass(frozen=True)
class Mixture:
    """What the decoder believes about the next step, in model units (eq. 3 to 6).

    Offsets are as the pen sees them: see `to_local_frame`.

    Attributes:
        log_pi: (..., M) log weights of the components.
        mu: (..., M, 2) means of the offset.
        log_sigma: (..., M, 2) log standard deviations.
        rho: (..., M) correlation before tanh.
        log_q: (..., 3) log probabilities of the pen: down, up, end.
    """

    log_pi: Tensor
    mu: Tensor
    log_sigma: Tensor
    rho: Tensor
    log_q: Tensor

    @classmethod
    def from_head(cls, y: Tensor) -> "Mixture":
        """Split the head's output, (..., 6M + 3), in float32 (eq. 5 and 6)."""
        M = (y.shape[-1] - 3) // 6
        pi, mu, log_sigma, rho, q = torch.split(y.float(), [M, 2 * M, 2 * M, M, 3], dim=-1)
        pair = (*y.shape[:-1], 2, M)
        return cls(
            F.log_softmax(pi, dim=-1),
            mu.reshape(pair).transpose(-1, -2),
            log_sigma.reshape(pair).transpose(-1, -2),
            rho,
            F.log_softmax(q, dim=-1),
        )

    def at(self, temperature: float) -> "Mixture":
        """Return what is drawn from at temperature tau (eq. 8).

        Logits are divided by tau, variances multiplied by it.
        """
        return Mixture(
            F.log_softmax(self.log_pi / temperature, dim=-1),
            self.mu,
            self.log_sigma + 0.5 * math.log(temperature),
            self.rho,
            F.log_softmax(self.log_q / temperature, dim=-1),
        )

    def log_offset(self, offset: Tensor) -> Tensor:
        """Return log p(dx, dy), (...), in nats per model unit squared (eq. 3).

        The bivariate normal is written as p(y) p(x given y), so that nothing cancels
        when the correlation comes near 1; the sum over components is a log-sum-exp.
        """
        zx, zy = ((offset.unsqueeze(-2) - self.mu) * torch.exp(-self.log_sigma)).unbind(-1)
        log_root = -_log_cosh(self.rho)  # log sqrt(1 - tanh(rho)^2)
        x_given_y = (zx - torch.tanh(self.rho) * zy) * torch.exp(-log_root)
        log_normal = (
            -0.5 * (x_given_y.square() + zy.square())
            - log_root
            - self.log_sigma.sum(-1)
            - math.log(2 * math.pi)
        )
        return torch.logsumexp(self.log_pi + log_normal, dim=-1)


def _log_cosh(x: Tensor) -> Tensor:
    """Return log cosh x without overflow."""
    return x.abs() + F.softplus(-2 * x.abs()) - math.log(2)


@dataclass(frozen=True)
class Posterior:
    """q(z given S): a diagonal normal, `mean` and `log_variance` of (B, Z) (eq. 2)."""

    mean: Tensor
    log_variance: Tensor

    def z(self, noise: Tensor) -> Tensor:
        """Return z = mu + sigma * noise for standard normal noise, (B, Z)."""
        return self.mean + torch.exp(0.5 * self.log_variance) * noise

    def kl(self) -> Tensor:
        """Return L_KL against N(0, I), (B, Z), in nats, not averaged (eq. 10)."""
        return -0.5 * (1 + self.log_variance - self.mean.square() - self.log_variance.exp())


class SketchVAE(nn.Module):
    """Encoder and decoder. The weights in float32; under autocast the matrix products are bf16."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        E, H, Z, M = (
            config.encoder_hidden,
            config.decoder_hidden,
            config.latent,
            config.mixtures,
        )
        self.config = config
        # Two one-way LSTMs, so that the one that reads backwards begins at the last real step.
        self.encoder_forward = nn.LSTM(_widened(N_STEP), E, batch_first=True)
        self.encoder_backward = nn.LSTM(_widened(N_STEP), E, batch_first=True)
        self.posterior_mean = nn.Linear(2 * E, Z)
        self.posterior_log_variance = nn.Linear(2 * E, Z)
        self.start = nn.Linear(Z, 2 * H)
        self.decoder = nn.LSTM(_widened(N_STEP + N_CONTEXT + Z), H, batch_first=True)
        self.head = nn.Linear(H + N_STEP + N_CONTEXT, 6 * M + 3)
        for lstm in (self.encoder_forward, self.encoder_backward, self.decoder):
            _start_lstm(lstm)

    def encode(self, steps: Tensor, lengths: Tensor) -> Posterior:
        """Read drawings into their posteriors (eq. 1 and 2).

        Args:
            steps: (B, T, 5) stroke-5 with its END row, offsets in model units.
            lengths: (B,) rows of each drawing, END included; what lies behind is not read.
        """
        places = torch.arange(steps.shape[1], device=steps.device).expand(len(steps), -1)
        mirrored = (lengths[:, None] - 1 - places).clamp(min=0)
        backward = steps.gather(1, mirrored[..., None].expand_as(steps))
        last = (lengths - 1)[:, None, None]
        h = torch.cat(
            [
                lstm(_widen(inputs))[0].take_along_dim(last, dim=1).squeeze(1)  # (B, E)
                for lstm, inputs in (
                    (self.encoder_forward, steps),
                    (self.encoder_backward, backward),
                )
            ],
            dim=-1,
        )
        return Posterior(self.posterior_mean(h).float(), self.posterior_log_variance(h).float())

    def decode(self, z: Tensor, steps: Tensor) -> Mixture:
        """Say what comes at each step, given z and all steps before it (eq. 3 to 6).

        Args:
            z: (B, Z).
            steps: (B, T, 5); step t is judged from rows 0 to t - 1.

        Returns:
            The mixture for each of the T steps.
        """
        start = torch.zeros_like(steps[:, :1])
        start[..., 2 + Pen.DOWN] = 1  # S_0 = (0, 0, 1, 0, 0)
        previous = torch.cat([start, steps[:, :-1]], dim=1)
        seen = torch.cat([previous, context_features(steps)], dim=-1).clamp(
            -FEATURE_CLIP, FEATURE_CLIP
        )
        inputs = torch.cat([seen, z[:, None].expand(-1, steps.shape[1], -1)], dim=-1)
        h0, c0 = torch.tanh(self.start(z)).chunk(2, dim=-1)
        h, _ = self.decoder(_widen(inputs), (h0[None].contiguous(), c0[None].contiguous()))
        return Mixture.from_head(self.head(torch.cat([h, seen.to(h.dtype)], dim=-1)))

    def reconstruction_loss(self, z: Tensor, steps: Tensor, lengths: Tensor) -> Tensor:
        """Return L_R, (B,): nats of each drawing, summed over its real steps (eq. 9).

        Unlike the paper's, the pen of padding is not counted and nothing is divided by
        N_max. The END row counts once, by its pen alone.
        """
        return self.step_nll(z, steps, lengths).sum(dim=1)

    def step_nll(
        self, z: Tensor, steps: Tensor, lengths: Tensor, temperature: float = 1.0
    ) -> Tensor:
        """Return what each step costs, (B, T) nats, 0 in the padding, drawn at a temperature."""
        mixture = self.decode(z, steps)
        if temperature != 1:
            mixture = mixture.at(temperature)
        places = torch.arange(steps.shape[1], device=steps.device)
        is_step = places < lengths[:, None]
        has_offset = places < lengths[:, None] - 1
        offset_nats = -mixture.log_offset(to_local_frame(steps))
        pen_nats = -(mixture.log_q * steps[..., 2:]).sum(-1)
        return torch.where(has_offset, offset_nats, 0) + torch.where(is_step, pen_nats, 0)

    def forward(self, steps: Tensor, lengths: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return L_R, (B,), and L_KL, (B, Z), of a batch for one z a drawing.

        Args:
            steps: (B, T, 5), see `encode`.
            lengths: (B,).
            noise: (B, Z), standard normal.
        """
        posterior = self.encode(steps, lengths)
        return self.reconstruction_loss(posterior.z(noise), steps, lengths), posterior.kl()

    def to_arrays(self) -> dict[str, Floats32]:
        """Return the weights as `ModelConfig.shapes` names them; the two LSTM biases added."""
        arrays: dict[str, Floats32] = {}
        for name, lstm in self._lstms().items():
            weights = _weights(lstm)
            arrays[f"{name}.input"] = _array(weights.input[:, : self._inputs(name)])
            arrays[f"{name}.recurrent"] = _array(weights.recurrent)
            arrays[f"{name}.bias"] = _array(weights.bias + weights.second_bias)
        for name, linear in self._linears().items():
            arrays[f"{name}.weight"] = _array(linear.weight)
            arrays[f"{name}.bias"] = _array(linear.bias)
        return arrays

    def load_arrays(self, arrays: Mapping[str, Floats32]) -> None:
        """Take the weights of a model file, named and shaped as `to_arrays` returns them."""
        with torch.no_grad():
            for name, lstm in self._lstms().items():
                weights = _weights(lstm)
                weights.input.zero_()
                weights.input[:, : self._inputs(name)] = torch.from_numpy(arrays[f"{name}.input"])
                weights.recurrent.copy_(torch.from_numpy(arrays[f"{name}.recurrent"]))
                weights.bias.copy_(torch.from_numpy(arrays[f"{name}.bias"]))
                weights.second_bias.zero_()
            for name, linear in self._linears().items():
                linear.weight.copy_(torch.from_numpy(arrays[f"{name}.weight"]))
                linear.bias.copy_(torch.from_numpy(arrays[f"{name}.bias"]))

    def _inputs(self, name: str) -> int:
        """Return how many inputs an LSTM reads, the zeros behind them left out."""
        return N_STEP + N_CONTEXT + self.config.latent if name == "decoder" else N_STEP

    def _lstms(self) -> dict[str, nn.LSTM]:
        return {
            "encoder.forward": self.encoder_forward,
            "encoder.backward": self.encoder_backward,
            "decoder": self.decoder,
        }

    def _linears(self) -> dict[str, nn.Linear]:
        return {
            "posterior.mean": self.posterior_mean,
            "posterior.log_variance": self.posterior_log_variance,
            "start": self.start,
            "head": self.head,
        }


class _Weights(NamedTuple):
    """The parameters of an nn.LSTM in its own order; it has two biases where one would do."""

    input: Tensor  # (4H, inputs)
    recurrent: Tensor  # (4H, H)
    bias: Tensor  # (4H,)
    second_bias: Tensor  # (4H,)


def _weights(lstm: nn.LSTM) -> _Weights:
    return _Weights(*lstm.parameters())


def to_local_frame(steps: Tensor) -> Tensor:
    """Return the offsets in the frame of the pen, (B, T, 2): x ahead, y to its left or right.

    Where the segment before is ink that goes on, x points along it; at the beginning, at and
    after a jump it is the page's x. Unlike the paper's, so that a turn is the same numbers
    whatever the direction: simplified drawings have no turn near 0, and in the page's frame
    the mixture must learn that gap anew for every direction. A rotation changes no density.

    Args:
        steps: (B, T, 5).
    """
    return _rotate(steps[..., :2], _heading(steps))


def context_features(steps: Tensor) -> Tensor:
    """Return what the pen sees of the ink before each step, (B, T, 8), in model units.

    From the pen to the first point of its stroke, as the pen sees it; to the first point of the
    drawing; and to the lowest and the highest x and y so far. An LSTM alone must add up its
    offsets to know these, and does it badly: bodies stay open, heads come off.

    Args:
        steps: (B, T, 5); of step t only rows 0 to t - 1 are read.
    """
    places = F.pad(steps[..., :2].cumsum(1), (0, 0, 1, 0))[:, :-1]  # of the pen, from the origin
    number = torch.arange(steps.shape[1], device=steps.device)
    begins = torch.where(_after_jump(steps), number, 0).cummax(dim=1).values
    first = places.take_along_dim(begins[..., None], dim=1)
    box = (places.cummin(dim=1).values, places.cummax(dim=1).values)
    back = _rotate(first - places, _heading(steps))
    return torch.cat([back, -places, *(corner - places for corner in box)], dim=-1)


def _heading(steps: Tensor) -> Tensor:
    """Return the pen's own x axis before each step, (B, T, 2), a unit vector on the page."""
    pen_down = steps[..., 2 + Pen.DOWN] > 0
    before = F.pad(steps[..., :2], (0, 0, 1, 0))[:, :-1]
    lengths = before.norm(dim=-1, keepdim=True)
    last_down = F.pad(pen_down, (1, 0), value=True)[:, :-1]  # S_0 has the pen down
    goes_on = last_down & ~_after_jump(steps) & (lengths[..., 0] > 0)
    return torch.where(
        goes_on[..., None], before / lengths.clamp(min=1e-12), before.new_tensor([1.0, 0.0])
    )


def _after_jump(steps: Tensor) -> Tensor:
    """Return whether the step before was a jump, (B, T): the pen was up before it."""
    down = F.pad(steps[..., 2 + Pen.DOWN] > 0, (2, 0), value=True)
    return ~down[:, :-2]


def _rotate(offsets: Tensor, ahead: Tensor) -> Tensor:
    """Turn offsets so that x lies along `ahead`, both (B, T, 2)."""
    (cos, sin), (x, y) = ahead.unbind(-1), offsets.unbind(-1)
    return torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1)


def _widened(inputs: int) -> int:
    """Return the next multiple of 16: oneDNN's fast bf16 kernels refuse odd widths.

    The zeros earn their keep: a forward pass of the decoder took 90 ms without, 18 with.
    """
    return -(-inputs // _WIDTH_STEP) * _WIDTH_STEP


def _widen(inputs: Tensor) -> Tensor:
    """Put zeros behind the inputs, (B, T, n); what weighs them is never learnt nor kept."""
    return F.pad(inputs, (0, _widened(inputs.shape[-1]) - inputs.shape[-1]))


def _start_lstm(lstm: nn.LSTM) -> None:
    """Begin with orthogonal recurrent weights and open forget gates."""
    H, weights = lstm.hidden_size, _weights(lstm)
    with torch.no_grad():
        for gate in torch.split(weights.recurrent, H):
            nn.init.orthogonal_(gate)
        weights.bias.zero_()
        weights.second_bias.zero_()
        weights.bias[H : 2 * H] = 1.0


def _array(tensor: Tensor) -> Floats32:
    return np.array(tensor.detach().float().cpu().numpy())
