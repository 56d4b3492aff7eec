"""Put a finished run into the package: weights with their provenance, measured, and the card.

    python scripts/ship.py RUN SHEEP.ndjson

RUN holds model.safetensors and sets/real.drawings; SHEEP.ndjson are real sheep to measure on.
"""

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


def main() -> None:
    run, sheep = Path(sys.argv[1]), Path(sys.argv[2])
    model = load(run / "model.safetensors")
    kept_out = figures(likelihood(model, list(read_points(run / "sets/real.drawings", "valid"))))
    everything = figures(likelihood(model, list(read_points(sheep))))
    drawn = Artist(model).draw(1000, TEMPERATURE, seed=0)
    about = {
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
    print(f"{shipped_path()}: {shipped_path().stat().st_size} bytes")
    print("kept out:", kept_out)
    print("all real:", everything)
    print("drawn:", about["drawn"])


if __name__ == "__main__":
    main()
