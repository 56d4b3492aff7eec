"""Comparison of drawn with real drawings, beside that of real with real drawings: the floor.

Drawings are compared three ways: by ten features of their lines, by their bitmaps, and by what a
network sees in these. Real drawings that are known as bitmaps only are compared by the latter two.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from sketchvae.bitmaps import Bitmaps, bitmaps, blurred
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate import metrics
from sketchvae.evaluate.classifier import embeddings, shipped_classifier
from sketchvae.faults import FAULTS, fault_rates
from sketchvae.features import FEATURES, features
from sketchvae.polyline import Bools, Floats

REPEATS = 40  # subsets that a comparison is averaged over
MIN_DRAWINGS = 20  # per side: with fewer, balls to the 5th neighbour mean nothing
MAX_BITMAPS = 300  # per side of a comparison with real bitmaps
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
    "KID x1e3",
)
BITMAP_METRICS = ("bitmap MMD2 x1e3", "bitmap 1-NN", "bitmap KID x1e3")


@dataclass(frozen=True)
class ImageSet:
    """A set of n drawings as pictures.

    Attributes:
        rasters: (n, 784) blurred bitmaps, 0 to 1.
        embeddings: (n, D) of the classifier "judge".
        named: (n,) whether that classifier names a drawing by the word of the comparison first.
    """

    rasters: Floats
    embeddings: Floats
    named: Bools

    def __len__(self) -> int:
        return len(self.rasters)

    def subset(self, rows: NDArray[np.intp]) -> "ImageSet":
        """Return the drawings of these rows."""
        return ImageSet(self.rasters[rows], self.embeddings[rows], self.named[rows])


@dataclass(frozen=True)
class FeatureSet:
    """A set of n drawings as features and as pictures.

    Attributes:
        features: (n, 10), in the order of `FEATURES`.
        images: n of them.
        faults: (3,) fraction of the drawings with each of `FAULTS`; a subset keeps the fractions
            of the whole set.
    """

    features: Floats
    images: ImageSet
    faults: Floats

    def __len__(self) -> int:
        return len(self.features)

    def subset(self, rows: NDArray[np.intp]) -> "FeatureSet":
        """Return the drawings of these rows."""
        return FeatureSet(self.features[rows], self.images.subset(rows), self.faults)


AnySet = TypeVar("AnySet", FeatureSet, ImageSet)


def measure(drawings: Sequence[Drawing], word: str = "sheep") -> FeatureSet:
    """Return the features of drawings, simplified once first so that all sets are alike in that.

    Args:
        drawings: n of them.
        word: of the drawings.
    """
    simple = [drawing.simplified() for drawing in drawings]
    return FeatureSet(features(simple), measure_images(bitmaps(simple), word), fault_rates(simple))


def measure_images(images: Bitmaps, word: str = "sheep") -> ImageSet:
    """Return bitmaps as a comparison sees them.

    Args:
        images: (n, 28, 28).
        word: of the drawings; none is named by a word that the classifier does not know.
    """
    judge = shipped_classifier("judge")
    seen, log_probabilities = embeddings(judge, images)
    first = np.array(judge.words)[log_probabilities.argmax(axis=1)] if len(images) else np.array([])
    return ImageSet(blurred(images), seen.astype(np.float64), first == word)


@dataclass(frozen=True)
class Comparison:
    """Distances of a set of drawings from the real set, over several random subsets.

    Attributes:
        metrics: mean and standard deviation over the subsets, by the names in `METRICS`, and in
            `BITMAP_METRICS` where there are real bitmaps.
        faults: (3,) fraction of the whole set with each of `FAULTS`.
        named: fraction of the whole set that is named by its word first.
        feature_means: (10,) means of the whole set, in the order of `FEATURES`.
        n: drawings per side of a subset.
    """

    metrics: Mapping[str, tuple[float, float]]
    faults: Floats
    named: float
    feature_means: Floats
    n: int

    def to_json(self) -> dict[str, object]:
        """Return all values by name."""
        return {
            "n": self.n,
            **{name: {"mean": m, "spread": s} for name, (m, s) in self.metrics.items()},
            "faults": dict(zip(FAULTS, map(float, self.faults), strict=True)),
            "named first": self.named,
            "feature means": dict(zip(FEATURES, map(float, self.feature_means), strict=True)),
        }


def compare(
    sets: Mapping[str, FeatureSet],
    floor: FeatureSet | None = None,
    n: int = 100,
    repeats: int = REPEATS,
    real_images: ImageSet | None = None,
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
        real_images: real drawings that are known as bitmaps only, to compare the sets with as well.

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
    comparisons = {}
    for name, (x, y) in sides.items():
        values = _over_subsets(x, y, n, repeats, lambda a, b: _metrics(a, b, real))
        if real_images is not None:
            values |= _over_subsets(x.images, real_images, MAX_BITMAPS, repeats, _bitmap_metrics)
        comparisons[name] = Comparison(
            values,
            x.faults,
            float(x.images.named.mean()),
            x.features.mean(axis=0),
            min(n, len(x), len(y)),
        )
    return comparisons


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
    by_rasters = _fraction_farther(real.images.rasters, reconstructed.images.rasters)
    return by_features * ended, by_rasters * ended


def _fraction_farther(x: Floats, reconstructed: Floats) -> Floats:
    """Return the fraction of the other rows that are farther than the reconstruction, (n,)."""
    own_distance = np.linalg.norm(x - reconstructed, axis=1)
    farther = cdist(x, x) > own_distance[:, None]
    np.fill_diagonal(farther, False)
    fractions: Floats = farther.sum(axis=1) / (len(x) - 1)
    return fractions


def _over_subsets(
    x: AnySet, y: AnySet, n: int, repeats: int, values: Callable[[AnySet, AnySet], dict[str, float]]
) -> dict[str, tuple[float, float]]:
    """Return the mean and the standard deviation of each value over random subsets of n."""
    rng = np.random.default_rng(0)
    n = min(n, len(x), len(y))
    rows = [
        values(
            x.subset(rng.choice(len(x), n, replace=False)),
            y.subset(rng.choice(len(y), n, replace=False)),
        )
        for _ in range(repeats)
    ]
    by_name = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {name: (float(all_.mean()), float(all_.std())) for name, all_ in by_name.items()}


def _metrics(x: FeatureSet, y: FeatureSet, reference: FeatureSet) -> dict[str, float]:
    """Return the values of `METRICS`; features are standardised by a reference set."""
    a = metrics.standardised(x.features, reference.features)
    b = metrics.standardised(y.features, reference.features)
    coverage = metrics.coverage(a, b)
    values = (
        float(metrics.kolmogorov_smirnov(x.features, y.features).mean()),
        metrics.mmd2(a, b) * 1e3,
        metrics.nearest_neighbour_accuracy(a, b),
        metrics.frechet(a, b),
        coverage.precision,
        coverage.recall,
        coverage.density,
        coverage.coverage,
        *_image_metrics(x.images, y.images),
    )
    return dict(zip(METRICS, values, strict=True))


def _bitmap_metrics(x: ImageSet, y: ImageSet) -> dict[str, float]:
    return dict(zip(BITMAP_METRICS, _image_metrics(x, y), strict=True))


def _image_metrics(x: ImageSet, y: ImageSet) -> tuple[float, float, float]:
    """Return MMD2 x1e3 and 1-NN of the rasters, and the KID x1e3 of the embeddings."""
    return (
        metrics.mmd2(x.rasters, y.rasters) * 1e3,
        metrics.nearest_neighbour_accuracy(x.rasters, y.rasters),
        metrics.kernel_distance(x.embeddings, y.embeddings) * 1e3,
    )
