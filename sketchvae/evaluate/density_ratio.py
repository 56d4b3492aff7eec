"""How much likelier each drawn drawing is among real ones: a density ratio, by classifiers.

A logistic regression that tells real from drawn ones has log odds equal to log p_real / p_drawn
(Sugiyama, Suzuki and Kanamori, "Density Ratio Estimation in Machine Learning", 2012, ch. 4).
Keeping each drawn one in proportion to that ratio leaves drawings that are spread as real ones are
(rejection sampling). A few hundred real drawings settle only a strongly penalised regression, and
real drawings may be known to one view (bitmaps) and not to another (strokes): so each `View` has a
regression of its own, and each sees the drawn ones weighted by the ratio of those before it.
Shape letters: N drawn, M real, D columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.evaluate.metrics import Z_SCORE_CLIP
from sketchvae.polyline import Floats, Ints

PENALTY = 3e-3  # on half the squared weights, beside the mean loss; 1e-3 to 3e-2 are as good
CAP = 0.98  # quantile of the ratio, above which it counts no more


@dataclass(frozen=True)
class View:
    """What is measured of drawn and real drawings.

    Attributes:
        drawn: (N, D) of the drawn, the same ones in all views.
        real: (M, D) of the real; other views may know more or fewer of them.
    """

    drawn: Floats
    real: Floats


def log_density_ratio(views: Sequence[View], penalty: float = PENALTY) -> Floats:
    """Return log p_real / p_drawn of each drawn one, (N,), up to a constant.

    Args:
        views: one or more; each mends what those before it left.
        penalty: of the regressions.
    """
    log_ratio = np.zeros(len(views[0].drawn))
    for view in views:
        log_ratio += _log_odds(view, capped_weights(log_ratio), penalty)
    return log_ratio


def capped_weights(log_ratio: Floats) -> Floats:
    """Return exp(log_ratio), cut off at its 98th percentile, with the sum 1, (N,).

    Args:
        log_ratio: (N,).
    """
    weights = np.exp(np.minimum(log_ratio, np.quantile(log_ratio, CAP)) - log_ratio.max())
    normalised: Floats = weights / weights.sum()
    return normalised


def resample(log_ratio: Floats, size: int, seed: int) -> Ints:
    """Return indices of about `size` drawn ones, each as often as its ratio deserves.

    Args:
        log_ratio: (N,).
        size: number of indices; a drawing of a high ratio may come several times.
        seed: of the remainders, which are rounded at random.
    """
    copies = capped_weights(log_ratio) * size + np.random.default_rng(seed).random(len(log_ratio))
    return np.repeat(np.arange(len(log_ratio)), copies.astype(np.int64))


def acceptance_rate(log_ratio: Floats) -> float:
    """Return the fraction of the drawn that plain rejection would keep, 0 to 1."""
    weights = capped_weights(log_ratio)
    return float(weights.mean() / weights.max())


def principal_components(view: View, n: int) -> View:
    """Return the first principal components of a view; their axes are those of the drawn.

    Args:
        view: of any number of columns.
        n: number of components; fewer where there are fewer columns or drawn ones.
    """
    from sklearn.decomposition import PCA

    pca = PCA(min(n, *view.drawn.shape), random_state=0).fit(view.drawn[:10_000])
    return View(pca.transform(view.drawn), pca.transform(view.real))


def _log_odds(view: View, weights: Floats, penalty: float) -> Floats:
    """Fit one regression to the drawn, with weights of the sum 1, and the real; return (N,)."""
    from sklearn.linear_model import LogisticRegression

    mean = weights @ view.drawn
    std = np.sqrt(weights @ (view.drawn - mean) ** 2)
    drawn, real = (_with_squares((x - mean) / np.where(std > 0, std, 1)) for x in _sides(view))
    # Each side weighs 1/2 whatever its size; sklearn's C is the inverse of the penalty then.
    sides = [weights / 2, np.full(len(real), 0.5 / len(real))]
    regression = LogisticRegression(C=1 / penalty, max_iter=1000, tol=1e-5)
    labels = np.repeat([0, 1], [len(drawn), len(real)])
    regression.fit(np.concatenate([drawn, real]), labels, sample_weight=np.concatenate(sides))
    odds: Floats = regression.decision_function(drawn)
    return odds


def _sides(view: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.asarray(view.drawn, np.float64), np.asarray(view.real, np.float64)


def _with_squares(z: Floats) -> Floats:
    """Return z-scores, clipped at 5, and half their squares: mean and spread are both judged."""
    z = z.clip(-Z_SCORE_CLIP, Z_SCORE_CLIP)
    return np.concatenate([z, z**2 / 2], axis=1)
