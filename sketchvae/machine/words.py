"""Words of G-code: a letter and a number each, as in `G1 X10.5`."""

import re
from functools import lru_cache

MM_PER_INCH = 25.4
MAX_LINE = 79  # characters of a line, without its newline, that GRBL 1.1 reads

Word = tuple[str, float]

_WORD = re.compile(r"([A-Z])([-+\d.]+)")
_FLOW = {0.0, 1.0, 2.0, 30.0}  # M codes that pause or end a program; every other M may move a pen


@lru_cache(maxsize=64)  # each line is split by several passes in a row
def words_of(text: str) -> tuple[Word, ...]:
    """Split a line into its words, in order."""
    return tuple([(letter, float(value)) for letter, value in _WORD.findall(text)])


def pen_words(text: str) -> frozenset[Word]:
    """Return the words of a line that may move the pen up or down: Z, S, and most M codes."""
    return frozenset(
        (letter, value)
        for letter, value in words_of(text)
        if letter in "ZS" or (letter == "M" and value not in _FLOW)
    )


def mm_per_unit(unit: str) -> float:
    """Return the millimetres in one unit of length: of "G20", inches, or "G21", millimetres."""
    return MM_PER_INCH if unit == "G20" else 1.0
