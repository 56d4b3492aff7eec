"""Published figures and their tables, on a small report."""

from collections.abc import Sequence

import pytest
import torch
from helpers import flock, refusal

from sketchvae.drawing import Drawing
from sketchvae.evaluate.comparison import METRICS, compare, measure
from sketchvae.evaluate.likelihood import Likelihood
from sketchvae.evaluate.report import Report
from sketchvae.evaluate.tables import (
    comparison_figures,
    comparison_table,
    likelihood_figures,
    likelihood_table,
    replace_marked,
)
from sketchvae.faults import FAULTS

torch.set_num_threads(1)

LIKELIHOOD = Likelihood(
    drawings=4,
    points=20.0,
    reconstruction=100.123,
    kl=30.0,
    importance=90.0,
    importance_fitted=80.0,
    draws=64,
)


def test_likelihood_per_point_is_the_one_per_drawing_over_its_points() -> None:
    figures = likelihood_figures(LIKELIHOOD)
    assert figures["L_R_per_drawing"] == 100.12
    assert figures["bound_per_point"] == pytest.approx(130.123 / 20, abs=5e-4)
    assert figures["importance_weighted_per_point"] == 4.5
    assert figures["importance_weighted_fitted_prior_per_point"] == 4.0
    table = likelihood_table({"kept_out": figures, "all_real": {**figures, "drawings": 9}})
    assert "4 kept out of training | all 9 |" in table
    assert table.splitlines()[-1] == "| the same, with the fitted prior | 4.0 | 4.0 |"


def test_comparison_has_a_column_per_set_and_all_metrics_and_faults() -> None:
    drawings: dict[str, Sequence[Drawing]] = {"real": flock(40, 1), "t 0.7": flock(40, 2)}
    comparisons = compare({name: measure(d) for name, d in drawings.items()}, n=20, repeats=2)
    report = Report(LIKELIHOOD, comparisons, {"t 0.7": 0.95}, drawings=drawings)
    columns = comparison_figures(report, {"real": "real", "t 0.7": "ours, 0.7"})
    assert list(columns) == ["real", "ours, 0.7"]
    for name, column in zip(drawings, columns.values(), strict=True):
        assert list(column) == [*METRICS, "finished", *FAULTS, "sheep first"]
        for metric in METRICS:
            assert column[metric] == pytest.approx(comparisons[name].metrics[metric][0], abs=6e-4)
        assert column["sheep first"] == round(comparisons[name].named, 3)
    lines = comparison_table(columns, ["finished", FAULTS[0]]).splitlines()
    assert lines[0] == "| against real | real | ours, 0.7 |"
    assert lines[2] == "| finished |  | 0.95 |"
    assert len(lines) == 4


def test_table_is_put_between_the_one_pair_of_its_markers() -> None:
    page = "a\n<!-- x -->\nold\n\nold\n<!-- end of x -->\nb\n<!-- y -->\n"
    new = replace_marked(page, r"| \1 |", "x")
    assert new == "a\n<!-- x -->\n| \\1 |\n<!-- end of x -->\nb\n<!-- y -->\n"
    assert "one pair of y markers, got 0" in refusal(lambda: replace_marked(page, "", "y"))
    assert "got 2" in refusal(lambda: replace_marked(page + page, "", "x"))
