"""How to train: settings that nothing changes, and schedules that are functions of the step."""

import math
from dataclasses import dataclass

from sketchvae.errors import SketchvaeError


@dataclass(frozen=True)
class Settings:
    """How to train. A step is one batch."""

    steps: int = 20_000
    batch: int = 64  # drawings a step, over all processes
    learning_rate: float = 2e-3  # at its highest, after the warm-up
    final_rate: float = 0.01  # of learning_rate, at the last step
    warm_up: int = 400  # steps
    clip: float = 1.0  # largest norm of the gradient
    kl_weight: float = 1.0  # w_KL once annealed; 1 is the likelihood's own bound
    kl_start: float = 0.05  # w_KL at the first step
    kl_anneal: float = 0.3  # share of the steps in which w_KL rises
    kl_floor: float = 20.0  # nats a drawing that L_KL costs at least (free bits, on the total)
    average: float = 0.999  # decay of the averaged weights
    stretch: float = 0.1  # augmentation: scale of x and of y, 1 +- stretch
    drop: float = 0.1  # augmentation: share of points left out
    longest: int = 250  # points; longer drawings are left out
    validate_every: int = 1000  # steps
    seed: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (
            ("steps", 1, math.inf),
            ("batch", 1, math.inf),
            ("learning_rate", 0, 1),
            ("clip", 1e-9, math.inf),
            ("kl_weight", 0, math.inf),
            ("kl_anneal", 0, 1),
            ("kl_floor", 0, math.inf),
            ("average", 0, 1),
            ("stretch", 0, 0.9),
            ("drop", 0, 0.9),
            ("longest", 1, 10_000),
            ("validate_every", 1, math.inf),
            ("seed", 0, math.inf),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise SketchvaeError(f"{name} must be from {low:g} to {high:g}, got {value:g}")

    def rate_at(self, step: int) -> float:
        """Return the learning rate: linear warm-up, then half a cosine down to `final_rate`."""
        warm = min(1.0, (step + 1) / (self.warm_up + 1))
        done = min(1.0, step / self.steps)
        cosine = self.final_rate + (1 - self.final_rate) * 0.5 * (1 + math.cos(math.pi * done))
        return self.learning_rate * warm * cosine

    def kl_weight_at(self, step: int) -> float:
        """Return w_KL: it rises in a straight line from `kl_start`, then stays."""
        rise = self.kl_anneal * self.steps
        share = min(1.0, step / rise) if rise > 0 else 1.0
        return self.kl_weight * (self.kl_start + (1 - self.kl_start) * share)


FINE_TUNING = {  # what `--init` changes: a few hundred drawings of another animal overfit after
    "steps": 400,
    "learning_rate": 1e-3,
    "kl_anneal": 0.0,
    "validate_every": 100,
}
