"""The dashes of a stroke."""

import re

import numpy as np

from sketchvae.data.svg.tree import Ink
from sketchvae.data.svg.values import Frame
from sketchvae.polyline import Floats, arc_length

_MAX_DASHES = 10_000  # of a stroke; finer ones look like a line


def dashed(line: Floats, ink: Ink) -> list[Floats]:
    """Return the dashes of a polyline; the whole of it if it has none.

    Args:
        line: (n, 2), in px of the page.
        ink: the shape; its style has the dashes, in user units.
    """
    pattern = _pattern(ink.state.style.get("stroke-dasharray", "none"), ink.state.frame)
    if not pattern:
        return [line]
    inverse = np.linalg.pinv(ink.state.matrix[:2, :2])
    along = arc_length(line @ inverse.T)
    total = sum(pattern)
    if along[-1] <= 0 or along[-1] / total * len(pattern) > _MAX_DASHES:
        return [line]
    offset = ink.state.frame.length(ink.state.style.get("stroke-dashoffset"), "r") or 0.0
    edges = np.concatenate([[0.0], np.cumsum(pattern)])
    rounds = np.arange(-1, np.ceil(along[-1] / total) + 1)
    starts = (rounds[:, None] * total + edges[:-1:2] - offset % total).ravel()
    ends = (rounds[:, None] * total + edges[1::2] - offset % total).ravel()
    return [
        _between(line, along, max(start, 0.0), min(end, along[-1]))
        for start, end in zip(starts, ends, strict=True)
        if end >= 0 and start < along[-1] and (end > 0 or start == end)
    ]


def _pattern(text: str, frame: Frame) -> list[float]:
    """Return lengths of dashes and gaps in turn; none if one of them is below 0, or all are 0."""
    lengths = [frame.length(word, "r") for word in re.split(r"[\s,]+", text.strip()) if word]
    known = [n for n in lengths if n is not None and n >= 0]
    if len(known) != len(lengths) or sum(known) <= 0:
        return []
    return known * (1 + len(known) % 2)


def _between(line: Floats, along: Floats, start: float, end: float) -> Floats:
    """Return the part of a polyline between two distances from its start."""
    inner = line[(along > start) & (along < end)]
    ends = [
        np.array([np.interp(at, along, line[:, axis]) for axis in (0, 1)]) for at in (start, end)
    ]
    return np.vstack([ends[0], inner, ends[1]])
