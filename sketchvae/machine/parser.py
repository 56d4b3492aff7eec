"""Read a file of G-code as a job, and refuse what must not be sent.

Three passes: lines of words (`tokens`), commands with position, unit and feed (`interpreter`),
and strokes (here). `sketchvae plot` marks the strokes by comments; in other files a stroke begins
where the lifted pen travels (G0) after ink. What GRBL 1.1 reads is defined by its documentation,
"Grbl v1.1 Commands".
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sketchvae.errors import SketchvaeError
from sketchvae.machine.comments import (
    EndMark,
    PenMark,
    PenUpMark,
    StrokeMark,
    is_marked,
    parse_comment,
    split_commands,
)
from sketchvae.machine.interpreter import Modes
from sketchvae.machine.job import Command, Job, PenUp, Point, Stroke
from sketchvae.machine.tokens import WORDS, Line, refusal, tokenize
from sketchvae.machine.words import MAX_LINE, mm_per_unit, pen_words, words_of

_Program = Iterable[tuple[Line, Command | None]]


def read_job(content: bytes, name: str, pen_up: str | None = None) -> Job:
    """Read a file of G-code and refuse what must not be sent.

    Args:
        content: of the file.
        name: of the file, for messages.
        pen_up: lines that lift the pen, joined by ` | `; None takes them from the file.

    Raises:
        SketchvaeError: if the content is no G-code, is cut off, does something that cannot be
            resumed or that writes settings, does not lift the pen behind each stroke, or if
            neither `pen_up` nor the file tells how to lift it.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SketchvaeError(f"{name}: must be G-code, got bytes that are no text") from error
    modes = Modes(name)
    program = modes.run(tokenize(text, name))
    groups = _Groups(name)
    if is_marked(text):
        groups.divide_by_comments(program)
    else:
        groups.divide_by_travel(program, modes)
    commands = [command for group in groups.commands for command in group]
    if not any(command.is_cut for command in commands):
        raise SketchvaeError(f"{name}: must hold strokes, got none; choose another file")
    job = Job(
        name,
        header=tuple(groups.commands[0]),
        strokes=groups.strokes(),
        footer=tuple(groups.commands[-1]) if groups.has_footer else (),
        pen_up=_find_pen_up(commands, groups.pen_up, pen_up, name),
        unit=modes.unit or "G21",
        digest=hashlib.sha256(content).hexdigest(),
    )
    if last := job.first_left_down:
        raise refusal(
            name,
            last.line,
            f"the pen must be up ({job.pen_up}) after stroke {last.stroke}, is down; the file "
            "is cut off, or --pen-up says something else",
        )
    return job


class _Groups:
    """Third pass: the commands in groups, of which 0 is the header and K is stroke K.

    Attributes:
        commands: of each group, in order; the last group may be the footer.
        pens: name of the pen of each group; empty if the file has none.
        numbered: number of the last group that is known to be a stroke.
        has_cut: whether the present group has ink.
        pen_up: the lines that lift the pen, from a comment; empty if there is none.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.commands: list[list[Command]] = [[]]
        self.pens = [""]
        self.numbered = 0
        self.has_cut = False
        self.pen_up: tuple[str, ...] = ()

    @property
    def has_footer(self) -> bool:
        """Whether the last group is the footer."""
        return len(self.commands) - 1 > self.numbered

    def strokes(self) -> tuple[Stroke, ...]:
        """Return the strokes."""
        numbers = range(1, self.numbered + 1)
        return tuple(Stroke.of(k, self.pens[k], self.commands[k]) for k in numbers)

    def divide_by_comments(self, program: _Program) -> None:
        """Divide a program of `sketchvae plot`.

        Raises:
            SketchvaeError: if strokes are missing, or ink is outside of them.
        """
        count, is_ended = 0, False
        for line, command in program:
            for mark in map(parse_comment, line.comments):
                if isinstance(mark, StrokeMark):
                    self._number(line, mark, count)
                    count = mark.count
                elif isinstance(mark, EndMark):
                    is_ended = True
                    self._begin()
                elif isinstance(mark, PenMark):
                    self._begin()
                    self.pens[-1] = mark.pen
                elif isinstance(mark, PenUpMark):
                    self.pen_up = mark.lines
            if command is not None:
                if command.pauses and self.has_cut:
                    self._begin()
                self._check_ink(command)
                self._add(command)
        if not is_ended or self.numbered != count:
            raise SketchvaeError(
                f"{self.name}: must hold {count} strokes and (end), stops in stroke "
                f"{self.numbered}: it is cut off; write it anew"
            )

    def divide_by_travel(self, program: _Program, modes: Modes) -> None:
        """Divide another program: a stroke begins with a travel or a pause behind ink.

        Args:
            program: lines with their commands.
            modes: for the unit in force.
        """
        position: Point = (math.nan, math.nan)
        for line, command in program:
            for mark in map(parse_comment, line.comments):
                self.pen_up = mark.lines if isinstance(mark, PenUpMark) else self.pen_up
            if command is None:
                continue
            is_header = self.numbered == 0
            travels = bool(command.points) and (command.motion == 0 or is_header)
            if (is_header or self.has_cut) and (command.pauses or travels):
                self._begin()
                self.numbered += 1
            if command.points and not any(c.points for c in self.commands[-1]):
                command = _with_both_axes(command, position, modes.unit)
            self._add(command)
            position = command.points[-1] if command.points else position
        if not self.has_cut:
            self.numbered -= 1  # the last group only travels home

    def _begin(self) -> None:
        """Begin a group, unless the present one has no number yet."""
        if not self.has_footer:
            self.commands.append([])
            self.pens.append(self.pens[-1])
        self.has_cut = False

    def _number(self, line: Line, mark: StrokeMark, count: int) -> None:
        """Begin the stroke of a comment, which must be the next of `count`; 0 if not known."""
        if mark.number != self.numbered + 1 or mark.count != (count or mark.count):
            text = f"stroke {mark.number} of {mark.count}"
            raise refusal(
                self.name,
                line.number,
                f"strokes must be numbered in order, got {text!r} after {self.numbered}; write "
                "the file anew",
            )
        self._begin()
        self.numbered = mark.number

    def _check_ink(self, command: Command) -> None:
        if command.is_cut and (self.has_footer or self.numbered == 0):
            place = "after its end" if self.numbered else "before the first"
            raise refusal(self.name, command.line, f"ink must belong to a stroke, got some {place}")

    def _add(self, command: Command) -> None:
        if len(command.text) > MAX_LINE:
            raise refusal(
                self.name,
                command.line,
                f"a line must have {MAX_LINE} characters at most, got {len(command.text)}",
            )
        self.commands[-1].append(replace(command, stroke=len(self.commands) - 1))
        self.has_cut = self.has_cut or command.is_cut


def _with_both_axes(command: Command, position: Point, unit: str) -> Command:
    """Complete the first move of a stroke, which may be drawn after any other than the one before.

    Args:
        command: a move in the plane.
        position: before it in mm; nan where an axis has not been set.
        unit: of the file.
    """
    if not command.is_straight:
        return command
    letters = {letter for letter, _ in words_of(command.text)}
    missing = "".join(
        f"{axis}{value / mm_per_unit(unit):.4f}"
        for axis, value in zip("XY", position, strict=True)
        if axis not in letters and not math.isnan(value)
    )
    return replace(command, text=command.text + missing)


def _find_pen_up(
    commands: Sequence[Command], declared: tuple[str, ...], asked: str | None, name: str
) -> PenUp:
    """Find the lines that lift the pen: given by a person, in a comment, or before a travel.

    Args:
        commands: of the whole file, with ink.
        declared: lines of the comment; empty if there is none.
        asked: lines given by a person, joined by ` | `.
        name: of the file, for messages.
    """
    if asked is not None or declared:
        texts = declared if asked is None else split_commands(asked)
        lines = tuple("".join(text.split()).upper() for text in texts)
        for line in lines:
            if not WORDS.fullmatch(line) or len(line) > MAX_LINE:
                raise SketchvaeError(
                    f"{name}: pen-up must be G-code, got {line[:60]!r}; try --pen-up M5"
                )
        return PenUp(lines)
    lift = _lift_before_travel(commands)
    if not lift:
        raise SketchvaeError(
            f"{name}: does not say how the pen is lifted; say it, --pen-up M5 for instance"
        )
    height = dict(pen_words(lift)).get("Z")
    if height is not None:
        return PenUp((f"G0Z{height:g}",))  # a reset forgets the feed that a G1 would need
    return PenUp((lift if "M" in lift else f"M3{lift}",))


def _lift_before_travel(commands: Sequence[Command]) -> str:
    """Return the last pen command before the first travel, or before the one behind the first ink.

    Empty if there is none, or the pen never moves.
    """
    if len({words for command in commands if (words := pen_words(command.text))}) < 2:
        return ""
    travels = [i for i, command in enumerate(commands) if command.points and not command.is_cut]
    ink = next(i for i, command in enumerate(commands) if command.is_cut)
    first = min(travels[0], ink) if travels else ink
    second = next((i for i in travels if i > ink), len(commands))
    for begin, end in ((0, first), (ink, second)):
        for command in reversed(commands[begin:end]):
            if pen_words(command.text):
                return command.text
    return ""
