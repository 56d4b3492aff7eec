"""Kaggle's Quick, Draw! CSV: a table with a drawing in each row.

The column `drawing` holds a list of strokes in JSON, as the field of that name in ndjson does, in
the simplified or the raw form. The columns `word` and `key_id` are read too, where they are; all
others (countrycode, recognized, timestamp) are ignored.
Specification: https://www.kaggle.com/c/quickdraw-doodle-recognition/data
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sketchvae.data.ndjson import MAX_LINE, Refused, drawing_of, parse_line, unless_refused
from sketchvae.drawing import Drawing
from sketchvae.errors import FileFormatError

COLUMN = "drawing"


def read(path: Path, refused: Refused = None) -> Iterator[Drawing]:
    """Read the drawings of a `.csv` file one by one.

    Args:
        path: the file.
        refused: as for `ndjson.read_lines`, of each row.

    Raises:
        FileFormatError: for the first bad row, with its line; if there is no column `drawing`, or
            no drawing; or if the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            yield from _rows(csv.DictReader(stream, strict=True), str(path), refused)
    except OSError as error:
        raise FileFormatError(
            f"{path}: cannot be read to its end ({error.strerror or error}); copy it again"
        ) from error


def has_drawings(path: Path) -> bool:
    """Return whether the first line of a CSV names a column `drawing`; no file has none."""
    try:
        with path.open("rb") as stream:
            head = stream.readline(4096).decode("utf-8-sig", "replace")
    except OSError:
        return False
    return COLUMN in [name.strip(' "\r\n') for name in head.split(",")]


def _rows(table: "csv.DictReader[str]", name: str, refused: Refused) -> Iterator[Drawing]:
    columns, empty = _columns(table, name), True
    if COLUMN not in columns:
        raise FileFormatError(
            f"{name}: must have a column {COLUMN!r}, got {', '.join(columns)[:60]!a}; is this "
            "Kaggle's Quick, Draw! table? A CSV of latents is read by decode, combine and morph"
        )
    while row := _next_row(table, name):
        empty = False
        source = f"{name}, line {table.line_num}"
        yield from unless_refused(partial(_drawing_of_row, row, source), refused)
    if empty:
        raise FileFormatError(f"{name}: holds no drawing, only the names of columns")


def _drawing_of_row(row: dict[str, str], source: str) -> Drawing:
    strokes = parse_line(row[COLUMN] or "", source)
    word, key_id = row.get("word") or "", row.get("key_id") or ""
    return drawing_of({"drawing": strokes, "word": word, "key_id": key_id}, source)


def _columns(table: "csv.DictReader[str]", name: str) -> Sequence[str]:
    with _limits(table, name):
        return table.fieldnames or []


def _next_row(table: "csv.DictReader[str]", name: str) -> dict[str, str] | None:
    """Return the next row; None after the last."""
    with _limits(table, name):
        return next(table, None)


@contextmanager
def _limits(table: "csv.DictReader[str]", name: str) -> Iterator[None]:
    """Read lines that are as long as a drawing; an error of the table names its line."""
    limit = csv.field_size_limit(MAX_LINE)  # the default is less than a long drawing
    try:
        yield
    except csv.Error as error:
        line = table.reader.line_num
        raise FileFormatError(
            f"{name}, line {line}: must be CSV ({error}); correct or delete it"
        ) from error
    finally:
        csv.field_size_limit(limit)  # of the whole process
