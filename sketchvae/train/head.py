"""Training of the class head: sheep against drawings of other categories, on the encoder's states.

    python -m sketchvae.train.head MODEL.safetensors REAL.drawings DRAWN.drawings OTHERS.drawings

The head is written into MODEL. REAL holds real sheep, DRAWN sheep that another model drew, OTHERS
real drawings of other categories. Training takes the training split of REAL and of DRAWN and part
of the drawings of each category; other parts calibrate and measure. The validation split of REAL
measures, and it is what percentiles refer to.

Three more heads, each trained without a third of the categories and of the real sheep, show what a
head does with drawings that it never saw: they calibrate the final one.
Shape letters: E encoder hidden per side, n drawings.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from sketchvae.data.dataset import PackedDataset, open_packed
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.class_head import (
    ScoredDrawings,
    UnseenCategories,
    auroc,
    auroc_of_nll,
    auroc_table,
    measure_head,
)
from sketchvae.generate.artist import Artist
from sketchvae.model.head import ClassHead
from sketchvae.model.weights import load, save
from sketchvae.polyline import Bools, Floats, Floats32, Ints

N_TRAIN, N_CALIBRATE, N_MEASURE = 100, 10, 40  # drawings per other category
N_DRAWN = 10_000  # drawn sheep
N_FOLDS = 3
N_NLL = 10  # drawings per other category whose likelihood is measured


@dataclass(frozen=True)
class HeadSettings:
    """Settings of the training of a class head."""

    hidden: int = 128  # F
    steps: int = 600  # batches
    batch: int = 512  # drawings per step, half of them sheep
    real_fraction: float = 0.15  # of the sheep of a batch that are real: they are few, shown often
    learning_rate: float = 3e-3  # highest value of the one-cycle schedule
    weight_decay: float = 0.2
    dropout: float = 0.2


@dataclass(frozen=True)
class LabelledStates:
    """Encoder states of drawings of other categories.

    Attributes:
        states: (n, 4E), see `Encoder.states`.
        words: (n,) index of the category in the vocabulary of the dataset.
        points: (n,) number of points of each drawing.
    """

    states: Floats32
    words: Ints
    points: Ints

    def select(self, rows: Bools) -> "LabelledStates":
        """Return the drawings for which the mask, (n,), is true."""
        return LabelledStates(self.states[rows], self.words[rows], self.points[rows])


@dataclass(frozen=True)
class HeadData:
    """Encoder states of all drawings that a class head is trained, calibrated and measured on.

    Attributes:
        real: (n, 4E) of real sheep, for training.
        drawn: (n, 4E) of sheep that another model drew, for training.
        kept_out: (n, 4E) of real sheep that nothing was trained on.
        train: other categories, for training.
        calibrate: other categories, for calibration.
        measure: other categories, for the AUROC.
    """

    real: Floats32
    drawn: Floats32
    kept_out: Floats32
    train: LabelledStates
    calibrate: LabelledStates
    measure: LabelledStates


@dataclass(frozen=True)
class CrossValidation:
    """Log odds and AUROC by heads that were trained without the drawing or without its category.

    Attributes:
        real: (n,) log odds of the real sheep of the training split.
        calibrate: (m,) log odds of other drawings, of categories that the head knows.
        unseen: AUROC of categories that the head does not know.
    """

    real: Floats
    calibrate: Floats
    unseen: UnseenCategories


def split_by_word(others: PackedDataset) -> list[NDArray[np.intp]]:
    """Return rows of random drawings of each category: for training, calibration, measurement."""
    rng = np.random.default_rng(0)
    ends = np.cumsum([N_TRAIN, N_CALIBRATE, N_MEASURE])
    parts = []
    for word in range(len(others.vocabulary)):
        rows = rng.permutation(np.flatnonzero(others.words == word))[: ends[-1]]
        parts.append(np.split(rows, ends[:-1]))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def encode(
    artist: Artist, real: PackedDataset, drawn: PackedDataset, others: PackedDataset
) -> HeadData:
    """Return the encoder states of the drawings that a class head is trained and measured on.

    Args:
        artist: has the encoder.
        real: real sheep, with a training and a validation split.
        drawn: sheep drawn by another model, of which 10,000 are taken from the training split.
        others: drawings of other categories.
    """

    def states(dataset: PackedDataset, rows: NDArray[np.intp]) -> Floats32:
        return artist.states([dataset[int(i)] for i in rows])

    def labelled(rows: NDArray[np.intp]) -> LabelledStates:
        points = np.diff(others.starts)[rows]
        return LabelledStates(states(others, rows), others.words[rows].astype(np.int64), points)

    chosen = np.random.default_rng(0).permutation(drawn.split("train"))[:N_DRAWN]
    return HeadData(
        states(real, real.split("train")),
        states(drawn, chosen),
        states(real, real.split("valid")),
        *map(labelled, split_by_word(others)),
    )


def fit(
    real: Floats32,
    drawn: Floats32,
    others: Floats32,
    settings: HeadSettings | None = None,
    seed: int = 0,
) -> ClassHead:
    """Return a class head fitted by logistic loss; its `reference` is empty.

    Half of each batch are sheep. Drawn and real sheep count alike, and all other drawings are
    real: so the head does not learn to tell drawn from real.

    Args:
        real: (n, 4E) states of real sheep.
        drawn: (m, 4E) states of drawn sheep.
        others: (k, 4E) states of other drawings.
        settings: None for the published ones.
        seed: of the weights, the batches and the dropout.
    """
    settings = settings or HeadSettings()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, std = others.mean(axis=0), others.std(axis=0) + 1e-2
    fractions = (settings.real_fraction / 2, (1 - settings.real_fraction) / 2, 0.5)
    sizes = (settings.batch * np.array(fractions)).round().astype(int)
    sets = [torch.from_numpy((states - mean) / std) for states in (real, drawn, others)]
    labels = torch.from_numpy(np.repeat([1.0, 1.0, 0.0], sizes)).float()
    hidden, out = nn.Linear(len(mean), settings.hidden), nn.Linear(settings.hidden, 1)
    dropout = nn.Dropout(settings.dropout)
    parameters = [*hidden.parameters(), *out.parameters()]
    rate = settings.learning_rate
    optimizer = torch.optim.AdamW(parameters, rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=settings.steps)
    for _ in range(settings.steps):
        rows = [
            torch.from_numpy(rng.integers(len(states), size=size))
            for states, size in zip(sets, sizes, strict=True)
        ]
        batch = torch.cat([states[row] for states, row in zip(sets, rows, strict=True)])
        log_odds = out(dropout(torch.relu(hidden(dropout(batch)))))[:, 0]
        loss = F.binary_cross_entropy_with_logits(log_odds, labels)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    w, b, v, c = (parameter.detach().numpy() for parameter in parameters)
    weight = w / std  # the standardisation becomes part of the hidden layer
    return ClassHead(weight, b - weight @ mean, np.append(v, c), np.zeros(0, np.float32))


def cross_validate(data: HeadData, settings: HeadSettings | None = None) -> CrossValidation:
    """Return what heads that were trained without a third of the data do with that third.

    Args:
        data: encoder states.
        settings: None for the published ones.
    """
    rng = np.random.default_rng(0)
    words = np.unique(data.train.words)
    sheep_fold = rng.permutation(len(data.real)) % N_FOLDS
    word_fold = rng.permutation(len(words)) % N_FOLDS
    real = np.empty(len(data.real))
    calibrate, overall = [], []
    by_category: dict[int, float] = {}
    for i in range(N_FOLDS):
        known, unseen = words[word_fold != i], words[word_fold == i]
        train = data.train.select(np.isin(data.train.words, known))
        head = fit(data.real[sheep_fold != i], data.drawn, train.states, settings, seed=i)
        real[sheep_fold == i] = head.log_odds(data.real[sheep_fold == i])
        rows = np.isin(data.calibrate.words, known)
        calibrate.append(head.log_odds(data.calibrate.states[rows]))
        others = data.measure.select(np.isin(data.measure.words, unseen))
        sheep, log_odds = head.log_odds(data.kept_out), head.log_odds(others.states)
        overall.append(auroc(sheep, log_odds))
        by_category |= {int(w): auroc(sheep, log_odds[others.words == w]) for w in unseen}
    unseen_categories = UnseenCategories(by_category, float(np.mean(overall)))
    return CrossValidation(real, np.concatenate(calibrate), unseen_categories)


def platt_scaling(real: Floats, others: Floats) -> tuple[float, float]:
    """Return the factor and the shift that make log odds true of unseen drawings.

    Platt 1999, by a logistic regression in which either side counts as half.

    Args:
        real: (n,) log odds of sheep by heads that were not trained on them.
        others: (m,) the same of other drawings.
    """
    log_odds = np.concatenate([real, others])[:, None]
    labels = np.repeat([1, 0], [len(real), len(others)])
    regression = LogisticRegression(C=1e6, class_weight="balanced").fit(log_odds, labels)
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])


def calibrate(head: ClassHead, factor: float, shift: float) -> ClassHead:
    """Return the head with its log odds scaled and shifted.

    Args:
        head: trained on everything.
        factor: of `platt_scaling`.
        shift: of `platt_scaling`.
    """
    out = head.out * np.float32(factor)
    out[-1] += np.float32(shift)
    return replace(head, out=out)


def train_head(
    artist: Artist, real: PackedDataset, drawn: PackedDataset, others: PackedDataset
) -> ClassHead:
    """Return a class head for a model, trained, calibrated and measured.

    Args:
        artist: draws with the model.
        real: real sheep, with a training and a validation split.
        drawn: sheep drawn by another model.
        others: drawings of other categories, those of `evaluate.class_head.GROUPS` among them.
    """
    data = encode(artist, real, drawn, others)
    validation = cross_validate(data)
    scaling = platt_scaling(validation.real, validation.calibrate)
    head = calibrate(fit(data.real, data.drawn, data.train.states, seed=N_FOLDS), *scaling)
    kept_out = [real[int(i)] for i in real.split("valid")]
    rows = split_by_word(others)[2].reshape(len(others.vocabulary), N_MEASURE)
    measured = [others[int(i)] for i in rows[:, :N_NLL].ravel()]
    sheep = head.log_odds(data.kept_out)
    points = np.diff(real.starts)[real.split("valid")]
    other_odds = head.log_odds(data.measure.states)
    figures = {
        "sheep": len(sheep),
        "others": len(other_odds),
        "auroc": measure_head(
            ScoredDrawings(sheep, points),
            ScoredDrawings(other_odds, data.measure.points),
            data.measure.words,
            others.vocabulary,
            validation.unseen,
        ),
        "nats_per_point_alone": round(auroc_of_nll(artist, kept_out, measured), 3),
        "sheep_above_half": round(float((sheep > 0).mean()), 3),
        "others_above_half": round(float((other_odds > 0).mean()), 3),
        "sheepness_of_drawn": round(float(np.median(head.probability(data.drawn))), 3),
    }
    return replace(head, reference=np.sort(sheep).astype(np.float32), about=figures)


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("sets", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=3)
def main(model: Path, sets: tuple[Path, Path, Path]) -> None:
    """Train a class head on SETS (REAL, DRAWN, OTHERS) and write it into MODEL."""
    torch.set_num_threads(1)  # products as small as these are slower on two threads
    loaded = load(model)
    head = train_head(Artist(loaded), *map(open_packed, sets))
    save(replace(loaded, head=head, density_ratio=None), model)  # that was of the old head
    click.echo(f"{model}: {model.stat().st_size} bytes\n\n{auroc_table(head.about['auroc'])}")


if __name__ == "__main__":
    try:
        main()
    except SketchvaeError as error:
        raise SystemExit(str(error)) from None
