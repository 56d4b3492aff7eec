"""A job for a machine: strokes of commands that can be drawn one by one."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

INCH = 25.4  # mm
_WORD = re.compile(r"([A-Z])([-+\d.]+)")

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
    def waits(self) -> bool:
        """Whether it is acknowledged when the machine stands still: M3, M5, S, G4, M0."""
        words = words_of(self.text)
        return any(letter in "MS" or (letter, value) == ("G", 4.0) for letter, value in words)

    @property
    def pauses(self) -> bool:
        """Whether the machine waits here until a person lets it go on (M0)."""
        return ("M", 0.0) in words_of(self.text)


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
        return any(pen_words(text) & {("M", 3.0), ("M", 4.0), ("M", 5.0)} for text in self.pen_up)

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
        unit = INCH if self.unit == "G20" else 1.0
        for command in commands:
            path = [p for p in (place, *command.points) if p and not math.isnan(sum(p))]
            length = sum(math.dist(a, b) for a, b in pairwise(path))
            rate = command.feed * unit if command.inks else rapid
            times.append(command.dwell + 60 * length / max(rate, 1.0))
            place = path[-1] if path else None
        return times


def words_of(text: str) -> Words:
    """Split a line into its words."""
    return [(letter, float(value)) for letter, value in _WORD.findall(text)]


def pen_words(text: str) -> set[tuple[str, float]]:
    """Take those words out of a line that may move the pen up or down."""
    return {
        (letter, value)
        for letter, value in words_of(text)
        if letter in "ZS" or (letter == "M" and value not in {0, 1, 2, 30})
    }


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
