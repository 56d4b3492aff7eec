"""The callbacks that show a training run."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from helpers import SHEEP, ending_model
from PIL import Image

from sketchvae.cli.progress import ConsoleProgress, progress_callbacks, used_dimensions
from sketchvae.data import formats
from sketchvae.data.dataset import SplitFractions, open_packed, pack
from sketchvae.model.weights import Model
from sketchvae.train.batches import DrawingPool, WeightedDataset
from sketchvae.train.metrics import StepMetrics, Validation
from sketchvae.train.settings import Settings
from sketchvae.train.trainer import Trainer


class StandInTrainer:
    """What the callbacks use of a trainer, without a network."""

    def __init__(self, folder: Path) -> None:
        flock = list(formats.read(SHEEP))[:30]
        path = folder / "sheep.drawings"
        pack(flock, path, fractions=SplitFractions(valid=0.0, test=0.0))
        self.pool = self.valid = DrawingPool([WeightedDataset(open_packed(path))], "train", 60)
        self.scale, self.step, self.best = 12.5, 0, 3.0
        self.settings = Settings(steps=100)

    def preview(self) -> Model:
        return ending_model()


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return cast(Trainer, StandInTrainer(tmp_path))


VALIDATION = Validation(50, 100.0, 20.0, 40.0, (19.0, 0.9, 0.1))


def run(callbacks: list[Any], trainer: Trainer) -> None:
    """Report one step and one validation, as a run does."""
    for callback in callbacks:
        callback.on_start(trainer)
        callback.on_step(StepMetrics(49, 110.0, 21.0, 40.0, 0.5, 1e-3, 2.0))
        callback.on_step(StepMetrics(50, 111.0, 22.0, 40.0, 0.5, 1e-3, 2.0))
        callback.on_validate(trainer, VALIDATION)


def test_log_has_a_line_every_fifty_steps(
    trainer: Trainer, capsys: pytest.CaptureFixture[str]
) -> None:
    with ConsoleProgress(100, terminal=False) as console:
        run([console], trainer)
    first, step, validation = capsys.readouterr().err.splitlines()
    skipped = trainer.pool.n_skipped
    n = len(trainer.pool)
    assert first == (
        f"{n} drawings an epoch{f' ({skipped} too long or empty)' if skipped else ''}, "
        f"judged by {n}; scale 12.50 px; from step 0 of 100"
    )
    assert step.startswith("step 50  L_R 111.0  L_KL 22.0  w_KL 0.50  gradient 2.00  ")
    assert validation == (
        "validation at step 50: 3.000 nats per point; L_R 100.0, L_KL 20.0 in 2 dimensions"
        "  (best so far)"
    )


def test_run_leaves_pictures_and_tensorboard_files(trainer: Trainer, tmp_path: Path) -> None:
    with progress_callbacks(tmp_path, 100, shown=True) as callbacks:
        run(callbacks, trainer)
    assert list((tmp_path / "tensorboard").iterdir())
    for name in ("step-000050.png", "map-000050.png"):
        with Image.open(tmp_path / name) as picture:
            assert len(np.unique(np.asarray(picture))) > 1


def test_other_processes_show_nothing(tmp_path: Path) -> None:
    with progress_callbacks(tmp_path, 100, shown=False) as callbacks:
        assert callbacks == []
    assert list(tmp_path.iterdir()) == []


def test_dimensions_count_as_used_above_a_tenth_of_a_nat() -> None:
    assert used_dimensions(VALIDATION) == 2
