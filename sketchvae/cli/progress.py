"""What a person sees of a training run: a live line or a log, TensorBoard, and the drawings."""

import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from sketchvae.data.dataset import from_points
from sketchvae.errors import SketchvaeError
from sketchvae.explore.embedding import draw_map
from sketchvae.files import replacing
from sketchvae.generate.artist import Artist
from sketchvae.polyline import Floats
from sketchvae.render.map import Frame, pixels_of
from sketchvae.render.png import contact_sheet
from sketchvae.train.export import finish
from sketchvae.train.trainer import StepFigures, Trainer, Validation

_EVERY = 50  # steps between lines of a log
_ON_THE_SHEET = 36  # drawings
_LATENTS = 2000  # for the rough prior that the sheet is drawn from
_ON_THE_MAP = 1000  # training drawings, the same ones each time
_FRAME = Frame(-3.5, -3.5, 7.0)  # the same each time, so that one sees the space form


class Display:
    """Watch a run: `Watcher` for a terminal (a live bar) or a log (plain lines).

    TensorBoard's files go into the run's folder, and for each validation a contact sheet,
    `step-000500.png`, and a map of the latent space, `map-000500.png`.

    Args:
        folder: of the run.
        steps: to the end of the run.
        terminal: whether to draw a live bar; found out if None.
    """

    def __init__(self, folder: Path, steps: int, terminal: bool | None = None) -> None:
        self.folder = folder
        self.console = Console(
            file=sys.stderr, soft_wrap=True, highlight=False, force_terminal=terminal
        )
        self.board = SummaryWriter(str(folder / "tensorboard"))
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
        self.since = time.monotonic()
        self.places: Floats | None = None  # on the last map

    def __enter__(self) -> "Display":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        self.board.close()

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self.console.print(line, markup=False)

    def began(self, trainer: Trainer) -> None:
        """Say what is trained on."""
        self.since = time.monotonic()
        left_out = f" ({trainer.pool.left_out} too long or empty)"
        self.say(
            f"{len(trainer.pool)} drawings an epoch{left_out if trainer.pool.left_out else ''}, "
            f"judged by {len(trainer.valid)}; scale {trainer.scale:.2f} px; "
            f"from step {trainer.step} of {trainer.settings.steps}"
        )

    def stepped(self, figures: StepFigures) -> None:
        """Move the bar; every 50 steps a line in the log and a point in TensorBoard."""
        text = f"L_R {figures.reconstruction:.1f}  L_KL {figures.kl:.1f}"
        self.bar.update(self.task, completed=figures.step, description=text)
        if figures.step % _EVERY:
            return
        rate = _EVERY / (time.monotonic() - self.since)
        self.since = time.monotonic()
        if not self.console.is_terminal:
            self.say(
                f"step {figures.step}  {text}  w_KL {figures.kl_weight:.2f}  "
                f"gradient {figures.gradient_norm:.2f}  {rate:.2f} steps/s"
            )
        self._scalars(
            figures.step,
            {
                "train/reconstruction": figures.reconstruction,
                "train/kl": figures.kl,
                "train/kl_weight": figures.kl_weight,
                "train/learning_rate": figures.rate,
                "train/gradient_norm": figures.gradient_norm,
                "train/steps_per_second": rate,
            },
        )

    def validated(self, trainer: Trainer, figures: Validation) -> None:
        """Say how good the model is by now, and show what it draws."""
        used = sum(nats > 0.1 for nats in figures.kl_spectrum)
        best = "  (best so far)" if figures.nats_per_point <= trainer.best else ""
        self.say(
            f"validation at step {figures.step}: {figures.nats_per_point:.3f} nats per point; "
            f"L_R {figures.reconstruction:.1f}, L_KL {figures.kl:.1f} in {used} dimensions{best}"
        )
        self._scalars(
            figures.step,
            {
                "validation/nats_per_point": figures.nats_per_point,
                "validation/reconstruction": figures.reconstruction,
                "validation/kl": figures.kl,
                "validation/dimensions_used": used,
            },
        )
        self.board.add_histogram(
            "validation/kl_spectrum", np.array(figures.kl_spectrum), figures.step
        )
        self._show(trainer)
        self.board.flush()
        self.since = time.monotonic()

    def _show(self, trainer: Trainer) -> None:
        """Draw a sheet and a map with the weights as they are."""
        about = {"word": trainer.pool.word}
        rough = finish(trainer.averaged, trainer.pool, trainer.scale, about, most=_LATENTS)
        artist = Artist(rough)
        with suppress(SketchvaeError):  # no map of one drawing or two
            self._save("map", "map", self._map(artist, trainer), trainer.step)
        with suppress(SketchvaeError):  # no sheet while no drawing finds its end
            sheet = contact_sheet(artist.draw(_ON_THE_SHEET, seed=0), cell=120)
            self._save("drawn", "step", np.asarray(sheet), trainer.step)

    def _map(self, artist: Artist, trainer: Trainer) -> NDArray[np.uint8]:
        """Map training drawings, turned as on the last map: at first they all lie in one place."""
        chosen = np.random.default_rng(0).permutation(len(trainer.pool))[:_ON_THE_MAP]
        drawings = [from_points(points) for points in trainer.pool.points(chosen)]
        chart = draw_map(artist, drawings, frame=_FRAME, align_to=self.places)
        self.places = chart.places
        return pixels_of(chart)

    def _save(self, tag: str, name: str, picture: NDArray[np.uint8], step: int) -> None:
        form = "HW" if picture.ndim == 2 else "HWC"
        self.board.add_image(tag, picture, step, dataformats=form)
        with replacing(self.folder / f"{name}-{step:06d}.png") as beside:
            Image.fromarray(picture).save(beside)

    def _scalars(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.board.add_scalar(name, value, step)
