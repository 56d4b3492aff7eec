"""Geometry of polylines: a stroke is an (n, 2) array of points, n >= 1; NumPy and nothing else."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

_MAX_RESAMPLED = 100_000  # points of one resampled polyline: a scribble cannot fill the memory


def segment_lengths(points: Floats) -> Floats:
    """Return the length of each segment, (n - 1,), in the unit of the points."""
    return np.hypot(*np.diff(points, axis=0).T)  # type: ignore[no-any-return]


def arc_length(points: Floats) -> Floats:
    """Return the distance along the polyline from its first point to each point, (n,)."""
    return np.concatenate([[0.0], np.cumsum(segment_lengths(points))])


def points_at(points: Floats, distances: Floats) -> Floats:
    """Return the points at given distances along a polyline, (k, 2).

    Args:
        points: (n, 2).
        distances: (k,) from the first point along the polyline, in the unit of the points; what
            lies before the start or behind the end is the end point.
    """
    along = arc_length(points)
    return np.column_stack([np.interp(distances, along, points[:, axis]) for axis in (0, 1)])


def resample(points: Floats, spacing: float) -> Floats:
    """Return a point every `spacing` along a polyline, and its last point.

    A polyline without length stays as it is. One that would give more than 100,000 points gets a
    wider spacing.

    Args:
        points: (n, 2).
        spacing: above 0, in the unit of the points.
    """
    total = float(arc_length(points)[-1])
    if total == 0.0:
        return points
    spacing = max(spacing, total / _MAX_RESAMPLED)
    return points_at(points, np.append(np.arange(0.0, total, spacing), total))


def distance_to_segment(points: Floats, start: Floats, end: Floats) -> Floats:
    """Return the distance of each point, (n,), from the segment between `start` and `end`.

    Args:
        points: (n, 2).
        start: (2,).
        end: (2,); where it equals `start`, the segment is a point.
    """
    segment = end - start
    length_squared = float(segment @ segment)
    if length_squared == 0.0:
        return np.hypot(*(points - start).T)  # type: ignore[no-any-return]
    t = np.clip((points - start) @ segment / length_squared, 0.0, 1.0)
    return np.hypot(*(points - start - t[:, None] * segment).T)  # type: ignore[no-any-return]


def simplify_mask(points: Floats, epsilon: float) -> Bools:
    """Mark the points that Ramer-Douglas-Peucker keeps, (n,): the ends are always among them.

    Args:
        points: (n, 2).
        epsilon: greatest distance of a dropped point from the simplified polyline.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]  # a stack instead of recursion
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        away = distance_to_segment(points[first + 1 : last], points[first], points[last])
        farthest = int(np.argmax(away))
        if away[farthest] > epsilon:
            middle = first + 1 + farthest
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return keep
