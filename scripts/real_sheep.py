"""Make the sets of real sheep that `scripts/reproduce` refines with, and those that judge.

    python scripts/real_sheep.py DATA SETS           sets of strokes and of bitmaps
    python scripts/real_sheep.py DATA SETS MODEL     long sheep of Google's two-animal decoders

Of the 220 sheep in quickdraw_sheep.ndjson 100 judge, chosen by their hashes as `data import --valid
0.4559` does, and of the bitmaps of other sheep 240 at random, less those that are learnt from as
strokes. What judges is in no set whose name ends in "kept".
"""

import sys
from pathlib import Path

import numpy as np

from sketchvae.bitmaps import Bitmaps, bitmaps, read_bitmaps
from sketchvae.data import formats
from sketchvae.data.dataset import key_of, pack, to_points
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.generate.artist import load
from sketchvae.polyline import Bools

JUDGE, JUDGE_BITMAPS = 0.4559, 240
SAME = 6  # mean difference of two bitmaps of one drawing, of 255; other sheep differ by 15 or more
LONG, SHEEPNESS = 85, 0.9  # points of a long sheep, and from when on it is one


def read(path: Path) -> list[Drawing]:
    return [drawing.with_word("sheep") for drawing in formats.read(path)]


def shown(drawings: list[Drawing], images: Bitmaps) -> Bools:
    """Return which bitmaps show one of the drawings, (n,)."""
    differences = np.abs(bitmaps(drawings)[:, None].astype(float) - images).mean(axis=(2, 3))
    same: Bools = (differences < SAME).any(axis=0)
    return same


def write_real(data: Path, sets: Path) -> None:
    sheep = read(data / "quickdraw_sheep.ndjson")
    judges = [key_of(to_points(drawing)) / 2**64 < JUDGE for drawing in sheep]
    held = [drawing for drawing, judge in zip(sheep, judges, strict=True) if judge]
    kept = [drawing for drawing, judge in zip(sheep, judges, strict=True) if not judge]
    kept += read(data / "quickdraw_sheep_more.ndjson")
    for name, drawings in {"held": held, "kept": kept, "all": kept + held}.items():
        none = SplitFractions(0.0, 0.0)
        pack(drawings, sets / f"real-{name}.drawings", sources=("Quick, Draw!",), fractions=none)
    images = read_bitmaps(data / "quickdraw_sheep_bitmaps.npz")
    judge = np.isin(
        np.arange(len(images)), np.random.default_rng(0).permutation(len(images))[:JUDGE_BITMAPS]
    )
    new = ~shown(held, images) & ~shown(kept, images)
    for name, rows in {"held": new & judge, "kept": new & ~judge, "all": new}.items():
        np.savez_compressed(sets / f"bitmaps-{name}.npz", x=images[rows])
    drawn = list(formats.read(data / "sheep_decoder_samples.npz"))[-2500:]
    np.savez_compressed(sets / "decoder-bitmaps.npz", x=bitmaps(drawn))


def write_long(data: Path, sets: Path, model: Path) -> None:
    artist, sheep = load(model), []
    for other in ("lion", "pig"):
        drawings = read(data / f"{other}_or_sheep_decoder_samples.ndjson.gz")
        long = [drawing for drawing in drawings if drawing.n_points > LONG]
        probability = artist.class_probability(long)
        sheep += [d for d, p in zip(long, probability, strict=True) if p > SHEEPNESS]
    pack(sheep, sets / "long.drawings", fractions=SplitFractions(0.0, 0.0))


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:]]
    (write_long if len(folders) == 3 else write_real)(*folders)
