"""Pixels that strokes are inked onto: each pixel is as dark as the share of it that ink covers.

A line of width w and with round ends is all that lies within w / 2 of its segments. So the
distance from a pixel's centre tells its share: 1 inside, 0 outside, and in between over the
width of one pixel. No library's line, which has whole pixels of width and jagged edges, and
nothing is drawn larger and reduced.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.polyline import Floats

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]

_SHORT = 8.0  # pixels: longer segments are cut, so that few pixels of a box lie off the line
_AT_ONCE = 2**19  # pixels looked at together: more gain nothing and take memory


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Segments of strokes, cut so short that a box around one is mostly ink.

    Attributes:
        starts: (n, 2) in pixels.
        steps: (n, 2) from start to end; no length in a dot.
        stroke: (n,) which stroke each belongs to.
        shares: (n, 2) of its stroke's length that lie behind its start and its end.
    """

    starts: Floats
    steps: Floats
    stroke: Whole
    shares: Floats

    def __len__(self) -> int:
        return len(self.starts)

    def chosen(self, which: NDArray[np.bool_]) -> "Pieces":
        """Take some of them."""
        return Pieces(self.starts[which], self.steps[which], self.stroke[which], self.shares[which])


def cut(strokes: Sequence[Floats], pen: float) -> Pieces:
    """Cut strokes, (n, 2) in pixels each, for a line that is `pen` pixels wide."""
    if not strokes:
        return Pieces(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2)))
    begins = np.concatenate([s[:-1] if len(s) > 1 else s for s in strokes])
    ends = np.concatenate([s[1:] if len(s) > 1 else s for s in strokes])
    stroke = np.repeat(np.arange(len(strokes)), [max(len(s) - 1, 1) for s in strokes])
    offsets = ends - begins
    counts = np.maximum(np.ceil(np.abs(offsets).max(axis=1) / max(_SHORT, pen)), 1).astype(np.int64)
    segment, part = _numbered(counts)
    steps = (offsets / counts[:, None])[segment]
    return Pieces(
        begins[segment] + steps * part[:, None], steps, stroke[segment],
        _shares(np.hypot(steps[:, 0], steps[:, 1]), stroke[segment], len(strokes)),
    )  # fmt: skip


def _numbered(counts: Whole) -> tuple[Whole, Whole]:
    """Count to each of the counts in turn: which one it is, and the number from 0."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def _shares(lengths: Floats, stroke: Whole, strokes: int) -> Floats:
    """Say where each piece lies on its stroke, (n, 2); all of a stroke without length at 0, 1."""
    walked = np.cumsum(lengths)
    whole = np.bincount(stroke, lengths, minlength=strokes)
    before = np.cumsum(whole) - whole
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (np.column_stack([walked - lengths, walked]) - before[stroke, None]) / whole[
            stroke, None
        ]
    shares[whole[stroke] <= 0] = (0.0, 1.0)
    return shares.clip(0.0, 1.0)


class Pixels:
    """A picture that strokes are inked onto.

    Strokes lie over each other in layers: within a layer a pixel takes the largest share of
    any piece, so that it does not matter where a line is cut; a later layer covers the
    earlier ones. Strokes of one colour in a row are one layer.

    Attributes:
        shown: (height * width, channels) what is there by now.
    """

    def __init__(self, width: int, height: int, paper: Sequence[int]) -> None:
        """Lay out paper.

        Args:
            width: in pixels.
            height: in pixels.
            paper: what every pixel begins with, one number from 0 to 255 a channel.
        """
        self.width, self.height = width, height
        self.shown: Bytes = np.full((width * height, len(paper)), paper, dtype=np.uint8)
        self._under = self.shown.copy()  # the layers below the one that a pixel is in
        self._share: Bytes = np.zeros(width * height, dtype=np.uint8)  # of 255, in that layer
        self._layer = np.full(width * height, -1, dtype=np.int32)

    def ink(
        self,
        pieces: Pieces,
        pen: float,
        colour: Sequence[int],
        layer: int,
        until: Floats | None = None,
    ) -> None:
        """Ink pieces in one colour.

        Args:
            pieces: what to ink.
            pen: width of the line in pixels.
            colour: one number a channel.
            layer: 0 or more, and not less than at any time before in the same place.
            until: (n,) share of each piece that is inked, from its start; None for all. A
                part of a piece never covers more of any pixel than the whole one.
        """
        ink = np.array(colour, dtype=np.float32)
        for where, shares in self._covered(pieces, pen / 2, until):
            fresh = where[self._layer[where] != layer]
            self._under[fresh], self._share[fresh] = self.shown[fresh], 0
            self._layer[fresh] = layer
            np.maximum.at(self._share, where, shares)
            under = self._under[where]
            share = self._share[where, None] / np.float32(255)
            self.shown[where] = np.rint(under + (ink - under) * share).astype(np.uint8)

    def dotted(self, places: Floats, diameter: float, colour: Sequence[int]) -> Bytes:
        """Show what is there with dots over it, and leave that as it is.

        Args:
            places: (n, 2) in pixels.
            diameter: of a dot, in pixels.
            colour: one number a channel.
        """
        dots = cut([place[None] for place in places], diameter)
        ink, shown = np.array(colour, dtype=np.float32), self.shown.copy()
        for where, shares in self._covered(dots, diameter / 2, None):
            share = shares[:, None] / np.float32(255)
            mixed = self.shown[where] + (ink - self.shown[where]) * share
            shown[where] = np.rint(mixed).astype(np.uint8)
        return shown

    def _covered(
        self, pieces: Pieces, radius: float, until: Floats | None
    ) -> Iterator[tuple[Whole, Bytes]]:
        """Yield pixels and their shares, of 255; a pixel may come several times."""
        ends = pieces.starts + pieces.steps
        reach = radius + 0.5
        low = np.floor(np.minimum(pieces.starts, ends) - reach).astype(np.int64)
        high = np.ceil(np.maximum(pieces.starts, ends) + reach).astype(np.int64)
        low, high = np.maximum(low, 0), np.minimum(high, (self.width, self.height))
        sides = np.maximum(high - low, 0)
        counts = sides.prod(axis=1)
        last = np.cumsum(counts)
        squares = np.maximum((pieces.steps**2).sum(axis=1), 1e-12)
        for first in range(0, int(last[-1]) if len(last) else 0, _AT_ONCE):
            number = np.arange(first, min(first + _AT_ONCE, int(last[-1])))
            piece = np.searchsorted(last, number, side="right")
            y, x = np.divmod(number - (last - counts)[piece], sides[piece, 0])
            x, y = x + low[piece, 0], y + low[piece, 1]
            step = pieces.steps[piece].T
            away = np.stack([x, y]) + 0.5 - pieces.starts[piece].T
            along = ((away * step).sum(axis=0) / squares[piece]).clip(0, 1)
            shares = _share(away - along * step, radius)
            if until is not None:  # at most the whole piece's, in spite of rounding
                part = _share(away - np.minimum(along, until[piece]) * step, radius)
                shares = np.minimum(shares, part)
            inked = shares > 0
            yield (y * self.width + x)[inked], shares[inked]


def _share(away: Floats, radius: float) -> Bytes:
    """Tell the share of a pixel that a line covers, of 255, from (2, n) to its middle.

    A line thinner than a pixel covers at most its own width of one.
    """
    distance = np.hypot(away[0], away[1])
    shares = (radius + 0.5 - distance).clip(0, min(1.0, 2 * radius))
    inked: Bytes = np.rint(shares * 255).astype(np.uint8)
    return inked
