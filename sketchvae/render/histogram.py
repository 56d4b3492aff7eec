"""Histograms of several sets side by side, as one small picture."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchvae.polyline import Floats

if TYPE_CHECKING:
    from PIL import Image

WIDTH, HEIGHT = 240, 150  # pixels of a panel
_COLUMNS = 5  # panels in a row
_BINS = 24
_TOP, _BOTTOM = 34, 20  # pixels for the words over a panel and the range under it
_COLOURS = ("#000000", "#d62728", "#1f77b4", "#2ca02c", "#9467bd")


def histograms(sets: Mapping[str, Floats], names: Sequence[str]) -> "Image.Image":
    """Draw a panel for each feature, with an outline for each set, all of the same area.

    Args:
        sets: by name, (n, features) each; the first is black, at most five.
        names: of the features.
    """
    from PIL import Image, ImageDraw

    rows = -(-len(names) // _COLUMNS)
    picture = Image.new("RGB", (_COLUMNS * WIDTH, rows * HEIGHT), "white")
    ink = ImageDraw.Draw(picture)
    for index, name in enumerate(names):
        left, top = index % _COLUMNS * WIDTH, index // _COLUMNS * HEIGHT
        values = {key: rows_of[:, index] for key, rows_of in sets.items()}
        low, high = np.percentile(np.concatenate(list(values.values())), [0.5, 99.5])
        high = high if high > low else low + 1
        heights = {k: _heights(v, low, high) for k, v in values.items()}
        highest = max(float(h.max()) for h in heights.values())
        ink.text((left + 8, top + 4), name, fill="black")
        at = left + 8
        for colour, key in zip(_COLOURS, sets, strict=False):
            ink.text((at, top + 17), key, fill=colour)
            at += int(ink.textlength(key)) + 10
        foot = top + HEIGHT - _BOTTOM
        for colour, h in zip(_COLOURS, heights.values(), strict=False):
            outline = _outline(h / highest, left + 8, foot, HEIGHT - _TOP - _BOTTOM)
            ink.line(outline, fill=colour, width=2)
        ink.text((left + 8, foot + 3), f"{low:.3g}", fill="black")
        text = f"{high:.3g}"
        ink.text((left + WIDTH - 16 - ink.textlength(text), foot + 3), text, fill="black")
    return picture


def _heights(values: Floats, low: float, high: float) -> Floats:
    bins = np.linspace(low, high, _BINS + 1)
    if high - low < _BINS and (values == values.round()).all():
        bins = np.arange(np.floor(low), np.floor(high) + 2)  # whole numbers: one bin each
    counts, _ = np.histogram(values.clip(low, high), bins)
    shares: Floats = counts / max(len(values), 1)
    return shares


def _outline(heights: Floats, left: int, foot: int, room: int) -> list[tuple[float, float]]:
    """Return the steps of a histogram as a line, from its foot to its foot."""
    edges = np.linspace(left, left + WIDTH - 24, len(heights) + 1)
    xs = np.repeat(edges, 2)
    ys = foot - room * np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
    return list(zip(xs.tolist(), ys.tolist(), strict=True))
