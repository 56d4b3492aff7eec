"""The encoder in NumPy: drawings to their posteriors.

The same equations as `model/torch_net.py`; a test holds the two together.
Shape letters: B drawings, T steps, E encoder hidden a side, Z latent.
"""

from dataclasses import dataclass

import numpy as np

from sketchvae.model.numpy_decoder import fuse_lstm_weights, lstm_cell_
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats32, Ints
from sketchvae.sequences import PaddedBatch


@dataclass(frozen=True)
class Posterior:
    """q(z given S): a diagonal normal, `mean` and `log_variance` of (B, Z) (eq. 2)."""

    mean: Floats32
    log_variance: Floats32

    def z(self, noise: Floats32) -> Floats32:
        """Return z = mu + sigma * noise for standard normal noise, (..., B, Z)."""
        z: Floats32 = self.mean + np.exp(0.5 * self.log_variance) * noise
        return z


class Encoder:
    """The encoder's weights, laid out for reading fast."""

    def __init__(self, model: Model) -> None:
        self.hidden, self.latent = model.config.encoder_hidden, model.config.latent
        self._forward = _core(model, "encoder.forward")
        self._backward = _core(model, "encoder.backward")
        t = model.tensors
        heads = [t["posterior.mean.weight"], t["posterior.log_variance.weight"]]
        self._head = np.concatenate(heads).T * np.float32(0.5)  # it reads 2h
        self._bias = np.concatenate([t["posterior.mean.bias"], t["posterior.log_variance.bias"]])

    def encode(self, reading: PaddedBatch) -> Posterior:
        """Read drawings into their posteriors, one a column (eq. 1 and 2)."""
        h = np.concatenate([self._last(*side) for side in self._sides(reading)])
        y = h.T @ self._head + self._bias
        Z = y.shape[1] // 2
        return Posterior(y[:, :Z], y[:, Z:])

    def states(self, reading: PaddedBatch) -> Floats32:
        """Return 2h of each drawing, one a row, (B, 4E): after its last step, and on average.

        Either is the forward side's, then the backward one's.
        """
        sides = self._sides(reading)
        means = np.zeros((len(sides), self.hidden, len(reading.lengths)), dtype=np.float32)
        h = [self._last(*side, total) for side, total in zip(sides, means, strict=True)]
        means /= reading.lengths
        return np.concatenate([*h, *means]).T

    def _sides(self, reading: PaddedBatch) -> list[tuple[Floats32, Floats32, Ints]]:
        going = reading.batch_sizes()
        return [
            (self._forward, reading.steps, going),
            (self._backward, reading.reversed_(), going),
        ]

    def _last(
        self, core: Floats32, steps: Floats32, going: Ints, total: Floats32 | None = None
    ) -> Floats32:
        """Return 2h after the last step of each drawing, (E, B); add that of all up in total."""
        E, B = self.hidden, steps.shape[2]
        last = np.empty((E, B), dtype=np.float32)
        inputs = np.zeros((E + 5, B), dtype=np.float32)  # one array: one product, see State
        cell = np.zeros((E, B), dtype=np.float32)
        gates = np.empty((4 * E, B), dtype=np.float32)
        for t, (step, n) in enumerate(zip(steps, going.tolist(), strict=True)):
            if n < inputs.shape[1]:  # copied, for ufuncs are slow on short rows
                last[:, n : inputs.shape[1]] = inputs[:E, n:]
                inputs, cell = inputs[:, :n].copy(), cell[:, :n].copy()
                gates = np.empty((4 * E, n), dtype=np.float32)
            inputs[E:] = step[:, :n]
            used = slice(None) if t else slice(E, None)  # before the first step h is 0
            np.matmul(core[:, used], inputs[used], out=gates)
            lstm_cell_(gates, cell, inputs[:E])
            if total is not None:
                total[:, :n] += inputs[:E]
        last[:, : inputs.shape[1]] = inputs[:E]
        return last


def _core(model: Model, name: str) -> Floats32:
    """Return the weights that read 2h and a step, (4E, E + 5).

    The pen is one-hot: its three columns take the bias in, and nothing is left to add.
    """
    recurrent, inputs, bias = fuse_lstm_weights(model, name)
    inputs[:, 2:] += bias
    return np.concatenate([recurrent, inputs], axis=1)
