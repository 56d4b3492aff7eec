"""Read and write files of drawings; the suffix of a file chooses its format."""

import gzip
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sketchvae.drawing import Drawing
from sketchvae.errors import FileFormatError, SketchvaeError, SuffixError, check_suffix
from sketchvae.files import replacing

if TYPE_CHECKING:
    from sketchvae.data.dataset import Points, Split
    from sketchvae.data.ndjson import Refused

SUFFIXES = (".ndjson", ".ndjson.gz", ".bin", ".npz", ".drawings")
SVG = (".svg", ".svgz")
READ_ONLY = (".json", ".csv", *SVG)  # SVG is written by `render`, the others by nobody
STANDARD = Path("-")  # standard input or output, as ndjson
SHEEP = Path("sheep")  # name of the 300 drawings that come with sketchvae

_OTHERS = {  # suffixes of what holds no drawings, and what to do
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".webp",
        ".bmp",
    ): "pixels are no strokes; trace it to .svg",
    (".gcode", ".nc", ".gc", ".ngc", ".hpgl", ".plt"): "take the drawings that were plotted",
    (".pdf", ".ai", ".eps", ".dxf"): "save it as .svg in the program that made it",
}
_SIGNATURES = (  # first bytes of a file; a Quick, Draw! .bin begins with any eight
    ("a zip file", re.compile(rb"PK(\x03\x04|\x05\x06)")),
    ("a gzip file", re.compile(rb"\x1f\x8b\x08")),
    ("a web page or XML", re.compile(rb"\s*<(!doctype|html|head|\?xml|error|svg)", re.I)),
    ("JSON", re.compile(rb'\s*\{\s*"\w+"\s*:')),
)
_FITTING_SIGNATURES = {
    ".ndjson": ("JSON", "unknown"),
    ".ndjson.gz": ("a gzip file",),
    ".bin": ("unknown",),
    ".npz": ("a zip file",),
    ".drawings": ("unknown",),
    ".json": ("JSON", "unknown"),
    ".csv": ("unknown",),
    ".svg": ("a web page or XML", "unknown", "a gzip file"),
    ".svgz": ("a gzip file", "a web page or XML", "unknown"),
}


def read(
    path: Path | str, *, split_groups: bool = False, refused: "Refused" = None
) -> Iterator[Drawing]:
    """Read the drawings of a file one by one; "-" is ndjson from standard input.

    "sheep" stands for the 300 drawings that come with sketchvae, unless there is a file or folder
    of that name.

    | suffix | drawings |
    |---|---|
    | .ndjson, .ndjson.gz | one a line, see `ndjson.read` |
    | .json | one, or a list of them, see `ndjson.read_json` |
    | .csv | one a row, see `kaggle.read` |
    | .bin | a category of Quick, Draw!; the file's name becomes the word of each drawing |
    | .npz | the splits train, valid and test, in this order, see `npz.read` |
    | .drawings | a packed dataset, see `dataset.open_packed` |
    | .svg, .svgz | each drawing of a page by sketchvae; any other page is one drawing, see
      `svg.read` |

    A folder stands for the files in it, see `files_in`.

    Args:
        path: the file.
        split_groups: in an SVG page of another program, whether each outermost group or shape is a
            drawing; the other formats ignore it.
        refused: receives the error of each bad line, row or drawing of .ndjson, .csv and .json,
            which is left out; None raises the first.

    Raises:
        SketchvaeError: before the first drawing if the file is missing or its suffix or first
            bytes fit no format; later at the first bad drawing, or if there is no drawing.
    """
    path = Path(path)
    if path == SHEEP and not path.exists():
        path = _sample()
    if path == STANDARD:
        from sketchvae.data import ndjson

        return ndjson.read_lines(sys.stdin, "standard input", refused)
    if path.is_dir():
        return chain.from_iterable(
            read(file, split_groups=split_groups, refused=refused) for file in files_in(path)
        )
    try:
        suffix = _suffix(path, (*SUFFIXES, *READ_ONLY))
    except SuffixError:
        if not os.path.lexists(path):
            raise SketchvaeError(f"{path}: no such file; check the name") from None
        raise
    _check_signature(path, suffix)
    return _open(path, suffix, split_groups, refused)


def _sample() -> Path:
    """Return the file of the drawings that come with sketchvae: in a clone it lies in data/."""
    installed = Path(__file__).with_name("sheep.ndjson")
    in_clone = Path(__file__).parents[2] / "data" / installed.name
    return installed if installed.exists() else in_clone


def _open(path: Path, suffix: str, split_groups: bool, refused: "Refused") -> Iterator[Drawing]:
    """Start the reader of a format; only that format is imported."""
    if suffix == ".bin":
        from sketchvae.data import binary

        return binary.read(path, word=path.stem)
    if suffix == ".npz":
        from sketchvae.data import npz

        return npz.read(path)
    if suffix == ".drawings":
        from sketchvae.data import dataset

        return iter(dataset.open_packed(path))
    if suffix == ".csv":
        from sketchvae.data import kaggle

        return kaggle.read(path, refused)
    if suffix in SVG:
        from sketchvae.data import svg

        return svg.read(path, split_groups=split_groups)
    from sketchvae.data import ndjson

    return (ndjson.read_json if suffix == ".json" else ndjson.read)(path, refused)


def files_in(folder: Path) -> list[Path]:
    """List the files of drawings that lie in a folder, sheep-2.svg before sheep-10.svg.

    Hidden files are left out, and packed sets, which are made from the others, and tables of other
    things than drawings.

    Raises:
        SketchvaeError: if there is none, or the folder cannot be read.
    """
    from sketchvae.data import kaggle

    known = tuple(suffix for suffix in (*SUFFIXES, *READ_ONLY) if suffix != ".drawings")
    try:
        files = [path for path in folder.iterdir() if path.name.lower().endswith(known)]
    except OSError as error:
        raise SketchvaeError(
            f"{folder}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    found = [path for path in files if not path.name.startswith(".") and path.is_file()]
    found = [p for p in found if p.suffix.lower() != ".csv" or kaggle.has_drawings(p)]
    if not found:
        raise FileFormatError(
            f"{folder}: must hold files of drawings ({', '.join(known)}), got a folder without "
            "any; name another"
        )
    return sorted(found, key=_by_numbers)


def _by_numbers(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts names by the numbers in them."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(p), "") if p.isdecimal() and len(p) < 20 else (0, p.lower()) for p in parts]


def read_points(path: Path, split: "Split | None" = None) -> "Iterator[Points]":
    """Read the drawings of a file in the form that training takes.

    Args:
        path: the file, as for `read`.
        split: "train", "valid" or "test" of a packed dataset; None for all drawings of any file.

    Returns:
        For each drawing its points in simplified form, (n, 3) uint8: x, y, lift.

    Raises:
        SketchvaeError: as `read`, and for a split of a file that has none.
    """
    from sketchvae.data import dataset

    if split is None:
        return (dataset.to_points(drawing) for drawing in read(path))
    if path.suffix != dataset.SUFFIX:
        raise FileFormatError(
            f"{path}: a split must be asked of a packed set ({dataset.SUFFIX}); "
            "make one with 'sketchvae data import'"
        )
    opened = dataset.open_packed(path)
    return (opened.points_of(int(i)) for i in opened.split(split))


def write(path: Path | str, drawings: Iterable[Drawing]) -> int:
    """Write drawings to a file and return their number; "-" is ndjson to standard output.

    The file is replaced as a whole or not at all, so that `drawings` may be read from the same
    file. An `.npz` file holds all of them in `train`; its `valid` and `test` are empty.

    Args:
        path: the file; its suffix is one of SUFFIXES.
        drawings: at least one.

    Raises:
        SketchvaeError: if the suffix is another, the format cannot hold a drawing (named by its
            number), there is no drawing, or the file cannot be written.
    """
    path = Path(path)
    if path == STANDARD:
        return _write_each(_to_standard_output, _encode_each(_line, drawings, "standard output"))
    suffix = _suffix(path, SUFFIXES)
    if suffix == ".drawings":
        from sketchvae.data import dataset

        return dataset.pack(drawings, path)
    if suffix == ".npz":
        return _write_npz(path, drawings)
    with replacing(path) as temporary, temporary.open("wb") as stream:
        if suffix == ".bin":
            from sketchvae.data import binary

            return _write_each(stream.write, _encode_each(binary.record, drawings, str(path)))
        lines = _encode_each(_line, drawings, str(path))
        if suffix == ".ndjson":
            return _write_each(stream.write, lines)
        with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:  # no time: same bytes
            return _write_each(packed.write, lines)


def _write_npz(path: Path, drawings: Iterable[Drawing]) -> int:
    from sketchvae.data import npz

    with replacing(path) as temporary:  # opened first: drawing takes long, a bad folder shows now
        train = list(drawings)
        _check_not_empty(len(train))
        npz.write(temporary, {"train": train, "valid": (), "test": ()})
    return len(train)


# --- checks -------------------------------------------------------------------------


def _suffix(path: Path, known: tuple[str, ...]) -> str:
    if path.exists() and not path.is_file():
        got = "a folder; name a file in it" if path.is_dir() else "a device or a pipe; use - for it"
        raise SketchvaeError(f"{path}: must be a file, got {got}")
    suffix = path.suffix.lower()
    advice = next((text for others, text in _OTHERS.items() if suffix in others), "")
    return check_suffix(path, known, advice=advice or "name it after its format")


def _check_signature(path: Path, suffix: str) -> None:
    """Refuse a file whose first bytes belong to another format than its suffix."""
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except FileNotFoundError as error:
        raise SketchvaeError(f"{path}: no such file; check the name") from error
    except (OSError, ValueError) as error:
        raise SketchvaeError(f"{path}: cannot be read ({error}); check its permissions") from error
    if not head:
        raise FileFormatError(
            f"{path}: holds no drawing, the file is empty; fetch or copy it again"
        )
    content = next((name for name, start in _SIGNATURES if start.match(head)), "unknown")
    fitting = _FITTING_SIGNATURES[suffix]
    if content not in fitting:
        raise FileFormatError(
            f"{path}: must be {fitting[0]} after its suffix {suffix}, got {content} "
            f"({head[:16]!r}); rename it after its format, or fetch it again"
        )


def _check_not_empty(number: int) -> None:
    if not number:
        raise SketchvaeError("there must be a drawing to write, got none; nothing was written")


# --- one drawing after another ------------------------------------------------------


def _line(drawing: Drawing) -> bytes:
    from sketchvae.data import ndjson

    return ndjson.line(drawing).encode() + b"\n"


def _to_standard_output(line: bytes) -> None:
    if sys.stdout is None:
        raise SketchvaeError("standard output: must be open, is closed; name a file to write")
    sys.stdout.write(line.decode())


def _encode_each(
    encode: Callable[[Drawing], bytes], drawings: Iterable[Drawing], name: str
) -> Iterator[bytes]:
    """Encode drawings; an error names the file and the number of the drawing."""
    for index, drawing in enumerate(drawings):
        try:
            encoded = encode(drawing)
        except SketchvaeError as error:
            raise SketchvaeError(f"{name}: drawing {index}: {error}") from error
        yield encoded


def _write_each(write_one: Callable[[bytes], object], encoded: Iterable[bytes]) -> int:
    number = 0
    for content in encoded:
        write_one(content)
        number += 1
    _check_not_empty(number)
    return number
