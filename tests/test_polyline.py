"""Geometry of polylines, held against shapely and against plain loops."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketchvae.polyline import (
    Floats,
    arc_fractions,
    arc_length,
    distance_to_segment,
    points_at,
    points_at_fractions,
    resample,
    resample_count,
    segment_lengths,
    simplify,
    simplify_mask,
    turns,
)

shapely = pytest.importorskip("shapely")

COORDINATE = st.integers(-200, 200).map(lambda i: i / 2)
POLYLINES = st.integers(1, 12).flatmap(lambda n: arrays(float, (n, 2), elements=COORDINATE))
LONG = st.integers(2, 12).flatmap(lambda n: arrays(float, (n, 2), elements=COORDINATE))
SQUARE = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])


def greatest_distance(points: Floats, line: Floats) -> float:
    """Greatest distance of points from a polyline, by shapely."""
    shape = shapely.LineString(line) if len(line) > 1 else shapely.Point(*line[0])
    return float(max(shape.distance(shapely.Point(*point)) for point in points))


@given(LONG)
@settings(max_examples=50, deadline=None)
def test_lengths_are_those_of_shapely(points: Floats) -> None:
    total = shapely.LineString(points).length
    assert arc_length(points)[-1] == pytest.approx(total)
    pairs = pairwise(points)
    expected = [math.dist(before, after) for before, after in pairs]
    np.testing.assert_allclose(segment_lengths(points), expected)


def test_one_point_has_no_length() -> None:
    point = np.array([[3.0, 4.0]])
    assert segment_lengths(point).shape == (0,)
    assert arc_length(point).tolist() == [0.0]
    assert resample(point, 1.0).tolist() == [[3.0, 4.0]]
    assert resample_count(point, 3).tolist() == [[3.0, 4.0]] * 3
    assert turns(point).shape == (0,)
    assert simplify(point, 2.0).tolist() == [[3.0, 4.0]]


@given(LONG, st.lists(st.floats(-10, 1000), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_points_along_a_line_are_those_of_shapely(points: Floats, distances: list[float]) -> None:
    line = shapely.LineString(points)
    expected = [line.interpolate(max(d, 0.0)).coords[0] for d in distances]
    np.testing.assert_allclose(points_at(points, np.array(distances)), expected, atol=1e-9)


@given(LONG, st.floats(0.5, 50))
@settings(max_examples=50, deadline=None)
def test_resampled_points_are_evenly_spaced_along_the_line(points: Floats, spacing: float) -> None:
    total = arc_length(points)[-1]
    along = [*np.arange(0, total, spacing), total] if total else arc_length(points)
    np.testing.assert_allclose(resample(points, spacing), points_at(points, np.array(along)))


def test_resampling_keeps_both_ends_and_cannot_fill_the_memory() -> None:
    far = np.array([[0.0, 0.0], [1e9, 0.0]])
    dense = resample(far, 1e-3)
    assert len(dense) <= 100_001
    assert dense[[0, -1]].tolist() == far.tolist()


@given(LONG, st.integers(2, 9))
@settings(max_examples=50, deadline=None)
def test_a_number_of_points_are_at_equal_distances(points: Floats, count: int) -> None:
    line = shapely.LineString(points)
    expected = [line.interpolate(i / (count - 1), normalized=True).coords[0] for i in range(count)]
    np.testing.assert_allclose(resample_count(points, count), expected, atol=1e-9)


def test_points_at_fractions_of_the_length_are_those_of_an_even_polyline() -> None:
    corner = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
    np.testing.assert_allclose(arc_fractions(corner), [0, 0.75, 1])
    found = points_at_fractions(corner, np.array([0.0, 0.5, 0.875, 1.0]))
    np.testing.assert_allclose(found, [[0.0, 0.0], [2.0, 0.0], [3.0, 0.5], [3.0, 1.0]])


def test_fractions_without_length_are_evenly_spaced() -> None:
    dot = np.array([[2.0, 5.0]] * 3)
    np.testing.assert_allclose(arc_fractions(dot), [0, 0.5, 1])
    np.testing.assert_allclose(points_at_fractions(dot, np.array([0.3])), [[2, 5]])


def test_turns_have_the_sign_of_their_side() -> None:
    np.testing.assert_allclose(turns(SQUARE), [math.pi / 2] * 2)
    np.testing.assert_allclose(turns(SQUARE[::-1]), [-math.pi / 2] * 2)


@given(LONG)
@settings(max_examples=50, deadline=None)
def test_turns_are_differences_of_headings(points: Floats) -> None:
    steps = [b - a for a, b in pairwise(points) if (a != b).any()]
    headings = [math.atan2(y, x) for x, y in steps]
    pairs = pairwise(headings)
    found = turns(points)
    assert len(found) == max(len(steps) - 1, 0)
    for angle, (before, after) in zip(found, pairs, strict=True):
        assert math.cos(angle) == pytest.approx(math.cos(after - before), abs=1e-9)
        assert math.sin(angle) == pytest.approx(math.sin(after - before), abs=1e-9)


@given(POLYLINES, arrays(float, (2, 2), elements=COORDINATE))
@settings(max_examples=50, deadline=None)
def test_distances_to_a_segment_are_those_of_shapely(points: Floats, ends: Floats) -> None:
    segment = shapely.LineString(ends)
    expected = [segment.distance(shapely.Point(*point)) for point in points]
    np.testing.assert_allclose(distance_to_segment(points, *ends), expected, atol=1e-9)


@given(POLYLINES, st.floats(0, 100))
@settings(max_examples=100, deadline=None)
def test_simplified_line_keeps_its_ends_and_stays_within_epsilon(
    points: Floats, epsilon: float
) -> None:
    kept = simplify_mask(points, epsilon)
    assert kept[0]
    assert kept[-1]
    np.testing.assert_array_equal(simplify(points, epsilon), points[kept])
    assert greatest_distance(points, points[kept]) <= epsilon + 1e-9


def test_points_on_a_line_are_dropped_and_a_corner_stays() -> None:
    points = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2]])
    assert simplify(points, 0.5).tolist() == [[0, 0], [3, 0], [3, 2]]
