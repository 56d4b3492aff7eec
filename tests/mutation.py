"""Mutations of files: flipped bytes, cuts, splices, numbers that no file should have."""

import random
import re
import struct
from collections.abc import Sequence

LARGEST = 1 << 18  # bytes of a mutated file
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NUMBERS = (
    b"0", b"-0", b"-1", b"1", b"2", b"255", b"256", b"65535", b"65536", b"2147483648",
    b"-2147483649", b"4294967296", b"9223372036854775807", b"18446744073709551616", b"1e6",
    b"1000001", b"1e16", b"1e38", b"1e39", b"1e308", b"1e999", b"-1e999", b"1e-320", b"0.1",
    b"NaN", b"nan", b"Infinity", b"-inf", b"1_000", b"00", b"0x10", b"9" * 30, b"9" * 400,
    b"9" * 5000, b"1." + b"3" * 400, b"--1", b"1e", b".", b"", b"true", b"null", b'"1"',
    "\u0663".encode(), b"1\x002",
)  # fmt: skip
_TOKENS = (
    b"\x00", b"\xff", b"\n", b"\r", b"\r\n", b"\t", b" ", b'"', b"'", b"\\", b"\\u0000",
    b"\\ud800", b"\x1b[2J", b"{", b"}", b"[", b"]", b"(", b")", b"<", b">", b"&", b";", b",", b":",
    b"=", b"%", b"#", b"/", b"..", b"../../etc/passwd", b"null", b"{}", b"[]", b"[[]]", b"&amp;",
    b"&#0;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<g>", b"</g>", b"<svg>", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xed\xa0\x80", "\u2028".encode(), "\u202e".encode(), b"PK\x03\x04", b"\x1f\x8b",
    b"\x93NUMPY", b"G91", b"M0", b"$",
)  # fmt: skip
_WIDTHS = ("<B", "<H", "<I", "<Q", ">H", ">I")


def mutate(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return one of the seeds with one to four mutations.

    Args:
        chance: random numbers.
        seeds: good files of one kind.
    """
    content = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        content = chance.choice(_MUTATIONS)(chance, content, chance.choice(seeds))[:LARGEST]
    return content


def _span(chance: random.Random, content: bytes) -> tuple[int, int]:
    """Return the ends of a part of the content, more often a short one."""
    start = chance.randrange(len(content) + 1)
    longest = chance.choice((1, 4, 16, 64, len(content)))
    return start, min(len(content), start + chance.randint(0, longest))


def _flip(chance: random.Random, content: bytes, _: bytes) -> bytes:
    if not content:
        return content
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def _overwrite(chance: random.Random, content: bytes, _: bytes) -> bytes:
    kind = chance.choice(_WIDTHS)
    most = (1 << (8 * struct.calcsize(kind))) - 1
    value = chance.choice((0, 1, most, most >> 1, (most >> 1) + 1, chance.randint(0, most)))
    at = chance.randrange(len(content) + 1)
    return content[:at] + struct.pack(kind, value) + content[at + struct.calcsize(kind) :]


def _cut(chance: random.Random, content: bytes, _: bytes) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _delete(chance: random.Random, content: bytes, _: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:start] + content[end:]


def _repeat(chance: random.Random, content: bytes, _: bytes) -> bytes:
    start, end = _span(chance, content)
    times = min(chance.choice((2, 2, 3, 20, 3000)), LARGEST // max(1, end - start))
    return content[:start] + content[start:end] * times + content[end:]


def _insert(chance: random.Random, content: bytes, _: bytes) -> bytes:
    at = chance.randrange(len(content) + 1)
    some = chance.choice((chance.choice(_TOKENS), chance.randbytes(chance.randint(1, 8))))
    return content[:at] + some + content[at:]


def _splice(chance: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(chance, content)
    begin, stop = _span(chance, other)
    return content[:start] + other[begin:stop] + content[end:]


def _number(chance: random.Random, content: bytes, _: bytes) -> bytes:
    found = [match.span() for match in _NUMBER.finditer(content)]
    if not found:
        return content
    start, end = chance.choice(found)
    return content[:start] + chance.choice(_NUMBERS) + content[end:]


_MUTATIONS = (_flip, _overwrite, _cut, _delete, _repeat, _insert, _splice, _number, _number)
