"""Errors that a user can fix, by kind, and the checks that every part needs."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from math import inf
from numbers import Integral, Real
from pathlib import Path


class SketchvaeError(ValueError):
    """An error that a user can fix.

    The message is one line: what was expected, what came, where, and what to do next. The command
    line prints it and exits with 1. Any other exception is a defect of sketchvae and keeps its
    traceback.

    An `except ValueError` catches these errors too: where it is there for another library, an
    `except SketchvaeError: raise` stands before it.

    Characters that do not print are escaped: a file may name itself, or hold, what moves a
    terminal's cursor.
    """

    def __init__(self, message: str = "") -> None:
        """Take the message."""
        super().__init__(_printable(message))


class FileFormatError(SketchvaeError):
    """A file does not hold what its format demands, or is damaged."""


class SuffixError(FileFormatError):
    """The name of a file ends in none of the suffixes that are read or written there."""


class RangeError(SketchvaeError):
    """A number is outside of its range, or not finite."""


class ArgumentError(SketchvaeError, TypeError):
    """A value is of another kind than the function takes."""


class MissingExtra(SketchvaeError):  # noqa: N818 - named after what is missing
    """A library is not installed that comes with an extra, see `install_command`."""


class ConflictError(SketchvaeError):
    """Something cannot be done in the present state, as a second job while one is running."""


class Interrupted(SketchvaeError):  # noqa: N818 - nothing went wrong
    """Work was stopped on request, by Ctrl-C or a signal, and can go on from there."""


class LeftOutWarning(UserWarning):
    """A file was read, but something in it was left out: one line with the file and the counts.

    The command line prints it; in Python it is an ordinary warning.
    """


def install_command(extra: str) -> str:
    """Return the command that adds an extra of sketchvae where it is installed: as it was itself.

    That is with uv or pipx in an environment of theirs, and else with pip, of this Python.
    """
    wanted, prefix = f"'sketchvae[{extra}]'", Path(sys.prefix)
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install {wanted}"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx runpip sketchvae install {wanted}"
    # An environment of uv has no pip. `find_spec` would ask setuptools too, which warns.
    if PathFinder.find_spec("pip") is None:
        return f"uv pip install --python {sys.executable} {wanted}"
    activated = os.environ.get("VIRTUAL_ENV") == sys.prefix
    return f"{'' if activated else f'{sys.executable} -m '}pip install {wanted}"


def check_range(
    name: str,
    value: float,
    low: float = -inf,
    high: float = inf,
    *,
    above: bool = False,
    whole: bool = False,
    unit: str = "",
    advice: str = "",
) -> None:
    """Refuse a number outside of [low, high], or of (low, high] with `above`; nan is outside.

    Args:
        name: what the number is, with its file where it has one: "the temperature".
        value: the number.
        low: least number.
        high: greatest number; infinity for no limit.
        above: whether the number must be above `low`.
        whole: whether it must be an integer.
        unit: what follows the limits: "mm wide".
        advice: what to do next, without a full stop.

    Raises:
        ArgumentError: if it is no number, or no integer where it must be one.
        RangeError: if the number is outside.
    """
    if not _is_number(value, whole):
        kind = "an integer" if whole else "a number"
        raise ArgumentError(f"{name} must be {kind}, got {abbreviate(value)}")
    if (low < value if above else low <= value) and value <= high:
        return
    if high == inf:
        limits = f"above {_plain(low)}" if above else f"{_plain(low)} or more"
    elif above:
        limits = f"above {_plain(low)} and at most {_plain(high)}"
    else:
        limits = f"from {_plain(low)} to {_plain(high)}"
    limits += f" {unit}" if unit else ""
    end = f"; {advice}" if advice else ""
    raise RangeError(f"{name} must be {limits}, got {value:g}{end}")


def check_suffix(
    path: Path, known: Sequence[str], what: str = "", example: str = "", *, advice: str = ""
) -> str:
    """Return the suffix of a file name, in small letters, if it is one of those known.

    Args:
        path: the file.
        known: suffixes with their dot, in the order of the message; ".ndjson.gz" is one.
        what: what the file is, with its article: "an animation"; empty to leave it out.
        example: a name to try, after an option if there is one: "-o sheep.svg". The stem of
            `path` takes the place of its stem.
        advice: what to do next, instead of an example.

    Raises:
        SuffixError: if it is none of them.
    """
    name = path.name.lower()
    for suffix in sorted(known, key=len, reverse=True):
        if name.endswith(suffix) and name != suffix:
            return suffix
    first, last = ", ".join(known[:-1]), known[-1]
    option, _, try_name = example.rpartition(" ")
    try_path = Path(try_name)
    try_name = f"{path.stem.strip('-') or try_path.stem}{try_path.suffix}"
    advice = advice or f"try {option} {try_name}".replace("  ", " ")
    raise SuffixError(
        f"{path}: {what}{' ' if what else ''}must end in {f'{first} or ' if first else ''}{last}, "
        f"got {path.suffix or 'no suffix'}; {advice}"
    )


def abbreviate(value: object, length: int = 60) -> str:
    """Return the repr of a value in one line, cut to a length, for an error message.

    Args:
        value: any value.
        length: greatest number of characters.
    """
    text = " ".join(repr(value).split())  # an array's repr has several lines
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _is_number(value: object, whole: bool) -> bool:
    return isinstance(value, Integral if whole else Real)


def _plain(value: float) -> str:
    """Write a limit in full up to 15 digits: 1e9 as 1000000000."""
    return f"{value:.15g}"
