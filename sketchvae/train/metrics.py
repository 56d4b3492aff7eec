"""What a training run measures, in one unit: nats, of densities per square pixel."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepMetrics:
    """Losses of one training step, in nats per drawing, means over the augmented batch."""

    step: int  # number of steps taken, this one included
    reconstruction: float  # L_R (eq. 9)
    kl: float  # L_KL (eq. 10), summed over the latent dimensions
    points: float  # points per drawing
    kl_weight: float  # w_KL (eq. 11)
    learning_rate: float
    gradient_norm: float  # before clipping


@dataclass(frozen=True)
class Validation:
    """The bound of the validation drawings under the averaged weights: -log p <= L_R + L_KL.

    The drawings are dequantised and not augmented, w_KL is 1 and no nats are free. Densities are
    per square pixel, so that models of different scales compare.
    """

    step: int
    reconstruction: float  # L_R, nats per drawing
    kl: float  # L_KL, nats per drawing
    points: float  # points per drawing
    kl_spectrum: tuple[float, ...]  # L_KL of each latent dimension, in falling order

    @property
    def nats_per_point(self) -> float:
        """The bound over the number of points: (L_R + L_KL) / points."""
        return (self.reconstruction + self.kl) / self.points
