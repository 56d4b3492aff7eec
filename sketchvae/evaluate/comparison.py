"""The comparison of drawn with real drawings, always beside that of real with real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate import metrics as distances
from sketchvae.evaluate.faults import FAULTS, fault_shares
from sketchvae.evaluate.features import FEATURES, features, rasters
from sketchvae.polyline import Floats

DRAWS = 40
FEWEST = 20  # drawings on a side: balls to the 5th neighbour mean nothing among fewer
METRICS = (
    "KS",
    "MMD2 x1e3",
    "1-NN",
    "Frechet",
    "precision",
    "recall",
    "density",
    "coverage",
    "raster MMD2 x1e3",
    "raster 1-NN",
)


@dataclass(frozen=True)
class FeatureSet:
    """A set of drawings, brought into simplified form once and measured.

    Attributes:
        features: (n, 10).
        rasters: (n, 784).
        faults: (3,) shares of all the drawings that were measured, by `FAULTS`; `some` keeps them.
    """

    features: Floats
    rasters: Floats
    faults: Floats

    def __len__(self) -> int:
        return len(self.features)

    def some(self, rows: NDArray[np.intp]) -> "FeatureSet":
        """Return these drawings alone."""
        return FeatureSet(self.features[rows], self.rasters[rows], self.faults)


def measure(drawings: Sequence[Drawing]) -> FeatureSet:
    """Put drawings through the simplification once, as every set must be, and measure them."""
    simple = [drawing.simplified() for drawing in drawings]
    return FeatureSet(features(simple), rasters(simple), fault_shares(simple))


@dataclass(frozen=True)
class Row:
    """How one set compares with the real one: mean and spread over the draws.

    Attributes:
        mean, spread: (10,), by `METRICS`.
        faults: (3,), by `FAULTS`.
        means: (10,) means of the features, by `FEATURES`.
        n: drawings on each side of a draw.
    """

    mean: Floats
    spread: Floats
    faults: Floats
    means: Floats
    n: int

    def to_json(self) -> dict[str, object]:
        """Return everything by name."""
        figures = zip(METRICS, self.mean, self.spread, strict=True)
        return {
            "n": self.n,
            **{name: {"mean": float(m), "spread": float(s)} for name, m, s in figures},
            "faults": dict(zip(FAULTS, map(float, self.faults), strict=True)),
            "feature means": dict(zip(FEATURES, map(float, self.means), strict=True)),
        }


def compare(
    sets: Mapping[str, FeatureSet],
    others: FeatureSet | None = None,
    n: int = 100,
    draws: int = DRAWS,
) -> dict[str, Row]:
    """Compare sets of drawings with the real one; that one's row is the floor.

    Each draw takes n drawings of either side anew. Features are put to the scale of all
    the real drawings.

    Args:
        sets: by name; the first is real, the others are judged by it.
        others: more real drawings, for the floor; None halves the real ones, and n with them.
        n: drawings on each side; fewer where there are not as many.
        draws: how often.

    Raises:
        SketchvaeError: if a side has fewer than 20 drawings.
    """
    (first, real), *drawn = sets.items()
    half = len(real) // 2
    order = np.random.default_rng(0).permutation(len(real))
    floor = (real.some(order[half:]), real.some(order[:half])) if others is None else (others, real)
    rows = {first: floor, **{name: (measured, real) for name, measured in drawn}}
    for name, sides in rows.items():
        if (fewest := min(map(len, sides))) < FEWEST:
            raise SketchvaeError(
                f"{name}: comparing needs at least {FEWEST} drawings a side, got {fewest}; add some"
            )
    return {name: _row(x, y, real, n, draws) for name, (x, y) in rows.items()}


def reconstruction_rank(
    drawings: Sequence[Drawing], reconstructions: Sequence[Drawing]
) -> tuple[Floats, Floats]:
    """Say how near drawings are to their own reconstructions, in feature and raster space.

    Args:
        drawings: n of them.
        reconstructions: one of each, in the same order; an empty one never ended.

    Returns:
        For each drawing the share of the other drawings that are farther from it than its
        own reconstruction is, (n,), by features and by rasters; 0 for one that did not end.
    """
    real, again = measure(drawings), measure(reconstructions)
    ended = np.array([bool(drawing.strokes) for drawing in reconstructions])
    scaled = [distances.standardised(side.features, real.features) for side in (real, again)]
    return _shares(*scaled) * ended, _shares(real.rasters, again.rasters) * ended


def _shares(x: Floats, own: Floats) -> Floats:
    to_own = np.linalg.norm(x - own, axis=1)
    farther = cdist(x, x) > to_own[:, None]
    np.fill_diagonal(farther, False)
    shares: Floats = farther.sum(axis=1) / (len(x) - 1)
    return shares


def _row(x: FeatureSet, y: FeatureSet, scale: FeatureSet, n: int, draws: int) -> Row:
    rng = np.random.default_rng(0)
    n = min(n, len(x), len(y))
    figures = np.array(
        [
            _figures(
                x.some(rng.choice(len(x), n, replace=False)),
                y.some(rng.choice(len(y), n, replace=False)),
                scale,
            )
            for _ in range(draws)
        ]
    )
    return Row(figures.mean(axis=0), figures.std(axis=0), x.faults, x.features.mean(axis=0), n)


def _figures(x: FeatureSet, y: FeatureSet, scale: FeatureSet) -> list[float]:
    a = distances.standardised(x.features, scale.features)
    b = distances.standardised(y.features, scale.features)
    kinds = distances.coverage(a, b)
    return [
        float(distances.kolmogorov_smirnov(x.features, y.features).mean()),
        distances.mmd2(a, b) * 1e3,
        distances.nearest_neighbour_accuracy(a, b),
        distances.frechet(a, b),
        kinds.precision,
        kinds.recall,
        kinds.density,
        kinds.coverage,
        distances.mmd2(x.rasters, y.rasters) * 1e3,
        distances.nearest_neighbour_accuracy(x.rasters, y.rasters),
    ]
