"""Centre line of a stroke on the page: a polyline, or a smooth curve through its points."""

from dataclasses import dataclass

import numpy as np

from sketchvae.polyline import Floats, segment_lengths
from sketchvae.svg_page import DECIMALS, path_data

_CHORDS = 16  # straight pieces that approximate one Bezier curve


@dataclass(frozen=True, slots=True, eq=False)
class StrokePath:
    """Centre line of a stroke in mm, rounded to the decimals of the SVG text.

    Attributes:
        points: (n, 2) vertices, or (3n - 2, 2) control points of n - 1 joined cubic Bezier curves.
        curved: whether `points` are control points.
    """

    points: Floats
    curved: bool

    @property
    def data(self) -> str:
        """SVG path data, the attribute `d`."""
        data = path_data(self.points, DECIMALS)
        # Joined Bezier curves are written as a polyline is, with one C in place of every L.
        return data.replace(" L", " C", 1).replace(" L", " ") if self.curved else data

    @property
    def vertices(self) -> Floats:
        """Points of a polyline along the path, (m, 2), whose length is right to 0.1 %."""
        if not self.curved:
            return self.points
        t = np.linspace(0, 1, _CHORDS + 1)[1:, None]
        weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
        a, b, c, d = (self.points[i : len(self.points) - 3 + i : 3] for i in range(4))
        curves = np.einsum("tk,kns->nts", weights, np.stack([a, b, c, d]))
        return np.concatenate([self.points[:1], curves.reshape(-1, 2)])

    @property
    def length(self) -> float:
        """Length in mm."""
        return float(segment_lengths(self.vertices).sum())


def polyline_path(stroke: Floats) -> StrokePath:
    """Return the straight path from point to point of a stroke, (n, 2) in mm."""
    return StrokePath(stroke.round(DECIMALS), curved=False)


def curve_path(stroke: Floats, low: Floats, high: Floats) -> StrokePath:
    """Return a smooth curve through the points of a stroke.

    Neighbouring points that round to the same coordinates become one; fewer than three distinct
    points give a straight path.

    Args:
        stroke: (n, 2) in mm, within the box.
        low: (2,) upper left corner of the box that the curve stays in, in mm.
        high: (2,) lower right corner of it.
    """
    points = stroke.round(DECIMALS)
    moves = (np.diff(points, axis=0) != 0).any(axis=1)
    points = points[np.concatenate([[True], moves])]
    if len(points) < 3:
        return StrokePath(points, curved=False)
    # A Bezier curve lies in the convex hull of its control points: clipped, it stays in the box.
    controls = np.clip(catmull_rom(points), low, high)
    return StrokePath(controls.round(DECIMALS), curved=True)


def catmull_rom(points: Floats) -> Floats:
    """Return the Bezier control points, (3n - 2, 2), of a centripetal Catmull-Rom spline.

    Centripetal: the knots are spaced by the square root of the distance (alpha = 1/2), the only
    spacing without loops or cusps within a segment (Yuksel, Schaefer & Keyser 2011). The first
    and the last segment are parabolas.

    Args:
        points: (n, 2), n >= 3; neighbouring points differ.
    """
    chords = np.diff(points, axis=0)
    spans = np.sqrt(segment_lengths(points))[:, None]  # of the parameter t
    speeds = chords / spans
    before, after = spans[:-1], spans[1:]
    inner = (speeds[:-1] * after + speeds[1:] * before) / (before + after)  # dP/dt at the knots
    first, last = 2 * speeds[:1] - inner[:1], 2 * speeds[-1:] - inner[-1:]
    tangents = np.concatenate([first, inner, last])
    controls = np.empty((3 * len(points) - 2, 2))
    controls[::3] = points
    controls[1::3] = points[:-1] + tangents[:-1] * spans / 3
    controls[2::3] = points[1:] - tangents[1:] * spans / 3
    return controls
