"""First pass over a file of G-code: lines of words and comments, and no word that is not sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sketchvae.errors import SketchvaeError
from sketchvae.machine.words import Word, words_of

LARGEST = 1e6  # of a number in a word

WORDS = re.compile(r"(?:[A-Z][-+]?(?:\d+\.?\d*|\.\d+))+")
_COMMENT = re.compile(r"\(([^()]*)\)")
_LETTERS = set("GMXYZIJRFSPNT")
# Straight and curved moves, dwell, absolute millimetres or inches, and what is GRBL's default: no
# code that moves the origin or writes to the machine's memory.
_G_CODES = {0, 1, 2, 3, 4, 17, 20, 21, 40, 49, 54, 61, 80, 90, 91.1, 94}


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


def tokenize(text: str, name: str) -> Iterator[Line]:
    """Yield the lines of a file.

    Args:
        text: of the file.
        name: of the file, for messages.

    Raises:
        SketchvaeError: if a line is no G-code, or has a word that must not be sent.
    """
    for number, line in enumerate(text.splitlines(), 1):
        bare = _COMMENT.sub("", line).partition(";")[0]
        if "(" in bare or "\0" in line:
            raise refusal(name, number, f"a comment must be closed, got {line.strip()[:60]!r}")
        words = "".join(bare.split()).upper()
        words = "" if words == "%" else words  # the mark at both ends of a tape
        if words:
            _check_words(words, name, number)
        yield Line(number, tuple(_COMMENT.findall(line)), words)


def _check_words(text: str, name: str, number: int) -> None:
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
        if abs(value) > LARGEST:
            raise refusal(name, number, f"{letter} must be {LARGEST:g} at most, got {value:g}")
