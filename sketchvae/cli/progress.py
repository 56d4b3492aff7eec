"""Callbacks that show a training run: lines on the terminal, TensorBoard files, and pictures."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from sketchvae.cli.output import duration, plural
from sketchvae.data.dataset import from_points
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.explore.embedding import draw_map
from sketchvae.files import replacing
from sketchvae.generate.artist import Artist
from sketchvae.polyline import Floats
from sketchvae.render.map import Viewport, to_pixels
from sketchvae.render.png import contact_sheet
from sketchvae.train.batches import DrawingPool
from sketchvae.train.metrics import StepMetrics, Validation
from sketchvae.train.trainer import Callback, Trainer

_LOG_EVERY = 50  # steps
_WARM_UP, _TIMED = 2, 10  # steps that are not timed, and steps that are
_SHEET_DRAWINGS = 36
_MAP_DRAWINGS = 1000  # training drawings, the same ones each time
_MAP_VIEWPORT = Viewport(-3.5, -3.5, 7.0)  # of all maps of a run, so that they can be compared
_USED = 0.1  # nats of L_KL from which a latent dimension counts as used


@contextmanager
def progress_callbacks(folder: Path, steps: int, *, shown: bool) -> Iterator[list[Callback]]:
    """Provide all callbacks that show a run; close their files and clear the bar at the end.

    Args:
        folder: of the run; gets the pictures, and TensorBoard's files in a folder of their own.
        steps: number of steps of the run.
        shown: whether this process shows the run; without, there are no callbacks.
    """
    if not shown:
        yield []
        return
    with ConsoleProgress(steps) as console, SummaryWriter(str(folder / "tensorboard")) as board:
        yield [console, TensorBoardLog(board), Pictures(folder, board)]


class StepTimer:
    """Measures steps per second between log lines, without the time of validations."""

    def __init__(self) -> None:
        self.restart()

    def restart(self, step: int = 0) -> None:
        """Begin a new interval at a step."""
        self.since, self.first = time.monotonic(), step

    def rate(self, step: int) -> float:
        """Return the steps per second since the interval began, and begin a new one."""
        rate = (step - self.first) / max(time.monotonic() - self.since, 1e-9)
        self.restart(step)
        return rate


class ConsoleProgress:
    """Shows a run on standard error: a live bar on a terminal, a line every 50 steps elsewhere.

    Args:
        steps: number of steps of the run.
        terminal: whether to draw a live bar; None to find out.
    """

    def __init__(self, steps: int, terminal: bool | None = None) -> None:
        self.steps = steps
        self.console = Console(
            file=sys.stderr, soft_wrap=True, highlight=False, force_terminal=terminal
        )
        self.bar = Progress(
            TextColumn("step {task.completed}/{task.total}"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task("", total=steps)
        self.timer, self.warm = StepTimer(), (0, 0.0)

    def __enter__(self) -> "ConsoleProgress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def on_start(self, trainer: Trainer) -> None:
        """Print the numbers of drawings, the scale and the first step."""
        skipped = trainer.pool.n_skipped
        self.print(
            f"{plural(len(trainer.pool), 'drawing')} an epoch"
            f"{f' ({skipped} too long or empty left out)' if skipped else ''}, "
            f"judged by {len(trainer.valid)}; scale {trainer.scale:.2f} px; "
            f"from step {trainer.step} of {trainer.settings.steps}"
        )
        self.timer.restart(trainer.step)
        self.warm = trainer.step + _WARM_UP, 0.0

    def on_step(self, metrics: StepMetrics) -> None:
        """Move the bar, or print a line every 50 steps; soon after the start, how long it takes."""
        losses = (
            f"{metrics.nats_per_point:.3f} nats per point: "
            f"L_R {metrics.reconstruction_per_point:.3f}, L_KL {metrics.kl_per_point:.3f}"
        )
        self.bar.update(self.task, completed=metrics.step, description=losses)
        self._estimate(metrics.step)
        if metrics.step % _LOG_EVERY == 0 and not self.console.is_terminal:
            self.print(
                f"step {metrics.step}: {losses}; w_KL {metrics.kl_weight:.2f}, "
                f"gradient {metrics.gradient_norm:.2f}, {self.timer.rate(metrics.step):.2f} steps/s"
            )

    def _estimate(self, step: int) -> None:
        """Say once how long the run takes, from the time of a few steps after the first ones."""
        first, began = self.warm
        if step == first:
            self.warm = first, time.monotonic()
        elif began and step == first + _TIMED:
            seconds = (time.monotonic() - began) / _TIMED * (self.steps - step)
            self.print(
                f"about {duration(seconds)} to step {self.steps}, and some more for validations"
            )

    def on_validate(self, trainer: Trainer, validation: Validation) -> None:
        """Print the losses on the validation drawings."""
        is_best = trainer.chooses and validation.nats_per_point <= trainer.best
        best = "  (best so far)" if is_best else ""
        self.print(
            f"validation at step {validation.step}: {validation.nats_per_point:.3f} nats per "
            f"point: L_R {validation.reconstruction_per_point:.3f}, "
            f"L_KL {validation.kl_per_point:.3f} in "
            f"{used_dimensions(validation)} dimensions{best}"
        )
        self.timer.restart(validation.step)

    def print(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self.console.print(line, markup=False)


class TensorBoardLog:
    """Writes the losses of a run for TensorBoard."""

    def __init__(self, board: SummaryWriter) -> None:
        self.board, self.timer = board, StepTimer()

    def on_start(self, trainer: Trainer) -> None:
        """Begin to measure the time."""
        self.timer.restart(trainer.step)

    def on_step(self, metrics: StepMetrics) -> None:
        """Write the losses every 50 steps."""
        if metrics.step % _LOG_EVERY:
            return
        values = {
            "train/nats_per_point": metrics.nats_per_point,
            "train/reconstruction": metrics.reconstruction_per_point,
            "train/kl": metrics.kl_per_point,
            "train/kl_weight": metrics.kl_weight,
            "train/learning_rate": metrics.learning_rate,
            "train/gradient_norm": metrics.gradient_norm,
            "train/steps_per_second": self.timer.rate(metrics.step),
        }
        self._write(values, metrics.step)

    def on_validate(self, trainer: Trainer, validation: Validation) -> None:  # noqa: ARG002
        """Write the losses on the validation drawings."""
        values = {
            "validation/nats_per_point": validation.nats_per_point,
            "validation/reconstruction": validation.reconstruction_per_point,
            "validation/kl": validation.kl_per_point,
            "validation/dimensions_used": used_dimensions(validation),
        }
        self._write(values, validation.step)
        spectrum = np.array(validation.kl_spectrum)
        self.board.add_histogram("validation/kl_spectrum", spectrum, validation.step)
        self.board.flush()
        self.timer.restart(validation.step)

    def _write(self, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self.board.add_scalar(name, value, step)


class Pictures:
    """Saves a contact sheet and a map at every validation: step-000500.png and map-000500.png.

    Args:
        folder: of the pictures.
        board: gets them, too.
    """

    def __init__(self, folder: Path, board: SummaryWriter) -> None:
        self.folder, self.board = folder, board
        self.last_places: Floats | None = None  # (n, 2) of the drawings on the last map

    def on_start(self, trainer: Trainer) -> None:
        """Choose the drawings of the maps."""
        self.map_drawings = sample_drawings(trainer.pool, _MAP_DRAWINGS)

    def on_step(self, metrics: StepMetrics) -> None:
        """Nothing: there are pictures at validations only."""

    def on_validate(self, trainer: Trainer, validation: Validation) -> None:
        """Draw with the averaged weights as they are."""
        artist, step = Artist(trainer.preview()), validation.step
        with suppress(SketchvaeError):  # a map needs three drawings
            self._save("map", "map", self._map(artist), step)
        with suppress(SketchvaeError):  # early on no drawing may find its end
            sheet = contact_sheet(artist.draw(_SHEET_DRAWINGS, seed=0), cell=120)
            self._save("drawn", "step", np.asarray(sheet), step)

    def _map(self, artist: Artist) -> NDArray[np.uint8]:
        """Return a map of the same drawings, turned to match the last one."""
        chart = draw_map(
            artist, self.map_drawings, viewport=_MAP_VIEWPORT, align_to=self.last_places
        )
        self.last_places = chart.positions
        return to_pixels(chart)

    def _save(self, tag: str, name: str, pixels: NDArray[np.uint8], step: int) -> None:
        axes = "HW" if pixels.ndim == 2 else "HWC"
        self.board.add_image(tag, pixels, step, dataformats=axes)
        with replacing(self.folder / f"{name}-{step:06d}.png") as temporary:
            Image.fromarray(pixels).save(temporary)


def used_dimensions(validation: Validation) -> int:
    """Return the number of latent dimensions that carry more than 0.1 nats."""
    return sum(nats > _USED for nats in validation.kl_spectrum)


def sample_drawings(pool: DrawingPool, n: int) -> list[Drawing]:
    """Return up to n drawings of a pool, chosen at random, always the same ones."""
    indices = np.random.default_rng(0).permutation(len(pool))[:n]
    return [from_points(points) for points in pool.points(indices)]
