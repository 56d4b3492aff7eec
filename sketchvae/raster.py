"""Anti-aliased strokes on pixels: the coverage of each pixel is its value, 0 to 255.

A line of width w with round ends is the set of points within w / 2 of its segments. The coverage
of a pixel follows from the distance d of its centre to the nearest segment: w / 2 + 0.5 - d,
clipped to 0 and 1. Pillow's lines have whole pixels of width and jagged edges; this needs no
picture that is drawn larger and reduced.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.polyline import Bools, Floats, Ints

Bytes = NDArray[np.uint8]
_MAX_SEGMENT = 8.0  # pixels: the box around a short segment holds few pixels without ink
_MAX_BATCH = 2**19  # pixels of one batch: larger ones are no faster and take more memory


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Line segments of strokes, so short that the bounding box of each is mostly ink.

    Attributes:
        starts: (n, 2) in pixels.
        offsets: (n, 2) from start to end, in pixels; (0, 0) for a dot.
        stroke: (n,) index of the stroke that each belongs to.
        spans: (n, 2) fractions of the stroke's length, 0 to 1, at which each starts and ends.
    """

    starts: Floats
    offsets: Floats
    stroke: Ints
    spans: Floats

    def __len__(self) -> int:
        return len(self.starts)

    def subset(self, mask: Bools) -> "Segments":
        """Return the segments that an (n,) mask marks."""
        return Segments(self.starts[mask], self.offsets[mask], self.stroke[mask], self.spans[mask])


def subdivide(strokes: Sequence[Floats], line_width: float) -> Segments:
    """Split strokes into short segments.

    Args:
        strokes: (n, 2) points each, in pixels; one point is a dot.
        line_width: pixels; |dx| and |dy| of a segment are at most this, or 8 pixels if that is
            more.
    """
    if not strokes:
        return Segments(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2)))
    starts = np.concatenate([s[:-1] if len(s) > 1 else s for s in strokes])
    ends = np.concatenate([s[1:] if len(s) > 1 else s for s in strokes])
    stroke = np.repeat(np.arange(len(strokes)), [max(len(s) - 1, 1) for s in strokes])
    offsets = ends - starts
    limit = max(_MAX_SEGMENT, line_width)
    counts = np.maximum(np.ceil(np.abs(offsets).max(axis=1) / limit), 1).astype(np.int64)
    whole = np.repeat(np.arange(len(counts)), counts)  # index of the unsplit segment
    part = np.arange(len(whole)) - np.repeat(np.cumsum(counts) - counts, counts)
    parts = (offsets / counts[:, None])[whole]
    spans = _spans(np.hypot(parts[:, 0], parts[:, 1]), stroke[whole], len(strokes))
    return Segments(starts[whole] + parts * part[:, None], parts, stroke[whole], spans)


def _spans(lengths: Floats, stroke: Ints, n_strokes: int) -> Floats:
    """Return each segment's start and end as fractions of its stroke's length, (n, 2).

    A segment of a stroke without length spans (0, 1).
    """
    ends = np.cumsum(lengths)
    totals = np.bincount(stroke, lengths, minlength=n_strokes)
    before = np.cumsum(totals) - totals
    with np.errstate(invalid="ignore", divide="ignore"):
        spans = (np.column_stack([ends - lengths, ends]) - before[stroke, None]) / totals[
            stroke, None
        ]
    spans[totals[stroke] <= 0] = (0.0, 1.0)
    return spans.clip(0.0, 1.0)


class Raster:
    """A picture that strokes are inked onto, layer over layer.

    Within a layer a pixel takes the greatest coverage of any segment, so that the result does not
    depend on where a line is split. A later layer lies over the earlier ones.

    Attributes:
        width: pixels.
        height: pixels.
        pixels: (height * width, channels) the present values, 0 to 255.
    """

    def __init__(self, width: int, height: int, paper: Sequence[int]) -> None:
        """Make a picture of blank paper.

        Args:
            width: pixels.
            height: pixels.
            paper: value of every pixel at first, 0 to 255 for each channel.
        """
        self.width, self.height = width, height
        self.pixels: Bytes = np.full((width * height, len(paper)), paper, dtype=np.uint8)
        self._below = self.pixels.copy()  # each pixel without the ink of its topmost layer
        self._coverage: Bytes = np.zeros(width * height, dtype=np.uint8)  # in the topmost layer
        self._layer = np.full(width * height, -1, dtype=np.int32)  # the topmost layer with ink

    def ink(
        self,
        segments: Segments,
        line_width: float,
        colour: Sequence[int],
        layer: int,
        progress: Floats | None = None,
    ) -> None:
        """Ink segments in one colour.

        Args:
            segments: the lines.
            line_width: pixels, above 0.
            colour: 0 to 255 for each channel.
            layer: 0 or more; never less than that of an earlier call for the same pixels.
            progress: (n,) fraction of each segment that is inked, 0 to 1, from its start; None
                for all. A part never covers more of a pixel than the whole segment does.
        """
        ink = np.array(colour, dtype=np.float32)
        for index, coverage in self._covered(segments, line_width / 2, progress):
            fresh = index[self._layer[index] != layer]
            self._below[fresh], self._coverage[fresh] = self.pixels[fresh], 0
            self._layer[fresh] = layer
            np.maximum.at(self._coverage, index, coverage)
            below = self._below[index]
            opacity = self._coverage[index, None] / np.float32(255)
            self.pixels[index] = np.rint(below + (ink - below) * opacity).astype(np.uint8)

    def with_dots(self, centres: Floats, diameter: float, colour: Sequence[int]) -> Bytes:
        """Return the pixels with dots over them, (height * width, channels); keep the raster.

        Where dots overlap, the later one counts, not the greatest coverage.

        Args:
            centres: (n, 2) in pixels.
            diameter: of a dot, in pixels.
            colour: 0 to 255 for each channel.
        """
        dots = subdivide([centre[None] for centre in centres], diameter)
        ink, pixels = np.array(colour, dtype=np.float32), self.pixels.copy()
        for index, coverage in self._covered(dots, diameter / 2, None):
            opacity = coverage[:, None] / np.float32(255)
            mixed = self.pixels[index] + (ink - self.pixels[index]) * opacity
            pixels[index] = np.rint(mixed).astype(np.uint8)
        return pixels

    def _covered(
        self, segments: Segments, radius: float, progress: Floats | None
    ) -> Iterator[tuple[Ints, Bytes]]:
        """Yield indices of pixels and their coverage, 1 to 255; a pixel may come several times."""
        ends = segments.starts + segments.offsets
        reach = radius + 0.5
        low = np.floor(np.minimum(segments.starts, ends) - reach).astype(np.int64)
        high = np.ceil(np.maximum(segments.starts, ends) + reach).astype(np.int64)
        low, high = np.maximum(low, 0), np.minimum(high, (self.width, self.height))
        sides = np.maximum(high - low, 0)
        counts = sides.prod(axis=1)  # pixels in each segment's bounding box
        last = np.cumsum(counts)
        total = int(last[-1]) if len(last) else 0
        squared = np.maximum((segments.offsets**2).sum(axis=1), 1e-12)
        for first in range(0, total, _MAX_BATCH):
            number = np.arange(first, min(first + _MAX_BATCH, total))
            segment = np.searchsorted(last, number, side="right")
            y, x = np.divmod(number - (last - counts)[segment], sides[segment, 0])
            x, y = x + low[segment, 0], y + low[segment, 1]
            offset = segments.offsets[segment].T
            from_start = np.stack([x, y]) + 0.5 - segments.starts[segment].T
            t = ((from_start * offset).sum(axis=0) / squared[segment]).clip(0, 1)
            coverage = _coverage(from_start - t * offset, radius)
            if progress is not None:  # the minimum: rounding must not make a part cover more
                part = _coverage(from_start - np.minimum(t, progress[segment]) * offset, radius)
                coverage = np.minimum(coverage, part)
            inked = coverage > 0
            yield (y * self.width + x)[inked], coverage[inked]


def ink_mask(strokes: Sequence[Floats], size: tuple[int, int], line_width: float) -> Bytes:
    """Return the coverage of each pixel by strokes with round caps, (height, width), 0 to 255.

    Args:
        strokes: (n, 2) points each, in pixels; one point is a dot.
        size: width and height in pixels; ink outside is left out.
        line_width: pixels, above 0.
    """
    width, height = size
    raster = Raster(width, height, (0,))
    raster.ink(subdivide(strokes, line_width), line_width, (255,), layer=0)
    return raster.pixels.reshape(height, width)


def _coverage(offsets: Floats, radius: float) -> Bytes:
    """Return the coverage of pixels by a line, (n,), 0 to 255.

    Args:
        offsets: (2, n) from the nearest point of the line to the centre of each pixel.
        radius: half of the line's width, in pixels; a line thinner than a pixel covers at most
            its own width of one.
    """
    distance = np.hypot(offsets[0], offsets[1])
    fraction = (radius + 0.5 - distance).clip(0, min(1.0, 2 * radius))
    coverage: Bytes = np.rint(fraction * 255).astype(np.uint8)
    return coverage
