"""Drawings as sequences of steps: stroke-3, stroke-5, and the padded batches of the networks.

A step is an offset and the state of the pen after it. Stroke-3 rows are (dx, dy, lift): the form
of Sketch-RNN's data files, "3-stroke" in Magenta. Stroke-5 rows are (dx, dy, p1, p2, p3) with a
one-hot pen (Ha & Eck 2017, section 3.1): "5-stroke" in Magenta, whose `to_big_strokes` writes it.

The pen starts down at the origin. That first point has no row of its own, so n rows are n + 1
points. A first row without an offset is that point itself: so a first stroke of one point can be
written, and every drawing survives the round trip.
Shape letters: B drawings, T steps, N points or rows of all drawings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchvae.drawing import COORDINATE_LIMIT, Drawing
from sketchvae.errors import SketchvaeError, abbreviate
from sketchvae.polyline import Bools, Floats, Floats32, Ints

LENGTH_MULTIPLE = 16  # T of a batch is a multiple: fewer different shapes fragment the heap less


class Pen(IntEnum):
    """State of the pen after a step: the one-hot (p1, p2, p3) of stroke-5 (Ha & Eck 2017, 3.1)."""

    DOWN = 0
    UP = 1
    END = 2


# --- one drawing ------------------------------------------------------------------------


def to_stroke3(drawing: Drawing) -> Floats:
    """Return a drawing as stroke-3, (n, 3), its first point at the origin."""
    offsets, lifted = _offsets_of(drawing)
    return np.column_stack([offsets, lifted])


def to_stroke5(drawing: Drawing) -> Floats:
    """Return a drawing as stroke-5, (n, 5), its first point at the origin, with an END row last."""
    offsets, lifted = _offsets_of(drawing)
    steps = np.zeros((len(offsets) + 1, 5))
    steps[:-1, :2] = offsets
    steps[:-1, 2 + Pen.DOWN] = ~lifted
    steps[:-1, 2 + Pen.UP] = lifted
    steps[-1, 2 + Pen.END] = 1
    return steps


def from_stroke3(steps: ArrayLike, word: str = "") -> Drawing:
    """Return the drawing of stroke-3 rows, its first point at the origin.

    Args:
        steps: (n, 3), offsets from -1e9 to 1e9, lift 1 where the pen is lifted after the row,
            else 0; no rows for an empty drawing.
        word: the thing drawn.

    Raises:
        SketchvaeError: for another shape, or a value out of range.
    """
    rows = _checked_steps(steps, columns=3, form="stroke-3 (dx, dy, lift)")
    lift = rows[:, 2]
    valid = (lift == 0.0) | (lift == 1.0)
    if not valid.all():
        row = int(np.argmin(valid))
        raise SketchvaeError(
            f"stroke-3 row {row}: lift must be 0 or 1, got {lift[row]:g}; "
            "check the order of the columns: dx, dy, lift"
        )
    return _from_offsets(rows[:, :2], lift == 1.0, word)


def from_stroke5(steps: ArrayLike, word: str = "") -> Drawing:
    """Return the drawing of stroke-5 rows up to the first END, its first point at the origin.

    The END row has no point, and rows behind it are padding. END in row 0 is an empty drawing.

    Args:
        steps: (n, 5), offsets from -1e9 to 1e9, exactly one of p1, p2, p3 equal to 1.
        word: the thing drawn.

    Raises:
        SketchvaeError: for another shape, or a pen that is not one-hot.
    """
    rows = _checked_steps(steps, columns=5, form="stroke-5 (dx, dy, p1, p2, p3)")
    ends = np.flatnonzero(rows[:, 2 + Pen.END] == 1)
    rows = rows[: ends[0] + 1] if len(ends) else rows
    pens = rows[:, 2:]
    one_hot = ((pens == 0) | (pens == 1)).all(axis=1) & (pens.sum(axis=1) == 1)
    if not one_hot.all():
        row = int(np.argmin(one_hot))
        raise SketchvaeError(
            f"stroke-5 row {row}: the pen must be one-hot, got {pens[row].tolist()}; "
            "check the order of the columns: dx, dy, p1 (down), p2 (up), p3 (end)"
        )
    rows = rows[:-1] if len(ends) else rows
    return _from_offsets(rows[:, :2], rows[:, 2 + Pen.UP] == 1, word)


def _offsets_of(drawing: Drawing) -> tuple[Floats, Bools]:
    """Return the offset of each row, (n, 2), and whether the pen lifts after it, (n,)."""
    if not drawing.strokes:
        return np.zeros((0, 2)), np.zeros(0, dtype=bool)
    points = drawing.points
    lifted = np.zeros(len(points), dtype=bool)
    lifted[np.cumsum([len(s) for s in drawing.strokes]) - 1] = True
    offsets = np.diff(points, axis=0, prepend=points[:1])
    is_implied = not lifted[0] and bool(offsets[1].any())
    return offsets[is_implied:], lifted[is_implied:]


def _from_offsets(offsets: Floats, lifted: Bools, word: str) -> Drawing:
    """Return the drawing of rows: offsets, (n, 2), and whether the pen lifts after each, (n,)."""
    if not len(offsets):
        return Drawing((), word)
    points = np.cumsum(offsets, axis=0)
    if offsets[0].any():
        points = np.concatenate([np.zeros((1, 2)), points])
        lifted = np.concatenate([[False], lifted])
    cuts = [0, *(np.flatnonzero(lifted[:-1]) + 1).tolist(), len(points)]
    return Drawing((points[a:b] for a, b in pairwise(cuts)), word)


def _checked_steps(steps: ArrayLike, columns: int, form: str) -> Floats:
    """Return rows as floats, (n, columns); `form` names them in error messages."""
    try:
        rows = np.array(steps, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SketchvaeError(
            f"{form} must be an array of numbers, got {abbreviate(steps)}"
        ) from error
    if rows.size == 0:
        return np.zeros((0, columns))
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise SketchvaeError(f"{form} must have the shape (n, {columns}), got {rows.shape}")
    near = (np.abs(rows) <= COORDINATE_LIMIT).all(axis=1)  # False for nan too
    if not near.all():
        row = int(np.argmin(near))
        raise SketchvaeError(
            f"{form} row {row}: must be finite and within {COORDINATE_LIMIT:.0f} of 0, "
            f"got {rows[row].tolist()}"
        )
    return rows


# --- many drawings at once --------------------------------------------------------------


def offsets_from_points(
    points: Floats32, lifted: Bools, sample_index: Ints
) -> tuple[Floats32, Bools, Ints]:
    """Return the rows of drawings whose points stand one behind the other.

    Args:
        points: (N, 2).
        lifted: (N,) whether the pen lifts after each point.
        sample_index: (N,) index of the drawing of each point, never falling.

    Returns:
        The offset of each row, (n, 2), whether the pen lifts after it, (n,), and the index of its
        drawing, (n,). The first point of a drawing has no row, unless the drawing begins with a
        stroke of one point.
    """
    offsets = np.diff(points, axis=0, prepend=points[:1])
    starts = segment_starts(sample_index)
    offsets[starts] = 0
    moves_on = np.append(offsets[1:].any(axis=1) & ~starts[1:], False) if len(offsets) else starts
    has_row = ~(starts & ~lifted & moves_on)
    return offsets[has_row], lifted[has_row], sample_index[has_row]


def segment_starts(sample_index: Ints) -> Bools:
    """Return whether each row is the first one of its drawing, (N,)."""
    if not len(sample_index):
        return np.zeros(0, dtype=bool)
    return np.append(True, np.diff(sample_index) != 0)


def _row_numbers(sample_index: Ints, n: int) -> tuple[Ints, Ints]:
    """Return the rows of each of n drawings, END included, (n,), and each row's number, (N,)."""
    lengths = np.bincount(sample_index, minlength=n) + 1
    first_rows = np.cumsum(lengths - 1) - (lengths - 1)
    return lengths, np.arange(len(sample_index)) - first_rows[sample_index]


@dataclass(frozen=True)
class PaddedBatch:
    """B drawings as the NumPy network reads them: a column each, the longest first.

    The drawings that still have a step at time t are the first columns, so nothing is computed for
    padding.

    Attributes:
        sample_index: (B,) index of each column's drawing in the sequence that was collated.
        steps: (T, 5, B) stroke-5 in model units, with an END row; zeros behind it.
        lengths: (B,) rows of each drawing, END included, never rising.
    """

    sample_index: Ints
    steps: Floats32
    lengths: Ints

    def batch_sizes(self) -> Ints:
        """Return the number of columns that have a step at each time, (T,): the first columns.

        The same as in torch's `PackedSequence`.
        """
        sizes: Ints = (self.lengths > np.arange(len(self.steps))[:, None]).sum(axis=1)
        return sizes

    def reversed_(self) -> Floats32:
        """Return the steps of each drawing from its END to its first, (T, 5, B), then zeros."""
        t = np.arange(len(self.steps))[:, None]
        # Where T is longer than a drawing, the index is negative and finds the zeros at the end.
        steps: Floats32 = self.steps[self.lengths - 1 - t, :, np.arange(len(self.lengths))]
        return np.ascontiguousarray(steps.transpose(0, 2, 1))

    def repeated(self, times: int) -> "PaddedBatch":
        """Return a batch with each column `times` times, side by side."""
        return PaddedBatch(
            self.sample_index.repeat(times),
            self.steps.repeat(times, axis=2),
            self.lengths.repeat(times),
        )

    def without_end(self) -> "PaddedBatch":
        """Return the batch without END rows: drawings that are to be continued."""
        return PaddedBatch(self.sample_index, self.steps[:-1], self.lengths - 1)


def collate(
    drawings: Sequence[Drawing], scale: float, rngs: Sequence[np.random.Generator] = ()
) -> PaddedBatch:
    """Return drawings as a batch of stroke-5, the same rows as `to_stroke5` gives.

    Args:
        drawings: one or more, in simplified form, each with a stroke.
        scale: pixels per model unit.
        rngs: a generator for each drawing, for uniform noise of half a pixel on its offsets
            (dequantisation); empty for no noise.
    """
    strokes = [stroke for drawing in drawings for stroke in drawing.strokes]
    points = np.concatenate(strokes).astype(np.float32)
    lifted = np.zeros(len(points), dtype=bool)
    lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = True
    index = np.repeat(np.arange(len(drawings)), [d.n_points for d in drawings])
    offsets, lifted, index = offsets_from_points(points, lifted, index)
    lengths, row = _row_numbers(index, len(drawings))
    for i, rng in enumerate(rngs):
        offsets[index == i] += rng.uniform(-0.5, 0.5, (lengths[i] - 1, 2)).astype(np.float32)
    order = np.argsort(-lengths, kind="stable")
    column = np.empty_like(order)
    column[order] = np.arange(len(order))
    steps = np.zeros((int(lengths.max()), 5, len(drawings)), dtype=np.float32)
    steps[row, :2, column[index]] = offsets / np.float32(scale)
    steps[row, np.where(lifted, 2 + Pen.UP, 2 + Pen.DOWN), column[index]] = 1
    steps[lengths - 1, 2 + Pen.END, column] = 1
    return PaddedBatch(order, steps, lengths[order])


def pad_rows(
    offsets: Floats32, lifted: Bools, sample_index: Ints, n: int
) -> tuple[Floats32, NDArray[np.int64]]:
    """Return the rows of n drawings as the torch network takes them, padded with END rows.

    Args:
        offsets: (N, 2) in model units, the rows of all drawings one behind the other.
        lifted: (N,) whether the pen lifts after each row.
        sample_index: (N,) index of the drawing of each row, never falling.
        n: number of drawings, B.

    Returns:
        Stroke-5, (B, T, 5), with T a multiple of 16, and the rows of each drawing with its own
        END, (B,).
    """
    lengths, row = _row_numbers(sample_index, n)
    T = -(-int(lengths.max()) // LENGTH_MULTIPLE) * LENGTH_MULTIPLE
    steps = np.zeros((n, T, 5), dtype=np.float32)
    steps[..., 2 + Pen.END] = 1
    steps[sample_index, row, :2] = offsets
    steps[sample_index, row, 2:] = np.eye(3, dtype=np.float32)[np.where(lifted, Pen.UP, Pen.DOWN)]
    return steps, lengths
