"""Quick, Draw! ndjson: a JSON object on each line is a drawing.

The field `drawing` is a list of strokes: [[x, ...], [y, ...]] in the simplified form,
[[x, ...], [y, ...], [t, ...]] in the raw form, t in milliseconds. The fields `word` and `key_id`
are read too, all others are ignored. Specification:
https://github.com/googlecreativelab/quickdraw-dataset#the-raw-moderated-dataset
"""

import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import FileFormatError
from sketchvae.polyline import Floats

MAX_LINE = 8 * 2**20  # characters of a line; MAX_POINTS raw points take about five million
MAX_JSON = 2**26  # bytes of a .json file, which is read as a whole
MAX_POINTS = 100_000  # points of a drawing; the longest of Quick, Draw! have a few thousand
MAX_COORDINATE = 1e6  # pixels; a raw canvas is a few thousand wide
MAX_TIME = 1e15  # milliseconds; times since 1970 are about 2e12

Refused = Callable[[FileFormatError], None] | None  # receives what is left out; None: raise it

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBERS = frozenset({int, float})  # exact types: a bool is an int to isinstance


def read(path: Path, refused: Refused = None) -> Iterator[Drawing]:
    """Read the drawings of an `.ndjson` or `.ndjson.gz` file one by one.

    Args:
        path: the file.
        refused: as for `read_lines`.

    Raises:
        FileFormatError: as `read_lines`, and if the file cannot be read or unpacked.
    """
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        # A byte that is not UTF-8 becomes a lone surrogate, so that the error can name its line.
        with opened(path, "rt", encoding="utf-8", errors="surrogateescape") as stream:
            yield from read_lines(stream, str(path), refused)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(
            f"{path}: cannot be read to its end ({reason}); copy or fetch the file again"
        ) from error


def read_lines(lines: Iterable[str], name: str, refused: Refused = None) -> Iterator[Drawing]:
    """Read one drawing from each line; blank lines are skipped.

    Memory holds one line at a time, of at most MAX_LINE characters. A drawing has at most
    MAX_POINTS points, each within MAX_COORDINATE of the origin.

    Args:
        lines: a text stream, or lines.
        name: name of the source for error messages.
        refused: receives the error of each bad line, which is left out; None raises the first.

    Raises:
        FileFormatError: for the first bad line, with its number; or if there is no drawing.
    """
    if isinstance(lines, io.TextIOBase):
        lines = iter(partial(lines.readline, MAX_LINE + 1), "")
    number, empty = 0, True
    try:
        for number, text in enumerate(lines, start=1):
            if number == 1:
                text = text.removeprefix("\ufeff")  # byte order mark, by Windows
            if text and not text.isspace():
                empty = False
                source = f"{name}, line {number}"
                yield from unless_refused(partial(_drawing_of_line, text, source), refused)
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{name}, after line {number}: must be UTF-8 ({error.reason}); save it as UTF-8"
        ) from error
    if empty:
        raise FileFormatError(f"{name}: holds no drawing; expected one JSON object a line")


def unless_refused(read_one: Callable[[], Drawing], refused: Refused) -> Iterator[Drawing]:
    """Yield a drawing; if it is bad, pass on the error, or raise it if nobody receives it.

    Args:
        read_one: returns the drawing.
        refused: as for `read_lines`.
    """
    try:
        drawing = read_one()
    except FileFormatError as error:
        if refused is None:
            raise
        refused(error)
        return
    yield drawing


def _drawing_of_line(text: str, source: str) -> Drawing:
    return drawing_of(parse_line(text, source), source)


def read_json(path: Path, refused: Refused = None) -> Iterator[Drawing]:
    """Read the drawings of a `.json` file.

    The file holds one drawing, as an object or as its list of strokes, or a list of such objects.
    Objects and strokes have the form of a line of ndjson.

    Args:
        path: the file.
        refused: as for `read_lines`, of each drawing of a list.

    Raises:
        FileFormatError: for the first bad drawing, with its number; if there is no drawing; or if
            the file cannot be read or has more than MAX_JSON bytes.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_JSON else None
    except OSError as error:
        raise FileFormatError(
            f"{path}: cannot be read ({error.strerror}); copy it again"
        ) from error
    if content is None:
        raise FileFormatError(f"{path}: must have at most {MAX_JSON} bytes, got more; use .ndjson")
    text = content.decode("utf-8-sig", errors="surrogateescape")
    records = _parse(text, str(path), "JSON (one object a line is .ndjson)")
    if not isinstance(records, list):
        records = [records]
    elif records and not isinstance(records[0], dict):
        records = [{"drawing": records}]
    if not records:
        raise FileFormatError(f"{path}: holds no drawing, the list is empty")
    for number, record in enumerate(records):
        source = str(path) if len(records) == 1 else f"{path}, drawing {number}"
        yield from unless_refused(partial(drawing_of, record, source), refused)


def line(drawing: Drawing) -> str:
    """Return a drawing as a line of ndjson, without the line break.

    Integers have no decimal point; other numbers have the fewest digits that give the same
    float64 again.

    Raises:
        FileFormatError: if `read_lines` would refuse the line.
    """
    return json.dumps(record_of(drawing), separators=(",", ":"))


def record_of(drawing: Drawing) -> dict[str, Any]:
    """Return a drawing as the JSON object of a line.

    `key_id` and times are left out if the drawing has none.

    Raises:
        FileFormatError: if `read_lines` would refuse the line.
    """
    record: dict[str, Any] = {"word": _checked_text(drawing.word, "word", "ndjson")}
    if drawing.key_id:
        record["key_id"] = _checked_text(drawing.key_id, "key_id", "ndjson")
    columns: list[Floats] = [s.T for s in drawing.strokes]
    if drawing.times is not None:
        columns = [np.vstack([c, t]) for c, t in zip(columns, drawing.times, strict=True)]
    _check_count(drawing.n_points, "ndjson")
    for index, stroke in enumerate(columns):
        _check_limits(stroke, f"ndjson, stroke {index}")
    record["drawing"] = [[_shortest(c) for c in stroke] for stroke in columns]
    return record


def _shortest(column: Floats) -> list[float]:
    return [int(v) if v.is_integer() else v for v in column.tolist()]


def drawing_of(record: object, source: str) -> Drawing:
    """Return the drawing of a record, the content of a line.

    Args:
        record: an object with the field `drawing`; `word` and `key_id` may be missing.
        source: file and line for error messages.

    Raises:
        FileFormatError: for anything else, or values out of range.
    """
    if not isinstance(record, dict):
        raise FileFormatError(
            f"{source}: must be a JSON object, got {_brief(record)}; correct or delete it"
        )
    entries = record.get("drawing")
    if not isinstance(entries, list):
        raise FileFormatError(
            f'{source}: must hold a list of strokes as "drawing", got {_brief(entries)}; '
            "is this a Quick, Draw! file?"
        )
    columns, ends = _columns(entries, source)
    strokes = [columns[:, start:end] for start, end in pairwise([0, *ends])]
    word = _checked_text(record.get("word", ""), "word", source)
    key_id = record.get("key_id", "")
    key_id = _checked_text(str(key_id) if type(key_id) is int else key_id, "key_id", source)
    times = [s[2] for s in strokes] if len(columns) == 3 else None
    return Drawing((s[:2].T for s in strokes), word, key_id, times)


def parse_line(text: str, source: str) -> object:
    """Return the content of a line of JSON.

    Args:
        text: at most MAX_LINE characters.
        source: file and line for error messages.

    Raises:
        FileFormatError: if it is too long, or no JSON.
    """
    if len(text) > MAX_LINE:
        raise FileFormatError(
            f"{source}: must have at most {MAX_LINE} characters, got more; "
            "is this an ndjson file, one drawing a line?"
        )
    return _parse(text, source, "one JSON object a line")


def _parse(text: str, source: str, expected: str) -> object:
    try:
        if not text.isascii():
            text.encode()
        return _DECODER.decode(text)
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) & 0xFF
        raise FileFormatError(
            f"{source}: must be UTF-8, got the byte 0x{byte:02x} in column {error.start + 1}; "
            "save the file as UTF-8"
        ) from error
    except RecursionError:
        raise FileFormatError(f"{source}: must be {expected}, got lists without end") from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        where = ""
        if isinstance(error, json.JSONDecodeError):
            where = f" in line {error.lineno}" if error.lineno > 1 else ""
            where += f" in column {error.colno}"
        raise FileFormatError(
            f"{source}: must be {expected}, got {_brief(text.strip())} "
            f"({reason}{where}); correct or delete it"
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _columns(entries: list[Any], source: str) -> tuple[Floats, list[int]]:
    """Check all strokes; return their columns and their ends.

    Columns are x, y and, in the raw form, t: (2 or 3, n_points). They are one array for the whole
    drawing, because making an array for each stroke takes most of the time of reading. The end of
    a stroke is the index behind its last point.
    """
    ends, n_points = [], 0
    for index, entry in enumerate(entries):
        n_points += _length(entry, f"{source}, stroke {index}")
        _check_count(n_points, source)
        ends.append(n_points)
    forms = {len(entry) for entry in entries}
    if len(forms) > 1:
        raise FileFormatError(
            f"{source}: must have times in all strokes or in none, got both; "
            "leave the third list out everywhere"
        )
    lists = [list(chain.from_iterable(part)) for part in zip(*entries, strict=True)]
    try:
        columns = np.array(lists or [[], []], dtype=np.float64)
    except OverflowError:  # an integer beyond any float
        columns = np.array([[np.inf], [np.inf]])
    _check_limits(columns, source)
    return columns, ends


def _length(entry: object, source: str) -> int:
    """Check one stroke; return the number of its points."""
    if not (isinstance(entry, list) and len(entry) in (2, 3) and all(map(_is_column, entry))):
        raise FileFormatError(
            f"{source}: must be [[x, ...], [y, ...]] or [[x, ...], [y, ...], [t, ...]] in numbers, "
            f"got {_brief(entry)}; correct or delete the line"
        )
    lengths = [len(column) for column in entry]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise FileFormatError(
            f"{source}: x, y (and t) must be equally long, with at least one point, "
            f"got {' and '.join(map(str, lengths))}; leave empty strokes out"
        )
    return lengths[0]


def _is_column(column: object) -> bool:
    return isinstance(column, list) and _NUMBERS.issuperset(map(type, column))


def _check_limits(columns: Floats, source: str) -> None:
    for values, limit, what in (
        (columns[:2], MAX_COORDINATE, "coordinates"),
        (columns[2:], MAX_TIME, "times"),
    ):
        within = np.abs(values) <= limit
        if not within.all():
            raise FileFormatError(
                f"{source}: {what} must lie between {-limit:.0f} and {limit:.0f}, "
                f"got {values[~within][0]:g}; scale the drawing down or leave it out"
            )


def _check_count(n_points: int, source: str) -> None:
    if n_points > MAX_POINTS:
        raise FileFormatError(
            f"{source}: must have at most {MAX_POINTS} points, got {n_points} or more; "
            "simplify the drawing or leave it out"
        )


def _checked_text(value: object, field: str, source: str) -> str:
    if not isinstance(value, str) or _UNPRINTABLE.search(value):
        raise FileFormatError(f"{source}: {field} must be printable text, got {_brief(value)}")
    return value


def _brief(value: object) -> str:
    """Return the beginning of a value for an error message, or the length of a container."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    return ascii(value if not isinstance(value, str) or len(value) <= 60 else f"{value[:57]}...")
