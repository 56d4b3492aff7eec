"""What a training run measures: nats, of densities per square pixel, whatever the scale."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Losses:
    """The two losses after a number of steps, in nats per drawing, means over some drawings."""

    step: int  # number of steps taken, this one included
    reconstruction: float  # L_R (eq. 9)
    kl: float  # L_KL (eq. 10), summed over the latent dimensions
    points: float  # points per drawing

    @property
    def nats_per_point(self) -> float:
        """The bound over the number of points: (L_R + L_KL) / points."""
        return (self.reconstruction + self.kl) / self.points

    @property
    def reconstruction_per_point(self) -> float:
        """L_R over the number of points."""
        return self.reconstruction / self.points

    @property
    def kl_per_point(self) -> float:
        """L_KL over the number of points."""
        return self.kl / self.points


@dataclass(frozen=True)
class StepMetrics(Losses):
    """Losses of one training step on its augmented batch."""

    kl_weight: float  # w_KL (eq. 11)
    learning_rate: float
    gradient_norm: float  # before clipping


@dataclass(frozen=True)
class Validation(Losses):
    """The bound of the validation drawings under the averaged weights: -log p <= L_R + L_KL.

    The drawings are dequantised and not augmented, w_KL is 1 and no nats are free.
    """

    kl_spectrum: tuple[float, ...]  # L_KL of each latent dimension, in falling order


def validations_since_best(history: Sequence[tuple[int, float]]) -> int:
    """Return the number of validations in a row that were no better than one before them.

    Args:
        history: step and nats per point of each validation.
    """
    losses = [nats for _, nats in history]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0
