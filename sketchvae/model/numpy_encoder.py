"""The encoder in NumPy: a batch of drawings to their posteriors (eq. 1 and 2).

The twin of `SketchVAE.encode` in `model/torch_net.py`; a test compares the two.
Shape letters: B drawings, T steps, E hidden units in each direction, Z latent.
"""

from dataclasses import dataclass

import numpy as np

from sketchvae.model.config import N_STEP
from sketchvae.model.numpy_decoder import fuse_lstm_weights, lstm_cell_
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats32, Ints
from sketchvae.sequences import PaddedBatch


@dataclass(frozen=True)
class Posterior:
    """q(z given S) of B drawings: diagonal normals (eq. 2).

    Attributes:
        mean: (B, Z).
        log_variance: (B, Z).
    """

    mean: Floats32
    log_variance: Floats32

    def z(self, noise: Floats32) -> Floats32:
        """Return z = mu + sigma * noise for standard normal noise, (..., B, Z)."""
        z: Floats32 = self.mean + np.exp(0.5 * self.log_variance) * noise
        return z


class Encoder:
    """The bidirectional LSTM and its two linear layers, with weights arranged for speed.

    The LSTMs keep 2h instead of the hidden state h: see `fuse_lstm_weights`.

    Attributes:
        hidden: E.
        latent: Z.
    """

    def __init__(self, model: Model) -> None:
        self.hidden, self.latent = model.config.encoder_hidden, model.config.latent
        self._forward = _weight(model, "encoder.forward")
        self._backward = _weight(model, "encoder.backward")
        t = model.tensors
        heads = [t["posterior.mean.weight"], t["posterior.log_variance.weight"]]
        self._head = np.concatenate(heads).T * np.float32(0.5)  # it reads 2h
        self._bias = np.concatenate([t["posterior.mean.bias"], t["posterior.log_variance.bias"]])

    def encode(self, batch: PaddedBatch) -> Posterior:
        """Return the posterior of each drawing, (B, Z), in the order of the batch's columns.

        `PaddedBatch.sample_index` maps a column to its drawing.
        """
        h = np.concatenate([self._last_state(*direction) for direction in self._directions(batch)])
        y = h.T @ self._head + self._bias
        Z = y.shape[1] // 2
        return Posterior(y[:, :Z], y[:, Z:])

    def states(self, batch: PaddedBatch) -> Floats32:
        """Return the states of each drawing, (B, 4E), in the order of the batch's columns.

        A row holds 2h after the last step, forwards (E) and backwards (E), and the mean of 2h over
        all steps, forwards (E) and backwards (E).
        """
        directions = self._directions(batch)
        means = np.zeros((len(directions), self.hidden, len(batch.lengths)), dtype=np.float32)
        h = [
            self._last_state(*direction, total)
            for direction, total in zip(directions, means, strict=True)
        ]
        means /= batch.lengths
        return np.concatenate([*h, *means]).T

    def _directions(self, batch: PaddedBatch) -> list[tuple[Floats32, Floats32, Ints]]:
        """Return the arguments of `_last_state` forwards and backwards: weights, steps, sizes."""
        sizes = batch.batch_sizes()
        return [
            (self._forward, batch.steps, sizes),
            (self._backward, batch.reversed_(), sizes),
        ]

    def _last_state(
        self, weight: Floats32, steps: Floats32, sizes: Ints, total: Floats32 | None = None
    ) -> Floats32:
        """Run an LSTM; return 2h after the last step of each drawing, (E, B).

        Args:
            weight: (4E, E + 5) of `_weight`.
            steps: (T, 5, B).
            sizes: (T,) number of drawings that have a step at each time.
            total: (E, B) array to which 2h of every step is added; None for none.
        """
        E, B = self.hidden, steps.shape[2]
        last = np.empty((E, B), dtype=np.float32)
        inputs = np.zeros((E + 5, B), dtype=np.float32)  # 2h and the step: one product
        cell = np.zeros((E, B), dtype=np.float32)
        gates = np.empty((4 * E, B), dtype=np.float32)
        for t, (step, n) in enumerate(zip(steps, sizes.tolist(), strict=True)):
            if n < inputs.shape[1]:  # copied, because ufuncs are slow on short rows
                last[:, n : inputs.shape[1]] = inputs[:E, n:]
                inputs, cell = inputs[:, :n].copy(), cell[:, :n].copy()
                gates = np.empty((4 * E, n), dtype=np.float32)
            inputs[E:] = step[:, :n]
            used = slice(None) if t else slice(E, None)  # before the first step h is 0
            np.matmul(weight[:, used], inputs[used], out=gates)
            lstm_cell_(gates, cell, inputs[:E])
            if total is not None:
                total[:, :n] += inputs[:E]
        last[:, : inputs.shape[1]] = inputs[:E]
        return last


def _weight(model: Model, name: str) -> Floats32:
    """Return recurrent and input weights as one matrix, (4E, E + 5), gates as in `lstm_cell_`.

    The bias is added to the three columns of the pen: exactly one of them is 1 at each step.
    """
    weight, _, bias = fuse_lstm_weights(model, name, N_STEP)
    weight[:, -3:] += bias
    return weight
