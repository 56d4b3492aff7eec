"""`sketchvae send`, in a process of its own, over a pseudo-terminal to a simulated machine."""

import contextlib
import math
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from threading import Timer

import pytest
import serial
from click.testing import CliRunner
from gcode_samples import SERVO_BY_G1, STROKES, Point, gcode, length, strokes
from grbl_simulator import RING, Simulator

from sketchvae.cli import main
from sketchvae.machine.journal import Journal


class Run:
    """A running `sketchvae send`."""

    def __init__(self, *arguments: object, folder: Path, enter: bool = False) -> None:
        def listen() -> None:  # in the background of a shell, Ctrl-C is ignored
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "sketchvae", "send", *map(str, arguments)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=listen,
        )
        self.enter = enter

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    def press_enter(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def hang_up(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.stdin = None

    def wait_for_line(self, text: str) -> str:
        """Read lines of standard error up to the first that has a text; return that line."""
        assert self.process.stderr
        for line in self.process.stderr:
            if text in line:
                return line
        raise AssertionError(f"no line has {text!r}")

    def finish(self, fails: int = 0) -> str:
        """Wait for the end; return standard error."""
        _, message = self.process.communicate(timeout=120)
        assert self.process.returncode == fails, message
        assert "Traceback" not in message
        return message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flock.gcode"
    path.write_text(gcode())
    return path


def send(sim: Simulator, file: Path, *arguments: object, fails: int = 0) -> str:
    return Run(sim.port, file, *arguments, folder=file.parent).finish(fails)


def distance_from_ink(ink: list[tuple[float, float, float, float]], point: Point) -> float:
    """Return the distance of a point from the nearest ink, in mm."""
    least = math.inf
    for x0, y0, x1, y1 in ink:
        dx, dy = x1 - x0, y1 - y0
        along = ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy)
        along = min(max(along, 0.0), 1.0)
        least = min(least, math.dist(point, (x0 + along * dx, y0 + along * dy)))
    return least


def assert_drawn_once(
    sim: Simulator, lines: list[list[Point]] | None = None, more: float = 0.0
) -> None:
    """Assert that all strokes are on the paper, and no ink twice.

    Args:
        sim: the machine, which is waited for.
        lines: the strokes; None for `strokes()`.
        more: mm of ink that may be there in addition.
    """
    lines = strokes() if lines is None else lines
    sim.wait_until_idle()
    for line in lines:
        for a, b in pairwise(line):
            for t in (0.0, 0.5, 1.0):
                point = (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
                assert distance_from_ink(sim.ink, point) < 0.05, point
    drawn = sum(math.dist(i[:2], i[2:]) for i in sim.ink)
    assert -0.3 < drawn - length(lines) < 0.3 + more
    assert not sim.is_down
    assert sim.dropped == 0
    assert sim.written == []


def one_line(message: str) -> str:
    """Return the last line of standard error, which must be the error."""
    last = message.strip().splitlines()[-1]
    assert last.startswith("Error: "), message
    return last


# --- the whole way ------------------------------------------------------------------


BY_LINE: tuple[str, ...] = ()
BY_CHARACTER: tuple[str, ...] = ("--character-counting",)
BOTH = pytest.mark.parametrize("flow", [BY_LINE, BY_CHARACTER], ids=["line by line", "counting"])


@pytest.mark.parametrize(
    ("pen", "flow"),
    [("servo", BY_LINE), ("servo", BY_CHARACTER), ("relay", BY_CHARACTER), ("z", BY_LINE)],
)
def test_a_job_is_drawn_once_and_the_pen_is_up(
    pen: str, flow: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "flock.gcode"
    file.write_text(gcode(pen))
    with Simulator(pen=pen) as sim:
        message = send(sim, file, *flow)
        assert_drawn_once(sim)
        assert sim.resets == 0
    assert re.fullmatch(rf"{file}: 5 strokes drawn, in \d:\d\d\n", message)
    assert [p.name for p in tmp_path.iterdir()] == ["flock.gcode"]
    assert b"(" not in sim.received  # a comment may hold what is a real-time command: ? ! ~


def naive(sim: Simulator, window: int) -> None:
    """Send the job with up to `window` bytes not acknowledged; stop when no answer comes."""
    waiting: list[int] = []
    with serial.Serial(sim.port, 115200, timeout=0.5) as port:
        for line in [*gcode().splitlines(), ""]:
            while sum(waiting) + len(line) + 1 > window:
                if not port.readline():
                    return
                waiting.pop(0)
            waiting.append(len(line) + 1)
            port.write(line.encode() + b"\n")
        while waiting and port.readline():
            waiting.pop(0)


@pytest.mark.parametrize("window", [400, 10**9])
def test_the_simulator_fails_a_client_without_flow_control(window: int) -> None:
    with Simulator() as sim:
        naive(sim, window)
        assert sim.dropped > 0
        with pytest.raises(AssertionError):
            assert_drawn_once(sim)


def test_the_simulator_serves_one_that_counts_to_127() -> None:
    with Simulator() as sim:
        naive(sim, RING - 1)
        assert_drawn_once(sim)


@pytest.mark.parametrize(
    "machine",
    [
        {"boot": "late"},
        {"chatty": True},
        {"settings": {10: 0}},
        {"settings": {13: 1}},
        {"axes": 2},
        {"greeting": "\r\nPenCNC 2.0 ready\r\n"},
        {"greeting": "\r\nGrbl 3.7 [FluidNC v3.7.16 (wifi) '$' for help]\r\n", "axes": 2},
    ],
    ids=["late", "talks in between", "work positions", "inches", "two axes", "other", "FluidNC"],
)
def test_every_manner_of_machine_is_understood(machine: dict[str, object], file: Path) -> None:
    with Simulator(**machine) as sim:  # type: ignore[arg-type]
        interrupted(sim, file, signal.SIGINT, 50.0, "--counted")
        send(sim, file, "--counted", "--resume")
        assert_drawn_once(sim)


def test_standard_input_is_sent_and_the_record_is_in_this_folder(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.ink_hooks = [(60.0, lambda: run.kill())]
        run = Run(sim.port, folder=tmp_path)
        assert run.process.stdin
        run.process.stdin.write(gcode())
        run.hang_up()
        run.finish(-signal.SIGKILL)
        assert [p.name for p in tmp_path.iterdir()] == ["sketchvae.job"]
        again = Run(sim.port, "-", "--resume", folder=tmp_path)
        message = again.process.communicate(gcode(), timeout=60)[1]
        assert "standard input: 5 strokes drawn" in message
        assert_drawn_once(sim)
    assert not list(tmp_path.iterdir())


def test_draw_plot_and_send_are_a_pipe(tmp_path: Path) -> None:
    ours = f"{sys.executable} -m sketchvae"
    with Simulator(speed=1000.0) as sim:
        pipe = f"{ours} draw --seed 8 -o - | {ours} plot - --page a6 -o - | {ours} send {sim.port}"
        done = subprocess.run(pipe, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search(r"standard input: \d+ strokes drawn", done.stderr)
        assert sim.drawn > 100
        assert not sim.is_down
    assert not list(tmp_path.iterdir())


# --- faults -------------------------------------------------------------------------


def interrupted(
    sim: Simulator, file: Path, number: int, at: float, *arguments: str, slowly: bool = True
) -> str:
    """Send, and send the process a signal when `at` mm are drawn; return standard error."""
    started: list[Run] = []

    def act() -> None:
        if slowly:
            sim.speed = 1.0  # the pen is still in the same stroke when the signal is heard
        started[0].kill(number)

    sim.ink_hooks = [(at, act)]
    started.append(Run(sim.port, file, *arguments, folder=file.parent))
    message = started[0].finish(-number if number == signal.SIGKILL else 1)
    sim.speed = 50.0
    return message


@pytest.mark.parametrize(
    ("pen", "flow"), [("servo", BY_LINE), ("relay", BY_CHARACTER), ("z", BY_CHARACTER)]
)
def test_ctrl_c_lifts_the_pen_and_resume_goes_on_within_the_stroke(
    pen: str, flow: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "flock.gcode"
    file.write_text(gcode(pen))
    whole = length(strokes())
    with Simulator(pen=pen) as sim:
        message = one_line(interrupted(sim, file, signal.SIGINT, 0.5 * whole, *flow))
        assert re.search(
            r"flock.gcode, line \d+: stopped by Ctrl-C; the pen is up; 2 of 5", message
        )
        assert message.endswith("go on with --resume")
        assert not sim.is_down
        assert sim.slip == (0.0, 0.0, 0.0)  # it was held before it was reset
        assert 0.5 * whole <= sim.drawn < 0.6 * whole
        assert "goes on with stroke 3 of 5, within it" in send(sim, file, "--resume", *flow)
        assert_drawn_once(sim)
    assert [p.name for p in tmp_path.iterdir()] == ["flock.gcode"]


@pytest.mark.parametrize(
    ("share", "flow"), [(0.01, BY_CHARACTER), (0.5, BY_LINE), (0.5, BY_CHARACTER), (0.999, BY_LINE)]
)
def test_kill_9_and_resume_draw_nothing_twice(
    share: float, flow: tuple[str, ...], file: Path
) -> None:
    with Simulator() as sim:
        interrupted(sim, file, signal.SIGKILL, share * length(strokes()), *flow, slowly=False)
        send(sim, file, "--resume", *flow)
        assert_drawn_once(sim)


@pytest.mark.parametrize(
    ("at", "number", "flow"),
    [(30.0, signal.SIGINT, BY_LINE), (39.9, signal.SIGKILL, BY_CHARACTER), (50.0, 2, BY_CHARACTER)],
)
def test_a_job_that_travels_by_g1_is_resumed(
    at: float, number: int, flow: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "foreign.nc"
    file.write_text(SERVO_BY_G1)
    lines = [[(20.0, 10.0), (40.0, 10.0), (40.0, 30.0)], [(60.0, 30.0), (80.0, 30.0)]]
    with Simulator(pen="relay") as sim:
        interrupted(sim, file, number, at, *flow, slowly=number == signal.SIGINT)
        send(sim, file, "--resume", *flow)
        assert_drawn_once(sim, lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_lift_the_pen_too(number: signal.Signals, file: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests under nohup ignore it
    with Simulator() as sim:
        try:
            message = interrupted(sim, file, number, 30.0)
        finally:
            signal.signal(signal.SIGHUP, before)
        assert f"stopped by {number.name}; the pen is up" in one_line(message)
        assert not sim.is_down


def test_under_nohup_a_closed_terminal_does_not_stop_the_job(file: Path) -> None:
    with Simulator() as sim:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a child inherits that
        try:
            run = Run(sim.port, file, folder=file.parent)
        finally:
            signal.signal(signal.SIGHUP, before)
        sim.ink_hooks = [(30.0, lambda: run.kill(signal.SIGHUP))]
        run.finish()
        assert_drawn_once(sim)


def test_a_computer_that_sleeps_within_a_stroke_goes_on_as_if_nothing_had_been(file: Path) -> None:
    def sleep() -> None:
        run.kill(signal.SIGSTOP)
        Timer(1.0, run.kill, [signal.SIGCONT]).start()

    with Simulator() as sim:
        sim.ink_hooks = [(30.0, sleep)]
        run = Run(sim.port, file, folder=file.parent)
        run.finish()
        assert_drawn_once(sim)


def test_a_second_ctrl_c_does_not_keep_the_pen_down(file: Path) -> None:
    with Simulator() as sim:
        sim.ink_hooks = [(d, lambda: run.kill(signal.SIGINT)) for d in (30.0, 30.2, 30.4, 30.6)]
        sim.speed = 2.0
        run = Run(sim.port, file, folder=file.parent)
        message = one_line(run.finish(1))
        assert "the pen is up" in message
        assert not sim.is_down


@BOTH
def test_a_refused_line_is_named_and_ends_the_job_with_the_pen_up(
    flow: tuple[str, ...], file: Path
) -> None:
    lines = file.read_text().splitlines()
    bad = lines.index("(stroke 3 of 5)") + 6
    words = lines[bad].replace(" ", "")

    def refuse(_: int, text: str) -> str | None:
        if text != words or sim.resets:
            return None
        sim.speed = 5000.0  # and it goes on with what it has behind that line
        return "error:33"

    with Simulator() as sim:
        sim.hook = refuse
        message = one_line(send(sim, file, *flow, fails=1))
        assert f"flock.gcode, line {bad + 1}: the machine refused {words} (error:33, " in message
        assert "the pen is up; 2 of 5 strokes are drawn; mend that line, then go on with" in message
        assert message.endswith("--from 3 (--resume sends it again as it is)")
        again = one_line(send(sim, file, fails=1))
        assert f"the machine refused line {bad + 1} (" in again
        assert again.endswith(
            "; mend that line, then go on with --from 3 (--resume sends it again as it is)"
        )
        assert not sim.is_down
        sim.speed = 50.0
        send(sim, file, "--resume")
        # Of what was under way behind it, the machine draws a little before it is stopped.
        assert_drawn_once(sim, more=30.0 if flow else 0.0)


@BOTH
@pytest.mark.parametrize("pen", ["servo", "z"])
def test_a_line_refused_behind_a_stroke_does_not_make_it_drawn_twice(
    pen: str, flow: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "foreign.nc"
    up, down = {"servo": ("M3 S30\n", "M3 S90\n"), "z": ("G0 Z5\n", "G1 Z0 F900\n")}[pen]
    strokes_of = [f"G0 X10 Y{y}\n{down}G1 X30 Y{y} F1000\n{up}G4 P0.1\n" for y in (10, 20)]
    file.write_text(f"G21\nG90\n{up}{strokes_of[0]}M8\n{strokes_of[1]}")
    with Simulator(pen=pen, speed=20.0) as sim:
        sim.hook = lambda _, text: "error:20" if text == "M8" else None
        message = one_line(send(sim, file, *flow, fails=1))
        assert "the machine refused M8 (error:20, " in message
        assert "; the pen is up; 1 of 2 strokes are drawn; mend that line, then go on" in message
        assert "--from 2 (" in message
        file.write_text(file.read_text().replace("M8\n", "\n"))
        for resume in ([], ["--resume"]):  # the first stroke is on the paper already
            message = one_line(send(sim, file, *flow, *resume, fails=1))
            assert "was changed since the machine refused line 9 of it, with 1 of 2 st" in message
            assert "; go on with --from 2, or begin anew with --from 1" in message
        send(sim, file, "--from", "2", *flow)
        # Counting characters, the machine has lines behind the refused one, and draws some of them.
        more = 20.0 if flow else 0.0
        assert_drawn_once(sim, [[(10.0, y), (30.0, y)] for y in (10.0, 20.0)], more)


def test_a_line_refused_behind_the_last_stroke_leaves_nothing_to_draw(file: Path) -> None:
    with Simulator() as sim:
        sim.hook = lambda _, text: "error:20" if text == "G0X0Y0" else None
        message = one_line(send(sim, file, fails=1))
        assert "5 of 5 strokes are drawn; mend that line, then nothing is left to draw" in message
        assert_drawn_once(sim)


@pytest.mark.parametrize("pen", ["servo", "z"])
def test_after_a_limit_switch_the_pen_is_up_and_the_place_must_be_found_again(
    pen: str, tmp_path: Path
) -> None:
    file = tmp_path / "flock.gcode"
    file.write_text(gcode(pen))
    with Simulator(pen=pen) as sim:
        sim.hook = lambda k, _: "ALARM:1" if k == 70 else None
        message = one_line(send(sim, file, fails=1))
        assert "stopped with ALARM:1 (a limit switch was hit); the pen is up; " in message
        done = int(re.findall(r"(\d) of 5 strokes are drawn", message)[0])
        assert message.endswith(
            f"home it or bring the pen to the origin, then go on with --from {done + 1}"
        )
        assert not sim.is_down
        assert sim.state == "Idle"
        refused = one_line(send(sim, file, "--resume", fails=1))
        assert f"lost its place after stroke {done}" in refused
        send(sim, file, "--from", done + 1)
        sim.wait_until_idle()
        assert not sim.is_down


@BOTH
def test_a_move_beyond_the_travel_keeps_the_place_and_the_origin(
    flow: tuple[str, ...], file: Path
) -> None:
    with Simulator() as sim:
        with serial.Serial(sim.port, 115200, timeout=5) as port:
            port.write(b"G92 X0 Y0\n")
            assert port.readline() == b"ok\r\n"
            sim.shift = (0.0, 0.0, 1.0)
        sim.hook = lambda k, _: "ALARM:2" if k == 70 else None
        message = one_line(send(sim, file, *flow, fails=1))
        assert "stopped with ALARM:2 (the move would leave its travel); the pen is up" in message
        assert re.search(
            r"; move the origin or choose a smaller page, then go on with --from \d$", message
        )
        assert not sim.is_down
        assert sim.shift == pytest.approx((0.0, 0.0, 1.0), abs=0.01)
        sim.hook = lambda _, __: None
        send(sim, file, "--resume")
        assert_drawn_once(sim, more=3.0)  # the simulator stops where it is, not held before


@BOTH
def test_a_lost_port_is_one_line_and_resume_finds_the_machine_at_another(
    flow: tuple[str, ...], file: Path
) -> None:
    with Simulator() as sim:
        sim.ink_hooks = [(100.0, sim.unplug)]
        message = one_line(send(sim, file, *flow, fails=1))
        assert re.search(r"line \d+: the port /dev/pts/\d+ is gone; the pen may be down", message)
        assert message.endswith("strokes are drawn; go on with --resume")
        sim.plug_in()
        send(sim, file, "--resume", *flow)
        assert_drawn_once(sim)


def test_a_lost_acknowledgement_is_noticed_and_the_pen_lifted(file: Path) -> None:
    with Simulator() as sim:
        sim.hook = lambda k, _: "" if k == 60 else None
        message = one_line(send(sim, file, "--timeout", "0.5", fails=1))
        assert re.search(
            r"line \d+: the machine did not acknowledge G1\S+, idle, within 0.5 s", message
        )
        assert "the pen is up" in message
        assert not sim.is_down
        send(sim, file, "--resume")
        assert_drawn_once(sim)


def test_silence_in_a_long_move_is_not_death(tmp_path: Path) -> None:
    file = tmp_path / "long.gcode"
    line = [[(0.0, 0.0), (280.0, 0.0)], [(0.0, 5.0), (5.0, 5.0)]]
    file.write_text(gcode(lines=line))
    with Simulator(speed=4.0) as sim:  # the first stroke takes 1.4 s
        send(sim, file, "--timeout", "0.5")
        assert_drawn_once(sim, line)


def test_a_machine_that_dies_is_noticed(file: Path) -> None:
    def die() -> None:
        sim.boot = "dead"

    with Simulator() as sim:
        sim.ink_hooks = [(50.0, die)]
        message = one_line(send(sim, file, "--timeout", "0.5", fails=1))
        assert re.search(
            r"line \d+: the machine did not say anything within 0.5 s; the pen", message
        )
        assert "the pen could not be lifted" in message
        assert "--from" in message


def test_a_machine_that_was_switched_off_is_not_trusted(file: Path) -> None:
    with Simulator() as sim:
        interrupted(sim, file, signal.SIGKILL, 50.0)
        sim.wait_until_idle()
        sim.switch_off_and_on()
        message = one_line(send(sim, file, "--resume", fails=1))
        assert "the machine is at 200.00, 150.00, not where the job left it" in message
        assert message.endswith("go on with --from 2")
        assert not sim.planner


def test_an_origin_set_with_g92_outlives_ctrl_c(tmp_path: Path) -> None:
    file = tmp_path / "flock.gcode"
    file.write_text(gcode("z"))
    moved = [[(x + 20, y + 10) for x, y in line] for line in strokes()]
    with Simulator(pen="z") as sim:
        with serial.Serial(sim.port, 115200, timeout=5) as port:
            for text in ("G21G90", "G0 X20 Y10", "G92 X0 Y0"):
                port.write(text.encode() + b"\n")
                assert port.readline() == b"ok\r\n"
        interrupted(sim, file, signal.SIGINT, 70.0)
        assert sim.shift == pytest.approx((20.0, 10.0, 0.0), abs=0.02)
        send(sim, file, "--resume")
        assert_drawn_once(sim, moved)


def test_an_unexpected_error_lifts_the_pen_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Journal, line: int) -> None:
        if line == 40:  # in the middle of a stroke
            assert sim.is_down
            raise RuntimeError("a bug")

    monkeypatch.setattr(Journal, "log_sent", fail)
    with Simulator() as sim:
        with pytest.raises(RuntimeError, match="a bug"):
            CliRunner().invoke(main, ["send", sim.port, str(file)], catch_exceptions=False)
        assert 0 < sim.drawn < length(strokes())
        assert not sim.is_down


def test_half_a_line_that_a_killed_sender_left_is_not_carried_out(file: Path) -> None:
    with Simulator() as sim:
        with serial.Serial(sim.port, 115200) as port:
            port.write(b"M3S9")  # of M3S90: the pen would come down
        send(sim, file)
        assert_drawn_once(sim)
        assert sim.taken[0] == "M3S9$"


def test_a_stop_may_be_stopped_and_resumed_again_and_again(file: Path) -> None:
    with Simulator() as sim:
        for at, number in ((20.0, signal.SIGINT), (32.0, signal.SIGKILL), (75.0, signal.SIGINT)):
            resume = ["--resume"] if sim.drawn else []
            interrupted(sim, file, number, at, *resume)
            sim.wait_until_idle()
        send(sim, file, "--resume")
        assert_drawn_once(sim)


# --- people -------------------------------------------------------------------------


def test_enter_pauses_behind_the_stroke_with_the_pen_up_and_goes_on(file: Path) -> None:
    with Simulator() as sim:
        sim.ink_hooks = [(50.0, lambda: run.press_enter())]
        run = Run(sim.port, file, folder=file.parent)
        message = run.wait_for_line("paused after stroke")
        done = int(message.split()[3])
        sim.wait_until_idle()
        assert not sim.is_down
        assert sim.drawn == pytest.approx(length(strokes()[:done]), abs=0.1)
        assert done < STROKES
        run.press_enter()
        run.finish()
        assert_drawn_once(sim)


def test_a_keyboard_that_is_closed_in_a_pause_does_not_stop_the_job_for_ever(file: Path) -> None:
    with Simulator() as sim:
        run = Run(sim.port, file, folder=file.parent)
        run.press_enter()
        run.hang_up()
        assert "paused after stroke 1" in run.finish()
        assert_drawn_once(sim)


def test_a_change_of_pens_waits_for_enter(tmp_path: Path) -> None:
    file = tmp_path / "flock.gcode"
    file.write_text(gcode(change=4))
    with Simulator() as sim:
        run = Run(sim.port, file, folder=tmp_path)
        run.wait_for_line("put in pen 1: black, then press Enter")
        assert sim.drawn == 0
        run.press_enter()
        run.wait_for_line("put in pen 2: red?, then press Enter")
        assert sim.drawn == pytest.approx(length(strokes()[:3]), abs=0.1)
        assert not sim.is_down
        run.kill(signal.SIGINT)
        assert "3 of 5 strokes are drawn" in one_line(run.finish(1))
        again = Run(sim.port, file, "--resume", folder=tmp_path)
        again.wait_for_line("goes on with stroke 4 of 5, pen 2: red?")
        again.wait_for_line("put in pen 2: red?, then press Enter")
        again.press_enter()
        again.finish()
        assert_drawn_once(sim)


def test_progress_and_the_time_left_stand_in_the_terminal(file: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    with Simulator(speed=8.0) as sim:
        process = subprocess.Popen(
            [sys.executable, "-m", "sketchvae", "send", sim.port, str(file)],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so when the other side is closed
            while content := os.read(leader, 65536):
                shown += content
        os.close(leader)
        assert process.wait(60) == 0
    figures = re.findall(r"(\d) strokes drawn, (\d+) %, \d:\d\d left", shown.decode())
    assert len(figures) >= 2
    shares = [int(share) for _, share in figures]
    assert shares == sorted(shares)
    assert "5 strokes drawn, in 0:0" in shown.decode()


# --- before anything moves ----------------------------------------------------------


def test_check_lets_the_machine_read_without_moving(file: Path) -> None:
    with Simulator() as sim:
        message = send(sim, file, "--check")
        assert "5 strokes, every line accepted; nothing was drawn" in message
        assert sim.ink == []
        assert sim.position == (0.0, 0.0, 0.0)
        assert sim.state == "Idle"
        sim.hook = lambda _, text: "error:20" if text.startswith("G1") else None
        message = one_line(send(sim, file, "--check", "--counted", fails=1))
        assert "flock.gcode, line 12: the machine refused G1X" in message
        assert message.endswith("nothing was drawn")
        assert sim.state == "Idle"
    assert [p.name for p in file.parent.iterdir()] == ["flock.gcode"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({32: 1}, "must not be sent in laser mode ($32=1)"),
        ({30: 50}, "must get at most S50, the machine's greatest ($30), gets S30 and S90; "),
        ({30: 80}, "must get at most S80"),
        ({30: 100_000}, "are one (S30 and S90 with $30=100000), so the pen would not move"),
        ({30: 1000, 31: 500}, "are one (S30 and S90 with $30=1000)"),
    ],
)
def test_a_pen_that_would_not_move_is_refused(
    settings: dict[int, float], message: str, file: Path
) -> None:
    with Simulator(settings=settings) as sim:
        assert message in one_line(send(sim, file, fails=1))
        assert sim.taken == sim.written == []


@pytest.mark.parametrize(
    ("pen", "settings", "warning"),
    [
        ("servo", {30: 10_000}, "S30 and S90 are nearly one pulse with $30=10000"),
        ("servo", {30: 255}, ""),
        ("z", {30: 50, 32: 1}, ""),
        ("relay", {30: 50}, ""),
    ],
)
def test_pulses_that_nearly_touch_are_warned_of(
    pen: str, settings: dict[int, float], warning: str, tmp_path: Path
) -> None:
    file = tmp_path / "flock.gcode"
    file.write_text(gcode(pen))
    with Simulator(pen=pen, settings=settings) as sim:
        message = send(sim, file, "--check")
        assert ("warning" in message) is bool(warning)
        assert warning in message
        assert sim.written == []


@pytest.mark.parametrize(("number", "axis"), [(130, "X"), (131, "Y")])
def test_a_job_larger_than_the_machine_is_refused(number: int, axis: str, file: Path) -> None:
    with Simulator(settings={number: 40}) as sim:
        message = one_line(send(sim, file, fails=1))
        assert f"must fit the machine's 40 mm in {axis} (${number}), needs " in message
        assert sim.taken == []


def test_a_locked_machine_is_unlocked_only_when_asked(file: Path) -> None:
    with Simulator(boot="locked", settings={22: 1}) as sim:
        message = one_line(send(sim, file, fails=1))
        assert "must be idle, is Alarm; home it with --home, or unlock it with --unlock" in message
        assert sim.taken == []
        send(sim, file, "--unlock")
        assert_drawn_once(sim)
    with Simulator(boot="locked", settings={22: 1}) as sim:
        send(sim, file, "--home")
        assert_drawn_once(sim)


def test_a_machine_that_an_alarm_has_blocked_is_woken(file: Path) -> None:
    with Simulator() as sim:
        sim.hook = lambda k, _: "ALARM:1" if k == 1 else None
        with serial.Serial(sim.port, 115200, timeout=5) as port:
            port.write(b"G0X1\n")
            assert port.readline() == b"ALARM:1\r\n"
        message = one_line(send(sim, file, "--timeout", "2", fails=1))
        assert "must be idle, is Alarm; home it with --home, or unlock it with --unlock" in message
        send(sim, file, "--unlock")
        assert_drawn_once(sim)


def test_a_silent_port_is_one_line(file: Path) -> None:
    with Simulator(boot="dead") as sim:
        message = one_line(send(sim, file, "--timeout", "0.6", fails=1))
        assert "does not answer as GRBL 1.1 would within 0.6 s" in message


def test_a_machine_with_another_greeting_reads_a_job_without_moving(file: Path) -> None:
    with Simulator(greeting="\r\nPenCNC 2.0 ready\r\n") as sim:
        assert "every line accepted" in send(sim, file, "--check")
        assert sim.state == "Idle"
        sim.hook = lambda _, text: "error:20" if text.startswith("G1") else None
        message = one_line(send(sim, file, "--check", fails=1))
        assert "line 12: the machine (PenCNC 2.0 ready) refused G1X" in message
        sim.taken.clear()
        sim.hook = lambda k, _: "ALARM:1" if k == 70 else None
        message = one_line(send(sim, file, fails=1))
        assert ": the machine (PenCNC 2.0 ready) stopped with ALARM:1" in message
        assert "; the pen is up; " in message


@contextlib.contextmanager
def firmware(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """Give a port behind which a firmware answers what it reads, a piece at a time."""
    import pty
    import select
    import threading
    import tty

    leader, follower = pty.openpty()
    tty.setraw(follower)
    closed = threading.Event()

    def run() -> None:
        while not closed.is_set():
            if select.select([leader], [], [], 0.02)[0]:
                os.write(leader, answer(os.read(leader, 4096)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield os.ttyname(follower)
    finally:
        closed.set()
        thread.join(10)
        os.close(leader)
        os.close(follower)


def by_line(text: bytes) -> Callable[[bytes], bytes]:
    """Answer each end of a line, as firmware without real-time commands does."""
    return lambda content: text * content.count(b"\n")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            lambda content: (
                b"<Idle,MPos:0.000,0.000,0.000,WPos:0.000,0.000,0.000>\r\n" * content.count(b"?")
            ),
            "must run GRBL 1.1, runs GRBL 0.9 (<Idle,MPos:0.000,0.000,0.000,W); flash a newer",
        ),
        (
            lambda content: b"Grbl 0.9j ['$' for help]\r\n" * content.count(b"\x18"),
            "must run GRBL 1.1, runs Grbl 0.9j; flash a newer",
        ),
        (
            by_line(b'echo:Unknown command: "???"\nok\n'),
            "says 'echo:Unknown command: \"???\"'; it is Marlin, which needs another sender",
        ),
        (
            by_line(b"!8 Err: Unknown command '??:3F3F'\r\n"),
            "it is the board of an AxiDraw: type sketchvae send axidraw page.svg",
        ),
        (by_line(b"hello\r\n"), "says 'hello'; it must run GRBL 1.1"),
        (lambda _: b"", "within 1 s; is it switched on, and is this its port?"),
    ],
    ids=["GRBL 0.9", "its greeting", "Marlin", "EBB", "other", "silent"],
)
def test_another_firmware_is_named(
    answer: Callable[[bytes], bytes], message: str, file: Path
) -> None:
    with firmware(answer) as port:
        error = one_line(Run(port, file, "--timeout", "1", folder=file.parent).finish(1))
        assert error.startswith(f"Error: {port}: the machine")
        assert message in error


def test_a_port_that_is_missing_or_busy_is_one_line(file: Path) -> None:
    message = one_line(Run("/dev/ttyNONE", file, folder=file.parent).finish(1))
    assert message.startswith("Error: /dev/ttyNONE: is no serial port of this computer; it has ")
    message = one_line(Run("socket://127.0.0.1:9", file, folder=file.parent).finish(1))
    assert "cannot be reached (" in message
    with Simulator() as sim:
        with serial.Serial(sim.port, exclusive=True):
            message = one_line(send(sim, file, fails=1))
        assert f"{sim.port}: is in use by another program; close that first" in message
        assert sim.received == b""


def test_the_line_that_resets_an_uno_stays_as_it_is_when_the_port_is_closed(file: Path) -> None:
    with Simulator() as sim:
        mode = termios.tcgetattr(sim.slave)
        mode[2] |= termios.HUPCL
        termios.tcsetattr(sim.slave, termios.TCSANOW, mode)
        send(sim, file, "--check")
        assert not termios.tcgetattr(sim.slave)[2] & termios.HUPCL


def test_a_record_is_not_drawn_over_unasked(file: Path) -> None:
    with Simulator() as sim:
        interrupted(sim, file, signal.SIGINT, 50.0)
        taken = len(sim.taken)
        message = one_line(send(sim, file, fails=1))
        assert "1 of 5 strokes are drawn" in message or "0 of 5 strokes are drawn" in message
        assert "go on with --resume, or begin anew with --from 1" in message
        assert len(sim.taken) == taken
        sim.ink.clear()
        send(sim, file, "--from", "1")
        assert_drawn_once(sim)


def test_from_draws_the_rest_alone(file: Path) -> None:
    with Simulator() as sim:
        assert "flock.gcode: 2 strokes drawn" in send(sim, file, "--from", "4")
        assert_drawn_once(sim, strokes()[3:])


def test_a_machine_in_the_network_is_spoken_to(file: Path) -> None:
    import select
    import socket
    import threading

    def bridge() -> None:
        connection, _ = server.accept()
        with connection, serial.Serial(sim.port, 115200, timeout=0) as port:
            while True:
                ready = select.select([connection, port.fileno()], [], [])[0]
                if port.fileno() in ready:
                    connection.sendall(port.read(4096))
                if connection in ready:
                    content = connection.recv(4096)
                    if not content:
                        return
                    port.write(content)

    with Simulator() as sim, socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=bridge)
        thread.start()
        address = f"socket://127.0.0.1:{server.getsockname()[1]}"
        Run(address, file, "--counted", folder=file.parent).finish()
        thread.join(30)
        assert_drawn_once(sim)
