"""Smooth curves: through every point, near the polyline, corners kept, no loop."""

from itertools import islice, pairwise

import numpy as np
import pytest
from helpers import QUICKDRAW, QUICKDRAW_RAW, SHEEP
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketchvae.curve import BULGE, CORNER, curve_length, flatten, smooth
from sketchvae.data import formats
from sketchvae.polyline import Floats, distance_to_segment, segment_lengths, turns

COORDINATE = st.integers(-40, 40).map(float)
STROKE = st.integers(1, 12).flatmap(lambda n: arrays(float, (n, 2), elements=COORDINATE))
STROKES = st.lists(STROKE, min_size=1, max_size=5)
FILES = (SHEEP, QUICKDRAW, QUICKDRAW_RAW)
REAL = [s for file in FILES for d in islice(formats.read(file), 20) for s in d.strokes]
T = np.linspace(0, 1, 65)[:, None]


def distinct(stroke: Floats) -> Floats:
    """Return a stroke without points that repeat the one before."""
    return np.array([p for i, p in enumerate(stroke) if i == 0 or (p != stroke[i - 1]).any()])


def segments(controls: Floats) -> list[Floats]:
    """Return the four control points of each curve."""
    return [controls[i : i + 4] for i in range(0, len(controls) - 1, 3)]


def on(curve: Floats) -> Floats:
    """Return points of a Bezier curve by de Casteljau's construction, (65, 2)."""
    rows = [np.broadcast_to(point, (len(T), 2)) for point in curve]
    while len(rows) > 1:
        rows = [(1 - T) * a + T * b for a, b in pairwise(rows)]
    return rows[0]


def check(strokes: list[Floats], bulge: float) -> None:
    """Hold curves against all that they promise."""
    curves = smooth(strokes, bulge)
    assert len(curves) == len(strokes)
    for stroke, controls in zip(strokes, curves, strict=True):
        points = distinct(stroke)
        np.testing.assert_array_equal(controls[::3], points)
        for curve in segments(controls):
            line, shown = curve[3] - curve[0], on(curve)
            assert distance_to_segment(shown, curve[0], curve[3]).max() <= bulge + 1e-9
            assert (np.diff(shown @ line) > 0).all()  # forward, so it has no loop
        check_corners(points, controls)


def check_corners(points: Floats, controls: Floats) -> None:
    """A corner is as sharp as before or sharper; at any other point there is one direction."""
    into, out = controls[3:-1:3] - controls[2:-2:3], controls[4::3] - controls[3:-1:3]
    for one, other, before in zip(into, out, turns(points), strict=True):
        after = turns(np.array([-one, [0, 0], other]))[0]
        if abs(before) <= CORNER:
            assert abs(after) < 1e-6
        else:
            after *= np.sign(before)
            assert abs(before) - 1e-6 < after % (2 * np.pi) < np.pi + 1e-6


@given(STROKES, st.sampled_from([0.5, 3.0, 1000.0]))
@settings(max_examples=150, deadline=None)
def test_curves_of_any_strokes_keep_what_they_promise(strokes: list[Floats], bulge: float) -> None:
    check(strokes, bulge)


def test_curves_of_sheep_keep_what_they_promise() -> None:
    check(REAL, BULGE * 255)


def test_each_stroke_has_its_own_curve() -> None:
    for stroke, curve in zip(REAL, smooth(REAL, 2), strict=True):
        np.testing.assert_array_equal(curve, smooth([stroke], 2)[0])


def circle(count: int, angle: float = 2 * np.pi) -> Floats:
    """Return points on an arc around the origin with radius 10."""
    t = np.linspace(0, angle, count)
    return np.round(10 * np.column_stack([np.cos(t), np.sin(t)]), 9)


@pytest.mark.parametrize("stroke", [circle(7), circle(9), circle(4, 2.5)], ids=len)
def test_points_on_a_circle_become_round(stroke: Floats) -> None:
    (curve,) = smooth([stroke], 10)
    for segment in segments(curve):
        np.testing.assert_allclose(np.hypot(*on(segment).T), 10, rtol=0.004)


def test_wool_is_round_between_sharp_dips_and_feet_stay_sharp() -> None:
    bump = circle(4, np.pi) + np.array([10, 0])
    (wool,) = smooth([np.concatenate([bump - (20, 0), bump - (40, 0)])], 10)
    height = max(on(segment)[:, 1].max() for segment in segments(wool))
    assert height == pytest.approx(10, abs=0.1)
    foot = np.array([[0.0, 0], [0, 9], [4, 9], [4, 0]])
    (curve,) = smooth([foot], 10)
    np.testing.assert_allclose(np.concatenate(flatten([curve], 1e-6)), foot)


@pytest.mark.parametrize("tolerance", [1.0, 0.05, 0.001])
def test_flat_curves_lie_within_the_tolerance(tolerance: float) -> None:
    curves = smooth(REAL, BULGE * 255)
    for controls, flat in zip(curves, flatten(curves, tolerance), strict=True):
        assert len(flat) >= len(controls) // 3 + 1
        true = np.concatenate([controls[:1], *(on(c) for c in segments(controls))])
        away = [distance_to_segment(true, a, b) for a, b in pairwise(flat)]
        assert len(away) == 0 or np.min(away, axis=0).max() <= tolerance


def test_length_of_a_curve_is_that_of_many_short_lines() -> None:
    for bulge in (0.5, 2, 50):
        curves = smooth(REAL, bulge)
        lengths = [segment_lengths(flat).sum() for flat in flatten(curves, 1e-5)]
        np.testing.assert_allclose([curve_length(curve) for curve in curves], lengths, rtol=1e-3)


def test_nothing_has_no_curve() -> None:
    assert smooth([], 1) == flatten([], 1) == []
    (dot,) = smooth([np.zeros((3, 2))], 1)
    assert dot.tolist() == [[0, 0]]
    (flat,) = flatten([dot], 1)
    assert flat.tolist() == [[0, 0]]
