"""The class head: the probability that a drawing is of the model's kind ("sheepness").

The likelihood of a drawing does not tell: short and plain drawings of anything are likely. A
small network on the encoder's states does. It is optional: a weights file holds it or does not.
Shape letters: B drawings, E encoder hidden per side, F hidden units of the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sketchvae.polyline import Floats, Floats32

_MAX_LOG_ODDS = 30.0  # in float64, probabilities of +-30 are not yet rounded to 0 or 1
ARRAYS = ("weight", "bias", "out", "reference")  # fields of ClassHead that are tensors in the file


@dataclass(frozen=True)
class ClassHead:
    """A network of one hidden layer: the encoder's states to a probability.

    The probability is calibrated for a set in which half of the drawings are sheep and the other
    half are drawings of 344 other things.

    Attributes:
        weight: (F, 4E) of the hidden layer.
        bias: (F,) of the hidden layer.
        out: (F + 1,) of the output, its bias last.
        reference: (n,) log odds of real sheep that nothing was trained on, in rising order.
        about: figures that were measured when the head was trained.
    """

    weight: Floats32
    bias: Floats32
    out: Floats32
    reference: Floats32
    about: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def shapes(hidden: int, encoder_hidden: int, n_reference: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by its name.

        Args:
            hidden: F.
            encoder_hidden: E.
            n_reference: number of real sheep.
        """
        F = hidden
        return {
            "weight": (F, 4 * encoder_hidden),
            "bias": (F,),
            "out": (F + 1,),
            "reference": (n_reference,),
        }

    def probability(self, states: Floats32) -> Floats:
        """Return the class probability of each drawing, (B,), from 0 to 1.

        Args:
            states: (B, 4E), see `Encoder.states`.
        """
        probability: Floats = 1 / (1 + np.exp(-self.log_odds(states)))
        return probability

    def percentile(self, states: Floats32) -> Floats:
        """Return the percentage of real sheep with lower log odds, (B,), from 0 to 100.

        Args:
            states: (B, 4E), see `Encoder.states`.
        """
        n_below = np.searchsorted(self.reference, self.log_odds(states))
        percentile: Floats = n_below.astype(np.float64) * (100 / len(self.reference))
        return percentile

    def log_odds(self, states: Floats32) -> Floats:
        """Return log p / (1 - p) of each drawing, (B,), clipped so that no p is 0 or 1.

        Args:
            states: (B, 4E), see `Encoder.states`.
        """
        hidden = np.maximum(states @ self.weight.T + self.bias, 0)
        log_odds: Floats = (hidden @ self.out[:-1] + self.out[-1]).astype(np.float64)
        return log_odds.clip(-_MAX_LOG_ODDS, _MAX_LOG_ODDS)
