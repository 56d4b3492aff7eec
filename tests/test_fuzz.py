"""Every reader takes mutated files, or refuses them in one line; and the faults found so."""

import io
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_files import MM, npz_of
from fuzz import CHECKPOINT, Fault, check
from fuzz_readers import READERS, Reader
from helpers import refusal
from numpy.typing import NDArray

from sketchvae.errors import SketchvaeError
from sketchvae.npy import parse_npy

PROGRAM = Path(__file__).with_name("fuzz.py")
GROUPS = [[*READERS], [CHECKPOINT]]  # a process for each


@pytest.mark.parametrize("readers", GROUPS, ids=["without torch", "with torch"])
def test_mutated_files_are_read_or_refused_in_one_line(readers: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, *readers, "--inputs", "150"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for line in done.stdout.splitlines():  # the mutations leave some whole, and some not
        assert 0 < int(line.split()[3]) < 150, line


def _odd(act: object) -> Reader:
    return Reader("a", [], act)  # type: ignore[arg-type]


def _error(path: Path) -> None:
    raise KeyError(path)


def _two_lines(path: Path) -> None:
    error = SketchvaeError()
    error.args = (f"{path}\n",)
    raise error


def _allocates(_: Path) -> None:
    np.ones(1 << 32)


def _spins(_: Path) -> None:
    while True:
        pass


@pytest.mark.parametrize("act", [_error, _two_lines, _allocates, _spins])
def test_the_harness_finds_what_a_reader_must_not_do(
    tmp_path: Path, act: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz.SECONDS", 0.05)
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, limits[1]))
    try:
        with pytest.raises(Fault):
            check(_odd(act), b"", tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)


# --- what was found -----------------------------------------------------------------------


def _npy(array: NDArray[Any]) -> bytes:
    """Return an array as a file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


HUGE = b"\x93NUMPY\x01\x00v\x00" + (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 3), }".ljust(117) + b"\n"
)
BITMAPS = READERS["bitmaps"].seeds[0]
OPEN = HUGE.replace(b")", b" ")
SIGNALS = np.array([[0, 0xFFA0_0000, 0]], np.uint32).view(np.float32)
FAR = {
    "weights": _npy(np.full(1, 1e300)),
    "means": _npy(np.full((1, 3), 1e300)),
    "factors": _npy(np.full((1, 3, 3), 1e300)),
    "fingerprint": _npy(np.array("0" * 16)),
}
FOUND = {  # reader, content, a part of the message
    "a number that signals": ("latents.npy", _npy(SIGNALS), "must be finite numbers"),
    "a number beyond float32": ("latents.json", b"[0, 1e300, 2]", "must be finite numbers"),
    "a number of 400 digits": ("latents.json", b"[0, 1" + b"0" * 400 + b", 2]", "must be finite"),
    "clusters beyond float32": ("clusters", npz_of(FAR), "must be a file of"),
    "a header of another name": (
        "bitmaps",
        BITMAPS[:26] + (500).to_bytes(2, "little") + BITMAPS[28:],  # a length of the name
        "File name in directory",
    ),
    "a header that asks for 48 GB": ("latents.npy", HUGE, "bytes for the shape"),
    "a header without an end": ("latents.npy", OPEN, "no .npy of numbers"),
    "bitmaps of 48 GB": ("bitmaps", npz_of({"x": HUGE}), "bytes for the shape"),
    "clusters of 48 GB": ("clusters", npz_of({"weights": HUGE}), "bytes for the shape"),
    "a zip of a later version": (
        "clusters",
        npz_of({"weights": HUGE}).replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff"),
        "zip file version",
    ),
    "a quoted name without an end": ("csv", b'word,"drawing\n', "line 1: must be CSV"),
    "a radius beyond all floats": (
        "svg",
        MM.encode() + b'<path stroke="red" d="M1 1A1e99 1e-99 0 0 1 1e99 9"/></svg>',
        "must",
    ),
    "many digits before a letter that is none": (
        "gcode",
        b"G1 X" + b"9" * 60_000 + b"?",
        "must be words such as",
    ),
    "a stroke of 5000 digits": ("gcode", b"(stroke " + b"1" * 5000 + b" of 3)\n", "got none"),
    "a key without an end": ("machines", b"[mine]\n" + b"k" * 3000 + b" = 1\n", "no key"),
    "a machine's name without an end": ("machines", b"[" + b"m" * 3000 + b"]\nk = 1", "no key"),
    "a number of 5000 digits": ("machines", b"[m]\nup = " + b"9" * 5000, "must be TOML"),
    "a number beyond all floats": ("machines", b"[m]\nfeed = " + b"9" * 400, "must be a number"),
    "lists without end": ("machines", b"a = " + b"[" * 9999, "must be TOML"),
    "half a lift": ("machines", b"[m]\npen-up = 'M5'", "must have pen-up and pen-down"),
    "an infinite stroke": (
        "journal",
        READERS["journal"].seeds[0].replace(b'"done": 2', b'"done": 1e999'),
        "must be the record of a job",
    ),
    "a member without its suffix": (
        "npz",
        READERS["npz"].seeds[0].replace(b"train.npy", b"train\0\0\0\0"),
        "must hold an array 'train', got ''",
    ),
    "a type that moves the cursor": (
        "npz",
        npz_of({"train": READERS["npz"].inner[0].replace(b"'|O'", b"'\x1b[2J'")}),
        "\\x1b",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_is_refused(tmp_path: Path, what: str) -> None:
    name, content, message = FOUND[what]
    reader = READERS[name]
    path = tmp_path / reader.name
    assert not check(reader, content, path)
    assert message in refusal(lambda: reader.read(path))


def test_an_error_escapes_what_does_not_print() -> None:
    message = str(SketchvaeError("a\x1b[2J\nb\u202ec é"))
    assert message == r"a\x1b[2J\nb\u202ec é"


@pytest.mark.parametrize("dtype", ["<i2", ">f4", "|u1", "<U16", "|b1", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3)])
def test_arrays_are_read_as_numpy_reads_them(
    tmp_path: Path, dtype: str, order: str, shape: tuple[int, ...]
) -> None:
    array = np.asarray(np.arange(np.prod(shape)).reshape(shape), order=order).astype(dtype)  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", array)
    read = parse_npy((tmp_path / "a.npy").read_bytes())
    np.testing.assert_array_equal(read, np.load(tmp_path / "a.npy"))
    assert read.dtype == array.dtype
    assert read.flags.writeable
