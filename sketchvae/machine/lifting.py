"""Third pass over a file of G-code: what lifts the pen, and which moves are made with it up."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sketchvae.errors import SketchvaeError
from sketchvae.machine.comments import PenUpMark, parse_comment
from sketchvae.machine.job import Command, PenUp
from sketchvae.machine.tokens import WORDS, Line
from sketchvae.machine.words import MAX_LINE, Word, pen_words, words_of

Program = Sequence[tuple[Line, Command | None]]


def find_pen_up(program: Program, asked: tuple[str, ...] | None, name: str) -> PenUp:
    """Find the lines that lift the pen: given by a person, in a comment, or before a travel.

    Args:
        program: lines with their commands.
        asked: lines given by a person; None if there are none.
        name: of the file, for messages.

    Raises:
        SketchvaeError: if there is no ink, or nothing tells how the pen is lifted.
    """
    commands = [command for _, command in program if command is not None]
    if not any(command.is_cut for command in commands):
        raise SketchvaeError(f"{name}: must hold strokes, got none; choose another file")
    lift = _find_lines(program, commands, asked, name)
    heights = {z for command in commands for k, z in pen_words(command.text) if k == "Z"}
    up = dict(lift.words).get("Z")
    others = heights - {up}
    return replace(lift, z_down=up is not None and bool(others) and min(others) > up)


def _find_lines(
    program: Program, commands: Sequence[Command], asked: tuple[str, ...] | None, name: str
) -> PenUp:
    """Find the lines that lift the pen, as `find_pen_up`.

    Args:
        program: lines with their commands.
        commands: of the program.
        asked: lines given by a person; None if there are none.
        name: of the file, for messages.
    """
    texts = _declared(program) if asked is None else asked
    if asked is None and not texts:
        return _pen_up_of(_lift_before_travel(commands), name)
    lines = tuple("".join(text.split()).upper() for text in texts)
    for line in lines:
        if not WORDS.fullmatch(line) or len(line) > MAX_LINE:
            raise SketchvaeError(
                f"{name}: pen-up must be G-code, got {line[:60]!r}; try --pen-up M5"
            )
    return PenUp(lines)


def mark_lifted(program: Program, lift: PenUp) -> Iterator[tuple[Line, Command | None]]:
    """Yield a program whose moves with the pen up are marked: they are travels, even by G1.

    Before the first pen command the pen is up if that command lowers it.

    Args:
        program: lines with their commands.
        lift: what lifts the pen.
    """
    texts = (command.text for _, command in program if command is not None)
    first = next((text for text in texts if pen_words(text)), "")
    is_up = bool(first) and not lift.is_lift(first)
    for line, command in program:
        if command is None:
            yield line, None
            continue
        words = pen_words(command.text)
        before, is_up = is_up, lift.is_lift(command.text) if words else is_up
        # GRBL sets the spindle before the move of the same line, and moves Z along with it.
        during = before and is_up if any(letter == "Z" for letter, _ in words) else is_up
        yield line, replace(command, lifted=during)


def _declared(program: Program) -> tuple[str, ...]:
    """Return the lines of the comment that tells how the pen is lifted; empty without one."""
    marks = (parse_comment(text) for line, _ in program for text in line.comments)
    return next((mark.lines for mark in marks if isinstance(mark, PenUpMark)), ())


def _pen_up_of(words: Sequence[Word], name: str) -> PenUp:
    """Return the lift by the pen words of a line of the file.

    Args:
        words: in order; empty if no line lifts the pen.
        name: of the file, for messages.
    """
    if not words:
        raise SketchvaeError(
            f"{name}: does not say how the pen is lifted; say it, --pen-up M5 for instance"
        )
    height = dict(words).get("Z")
    if height is not None:
        return PenUp((f"G0Z{height:g}",))  # a reset forgets the feed that a G1 would need
    text = "".join(f"{letter}{value:g}" for letter, value in words)
    return PenUp((text if "M" in text else f"M3{text}",))


def _lift_before_travel(commands: Sequence[Command]) -> list[Word]:
    """Return the words of the last pen command before the first travel or behind the first ink.

    Empty if there is none, or the pen never moves.
    """
    if len({words for command in commands if (words := pen_words(command.text))}) < 2:
        return []
    travels = [i for i, command in enumerate(commands) if command.points and not command.is_cut]
    ink = next(i for i, command in enumerate(commands) if command.is_cut)
    first = min(travels[0], ink) if travels else ink
    second = next((i for i in travels if i > ink), len(commands))
    for begin, end in ((0, first), (ink, second)):
        for command in reversed(commands[begin:end]):
            if lift := pen_words(command.text):
                return [word for word in words_of(command.text) if word in lift]
    return []
