"""Areas of a page, and what of a polyline lies in them: clip paths, masks, viewports."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from sketchvae.polyline import Bools, Floats

_CHUNK = 1_000_000  # pairs of a segment and an edge that are in memory at once
_PER_OUTLINE = 2000  # pairs that take as long as one outline more
_NEAR = 1e-3  # px: a point this near to an area lies in it, so that its border does too
_SHIFTS = (np.array([0.92, 0.39]) * _NEAR, np.array([-0.92, -0.39]) * _NEAR)  # along no usual edge
_LEAST_LIGHT = 1 / 255  # above which a point is seen


class Area(Protocol):
    """A part of the page.

    Attributes:
        edges: (n, 4); x and y of both ends of each line that may separate inside from outside.
        n_outlines: number of outlines that it consists of.
    """

    @property
    def edges(self) -> Floats:
        """Return the lines."""

    @property
    def n_outlines(self) -> int:
        """Return the number."""

    def light(self, points: Floats) -> Floats:
        """Return how much of the ink at each point is seen, (n,) from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Outline:
    """The inside of closed polylines.

    Args:
        lines: polylines (n, 2); a line from the end to the start is added.
        is_even_odd: whether a point inside of two of them is outside; else (nonzero) it is
            outside if they turn around it in opposite directions.
    """

    lines: Sequence[Floats]
    is_even_odd: bool = False

    n_outlines = 1

    @cached_property
    def edges(self) -> Floats:
        """Return the lines, with the closing ones."""
        pairs = [np.hstack([line, np.roll(line, -1, axis=0)]) for line in self.lines]
        return np.concatenate(pairs) if pairs else np.empty((0, 4))

    def light(self, points: Floats) -> Floats:
        """Return 1 inside and 0 outside, (n,)."""
        turns = np.zeros(len(points), dtype=np.int64)
        x1, y1, x2, y2 = self.edges[self.edges[:, 1] != self.edges[:, 3]].T
        size = max(_CHUNK // max(len(points), 1), 1)
        x, y = points[:, :1], points[:, 1:]
        for i in range(0, len(x1), size):
            part = slice(i, i + size)
            a, b, c, d = x1[part], y1[part], x2[part], y2[part]
            crosses = (b <= y) != (d <= y)
            right = a + (y - b) * ((c - a) / (d - b)) > x
            turns += (crosses & right) @ np.where(d > b, 1, -1)
        inside = turns % 2 == 1 if self.is_even_odd else turns != 0
        light: Floats = inside.astype(np.float64)
        return light


@dataclass(frozen=True, eq=False)
class _Several:
    """Some areas together."""

    areas: Sequence[Area]

    @cached_property
    def edges(self) -> Floats:
        """Return the edges of all areas."""
        return _edges_of(self.areas)

    @cached_property
    def n_outlines(self) -> int:
        """Return the number of outlines of all areas."""
        return sum(area.n_outlines for area in self.areas)


class AnyOf(_Several):
    """All that lies in one of some areas; nothing if there are none."""

    def light(self, points: Floats) -> Floats:
        """Return the light of the lightest area, (n,)."""
        return np.max([np.zeros(len(points)), *(a.light(points) for a in self.areas)], axis=0)  # type: ignore[no-any-return]


class AllOf(_Several):
    """What lies in each of some areas."""

    def light(self, points: Floats) -> Floats:
        """Return the light of the darkest area, (n,)."""
        return np.min([a.light(points) for a in self.areas], axis=0)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Painted:
    """A picture, whose light parts are the area; later paint covers earlier paint.

    Args:
        areas: each with its luminance and its alpha, from 0 to 1, in the order of painting.
        by_alpha: whether the alpha of the picture counts, rather than its luminance.
    """

    areas: Sequence[tuple[Area, float, float]]
    by_alpha: bool = False

    @cached_property
    def edges(self) -> Floats:
        """Return the edges of all areas."""
        return _edges_of([area for area, *_ in self.areas])

    @cached_property
    def n_outlines(self) -> int:
        """Return the number of outlines of all areas."""
        return sum(area.n_outlines for area, *_ in self.areas)

    def light(self, points: Floats) -> Floats:
        """Return luminance times alpha of the picture, (n,), or its alpha."""
        light = np.zeros(len(points))
        for area, luminance, alpha in self.areas:
            share = alpha * area.light(points)
            light = light * (1 - share) + share * (1.0 if self.by_alpha else luminance)
        return light


def _edges_of(areas: Sequence[Area]) -> Floats:
    edges = [area.edges for area in areas]
    return np.concatenate(edges) if edges else np.empty((0, 4))


# --- cutting ------------------------------------------------------------------------


class TooMuchWork(Exception):  # noqa: N818 - is caught where the strokes are made
    """An area is too intricate to cut with."""


class Work:
    """Work that may still be done.

    Args:
        left: pairs of a point and an edge.
    """

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, pairs: int) -> None:
        """Count pairs before they are looked at.

        Raises:
            TooMuchWork: if there are more than are left; then none is counted.
        """
        if pairs > self.left:
            raise TooMuchWork
        self.left -= pairs


def cut(line: Floats, area: Area, work: Work) -> list[Floats]:
    """Return the parts of a polyline that lie in an area, in their order along it.

    Args:
        line: (n, 2).
        area: what to keep.
        work: that may still be done.

    Raises:
        TooMuchWork: if it would be more.
    """
    work.take(_PER_OUTLINE * area.n_outlines)
    edges = _near(area.edges, line)
    work.take(len(area.edges) + len(line) * len(edges))
    if len(line) == 1 or not len(edges):  # all of it lies on one side
        return [line] if _is_in(line[:1], area)[0] else []
    at = _breaks(line, edges)
    work.take(len(at) * len(area.edges))
    inside = _is_in(_points(line, (at[1:] + at[:-1]) / 2), area)
    if inside.all():
        return [line]
    steps = np.diff(np.concatenate([[0], inside, [0]]))
    runs = list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True))
    parts = []
    for first, last in runs:
        between = at[first + 1 : last]
        kept = [at[first], *between[between == np.floor(between)], at[last]]
        parts.append(_points(line, np.array(kept)))
    if len(parts) > 1 and inside[0] and inside[-1] and (line[0] == line[-1]).all():
        parts[0] = np.concatenate([parts.pop(), parts[0][1:]])  # the outline begins inside
    return parts


def _near(edges: Floats, line: Floats) -> Floats:
    """Return the edges whose box touches the box of a polyline."""
    low, high = line.min(axis=0) - _NEAR, line.max(axis=0) + _NEAR
    x, y = edges[:, ::2], edges[:, 1::2]
    apart = (x > high[0]).all(1) | (x < low[0]).all(1) | (y > high[1]).all(1) | (y < low[1]).all(1)
    near: Floats = edges[~apart]
    return near


def _breaks(line: Floats, edges: Floats) -> Floats:
    """Return the vertices of a polyline and its crossings with edges, as places along it.

    The place 3.25 is a quarter of the way from vertex 3 to vertex 4.
    """
    starts, steps = line[:-1], np.diff(line, axis=0)
    found = [np.arange(len(line), dtype=np.float64)]
    size = max(_CHUNK // max(len(edges), 1), 1)
    ends = edges[:, 2:] - edges[:, :2]
    for i in range(0, len(starts), size):
        step, start = steps[i : i + size, None], starts[i : i + size, None]
        away = edges[None, :, :2] - start
        cross = step[..., 0] * ends[:, 1] - step[..., 1] * ends[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):  # parallel lines do not cross
            t = (away[..., 0] * ends[:, 1] - away[..., 1] * ends[:, 0]) / cross
            u = (away[..., 0] * step[..., 1] - away[..., 1] * step[..., 0]) / cross
        crossing = (t > 0) & (t < 1) & (u >= -1e-9) & (u <= 1 + 1e-9)
        segment, edge = np.nonzero(crossing)
        found.append(i + segment + t[segment, edge])
    return np.unique(np.concatenate(found))


def _points(line: Floats, places: Floats) -> Floats:
    index = np.minimum(places.astype(np.int64), len(line) - 2)
    share = (places - index)[:, None]
    points: Floats = line[index] * (1 - share) + line[index + 1] * share
    return points


def _is_in(points: Floats, area: Area) -> Bools:
    """Whether each point is in the area, or on its border."""
    inside = area.light(points) > _LEAST_LIGHT
    for shift in _SHIFTS:
        if inside.all():
            break
        inside[~inside] = area.light(points[~inside] + shift) > _LEAST_LIGHT
    return inside
