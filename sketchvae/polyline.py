"""Geometry of polylines, and the names of array types.

A polyline is an (n, 2) float64 array of points, n >= 1; lengths are in the unit of its points.
Only NumPy is imported, so that every other module can use this one.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_MAX_RESAMPLED = 100_000  # points of a resampled polyline, so that a scribble cannot fill memory


def to_float32(values: ArrayLike) -> Floats32:
    """Return numbers of any type as float32; those beyond its range are infinite, unwarned of."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(values).astype(np.float32)


def segment_lengths(points: Floats) -> Floats:
    """Return the length of each segment, (n - 1,)."""
    return np.hypot(*np.diff(points, axis=0).T)  # type: ignore[no-any-return]


def arc_length(points: Floats) -> Floats:
    """Return the distance of each point from the first point along the polyline, (n,)."""
    return np.concatenate([[0.0], np.cumsum(segment_lengths(points))])


def points_at(points: Floats, distances: Floats) -> Floats:
    """Return the points at given distances along a polyline, (k, 2).

    Args:
        points: (n, 2).
        distances: (k,) measured along the polyline from its first point. A distance below 0 gives
            the first point, one beyond the length gives the last point.
    """
    return _interpolated(points, arc_length(points), distances)


def arc_fractions(points: Floats) -> Floats:
    """Return the fraction of the polyline's length up to each point, (n,), from 0 to 1.

    Without length the fractions are evenly spaced.
    """
    along = arc_length(points)
    return along / along[-1] if along[-1] > 0 else np.linspace(0, 1, len(points))


def points_at_fractions(points: Floats, fractions: Floats) -> Floats:
    """Return the points at given fractions of a polyline's length, (k, 2).

    Args:
        points: (n, 2).
        fractions: (k,) from 0 to 1.
    """
    return _interpolated(points, arc_fractions(points), fractions)


def _interpolated(points: Floats, own: Floats, wanted: Floats) -> Floats:
    """Return points by linear interpolation, (k, 2).

    Args:
        points: (n, 2).
        own: (n,) distance or fraction of each.
        wanted: (k,) of those to return.
    """
    return np.column_stack([np.interp(wanted, own, points[:, axis]) for axis in (0, 1)])


def resample(points: Floats, spacing: float) -> Floats:
    """Return a point every `spacing` along a polyline, and its last point, (k, 2).

    A polyline of length 0 stays as it is. A spacing that would give more than 100,000 points is
    widened to that number.

    Args:
        points: (n, 2).
        spacing: distance along the polyline between neighbouring points, above 0.
    """
    total = float(arc_length(points)[-1])
    if total == 0.0:
        return points
    spacing = max(spacing, total / _MAX_RESAMPLED)
    return points_at(points, np.append(np.arange(0.0, total, spacing), total))


def resample_count(points: Floats, count: int) -> Floats:
    """Return points at equal distances along a polyline, (count, 2), both ends among them.

    Args:
        points: (n, 2).
        count: number of points, at least 2.
    """
    along = arc_length(points)
    return _interpolated(points, along, np.linspace(0.0, along[-1], count))


def turns(points: Floats) -> Floats:
    """Return the angle between successive segments, in radians from -pi to pi.

    With y downwards, a positive angle turns clockwise. Segments of length 0 are left out, so there
    is one angle less than there are other segments.

    Args:
        points: (n, 2).
    """
    steps = np.diff(points, axis=0)
    steps = steps[steps.any(axis=1)]
    before, after = steps[:-1], steps[1:]
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angles: Floats = np.arctan2(cross, (before * after).sum(axis=1))
    return angles


def distance_to_segment(points: Floats, start: Floats, end: Floats) -> Floats:
    """Return the distance of each point from the segment between two points, (n,).

    Args:
        points: (n, 2).
        start: first end of the segment, (2,).
        end: other end, (2,); a segment whose ends are equal is a point.
    """
    segment = end - start
    length_squared = float(segment @ segment)
    if length_squared == 0.0:
        return np.hypot(*(points - start).T)  # type: ignore[no-any-return]
    t = np.clip((points - start) @ segment / length_squared, 0.0, 1.0)
    return np.hypot(*(points - start - t[:, None] * segment).T)  # type: ignore[no-any-return]


def simplify(points: Floats, epsilon: float) -> Floats:
    """Return the points that Ramer-Douglas-Peucker keeps, (k, 2).

    Args:
        points: (n, 2).
        epsilon: greatest distance of a dropped point from the simplified polyline.
    """
    return points[simplify_mask(points, epsilon)]


def simplify_mask(points: Floats, epsilon: float) -> Bools:
    """Return whether Ramer-Douglas-Peucker keeps each point, (n,); both ends are kept.

    Args:
        points: (n, 2).
        epsilon: greatest distance of a dropped point from the simplified polyline.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]  # a stack, because Python's recursion is limited
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
