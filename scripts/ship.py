"""Put a model into the package, with its provenance and the figures of an evaluation.

    python scripts/ship.py MODEL.safetensors SETS SHEEP.ndjson CLASSIFIER.pt

SETS is the folder of the packed sets of `scripts/reproduce`, with real.drawings and
decoder.drawings; SHEEP holds all real sheep; CLASSIFIER comes from
`python -m sketchvae.evaluate.classifier`. The figures go into the weights file, and from there
into docs/quality.md and the card of the weights.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sketchvae.data.dataset import open_packed
from sketchvae.data.formats import read_points
from sketchvae.evaluate.class_head import auroc_table
from sketchvae.evaluate.classifier import Classifier, load_classifier, named_first
from sketchvae.evaluate.comparison import METRICS
from sketchvae.evaluate.faults import FAULTS
from sketchvae.evaluate.likelihood import Likelihood, likelihood
from sketchvae.evaluate.report import (
    RECONSTRUCTION_TEMPERATURE,
    TEMPERATURES,
    Report,
    evaluate,
)
from sketchvae.generate.artist import TEMPERATURE, Artist
from sketchvae.model.weights import load, save, shipped_path

DATA = {
    "sheep_decoder_samples.npz": "75,000 drawings by Google's Sketch-RNN sheep decoder "
    "(Ha & Eck 2017; weights Apache-2.0, itself trained on 70,000 Quick, Draw! sheep), "
    "at temperature 1, finished ones only, simplified; 96% of them trained on",
    "quickdraw_sheep.ndjson": "120 of 220 real Quick, Draw! sheep (Google, CC BY 4.0), each "
    "shown 10 to 20 times an epoch; the other 100 were kept out and judged",
    "quickdraw_344.ndjson.gz": "130,620 real Quick, Draw! drawings of other things (Google, CC BY "
    "4.0): the first training saw them beside the sheep, and a classifier learnt from them what "
    "looks like a sheep",
}
LICENCE = (
    "MIT for these weights; made from data of Google: the Quick, Draw! Dataset (CC BY 4.0) and "
    "Sketch-RNN's sheep decoder (Apache-2.0)"
)
SHORT = (  # rows of the comparison in docs/quality.md; the card shows all
    "MMD2 x1e3",
    "1-NN",
    "density",
    "coverage",
    "finished",
    "endless circle",
    "part off the body",
    "open body",
    "sheep first",
)
ROOT = Path(__file__).parents[1]


def likelihood_figures(measured: Likelihood) -> dict[str, Any]:
    """Return a likelihood rounded, for the metadata."""
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
    report: Report, classifier: Classifier, names: Mapping[str, str]
) -> dict[str, dict[str, float | None]]:
    """Return the comparisons of a report rounded, and the fraction named sheep by a classifier.

    Args:
        report: of the model.
        classifier: knows "sheep" among other words.
        names: of the sets in the report, and their names in the tables.
    """
    columns: dict[str, dict[str, float | None]] = {}
    for name, title in names.items():
        comparison = report.comparisons[name]
        values = zip(METRICS, comparison.mean, strict=True)
        faults = zip(FAULTS, comparison.faults, strict=True)
        columns[title] = {
            **{metric: round(float(value), 3) for metric, value in values},
            "finished": report.finished.get(name),
            **{fault: round(float(value), 3) for fault, value in faults},
            "sheep first": round(named_first(classifier, report.drawings[name], "sheep"), 3),
        }
    return columns


def nats_table(nats: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the likelihoods as a Markdown table with one column per set of drawings."""
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


def drawn_table(
    columns: Mapping[str, Mapping[str, float | None]], rows: Sequence[str] | None
) -> str:
    """Return the comparisons as a Markdown table with one column per set of drawings."""
    lines = [f"| against real | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for row in rows or next(iter(columns.values())):
        values = [column[row] for column in columns.values()]
        cells = ["" if value is None else f"{value:g}" for value in values]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table(about: Mapping[str, Any], rows: Sequence[str] | None = None) -> str:
    """Return both tables; of the comparisons the named rows, or all."""
    return f"{nats_table(about['nats_in_pixels'])}\n\n{drawn_table(about['compared'], rows)}"


def write_figures(path: Path, tables: str, what: str = "figures") -> None:
    """Put tables between the markers of a page."""
    text = path.read_text(encoding="utf-8")
    marked = rf"(<!-- {what} -->\n).*?(\n<!-- end of {what} -->)"
    new, count = re.subn(marked, lambda m: m[1] + tables + m[2], text, flags=re.S)
    if count != 1:
        raise SystemExit(f"{path}: must have one pair of {what} markers, got {count}")
    path.write_text(new, encoding="utf-8")


def main() -> None:
    path, sets, sheep, classifier = map(Path, sys.argv[1:5])
    model = load(path)
    real, decoder = open_packed(sets / "real.drawings"), open_packed(sets / "decoder.drawings")
    report = evaluate(
        model,
        list(read_points(sets / "real.drawings", "valid")),
        others={"decoder": [decoder[i] for i in decoder.split("test")]},
        floor=[real[i] for i in real.split("train")],
    )
    names = {"real": "real", "decoder": "Google's decoder, 1"}
    names |= {f"t {t:g}": f"ours, {t:g}" for t in TEMPERATURES}
    drawn = Artist(model).draw(1000, TEMPERATURE, seed=0)
    about: dict[str, Any] = {
        "word": "sheep",
        "data": DATA,
        "licence": LICENCE,
        **{key: model.about[key] for key in ("training", "refined") if key in model.about},
        "nats_in_pixels": {
            "kept_out": likelihood_figures(report.likelihood),
            "all_real": likelihood_figures(likelihood(model, list(read_points(sheep)))),
        },
        "compared": comparison_figures(report, load_classifier(classifier), names),
        "reconstructed": {
            "temperature": RECONSTRUCTION_TEMPERATURE,
            **{name: round(rank, 3) for name, rank in report.reconstruction.items()},
        },
        "drawn": {
            "temperature": TEMPERATURE,
            "points_per_drawing": round(float(np.mean([d.n_points for d in drawn])), 1),
            "strokes_per_drawing": round(float(np.mean([len(d.strokes) for d in drawn])), 2),
        },
    }
    save(replace(model, about=about), shipped_path())
    write_figures(ROOT / "docs" / "quality.md", table(about, SHORT))
    card = shipped_path().parent / "README.md"
    write_figures(card, table(about))
    if model.head is not None:
        write_figures(card, auroc_table(model.head.about["auroc"]), "sheepness")
    print(f"{shipped_path()}: {shipped_path().stat().st_size} bytes; drawn: {about['drawn']}")
    print(f"{table(about)}\n\nreconstructed: {about['reconstructed']}")


if __name__ == "__main__":
    main()
