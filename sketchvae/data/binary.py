"""Quick, Draw! `.bin`: the drawings of one category in simplified form.

A file is a sequence of drawings and nothing else, little-endian. A drawing is

    uint64 key_id, 2 bytes country, int8 recognised, uint32 timestamp, uint16 number of strokes,
    and for each stroke uint16 n, n x uint8 x, n x uint8 y.

Specification: https://github.com/googlecreativelab/quickdraw-dataset#binary-files-bin
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sketchvae.data.ndjson import MAX_POINTS
from sketchvae.drawing import Drawing
from sketchvae.errors import FileFormatError, SketchvaeError

_HEAD = struct.Struct("<Q2sbIH")
_COUNT = struct.Struct("<H")
_MAX_COUNT = 2**16 - 1  # points of a stroke, and strokes of a drawing: both are uint16
_NO_COUNTRY = b"ZZ"  # unknown country: a code that ISO 3166 assigns to none


def read(path: Path, word: str = "") -> Iterator[Drawing]:
    """Read the drawings of a `.bin` file one by one.

    Args:
        path: the file.
        word: word of all drawings, which the format does not hold.

    Raises:
        FileFormatError: as `read_stream`.
        SketchvaeError: if the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            yield from read_stream(stream, str(path), word)
    except OSError as error:
        raise SketchvaeError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_stream(stream: BinaryIO, name: str, word: str = "") -> Iterator[Drawing]:
    """Read drawings from an open binary file until its end.

    A key_id of 0 means none. Country and timestamp are ignored; recognised must be 0 or 1, and is
    ignored too.

    Args:
        stream: the open file.
        name: name of the file for error messages.
        word: word of all drawings.

    Raises:
        FileFormatError: if the file ends within a drawing, cannot be a `.bin`, or has no drawing;
            with the number of the drawing and its byte offset.
    """
    for key_id, blocks in _records(stream, name):
        strokes = (np.frombuffer(b, dtype=np.uint8).reshape(2, -1).T for b in blocks)
        yield Drawing(strokes, word, str(key_id) if key_id else "")


def count(stream: BinaryIO, name: str) -> int:
    """Check a whole file against the format; return the number of its drawings.

    A drawing without a stroke is an error here: Quick, Draw! has none, and zero bytes would pass
    for many of them.

    Args:
        stream: the open file.
        name: name of the file for error messages.

    Raises:
        FileFormatError: as `read_stream`.
    """
    number = 0
    for _, blocks in _records(stream, name):
        if not blocks:
            raise FileFormatError(f"{name}: drawing {number} must have a stroke; fetch it again")
        number += 1
    return number


def record(drawing: Drawing) -> bytes:
    """Return a drawing as the bytes of a `.bin` file; its word and times are lost.

    Country is "ZZ" (unknown), recognised 1, timestamp 0, and key_id 0 if the drawing has none.

    Raises:
        FileFormatError: if the drawing is not in simplified form or too large for the format, or
            its key_id is not a number from 1 to 2**64 - 1.
    """
    if not drawing.is_simplified:
        raise FileFormatError(
            f".bin holds only integers from 0 to 255, got {drawing!r}; "
            "bring it into simplified form first, with .simplified()"
        )
    greatest = max([len(drawing.strokes), *map(len, drawing.strokes)])
    if greatest > _MAX_COUNT or drawing.n_points > MAX_POINTS:
        raise FileFormatError(
            f".bin holds at most {_MAX_COUNT} strokes of {_MAX_COUNT} points, "
            f"{MAX_POINTS} points together, got {drawing!r}; simplify it first, with .simplified()"
        )
    parts = [_HEAD.pack(_key_number(drawing.key_id), _NO_COUNTRY, 1, 0, len(drawing.strokes))]
    for stroke in drawing.strokes:
        parts += [_COUNT.pack(len(stroke)), stroke.T.astype(np.uint8).tobytes()]
    return b"".join(parts)


def _key_number(key_id: str) -> int:
    """Return a key_id as a uint64, 0 for none; refuse what is no number from 1 to 2**64 - 1."""
    if not key_id:
        return 0
    number = int(key_id) if key_id.isascii() and key_id.isdigit() and len(key_id) <= 20 else 0
    if str(number) != key_id or not 0 < number < 2**64:
        raise FileFormatError(
            f".bin holds only a key_id that is a number from 1 to {2**64 - 1}, "
            f"got {key_id[:60]!a}; write .ndjson, or leave the key_id out"
        )
    return number


def _records(stream: BinaryIO, name: str) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the key_id of each drawing, and for each stroke the bytes of its x, then its y."""
    offset = number = 0
    while head := stream.read(_HEAD.size):
        source = f"{name}: drawing {number} (at byte {offset})"
        _check_whole(head, _HEAD.size, source)
        key_id, _, recognised, _, n_strokes = _HEAD.unpack(head)
        if recognised not in (0, 1):
            raise FileFormatError(
                f"{source}: recognised must be 0 or 1, got {recognised}; "
                "this is no Quick, Draw! .bin file, or a damaged one: fetch it again"
            )
        blocks = _blocks(stream, n_strokes, source)
        offset += _HEAD.size + sum(_COUNT.size + len(b) for b in blocks)
        yield key_id, blocks
        number += 1
    if not number:
        raise FileFormatError(f"{name}: holds no drawing, not one byte; fetch or copy it again")


def _blocks(stream: BinaryIO, n_strokes: int, source: str) -> list[bytes]:
    """Read the strokes of one drawing, for each the bytes of x and then of y.

    A stroke without a point, too many points and a file that is cut off are refused.
    """
    blocks, n_points = [], 0
    for index in range(n_strokes):
        size = stream.read(_COUNT.size)
        _check_whole(size, _COUNT.size, source)
        (n,) = _COUNT.unpack(size)
        n_points += n
        if not n or n_points > MAX_POINTS:
            raise FileFormatError(
                f"{source}: stroke {index} must have a point, and the drawing at most "
                f"{MAX_POINTS}, got {n} and {n_points}; the file is damaged: fetch it again"
            )
        block = stream.read(2 * n)
        _check_whole(block, 2 * n, source)
        blocks.append(block)
    return blocks


def _check_whole(data: bytes, size: int, source: str) -> None:
    if len(data) < size:
        raise FileFormatError(
            f"{source}: is cut short, expected {size} more bytes, got {len(data)}; "
            "the file is incomplete: fetch or copy it again"
        )
