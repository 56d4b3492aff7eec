"""Training of the image classifiers that `refine` and `evaluate` see drawings by.

    python -m sketchvae.train.classifier train OUT.safetensors OTHERS SHEEP... [--seed 0]
    python -m sketchvae.train.classifier ask CLASSIFIER.safetensors FILES...

`train` learns from drawings, or bitmaps (.npz, .npy), of sheep and of many other categories; of a
packed set the training split alone is learnt from. `ask` prints for each file the fraction that is
named sheep first.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sketchvae.bitmaps import Bitmaps, bitmaps, has_bitmaps, read_bitmaps
from sketchvae.data import formats
from sketchvae.data.dataset import SUFFIX, from_points
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.classifier import (
    Classifier,
    load_classifier,
    predict,
    save_classifier,
    to_tensor,
)
from sketchvae.model.device import autocast, has_bf16
from sketchvae.polyline import Bools, Ints

BATCH, LEARNING_RATE = 128, 3e-3
HELD_OUT = 0.05  # fraction of the bitmaps, to print an accuracy
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class LabelledBitmaps:
    """Bitmaps and their categories.

    Attributes:
        words: the categories.
        images: (n, 28, 28) uint8.
        labels: (n,) index of each bitmap's category in `words`.
        held_out: (n,) whether a bitmap is kept out of training.
    """

    words: list[str]
    images: Bitmaps
    labels: Ints
    held_out: Bools


def label(sets: Mapping[str, Bitmaps], held_out: float = HELD_OUT) -> LabelledBitmaps:
    """Return the bitmaps of several categories together; which ones are held out is fixed.

    Args:
        sets: bitmaps by category.
        held_out: fraction of the bitmaps to hold out, 0 to 1.
    """
    labels = np.repeat(np.arange(len(sets)), [len(images) for images in sets.values()])
    rng = np.random.default_rng(0)
    return LabelledBitmaps(
        list(sets), np.concatenate(list(sets.values())), labels, rng.random(len(labels)) < held_out
    )


def read_images(path: Path) -> Bitmaps:
    """Return the bitmaps of a file: a packed set's training split, drawings, or bitmaps.

    An .npz holds bitmaps if it has an array x, and else drawings.

    Args:
        path: of the file.

    Raises:
        SketchvaeError: if the file cannot be read.
    """
    if path.suffix == ".npy" or (path.suffix == ".npz" and has_bitmaps(path)):
        return read_bitmaps(path)
    if path.suffix == SUFFIX:
        return bitmaps([from_points(points) for points in formats.read_points(path, "train")])
    return bitmaps(list(formats.read(path)))


def read_categories(path: Path) -> dict[str, Bitmaps]:
    """Return the bitmaps of a file of drawings by their word.

    Args:
        path: of the file.
    """
    by_word: dict[str, list[Bitmaps]] = {}
    for drawing in formats.read(path):
        by_word.setdefault(drawing.word, []).append(bitmaps([drawing]))
    return {word: np.concatenate(images) for word, images in by_word.items()}


def train_classifier(
    data: LabelledBitmaps, seed: int = 0, width: int = 16, epochs: int = 4, *, verbose: bool = False
) -> Classifier:
    """Return a classifier trained on the bitmaps that are not held out.

    Rare categories weigh more in the loss, so that all count the same.

    Args:
        data: bitmaps; those held out are used only for the accuracy that is printed.
        seed: of the weights, the order and the distortions.
        width: channels of the first layer.
        epochs: passes over the bitmaps.
        verbose: whether to print a line per epoch.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model, bf16 = Classifier(data.words, width), has_bf16(_CPU)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = np.flatnonzero(~data.held_out)
    counts = np.bincount(data.labels[rows], minlength=len(data.words))
    weight = torch.from_numpy((np.median(counts) / counts.clip(min=1)).astype(np.float32))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    batch_size = min(BATCH, len(rows))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=epochs * (len(rows) // batch_size)
    )
    for epoch in range(epochs):
        started, losses = time.monotonic(), []
        order = np.random.default_rng([seed, epoch]).permutation(rows)
        for first in range(0, len(order) - batch_size + 1, batch_size):
            batch = order[first : first + batch_size]
            with autocast(_CPU, bf16):
                images = distort(to_tensor(data.images[batch]), generator)
                logits = model(images.to(memory_format=torch.channels_last))
            labels = torch.from_numpy(data.labels[batch])
            loss = F.cross_entropy(logits.float(), labels, weight, label_smoothing=0.1)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if verbose:
            seconds = time.monotonic() - started
            print(
                f"epoch {epoch + 1}: loss {np.mean(losses):.3f}; {held_out_accuracy(model, data)}; "
                f"{seconds:.0f} s",
                flush=True,
            )
    return model.eval()


def distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return bitmaps, (B, 1, 28, 28), each turned, scaled, sheared and moved a little.

    Args:
        images: bitmaps from 0 to 1.
        generator: source of the random distortions.
    """
    n = len(images)
    matrix = torch.eye(2).repeat(n, 1, 1) + 0.12 * torch.randn(n, 2, 2, generator=generator)
    move = 0.06 * torch.randn(n, 2, 1, generator=generator)
    grid = F.affine_grid(torch.cat([matrix, move], dim=2), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def held_out_accuracy(model: Classifier, data: LabelledBitmaps) -> str:
    """Return a line of text: fractions of held-out drawings named rightly, others and sheep.

    Args:
        model: the classifier.
        data: bitmaps with labels, those held out among them.
    """
    sheep = data.words.index("sheep")
    rates = []
    for rows in (data.held_out & (data.labels != sheep), data.held_out & (data.labels == sheep)):
        right = predict(model, data.images[rows]) == data.labels[rows]
        rates.append(float(right.mean()) if len(right) else float("nan"))
    return f"held out: {rates[0]:.3f} of the others right, {rates[1]:.3f} of the sheep named sheep"


# --- the command ----------------------------------------------------------------------------


@click.group()
def main() -> None:
    """Train a classifier of drawings, or ask one."""


@main.command("train")
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("others", type=click.Path(path_type=Path, exists=True))
@click.argument("sheep", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--seed", default=0, help="Of the weights, the order and the distortions.")
@click.option("--width", default=16, help="Channels of the first layer.")
@click.option("--epochs", default=4, help="Passes over the bitmaps.")
@click.option("--most", default=2000, help="Sheep to learn from, the first of each file.")
def train_command(
    out: Path, others: Path, sheep: tuple[Path, ...], seed: int, width: int, epochs: int, most: int
) -> None:
    """Train on OTHERS, drawings with words, and on SHEEP, files of drawings or bitmaps."""
    sets = read_categories(others)
    sets["sheep"] = np.concatenate([read_images(path)[:most] for path in sheep])
    save_classifier(train_classifier(label(sets), seed, width, epochs, verbose=True), out)


@main.command("ask")
@click.argument("classifier", type=click.Path(path_type=Path))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
def ask_command(classifier: Path, files: tuple[Path, ...]) -> None:
    """Print the fraction of the drawings of each of FILES that is named sheep first."""
    model = load_classifier(classifier)
    for path in files:
        images = read_images(path)
        fraction = (predict(model, images) == model.words.index("sheep")).mean()
        click.echo(f"{path}: {fraction:.3f} of {len(images)} named sheep first")


if __name__ == "__main__":
    try:
        main()
    except SketchvaeError as error:
        raise SystemExit(str(error)) from None
