"""Training of the discriminator, which tells what people drew from what a model drew.

    python -m sketchvae.train.discriminator MODEL REAL.drawings

draws a likeness of each of the real drawings with a model that learnt from all categories, and
trains a small image network to tell the two apart. What it learns holds for categories that it
never saw: lines that end where they should, parts that meet, no knots.
"""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sketchvae.bitmaps import Bitmaps, bitmaps
from sketchvae.data.dataset import PackedDataset, from_points, open_packed
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.classifier import Classifier, shipped_classifier, to_tensor
from sketchvae.generate.artist import Artist
from sketchvae.model.discriminator import NAME, Discriminator, save
from sketchvae.model.weights import load, shipped_path

TEMPERATURES = (1.0, 1.0, 0.7, 0.4)  # of the likenesses, by turns of a chunk
_CHUNK = 2000  # drawings whose likenesses are drawn together
EPOCHS, BATCH, LEARNING_RATE = 6, 256, 2e-3
_MAX_SHIFT = 1  # pixels


def likenesses(artist: Artist, real: PackedDataset, seed: int = 0) -> tuple[Bitmaps, Bitmaps]:
    """Return the bitmaps of real drawings and of their likenesses, (n, 28, 28) each.

    A likeness is drawn from a latent of the posterior of a drawing. One that does not end is left
    out, and so is its drawing.

    Args:
        artist: draws; it knows all categories.
        real: drawings, of which the training split counts.
        seed: of the order, the latents and the likenesses.
    """
    order = np.random.default_rng(seed).permutation(real.split("train"))
    pairs: list[tuple[Bitmaps, Bitmaps]] = []
    for number, first in enumerate(range(0, len(order), _CHUNK)):
        chunk = [from_points(real.points_of(i)) for i in order[first : first + _CHUNK].tolist()]
        own = np.random.SeedSequence([seed, number]).generate_state(1).item()
        latents = artist.sample_posterior(chunk, len(chunk), own)
        temperature = TEMPERATURES[number % len(TEMPERATURES)]
        drawn = artist.sample(len(chunk), temperature, own, latents)
        pairs.append(_pair(chunk, drawn))
        click.echo(f"{first + len(chunk)} of {len(order)} drawn")
    return np.concatenate([r for r, _ in pairs]), np.concatenate([d for _, d in pairs])


def _pair(real: Sequence[Drawing], drawn: Sequence[Drawing | None]) -> tuple[Bitmaps, Bitmaps]:
    both = [(r, d.to_quickdraw()) for r, d in zip(real, drawn, strict=True) if d and d.strokes]
    return bitmaps([r for r, _ in both]), bitmaps([d for _, d in both])


def train_discriminator(
    real: Bitmaps, drawn: Bitmaps, begin: Classifier, epochs: int = EPOCHS, seed: int = 0
) -> Discriminator:
    """Return a discriminator trained on real and drawn bitmaps, (n, 28, 28) each.

    Bitmaps are mirrored and moved by whole pixels: anything finer would blur the ink, by which the
    two differ.

    Args:
        real: of what people drew.
        drawn: of what a model drew.
        begin: a classifier whose convolutions are begun with.
        epochs: passes over the bitmaps.
        seed: of the weights, the order and the moves.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Classifier(["real"], begin.width)
    model.body.load_state_dict(begin.body.state_dict())
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = np.concatenate([real, drawn])
    labels = torch.from_numpy(np.repeat([1.0, 0.0], [len(real), len(drawn)]).astype(np.float32))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=epochs * steps
    )
    for epoch in range(epochs):
        losses = []
        for rows in np.array_split(rng.permutation(len(images))[: steps * BATCH], steps):
            batch = to_tensor(images[rows])
            if rng.random() < 0.5:
                batch = batch.flip(3)
            shift = rng.integers(-_MAX_SHIFT, _MAX_SHIFT + 1, 2).tolist()
            logits = model(batch.roll(shift, (2, 3)).to(memory_format=torch.channels_last))[:, 0]
            loss = F.binary_cross_entropy_with_logits(logits, labels[rows])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        click.echo(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}")
    return fold(model.eval())


def fold(model: Classifier) -> Discriminator:
    """Return a classifier of one output as a discriminator: normalisation joins the kernels.

    Args:
        model: in the mode of evaluation.
    """
    state = model.state_dict()
    kernels, biases = [], []
    for i in range(0, len(model.body), 3):  # convolution, normalisation, ReLU
        weight, bias, mean, variance = (
            state[f"body.{i + 1}.{name}"]
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / torch.sqrt(variance + nn.BatchNorm2d(1).eps)
        kernel = (state[f"body.{i}.weight"] * scale[:, None, None, None]).permute(2, 3, 1, 0)
        kernels.append(kernel.reshape(-1, len(scale)).contiguous().numpy())
        biases.append((bias - mean * scale).numpy())
    out = torch.cat([state["head.weight"][0], state["head.bias"]]).numpy()
    return Discriminator(tuple(kernels), tuple(biases), out)


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("real", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=shipped_path(NAME))
def main(model: Path, real: Path, out: Path) -> None:
    """Train on REAL (.drawings) of many categories, and on likenesses that MODEL draws of them."""
    pairs = likenesses(Artist(load(model)), open_packed(real))
    save(train_discriminator(*pairs, shipped_classifier("critic")), out)
    click.echo(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    try:
        main()
    except SketchvaeError as error:
        raise SystemExit(str(error)) from None
