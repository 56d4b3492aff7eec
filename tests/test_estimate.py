"""How long a plot takes, held against the laws of motion worked out by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.machine.parser import read_job
from sketchvae.machine.timing import JUNCTION, Motion, command_seconds, known_motion, motion_of
from sketchvae.plot.bed import Machine
from sketchvae.plot.estimate import estimate, seconds_of_pens
from sketchvae.plot.gcode import seconds_around, to_gcode
from sketchvae.plot.page import parse_page
from sketchvae.plot.pen_lift import PenLift, servo, z_axis
from sketchvae.plot.plan import Pens, make_plot
from sketchvae.polyline import Floats

FAST = 1e6  # mm/min that no lifted pen reaches here
MOTION = Motion(feed=3000, rapid=6000, acceleration=200, pen_delay=0)  # 50 and 100 mm/s


def drawing_seconds(*points: tuple[float, float], motion: Motion = MOTION) -> float:
    """Time a stroke that begins and ends at the origin, so that no travel is added."""
    return estimate([np.array(points, dtype=float)], motion, home=False).seconds


def from_rest_to_rest(length: float, speed: float, acceleration: float) -> float:
    """Time a straight line: up to speed and down again, or only as fast as its length allows."""
    if length < speed**2 / acceleration:
        return 2.0 * float(np.sqrt(length / acceleration))
    return length / speed + speed / acceleration


@pytest.mark.parametrize("length", [0.01, 5, 12.49, 12.51, 100, 4000])
def test_line_takes_what_acceleration_and_speed_allow(length: float) -> None:
    assert drawing_seconds((0, 0), (length, 0)) == pytest.approx(from_rest_to_rest(length, 50, 200))


def test_travel_is_timed_at_its_own_speed_and_lifts_are_added() -> None:
    stroke = np.array([[300.0, 400.0], [300.0, 500.0]])
    away = from_rest_to_rest(500, 100, 200)
    back = from_rest_to_rest(np.hypot(300, 500), 100, 200)
    drawn = from_rest_to_rest(100, 50, 200)
    motion = Motion(feed=3000, rapid=6000, acceleration=200, pen_delay=0.7)
    assert estimate([stroke], motion, home=False).seconds == pytest.approx(away + drawn + 0.7)
    assert estimate([stroke, stroke], motion).seconds == pytest.approx(
        away + from_rest_to_rest(100, 100, 200) + back + 2 * drawn + 2 * 0.7
    )


def test_points_along_a_straight_line_cost_nothing() -> None:
    along = [(x, 2 * x) for x in (0, 0.1, 3, 3, 40, 41, 90.0)]
    assert drawing_seconds(*along) == pytest.approx(drawing_seconds((0, 0), (90, 180)))


def test_turning_back_is_a_stop() -> None:
    there = from_rest_to_rest(30, 50, 200)
    assert drawing_seconds((0, 0), (30, 0), (0, 0)) == pytest.approx(2 * there)


@pytest.mark.parametrize("angle", [20.0, 90.0, 150.0])
def test_corner_is_passed_at_the_speed_of_a_circle_near_it(angle: float) -> None:
    """Two lines at an angle; the circle that touches both passes the corner at JUNCTION mm."""
    half = np.radians(angle) / 2
    radius, step = 1e-6, 1.0  # bisect: the distance of corner and circle grows with the radius
    while step > 1e-12:
        distance = (radius + step) / np.sin(half) - (radius + step)
        radius, step = (radius + step, step) if distance < JUNCTION else (radius, step / 2)
    speed = np.sqrt(200 * radius)
    assert speed < 50

    def up_to(length: float) -> float:  # from rest, past the top speed, down to the corner's
        rise, fall = 50**2 / 400, (50**2 - speed**2) / 400
        return float(50 / 200 + (50 - speed) / 200 + (length - rise - fall) / 50)

    end = (40 - 40 * np.cos(2 * half), 40 * np.sin(2 * half))
    assert drawing_seconds((0, 0), (40, 0), end) == pytest.approx(2 * up_to(40), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=1, max_size=12),
    st.floats(60, 6000),
    st.floats(10, 2000),
)
def test_a_stroke_is_as_fast_backwards_and_between_its_bounds(
    points: list[tuple[int, int]], feed: float, acceleration: float
) -> None:
    motion = Motion(feed=feed, rapid=FAST, acceleration=acceleration, pen_delay=0)
    loop = [(0, 0), *points, (0, 0)]
    seconds = drawing_seconds(*loop, motion=motion)
    assert drawing_seconds(*loop[::-1], motion=motion) == pytest.approx(seconds)
    lengths = [float(np.hypot(x - u, y - v)) for (u, v), (x, y) in itertools.pairwise(loop)]
    speed = feed / 60
    stops = sum(from_rest_to_rest(length, speed, acceleration) for length in lengths if length)
    nonstop = from_rest_to_rest(sum(lengths), speed, acceleration) if any(lengths) else 0
    assert nonstop - 1e-9 <= seconds <= stops + 1e-9


def test_lengths_and_lifts_are_counted() -> None:
    strokes: list[Floats] = [
        np.array([[3.0, 4.0], [3.0, 10.0]]),
        np.array([[3.0, 12.0]]),
        np.array([[3.0, 4.0], [6.0, 8.0]]),
    ]
    done = estimate(strokes, MOTION)
    assert (done.ink, done.travel, done.lifts) == (11, 5 + 2 + 8 + 10, 3)
    assert estimate(strokes, MOTION, home=False).travel == 15


@pytest.mark.parametrize("name", ["feed", "rapid", "acceleration"])
@pytest.mark.parametrize("value", [0.0, -5.0, float("nan"), float("inf")])
def test_speed_out_of_range_is_one_line(name: str, value: float) -> None:
    with pytest.raises(
        SketchvaeError, match=rf"the {name} must be 1 to 1000000 mm/.*, got {value:g}"
    ):
        Motion(**{name: value})


@pytest.mark.parametrize(
    "lift",
    [
        servo(),
        z_axis(4, -1, 600),
        PenLift(("G1 Z0.5 F5000",), ("G1 Z5 F500", "G4 P0.3"), 0.1, 0),
        PenLift(("G0 Z3",), ("G0 Z0",)),
    ],
    ids=["servo", "z", "own", "rapid"],
)
def test_plot_and_send_estimate_the_same_time(lift: PenLift) -> None:
    drawing = Drawing([[[10, 20], [60, 20], [60, 50]], [[80, 80]], [[90, 10], [10, 90]]])
    page = parse_page("a5")
    placed = Machine().to_machine(make_plot([drawing], page, Pens()))
    motion = Motion(feed=2000, rapid=4000, acceleration=300, rapid_acceleration=700, junction=0.05)
    motion = replace(motion, pen_delay=lift.delay(motion))
    job = read_job(to_gcode(placed, lift, motion).encode(), "page.gcode")
    seconds = command_seconds(job.commands, job.unit, known_motion(job.speeds), (0.0, 0.0))
    expected = estimate(placed.strokes, motion, standing=seconds_around(lift)).seconds
    assert sum(seconds) == pytest.approx(expected, abs=0.01)


def test_rises_of_the_pen_take_their_time() -> None:
    """Lifts of 4.5 mm at 5000 mm/min, 4.5 mm at 500, and a dwell; without a feed, the rapid's."""
    own = PenLift(("G1 Z0.5 F5000",), ("G1 Z5 F500", "G4 P0.3"), 0.1, 0)
    assert own.delay(Motion()) == pytest.approx(4.5 * 60 / 5000 + 4.5 * 60 / 500 + 0.3 + 0.1)
    assert PenLift(("G0 Z3",), ("G0 Z0",), 0, 0).delay(Motion(rapid=600)) == pytest.approx(0.6)
    assert z_axis(5, 0, 1000).delay(Motion()) == pytest.approx(0.6)
    assert PenLift(("M280 P0 S60",), ("M280 P0 S20",)).delay(Motion()) == pytest.approx(0.4)


def test_a_machine_without_settings_has_the_usual_speed() -> None:
    assert motion_of({}) == Motion()
    motion = motion_of({110: 3000, 111: 2500, 120: 100, 121: 200})
    assert (motion.rapid, motion.acceleration) == (2500, 100)
    assert motion_of({110: 0, 120: 0}) == Motion()  # nonsense would be a division by 0


def test_the_seconds_of_pens_add_up_to_those_of_the_page() -> None:
    rng = np.random.default_rng(0)
    layers = [[rng.uniform(0, 100, (4, 2)) for _ in range(n)] for n in (3, 1, 2)]
    seconds = seconds_of_pens(layers, Motion())
    first, all_strokes = layers[0], [stroke for layer in layers for stroke in layer]
    assert seconds[0] == pytest.approx(estimate(first, Motion(), home=False).seconds)
    assert sum(seconds) == pytest.approx(estimate(all_strokes, Motion()).seconds)
    assert seconds_of_pens([first], Motion()) == [estimate(first, Motion()).seconds]
