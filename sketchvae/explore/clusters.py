"""Clusters of drawings in the latent space: by density, and around centres beside it.

HDBSCAN (Campello et al. 2013) finds regions that are denser than what lies between them, if
there are any, and leaves the rest out; k-means divides everything, whether it falls apart or not.
How much of either is the drawings' own and how much chance, the stability tells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.traits import TRAITS, traits
from sketchvae.explore.embedding import pca
from sketchvae.polyline import Floats, Floats32

Labels = NDArray[np.intp]
_Divide = Callable[[Floats, int], Labels]

FEWEST = 20  # drawings to cluster
SMALLEST = 5  # drawings of a cluster by density
MOST = 8  # clusters of k-means that are tried
_SHARE = 0.01  # of the drawings that a cluster by density has at least
_USED = 0.1  # of the largest variance: components below are of idle dimensions
_RESAMPLES, _KEPT = 10, 0.8  # how often, and which share of the drawings
_MATTERS = 0.5  # standard deviations: what sets a cluster apart (medium in Cohen 1988)
_NAMED = 3  # traits of a cluster


@dataclass(frozen=True)
class Clustering:
    """One way to divide drawings.

    Attributes:
        method: "HDBSCAN" or "k-means".
        labels: (B,) the cluster of each, from 0, the largest first; -1 for those in none.
        stability: mean adjusted Rand index (Hubert & Arabie 1985) between this clustering and
            those of resamples; 1 is the same every time, 0 chance. None without clusters.
    """

    method: str
    labels: Labels
    stability: float | None

    @property
    def clusters(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1


def cluster(latents: Floats32, k: int | None = None) -> tuple[Clustering, Clustering]:
    """Divide latents, (B, Z), by density and around k centres. The same every time.

    Both see the principal components with at least a tenth of the variance of the first: the
    others are of dimensions that the model does not use.

    Args:
        latents: of 20 drawings or more.
        k: clusters of k-means; None for the most stable of 2 to 8.

    Raises:
        SketchvaeError: for too few drawings, or a k out of range.
    """
    from threadpoolctl import threadpool_limits

    n = len(latents)
    if n < FEWEST:
        raise SketchvaeError(f"clusters need at least {FEWEST} drawings, got {n}; add some")
    if k is not None and not 2 <= k <= n // 2:
        raise SketchvaeError(f"k must be from 2 to half of the {n} drawings, got {k}; try 4")
    components = pca(latents, latents.shape[1])
    variances = components.var(axis=0)
    used = components[:, variances >= _USED * variances[0]]
    with threadpool_limits(1):  # threads that wait for each other stand still on a busy machine
        by_density = _judged("HDBSCAN", used, _by_density)
        around = [_judged("k-means", used, _around(c)) for c in ([k] if k else range(2, MOST + 1))]
    return by_density, max(around, key=lambda found: (found.stability or 0.0, found.clusters))


def _by_density(components: Floats, _: int) -> Labels:
    from sklearn.cluster import HDBSCAN

    smallest = max(SMALLEST, round(_SHARE * len(components)))
    return np.asarray(HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(components))


def _around(k: int) -> _Divide:
    def divide(components: Floats, seed: int) -> Labels:
        from sklearn.cluster import KMeans

        return np.asarray(KMeans(k, n_init=4, random_state=seed).fit_predict(components))

    return divide


def _judged(method: str, components: Floats, divide: _Divide) -> Clustering:
    """Divide all drawings, and some of them again and again; compare on those."""
    from sklearn.metrics import adjusted_rand_score

    labels, rng = _largest_first(divide(components, 0)), np.random.default_rng(0)
    if labels.max() < 1:
        return Clustering(method, labels, None)
    scores = []
    for seed in range(1, _RESAMPLES + 1):
        some = rng.choice(len(labels), round(_KEPT * len(labels)), replace=False)
        scores.append(adjusted_rand_score(labels[some], divide(components[some], seed)))
    return Clustering(method, labels, float(np.mean(scores)))


def _largest_first(labels: Labels) -> Labels:
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    rank = np.empty_like(sizes)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.where(labels < 0, -1, rank[labels]).astype(np.intp)


# --- what they are ------------------------------------------------------------------


@dataclass(frozen=True)
class EffectSize:
    """A trait by which a cluster differs from all other drawings.

    Attributes:
        trait: one of `TRAITS`.
        words: what it is to have more or less of it.
        inside, outside: means.
        cohens_d: the difference of the means in pooled standard deviations.
    """

    trait: str
    words: str
    inside: float
    outside: float
    cohens_d: float


def distinguishing_traits(
    drawings: Sequence[Drawing], inside: NDArray[np.bool_]
) -> list[EffectSize]:
    """Say by which traits some drawings differ from the others, the clearest first.

    At most 3, each by half a standard deviation or more.

    Args:
        drawings: B of them, of any size.
        inside: (B,) which.
    """
    return _apart(traits([d.in_simplified_form() for d in drawings]), inside)


def _apart(measured: Floats, inside: NDArray[np.bool_]) -> list[EffectSize]:
    own, others = measured[inside], measured[~inside]
    if not len(own) or not len(others):
        return []
    squares = own.var(axis=0) * len(own) + others.var(axis=0) * len(others)
    spread = np.sqrt(squares / len(measured))
    means, rest = own.mean(axis=0), others.mean(axis=0)
    away = np.where(spread > 0, (means - rest) / np.where(spread > 0, spread, 1), 0)
    clearest = [i for i in np.argsort(-np.abs(away), kind="stable") if abs(away[i]) >= _MATTERS]
    names = list(TRAITS)
    return [
        EffectSize(
            names[i], TRAITS[names[i]][int(away[i] > 0)],
            float(means[i]), float(rest[i]), float(away[i]),
        )
        for i in clearest[:_NAMED]
    ]  # fmt: skip
