"""Choose among drawings that a model drew, so that what is left is like real ones.

    python scripts/choose.py DRAWN.drawings REAL.drawings OUT.drawings

A logistic regression learns to tell real from drawn by the ten features and the three faults
of `sketchvae.evaluate`; its odds are the ratio of the two densities (Sugiyama et al. 2012, ch. 4).
Each drawn one is kept with a chance in proportion to that ratio. Training splits alone are read.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from sketchvae.data.dataset import open_packed, pack
from sketchvae.drawing import Drawing
from sketchvae.evaluate.faults import faults
from sketchvae.evaluate.features import features

Floats = NDArray[np.float64]

SURE = 0.9  # quantile of the ratio from which on every drawing is kept


def measured(drawings: Sequence[Drawing]) -> Floats:
    """Return what the two are told apart by, (n, 15)."""
    ten = features(drawings)
    logs = np.log1p(ten[:, [0, 3]])  # points and ink: their tails are long
    three = np.array([faults(drawing) for drawing in drawings], dtype=np.float64)
    return np.concatenate([ten, logs, three], axis=1)


def main() -> None:
    drawn_set, real_set = open_packed(Path(sys.argv[1])), open_packed(Path(sys.argv[2]))
    drawn = [drawn_set[i] for i in drawn_set.split("train")]
    real = [real_set[i] for i in real_set.split("train")]
    x, r = measured(drawn), measured(real)
    scaler = StandardScaler().fit(x)
    x, r = scaler.transform(x).clip(-4, 4), scaler.transform(r).clip(-4, 4)
    labels = np.repeat([0, 1], [len(x), len(r)])
    model = LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced")
    model.fit(np.concatenate([x, r]), labels)
    odds = model.decision_function(np.concatenate([x, r]))
    ratio = np.exp(odds[: len(x)])
    chance = np.minimum(1, ratio / np.quantile(ratio, SURE))
    kept = np.random.default_rng(0).random(len(x)) < chance
    out = Path(sys.argv[3])
    chosen = [drawn[i] for i in np.flatnonzero(kept)]
    pack(chosen, out, sources=drawn_set.sources, fractions=drawn_set.fractions)
    print(f"real from drawn: AUROC {roc_auc_score(labels, odds):.3f} on what it was fitted to")
    means = [np.mean([d.n_points for d in some]) for some in (drawn, chosen, real)]
    print(f"{out}: {len(chosen)} of {len(drawn)}; points before, after, real: {np.round(means, 1)}")


if __name__ == "__main__":
    main()
