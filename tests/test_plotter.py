"""A job in the background, over a pseudo-terminal to a simulated machine."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gcode_samples import STROKES, gcode, length, strokes
from grbl_simulator import Simulator
from helpers import refusal
from test_send import assert_drawn_once

from sketchvae.errors import ConflictError
from sketchvae.machine.job import ink_lengths
from sketchvae.machine.parser import read_job
from sketchvae.machine.plotter import Plotter

NUMBERS = [1, 1, 2, 2, 3]  # of the drawing of each stroke


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def plotter(sim: Simulator, tmp_path: Path) -> Iterator[Plotter]:
    plotter = Plotter(sim.port, "desk", tmp_path / "plots")
    yield plotter
    plotter.close()


def wait_for(plotter: Plotter, *states: str) -> dict[str, Any]:
    """Wait for one of these states, and return it."""
    end = time.monotonic() + 60
    while plotter.state["state"] not in states:
        assert time.monotonic() < end, plotter.state
        time.sleep(0.005)
    return dict(plotter.state)


def when_drawn(sim: Simulator, mm: float, act: Callable[[], object], speed: float = 2.0) -> None:
    """Do something when so much ink is drawn, at a speed that leaves time for it."""

    def slowly() -> None:
        sim.speed = speed
        act()
        sim.speed = 50.0

    sim.ink_hooks = [(mm, slowly)]


def test_a_job_is_drawn_once_and_leaves_no_file(
    sim: Simulator, plotter: Plotter, tmp_path: Path
) -> None:
    assert plotter.state["state"] == "none"
    plotter.start(gcode(), {"numbers": NUMBERS, "more": 1})
    assert plotter.about["more"] == 1
    state = wait_for(plotter, "done", "failed")
    assert_drawn_once(sim)
    assert state["state"] == "done"
    assert state["ink_mm"] == state["of_mm"] == round(length(strokes()), 1)
    assert (state["stroke"], state["drawing"], state["of"]) == (STROKES, 3, 3)
    assert list((tmp_path / "plots").iterdir()) == []


def test_ink_is_the_length_of_each_stroke() -> None:
    found = ink_lengths(read_job(gcode().encode(), "x"))
    assert found == pytest.approx([length([stroke]) for stroke in strokes()], abs=1e-3)


def test_a_pause_lifts_the_pen_behind_the_present_stroke_and_a_second_job_is_refused(
    sim: Simulator, plotter: Plotter
) -> None:
    when_drawn(sim, length(strokes()[:1]) / 2, plotter.pause)
    plotter.start(gcode(), {"numbers": NUMBERS})
    state = wait_for(plotter, "paused", "done")
    sim.wait_until_idle()
    assert state["message"] == "paused after stroke 1 of 5, the pen is up"
    assert sim.drawn == pytest.approx(length(strokes()[:1]), abs=0.1)
    assert not sim.is_down
    with pytest.raises(ConflictError, match="a plot is running"):
        plotter.start(gcode(), {})
    plotter.resume()
    assert wait_for(plotter, "done", "failed")["state"] == "done"
    assert_drawn_once(sim)


def test_it_pauses_behind_each_drawing(sim: Simulator, plotter: Plotter) -> None:
    plotter.start(gcode(), {"numbers": NUMBERS}, "drawing")
    strokes_at_pauses = []
    while wait_for(plotter, "paused", "done", "failed")["state"] == "paused":
        strokes_at_pauses.append(plotter.state["stroke"])
        plotter.resume()
        wait_for(plotter, "streaming", "done", "failed")
    assert strokes_at_pauses == [2, 4]
    assert_drawn_once(sim)


def test_it_pauses_every_so_many_minutes(sim: Simulator, plotter: Plotter) -> None:
    plotter.start(gcode(), {}, 1e-6)
    pauses = 0
    while wait_for(plotter, "paused", "done", "failed")["state"] == "paused":
        pauses += 1
        plotter.resume()
        wait_for(plotter, "streaming", "done", "failed")
    assert pauses == STROKES - 1
    assert_drawn_once(sim)


def test_it_waits_for_a_change_of_pens_alone(sim: Simulator, plotter: Plotter) -> None:
    plotter.start(gcode(change=3), {"numbers": NUMBERS}, "drawing")
    assert wait_for(plotter, "paused", "failed")["message"] == "put in pen 1: black"
    plotter.resume()
    wait_for(plotter, "streaming")
    assert wait_for(plotter, "paused", "failed")["message"] == "put in pen 2: red?"
    assert plotter.state["stroke"] == 2
    plotter.resume()
    wait_for(plotter, "streaming")
    assert wait_for(plotter, "paused", "failed")["stroke"] == 4
    plotter.resume()
    wait_for(plotter, "done")
    assert_drawn_once(sim)


def test_it_stops_with_the_pen_up_and_goes_on_where_it_stopped(
    sim: Simulator, plotter: Plotter
) -> None:
    when_drawn(sim, length(strokes()[:2]) + 10, plotter.stop)
    plotter.start(gcode(), {"numbers": NUMBERS})
    state = wait_for(plotter, "stopped", "done", "failed")
    assert state["state"] == "stopped"
    assert state["message"].endswith("the pen is up; 2 of 5 strokes are drawn")
    assert not sim.is_down
    plotter.resume()
    assert wait_for(plotter, "done", "failed")["state"] == "done"
    assert_drawn_once(sim)


def test_an_unfinished_job_is_found_again_and_resumed(
    sim: Simulator, plotter: Plotter, tmp_path: Path
) -> None:
    when_drawn(sim, length(strokes()[:3]) + 10, plotter.stop)
    plotter.start(gcode(), {"numbers": NUMBERS, "svg": "<svg/>"})
    wait_for(plotter, "stopped", "done")
    again = Plotter(sim.port, "desk", tmp_path / "plots")
    assert again.state["state"] == "stopped"
    assert (again.state["stroke"], again.state["drawing"]) == (3, 2)
    assert again.about["svg"] == "<svg/>"
    again.resume()
    assert wait_for(again, "done", "failed")["state"] == "done"
    assert_drawn_once(sim)


def test_a_machine_that_vanishes_is_named_without_its_port_and_comes_back(
    sim: Simulator, plotter: Plotter
) -> None:
    when_drawn(sim, length(strokes()[:1]) + 10, sim.unplug)
    plotter.start(gcode(), {"numbers": NUMBERS})
    state = wait_for(plotter, "failed", "done")
    assert "the port desk is gone; the pen may be down: lift it by hand" in state["message"]
    assert sim.port not in state["message"]
    assert "--" not in state["message"]
    sim.wait_until_idle()
    plotter.port = sim.plug_in()
    plotter.resume()
    assert wait_for(plotter, "done", "failed")["state"] == "done"
    assert_drawn_once(sim)


def test_after_a_lost_place_it_goes_on_from_the_origin(sim: Simulator, plotter: Plotter) -> None:
    when_drawn(sim, length(strokes()[:2]) + 10, plotter.stop)
    plotter.start(gcode(), {"numbers": NUMBERS})
    wait_for(plotter, "stopped", "done")
    sim.wait_until_idle()
    there = sim.position
    sim.switch_off_and_on()
    plotter.resume()
    state = wait_for(plotter, "failed", "done")
    assert state["message"].endswith("bring the pen to the origin, then go on")
    sim.position, sim.slip = sim.origin, (0.0, 0.0, 0.0)  # by hand
    assert there != sim.position
    drawn = sim.drawn
    when_drawn(sim, drawn + length(strokes()[2:3]) + 10, plotter.stop)
    plotter.resume()
    assert wait_for(plotter, "stopped", "done", "failed")["state"] == "stopped"
    plotter.resume()  # where it stopped, not where it began after the loss
    assert wait_for(plotter, "done", "failed")["state"] == "done"
    sim.wait_until_idle()
    assert sim.drawn - drawn == pytest.approx(length(strokes()[2:]), abs=0.3)


@pytest.mark.parametrize("act", ["pause", "resume", "stop"])
def test_without_a_job_nothing_can_be_asked(plotter: Plotter, act: str) -> None:
    with pytest.raises(ConflictError):
        getattr(plotter, act)()


def test_a_job_that_could_not_begin_is_begun_by_going_on_or_forgotten(
    sim: Simulator, tmp_path: Path
) -> None:
    plotter = Plotter("/dev/nothing", "desk", tmp_path / "plots")
    plotter.start(gcode(), {"numbers": NUMBERS})
    assert "desk: is no serial port" in wait_for(plotter, "failed")["message"]
    plotter.start(gcode(), {"numbers": NUMBERS})
    wait_for(plotter, "failed")
    assert len(list((tmp_path / "plots").glob("*.gcode"))) == 1
    plotter.port = sim.port
    plotter.resume()
    assert wait_for(plotter, "done", "failed")["state"] == "done"
    assert_drawn_once(sim)
    assert list((tmp_path / "plots").iterdir()) == []


def test_what_is_no_job_is_refused_and_no_file_is_left(plotter: Plotter, tmp_path: Path) -> None:
    assert "must be G-code" in refusal(lambda: plotter.start("<svg/>", {}))
    assert "own order" in refusal(lambda: plotter.start(gcode(), {}, "drawing"))
    assert plotter.state["state"] == "none"
    assert list((tmp_path / "plots").glob("*")) == []
