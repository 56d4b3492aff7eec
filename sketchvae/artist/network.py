"""The decoder in NumPy: one matrix product a step.

The same equations as `learning/model.py`; a test holds the two together.
Shape letters: B drawings, H hidden, M mixture components, Z latent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Pen
from sketchvae.model_file import Array, ModelFile

_WIDEST = 10.0  # log sigma: far beyond any drawing, and odd weights cannot reach infinity


@dataclass
class State:
    """Where B drawings stand, one row each.

    Attributes:
        inputs: (B, H + 5): h, then the previous step as stroke-5. One array, so that
            the recurrent and the input weights are one product.
        cell: (B, H).
        from_z: (B, 4H), what z adds to the gates at every step, computed once.
    """

    inputs: Array
    cell: Array
    from_z: Array

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Drop all other rows."""
        self.inputs, self.cell, self.from_z = self.inputs[rows], self.cell[rows], self.from_z[rows]

    def put(self, rows: NDArray[np.intp], other: "State") -> None:
        """Let other drawings begin in these rows."""
        self.inputs[rows], self.cell[rows] = other.inputs, other.cell
        self.from_z[rows] = other.from_z


@dataclass(frozen=True)
class Mixture:
    """What the decoder believes about the next step of B drawings, in model units (eq. 3 to 6).

    Attributes:
        log_pi: (B, M) log weights up to a constant.
        mu: (B, 2, M) means of the offset: x, y.
        sigma: (B, 2, M) standard deviations.
        rho: (B, M) correlations.
        log_q: (B, 3) log probabilities of the pen, up to a constant: down, up, end.
    """

    log_pi: Array
    mu: Array
    sigma: Array
    rho: Array
    log_q: Array

    def draw(
        self, temperature: float, chances: Array, noise: Array
    ) -> tuple[Array, NDArray[np.intp]]:
        """Take one step a drawing; the one place that knows temperature (eq. 8).

        Logits are divided by tau, variances multiplied by it.

        Args:
            temperature: tau, above 0.
            chances: (B, 2) uniform in [0, 1): for the component and for the pen.
            noise: (B, 2) standard normal.

        Returns:
            Offsets (B, 2) in model units, and the pen after the step (B,).
        """
        component = _choose(self.log_pi / np.float32(temperature), chances[:, 0])
        pen = _choose(self.log_q / np.float32(temperature), chances[:, 1])
        rows = np.arange(len(component))
        rho = self.rho[rows, component]
        along = noise[:, 0]
        across = rho * along + np.sqrt(1 - rho * rho) * noise[:, 1]
        spread = self.sigma[rows, :, component] * np.float32(np.sqrt(temperature))
        offsets = self.mu[rows, :, component] + spread * np.stack([along, across], axis=1)
        return offsets, pen


def _choose(logits: Array, chances: Array) -> NDArray[np.intp]:
    """Choose a column of each row by its weight: the first that passes chance.

    "Passes" means is larger: a chance of 0 must not choose a column of weight 0.
    """
    heights = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
    chosen: NDArray[np.intp] = (heights <= (chances * heights[:, -1])[:, None]).sum(axis=1)
    return chosen


class Network:
    """The decoder's weights, laid out for drawing fast.

    sigmoid(x) is (1 + tanh(x / 2)) / 2: with the halves folded into the weights, one tanh
    over all gates does. The gates stand in the order i, f, o, g, so that those three
    are one block.
    """

    def __init__(self, model: ModelFile) -> None:
        H = model.config.decoder_hidden
        self.hidden, self.mixtures = H, model.config.mixtures
        t = model.tensors
        order = np.concatenate([np.arange(2 * H), np.arange(3 * H, 4 * H), np.arange(2 * H, 3 * H)])
        half = np.repeat(np.array([0.5, 1.0], dtype=np.float32), [3 * H, H])
        gates = np.concatenate(
            [t["decoder.recurrent"], t["decoder.input"], t["decoder.bias"][:, None]], axis=1
        )
        gates = gates[order].T * half
        self._core = np.ascontiguousarray(gates[: H + 5])  # (H + 5, 4H)
        self._from_z = np.ascontiguousarray(gates[H + 5 : -1])  # (Z, 4H)
        self._bias = gates[-1].copy()
        self._start, self._start_bias = t["start.weight"].T.copy(), t["start.bias"]
        self._head, self._head_bias = t["head.weight"].T.copy(), t["head.bias"]

    def begin(self, z: Array) -> State:
        """Return the state before the first step, for latents (B, Z): [h0; c0] = tanh(W z)."""
        H = self.hidden
        h0_c0 = np.tanh(z @ self._start + self._start_bias)
        inputs = np.zeros((len(z), H + 5), dtype=np.float32)
        inputs[:, :H] = h0_c0[:, :H]
        inputs[:, H + 2 + Pen.DOWN] = 1  # S_0 = (0, 0, 1, 0, 0)
        return State(inputs, h0_c0[:, H:].copy(), z @ self._from_z + self._bias)

    def advance(self, state: State) -> Mixture:
        """Read the previous step of each drawing and say what comes next."""
        H, M = self.hidden, self.mixtures
        gates = state.inputs @ self._core
        gates += state.from_z
        np.tanh(gates, out=gates)
        ifo, g = gates[:, : 3 * H], gates[:, 3 * H :]
        ifo *= 0.5
        ifo += 0.5
        state.cell *= ifo[:, H : 2 * H]
        g *= ifo[:, :H]
        state.cell += g
        h = state.inputs[:, :H]
        np.tanh(state.cell, out=h)
        h *= ifo[:, 2 * H :]
        y = h @ self._head
        y += self._head_bias
        pair = (len(y), 2, M)
        return Mixture(
            y[:, :M],
            y[:, M : 3 * M].reshape(pair),
            np.exp(np.minimum(y[:, 3 * M : 5 * M], _WIDEST).reshape(pair)),
            np.tanh(y[:, 5 * M : 6 * M]),
            y[:, 6 * M :],
        )

    def take(self, state: State, offsets: Array, pen: NDArray[np.intp]) -> None:
        """Note the step that was taken, for `advance` to read next."""
        steps = state.inputs[:, self.hidden :]
        steps[:, :2] = offsets
        steps[:, 2:] = np.eye(3, dtype=np.float32)[pen]
