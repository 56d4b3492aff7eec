"""Batches as the torch network takes them: padded stroke-5, dequantised and augmented.

Shape letters: B drawings, T steps, Z latent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.polyline import Bools, Floats, Floats32, Ints
from sketchvae.sequences import Pen, offsets_from_points, pad_rows, segment_starts


@dataclass(frozen=True)
class Augmentation:
    """Random changes to a training drawing.

    Attributes:
        random_scale: x and y are each scaled by a factor from 1 - this to 1 + this.
        point_dropout: fraction of the points that is left out; both ends of a stroke stay.
        random_turn: standard deviation of the angle, in radians, by which a drawing is turned, and
            of the shear, in pixels of x per pixel of y.
    """

    random_scale: float = 0.1
    point_dropout: float = 0.1
    random_turn: float = 0.0


@dataclass(frozen=True)
class Batch:
    """Drawings as the torch network takes them.

    Attributes:
        steps: (B, T, 5) float32 stroke-5 in model units, padded with END rows.
        lengths: (B,) int64 rows of each drawing, its own END included.
        noise: (B, Z) float32, standard normal, for z.
    """

    steps: Floats32
    lengths: Ints
    noise: Floats32

    def only(self, chosen: Bools) -> "Batch":
        """Return the chosen drawings, (B,)."""
        return Batch(self.steps[chosen], self.lengths[chosen], self.noise[chosen])

    @classmethod
    def joined(cls, batches: "Sequence[Batch]") -> "Batch":
        """Return the drawings of batches in one; the shorter ones are padded with END rows."""
        if len(batches) == 1:
            return batches[0]
        lengths = np.concatenate([batch.lengths for batch in batches])
        longest = max(batch.steps.shape[1] for batch in batches)
        steps = np.zeros((len(lengths), longest, 5), dtype=np.float32)
        steps[..., 2 + Pen.END] = 1
        first = 0
        for batch in batches:
            n, T, _ = batch.steps.shape
            steps[first : first + n, :T] = batch.steps
            first += n
        return cls(steps, lengths, np.concatenate([batch.noise for batch in batches]))


def make_batch(
    drawings: Sequence[NDArray[np.uint8]],
    scale: float,
    latent: int,
    rng: np.random.Generator,
    augmentation: Augmentation | None = None,
) -> Batch:
    """Return drawings as a batch of stroke-5, the rows of `sequences.to_stroke5`, padded with END.

    The offsets are integers. Uniform noise of half a pixel is added to them (dequantisation):
    without it the density would grow spikes on the integers.

    Args:
        drawings: packed points, each (n, 3) uint8: x, y, lift.
        scale: pixels per model unit.
        latent: Z, for the noise of z.
        rng: source of all noise.
        augmentation: random changes to each drawing; None for validation.
    """
    counts = np.array([len(points) for points in drawings])
    points = np.concatenate(drawings)
    xy = points[:, :2].astype(np.float32)
    lifted = points[:, 2] != 0
    index = np.repeat(np.arange(len(drawings)), counts)
    if augmentation is not None:
        width = augmentation.random_scale
        factors = rng.uniform(1 - width, 1 + width, (len(drawings), 2))
        xy *= factors[index].astype(np.float32)
        if augmentation.random_turn:
            deviation = augmentation.random_turn
            xy = _turned(xy, index, rng.normal(0, deviation, (2, len(drawings))))
        stroke_starts = segment_starts(index) | np.append(True, lifted[:-1])
        kept = (rng.random(len(points)) >= augmentation.point_dropout) | stroke_starts | lifted
        xy, lifted, index = xy[kept], lifted[kept], index[kept]
    offsets, lifted, index = offsets_from_points(xy, lifted, index)
    offsets += rng.uniform(-0.5, 0.5, offsets.shape).astype(np.float32)
    steps, lengths = pad_rows(offsets / np.float32(scale), lifted, index, len(drawings))
    noise = rng.standard_normal((len(drawings), latent), dtype=np.float32)
    return Batch(steps, lengths, noise)


def _turned(xy: Floats32, index: Ints, changes: Floats) -> Floats32:
    """Return points, (n, 2), sheared and then turned.

    Args:
        xy: points, (n, 2).
        index: number of the drawing of each point, (n,).
        changes: angle in radians and shear of each of B drawings, (2, B).
    """
    angle, shear = changes[:, index]
    x, y = xy[:, 0] + shear * xy[:, 1], xy[:, 1]
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.column_stack([x * cosine - y * sine, x * sine + y * cosine]).astype(np.float32)
