"""The record inside a picture: with which seed, model and version a command drew it.

In SVG it is the text of an element in `<metadata>`, in PNG a text chunk; in both it is JSON.
"""

import io
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sketchvae.errors import FileFormatError, SketchvaeError, check_suffix
from sketchvae.svg_page import RECORD

SUFFIXES = (".svg", ".html", ".png", ".apng")
_IN_XML = re.compile(rf"<(?:[\w.-]+:)?{RECORD}\b[^>]*>([^<]*)</")
_COMMANDS = ("draw", "decode", "combine", "reconstruct", "complete", "morph")  # that write records
_MAX_BYTES = 1 << 28  # size of a file


@dataclass(frozen=True)
class Record:
    """How a picture was drawn.

    Attributes:
        arguments: of the command that drew it: a subcommand of sketchvae, and its options without
            the output.
        seed: of the drawings.
        temperatures: of the drawings; none for typical ones.
        model: name of the weights file; "sheep" for the one that comes with the package.
        fingerprint: of the model's weights.
        version: of sketchvae.
        number: of the drawing among those of the command; 0 for a picture of all of them.
        is_kept: whether another command took the record over from the picture that it read: the
            drawings are those of the command, the page is not.
    """

    arguments: tuple[str, ...]
    seed: int
    temperatures: tuple[float, ...]
    model: str
    fingerprint: str
    version: str
    number: int = 0
    is_kept: bool = False

    def command(self, output: Path) -> str:
        """Return the command line that draws the picture again.

        Args:
            output: a file that is not there; where each drawing had a file of its own, its suffix
                alone is used.
        """
        if self.number:
            output = output.with_name(f"again-%d{output.suffix}")
        import shlex  # here, since who writes a record does not need it

        return shlex.join(["sketchvae", *self.arguments, "-o", str(output)])

    def to_text(self) -> str:
        """Return the record as JSON in ASCII, without a line break."""
        return json.dumps(asdict(self))


def read_record(path: Path) -> Record:
    """Read the record of a picture.

    Args:
        path: the file; its suffix is one of SUFFIXES.

    Raises:
        FileFormatError: if there is none, or it is damaged.
        SketchvaeError: if the file cannot be read.
    """
    suffix = check_suffix(
        path, SUFFIXES, "a picture with a record", advice="other formats hold none"
    )
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FileFormatError(f"{path}: must have at most {_MAX_BYTES} bytes, got more")
        text = _png_text(path) if suffix in (".png", ".apng") else _xml_text(path)
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror or error}); check the name"
        ) from error
    if not text:
        raise FileFormatError(
            f"{path}: holds no record of how it was drawn; sketchvae draw and the like write one "
            "into .svg, .html and .png, and other programs may take it out"
        )
    return _parse(text, path)


def _xml_text(path: Path) -> str:
    import html  # here, since who writes a record does not need it

    match = _IN_XML.search(path.read_text(encoding="utf-8", errors="replace"))
    return html.unescape(match[1]) if match else ""


def _png_text(path: Path) -> str:
    from PIL import Image

    content = path.read_bytes()  # an error of the disk is not one of the format
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()  # text may stand behind the pixels
            return str(image.info.get(RECORD, ""))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FileFormatError(f"{path}: must be PNG ({error}); copy it again") from error


def _parse(text: str, path: Path) -> Record:
    """Return the record in a text; others wrote it, so every value is checked."""
    try:
        values = json.loads(text)
        record = Record(
            tuple(values["arguments"]),
            int(values["seed"]),
            tuple(float(value) for value in values["temperatures"]),
            values["model"],
            values["fingerprint"],
            values["version"],
            int(values["number"]),
            bool(values.get("is_kept", False)),
        )
        words = [*record.arguments, record.model, record.fingerprint, record.version]
        if not all(isinstance(word, str) and word.isprintable() for word in words):
            raise ValueError("no printable text")
        if record.arguments[0] not in _COMMANDS or "--force" in record.arguments:
            raise ValueError("a command that draws no picture")
    except (ValueError, LookupError, TypeError, RecursionError, OverflowError) as error:
        raise FileFormatError(
            f"{path}: must hold a record as sketchvae writes it, got a damaged one "
            f"({error!s:.60}); it cannot be read back"
        ) from error
    return record
