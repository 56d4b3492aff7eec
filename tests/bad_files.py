"""Files that must be refused, one table for each reader: contents and a part of the message."""

import gzip
import io
import json
import pickle
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LINE = '{"word":"sheep","key_id":"12","drawing":[[[0,255],[3,4]],[[7],[8]]]}'
ROWS = np.array([[10, 0, 0], [0, -5, 1], [3, 3, 0], [300, 1, 1]], dtype=np.int16)
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
MM = HEAD + 'width="100mm" height="100mm" viewBox="0 0 100 100">'


class BadFile(NamedTuple):
    """A file that must be refused.

    Attributes:
        name: name of the file; its suffix chooses the reader.
        content: its bytes.
        message: a part of the error message.
    """

    name: str
    content: bytes
    message: str


# --- ndjson -----------------------------------------------------------------------------

LINES = {  # the third line of a file
    "NaN": ('{"drawing":[[[NaN],[1]]]}', "NaN is not a number"),
    "infinity": ('{"drawing":[[[1],[-Infinity]]]}', "Infinity is not a number"),
    "a float beyond all floats": ('{"drawing":[[[1e999],[1]]]}', "got inf"),
    "an integer beyond all floats": (f'{{"drawing":[[[{10**400}],[1]]]}}', "got inf"),
    "more digits than Python reads": (f'{{"drawing":[[[{"9" * 5000}],[1]]]}}', "digits"),
    "a coordinate too large": ('{"drawing":[[[0],[1000001]]]}', "1000000, got 1e+06"),
    "a time too large": ('{"drawing":[[[0],[1],[1e16]]]}', "times must lie between"),
    "a boolean": ('{"drawing":[[[true],[1]]]}', "stroke 0: must be"),
    "a string": ('{"drawing":[[[1],[1]],[["1"],[1]]]}', "stroke 1: must be"),
    "null": ('{"drawing":[[[null],[1]]]}', "stroke 0: must be"),
    "points instead of columns": ('{"drawing":[[[1,2],[3,4],[5,6],[7,8]]]}', "stroke 0: must be"),
    "nested too deep": ('{"drawing":[[[[1]],[[1]]]]}', "stroke 0: must be"),
    "a flat stroke": ('{"drawing":[[1,2]]}', "stroke 0: must be"),
    "a number for a stroke": ('{"drawing":[3]}', "got 3"),
    "x and y of two lengths": ('{"drawing":[[[1,2],[1]]]}', "equally long"),
    "t of another length": ('{"drawing":[[[1,2],[1,2],[0]]]}', "got 2 and 2 and 1"),
    "a stroke without points": ('{"drawing":[[[1],[1]],[[],[]]]}', "stroke 1: x, y"),
    "times in one stroke only": ('{"drawing":[[[1],[1]],[[1],[1],[0]]]}', "times in all strokes"),
    "no drawing": ('{"word":"sheep"}', "got None"),
    "an object for a drawing": ('{"drawing":{}}', "got an object of 0"),
    "a list": ("[1, 2]", "got a list of 2"),
    "a number": ("17", "got 17"),
    "no JSON": ("sheep", "Expecting value in column 1"),
    "half a line": (LINE[:-4], "correct or delete it"),
    "two objects": (LINE + LINE, "Extra data"),
    "a word that is none": ('{"word":7,"drawing":[]}', "word must be printable text, got 7"),
    "a word with an escape": ('{"word":"a\\u001b[2J","drawing":[]}', "'a\\x1b[2J'"),
    "half a surrogate pair": ('{"word":"\\ud800","drawing":[]}', "word must be printable"),
    "a key_id that is none": ('{"key_id":true,"drawing":[]}', "key_id must be printable"),
    "lists without end": ("[" * 200_000, "lists without end"),
    "objects without end": ('{"a":' * 200_000, "without end"),
}
ZEROS = [0] * 100_001
MANY = json.dumps({"drawing": [[[0], [0]]] * len(ZEROS)})
LONG = json.dumps({"drawing": [[ZEROS, ZEROS]]})
PACKED = gzip.compress((LINE + "\n").encode() * 100)
FLIPPED = (
    PACKED[: len(PACKED) // 2]
    + bytes([PACKED[len(PACKED) // 2] ^ 0xFF])
    + PACKED[len(PACKED) // 2 + 1 :]
)
LATIN = (LINE + "\n").encode() * 2 + '{"word":"Schäfchen","drawing":[]}'.encode("latin1")
BAD_LINES = {
    name: BadFile("a.ndjson", f"{LINE}\n\n{line}\n{LINE}".encode(), message)
    for name, (line, message) in LINES.items()
}
NDJSON = {
    "empty": BadFile("a.ndjson", b"", "a.ndjson: holds no drawing"),
    "line breaks": BadFile("a.ndjson", b"\n\n", "a.ndjson: holds no drawing"),
    "blanks": BadFile("a.ndjson", b"  \n", "a.ndjson: holds no drawing"),
    "too many strokes": BadFile("a.ndjson", MANY.encode(), "at most 100000 points"),
    "too many points": BadFile("a.ndjson", LONG.encode(), "at most 100000 points"),
    "not UTF-8": BadFile("a.ndjson", LATIN, "line 3: must be UTF-8, got the byte 0xe4"),
    "no gzip": BadFile("a.ndjson.gz", LINE.encode(), "cannot be read to its end"),
    "gzip cut short": BadFile("a.ndjson.gz", PACKED[:-20], "cannot be read to its end"),
    "gzip with a flipped byte": BadFile("a.ndjson.gz", FLIPPED, "cannot be read to its end"),
}

# --- json -------------------------------------------------------------------------------

JSON = {
    message: BadFile("a.json", content, message)
    for content, message in [
        (b"[]", "holds no drawing"),
        (b"3", "must be a JSON object, got 3"),
        (b'{"a": 1}', 'must hold a list of strokes as "drawing"'),
        (b"[[1, 2], [3, 4]]", "stroke 0: must be [[x, ...], [y, ...]]"),
        (b'[{"drawing": []}, {"drawing": [[[1], []]]}]', "a.json, drawing 1, stroke 0: x, y"),
        (b'[{"drawing": []}, 7]', "a.json, drawing 1: must be a JSON object, got 7"),
        ((LINE + "\n").encode() * 2, "one object a line is .ndjson"),
        (b"[" * 100_000, "lists without end"),
        (b"\xff[]", "must be UTF-8, got the byte 0xff"),
        (b"[[[1,\n2],[NaN]]]", "NaN is not a number"),
        (b"[\n[[1,],[2]]]", "in line 2 in column"),
    ]
}

# --- contents that belong to another suffix -----------------------------------------------

GOOD = (LINE + "\n").encode()
ZIP = b"PK\x03\x04" + bytes(60)
_CONTENTS = {
    "a zip named .bin": ("x.bin", ZIP, "got a zip file"),
    "a zip named .ndjson": ("x.ndjson", ZIP, "got a zip file"),
    "gzip named .ndjson": ("x.ndjson", gzip.compress(GOOD), "got a gzip file"),
    "gzip named .bin": ("x.bin", gzip.compress(GOOD), "got a gzip file"),
    "gzip named .npz": ("x.npz", gzip.compress(GOOD), "got a gzip file"),
    "a page named .ndjson": ("x.ndjson", b"\n<!DOCTYPE html><html>", "got a web page or XML"),
    "a page named .bin": ("x.bin", b"<html><body>404</body>", "got a web page or XML"),
    "an XML error named .bin": ("x.bin", b"<?xml version='1.0'?><Error>", "got a web page or XML"),
    "a page named .npz": ("x.npz", b"<html><body>404</body>", "got a web page or XML"),
    "ndjson named .ndjson.gz": ("x.ndjson.gz", GOOD, "got JSON"),
    "ndjson named .bin": ("x.bin", GOOD, "got JSON"),
    "noise named .npz": ("x.npz", b"\x80\x81\x82", "got unknown"),
}
CONTENTS = {what: BadFile(*case) for what, case in _CONTENTS.items()}

# --- bin ------------------------------------------------------------------------------


def packed(strokes: list[list[tuple[int, int]]], key_id: int = 7, recognised: int = 1) -> bytes:
    """Pack a drawing by the published description of .bin, apart from the code under test."""
    data = struct.pack("<Q", key_id) + b"DE" + struct.pack("<bIH", recognised, 99, len(strokes))
    for stroke in strokes:
        data += struct.pack("<H", len(stroke))
        data += bytes(x for x, _ in stroke) + bytes(y for _, y in stroke)
    return data


BIN = {
    "empty": BadFile("a.bin", b"", "a.bin: holds no drawing"),
    "text": BadFile("a.bin", b"sheep " * 9, "recognised must be 0 or 1"),
    "a stroke without a point": BadFile("a.bin", packed([[(1, 1)], []]), "stroke 1 must have a"),
    "too many points": BadFile("a.bin", packed([[(1, 1)] * 60_000] * 2), "at most 100000"),
    "cut short": BadFile("a.bin", packed([[(1, 1)]])[:-1], "drawing 0 (at byte 0): is cut short"),
}

# --- npz ------------------------------------------------------------------------------


def objects(arrays: list[Any]) -> NDArray[np.object_]:
    array = np.empty(len(arrays), dtype=object)
    for index, item in enumerate(arrays):
        array[index] = item
    return array


def member(
    data: bytes, header: str = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
) -> bytes:
    """Put any pickle behind an .npy header."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def npz_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of .npy members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as out:
        for name, data in members.items():
            out.writestr(f"{name}.npy", data)
    return packed.getvalue()


def saved(array: NDArray[Any]) -> bytes:
    """Return an .npz file by NumPy with the array as `train`."""
    stream = io.BytesIO()
    np.savez_compressed(stream, train=array)
    return stream.getvalue()


ARRAYS: list[tuple[NDArray[Any], str]] = [
    (np.zeros((4, 3)), "one-dimensional array of objects"),
    (np.array([[ROWS]], dtype=object), "one-dimensional array of objects"),
    (objects([np.zeros((4, 5), np.int16)]), "columns dx, dy, lift"),
    (objects([np.zeros(3, np.int16)]), "columns dx, dy, lift"),
    (objects([np.zeros((1, 3), "U1")]), "columns dx, dy, lift"),
    (objects([np.zeros((1, 3), bool)]), "columns dx, dy, lift"),
    (objects([np.zeros((1, 3), complex)]), "columns dx, dy, lift"),
    (objects([objects([1])]), "columns dx, dy, lift"),
    (objects([[1, 2, 3]]), "must be an (n, 3) array, got list"),
    (objects([None]), "must be an (n, 3) array, got NoneType"),
    (objects(["sheep"]), "must be an (n, 3) array, got str"),
    (objects([ROWS, np.array([[1, 1, 7]])]), "drawing 1: stroke-3 row 0: lift must be 0 or 1"),
    (objects([np.array([[np.nan, 0, 0]])]), "finite and within 1000000"),
    (objects([np.array([[1, 0, np.nan]])]), "must be finite"),
    (objects([np.array([[np.inf, 0, 0], [-np.inf, 0, 0]])]), "finite and within"),
    (objects([np.array([[1e308, 0, 0], [1e308, 0, 0]])]), "finite and within"),
    (objects([np.array([[9e5, 0, 0], [9e5, 0, 0]])]), "finite and within 1000000"),
    (objects([np.zeros((100_001, 3), np.int8)]), "at most 100000 rows, got 100001"),
]
MEMBERS = [
    b"",
    b"no array",
    b"\x93NUMPY",
    b"\x93NUMPY\x01\x00\xff\xff{",
    member(b"", header="{'descr': __import__('os').system('true'), }"),
    member(b"", header="[" * 9999),
    member(b"", header="{'descr': '|O', 'fortran_order': False, 'shape': (1000000,), }"),
    member(pickle.dumps(7, protocol=2)),
    member(b""),
]
ONE = pickle.dumps(objects([ROWS]), protocol=3)
NPZ = {
    **{
        f"array {i}, {message}": BadFile("a.npz", saved(array), message)
        for i, (array, message) in enumerate(ARRAYS)
    },
    **{
        f"member {i}": BadFile("a.npz", npz_of({"train": data}), "a.npz, train: ")
        for i, data in enumerate(MEMBERS)
    },
    "more rows than bytes": BadFile(
        "a.npz",
        npz_of({"train": member(ONE.replace(b"K\x04K\x03\x86", b"K\x05K\x03\x86", 1))}),
        "must have 5 rows",
    ),
    "more drawings than items": BadFile(
        "a.npz",
        npz_of({"train": member(ONE.replace(b"K\x01K\x01\x85", b"K\x01K\x09\x85", 1))}),
        "must hold a one-dim",
    ),
    "other members": BadFile("a.npz", npz_of({"x": b"", "y": b""}), "an array 'train', got 'x, y'"),
    "another compression": BadFile(
        "a.npz", npz_of({"train": b"x"}, zipfile.ZIP_LZMA), "stored or deflated"
    ),
    "an empty file": BadFile("a.npz", b"", "must be an .npz file"),
    "a web page": BadFile("a.npz", b"<html>", "must be an .npz file"),
    "no zip": BadFile("a.npz", b"PK\x03\x04", "must be an .npz file"),
    "an empty zip": BadFile("a.npz", b"PK\x05\x06" + bytes(18), "must hold an array 'train'"),
}

# --- svg ------------------------------------------------------------------------------

LAUGHS = (
    '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + MM + '<path d="M0,0 L9,9"/></svg>'
)
USES = MM + "".join(
    f'<g id="a{i}">{f"""<use href="#a{i + 1}"/>""" * 10}<path d="M0,0 L1,1"/></g>'
    for i in range(12)
) + "</svg>"  # fmt: skip
CHAIN = MM + "".join(f'<g id="a{i}"><use href="#a{i + 1}"/></g>' for i in range(5000)) + "</svg>"
PAGES: dict[str, tuple[str | bytes, str]] = {
    "text": (MM + "<text>sheep</text></svg>", "must have a path or another shape, got none"),
    "nothing": (MM + "</svg>", "must have a path or another shape, got none"),
    "an image": (MM + '<image href="a.png" width="9" height="9"/></svg>', "got none"),
    "not XML": ("<svg><path", "must be SVG, which is XML"),
    "a drawing of words": ("sheep", "must be SVG, which is XML"),
    "a web page": ("<html><body>404</body></html>", "the element svg outermost, got 'html'"),
    "entities": (LAUGHS, "must define entities as literal text"),
    "entities in UTF-16": (LAUGHS.encode("utf-16"), "must define entities as literal text"),
    "external entity": (
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + MM + "<g>&x;</g></svg>",
        "must define entities as literal text",
    ),
    "uses of uses": (USES, "at most 100000 elements"),
    "an entity used too often": (
        f'<!DOCTYPE svg [<!ENTITY a "{"ha" * 5000}">]>{MM}{"&a;" * 5000}</svg>',
        "got 10000 times 5000",
    ),
    "a chain of uses": (CHAIN, "at most 100000 elements"),
    "a path used too often": (
        MM
        + f'<path id="a" stroke="red" d="M0,0{" 1,1" * 99_999}"/>'
        + '<use href="#a"/>' * 99
        + "</svg>",
        "points, got more",
    ),
    "too many": (MM + '<path d="M0,0 L1,1"/>' * 100_001 + "</svg>", "at most 100000 elements"),
    "too deep": (MM + "<g>" * 200 + "</g>" * 200 + "</svg>", "100 of them in each other"),
    "too far": (MM + '<path d="M0,0 L1e300,1e300"/></svg>', "a.svg: must "),
    "not a number": (MM + '<path d="M0,0 Lnan,inf"/></svg>', "a.svg: must "),
}
SVG = {
    what: BadFile("a.svg", page if isinstance(page, bytes) else page.encode(), message)
    for what, (page, message) in PAGES.items()
}

# --- packed datasets ------------------------------------------------------------------

OTHER = "must be a packed set of drawings, got something else or a damaged file"
DATASETS = {
    f"content {i}": BadFile("a.drawings", content, OTHER)
    for i, content in enumerate(
        [
            b"",
            b"\0" * 8,
            b"\xff" * 100,
            struct.pack("<Q", 2) + b"[]",
            struct.pack("<Q", 4) + b"null",
            struct.pack("<Q", 100_000) + b"[" * 100_000,
            struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
            struct.pack("<Q", 5000) + b"9" * 5000,
            struct.pack("<Q", 1 << 62) + b"{}",
            b'{"word":"sheep","drawing":[[[0,255],[0,255]]],"key_id":"1"}\n' * 3,
        ]
    )
}

# --- latents --------------------------------------------------------------------------

LATENTS = {
    f"{name} {i}": BadFile(name, content.encode(), message)
    for i, (name, content, message) in enumerate(
        [
            (
                "z.csv",
                "z1,z2\n1,2\n1,2,3\n",
                "z.csv: line 3: must have 2 numbers, got 3; encode with",
            ),
            ("z.csv", "1,nan\n", "z.csv: line 1: must be finite numbers; encode again"),
            ("z.csv", "1,2\n1,two\n", "z.csv: line 2: must be finite numbers"),
            ("z.csv", "", "z.csv: must hold a latent, got none; encode a drawing"),
            ("z.csv", "z1,z2\n", "z.csv: must hold a latent, got none"),
            ("z.csv", "1,1e40\n", "z.csv: line 1: must be finite numbers"),
            (
                "z.csv",
                f"1,{'1' * 200_000}\n",
                "must hold latents as 'sketchvae encode' writes them",
            ),
            ("z.json", "[[1, 2], [1]]", "z.json: latent 2: must have 2 numbers, got 1"),
            ("z.json", "[[1, 1e999]]", "z.json: latent 1: must be finite numbers"),
            ("z.json", "[[1, NaN]]", "z.json: latent 1: must be finite numbers"),
            ("z.json", f"[[1, 1{'0' * 400}]]", "z.json: latent 1: must be finite numbers"),
            ("z.json", '[[1, "2"]]', "no list of lists of numbers"),
            ("z.json", '{"z": 1}', "must hold latents as 'sketchvae encode' writes them"),
            ("z.json", "[[1, 2]", "must hold latents as 'sketchvae encode' writes them"),
            ("z.json", "[" * 100_000, "must hold latents as 'sketchvae encode' writes them"),
            ("z.json", "[]", "z.json: must hold a latent, got none"),
            ("z.npy", "not numpy at all", "must hold latents as 'sketchvae encode' writes them"),
            ("z.npy", "", "must hold latents as 'sketchvae encode' writes them"),
            (
                "z.txt",
                "1,2\n",
                "z.txt: latents must end in .npy, .csv or .json, got .txt; try z.npy",
            ),
        ]
    )
}
