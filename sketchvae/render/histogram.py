"""Histograms of several sets of values, feature by feature, as one small picture."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sketchvae.polyline import Floats

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

WIDTH, HEIGHT = 240, 150  # pixels of a panel
_COLUMNS = 5  # panels in a row
_BINS = 24
_TOP, _BOTTOM = 34, 20  # pixels of a panel for its title and for the range of its values
_SIDE = 8  # pixels to the left and to the right of a histogram
_COLOURS = ("#000000", "#d62728", "#1f77b4", "#2ca02c", "#9467bd")


def histograms(sets: Mapping[str, Floats], names: Sequence[str]) -> "Image.Image":
    """Return a panel for each feature, with the outline of each set's histogram, of equal area.

    Args:
        sets: at most five sets by name, (n, features) each; the first is black.
        names: of the features.
    """
    from PIL import Image, ImageDraw

    rows = -(-len(names) // _COLUMNS)
    picture = Image.new("RGB", (_COLUMNS * WIDTH, rows * HEIGHT), "white")
    pencil = ImageDraw.Draw(picture)
    for index, name in enumerate(names):
        corner = (index % _COLUMNS * WIDTH, index // _COLUMNS * HEIGHT)
        values = {key: features[:, index] for key, features in sets.items()}
        _draw_panel(pencil, corner, name, values)
    return picture


def _draw_panel(
    pencil: "ImageDraw.ImageDraw",
    corner: tuple[int, int],
    name: str,
    values: Mapping[str, Floats],
) -> None:
    """Draw the histograms of one feature, with its name and its range of values."""
    low, high = np.percentile(np.concatenate(list(values.values())), [0.5, 99.5])
    high = high if high > low else low + 1
    heights = [_heights(v, low, high) for v in values.values()]
    highest = max(float(h.max()) for h in heights)
    left, top = corner[0] + _SIDE, corner[1]
    pencil.text((left, top + 4), name, fill="black")
    x = left
    for colour, key in zip(_COLOURS, values, strict=False):
        pencil.text((x, top + 17), key, fill=colour)
        x += int(pencil.textlength(key)) + 10
    bottom = top + HEIGHT - _BOTTOM
    for colour, h in zip(_COLOURS, heights, strict=False):
        outline = _outline(h / highest, left, bottom, HEIGHT - _TOP - _BOTTOM)
        pencil.line(outline, fill=colour, width=2)
    pencil.text((left, bottom + 3), f"{low:.3g}", fill="black")
    text = f"{high:.3g}"
    right = left + WIDTH - 3 * _SIDE
    pencil.text((right - pencil.textlength(text), bottom + 3), text, fill="black")


def _heights(values: Floats, low: float, high: float) -> Floats:
    """Return the fraction of values in each bin; few whole numbers get a bin each."""
    bins = np.linspace(low, high, _BINS + 1)
    if high - low < _BINS and (values == values.round()).all():
        bins = np.arange(np.floor(low), np.floor(high) + 2)
    counts, _ = np.histogram(values.clip(low, high), bins)
    fractions: Floats = counts / max(len(values), 1)
    return fractions


def _outline(heights: Floats, left: int, bottom: int, height: int) -> list[tuple[float, float]]:
    """Return the corners of a histogram's steps, from the baseline to the baseline, in pixels.

    Args:
        heights: of the bins, 0 to 1.
        left: x of the first bin.
        bottom: y of the baseline.
        height: of a bin of height 1.
    """
    edges = np.linspace(left, left + WIDTH - 3 * _SIDE, len(heights) + 1)
    xs = np.repeat(edges, 2)
    ys = bottom - height * np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
    return list(zip(xs.tolist(), ys.tolist(), strict=True))
