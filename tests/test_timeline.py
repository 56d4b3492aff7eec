"""The time of the pen, held against its own lengths and against arithmetic by hand."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.render.timeline import (
    DOT_LENGTH,
    DRAWING_GAP,
    PEN_UP_SPEED,
    SPEED,
    Pace,
    StrokeTime,
    Timeline,
    timeline,
)

FLOCK = Path(__file__).parents[1] / "data" / "sheep.ndjson"
LINE = Drawing([[[0, 0], [10, 0]]])
DOTS = Drawing([[[5, 5]], [[5, 5], [5, 5]]])
RAW = Drawing(
    [[[0, 0], [3, 0], [10, 0]], [[4, 4]]],
    times=[[1000, 1100, 1500], [2200]],
)


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    """Draw a nasty drawing: few positions, so that points and strokes repeat, at any scale."""
    position = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    strokes = draw(st.lists(st.lists(position, min_size=1, max_size=6), max_size=5))
    scale = draw(st.sampled_from([1e-300, 1e-9, 1.0, 255.0, 1e8]))
    made = Drawing(strokes).scaled(scale)
    if not draw(st.booleans()):
        return made
    times = st.floats(-1e6, 1e6)
    return Drawing(
        made.strokes, times=[draw(st_numpy.arrays(float, len(s), elements=times)) for s in strokes]
    )


flocks = st.lists(drawings(), min_size=1, max_size=4).filter(lambda f: any(d.strokes for d in f))
paces = st.builds(
    Pace,
    seconds=st.one_of(st.none(), st.floats(0.01, 86_400)),
    together=st.booleans(),
    recorded=st.booleans(),
)


def along(times: Timeline, drawing: int) -> list[StrokeTime]:
    return [s for s in times.strokes if s.drawing == drawing]


@settings(deadline=None)
@given(flocks, paces)
def test_seconds_and_fractions_rise_and_every_stroke_is_there(
    flock: list[Drawing], pace: Pace
) -> None:
    times = timeline(flock, pace)
    names = [(i, j) for i, d in enumerate(flock) for j in range(len(d.strokes))]
    assert [(s.drawing, s.stroke) for s in times.strokes] == names
    for stroke in times.strokes:
        assert stroke.fractions.shape == stroke.seconds.shape
        assert (np.diff(stroke.seconds) >= 0).all()
        assert (np.diff(stroke.fractions) >= 0).all()
        assert stroke.fractions[-1] == 1
        assert stroke.fractions[0] == (0 if len(stroke.fractions) > 1 else 1)
        assert 0 <= stroke.begin <= stroke.end <= times.duration
    assert 0 < times.duration < np.inf


@settings(deadline=None)
@given(flocks, st.booleans(), st.booleans())
def test_strokes_of_a_drawing_follow_each_other(
    flock: list[Drawing], together: bool, recorded: bool
) -> None:
    times = timeline(flock, Pace(together=together, recorded=recorded))
    rows = [along(times, i) for i in range(len(flock))] if together else [list(times.strokes)]
    for row in rows:
        for one, other in itertools.pairwise(row):
            assert one.end <= other.begin
    if together:
        assert {row[0].begin for row in rows if row} == {0.0} or recorded


@settings(deadline=None)
@given(flocks, st.floats(0.01, 86_400), st.booleans(), st.booleans())
def test_total_is_what_was_asked(
    flock: list[Drawing], seconds: float, together: bool, recorded: bool
) -> None:
    asked = timeline(flock, Pace(seconds, together=together, recorded=recorded))
    free = timeline(flock, Pace(together=together, recorded=recorded))
    assert asked.duration == pytest.approx(seconds, rel=1e-9, abs=1e-9)
    for one, other in zip(asked.strokes, free.strokes, strict=True):
        expected = other.seconds / free.duration * seconds
        np.testing.assert_allclose(one.seconds, expected, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(flocks, st.floats(0.001, 500), st.booleans())
def test_double_speed_is_half_the_duration(
    flock: list[Drawing], speed: float, together: bool
) -> None:
    one, two = (timeline(flock, Pace(speed=s, together=together)) for s in (speed, 2 * speed))
    assert two.duration == pytest.approx(one.duration / 2, rel=1e-9)
    for a, b in zip(one.strokes, two.strokes, strict=True):
        np.testing.assert_allclose(b.seconds, a.seconds / 2, rtol=1e-9)


def test_a_speed_of_one_is_one_longest_side_a_second() -> None:
    """A fast middle: knots of the constant speed, away from the eased ends."""
    (stroke,) = timeline([LINE], Pace(speed=1.0)).strokes
    a, b = stroke.fractions[1:3], stroke.seconds[1:3]
    assert np.diff(a) / np.diff(b) == pytest.approx(1.0)
    assert np.diff(a) > 0.9


def test_pen_slows_down_at_sharp_turns_and_the_more_the_sharper() -> None:
    def turned(degrees: float) -> StrokeTime:
        x, y = 10 * np.cos(np.radians(degrees)), 10 * np.sin(np.radians(degrees))
        (stroke,) = timeline([Drawing([[[0, 0], [10, 0], [10 + x, y]]])]).strokes
        return stroke

    assert len(turned(0).fractions) == len(turned(20).fractions) == 4  # no knots at a gentle turn
    speeds = [np.diff(s.fractions) / np.diff(s.seconds) for s in map(turned, (60, 120, 180))]
    slowest = [v[1:-1].min() / v.max() for v in speeds]  # but at the ends
    assert 0.95 > slowest[0] > slowest[1] > slowest[2] > 0.3


def test_pen_up_travel_takes_time_by_its_distance() -> None:
    def gap(distance: float) -> float:
        one, other = timeline(
            [Drawing([[[0, 0], [0, 10]], [[distance, 10], [distance, 0]]])]
        ).strokes
        return other.begin - one.end

    assert gap(10) == pytest.approx(1 / PEN_UP_SPEED / SPEED)
    assert gap(5) == pytest.approx(gap(10) / 2)
    assert gap(0) == 0


def test_a_dot_is_one_moment_and_a_dot_alone_lasts() -> None:
    times = timeline([DOTS])
    assert [s.fractions.tolist() for s in times.strokes] == [[1.0], [1.0]]
    assert [s.begin for s in times.strokes] == [0.0, pytest.approx(DOT_LENGTH / SPEED)]
    assert times.duration == pytest.approx(2 * DOT_LENGTH / SPEED)


def test_flock_is_drawn_one_after_another_or_together() -> None:
    flock = [LINE, Drawing([]), LINE.scaled(7)]
    alone = timeline([LINE]).duration
    one, other = timeline(flock).strokes
    assert other.begin - one.end == pytest.approx(DRAWING_GAP / PEN_UP_SPEED / SPEED)
    assert other.end - other.begin == pytest.approx(alone)
    both = timeline(flock, Pace(together=True))
    assert [s.begin for s in both.strokes] == [0, 0]
    assert both.duration == pytest.approx(alone)
    assert [s.drawing for s in both.strokes] == [0, 2]


def test_recorded_times_are_taken_as_they_are() -> None:
    line, dot = timeline([RAW]).strokes
    np.testing.assert_allclose(line.seconds, [0, 0.1, 0.5])
    np.testing.assert_allclose(line.fractions, [0, 0.3, 1])
    assert dot.fractions.tolist() == [1.0]
    assert dot.begin == pytest.approx(1.2)
    assert timeline([RAW]).duration == pytest.approx(1.2)
    scaled = timeline([RAW], Pace(seconds=6))
    np.testing.assert_allclose(scaled.strokes[0].seconds, [0, 0.5, 2.5])


@pytest.mark.parametrize("pace", [Pace(recorded=False), Pace(speed=SPEED)])
def test_recorded_times_can_be_left_out(pace: Pace) -> None:
    plain = timeline([Drawing(RAW.strokes)])
    np.testing.assert_allclose(timeline([RAW], pace).duration, plain.duration)


def test_times_that_say_nothing_are_left_out_and_a_clock_set_back_stands_still() -> None:
    same = Drawing(LINE.strokes, times=[[7, 7]])
    assert timeline([same]).duration == timeline([LINE]).duration
    back = Drawing(LINE.strokes * 2, times=[[0, 500], [200, 900]])
    assert [s.seconds.tolist() for s in timeline([back]).strokes] == [[0, 0.5], [0.5, 0.9]]


def test_usual_sheep_takes_between_three_and_four_seconds() -> None:
    flock = list(formats.read(FLOCK))
    assert 3 < np.median([timeline([d]).duration for d in flock]) < 4


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_impossible_duration_is_one_line(seconds: float) -> None:
    with pytest.raises(
        SketchvaeError,
        match=r"length of an animation must be from 0\.01 to 86400 seconds, got .*; try 4",
    ):
        Pace(seconds=seconds)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_speed_is_one_line(speed: float) -> None:
    with pytest.raises(
        SketchvaeError, match=r"speed of the pen must be from 0\.001 to 1000 sides .*; try 1.5"
    ):
        Pace(speed=speed)


def test_what_has_no_time_is_named() -> None:
    with pytest.raises(SketchvaeError, match="seconds or a speed, got 3 and 2; leave one"):
        Pace(seconds=3, speed=2)
    with pytest.raises(SketchvaeError, match="needs a drawing with a stroke, got none"):
        timeline([Drawing([])])
    for times in ([0, float("nan")], [-1e308, 1e308], [0, 1e9]):
        with pytest.raises(SketchvaeError, match="drawing 0: recorded times must lie within a day"):
            timeline([Drawing(LINE.strokes, times=[times])])
