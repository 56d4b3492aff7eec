"""Sketch-RNN .npz: NumPy's own files are read, hostile ones are refused and never run."""

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_files import ROWS, member, npz_of, objects
from helpers import QUICKDRAW, SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.data import ndjson, npz
from sketchvae.data.unpickle import PickledArray, PickledDtype, unpickle
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.sequences import from_stroke3, to_stroke3

SHEEP = Drawing([[(0, 0), (10, 0), (10, -5)], [(13, -2), (313, -1)]])


def archive(path: Path, **members: bytes) -> Path:
    path.write_bytes(npz_of(members))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(SketchvaeError) as caught:
        list(npz.read(path, ["train"]))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


# --- reading ------------------------------------------------------------------------


def test_file_saved_by_numpy_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sheep.npz"
    np.savez_compressed(path, train=objects([ROWS, ROWS]), valid=objects([]), test=objects([ROWS]))
    flock = list(npz.read(path, word="sheep"))
    assert flock == [SHEEP] * 3
    assert flock[0].word == "sheep"
    assert list(npz.read(path, ["test"])) == [SHEEP]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("code", ["<i2", ">i2", "i1", "<i4", "<i8", "u1", "<f2", ">f4", "<f8"])
def test_every_numeric_type_and_protocol_is_read(tmp_path: Path, protocol: int, code: str) -> None:
    rows = np.array([[1, 2, 0], [3, 4, 1]]).astype(code)
    data = pickle.dumps(objects([rows]), protocol=protocol)
    path = archive(tmp_path / "x.npz", train=member(data))
    assert list(npz.read(path, ["train"])) == [Drawing([[(0, 0), (1, 2), (4, 6)]])]


def test_column_major_and_empty_arrays_are_read(tmp_path: Path) -> None:
    none = np.zeros((0, 3), dtype=np.int16)
    for protocol in (2, 3, 4):
        data = pickle.dumps(objects([np.asfortranarray(ROWS), none]), protocol=protocol)
        header = "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"
        path = archive(tmp_path / "x.npz", train=member(data, header))
        assert list(npz.read(path, ["train"])) == [SHEEP, Drawing([])]


def test_file_saved_under_python_2_is_read(tmp_path: Path) -> None:
    # As cPickle wrote it: names by lines, memo from 1, byte strings, a long in the shape.
    reconstruct = b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02"
    dtype = b"cnumpy\ndtype\nq%cU\x02%sK\x00K\x01\x87R(K\x03U\x01%sNNNJ%sJ%sK%stb"
    objects_dtype = dtype % (3, b"O8", b"|", b"\xff" * 4, b"\xff" * 4, b"?")
    int16 = dtype % (4, b"i2", b"<", b"\xff" * 4, b"\xff" * 4, b"\0")
    content = ROWS.tobytes()
    rows = b"(K\x01\x8a\x01\x04K\x03\x86%s\x89T%s%stb" % (
        int16,
        struct.pack("<I", len(content)),
        content,
    )
    data = b"\x80\x02%sK\x00\x85U\x01b\x87R(K\x01K\x01\x85%s\x89](%s%setb." % (
        reconstruct,
        objects_dtype,
        b"h\x01h\x02K\x00\x85U\x01b\x87R",
        rows,
    )
    expected = pickle.loads(data, encoding="latin1")
    assert np.array_equal(expected[0], ROWS)  # NumPy agrees that this is such a pickle
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (1L,), }"
    assert list(npz.read(archive(tmp_path / "x.npz", train=member(data, header)), ["train"])) == [
        SHEEP
    ]


# --- refusing to run anything ---------------------------------------------------------


class Hostile:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("place", ["instead of the array", "instead of a drawing"])
def test_pickle_that_runs_code_is_refused_and_not_run(
    tmp_path: Path, protocol: int, place: str
) -> None:
    trace = tmp_path / "trace"
    bomb: Any = Hostile(os.system, f"touch {trace}")
    data = pickle.dumps(bomb if "array" in place else objects([bomb]), protocol=protocol)
    message = refusal(archive(tmp_path / "x.npz", train=member(data)))
    assert "it was not run: do not trust this file" in message
    assert "posix.system" in message or "nt.system" in message or protocol in (0, 1, 5)
    assert not trace.exists()
    pickle.loads(data)
    assert trace.exists()  # so the bomb was live


@pytest.mark.parametrize(
    "function",
    [eval, exec, getattr, __import__, io.open, bytearray, np.load, np.empty, np.frombuffer],
)
def test_every_other_global_is_refused_by_name(function: Callable[..., Any]) -> None:
    data = pickle.dumps(Hostile(function, "1"), protocol=4)
    with pytest.raises(SketchvaeError, match=rf"asks for '\S*{function.__name__}'"):
        unpickle(data, "x")


@pytest.mark.parametrize(
    "data",
    [
        b"cnumpy\nndarray\n(K\x01tR.",  # calls what is only a name
        b"(ios\nsystem\n(S'true'\ntR.",  # INST
        b"c__builtin__\neval\n.",
        b"\x8c\x05numpy\x8c\x0cdtype.__call\x93.",  # a dotted name
        b"\x82\x01.",  # EXT1
        b"P1\n.",  # PERSID
        b"(t(t\x93.",  # tuples for names
        b"cnumpy\ndtype\n)\x81.",  # NEWOBJ
        b"cnumpy\ndtype\n)R}b.",  # BUILD with a dict
        b"(K\x01K\x02d.",  # DICT
        b"\x96" + struct.pack("<Q", 2**40) + b".",  # BYTEARRAY8 of a terabyte
    ],
)
def test_other_operations_are_refused(data: bytes) -> None:
    with pytest.raises(SketchvaeError, match=r"^x: "):
        unpickle(data, "x")


@pytest.mark.parametrize(
    "data",
    [
        b"Nr\xff\xff\xff\xff.",  # a memo of 2**32
        b"B\xff\xff\xff\x7fx.",  # bytes of 2 GB that are not there
        b"\x8e" + struct.pack("<Q", 2**63) + b"x.",
        b"\x8a\xff.",  # a long cut short
        b"N" * 10,  # no end
        b".",  # nothing on the stack
        b"",
        b"t.",  # no mark
        b"\x8c\x02\xff\xff.",  # not UTF-8
        b"NNe.",
        b"NNa.",
        b"NNR.",
        b"NNb.",
        b"h\x05.",
        b"cnumpy",
    ],
)
def test_damaged_pickle_is_refused_in_bounded_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SketchvaeError, match=r"^x: is damaged near byte"):
            unpickle(data, "x")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_operations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchvae.data.unpickle.MAX_OPERATIONS", 1000)
    with pytest.raises(SketchvaeError, match="at most 1000 pickle operations"):
        unpickle(b"N" * 1001 + b".", "x")


def test_shape_is_written_down_and_not_allocated() -> None:
    head = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
    data = head + b"\x8a\x07" + (2**50).to_bytes(7, "little") + b"\x85C\x01b\x87R."
    assert unpickle(data, "x") == PickledArray()


def test_dtype_is_written_down_and_not_made() -> None:
    assert unpickle(b"cnumpy\ndtype\nU\x08V9999999\x85R.", "x") == PickledDtype("V9999999")


# --- refusing what is no drawing ----------------------------------------------------


def test_empty_splits_hold_no_drawing(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    npz.write(path, {"train": [], "valid": [], "test": []})
    with pytest.raises(SketchvaeError, match="holds no drawing in train, valid, test"):
        list(npz.read(path))


def test_member_too_large_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "bomb.npz", train=bytes(20_000_000))
    monkeypatch.setattr(npz, "MAX_MEMBER", 1_000_000)
    tracemalloc.start()
    try:
        assert "must have at most 1000000 bytes" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_member_that_lies_about_its_size_is_not_unpacked_further(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.npz", train=bytes(50_000_000))
    size = struct.pack("<I", 50_000_000)
    data = path.read_bytes()
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, struct.pack("<I", 1000)))
    tracemalloc.start()
    try:
        refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_array_named_many_times_is_counted_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, train=objects([ROWS] * 1000))
    assert len(list(npz.read(path, ["train"]))) == 1000
    monkeypatch.setattr(npz, "MAX_MEMBER", 999 * ROWS.nbytes)
    assert "of drawings" in refusal(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.npz")


# --- writing ------------------------------------------------------------------------

small = st.integers(-2000, 2000)
strokes = st.lists(st.lists(st.tuples(small, small), min_size=1, max_size=8), max_size=5)


@given(flock=st.lists(strokes.map(Drawing), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_files_round_trip_up_to_the_place_of_the_first_point(
    tmp_path_factory: pytest.TempPathFactory, flock: list[Drawing]
) -> None:
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    npz.write(path, {"train": flock[:1], "valid": flock[1:], "test": []})
    expected = [d.moved(*(-d.points[0])) if d.strokes else d for d in flock]
    assert list(npz.read(path)) == expected


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    npz.write(path, {"train": [SHEEP, SHEEP], "valid": [SHEEP], "test": []})
    with np.load(path, allow_pickle=True, encoding="latin1") as loaded:
        assert sorted(loaded.files) == ["test", "train", "valid"]
        assert [len(loaded[split]) for split in npz.SPLITS] == [2, 1, 0]
        assert loaded["train"].dtype == object
        assert loaded["train"][1].dtype == np.int16
        assert np.array_equal(loaded["train"][1], ROWS)


def test_written_pickle_uses_names_that_numpy_1_knows(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    npz.write(path, {"train": [SHEEP]})
    with zipfile.ZipFile(path) as written:
        data = written.read("train.npy")
    assert b"numpy.core.multiarray" in data
    assert b"numpy._core" not in data


def test_the_same_drawings_give_the_same_file(tmp_path: Path) -> None:
    one, two = tmp_path / "a.npz", tmp_path / "b.npz"
    npz.write(one, {"train": [SHEEP]})
    npz.write(two, {"train": [SHEEP]})
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("point", [(0.5, 0), (40_000, 0), (0, -32_769)])
def test_offset_that_int16_cannot_hold_is_refused_and_the_old_file_stays(
    tmp_path: Path, point: tuple[float, float]
) -> None:
    path = tmp_path / "x.npz"
    npz.write(path, {"train": [SHEEP]})
    before = path.read_bytes()
    with pytest.raises(SketchvaeError, match=r"valid: drawing 1: .*integers of 16 bits"):
        npz.write(path, {"train": [SHEEP], "valid": [SHEEP, Drawing([[(0, 0), point]])]})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# --- real drawings ------------------------------------------------------------------


def test_real_sheep_are_read_as_numpy_wrote_them(tmp_path: Path) -> None:
    flock = list(ndjson.read(QUICKDRAW))
    rows = [to_stroke3(d).astype(np.int16) for d in flock]
    path = tmp_path / "sheep.npz"
    np.savez_compressed(
        path, train=objects(rows[:10]), valid=objects(rows[10:15]), test=objects(rows[15:])
    )
    for split, part in (("train", flock[:10]), ("valid", flock[10:15]), ("test", flock[15:])):
        back = list(npz.read(path, [split]))
        assert [d.aligned() for d in back] == [d.aligned() for d in part]
        assert all(not d.points[0].any() for d in back)


@needs_shared
@pytest.mark.parametrize(
    ("name", "split", "number"),
    [
        ("sheep_decoder_samples.npz", "valid", 2500),
        ("sheep_decoder_samples.npz", "test", 2500),
        ("aaron_sheep.npz", "train", 7400),
        ("aaron_sheep.npz", "valid", 300),
        ("aaron_sheep.npz", "test", 300),
    ],
)
def test_large_splits_are_read_whole(name: str, split: str, number: int) -> None:
    flock = list(npz.read(SHARED / name, [split]))
    assert len(flock) == number
    assert all(d.n_points >= 2 for d in flock)
    if "decoder" in name:  # simplified form: the implied first point belongs to the extent
        sides = np.array([d.longest_side for d in flock])
        assert sides.min() >= 251
        assert sides.max() == 255
        assert (sides >= 252).mean() > 0.999


@needs_shared
def test_large_training_split_is_read_as_numpy_reads_it() -> None:
    path = SHARED / "sheep_decoder_samples.npz"
    flock = [d for d, _ in zip(npz.read(path, ["train"]), range(500), strict=False)]
    with np.load(path, allow_pickle=True) as loaded:
        train = loaded["train"]
    assert len(train) == 70_000
    assert flock == [from_stroke3(rows) for rows in train[:500]]
