"""AUROC of a class head: how well it tells real sheep from real drawings of other categories.

AUROC, the area under the receiver operating characteristic, is the probability that a random sheep
has a higher score than a random other drawing: 0.5 is chance, 1 is perfect. The number of points
of a drawing is measured as a score beside it, because many categories differ from sheep in that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from sketchvae.drawing import Drawing
from sketchvae.generate.artist import Artist
from sketchvae.polyline import Floats, Ints

GROUPS = {  # rows of the table: categories that are measured together
    "cars and the like": "car, bus, truck, van, ambulance, firetruck, police car, pickup truck, "
    "school bus, tractor, bulldozer, train, motorbike, bicycle",
    "four-legged beasts": "bear, camel, cat, cow, dog, elephant, giraffe, hedgehog, horse, "
    "kangaroo, lion, monkey, mouse, panda, pig, rabbit, raccoon, rhinoceros, squirrel, tiger, "
    "zebra",
}
N_HARDEST = 16  # categories with a row of their own: those of the lowest AUROC
EQUAL_LENGTH = 0.1  # greatest difference of the logarithms of two numbers of points that are equal
_COLUMNS = {"sheepness": "sheepness", "unseen": "never seen", "points": "points alone"}


@dataclass(frozen=True)
class ScoredDrawings:
    """Log odds of n drawings by a class head.

    Attributes:
        log_odds: (n,).
        points: (n,) number of points of each drawing in simplified form.
    """

    log_odds: Floats
    points: Ints


@dataclass(frozen=True)
class UnseenCategories:
    """AUROC of heads that were trained without the category that is measured.

    Attributes:
        by_category: AUROC of each category, by its index in the vocabulary.
        overall: AUROC of all categories together, the mean over the folds.
    """

    by_category: Mapping[int, float]
    overall: float


def auroc(positives: Floats, negatives: Floats) -> float:
    """Return the area under the ROC curve, from 0 to 1.

    Args:
        positives: (n,) scores of sheep.
        negatives: (m,) scores of other drawings.
    """
    labels = np.repeat([1, 0], [len(positives), len(negatives)])
    return float(roc_auc_score(labels, np.concatenate([positives, negatives])))


def auroc_of_equal_length(
    positives: Floats, negatives: Floats, n_points: Ints, m_points: Ints
) -> float:
    """Return the AUROC over pairs of drawings with about the same number of points.

    Args:
        positives: (n,) scores of sheep.
        negatives: (m,) scores of other drawings.
        n_points: (n,) numbers of points of the sheep.
        m_points: (m,) numbers of points of the other drawings.
    """
    pairs = np.abs(np.log(n_points[:, None] / m_points)) < EQUAL_LENGTH
    wins = np.sign(positives[:, None] - negatives) / 2 + 0.5  # a tie counts as half
    return float(wins[pairs].mean())


def auroc_of_nll(artist: Artist, sheep: Sequence[Drawing], others: Sequence[Drawing]) -> float:
    """Return the AUROC of the likelihood per point as a score, for comparison with a class head.

    Args:
        artist: measures the likelihood, with one latent per drawing.
        sheep: real sheep.
        others: drawings of other categories.
    """
    scores = []
    for drawings in (sheep, others):
        points = np.array([drawing.n_points for drawing in drawings])
        scores.append(-artist.nll(drawings, draws=1) / points)
    return auroc(*scores)


def measure_head(
    sheep: ScoredDrawings,
    others: ScoredDrawings,
    words: Ints,
    vocabulary: Sequence[str],
    unseen: UnseenCategories,
) -> dict[str, dict[str, float]]:
    """Return the AUROC by "sheepness", by "points" and by heads that had not "seen" the category.

    The rows, by name: all categories, pairs of equal length, `GROUPS`, the hardest categories.

    Args:
        sheep: real sheep that nothing was trained on.
        others: real drawings of other categories.
        words: (m,) index in the vocabulary of the category of each other drawing.
        vocabulary: the other categories; all have drawings, and those of `GROUPS` are among them.
        unseen: AUROC of the cross-validation.
    """
    lengths = sheep.points.astype(float), others.points.astype(float)

    def row(names: Sequence[str]) -> dict[str, float]:
        indices = [vocabulary.index(name) for name in names]
        rows = np.isin(words, indices)
        return {
            "sheepness": round(auroc(sheep.log_odds, others.log_odds[rows]), 3),
            "unseen": round(float(np.mean([unseen.by_category[i] for i in indices])), 3),
            "points": round(auroc(lengths[0], lengths[1][rows]), 3),
        }

    categories = {name: row([name]) for name in vocabulary}
    hardest = sorted(categories, key=lambda name: categories[name]["sheepness"])[:N_HARDEST]
    equal_length = {
        name: round(auroc_of_equal_length(*scores, sheep.points, others.points), 3)
        for name, scores in {
            "sheepness": (sheep.log_odds, others.log_odds),
            "points": lengths,
        }.items()
    }
    return {
        f"all {len(vocabulary)} other categories": row(vocabulary)
        | {"unseen": round(unseen.overall, 3)},
        "of those, as many points": equal_length,
        **{title: row(names.split(", ")) for title, names in GROUPS.items()},
        **{name: categories[name] for name in hardest},
    }


def auroc_table(figures: Mapping[str, Any]) -> str:
    """Return the figures of `measure_head` as a Markdown table."""
    lines = [f"| AUROC | {' | '.join(_COLUMNS.values())} |", "|---|" + "---|" * len(_COLUMNS)]
    for name, row in figures.items():
        cells = [f"{row[key]:.3f}" if key in row else "" for key in _COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
