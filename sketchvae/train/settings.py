"""Settings of a training run, and the schedules that follow from them as functions of the step."""

import math
from dataclasses import dataclass
from typing import Any

from sketchvae.errors import check_range

SMALL_SET, SMALL_SET_PATIENCE = 1000, 3  # training drawings; validations
# Of training from finished weights: for each root of a drawing, at most for a small set, at most.
_STEPS, _SMALL_SET_STEPS, _MOST_STEPS = 40, 1265, 4000


@dataclass(frozen=True)
class Settings:
    """Settings of a training run; one step is one batch.

    Raises:
        RangeError: if a value is outside of its range.
    """

    steps: int = 20_000  # batches
    batch: int = 64  # drawings per step, over all processes
    learning_rate: float = 2e-3  # highest value, reached after the warm-up
    final_rate: float = 0.01  # learning rate at the last step, as a fraction of the highest
    warm_up: int = 400  # steps in which the learning rate rises
    clip: float = 1.0  # greatest norm of the gradient
    kl_weight: float = 1.0  # w_KL (eq. 11) after annealing; 1 gives the bound of the likelihood
    kl_start: float = 0.05  # w_KL at the first step, as a fraction of `kl_weight`
    kl_anneal: float = 0.3  # fraction of the steps in which w_KL rises
    free_nats: float = 20.0  # KL_min (eq. 11), nats per drawing over all dimensions together
    ema_decay: float = 0.999  # decay of the exponential moving average of the weights
    random_scale: float = 0.1  # augmentation: x and y are scaled by 1 - this to 1 + this
    point_dropout: float = 0.1  # augmentation: fraction of the inner points that is left out
    # augmentation: standard deviation of the angle in radians, and of the shear
    random_turn: float = 0.0
    max_points: int = 250  # longer drawings are left out
    validate_every: int = 1000  # steps
    # validations in a row without a better one that end the run; 0: none do; None: see below
    patience: int | None = None
    seed: int = 1  # of the weights, the batches and the noise
    # whether the encoder's LSTMs are trained; a class head reads their states, which must stay
    train_encoder: bool = True

    def __post_init__(self) -> None:
        for name, low, high in (
            ("steps", 1, math.inf),
            ("batch", 1, math.inf),
            ("learning_rate", 0, 1),
            ("clip", 1e-9, math.inf),
            ("kl_weight", 0, math.inf),
            ("kl_anneal", 0, 1),
            ("free_nats", 0, math.inf),
            ("ema_decay", 0, 1),
            ("random_scale", 0, 0.9),
            ("point_dropout", 0, 0.9),
            ("max_points", 1, 10_000),
            ("validate_every", 1, math.inf),
            ("seed", 0, math.inf),
        ):
            check_range(name, getattr(self, name), low, high)
        check_range("patience", self.patience or 0, 0)

    @classmethod
    def fine_tuning(cls, drawings: int, **changes: Any) -> "Settings":  # noqa: ANN401 - any field
        """Return settings for training on from finished weights: shorter, slower, no annealing.

        The steps grow with the root of the number of drawings, 566 for 50 and 1265 for 250; they
        are as many up to 1000. With fewer than 1000 the encoder stays as it is, so that a class
        head can be fitted, and the drawings are distorted more.

        Args:
            drawings: number of training drawings.
            changes: fields by name, which win over these defaults.
        """
        root = math.sqrt(drawings)
        usual = max(100, min(2 * _STEPS * root, _SMALL_SET_STEPS), min(_STEPS * root, _MOST_STEPS))
        steps = int(changes.get("steps", round(usual)))
        is_small = drawings < SMALL_SET
        defaults = {
            "steps": steps,
            "batch": 32 if is_small else 64,
            "learning_rate": 1e-3,
            "warm_up": 20,
            "kl_weight": 0.35,
            "kl_anneal": 0.0,
            "free_nats": 40.0,
            "ema_decay": 0.98,
            "point_dropout": 0.0,
            "random_scale": 0.15 if is_small else 0.1,
            "random_turn": 0.1 if is_small else 0.0,
            "validate_every": max(1, -(-steps // 5)),
            "train_encoder": not is_small,
        }
        return cls(**{**defaults, **changes})

    def patience_with(self, drawings: int) -> int:
        """Return `patience`; by default 3 for fewer than 1000 training drawings, else 0.

        So few drawings are soon learnt by heart, and every step after that is for nothing.
        """
        if self.patience is not None:
            return self.patience
        return SMALL_SET_PATIENCE if drawings < SMALL_SET else 0

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step: linear warm-up, then half a cosine downwards."""
        warm = min(1.0, (step + 1) / (self.warm_up + 1))
        progress = min(1.0, step / self.steps)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return self.learning_rate * warm * (self.final_rate + (1 - self.final_rate) * cosine)

    def kl_weight_at(self, step: int) -> float:
        """Return w_KL of a step: it rises linearly from `kl_start`, then stays."""
        rising = self.kl_anneal * self.steps
        progress = min(1.0, step / rising) if rising > 0 else 1.0
        return self.kl_weight * (self.kl_start + (1 - self.kl_start) * progress)
