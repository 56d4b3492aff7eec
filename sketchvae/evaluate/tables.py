"""Published figures: rounded for the metadata of a weights file, as Markdown for pages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.likelihood import Likelihood
from sketchvae.evaluate.report import Report
from sketchvae.faults import FAULTS

SHORT = (  # rows of the comparison in docs/quality.md; the card of the weights has all
    "MMD2 x1e3",
    "1-NN",
    "density",
    "coverage",
    "KID x1e3",
    "finished",
    "endless circle",
    "part off the body",
    "open body",
    "sheep first",
)


def likelihood_figures(measured: Likelihood) -> dict[str, Any]:
    """Return a likelihood by name, rounded, for the metadata of a weights file."""
    return {
        "drawings": measured.drawings,
        "points_per_drawing": round(measured.points, 2),
        "L_R_per_drawing": round(measured.reconstruction, 2),
        "L_KL_per_drawing": round(measured.kl, 2),
        "bound_per_point": round(measured.per_point(measured.bound), 3),
        "importance_weighted_per_point": round(measured.per_point(measured.importance), 3),
        "importance_weighted_fitted_prior_per_point": round(
            measured.per_point(measured.importance_fitted), 3
        ),
    }


def comparison_figures(
    report: Report, names: Mapping[str, str]
) -> dict[str, dict[str, float | None]]:
    """Return the comparisons of a report, rounded.

    Args:
        report: of the model.
        names: of the sets in the report, and their names in the tables.
    """
    columns: dict[str, dict[str, float | None]] = {}
    for name, title in names.items():
        comparison = report.comparisons[name]
        faults = zip(FAULTS, comparison.faults, strict=True)
        columns[title] = {
            **{metric: round(mean, 3) for metric, (mean, _) in comparison.metrics.items()},
            "finished": report.finished.get(name),
            **{fault: round(float(value), 3) for fault, value in faults},
            "sheep first": round(comparison.named, 3),
        }
    return columns


def likelihood_table(nats: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the likelihoods of the sets "kept_out" and "all_real" as a Markdown table.

    Args:
        nats: `likelihood_figures` of each set, by its name.
    """
    kept_out, everything = nats["kept_out"], nats["all_real"]
    lines = [
        f"| nats, in pixels, dequantised | {kept_out['drawings']} kept out of training "
        f"| all {everything['drawings']} |",
        "|---|---|---|",
    ]
    for name, words in (
        ("L_R_per_drawing", "`L_R` per drawing"),
        ("L_KL_per_drawing", "`L_KL` per drawing, against N(0, I)"),
        ("bound_per_point", "`L_R + L_KL` per point"),
        ("importance_weighted_per_point", "importance-weighted, k = 64, per point"),
        ("importance_weighted_fitted_prior_per_point", "the same, with the fitted prior"),
    ):
        lines.append(f"| {words} | {kept_out[name]} | {everything[name]} |")
    return "\n".join(lines)


def comparison_table(
    columns: Mapping[str, Mapping[str, float | None]], rows: Sequence[str] | None
) -> str:
    """Return the comparisons as a Markdown table with one column per set of drawings.

    Args:
        columns: `comparison_figures`.
        rows: names of metrics and faults, in this order; None for all.
    """
    lines = [f"| against real | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for row in rows or next(iter(columns.values())):
        values = [column[row] for column in columns.values()]
        cells = ["" if value is None else f"{value:g}" for value in values]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def report_tables(about: Mapping[str, Any], rows: Sequence[str] | None = None) -> str:
    """Return both tables of the figures in a weights file, as Markdown.

    Args:
        about: `Model.about` of published weights.
        rows: of the comparisons, in this order; None for all.
    """
    nats = likelihood_table(about["nats_in_pixels"])
    return f"{nats}\n\n{comparison_table(about['compared'], rows)}"


def replace_marked(text: str, table: str, name: str) -> str:
    """Return a page with a table between its markers `<!-- name -->`, `<!-- end of name -->`.

    Args:
        text: of the page.
        table: Markdown.
        name: of the markers.

    Raises:
        SketchvaeError: if the page does not have exactly one such pair.
    """
    marked = rf"(<!-- {re.escape(name)} -->\n).*?(\n<!-- end of {re.escape(name)} -->)"
    page, count = re.subn(marked, lambda m: m[1] + table + m[2], text, flags=re.DOTALL)
    if count != 1:
        raise SketchvaeError(f"the page must have one pair of {name} markers, got {count}")
    return page
