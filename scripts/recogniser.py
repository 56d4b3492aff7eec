"""Train a small classifier of all categories, to ask what drawings look like. Never shipped.

    python scripts/recogniser.py train DATA OUT.pt [SEED [WIDTH [EPOCHS]]]   real drawings only
    python scripts/recogniser.py ask OUT.pt FILES...      share named sheep first, a line a file

DATA is a folder with quickdraw_344.ndjson.gz and quickdraw_sheep.ndjson (real drawings, CC BY
4.0). The 100 sheep that `scripts/reproduce` keeps for validation are not trained on, nor is a
twentieth of the others: they say how good the classifier is.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional as F

from sketchvae.data import formats
from sketchvae.data.dataset import key_of, to_points
from sketchvae.drawing import Drawing
from sketchvae.train.distributed import ProcessGroup

SIDE = 32  # pixels
WIDTH, EPOCHS = 32, 10  # channels of the first layer
BATCH, RATE = 128, 3e-3
VALID_SHEEP, VALID = 0.4559, 0.05  # shares of the hashes, as in scripts/reproduce
Pictures = NDArray[np.uint8]


class Recogniser(nn.Module):
    """Pictures (B, 1, 32, 32) to logits (B, categories)."""

    def __init__(self, words: Sequence[str], width: int = WIDTH) -> None:
        super().__init__()
        self.words, self.width = list(words), width
        layers: list[nn.Module] = []
        before = 1
        for times, stride in ((1, 2), (2, 1), (4, 2), (4, 1), (8, 2)):
            layers += [
                nn.Conv2d(before, times * width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(times * width),
                nn.ReLU(),
            ]
            before = times * width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(4 * 4 * before, len(words))
        self.drop = nn.Dropout(0.4)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.head(self.drop(self.body(pictures).flatten(1)))
        return logits


def picture(drawing: Drawing) -> Pictures:
    """Draw in white on black, centred, the strokes about a pixel wide."""
    finer = 4
    side = SIDE * finer
    image = Image.new("L", (side, side), 0)
    ink = ImageDraw.Draw(image)
    for stroke in drawing.fit(side, side, 1.5 * finer).strokes:
        places = [(x, y) for x, y in stroke.tolist()]
        ink.line(places * 2 if len(places) == 1 else places, fill=255, width=finer + 1)
    return np.asarray(image.reduce(finer))


def pictures(drawings: Iterable[Drawing]) -> Pictures:
    return np.array([picture(drawing) for drawing in drawings])


def load_data(folder: Path) -> tuple[list[str], Pictures, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the words, all pictures, the word of each, and which are kept for validation."""
    words: dict[str, int] = {}
    drawn, labels, kept = [], [], []
    for name in ("quickdraw_344.ndjson.gz", "quickdraw_sheep.ndjson"):
        for drawing in formats.read(folder / name):
            word = "sheep" if "sheep" in name else drawing.word
            share = VALID_SHEEP if word == "sheep" else VALID
            drawn.append(picture(drawing))
            labels.append(words.setdefault(word, len(words)))
            kept.append(key_of(to_points(drawing)) / 2**64 < share)
    return list(words), np.array(drawn), np.array(labels), np.array(kept)


def shifted(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale, lean and move each picture a little."""
    n = len(batch)
    matrix = torch.eye(2).repeat(n, 1, 1) + 0.12 * torch.randn(n, 2, 2, generator=generator)
    move = 0.06 * torch.randn(n, 2, 1, generator=generator)
    grid = F.affine_grid(torch.cat([matrix, move], dim=2), list(batch.shape), align_corners=False)
    return F.grid_sample(batch, grid, align_corners=False)


def train(folder: Path, out: Path, seed: int, width: int, epochs: int) -> None:
    words, drawn, labels, kept = load_data(folder)
    sheep = words.index("sheep")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    group = ProcessGroup.init()
    model = Recogniser(words, width)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    counts = np.bincount(labels[~kept], minlength=len(words))
    weight = torch.from_numpy((np.median(counts) / counts).astype(np.float32))
    rows = np.flatnonzero(~kept)
    steps = epochs * (len(rows) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(epochs):
        began, losses = time.monotonic(), []
        order = np.random.default_rng([seed, epoch]).permutation(rows)
        for first in range(0, len(order) - BATCH + 1, BATCH):
            which = order[first : first + BATCH]
            batch = torch.from_numpy(drawn[which])[:, None].float() / 255
            with group.precision():
                batch = shifted(batch, generator).to(memory_format=torch.channels_last)
                logits = model(batch)
            loss = F.cross_entropy(
                logits.float(), torch.from_numpy(labels[which]), weight, label_smoothing=0.1
            )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        others = np.flatnonzero(kept & (labels != sheep))
        right = float((named(model, drawn[others]) == labels[others]).mean())
        found = float((named(model, drawn[kept & (labels == sheep)]) == sheep).mean())
        print(
            f"epoch {epoch + 1}: loss {np.mean(losses):.3f}; right {right:.3f} of the others kept "
            f"out, sheep first {found:.3f} of the sheep; {time.monotonic() - began:.0f} s",
            flush=True,
        )
        torch.save({"words": words, "width": width, "model": model.state_dict()}, out)


@torch.no_grad()
def named(model: Recogniser, drawn: Pictures) -> NDArray[np.int64]:
    """Return the category that each picture is taken for."""
    model.eval()
    answers = []
    for first in range(0, len(drawn), 512):
        batch = torch.from_numpy(drawn[first : first + 512])[:, None].float() / 255
        answers.append(model(batch).argmax(dim=1).numpy())
    model.train()
    return np.concatenate(answers)


def load_recogniser(path: Path) -> Recogniser:
    state = torch.load(path, weights_only=True)
    model = Recogniser(state["words"], state["width"])
    model.load_state_dict(state["model"])
    return model


def ask(path: Path, files: Iterable[Path]) -> None:
    model = load_recogniser(path)
    sheep = model.words.index("sheep")
    for file in files:
        found = named(model, pictures(d.simplified() for d in formats.read(file)))
        print(f"{file}: {(found == sheep).mean():.3f} of {len(found)} named sheep first")


if __name__ == "__main__":
    if sys.argv[1] == "train":
        given = [int(text) for text in sys.argv[4:]]
        train(Path(sys.argv[2]), Path(sys.argv[3]), *[*given, *(0, WIDTH, EPOCHS)[len(given) :]])
    else:
        ask(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
