"""Quick, Draw! ndjson: one drawing a line, as a JSON object.

`drawing` holds one entry a stroke: [[x, ...], [y, ...]] in the simplified form, and
[[x, ...], [y, ...], [t, ...]] in the raw form, t in milliseconds. The specification is
https://github.com/googlecreativelab/quickdraw-dataset#the-raw-moderated-dataset. Of the
other fields `word` and `key_id` are read; the rest is passed over.
"""

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

MAX_LINE = 8 * 2**20  # characters; MAX_POINTS raw points at full precision need about five million
MAX_JSON = 2**26  # bytes of a file that is read whole
MAX_POINTS = 100_000  # of one drawing; the longest in Quick, Draw! stay far below
MAX_COORDINATE = 1e6  # pixels; a raw canvas is a few thousand wide
MAX_TIME = 1e15  # milliseconds; also room for times since 1970

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBERS = frozenset({int, float})  # exact types: a bool is an int to isinstance


def read(path: Path) -> Iterator[Drawing]:
    """Read the drawings of an `.ndjson` or `.ndjson.gz` file, one line at a time.

    Raises:
        SketchvaeError: as `read_lines`, or if the file cannot be read or unpacked.
    """
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        # A byte that is not UTF-8 becomes a lone surrogate, so that its own line is blamed.
        with opened(path, "rt", encoding="utf-8", errors="surrogateescape") as stream:
            yield from read_lines(stream, str(path))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise SketchvaeError(
            f"{path}: cannot be read to its end ({reason}); copy or fetch the file again"
        ) from error


def read_lines(lines: Iterable[str], name: str) -> Iterator[Drawing]:
    """Read one drawing a line; blank lines are skipped.

    Memory is bounded by one line: of a text stream no more than MAX_LINE characters are
    taken at once, and a drawing holds at most MAX_POINTS points within MAX_COORDINATE of
    the origin.

    Args:
        lines: a text stream, or any lines.
        name: what errors call the source, a file's name say.

    Raises:
        SketchvaeError: for the first bad line, by its number; or if no line holds a drawing.
    """
    if isinstance(lines, io.TextIOBase):
        lines = iter(partial(lines.readline, MAX_LINE + 1), "")
    number, empty = 0, True
    try:
        for number, text in enumerate(lines, start=1):
            if number == 1:
                text = text.removeprefix("\ufeff")  # the mark that Windows puts before UTF-8
            if text and not text.isspace():
                empty = False
                place = f"{name}, line {number}"
                yield _drawing(_parsed(text, place), place)
    except UnicodeDecodeError as error:
        raise SketchvaeError(
            f"{name}, after line {number}: must be UTF-8 ({error.reason}); save it as UTF-8"
        ) from error
    if empty:
        raise SketchvaeError(f"{name}: holds no drawing; expected one JSON object a line")


def read_json(path: Path) -> Iterator[Drawing]:
    """Read a `.json` file: a drawing as an object or as its list of strokes, or a list of objects.

    Objects and strokes are those of a line of ndjson.

    Raises:
        SketchvaeError: for the first bad drawing, by its number; if there is none; or if the
            file cannot be read or is larger than MAX_JSON.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_JSON else None
    except OSError as error:
        raise SketchvaeError(f"{path}: cannot be read ({error.strerror}); copy it again") from error
    if content is None:
        raise SketchvaeError(f"{path}: must have at most {MAX_JSON} bytes, got more; use .ndjson")
    text = content.decode("utf-8-sig", errors="surrogateescape")
    found = _decoded(text, str(path), "JSON (one object a line is .ndjson)")
    if not isinstance(found, list):
        found = [found]
    elif found and not isinstance(found[0], dict):
        found = [{"drawing": found}]
    if not found:
        raise SketchvaeError(f"{path}: holds no drawing, the list is empty")
    for number, record in enumerate(found):
        yield _drawing(record, str(path) if len(found) == 1 else f"{path}, drawing {number}")


def line(drawing: Drawing) -> str:
    """Write a drawing as one line, without the line break.

    Integers are written without a point, other numbers with the fewest digits that read
    back as the same float64. `key_id` and times are written if the drawing has them.

    Raises:
        SketchvaeError: if `read_lines` would refuse the line.
    """
    record: dict[str, Any] = {"word": _checked_text(drawing.word, "word", "ndjson")}
    if drawing.key_id:
        record["key_id"] = _checked_text(drawing.key_id, "key_id", "ndjson")
    columns: list[NDArray[np.float64]] = [s.T for s in drawing.strokes]
    if drawing.times is not None:
        columns = [np.vstack([c, t]) for c, t in zip(columns, drawing.times, strict=True)]
    _check_count(drawing.n_points, "ndjson")
    for index, stroke in enumerate(columns):
        _check_range(stroke, f"ndjson, stroke {index}")
    record["drawing"] = [[_shortest(c) for c in stroke] for stroke in columns]
    return json.dumps(record, separators=(",", ":"))


def _shortest(column: NDArray[np.float64]) -> list[float]:
    return [int(v) if v.is_integer() else v for v in column.tolist()]


def _drawing(record: object, place: str) -> Drawing:
    if not isinstance(record, dict):
        raise SketchvaeError(
            f"{place}: must be a JSON object, got {_brief(record)}; correct or delete it"
        )
    entries = record.get("drawing")
    if not isinstance(entries, list):
        raise SketchvaeError(
            f'{place}: must hold a list of strokes as "drawing", got {_brief(entries)}; '
            "is this a Quick, Draw! file?"
        )
    columns, ends = _columns(entries, place)
    strokes = [columns[:, start:end] for start, end in pairwise([0, *ends])]
    word = _checked_text(record.get("word", ""), "word", place)
    key_id = record.get("key_id", "")
    key_id = _checked_text(str(key_id) if type(key_id) is int else key_id, "key_id", place)
    times = [s[2] for s in strokes] if len(columns) == 3 else None
    return Drawing((s[:2].T for s in strokes), word, key_id, times)


def _parsed(text: str, place: str) -> object:
    if len(text) > MAX_LINE:
        raise SketchvaeError(
            f"{place}: must have at most {MAX_LINE} characters, got more; "
            "is this an ndjson file, one drawing a line?"
        )
    return _decoded(text, place, "one JSON object a line")


def _decoded(text: str, place: str, expected: str) -> object:
    try:
        if not text.isascii():
            text.encode()
        return _DECODER.decode(text)
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) & 0xFF
        raise SketchvaeError(
            f"{place}: must be UTF-8, got the byte 0x{byte:02x} in column {error.start + 1}; "
            "save the file as UTF-8"
        ) from error
    except RecursionError:
        raise SketchvaeError(f"{place}: must be {expected}, got lists without end") from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        where = ""
        if isinstance(error, json.JSONDecodeError):
            where = f" in line {error.lineno}" if error.lineno > 1 else ""
            where += f" in column {error.colno}"
        raise SketchvaeError(
            f"{place}: must be {expected}, got {_brief(text.strip())} "
            f"({reason}{where}); correct or delete it"
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _columns(entries: list[Any], place: str) -> tuple[NDArray[np.float64], list[int]]:
    """Check all strokes and give their x, y (and t), (2 or 3, n_points), and where each ends.

    One array for the drawing: an array a stroke would take most of the time.
    """
    ends, n_points = [], 0
    for index, entry in enumerate(entries):
        n_points += _length(entry, f"{place}, stroke {index}")
        _check_count(n_points, place)
        ends.append(n_points)
    forms = {len(entry) for entry in entries}
    if len(forms) > 1:
        raise SketchvaeError(
            f"{place}: must have times in all strokes or in none, got both; "
            "leave the third list out everywhere"
        )
    lists = [list(chain.from_iterable(part)) for part in zip(*entries, strict=True)]
    try:
        columns = np.array(lists or [[], []], dtype=np.float64)
    except OverflowError:  # an integer beyond any float
        columns = np.array([[np.inf], [np.inf]])
    _check_range(columns, place)
    return columns, ends


def _length(entry: object, place: str) -> int:
    """Check one stroke and count its points."""
    if not (isinstance(entry, list) and len(entry) in (2, 3) and all(map(_is_column, entry))):
        raise SketchvaeError(
            f"{place}: must be [[x, ...], [y, ...]] or [[x, ...], [y, ...], [t, ...]] in numbers, "
            f"got {_brief(entry)}; correct or delete the line"
        )
    lengths = [len(column) for column in entry]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise SketchvaeError(
            f"{place}: x, y (and t) must be equally long, with at least one point, "
            f"got {' and '.join(map(str, lengths))}; leave empty strokes out"
        )
    return lengths[0]


def _is_column(column: object) -> bool:
    return isinstance(column, list) and _NUMBERS.issuperset(map(type, column))


def _check_range(columns: NDArray[np.float64], place: str) -> None:
    for values, limit, what in (
        (columns[:2], MAX_COORDINATE, "coordinates"),
        (columns[2:], MAX_TIME, "times"),
    ):
        within = np.abs(values) <= limit
        if not within.all():
            raise SketchvaeError(
                f"{place}: {what} must lie between {-limit:.0f} and {limit:.0f}, "
                f"got {values[~within][0]:g}; scale the drawing down or leave it out"
            )


def _check_count(n_points: int, place: str) -> None:
    if n_points > MAX_POINTS:
        raise SketchvaeError(
            f"{place}: must have at most {MAX_POINTS} points, got {n_points} or more; "
            "simplify the drawing or leave it out"
        )


def _checked_text(value: object, field: str, place: str) -> str:
    if not isinstance(value, str) or _UNPRINTABLE.search(value):
        raise SketchvaeError(f"{place}: {field} must be printable text, got {_brief(value)}")
    return value


def _brief(value: object) -> str:
    """Show the beginning of a value without writing out all of it."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    return ascii(value if not isinstance(value, str) or len(value) <= 60 else f"{value[:57]}...")
