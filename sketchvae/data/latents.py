"""Read and write files of latents; the suffix chooses the format. Shape letters: n latents, Z."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sketchvae.errors import FileFormatError, SketchvaeError, check_suffix
from sketchvae.files import replacing
from sketchvae.npy import read_npy
from sketchvae.polyline import Floats32, to_float32

SUFFIXES = (".npy", ".csv", ".json")
_MAX_BYTES = 1 << 30  # size of a file


def write(path: Path, blocks: Iterable[Floats32]) -> tuple[int, int]:
    """Write latents to a file block by block; return their number and Z.

    A `.npy` file is a float32 array; a `.csv` file has a header (z1, z2, ...) and a row for each
    latent; a `.json` file is a list of lists. Each format keeps every float32 exactly.

    Args:
        path: the file; its suffix is one of SUFFIXES.
        blocks: one or more, each (n, Z) with n of 1 or more.

    Raises:
        SketchvaeError: if the suffix is another, or the file cannot be written.
    """
    writers = {".npy": _write_npy, ".csv": _write_csv, ".json": _write_json}
    write_all = writers[check_path(path)]
    with replacing(path) as temporary, temporary.open("w+b") as stream:
        return write_all(stream, blocks)


def _write_npy(stream: BinaryIO, blocks: Iterable[Floats32]) -> tuple[int, int]:
    number = width = 0
    for block in blocks:
        width = block.shape[1]
        if not number:
            _write_header(stream, 0, width)
        number += len(block)
        stream.write(block.astype("<f4").tobytes())
    stream.seek(0)
    _write_header(stream, number, width)  # as long as before: NumPy leaves room for the number
    return number, width


def _write_header(stream: BinaryIO, number: int, width: int) -> None:
    about = {"descr": "<f4", "fortran_order": False, "shape": (number, width)}
    np.lib.format.write_array_header_1_0(stream, about)


def _write_csv(stream: BinaryIO, blocks: Iterable[Floats32]) -> tuple[int, int]:
    number = width = 0
    for row in _rows(blocks):
        if not number:
            width = len(row)
            stream.write(",".join(f"z{i + 1}" for i in range(width)).encode() + b"\n")
        number += 1
        stream.write(",".join(map(str, row)).encode() + b"\n")
    return number, width


def _write_json(stream: BinaryIO, blocks: Iterable[Floats32]) -> tuple[int, int]:
    number = width = 0
    for row in _rows(blocks):
        stream.write(b",\n" if number else b"[\n")
        number, width = number + 1, len(row)
        stream.write(json.dumps(row).encode())
    stream.write(b"\n]\n")
    return number, width


def _rows(blocks: Iterable[Floats32]) -> Iterator[list[float]]:
    """Yield latents with the fewest digits that give the same float32."""
    for block in blocks:
        yield from ([float(f"{value:.9g}") for value in row] for row in block.tolist())


def read(path: Path, width: int) -> Floats32:
    """Read latents from a file, (n, Z); no file can run code.

    A `.npy` or `.json` file may hold a single latent as a plain row or list.

    Args:
        path: the file; its suffix is one of SUFFIXES.
        width: Z.

    Raises:
        FileFormatError: if the file is of another kind, holds no latent, or one of another width
            or with a number that is not finite.
        SketchvaeError: if the file is missing or cannot be read.
    """
    suffix = check_path(path)
    readers = {".npy": _read_npy, ".csv": _read_csv, ".json": _read_json}
    try:
        if (size := path.stat().st_size) > _MAX_BYTES:
            raise FileFormatError(f"{path}: must have at most {_MAX_BYTES} bytes, got {size}")
        rows = readers[suffix](path)
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror or error}); check the name"
        ) from error
    except SketchvaeError:
        raise
    except (ValueError, EOFError, RecursionError, csv.Error) as error:
        raise FileFormatError(
            f"{path}: must hold latents as 'sketchvae encode' writes them, got something else or "
            f"a damaged file ({' '.join(str(error).split()):.100}); encode again"
        ) from error
    return _checked(path, rows, width)


def check_path(path: Path) -> str:
    """Return the suffix of a file of latents, one of SUFFIXES.

    Raises:
        SuffixError: if it is none of them.
    """
    return check_suffix(path, SUFFIXES, "latents", "latents.npy")


_Rows = Iterable[tuple[str, Sequence[Any]]]  # for each latent its line or number, and its values


def _read_npy(path: Path) -> _Rows:
    array = read_npy(path)
    if not (array.ndim in (1, 2) and array.dtype.kind in "fiu"):
        raise ValueError("no array of numbers in rows")
    return [(f"latent {i + 1}", row) for i, row in enumerate(np.atleast_2d(array))]


def _read_csv(path: Path) -> _Rows:
    with path.open(encoding="utf-8-sig", newline="") as text:
        table = csv.reader(text)
        rows = [(f"line {table.line_num}", row) for row in table if row]
    return rows[1:] if rows and not _is_number(rows[0][1][0]) else rows


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_json(path: Path) -> _Rows:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, list):
        raise ValueError("no list")
    lists = content if content and isinstance(content[0], list) else [content] if content else []
    for row in lists:
        if not isinstance(row, list) or not all(type(value) in (int, float) for value in row):
            raise ValueError("no list of lists of numbers")
    return [(f"latent {i + 1}", row) for i, row in enumerate(lists)]


def _checked(path: Path, rows: _Rows, width: int) -> Floats32:
    latents = []
    for source, row in rows:
        if len(row) != width:
            raise FileFormatError(
                f"{path}: {source}: must have {width} numbers, got {len(row)}; encode with the "
                "same model, or name it with --model"
            )
        try:
            latent = to_float32(row)
        except (ValueError, OverflowError):
            latent = np.array([np.nan], dtype=np.float32)
        if not np.isfinite(latent).all():
            raise FileFormatError(f"{path}: {source}: must be finite numbers; encode again")
        latents.append(latent)
    if not latents:
        raise FileFormatError(f"{path}: must hold a latent, got none; encode a drawing")
    return np.stack(latents)
