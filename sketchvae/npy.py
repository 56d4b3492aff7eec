"""Read NumPy's own files, whatever they hold: no code is run, no array made that the file lacks.

`numpy.load` allocates whatever size a header names, so that a file of 100 bytes can ask for 16 GB.
The format is that of NumPy's NEP 1: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import math
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 1 << 30  # of a file, and of a member of a zip when it is unpacked

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    rb"\{'descr': '(?P<type>[<>|=]?(?:b1|[iu][1248]|f[248])|[<>|=]?U\d{1,3})', "
    rb"'fortran_order': (?P<order>True|False), "
    rb"'shape': \((?P<shape>(?:[0-9]{1,18}+L?+,?+ ?+){0,8}+)\), \}\s*"
)
_UNREADABLE = (
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def parse_npy(content: bytes) -> NDArray[Any]:
    """Return the array of an `.npy` file: of numbers, booleans or text.

    Args:
        content: of the file.

    Raises:
        ValueError: if it is no such file, or is shorter than its header says.
    """
    wide = content[6:7] != b"\x01"  # of the field that has the length of the header
    start = 12 if wide else 10
    end = start + int.from_bytes(content[8:start], "little")
    header = _HEADER.fullmatch(content[start : min(end, start + 2**12)])
    if content[:6] != _MAGIC or header is None:
        raise ValueError("no .npy of numbers")
    shape = tuple(int(n) for n in re.findall(rb"\d+", header["shape"]))
    dtype, data = np.dtype(header["type"].decode()), memoryview(content)[end:]
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{len(data)} bytes for the shape {shape}")
    order: Literal["C", "F"] = "F" if header["order"] == b"True" else "C"
    return np.array(np.frombuffer(data, dtype).reshape(shape, order=order))  # one to write to


def read_npy(path: Path) -> NDArray[Any]:
    """Return the array of an `.npy` file.

    Raises:
        ValueError: as `parse_npy`, or if the file is larger than MAX_BYTES.
        OSError: if it cannot be read.
    """
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ValueError(f"{size} bytes, more than {MAX_BYTES}")
    return parse_npy(path.read_bytes())


def read_npz(path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
    """Return arrays of an `.npz` file.

    Args:
        path: of the file.
        names: of the arrays.

    Raises:
        ValueError: as `parse_npy`; if the file is no `.npz`, lacks one, or has one of more than
            MAX_BYTES.
        OSError: if it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [parse_npy(_member(archive, f"{name}.npy")) for name in names]
    except _UNREADABLE as error:
        raise ValueError(f"{error!s:.80}") from error  # zipfile's may quote a header of any length


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > MAX_BYTES:
        raise ValueError(f"{info.file_size} bytes, more than {MAX_BYTES}")
    with archive.open(info) as member:
        return member.read(info.file_size)  # not further, whatever the file says of its size
