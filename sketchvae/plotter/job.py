"""A G-code file as a job: strokes that can be drawn one by one, checked before anything is sent.

`sketchvae plot` marks the strokes by comments; in other files a stroke begins where the pen
travels (G0). What GRBL 1.1 reads is told in its documentation, "Grbl v1.1 Commands" and
"Grbl v1.1 Interface".
"""

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from sketchvae.errors import SketchvaeError

LONGEST_LINE = 79  # characters, without spaces and comments, that GRBL 1.1 reads
ARC_PIECES = 64  # of one arc, to measure it
LARGEST = 1e6  # mm
_INCH = 25.4
_LINE = re.compile(r"(?:[A-Z][-+]?(?:\d+\.?\d*|\.\d+))+")
_WORD = re.compile(r"([A-Z])([-+\d.]+)")
_COMMENT = re.compile(r"\(([^()]*)\)")
_STROKE = re.compile(r"stroke (\d+) of (\d+)")
# Straight and curved moves, dwell, absolute millimetres or inches, what is so anyway; no word that
# moves the origin or writes to the machine's memory.
_G = {0, 1, 2, 3, 4, 17, 20, 21, 40, 49, 54, 61, 80, 90, 91.1, 94}
_LETTERS = set("GMXYZIJRFSPNT")
_NO_PEN_M = {0, 1, 2, 30}

Point = tuple[float, float]  # x, y in mm
Words = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the file, as the machine gets it.

    Attributes:
        line: its number in the file, from 1.
        text: the words without spaces and comments; a move says its own G.
        stroke: 0 before the first; K for all that belongs to stroke K, from its travel to its
            pen-up; one more than there are strokes for what follows the last.
        points: where it leads in the plane, none if it does not move there; more than one for
            an arc, the last its end. nan where an axis was never set.
        inks: whether that is drawn: G1, G2 or G3, not G0.
        straight: whether it is G0 or G1.
        feed: F that holds, in the file's unit a minute; 0 where none was given.
        dwell: seconds of G4.
        ends: whether it is the mark behind a stroke, which is ours.
    """

    line: int
    text: str
    stroke: int = 0
    points: tuple[Point, ...] = ()
    inks: bool = False
    straight: bool = True
    feed: float = 0.0
    dwell: float = 0.0
    ends: bool = False

    @property
    def pauses(self) -> bool:
        """Whether the machine waits here until a person lets it go on (M0)."""
        return ("M", 0.0) in _words(self.text)


@dataclass(frozen=True)
class Job:
    """A file that can be drawn.

    Attributes:
        name: of the file.
        commands: in order.
        strokes: how many.
        pen_up: lines that lift the pen.
        unit: "G21" for millimetres, "G20" for inches.
        pens: name of the pen from a stroke on.
        digest: of the file's text.
    """

    name: str
    commands: tuple[Command, ...]
    strokes: int
    pen_up: tuple[str, ...]
    unit: str
    pens: dict[int, str]
    digest: str

    @property
    def header(self) -> tuple[Command, ...]:
        """What stands before the first stroke: units and pen-up, no move in the plane."""
        return tuple(c for c in self.commands if c.stroke == 0)

    @property
    def has_servo(self) -> bool:
        """Whether the spindle's output moves the pen (M3 and M5)."""
        return any(_pen(text) & {("M", 3.0), ("M", 4.0), ("M", 5.0)} for text in self.pen_up)

    @property
    def pauses(self) -> bool:
        """Whether it waits for a person somewhere."""
        return any(c.pauses for c in self.commands)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Least x, y and greatest x, y in mm, with the origin, where the pen begins and rests."""
        points = [p for c in self.commands for p in c.points]
        xs = [0.0, *(x for x, _ in points if not math.isnan(x))]
        ys = [0.0, *(y for _, y in points if not math.isnan(y))]
        return min(xs), min(ys), max(xs), max(ys)

    def pen_of(self, stroke: int) -> str:
        """Name the pen that a stroke is drawn with; empty if the file does not say."""
        return self.pens.get(max((k for k in self.pens if k <= stroke), default=0), "")

    def seconds(self, commands: Iterator[Command], rapid: float) -> list[float]:
        """Estimate what each command takes, without acceleration.

        Args:
            commands: in order.
            rapid: mm a minute of a lifted pen.
        """
        times, place = [], None
        unit = _INCH if self.unit == "G20" else 1.0
        for command in commands:
            path = [p for p in (place, *command.points) if p and not math.isnan(sum(p))]
            length = sum(math.dist(a, b) for a, b in pairwise(path))
            rate = command.feed * unit if command.inks else rapid
            times.append(command.dwell + 60 * length / max(rate, 1.0))
            place = path[-1] if path else None
        return times


def read_job(content: bytes, name: str, pen_up: str | None = None) -> Job:
    """Read a file of G-code and refuse what must not be sent.

    Args:
        content: of the file.
        name: of the file, for errors.
        pen_up: lines that lift the pen, joined by ` | `, where the file does not tell.

    Raises:
        SketchvaeError: if it is no G-code, is cut off, does something that cannot be resumed or
            that writes settings, does not lift the pen behind each stroke, or if nobody
            says how to lift it.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SketchvaeError(f"{name}: must be G-code, got bytes that are no text") from error
    reader = _Reader(name, marked=any(_STROKE.fullmatch(c.strip()) for c in _COMMENT.findall(text)))
    for number, line in enumerate(text.splitlines(), 1):
        reader.read(number, line)
    reader.finish()
    lines = _pen_up(reader, pen_up)
    _check_pen(reader, lines)
    return Job(
        name,
        tuple(reader.commands),
        reader.strokes,
        lines,
        reader.unit or "G21",
        reader.pens,
        hashlib.sha256(content).hexdigest(),
    )


class _Reader:
    """Goes through a file line by line, with what holds from one line to the next."""

    def __init__(self, name: str, marked: bool) -> None:
        self.name = name
        self.marked = marked  # whether comments mark the strokes
        self.commands: list[Command] = []
        self.pens: dict[int, str] = {}
        self.of = 0  # strokes that the comments promise
        self.ended = False  # by "(end)"
        self.strokes = self.stroke = 0  # the last begun; where the present line belongs
        self.inked = False  # whether that stroke has ink by now
        self.pen_up: tuple[str, ...] = ()
        self.unit = ""
        self.motion, self.feed = 0, 0.0
        self.place: Point = (math.nan, math.nan)

    def fail(self, number: int, what: str) -> SketchvaeError:
        return SketchvaeError(f"{self.name}, line {number}: {what}")

    def read(self, number: int, line: str) -> None:
        for comment in _COMMENT.findall(line):
            self.comment(number, comment.strip())
        bare = _COMMENT.sub("", line)
        if "(" in bare.partition(";")[0] or "\0" in line:
            raise self.fail(number, f"a comment must be closed, got {line.strip()[:60]!r}")
        text = "".join(bare.partition(";")[0].split()).upper()
        if text not in ("", "%"):
            self.command(number, text)

    def comment(self, number: int, text: str) -> None:
        if mark := _STROKE.fullmatch(text):
            k, of = int(mark[1]), int(mark[2])
            if k != self.strokes + 1 or of != (self.of or of):
                raise self.fail(
                    number,
                    f"strokes must be numbered in order, got {text!r} after {self.strokes}; "
                    "write the file anew",
                )
            self.of, self.inked = of, False
            self.strokes = self.stroke = k
        elif text == "end":
            self.ended, self.stroke, self.inked = True, self.strokes + 1, False
        elif text.startswith("pen-up:"):
            self.pen_up = tuple(t.strip() for t in text.removeprefix("pen-up:").split("|"))
        elif self.marked and re.match(r"pen \d+:", text):
            self.begin()
            self.pens[self.stroke] = text.removeprefix("pen ")

    def begin(self) -> None:
        """Begin what belongs to the next stroke; a comment may still come that numbers it."""
        self.stroke = self.strokes + 1
        self.inked = False

    def command(self, number: int, text: str) -> None:
        words = self.checked(number, text)
        g = {v for letter, v in words if letter == "G"}
        for unit in ("G20", "G21"):
            if float(unit[1:]) in g:
                if self.unit not in ("", unit):
                    raise self.fail(number, f"the unit must stay {self.unit}, got {unit}")
                self.unit = unit
        values = dict(words)
        self.feed = values.get("F", self.feed)
        dwells = 4.0 in g
        moves = not dwells and bool({"X", "Y", "Z"} & set(values))
        if moves and not g & {0.0, 1.0, 2.0, 3.0}:
            text = f"G{self.motion}{text}"
        self.motion = int(max(g & {0.0, 1.0, 2.0, 3.0}, default=self.motion))
        planar = moves and bool({"X", "Y"} & set(values))
        if moves and self.motion and not self.feed:
            raise self.fail(number, "a G1 must have a feed, in it or before it; add F1500, say")
        if not self.marked and self.begins(planar, ("M", 0.0) in words):
            self.begin()
            self.strokes = self.stroke
            text += self.missing_axes(planar, values)
        elif self.marked and ("M", 0.0) in words and self.inked:
            self.begin()
        points = tuple(self.path(number, values)) if planar else ()
        inks = planar and self.motion > 0
        self.inked = self.inked or inks
        if inks and self.stroke != self.strokes:
            raise self.fail(number, "ink must belong to a stroke, got some after its end")
        if len(text) > LONGEST_LINE:
            raise self.fail(
                number, f"a line must have {LONGEST_LINE} characters at most, got {len(text)}"
            )
        self.commands.append(
            Command(
                number,
                text,
                self.stroke,
                points,
                inks,
                self.motion < 2,
                self.feed,
                values.get("P", 0.0) if dwells else 0.0,
            )
        )

    def begins(self, planar: bool, pauses: bool) -> bool:
        """Whether a stroke begins here in a file that does not mark its strokes."""
        if self.stroke == 0 or self.inked:
            return pauses or (planar and (self.motion == 0 or self.stroke == 0))
        return False

    def missing_axes(self, planar: bool, values: dict[str, float]) -> str:
        """Complete a travel: the stroke may be drawn after another than the one before it."""
        if not planar or self.motion > 1:
            return ""
        unit = _INCH if self.unit == "G20" else 1.0
        places = zip("XY", self.place, strict=True)
        return "".join(
            f"{a}{v / unit:.4f}" for a, v in places if a not in values and not math.isnan(v)
        )

    def checked(self, number: int, text: str) -> Words:
        if text.startswith("$"):
            raise self.fail(
                number, f"must be G-code, got {text[:40]}; settings are never written, leave it out"
            )
        if not _LINE.fullmatch(text):
            raise self.fail(number, f"must be words such as G1 X10.5, got {text[:60]!r}")
        words = _words(text)
        for letter, value in words:
            if letter not in _LETTERS or (letter == "G" and value not in _G):
                raise self.fail(
                    number,
                    f"{letter}{value:g} is not sent: only absolute moves, pen commands and "
                    "dwells are; take it out, or write the file with sketchvae plot",
                )
            if abs(value) > LARGEST:
                raise self.fail(number, f"{letter} must be {LARGEST:g} at most, got {value:g}")
        return words

    def path(self, number: int, values: dict[str, float]) -> Iterator[Point]:
        """Say where a move leads, in mm, and go there."""
        unit = _INCH if self.unit == "G20" else 1.0
        start = self.place
        x = values["X"] * unit if "X" in values else start[0]
        y = values["Y"] * unit if "Y" in values else start[1]
        self.place = (x, y)
        if self.motion > 1 and "R" not in values:
            if math.isnan(sum(start)):
                raise self.fail(number, "an arc must begin where a move has ended, begins nowhere")
            middle = start[0] + values.get("I", 0.0) * unit, start[1] + values.get("J", 0.0) * unit
            yield from _arc(start, (x, y), middle, clockwise=self.motion == 2)
        yield x, y

    def finish(self) -> None:
        if self.marked and (not self.ended or self.strokes != self.of):
            raise SketchvaeError(
                f"{self.name}: must hold {self.of} strokes and (end), stops in stroke "
                f"{self.strokes}: it is cut off; write it anew"
            )
        if not self.marked and not self.inked:
            self.strokes -= 1  # it only travels home
        if not any(c.inks for c in self.commands):
            raise SketchvaeError(f"{self.name}: must hold strokes, got none; choose another file")


def _arc(start: Point, end: Point, middle: Point, clockwise: bool) -> Iterator[Point]:
    """Yield points between the ends of an arc (RS274/NGC, 3.5.3: the whole circle if they meet)."""
    radius = math.dist(start, middle)
    first = math.atan2(start[1] - middle[1], start[0] - middle[0])
    turn = math.atan2(end[1] - middle[1], end[0] - middle[0]) - first
    turn = -((-turn) % math.tau or math.tau) if clockwise else (turn % math.tau or math.tau)
    for i in range(1, ARC_PIECES):
        angle = first + turn * i / ARC_PIECES
        yield middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)


def _words(text: str) -> Words:
    return [(letter, float(value)) for letter, value in _WORD.findall(text)]


def _pen(text: str) -> set[tuple[str, float]]:
    """Take those words out of a line that may move the pen up or down."""
    return {
        (letter, value)
        for letter, value in _words(text)
        if letter in "ZS" or (letter == "M" and value not in _NO_PEN_M)
    }


def _pen_up(reader: _Reader, asked: str | None) -> tuple[str, ...]:
    """Find the lines that lift the pen: asked for, in a comment, or what the file travels with."""
    if asked is not None or reader.pen_up:
        texts = reader.pen_up if asked is None else tuple(t.strip() for t in asked.split("|"))
        lines = tuple("".join(t.split()).upper() for t in texts)
        for line in lines:
            if not _LINE.fullmatch(line) or len(line) > LONGEST_LINE:
                raise SketchvaeError(
                    f"{reader.name}: pen-up must be G-code, got {line[:60]!r}; try --pen-up M5"
                )
        return lines
    found = _travelled_with(reader.commands)
    if not found:
        raise SketchvaeError(
            f"{reader.name}: does not say how the pen is lifted; say it, --pen-up M5 for instance"
        )
    height = dict(_pen(found)).get("Z")
    if height is not None:
        return (f"G0Z{height:g}",)  # a reset forgets the feed that a G1 would need
    return (found if "M" in found else f"M3{found}",)


def _travelled_with(commands: list[Command]) -> str:
    """Find the last pen command before the first travel, or before the one after the first ink."""
    if len({frozenset(pen) for c in commands if (pen := _pen(c.text))}) < 2:
        return ""  # it never moves
    travels = [i for i, c in enumerate(commands) if c.points and not c.inks]
    ink = next(i for i, c in enumerate(commands) if c.inks)
    first = min(travels[0], ink) if travels else ink
    second = next((i for i in travels if i > ink), len(commands))
    for begin, end in ((0, first), (ink, second)):
        for command in reversed(commands[begin:end]):
            if _pen(command.text):
                return command.text
    return ""


def _check_pen(reader: _Reader, lines: tuple[str, ...]) -> None:
    """See that every stroke leaves the pen up, and that nothing follows that lowers it."""
    pens = [p for p in map(_pen, lines) if p]
    up = pens[-1] if pens else set()
    previous: Command | None = None
    lifted, inked = True, False
    for command in [*reader.commands, None]:
        if command is None or (previous and command.stroke != previous.stroke):
            if previous and not lifted:
                raise SketchvaeError(
                    f"{reader.name}, line {previous.line}: the pen must be up "
                    f"({' '.join(lines)}) after stroke {previous.stroke}, is down; the file is "
                    "cut off, or --pen-up says something else"
                )
            inked = False
        if command is None:
            break
        pen = _pen(command.text)
        if command.text in lines or (pen and _is_up(pen, up)):
            lifted = True
        elif command.inks or (pen and pen != {("M", 5.0)} and not inked and command.stroke):
            lifted = False  # M5 lets a servo go where it is
        inked = inked or command.inks
        previous = command


def _is_up(pen: set[tuple[str, float]], up: set[tuple[str, float]]) -> bool:
    """Whether a pen command lifts: as M3 S30 does, or S30 alone; or a Z that is no lower."""
    height, least = dict(pen).get("Z"), dict(up).get("Z")
    if height is not None and least is not None:
        return height >= least
    return pen in (up, {w for w in up if w[0] != "M"})


def marked(job: Job, commands: tuple[Command, ...]) -> Iterator[Command]:
    """Yield commands with a mark behind each stroke: G4 P0, acknowledged when all is drawn.

    GRBL acknowledges a move when it has planned it; a dwell when the pen stands still.
    """
    for i, command in enumerate(commands):
        yield command
        follows = commands[i + 1].stroke if i + 1 < len(commands) else job.strokes + 2
        if follows != command.stroke:
            ends = 1 <= command.stroke <= job.strokes
            yield replace(command, text="G4P0", points=(), inks=False, dwell=0.0, ends=ends)
