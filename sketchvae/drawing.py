"""Drawing: strokes of absolute points, their geometry, and the simplified form of Quick, Draw!."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sketchvae.curve import BULGE, flatten, smooth
from sketchvae.errors import ArgumentError, SketchvaeError, abbreviate, check_range
from sketchvae.polyline import Floats, resample, simplify, simplify_mask
from sketchvae.svg_page import path_data

SIMPLIFIED_SIDE = 255.0  # pixels, longest side in Quick, Draw!'s simplified form
SIMPLIFIED_EPSILON = 2.0  # pixels, tolerance of Ramer-Douglas-Peucker in that form
_MIN_SIDE = 200  # pixels, longest side in that form; the least of 26,124 drawings there is 214
COORDINATE_LIMIT = 1e9  # greatest distance of a coordinate from 0: sums and products stay finite


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class Drawing:
    """An immutable drawing: strokes in the order of drawing, each an array of points.

    x grows to the right and y downwards, in a unit of the caller's choice: pixels in files of
    Quick, Draw!, millimetres on a page. The arrays are read-only float64 copies. Two drawings are
    equal if their strokes are equal point by point.

    Args:
        strokes: (n, 2) arrays, n >= 1, or lists of that form; coordinates from -1e9 to 1e9.
        word: the thing drawn, as "sheep"; empty if unknown.
        key_id: number of the drawing in Quick, Draw!; empty if it has none.
        times: milliseconds at each point, an array (n,) for each stroke; None if not recorded.

    Raises:
        SketchvaeError: if a stroke has no point, another shape, or a value out of range, or if
            the times are not one number for each point.
    """

    strokes: tuple[Floats, ...]
    word: str = ""
    key_id: str = ""
    times: tuple[Floats, ...] | None = None

    def __init__(
        self,
        strokes: Iterable[ArrayLike],
        word: str = "",
        key_id: str = "",
        times: Iterable[ArrayLike] | None = None,
    ) -> None:
        if not isinstance(strokes, Iterable):
            raise ArgumentError(f"strokes must be a list of them, got {abbreviate(strokes)}")
        checked = tuple(_checked_stroke(s, i) for i, s in enumerate(strokes))
        if checked:
            _check_coordinates(checked)
        object.__setattr__(self, "strokes", checked)
        object.__setattr__(self, "word", word)
        object.__setattr__(self, "key_id", key_id)
        object.__setattr__(self, "times", None if times is None else _checked_times(times, checked))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Drawing):
            return NotImplemented
        return len(self.strokes) == len(other.strokes) and all(
            np.array_equal(a, b) for a, b in zip(self.strokes, other.strokes, strict=True)
        )

    def __lt__(self, other: object) -> bool:
        raise ArgumentError("drawings have no order; sort a flock by a key: flock.sorted(KEY)")

    def __hash__(self) -> int:
        return hash(tuple((s + 0.0).tobytes() for s in self.strokes))  # + 0.0: -0.0 equals 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and unpickle through the constructor, so that the arrays are read-only again."""
        return Drawing, (self.strokes, self.word, self.key_id, self.times)

    def __repr__(self) -> str:
        name = f"{self.word!r}, " if self.word else ""
        x0, y0, x1, y1 = self.bounds
        return (
            f"Drawing({name}{len(self.strokes)} stroke{'s' * (len(self.strokes) != 1)}, "
            f"{self.n_points} point{'s' * (self.n_points != 1)}, "
            f"{x1 - x0:g} x {y1 - y0:g})"
        )

    @property
    def n_points(self) -> int:
        """Number of points of all strokes."""
        return sum(len(s) for s in self.strokes)

    @property
    def points(self) -> Floats:
        """Points of all strokes in the order of drawing, (n_points, 2)."""
        return np.concatenate(self.strokes) if self.strokes else np.zeros((0, 2))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Bounding box: left, top, right, bottom; four zeros for an empty drawing."""
        if not self.strokes:
            return 0.0, 0.0, 0.0, 0.0
        points = self.points
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    @property
    def longest_side(self) -> float:
        """The larger of width and height of the bounding box."""
        x0, y0, x1, y1 = self.bounds
        return max(x1 - x0, y1 - y0)

    def with_word(self, word: str) -> "Drawing":
        """Return the drawing with another word."""
        return Drawing(self.strokes, word, self.key_id, self.times)

    # --- geometry -------------------------------------------------------------------

    def moved(self, dx: float, dy: float) -> "Drawing":
        """Return the drawing shifted by (dx, dy).

        Args:
            dx: distance to the right.
            dy: distance downwards.
        """
        shift = np.array([dx, dy])
        return self._with_points(s + shift for s in self.strokes)

    def scaled(self, factor: float) -> "Drawing":
        """Return the drawing scaled about the origin."""
        with np.errstate(over="ignore", invalid="ignore"):  # the constructor refuses the result
            return self._with_points(s * factor for s in self.strokes)

    def rounded(self, decimals: int = 0) -> "Drawing":
        """Return the drawing with rounded coordinates."""
        return self._with_points(s.round(decimals) for s in self.strokes)

    def aligned(self) -> "Drawing":
        """Return the drawing with the upper left corner of its bounds at the origin."""
        x0, y0, _, _ = self.bounds
        return self.moved(-x0, -y0)

    def sized(self, side: float) -> "Drawing":
        """Return the drawing aligned to the origin, its longest side scaled to `side`.

        A drawing without extent (a dot) is only aligned.

        Raises:
            RangeError: if the side is not above 0, or above 1e9.
        """
        check_range("a side", side, 0, COORDINATE_LIMIT, above=True, advice="choose another")
        factor = side / self.longest_side if self.longest_side > 0 else 1.0
        factor = factor if np.isfinite(factor) else 1.0
        corner = np.array(self.bounds[:2])
        return self._with_points((s - corner) * factor for s in self.strokes)

    def to_quickdraw(self) -> "Drawing":
        """Return the drawing in the range of Quick, Draw!: integers, the longest side 255.

        Points are only rounded: none is dropped, unlike in `simplified`. Files that others read
        get drawings of this form.
        """
        return self.sized(SIMPLIFIED_SIDE).rounded()

    def fit(
        self,
        width: float,
        height: float,
        margin: float = 0.0,
        bounds: tuple[float, float, float, float] | None = None,
    ) -> "Drawing":
        """Return the drawing scaled and centred in a box from (0, 0) to (width, height).

        The proportions stay. A drawing without extent (a dot) is only centred.

        Args:
            width: width of the box.
            height: height of the box.
            margin: free space on each side of the box.
            bounds: rectangle that fills the box (left, top, right, bottom); None for the bounds
                of the drawing.

        Raises:
            SketchvaeError: if the margin is negative, or leaves no room.
        """
        room_x, room_y = width - 2 * margin, height - 2 * margin
        if not (margin >= 0 and room_x > 0 and room_y > 0):
            raise SketchvaeError(
                f"the margin in a box of {width:g} x {height:g} must be 0 or more and less than "
                f"half of each side, got {margin:g}; choose another margin"
            )
        x0, y0, x1, y1 = self.bounds if bounds is None else bounds
        ratios = [room / side for room, side in ((room_x, x1 - x0), (room_y, y1 - y0)) if side > 0]
        scale = min(ratios, default=1.0)
        scale = scale if np.isfinite(scale) else 1.0
        corner, half = np.array([x0, y0]), np.array([x1 - x0, y1 - y0]) / 2
        # Corner and half are subtracted one by one, because far from the origin the middle of a
        # tiny drawing is rounded to its edge.
        return self._with_points(
            (s - corner - half) * scale + (width / 2, height / 2) for s in self.strokes
        )

    def smooth_curves(self) -> list[Floats]:
        """Return smooth curves through the points of the strokes, as control points.

        Each is (3k - 2, 2) for k points that differ from the one before: joined cubic Bezier
        curves within 2/255 of the longest side of the strokes; see `curve.smooth`.
        """
        return smooth(self.strokes, BULGE * self.longest_side)

    def paths(self) -> list[str]:
        """Return a smooth curve through each stroke as SVG path data, to a tenth of a unit."""
        return [path_data(curve, 1, curved=True) for curve in self.smooth_curves()]

    def smoothed(self, tolerance: float) -> "Drawing":
        """Return the drawing with strokes of many points along smooth curves through its own.

        The times are lost.

        Args:
            tolerance: greatest distance of the curves from the new strokes.

        Raises:
            RangeError: if the tolerance is not above 0.
        """
        check_range("a tolerance", tolerance, 0, above=True, advice="try 0.1")
        return Drawing(flatten(self.smooth_curves(), tolerance), self.word, self.key_id)

    def simplify(self, epsilon: float = SIMPLIFIED_EPSILON) -> "Drawing":
        """Return the drawing without the points that Ramer-Douglas-Peucker drops.

        Both ends of each stroke stay, and times stay with their points.

        Args:
            epsilon: greatest distance of a dropped point from the simplified stroke.

        Raises:
            RangeError: if epsilon is negative.
        """
        check_range("epsilon", epsilon, 0, advice="try 2")
        kept = [simplify_mask(s, epsilon) for s in self.strokes]
        times = None
        if self.times is not None:
            times = tuple(t[k] for t, k in zip(self.times, kept, strict=True))
        strokes = (s[k] for s, k in zip(self.strokes, kept, strict=True))
        return Drawing(strokes, self.word, self.key_id, times)

    def simplified(self, side: float = SIMPLIFIED_SIDE) -> "Drawing":
        """Return the drawing in the simplified form of Quick, Draw!: integers from 0 to 255.

        The published recipe is: align to the origin, scale the longest side to 255, resample each
        stroke with a spacing of 1 pixel, simplify with epsilon 2. A second pass would drop a few
        more points. The times are lost.

        Args:
            side: length of the longest side; less than 255 for a part of a drawing.
        """
        dense = (resample(s, 1.0) for s in self.sized(side).strokes)  # lazily, to save memory
        strokes = [simplify(s, SIMPLIFIED_EPSILON) for s in dense]
        return Drawing(strokes, self.word, self.key_id).rounded()

    def in_simplified_form(self) -> "Drawing":
        """Return the drawing in the form that a model reads: `simplified`, if it is not already.

        A drawing of about 255 pixels with integer coordinates is at most aligned, because a
        second pass of the recipe would drop more points.
        """
        if self.longest_side < _MIN_SIDE:
            return self.simplified()
        if self.is_simplified:
            return self
        aligned = self.aligned()
        return aligned if aligned.is_simplified else self.simplified()

    @property
    def is_simplified(self) -> bool:
        """Whether all coordinates are integers from 0 to 255, as in the simplified form."""
        points = self.points
        return bool(((points == points.round()) & (points >= 0) & (points <= 255)).all())

    def _with_points(self, strokes: Iterable[Floats]) -> "Drawing":
        return Drawing(strokes, self.word, self.key_id, self.times)

    # --- files, and a notebook --------------------------------------------------------------

    def save(self, path: PathLike[str] | str, **look: Any) -> None:  # noqa: ANN401
        """Write the drawing into a file whose suffix chooses the form; see `sketchvae.write`.

        Raises:
            SketchvaeError: for an unknown suffix, or a file that cannot be written.
        """
        # By name: files are written by rooms above this one, which it must not depend on.
        import_module("sketchvae.flock").write(path, self, **look)

    def _repr_svg_(self) -> str:
        """Show the drawing in a notebook, fitted into a square of 200 pixels."""
        paths = "".join(f'<path d="{data}"/>' for data in self.fit(200, 200, 8).paths())
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200" fill="none" '
            'stroke="currentColor" stroke-width="2" stroke-linecap="round" '
            f'stroke-linejoin="round">{paths}</svg>'
        )


def _checked_stroke(stroke: ArrayLike, index: int) -> Floats:
    try:
        points = np.array(stroke, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SketchvaeError(
            f"stroke {index}: must be a list of points (x, y), got {abbreviate(stroke)}"
        ) from error
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise SketchvaeError(
            f"stroke {index}: must have the shape (points, 2) with at least one point, "
            f"got {points.shape}; leave empty strokes out"
        )
    points.flags.writeable = False
    return points


def _check_coordinates(strokes: Sequence[Floats]) -> None:
    if np.abs(np.concatenate(strokes)).max() <= COORDINATE_LIMIT:  # False for nan too
        return
    for index, points in enumerate(strokes):
        near = (np.abs(points) <= COORDINATE_LIMIT).all(axis=1)
        if not near.all():
            row = int(np.argmin(near))
            raise SketchvaeError(
                f"stroke {index}, point {row}: coordinates must be finite and within "
                f"{COORDINATE_LIMIT:.0f} of 0, got {points[row].tolist()}; leave the point out, "
                "or scale the drawing down"
            )


def _checked_times(times: Iterable[ArrayLike], strokes: Sequence[Floats]) -> tuple[Floats, ...]:
    try:
        checked = tuple(np.array(t, dtype=np.float64) for t in times)
    except (TypeError, ValueError, OverflowError) as error:
        raise SketchvaeError(f"times must be numbers, got {abbreviate(times)}") from error
    if [t.shape for t in checked] != [(len(s),) for s in strokes]:
        raise SketchvaeError(
            "times must hold one number a point, stroke by stroke; "
            f"got {[t.size for t in checked][:5]} for {[len(s) for s in strokes][:5]} points"
        )
    for t in checked:
        t.flags.writeable = False
    return checked
