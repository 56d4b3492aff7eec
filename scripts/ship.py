"""Put a model into the package, with its provenance and the figures of an evaluation.

    python scripts/ship.py MODEL.safetensors SETS SHEEP.ndjson CLASSIFIER.pt

SETS is the folder of the packed sets of `scripts/reproduce`, with real.drawings and
decoder.drawings; SHEEP holds all real sheep; CLASSIFIER comes from
`python -m sketchvae.evaluate.classifier`. The figures go into the weights file, and from there
into docs/quality.md and the card of the weights.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sketchvae.data.dataset import open_packed
from sketchvae.data.formats import read_points
from sketchvae.evaluate.class_head import auroc_table
from sketchvae.evaluate.likelihood import likelihood
from sketchvae.evaluate.report import (
    RECONSTRUCTION_TEMPERATURE,
    TEMPERATURES,
    evaluate,
)
from sketchvae.evaluate.tables import (
    SHORT,
    comparison_figures,
    likelihood_figures,
    replace_marked,
    report_tables,
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
ROOT = Path(__file__).parents[1]


def write_table(page: Path, table: str, markers: str = "figures") -> None:
    text = replace_marked(page.read_text(encoding="utf-8"), table, markers)
    page.write_text(text, encoding="utf-8")


def main() -> None:
    path, sets, sheep = map(Path, sys.argv[1:4])
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
        "compared": comparison_figures(report, names),
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
    write_table(ROOT / "docs" / "quality.md", report_tables(about, SHORT))
    card = shipped_path().parent / "README.md"
    write_table(card, report_tables(about))
    if model.head is not None:
        write_table(card, auroc_table(model.head.about["auroc"]), "sheepness")
    print(f"{shipped_path()}: {shipped_path().stat().st_size} bytes; drawn: {about['drawn']}")
    print(f"{report_tables(about)}\n\nreconstructed: {about['reconstructed']}")


if __name__ == "__main__":
    main()
