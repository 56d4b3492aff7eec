"""A class head from few drawings, against a table of encoder states of other drawings.

    python -m sketchvae.train.negatives BASE.safetensors OTHERS.drawings -o others.safetensors

makes the table that ships: states of 20 real drawings of each category of Quick, Draw!, as their
principal components in eight bits. It fits models whose encoder is that of BASE, and so all that
were trained from it with the encoder as it was.
Shape letters: E encoder hidden per side, n drawings, D principal components.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from sketchvae.data.dataset import PackedDataset, open_packed
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.class_head import auroc
from sketchvae.files import replacing
from sketchvae.generate.artist import Artist
from sketchvae.model.head import ClassHead
from sketchvae.model.loader import load_model
from sketchvae.model.weights import Model, shipped_path
from sketchvae.polyline import Floats32
from sketchvae.train.head import calibrate, fit, platt_scaling

PER_CATEGORY = 20  # drawings of the table
COMPONENTS = 128  # D
FOLDS = 3  # of the cross-validation
MIN_DRAWINGS = 10  # fewer teach no class head
COPIES = 10  # of each drawing, distorted, to learn from
SCALE, TURN, SHEAR = 0.15, 0.08, 0.08  # of those: greatest change, and standard deviations
_ENCODER = "encoder.forward.", "encoder.backward."  # beginnings of the names of its weights
_LEVELS = 255


@dataclass(frozen=True)
class Negatives:
    """Encoder states of drawings of many categories.

    Attributes:
        states: (n, 4E), see `Encoder.states`.
        words: (n,) category of each.
        encoder: hash of the encoder's weights.
    """

    states: Floats32
    words: NDArray[np.str_]
    encoder: str


def encoder_hash(model: Model) -> str:
    """Return a hash of the LSTMs of a model's encoder, as a weights file keeps them."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(model.tensors):
        if name.startswith(_ENCODER):
            digest.update(np.ascontiguousarray(model.tensors[name], np.float16).tobytes())
    return digest.hexdigest()


# --- the table --------------------------------------------------------------------------


def save_table(model: Model, others: PackedDataset, path: Path) -> None:
    """Write a table of the states of drawings, in principal components of eight bits.

    Args:
        model: encodes.
        others: drawings of many categories.
        path: of the file, which is replaced whole.
    """
    from safetensors.numpy import save_file

    rng = np.random.default_rng(0)
    fits = np.diff(others.starts) <= model.max_steps
    rows = np.concatenate(
        [
            rng.permutation(np.flatnonzero((others.words == word) & fits))[:PER_CATEGORY]
            for word in range(len(others.vocabulary))
        ]
    )
    states = Artist(model).states([others[int(i)] for i in rows])
    mean = states.mean(axis=0)
    components = np.linalg.svd(states - mean, full_matrices=False)[2][:COMPONENTS]
    codes = (states - mean) @ components.T
    low, high = codes.min(axis=0), codes.max(axis=0)
    step = (high - low) / _LEVELS
    arrays = {
        "codes": np.rint((codes - low) / step).astype(np.uint8),
        "low": low.astype(np.float32),
        "step": step.astype(np.float32),
        "mean": mean.astype(np.float32),
        "components": np.ascontiguousarray(components, np.float16),
        "words": others.words[rows],
    }
    about = {"vocabulary": json.dumps(others.vocabulary), "encoder": encoder_hash(model)}
    with replacing(path) as temporary:
        save_file(arrays, temporary, about)


@lru_cache(maxsize=1)
def shipped_negatives() -> Negatives:
    """Return the table that comes with sketchvae, which fits the weights "base"."""
    from safetensors import safe_open

    with safe_open(shipped_path("others"), "numpy") as file:
        about = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    codes = arrays["low"] + arrays["codes"] * arrays["step"]
    states = arrays["mean"] + codes @ arrays["components"].astype(np.float32)
    words = np.array(json.loads(about["vocabulary"]))[arrays["words"]]
    return Negatives(states.astype(np.float32), words, about["encoder"])


# --- the head ---------------------------------------------------------------------------


def fit_from_few(model: Model, drawings: Sequence[Drawing], negatives: Negatives) -> ClassHead:
    """Return a class head for drawings of one kind, against all other kinds of the table.

    It learns from the drawings and from distorted copies of them. Heads that were fitted without a
    third of the drawings and of the others calibrate it, and give its `reference`.

    Args:
        model: has the encoder of the table.
        drawings: 10 or more.
        negatives: the table; drawings of the same word in it are left out.

    Raises:
        SketchvaeError: if there are fewer drawings, or the encoder is another one.
    """
    if len(drawings) < MIN_DRAWINGS or encoder_hash(model) != negatives.encoder:
        raise SketchvaeError(
            f"a class head must be fitted to {MIN_DRAWINGS} drawings or more, with the encoder of "
            f"the table, got {len(drawings)}; train from 'base' with its encoder"
        )
    artist, rng = Artist(model), np.random.default_rng(0)
    own = artist.states(drawings)
    copies = artist.states([_distorted(d, rng) for d in drawings for _ in range(COPIES)])
    others = negatives.states[negatives.words != drawings[0].word]
    own_fold, other_fold = (rng.permutation(n) % FOLDS for n in (len(own), len(others)))
    own_odds, other_odds = np.empty(len(own)), np.empty(len(others))
    for fold in range(FOLDS):
        kept = own_fold != fold
        head = fit(own[kept], copies[kept.repeat(COPIES)], others[other_fold != fold], seed=fold)
        own_odds[~kept] = head.log_odds(own[~kept])
        other_odds[other_fold == fold] = head.log_odds(others[other_fold == fold])
    factor, shift = platt_scaling(own_odds, other_odds)
    head = calibrate(fit(own, copies, others, seed=FOLDS), factor, shift)
    reference = np.sort(factor * own_odds + shift).astype(np.float32)
    area = round(auroc(own_odds, other_odds), 3)
    about = {"drawings": len(own), "others": len(others), "cross-validated auroc": area}
    return replace(head, reference=reference, about=about)


def _distorted(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """Return a drawing stretched, turned and sheared a little, in simplified form."""
    x, y = rng.uniform(1 - SCALE, 1 + SCALE, 2)
    turn, shear = rng.normal(0, TURN), rng.normal(0, SHEAR)
    matrix = np.array(
        [[x * np.cos(turn), x * np.sin(turn)], [shear - y * np.sin(turn), y * np.cos(turn)]]
    )
    return Drawing([stroke @ matrix for stroke in drawing.strokes], drawing.word).to_quickdraw()


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("others", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
def main(model: Path, others: Path, output: Path) -> None:
    """Make the table of the states of OTHERS by the encoder of MODEL."""
    save_table(load_model(model), open_packed(others), output)
    click.echo(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    try:
        main()
    except SketchvaeError as error:
        raise SystemExit(str(error)) from None
