"""Refine what a model draws, by what tells its own drawings from real ones.

    python scripts/refine.py MODEL OUT.safetensors REAL.drawings LIKE.drawings CRITIC.pt [STEPS]

Training shows the decoder real beginnings only; alone, it strays. Here it learns from its own
drawings: the reward of one is the log of how much denser real drawings are at it than the model's
own. What the expected gradient lowers is KL(model || real) (REINFORCE, Williams 1992; the ratio of
densities by a classifier, Sugiyama et al. 2012, ch. 4). One ratio judges the whole drawing, by the
features and faults of `scripts/choose.py`, how much of a sheep CRITIC sees in it, and the main
components of its raster; another judges each turn of the line by itself, which tells the steps
apart that the first can only judge together. Every step takes a batch of the data, too, as
training does, so that the likelihood stays. The weights go half as far again as they learnt to
go: what is gained in looks costs less likeness so than by more steps (docs/LOG.md).

"Real" are the training split of REAL, and with half of the weight 1,500 of LIKE (what
`scripts/choose.py` chose), lest it learn the real ones by heart. CRITIC is a small
classifier of `python -m sketchvae.evaluate.classifier`, not the one that judges in the end.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from choose import measured
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sketchvae.data.dataset import PackedDataset, open_packed
from sketchvae.drawing import Drawing
from sketchvae.evaluate.classifier import Classifier, draw_images, load_classifier
from sketchvae.evaluate.features import rasters
from sketchvae.generate.artist import Artist
from sketchvae.model.batch import Augmentation, make_batch
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model, load, save
from sketchvae.polyline import Floats, Floats32
from sketchvae.sequences import LENGTH_MULTIPLE, Pen, to_stroke5
from sketchvae.train.batches import BatchSampler, DrawingPool, WeightedDataset

STEPS, RATE, FINAL, WARM_UP = 320, 3e-4, 0.1, 20  # FINAL: share of RATE at the last step
BATCH, KL_WEIGHT, REPEAT = 64, 0.7, 10  # of the data; how often a real drawing is shown in it
WHOLE, TURN = 2.0, 2.0  # weights of the two rewards beside the loss on the data
LIKE, LIKE_WEIGHT = 1500, 0.5  # drawings that stand for real ones, and how much they count
COMPONENTS = 12  # of the raster
FAINTEST = -6.0  # log chance of a sheep: less is as bad
PART = 48  # drawings in one backward pass
AVERAGE = 0.97  # decay of the averaged weights
BEYOND = (
    1.5  # how far from the first weights the last ones lie, in ways that the averaged ones went
)
SAVE_EVERY = 40


@dataclass(frozen=True)
class Sitting:
    """What is drawn at every step.

    Attributes:
        temperature: tau of eq. 8.
        drawings: how many.
        sheepness: reward for a nat of the chance that CRITIC sees a sheep.
        turns: whether turns are judged one by one; below 1 they should not be as at 1.
    """

    temperature: float
    drawings: int
    sheepness: float
    turns: bool


SITTINGS = (Sitting(1.0, 144, 0.25, True), Sitting(0.7, 64, 0.8, False))


class Ratio:
    """The log of real over drawn density, by a classifier fitted anew as the model changes."""

    def __init__(
        self, real: Floats, weights: Floats, keep: int, classifier: Callable[[], Any]
    ) -> None:
        self.real, self.weights, self.keep = real, weights / weights.sum(), keep
        self.drawn = real[:0]
        self.classifier, self.fitted = classifier, None

    def add(self, drawn: Floats) -> None:
        """Note what the model drew last, and forget what it drew long ago."""
        self.drawn = np.concatenate([self.drawn, drawn])[-self.keep :]

    def fit(self) -> None:
        x, n = np.concatenate([self.drawn, self.real]), len(self.drawn)
        weights = np.concatenate([np.full(n, 1 / n), self.weights])
        labels = np.repeat([0, 1], [n, len(self.real)])
        self.fitted = self.classifier().fit(x, labels, sample_weight=weights * len(x) / 2)

    def log_of(self, drawn: Floats) -> Floats:
        logs: Floats = self.fitted.decision_function(drawn)  # type: ignore[attr-defined]
        return logs


class Eye:
    """What it sees of whole drawings, (n, columns), in standard deviations of real ones."""

    def __init__(self, real: Sequence[Drawing], weights: Floats, critic: Classifier) -> None:
        self.critic = critic.eval()
        self.sheep = critic.words.index("sheep")
        self.raster = PCA(COMPONENTS).fit(rasters([d.simplified() for d in real]))
        raw = self._measure(real)
        self.scaler = StandardScaler().fit(raw, sample_weight=weights)
        self.real = self._scaled(raw)

    def look(self, drawings: Sequence[Drawing]) -> tuple[Floats, Floats]:
        """Return the columns for a linear classifier, and the log chance of a sheep, (n,)."""
        raw = self._measure(drawings)
        return self._scaled(raw), raw[:, 15]

    @torch.no_grad()
    def _measure(self, drawings: Sequence[Drawing]) -> Floats:
        simple = [drawing.simplified() for drawing in drawings]
        shown = torch.from_numpy(draw_images(simple))[:, None].float() / 255
        chance = torch.log_softmax(self.critic(shown), dim=1)[:, self.sheep].double().numpy()
        columns = [measured(simple), chance.clip(FAINTEST)[:, None]]
        return np.concatenate([*columns, self.raster.transform(rasters(simple))], axis=1)

    def _scaled(self, raw: Floats) -> Floats:
        """Scale, and add squares of all but the faults: spread is judged, not the mean alone."""
        x = self.scaler.transform(raw).clip(-4, 4)
        squares = np.delete(x, [12, 13, 14, 15], axis=1) ** 2 / 2
        return np.concatenate([x, squares], axis=1)


def turns(steps: Floats32, lengths: NDArray[np.int64], scale: float) -> tuple[Floats, Any]:
    """Measure each step that goes on after ink: (rows, 6), and which those are, (B, T).

    Lengths of this segment and the one before, the turn between them, how far the point is
    from the line between its neighbours, how far they are apart (pixels), and if the pen lifts.
    """
    offsets = steps[..., :2] * scale
    down = np.pad(steps[..., 2 + Pen.DOWN] > 0, ((0, 0), (2, 0)), constant_values=True)
    before = np.pad(offsets, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    longs = [np.linalg.norm(o, axis=-1) for o in (before, offsets, before + offsets)]
    here = np.arange(steps.shape[1]) < lengths[:, None] - 1
    here = here & down[:, :-2] & down[:, 1:-1] & (longs[0] > 0) & (longs[1] > 0)
    cross = before[..., 0] * offsets[..., 1] - before[..., 1] * offsets[..., 0]
    angle = np.abs(np.arctan2(cross, (before * offsets).sum(-1)))
    away = np.abs(cross) / longs[2].clip(1e-3)
    lifts = steps[..., 2 + Pen.UP]
    columns = [*(np.log(long + 0.1) for long in longs), angle, away.clip(max=30), lifts]
    return np.stack([c[here] for c in columns], axis=1).astype(np.float64), here


def as_steps(drawings: Sequence[Drawing], scale: float) -> tuple[Floats32, NDArray[np.int64]]:
    """Write drawings as the network reads them, (B, T, 5), with their lengths."""
    rows = [to_stroke5(drawing) for drawing in drawings]
    lengths = np.array([len(row) for row in rows])
    steps = np.zeros((len(rows), _rounded(lengths), 5), dtype=np.float32)
    steps[..., 2 + Pen.END] = 1
    for place, row in zip(steps, rows, strict=True):
        place[: len(row)] = row
    steps[..., :2] /= scale
    return steps, lengths


def _rounded(lengths: NDArray[np.int64]) -> int:
    return int(-(-int(lengths.max()) // LENGTH_MULTIPLE) * LENGTH_MULTIPLE)


class Refiner:
    """A model that learns from its own drawings."""

    def __init__(
        self, model: Model, real: PackedDataset, like: PackedDataset, critic: Path
    ) -> None:
        self.file, config, scale = model, model.config, model.scale
        self.model, self.ema_model = SketchVAE(config), SketchVAE(config)
        self.model.load_arrays(model.tensors)
        self.ema_model.load_arrays(model.tensors)
        self.rng = np.random.default_rng(0)
        kept_out = real.keys[np.concatenate([real.split("valid"), real.split("test")])]
        self.data = DrawingPool(
            [WeightedDataset(like), WeightedDataset(real, REPEAT)], "train", 250, kept_out
        )
        self.batches = BatchSampler(
            self.data, BATCH, config.latent, scale, Augmentation(point_dropout=0.0), 5
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=RATE, fused=True)

        chosen = self.rng.permutation(like.split("train"))[:LIKE]
        own = [(real, i) for i in real.split("train")]
        sources = [*own, *((like, i) for i in chosen)]
        shares = [(1 - LIKE_WEIGHT) / len(own), LIKE_WEIGHT / len(chosen)]
        weights = np.repeat(shares, [len(own), len(chosen)])
        self.eye = Eye([s[int(i)] for s, i in sources], weights, load_classifier(critic))
        points = [s.points_of(int(i)) for s, i in own * 3]  # each dequantised thrice
        batch = make_batch(points, scale, config.latent, self.rng)
        real_turns, _ = turns(batch.steps, batch.lengths, scale)
        self.whole = [
            Ratio(self.eye.real, weights, 1536, lambda: LogisticRegression(C=0.1, max_iter=500))
            for _ in SITTINGS
        ]
        boosted = {"max_iter": 40, "learning_rate": 0.2, "max_leaf_nodes": 16}
        self.turn = Ratio(
            real_turns,
            np.ones(len(real_turns)),
            24_000,
            lambda: HistGradientBoostingClassifier(**boosted, min_samples_leaf=100, random_state=0),
        )

    def step(self, number: int, steps: int) -> str:
        """Learn from one batch of own drawings at each temperature and one of the data."""
        self.optimizer.zero_grad(set_to_none=True)
        said = [self._sit(number, i) for i in range(len(SITTINGS))]
        batch = self.batches[number]
        arrays = (batch.steps, batch.lengths, batch.noise)
        loss_r, kl = self.model(*map(torch.from_numpy, arrays))
        loss = (loss_r.mean() + KL_WEIGHT * kl.sum(1).mean()) / self.data.lengths.mean()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        fall = FINAL + (1 - FINAL) * (1 - number / steps)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * fall * min(1.0, (number + 1) / WARM_UP)
        self.optimizer.step()
        decay = min(AVERAGE, (number + 1) / (number + 10))
        with torch.no_grad():
            pairs = zip(self.ema_model.parameters(), self.model.parameters(), strict=True)
            for average, value in pairs:
                average.lerp_(value, 1 - decay)
        return f"L_R {loss_r.mean():.1f}  " + "  ".join(said)

    def _sit(self, number: int, place: int) -> str:
        """Draw, judge, and leave the gradient of the rewards in the parameters."""
        sitting, ratio = SITTINGS[place], self.whole[place]
        z, drawings = self._draw(sitting, number)
        seen, sheep = self.eye.look(drawings)
        ratio.add(seen)
        if number % 4 == 0:
            ratio.fit()
        logs = ratio.log_of(seen)
        reward = logs.clip(-3, 3) + sitting.sheepness * sheep
        reward = WHOLE * (reward - reward.mean()) / (reward.std() + 1e-6)
        steps, lengths = as_steps(drawings, self.file.scale)
        worth = np.repeat(reward[:, None], steps.shape[1], axis=1)
        if sitting.turns:
            worth += TURN * self._turns_worth(steps, lengths, anew=number % 8 == 0)
        self._learn(z, steps, lengths, worth, sitting.temperature)
        tau, share = sitting.temperature, np.exp(sheep).mean()
        return f"[{tau:g}: log ratio {logs.mean():.2f}, sheep {share:.2f}]"

    def _draw(self, sitting: Sitting, seed: int) -> tuple[Floats32, list[Drawing]]:
        """Draw from the prior as the model stands; what does not end is left out."""
        n, Z = sitting.drawings, self.file.config.latent
        chances = self.rng.random(n, dtype=np.float32)
        z = self.file.prior.sample(chances, self.rng.standard_normal((n, Z), dtype=np.float32))
        artist = Artist(replace(self.file, tensors=self.model.to_arrays()))
        drawn = artist.sample(n, sitting.temperature, seed, z)
        ended = [i for i, drawing in enumerate(drawn) if drawing is not None and drawing.strokes]
        return z[ended], [d for d in drawn if d is not None and d.strokes]

    def _turns_worth(self, steps: Floats32, lengths: NDArray[np.int64], anew: bool) -> Floats:
        rows, here = turns(steps, lengths, self.file.scale)
        self.turn.add(rows)
        if anew:
            self.turn.fit()
        worth = np.zeros(here.shape)
        logs = self.turn.log_of(rows).clip(-4, 2)
        worth[here] = logs - logs.mean()
        return worth

    def _learn(
        self,
        z: Floats32,
        steps: Floats32,
        lengths: NDArray[np.int64],
        worth: Floats,
        temperature: float,
    ) -> None:
        """Add the gradient of -sum worth log p(step), in parts of like length."""
        whole = len(z) * self.data.lengths.mean()
        for rows in np.array_split(np.argsort(lengths), -(-len(z) // PART)):
            longest = _rounded(lengths[rows])
            nats = self.model.step_nll(
                torch.from_numpy(z[rows]),
                torch.from_numpy(steps[rows, :longest]),
                torch.from_numpy(lengths[rows]),
                temperature,
            )
            weights = torch.from_numpy(worth[rows, :longest].astype(np.float32))
            torch.autograd.backward((weights * nats).sum() / whole)

    def save(self, path: Path, step: int) -> None:
        before = self.file.about.get("refined", {"steps": 0})
        about = {**self.file.about, "refined": {"steps": before["steps"] + step}}
        began = self.file.tensors
        learnt = self.ema_model.to_arrays()
        tensors = {name: began[name] + BEYOND * (learnt[name] - began[name]) for name in learnt}
        save(replace(self.file, tensors=tensors, about=about, head=None), path)


def main() -> None:
    model, out, real, like, critic = map(Path, sys.argv[1:6])
    steps = int(sys.argv[6]) if len(sys.argv) > 6 else STEPS
    refiner = Refiner(load(model), open_packed(real), open_packed(like), critic)
    began = time.monotonic()
    for number in range(steps):
        said = refiner.step(number, steps)
        if number % 10 == 0:
            print(f"{number + 1} of {steps}, {time.monotonic() - began:.0f} s: {said}", flush=True)
        if (number + 1) % SAVE_EVERY == 0 or number + 1 == steps:
            refiner.save(out, number + 1)


if __name__ == "__main__":
    main()
