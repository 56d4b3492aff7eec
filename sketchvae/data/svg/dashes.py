"""The dashes of a stroke."""

import re

import numpy as np

from sketchvae.data.svg.tree import Ink
from sketchvae.data.svg.values import Frame
from sketchvae.polyline import Floats, arc_length

DOT_CAPS = ("round", "square")  # of strokes that are seen although they have no length

_MAX_DASHES = 10_000  # of a stroke; finer ones look like a line
_FINE = 1e-3  # of the longest side of a path: how near to a curve its length is measured


def dashed(line: Floats, ink: Ink) -> list[Floats]:
    """Return the dashes of a polyline; the whole of it if it has none.

    Args:
        line: (n, 2), in px of the page.
        ink: the shape; its style has the dashes, in user units.
    """
    style, frame = ink.state.style, ink.state.frame
    pattern = _pattern(style.get("stroke-dasharray", "none"), frame)
    if not pattern:
        return [line]
    unit = _unit(ink)
    pattern = [unit * length for length in pattern]
    along = arc_length(line @ np.linalg.pinv(ink.state.matrix[:2, :2]).T)
    total = sum(pattern)
    if not (along[-1] > 0 and 0 < total < np.inf):
        return [line]
    if not along[-1] / total * len(pattern) <= _MAX_DASHES:
        return [line]
    offset = unit * (frame.length(style.get("stroke-dashoffset"), "r") or 0.0) % total
    edges = np.concatenate([[0.0], np.cumsum(pattern)])
    rounds = np.arange(np.ceil(along[-1] / total) + 1)[:, None] * total - offset
    starts, ends = ((rounds + sides).ravel() for sides in (edges[:-1:2], edges[1::2]))
    has_dots = style.get("stroke-linecap") in DOT_CAPS
    return [
        _between(line, along, max(start, 0.0), min(end, along[-1]))
        for start, end in zip(starts, ends, strict=True)
        if start < along[-1] and ((end > 0 and end > start) or (has_dots and end == start >= 0))
    ]


def _unit(ink: Ink) -> float:
    """Return the length in user units that `pathLength` makes the unit of dashes."""
    whole = ink.state.frame.length(ink.state.style.get("pathLength"), "r")
    if whole is None or whole <= 0:
        return 1.0
    sides = [float(np.ptp(subpath.points, axis=0).max()) for subpath in ink.subpaths]
    tolerance = max(_FINE * max(sides), 1e-9)
    return sum(float(arc_length(s.flat(tolerance))[-1]) for s in ink.subpaths) / whole


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
