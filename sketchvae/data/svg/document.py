"""The XML of an SVG file, refused before it can exhaust memory or time."""

import re
import zlib
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from sketchvae.errors import FileFormatError, SketchvaeError

MAX_BYTES = 32 * 2**20  # size of a file, unpacked, and of the text that its entities stand for
MAX_ELEMENTS = 100_000  # elements of a file, and elements drawn, each as often as it is used
MAX_DEPTH = 100  # nesting of elements

SVG = "{http://www.w3.org/2000/svg}"

_GZIP = b"\x1f\x8b"
_DECLARED = re.compile(
    rb"<\?xml[^>]*?encoding\s*=\s*[\"']"
    rb"((?:utf|iso|latin|cp|windows|koi8|mac|gb|big5|euc|shift|sjis)[\w.:-]*)[\"'][^>]*\?>",
    re.I,
)
_REFERENCE = re.compile(r"[&%][^\W\d][\w.:-]*;")  # to another entity; &#38; is a character


def parse(path: Path) -> ElementTree.Element:
    """Return the outermost element of an SVG or SVGZ file.

    Elements of other namespaces keep their `{...}`; those of SVG lose it, so that files with and
    without the namespace look alike. Literal entities are replaced by their text.

    Raises:
        FileFormatError: if the file is not SVG, is too large, or has entities that are not
            literal text.
        SketchvaeError: if the file cannot be read.
    """
    content = _in_utf8(_unpack(_read_bytes(path), path))
    try:
        _check(content, path)
        root = ElementTree.fromstring(content)  # noqa: S314 (checked before)
    except SketchvaeError:
        raise
    except (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError) as error:
        raise FileFormatError(
            f"{path}: must be SVG, which is XML ({error}); export it again"
        ) from error
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
    if root.tag != "svg":
        name = root.tag.rpartition("}")[2][:60]
        raise FileFormatError(f"{path}: must be SVG, with the element svg outermost, got {name!r}")
    return root


def refuse_size(path: Path) -> NoReturn:
    """Raise the error of a page with too many elements, or too deep ones."""
    raise FileFormatError(
        f"{path}: must have at most {MAX_ELEMENTS} elements, {MAX_DEPTH} of them in each other, "
        "got more; simplify it or split it"
    )


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if size > MAX_BYTES:
        raise FileFormatError(f"{path}: must have at most {MAX_BYTES} bytes, got {size}; split it")
    return content


def _unpack(content: bytes, path: Path) -> bytes:
    """Unpack an SVGZ file, which is SVG in gzip."""
    if not content.startswith(_GZIP):
        return content
    text, packed = b"", content
    while packed.startswith(_GZIP):  # a gzip file may have several members
        unpacker = zlib.decompressobj(wbits=31)
        try:
            text += unpacker.decompress(packed, MAX_BYTES + 1 - len(text))
        except zlib.error as error:
            raise FileFormatError(
                f"{path}: must be SVG in gzip, is damaged ({error}); copy it again"
            ) from error
        if len(text) > MAX_BYTES:
            raise FileFormatError(f"{path}: must unpack to at most {MAX_BYTES} bytes, got more")
        if not unpacker.eof:
            raise FileFormatError(f"{path}: must be SVG in gzip, is cut off; copy it again")
        packed = unpacker.unused_data
    return text


def _in_utf8(content: bytes) -> bytes:
    """Return a text in UTF-8 if it declares another encoding in ASCII letters.

    The parser knows few encodings. What Python does not know either is left to its error.
    """
    match = _DECLARED.match(content)
    if match is None or match[1].lower().startswith(b"utf-8"):
        return content
    if match[1].lower().startswith((b"utf-16", b"utf-32")):  # it would not be in ASCII letters
        return content[match.end() :]
    try:
        return content[match.end() :].decode(match[1].decode()).encode()
    except (LookupError, UnicodeError):
        return content


def _check(content: bytes, path: Path) -> None:
    """Refuse elements too many or too deep, and entities that could expand to gigabytes."""
    depth = elements = 0
    references = content.count(b"&")

    def declared(name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        if is_parameter:  # is for declarations alone, and is not expanded
            return
        if value is None or _REFERENCE.search(value):
            raise FileFormatError(
                f"{path}: must define entities as literal text, got {name[:40]!r}, which names "
                "a file or another entity; save it as plain SVG"
            )
        if len(value) * references > MAX_BYTES:
            raise FileFormatError(
                f"{path}: must have entities for at most {MAX_BYTES} characters, got "
                f"{len(value)} times {references}; save it as plain SVG"
            )

    def begins(*_: object) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            refuse_size(path)

    def ends(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.Parse(content, True)
