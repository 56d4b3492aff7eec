"""G-code, replayed with gcodeparser and held against the SVG of the same plot."""

import io
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import svgelements
from gcodeparser import parse_gcode_lines
from helpers import SHEEP
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.machine.parser import read_job
from sketchvae.machine.timing import Motion
from sketchvae.machine.words import MAX_LINE
from sketchvae.plot.bed import Corner, Machine
from sketchvae.plot.gcode import seconds_around, to_gcode
from sketchvae.plot.layout import Layout
from sketchvae.plot.page import parse_page
from sketchvae.plot.pen_lift import PenLift, servo, spindle, z_axis
from sketchvae.plot.plan import Pens, Plot, make_plot
from sketchvae.plot.svg import to_svg
from sketchvae.polyline import Floats

SHEET = parse_page("a4", landscape=True)
FLOCK = [*itertools.islice(formats.read(SHEEP), 8), Drawing([[[3, 4]]])]
PLOT = make_plot(Layout().place(FLOCK, SHEET), SHEET, Pens(("black", "red"), of_strokes=(1, 2)))
MACHINE, SERVO = Machine(), servo()
OWN = PenLift(("M5", "M280 P0 S30"), ("M280 P0 S90", "M3"))
LIFTS = {"servo": SERVO, "spindle": spindle(), "z": z_axis(3, -0.5, 600), "own": OWN}


@dataclass
class Replay:
    """What a machine would have done that starts with its pen who knows where."""

    lift: PenLift
    ink: list[Floats] = field(default_factory=list)
    travels: list[tuple[float, float]] = field(default_factory=list)
    down: bool = True
    dwells: float = 0.0

    def run(self, text: str) -> "Replay":
        done: list[str] = []
        at, feed, stroke = np.zeros(2), None, None
        for line in parse_gcode_lines(re.sub(r"\(.*?\)", "", text)):  # it knows ; alone
            words = [f"{name}{value:g}" for name, value in line.params.items()]
            command = " ".join([line.command_str, *words])
            done.append(command)
            feed = line.params.get("F", feed)
            if line.command == ("G", 4):
                self.dwells += line.params["P"]
            if tuple(done[-len(self.lift.up) :]) == self.lift.up:
                self.down, stroke = False, None
            if tuple(done[-len(self.lift.down) :]) == self.lift.down:
                self.down, stroke = True, [at]
                self.ink.append(np.array(stroke))
            if "X" in line.params:
                at = np.array([line.params["X"], line.params["Y"]])
                if line.command == ("G", 0):
                    assert not self.down, command
                    self.travels.append((at[0], at[1]))
                else:
                    assert line.command == ("G", 1)
                    assert self.down, command
                    assert feed is not None
                    assert stroke is not None
                    stroke.append(at)
                    self.ink[-1] = np.array(stroke)
        return self


def svg_strokes(plot: Plot) -> list[Floats]:
    """Read the strokes of the SVG in mm, layer by layer."""
    parsed = svgelements.SVG.parse(io.StringIO(to_svg(plot)), ppi=25.4)
    paths = [e for e in parsed.elements() if isinstance(e, svgelements.Path)]
    return [np.array([(s.end.x, s.end.y) for s in abs(path)]) for path in paths]


def onto_page(stroke: Floats, machine: Machine) -> Floats:
    """Take a stroke back from the machine, corner by corner."""
    x, y = stroke.T
    across, up = machine.offset
    x = {"left": x - across, "right": SHEET.width + x + across}[machine.origin.split("-")[1]]
    y = {"bottom": SHEET.height - (y - up), "top": -y - up}[machine.origin.split("-")[0]]
    return np.column_stack([x, y])


def gcode(plot: Plot = PLOT, machine: Machine = MACHINE, lift: PenLift = SERVO) -> str:
    return to_gcode(machine.to_machine(plot), lift, Motion())


# --- what is drawn ------------------------------------------------------------------


@pytest.mark.parametrize("name", LIFTS)
def test_ink_is_that_of_the_svg_with_every_pen_lift(name: str) -> None:
    replay = Replay(LIFTS[name]).run(gcode(lift=LIFTS[name]))
    expected = svg_strokes(PLOT)
    assert len(replay.ink) == len(expected) > 30
    for drawn, stroke in zip(replay.ink, expected, strict=True):
        np.testing.assert_allclose(onto_page(drawn, MACHINE), stroke, atol=0.01)
    assert not replay.down


@pytest.mark.parametrize("origin", ["bottom-left", "bottom-right", "top-left", "top-right"])
def test_page_lies_in_the_corner_of_the_bed_that_is_the_origin(origin: Corner) -> None:
    machine = Machine((400.0, 300.0), origin, (7.0, 11.0))
    replay = Replay(SERVO).run(gcode(machine=machine))
    for drawn, stroke in zip(replay.ink, svg_strokes(PLOT), strict=True):
        np.testing.assert_allclose(onto_page(drawn, machine), stroke, atol=0.01)
    points = np.concatenate([*replay.ink, replay.travels])
    right, top = origin.endswith("right"), origin.startswith("top")
    low = np.array([-400 if right else 0, -300 if top else 0])
    assert (points >= low).all()
    assert (points <= low + np.array([400, 300])).all()


@pytest.mark.parametrize("origin", ["bottom-left", "bottom-right", "top-left", "top-right"])
def test_ink_on_the_very_edges_of_the_page_is_on_the_bed(origin: Corner) -> None:
    """210.1 + 0.2 is a little less than 210.3 to a computer."""
    sheet = parse_page("210.1x290.1mm")
    plot = make_plot([Drawing([np.array([[0, 0], [210.1, 290.1]])])], sheet, Pens())
    text = gcode(plot, Machine(origin=origin, offset=(0.2, 0.2)))
    assert "(bed: 210.3 x 290.3 mm)" in text


def test_y_is_flipped_about_the_page_and_not_about_the_drawing() -> None:
    """The top of one line alone on the page stays where it is when another line joins it."""
    one = Drawing([[[10, 20], [30, 20]]])
    both = Drawing([*one.strokes, [[10, 100], [30, 180]]])
    for drawing in (one, both):
        plot = make_plot([drawing], SHEET, Pens())
        first = Replay(SERVO).run(gcode(plot)).ink[0]
        assert first.tolist() == [[10, 190], [30, 190]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.floats(0, 297), st.floats(0, 210)), min_size=1, max_size=6
        ),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_any_stroke_on_the_page_is_replayed(strokes: list[list[tuple[float, float]]]) -> None:
    plot = make_plot(Layout("keep").place([Drawing(strokes)], SHEET), SHEET, Pens())
    replay = Replay(SERVO).run(gcode(plot))
    for drawn, stroke in zip(replay.ink, strokes, strict=True):
        points = np.round(stroke, 3)
        moves = np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])
        kept = points[moves]
        expected = kept if len(kept) > 1 else kept.repeat(2, axis=0)
        np.testing.assert_allclose(onto_page(drawn, MACHINE), expected, atol=0.002)


@pytest.mark.parametrize("name", LIFTS)
def test_the_sender_reads_every_stroke_with_its_pen(name: str) -> None:
    lift = LIFTS[name]
    read = read_job(gcode(lift=lift).encode(), "page.gcode")
    placed = MACHINE.to_machine(PLOT)
    assert read.pen_up.lines == tuple(line.replace(" ", "") for line in lift.up)
    assert len(read.strokes) == len(placed.strokes)
    pens = [f"{layer.pen}: {layer.colour}" for layer in PLOT.layers for _ in layer.strokes]
    assert [stroke.pen for stroke in read.strokes] == pens
    for stroke, points in zip(read.strokes, placed.strokes, strict=True):
        assert stroke.travel[-1].points == (tuple(points[0]),)
        assert stroke.cuts[-1].points == (tuple(points[-1]),)
    assert read.extent == pytest.approx(placed.extent)


# --- what GRBL takes ----------------------------------------------------------------


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Cut a job at its strokes and its end: the comment, and the lines after it."""
    parts = re.split(r"^\((stroke \d+ of \d+|end)\)\n", text, flags=re.M)
    yield "", parts[0].splitlines()
    for name, lines in zip(parts[1::2], parts[2::2], strict=True):
        yield name, lines.splitlines()


@pytest.mark.parametrize("name", LIFTS)
def test_every_line_is_one_command_of_at_most_79_characters(name: str) -> None:
    for line in gcode(lift=LIFTS[name]).splitlines():
        assert 0 < len(line) <= MAX_LINE
        assert line.isascii()
        assert not re.search(r"[!?~$;%]", line)
        assert re.fullmatch(r"\([^()]*\)|[A-Z]-?[\d.]+( [A-Z]-?[\d.]+)*", line), line
        assert len(re.findall(r"[GM]\d", line.split("(")[0])) <= 1


@pytest.mark.parametrize("name", LIFTS)
def test_header_says_what_the_job_needs_and_strokes_are_counted(name: str) -> None:
    lift = LIFTS[name]
    (_, header), *strokes, (last, end) = blocks(gcode(lift=lift))
    assert f"(bed: {SHEET.width:g} x {SHEET.height:g} mm)" in header
    assert f"(pen-up: {' | '.join(lift.up)})" in header
    for word in ("G21", "G90", "G94", "F1500", *lift.up):
        assert word in header
    count = len(PLOT.strokes)
    assert [n for n, _ in strokes] == [f"stroke {k} of {count}" for k in range(1, count + 1)]
    assert last == "end"
    assert end[: len(lift.up)] == [*lift.up]
    assert end[-1] == "G0 X0 Y0"


@pytest.mark.parametrize("name", LIFTS)
def test_every_stroke_can_be_drawn_on_its_own(name: str) -> None:
    lift = LIFTS[name]
    for title, lines in blocks(gcode(lift=lift)):
        if title.startswith("stroke"):
            own = [line for line in lines if not line.startswith("(pen") and line != "M0"]
            assert own[0].startswith("G0 X")
            first = next(line for line in own if line.startswith("G1 X"))
            assert first.endswith(" F1500")
            replay = Replay(lift, down=False).run("\n".join(own))
            assert len(replay.ink) == 1
            assert not replay.down


def test_extent_is_that_of_all_moves() -> None:
    for home in (True, False):
        text = gcode(machine=Machine((400.0, 300.0), offset=(30.0, 20.0), home=home))
        replay = Replay(SERVO).run(text)
        points = np.concatenate([*replay.ink, replay.travels])
        (message,) = re.findall(r"^\(extent: (.*)\)$", text, flags=re.M)
        expected = [*points.min(axis=0), *points.max(axis=0)]
        np.testing.assert_allclose([float(v) for v in message.split()], expected, atol=0.001)
        assert (replay.travels[-1] == (0, 0)) is home


def test_pens_are_changed_with_the_pen_up() -> None:
    text = gcode()
    assert re.findall(r"^\(pen \d: .*\)$", text, flags=re.M) == ["(pen 1: black)", "(pen 2: red)"]
    assert text.count("\nM0\n") == 1
    before, after = text.split("(pen 2: red)\nM0\n")
    assert not Replay(SERVO).run(before).down
    assert after.startswith("(stroke ")
    (layer, _) = PLOT.layers
    alone = gcode(replace(PLOT, layers=(layer,)))
    assert "M0" not in alone
    assert "(pen 1" not in alone


def test_dwell_follows_the_pen_in_seconds() -> None:
    lift = replace(servo(40, 120.5), dwell_up=0.25, dwell_down=0.1)
    text = gcode(lift=lift)
    assert "M3 S120.5\nG4 P0.1\nG1 " in text
    assert "M3 S40\nG4 P0.25\n(stroke 2 " in text
    assert Replay(lift).run(text).dwells == pytest.approx(
        0.1 * len(PLOT.strokes) + 0.25 * (len(PLOT.strokes) + 2)
    )
    assert seconds_around(lift) == 0.5
    assert "G4" not in gcode(lift=z_axis())


def test_feeds_and_dwells_have_three_decimals() -> None:
    """GRBL reads more, but keeps no more."""
    lift = replace(SERVO, dwell_up=0.12345, dwell_down=0.0004)
    lines = to_gcode(MACHINE.to_machine(PLOT), lift, Motion(feed=1234.56789)).splitlines()
    assert {word for line in lines for word in re.findall(r"F[\d.]+", line)} == {"F1234.568"}
    assert {line for line in lines if line.startswith("G4")} == {"G4 P0.123"}
    assert "G4 P0.001" in gcode(lift=replace(lift, dwell_down=0.0006))


def test_a_dot_of_several_points_is_one_move() -> None:
    plot = replace(PLOT, layers=(replace(PLOT.layers[0], strokes=(np.full((3, 2), 40.0),)),))
    assert len(re.findall("^G1", gcode(plot), flags=re.M)) == 1


def test_the_sender_reads_how_fast_the_machine_is() -> None:
    for lifted in (None, 700.0):
        motion = Motion(2000.0, 4000.0, 300.0, rapid_acceleration=lifted, junction=0.05)
        job = read_job(to_gcode(MACHINE.to_machine(PLOT), SERVO, motion).encode(), "page.gcode")
        names = ("rapid", "acceleration", "rapid_acceleration", "junction")
        kept = {n: v for n in names if (v := getattr(motion, n)) is not None}
        assert job.speeds == kept


def test_comment_holds_nothing_that_grbl_acts_upon() -> None:
    """A ? or ! is obeyed even in a comment, and a ) would end it."""
    (layer, other) = PLOT.layers
    odd = replace(layer, colour="rgb(1, 2, 3)!?~\u00e9\n" + "x" * 100)
    lines = gcode(replace(PLOT, layers=(odd, other))).splitlines()
    (comment,) = [line for line in lines if line.startswith("(pen 1")]
    assert re.fullmatch(r"\(pen 1: rgb 1, 2, 3 +x+\)", comment)
    assert len(comment) <= MAX_LINE


def test_text_is_that_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    strokes = [[[10, 20], [30, 20.1234], [30.5, 40]], [[50, 60]], [[1 / 3, 5], [1 / 3, 5], [2, 3]]]
    plot = make_plot(
        [Drawing([np.array(stroke) for stroke in strokes])],
        parse_page("100x80mm"),
        Pens(("black", "#cc4433"), of_strokes=(1, 2)),
    )
    machine = Machine((120.0, 90.0), "top-right", (2.0, 3.5))
    golden(gcode(plot, machine, replace(OWN, dwell_up=0.35, dwell_down=0)), "page.gcode")


# --- bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        ({"bed": (290.0, 180.0)}, "ink must lie on the bed, X0 Y0 to X290 Y180, .*a smaller page"),
        ({"bed": (300.0, 210.0), "offset": (40.0, 0.0)}, "ink must lie on the bed, X0 Y0 to X300"),
        ({"offset": (0.0, -50.0)}, "ink must lie on the bed"),
        ({"offset": (0.0, -50.0), "origin": "top-right"}, "ink must lie on the bed, X-297 Y-210"),
        ({"offset": (float("nan"), 0.0)}, "the offset must be two lengths in mm"),
    ],
)
def test_off_the_bed_is_refused(machine: dict[str, object], message: str) -> None:
    with pytest.raises(SketchvaeError, match=message):
        gcode(machine=Machine(**machine))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("up", "down", "message"),
    [
        ((), ("M3",), "a pen-up command must have 1 to 69 characters, got ''"),
        (("M5", ""), ("M3",), "a pen-up command must have 1 to 69 characters"),
        (("M5",), ("M3 S" + "1" * 66,), "a pen-down command must have 1 to 69 characters"),
        (("M5 (up)",), ("M3",), "must be ASCII without any of"),
        (("$H",), ("M3",), "must be ASCII without any of"),
        (("M5",), ("M3?",), "must be ASCII without any of"),
        (("M5\nG0 X9",), ("M3",), "must be ASCII without any of"),
        (("M5",), ("M3 S\u0664",), "must be ASCII without any of"),
    ],
)
def test_own_command_that_grbl_would_misread_is_refused(
    up: tuple[str, ...], down: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SketchvaeError, match=message):
        PenLift(up, down)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: z_axis(0, 0), "up above where it is down, within 200 mm, got Z0 up and Z0 down"),
        (lambda: z_axis(5, float("nan")), "up above where it is down"),
        (lambda: z_axis(plunge=0), "the rate of descent must be 1 to 1000000 mm/min, got 0"),
        (lambda: servo(up=-1), "S must be 0 to 100000, got -1"),
        (lambda: spindle(float("inf")), "S must be 0 to 100000, got inf"),
        (lambda: replace(SERVO, dwell_up=61), "after pen-up must be 0 to 60 seconds, got 61"),
    ],
)
def test_pen_lift_out_of_range_is_refused(make: object, message: str) -> None:
    with pytest.raises(SketchvaeError, match=message):
        make()  # type: ignore[operator]
