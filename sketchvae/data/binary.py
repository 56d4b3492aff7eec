"""Quick, Draw! `.bin`: the simplified drawings of one category, packed.

Little-endian, drawing after drawing, with nothing before, between or behind them:
uint64 key_id, 2 bytes of country, int8 recognised, uint32 timestamp, uint16 strokes;
then for each stroke uint16 n, n x uint8 x, n x uint8 y. See
https://github.com/googlecreativelab/quickdraw-dataset#binary-files-bin.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sketchvae.data.ndjson import MAX_POINTS
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

_HEAD = struct.Struct("<Q2sbIH")
_COUNT = struct.Struct("<H")
_MOST = 2**16 - 1  # points a stroke, strokes a drawing
_NO_COUNTRY = b"ZZ"  # what ISO 3166 leaves to the user, for an unknown country


def read(path: Path, word: str = "") -> Iterator[Drawing]:
    """Read the drawings of a `.bin` file, one at a time.

    Args:
        path: the file.
        word: what its drawings show; the format does not hold it.

    Raises:
        SketchvaeError: as `read_stream`, or if the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            yield from read_stream(stream, str(path), word)
    except OSError as error:
        raise SketchvaeError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_stream(stream: BinaryIO, name: str, word: str = "") -> Iterator[Drawing]:
    """Read drawings from an open binary file until it ends; `name` is for errors.

    A key_id of 0 is none. Country, recognised and timestamp are passed over.

    Raises:
        SketchvaeError: with the drawing's number and its byte offset, if the file ends
            within a drawing or cannot be a `.bin`; or if it holds no drawing.
    """
    for key_id, blocks in _records(stream, name):
        strokes = (np.frombuffer(b, dtype=np.uint8).reshape(2, -1).T for b in blocks)
        yield Drawing(strokes, word, str(key_id) if key_id else "")


def count(stream: BinaryIO, name: str) -> int:
    """Check a whole open file against the format and count its drawings, building none.

    A drawing without a stroke counts as damage here: Quick, Draw! has none, and a run of
    zero bytes would pass for many.

    Raises:
        SketchvaeError: as `read_stream`.
    """
    number = 0
    for _, blocks in _records(stream, name):
        if not blocks:
            raise SketchvaeError(f"{name}: drawing {number} must have a stroke; fetch it again")
        number += 1
    return number


def record(drawing: Drawing) -> bytes:
    """Pack one drawing. The format has no room for its word and times.

    The country becomes "ZZ" (unknown), recognised 1, the timestamp 0, a missing key_id 0.

    Raises:
        SketchvaeError: if the drawing is not in simplified form, or too large for it.
    """
    if not drawing.is_simplified:
        raise SketchvaeError(
            f".bin holds only integers from 0 to 255, got {drawing!r}; "
            "bring it into simplified form first, with .simplified()"
        )
    longest = max([len(drawing.strokes), *map(len, drawing.strokes)])
    if longest > _MOST or drawing.n_points > MAX_POINTS:
        raise SketchvaeError(
            f".bin holds at most {_MOST} strokes of {_MOST} points, {MAX_POINTS} points together, "
            f"got {drawing!r}; simplify it first, with .simplified()"
        )
    parts = [_HEAD.pack(_key_number(drawing.key_id), _NO_COUNTRY, 1, 0, len(drawing.strokes))]
    for stroke in drawing.strokes:
        parts += [_COUNT.pack(len(stroke)), stroke.T.astype(np.uint8).tobytes()]
    return b"".join(parts)


def _key_number(key_id: str) -> int:
    if not key_id:
        return 0
    number = int(key_id) if key_id.isascii() and key_id.isdigit() and len(key_id) <= 20 else 0
    if str(number) != key_id or not 0 < number < 2**64:
        raise SketchvaeError(
            f".bin holds only a key_id that is a number from 1 to {2**64 - 1}, "
            f"got {key_id[:60]!a}; write .ndjson, or leave the key_id out"
        )
    return number


def _records(stream: BinaryIO, name: str) -> Iterator[tuple[int, list[bytes]]]:
    """Walk over the drawings: key_id, and for each stroke the bytes of all x, then all y."""
    offset = number = 0
    while head := stream.read(_HEAD.size):
        place = f"{name}: drawing {number} (at byte {offset})"
        _check_whole(head, _HEAD.size, place)
        key_id, _, recognised, _, n_strokes = _HEAD.unpack(head)
        if recognised not in (0, 1):
            raise SketchvaeError(
                f"{place}: recognised must be 0 or 1, got {recognised}; "
                "this is no Quick, Draw! .bin file, or a damaged one: fetch it again"
            )
        blocks = _blocks(stream, n_strokes, place)
        offset += _HEAD.size + sum(_COUNT.size + len(b) for b in blocks)
        yield key_id, blocks
        number += 1
    if not number:
        raise SketchvaeError(f"{name}: holds no drawing, not one byte; fetch or copy it again")


def _blocks(stream: BinaryIO, n_strokes: int, place: str) -> list[bytes]:
    blocks, n_points = [], 0
    for index in range(n_strokes):
        size = stream.read(_COUNT.size)
        _check_whole(size, _COUNT.size, place)
        (n,) = _COUNT.unpack(size)
        n_points += n
        if not n or n_points > MAX_POINTS:
            raise SketchvaeError(
                f"{place}: stroke {index} must have a point, and the drawing at most {MAX_POINTS}, "
                f"got {n} and {n_points}; the file is damaged: fetch it again"
            )
        block = stream.read(2 * n)
        _check_whole(block, 2 * n, place)
        blocks.append(block)
    return blocks


def _check_whole(data: bytes, size: int, place: str) -> None:
    if len(data) < size:
        raise SketchvaeError(
            f"{place}: is cut short, expected {size} more bytes, got {len(data)}; "
            "the file is incomplete: fetch or copy it again"
        )
