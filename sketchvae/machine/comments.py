"""Comments that divide a G-code file into strokes: written by `plot`, read by `send`.

(pen-up: M3 S60 | G4 P0.2)    the lines that lift the pen
(speeds: rapid 5000, acceleration 500)    of the machine that the file is for, in mm and min or s
(pen 2: red)                  the strokes below are drawn with pen 2, which is red
(stroke 3 of 40)              the lines below draw stroke 3
(end)                         the last stroke is complete
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sketchvae.machine.words import MAX_LINE

END = "(end)"
SEPARATOR = " | "  # between two lines of a pen command
# GRBL executes ! ? ~ and bytes above 0x7f even in a comment; ) ends one; $ ; % begin other things.
UNSAFE = re.compile(r"[^ -~]|[!?~()$;%|]")

_STROKE = re.compile(r"stroke ([0-9]{1,9}) of ([0-9]{1,9})")
_PEN = re.compile(r"pen (\d+:.*)")
_PEN_UP = "pen-up:"
_SPEEDS = "speeds:"
_SPEED = re.compile(r"([a-z]+(?:-[a-z]+)*) (\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class StrokeMark:
    """The beginning of a stroke.

    Attributes:
        number: of the stroke, from 1.
        count: strokes in the file.
    """

    number: int
    count: int


@dataclass(frozen=True, slots=True)
class PenMark:
    """A change of pens; `pen` is its number and colour, as "2: red"."""

    pen: str


@dataclass(frozen=True, slots=True)
class PenUpMark:
    """The lines that lift the pen."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpeedsMark:
    """Speeds and accelerations of the machine that the file is for: fields of `timing.Motion`."""

    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EndMark:
    """The end of the last stroke."""


Mark = StrokeMark | PenMark | PenUpMark | SpeedsMark | EndMark


def comment(text: str) -> str:
    """Return a text as a comment: what GRBL would act upon is blanked, what is too long cut."""
    return f"({UNSAFE.sub(' ', text)[: MAX_LINE - 2].strip()})"


def stroke_comment(number: int, count: int) -> str:
    """Return the comment above a stroke.

    Args:
        number: of the stroke, from 1.
        count: strokes in the file.
    """
    return f"(stroke {number} of {count})"


def pen_comment(number: int, colour: str) -> str:
    """Return the comment above the strokes of a pen.

    Args:
        number: of the pen, from 1.
        colour: of the pen.
    """
    return comment(f"pen {number}: {colour}")


def pen_up_comment(lines: Sequence[str]) -> str:
    """Return the comment that lists the lines which lift the pen."""
    return f"({_PEN_UP} {SEPARATOR.join(lines)})"


def speeds_comment(values: Mapping[str, float]) -> str:
    """Return the comment that has the speeds and accelerations of the machine, by name."""
    parts = (f"{name.replace('_', '-')} {value:.6g}" for name, value in values.items())
    return comment(f"{_SPEEDS} {', '.join(parts)}")


def split_commands(text: str) -> tuple[str, ...]:
    """Split the lines of a pen command at their `|`."""
    return tuple(part.strip() for part in text.split(SEPARATOR.strip()))


def is_marked(text: str) -> bool:
    """Return whether a file has a comment that begins a stroke."""
    return re.search(rf"\(\s*{_STROKE.pattern}\s*\)", text) is not None


def parse_comment(text: str) -> Mark | None:
    """Return what a comment, without its brackets, marks; None if it marks nothing."""
    text = text.strip()
    if match := _STROKE.fullmatch(text):
        return StrokeMark(int(match[1]), int(match[2]))
    if match := _PEN.fullmatch(text):
        return PenMark(match[1])
    if text.startswith(_PEN_UP):
        return PenUpMark(split_commands(text.removeprefix(_PEN_UP)))
    if text.startswith(_SPEEDS):
        found = _SPEED.findall(text.removeprefix(_SPEEDS))
        return SpeedsMark({name.replace("-", "_"): float(value) for name, value in found})
    return EndMark() if f"({text})" == END else None
