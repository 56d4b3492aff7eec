"""A stroke in its place on the page: straight from point to point, or a curve through them."""

from dataclasses import dataclass

import numpy as np

from sketchvae.drawing import path_data
from sketchvae.polyline import Floats

DECIMALS = 3  # of a millimetre: finer than any screen, printer or plotter
_CHORDS = 16  # of one curve, where it is taken as a polyline


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The middle of a stroke's ink, in mm, rounded as it is written.

    Attributes:
        points: (n, 2) corners, or (3n - 2, 2) controls of n - 1 cubic Beziers in a row.
        curved: which of the two.
    """

    points: Floats
    curved: bool

    @property
    def data(self) -> str:
        """SVG path data."""
        data = path_data(self.points, DECIMALS)
        # A polybezier is written like a polyline, with one C in the place of every L.
        return data.replace(" L", " C", 1).replace(" L", " ") if self.curved else data

    @property
    def corners(self) -> Floats:
        """(m, 2) points of a polyline along the stroke, to 0.1 % of its length."""
        if not self.curved:
            return self.points
        t = np.linspace(0, 1, _CHORDS + 1)[1:, None]
        weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
        a, b, c, d = (self.points[i : len(self.points) - 3 + i : 3] for i in range(4))
        along = np.einsum("tk,kns->nts", weights, np.stack([a, b, c, d]))
        return np.concatenate([self.points[:1], along.reshape(-1, 2)])

    @property
    def length(self) -> float:
        """Length in mm."""
        offsets = np.diff(self.corners, axis=0)
        return float(np.hypot(offsets[:, 0], offsets[:, 1]).sum())


def straight(stroke: Floats) -> Outline:
    """Take a stroke as it is, from point to point."""
    return Outline(stroke.round(DECIMALS), curved=False)


def curved(stroke: Floats, low: Floats, high: Floats) -> Outline:
    """Run a curve through the points that stays between the corners low and high.

    Neighbouring points that round to the same place become one; with fewer than three
    places left, the stroke is straight.
    """
    points = stroke.round(DECIMALS)
    moves = (np.diff(points, axis=0) != 0).any(axis=1)
    points = points[np.concatenate([[True], moves])]
    if len(points) < 3:
        return Outline(points, curved=False)
    # A Bezier lies in the hull of its control points: clip them, and no curve leaves
    # the cell. The points themselves lie inside already.
    return Outline(np.clip(_controls(points), low, high).round(DECIMALS), curved=True)


def _controls(points: Floats) -> Floats:
    """Run a centripetal Catmull-Rom spline through points: (n, 2) to Bezier controls (3n - 2, 2).

    Centripetal means knots spaced by the square root of the distance (alpha = 1/2): the
    one spacing without loops or cusps within a segment (Yuksel, Schaefer & Keyser 2011).
    The two end pieces are parabolas. No two neighbouring points may be equal.
    """
    chords = np.diff(points, axis=0)
    spans = np.sqrt(np.hypot(chords[:, 0], chords[:, 1]))[:, None]  # of the parameter t
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
