"""The training run: drawings -> weights, step by step, stoppable and resumable anywhere."""

import math
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import ModelConfig, ModelFile, Prior, save
from sketchvae.train.batches import (
    Augmentation,
    Batch,
    Batches,
    Pool,
    Source,
    validation_batches,
)
from sketchvae.train.distributed import Team
from sketchvae.train.export import finish
from sketchvae.train.settings import Settings


@dataclass(frozen=True)
class StepFigures:
    """What one step cost; nats per drawing, means over the batch."""

    step: int
    reconstruction: float  # L_R
    kl: float  # L_KL, summed over the latent
    kl_weight: float
    rate: float
    gradient_norm: float


@dataclass(frozen=True)
class Validation:
    """The true objective on the validation drawings, by the averaged weights.

    Dequantised, augmentation off, w_KL = 1, no floor: -log p is at most L_R + L_KL.
    Nats in pixels, so that sets of another scale compare.
    """

    step: int
    reconstruction: float  # L_R per drawing
    kl: float  # L_KL per drawing
    points: float  # points per drawing
    kl_spectrum: tuple[float, ...]  # L_KL of each latent dimension, largest first

    @property
    def nats_per_point(self) -> float:
        """(L_R + L_KL) / points."""
        return (self.reconstruction + self.kl) / self.points


class Watcher(Protocol):
    """Somebody who looks on: a progress display, a log."""

    def began(self, trainer: "Trainer") -> None:
        """Hear that the run begins, or goes on."""

    def stepped(self, figures: StepFigures) -> None:
        """Hear of every step."""

    def validated(self, trainer: "Trainer", figures: Validation) -> None:
        """Hear of every validation."""


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Ctrl-C or SIGTERM came; the checkpoint is on disk."""

    def __init__(self, step: int, signal_number: int) -> None:
        super().__init__(f"stopped after step {step}")
        self.step, self.signal_number = step, signal_number


class Trainer:
    """A training run in a folder: `last.pt` to go on from, `best.pt` by validation.

    Args:
        config: the sizes of the network.
        settings: how to train.
        sources: the sets to learn from.
        judges: the sets whose validation split judges; their drawings are never trained on.
        folder: where checkpoints go.
        team: this process and its fellows.
        init: weights of the same sizes to begin from, with their scale; None for random ones.
    """

    def __init__(
        self,
        config: ModelConfig,
        settings: Settings,
        sources: Sequence[Source],
        judges: Sequence[Source],
        folder: Path,
        team: Team,
        init: ModelFile | None = None,
    ) -> None:
        self.config, self.settings, self.folder, self.team = config, settings, folder, team
        if settings.batch % team.size:
            raise SketchvaeError(
                f"the batch must divide among {team.size} processes, got {settings.batch}; "
                f"try {settings.batch // team.size * team.size or team.size}"
            )
        self.valid = Pool(judges, "valid", settings.longest)
        held_back = [s.packed.keys[s.packed.split("test")] for s in (*sources, *judges)]
        without = np.concatenate([self.valid.keys(), *held_back])
        self.pool = Pool(sources, "train", settings.longest, without)
        self.init = init
        self.scale = init.scale if init else self.pool.offset_scale()
        self.batches = Batches(
            self.pool,
            settings.batch,
            config.latent,
            self.scale,
            Augmentation(settings.stretch, settings.drop),
            settings.seed,
        )
        torch.manual_seed(settings.seed)
        self.model = SketchVAE(config)
        if init:
            self.model.load_arrays(init.tensors)
        self.model.to(team.device)
        self.averaged = SketchVAE(config).to(team.device)
        self.averaged.load_state_dict(self.model.state_dict())
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=settings.learning_rate, fused=True
        )
        self.step = 0
        self.best = math.inf  # nats per point on the validation drawings
        self._mean_steps = float(self.pool.lengths.mean())

    # --- one step -------------------------------------------------------------------

    def train_step(self) -> StepFigures:
        """Take one step and return what it cost.

        Raises:
            SketchvaeError: if the loss or the gradient is not finite; nothing is changed then.
        """
        reconstruction, kl, norm = self.gradients(self.batches[self.step])
        kl_weight, rate = self.settings.kl_weight_at(self.step), self.settings.rate_at(self.step)
        figures = StepFigures(self.step + 1, reconstruction, kl, kl_weight, rate, norm)
        if not math.isfinite(reconstruction + kl + norm):
            raise SketchvaeError(
                f"step {figures.step}: the loss must be finite, got L_R {reconstruction:g}, "
                f"L_KL {kl:g}, gradient {norm:g}; begin again with a lower --learning-rate or "
                f"--clip and another --out; {self.folder} keeps its last checkpoint"
            )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step += 1
        self._average()
        return figures

    def gradients(self, batch: Batch) -> tuple[float, float, float]:
        """Leave the clipped gradient of a batch in the parameters; the same for any team.

        Returns:
            L_R and L_KL (nats per drawing), and the gradient's norm before clipping.
        """
        drawings = len(batch.lengths)
        loss_r, kl = self._losses(self.model, batch.part(self.team.rank, self.team.size))
        totals = torch.stack([loss_r.sum(), kl.sum()])
        everyone = totals.detach().clone()
        self.team.add_up([everyone])
        mean_r, mean_kl = (everyone / drawings).tolist()
        # Below the floor more KL costs nothing: free bits on the whole, not on each dimension.
        weight = self.settings.kl_weight_at(self.step) * (mean_kl > self.settings.kl_floor)
        self.optimizer.zero_grad(set_to_none=True)
        # Per drawing, not per point of the batch: long drawings weigh what the bound gives them.
        ((totals[0] + weight * totals[1]) / (drawings * self._mean_steps)).backward()
        parameters = list(self.model.parameters())
        self.team.add_up([p.grad for p in parameters if p.grad is not None])
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        return mean_r, mean_kl, float(norm)

    def _losses(self, model: SketchVAE, batch: Batch) -> tuple[Tensor, Tensor]:
        device = self.team.device
        steps, noise = torch.from_numpy(batch.steps), torch.from_numpy(batch.noise)
        lengths = torch.from_numpy(batch.lengths)
        with self.team.precision():
            loss_r, kl = model(steps.to(device), lengths.to(device), noise.to(device))
        return loss_r, kl

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        for average, value in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
            average.lerp_(value, 1 - decay)

    # --- the run --------------------------------------------------------------------

    def run(self, *watchers: Watcher) -> None:
        """Train to the last step.

        Raises:
            Stopped: after Ctrl-C or SIGTERM, with the checkpoint saved.
            SketchvaeError: if the loss is not finite.
        """
        for watcher in watchers:
            watcher.began(self)
        with _listening() as heard:
            while self.step < self.settings.steps:
                figures = self.train_step()
                for watcher in watchers:
                    watcher.stepped(figures)
                if (
                    self.step % self.settings.validate_every == 0
                    or self.step == self.settings.steps
                ):
                    self._judge(watchers)
                if self.team.any(bool(heard)):
                    self.save("last.pt")
                    raise Stopped(self.step, heard[0] if heard else signal.SIGTERM)

    def _judge(self, watchers: Sequence[Watcher]) -> None:
        figures = self.validate()
        improved = figures.nats_per_point < self.best
        self.best = min(self.best, figures.nats_per_point)
        if improved:
            self.save("best.pt")
        self.save("last.pt")
        for watcher in watchers:
            watcher.validated(self, figures)

    @torch.no_grad()
    def validate(self) -> Validation:
        """Judge the averaged weights on the validation drawings."""
        loss_r, offsets = 0.0, 0
        spectrum = torch.zeros(self.config.latent, device=self.team.device)
        for batch in validation_batches(
            self.valid, self.settings.batch, self.config.latent, self.scale
        ):
            batch_r, kl = self._losses(self.averaged, batch)
            loss_r += float(batch_r.double().sum())
            offsets += int((batch.lengths - 1).sum())
            spectrum += kl.sum(dim=0)
        n = len(self.valid)
        spectrum = (spectrum / n).sort(descending=True).values
        return Validation(
            self.step,
            (loss_r + 2 * math.log(self.scale) * offsets) / n,
            float(spectrum.sum()),
            float(self.valid.lengths.mean()),
            tuple(spectrum.tolist()),
        )

    # --- checkpoints ----------------------------------------------------------------

    def save(self, name: str) -> None:
        """Write a checkpoint into the folder; the old one stays until the new one is whole."""
        if self.team.rank != 0:
            return
        state = {
            "identity": self._identity(),
            "step": self.step,
            "best": self.best,
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with replacing(self.folder / name) as beside:
            # By way of memory: on a full disk torch's own writer does not raise an OSError.
            buffer = BytesIO()
            torch.save(state, buffer)
            beside.write_bytes(buffer.getbuffer())

    def resume(self, name: str = "last.pt") -> None:
        """Go on from a checkpoint, bitwise as if the run had never stopped.

        Raises:
            SketchvaeError: if there is none, it is damaged, or from another run.
        """
        path = self.folder / name
        state = read_checkpoint(path)
        saved, now = state["identity"], self._identity()
        other = [f"{k} was {saved.get(k)}, is {now[k]}" for k in now if saved.get(k) != now[k]]
        if other:
            raise SketchvaeError(
                f"{path}: --resume must find the run it left, but {'; '.join(other)}; "
                "give the same data and settings, or another --out"
            )
        try:
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.best = int(state["step"]), float(state["best"])
        except Exception as error:  # torch raises many kinds for tensors that do not fit
            raise SketchvaeError(
                f"{path}: must hold the weights of this network, got those of another or damaged "
                "ones; put best.pt in its place, or begin again with another --out"
            ) from error

    def finish(self) -> Path:
        """Write `model.safetensors` from the best checkpoint and return its path."""
        best = read_checkpoint(self.folder / "best.pt")
        self.averaged.load_state_dict(best["averaged"])
        path = self.folder / "model.safetensors"
        if self.team.rank == 0:
            about = {
                "word": self.pool.word,
                "data": [source for packed in self.pool.sets for source in packed.sources],
                "training": {"step": best["step"], **asdict(self.settings)},
                "validation": {
                    "drawings": len(self.valid),
                    "nats_per_point": round(best["best"], 4),
                },
            }
            save(finish(self.averaged, self.pool, self.scale, about), path)
        return path

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a run to go on."""
        return {
            **asdict(self.config),
            **asdict(self.settings),
            "scale": self.scale,
            "beginning": self.init.fingerprint if self.init else "random",
            "training drawings": self.pool.fingerprint(),
            "validation drawings": self.valid.fingerprint(),
        }


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running any code in it.

    Raises:
        SketchvaeError: if it is missing, damaged or something else.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        parts = {"identity", "step", "best", "model", "averaged", "optimizer"}
        if not parts <= set(state) or not isinstance(state["identity"], dict):
            raise ValueError("parts are missing")
    except FileNotFoundError as error:
        raise SketchvaeError(
            f"{path}: there is no checkpoint; leave --resume out to begin, or name its folder"
        ) from error
    except Exception as error:  # torch raises many kinds, and words for its own users
        raise SketchvaeError(
            f"{path}: must be a checkpoint of 'sketchvae train', got something else or a damaged "
            "file; put best.pt in its place, or begin again with another --out"
        ) from error
    return state


def weights_of(path: Path) -> ModelFile:
    """Read the averaged weights of a checkpoint, to begin from; the prior is N(0, I).

    Raises:
        SketchvaeError: if it is missing, damaged or something else.
    """
    state = read_checkpoint(path)
    try:
        identity = state["identity"]
        config = ModelConfig(**{f.name: identity[f.name] for f in fields(ModelConfig)})
        model, scale = SketchVAE(config), float(identity["scale"])
        model.load_state_dict(state["averaged"])
    except Exception as error:  # torch raises many kinds for tensors that do not fit
        raise SketchvaeError(
            f"{path}: must hold the weights of the network that it names, got others or damaged "
            "ones; begin from model.safetensors instead"
        ) from error
    mean, factor = np.zeros((1, config.latent)), np.eye(config.latent)[None]
    prior = Prior(np.ones(1, np.float32), mean.astype(np.float32), factor.astype(np.float32))
    return ModelFile(config, scale, model.to_arrays(), prior, {})


@contextmanager
def _listening() -> Iterator[list[int]]:
    """Note SIGINT and SIGTERM instead of dying, so that a step is finished and saved."""
    heard: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        heard.append(number)

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
