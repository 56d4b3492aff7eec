"""The decoder in NumPy: one matrix product a step.

The same equations as `model/torch_net.py`; a test holds the two together.
Drawings stand in columns here, so that every gate is one unbroken block of memory.
Shape letters: B drawings, H hidden, M mixture components, Z latent.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.model.config import FEATURE_CLIP, N_CONTEXT, N_STEP
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats32
from sketchvae.sequences import PaddedBatch, Pen

# Looked up once: an enum is slow to ask at every step.
_DOWN, _UP, _END = int(Pen.DOWN), int(Pen.UP), int(Pen.END)
_WIDEST = 10.0  # log sigma: far beyond any drawing, and odd weights cannot reach infinity


@dataclass
class State:
    """Where B drawings stand, one column each.

    Attributes:
        inputs: (H + 13, B): 2h, the previous step as stroke-5, then the context features. One
            array, so that the recurrent and the input weights are one product.
        cell: (H, B).
        z_gates: (4H, B), what z adds to the gates at every step, computed once.
        heading: (B,) complex: the direction along which the pen sees the next offset, see
            `to_local_frame` in `model/torch_net.py`.
        ways: (4, 2, B): from the pen to the first point of the stroke, of the drawing, to the
            lowest x and y and to the highest, on the page: see `context_features` there.
    """

    inputs: Floats32
    cell: Floats32
    z_gates: Floats32
    heading: NDArray[np.complex64]
    ways: Floats32

    def select(self, columns: NDArray[np.intp] | slice) -> None:
        """Drop all other drawings."""
        self.inputs = self.inputs[:, columns]
        self.cell = self.cell[:, columns]
        self.z_gates = self.z_gates[:, columns]
        self.heading = self.heading[columns]
        self.ways = self.ways[..., columns]

    def scatter(self, columns: NDArray[np.intp], other: "State") -> None:
        """Let other drawings begin in these columns."""
        self.inputs[:, columns] = other.inputs
        self.cell[:, columns] = other.cell
        self.z_gates[:, columns] = other.z_gates
        self.heading[columns] = other.heading
        self.ways[..., columns] = other.ways


@dataclass(frozen=True)
class Mixture:
    """What the decoder believes about the next step of B drawings, in model units (eq. 3 to 6).

    Offsets are as the pen sees them: `Decoder.append_local` turns them to the page.

    Attributes:
        log_pi: (M, B) log weights up to a constant.
        normals: (5, M, B): means of the offset (x, y), log standard deviations (x, y), and
            correlations before tanh. One array, so that a component is found once.
        log_q: (3, B) log probabilities of the pen, up to a constant: down, up, end.
    """

    log_pi: Floats32
    normals: Floats32
    log_q: Floats32

    @classmethod
    def from_head(cls, y: Floats32) -> "Mixture":
        """Split the head's output, (6M + 3, B) (eq. 5 and 6)."""
        M = (len(y) - 3) // 6
        return cls(y[:M], y[M : 6 * M].reshape(5, M, -1), y[6 * M :])

    def sample(
        self, temperature: float, chances: Floats32, noise: Floats32
    ) -> tuple[Floats32, NDArray[np.intp]]:
        """Take one step a drawing; the one place that knows temperature (eq. 8).

        Logits are divided by tau, variances multiplied by it.

        Args:
            temperature: tau, above 0.
            chances: (2, B) uniform in [0, 1): for the component and for the pen.
            noise: (2, B) standard normal.

        Returns:
            Offsets (2, B) in model units, and the pen after the step (B,).
        """
        sharpness = np.float32(1 / temperature)
        component = _choose(self.log_pi * sharpness, chances[0])
        pen = _choose(self.log_q * sharpness, chances[1])
        chosen = self.normals[:, component, np.arange(len(component))]
        rho = np.tanh(chosen[4])
        spread = np.exp(np.minimum(chosen[2:4], _WIDEST)) * np.float32(temperature**0.5)
        spread[0] *= noise[0]
        spread[1] *= rho * noise[0] + np.sqrt(1 - rho * rho) * noise[1]
        spread += chosen[:2]
        return spread, pen

    def nll(self, seen: Floats32, pen: NDArray[np.intp]) -> Floats32:
        """Return what steps cost, (B,) nats, in model units: of END the pen alone (eq. 3 and 9).

        The bivariate normal is written as p(y) p(x given y), so that nothing cancels when
        the correlation comes near 1; the sum over components is a log-sum-exp.

        Args:
            seen: (2, B) the offsets as the pen sees them.
            pen: (B,) after the step.
        """
        mean, log_sigma, rho = self.normals[:2], self.normals[2:4], self.normals[4]
        x, y = (seen[:, None] - mean) * np.exp(-log_sigma)
        even = np.abs(rho)  # log cosh is -log sqrt(1 - tanh^2); logaddexp is a slow ufunc
        log_cosh = even + np.log1p(np.exp(-2 * even)) - np.float32(math.log(2))
        x_given_y = (x - np.tanh(rho) * y) * np.exp(log_cosh)
        log_normal = -0.5 * (x_given_y * x_given_y + y * y) + log_cosh - log_sigma.sum(axis=0)
        offset = _log_sum_exp(self.log_pi) - _log_sum_exp(self.log_pi + log_normal)
        pens = _log_sum_exp(self.log_q) - self.log_q[pen, np.arange(len(pen))]
        nats: Floats32 = np.where(pen == _END, 0, offset + np.float32(math.log(2 * math.pi))) + pens
        return nats


def _log_sum_exp(values: Floats32) -> Floats32:
    """Return log sum exp over the first axis."""
    highest = values.max(axis=0)
    total: Floats32 = highest + np.log(np.exp(values - highest).sum(axis=0))
    return total


def _choose(logits: Floats32, chances: Floats32) -> NDArray[np.intp]:
    """Choose a row of each column by its weight: the first whose running sum passes chance."""
    logits -= logits.max(axis=0)
    heights = np.exp(logits, out=logits).cumsum(axis=0)
    chosen: NDArray[np.intp] = (heights <= chances * heights[-1]).sum(axis=0)
    return chosen


def fuse_lstm_weights(model: Model, name: str) -> tuple[Floats32, Floats32, Floats32]:
    """Return the weights of an LSTM for `lstm_cell_`: recurrent, input and bias.

    sigmoid(x) is (1 + tanh(x / 2)) / 2: with the inner half folded into the weights, one
    tanh over all gates does. The outer half is taken once for the whole cell; that of the
    output gate is left to the weights that read h, which is why 2h is kept. The gates
    stand in the order i, f, o, g, so that the first three are one block.

    Returns:
        (4H, H) for 2h, (4H, inputs), and (4H, 1).
    """
    t = model.tensors
    H = t[f"{name}.recurrent"].shape[1]
    order = np.concatenate([np.arange(2 * H), np.arange(3 * H, 4 * H), np.arange(2 * H, 3 * H)])
    halves = np.repeat(np.array([0.5, 1.0], dtype=np.float32), [3 * H, H])[:, None]
    recurrent = t[f"{name}.recurrent"][order] * (halves * np.float32(0.5))
    return recurrent, t[f"{name}.input"][order] * halves, t[f"{name}.bias"][order, None] * halves


def lstm_cell_(gates: Floats32, cell: Floats32, h: Floats32) -> None:
    """Take one step of an LSTM in place: the cell, (H, B), is updated, 2h, (H, B), written.

    Args:
        gates: (4H, B) what the weights of `fuse_lstm_weights` say; used up.
        cell: (H, B).
        h: (H, B).
    """
    H = len(cell)
    np.tanh(gates, out=gates)
    ifo, g = gates[: 3 * H], gates[3 * H :]
    ifo += 1  # twice the sigmoids
    cell *= ifo[H : 2 * H]
    g *= ifo[:H]
    cell += g
    cell *= 0.5
    np.tanh(cell, out=h)
    h *= ifo[2 * H :]


class Decoder:
    """The decoder's weights, laid out for drawing fast."""

    def __init__(self, model: Model) -> None:
        self.hidden = model.config.decoder_hidden
        t = model.tensors
        recurrent, inputs, self._bias = fuse_lstm_weights(model, "decoder")
        seen = N_STEP + N_CONTEXT
        self._core = np.concatenate([recurrent, inputs[:, :seen]], axis=1)
        self._z_weight = inputs[:, seen:]
        self._start, self._start_bias = t["start.weight"], t["start.bias"][:, None]
        self._head, self._head_bias = t["head.weight"].copy(), t["head.bias"][:, None]
        self._head[:, : self.hidden] *= 0.5  # it reads 2h
        self._one_hot = np.eye(3, dtype=np.float32)

    def begin(self, z: Floats32) -> State:
        """Return the state before the first step, for latents (B, Z): [h0; c0] = tanh(W z)."""
        H = self.hidden
        h0_c0 = np.tanh(self._start @ z.T + self._start_bias)
        inputs = np.zeros((H + N_STEP + N_CONTEXT, len(z)), dtype=np.float32)
        inputs[:H] = 2 * h0_c0[:H]
        inputs[H + 2 + Pen.DOWN] = 1  # S_0 = (0, 0, 1, 0, 0)
        heading = np.ones(len(z), dtype=np.complex64)
        ways = np.zeros((4, 2, len(z)), dtype=np.float32)
        return State(inputs, h0_c0[H:].copy(), self._z_weight @ z.T + self._bias, heading, ways)

    def step(self, state: State) -> Mixture:
        """Read the previous step of each drawing and say what comes next."""
        gates = self._core @ state.inputs
        gates += state.z_gates
        lstm_cell_(gates, state.cell, state.inputs[: self.hidden])
        y: Floats32 = np.matmul(self._head, state.inputs)
        y += self._head_bias
        return Mixture.from_head(y)

    def append_local(self, state: State, seen: Floats32, pen: NDArray[np.intp]) -> Floats32:
        """Note the step that was drawn, for `advance` to read next.

        Args:
            state: where the drawings stand.
            seen: (2, B) the offsets as the pen sees them.
            pen: (B,) after the step.

        Returns:
            The offsets on the page, (2, B).
        """
        turned = (seen[0] + 1j * seen[1]) * state.heading
        return self.append(state, np.stack([turned.real, turned.imag]), pen)

    def append(self, state: State, offsets: Floats32, pen: NDArray[np.intp]) -> Floats32:
        """Note a step, its offsets, (2, B), on the page; the one place that knows the inputs."""
        seen, ways = state.inputs[self.hidden :], state.ways
        heading = offsets[0] + 1j * offsets[1]
        lengths = np.abs(heading)
        goes_on = seen[2 + _DOWN].astype(bool) & (pen == _DOWN) & (lengths > 0)
        state.heading = np.where(goes_on, heading / np.where(goes_on, lengths, 1), np.complex64(1))
        ways -= offsets
        ways[0] *= 1 - seen[2 + _UP]  # a jump ends where a stroke begins
        np.minimum(ways[2], 0, out=ways[2])
        np.maximum(ways[3], 0, out=ways[3])
        back = (ways[0, 0] + 1j * ways[0, 1]) * state.heading.conj()
        seen[:2] = offsets
        seen[2:N_STEP] = self._one_hot[:, pen]
        seen[N_STEP], seen[N_STEP + 1] = back.real, back.imag
        seen[N_STEP + 2 :] = ways[1:].reshape(N_CONTEXT - 2, -1)
        np.clip(seen, -FEATURE_CLIP, FEATURE_CLIP, out=seen)
        return offsets

    def teacher_force(self, state: State, reading: PaddedBatch) -> Iterator[Floats32]:
        """Let the state read the steps of drawings, instead of drawing them.

        Args:
            state: before their first step, a column each; drawings that have ended leave it.
            reading: their steps.

        Yields:
            At each step what it costs those that still have one, (n,) nats in model units.
        """
        for step, n in zip(reading.steps, reading.batch_sizes().tolist(), strict=True):
            if n < len(state.heading):
                state.select(slice(n))
            mixture = self.step(state)
            offsets, pen = step[:2, :n], step[2:, :n].argmax(axis=0)
            seen = (offsets[0] + 1j * offsets[1]) * state.heading.conj()
            yield mixture.nll(np.stack([seen.real, seen.imag]), pen)
            self.append(state, offsets, pen)

    def nll(self, z: Floats32, reading: PaddedBatch) -> NDArray[np.float64]:
        """Return L_R of each drawing given its latent, (B,), summed over its steps (eq. 9).

        Args:
            z: (B, Z), in the order of the reading's columns.
            reading: the drawings; `PaddedBatch.repeated` for several latents each.

        Returns:
            Nats of densities per square model unit; per square pixel they are 2 log(scale)
            more for every row but END.
        """
        total = np.zeros(len(z))
        for nats in self.teacher_force(self.begin(z), reading):
            total[: len(nats)] += nats
        return total
