"""The network of Sketch-RNN in torch (Ha & Eck 2017, sections 3.2 and 3.3).

Two things are not in the paper: the decoder predicts offsets in a frame that turns with the pen
(`to_local_frame`), and it reads where the ink is (`context_features`). The twins in NumPy are
`model/numpy_encoder.py` and `model/numpy_decoder.py`; tests compare them.
Shape letters: B drawings, T steps, M mixture components, H hidden units of the decoder, E hidden
units of the encoder in each direction, Z latent.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sketchvae.model.config import FEATURE_CLIP, N_CONTEXT, N_STEP, ModelConfig
from sketchvae.model.torch_mixture import Mixture, Posterior
from sketchvae.polyline import Floats32
from sketchvae.sequences import Pen

_WIDTH_MULTIPLE = 16  # the input width of an LSTM is padded to a multiple: see `_padded_width`


class SketchVAE(nn.Module):
    """Encoder and decoder. Weights are float32; under autocast the matrix products are bf16."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        E, H, Z, M = (
            config.encoder_hidden,
            config.decoder_hidden,
            config.latent,
            config.mixtures,
        )
        self.config = config
        # Two one-way LSTMs, so that the backward one begins at the last real step, not in padding.
        self.encoder_forward = nn.LSTM(_padded_width(N_STEP), E, batch_first=True)
        self.encoder_backward = nn.LSTM(_padded_width(N_STEP), E, batch_first=True)
        self.posterior_mean = nn.Linear(2 * E, Z)
        self.posterior_log_variance = nn.Linear(2 * E, Z)
        self.start = nn.Linear(Z, 2 * H)
        self.decoder = nn.LSTM(_padded_width(N_STEP + N_CONTEXT + Z), H, batch_first=True)
        self.head = nn.Linear(H + N_STEP + N_CONTEXT, 6 * M + 3)
        for lstm in (self.encoder_forward, self.encoder_backward, self.decoder):
            _start_lstm(lstm)

    def encode(self, steps: Tensor, lengths: Tensor) -> Posterior:
        """Return the posteriors of drawings (eq. 1 and 2).

        Args:
            steps: (B, T, 5) stroke-5 with END rows, offsets in model units.
            lengths: (B,) rows of each drawing, END included; rows behind them are not read.
        """
        rows = torch.arange(steps.shape[1], device=steps.device).expand(len(steps), -1)
        mirrored = (lengths[:, None] - 1 - rows).clamp(min=0)
        backward = steps.gather(1, mirrored[..., None].expand_as(steps))
        last = (lengths - 1)[:, None, None]
        h = torch.cat(
            [
                lstm(_pad_width(inputs))[0].take_along_dim(last, dim=1).squeeze(1)  # (B, E)
                for lstm, inputs in (
                    (self.encoder_forward, steps),
                    (self.encoder_backward, backward),
                )
            ],
            dim=-1,
        )
        return Posterior(self.posterior_mean(h).float(), self.posterior_log_variance(h).float())

    def decode(self, z: Tensor, steps: Tensor) -> Mixture:
        """Return the mixture of each step, (B, T), given z and all steps before it (eq. 3 to 6).

        Args:
            z: (B, Z).
            steps: (B, T, 5); the mixture of step t depends on rows 0 to t - 1.
        """
        start = torch.zeros_like(steps[:, :1])
        start[..., 2 + Pen.DOWN] = 1  # S_0 = (0, 0, 1, 0, 0)
        previous = torch.cat([start, steps[:, :-1]], dim=1)
        decoder_input = torch.cat([previous, context_features(steps)], dim=-1).clamp(
            -FEATURE_CLIP, FEATURE_CLIP
        )
        inputs = torch.cat([decoder_input, z[:, None].expand(-1, steps.shape[1], -1)], dim=-1)
        h0, c0 = torch.tanh(self.start(z)).chunk(2, dim=-1)
        h, _ = self.decoder(_pad_width(inputs), (h0[None].contiguous(), c0[None].contiguous()))
        return Mixture.from_head(self.head(torch.cat([h, decoder_input.to(h.dtype)], dim=-1)))

    def reconstruction_loss(self, z: Tensor, steps: Tensor, lengths: Tensor) -> Tensor:
        """Return L_R, (B,): nats of each drawing, summed over its steps (eq. 9).

        Unlike in the paper, the pen state of padding is not counted and nothing is divided by
        N_max. The END row counts once, by its pen state alone.

        Args:
            z: (B, Z).
            steps: (B, T, 5), see `encode`.
            lengths: (B,).
        """
        return self.step_nll(z, steps, lengths).sum(dim=1)

    def step_nll(
        self, z: Tensor, steps: Tensor, lengths: Tensor, temperature: float = 1.0
    ) -> Tensor:
        """Return -log p of each step, (B, T) nats, 0 in the padding.

        Args:
            z: (B, Z).
            steps: (B, T, 5), see `encode`.
            lengths: (B,).
            temperature: tau of eq. 8.
        """
        mixture = self.decode(z, steps)
        if temperature != 1:
            mixture = mixture.at(temperature)
        rows = torch.arange(steps.shape[1], device=steps.device)
        is_step = rows < lengths[:, None]
        has_offset = rows < lengths[:, None] - 1
        offset_nats = -mixture.log_offset(to_local_frame(steps))
        pen_nats = -(mixture.log_q * steps[..., 2:]).sum(-1)
        return torch.where(has_offset, offset_nats, 0) + torch.where(is_step, pen_nats, 0)

    def forward(self, steps: Tensor, lengths: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return L_R, (B,), and L_KL, (B, Z), of a batch, with one z per drawing.

        Args:
            steps: (B, T, 5), see `encode`.
            lengths: (B,).
            noise: (B, Z), standard normal.
        """
        posterior = self.encode(steps, lengths)
        return self.reconstruction_loss(posterior.z(noise), steps, lengths), posterior.kl()

    def to_arrays(self) -> dict[str, Floats32]:
        """Return the weights, named as in `ModelConfig.shapes`; the two LSTM biases are summed."""
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
        """Load weights, named and shaped as `to_arrays` returns them."""
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
        """Return the number of inputs of an LSTM, without the zero padding."""
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
    """The parameters of an nn.LSTM in its own order, with its two biases."""

    input: Tensor  # (4H, inputs)
    recurrent: Tensor  # (4H, H)
    bias: Tensor  # (4H,)
    second_bias: Tensor  # (4H,)


def _weights(lstm: nn.LSTM) -> _Weights:
    return _Weights(*lstm.parameters())


def to_local_frame(steps: Tensor) -> Tensor:
    """Return the offsets in the local frame of the pen, (B, T, 2), in model units.

    The x axis is the heading: the direction of the step before, if that was drawn and the pen stays
    down; the x axis of the page otherwise (first step, a jump, the step after one, a repeated
    point). The y axis is 90 degrees clockwise from it on the screen. A turn is then the same
    numbers whatever its direction: simplified drawings have no turn near 0, and in the frame of the
    page the mixture would have to learn that gap anew for every direction. A rotation changes no
    density.

    Args:
        steps: (B, T, 5).
    """
    return _rotate(steps[..., :2], _heading(steps))


def context_features(steps: Tensor) -> Tensor:
    """Return the context features before each step, (B, T, 8), in model units.

    They are four vectors from the pen: to the first point of its stroke, in the local frame; and,
    in the axes of the page, to the first point of the drawing and to the corners of least and of
    greatest x and y of the box around the ink so far. An LSTM would have to sum its offsets to know
    these, and does it badly: bodies stay open, heads come off.

    Args:
        steps: (B, T, 5); the features of step t depend on rows 0 to t - 1.
    """
    pen = F.pad(steps[..., :2].cumsum(1), (0, 0, 1, 0))[:, :-1]  # position before each step
    row = torch.arange(steps.shape[1], device=steps.device)
    starts = torch.where(_after_jump(steps), row, 0).cummax(dim=1).values
    stroke_start = pen.take_along_dim(starts[..., None], dim=1)
    box = (pen.cummin(dim=1).values, pen.cummax(dim=1).values)
    to_start = _rotate(stroke_start - pen, _heading(steps))
    return torch.cat([to_start, -pen, *(corner - pen for corner in box)], dim=-1)


def _heading(steps: Tensor) -> Tensor:
    """Return the x axis of the local frame before each step, (B, T, 2), a unit vector."""
    pen_down = steps[..., 2 + Pen.DOWN] > 0
    before = F.pad(steps[..., :2], (0, 0, 1, 0))[:, :-1]
    lengths = before.norm(dim=-1, keepdim=True)
    last_down = F.pad(pen_down, (1, 0), value=True)[:, :-1]  # S_0 has the pen down
    continues = last_down & ~_after_jump(steps) & (lengths[..., 0] > 0)
    return torch.where(
        continues[..., None], before / lengths.clamp(min=1e-12), before.new_tensor([1.0, 0.0])
    )


def _after_jump(steps: Tensor) -> Tensor:
    """Return whether step t - 1 was a jump, (B, T): the pen state of row t - 2 is not DOWN."""
    down = F.pad(steps[..., 2 + Pen.DOWN] > 0, (2, 0), value=True)
    return ~down[:, :-2]


def _rotate(offsets: Tensor, heading: Tensor) -> Tensor:
    """Return offsets, (B, T, 2), in axes whose x axis is `heading`, (B, T, 2)."""
    (cos, sin), (x, y) = heading.unbind(-1), offsets.unbind(-1)
    return torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1)


def _padded_width(inputs: int) -> int:
    """Return the next multiple of 16: oneDNN's fast bf16 kernels refuse odd widths.

    A forward pass of the decoder took 90 ms without the padding and 18 ms with it.
    """
    return -(-inputs // _WIDTH_MULTIPLE) * _WIDTH_MULTIPLE


def _pad_width(inputs: Tensor) -> Tensor:
    """Pad inputs, (B, T, n), with zeros to the padded width; their weights stay 0."""
    return F.pad(inputs, (0, _padded_width(inputs.shape[-1]) - inputs.shape[-1]))


def _start_lstm(lstm: nn.LSTM) -> None:
    """Initialise an LSTM: orthogonal recurrent weights, and a forget gate bias of 1."""
    H, weights = lstm.hidden_size, _weights(lstm)
    with torch.no_grad():
        for gate in torch.split(weights.recurrent, H):
            nn.init.orthogonal_(gate)
        weights.bias.zero_()
        weights.second_bias.zero_()
        weights.bias[H : 2 * H] = 1.0


def _array(tensor: Tensor) -> Floats32:
    return np.array(tensor.detach().float().cpu().numpy())
