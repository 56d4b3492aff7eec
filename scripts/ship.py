"""Put a model into the package, with its provenance and the figures of an evaluation.

    python scripts/ship.py MODEL.safetensors KEPT.safetensors SETS

MODEL was refined with all real drawings and is what ships. KEPT was refined in the same way without
the drawings that judge: its figures are on drawings that nothing was fitted to. SETS is the folder
that `scripts/reproduce` makes, with real-held, real-kept, bitmaps-held and decoder. The figures go
into the weights file, and from there into docs/quality.md and the card of the weights.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sketchvae.bitmaps import read_bitmaps
from sketchvae.data.dataset import PackedDataset, Points, open_packed
from sketchvae.evaluate.class_head import auroc_table
from sketchvae.evaluate.likelihood import likelihood
from sketchvae.evaluate.report import (
    RECONSTRUCTION_TEMPERATURE,
    SAMPLES,
    SEED,
    Report,
    evaluate,
)
from sketchvae.evaluate.tables import (
    SHORT,
    comparison_figures,
    likelihood_figures,
    replace_marked,
    report_tables,
)
from sketchvae.generate.artist import Artist
from sketchvae.model.weights import Model, load, save, shipped_path

DATA = {
    "sheep_decoder_samples.npz": "75,000 drawings by Google's Sketch-RNN sheep decoder "
    "(Ha & Eck 2017; weights Apache-2.0, itself trained on 70,000 Quick, Draw! sheep), "
    "at temperature 1, finished ones only, simplified; 96% of them trained on",
    "lion_or_sheep, pig_or_sheep": "842 long sheep by two more of Google's decoders, which were "
    "candidates of the refinement",
    "quickdraw_sheep.ndjson, quickdraw_sheep_more.ndjson": "243 real Quick, Draw! sheep (Google, "
    "CC BY 4.0); 143 of them in the training, all in the last refinement",
    "quickdraw_sheep_bitmaps.npz": "640 more real sheep as bitmaps (Google, CC BY 4.0), which the "
    "refinement compared drawings with",
    "quickdraw_344.ndjson.gz": "130,620 real Quick, Draw! drawings of other things (Google, CC BY "
    "4.0): the first training, that of the weights base, saw them, classifiers learnt from them "
    "what looks like a sheep, and the discriminator what people draw like",
}
LICENCE = (
    "MIT for these weights; made from data of Google: the Quick, Draw! Dataset (CC BY 4.0) and "
    "Sketch-RNN's sheep decoder (Apache-2.0)"
)
ROOT = Path(__file__).parents[1]


def points(dataset: PackedDataset) -> list[Points]:
    return [np.asarray(dataset.points_of(i)) for i in range(len(dataset))]


def judged(model: Model, sets: Path, best_of: Sequence[int] = ()) -> Report:
    """Compare a model with the drawings that were kept out, and with the bitmaps that were."""
    decoder = open_packed(sets / "decoder.drawings")
    others = {"decoder": [decoder[i] for i in decoder.split("test")]}
    for k in best_of:
        others[f"best of {k}"] = list(Artist(model).draw(SAMPLES // 2, seed=SEED, best_of=k))
    if best_of:  # a model whose density ratio saw the drawings that judge would be flattered
        others["reject"] = list(Artist(model).draw(SAMPLES, seed=SEED, reject=True))
    return evaluate(
        model,
        points(open_packed(sets / "real-held.drawings")),
        others=others,
        floor=list(open_packed(sets / "real-kept.drawings")),
        real_bitmaps=read_bitmaps(sets / "bitmaps-held.npz"),
    )


def write_table(page: Path, table: str, markers: str = "figures") -> None:
    text = replace_marked(page.read_text(encoding="utf-8"), table, markers)
    page.write_text(text, encoding="utf-8")


def main() -> None:
    model, kept, sets = load(Path(sys.argv[1])), load(Path(sys.argv[2])), Path(sys.argv[3])
    unseen, seen = judged(kept, sets, best_of=(4, 8)), judged(model, sets)
    names = {"real": "real", "decoder": "Google's decoder, 1"}
    names |= {"typical": "unseen, typical", "t 1": "unseen, 1", "reject": "unseen, reject"}
    names |= {f"best of {k}": f"unseen, best of {k}" for k in (4, 8)}
    shipped = {"typical": "ours, typical", "t 1": "ours, 1"}
    drawn = Artist(model).draw(1000, seed=0)
    everything = points(open_packed(sets / "real-all.drawings"))
    about: dict[str, Any] = {
        "word": "sheep",
        "data": DATA,
        "licence": LICENCE,
        **{key: model.about[key] for key in ("training", "refined") if key in model.about},
        "nats_in_pixels": {
            "kept_out": likelihood_figures(unseen.likelihood),
            "all_real": likelihood_figures(likelihood(model, everything)),
        },
        "compared": comparison_figures(unseen, names) | comparison_figures(seen, shipped),
        "reconstructed": {
            "temperature": RECONSTRUCTION_TEMPERATURE,
            **{name: round(rank, 3) for name, rank in unseen.reconstruction.items()},
        },
        "drawn": {
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
