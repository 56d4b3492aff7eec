"""Subpaths of lines and cubic Bezier curves, and the polylines near them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchvae.polyline import Bools, Floats, Ints

_MAX_CHORDS = 100_000  # of a curve: of one far larger than any page
_HUGE = 1e50  # of an arc; its square is a float, and coordinates are refused far below
_ARC_STEP = math.pi / 4  # a cubic of this angle is within 5 millionths of the radius of its arc


@dataclass(frozen=True, slots=True)
class Subpath:
    """What a pen draws without being lifted.

    Attributes:
        points: (n, 2); the start, then the end of each line, and both controls and the end of each
            curve.
        curves: (k,) whether each segment is a curve; None if none is.
        closed: whether a closing line, which is among the segments, joins the end to the start.
    """

    points: Floats
    curves: Bools | None = None
    closed: bool = False

    def transformed(self, matrix: Floats) -> "Subpath":
        """Return the subpath in the coordinates that an affine matrix, (3, 3), leads to."""
        return Subpath(transform(self.points, matrix), self.curves, self.closed)

    def vertices(self) -> Floats:
        """Return the start and the end of each segment, (k + 1, 2)."""
        return self.points[[0, *self._ends()]] if self.curves is not None else self.points

    def directions(self) -> tuple[Floats, Floats]:
        """Return the directions in which the pen reaches and leaves each vertex, two (k + 1, 2).

        They have length 1, or 0: before the first segment, after the last one, and of a segment
        without length.
        """
        vertices = self.vertices()
        arriving, leaving = np.zeros_like(vertices), np.zeros_like(vertices)
        ends = self._ends() if self.curves is not None else range(1, len(self.points))
        start = 0
        for i, end in enumerate(ends):
            segment = self.points[start : end + 1]
            leaving[i] = _first_direction(segment[1:] - segment[0])
            arriving[i + 1] = _first_direction((segment[-1] - segment[:-1])[::-1])
            start = end
        return arriving, leaving

    def _ends(self) -> list[int]:
        assert self.curves is not None
        return np.cumsum(np.where(self.curves, 3, 1)).tolist()  # type: ignore[no-any-return]

    def flat(self, tolerance: float) -> Floats:
        """Return a polyline within a distance of the curves, (m, 2), its vertices on them.

        A curve of degree d needs sqrt(d (d - 1) / 8 * |second differences| / tolerance) chords
        (Wang's bound).
        """
        if self.curves is None:
            return self.points
        ends = np.array(self._ends())
        starts = np.concatenate([[0], ends[:-1]])
        chords = self._chords(tolerance)
        segment = np.repeat(np.arange(len(ends)), chords)  # of each point but the first
        step = np.arange(len(segment)) - np.repeat(np.cumsum(chords) - chords, chords) + 1
        flat = self.points[ends[segment]]
        on_curve = self.curves[segment] & (step < chords[segment])
        t = (step / chords[segment])[on_curve, None]
        p0, p1, p2, p3 = (self.points[starts[segment[on_curve]] + i] for i in range(4))
        s = 1 - t
        flat[on_curve] = s**3 * p0 + 3 * s * t * (s * p1 + t * p2) + t**3 * p3
        return np.concatenate([self.points[:1], flat])

    def n_chords(self, tolerance: float) -> int:
        """Return the number of segments of the polyline."""
        return (
            int(self._chords(tolerance).sum()) if self.curves is not None else len(self.points) - 1
        )

    def _chords(self, tolerance: float) -> Ints:
        assert self.curves is not None
        starts = np.array(self._ends())[self.curves] - 3
        p0, p1, p2, p3 = (self.points[starts + i] for i in range(4))
        bends = np.maximum(np.hypot(*(p0 - 2 * p1 + p2).T), np.hypot(*(p1 - 2 * p2 + p3).T))
        chords = np.ones(len(self.curves), dtype=np.int64)
        needed = np.ceil(np.sqrt(0.75 * bends / tolerance))
        chords[self.curves] = np.nan_to_num(needed, nan=1.0).clip(1, _MAX_CHORDS)
        return chords


def _first_direction(steps: Floats) -> Floats:
    lengths = np.hypot(*steps.T)
    i = int(np.argmax(lengths > 0))
    direction: Floats = steps[i] / (lengths[i] or 1.0)
    return direction


class Pen:
    """Collects the segments of subpaths, as path data give them.

    Attributes:
        subpaths: those that are finished.
    """

    def __init__(self) -> None:
        self.subpaths: list[Subpath] = []
        self._points: list[tuple[float, float]] = []
        self._curves: list[bool] = []
        self._is_closed = False  # and nothing was drawn since

    def move(self, x: float, y: float) -> None:
        """Begin a subpath."""
        self.lift()
        self._points = [(x, y)]

    def line(self, x: float, y: float) -> None:
        """Draw a line to a point."""
        self._points.append((x, y))
        self._curves.append(False)

    def curve(self, *points: tuple[float, float]) -> None:
        """Draw a cubic curve: both controls, then the end."""
        self._points += points
        self._curves.append(True)

    def arc(
        self, rx: float, ry: float, rotation: float, large: bool, sweep: bool, x: float, y: float
    ) -> None:
        """Draw an elliptical arc to x, y; the arguments are those of path data."""
        start = self._points[-1]
        if start == (x, y):
            return
        is_round = all(1 / _HUGE < abs(radius) < _HUGE for radius in (rx, ry))
        if not (is_round and all(abs(n) < _HUGE for n in (rotation, x, y, *start))):
            self.line(x, y)
            return
        for points in arc_curves(start, abs(rx), abs(ry), rotation, large, sweep, (x, y)):
            self.curve(*points)

    def close(self) -> None:
        """Draw a line to the start, where the next subpath begins."""
        if self._is_closed and not self._curves:
            return
        start = self._points[0]
        if self._points[-1] != start or not self._curves:
            self.line(*start)
        self.lift(closed=True)
        self._points, self._is_closed = [start], True

    def lift(self, closed: bool = False) -> None:
        """Finish the subpath; one without a segment is nothing."""
        if self._curves:
            curves = np.array(self._curves) if any(self._curves) else None
            self.subpaths.append(Subpath(np.array(self._points, dtype=float), curves, closed))
        self._points, self._curves, self._is_closed = [], [], False


def arc_curves(
    start: tuple[float, float],
    rx: float,
    ry: float,
    rotation: float,
    large: bool,
    sweep: bool,
    end: tuple[float, float],
) -> list[Sequence[tuple[float, float]]]:
    """Return the controls and the end of each curve of an elliptical arc between two points.

    The centre is computed as in SVG 2, appendix B.2.4; radii too small are enlarged.

    Args:
        start: the first point.
        rx: the first radius, above 0.
        ry: the other radius, above 0.
        rotation: of the first radius from the x axis, in degrees.
        large: whether the arc is the longer one.
        sweep: whether its angle grows.
        end: the last point.
    """
    phi = math.radians(rotation % 360)
    turn = np.array([[math.cos(phi), -math.sin(phi)], [math.sin(phi), math.cos(phi)]])
    a, b = np.array(start), np.array(end)
    half = (turn.T @ (a - b) / 2) / (rx, ry)
    excess = float(half @ half)
    if excess > 1:
        rx, ry, half = rx * math.sqrt(excess), ry * math.sqrt(excess), half / math.sqrt(excess)
    distance = math.sqrt(max(1 / max(min(excess, 1.0), 1e-300) - 1, 0.0))
    side = -1 if large == sweep else 1
    centre = side * distance * np.array([half[1], -half[0]])
    first, last = half - centre, -half - centre
    begin = math.atan2(first[1], first[0])
    angle = (math.atan2(last[1], last[0]) - begin) % math.tau
    if not sweep and angle > 0:
        angle -= math.tau
    count = max(math.ceil(abs(angle) / _ARC_STEP - 1e-9), 1)
    arc = _unit_arc(begin, angle, count)
    middle = turn @ (centre * (rx, ry)) + (a + b) / 2
    points = arc * (rx, ry) @ turn.T + middle
    points[-1] = b
    return [[tuple(p) for p in points[i : i + 3].tolist()] for i in range(1, len(points), 3)]


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Subpath:
    """Return an ellipse, from its rightmost point clockwise.

    Args:
        cx: x of the centre.
        cy: y of the centre.
        rx: radius along x.
        ry: radius along y.
    """
    points = _unit_arc(0.0, math.tau, 8) * (rx, ry) + (cx, cy)
    points[-1] = points[0]
    return Subpath(points, np.ones(8, dtype=bool), closed=True)


def _unit_arc(begin: float, angle: float, count: int) -> Floats:
    """Return the points of `count` curves along the unit circle, (3 count + 1, 2)."""
    step = angle / count
    reach = 4 / 3 * math.tan(step / 4)
    at = begin + step * np.arange(count + 1)
    on = np.column_stack([np.cos(at), np.sin(at)])
    ahead = reach * np.column_stack([-on[:, 1], on[:, 0]])
    rows = np.stack([on[:-1] + ahead[:-1], on[1:] - ahead[1:], on[1:]], axis=1).reshape(-1, 2)
    return np.concatenate([on[:1], rows])


def transform(points: Floats, matrix: Floats) -> Floats:
    """Apply an affine matrix, (3, 3), to points, (n, 2).

    Args:
        points: (n, 2).
        matrix: (3, 3); its last row is 0, 0, 1.
    """
    moved: Floats = points @ matrix[:2, :2].T + matrix[:2, 2]
    return moved
