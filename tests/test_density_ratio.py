"""The density ratio, where it is known: between normal distributions."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from sketchvae.evaluate.density_ratio import (
    View,
    acceptance_rate,
    capped_weights,
    fit_regressions,
    log_bound,
    log_density_ratio,
    principal_axes,
    resample,
)
from sketchvae.model.density_ratio import DensityRatio
from sketchvae.polyline import Floats

MEAN, STD = 0.5, 0.8  # of the real ones; those of the drawn are 0 and 1


@pytest.fixture(scope="module")
def drawn() -> Floats:
    return np.random.default_rng(1).standard_normal((4000, 2))


def real_like(drawn: Floats) -> Floats:
    """Real ones differ in the first column; the second is the same."""
    real = np.random.default_rng(2).standard_normal((1500, drawn.shape[1]))
    real[:, 0] = MEAN + STD * real[:, 0]
    return real


def test_ratio_is_that_of_two_normal_distributions(drawn: Floats) -> None:
    logs = log_density_ratio([View(drawn, real_like(drawn))], penalty=1e-4)
    true = norm.logpdf(drawn[:, 0], MEAN, STD) - norm.logpdf(drawn[:, 0])
    assert np.corrcoef(logs, true)[0, 1] > 0.98
    assert np.abs((logs - true) - (logs - true).mean()).mean() < 0.15


def test_what_is_resampled_is_spread_as_the_real_ones_are(drawn: Floats) -> None:
    logs = log_density_ratio([View(drawn, real_like(drawn))], penalty=1e-4)
    rows = resample(logs, 3000, seed=3)
    assert len(rows) == pytest.approx(3000, rel=0.02)
    assert drawn[rows, 0].mean() == pytest.approx(MEAN, abs=0.1)
    assert drawn[rows, 0].std() == pytest.approx(STD, abs=0.1)
    assert drawn[rows, 1].mean() == pytest.approx(0, abs=0.1)


def test_second_view_mends_what_the_first_cannot_see(drawn: Floats) -> None:
    views = [
        View(drawn[:, 1:], real_like(drawn)[:, 1:]),
        View(drawn[:, :1], real_like(drawn)[:, :1]),
    ]
    rows = resample(log_density_ratio(views, penalty=1e-4), 3000, seed=3)
    assert drawn[rows, 0].mean() == pytest.approx(MEAN, abs=0.1)


def test_a_view_adds_nothing_to_what_an_equal_one_has_mended(drawn: Floats) -> None:
    view = View(drawn, real_like(drawn))
    once, twice = (log_density_ratio([view] * n, penalty=1e-4) for n in (1, 2))
    assert np.abs((twice - once) - (twice - once).mean()).mean() < 0.1


def test_no_drawing_counts_more_than_the_ninety_eighth_percentile() -> None:
    logs = np.concatenate([np.zeros(980), np.full(20, 50.0)])
    assert capped_weights(logs).sum() == pytest.approx(1)
    weights = capped_weights(np.arange(100.0))
    assert weights[-1] == pytest.approx(weights[-2], rel=1e-6)
    assert acceptance_rate(np.zeros(10)) == 1


def test_components_are_those_of_the_drawn() -> None:
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((500, 3)) * [1, 9, 0.1]
    view = View(wide, wide[:7])
    axes = principal_axes(view, 2)
    np.testing.assert_allclose(np.abs(axes), [[0, 1, 0], [1, 0, 0]], atol=0.02)
    np.testing.assert_allclose(view.along(axes).real, wide[:7] @ axes.T)
    assert principal_axes(view, 64).shape == (3, 3)


def test_regression_is_sklearns_on_clipped_z_scores_and_squares(drawn: Floats) -> None:
    view = View(drawn * [3, 1] + [40, 0], real_like(drawn) * [3, 1] + [40, 0])
    view.drawn[0] = 900  # an outlier, that counts as 5 standard deviations
    (regression,) = fit_regressions([view], penalty=0.01)
    std = view.drawn.std(axis=0)
    z = [((x - view.drawn.mean(axis=0)) / std).clip(-5, 5) for x in (view.drawn, view.real)]
    columns = [np.hstack([x, x**2 / 2]) for x in z]
    labels = np.repeat([0, 1], [len(x) for x in z])
    weights = np.repeat([0.5 / len(x) for x in z], [len(x) for x in z])
    oracle = LogisticRegression(C=100, max_iter=1000, tol=1e-5)
    oracle.fit(np.concatenate(columns), labels, sample_weight=weights)
    expected = oracle.decision_function(columns[1])
    np.testing.assert_allclose(regression.log_odds(view.real), expected, atol=1e-6)


def test_regression_along_axes_takes_what_the_axes_are_taken_of(drawn: Floats) -> None:
    axes = np.random.default_rng(3).standard_normal((2, 5))
    view = View(drawn, real_like(drawn))
    (regression,) = fit_regressions([view])
    wide = np.random.default_rng(4).standard_normal((10, 5))
    expected = regression.log_odds(wide @ axes.T)
    np.testing.assert_allclose(regression.along(axes).log_odds(wide), expected, rtol=1e-9)


def test_acceptance_is_certain_from_the_bound_on(drawn: Floats) -> None:
    (lines, pixels) = fit_regressions([View(drawn, real_like(drawn))] * 2, penalty=1e-4)
    log_ratio = lines.log_odds(drawn) + pixels.log_odds(drawn)
    bounded = DensityRatio(lines, pixels).bounded(log_bound(log_ratio))
    logs = bounded.log_acceptance(drawn, drawn)
    assert (logs == 0).mean() == pytest.approx(0.02, abs=0.001)
    kept = np.exp(logs)
    np.testing.assert_allclose(kept / kept.sum(), capped_weights(log_ratio), rtol=1e-9)
