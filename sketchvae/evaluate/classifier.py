"""A small image classifier of all categories, which tells what drawings look like. Never shipped.

    python -m sketchvae.evaluate.classifier train DATA OUT.pt [SEED [WIDTH [EPOCHS]]]
    python -m sketchvae.evaluate.classifier ask CLASSIFIER.pt FILES...

`train` learns from real drawings only: DATA is a folder with quickdraw_344.ndjson.gz and
quickdraw_sheep.ndjson. The 100 sheep that `scripts/reproduce` keeps for validation are held out,
and a twentieth of the others. `ask` prints for each file the fraction that is named sheep first.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sketchvae.data import formats
from sketchvae.data.dataset import key_of, to_points
from sketchvae.drawing import Drawing
from sketchvae.evaluate.features import small_image
from sketchvae.files import replacing
from sketchvae.model.device import autocast, has_bf16
from sketchvae.polyline import Bools, Ints

SIDE, MARGIN, PEN = 32, 1.5, 5  # of a picture, in pixels; the pen in quarters of a pixel
BATCH, LEARNING_RATE = 128, 3e-3
HELD_OUT_SHEEP, HELD_OUT = 0.4559, 0.05  # fractions of the hashes, as in scripts/reproduce
_CPU = torch.device("cpu")

Images = NDArray[np.uint8]  # (n, 32, 32), white on black


class Classifier(nn.Module):
    """A convolutional network: pictures, (B, 1, 32, 32) from 0 to 1, to logits, (B, words).

    Args:
        words: the categories.
        width: channels of the first layer.
    """

    def __init__(self, words: Sequence[str], width: int = 32) -> None:
        super().__init__()
        self.words, self.width = list(words), width
        layers: list[nn.Module] = []
        channels = 1
        for factor, stride in ((1, 2), (2, 1), (4, 2), (4, 1), (8, 2)):
            layers += [
                nn.Conv2d(channels, factor * width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(factor * width),
                nn.ReLU(),
            ]
            channels = factor * width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(4 * 4 * channels, len(words))
        self.drop = nn.Dropout(0.4)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of pictures, (B, words)."""
        logits: Tensor = self.head(self.drop(self.body(images).flatten(1)))
        return logits


@dataclass(frozen=True)
class LabelledImages:
    """Pictures of drawings and their categories.

    Attributes:
        words: the categories.
        images: (n, 32, 32) uint8.
        labels: (n,) index of each picture's category in `words`.
        held_out: (n,) whether a picture is kept out of training.
    """

    words: list[str]
    images: Images
    labels: Ints
    held_out: Bools


def draw_images(drawings: Iterable[Drawing]) -> Images:
    """Return drawings in simplified form as images, (n, 32, 32), with a pen 1.25 pixels wide."""
    images = [np.asarray(small_image(drawing, SIDE, MARGIN, PEN)) for drawing in drawings]
    return np.array(images, dtype=np.uint8).reshape(-1, SIDE, SIDE)


def load_quickdraw(folder: Path) -> LabelledImages:
    """Read the real drawings of a folder; which ones are held out depends on their content."""
    words: dict[str, int] = {}
    images, labels, held_out = [], [], []
    for name in ("quickdraw_344.ndjson.gz", "quickdraw_sheep.ndjson"):
        for drawing in formats.read(folder / name):
            word = "sheep" if "sheep" in name else drawing.word
            fraction = HELD_OUT_SHEEP if word == "sheep" else HELD_OUT
            images.append(np.asarray(small_image(drawing, SIDE, MARGIN, PEN)))
            labels.append(words.setdefault(word, len(words)))
            held_out.append(key_of(to_points(drawing)) / 2**64 < fraction)
    return LabelledImages(list(words), np.array(images), np.array(labels), np.array(held_out))


def train_classifier(
    data: LabelledImages, seed: int = 0, width: int = 32, epochs: int = 10, *, verbose: bool = False
) -> Classifier:
    """Return a classifier trained on the pictures that are not held out.

    Rare categories weigh more in the loss, so that all count the same. Seeds 0 and 1, widths 32
    and 16 and epochs 10 and 5 made the classifiers of the published figures.

    Args:
        data: images; those held out are used only for the accuracy that is printed.
        seed: of the weights, the order and the distortions.
        width: channels of the first layer.
        epochs: passes over the pictures.
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
                images = distort(_to_tensor(data.images[batch]), generator)
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
    """Return pictures, (B, 1, 32, 32), each turned, scaled, sheared and moved a little.

    Args:
        images: pictures from 0 to 1.
        generator: source of the random distortions.
    """
    n = len(images)
    matrix = torch.eye(2).repeat(n, 1, 1) + 0.12 * torch.randn(n, 2, 2, generator=generator)
    move = 0.06 * torch.randn(n, 2, 1, generator=generator)
    grid = F.affine_grid(torch.cat([matrix, move], dim=2), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def held_out_accuracy(model: Classifier, data: LabelledImages) -> str:
    """Return a line of text: fractions of held-out drawings named rightly, others and sheep.

    Args:
        model: the classifier.
        data: images with labels, those held out among them.
    """
    sheep = data.words.index("sheep")
    rates = []
    for rows in (data.held_out & (data.labels != sheep), data.held_out & (data.labels == sheep)):
        right = predict(model, data.images[rows]) == data.labels[rows]
        rates.append(float(right.mean()) if len(right) else float("nan"))
    return f"held out: {rates[0]:.3f} of the others right, {rates[1]:.3f} of the sheep named sheep"


@torch.no_grad()
def predict(model: Classifier, images: Images) -> Ints:
    """Return the index of the likeliest category of each picture, (n,).

    Args:
        model: the classifier; it is left in the mode, training or not, in which it came.
        images: (n, 32, 32) uint8.
    """
    was_training = model.training
    model.eval()
    parts = [images[first : first + 512] for first in range(0, len(images), 512)]
    labels = [model(_to_tensor(part)).argmax(dim=1).numpy() for part in parts]
    model.train(was_training)
    return np.concatenate(labels) if labels else np.zeros(0, dtype=np.int64)


def named_first(model: Classifier, drawings: Iterable[Drawing], word: str) -> float:
    """Return the fraction of drawings whose likeliest category is a word.

    Args:
        model: knows the word.
        drawings: one or more; each is simplified first.
        word: "sheep".
    """
    labels = predict(model, draw_images(drawing.simplified() for drawing in drawings))
    return float((labels == model.words.index(word)).mean())


def _to_tensor(images: Images) -> Tensor:
    return torch.from_numpy(images)[:, None].float() / 255


def save_classifier(model: Classifier, path: Path) -> None:
    """Write a classifier, with its words.

    Args:
        model: the classifier.
        path: of the file, which is replaced whole.
    """
    with replacing(path) as temporary:
        state = {"words": model.words, "width": model.width, "model": model.state_dict()}
        torch.save(state, temporary)


def load_classifier(path: Path) -> Classifier:
    """Read a classifier, ready to predict."""
    state = torch.load(path, weights_only=True)
    model = Classifier(state["words"], state["width"])
    model.load_state_dict(state["model"])
    return model.eval()


def main(arguments: Sequence[str]) -> None:
    """Train a classifier, or ask one: see the top of this file."""
    command, first, second, *rest = arguments
    if command == "train":
        model = train_classifier(load_quickdraw(Path(first)), *map(int, rest), verbose=True)
        save_classifier(model, Path(second))
        return
    model = load_classifier(Path(first))
    for name in (second, *rest):
        drawings = list(formats.read(Path(name)))
        fraction = named_first(model, drawings, "sheep")
        print(f"{name}: {fraction:.3f} of {len(drawings)} named sheep first")


if __name__ == "__main__":
    main(sys.argv[1:])
