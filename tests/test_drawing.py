"""The drawing, against definitions written out here in plain Python, and an SVG reader."""

import copy
import dataclasses
import itertools
import math
import pickle
import re
import tracemalloc
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import svgelements
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.sequences import Pen, from_stroke3, from_stroke5, to_stroke3, to_stroke5
from sketchvae.svg_page import format_number, path_data

Point = tuple[float, float]

SHEEP = Drawing(
    [
        [[61, 49], [66, 34], [113, 11], [227, 16], [255, 79], [139, 89], [58, 54]],
        [[106, 76], [97, 154]],
        [[30, 40]],
    ],
    word="sheep",
    key_id="4711",
)


def drawings(largest: float = 255, whole: bool = True) -> st.SearchStrategy[Drawing]:
    """Any drawing: empty ones, one-point strokes, equal neighbours, dots first."""
    kind: st.SearchStrategy[float] = st.floats(-largest, largest, width=32)
    if whole:
        kind = st.integers(-int(largest), int(largest)).map(float)
    few = st.sampled_from([0.0, 1.0])  # so that equal points are common
    place = st.one_of(few, kind)
    stroke = st.lists(st.tuples(place, place), min_size=1, max_size=6)
    return st.lists(stroke, max_size=5).map(Drawing)


def read_stroke3(rows: Sequence[Sequence[float]]) -> list[list[Point]]:
    """Walk with a pen, one row at a time: the definition of stroke-3, without NumPy."""
    x = y = 0.0
    strokes: list[list[Point]] = []
    down = False
    if rows and (rows[0][0] or rows[0][1]):
        strokes, down = [[(0.0, 0.0)]], True  # the implied first point
    for dx, dy, lift in rows:
        x, y = x + dx, y + dy
        if not down:
            strokes.append([])
        strokes[-1].append((x, y))
        down = lift == 0
    return strokes


def as_lists(drawing: Drawing) -> list[list[Point]]:
    return [[(x, y) for x, y in stroke.tolist()] for stroke in drawing.strokes]


def from_first_point(drawing: Drawing) -> Drawing:
    if not drawing.strokes:
        return drawing
    x, y = drawing.strokes[0][0]
    return drawing.moved(-x, -y)


# --- stroke-3 and stroke-5 ------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(drawings())
def test_stroke3_gives_the_drawing_back(drawing: Drawing) -> None:
    again = from_stroke3(to_stroke3(drawing))
    assert again == from_first_point(drawing)
    assert [len(s) for s in again.strokes] == [len(s) for s in drawing.strokes]


@settings(max_examples=80, deadline=None)
@given(drawings())
def test_stroke5_gives_the_drawing_back(drawing: Drawing) -> None:
    assert from_stroke5(to_stroke5(drawing)) == from_first_point(drawing)


@settings(max_examples=80, deadline=None)
@given(drawings(1e6, whole=False))
def test_stroke3_of_fractions_keeps_every_stroke_and_point_nearly(drawing: Drawing) -> None:
    again, moved = from_stroke3(to_stroke3(drawing)), from_first_point(drawing)
    assert [len(s) for s in again.strokes] == [len(s) for s in moved.strokes]
    np.testing.assert_allclose(again.points, moved.points, rtol=0, atol=1e-7)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 1)),
        max_size=12,
    )
)
def test_any_stroke3_reads_as_a_pen_would_walk_it(rows: list[tuple[int, int, int]]) -> None:
    drawing = from_stroke3(np.array(rows).reshape(-1, 3))
    assert as_lists(drawing) == read_stroke3(rows)
    assert from_stroke3(to_stroke3(drawing)) == drawing


@settings(max_examples=80, deadline=None)
@given(drawings(), st.integers(0, 3))
def test_stroke5_is_stroke3_with_a_one_hot_pen_and_an_end(drawing: Drawing, padding: int) -> None:
    three, five = to_stroke3(drawing), to_stroke5(drawing)
    np.testing.assert_array_equal(five[:-1, :2], three[:, :2])
    np.testing.assert_array_equal(five[:-1, 3], three[:, 2])  # p2, up, is the lift
    np.testing.assert_array_equal(five[:-1, 2], 1 - three[:, 2])  # p1, down
    np.testing.assert_array_equal(five[-1], [0, 0, 0, 0, 1])  # p3, end, in the last row alone
    assert not five[:-1, 4].any()
    rows = np.concatenate([five, np.tile([9, 9, 1, 0, 0], (padding, 1))])
    assert from_stroke5(rows) == from_first_point(drawing)


def test_pen_columns_are_down_up_end() -> None:
    assert [(pen.name, int(pen)) for pen in Pen] == [("DOWN", 0), ("UP", 1), ("END", 2)]
    rows = [[1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [5, 5, 1, 0, 0], [1, 1, 0, 1, 0], [7, 7, 0, 0, 1]]
    assert as_lists(from_stroke5(rows)) == [
        [(0, 0), (1, 0), (2, 0)],
        [(7, 5), (8, 6)],
    ]


def test_first_segment_is_drawn() -> None:
    assert as_lists(from_stroke3([[3, 4, 1]])) == [[(0, 0), (3, 4)]]
    assert to_stroke3(Drawing([[[10, 10], [13, 14]]])).tolist() == [[3, 4, 1]]


def test_first_row_without_offset_is_the_first_point_itself() -> None:
    assert as_lists(from_stroke3([[0, 0, 0], [3, 4, 1]])) == [[(0, 0), (3, 4)]]


@pytest.mark.parametrize(
    ("strokes", "rows"),
    [
        ([], []),
        ([[(5, 5)]], [[0, 0, 1]]),
        ([[(5, 5)], [(6, 7)]], [[0, 0, 1], [1, 2, 1]]),
        ([[(5, 5)], [(5, 5)]], [[0, 0, 1], [0, 0, 1]]),
        ([[(5, 5)], [(5, 5), (6, 5)]], [[0, 0, 1], [0, 0, 0], [1, 0, 1]]),
        ([[(5, 5), (5, 5)]], [[0, 0, 0], [0, 0, 1]]),
        ([[(5, 5), (5, 5), (6, 5)]], [[0, 0, 0], [0, 0, 0], [1, 0, 1]]),
        ([[(5, 5), (6, 5)], [(9, 9)]], [[1, 0, 1], [3, 4, 1]]),
    ],
)
def test_stroke3_of_the_odd_beginnings(strokes: list[list[Point]], rows: list[list[float]]) -> None:
    drawing = Drawing(strokes)
    assert to_stroke3(drawing).tolist() == rows
    assert from_stroke3(rows) == from_first_point(drawing)


def test_a_lift_missing_after_the_last_row_makes_no_difference() -> None:
    rows = to_stroke3(SHEEP)
    open_ended = rows.copy()
    open_ended[-1, 2] = 0
    assert from_stroke3(open_ended) == from_stroke3(rows)


def test_end_in_row_0_is_an_empty_drawing() -> None:
    drawing = from_stroke5([[3, 3, 0, 0, 1], [1, 1, 1, 0, 0]], word="sheep")
    assert (drawing.strokes, drawing.word) == ((), "sheep")


def test_padding_after_end_is_not_looked_at() -> None:
    rows = np.concatenate([to_stroke5(SHEEP), np.zeros((3, 5))])
    assert from_stroke5(rows) == from_first_point(SHEEP)


def test_stroke5_without_an_end_is_read_to_its_last_row() -> None:
    assert from_stroke5(to_stroke5(SHEEP)[:-1]) == from_first_point(SHEEP)


def test_steps_have_no_word_unless_one_is_given() -> None:
    for drawing in (from_stroke3([[1, 2, 0]]), from_stroke5([[1, 2, 1, 0, 0]])):
        assert (drawing.word, drawing.key_id, drawing.times) == ("", "", None)


def test_an_offset_of_a_billion_is_read() -> None:
    assert from_stroke3([[1e9, -1e9, 0]]).bounds == (0, -1e9, 1e9, 0)


def test_no_rows_are_an_empty_drawing_and_back() -> None:
    empty = Drawing([])
    assert empty == from_stroke3([]) == from_stroke5(np.zeros((0, 5)))
    assert to_stroke3(empty).shape == (0, 3)
    assert to_stroke5(empty).tolist() == [[0, 0, 0, 0, 1]]


# --- what a drawing is ----------------------------------------------------------------


def test_arrays_are_read_only_copies() -> None:
    mine = np.array([[1.0, 2.0], [3.0, 4.0]])
    clock = np.array([0.0, 5.0])
    drawing = Drawing([mine], times=[clock])
    mine[0, 0], clock[0] = 99, 99
    assert as_lists(drawing) == [[(1, 2), (3, 4)]]
    assert drawing.times is not None
    assert drawing.times[0].tolist() == [0, 5]
    for array in (*drawing.strokes, *drawing.times):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_copies_are_as_read_only_and_keep_everything() -> None:
    drawing = Drawing([[[1, 2]]], "sheep", "4711", [[7]])
    for other in (copy.deepcopy(drawing), pickle.loads(pickle.dumps(drawing))):
        assert other == drawing
        assert other.times is not None
        assert (other.word, other.key_id, other.times[0].tolist()) == ("sheep", "4711", [7])
        assert not other.strokes[0].flags.writeable


def test_fields_cannot_be_set() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SHEEP.word = "goat"  # type: ignore[misc]
    assert not hasattr(SHEEP, "__dict__")


def test_equal_points_are_equal_drawings_whatever_they_are_called() -> None:
    again = Drawing([s.astype(np.float32) for s in SHEEP.strokes], word="goat")
    assert again == SHEEP
    assert hash(again) == hash(SHEEP)
    assert len({again, SHEEP}) == 1


def test_minus_zero_is_zero_in_equality_and_hash() -> None:
    plus, minus = Drawing([[[0.0, 0.0]]]), Drawing([[[-0.0, -0.0]]])
    assert plus == minus
    assert hash(plus) == hash(minus)


@settings(max_examples=80, deadline=None)
@given(drawings(2), drawings(2))
def test_equality_is_that_of_the_strokes(one: Drawing, other: Drawing) -> None:
    assert (one == other) == (as_lists(one) == as_lists(other))
    assert one != other or hash(one) == hash(other)


def test_what_is_no_drawing_equals_none() -> None:
    assert (SHEEP == 5) is False


def test_where_the_pen_lifts_makes_another_drawing() -> None:
    assert Drawing([[[0, 0], [1, 1]]]) != Drawing([[[0, 0]], [[1, 1]]])
    assert SHEEP != "sheep"
    assert Drawing([]) != ()


@settings(max_examples=80, deadline=None)
@given(drawings(1000, whole=False))
def test_bounds_points_and_sides_are_those_of_all_points(drawing: Drawing) -> None:
    flat = [point for stroke in as_lists(drawing) for point in stroke]
    xs, ys = [x for x, _ in flat] or [0.0], [y for _, y in flat] or [0.0]
    assert drawing.bounds == (min(xs), min(ys), max(xs), max(ys))
    assert drawing.longest_side == max(max(xs) - min(xs), max(ys) - min(ys))
    assert drawing.n_points == len(flat)
    assert [tuple(p) for p in drawing.points.tolist()] == flat


def test_repr_names_word_counts_and_size() -> None:
    assert repr(SHEEP) == "Drawing('sheep', 3 strokes, 10 points, 225 x 143)"
    assert repr(Drawing([])) == "Drawing(0 strokes, 0 points, 0 x 0)"


# --- geometry -------------------------------------------------------------------------


def test_moved_and_scaled_are_sums_and_products() -> None:
    moved = SHEEP.moved(10, -5)
    assert as_lists(moved)[1] == [(116, 71), (107, 149)]
    assert as_lists(SHEEP.scaled(-0.5))[1] == [(-53, -38), (-48.5, -77)]
    assert moved.aligned().bounds == (0, 0, 225, 143)
    assert as_lists(Drawing([[[0.126, -0.04]]]).rounded(1)) == [[(0.1, 0)]]


@settings(max_examples=80, deadline=None)
@given(drawings(1000, whole=False), st.floats(0.5, 1000))
def test_sized_starts_at_the_origin_and_has_the_side(drawing: Drawing, side: float) -> None:
    sized = drawing.sized(side)
    x0, y0, _, _ = sized.bounds
    assert (x0, y0) == (0, 0)
    assert sized.longest_side == pytest.approx(side if drawing.longest_side > 0 else 0)


FAR = 1e9
NASTY = st.sampled_from([-FAR, FAR, FAR - 1e-6, 1e8, 1e8 + 1e-7, 0.0, 5e-324, 1e-300, 1.0])


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        drawings(1e6, whole=False),
        st.lists(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4), max_size=3).map(
            Drawing
        ),
    ),
    st.floats(10, 500),
    st.floats(10, 500),
    st.floats(0, 4.9),
)
def test_fit_touches_the_margins_and_is_centred(
    drawing: Drawing, width: float, height: float, margin: float
) -> None:
    fitted = drawing.fit(width, height, margin)
    if not drawing.strokes:
        assert fitted == drawing
        return
    x0, y0, x1, y1 = fitted.bounds
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((width / 2, height / 2), abs=1e-6)
    assert x1 - x0 <= width - 2 * margin + 1e-6
    assert y1 - y0 <= height - 2 * margin + 1e-6
    if drawing.longest_side > 1e-290:  # smaller, and a factor cannot be written
        spare = min(width - 2 * margin - (x1 - x0), height - 2 * margin - (y1 - y0))
        assert spare == pytest.approx(0, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(drawings())
def test_fit_keeps_the_proportions(drawing: Drawing) -> None:
    fitted = drawing.fit(90, 120, 3)
    was, now = np.diff(drawing.points, axis=0), np.diff(fitted.points, axis=0)
    factor = fitted.longest_side / drawing.longest_side if drawing.longest_side else 1.0
    np.testing.assert_allclose(now, was * factor, atol=1e-9)


def test_tiny_drawing_far_from_the_origin_lands_on_the_page() -> None:
    tiny = Drawing([[[1e8, 1e8], [math.nextafter(1e8, math.inf), 1e8]]])
    assert tiny.fit(100, 100, 10).bounds == pytest.approx((10, 50, 90, 50))


def test_a_drawing_of_less_than_a_unit_is_enlarged() -> None:
    small = Drawing([[[0.0, 0.0], [0.5, 0.25]]])
    assert small.fit(100, 100).bounds == pytest.approx((0, 25, 100, 75))
    assert small.fit(0.5, 0.4).bounds == pytest.approx((0, 0.075, 0.5, 0.325))
    assert small.sized(10).bounds == pytest.approx((0, 0, 10, 5))


def test_a_dot_keeps_its_size_and_is_centred() -> None:
    dot = Drawing([[[7, 7]]])
    assert as_lists(dot.fit(100, 50, 5)) == [[(50, 25)]]
    assert as_lists(dot.sized(255)) == [[(0, 0)]]


def test_geometry_keeps_word_key_and_times() -> None:
    timed = Drawing([[[0, 0], [9, 9]]], "sheep", "4711", [[0, 16]])
    for other in (
        timed.moved(1, 1),
        timed.scaled(2),
        timed.rounded(),
        timed.aligned(),
        timed.sized(10),
        timed.fit(10, 10),
        timed.simplify(),
    ):
        assert (other.word, other.key_id) == ("sheep", "4711")
        assert other.times is not None
        assert [t.tolist() for t in other.times] == [[0, 16]]


# --- simplification -------------------------------------------------------------------


def away(point: Point, start: Point, end: Point) -> float:
    """Distance of a point from a segment, by cases."""
    length = math.dist(start, end)
    if length == 0:
        return math.dist(point, start)
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    offset = (point[0] - start[0], point[1] - start[1])
    forward = offset[0] * along[0] + offset[1] * along[1]
    if forward < 0:
        return math.dist(point, start)
    if forward > length:
        return math.dist(point, end)
    return abs(along[0] * offset[1] - along[1] * offset[0])


def douglas_peucker(points: list[Point], epsilon: float) -> list[Point]:
    """The definition, recursively: split at the farthest point, if it is far enough."""
    if len(points) < 3:
        return points
    distances = [away(p, points[0], points[-1]) for p in points[1:-1]]
    farthest = max(distances)
    if farthest <= epsilon:
        return [points[0], points[-1]]
    at = distances.index(farthest) + 1
    left = douglas_peucker(points[: at + 1], epsilon)
    return left[:-1] + douglas_peucker(points[at:], epsilon)


@pytest.mark.parametrize("seed", range(40))
def test_simplify_keeps_what_the_definition_keeps(seed: int) -> None:
    rng = np.random.default_rng(seed)  # fractions: no two distances are equal
    walk = rng.normal(size=(rng.integers(1, 80), 2)).cumsum(axis=0)
    if seed % 4 == 0:
        walk[-1] = walk[0]  # closed: the first segment has no length
    epsilon = [0.2, 1.0, 2.0, 5.0][seed % 4]
    (kept,) = Drawing([walk]).simplify(epsilon).strokes
    points = [(x, y) for x, y in walk.tolist()]
    assert [(x, y) for x, y in kept.tolist()] == douglas_peucker(points, epsilon)


@settings(max_examples=80, deadline=None)
@given(drawings(20), st.sampled_from([0.0, 0.5, 2.0, 10.0]))
def test_simplify_stays_within_epsilon_and_keeps_the_ends(drawing: Drawing, epsilon: float) -> None:
    simple = drawing.simplify(epsilon)
    for before, after in zip(as_lists(drawing), as_lists(simple), strict=True):
        assert (before[0], before[-1]) == (after[0], after[-1])
        rest = iter(before)
        assert all(p in rest for p in after)  # a subsequence
        pieces = list(itertools.pairwise(after)) or [(after[0], after[0])]
        assert all(min(away(p, *piece) for piece in pieces) <= epsilon + 1e-9 for p in before)


def test_simplify_measures_to_the_segment_and_not_to_the_endless_line() -> None:
    overshoot = [(0.0, 0.0), (50.0, 0.5), (10.0, 0.0)]
    assert as_lists(Drawing([overshoot]).simplify(2)) == [overshoot]


def test_simplify_keeps_the_times_of_the_kept_points() -> None:
    timed = Drawing([[[0, 0], [5, 1], [10, 0]], [[3, 3]]], times=[[0, 10, 20], [30]])
    simple = timed.simplify(2)
    assert simple.times is not None
    assert [t.tolist() for t in simple.times] == [[0, 20], [30]]


def test_a_stroke_of_many_points_does_not_recurse() -> None:
    stairs = np.column_stack([np.arange(5000), np.arange(5000) ** 1.5])
    assert Drawing([stairs]).simplify(0).n_points == 5000


def quickdraw_recipe(strokes: list[list[Point]]) -> list[list[Point]]:
    """The published recipe, step by step: align, 255, one point a pixel, epsilon 2."""
    xs = [x for stroke in strokes for x, _ in stroke]
    ys = [y for stroke in strokes for _, y in stroke]
    side = max(max(xs) - min(xs), max(ys) - min(ys))
    factor = 255 / side if side else 1.0
    result = []
    for stroke in strokes:
        placed = [((x - min(xs)) * factor, (y - min(ys)) * factor) for x, y in stroke]
        dense, left = [placed[0]], 1.0  # left: to walk until the next point
        for start, end in itertools.pairwise(placed):
            length, walked = math.dist(start, end), left
            while walked < length:
                share = walked / length
                dense.append(
                    (
                        start[0] + share * (end[0] - start[0]),
                        start[1] + share * (end[1] - start[1]),
                    )
                )
                walked += 1.0
            left = walked - length
        if len(placed) > 1:
            dense.append(placed[-1])
        result.append([(float(round(x)), float(round(y))) for x, y in douglas_peucker(dense, 2.0)])
    return result


@pytest.mark.parametrize("seed", range(12))
def test_simplified_follows_the_quickdraw_recipe(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = [
        [(x, y) for x, y in (rng.normal(size=(n, 2)) * 20).cumsum(axis=0).tolist()]
        for n in rng.integers(1, 40, size=4)
    ]
    simple = Drawing(raw).simplified()
    assert as_lists(simple) == quickdraw_recipe(raw)
    assert simple.is_simplified
    assert 253 <= simple.longest_side <= 255  # a corner between two samples is cut


def test_simplified_resamples_before_it_drops_points() -> None:
    timed = Drawing([[[0, 0], [0, 100], [0, 255]]], "sheep", "4711", [[0, 1, 2]])
    simple = timed.simplified()
    assert as_lists(simple) == [[(0, 0), (0, 255)]]
    assert (simple.word, simple.key_id, simple.times) == ("sheep", "4711", None)


@settings(max_examples=80, deadline=None)
@given(st.one_of(drawings(1e6, whole=False), drawings(1)))
def test_simplified_is_simplified_and_keeps_every_stroke(drawing: Drawing) -> None:
    simple = drawing.simplified()
    assert simple.is_simplified
    assert len(simple.strokes) == len(drawing.strokes)


@pytest.mark.parametrize(
    ("stroke", "expected"),
    [([[0, 255]], True), ([[0, 256]], False), ([[-1, 0]], False), ([[0.5, 0]], False)],
)
def test_is_simplified_means_whole_numbers_from_0_to_255(
    stroke: list[list[float]], expected: bool
) -> None:
    assert Drawing([stroke]).is_simplified is expected


def test_a_scribble_of_great_length_stays_small_in_memory() -> None:
    zigzag = np.zeros((4000, 2))
    zigzag[::2] = 255  # of a million pixels of ink
    drawing = Drawing([zigzag])
    tracemalloc.start()
    try:
        drawing.simplified()
        assert tracemalloc.get_traced_memory()[1] < 40e6  # a point a pixel takes 130 MB
    finally:
        tracemalloc.stop()


# --- in a notebook, and as text -------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(drawings(1e6, whole=False))
def test_notebook_shows_every_point_within_200_pixels(drawing: Drawing) -> None:
    root = ElementTree.fromstring(drawing._repr_svg_())
    assert (root.get("width"), root.get("height")) == ("200", "200")
    paths = [svgelements.Path(path.get("d")) for path in root]
    assert len(paths) == len(drawing.strokes)
    for path, stroke in zip(paths, drawing.fit(200, 200, 8).strokes, strict=True):
        drawn = np.array([(s.end.x, s.end.y) for s in path])
        moves = (np.diff(stroke, axis=0) != 0).any(axis=1)
        wanted = stroke[np.append(True, moves)] if moves.any() else stroke[[0, 0]]
        np.testing.assert_allclose(drawn, wanted, atol=0.0501)
        assert drawn.min() >= 7.9
        assert drawn.max() <= 192.1


def test_paths_have_one_decimal() -> None:
    text = " ".join(Drawing([[[0.123, 0.456], [5.678, 9.101], [7.77, 1.23]]]).paths())
    assert re.search(r"\d\.\d", text)
    assert not re.search(r"\.\d\d", text)


def test_path_data_is_short_and_draws_a_dot_as_a_line_of_no_length() -> None:
    assert path_data(np.array([[0.0, 100.0], [1.25, -0.04]]), 1) == "M0,100 L1.2,0"
    for curved in (False, True):
        assert path_data(np.array([[10.0, 20.0]]), 0, curved=curved) == "M10,20 L10,20"
    controls = np.arange(14).reshape(7, 2) / 2
    assert path_data(controls, 1, curved=True) == "M0,0.5 C1,1.5 2,2.5 3,3.5 4,4.5 5,5.5 6,6.5"


def test_smoothed_drawing_passes_through_its_points_and_stays_near_itself() -> None:
    whole = Drawing([[[0, 0], [100, 0], [160, 60], [160, 255]], [[3, 3]]], "sheep", "7")
    smooth = whole.smoothed(0.01)
    assert (smooth.word, smooth.key_id, smooth.times) == ("sheep", "7", None)
    assert smooth.n_points > 2 * whole.n_points
    for stroke, curve in zip(whole.strokes, smooth.strokes, strict=True):
        assert {tuple(p) for p in stroke.tolist()} <= {tuple(p) for p in curve.tolist()}
    bounds = np.array(smooth.bounds) - whole.bounds
    assert np.abs(bounds).max() == pytest.approx(2, abs=0.1)
    with pytest.raises(SketchvaeError, match="a tolerance must be above 0"):
        whole.smoothed(0)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1.5, 3, "1.5"),
        (100.0, 3, "100"),
        (100.0, 0, "100"),
        (0.0, 0, "0"),
        (-0.0, 2, "0"),
        (-0.004, 2, "0"),
        (1e9, 1, "1000000000"),
        (1e-9, 3, "0"),
        (2 / 3, 2, "0.67"),
    ],
)
def test_number_is_plain_and_without_trailing_zeros(value: float, decimals: int, text: str) -> None:
    assert format_number(value, decimals) == text


# --- what a person may have handed in -------------------------------------------------

NAN, INF = math.nan, math.inf
BRACES: Any = {}  # no number
HUGE: Any = 10**400  # larger than any float
WORDS: Any = [["a", 0, 0]]
BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: Drawing([[]]), "stroke 0: must have the shape (points, 2) with at least one point"),
    (lambda: Drawing([[[0, 0]], [1, 2]]), "stroke 1: must have the shape (points, 2)"),
    (lambda: Drawing([[[1, 2, 3]]]), "got (1, 3); leave empty strokes out"),
    (lambda: Drawing([[[1, 2], [3]]]), "stroke 0: must be a list of points (x, y), got [[1, 2]"),
    (lambda: Drawing(["sheep"]), "stroke 0: must be a list of points (x, y), got 'sheep'"),
    (lambda: Drawing([[[HUGE, 0]]]), "stroke 0: must be a list of points (x, y), got [[1000"),
    (lambda: Drawing([np.array([[BRACES, 1], [2, 3]])]), "(x, y), got array([[{}, 1], [2, 3]]"),
    (
        lambda: Drawing([[[0, 0]], [[1.0, 1.0], [0.0, NAN]]]),
        "stroke 1, point 1: coordinates must be finite and within 1000000000 of 0, got [0.0, nan]",
    ),
    (lambda: Drawing([[[1e9, 0], [2e9, 0]]]), "stroke 0, point 1: coordinates must be finite"),
    (lambda: Drawing([[[INF, 0]]]), "point 0: coordinates must be finite"),
    (lambda: Drawing([[[0, 1.1e9]]]), "got [0.0, 1100000000.0]; leave the point out, or scale"),
    (lambda: Drawing([[[1e308, 0], [-1e308, 0]]]), "within 1000000000 of 0, got [1e+308, 0.0]"),
    (lambda: SHEEP.moved(NAN, 0), "coordinates must be finite"),
    (lambda: SHEEP.scaled(1e308), "coordinates must be finite"),
    (lambda: SHEEP.scaled(INF), "coordinates must be finite"),
    (lambda: SHEEP.fit(INF, INF), "coordinates must be finite"),
    (lambda: Drawing([[[0, 0]]], times=[]), "one number a point, stroke by stroke; got [] for [1]"),
    (lambda: Drawing([[[0, 0]]], times=[[1, 2]]), "got [2] for [1] points"),
    (lambda: Drawing([[[0, 0]]], times=[5]), "got [1] for [1] points"),
    (lambda: Drawing([[[0, 0]]], times=[["a"]]), "times must be numbers, got [['a']]"),
    (lambda: Drawing([[[0, 0]]], times=[[BRACES]]), "times must be numbers, got [[{}]]"),
    (lambda: from_stroke3([[1, 2]]), "stroke-3 (dx, dy, lift) must have the shape (n, 3)"),
    (lambda: from_stroke3([1, 2, 3]), "must have the shape (n, 3), got (3,)"),
    (lambda: from_stroke3(WORDS), "must be an array of numbers, got [['a', 0, 0]]"),
    (lambda: from_stroke3([[HUGE, 0, 0]]), "must be an array of numbers, got [[1000"),
    (
        lambda: from_stroke3([[0.0, 0, 0], [1, NAN, 0]]),
        "(dx, dy, lift) row 1: must be finite",
    ),
    (lambda: from_stroke3([[1e308, 0, 0]] * 2), "row 0: must be finite and within 1000000"),
    (lambda: from_stroke3([[9e8, 0, 0]] * 2), "stroke 0, point 2: coordinates must be"),
    (
        lambda: from_stroke3([[0, 0, 1], [1, 5, 7]]),
        "stroke-3 row 1: lift must be 0 or 1, got 7; check the order of the columns: dx, dy, lift",
    ),
    (
        lambda: from_stroke5([[1, 2, 3]]),
        "stroke-5 (dx, dy, p1, p2, p3) must have the shape (n, 5), got (1, 3)",
    ),
    (
        lambda: from_stroke5([[0, 0, 1, 0, 0], [1, 0, 1, 1, 0]]),
        "stroke-5 row 1: the pen must be one-hot, got [1.0, 1.0, 0.0]; check the order",
    ),
    (lambda: from_stroke5([[0, 0, 0, 0, 0]]), "must be one-hot, got [0.0, 0.0, 0.0]"),
    (lambda: from_stroke5([[0, 0, 0.5, 0.5, 0]]), "must be one-hot, got [0.5, 0.5, 0.0]"),
    (lambda: from_stroke5([[0, 0, 1, 0, 1]]), "must be one-hot, got [1.0, 0.0, 1.0]"),
    (lambda: from_stroke5([[0, 0, INF, 0, 1]]), "row 0: must be finite"),
    (
        lambda: SHEEP.fit(100, 50, 25),
        "the margin in a box of 100 x 50 must be 0 or more and less than half of each side, got 25",
    ),
    (lambda: SHEEP.fit(100, 50, -1), "must be 0 or more and less than half of each side, got -1"),
    (lambda: SHEEP.fit(100, 50, NAN), "of each side, got nan; choose another margin"),
    (lambda: SHEEP.fit(-5, 50), "the margin in a box of -5 x 50 must be"),
    (lambda: SHEEP.sized(0), "a side must be above 0 and at most 1000000000, got 0; choose"),
    (lambda: SHEEP.sized(NAN), "a side must be above 0 and at most 1000000000, got nan"),
    (lambda: SHEEP.simplify(-1), "epsilon must be 0 or more, got -1; try 2"),
    (lambda: SHEEP.simplify(NAN), "epsilon must be 0 or more, got nan"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_is_no_drawing_is_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(SketchvaeError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_coordinates_may_lie_a_billion_away_and_no_sum_overflows() -> None:
    corners: list[Floats] = [np.array([[-1e9, -1e9], [1e9, 1e9]])]
    drawing = Drawing(corners)
    assert drawing.longest_side == 2e9
    assert drawing.fit(100, 100).bounds == pytest.approx((0, 0, 100, 100))
    assert drawing.sized(255).bounds == pytest.approx((0, 0, 255, 255))
    assert drawing.simplified().bounds == (0, 0, 255, 255)


def test_range_of_quickdraw_keeps_every_point_and_rounds_it() -> None:
    drawing = Drawing([[[10.0, 20.0], [10.4, 20.0], [61.0, 122.0]], [[30.0, 30.0]]], "sheep")
    assert drawing.to_quickdraw() == Drawing([[[0, 0], [1, 0], [128, 255]], [[50, 25]]])
    assert drawing.to_quickdraw().word == "sheep"
