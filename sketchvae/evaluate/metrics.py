"""How far two sets of drawings are apart, as points in a space of features.

Rows of X and Y are drawings, columns features of like scale. X is what is judged (drawn),
Y what it is judged by (real).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp

from sketchvae.polyline import Floats

NEIGHBOURS = 5  # k of precision, recall, density and coverage
FARTHEST = 5.0  # standard deviations: a feature beyond is clipped


def standardised(x: Floats, real: Floats) -> Floats:
    """Centre and scale features by those of the real set, and clip them at 5."""
    spread = real.std(axis=0)
    scores: Floats = (x - real.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return scores.clip(-FARTHEST, FARTHEST)


def kolmogorov_smirnov(x: Floats, y: Floats) -> Floats:
    """Return the largest difference between the distributions of each feature, (columns,)."""
    return np.array(
        [ks_2samp(a, b, method="asymp").statistic for a, b in zip(x.T, y.T, strict=True)]
    )


def mmd2(x: Floats, y: Floats) -> float:
    """Return the squared maximum mean discrepancy (Gretton et al. 2012, eq. 3, unbiased).

    The mean over three Gaussian kernels, as wide as half, once and twice the median distance.
    """
    together = np.concatenate([x, y])
    distances = cdist(together, together)
    middle = float(np.median(distances[np.triu_indices(len(together), 1)]))
    kernel = np.zeros_like(distances)
    for width in (middle / 2, middle, middle * 2):
        kernel += np.exp(-(distances**2) / (2 * max(width, 1e-12) ** 2)) / 3
    n, m = len(x), len(y)
    among_x = (kernel[:n, :n].sum() - n) / (n * (n - 1))
    among_y = (kernel[n:, n:].sum() - m) / (m * (m - 1))
    return float(among_x + among_y - 2 * kernel[:n, n:].mean())


def nearest_neighbour_accuracy(x: Floats, y: Floats) -> float:
    """Return how often a drawing's nearest neighbour is of its own set; 0.5 is indistinguishable.

    Leave-one-out, over both sets (Lopez-Paz & Oquab 2017).
    """
    together = np.concatenate([x, y])
    own = np.arange(len(together)) < len(x)
    distances = cdist(together, together)
    np.fill_diagonal(distances, np.inf)
    return float((own[distances.argmin(axis=1)] == own).mean())


@dataclass(frozen=True)
class Coverage:
    """Whether drawings are like real ones, and whether all kinds of real ones are drawn.

    Precision and recall of Kynkaanniemi et al. 2019, density and coverage of Naeem et al.
    2020, with balls that reach to the 5th neighbour.
    """

    precision: float  # share of the drawn in a real one's ball
    recall: float  # share of the real in a drawn one's ball
    density: float  # real balls that a drawn one is in, over k; may pass 1
    coverage: float  # share of the real with a drawn one in their ball


def coverage(x: Floats, y: Floats) -> Coverage:
    """Compare drawn X with real Y; each of more than 5 rows."""
    between = cdist(x, y)
    real, drawn = _reach(y), _reach(x)
    in_real = between < real[None]
    return Coverage(
        precision=float(in_real.any(axis=1).mean()),
        recall=float((between < drawn[:, None]).any(axis=0).mean()),
        density=float(in_real.sum(axis=1).mean() / NEIGHBOURS),
        coverage=float(in_real.any(axis=0).mean()),
    )


def _reach(x: Floats) -> Floats:
    """Return the distance from each row to its 5th nearest neighbour."""
    reach: Floats = np.sort(cdist(x, x), axis=1)[:, NEIGHBOURS]
    return reach


def frechet(x: Floats, y: Floats) -> float:
    """Return the Frechet distance between normal distributions fitted to each set, squared.

    |mu_x - mu_y|^2 + tr(C_x + C_y - 2 (C_x C_y)^1/2) (Heusel et al. 2017). Falls with n:
    never compare across n.
    """
    c_x, c_y = np.cov(x.T), np.cov(y.T)
    # The eigenvalues of a product of two covariances are real and not negative.
    root = np.sqrt(np.linalg.eigvals(c_x @ c_y).real.clip(min=0)).sum()
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(c_x + c_y) - 2 * root)
