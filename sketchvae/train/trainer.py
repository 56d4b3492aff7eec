"""A training run: steps, validations and checkpoints; it can be stopped and resumed anywhere."""

import copy
import math
import signal
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch

from sketchvae.errors import SketchvaeError
from sketchvae.model.batch import Batch
from sketchvae.model.checkpoints import check_same_run, read_checkpoint, save_checkpoint
from sketchvae.model.loader import MODEL_FILE
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model, save
from sketchvae.train.batches import BatchSampler, DrawingPool
from sketchvae.train.distributed import ProcessGroup
from sketchvae.train.export import MAX_DRAWINGS, fit_to_drawings, provenance
from sketchvae.train.finishing import finished
from sketchvae.train.metrics import StepMetrics, Validation, validations_since_best
from sketchvae.train.settings import Settings
from sketchvae.train.shortcomings import FEW_JUDGES
from sketchvae.train.signals import RunInterrupted, deferred_signals
from sketchvae.train.validation import losses_of, pixel_density, validate

_FREE_TO_CHANGE = {"validate_every", "patience"}  # they observe and end a run, and change no step
_ENCODER = ("encoder_forward.", "encoder_backward.")  # its LSTMs
RANDOM = "random"  # the fingerprint of a beginning without other weights
PREVIEW_DRAWINGS = 2000  # for the rough prior of a run that has not ended


class Callback(Protocol):
    """An observer of a training run, such as a progress display or a log."""

    def on_start(self, trainer: "Trainer") -> None:
        """Observe the start of the run, or of its continuation."""

    def on_step(self, metrics: StepMetrics) -> None:
        """Observe a step that was taken."""

    def on_validate(self, trainer: "Trainer", validation: Validation) -> None:
        """Observe a validation.

        Args:
            trainer: the run; `Trainer.preview` gives a model to draw with.
            validation: its losses.
        """


class Trainer:
    """A training run in a folder, with checkpoints `last.pt` (newest) and `best.pt` (lowest loss).

    Its `model.safetensors` is there from the first validation on, always that of `best.pt`. Fewer
    than 30 validation drawings choose nothing: then the newest checkpoint counts as best. The
    prior of these files is fitted to 2000 drawings; `export` fits it to more at the end.

    Args:
        network: the weights to train, moved to the device of the group.
        settings: of the run.
        batches: the training drawings, by step; they know the scale of the model.
        valid: the validation drawings.
        folder: of the checkpoints.
        group: this process and the others of the run.
        init: weights that the run began with; None for random ones.

    Attributes:
        ema_model: the exponential moving average of the weights: validated and exported.
        step: number of steps taken.
        best: lowest validation loss so far, nats per point.
        history: step and nats per point of each validation.

    Raises:
        SketchvaeError: if a batch cannot be divided among the processes.
    """

    def __init__(
        self,
        network: SketchVAE,
        settings: Settings,
        batches: BatchSampler,
        valid: DrawingPool,
        folder: Path,
        group: ProcessGroup,
        init: Model | None = None,
    ) -> None:
        if settings.batch % group.size:
            raise SketchvaeError(
                f"the batch must divide among {group.size} processes, got {settings.batch}; "
                f"try {settings.batch // group.size * group.size or group.size}"
            )
        self.model, self.settings, self.batches = network.to(group.device), settings, batches
        self.valid, self.folder, self.group = valid, folder, group
        self.init_fingerprint = init.fingerprint if init else RANDOM
        self.covariance = init.prior.covariance() if init else None
        self.config, self.pool, self.scale = network.config, batches.pool, batches.scale
        self.ema_model = copy.deepcopy(self.model)
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(settings.train_encoder or not name.startswith(_ENCODER))
        self.optimizer = torch.optim.Adam(self.model.parameters(), fused=True)  # rate: each step
        self.step = 0
        self.best = math.inf
        self.history: list[tuple[int, float]] = []
        self._prior: tuple[int, Prior] | None = None  # rough, and the step it was fitted at
        self._mean_points = float(self.pool.lengths.mean())

    # --- one step -------------------------------------------------------------------

    def train_step(self) -> StepMetrics:
        """Take one step and return its losses.

        Raises:
            SketchvaeError: if the loss or the gradient is not finite; nothing is changed then.
        """
        settings, step = self.settings, self.step
        batch = self.batches.part(step, self.group.rank, self.group.size)
        reconstruction, kl, points, norm = self.gradients(batch)
        reconstruction += pixel_density(points - 1, self.scale)
        weight, rate = settings.kl_weight_at(step), settings.learning_rate_at(step)
        metrics = StepMetrics(step + 1, reconstruction, kl, points, weight, rate, norm)
        if not math.isfinite(reconstruction + kl + norm):
            raise SketchvaeError(
                f"step {metrics.step}: the loss must be finite, got L_R {reconstruction:g}, "
                f"L_KL {kl:g}, gradient {norm:g}; train with a lower --learning-rate "
                f"or --clip and another --out; {self.folder} keeps its last checkpoint"
            )
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        self.optimizer.step()
        self.step += 1
        self._update_ema()
        return metrics

    def gradients(self, batch: Batch) -> tuple[float, float, float, float]:
        """Leave the clipped gradient of a batch in the parameters, whatever the group's size.

        The loss is (L_R + w_KL L_KL) per drawing over the mean length of the training drawings
        (eq. 11), not per point of the batch: each drawing counts as much as it does in the bound.

        Args:
            batch: the part of this process.

        Returns:
            L_R and L_KL in nats per drawing, points per drawing, all of the whole batch, and the
            norm of the gradient before clipping.
        """
        drawings = self.batches.size
        loss_r, kl = losses_of(self.model, batch, self.group)
        own = torch.stack([loss_r.sum(), kl.sum()])
        points = torch.tensor([float(batch.lengths.sum())], device=self.group.device)
        totals = own.detach().clone()
        self.group.all_reduce([totals, points])
        mean_r, mean_kl = (totals / drawings).tolist()
        # Free bits on the total, not on each dimension: a floor on each keeps all of them idle.
        kl_weight = self.settings.kl_weight_at(self.step) * (mean_kl > self.settings.free_nats)
        self.optimizer.zero_grad(set_to_none=True)
        ((own[0] + kl_weight * own[1]) / (drawings * self._mean_points)).backward()
        parameters = list(self.model.parameters())
        self.group.all_reduce([p.grad for p in parameters if p.grad is not None])
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        return mean_r, mean_kl, float(points) / drawings, float(norm)

    @torch.no_grad()
    def _update_ema(self) -> None:
        """Move the averaged weights; faster at first, so that the random start is forgotten."""
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        pairs = zip(self.ema_model.parameters(), self.model.parameters(), strict=True)
        for average, value in pairs:
            average.lerp_(value, 1 - decay)

    # --- the run --------------------------------------------------------------------

    def run(self, *callbacks: Callback) -> None:
        """Train to the last step, or until `stalled`.

        Raises:
            RunInterrupted: after Ctrl-C or SIGTERM, with the checkpoint saved.
            SketchvaeError: if the loss is not finite.
        """
        for callback in callbacks:
            callback.on_start(self)
        last, every = self.settings.steps, self.settings.validate_every
        with deferred_signals() as received:
            while self.step < last and not self.group.any_rank(self.stalled):
                metrics = self.train_step()
                for callback in callbacks:
                    callback.on_step(metrics)
                if self.step % every == 0 or self.step == last:
                    self._validate_and_save(callbacks)
                if self.group.any_rank(bool(received)):
                    self._save_and_leave()
                    raise RunInterrupted(self.step, received[0] if received else signal.SIGTERM)

    @property
    def stalled(self) -> bool:
        """Whether the last validations, `patience` of them, were no better than one before."""
        patience = self.settings.patience_with(len(self.pool)) if self.chooses else 0
        return 0 < patience <= validations_since_best(self.history)

    @property
    def chooses(self) -> bool:
        """Whether there are validation drawings enough to choose the best step by."""
        return len(self.valid) >= FEW_JUDGES

    def _validate_and_save(self, callbacks: Sequence[Callback]) -> None:
        validation = self.validate()
        improved = validation.nats_per_point < self.best or not self.chooses
        self.best = min(self.best, validation.nats_per_point)
        self.history.append((self.step, validation.nats_per_point))
        if self.group.rank == 0:
            model = self.preview()
            if improved:
                self.save("best.pt")
                save(model, self.folder / MODEL_FILE)
            self.save("last.pt")
        for callback in callbacks:
            callback.on_validate(self, validation)

    def _save_and_leave(self) -> None:
        """Leave a checkpoint and a model, whatever the moment."""
        self.save("last.pt")  # at once
        if self.group.rank == 0:
            model = self.preview()
            self.save("last.pt")  # with the prior of its own weights
            if not self.history:  # before the first validation
                save(model, self.folder / MODEL_FILE)

    def validate(self) -> Validation:
        """Return the losses of the averaged weights on the validation drawings."""
        size = self.settings.batch
        return validate(self.ema_model, self.valid, size, self.scale, self.step, self.group)

    # --- checkpoints and models -----------------------------------------------------

    def save(self, name: str) -> None:
        """Write a checkpoint into the folder; only the process of rank 0 does.

        Raises:
            SketchvaeError: if it cannot be written.
        """
        if self.group.rank != 0:
            return
        state = {
            "identity": self._identity(),
            "step": self.step,
            "best": self.best,
            "model": self.model.state_dict(),
            "averaged": self.ema_model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
            "about": self._about(PREVIEW_DRAWINGS, self.step),
            "prior": self._prior
            and {name: torch.tensor(array) for name, array in self._prior[1].stored().items()},
        }
        save_checkpoint(state, self.folder / name)

    def resume(self, name: str = "last.pt") -> None:
        """Continue from a checkpoint, bit by bit as if the run had never stopped.

        Raises:
            SketchvaeError: if it is missing, damaged, or from another run.
        """
        path = self.folder / name
        state = read_checkpoint(path)
        check_same_run(path, state["identity"], self._identity())
        try:
            self.model.load_state_dict(state["model"])
            self.ema_model.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.best = int(state["step"]), float(state["best"])
            self.history = [(int(step), float(nats)) for step, nats in state.get("history", [])]
        except Exception as error:  # torch raises many kinds for tensors that do not fit
            raise SketchvaeError(
                f"{path}: must hold the weights of this network, got those of another or damaged "
                "ones; put best.pt in its place, or begin again with another --out"
            ) from error

    def preview(self) -> Model:
        """Return the averaged weights as they are, with a roughly fitted prior, to draw with."""
        if self._prior is None or self._prior[0] != self.step:
            self._prior = self.step, self._fitted_prior(PREVIEW_DRAWINGS)
        return self._model(self._prior[1], self._about(PREVIEW_DRAWINGS, self.step))

    def export(self) -> Path:
        """Write `model.safetensors` from the best checkpoint, `finished`; return its path.

        Raises:
            SketchvaeError: if the checkpoint cannot be read, or the file cannot be written.
        """
        path = self.folder / MODEL_FILE
        if self.group.rank == 0:
            best = read_checkpoint(self.folder / "best.pt")
            self.ema_model.load_state_dict(best["averaged"])
            about = self._about(MAX_DRAWINGS, best["step"])
            model = self._model(self._fitted_prior(MAX_DRAWINGS), about)
            save(finished(model, self.pool), path)
        return path

    def _fitted_prior(self, drawings: int) -> Prior:
        return fit_to_drawings(self.ema_model, self.pool, self.scale, drawings, self.covariance)

    def _model(self, prior: Prior, about: dict[str, Any]) -> Model:
        """Return the averaged weights as they are with a prior."""
        arrays = self.ema_model.to_arrays()
        return Model(
            self.config, self.scale, arrays, prior, about, max_steps=self.settings.max_points
        )

    def _about(self, max_drawings: int, step: int) -> dict[str, Any]:
        """Return the `provenance` of the weights of a step, with a prior of that many drawings."""
        nats, drawings = dict(self.history).get(step), min(len(self.pool), max_drawings)
        return provenance(self.pool, self.valid, self.settings, step, nats, drawings)

    def _identity(self) -> dict[str, Any]:
        """Return what must stay the same for a run to be resumed."""
        return {
            **asdict(self.config),
            **{k: v for k, v in asdict(self.settings).items() if k not in _FREE_TO_CHANGE},
            "scale": self.scale,
            "beginning": self.init_fingerprint,
            "training drawings": self.pool.fingerprint(),
            "validation drawings": self.valid.fingerprint(),
        }
