"""Read a file of G-code as a job, and refuse what must not be sent.

Four passes: lines of words (`tokens`), commands with position, unit and feed (`interpreter`), the
pen that lifts and lowers (`lifting`), and strokes (here). `sketchvae plot` marks the strokes by
comments; in other files a stroke begins where the lifted pen travels after ink. What GRBL 1.1 reads
is defined by its documentation, "Grbl v1.1 Commands".
"""

import codecs
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sketchvae.errors import SketchvaeError
from sketchvae.machine.comments import (
    EndMark,
    PenMark,
    SpeedsMark,
    StrokeMark,
    is_marked,
    parse_comment,
    split_commands,
)
from sketchvae.machine.interpreter import Modes
from sketchvae.machine.job import Command, Job, Point, Stroke
from sketchvae.machine.lifting import find_pen_up, mark_lifted
from sketchvae.machine.tokens import Line, decode, refusal, tokenize
from sketchvae.machine.words import MAX_LINE, mm_per_unit, words_of

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
    _refuse_other_format(content, name)
    text = decode(content, name)
    marked = is_marked(text)
    modes = Modes(name)
    asked = None if pen_up is None else split_commands(pen_up)
    allowed = asked or () if not marked else None
    program = [*modes.run(tokenize(text, name, allowed))]
    lift = find_pen_up(program, asked, name)
    groups = _Groups(name)
    if marked:
        groups.divide_by_comments(program)
    else:
        groups.divide_by_travel(mark_lifted(program, lift), modes.unit)
    if not groups.numbered:
        raise SketchvaeError(
            f"{name}: must hold strokes, got none: its moves are all made with the pen up "
            f"({lift}); name what lifts the pen with --pen-up"
        )
    job = Job(
        name,
        header=tuple(groups.commands[0]),
        strokes=groups.strokes(),
        footer=tuple(groups.commands[-1]) if groups.has_footer else (),
        pen_up=lift,
        unit=modes.unit or "G21",
        digest=hashlib.sha256(content).hexdigest(),
        speeds=groups.speeds,
    )
    if last := job.first_left_down:
        raise refusal(
            name,
            last.line,
            f"the pen must be up ({job.pen_up}) after stroke {last.stroke}, is down; the file "
            "is cut off, or --pen-up says something else",
        )
    return job


def _refuse_other_format(content: bytes, name: str) -> None:
    """Refuse a page or drawings that are not G-code yet, and say how they become it."""
    begin = content.removeprefix(codecs.BOM_UTF8).lstrip()[:3].upper()
    kinds = {b"<": "SVG or XML", b"{": "drawings", b"IN;": "HPGL"}
    kind = next((kind for start, kind in kinds.items() if begin.startswith(start)), None)
    if kind is None:
        return
    advice = {
        "HPGL": "give it to the plotter itself, or plot the drawings to .gcode",
    }.get(kind, "make G-code of it with sketchvae plot FILE -o page.gcode")
    if kind == "SVG or XML":
        advice += ", or name axidraw in the place of the port if an AxiDraw is to draw it"
    raise SketchvaeError(f"{name}: must be G-code, got {kind}; {advice}")


class _Groups:
    """Fourth pass: the commands in groups, of which 0 is the header and K is stroke K.

    Attributes:
        commands: of each group, in order; the last group may be the footer.
        pens: name of the pen of each group; empty if the file has none.
        numbered: number of the last group that is known to be a stroke.
        has_cut: whether the present group has ink.
        speeds: of the machine, by the comment that has them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.commands: list[list[Command]] = [[]]
        self.pens = [""]
        self.numbered = 0
        self.has_cut = False
        self.speeds: Mapping[str, float] = {}

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
                elif isinstance(mark, SpeedsMark):
                    self.speeds = mark.values
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

    def divide_by_travel(self, program: _Program, unit: str) -> None:
        """Divide another program: a stroke begins with a travel or a pause behind ink.

        Args:
            program: lines with their commands.
            unit: of the file.
        """
        position: Point = (math.nan, math.nan)
        for _, command in program:
            if command is None:
                continue
            is_header = self.numbered == 0
            travels = bool(command.points) and (is_header or not command.is_cut)
            if (is_header or self.has_cut) and (command.pauses or travels):
                self._begin()
                self.numbered += 1
            if command.points and not any(c.points for c in self.commands[-1]):
                command = _with_both_axes(command, position, unit)
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
