"""Learn what tells sheep from other things, on top of a model's encoder; judge it; ship it.

    python scripts/sheepness.py MODEL.safetensors SETS [OUT.safetensors]

SETS holds the packed sets of `scripts/reproduce`: of real.drawings the training split and of
chosen.drawings some are the sheep, of others.drawings come real drawings of all other categories.
OUT is MODEL with the class head in it; the weights that ship, unless given: only then the figures
go into the card, too.

What is learnt from is kept apart from what calibrates and from what judges; the real sheep that
judge, and that percentiles are against, are those kept out of all training. A head for each fold
learns without a part of the categories and of the real sheep: it shows what the head does with
what it never saw.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from ship import write_figures
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

from sketchvae.data.dataset import PackedDataset, open_packed
from sketchvae.generate.artist import Artist
from sketchvae.model.head import ClassHead
from sketchvae.model.weights import load, save, shipped_path
from sketchvae.polyline import Floats32

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

LEARN, CALIBRATE, JUDGE = 100, 10, 40  # drawings of each other category
DRAWN = 10_000  # sheep that another model drew
REAL_SHARE = 0.15  # of the sheep that are shown: there are few, and they are shown often
FOLDS = 3
HIDDEN, STEPS, BATCH, RATE, DECAY, DROP = 128, 600, 512, 3e-3, 0.2, 0.2
CARS = (
    "car, bus, truck, van, ambulance, firetruck, police car, pickup truck, school bus, tractor, "
    "bulldozer, train, motorbike, bicycle"
)
BEASTS = (
    "bear, camel, cat, cow, dog, elephant, giraffe, hedgehog, horse, kangaroo, lion, monkey, "
    "mouse, panda, pig, rabbit, raccoon, rhinoceros, squirrel, tiger, zebra"
)
HARDEST = 16  # categories in the table
ALIKE = 0.1  # numbers of points that differ by less count as equal
PLAIN = 10  # drawings of each category that are judged by nats alone, to compare


@dataclass(frozen=True)
class Others:
    """Drawings of other things: their states, (n, 4E), words, and numbers of points."""

    states: Floats32
    words: Ints
    points: Ints

    def of(self, words: Ints) -> "Others":
        rows = np.isin(self.words, words)
        return Others(self.states[rows], self.words[rows], self.points[rows])


def gather(artist: Artist, packed: PackedDataset, rows: Ints) -> Others:
    states = artist.states([packed[i] for i in rows])
    return Others(states, packed.words[rows].astype(np.intp), np.diff(packed.starts)[rows])


def split_by_word(others: PackedDataset) -> list[Ints]:
    """Choose drawings of each category: to learn from, to calibrate, to judge."""
    rng = np.random.default_rng(0)
    cuts = np.cumsum([LEARN, CALIBRATE, JUDGE])
    parts = []
    for word in range(len(others.vocabulary)):
        some = rng.permutation(np.flatnonzero(others.words == word))[: cuts[-1]]
        parts.append(np.split(some, cuts[:-1]))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def learn(real: Floats32, drawn: Floats32, others: Floats32, seed: int = 0) -> ClassHead:
    """Fit the network by logistic loss; half of each batch are sheep.

    Few of the sheep are real, all of the others are: the drawn ones are kept from being
    told by how they were drawn, for they count as sheep, and so do the real ones.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, spread = others.mean(axis=0), others.std(axis=0) + 1e-2
    shares = (REAL_SHARE / 2, (1 - REAL_SHARE) / 2, 0.5)
    sizes = (BATCH * np.array(shares)).round().astype(int)
    sets = [torch.from_numpy((x - mean) / spread) for x in (real, drawn, others)]
    labels = torch.from_numpy(np.repeat([1.0, 1.0, 0.0], sizes)).float()
    hidden, out = torch.nn.Linear(len(mean), HIDDEN), torch.nn.Linear(HIDDEN, 1)
    drop = torch.nn.Dropout(DROP)
    parameters = [*hidden.parameters(), *out.parameters()]
    optimizer = torch.optim.AdamW(parameters, RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        rows = [
            torch.from_numpy(rng.integers(len(x), size=n)) for x, n in zip(sets, sizes, strict=True)
        ]
        seen = torch.cat([x[row] for x, row in zip(sets, rows, strict=True)])
        odds = out(drop(torch.relu(hidden(drop(seen)))))[:, 0]
        loss = F.binary_cross_entropy_with_logits(odds, labels)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    w, b, v, c = (p.detach().numpy() for p in parameters)
    weight = w / spread
    return ClassHead(weight, b - weight @ mean, np.append(v, c), np.zeros(0, np.float32))


def auroc(sheep: Floats, others: Floats) -> float:
    labels = np.repeat([1, 0], [len(sheep), len(others)])
    return float(roc_auc_score(labels, np.concatenate([sheep, others])))


@dataclass(frozen=True)
class Folds:
    """What heads say of what they never saw.

    Attributes:
        real: (n,) log odds of the real sheep of the training split.
        calibrating: log odds of other things of known categories.
        categories: the AUROC of each category against the sheep kept out.
        together: that of all of them, the mean over the folds.
    """

    real: Floats
    calibrating: Floats
    categories: dict[int, float]
    together: float


def fold(
    real: Floats32,
    kept_out: Floats32,
    drawn: Floats32,
    learning: Others,
    calibrating: Others,
    judging: Others,
) -> Folds:
    rng = np.random.default_rng(0)
    words = np.unique(learning.words)
    sheep_fold = rng.permutation(len(real)) % FOLDS
    word_fold = rng.permutation(len(words)) % FOLDS
    found = np.empty(len(real))
    told, together = [], []
    categories: dict[int, float] = {}
    for i in range(FOLDS):
        known, unseen = words[word_fold != i], words[word_fold == i]
        head = learn(real[sheep_fold != i], drawn, learning.of(known).states, i)
        found[sheep_fold == i] = head.log_odds(real[sheep_fold == i])
        told.append(head.log_odds(calibrating.of(known).states))
        new = judging.of(unseen)
        sheep, odds = head.log_odds(kept_out), head.log_odds(new.states)
        together.append(auroc(sheep, odds))
        categories |= {int(w): auroc(sheep, odds[new.words == w]) for w in unseen}
    return Folds(found, np.concatenate(told), categories, float(np.mean(together)))


def calibrated(head: ClassHead, folds: Folds) -> ClassHead:
    """Stretch and move the log odds so that they are true of what heads never saw (Platt 1999)."""
    odds = np.concatenate([folds.real, folds.calibrating])[:, None]
    labels = np.repeat([1, 0], [len(folds.real), len(folds.calibrating)])
    fit = LogisticRegression(C=1e6, class_weight="balanced").fit(odds, labels)
    slope, shift = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    out = head.out * np.float32(slope)
    out[-1] += np.float32(shift)
    return replace(head, out=out)


def alike(sheep: Floats, others: Floats, points: Ints, other_points: Ints) -> float:
    """Return the AUROC over pairs of a sheep and another thing with as many points."""
    pairs = np.abs(np.log(points[:, None] / other_points)) < ALIKE
    wins = np.sign(sheep[:, None] - others) / 2 + 0.5
    return float(wins[pairs].mean())


def figures(
    sheep: Floats,
    points: Ints,
    odds: Floats,
    judging: Others,
    folds: Folds,
    vocabulary: Sequence[str],
) -> dict[str, Any]:
    """Measure AUROCs: of all, of groups of categories, and of each."""

    def row(words: Sequence[str]) -> dict[str, float]:
        numbers = [vocabulary.index(word) for word in words]
        rows = np.isin(judging.words, numbers)
        return {
            "sheepness": round(auroc(sheep, odds[rows]), 3),
            "unseen": round(float(np.mean([folds.categories[n] for n in numbers])), 3),
            "points": round(auroc(points.astype(float), judging.points[rows].astype(float)), 3),
        }

    each = {word: row([word]) for word in vocabulary}
    hardest = sorted(each, key=lambda word: each[word]["sheepness"])[:HARDEST]
    together = row(vocabulary) | {"unseen": round(folds.together, 3)}
    same = {
        "sheepness": round(alike(sheep, odds, points, judging.points), 3),
        "points": round(
            alike(points.astype(float), judging.points.astype(float), points, judging.points), 3
        ),
    }
    return {
        f"all {len(vocabulary)} other categories": together,
        "of those, as many points": same,
        "cars and the like": row(CARS.split(", ")),
        "four-legged beasts": row(BEASTS.split(", ")),
        **{word: each[word] for word in hardest},
    }


def plain(artist: Artist, real: PackedDataset, others: PackedDataset, rows: Ints) -> float:
    """Return the AUROC of nats per point alone, fewer being more sheep."""
    some = rows.reshape(len(others.vocabulary), -1)[:, :PLAIN].ravel()
    nats = []
    for packed, part in ((real, real.split("valid")), (others, some)):
        drawings = [packed[i] for i in part]
        points = np.array([drawing.n_points for drawing in drawings])
        nats.append(artist.nll(drawings, draws=1) / points)
    return auroc(-nats[0], -nats[1])


def table(about: Mapping[str, Any]) -> str:
    """Write the figures for the card."""
    lines = ["| AUROC | sheepness | never seen | points alone |", "|---|---|---|---|"]
    for name, row in about["auroc"].items():
        cells = [
            f"{row[key]:.3f}" if key in row else "" for key in ("sheepness", "unseen", "points")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def make(artist: Artist, sets: Path) -> tuple[ClassHead, dict[str, Any]]:
    """Learn, calibrate and judge; return the network and its figures."""
    real, chosen, others = (
        open_packed(sets / f"{name}.drawings") for name in ("real", "chosen", "others")
    )
    began = time.monotonic()
    train, valid = ([real[i] for i in real.split(part)] for part in ("train", "valid"))
    some = np.random.default_rng(0).permutation(chosen.split("train"))[:DRAWN]
    sheep, kept_out = artist.states(train), artist.states(valid)
    drawn = artist.states([chosen[i] for i in some])
    rows = split_by_word(others)
    learning, calibrating, judging = (gather(artist, others, part) for part in rows)
    print(f"read after {time.monotonic() - began:.0f} s", flush=True)
    folds = fold(sheep, kept_out, drawn, learning, calibrating, judging)
    head = calibrated(learn(sheep, drawn, learning.states, FOLDS), folds)
    # The percentile is against those kept out: the encoder knows the others too well.
    head = replace(head, reference=np.sort(head.log_odds(kept_out)).astype(np.float32))
    print(f"learnt after {time.monotonic() - began:.0f} s", flush=True)
    points = np.array([drawing.n_points for drawing in valid])
    odds = head.log_odds(kept_out), head.log_odds(judging.states)
    about = {
        "sheep": len(valid),
        "others": len(judging.words),
        "auroc": figures(odds[0], points, odds[1], judging, folds, others.vocabulary),
        "nats_per_point_alone": round(plain(artist, real, others, rows[2]), 3),
        "sheep_above_half": round(float((odds[0] > 0).mean()), 3),
        "others_above_half": round(float((odds[1] > 0).mean()), 3),
        "sheepness_of_drawn": round(float(np.median(head.probability(drawn))), 3),
    }
    print(f"judged after {time.monotonic() - began:.0f} s", flush=True)
    return head, about


def main() -> None:
    torch.set_num_threads(1)  # products so small gain nothing by two, and lose much to others
    model = load(Path(sys.argv[1]))
    out = Path(sys.argv[3]) if sys.argv[3:] else shipped_path()
    head, about = make(Artist(model), Path(sys.argv[2]))
    save(replace(model, head=replace(head, about=about)), out)
    print(f"{out}: {out.stat().st_size} bytes\n{about}\n\n{table(about)}")
    if out == shipped_path():
        write_figures(shipped_path().parent / "README.md", table(about), "sheepness")


if __name__ == "__main__":
    main()
