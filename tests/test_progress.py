"""The callbacks that show a training run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from helpers import SHEEP, ending_model
from PIL import Image

from sketchvae.cli.progress import ConsoleProgress, progress_callbacks, used_dimensions
from sketchvae.cli.train_report import closing_lines, opening_lines
from sketchvae.data import formats
from sketchvae.data.dataset import open_packed, pack
from sketchvae.data.splits import SplitFractions
from sketchvae.model.weights import Model
from sketchvae.train.batches import DrawingPool, WeightedDataset
from sketchvae.train.metrics import StepMetrics, Validation
from sketchvae.train.settings import Settings
from sketchvae.train.signals import RunInterrupted
from sketchvae.train.trainer import Trainer


class StandInTrainer:
    """What the callbacks use of a trainer, without a network."""

    def __init__(self, folder: Path) -> None:
        flock = list(formats.read(SHEEP))[:30]
        path = folder / "sheep.drawings"
        pack(flock, path, fractions=SplitFractions(valid=0.0, test=0.0))
        self.pool = self.valid = DrawingPool([WeightedDataset(open_packed(path))], "train", 60)
        self.scale, self.step, self.best = 12.5, 0, 3.0
        self.settings, self.chooses = Settings(steps=100), True

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
    said = capsys.readouterr().err.rstrip()  # older versions of rich end with an empty line
    first, step, validation = said.splitlines()
    skipped = trainer.pool.n_skipped
    n = len(trainer.pool)
    assert first == (
        f"{n} drawings an epoch{f' ({skipped} too long or empty left out)' if skipped else ''}, "
        f"judged by {n}; scale 12.50 px; from step 0 of 100"
    )
    assert step.startswith(
        "step 50: 3.325 nats per point: L_R 2.775, L_KL 0.550; w_KL 0.50, gradient 2.00, "
    )
    assert validation == (
        "validation at step 50: 3.000 nats per point: L_R 2.500, L_KL 0.500 in 2 dimensions"
        "  (best so far)"
    )


def test_time_of_a_run_is_said_after_some_steps_once(
    trainer: Trainer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 7))
    monkeypatch.setattr("sketchvae.cli.progress.time.monotonic", lambda: next(clock))
    trainer.step = 20  # a run that goes on
    with ConsoleProgress(1000, terminal=False) as console:
        console.on_start(trainer)
        for step in range(21, 49):
            console.on_step(StepMetrics(step, 110.0, 21.0, 40.0, 0.5, 1e-3, 2.0))
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith("about ")]
    seconds = 7 / 10 * (1000 - 32)  # ten steps in 7 s by that clock
    assert said == [
        f"about {seconds // 60:.0f} min {seconds % 60:.0f} s to step 1000, "
        "and some more for validations"
    ]


# --- hints before a run, and what was kept after it ---------------------------------------


def closing(history: list[tuple[int, float]], interrupted: bool = False, **more: Any) -> list[str]:  # noqa: ANN401
    run = SimpleNamespace(
        folder=Path("run"),
        history=history,
        step=history[-1][0] if history else 20,
        settings=Settings(steps=400),
        pool=range(more.get("drawings", 50)),
        valid=range(more.get("judges", 40)),
        chooses=more.get("judges", 40) >= 30,
    )
    stopped = RunInterrupted(run.step, 2) if interrupted else None
    return list(closing_lines(cast(Trainer, run), stopped))


def test_run_says_what_was_kept_and_why_and_where_the_last_is() -> None:
    assert closing([(100, 8.347), (200, 8.789), (300, 9.222), (400, 9.449)]) == [
        "run/model.safetensors: step 100, the best of 4 validations",
        "nats per point on 40 validation drawings: 8.347 at step 100, then 8.789, 9.222, 9.449",
        "the last step: sketchvae draw --model run/last.pt",
        "next: sketchvae draw --model run",
    ]


def test_last_step_is_kept_where_few_could_choose() -> None:
    assert closing([(200, 8.3), (400, 8.8)], judges=6) == [
        "run/model.safetensors: step 400, the last one, for 6 validation drawings cannot choose; "
        "30 or more can",
        "next: sketchvae draw --model run",
    ]


def test_run_that_ended_early_says_so_and_how_to_go_on() -> None:
    first, *_, last, _ = closing([(50, 8.0), (100, 9.0), (150, 9.5), (200, 9.75)], judges=40)
    assert first == (
        "run: ended at step 200 of 400, for 3 validations in a row were no better; go on with "
        "--resume --patience 0"
    )
    assert last == "the last step: sketchvae draw --model run/last.pt"


def test_long_run_shows_the_validations_around_the_best() -> None:
    losses = [(i, abs(i - 7) + 1.0) for i in range(1, 15)]
    assert closing(losses, judges=40)[2] == (
        "nats per point on 40 validation drawings: ..., 5.000, 4.000, 3.000, 2.000, "
        "1.000 at step 7, then 2.000, 3.000, 4.000, 5.000, ..."
    )
    assert "last.pt" not in "".join(closing([(200, 2.0), (400, 1.0)]))


def test_interrupted_run_says_what_its_model_is() -> None:
    assert closing([], interrupted=True, drawings=5000) == [
        "run: stopped after step 20 and saved; go on with --resume",
        "run/model.safetensors: the weights of that step, before the first validation",
        "run/model.safetensors: its prior is a rough one until the run ends, fitted to 2000 of "
        "5000 drawings",
        "next: sketchvae draw --model run",
    ]


@pytest.mark.parametrize(
    ("drawings", "begins", "hints"),
    [(300, "random", ["--init base"]), (300, "a1b2", []), (20_000, "random", [])],
)
def test_small_set_is_told_what_would_be_better(
    drawings: int, begins: str, hints: list[str]
) -> None:
    run = SimpleNamespace(pool=range(drawings), init_fingerprint=begins)
    lines = list(opening_lines(cast(Trainer, run), refines=False))
    assert len(lines) == len(hints)
    assert all(hint in line for hint, line in zip(hints, lines, strict=True))


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
