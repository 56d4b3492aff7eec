"""Centre lines of strokes on the page: polylines, or smooth curves through their points."""

from collections.abc import Sequence
from dataclasses import dataclass

from sketchvae.curve import curve_length, flatten, smooth
from sketchvae.polyline import Floats, segment_lengths
from sketchvae.svg_page import DECIMALS, path_data


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
        return path_data(self.points, DECIMALS, curved=self.curved)

    @property
    def length(self) -> float:
        """Length in mm."""
        if self.curved:
            return curve_length(self.points)
        return float(segment_lengths(self.points).sum())


def straight_paths(strokes: Sequence[Floats]) -> list[StrokePath]:
    """Return the straight paths from point to point of strokes, (n, 2) each in mm."""
    return [StrokePath(stroke.round(DECIMALS), curved=False) for stroke in strokes]


def smooth_paths(strokes: Sequence[Floats], bulge: float) -> list[StrokePath]:
    """Return smooth curves through the points of strokes; see `curve.smooth`.

    Neighbouring points that round to the same coordinates become one. A stroke of fewer than three
    distinct points gives a straight path.

    Args:
        strokes: (n, 2) each, in mm.
        bulge: greatest distance of a curve from the straight path, in mm.
    """
    curves = smooth([stroke.round(DECIMALS) for stroke in strokes], bulge)
    return [
        StrokePath(controls.round(DECIMALS), curved=True)
        if len(controls) > 4
        else StrokePath(controls[::3], curved=False)
        for controls in curves
    ]


def polylines(paths: Sequence[StrokePath], tolerance: float) -> list[Floats]:
    """Return the vertices of paths, (m, 2) each in mm.

    Args:
        paths: straight or curved.
        tolerance: greatest distance of a curve from its polyline, in mm.
    """
    curves = iter(flatten([path.points for path in paths if path.curved], tolerance))
    return [next(curves) if path.curved else path.points for path in paths]
