"""Jobs: how a file is read, which files are refused, and where a job goes on."""

import hashlib
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from gcode_samples import PENS, SERVO_BY_G1, gcode, length, strokes
from helpers import refusal, sketchvae
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sketchvae.errors import ConflictError, SketchvaeError
from sketchvae.machine.comments import (
    END,
    EndMark,
    Mark,
    PenMark,
    PenUpMark,
    StrokeMark,
    parse_comment,
    pen_comment,
    pen_up_comment,
    stroke_comment,
)
from sketchvae.machine.fit import check_machine
from sketchvae.machine.job import Command, Job, sync_marks
from sketchvae.machine.journal import Journal
from sketchvae.machine.parser import read_job
from sketchvae.machine.recovery import find_resume_point
from sketchvae.machine.resume import ResumePoint, remaining_commands
from sketchvae.machine.words import MAX_LINE

Point = tuple[float, float]


def job(text: str, pen_up: str | None = None) -> Job:
    return read_job(text.encode(), "flock.gcode", pen_up)


def last_line(*arguments: object, fails: int = 1) -> str:
    """Run a command in this process; return the last line of what it printed."""
    return sketchvae(*map(str, arguments), fails=fails).strip().splitlines()[-1]


# --- reading ------------------------------------------------------------------------


@pytest.mark.parametrize("pen", PENS)
def test_strokes_are_read_from_the_comments(pen: str) -> None:
    read = job(gcode(pen))
    assert len(read.strokes) == 5
    assert read.pen_up.lines == tuple(text.replace(" ", "") for text in PENS[pen][0])
    for k, line in enumerate(strokes(), 1):
        inks = [c.points[-1] for c in read.commands if c.stroke == k and c.is_cut]
        assert inks == [pytest.approx(p, abs=0.001) for p in line[1:]]
    assert read.pen_up.is_spindle is (pen != "z")


FOREIGN = """; made elsewhere
%
G21 G90
G0 Z5
G0 X10 Y10
G1 Z-1 F300
G1 X20 F1200
X20 Y20
G0 Z5
G0 Y30
G1 Z-1 F300
G1 X10 Y30 F900
G2 X10 Y40 I0 J5
G0 Z5
G0 X0 Y0
M2
"""


def test_strokes_of_other_files_are_counted_by_travel() -> None:
    read = job(FOREIGN)
    assert len(read.strokes) == 2
    assert read.pen_up.lines == ("G0Z5",)
    first = next(c for c in read.commands if c.stroke == 2)
    assert first.text == "G0Y30X20.0000"  # complete, so that it may come after any other stroke
    (turn,) = [c for c in read.commands if c.text == "G1X20Y20"]  # its G is in the line before
    assert turn.feed == 1200
    x0, y0, x1, y1 = read.extent
    assert (x0, y0, x1, y1) == pytest.approx((0, 0, 20, 40), abs=0.01)
    arc = next(c for c in read.commands if c.text.startswith("G2X"))
    assert min(x for x, _ in arc.points) == pytest.approx(5, abs=0.01)  # clockwise: on the left


BY_G1 = {
    "on and off": SERVO_BY_G1,
    "two pulses": SERVO_BY_G1.replace("M05 S0", "M3 S50").replace("M03 S255", "M3 S30"),
    "pulses alone": "M3\n" + SERVO_BY_G1.replace("M05 S0", "S50").replace("M03 S255", "S30"),
    "z": SERVO_BY_G1.replace("M05 S0", "G1 Z5 F900").replace("M03 S255", "G1 Z0 F900"),
    "z down": SERVO_BY_G1.replace("M05 S0", "G1 Z0.5 F900").replace("M03 S255", "G1 Z5 F900"),
    "g0 home": SERVO_BY_G1.replace("G1 X0 Y0", "G0 X0 Y0"),
    "g0 first": "G0 X0 Y0\n" + SERVO_BY_G1,
    "no lift before": SERVO_BY_G1.partition("\n")[2].replace("M05 S0", "M5"),
    "motors off": SERVO_BY_G1 + "M18\n",
}


@pytest.mark.parametrize("name", BY_G1)
def test_a_move_with_the_pen_up_is_travel_even_by_g1(name: str) -> None:
    read = job(BY_G1[name])
    assert [len([c for c in stroke.cuts if c.is_cut]) for stroke in read.strokes] == [2, 1]
    assert total(ink(read.commands, (0.0, 0.0))) == pytest.approx(60)
    assert all(
        c.points or not c.text.startswith("G1") or c.rise or "Z" in c.text for c in read.commands
    )
    second = read.strokes[1].commands
    assert next(c for c in second if c.points).points == ((60.0, 30.0),)
    assert not second[-1].is_cut


@pytest.mark.parametrize(
    "content",
    [
        FOREIGN.replace("; made", "; für (Käse").encode("cp1252"),
        FOREIGN.replace("; made elsewhere", "(\x85 \u2028 für)").encode("utf-8-sig"),
        FOREIGN.replace("; made elsewhere", "(羊 \u2028)").encode("utf-16"),
        FOREIGN.replace("; made elsewhere", "(a \x85\x0c (羊) b)").encode("shift_jis", "replace"),
        FOREIGN.replace("\n", "\r\n").encode() + b"\x1a",
        FOREIGN.replace("%", "%\nO1000 (sheep)").encode(),
        FOREIGN.replace("%", ":1000").encode(),
    ],
)
def test_comments_of_any_encoding_and_the_number_of_a_program_are_cut(content: bytes) -> None:
    read = read_job(content, "flock.gcode")
    assert [c.text for c in read.commands] == [c.text for c in job(FOREIGN).commands]


def test_inches_are_measured_in_mm() -> None:
    text = FOREIGN.replace("G21", "G20").replace("G2 X10 Y40 I0 J5\n", "")
    assert job(text).extent == pytest.approx((0, 0, 508, 762))
    assert job(text).unit == "G20"


def test_how_the_pen_is_lifted_is_read_or_must_be_said() -> None:
    servo = "G21\nM3 S30\nG0 X1 Y1\nM3 S90\nG1 X5 F900\nM3 S30\nG0 X9\nM3 S90\nG1 X1\nM3 S30\n"
    assert job(servo).pen_up.lines == job(servo + "M5\n").pen_up.lines == ("M3S30",)
    assert job(servo.replace("M3 S30\n", "S30\n")).pen_up.lines == ("M3S30",)
    silent = "G21\nG0 X1 Y1\nG1 X5 F900\n"
    with pytest.raises(SketchvaeError, match="does not say how the pen is lifted; say it, --pen"):
        job(silent)
    with pytest.raises(SketchvaeError, match=r"line 3: the pen must be up \(M5\) after stroke 1"):
        job(silent, "M5")
    assert job(silent + "M5\n", "m5 | g4 p0.2").pen_up.lines == ("M5", "G4P0.2")


def test_a_stroke_has_four_parts() -> None:
    second = job(gcode("z", change=2)).strokes[1]
    assert second.pen == "2: red?"
    assert second.travel[0].text == "M0"
    assert second.travel[-1].points[0] == pytest.approx(strokes()[1][0], abs=0.001)
    assert [c.text for c in second.pen_down] == ["G1Z0F600"]
    assert len(second.cuts) == len(strokes()[1]) - 1
    assert all(c.is_cut for c in second.cuts)
    assert [c.text for c in second.pen_up] == ["G0Z5"]


def test_a_stroke_behind_a_pause_states_both_axes() -> None:
    text = "G21\nM5\nG0 X1 Y2\nM3\nG1 X5 F900\nM5\nM0\nG0 X9\nM3\nG1 X8\nM5\n"
    assert [c.text for c in job(text).strokes[1].commands][:2] == ["M0", "G0X9Y2.0000"]


def test_an_end_without_marked_strokes_is_a_comment() -> None:
    assert job(FOREIGN.replace("G0 Y30", "(end)\nG0 Y30")).commands[-1].stroke == 3


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.text(max_size=100),
    st.lists(st.sampled_from(["M3 S60", "G4 P0.2", "M5"]), min_size=1, max_size=3),
)
def test_comments_that_are_written_are_read(number: int, colour: str, lines: list[str]) -> None:
    def read(text: str) -> Mark | None:
        assert text.isascii()
        assert (text[0], text[-1]) == ("(", ")")
        assert not set("()!?~") & set(text[1:-1])
        return parse_comment(text[1:-1])

    assert read(stroke_comment(number, 40)) == StrokeMark(number, 40)
    pen = read(pen_comment(number, colour))
    assert isinstance(pen, PenMark)
    assert pen.pen.startswith(f"{number}:")
    assert len(pen_comment(number, colour)) <= MAX_LINE
    assert read(pen_up_comment(lines)) == PenUpMark(tuple(lines))
    assert read(END) == EndMark()


def cut(lines: int) -> str:
    return "\n".join(gcode().splitlines()[:lines]) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "flock.gcode: must hold strokes, got none"),
        ("G21\nM5\n", "must hold strokes, got none"),
        ("sheep\n", "line 1: must be words such as G1 X10.5, got 'SHEEP'"),
        ("\x00\x01G1\n", "must be G-code, got bytes that are no text"),
        ("G1 Xnan F9\n", "line 1: must be words such as"),
        ("G1 X F9\n", "line 1: must be words such as"),
        ("G1 X1e9 F9\n", "line 1: E9 is not sent"),
        ("G1 X99999999 F9\n", "line 1: X must be 1e+06 at most"),
        ("G21\n$32=0\n", "line 2: must be G-code, got $32=0; settings are never written"),
        ("G92 X0\n", "line 1: G92 is not sent: only absolute moves"),
        ("G91\n", "line 1: G91 is not sent"),
        ("G10 L20 P1 X0\n", "line 1: G10 is not sent"),
        ("G1 X5\n", "line 1: a G1 must have a feed"),
        ("(stroke 1 of\n", "line 1: a comment must be closed"),
        ("G21\nG20\n", "line 2: the unit must stay G21, got G20"),
        (
            FOREIGN.replace("X20 Y20", "X20 Y20 " + "N0000000001" * 8),
            "line 8: a line must have 79 characters",
        ),
        (
            FOREIGN.replace("G0 Y30", "M6 T2\nG0 Y30"),
            "line 10: GRBL 1.1 does not know M6; put M0 in",
        ),
        (
            FOREIGN.replace("G0 Y30", "M18\nG0 Y30"),
            "line 10: GRBL 1.1 does not know M18; take it out",
        ),
        (FOREIGN + "M117\n", "line 17: GRBL 1.1 does not know M117; take it out"),
        (FOREIGN + "M7\n", "line 17: GRBL 1.1 does not know M7; take it out"),
        ("G1 X\xe4 F9\n", "line 1: must be words such as"),
        (cut(15), "must hold 5 strokes and (end), stops in stroke 1: it is cut off"),
        (cut(60), "must hold 5 strokes and (end), stops in stroke 3: it is cut off"),
        (gcode().replace("(end)\n", ""), "must hold 5 strokes and (end)"),
        ("G1 X9 F9\n" + gcode(), "line 1: ink must belong to a stroke, got some before the first"),
        (gcode() + "G1 X9\n", "ink must belong to a stroke, got some after its end"),
        (gcode().replace("(stroke 3 of 5)\n", ""), "strokes must be numbered in order, got"),
        (gcode().replace("M3 S30\nG4 P0.1\n(stroke 2", "(stroke 2"), "must be up (M3S30 G4P0.1)"),
        (gcode().replace("M3 S30\nG4 P0.1\n(stroke 2", "G4 P0.1\n(stroke 2"), "must be up (M3S30"),
        (FOREIGN[: FOREIGN.index("G2 ")], "the pen must be up (G0Z5) after stroke 2, is down"),
        (FOREIGN[: FOREIGN.index("G1 X10 Y30")], "the pen must be up (G0Z5) after stroke 2"),
    ],
)
def test_what_must_not_be_sent_is_one_line_before_the_port_is_touched(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flock.gcode").write_text(text)
    error = last_line("send", "/dev/no-port", "flock.gcode")
    assert error.startswith("Error: flock.gcode")
    assert message in error
    assert [p.name for p in tmp_path.iterdir()] == ["flock.gcode"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["no.gcode"], 1, "no.gcode: cannot be read (No such file or directory)"),
        (["."], 1, ".: cannot be read (Is a directory)"),
        (["picture.gcode"], 1, "picture.gcode: must be G-code, got bytes that are no text"),
        (["flock.gcode", "--from", "6"], 1, "--from must be 1 to 5, got 6"),
        (["flock.gcode", "--from", "0"], 2, "0 is not in the range"),
        (["flock.gcode", "--from", "1", "--resume"], 2, "exclude each other"),
        (["flock.gcode", "--resume"], 1, "flock.gcode.job: must be the record of an unfinished"),
        (["flock.gcode", "--state", "picture.gcode"], 1, "must be the record of a job, is some"),
        (["flock.gcode", "--pen-up", "lift!"], 1, "pen-up must be G-code, got 'LIFT!'"),
    ],
)
def test_what_is_asked_for_wrongly_is_one_line(
    arguments: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flock.gcode").write_text(gcode())
    Path("picture.gcode").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe")
    assert message in last_line("send", "/dev/no-port", *arguments, fails=code)


def test_without_pyserial_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flock.gcode").write_text(gcode())
    monkeypatch.setitem(sys.modules, "serial", None)
    for name in [n for n in sys.modules if n.startswith("sketchvae.machine.")]:
        monkeypatch.delitem(sys.modules, name)
    assert "sketchvae[plot]" in last_line("send", "/dev/no-port", tmp_path / "flock.gcode")


# --- where a job goes on ------------------------------------------------------------


def ink(commands: tuple[Command, ...], position: Point) -> list[tuple[Point, Point]]:
    """Draw commands from a position; return the segments of ink."""
    pieces = []
    for command in commands:
        for point in command.points:
            if command.is_cut:
                pieces.append((position, point))
            position = point
    return pieces


def total(pieces: list[tuple[Point, Point]]) -> float:
    return sum(math.dist(a, b) for a, b in pieces)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_wherever_a_job_stops_what_is_left_is_what_was_not_drawn(data: st.DataObject) -> None:
    pen = data.draw(st.sampled_from(sorted(PENS)))
    read = job(gcode(pen, change=data.draw(st.sampled_from([None, 3]))))
    stream = list(sync_marks(read, read.commands))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "x.job", read, ResumePoint(0), (0.0, 0.0))
        journal.create()
        sent = data.draw(st.integers(0, len(stream)))
        # GRBL has drawn all but the last few moves that it was sent, and a part of one.
        left = data.draw(st.integers(0, 10))
        t = data.draw(st.floats(0, 1))
        done = max(sent - left, 0)
        for i, command in enumerate(stream[:sent]):
            journal.log_sent(command.line)
            if i < done:
                journal.acknowledged = command.line
                if command.ends_stroke:
                    journal.log_done(command.stroke)
        drawn, position = ink(tuple(stream[:done]), (0.0, 0.0)), (0.0, 0.0)
        for command in stream[:done]:
            position = command.points[-1] if command.points else position
        if done < sent and stream[done].points:
            (end,) = stream[done].points
            start = position
            position = (start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]))
            drawn += [(start, position)] if stream[done].is_cut else []
        journal.close(finished=False)
        found = Journal.read(journal.path, read)
    assert found is not None
    going = find_resume_point(found, position)
    assert going is not None
    rest = ink(remaining_commands(read, going), position)
    whole = length(strokes())
    assert total(drawn) + total(rest) == pytest.approx(whole, abs=0.15)  # SAME, at both ends
    again = [c.text for c in remaining_commands(read, going)]
    if again:
        up = read.pen_up.lines[0]
        assert up in again[: again.index(next(t for t in again if t.startswith("G0X")))]


@pytest.mark.parametrize("pen", PENS)
def test_a_stroke_goes_on_even_where_the_travel_to_it_crossed_it(pen: str, tmp_path: Path) -> None:
    read = job(gcode(pen))
    commands = read.strokes[2].commands
    i = next(i for i, c in enumerate(commands) if c.points == ((30.5, 32.5),))
    journal = Journal(tmp_path / "x.job", read, ResumePoint(0), (0.0, 0.0))
    journal.done, journal.sent, journal.acknowledged = 2, commands[i].line, commands[i - 1].line
    (x, y), (u, v) = commands[i - 1].points[0], (30.5, 32.5)
    position = (x + 0.90625 * (u - x), y + 0.90625 * (v - y))  # 0.02 mm from the way of the travel
    found = find_resume_point(journal, position)
    assert found is not None
    assert found.position == position
    assert read.strokes[found.stroke - 1].cuts[found.cut] == commands[i]


def test_a_machine_that_is_elsewhere_is_not_believed(tmp_path: Path) -> None:
    read = job(gcode())
    journal = Journal(tmp_path / "x.job", read, ResumePoint(0), (0.0, 0.0))
    for command in read.commands[:40]:
        journal.log_sent(command.line)
    assert find_resume_point(journal, (200.0, 150.0)) is None
    there = next(c.points[-1] for c in reversed(read.commands[:40]) if c.points)
    assert find_resume_point(journal, there) is not None


def test_the_journal_of_another_text_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.job"
    journal = Journal(path, job(gcode()), ResumePoint(2), (0.0, 0.0))
    journal.create()
    journal.close(finished=False)
    found = Journal.read(path, job(gcode()))
    assert found is not None
    assert found.done == 1
    assert Journal.read(path, job(gcode("z"))) is None
    assert Journal.read(tmp_path / "none.job", job(gcode())) is None


def test_a_journal_of_version_0_1_is_gone_on_with(tmp_path: Path) -> None:
    """Its keys are those of that version; only the names in the code are others."""
    read = job(gcode())
    third = read.strokes[2]
    half = third.cuts[6]
    state = {
        "done": 2,
        "strokes": 5,
        "sent": half.line,
        "acknowledged": half.line - 1,
        "first": 1,
        "place": [0.0, 0.0],
        "placed": True,
        "refused": 0,
        "stopped": [0.0, 0.0],
        "digest": hashlib.sha256(gcode().encode()).hexdigest(),
    }
    (tmp_path / "x.job").write_bytes(json.dumps(state).encode().ljust(511) + b"\n")
    found = Journal.read(tmp_path / "x.job", read)
    assert found is not None
    (a, b), (c, d) = third.cuts[5].points[0], half.points[0]
    middle = ((a + c) / 2, (b + d) / 2)
    assert find_resume_point(found, middle) == ResumePoint(3, 6, middle)


def test_what_a_journal_logs_is_on_disk_at_once_in_one_sector(tmp_path: Path) -> None:
    read = job(gcode())
    journal = Journal(tmp_path / "x.job", read, ResumePoint(3), (1.23456, 2.0))
    assert (journal.done, journal.sent, journal.acknowledged, journal.refused) == (2, 0, 0, 0)
    assert journal.position_known
    assert not journal.mended
    journal.log_sent(1)  # which writes nothing, since nothing was created
    journal.create()

    def on_disk() -> dict[str, object]:
        content = journal.path.read_bytes()
        assert len(content) == 512
        assert content.endswith(b" \n")
        return dict(json.loads(content))

    first = on_disk()
    assert first["first"] == read.strokes[2].commands[0].line
    assert (first["place"], first["stopped"], first["placed"]) == ([1.2346, 2], [1.2346, 2], True)
    acts: list[tuple[Callable[[], None], dict[str, object]]] = [
        (lambda: journal.log_sent(17), {"sent": 17}),
        (lambda: journal.log_done(3), {"done": 3}),
        (journal.log_position_lost, {"placed": False}),
        (lambda: journal.log_refused(18, (3.45678, -4)), {"refused": 18, "stopped": [3.4568, -4]}),
    ]
    for act, changed in acts:
        before = on_disk()
        act()
        assert on_disk() == before | changed
    with pytest.raises(ConflictError, match="another process is drawing this job"):
        Journal.read(journal.path, read)
    with pytest.raises(ConflictError, match="another process is drawing this job"):
        Journal(journal.path, read, ResumePoint(0), (0.0, 0.0)).create()
    journal.close(finished=False)
    found = Journal.read(journal.path, read)
    assert found is not None
    assert (found.done, found.sent, found.refused, found.position_known) == (3, 17, 18, False)
    assert (found.position, found.stopped) == ((1.2346, 2.0), (3.4568, -4.0))
    assert not found.mended
    found.close(finished=True)
    assert not journal.path.exists()
    found.close(finished=True)  # it is gone already


def test_only_a_job_of_as_many_strokes_is_one_that_was_mended(tmp_path: Path) -> None:
    read, path = job(gcode()), tmp_path / "x.job"
    journal = Journal(path, read, ResumePoint(0), (0.0, 0.0))
    journal.create()
    journal.log_refused(18, (0.0, 0.0))
    journal.close(finished=False)
    found = Journal.read(path, job(gcode("z")))
    assert found is not None
    assert found.mended
    assert Journal.read(path, job(FOREIGN)) is None  # which has two
    for done, taken in ((-1, False), (0, True), (5, True), (6, False)):
        state = json.loads(path.read_bytes()) | {"done": done}
        path.write_text(json.dumps(state))
        assert (Journal.read(path, read) is not None) is taken


def test_strokes_are_flushed_to_disk_when_a_second_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    now = 1.5
    monkeypatch.setattr("sketchvae.machine.journal.time.monotonic", lambda: now)
    journal = Journal(tmp_path / "x.job", job(gcode()), ResumePoint(0), (0.0, 0.0))
    journal.log_done(1)  # before there is a file
    journal.create()
    monkeypatch.setattr(
        "sketchvae.machine.journal.os.fsync", lambda _: flushed.append(journal.done)
    )
    for stroke, now in enumerate((1.5, 2.25, 2.5, 2.75, 3.0), 1):  # noqa: B007 - the clock reads it
        journal.log_done(stroke)
    assert flushed == [1, 4]
    journal.close(finished=False)


def test_a_damaged_journal_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.job"
    for content in (b"", b"[]", b'{"digest": "", "strokes": 5}', b"\xff"):
        path.write_bytes(content)
        message = refusal(lambda: Journal.read(path, job(gcode())))
        assert message.startswith(f"{path}: must be the record of a job, is something else")


def test_nothing_is_left_behind_the_last_command() -> None:
    read = job(gcode())
    assert remaining_commands(read, ResumePoint(7)) == ()
    assert [c.stroke for c in remaining_commands(read, ResumePoint(6))][-1] == 6
    assert remaining_commands(read, ResumePoint(0)) == read.commands


def test_a_mark_stands_behind_every_stroke_and_before_the_change_of_pens() -> None:
    read = job(gcode(change=3))
    marks = [c for c in sync_marks(read, read.commands) if c.ends_stroke]
    assert [c.stroke for c in marks] == [1, 2, 3, 4, 5]
    order = [c.text for c in sync_marks(read, read.commands)]
    pause = len(order) - 1 - order[::-1].index("M0")
    assert order[pause - 1] == "G4P0"


# --- layers ------------------------------------------------------------------------------


def test_the_command_brings_nothing_heavy() -> None:
    heavy = {"serial", "torch", "vpype", "sketchvae.machine.grbl"}
    script = "import sys, json, sketchvae.cli.send; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert not heavy & set(json.loads(done.stdout))


# --- AxiDraw ------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    path = tmp_path / "flock.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return path


def program(page: Path, name: str, script: str) -> None:
    path = page.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_an_svg_is_drawn_by_the_program_on_the_path(page: Path) -> None:
    program(page, "axicli", f'echo "axicli $1" > {page.parent}/message')
    assert last_line("send", "axidraw", page, fails=0).endswith("drawn by axicli")
    assert (page.parent / "message").read_text() == f"axicli {page}\n"
    program(page, "nextdraw", "exit 3")
    message = last_line("send", "axidraw", page)
    assert f"{page}: nextdraw ended with status 3" in message


def test_without_such_a_program_the_message_says_where_it_comes_from(page: Path) -> None:
    message = last_line("send", "axidraw", page)
    assert "is drawn by nextdraw or axicli, and neither is on PATH" in message
    assert "https://bantam.tools/nd_cli" in message
    assert "https://axidraw.com/doc/cli_api" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("G21\n", "must be a whole SVG file, got none"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><path', "must be a whole SVG file, got none"),
        ("<html/>", "must be SVG, got <html>"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_what_is_no_svg_is_one_line(content: str | None, message: str, page: Path) -> None:
    program(page, "nextdraw", f"touch {page.parent}/message")
    if content is None:
        page.unlink()
    else:
        page.write_text(content)
    assert message in last_line("send", "axidraw", page)
    assert not (page.parent / "message").exists()


def test_options_for_grbl_are_not_for_axidraw(page: Path) -> None:
    assert "got --character-counting" in last_line("send", "axidraw", page, "--counted", fails=2)
    assert "takes one SVG file, got none" in last_line("send", "axidraw", fails=2)


# --- the settings of a machine ----------------------------------------------------------


def test_a_machine_that_does_not_say_how_far_it_reaches_is_warned_of() -> None:
    assert check_machine(job(gcode()), {130: 500.0}) == [
        "the machine does not say how far Y reaches ($131)"
    ]


@pytest.mark.parametrize(
    ("up", "down", "greatest"),
    [(30, 200, 255), (300, 900, 1000), (500, 1100, 2550), (1, 2600, 10000)],
)
def test_the_greatest_pulse_that_is_advised_suits_the_servo(
    up: int, down: int, greatest: int
) -> None:
    text = gcode().replace("S30", f"S{up}").replace("S90", f"S{down}")
    room = {130: 500.0, 131: 500.0}
    assert refusal(lambda: check_machine(job(text), room | {30: 20.0})).endswith(f"$30={greatest}")
    assert check_machine(job(text), room | {30: greatest}) == []


def test_no_pulse_and_the_longest_move_a_servo() -> None:
    text = gcode().replace("S30", "S0")
    assert check_machine(job(text), {130: 500.0, 131: 500.0, 30: 90.0}) == []
