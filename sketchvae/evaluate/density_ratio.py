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

from sketchvae.features import Z_SCORE_CLIP
from sketchvae.model.density_ratio import Regression, with_squares
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

    def along(self, axes: Floats) -> "View":
        """Return the view along some directions in the space of its columns.

        Args:
            axes: (C, D).
        """
        return View(self.drawn @ axes.T, self.real @ axes.T)


def log_density_ratio(views: Sequence[View], penalty: float = PENALTY) -> Floats:
    """Return log p_real / p_drawn of each drawn one, (N,), up to a constant.

    Args:
        views: one or more; each mends what those before it left.
        penalty: of the regressions.
    """
    return _sum_of_log_odds(fit_regressions(views, penalty), views)


def fit_regressions(views: Sequence[View], penalty: float = PENALTY) -> list[Regression]:
    """Return a regression for each view, whose log odds add up to log p_real / p_drawn.

    Args:
        views: as for `log_density_ratio`.
        penalty: of the regressions.
    """
    regressions: list[Regression] = []
    for view in views:
        log_ratio = _sum_of_log_odds(regressions, views)
        regressions.append(_regression(view, capped_weights(log_ratio), penalty))
    return regressions


def log_bound(log_ratio: Floats) -> float:
    """Return the logarithm of the ratio above which it counts no more: its 98th percentile."""
    return float(np.quantile(log_ratio, CAP))


def capped_weights(log_ratio: Floats) -> Floats:
    """Return exp(log_ratio), cut off at its 98th percentile, with the sum 1, (N,).

    Args:
        log_ratio: (N,).
    """
    weights = np.exp(np.minimum(log_ratio, log_bound(log_ratio)) - log_ratio.max())
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


def principal_axes(view: View, n: int) -> Floats:
    """Return the directions of the first principal components of the drawn, (n, D).

    Args:
        view: of D columns.
        n: number of components; fewer where there are fewer columns or drawn ones.
    """
    from sklearn.decomposition import PCA

    pca = PCA(min(n, *view.drawn.shape), random_state=0).fit(view.drawn[:10_000])
    axes: Floats = pca.components_
    return axes


def _sum_of_log_odds(regressions: Sequence[Regression], views: Sequence[View]) -> Floats:
    """Return the sum of the log odds of the drawn by the first regressions, (N,)."""
    log_odds = np.zeros(len(views[0].drawn))
    for regression, view in zip(regressions, views, strict=False):
        log_odds += regression.log_odds(view.drawn)
    return log_odds


def _regression(view: View, weights: Floats, penalty: float) -> Regression:
    """Fit one regression to the drawn, with weights of the sum 1, and the real."""
    from sklearn.linear_model import LogisticRegression

    mean = weights @ view.drawn
    std = np.sqrt(weights @ (view.drawn - mean) ** 2)
    std = np.where(std > 0, std, 1)
    sides = [((x - mean) / std).clip(-Z_SCORE_CLIP, Z_SCORE_CLIP) for x in (view.drawn, view.real)]
    # Each side weighs 1/2 whatever its size; sklearn's C is the inverse of the penalty then.
    n_drawn, n_real = len(view.drawn), len(view.real)
    shares = np.concatenate([weights / 2, np.full(n_real, 0.5 / n_real)])
    fitted = LogisticRegression(C=1 / penalty, max_iter=1000, tol=1e-5)
    labels = np.repeat([0, 1], [n_drawn, n_real])
    fitted.fit(with_squares(np.concatenate(sides)), labels, sample_weight=shares)
    coefficients = np.append(fitted.coef_[0], fitted.intercept_)
    return Regression(np.diag(1 / std), mean / std, coefficients)
