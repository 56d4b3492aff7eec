"""Drawings from and to files: the suffix chooses the format."""

import gzip
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sketchvae.data import binary, dataset, ndjson, npz, svg
from sketchvae.data.dataset import Points, Split, to_points
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing

SUFFIXES = (".ndjson", ".ndjson.gz", ".bin", ".npz", dataset.SUFFIX)
READ_ONLY = (".json", ".svg")  # `rendering` writes SVG, `ndjson` what others read
STANDARD = Path("-")  # standard input or output, as ndjson

_CONTENTS = (  # what the first bytes tell; Quick, Draw!'s .bin begins with any eight
    ("a zip file", re.compile(rb"PK(\x03\x04|\x05\x06)")),
    ("a gzip file", re.compile(rb"\x1f\x8b\x08")),
    ("a web page or XML", re.compile(rb"\s*<(!doctype|html|head|\?xml|error|svg)", re.I)),
    ("JSON", re.compile(rb'\s*\{\s*"\w+"\s*:')),
)
_FITTING = {
    ".ndjson": ("JSON", "unknown"),
    ".ndjson.gz": ("a gzip file",),
    ".bin": ("unknown",),
    ".npz": ("a zip file",),
    dataset.SUFFIX: ("unknown",),
    ".json": ("JSON", "unknown"),
    ".svg": ("a web page or XML", "unknown"),
}


def read(path: Path | str, *, split_groups: bool = False) -> Iterator[Drawing]:
    """Read the drawings of a file, one after another; "-" is ndjson from standard input.

    A `.bin` file of Quick, Draw! holds one category and is named after it: its drawings
    take their word from the file's name. An `.npz` file is read whole: train, valid, test.
    A `.json` file holds one drawing or a list of them, see `ndjson.read_json`; an `.svg` file
    of ours gives its drawings, any other is one, or with `split_groups` several, see `svg.read`.

    Raises:
        SketchvaeError: at once if the file is missing, or its suffix or first bytes fit no
            format; while reading, for the first bad drawing, and if there is none at all.
    """
    path = Path(path)
    if path == STANDARD:
        return ndjson.read_lines(sys.stdin, "standard input")
    suffix = _suffix(path, (*SUFFIXES, *READ_ONLY))
    _check_content(path, suffix)
    if suffix == ".bin":
        return binary.read(path, word=path.stem)
    readers: dict[str, Callable[[Path], Iterator[Drawing]]] = {
        dataset.SUFFIX: lambda p: iter(dataset.open_packed(p)),
        ".npz": npz.read,
        ".json": ndjson.read_json,
        ".svg": lambda p: svg.read(p, split_groups=split_groups),
    }
    return readers.get(suffix, ndjson.read)(path)


def read_points(path: Path, split: Split | None = None) -> Iterator[Points]:
    """Read the drawings of a file as training sees them: (n, 3) uint8, in simplified form.

    Args:
        path: as for `read`.
        split: only this part of a packed set; None for all of any file.

    Raises:
        SketchvaeError: as `read`, and if a split is asked of a file that has none.
    """
    if split is None:
        return (to_points(drawing) for drawing in read(path))
    if path.suffix != dataset.SUFFIX:
        raise SketchvaeError(
            f"{path}: a split must be asked of a packed set ({dataset.SUFFIX}); "
            "make one with 'sketchvae data import'"
        )
    opened = dataset.open_packed(path)
    return (opened.points_of(int(i)) for i in opened.split(split))


def write(path: Path | str, drawings: Iterable[Drawing]) -> int:
    """Write drawings one after another and count them; "-" is ndjson to standard output.

    The file is replaced whole or not at all, so `drawings` may come from the same file.
    An `.npz` file gets all of them in `train`; `valid` and `test` are empty.

    Raises:
        SketchvaeError: if the suffix is unknown, the format cannot hold a drawing (by its
            number), there is none, or the file cannot be written.
    """
    path = Path(path)
    if path == STANDARD:
        return _write_all(_to_standard_output, _encoded(_line, drawings, "standard output"))
    suffix = _suffix(path)
    if suffix == dataset.SUFFIX:
        return dataset.pack(drawings, path)
    if suffix == ".npz":
        with replacing(path) as beside:  # before the drawings are made: the place may be bad
            train = list(drawings)
            _check_some(len(train))
            npz.write(beside, {"train": train, "valid": (), "test": ()})
        return len(train)
    encoded = _encoded(binary.record if suffix == ".bin" else _line, drawings, str(path))
    with replacing(path) as temporary, temporary.open("wb") as stream:
        if suffix != ".ndjson.gz":
            return _write_all(stream.write, encoded)
        with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as zipped:  # the same bytes each time
            return _write_all(zipped.write, encoded)


def _suffix(path: Path, known: tuple[str, ...] = SUFFIXES) -> str:
    _check_is_file(path)
    for suffix in sorted(known, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return suffix
    raise SketchvaeError(
        f"{path}: must end in {', '.join(known[:-1])} or {known[-1]}, "
        f"got {path.suffix or 'no suffix'}; name it after its format"
    )


def _check_content(path: Path, suffix: str) -> None:
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except FileNotFoundError as error:
        raise SketchvaeError(f"{path}: no such file; check the name") from error
    except (OSError, ValueError) as error:
        raise SketchvaeError(f"{path}: cannot be read ({error}); check its permissions") from error
    if not head:
        raise SketchvaeError(f"{path}: holds no drawing, the file is empty; fetch or copy it again")
    content = next((name for name, start in _CONTENTS if start.match(head)), "unknown")
    if content not in _FITTING[suffix]:
        raise SketchvaeError(
            f"{path}: must be {_FITTING[suffix][0]} after its suffix {suffix}, got {content} "
            f"({head[:16]!r}); rename it after its format, or fetch it again"
        )


def _check_is_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        got = "a folder; name a file in it" if path.is_dir() else "a device or a pipe; use - for it"
        raise SketchvaeError(f"{path}: must be a file, got {got}")


def _line(drawing: Drawing) -> bytes:
    return ndjson.line(drawing).encode() + b"\n"


def _to_standard_output(line: bytes) -> None:
    if sys.stdout is None:
        raise SketchvaeError("standard output: must be open, is closed; name a file to write")
    sys.stdout.write(line.decode())


def _encoded(
    encode: Callable[[Drawing], bytes], drawings: Iterable[Drawing], name: str
) -> Iterator[bytes]:
    for index, drawing in enumerate(drawings):
        try:
            encoded = encode(drawing)
        except SketchvaeError as error:
            raise SketchvaeError(f"{name}: drawing {index}: {error}") from error
        yield encoded


def _write_all(write_one: Callable[[bytes], object], encoded: Iterable[bytes]) -> int:
    number = 0
    for content in encoded:
        write_one(content)
        number += 1
    _check_some(number)
    return number


def _check_some(number: int) -> None:
    if not number:
        raise SketchvaeError("there must be a drawing to write, got none; nothing was written")
