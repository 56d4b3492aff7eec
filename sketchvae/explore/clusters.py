"""Clusters of drawings in the latent space, by HDBSCAN and by k-means, and their traits.

HDBSCAN (Campello et al. 2013) finds regions that are denser than their surroundings, if there are
any, and leaves the other drawings out. k-means divides all drawings into k clusters, whether they
are separate or not. The stability of a clustering shows how far it depends on chance.

Shape letters: B drawings, Z latent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.traits import TRAITS, traits
from sketchvae.explore.embedding import pca
from sketchvae.generate.parallel import one_thread
from sketchvae.polyline import Bools, Floats, Floats32

Labels = NDArray[np.intp]
_Divide = Callable[[Floats, int], Labels]  # components (B, D) and a seed to labels (B,)

MIN_DRAWINGS = 20  # number of drawings to cluster
MAX_K = 8  # greatest k of k-means that is tried
_MIN_CLUSTER_SIZE = 5  # drawings of a cluster of HDBSCAN
_MIN_CLUSTER_FRACTION = 0.01  # of all drawings, for a cluster of HDBSCAN
_MIN_VARIANCE = 0.1  # of the largest; components below belong to dimensions that a model ignores
_RESAMPLES = 10  # number of resamples for the stability
_RESAMPLED_FRACTION = 0.8  # of the drawings, in a resample
_MIN_EFFECT = 0.5  # Cohen's d of a trait that is named: a medium effect in Cohen (1988)
_MAX_TRAITS = 3  # traits named for a cluster


@dataclass(frozen=True)
class Clustering:
    """A division of drawings into clusters.

    Attributes:
        method: "HDBSCAN" or "k-means".
        labels: (B,) number of each drawing's cluster, from 0 for the largest; -1 for no cluster.
        stability: mean adjusted Rand index (Hubert & Arabie 1985) between this clustering and
            those of resamples: 1 if they are equal, 0 if they agree by chance. None if there are
            no two clusters.
    """

    method: str
    labels: Labels
    stability: float | None

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1


def cluster(latents: Floats32, k: int | None = None) -> tuple[Clustering, Clustering]:
    """Divide latents by HDBSCAN and by k-means; equal latents give equal clusters.

    Both methods get the principal components with at least a tenth of the variance of the first,
    because the others belong to dimensions that the model does not use.

    Args:
        latents: (B, Z), B >= 20.
        k: number of clusters of k-means, from 2 to B / 2; None for the most stable of 2 to 8.

    Returns:
        The clustering of HDBSCAN, and that of k-means.

    Raises:
        SketchvaeError: for too few drawings, or a k out of range.
    """
    n = len(latents)
    if n < MIN_DRAWINGS:
        raise SketchvaeError(f"clusters need at least {MIN_DRAWINGS} drawings, got {n}; add some")
    if k is not None and not 2 <= k <= n // 2:
        raise SketchvaeError(f"k must be from 2 to half of the {n} drawings, got {k}; try 4")
    components = pca(latents, latents.shape[1])
    variances = components.var(axis=0)
    used = components[:, variances >= _MIN_VARIANCE * variances[0]]
    with one_thread():
        hdbscan = _clustering("HDBSCAN", used, _hdbscan)
        sizes = [k] if k else range(2, MAX_K + 1)
        k_means = [_clustering("k-means", used, _k_means(size)) for size in sizes]
    return hdbscan, max(k_means, key=lambda c: (c.stability or 0.0, c.clusters))


def _hdbscan(components: Floats, _: int) -> Labels:
    from sklearn.cluster import HDBSCAN

    size = max(_MIN_CLUSTER_SIZE, round(_MIN_CLUSTER_FRACTION * len(components)))
    return np.asarray(HDBSCAN(min_cluster_size=size, copy=True).fit_predict(components))


def _k_means(k: int) -> _Divide:
    def divide(components: Floats, seed: int) -> Labels:
        from sklearn.cluster import KMeans

        return np.asarray(KMeans(k, n_init=4, random_state=seed).fit_predict(components))

    return divide


def _clustering(method: str, components: Floats, divide: _Divide) -> Clustering:
    """Divide all drawings, and for the stability ten resamples of 80 % of them."""
    from sklearn.metrics import adjusted_rand_score

    labels, rng = _largest_first(divide(components, 0)), np.random.default_rng(0)
    if labels.max() < 1:
        return Clustering(method, labels, None)
    scores = []
    for seed in range(1, _RESAMPLES + 1):
        rows = rng.choice(len(labels), round(_RESAMPLED_FRACTION * len(labels)), replace=False)
        scores.append(adjusted_rand_score(labels[rows], divide(components[rows], seed)))
    return Clustering(method, labels, float(np.mean(scores)))


def _largest_first(labels: Labels) -> Labels:
    """Return labels numbered by the size of their clusters, the largest 0; -1 stays."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    rank = np.empty_like(sizes)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.where(labels < 0, -1, rank[labels]).astype(np.intp)


# --- traits of a cluster ------------------------------------------------------------


@dataclass(frozen=True)
class EffectSize:
    """Difference in a trait between the drawings inside and outside of a cluster.

    Attributes:
        trait: name of the trait, a key of `TRAITS`.
        words: words for the side of the cluster, from `TRAITS`: "rounder" or "more jagged".
        inside: mean of the drawings in the cluster.
        outside: mean of all other drawings.
        cohens_d: difference of the means in pooled standard deviations (Cohen's d).
    """

    trait: str
    words: str
    inside: float
    outside: float
    cohens_d: float


def distinguishing_traits(drawings: Sequence[Drawing], inside: Bools) -> list[EffectSize]:
    """Return the traits in which some drawings differ most from the others, largest effect first.

    At most 3 traits are returned, each with a |Cohen's d| of 0.5 or more.

    Args:
        drawings: B drawings, of any size.
        inside: (B,) whether each drawing is in the cluster.
    """
    return _effect_sizes(traits([d.in_simplified_form() for d in drawings]), inside)


def _effect_sizes(measured: Floats, inside: Bools) -> list[EffectSize]:
    own, others = measured[inside], measured[~inside]
    if not len(own) or not len(others):
        return []
    squares = own.var(axis=0) * len(own) + others.var(axis=0) * len(others)
    spread = np.sqrt(squares / len(measured))
    means, rest = own.mean(axis=0), others.mean(axis=0)
    cohens_d = np.where(spread > 0, (means - rest) / np.where(spread > 0, spread, 1), 0)
    order = np.argsort(-np.abs(cohens_d), kind="stable")
    largest = [i for i in order if abs(cohens_d[i]) >= _MIN_EFFECT]
    names = list(TRAITS)
    return [
        EffectSize(
            names[i], TRAITS[names[i]][int(cohens_d[i] > 0)],
            float(means[i]), float(rest[i]), float(cohens_d[i]),
        )
        for i in largest[:_MAX_TRAITS]
    ]  # fmt: skip
