"""The packed dataset: the drawings of a training set in one memory-mapped file.

The file is a safetensors file (https://github.com/huggingface/safetensors#format): eight bytes of
header length, a JSON header, then the raw arrays. Opening it reads only the header, whatever the
size of the file; reading a drawing reads the memory pages of its points.

    points  (N, 3) uint8    x, y, lift of the points of all drawings
    starts  (B + 1,) int64  drawing i has points[starts[i]:starts[i + 1]]
    keys    (B,) uint64     hash of the points of each drawing, which decides its split
    words   (B,) uint16     index of each drawing's word in the vocabulary of the header

Shape letters: B drawings, N points of all drawings, n points of one drawing.
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

from sketchvae.data.splits import FEW_DRAWINGS, SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.errors import FileFormatError, SketchvaeError
from sketchvae.files import replacing

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
Points = NDArray[np.uint8]

FORMAT = "sketchvae-packed-1"
SUFFIX = ".drawings"
_MAX_HEADER = 1 << 24  # bytes; only words and sources grow with the drawings
_MAX_WORDS = 1 << 16  # number of values of uint16
_BLOCK = 1 << 16  # drawings that are looked at together
_ALL = slice(None)
_ARRAYS: dict[
    str, tuple[str, str, tuple[int, ...]]
] = {  # safetensors dtype, NumPy dtype, row shape
    "starts": ("I64", "<i8", ()),
    "keys": ("U64", "<u8", ()),
    "words": ("U16", "<u2", ()),
    "points": ("U8", "u1", (3,)),
}


@dataclass(frozen=True)
class PackedDataset:
    """An open packed dataset; its arrays are memory-mapped and read-only.

    Attributes:
        path: the file.
        points: (N, 3) uint8: x, y, and 1 where the pen lifts after the point.
        starts: (B + 1,) int64, index of the first point of each drawing, and N.
        keys: (B,) uint64, hash of each drawing.
        words: (B,) uint16, index of each drawing's word in `vocabulary`.
        vocabulary: words of the drawings.
        fractions: fractions of valid and test.
        sources: names of the imported files.
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
            raise FileFormatError(
                f"{self.path}: the word of drawing {index} must be below {len(self.vocabulary)}, "
                f"got {word}; the file is damaged, import it again"
            )
        return from_points(self.points_of(index), self.vocabulary[word])

    def __iter__(self) -> Iterator[Drawing]:
        return (self[i] for i in range(len(self)))

    def points_of(self, index: int) -> Points:
        """Return the points of a drawing, (n, 3) uint8; a negative index counts from the end.

        Raises:
            FileFormatError: if the file is damaged: its index of points is out of range.
            IndexError: if there is no such drawing.
        """
        index = range(len(self))[index]
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        if not 0 <= first <= last <= len(self.points):
            raise FileFormatError(
                f"{self.path}: drawing {index} must lie within {len(self.points)} points, "
                f"got {first} to {last}; the file is damaged, import it again"
            )
        return self.points[first:last]

    def split(self, name: Split) -> NDArray[np.int64]:
        """Return the indices of the drawings of a split.

        A drawing is in the same split of every dataset with the same fractions.
        """
        return np.flatnonzero(self.in_split(name))

    def blocks(self) -> Iterator[slice]:
        """Yield the drawings in blocks, which are few enough to look at together."""
        for first in range(0, len(self), _BLOCK):
            yield slice(first, min(first + _BLOCK, len(self)))

    def lengths(self, part: slice = _ALL) -> NDArray[np.int64]:
        """Return the number of points of each drawing.

        Args:
            part: the drawings in question, with both ends.
        """
        stop = None if part.stop is None else part.stop + 1
        return np.diff(self.starts[part.start : stop])

    def in_split(self, name: Split, part: slice = _ALL) -> NDArray[np.bool_]:
        """Return whether each drawing is in a split.

        Args:
            name: of the split.
            part: the drawings in question.
        """
        position = self.keys[part] / np.float64(2**64)  # uniform in [0, 1)
        in_test = position < self.fractions.test
        in_valid = ~in_test & (position < self.fractions.test + self.fractions.valid)
        return {"test": in_test, "valid": in_valid, "train": ~in_test & ~in_valid}[name]


def key_of(points: Points) -> int:
    """Return the 64-bit hash of points, (n, 3) uint8; equal drawings have equal hashes."""
    return int.from_bytes(blake2b(points.tobytes(), digest_size=8).digest(), "little")


def pack(
    drawings: Iterable[Drawing],
    path: Path,
    *,
    sources: Iterable[str] = (),
    fractions: SplitFractions | None = None,
) -> int:
    """Write a packed dataset and return the number of its drawings.

    A drawing in another form is simplified. Memory does not grow with the number of drawings,
    because the arrays are written to temporary files in the folder of `path` first.

    Args:
        drawings: at least one.
        path: the file, which is replaced as a whole or not at all.
        sources: names of the files of the drawings.
        fractions: fractions of valid and test; None for the usual ones.

    Raises:
        SketchvaeError: if there is no drawing, there are more than 65,536 words, or the file
            cannot be written.
    """
    with replacing(path) as temporary, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        parts = {name: Path(folder, name) for name in _ARRAYS}
        n_drawings, n_points, vocabulary = _write_parts(drawings, parts, path)
        if fractions is None:  # of many drawings, whatever their keys
            keys = np.fromfile(parts["keys"], "<u8", FEW_DRAWINGS)
            fractions = SplitFractions.usual(keys)
        header = _header(n_points, n_drawings, vocabulary, tuple(sources), fractions)
        if len(header) > _MAX_HEADER:
            raise SketchvaeError(
                f"{path}: words and names of sources must take at most {_MAX_HEADER} bytes "
                f"together, got {len(header)}; pack the drawings into several sets"
            )
        with temporary.open("wb") as out:
            out.write(header)
            for part in parts.values():
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out)
    return n_drawings


def _write_parts(
    drawings: Iterable[Drawing], parts: dict[str, Path], path: Path
) -> tuple[int, int, tuple[str, ...]]:
    """Write each array to its own file; return numbers of drawings and points, and the words."""
    vocabulary: dict[str, int] = {}
    n_points = n_drawings = 0
    with ExitStack() as stack:  # closes all files, even if a full disk makes closing one fail
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
        raise SketchvaeError(
            f"{path}: a packed set must hold a drawing, got none to import; name files with some"
        )
    return n_drawings, n_points, tuple(vocabulary)


def to_points(drawing: Drawing) -> Points:
    """Return the points of a drawing in simplified form, (n, 3) uint8: x, y, lift.

    See `Drawing.in_simplified_form`.
    """
    simple = drawing.in_simplified_form()
    points = np.zeros((simple.n_points, 3), dtype=np.uint8)
    points[:, :2] = simple.points
    points[np.cumsum([len(s) for s in simple.strokes], dtype=int) - 1, 2] = 1
    return points


def from_points(points: Points, word: str = "") -> Drawing:
    """Return a drawing from its points; the inverse of `to_points`.

    Args:
        points: (n, 3) x, y, lift.
        word: word of the drawing.
    """
    cuts = np.flatnonzero(points[:-1, 2]) + 1
    return Drawing(np.split(points[:, :2], cuts) if len(points) else [], word=word)


def _header(
    n_points: int,
    n_drawings: int,
    vocabulary: tuple[str, ...],
    sources: tuple[str, ...],
    fractions: SplitFractions,
) -> bytes:
    """Return the length and the text of a safetensors header; arrays in the order of _ARRAYS."""
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
    """Open a packed dataset by reading its header.

    Raises:
        FileFormatError: if the file is of another kind, or cut short.
        SketchvaeError: if it cannot be read.
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
            f"'sketchvae data import FILES -o {path.with_suffix(SUFFIX)}'"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError, struct.error) as error:
        raise FileFormatError(
            f"{path}: must be a packed set of drawings, got something else or a damaged file "
            f"({error!s:.100}); make one with 'sketchvae data import FILES -o "
            f"{path.with_suffix(SUFFIX)}'"
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
