"""The decoder in NumPy: one matrix product per step.

The twin of `SketchVAE.decode` in `model/torch_net.py`; a test compares the two. Drawings are
columns here, so that every gate is one unbroken block of memory.
Shape letters: B drawings, H hidden units, M mixture components, Z latent.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.model.config import FEATURE_CLIP, N_CONTEXT, N_STEP
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats, Floats32
from sketchvae.sequences import PaddedBatch, Pen

# Plain integers: an enum is slow to look up at every step.
_DOWN, _UP, _END = int(Pen.DOWN), int(Pen.UP), int(Pen.END)
_HALVES = np.array([0.5, 0.5, 0.5, 1.0], dtype=np.float32)  # factors of the gates i, f, o, g
BLOCK = 16  # columns that a matrix product takes together: 63 take longer than 64
_MAX_LOG_SIGMA = 10.0  # far beyond any drawing, so that odd weights cannot reach infinity


@dataclass
class State:
    """The state of the decoder for B drawings, a column each.

    Attributes:
        inputs: (H + 13, B): 2h (see `fuse_lstm_weights`), the previous step as stroke-5, and the
            context features. One array, so that recurrent and input weights are one product.
        cell: (H, B).
        z_gates: (4H, B) contribution of z and the bias to the gates, the same at every step.
        heading: (B,) complex, the x axis of the local frame: see `torch_net.to_local_frame`.
        vectors: (4, 2, B) vectors from the pen, on the page: to the first point of its stroke, to
            the first point of the drawing, to the lower and to the upper corner of the box around
            the ink: see `torch_net.context_features`.
    """

    inputs: Floats32
    cell: Floats32
    z_gates: Floats32
    heading: NDArray[np.complex64]
    vectors: Floats32

    def select(self, columns: NDArray[np.intp] | slice) -> None:
        """Keep these columns and drop all others."""
        self.inputs = _columns(self.inputs, columns)
        self.cell = _columns(self.cell, columns)
        self.z_gates = _columns(self.z_gates, columns)
        self.heading = self.heading[columns]
        self.vectors = self.vectors[..., columns]

    def scatter(self, columns: NDArray[np.intp], other: "State") -> None:
        """Overwrite columns with the drawings of another state.

        Args:
            columns: (n,) columns to overwrite.
            other: n drawings.
        """
        self.inputs[:, columns] = other.inputs
        self.cell[:, columns] = other.cell
        self.z_gates[:, columns] = other.z_gates
        self.heading[columns] = other.heading
        self.vectors[..., columns] = other.vectors


def _columns(array: Floats32, columns: NDArray[np.intp] | slice) -> Floats32:
    """Return some columns of an array; a block or more of them by index as unbroken rows.

    NumPy puts columns that indices choose one behind the other, which ufuncs are slow on. Fewer
    than a block stay so: the rounding of their products depends on it, and the same seed draws the
    same sheep.
    """
    if isinstance(columns, slice) or len(columns) < BLOCK:
        return array[:, columns]
    return array.take(columns, axis=1)


@dataclass(frozen=True)
class Mixture:
    """Density of the next step of B drawings (eq. 3 to 6), in model units and in the local frame.

    Attributes:
        log_pi: (M, B) log weights of the components, up to a constant.
        normals: (5, M, B): means of x and y, log standard deviations of x and y, correlations
            before tanh. One array, so that a component is looked up once.
        log_q: (3, B) log probabilities of the pen state (down, up, end), up to a constant.
    """

    log_pi: Floats32
    normals: Floats32
    log_q: Floats32

    @classmethod
    def from_head(cls, y: Floats32) -> "Mixture":
        """Split the output of the head, (6M + 3, B) (eq. 5 and 6)."""
        M = (len(y) - 3) // 6
        return cls(y[:M], y[M : 6 * M].reshape(5, M, -1), y[6 * M :])

    def sample(
        self, temperature: Floats, uniforms: Floats32, normals: Floats32
    ) -> tuple[Floats32, NDArray[np.intp]]:
        """Sample one step of each drawing at a temperature: logits / tau, variances * tau (eq. 8).

        Args:
            temperature: (B,) tau of each drawing, above 0.
            uniforms: (2, B) in [0, 1): for the component and for the pen state.
            normals: (2, B) standard normal, for the offset.

        Returns:
            Offsets in the local frame, (2, B), in model units, and the pen state, (B,).
        """
        sharpness = (1 / temperature).astype(np.float32)
        component = _choose(self.log_pi * sharpness, uniforms[0])
        pen = _choose(self.log_q * sharpness, uniforms[1])
        chosen = self.normals[:, component, np.arange(len(component))]
        rho = np.tanh(chosen[4])
        offset = np.exp(np.minimum(chosen[2:4], _MAX_LOG_SIGMA)) * np.sqrt(temperature).astype(
            np.float32
        )
        offset[0] *= normals[0]
        offset[1] *= rho * normals[0] + np.sqrt(1 - rho * rho) * normals[1]
        offset += chosen[:2]
        return offset, pen

    def nll(self, local_offsets: Floats32, pen: NDArray[np.intp]) -> Floats32:
        """Return -log p of one step of each drawing, (B,) nats, in model units (eq. 3 and 9).

        The END row counts by its pen state alone. The bivariate normal is computed as
        p(y) p(x given y), so that nothing cancels when the correlation comes near 1; the sum over
        components is a log-sum-exp.

        Args:
            local_offsets: (2, B) in the local frame.
            pen: (B,) pen states.
        """
        mean, log_sigma, rho = self.normals[:2], self.normals[2:4], self.normals[4]
        x, y = (local_offsets[:, None] - mean) * np.exp(-log_sigma)
        size = np.abs(rho)  # log cosh is -log sqrt(1 - tanh^2); logaddexp is a slow ufunc
        log_cosh = size + np.log1p(np.exp(-2 * size)) - np.float32(math.log(2))
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


def _choose(logits: Floats32, uniforms: Floats32) -> NDArray[np.intp]:
    """Sample a row of each column with probability softmax(logits), by inverse CDF, (B,).

    Args:
        logits: (rows, B); overwritten.
        uniforms: (B,) in [0, 1).
    """
    logits -= logits.max(axis=0)
    cumulative = np.exp(logits, out=logits).cumsum(axis=0)
    row: NDArray[np.intp] = (cumulative <= uniforms * cumulative[-1]).sum(axis=0)
    return row


def fuse_lstm_weights(model: Model, name: str, width: int) -> tuple[Floats32, Floats32, Floats32]:
    """Return the weights and the bias of an LSTM, rearranged for `lstm_cell_`.

    Gates are in the order i, f, o, g, so that the three sigmoid gates are one block. Their weights
    are halved, because sigmoid(x) = (1 + tanh(x / 2)) / 2: one tanh over all gates then does. The
    outer halves of i and f are applied once, to the cell; that of o is not applied, so that the
    cell gives 2h instead of the hidden state h, and the recurrent weights are halved once more.

    Args:
        model: the weights.
        name: of the LSTM in `ModelConfig.shapes`: "decoder", for instance.
        width: number of inputs whose weights stand behind the recurrent ones.

    Returns:
        Weights for 2h and those inputs, (4H, H + width), weights of the other inputs,
        (4H, inputs - width), and bias, (4H, 1).
    """
    recurrent, inputs, bias = (
        model.tensors[f"{name}.{kind}"] for kind in ("recurrent", "input", "bias")
    )
    H = recurrent.shape[1]
    weight = np.empty((4 * H, H + width), dtype=np.float32)
    others = np.empty((4 * H, inputs.shape[1] - width), dtype=np.float32)
    arranged = np.empty((4 * H, 1), dtype=np.float32)
    for row, source, half in zip(range(4), (0, 1, 3, 2), _HALVES, strict=True):
        to, rows = slice(row * H, (row + 1) * H), slice(source * H, (source + 1) * H)
        np.multiply(recurrent[rows], half * np.float32(0.5), out=weight[to, :H])
        np.multiply(inputs[rows, :width], half, out=weight[to, H:])
        np.multiply(inputs[rows, width:], half, out=others[to])
        np.multiply(bias[rows, None], half, out=arranged[to])
    return weight, others, arranged


def lstm_cell_(gates: Floats32, cell: Floats32, h: Floats32) -> None:
    """Take one step of an LSTM in place.

    Args:
        gates: (4H, B) product of the weights of `fuse_lstm_weights` and their inputs; overwritten.
        cell: (H, B) cell state; updated.
        h: (H, B); 2h is written to it.
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
    """The decoder: an LSTM and the head of the mixture, with weights arranged for speed."""

    def __init__(self, model: Model) -> None:
        self.hidden = model.config.decoder_hidden
        t = model.tensors
        self._weight, self._z_weight, self._bias = fuse_lstm_weights(
            model, "decoder", N_STEP + N_CONTEXT
        )
        self._start, self._start_bias = t["start.weight"], t["start.bias"][:, None]
        self._head, self._head_bias = t["head.weight"].copy(), t["head.bias"][:, None]
        self._head[:, : self.hidden] *= 0.5  # it reads 2h
        self._one_hot = np.eye(3, dtype=np.float32)

    def begin(self, z: Floats32) -> State:
        """Return the state before the first step, for latents (B, Z): [h0; c0] = tanh(W z + b)."""
        H = self.hidden
        h0_c0 = np.tanh(self._start @ z.T + self._start_bias)
        inputs = np.zeros((H + N_STEP + N_CONTEXT, len(z)), dtype=np.float32)
        inputs[:H] = 2 * h0_c0[:H]
        inputs[H + 2 + Pen.DOWN] = 1  # S_0 = (0, 0, 1, 0, 0)
        heading = np.ones(len(z), dtype=np.complex64)
        vectors = np.zeros((4, 2, len(z)), dtype=np.float32)
        return State(inputs, h0_c0[H:].copy(), self._z_weight @ z.T + self._bias, heading, vectors)

    def step(self, state: State) -> Mixture:
        """Update the state by the previous step of each drawing; return the mixture of the next."""
        gates = self._weight @ state.inputs
        gates += state.z_gates
        lstm_cell_(gates, state.cell, state.inputs[: self.hidden])
        y: Floats32 = np.matmul(self._head, state.inputs)
        y += self._head_bias
        return Mixture.from_head(y)

    def append_local(
        self, state: State, local_offsets: Floats32, pen: NDArray[np.intp]
    ) -> Floats32:
        """Append a sampled step to each drawing, for `step` to read; return its offsets, (2, B).

        Args:
            state: of the drawings.
            local_offsets: (2, B) in the local frame; the returned ones are on the page.
            pen: (B,) pen states.
        """
        rotated = (local_offsets[0] + 1j * local_offsets[1]) * state.heading
        return self.append(state, np.stack([rotated.real, rotated.imag]), pen)

    def append(self, state: State, offsets: Floats32, pen: NDArray[np.intp]) -> Floats32:
        """Append a step to each drawing: update the heading, the vectors and the inputs.

        The same formulas as `to_local_frame` and `context_features` in `torch_net`, step by step.

        Args:
            state: of the drawings.
            offsets: (2, B) on the page; returned.
            pen: (B,) pen states.
        """
        decoder_input, vectors = state.inputs[self.hidden :], state.vectors
        heading = offsets[0] + 1j * offsets[1]
        lengths = np.abs(heading)
        continues = decoder_input[2 + _DOWN].astype(bool) & (pen == _DOWN) & (lengths > 0)
        state.heading = np.where(
            continues, heading / np.where(continues, lengths, 1), np.complex64(1)
        )
        vectors -= offsets
        vectors[0] *= 1 - decoder_input[2 + _UP]  # a jump ends where a stroke starts
        np.minimum(vectors[2], 0, out=vectors[2])
        np.maximum(vectors[3], 0, out=vectors[3])
        to_start = (vectors[0, 0] + 1j * vectors[0, 1]) * state.heading.conj()
        decoder_input[:2] = offsets
        decoder_input[2:N_STEP] = self._one_hot[:, pen]
        decoder_input[N_STEP], decoder_input[N_STEP + 1] = to_start.real, to_start.imag
        decoder_input[N_STEP + 2 :] = vectors[1:].reshape(N_CONTEXT - 2, -1)
        np.clip(decoder_input, -FEATURE_CLIP, FEATURE_CLIP, out=decoder_input)
        return offsets

    def teacher_force(self, state: State, batch: PaddedBatch) -> Iterator[Floats32]:
        """Feed the steps of given drawings into a state, and yield -log p of each step.

        Args:
            state: before the first step, a column for each drawing; columns of drawings that have
                ended are dropped from it.
            batch: the drawings.

        Yields:
            At each time the nats of the drawings that still have a step, (n,), in model units.
        """
        for step, n in zip(batch.steps, batch.batch_sizes().tolist(), strict=True):
            if n < len(state.heading):
                state.select(slice(n))
            mixture = self.step(state)
            offsets, pen = step[:2, :n], step[2:, :n].argmax(axis=0)
            local = (offsets[0] + 1j * offsets[1]) * state.heading.conj()
            yield mixture.nll(np.stack([local.real, local.imag]), pen)
            self.append(state, offsets, pen)

    def nll(self, z: Floats32, batch: PaddedBatch) -> NDArray[np.float64]:
        """Return L_R of each drawing given its latent, (B,), summed over its steps (eq. 9).

        Args:
            z: (B, Z), in the order of the batch's columns.
            batch: the drawings; `PaddedBatch.repeated` for several latents each.

        Returns:
            Nats of densities per square model unit. Densities per square pixel have 2 log(scale)
            nats more for every row but END.
        """
        total = np.zeros(len(z))
        for nats in self.teacher_force(self.begin(z), batch):
            total[: len(nats)] += nats
        return total
