"""Sketch-RNN `.npz`: the arrays `train`, `valid` and `test` of drawings in stroke-3.

This is the format of https://github.com/hardmaru/sketch-rnn-datasets and of Magenta's
`sketch_rnn`: a zip of `.npy` members (NumPy's NEP 1), each a pickled array of objects, which are
(n, 3) int16 arrays of rows dx, dy, lift. `sketchvae.data.unpickle` reads the pickles without
running them. Of drawings that are equally long NumPy may have made one array (drawings, n, 3).
"""

import pickle
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sketchvae.data.ndjson import MAX_COORDINATE, MAX_POINTS
from sketchvae.data.unpickle import PickledArray, PickledDtype, unpickle
from sketchvae.drawing import Drawing
from sketchvae.errors import FileFormatError, SketchvaeError
from sketchvae.files import replacing
from sketchvae.sequences import from_stroke3, to_stroke3

SPLITS = ("train", "valid", "test")
MAX_MEMBER = 2**28  # bytes of an unpacked member; the largest category takes about half

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA may allocate 4 GB at its start
_UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
_HEADER = re.compile(  # up to 999,999 drawings; the largest category has 340,000
    rb"\{'descr': '\|O', 'fortran_order': (?:True|False), 'shape': \(\d{1,6}L?,\), \}\s*"
)
_DENSE = re.compile(  # drawings of equal lengths
    rb"\{'descr': '(?P<type>[<>|](?:[iu][1248]|f[248])|\|O)', "
    rb"'fortran_order': (?P<order>True|False), "
    rb"'shape': \((?P<count>\d{1,6})L?, (?P<rows>\d{1,6})L?, 3L?\), \}\s*"
)
_CODES = frozenset({"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_NUMPY_2 = b"\x80\x03cnumpy._core."  # first bytes of a pickle by NumPy 2; NumPy 1 lacks the module
_NUMPY_1 = b"\x80\x03cnumpy.core."  # first bytes with a module that both have


def read(path: Path, splits: Sequence[str] = SPLITS, word: str = "") -> Iterator[Drawing]:
    """Read the drawings of the given splits in order.

    The origin is the first point of each drawing, which stroke-3 implies. Memory holds one split
    at a time, of at most MAX_MEMBER bytes.

    Args:
        path: the file.
        splits: names of the members to read; one that is missing is taken for empty.
        word: word of all drawings, which the format does not hold.

    Raises:
        FileFormatError: if the file is not an `.npz`; if all members are missing; if one is too
            large or holds anything else than drawings; or if all are empty.
    """
    empty = True
    for split in _held(path, splits):
        source, size = f"{path}, {split}", 0
        for index, array in enumerate(_arrays(_member(path, split), source)):
            empty = False
            rows = _rows(array, f"{source}: drawing {index}")
            size += rows.nbytes
            if size > MAX_MEMBER:  # a pickle may hold one array a million times
                raise FileFormatError(f"{source}: must have at most {MAX_MEMBER} bytes of drawings")
            yield _drawing(rows, f"{source}: drawing {index}", word)
    if empty:
        raise FileFormatError(f"{path}: holds no drawing in {', '.join(splits)}")


def write(path: Path, splits: Mapping[str, Iterable[Drawing]]) -> None:
    """Write a file that `np.load` of Magenta's `sketch_rnn` reads, under NumPy 1 and 2.

    The first point of each drawing moves to the origin, since stroke-3 holds offsets only. Words,
    key_ids and times are lost.

    Args:
        path: the file, which is replaced as a whole or not at all.
        splits: drawings by the name of their member, usually one of SPLITS.

    Raises:
        FileFormatError: if an offset is not an integer of 16 bits.
        SketchvaeError: if the file cannot be written.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as out:
        for split, drawings in splits.items():
            rows = [_int16(d, f"{split}: drawing {i}") for i, d in enumerate(drawings)]
            array = np.empty(
                len(rows), dtype=object
            )  # np.array(rows) would stack rows of equal shapes
            array[:] = rows
            data = pickle.dumps(array, protocol=3)
            if data.startswith(_NUMPY_2):
                data = _NUMPY_1 + data.removeprefix(_NUMPY_2)
            info = zipfile.ZipInfo(f"{split}.npy")  # without a time: same bytes each time
            info.compress_type = zipfile.ZIP_DEFLATED
            with out.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(
                    member, {"descr": "|O", "fortran_order": False, "shape": array.shape}
                )
                member.write(data)


def _int16(drawing: Drawing, source: str) -> NDArray[np.int16]:
    rows = to_stroke3(drawing)
    narrow = np.clip(rows, -(2**15), 2**15 - 1).astype(np.int16)
    if (narrow != rows).any():
        odd = rows[(narrow != rows).any(axis=1)][0, :2]
        raise FileFormatError(
            f"{source}: .npz holds offsets as integers of 16 bits, got {odd.tolist()}; "
            "round it first, with .rounded() or .simplified()"
        )
    return narrow


def _held(path: Path, splits: Sequence[str]) -> list[str]:
    """Return those of the splits that a file has."""
    with _archive(path) as archive:
        members = archive.namelist()
        names = [name.removesuffix(".npy") for name in members if name.endswith(".npy")]
    held = [split for split in splits if split in names]
    if not held:
        raise FileFormatError(
            f"{path}: must hold an array {splits[0]!r}, got {', '.join(names[:5])[:200]!a}; "
            "is this a sketch-rnn file?"
        )
    return held


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the file; an error within the block is one of the format."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except SketchvaeError:
        raise
    except _UNREADABLE as error:
        reason = getattr(error, "strerror", None) or f"{error!s:.80}"  # zipfile's are long
        raise FileFormatError(
            f"{path}: must be an .npz file ({reason}); copy or fetch the file again"
        ) from error


def _member(path: Path, split: str) -> bytes:
    """Return one member unpacked; its size is checked before."""
    with _archive(path) as archive:
        info = archive.getinfo(f"{split}.npy")
        if info.file_size > MAX_MEMBER or info.compress_type not in _COMPRESSIONS:
            raise FileFormatError(
                f"{path}, {split}: must have at most {MAX_MEMBER} bytes, stored or deflated, "
                f"got {info.file_size} in compression {info.compress_type}; split the file"
            )
        with archive.open(info) as member:
            return member.read(info.file_size + 1)  # a size bounds the memory


def _arrays(data: bytes, source: str) -> Sequence[object]:
    """Return the arrays of an `.npy` member, pickled or as they are."""
    if data[:6] != b"\x93NUMPY":
        raise FileFormatError(f"{source}: must be a NumPy array, got {data[:16]!r}")
    wide = data[6:7] != b"\x01"
    start = 12 if wide else 10
    end = start + int.from_bytes(data[8:start], "little")
    header = data[start : min(end, start + 2**16)]
    if dense := _DENSE.fullmatch(header):
        return list(_dense(dense, data[end:], source))
    if not _HEADER.fullmatch(header):
        raise FileFormatError(
            f"{source}: must be a one-dimensional array of objects, under a million (n, 3) arrays, "
            f"or one array (drawings, n, 3) of numbers, got {_said(header)}; save the drawings as "
            "sketch-rnn does"
        )
    array = unpickle(data[end:], source)
    match array:
        case PickledArray((_, (int(n),), PickledDtype("O8" | "O4" | "O"), _, list(items))) if (
            len(items) == n
        ):
            return items
    raise FileFormatError(f"{source}: must hold a one-dimensional array of drawings, got another")


def _said(header: bytes) -> str:
    """Name the type and the shape in a header for a message."""
    match = re.search(rb"'descr': '([^']{1,9})'.*'shape': (\([\d, ]{0,40}\))", header)
    if match is None:
        return "another header"
    return f"the type {match[1].decode('ascii', 'replace')} and the shape {match[2].decode()}"


def _dense(header: re.Match[bytes], content: bytes, source: str) -> NDArray[Any]:
    """Return the drawings of one array, (drawings, n, 3); rows of zeros at an end are left out."""
    shape = (int(header["count"]), int(header["rows"]), 3)
    order: Literal["C", "F"] = "F" if header["order"] == b"True" else "C"
    if shape[1] > MAX_POINTS:
        raise FileFormatError(f"{source}: must have at most {MAX_POINTS} rows, got {shape[1]}")
    size = int(np.prod(shape))
    if header["type"] == b"|O":
        match unpickle(content, source):
            case PickledArray((_, (*_,), PickledDtype("O8" | "O4" | "O"), _, list(items))) if len(
                items
            ) == size and _are_numbers(items):
                return np.array(items, dtype=np.float64).reshape(shape, order=order)
        raise FileFormatError(f"{source}: must hold {size} numbers, got something else")
    dtype = np.dtype(header["type"].decode())
    if len(content) != size * dtype.itemsize:
        raise FileFormatError(
            f"{source}: must have {size} numbers of {dtype}, got {len(content)} bytes"
        )
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def _are_numbers(items: list[object]) -> bool:
    """Return whether all items are numbers that fit into a float."""
    return all(type(item) in (int, float) and abs(item) <= 2**53 for item in items)  # type: ignore[arg-type]


def _drawing(rows: NDArray[Any], source: str, word: str) -> Drawing:
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
        away = np.abs(np.cumsum(rows[:, :2], axis=0, dtype=np.float64))
    if not (away <= MAX_COORDINATE).all():
        raise FileFormatError(
            f"{source}: points must be finite and within {MAX_COORDINATE:.0f} of the start, "
            f"got {away.max():g}; is this a sketch-rnn file?"
        )
    try:
        return from_stroke3(rows, word)
    except SketchvaeError as error:
        raise FileFormatError(f"{source}: {error}") from error


def _rows(array: object, source: str) -> NDArray[Any]:
    match array:
        case np.ndarray():  # of equally long drawings, the shorter may be filled up with zeros
            filled = np.flatnonzero((array != 0).any(axis=1))
            return array[: filled[-1] + 1 if len(filled) else 1]
        case PickledArray(
            (_, (int(n), 3), PickledDtype(str(code), "<" | ">" | "|" as order), fortran, data)
        ) if code in _CODES and isinstance(data, bytes | str):
            if n > MAX_POINTS:
                raise FileFormatError(f"{source}: must have at most {MAX_POINTS} rows, got {n}")
        case PickledArray((_, tuple(shape), *_)):
            raise FileFormatError(
                f"{source}: must be an array of numbers with columns dx, dy, lift, (n, 3), "
                f"got a shape of {len(shape)} numbers or another type"
            )
        case _:
            raise FileFormatError(f"{source}: must be an (n, 3) array, got {type(array).__name__}")
    dtype = np.dtype(f"{order}{code}")
    try:
        content = data.encode("latin1") if isinstance(data, str) else data
    except UnicodeEncodeError:
        content = b""
    if len(content) != n * 3 * dtype.itemsize:
        raise FileFormatError(f"{source}: must have {n} rows, got {len(content)} bytes of {dtype}")
    return np.frombuffer(content, dtype=dtype).reshape((n, 3), order="F" if fortran else "C")
