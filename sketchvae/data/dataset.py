"""The packed set: all drawings of a training set in one memory-mapped file.

The file is a safetensors file (https://github.com/huggingface/safetensors#format):
eight bytes of header length, a JSON header, then the raw arrays. Opening it reads
the header alone, whatever its size; a drawing costs the pages it lies on.

    points  (N, 3) uint8   x, y, lift: every point of every drawing, in drawing order
    starts  (B + 1,) int64 drawing i owns points[starts[i]:starts[i + 1]]
    keys    (B,) uint64    hash of the drawing's content: places it in a split
    words   (B,) uint16    index into the list of words in the header
"""

import json
import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing

Split = Literal["train", "valid", "test"]
Points = NDArray[np.uint8]

FORMAT = "sketchvae-packed-1"
SUFFIX = ".drawings"
_MAX_HEADER = 1 << 24  # bytes; words and sources are the only parts that grow
_MAX_WORDS = 1 << 16  # what uint16 can tell apart
_ARRAYS: dict[str, tuple[str, str, tuple[int, ...]]] = {  # safetensors dtype, ours, a row's shape
    "starts": ("I64", "<i8", ()),
    "keys": ("U64", "<u8", ()),
    "words": ("U16", "<u2", ()),
    "points": ("U8", "u1", (3,)),
}


@dataclass(frozen=True)
class SplitFractions:
    """What part of the hashes goes to validation and to the test, 0 to 1; the rest trains."""

    valid: float = 0.05
    test: float = 0.05

    def __post_init__(self) -> None:
        if not (self.valid >= 0 and self.test >= 0 and self.valid + self.test < 1):
            raise SketchvaeError(
                "the shares of validation and test must be 0 or more and add up to less than 1, "
                f"got {self.valid:g} and {self.test:g}"
            )


@dataclass(frozen=True)
class PackedDataset:
    """A packed set, open. The arrays are memory-mapped and read-only.

    Attributes:
        path: the file.
        points: (N, 3) uint8: x, y and whether the pen lifts after the point.
        starts: (B + 1,) int64, the first point of each drawing.
        keys: (B,) uint64, the hash of each drawing.
        words: the word of each drawing, as (B,) uint16 into `vocabulary`.
        vocabulary: the words that occur.
        fractions: how the keys fall into train, valid and test.
        sources: the names of the files that were imported.
    """

    path: Path
    points: Points
    starts: NDArray[np.int64]
    keys: NDArray[np.uint64]
    words: NDArray[np.uint16]
    vocabulary: tuple[str, ...]
    fractions: SplitFractions
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Drawing:
        word = int(self.words[index])
        if word >= len(self.vocabulary):
            raise SketchvaeError(
                f"{self.path}: the word of drawing {index} must be below {len(self.vocabulary)}, "
                f"got {word}; the file is damaged, import it again"
            )
        return from_points(self.points_of(index), self.vocabulary[word])

    def __iter__(self) -> Iterator[Drawing]:
        return (self[i] for i in range(len(self)))

    def points_of(self, index: int) -> Points:
        """Return the points of a drawing, (n, 3) uint8.

        Raises:
            SketchvaeError: if the file says that they lie outside of it.
            IndexError: if there is no such drawing; a negative index counts from the end.
        """
        index = range(len(self))[index]
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        if not 0 <= first <= last <= len(self.points):
            raise SketchvaeError(
                f"{self.path}: drawing {index} must lie within {len(self.points)} points, "
                f"got {first} to {last}; the file is damaged, import it again"
            )
        return self.points[first:last]

    def split(self, name: Split) -> NDArray[np.int64]:
        """Return the indices of the drawings in a split; a drawing never changes its split."""
        place = self.keys / np.float64(2**64)  # uniform in [0, 1)
        in_test = place < self.fractions.test
        in_valid = ~in_test & (place < self.fractions.test + self.fractions.valid)
        chosen = {"test": in_test, "valid": in_valid, "train": ~in_test & ~in_valid}[name]
        return np.flatnonzero(chosen)


def key_of(points: Points) -> int:
    """Hash a drawing's points, (n, 3) uint8, to 64 bits: equal drawings, equal splits."""
    return int.from_bytes(blake2b(points.tobytes(), digest_size=8).digest(), "little")


def pack(
    drawings: Iterable[Drawing],
    path: Path,
    *,
    sources: Iterable[str] = (),
    fractions: SplitFractions = SplitFractions(),
) -> int:
    """Write a packed set and return the number of drawings in it.

    A drawing that is not in simplified form is brought into it. Memory does not grow
    with the set: the arrays are gathered in temporary files beside `path`.

    Raises:
        SketchvaeError: if there is no drawing, there are too many words, or the file
            cannot be written.
    """
    vocabulary: dict[str, int] = {}
    n_points = n_drawings = 0
    with replacing(path) as beside, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        parts = {name: Path(folder, name) for name in ("starts", "keys", "words", "points")}
        with ExitStack() as stack:  # closes all, even where the disk is too full for one
            files = {name: stack.enter_context(part.open("wb")) for name, part in parts.items()}
            files["starts"].write(struct.pack("<q", 0))
            for drawing in drawings:
                points = to_points(drawing)
                n_drawings, n_points = n_drawings + 1, n_points + len(points)
                word = vocabulary.setdefault(drawing.word, len(vocabulary))
                if word >= _MAX_WORDS:
                    raise SketchvaeError(
                        f"{path}: a packed set must hold at most {_MAX_WORDS} different words, "
                        "got more; pack the drawings into several sets"
                    )
                files["points"].write(points.tobytes())
                files["starts"].write(struct.pack("<q", n_points))
                files["keys"].write(struct.pack("<Q", key_of(points)))
                files["words"].write(struct.pack("<H", word))
        if not n_drawings:
            raise SketchvaeError(f"{path}: a packed set must hold a drawing, got none to import")
        header = _header(n_points, n_drawings, tuple(vocabulary), tuple(sources), fractions)
        if len(header) > _MAX_HEADER:
            raise SketchvaeError(
                f"{path}: words and names of sources must take at most {_MAX_HEADER} bytes "
                f"together, got {len(header)}; pack the drawings into several sets"
            )
        with beside.open("wb") as out:
            out.write(header)
            for part in parts.values():
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out)
    return n_drawings


def to_points(drawing: Drawing) -> Points:
    """Return x, y, lift of a drawing as (n, 3) uint8; see `Drawing.in_simplified_form`."""
    simple = drawing.in_simplified_form()
    points = np.zeros((simple.n_points, 3), dtype=np.uint8)
    points[:, :2] = simple.points
    points[np.cumsum([len(s) for s in simple.strokes], dtype=int) - 1, 2] = 1
    return points


def from_points(points: Points, word: str = "") -> Drawing:
    """Return the drawing whose points, (n, 3): x, y, lift, `to_points` gives."""
    cuts = np.flatnonzero(points[:-1, 2]) + 1
    return Drawing(np.split(points[:, :2], cuts) if len(points) else [], word=word)


def _header(
    n_points: int,
    n_drawings: int,
    vocabulary: tuple[str, ...],
    sources: tuple[str, ...],
    fractions: SplitFractions,
) -> bytes:
    """Build a safetensors header for the arrays, in the order in which they are written."""
    layout: dict[str, Any] = {
        "__metadata__": {
            "format": FORMAT,
            "vocabulary": json.dumps(vocabulary),
            "sources": json.dumps(sources),
            "valid": repr(float(fractions.valid)),
            "test": repr(float(fractions.test)),
        }
    }
    rows = {"starts": n_drawings + 1, "keys": n_drawings, "words": n_drawings, "points": n_points}
    end = 0
    for name, (kind, dtype, row) in _ARRAYS.items():
        size = rows[name] * np.dtype((dtype, row)).itemsize
        shape = [rows[name], *row]
        layout[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(layout).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def open_packed(path: Path) -> PackedDataset:
    """Open a packed set; reads the header alone.

    Raises:
        SketchvaeError: if the file is missing, of another kind, or cut short.
    """
    try:
        header, start = _read_header(path)
        meta = header["__metadata__"]
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']!r}")
        arrays = {name: _mapped(path, header[name], start, *_ARRAYS[name]) for name in _ARRAYS}
        packed = PackedDataset(
            path=path,
            points=arrays["points"],
            starts=arrays["starts"],
            keys=arrays["keys"],
            words=arrays["words"],
            vocabulary=_names(meta["vocabulary"]),
            fractions=SplitFractions(float(meta["valid"]), float(meta["test"])),
            sources=_names(meta["sources"]),
        )
        if not len(packed.starts) == len(packed) + 1 == len(packed.words) + 1:
            raise ValueError("arrays of unequal length")
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror}); make a packed set with "
            f"'sketchvae data import FILES -o {path}'"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError, struct.error, SketchvaeError) as error:
        raise SketchvaeError(
            f"{path}: must be a packed set of drawings, got something else or a damaged file "
            f"({error!s:.100}); make one with 'sketchvae data import FILES -o SET'"
        ) from error
    return packed


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > _MAX_HEADER:
            raise ValueError("no header")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header, 8 + length


def _names(text: str) -> tuple[str, ...]:
    names = json.loads(text)
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ValueError("no list of names")
    return tuple(names)


def _mapped(
    path: Path, entry: dict[str, Any], start: int, kind: str, dtype: str, row: tuple[int, ...]
) -> NDArray[Any]:
    first, last = entry["data_offsets"]
    count, rest = divmod(last - first, np.dtype((dtype, row)).itemsize)
    if first < 0 or count < 0 or rest or start + last > path.stat().st_size:
        raise ValueError("cut short")
    if entry["dtype"] != kind or entry["shape"] != [count, *row]:
        raise ValueError("arrays of another kind")
    if count == 0:
        return np.zeros((0, *row), dtype)
    return np.memmap(path, dtype, "r", offset=start + first, shape=(count, *row))
