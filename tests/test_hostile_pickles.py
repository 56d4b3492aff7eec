"""Checkpoints and .npz files that a stranger made: none runs, none allocates, each is one line."""

import contextlib
import io
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from bad_files import member, npz_of
from fuzz_readers import checkpoints
from helpers import refusal

from sketchvae.data import npz
from sketchvae.errors import SketchvaeError
from sketchvae.model.checkpoints import read_checkpoint
from sketchvae.model.loader import load_model

TRACE = b"touch trace"  # in the folder of the test
PYTHON = b"__import__('pathlib').Path('trace').touch()"
BIG = (10**11).to_bytes(8, "little")


def _text(text: bytes) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text


def _calls(module: bytes, name: bytes, argument: bytes) -> bytes:
    return b"\x80\x02c" + module + b"\n" + name + b"\n" + _text(argument) + b"\x85R."


PICKLES = {
    "os.system": _calls(b"os", b"system", TRACE),
    "posix.system": _calls(b"posix", b"system", TRACE),
    "subprocess": _calls(b"subprocess", b"getoutput", TRACE),
    "eval": _calls(b"builtins", b"eval", PYTHON),
    "eval of Python 2": _calls(b"__builtin__", b"eval", PYTHON),
    "exec": _calls(b"builtins", b"exec", PYTHON),
    "getattr": b"\x80\x02cbuiltins\ngetattr\ncbuiltins\n__import__\n" + _text(b"x") + b"\x86R.",
    "torch.hub": _calls(b"torch.hub", b"load", b"trace"),
    "a name with dots": b"\x80\x04" + _text(b"torch") + _text(b"os.system") + b"\x93.",
    "stack global": b"\x80\x04"
    + _text(b"os") + _text(b"system") + b"\x93" + _text(TRACE) + b"\x85R.",
    "instance": b"(X" + len(TRACE).to_bytes(4, "little") + TRACE + b"ios\nsystem\n.",
    "object": b"(cos\nsystem\n" + _text(TRACE) + b"o.",
    "new object": b"\x80\x02cos\nsystem\n" + _text(TRACE) + b"\x85\x81.",
    "new object with names": b"\x80\x04cos\nsystem\n" + _text(TRACE) + b"\x85}\x92.",
    "extension 1": b"\x80\x02\x82\x01.",
    "extension 2": b"\x80\x02\x83\x01\x01.",
    "extension 4": b"\x80\x02\x84\x01\x01\x01\x01.",
    "persistent id": b"Ptrace\n.",
    "persistent id on the stack": b"\x80\x02" + _text(b"trace") + b"Q.",
    "state of a class": b"\x80\x02ccollections\nOrderedDict\n)R}"
    + _text(b"__class__") + b"cos\nsystem\nsb.",
    "a bytearray of 100 GB": b"\x80\x02cbuiltins\nbytearray\n\x8a\x08" + BIG + b"\x85R.",
    "a tensor of 400 GB": b"\x80\x02ctorch\nFloatTensor\n\x8a\x08" + BIG + b"\x85R.",
    "bytes of 100 GB": b"\x80\x04\x8e" + BIG + b".",
    "text of 4 GB": b"\x80\x02X\xff\xff\xff\xff.",
    "a number of 2 GB": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "a frame of 100 GB": b"\x80\x04\x95" + BIG + b".",
    "a memo of 4 billion": b"\x80\x02Nr\xff\xff\xff\xff.",
    "lists without end": b"\x80\x02" + b"(" * 100_000 + b"l" * 100_000 + b".",
    "tuples without end": b"\x80\x02N" + b"\x85" * 200_000 + b".",
    "a billion laughs": b"\x80\x02N" + b"q\x00h\x00\x86" * 200 + b".",
    "a list in itself": b"\x80\x02]q\x00h\x00a.",
    "an escape that Python lacks": b"co\\s\nsystem\n" + _text(TRACE) + b"\x85R.",
    "nothing": b"",
    "no end": b"\x80\x02]",
    "an empty stack": b"\x80\x020000.",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pickles_would_do_harm(folder: Path) -> None:
    for name in ("os.system", "eval", "stack global", "instance", "object"):
        pickle.loads(PICKLES[name])
        assert (folder / "trace").exists()
        (folder / "trace").unlink()
    operations = {
        operation.name for content in PICKLES.values() for operation in _operations(content)
    }
    assert {"REDUCE", "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "BUILD"} <= operations


def _operations(content: bytes) -> list[pickletools.OpcodeInfo]:
    found: list[pickletools.OpcodeInfo] = []
    with contextlib.suppress(ValueError), warnings.catch_warnings(action="ignore"):
        found.extend(operation for operation, _, _ in pickletools.genops(content))
    return found


@pytest.mark.parametrize("what", PICKLES)
def test_a_hostile_pickle_is_one_line(folder: Path, what: str) -> None:
    checkpoint, array = folder / "last.pt", folder / "a.npz"
    array.write_bytes(npz_of({"train": member(PICKLES[what])}))
    assert str(array) in refusal(lambda: [*npz.read(array)])
    for content in (checkpoints().wrap(PICKLES[what]), PICKLES[what]):
        checkpoint.write_bytes(content)
        for read in (read_checkpoint, load_model):
            assert str(checkpoint) in refusal(lambda read=read: read(checkpoint))  # type: ignore[misc]
    assert sorted(path.name for path in folder.iterdir()) == ["a.npz", "last.pt"]


def _zip(change: Callable[[zipfile.ZipFile], object]) -> bytes:
    stream = io.BytesIO(checkpoints().seeds[0])
    with zipfile.ZipFile(stream, "a") as archive:
        change(archive)
    return stream.getvalue()


def _bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("archive/data/9999", bytes(10**7), zipfile.ZIP_DEFLATED)


def test_a_bomb_is_refused_unpacked_and_a_path_upwards_is_not_written(folder: Path) -> None:
    path = folder / "last.pt"
    path.write_bytes(_zip(_bomb))
    assert "must be a checkpoint" in refusal(lambda: read_checkpoint(path))
    path.write_bytes(_zip(lambda archive: archive.writestr("../../trace", b"x")))
    with contextlib.suppress(SketchvaeError):
        read_checkpoint(path)
    assert not list(folder.parent.glob("trace"))
    assert [*folder.iterdir()] == [path]
