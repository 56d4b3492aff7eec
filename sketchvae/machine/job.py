"""A job for a machine: a program of G-code, divided into strokes that can be drawn one by one."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sketchvae.machine.words import Word, pen_words, words_of

POSITION_TOLERANCE = 0.05  # mm between two positions taken for one; a step is 0.0125 mm or less

Point = tuple[float, float]  # x, y in mm

_NONE: frozenset[Word] = frozenset()
_SPINDLE_OFF = {("M", 5.0)}  # a servo without a signal stays where it is


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the file, as it is sent to the machine.

    Attributes:
        line: its number in the file, from 1; 0 for a command that is not in the file.
        text: its words without spaces and comments; a move has a G code of its own.
        stroke: number of its stroke, from its travel to its pen-up; 0 in the header, one more
            than the number of strokes in the footer.
        points: positions in the plane to which it moves, none if it does not; an arc has more
            than one, its end last. nan where an axis has not been set yet.
        motion: G code of a move, 0 to 3; 0 for all other commands.
        feed: F in force, in units of the file a minute; 0 if there is none yet.
        dwell: seconds of a G4.
        rise: mm of a vertical move.
        lifted: whether it is known to be carried out with the pen up.
        ends_stroke: whether it is the mark behind a stroke, which `sync_marks` inserts.
    """

    line: int
    text: str
    stroke: int = 0
    points: tuple[Point, ...] = ()
    motion: int = 0
    feed: float = 0.0
    dwell: float = 0.0
    rise: float = 0.0
    lifted: bool = False
    ends_stroke: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether it draws: a move in the plane by G1, G2 or G3, not by G0 or with the pen up."""
        return bool(self.points) and self.motion > 0 and not self.lifted

    @property
    def is_straight(self) -> bool:
        """Whether it is no arc."""
        return self.motion < 2

    @property
    def is_synchronous(self) -> bool:
        """Whether GRBL acknowledges it when the machine stands still: M codes, S, G4."""
        return any(word[0] in "MS" or word == ("G", 4.0) for word in words_of(self.text))

    @property
    def is_dwell(self) -> bool:
        """Whether it is a G4, which GRBL acknowledges when the machine stands still, always."""
        return ("G", 4.0) in words_of(self.text)

    @property
    def pauses(self) -> bool:
        """Whether the machine waits after it until a person lets it go on (M0)."""
        return ("M", 0.0) in words_of(self.text)


@dataclass(frozen=True)
class PenUp:
    """The lines that lift the pen.

    Attributes:
        lines: in order.
        z_down: whether Z grows downwards, so that the lifted pen has the least Z.
    """

    lines: tuple[str, ...]
    z_down: bool = False

    def __str__(self) -> str:
        return " ".join(self.lines)

    @cached_property
    def words(self) -> frozenset[Word]:
        """Words that move the pen, of the last line that has any; empty if none has."""
        return next((words for text in reversed(self.lines) if (words := pen_words(text))), _NONE)

    @property
    def is_spindle(self) -> bool:
        """Whether the spindle's output moves the pen, by M3, M4 or M5."""
        codes = {("M", 3.0), ("M", 4.0), ("M", 5.0)}
        return any(pen_words(text) & codes for text in self.lines)

    def is_lift(self, text: str) -> bool:
        """Return whether a line lifts the pen: the same words, the same S alone, a Z as high."""
        words = pen_words(text)
        if not self.words:
            return text in self.lines
        if not words:
            return False
        height, up = dict(words).get("Z"), dict(self.words).get("Z")
        if height is not None and up is not None:
            return height <= up if self.z_down else height >= up
        return words in (self.words, {word for word in self.words if word[0] != "M"})

    def ends_lifted(self, commands: Sequence[Command]) -> bool:
        """Return whether the pen is up after commands that begin with the pen up."""
        lifted, has_cut = True, False
        for command in commands:
            words = pen_words(command.text)
            lowers = words and words != _SPINDLE_OFF and not has_cut and command.stroke
            if self.is_lift(command.text):
                lifted = True
            elif command.is_cut or lowers:
                lifted = False
            has_cut = has_cut or command.is_cut
        return lifted


@dataclass(frozen=True, slots=True)
class Stroke:
    """The commands that draw one stroke, in order.

    Attributes:
        number: from 1.
        pen: name of the pen that draws it; empty if the file has none.
        travel: up to the last move of the lifted pen before the first cut.
        pen_down: from there to the first cut.
        cuts: from the first cut to the last.
        pen_up: all that follows.
    """

    number: int
    pen: str
    travel: tuple[Command, ...]
    pen_down: tuple[Command, ...]
    cuts: tuple[Command, ...]
    pen_up: tuple[Command, ...]

    @classmethod
    def of(cls, number: int, pen: str, commands: Sequence[Command]) -> "Stroke":
        """Divide the commands of a stroke into its four parts.

        Args:
            number: of the stroke, from 1.
            pen: name of the pen that draws it.
            commands: in order, at least one.
        """
        commands = tuple(commands)
        cuts = [i for i, command in enumerate(commands) if command.is_cut]
        first, last = (cuts[0], cuts[-1] + 1) if cuts else (len(commands), len(commands))
        moves = [i for i, command in enumerate(commands[:first]) if command.points]
        there = moves[-1] + 1 if moves else 0
        parts = (commands[:there], commands[there:first], commands[first:last], commands[last:])
        return cls(number, pen, *parts)

    @property
    def commands(self) -> tuple[Command, ...]:
        """All of its commands."""
        return (*self.travel, *self.pen_down, *self.cuts, *self.pen_up)

    @property
    def last_line(self) -> int:
        """Number of its last line in the file."""
        return max((command.line for command in self.commands), default=0)


@dataclass(frozen=True)
class Job:
    """A program that can be drawn, and gone on with at any of its strokes.

    Attributes:
        name: of its file, for messages.
        header: commands before the first stroke: units, pen up.
        strokes: numbered from 1; at least one.
        footer: commands behind the last stroke: pen up, travel home.
        pen_up: the lines that lift the pen.
        unit: "G21" for millimetres, "G20" for inches.
        digest: SHA-256 of the file.
        speeds: of the machine that the file is for, by names of `timing.Motion`; empty if the
            file does not have them.
    """

    name: str
    header: tuple[Command, ...]
    strokes: tuple[Stroke, ...]
    footer: tuple[Command, ...]
    pen_up: PenUp
    unit: str
    digest: str
    speeds: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """All commands, in order."""
        return (*self.header, *self.commands_from(1))

    def commands_from(self, stroke: int) -> tuple[Command, ...]:
        """Return the commands from a stroke on; one more than the last is the footer."""
        if stroke > len(self.strokes) + 1:
            return ()
        drawing = (command for s in self.strokes[stroke - 1 :] for command in s.commands)
        return (*drawing, *self.footer)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Least x, y and greatest x, y in mm; the origin is within, where the pen begins."""
        points = [point for command in self.commands for point in command.points]
        xs = [0.0, *(x for x, _ in points if not math.isnan(x))]
        ys = [0.0, *(y for _, y in points if not math.isnan(y))]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def first_left_down(self) -> Command | None:
        """The last command of the first stroke that ends with the pen down; None if none does.

        The header and the footer count as strokes.
        """
        parts = [self.header, *(stroke.commands for stroke in self.strokes), self.footer]
        return next((part[-1] for part in parts if not self.pen_up.ends_lifted(part)), None)

    def pen_of(self, stroke: int) -> str:
        """Return the name of the pen of a stroke, or of the last stroke in the footer."""
        return self.strokes[min(stroke, len(self.strokes)) - 1].pen if stroke else ""


def ink_lengths(job: Job) -> list[float]:
    """Return the mm that each stroke of a job draws."""
    lengths, position = [0.0] * len(job.strokes), (0.0, 0.0)
    for command in job.commands:
        for point in command.points:
            x, y = (q if math.isnan(p) else p for p, q in zip(point, position, strict=True))
            if command.is_cut:
                lengths[command.stroke - 1] += math.dist(position, (x, y))
            position = (x, y)
    return lengths


def count_strokes(count: int) -> str:
    """Write a number of strokes, as "1 stroke" or "40 strokes"."""
    return f"{count} stroke" + ("" if count == 1 else "s")


def sync_marks(job: Job, commands: Sequence[Command]) -> Iterator[Command]:
    """Yield commands with a mark, G4 P0, behind each stroke.

    GRBL acknowledges a move when it is planned, but a dwell when the machine stands still: the
    answer to a mark means that its stroke is drawn.

    Args:
        job: of the commands.
        commands: of the job, in order, from anywhere on.
    """
    for i, command in enumerate(commands):
        yield command
        following = commands[i + 1].stroke if i + 1 < len(commands) else -1
        if following != command.stroke:
            is_stroke = 1 <= command.stroke <= len(job.strokes)
            yield Command(command.line, "G4P0", command.stroke, ends_stroke=is_stroke)
