"""Put a finished run into the package: weights with their provenance, measured.

    python scripts/ship.py RUN SHEEP.ndjson

RUN holds model.safetensors and sets/real.drawings; SHEEP.ndjson are real sheep to measure on.
The measured figures go into the weights file, and from there into the README and the card.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sketchvae.artist.artist import TEMPERATURE, Artist
from sketchvae.data.formats import read_points
from sketchvae.learning.evaluation import Likelihood, likelihood
from sketchvae.model_file import load, save, shipped_path

DATA = {
    "sheep_decoder_samples.npz": "75,000 drawings by Google's Sketch-RNN sheep decoder "
    "(Ha & Eck 2017; weights Apache-2.0, itself trained on 70,000 Quick, Draw! sheep), "
    "at temperature 1, finished ones only, simplified; 96% of them trained on",
    "quickdraw_sheep.ndjson": "120 of 220 real Quick, Draw! sheep (Google, CC BY 4.0), each "
    "shown 20 times an epoch; the other 100 were kept out and chose the checkpoint",
}
LICENCE = (
    "MIT for these weights; made from data of Google: the Quick, Draw! Dataset (CC BY 4.0) and "
    "Sketch-RNN's sheep decoder (Apache-2.0)"
)


def figures(measured: Likelihood) -> dict[str, Any]:
    """Round what was measured, for the metadata."""
    per_point = measured.per_point
    return {
        "drawings": measured.drawings,
        "points_per_drawing": round(measured.points, 2),
        "L_R_per_drawing": round(measured.reconstruction, 2),
        "L_KL_per_drawing": round(measured.kl, 2),
        "bound_per_point": round(per_point(measured.bound), 3),
        "importance_weighted_per_point": round(per_point(measured.importance), 3),
        "importance_weighted_fitted_prior_per_point": round(
            per_point(measured.importance_fitted), 3
        ),
    }


def table(nats: dict[str, dict[str, Any]]) -> str:
    """Write what was measured as a Markdown table, a column a set of drawings."""
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


def write_figures(path: Path, nats: dict[str, dict[str, Any]]) -> None:
    """Put the table between the markers of a page."""
    text = path.read_text(encoding="utf-8")
    marked = r"(<!-- figures -->\n).*?(\n<!-- end of figures -->)"
    new, count = re.subn(marked, lambda m: m[1] + table(nats) + m[2], text, flags=re.S)
    if count != 1:
        raise SystemExit(f"{path}: must have one pair of figures markers, got {count}")
    path.write_text(new, encoding="utf-8")


def main() -> None:
    run, sheep = Path(sys.argv[1]), Path(sys.argv[2])
    model = load(run / "model.safetensors")
    kept_out = figures(likelihood(model, list(read_points(run / "sets/real.drawings", "valid"))))
    everything = figures(likelihood(model, list(read_points(sheep))))
    drawn = Artist(model).draw(1000, TEMPERATURE, seed=0)
    about: dict[str, Any] = {
        "word": "sheep",
        "data": DATA,
        "licence": LICENCE,
        "training": model.about["training"],
        "nats_in_pixels": {"kept_out": kept_out, "all_real": everything},
        "drawn": {
            "temperature": TEMPERATURE,
            "points_per_drawing": round(float(np.mean([d.n_points for d in drawn])), 1),
            "strokes_per_drawing": round(float(np.mean([len(d.strokes) for d in drawn])), 2),
        },
    }
    save(replace(model, about=about), shipped_path())
    for page in (Path(__file__).parents[1] / "README.md", shipped_path().parent / "README.md"):
        write_figures(page, about["nats_in_pixels"])
    print(f"{shipped_path()}: {shipped_path().stat().st_size} bytes; drawn: {about['drawn']}")
    print(table(about["nats_in_pixels"]))


if __name__ == "__main__":
    main()
