"""Distances between two sets of drawings, given as points in a feature space.

Everywhere X, (n, D), is the set to be judged (drawn), Y, (m, D), the set that it is judged by
(real); a row is a drawing, and the D columns are features of similar scale.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp

from sketchvae.features import Z_SCORE_CLIP
from sketchvae.polyline import Floats

NEIGHBOURS = 5  # k of precision, recall, density and coverage


def standardised(x: Floats, reference: Floats) -> Floats:
    """Return z-scores: features in standard deviations of a reference set, clipped at 5.

    Args:
        x: (n, D) features.
        reference: (m, D) features whose means and standard deviations are used; a column that
            does not vary is only centred.
    """
    std = reference.std(axis=0)
    z_scores: Floats = (x - reference.mean(axis=0)) / np.where(std > 0, std, 1)
    return z_scores.clip(-Z_SCORE_CLIP, Z_SCORE_CLIP)


def kolmogorov_smirnov(x: Floats, y: Floats) -> Floats:
    """Return the Kolmogorov-Smirnov statistic of each feature, (D,), from 0 (equal) to 1.

    It is the greatest difference between two empirical distribution functions.

    Args:
        x: (n, D) features of the drawn.
        y: (m, D) features of the real.
    """
    columns = zip(x.T, y.T, strict=True)
    return np.array([ks_2samp(a, b, method="asymp").statistic for a, b in columns])


def mmd2(x: Floats, y: Floats) -> float:
    """Return the squared maximum mean discrepancy, unbiased: 0 on average for equal distributions.

    Gretton et al. 2012, "A Kernel Two-Sample Test", eq. 3, with the mean of three Gaussian
    kernels, whose widths are half, once and twice the median distance.

    Args:
        x: (n, D) features of the drawn, n >= 2.
        y: (m, D) features of the real, m >= 2.
    """
    both = np.concatenate([x, y])
    distances = cdist(both, both)
    median = float(np.median(distances[np.triu_indices(len(both), 1)]))
    kernel = np.zeros_like(distances)
    for width in (median / 2, median, median * 2):
        kernel += np.exp(-(distances**2) / (2 * max(width, 1e-12) ** 2)) / 3
    n, m = len(x), len(y)
    within_x = (kernel[:n, :n].sum() - n) / (n * (n - 1))
    within_y = (kernel[n:, n:].sum() - m) / (m * (m - 1))
    return float(within_x + within_y - 2 * kernel[:n, n:].mean())


def nearest_neighbour_accuracy(x: Floats, y: Floats) -> float:
    """Return the fraction of drawings whose nearest neighbour is of their own set; 0.5 is best.

    Leave-one-out 1-NN two-sample test over both sets: Lopez-Paz & Oquab 2017, "Revisiting
    Classifier Two-Sample Tests". 1 means that the sets are told apart, below 0.5 that X copies Y.

    Args:
        x: (n, D) features of the drawn.
        y: (m, D) features of the real, with m near n.
    """
    both = np.concatenate([x, y])
    is_x = np.arange(len(both)) < len(x)
    distances = cdist(both, both)
    np.fill_diagonal(distances, np.inf)
    return float((is_x[distances.argmin(axis=1)] == is_x).mean())


@dataclass(frozen=True)
class Coverage:
    """How realistic the drawn set is, and how much of the variety of the real set it has.

    A ball around a drawing reaches to its 5th nearest neighbour in its own set.
    """

    precision: float  # fraction of the drawn in a ball of a real one (Kynkaanniemi et al. 2019)
    recall: float  # fraction of the real in a ball of a drawn one (Kynkaanniemi et al. 2019)
    density: float  # mean number of real balls around a drawn one, over 5 (Naeem et al. 2020)
    coverage: float  # fraction of the real balls with a drawn one inside (Naeem et al. 2020)


def coverage(x: Floats, y: Floats) -> Coverage:
    """Return precision and recall, density and coverage.

    Kynkaanniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative
    Models"; Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models".

    Args:
        x: (n, D) features of the drawn, n > 5.
        y: (m, D) features of the real, m > 5.
    """
    distances = cdist(x, y)
    in_real_ball = distances < _ball_radii(y)[None]
    in_drawn_ball = distances < _ball_radii(x)[:, None]
    return Coverage(
        precision=float(in_real_ball.any(axis=1).mean()),
        recall=float(in_drawn_ball.any(axis=0).mean()),
        density=float(in_real_ball.sum(axis=1).mean() / NEIGHBOURS),
        coverage=float(in_real_ball.any(axis=0).mean()),
    )


def _ball_radii(x: Floats) -> Floats:
    """Return the distance from each row to its 5th nearest neighbour, (n,)."""
    radii: Floats = np.sort(cdist(x, x), axis=1)[:, NEIGHBOURS]
    return radii


def frechet(x: Floats, y: Floats) -> float:
    """Return the squared Frechet distance between the normal distributions fitted to two sets.

    |mu_x - mu_y|^2 + tr(C_x + C_y - 2 (C_x C_y)^1/2): Heusel et al. 2017 (FID). It falls with
    the size of the sets, so figures of different sizes do not compare.

    Args:
        x: (n, D) features of the drawn, n >= 2.
        y: (m, D) features of the real, m >= 2.
    """
    c_x, c_y = np.cov(x.T), np.cov(y.T)
    # The eigenvalues of a product of two covariances are real and not negative.
    trace_of_root = np.sqrt(np.linalg.eigvals(c_x @ c_y).real.clip(min=0)).sum()
    means = float(((x.mean(0) - y.mean(0)) ** 2).sum())
    return float(means + np.trace(c_x + c_y) - 2 * trace_of_root)


def kernel_distance(x: Floats, y: Floats) -> float:
    """Return the kernel distance of two sets of embeddings, unbiased: 0 on average for equal sets.

    The squared MMD with the polynomial kernel (x y / D + 1)^3: Binkowski et al. 2018, "Demystifying
    MMD GANs" (KID). Its scale is that of the network, so figures of two networks do not compare.

    Args:
        x: (n, D) embeddings of the drawn, n >= 2.
        y: (m, D) embeddings of the real, m >= 2.
    """

    def mean_kernel(a: Floats, b: Floats, pairs: int) -> float:
        kernel = (a @ b.T / a.shape[1] + 1) ** 3
        own = np.trace(kernel) if a is b else 0.0
        return float((kernel.sum() - own) / pairs)

    n, m = len(x), len(y)
    within = mean_kernel(x, x, n * (n - 1)) + mean_kernel(y, y, m * (m - 1))
    return within - 2 * mean_kernel(x, y, n * m)
