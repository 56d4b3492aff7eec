"""Training runs: stopped, killed, resumed, split over processes, and fed bad checkpoints.

Run as a script (`test_training.py WORK FOLDER`), this file is the other process of such a test.
"""

import errno
import math
import os
import pickle
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import refusal
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from sketchvae.data.dataset import open_packed, pack
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.model.batch import Batch
from sketchvae.model.checkpoints import model_from_checkpoint, read_checkpoint
from sketchvae.model.config import ModelConfig
from sketchvae.model.loader import load_model, model_path
from sketchvae.model.weights import Model, load
from sketchvae.train.batches import WeightedDataset, validation_batches
from sketchvae.train.distributed import ProcessGroup
from sketchvae.train.metrics import StepMetrics, Validation
from sketchvae.train.run import prepare_run
from sketchvae.train.settings import Settings
from sketchvae.train.signals import RunInterrupted
from sketchvae.train.trainer import Trainer

torch.set_num_threads(1)  # a second thread costs more than such small products gain

CONFIG = ModelConfig(encoder_hidden=6, decoder_hidden=8, latent=3, mixtures=2)
SETTINGS = Settings(steps=10, batch=4, warm_up=2, validate_every=4, max_points=60, free_nats=0.0)
ALONE = ProcessGroup(0, 1, torch.device("cpu"))
PATIENCE = 300  # seconds, for a process on a busy machine


def drawings(n: int, seed: int) -> list[Drawing]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 30, n)
    inner = [rng.integers(0, 256, (k, 2)) for k in lengths]
    whole = [np.concatenate([[[0, 9], [255, 0]], points]) for points in inner]
    return [Drawing([points[:-2], points[-2:]], word="sheep") for points in whole]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder beside the set that it trains on."""
    fractions = SplitFractions(valid=0.3, test=0.1)
    pack(drawings(40, 1), tmp_path / "tiny.drawings", sources=["tiny.npz"], fractions=fractions)
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def trainer_in(
    folder: Path,
    settings: Settings = SETTINGS,
    config: ModelConfig = CONFIG,
    group: ProcessGroup = ALONE,
    name: str = "tiny",
) -> Trainer:
    source = WeightedDataset(open_packed(folder.parent / f"{name}.drawings"))
    return prepare_run(config, settings, [source], [source], folder, group)


class Recorder:
    """Note what the run says of itself, and do something after a step."""

    def __init__(self, after: Mapping[int, Callable[[], object]] | None = None) -> None:
        self.after = after or {}
        self.figures: list[StepMetrics] = []
        self.validations: list[Validation] = []

    def on_start(self, trainer: Trainer) -> None: ...

    def on_step(self, figures: StepMetrics) -> None:
        self.figures.append(figures)
        self.after.get(figures.step, int)()

    def on_validate(self, trainer: Trainer, figures: Validation) -> None:  # noqa: ARG002
        self.validations.append(figures)


def interrupt(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def state_of(trainer: Trainer) -> dict[str, Any]:
    """Everything that a run goes on from, copied."""
    states = {
        "model": trainer.model.state_dict(),
        "averaged": trainer.ema_model.state_dict(),
        **{f"moments {k}": v for k, v in trainer.optimizer.state_dict()["state"].items()},
    }
    flat = {f"{name} {k}": v.clone() for name, state in states.items() for k, v in state.items()}
    return {"step": trainer.step, "best": trainer.best, **flat}


def unequal(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Name what differs, by a single bit."""
    return [
        key
        for key in a.keys() | b.keys()
        if not torch.equal(torch.as_tensor(a.get(key)), torch.as_tensor(b.get(key)))
    ]


# --- beginning from other weights ----------------------------------------------------


def finished(folder: Path) -> Model:
    """Train for a moment and return the weights, as a file would hold them."""
    trainer = trainer_in(folder)
    trainer.run()
    return load(trainer.export())


def test_model_draws_as_many_steps_as_it_was_trained_on(folder: Path) -> None:
    assert finished(folder).max_steps == SETTINGS.max_points == 60


def test_run_begins_from_given_weights_and_keeps_their_scale(folder: Path) -> None:
    model = replace(finished(folder), scale=12.5)
    source = [WeightedDataset(open_packed(folder.parent / "tiny.drawings"))]
    trainer = prepare_run(CONFIG, SETTINGS, source, source, folder, ALONE, model)
    assert trainer.scale == 12.5
    for network in (trainer.model, trainer.ema_model):
        for name, array in network.to_arrays().items():
            np.testing.assert_array_equal(array, model.tensors[name])


def test_run_from_other_weights_is_not_resumed_by_mistake(folder: Path) -> None:
    model = finished(folder)
    source = [WeightedDataset(open_packed(folder.parent / "tiny.drawings"))]
    trainer = prepare_run(CONFIG, SETTINGS, source, source, folder, ALONE, model)
    said = refusal(trainer.resume)
    assert "beginning was random, is " in said
    trainer.save("last.pt")
    other = {**model.tensors, "head.bias": model.tensors["head.bias"] + 1}
    again = prepare_run(
        CONFIG, SETTINGS, source, source, folder, ALONE, replace(model, tensors=other)
    )
    assert "beginning was" in refusal(again.resume)
    prepare_run(CONFIG, SETTINGS, source, source, folder, ALONE, model).resume()


# --- schedules ----------------------------------------------------------------------


def test_learning_rate_warms_up_and_falls_along_half_a_cosine() -> None:
    s = Settings(steps=1000, learning_rate=0.002, final_rate=0.01, warm_up=99)
    assert s.learning_rate_at(0) == pytest.approx(0.002 / 100)
    assert s.learning_rate_at(49) == pytest.approx(0.5 * 0.002, rel=0.01)
    rates = [s.learning_rate_at(step) for step in range(1001)]
    assert max(rates) <= 0.002
    assert 90 <= int(np.argmax(rates)) <= 100
    assert np.all(np.diff(rates[100:]) < 0)
    assert s.learning_rate_at(500) == pytest.approx(0.002 * (0.01 + 0.99 * 0.5))
    assert s.learning_rate_at(1000) == pytest.approx(0.002 * 0.01)
    assert s.learning_rate_at(2000) == s.learning_rate_at(1000)


def test_kl_weight_rises_in_a_straight_line_and_stays() -> None:
    s = Settings(steps=1000, kl_weight=0.5, kl_start=0.1, kl_anneal=0.4)
    assert s.kl_weight_at(0) == pytest.approx(0.05)
    assert s.kl_weight_at(200) == pytest.approx(0.5 * 0.55)
    assert s.kl_weight_at(400) == s.kl_weight_at(999) == 0.5
    assert replace(s, kl_anneal=0.0).kl_weight_at(0) == 0.5


def test_resumed_run_continues_the_annealing_of_the_kl_weight(folder: Path) -> None:
    settings = replace(SETTINGS, kl_weight=2.0, kl_start=0.25, kl_anneal=0.4)  # 4 of 10 steps
    trainer = trainer_in(folder, settings)
    weights = [trainer.train_step().kl_weight for _ in range(2)]
    trainer.save("last.pt")
    resumed = trainer_in(folder, settings)
    resumed.resume()
    weights += [resumed.train_step().kl_weight for _ in range(4)]
    assert weights == pytest.approx([0.5, 0.875, 1.25, 1.625, 2.0, 2.0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch", 0),
        ("learning_rate", math.nan),
        ("clip", 0.0),
        ("point_dropout", 1.0),
    ],
)
def test_setting_out_of_range_is_named(name: str, value: float) -> None:
    text = refusal(lambda: Settings(**{name: value}))  # type: ignore[arg-type]
    assert name in text
    assert f"got {value:g}" in text


# --- a run --------------------------------------------------------------------------


def test_loss_goes_down_on_a_tiny_set(folder: Path) -> None:
    settings = replace(SETTINGS, steps=60, batch=8, learning_rate=0.02, validate_every=60)
    trainer = trainer_in(folder, settings)
    before, recorder = trainer.validate(), Recorder()
    trainer.run(recorder)
    losses = [f.reconstruction + f.kl for f in recorder.figures]
    assert len(losses) == 60
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 5
    assert recorder.validations[-1].nats_per_point < before.nats_per_point - 0.1


def test_run_validates_on_time_and_at_the_last_step(folder: Path) -> None:
    recorder = Recorder()
    trainer_in(folder).run(recorder)
    assert [v.step for v in recorder.validations] == [4, 8, 10]
    assert [f.step for f in recorder.figures] == list(range(1, 11))
    assert [f.learning_rate for f in recorder.figures] == [
        SETTINGS.learning_rate_at(k) for k in range(10)
    ]


def test_two_runs_of_one_seed_are_the_same_and_of_another_are_not(folder: Path) -> None:
    runs = [trainer_in(folder, replace(SETTINGS, seed=seed)) for seed in (1, 1, 2)]
    for trainer in runs:
        trainer.run()
    a, b, c = map(state_of, runs)
    assert unequal(a, b) == []
    assert "model head.weight" in unequal(a, c)


def test_watching_and_validating_change_nothing_in_the_training(folder: Path) -> None:
    often, seldom = (trainer_in(folder, replace(SETTINGS, validate_every=n)) for n in (1, 10))
    often.run(Recorder(), Recorder())
    seldom.run()
    assert [key for key in unequal(state_of(often), state_of(seldom)) if key != "best"] == []


def test_gradient_is_clipped_to_the_norm_and_reported_as_it_was(folder: Path) -> None:
    trainer = trainer_in(folder, replace(SETTINGS, clip=1e-3))
    *_, norm = trainer.gradients(trainer.batches[0])
    grads = [p.grad for p in trainer.model.parameters() if p.grad is not None]
    assert norm > 1e-3
    assert float(torch.cat([g.flatten() for g in grads]).norm()) == pytest.approx(1e-3, rel=1e-3)


def test_gradient_is_that_of_the_bound_per_drawing_and_mean_length(folder: Path) -> None:
    """(mean L_R + w_KL mean L_KL) / mean length of the set; below the floor L_KL is free."""
    settings = replace(SETTINGS, clip=1e9, kl_start=0.25)
    for floor, weight in ((0.0, 0.25), (1e6, 0.0)):
        trainer = trainer_in(folder, replace(settings, free_nats=floor))
        batch = trainer.batches[0]
        tensors = (torch.from_numpy(a) for a in (batch.steps, batch.lengths, batch.noise))
        loss_r, kl = trainer.model(*tensors)
        mean_r, mean_kl = loss_r.mean(), kl.sum(dim=1).mean()
        total = (mean_r + weight * mean_kl) / trainer.pool.lengths.mean()
        expected = torch.autograd.grad(total, list(trainer.model.parameters()))
        *got_means, _ = trainer.gradients(batch)
        means = (mean_r.item(), mean_kl.item(), batch.lengths.mean())
        assert got_means == pytest.approx(means, rel=1e-5)
        got = [p.grad for p in trainer.model.parameters()]
        torch.testing.assert_close(got, list(expected), rtol=1e-4, atol=1e-6)


def test_averaged_weights_follow_at_the_set_decay(folder: Path) -> None:
    """Early the decay is (1 + n) / (10 + n), so that the start is soon forgotten."""
    trainer = trainer_in(folder, replace(SETTINGS, ema_decay=0.2))
    bias = trainer.ema_model.head.bias.detach().clone()
    for step in range(1, 5):
        trainer.train_step()
        decay = min(0.2, (1 + step) / (10 + step))
        bias = decay * bias + (1 - decay) * trainer.model.head.bias.detach()
        torch.testing.assert_close(trainer.ema_model.head.bias.detach(), bias)
    assert not torch.equal(trainer.model.head.bias, trainer.ema_model.head.bias)


def test_batch_that_does_not_divide_is_refused_with_one_that_does(folder: Path) -> None:
    for size, hint in ((3, "try 3"), (7, "try 7")):
        text = refusal(lambda size=size: trainer_in(folder, group=replace(ALONE, size=size)))  # type: ignore[misc]
        assert f"{size} processes, got 4; {hint}" in text


# --- validation ---------------------------------------------------------------------


def test_validation_is_the_bound_of_the_averaged_weights_in_pixels(folder: Path) -> None:
    trainer = trainer_in(folder)
    for _ in range(4):
        trainer.train_step()
    figures, model = trainer.validate(), trainer.ema_model
    loss_r = offsets = points = 0.0
    spectrum = torch.zeros(3)
    for batch in validation_batches(trainer.valid, 4, 3, trainer.scale):
        for row, length in enumerate(batch.lengths.tolist()):
            steps = torch.from_numpy(batch.steps[row : row + 1, :length])
            posterior = model.encode(steps, torch.tensor([length]))
            normal = Normal(posterior.mean, torch.exp(0.5 * posterior.log_variance))
            z = normal.mean + normal.stddev * torch.from_numpy(batch.noise[row])
            loss_r += model.reconstruction_loss(z, steps, torch.tensor([length])).item()
            spectrum += kl_divergence(normal, Normal(torch.zeros(3), torch.ones(3))).detach()[0]
            offsets, points = offsets + length - 1, points + length
    n = len(trainer.valid)
    in_pixels = (loss_r + 2 * math.log(trainer.scale) * offsets) / n
    assert figures.step == 4
    assert figures.points == pytest.approx(points / n)
    assert figures.reconstruction == pytest.approx(in_pixels, rel=1e-5)
    assert figures.kl_spectrum == pytest.approx(sorted((spectrum / n).tolist())[::-1], rel=1e-4)
    assert figures.kl == pytest.approx(sum(figures.kl_spectrum), rel=1e-5)
    expected = (in_pixels + float(spectrum.sum()) / n) / (points / n)
    assert figures.nats_per_point == pytest.approx(expected, rel=1e-5)


def test_validation_knows_no_kl_weight_no_floor_and_no_augmentation(folder: Path) -> None:
    bare = replace(SETTINGS, kl_weight=0.0, free_nats=0.0, random_scale=0.0, point_dropout=0.0)
    heavy = replace(SETTINGS, kl_weight=9.0, free_nats=99.0, random_scale=0.9, point_dropout=0.9)
    first, second = (trainer_in(folder, settings).validate() for settings in (bare, heavy))
    assert first == second
    assert first.kl > 0


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the few validation drawings of these tests choose the best step, as 30 do."""
    monkeypatch.setattr("sketchvae.train.trainer.FEW_JUDGES", 1)


def validations(trainer: Trainer, figures: Sequence[tuple[float, float]]) -> Iterator[Validation]:
    for reconstruction, kl in figures:
        yield Validation(trainer.step, reconstruction, kl, 1.0, ())


@pytest.mark.usefixtures("judged")
def test_best_is_kept_by_the_whole_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 2 has the better L_R and a far larger L_KL, at a time when w_KL is small."""
    trainer = trainer_in(folder, replace(SETTINGS, steps=3, validate_every=1, kl_weight=0.01))
    scripted = validations(trainer, [(100, 5), (90, 30), (95, 9)])
    monkeypatch.setattr(trainer, "validate", lambda: next(scripted))
    seen = []
    trainer.run(Recorder({2: lambda: seen.append(read_checkpoint(folder / "best.pt")["step"])}))
    assert seen == [1]
    best, last = read_checkpoint(folder / "best.pt"), read_checkpoint(folder / "last.pt")
    assert (best["step"], best["best"]) == (3, 104)
    assert (last["step"], last["best"]) == (3, 104)


def test_few_validation_drawings_choose_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest weights are kept, however bad, and no patience ends the run."""
    trainer = trainer_in(folder, replace(SETTINGS, steps=4, validate_every=1, patience=1))
    scripted = validations(trainer, [(1, 1), (9, 9), (8, 8), (7, 7)])
    monkeypatch.setattr(trainer, "validate", lambda: next(scripted))
    trainer.run()
    assert len(trainer.valid) < 30
    assert (trainer.step, trainer.best) == (4, 2)
    assert read_checkpoint(folder / "best.pt")["step"] == 4


@pytest.mark.usefixtures("judged")
def test_best_outlives_a_resume_and_a_worse_validation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, steps=6, validate_every=2)
    trainer = trainer_in(folder, settings)
    scripted = validations(trainer, [(3, 1), (9, 9), (5, 5)])
    monkeypatch.setattr(Trainer, "validate", lambda _: next(scripted))
    with pytest.raises(RunInterrupted):
        trainer.run(Recorder({3: interrupt}))
    kept = (folder / "best.pt").read_bytes()
    resumed = trainer_in(folder, settings)
    resumed.resume()
    assert resumed.best == 4
    resumed.run()
    assert resumed.best == 4
    assert (folder / "best.pt").read_bytes() == kept


# --- a model at any time --------------------------------------------------------------


@pytest.mark.parametrize(("stop", "step"), [(2, 2), (5, 4), (9, 8)])
def test_an_interrupted_run_leaves_a_model_and_says_of_which_step(
    folder: Path, stop: int, step: int
) -> None:
    """Before the first validation it has the last step; then the best one."""
    trainer = trainer_in(folder)
    falling = iter([9.0, 8.0, 7.0])
    trainer.validate = lambda: Validation(trainer.step, next(falling), 0, 1, ())  # type: ignore[method-assign]
    with pytest.raises(RunInterrupted):
        trainer.run(Recorder({stop: interrupt}))
    model = load_model(folder)
    assert model.about["training"]["step"] == step
    assert ("nats_per_point" in model.about["validation"]) is (stop != step)
    assert model.about["prior_drawings"] == len(trainer.pool)
    assert model.about["word"] == "sheep"


@pytest.mark.usefixtures("judged")
def test_model_of_a_run_is_that_of_the_best_validation(folder: Path) -> None:
    trainer = trainer_in(folder)
    scripted = iter([9.0, 7.0, 8.0])
    trainer.validate = lambda: Validation(trainer.step, next(scripted), 0, 1, ())  # type: ignore[method-assign]
    trainer.run()
    assert load_model(folder).about["validation"]["nats_per_point"] == 7
    assert load_model(folder).about["training"]["step"] == 8
    assert load_model(trainer.export()).about["training"]["step"] == 8
    assert trainer.history == [(4, 9), (8, 7), (10, 8)]


@pytest.mark.parametrize("name", ["best.pt", "last.pt"])
def test_a_checkpoint_is_a_model_with_prior_word_and_length(folder: Path, name: str) -> None:
    trainer = trainer_in(folder)
    trainer.run()
    model = load_model(folder / name)
    step = read_checkpoint(folder / name)["step"]
    assert (model.about["word"], model.about["training"]["step"]) == ("sheep", step)
    assert model.max_steps == SETTINGS.max_points
    if name == "last.pt":
        for key, array in vars(trainer.preview().prior).items():
            np.testing.assert_array_equal(getattr(model.prior, key), array)
    (folder / name).rename(folder / "renamed")
    assert load_model(folder / "renamed").about == model.about


def test_folder_of_a_run_is_its_weights_else_its_best_checkpoint(folder: Path) -> None:
    said = refusal(lambda: load_model(folder))
    assert "must hold model.safetensors, best.pt or last.pt" in said
    trainer_in(folder).run()
    names = []
    for _ in range(3):
        names.append(model_path(folder).name)
        model_path(folder).unlink()
    assert names == ["model.safetensors", "best.pt", "last.pt"]


def test_older_checkpoint_draws_from_the_standard_normal(folder: Path) -> None:
    trainer_in(folder).save("last.pt")
    state = read_checkpoint(folder / "last.pt")
    torch.save(
        {k: v for k, v in state.items() if k not in ("history", "about", "prior")},
        folder / "last.pt",
    )
    assert (load_model(folder).prior.standard_deviation() == 1).all()
    trainer_in(folder).resume()


# --- the end by itself ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("losses", "patience", "end"),
    [
        ([5, 4, 6, 7, 8, 3], 3, 5),
        ([5, 4, 6, 7, 3, 6, 7], 3, 7),
        ([5, 5, 5], 2, 3),
        ([9, 8, 7, 6, 5, 4, 3], 1, 7),
        ([1, 2, 3, 4, 5, 6, 7], 0, 7),
        ([1, 2, 3, 4, 5, 6, 7], None, 4),  # by default 3 in so small a set
    ],
)
@pytest.mark.usefixtures("judged")
def test_run_ends_after_as_many_validations_as_its_patience(
    folder: Path, losses: list[float], patience: int | None, end: int
) -> None:
    settings = replace(SETTINGS, steps=7, validate_every=1, patience=patience)
    trainer = trainer_in(folder, settings)
    scripted = iter(losses)
    trainer.validate = lambda: Validation(trainer.step, next(scripted), 0, 1, ())  # type: ignore[method-assign]
    trainer.run()
    assert (trainer.step, trainer.stalled) == (end, end < 7)
    resumed = trainer_in(folder, settings)
    resumed.resume()
    resumed.run()  # it takes no step more
    assert resumed.step == end
    impatient = trainer_in(folder, replace(settings, patience=0, validate_every=7))
    impatient.resume()
    impatient.run()
    assert impatient.step == 7


def test_large_sets_are_trained_to_the_end_by_default() -> None:
    assert [Settings().patience_with(n) for n in (1, 999, 1000, 10**6)] == [3, 3, 0, 0]
    assert [Settings(patience=n).patience_with(5) for n in (0, 1, 7)] == [0, 1, 7]
    assert "patience" in refusal(lambda: Settings(patience=-1))


def test_losses_of_training_and_of_validation_have_one_unit(folder: Path) -> None:
    """The same drawings, weights and noise cost the same, in nats per point at any scale."""
    bare = replace(SETTINGS, batch=100, random_scale=0.0, point_dropout=0.0, learning_rate=0.0)
    trainer = trainer_in(folder, bare)
    trainer.valid = trainer.pool
    validation, step = trainer.validate(), trainer.train_step()
    assert step.nats_per_point == pytest.approx(validation.nats_per_point, rel=0.01)
    assert step.points == pytest.approx(validation.points)
    assert step.reconstruction_per_point + step.kl_per_point == pytest.approx(step.nats_per_point)


# --- stop and go on -----------------------------------------------------------------


@pytest.mark.parametrize(("stop", "bf16"), [(1, False), (4, False), (7, False), (7, True)])
def test_resume_equals_uninterrupted_to_the_bit(folder: Path, stop: int, bf16: bool) -> None:
    """Before the first validation, at one, and between two."""
    if bf16 and not ProcessGroup.init().bf16:
        pytest.skip("this processor has no bf16")
    group = replace(ALONE, bf16=bf16)
    whole = trainer_in(folder, group=group)
    uninterrupted = Recorder()
    whole.run(uninterrupted)
    best = read_checkpoint(folder / "best.pt")
    for file in folder.iterdir():
        file.unlink()

    before, after = Recorder({stop: interrupt}), Recorder()
    with pytest.raises(RunInterrupted) as stopped:
        trainer_in(folder, group=group).run(before)
    assert (stopped.value.step, stopped.value.signal_number) == (stop, signal.SIGINT)
    resumed = trainer_in(folder, group=group)
    resumed.resume()
    assert resumed.step == stop
    resumed.run(after)
    assert unequal(state_of(whole), state_of(resumed)) == []
    assert before.figures + after.figures == uninterrupted.figures
    assert before.validations + after.validations == uninterrupted.validations
    again = read_checkpoint(folder / "best.pt")
    assert (again["step"], again["best"]) == (best["step"], best["best"])
    assert unequal(again["averaged"], best["averaged"]) == []


def test_checkpoint_with_the_setting_names_of_version_0_1_is_resumed(folder: Path) -> None:
    whole = trainer_in(folder)
    whole.run()
    with pytest.raises(RunInterrupted):
        trainer_in(folder).run(Recorder({5: interrupt}))
    state = read_checkpoint(folder / "last.pt")
    old_names = {
        "ema_decay": "average",
        "random_scale": "stretch",
        "point_dropout": "drop",
        "free_nats": "kl_floor",
        "max_points": "longest",
    }
    state["identity"] = {old_names.get(k, k): value for k, value in state["identity"].items()}
    del state["identity"]["random_turn"]  # newer
    torch.save(state, folder / "last.pt")
    assert "average" in torch.load(folder / "last.pt")["identity"]
    resumed = trainer_in(folder)
    resumed.resume()
    assert resumed.step == 5
    resumed.run()
    assert unequal(state_of(whole), state_of(resumed)) == []


def test_resume_of_a_finished_run_trains_no_further(folder: Path) -> None:
    trainer_in(folder).run()
    resumed, recorder = trainer_in(folder), Recorder()
    resumed.resume()
    resumed.run(recorder)
    assert (resumed.step, recorder.figures) == (10, [])


def test_signals_are_handled_as_before_once_the_run_is_over(folder: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(RunInterrupted):
        trainer_in(folder).run(Recorder({1: lambda: interrupt(signal.SIGTERM)}))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_from_outside_saves_and_the_run_goes_on_to_the_bit(
    folder: Path, number: signal.Signals
) -> None:
    settings = replace(SETTINGS, steps=SLOW.steps)
    whole = trainer_in(folder, settings)
    whole.run()
    for file in folder.iterdir():
        file.unlink()

    process = start("run", folder)
    assert process.stdout is not None
    while process.stdout.readline() != "step 3\n":
        assert process.poll() is None
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number, said
    assert [f.name for f in folder.iterdir() if f.name.startswith(".")] == []  # nothing half done
    resumed = trainer_in(folder, settings)
    resumed.resume()
    assert 3 <= resumed.step < settings.steps
    resumed.run()
    assert unequal(state_of(whole), state_of(resumed)) == []


def test_kill_while_saving_leaves_a_whole_checkpoint(folder: Path) -> None:
    process = start("save", folder)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert int(re.findall(r"(\d+) of \d+ killed amid a save", said)[0]) > 0
    resumed = trainer_in(folder)
    resumed.resume()  # the last of them, and the other process has read all others


# --- a full disk --------------------------------------------------------------------


def test_failed_write_keeps_the_last_good_checkpoint(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_in(folder)
    trainer.train_step()
    trainer.save("last.pt")
    kept = (folder / "last.pt").read_bytes()
    trainer.train_step()

    def half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(bytes(data)[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    text = refusal(lambda: trainer.save("last.pt"))
    assert "last.pt: cannot be written (No space left on device)" in text
    assert (folder / "last.pt").read_bytes() == kept
    assert [f.name for f in folder.iterdir()] == ["last.pt"]


def test_file_that_may_not_grow_is_one_line_and_not_torch_s_own_error(folder: Path) -> None:
    """A disk that is really full, as far as this process can tell."""
    resource = pytest.importorskip("resource", reason="limits of this kind are Unix's")
    trainer = trainer_in(folder)
    trainer.save("last.pt")
    kept = (folder / "last.pt").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) // 2, limits[1]))
    try:
        text = refusal(lambda: trainer.save("last.pt"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "last.pt: cannot be written" in text
    assert (folder / "last.pt").read_bytes() == kept
    assert [f.name for f in folder.iterdir()] == ["last.pt"]


def test_missing_folder_is_one_line(folder: Path) -> None:
    trainer = trainer_in(folder)
    folder.rmdir()
    assert "last.pt: cannot be written" in refusal(lambda: trainer.save("last.pt"))


# --- what must stop a run -----------------------------------------------------------


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e30])
def test_loss_that_is_not_finite_stops_the_run_and_changes_nothing(
    folder: Path, poison: float
) -> None:
    class Poisoned:
        size = SETTINGS.batch

        def part(self, step: int, rank: int, size: int) -> Batch:
            batch = healthy.part(step, rank, size)
            if step == 5:
                batch.steps[0, 0, 0] = poison
            return batch

    trainer = trainer_in(folder)
    healthy = trainer.batches
    trainer.batches = Poisoned()  # type: ignore[assignment]
    before: dict[str, Any] = {}
    keep = {5: lambda: before.update(state_of(trainer))}
    text = refusal(lambda: trainer.run(Recorder(keep)))
    assert text.startswith("step 6: the loss must be finite, got L_R ")
    assert before["step"] == 5
    assert unequal(before, state_of(trainer)) == []
    assert read_checkpoint(folder / "last.pt")["step"] == 4  # the last validation's


def test_what_the_error_of_a_loss_advises_can_be_done(folder: Path) -> None:
    """Another learning rate cannot be resumed, so it must not be advised."""
    trainer = trainer_in(folder)
    with torch.no_grad():
        trainer.model.head.bias.fill_(math.nan)
    text = refusal(trainer.train_step)
    assert "--learning-rate" in text
    assert "another --out" in text
    assert "--resume" not in text


@pytest.mark.parametrize(
    ("setting", "value"), [("learning_rate", 0.001), ("seed", 2), ("steps", 11), ("batch", 5)]
)
def test_other_settings_are_refused_by_name(folder: Path, setting: str, value: float) -> None:
    trainer_in(folder).save("last.pt")
    other = trainer_in(folder, replace(SETTINGS, **{setting: value}))  # type: ignore[arg-type]
    before = state_of(other)
    text = refusal(other.resume)
    assert f"{setting} was {getattr(SETTINGS, setting)}, is {value}" in text
    assert text.count(" was ") == 1
    assert "another --out" in text
    assert unequal(before, state_of(other)) == []


def test_other_network_is_refused_by_name(folder: Path) -> None:
    trainer_in(folder).save("last.pt")
    other = trainer_in(folder, config=replace(CONFIG, latent=4, mixtures=3))
    text = refusal(other.resume)
    assert "latent was 3, is 4; mixtures was 2, is 3" in text


def test_other_data_is_refused(folder: Path) -> None:
    trainer_in(folder).save("last.pt")
    fractions = SplitFractions(valid=0.3, test=0.1)
    pack(
        [*drawings(40, 1)[1:], *drawings(1, 2)],
        folder.parent / "other.drawings",
        fractions=fractions,
    )
    text = refusal(trainer_in(folder, name="other").resume)
    assert "training drawings was " in text
    assert "give the same data" in text


def test_weights_of_another_shape_are_one_line_and_not_torch_s_many(folder: Path) -> None:
    """A file whose words are right and whose tensors are not."""
    trainer_in(folder, config=replace(CONFIG, decoder_hidden=5)).save("other.pt")
    trainer_in(folder).save("last.pt")
    ours, other = read_checkpoint(folder / "last.pt"), read_checkpoint(folder / "other.pt")
    for part in ("model", "averaged"):
        torch.save({**ours, part: other[part]}, folder / "last.pt")
        text = refusal(trainer_in(folder).resume)
        assert text.startswith(f"{folder / 'last.pt'}: must hold the weights of this network")


@pytest.mark.parametrize("part", ["identity", "step", "best", "model", "averaged", "optimizer"])
@pytest.mark.parametrize("instead", [None, "x", [], {}])
def test_checkpoint_with_a_part_of_another_kind_is_one_line(
    folder: Path, part: str, instead: object
) -> None:
    trainer_in(folder).save("last.pt")
    torch.save({**read_checkpoint(folder / "last.pt"), part: instead}, folder / "last.pt")
    assert str(folder / "last.pt") in refusal(trainer_in(folder).resume)


def test_missing_checkpoint_says_how_to_begin(folder: Path) -> None:
    text = refusal(trainer_in(folder).resume)
    assert text.startswith(f"{folder / 'last.pt'}: there is no checkpoint; name its folder")


def test_damaged_checkpoint_is_refused_in_one_line(folder: Path) -> None:
    trainer_in(folder).save("last.pt")
    whole = (folder / "last.pt").read_bytes()
    damaged = [whole[:n] for n in (0, 1, 100, len(whole) // 2, len(whole) - 1)]
    for data in (*damaged, b"not a checkpoint", pickle.dumps({"step": 1})):
        (folder / "last.pt").write_bytes(data)
        text = refusal(trainer_in(folder).resume)
        assert "must be a checkpoint of 'sketchvae train'" in text
        assert "torch" not in text.partition("last.pt")[2]
        assert "best.pt" in text


def test_other_file_of_torch_is_refused(folder: Path) -> None:
    others: list[object] = [[1, 2], {"model": {}}, {"state_dict": {}}, torch.zeros(3)]
    for other in others:
        torch.save(other, folder / "last.pt")
        assert "must be a checkpoint" in refusal(trainer_in(folder).resume)


def test_weights_to_begin_from_are_the_averaged_ones_of_a_checkpoint(folder: Path) -> None:
    trainer = trainer_in(folder)
    for _ in range(3):
        trainer.train_step()
    trainer.save("last.pt")
    found = model_from_checkpoint(folder / "last.pt")
    assert (found.config, found.scale) == (trainer.config, trainer.scale)
    for name, array in trainer.ema_model.to_arrays().items():
        np.testing.assert_array_equal(found.tensors[name], array)
    state = read_checkpoint(folder / "last.pt")
    state["identity"]["latent"] += 1
    torch.save(state, folder / "last.pt")
    assert "must hold the weights of the network" in refusal(
        lambda: model_from_checkpoint(folder / "last.pt")
    )


class Burglar:
    """Makes a file as soon as it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


def test_code_in_a_checkpoint_is_refused_and_not_run(folder: Path) -> None:
    trainer_in(folder).save("last.pt")
    mark = folder / "been here"
    state = {**read_checkpoint(folder / "last.pt"), "best": Burglar(mark)}
    torch.save(state, folder / "zip.pt")
    torch.save(state, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    (folder / "bare.pt").write_bytes(pickle.dumps(state, protocol=2))
    for name in ("zip.pt", "legacy.pt", "bare.pt"):
        assert "must be a checkpoint" in refusal(lambda name=name: trainer_in(folder).resume(name))  # type: ignore[misc]
        assert not mark.exists()
    torch.load(folder / "zip.pt", weights_only=False)
    assert mark.exists()  # it would have run


# --- several processes --------------------------------------------------------------


@pytest.mark.slow  # four processes that import torch
def test_two_nodes_of_torchrun_are_one_process(folder: Path) -> None:
    """Losses, gradients, floor, weights and stop, of two launchers that share no disk.

    With a batch of 8 and with one of 7, split 4 and 3. Only the order of sums differs. A sum of n
    numbers in float32 is wrong by n / 2**24 of its terms at most, for the 256 rows of a batch
    1.5e-5; that bounds how far weights differ, in parts of how far they have moved, for Adam
    divides each gradient by its own size.
    """
    pack(
        drawings(11, 5), folder.parent / "odd.drawings", fractions=SplitFractions(valid=0.3, test=0)
    )
    expected = {name: gradients(folder, name, ALONE) for name in ("tiny", "odd")}
    assert len(trainer_in(folder, TOGETHER, name="odd").pool) % 2 == 1
    alone = trainer_in(folder, TOGETHER)
    before = {k: v.clone() for k, v in alone.model.state_dict().items()}
    alone.run()
    first, second = of_two_nodes(folder.parent)
    for name, gradient in expected.items():
        assert unequal(first[name], second[name]) == []
        for key, value in gradient.items():
            error = (first[name][key] - value).norm() / value.norm()
            assert error < 1e-6, (name, key, float(error))
    assert unequal(first["trained"], second["trained"]) == []
    assert first["trained"]["best"] == pytest.approx(alone.best, rel=1e-5)  # of divided validations
    for key, value in alone.model.state_dict().items():
        error = (first["trained"][f"model {key}"] - value).norm() / (value - before[key]).norm()
        assert error < 1.5e-5, (key, float(error))
    assert first["stopped"] == second["stopped"] == 3  # the signal came to the second alone
    assert unequal(first["state"], second["state"]) == []
    assert read_checkpoint(folder.parent / "node0" / "run" / "last.pt")["step"] == 3
    assert list((folder.parent / "node1" / "run").iterdir()) == []


def of_two_nodes(folder: Path) -> list[dict[str, Any]]:
    """Run `work_rank` in two nodes, each with the sets of a folder; return what each found."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = ["--master-addr", "127.0.0.1", "--master-port", str(probe.getsockname()[1])]
    launchers = []
    for rank in range(2):
        run = folder / f"node{rank}" / "run"
        run.mkdir(parents=True)
        for packed in folder.glob("*.drawings"):
            shutil.copy(packed, run.parent)
        torchrun = ("-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(rank))
        launchers.append(start("rank", run, *torchrun, *address))
    for launcher in launchers:
        said, _ = launcher.communicate(timeout=PATIENCE)
        assert launcher.returncode == 0, said
    return [torch.load(folder / f"node{rank}" / "found.pt") for rank in range(2)]


TOGETHER = replace(SETTINGS, batch=8, clip=1e9)
SLOW = replace(SETTINGS, steps=40)


def gradients(folder: Path, name: str, group: ProcessGroup) -> dict[str, Tensor]:
    """Losses and gradients of the first batch, with the floor just below the batch's L_KL.

    One process alone sees less than the floor in its own part, the other more.
    """
    trainer = trainer_in(folder, TOGETHER, group=group, name=name)
    batch = trainer.batches.part(0, group.rank, group.size)
    _, kl, *_ = trainer.gradients(batch)
    trainer.settings = replace(TOGETHER, free_nats=kl * 0.9999)
    losses = torch.tensor(trainer.gradients(batch), dtype=torch.float64)
    grads = {k: p.grad.clone() for k, p in trainer.model.named_parameters() if p.grad is not None}
    return {"losses": losses, **grads}


def start(work: str, folder: Path, *launcher: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *launcher, __file__, work, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def work_run(folder: Path) -> None:
    """Train, slowly enough to be interrupted, and leave as the command line does."""

    class Slow(Recorder):
        def on_step(self, figures: StepMetrics) -> None:
            print(f"step {figures.step}", flush=True)
            time.sleep(0.05)

    try:
        trainer_in(folder, SLOW).run(Slow())
    except RunInterrupted as stopped:
        sys.exit(128 + stopped.signal_number)


def work_save(folder: Path) -> None:
    """Kill children that save for ever, at random moments, and read what each left.

    Twenty children at least, then as many more as it takes until one was killed amid a save:
    on a busy machine a child may wait for its turn through every one of the first moments.
    """
    trainer = trainer_in(folder)
    began = time.perf_counter()
    trainer.save("last.pt")
    one_save = time.perf_counter() - began
    dice = random.Random(7)
    killed = amid = 0
    while killed < 20 or (amid == 0 and killed < 500):
        receiver, sender = os.pipe()
        child = os.fork()
        if not child:
            while True:
                trainer.step += 1
                trainer.save("last.pt")
                os.write(sender, b".")
        os.read(receiver, 1)
        time.sleep(dice.uniform(0, 2 * one_save))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(receiver)
        os.close(sender)
        read_checkpoint(folder / "last.pt")
        strays = [f for f in folder.iterdir() if f.name != "last.pt"]
        killed += 1
        amid += bool(strays)
        for stray in strays:
            stray.unlink()
    print(f"{amid} of {killed} killed amid a save")


def work_rank(folder: Path) -> None:
    """Be the process of one of two nodes."""
    with replace(ProcessGroup.init(), bf16=False) as group:
        found: dict[str, Any] = {name: gradients(folder, name, group) for name in ("tiny", "odd")}
        trainer = trainer_in(folder, TOGETHER, group=group)
        trainer.run()
        found["trained"] = state_of(trainer)
        for path in folder.iterdir():
            path.unlink()
        trainer = trainer_in(folder, TOGETHER, group=group)
        after = {3: lambda: interrupt(signal.SIGTERM)} if group.rank == 1 else {}
        try:
            trainer.run(Recorder(after))
        except RunInterrupted as stopped:
            found["stopped"] = stopped.step
    torch.save({**found, "state": state_of(trainer)}, folder.parent / "found.pt")


if __name__ == "__main__":
    {"run": work_run, "save": work_save, "rank": work_rank}[sys.argv[1]](Path(sys.argv[2]))
