"""Put weights into the package, with their provenance, measured.

    python scripts/ship.py MODEL.safetensors SETS SHEEP.ndjson RECOGNISER.pt

SETS holds the packed sets of `scripts/reproduce`: real.drawings and decoder.drawings; SHEEP are
all real sheep, RECOGNISER is what `scripts/recogniser.py` made. What is measured goes into the
weights file, and from there into the README and the card.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sketchvae.data.dataset import from_points, open_packed
from sketchvae.data.formats import read_points
from sketchvae.drawing import Drawing
from sketchvae.evaluate.likelihood import Likelihood, likelihood
from sketchvae.generate.artist import TEMPERATURE, Artist
from sketchvae.model.weights import Model, load, save, shipped_path

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
SHORT = (  # what the README shows of the comparison; the card shows all
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
POOL, SEED = 2000, 1  # drawings at each temperature, as in `sketchvae evaluate`
COLD = 0.1  # temperature of reconstructions


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


def compared(model: Model, sets: Path, recogniser: Path) -> dict[str, dict[str, float | None]]:
    """Judge drawn by real drawings, a column a set: what `sketchvae evaluate` does, and more."""
    from recogniser import load_recogniser, named, pictures

    from sketchvae.evaluate.comparison import METRICS, compare, measure
    from sketchvae.evaluate.faults import FAULTS

    real, decoder = open_packed(sets / "real.drawings"), open_packed(sets / "decoder.drawings")
    shown: dict[str, Sequence[Drawing]] = {"real": [real[i] for i in real.split("valid")]}
    shown["Google's decoder, 1"] = [decoder[i] for i in decoder.split("test")]
    finished: dict[str, float] = {}
    for temperature in sorted({TEMPERATURE, 1.0}):
        drawn = Artist(model).sample(POOL, temperature, SEED)
        name = f"ours, {temperature:g}"
        shown[name] = [d for d in drawn if d is not None]
        finished[name] = len(shown[name]) / POOL
    measured = {name: measure(drawings) for name, drawings in shown.items()}
    rows = compare(measured, measure([real[i] for i in real.split("train")]))
    judge = load_recogniser(recogniser)
    columns: dict[str, dict[str, float | None]] = {}
    for name, drawings in shown.items():
        first = named(judge, pictures(d.simplified() for d in drawings))
        columns[name] = {
            **{m: round(float(v), 3) for m, v in zip(METRICS, rows[name].mean, strict=True)},
            "finished": finished.get(name),
            **{f: round(float(v), 3) for f, v in zip(FAULTS, measured[name].faults, strict=True)},
            "sheep first": round(float((first == judge.words.index("sheep")).mean()), 3),
        }
    return columns


def reconstructed(model: Model, sets: Path) -> dict[str, float]:
    """Say what share of other real drawings is farther from one than its reconstruction."""
    from sketchvae.evaluate.comparison import reconstruction_rank

    real = [from_points(points) for points in read_points(sets / "real.drawings", "valid")]
    shares = reconstruction_rank(real, Artist(model).reconstruct(real, COLD, SEED))
    return {
        name: round(float(s.mean()), 3)
        for name, s in zip(("features", "raster"), shares, strict=True)
    }


def nats_table(nats: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the likelihoods as a Markdown table, a column a set of drawings."""
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
    """Write how drawn drawings compare as a Markdown table, a column a set."""
    lines = [f"| against real | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for row in rows or next(iter(columns.values())):
        values = [column[row] for column in columns.values()]
        cells = ["" if value is None else f"{value:g}" for value in values]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table(about: Mapping[str, Any], rows: Sequence[str] | None = None) -> str:
    """Write what was measured; of the comparison these rows, or all."""
    return f"{nats_table(about['nats_in_pixels'])}\n\n{drawn_table(about['compared'], rows)}"


def write_figures(path: Path, tables: str, what: str = "figures") -> None:
    """Put the tables between the markers of a page."""
    text = path.read_text(encoding="utf-8")
    marked = rf"(<!-- {what} -->\n).*?(\n<!-- end of {what} -->)"
    new, count = re.subn(marked, lambda m: m[1] + tables + m[2], text, flags=re.S)
    if count != 1:
        raise SystemExit(f"{path}: must have one pair of {what} markers, got {count}")
    path.write_text(new, encoding="utf-8")


def main() -> None:
    path, sets, sheep, recogniser = map(Path, sys.argv[1:5])
    model = load(path)
    kept_out = figures(likelihood(model, list(read_points(sets / "real.drawings", "valid"))))
    everything = figures(likelihood(model, list(read_points(sheep))))
    drawn = Artist(model).draw(1000, TEMPERATURE, seed=0)
    about: dict[str, Any] = {
        "word": "sheep",
        "data": DATA,
        "licence": LICENCE,
        **{key: model.about[key] for key in ("training", "refined") if key in model.about},
        "nats_in_pixels": {"kept_out": kept_out, "all_real": everything},
        "compared": compared(model, sets, recogniser),
        "reconstructed": {"temperature": COLD, **reconstructed(model, sets)},
        "drawn": {
            "temperature": TEMPERATURE,
            "points_per_drawing": round(float(np.mean([d.n_points for d in drawn])), 1),
            "strokes_per_drawing": round(float(np.mean([len(d.strokes) for d in drawn])), 2),
        },
    }
    save(replace(model, about=about), shipped_path())
    write_figures(Path(__file__).parents[1] / "README.md", table(about, SHORT))
    write_figures(shipped_path().parent / "README.md", table(about))
    print(f"{shipped_path()}: {shipped_path().stat().st_size} bytes; drawn: {about['drawn']}")
    print(f"{table(about)}\n\nreconstructed: {about['reconstructed']}")


if __name__ == "__main__":
    main()
