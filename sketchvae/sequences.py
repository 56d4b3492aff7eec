"""Drawings as the networks read them: stroke-5 in model units, one column each.

The columns stand in the order of their lengths, the longest first: those that still have a
step at t are the first ones, and nothing is computed for padding.
Shape letters: B drawings, T steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing, Pen
from sketchvae.polyline import Floats32

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class PaddedBatch:
    """The steps of B drawings.

    Attributes:
        owner: (B,) the place of each column's drawing among those that were given.
        steps: (T, 5, B) stroke-5, with an END row last; zeros behind it.
        lengths: (B,) rows of each, END included, never rising.
    """

    owner: Ints
    steps: Floats32
    lengths: Ints

    def batch_sizes(self) -> Ints:
        """Return how many columns have a step at each t, (T,): the first ones."""
        going: Ints = (self.lengths > np.arange(len(self.steps))[:, None]).sum(axis=1)
        return going

    def reversed_(self) -> Floats32:
        """Return the steps read from each drawing's END to its beginning, (T, 5, B)."""
        t = np.arange(len(self.steps))[:, None]
        steps: Floats32 = self.steps[self.lengths - 1 - t, :, np.arange(len(self.lengths))]
        return np.ascontiguousarray(steps.transpose(0, 2, 1))  # wraps into zeros behind the end

    def repeated(self, times: int) -> "PaddedBatch":
        """Return each column that many times, side by side."""
        return PaddedBatch(
            self.owner.repeat(times), self.steps.repeat(times, axis=2), self.lengths.repeat(times)
        )

    def without_end(self) -> "PaddedBatch":
        """Leave the END rows out: drawings that go on."""
        return PaddedBatch(self.owner, self.steps[:-1], self.lengths - 1)


def collate(
    drawings: Sequence[Drawing], scale: float, dice: Sequence[np.random.Generator] = ()
) -> PaddedBatch:
    """Turn drawings into steps, as `Drawing.to_stroke5` has them. The work is done at once.

    Args:
        drawings: at least one, in the pixels of the simplified form, with strokes.
        scale: pixels per model unit.
        dice: of each drawing, for half a pixel of uniform noise on each offset (dequantisation);
            none for no noise.
    """
    strokes = [stroke for drawing in drawings for stroke in drawing.strokes]
    points = np.concatenate(strokes).astype(np.float32)
    lifted = np.zeros(len(points), dtype=bool)
    lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = True
    owner = np.repeat(np.arange(len(drawings)), [d.n_points for d in drawings])
    offsets, lifted, owner = offsets_from_points(points, lifted, owner)
    lengths = np.bincount(owner, minlength=len(drawings)) + 1
    for i, rng in enumerate(dice):
        offsets[owner == i] += rng.uniform(-0.5, 0.5, (lengths[i] - 1, 2)).astype(np.float32)
    order = np.argsort(-lengths, kind="stable")
    column = np.empty_like(order)
    column[order] = np.arange(len(order))
    firsts = np.cumsum(lengths - 1) - (lengths - 1)
    row = np.arange(len(owner)) - firsts[owner]
    steps = np.zeros((int(lengths.max()), 5, len(drawings)), dtype=np.float32)
    steps[row, :2, column[owner]] = offsets / np.float32(scale)
    steps[row, np.where(lifted, 2 + Pen.UP, 2 + Pen.DOWN), column[owner]] = 1
    steps[lengths - 1, 2 + Pen.END, column] = 1
    return PaddedBatch(order, steps, lengths[order])


def offsets_from_points(
    points: Floats32, lifted: Bools, owner: Ints
) -> tuple[Floats32, Bools, Ints]:
    """Turn the points of drawings, one behind the other, into their rows.

    The first point is the origin and has no row of its own, but where the row is needed
    to tell a dot from a line: see `Drawing.from_stroke3`.

    Args:
        points: (N, 2).
        lifted: (N,) whether the pen lifts after each.
        owner: (N,) which drawing each belongs to, never falling.

    Returns:
        The offset of each row, whether the pen lifts after it, and its drawing.
    """
    offsets = np.diff(points, axis=0, prepend=points[:1])
    begins = segment_starts(owner)
    offsets[begins] = 0
    follows = np.append(offsets[1:].any(axis=1) & ~begins[1:], False) if len(offsets) else begins
    rows = ~(begins & ~lifted & follows)
    return offsets[rows], lifted[rows], owner[rows]


def segment_starts(owner: Ints) -> Bools:
    """Mark the first point of each drawing."""
    return np.append(True, np.diff(owner) != 0) if len(owner) else np.zeros(0, dtype=bool)
