"""Smooth curves through the points of strokes: cubic Bezier curves without knots.

Where a polyline turns by more than CORNER it keeps its corner; at every other point both curves
have one tangent, which halves the turn. The curve from one point to the next only goes forward, so
it has no loop, and stays within a given distance of the straight line between them.
"""

from collections.abc import Sequence

import numpy as np

from sketchvae.polyline import Floats, Ints

CORNER = np.radians(70.0)  # sharpest turn that becomes round: the feet of sheep turn by more
BULGE = 2 / 255  # longest sides of a drawing: so near is the simplified form to the pen's own way
_MAX_PIECES = 1000  # straight pieces of one Bezier curve, so that memory suffices
_TINY = 1e-300
_SIMPSON = np.array([1, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 1]) / 36  # weights of Simpson's rule


def smooth(strokes: Sequence[Floats], bulge: float) -> list[Floats]:
    """Return smooth curves through all points of strokes.

    At a corner or an end of the stroke a curve has the angle that it has at its other point, as an
    arc of a circle does, unless that would make the corner blunt; between two corners it is
    straight. A stroke of four points or more that ends where it began may be round there too.

    Args:
        strokes: (n, 2) each, n >= 1.
        bulge: greatest distance of a curve from the straight line between its points, 0 or more.

    Returns:
        The control points of the k - 1 joined Bezier curves of each stroke, (3k - 2, 2). Every
        third is one of its k points, without those that repeat the one before.
    """
    if not strokes:
        return []
    sizes = np.array([len(stroke) for stroke in strokes])
    points = np.concatenate(strokes)
    first = np.zeros(len(points), dtype=bool)
    first[np.cumsum(sizes) - sizes] = True
    keep = first.copy()
    keep[1:] |= (points[1:] != points[:-1]).any(axis=1)
    points, starts = points[keep], np.flatnonzero(first[keep])
    ends = np.append(starts[1:], len(points))
    lines = np.diff(points, axis=0)  # those between two strokes are no ink, and become no curve
    at_start, at_end = _angles(lines, _previous(points, starts, ends))
    controls = np.empty((3 * len(points) - 2, 2))
    controls[::3] = points
    controls[1::3] = points[:-1] + _handles(lines, at_start, bulge)
    controls[2::3] = points[1:] - _handles(lines, at_end, bulge)
    cuts = zip((3 * starts).tolist(), (3 * ends - 2).tolist(), strict=True)
    return [controls[i:j] for i, j in cuts]


def _previous(points: Floats, starts: Ints, ends: Ints) -> Ints:
    """Return the index of the line before each line, (n - 1,), that of itself where there is none.

    Args:
        points: (n, 2) of all strokes, one after another.
        starts: index of the first point of each stroke.
        ends: index behind the last point of each stroke.
    """
    lines = np.arange(len(points) - 1)
    previous = lines - 1
    alone = np.concatenate([starts[starts < len(lines)], starts[1:] - 1])
    previous[alone] = alone
    closed = (ends - starts > 3) & (points[starts] == points[ends - 1]).all(axis=1)
    previous[starts[closed]] = ends[closed] - 2
    return previous


def _angles(lines: Floats, previous: Ints) -> tuple[Floats, Floats]:
    """Return the angles of curves from their lines at both ends, (n,) each, in radians.

    Args:
        lines: (n, 2) from point to point.
        previous: (n,) index of the line before each, that of itself where there is none.
    """
    (x, y), (x0, y0) = lines.T, lines[previous].T
    joined = previous != np.arange(len(lines))
    before = np.arctan2(x0 * y - y0 * x, x0 * x + y0 * y)  # turn at the start of each line
    after, joins = np.zeros(len(lines)), np.zeros(len(lines), dtype=bool)
    after[previous[joined]], joins[previous[joined]] = before[joined], True
    round_start, round_end = joined & (np.abs(before) <= CORNER), joins & (np.abs(after) <= CORNER)
    at_start, at_end = np.where(round_start, -before / 2, 0), np.where(round_end, after / 2, 0)
    return (
        np.where(round_start, at_start, _kept_sharp(-at_end, before)),
        np.where(round_end, at_end, _kept_sharp(-at_start, -after)),
    )


def _kept_sharp(angles: Floats, turns: Floats) -> Floats:
    """Return angles that leave a corner as sharp or make it sharper, up to a cusp, (n,).

    Args:
        angles: (n,) of curves from their lines at a corner.
        turns: (n,) of the polyline there; 0 at an end of a stroke, where any angle is right.
    """
    limit = (np.pi - np.abs(turns)) / 2
    return angles.clip(np.where(turns > 0, 0.0, -limit), np.where(turns < 0, 0.0, limit))


def _handles(lines: Floats, angles: Floats, bulge: float) -> Floats:
    """Return the vectors between points and the control points beside them, (n, 2).

    Their length is that of an arc of a circle, h = 2 / (3 + 3 cos a) of its line, or less: a curve
    goes at most three quarters as far from its line as its control points.

    Args:
        lines: (n, 2) from point to point.
        angles: (n,) of the curves from them, at most a right angle.
        bulge: as of `smooth`.
    """
    cosine, sine = np.cos(angles), np.sin(angles)
    x, y = lines.T
    arc = np.abs(sine) * np.hypot(x, y)
    handle = np.minimum(2 / (3 + 3 * cosine), bulge * 4 / 3 / np.maximum(arc, _TINY))
    along, across = handle * cosine, handle * sine
    return np.column_stack([along * x - across * y, across * x + along * y])


def flatten(curves: Sequence[Floats], tolerance: float) -> list[Floats]:
    """Return polylines that lie within a distance of curves, (m, 2) each.

    Args:
        curves: (3k - 2, 2) control points each, as of `smooth`.
        tolerance: greatest distance, above 0.
    """
    if not curves:
        return []
    counts = np.array([len(curve) // 3 for curve in curves])
    a, b, c, d = (
        np.concatenate([curve[i : len(curve) - 3 + i : 3] for curve in curves]) for i in range(4)
    )
    # With n pieces a line is at most max |B''| / (8 n^2) away, and B'' is linear.
    bend = np.maximum(np.hypot(*(a - 2 * b + c).T), np.hypot(*(b - 2 * c + d).T))
    pieces = np.ceil(np.sqrt(0.75 * bend / tolerance)).clip(1, _MAX_PIECES).astype(np.int64)
    behind = np.cumsum(pieces)
    own = np.repeat(np.arange(len(pieces)), pieces)  # index of the curve of each point
    t = ((np.arange(len(own)) - (behind - pieces)[own] + 1) / pieces[own])[:, None]
    # B(t) = a + t (p + t (q + t r))
    p, q, r = 3 * (b - a), 3 * (a - 2 * b + c), d - a + 3 * (b - c)
    points = a[own] + t * (p[own] + t * (q[own] + t * r[own]))
    points[behind - 1] = d
    cuts = np.append(0, behind)[np.append(0, np.cumsum(counts))].tolist()
    return [
        np.concatenate([curve[:1], points[i:j]])
        for curve, i, j in zip(curves, cuts[:-1], cuts[1:], strict=True)
    ]


def curve_length(controls: Floats) -> float:
    """Return the length of joined Bezier curves, (3k - 2, 2), right to 0.1 %."""
    t = np.linspace(0, 1, len(_SIMPSON))[:, None, None]
    first, middle, last = (np.diff(controls, axis=0)[i::3] for i in range(3))
    speeds = 3 * ((1 - t) ** 2 * first + 2 * t * (1 - t) * middle + t**2 * last)
    return float(_SIMPSON @ np.hypot(*speeds.T).sum(axis=0))
