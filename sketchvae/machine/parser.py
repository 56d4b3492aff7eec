"""Read a file of G-code as a job, and refuse what must not be sent.

`sketchvae plot` marks the strokes by comments; in other files a stroke begins where the pen
travels (G0). What GRBL 1.1 reads is told in its documentation, "Grbl v1.1 Commands".
"""

import hashlib
import math
import re
from collections.abc import Iterator

from sketchvae.errors import SketchvaeError
from sketchvae.machine.job import INCH, Command, Job, Point, Words, pen_words, words_of

LONGEST_LINE = 79  # characters, without spaces and comments, that GRBL 1.1 reads
ARC_PIECES = 64  # of one arc, to measure it
LARGEST = 1e6  # mm
_LINE = re.compile(r"(?:[A-Z][-+]?(?:\d+\.?\d*|\.\d+))+")
_COMMENT = re.compile(r"\(([^()]*)\)")
_STROKE = re.compile(r"stroke (\d+) of (\d+)")
# Straight and curved moves, dwell, absolute millimetres or inches, what is so anyway; no word that
# moves the origin or writes to the machine's memory.
_G = {0, 1, 2, 3, 4, 17, 20, 21, 40, 49, 54, 61, 80, 90, 91.1, 94}
_MOVES = {0.0, 1.0, 2.0, 3.0}
_LETTERS = set("GMXYZIJRFSPNT")


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
        values, g = dict(words), {v for letter, v in words if letter == "G"}
        self.keep_unit(number, g)
        self.feed = values.get("F", self.feed)
        moves = 4.0 not in g and bool({"X", "Y", "Z"} & set(values))
        planar = moves and bool({"X", "Y"} & set(values))
        if moves and not g & _MOVES:
            text = f"G{self.motion}{text}"
        self.motion = int(max(g & _MOVES, default=self.motion))
        if moves and self.motion and not self.feed:
            raise self.fail(number, "a G1 must have a feed, in it or before it; add F1500, say")
        if self.begins(planar, ("M", 0.0) in words):
            self.begin()
            if not self.marked:
                self.strokes = self.stroke
                text += self.missing_axes(planar, values)
        points = tuple(self.path(number, values)) if planar else ()
        inks = planar and self.motion > 0
        self.inked = self.inked or inks
        if inks and self.stroke != self.strokes:
            raise self.fail(number, "ink must belong to a stroke, got some after its end")
        if len(text) > LONGEST_LINE:
            raise self.fail(
                number, f"a line must have {LONGEST_LINE} characters at most, got {len(text)}"
            )
        dwell = values.get("P", 0.0) if 4.0 in g else 0.0
        self.commands.append(
            Command(number, text, self.stroke, points, inks, self.motion < 2, self.feed, dwell)
        )

    def keep_unit(self, number: int, g: set[float]) -> None:
        for value in g & {20.0, 21.0}:
            unit = f"G{value:g}"
            if self.unit not in ("", unit):
                raise self.fail(number, f"the unit must stay {self.unit}, got {unit}")
            self.unit = unit

    def begins(self, planar: bool, pauses: bool) -> bool:
        """Whether a stroke begins here: with a pause, or, if nothing marks it, with travel."""
        if self.marked:
            return pauses and self.inked
        if self.stroke == 0 or self.inked:
            return pauses or (planar and (self.motion == 0 or self.stroke == 0))
        return False

    def missing_axes(self, planar: bool, values: dict[str, float]) -> str:
        """Complete a travel: the stroke may be drawn after another than the one before it."""
        if not planar or self.motion > 1:
            return ""
        unit = INCH if self.unit == "G20" else 1.0
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
        words = words_of(text)
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
        unit = INCH if self.unit == "G20" else 1.0
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
    height = dict(pen_words(found)).get("Z")
    if height is not None:
        return (f"G0Z{height:g}",)  # a reset forgets the feed that a G1 would need
    return (found if "M" in found else f"M3{found}",)


def _travelled_with(commands: list[Command]) -> str:
    """Find the last pen command before the first travel, or before the one after the first ink."""
    if len({frozenset(pen) for c in commands if (pen := pen_words(c.text))}) < 2:
        return ""  # it never moves
    travels = [i for i, c in enumerate(commands) if c.points and not c.inks]
    ink = next(i for i, c in enumerate(commands) if c.inks)
    first = min(travels[0], ink) if travels else ink
    second = next((i for i in travels if i > ink), len(commands))
    for begin, end in ((0, first), (ink, second)):
        for command in reversed(commands[begin:end]):
            if pen_words(command.text):
                return command.text
    return ""


def _check_pen(reader: _Reader, lines: tuple[str, ...]) -> None:
    """See that every stroke leaves the pen up, and that nothing follows that lowers it."""
    pens = [p for p in map(pen_words, lines) if p]
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
        pen = pen_words(command.text)
        if (pen and _is_up(pen, up)) or (not pens and command.text in lines):
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
