"""Latents from and to files: the suffix chooses the format. Shape letter: Z latent."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchvae.errors import SketchvaeError, check_suffix
from sketchvae.files import replacing

Array = NDArray[np.float32]

SUFFIXES = (".npy", ".csv", ".json")
_MOST_BYTES = 1 << 30  # of a file


def write(path: Path, latents: Array) -> None:
    """Write latents, (n, Z), one after another.

    A `.npy` file is an array of float32; a `.csv` file has a row of names (z1, z2, ...) and a
    row for each; a `.json` file is a list of lists. All of them read back as the same float32.

    Raises:
        SketchvaeError: if the suffix is unknown, or the file cannot be written.
    """
    suffix = check_path(path)
    with replacing(path) as beside:
        if suffix == ".npy":
            with beside.open("wb") as binary:
                np.save(binary, latents.astype(np.float32), allow_pickle=False)
            return
        rows = [[float(f"{value:.9g}") for value in row] for row in latents.tolist()]
        with beside.open("w", encoding="utf-8", newline="") as text:
            if suffix == ".json":
                text.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
                return
            table = csv.writer(text, lineterminator="\n")
            table.writerow(f"z{i + 1}" for i in range(latents.shape[1]))
            table.writerows(rows)


def read(path: Path, width: int) -> Array:
    """Read latents of Z = `width` numbers, (n, Z); a single one may stand without its list.

    No file can run code.

    Raises:
        SketchvaeError: if the file is missing or of another kind, has no latent, or one that
            has another width or a number that is not finite.
    """
    suffix = check_path(path)
    readers = {".npy": _read_npy, ".csv": _read_csv, ".json": _read_json}
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise SketchvaeError(f"{path}: must have at most {_MOST_BYTES} bytes, got {size}")
        rows = readers[suffix](path)
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror or error}); check the name"
        ) from error
    except SketchvaeError:
        raise
    except (ValueError, EOFError, RecursionError, csv.Error) as error:
        raise SketchvaeError(
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


Rows = Iterable[tuple[str, Sequence[Any]]]  # of each latent: where it stands, and its numbers


def _read_npy(path: Path) -> Rows:
    array = np.load(path, allow_pickle=False)
    if not (isinstance(array, np.ndarray) and array.ndim in (1, 2) and array.dtype.kind in "fiu"):
        raise ValueError("no array of numbers in rows")
    return [(f"latent {i + 1}", row) for i, row in enumerate(np.atleast_2d(array))]


def _read_csv(path: Path) -> Rows:
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


def _read_json(path: Path) -> Rows:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, list):
        raise ValueError("no list")
    lists = content if content and isinstance(content[0], list) else [content] if content else []
    for row in lists:
        if not isinstance(row, list) or not all(type(value) in (int, float) for value in row):
            raise ValueError("no list of lists of numbers")
    return [(f"latent {i + 1}", row) for i, row in enumerate(lists)]


def _checked(path: Path, rows: Rows, width: int) -> Array:
    latents = []
    for place, row in rows:
        if len(row) != width:
            raise SketchvaeError(
                f"{path}: {place}: must have {width} numbers, got {len(row)}; encode with the "
                "same model, or name it with --model"
            )
        try:
            with np.errstate(over="ignore"):  # infinity is refused below
                latent = np.array(row, dtype=np.float64).astype(np.float32)
        except (ValueError, OverflowError):
            latent = np.array([np.nan], dtype=np.float32)
        if not np.isfinite(latent).all():
            raise SketchvaeError(f"{path}: {place}: must be finite numbers; encode again")
        latents.append(latent)
    if not latents:
        raise SketchvaeError(f"{path}: must hold a latent, got none; encode a drawing")
    return np.stack(latents)
