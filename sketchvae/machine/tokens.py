"""First pass over a file of G-code: lines of words and comments, and no word that is not sent."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sketchvae.errors import SketchvaeError
from sketchvae.machine.words import Word, words_of

LARGEST = 1e6  # of a number in a word

WORDS = re.compile(r"(?:[A-Z][-+]?(?>[0-9]++\.?[0-9]*+|\.[0-9]++))++")
_COMMENT = re.compile(r"\(([^()]*)\)")
_NEWLINE = re.compile(r"\r\n|\r|\n")  # not what else Unicode counts as one
_PROGRAM = re.compile(r"[%]|[O:]\d+")  # the marks at both ends of a tape, and a program's number
_LETTERS = set("GMXYZIJRFSPNT")
# Straight and curved moves, dwell, absolute millimetres or inches, and what is GRBL's default: no
# code that moves the origin or writes to the machine's memory.
_G_CODES: set[float] = {0, 1, 2, 3, 4, 17, 20, 21, 40, 49, 54, 61, 80, 90, 91.1, 94}
_M_CODES: set[float] = {0, 1, 2, 3, 4, 5, 8, 9, 30}  # of GRBL 1.1 as it is shipped
_M_ADVICE = {6.0: "put M0 in its place, at which the pen is changed"}
_MOTORS_OFF = {"M18", "M84"}  # of other firmwares, at the end of a file
_MOVING = set("XYZSIJR")  # letters of a line that moves the machine or its pen


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        number: from 1.
        comments: the text of each, without its brackets.
        text: the words, in upper case and without spaces; empty if there are none.
    """

    number: int
    comments: tuple[str, ...]
    text: str

    @property
    def words(self) -> tuple[Word, ...]:
        """The words, in order."""
        return words_of(self.text)


def refusal(name: str, number: int, what: str) -> SketchvaeError:
    """Return the error of one line of a file.

    Args:
        name: of the file.
        number: of the line.
        what: is wrong with it.
    """
    return SketchvaeError(f"{name}, line {number}: {what}")


def decode(content: bytes, name: str) -> str:
    """Return the text of a file in any encoding; only its comments may hold more than ASCII.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        SketchvaeError: if the content is no text.
    """
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "latin-1", "replace")
    text = text.removeprefix(codecs.BOM_UTF8.decode("latin-1")).rstrip("\x1a")  # the end in DOS
    if "\0" in text:
        raise SketchvaeError(f"{name}: must be G-code, got bytes that are no text")
    return text


def tokenize(text: str, name: str, own: Sequence[str] | None = ()) -> Iterator[Line]:
    """Yield the lines of a file.

    Args:
        text: of the file.
        name: of the file, for messages.
        own: pen commands whose M codes a person named, and which need not be GRBL's; None where
            `sketchvae plot` wrote the file, so that a person named all of them.

    Raises:
        SketchvaeError: if a line is no G-code, or has a word that must not be sent.
    """
    lines = [_split_line(line, name, number) for number, line in enumerate(_lines(text), 1)]
    last_move = max((i for i, (_, words) in enumerate(lines) if _MOVING & set(words)), default=0)
    m_codes = None if own is None else _M_CODES | _m_codes(own)
    for index, (comments, words) in enumerate(lines):
        is_motors_off = index > last_move and words in _MOTORS_OFF
        if words and not is_motors_off:
            _check_words(words, name, index + 1, m_codes)
        yield Line(index + 1, comments, "" if is_motors_off else words)


def _m_codes(texts: Sequence[str]) -> set[float]:
    """Return the M codes of pen commands."""
    return {value for text in texts for letter, value in words_of(text.upper()) if letter == "M"}


def _lines(text: str) -> list[str]:
    lines = _NEWLINE.split(text)
    return lines if lines[-1] else lines[:-1]


def _split_line(line: str, name: str, number: int) -> tuple[tuple[str, ...], str]:
    """Return the comments of a line and its words, in capitals and without spaces."""
    bare, nested = line, 1
    while nested:  # from the inner to the outer
        bare, nested = _COMMENT.subn("", bare)
    bare = bare.partition(";")[0]
    if "(" in bare:
        raise refusal(name, number, f"a comment must be closed, got {line.strip()[:60]!r}")
    words = "".join(bare.split()).upper()
    return tuple(_COMMENT.findall(line)), "" if _PROGRAM.fullmatch(words) else words


def _check_words(text: str, name: str, number: int, m_codes: set[float] | None) -> None:
    """Refuse a word that must not be sent.

    Args:
        text: of the line.
        name: of the file, for messages.
        number: of the line.
        m_codes: that are sent; None for any.
    """
    if text.startswith("$"):
        raise refusal(
            name,
            number,
            f"must be G-code, got {text[:40]}; settings are never written, leave it out",
        )
    if not WORDS.fullmatch(text):
        raise refusal(name, number, f"must be words such as G1 X10.5, got {text[:60]!r}")
    for letter, value in words_of(text):
        if letter not in _LETTERS or (letter == "G" and value not in _G_CODES):
            raise refusal(
                name,
                number,
                f"{letter}{value:g} is not sent: only absolute moves, pen commands and dwells "
                "are; take it out, or write the file with sketchvae plot",
            )
        if letter == "M" and m_codes is not None and value not in m_codes:
            raise refusal(
                name,
                number,
                f"GRBL 1.1 does not know M{value:g}; {_M_ADVICE.get(value, 'take it out')}, or "
                "name it in --pen-up if it moves the pen",
            )
        if abs(value) > LARGEST:
            raise refusal(name, number, f"{letter} must be {LARGEST:g} at most, got {value:g}")
