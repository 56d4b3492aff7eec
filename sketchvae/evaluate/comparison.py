"""Comparison of drawn with real drawings, beside that of real with real drawings: the floor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate import metrics
from sketchvae.evaluate.faults import FAULTS, fault_rates
from sketchvae.evaluate.features import FEATURES, features, rasters
from sketchvae.polyline import Floats

REPEATS = 40  # subsets that a comparison is averaged over
MIN_DRAWINGS = 20  # per side: with fewer, balls to the 5th neighbour mean nothing
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
    """A set of n drawings as features.

    Attributes:
        features: (n, 10), in the order of `FEATURES`.
        rasters: (n, 784).
        faults: (3,) fraction of the drawings with each of `FAULTS`; a subset keeps the fractions
            of the whole set.
    """

    features: Floats
    rasters: Floats
    faults: Floats

    def __len__(self) -> int:
        return len(self.features)

    def subset(self, rows: NDArray[np.intp]) -> "FeatureSet":
        """Return the drawings of these rows."""
        return FeatureSet(self.features[rows], self.rasters[rows], self.faults)


def measure(drawings: Sequence[Drawing]) -> FeatureSet:
    """Return the features of drawings, simplified once first so that all sets are alike in that."""
    simple = [drawing.simplified() for drawing in drawings]
    return FeatureSet(features(simple), rasters(simple), fault_rates(simple))


@dataclass(frozen=True)
class Comparison:
    """Distances of a set of drawings from the real set, over several random subsets.

    Attributes:
        mean: (10,) mean of each of `METRICS` over the subsets.
        std: (10,) standard deviation likewise.
        faults: (3,) fraction of the whole set with each of `FAULTS`.
        feature_means: (10,) means of the whole set, in the order of `FEATURES`.
        n: drawings per side of a subset.
    """

    mean: Floats
    std: Floats
    faults: Floats
    feature_means: Floats
    n: int

    def to_json(self) -> dict[str, object]:
        """Return all values by name."""
        values = zip(METRICS, self.mean, self.std, strict=True)
        return {
            "n": self.n,
            **{name: {"mean": float(mean), "spread": float(std)} for name, mean, std in values},
            "faults": dict(zip(FAULTS, map(float, self.faults), strict=True)),
            "feature means": dict(zip(FEATURES, map(float, self.feature_means), strict=True)),
        }


def compare(
    sets: Mapping[str, FeatureSet],
    floor: FeatureSet | None = None,
    n: int = 100,
    repeats: int = REPEATS,
) -> dict[str, Comparison]:
    """Compare sets of drawings with the real one; the comparison of the real one is the floor.

    Each repeat takes a random subset of either side. Features are standardised by all the real
    drawings.

    Args:
        sets: by name; the first one is real.
        floor: more real drawings, to compare the real ones with; None compares two halves of
            the real ones.
        n: drawings per side; fewer where a side has fewer.
        repeats: number of subsets.

    Raises:
        SketchvaeError: if a side has fewer than 20 drawings.
    """
    (real_name, real), *drawn = sets.items()
    half = len(real) // 2
    order = np.random.default_rng(0).permutation(len(real))
    halves = (real.subset(order[half:]), real.subset(order[:half]))
    sides = {real_name: halves if floor is None else (floor, real)}
    sides |= {name: (drawn_set, real) for name, drawn_set in drawn}
    for name, pair in sides.items():
        if (smaller := min(map(len, pair))) < MIN_DRAWINGS:
            raise SketchvaeError(
                f"{name}: comparing needs at least {MIN_DRAWINGS} drawings a side, "
                f"got {smaller}; add some"
            )
    return {name: _compare_pair(x, y, real, n, repeats) for name, (x, y) in sides.items()}


def reconstruction_rank(
    drawings: Sequence[Drawing], reconstructions: Sequence[Drawing]
) -> tuple[Floats, Floats]:
    """Rank the reconstruction of each drawing among all the other drawings, by distance.

    Args:
        drawings: n of them.
        reconstructions: one of each drawing, in the same order; empty where none ended.

    Returns:
        Fraction of the other drawings that are farther from the drawing than its reconstruction,
        (n,), once by features and once by rasters; 0 where none ended.
    """
    real, reconstructed = measure(drawings), measure(reconstructions)
    ended = np.array([bool(drawing.strokes) for drawing in reconstructions])
    by_features = _fraction_farther(
        metrics.standardised(real.features, real.features),
        metrics.standardised(reconstructed.features, real.features),
    )
    return by_features * ended, _fraction_farther(real.rasters, reconstructed.rasters) * ended


def _fraction_farther(x: Floats, reconstructed: Floats) -> Floats:
    """Return the fraction of the other rows that are farther than the reconstruction, (n,)."""
    own_distance = np.linalg.norm(x - reconstructed, axis=1)
    farther = cdist(x, x) > own_distance[:, None]
    np.fill_diagonal(farther, False)
    fractions: Floats = farther.sum(axis=1) / (len(x) - 1)
    return fractions


def _compare_pair(
    x: FeatureSet, y: FeatureSet, reference: FeatureSet, n: int, repeats: int
) -> Comparison:
    """Compare X with Y over random subsets; features are standardised by a reference set."""
    rng = np.random.default_rng(0)
    n = min(n, len(x), len(y))
    values = np.array(
        [
            _metrics(
                x.subset(rng.choice(len(x), n, replace=False)),
                y.subset(rng.choice(len(y), n, replace=False)),
                reference,
            )
            for _ in range(repeats)
        ]
    )
    return Comparison(values.mean(axis=0), values.std(axis=0), x.faults, x.features.mean(axis=0), n)


def _metrics(x: FeatureSet, y: FeatureSet, reference: FeatureSet) -> list[float]:
    """Return the values of `METRICS` for two sets."""
    a = metrics.standardised(x.features, reference.features)
    b = metrics.standardised(y.features, reference.features)
    coverage = metrics.coverage(a, b)
    return [
        float(metrics.kolmogorov_smirnov(x.features, y.features).mean()),
        metrics.mmd2(a, b) * 1e3,
        metrics.nearest_neighbour_accuracy(a, b),
        metrics.frechet(a, b),
        coverage.precision,
        coverage.recall,
        coverage.density,
        coverage.coverage,
        metrics.mmd2(x.rasters, y.rasters) * 1e3,
        metrics.nearest_neighbour_accuracy(x.rasters, y.rasters),
    ]
