"""The packed set: what goes in comes out, and nothing but a clear error out of a damaged file."""

import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.data.dataset import PackedDataset, Split, key_of, open_packed, pack
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
CORNERS = [(0, 0), (255, 255)]  # of a full-sized drawing: packed as it is

FLOCK = [
    Drawing([CORNERS, [(9, 9)], [(1, 2), (3, 4), (3, 4)]], word="sheep"),
    Drawing([[(7, 7)], CORNERS], word="goat"),
    Drawing([CORNERS[::-1]], word="sheep"),
]


def packed_drawings() -> st.SearchStrategy[Drawing]:
    place = st.integers(0, 255)
    stroke = st.lists(st.tuples(place, place), min_size=1, max_size=5)
    word = st.sampled_from(["sheep", "goat", "", "été \ud800", "a\nb"])
    return st.builds(
        lambda strokes, at, word: Drawing([*strokes[:at], CORNERS, *strokes[at:]], word=word),
        st.lists(stroke, max_size=4),
        st.integers(0, 4),
        word,
    )


def random_drawings(n: int, seed: int = 0) -> list[Drawing]:
    rng = np.random.default_rng(seed)
    return [Drawing([CORNERS, rng.integers(0, 256, (4, 2))]) for _ in range(n)]


@pytest.fixture
def flock(tmp_path: Path) -> Path:
    path = tmp_path / "flock.drawings"
    pack(FLOCK, path, sources=["flock.ndjson"], fractions=SplitFractions(0.25, 0.125))
    return path


def parts(path: Path) -> tuple[dict[str, Any], bytes]:
    """Split a file by the safetensors specification: header, data."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(path: Path, header: object, data: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def everything(packed: PackedDataset) -> list[Drawing]:
    for name in SPLITS:
        packed.split(name)
    return list(packed)


# --- what goes in comes out -----------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.lists(packed_drawings(), min_size=1, max_size=6), st.lists(st.text(), max_size=3))
def test_packed_drawings_come_back_with_their_words(
    drawings: list[Drawing], sources: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "set.drawings")
        assert pack(iter(drawings), path, sources=sources) == len(drawings)
        packed = open_packed(path)
        assert len(packed) == len(drawings)
        assert list(packed) == drawings
        assert [d.word for d in packed] == [d.word for d in drawings]
        assert packed.vocabulary == tuple(dict.fromkeys(d.word for d in drawings))
        assert packed.sources == tuple(sources)
        del packed  # Windows removes no folder with a mapped file


def test_open_set_knows_what_it_was_made_with(flock: Path) -> None:
    packed = open_packed(flock)
    assert (packed.path, packed.fractions) == (flock, SplitFractions(0.25, 0.125))
    assert (packed.vocabulary, packed.sources) == (("sheep", "goat"), ("flock.ndjson",))


def test_points_are_x_y_lift_and_cannot_be_written(flock: Path) -> None:
    points = open_packed(flock).points_of(1)
    assert points.tolist() == [[7, 7, 1], [0, 0, 0], [255, 255, 1]]
    assert points.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        points[0, 0] = 1


def test_what_is_not_simplified_is_brought_into_that_form(tmp_path: Path) -> None:
    raw = Drawing([[(0, 0), (1000, 3), (2000, 0), (2000, 1000)], [(50.5, 50)]], word="sheep")
    path = tmp_path / "set.drawings"
    pack([raw], path)
    assert list(open_packed(path)) == [raw.simplified()]


def test_empty_drawing_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "set.drawings"
    drawings = [Drawing([]), FLOCK[0], Drawing([])]
    pack(drawings, path)
    assert list(open_packed(path)) == drawings
    pack(drawings[:1], path)  # no point in the whole set
    assert list(open_packed(path)) == drawings[:1]


def test_index_counts_from_the_end_and_ends_somewhere(flock: Path) -> None:
    packed = open_packed(flock)
    assert packed[-1] == packed[2] == FLOCK[2]
    assert packed[-3].word == FLOCK[0].word
    for index in (3, -4):
        with pytest.raises(IndexError):
            packed[index]


def test_safetensors_itself_reads_the_file(flock: Path) -> None:
    arrays = safetensors.numpy.load_file(flock)
    packed = open_packed(flock)
    for name in ("points", "starts", "keys", "words"):
        np.testing.assert_array_equal(arrays[name], getattr(packed, name))
        assert arrays[name].dtype == getattr(packed, name).dtype
    assert arrays["starts"].tolist() == [0, 6, 9, 11]
    assert arrays["words"].tolist() == [0, 1, 0]
    with safetensors.safe_open(flock, framework="numpy") as file:
        assert file.metadata()["format"] == "sketchvae-packed-1"


# --- splits ---------------------------------------------------------------------------


def test_key_is_the_hash_of_the_points_and_of_nothing_else(flock: Path) -> None:
    packed = open_packed(flock)
    for index in range(3):
        content = bytes(packed.points_of(index).flatten().tolist())
        digest = hashlib.blake2b(content, digest_size=8).digest()
        assert int(packed.keys[index]) == struct.unpack("<Q", digest)[0]
        assert key_of(packed.points_of(index)) == int(packed.keys[index])


def test_key_never_changes(flock: Path) -> None:  # or people's test sets would be trained on
    assert [f"{k:016x}" for k in open_packed(flock).keys.tolist()] == KEYS


KEYS = ["67be3b13991d1148", "523076e1cbdc3a20", "60a0fe468f5b7df1"]


def test_every_drawing_is_in_one_split_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "set.drawings"
    pack(random_drawings(1500), path, fractions=SplitFractions(valid=0.2, test=0.1))
    packed = open_packed(path)
    chosen = {name: packed.split(name).tolist() for name in SPLITS}
    assert sorted(i for rows in chosen.values() for i in rows) == list(range(1500))
    for name, rows in chosen.items():
        assert rows == sorted(rows)
        low, high = {"test": (0.0, 0.1), "valid": (0.1, 0.3), "train": (0.3, 1.0)}[name]
        assert all(low <= int(packed.keys[i]) / 2**64 < high + 1e-12 for i in rows)
    for name, share in (("test", 0.1), ("valid", 0.2), ("train", 0.7)):
        deviation = (1500 * share * (1 - share)) ** 0.5
        assert abs(len(chosen[name]) - 1500 * share) < 4 * deviation


def test_drawing_keeps_its_split_in_another_set_and_order(tmp_path: Path) -> None:
    drawings = random_drawings(300)
    more = [Drawing(d.strokes, word="again") for d in drawings[::-1]] + random_drawings(50, seed=1)
    one, other = tmp_path / "one.drawings", tmp_path / "other.drawings"
    fractions = SplitFractions(0.3, 0.3)
    pack(drawings, one, fractions=fractions)
    pack(more, other, fractions=fractions)
    first, second = open_packed(one), open_packed(other)
    for name in SPLITS:
        here = {first[i] for i in first.split(name)}
        there = {second[i] for i in second.split(name)}
        assert here
        assert here == there & set(drawings)


def test_a_larger_validation_share_takes_from_training_alone(tmp_path: Path) -> None:
    drawings, sets = random_drawings(300), []
    for valid in (0.1, 0.5):
        path = tmp_path / f"{valid}.drawings"
        pack(drawings, path, fractions=SplitFractions(valid, 0.2))
        sets.append(open_packed(path))
    small, large = sets
    assert small.split("test").tolist() == large.split("test").tolist()
    assert set(small.split("valid")) < set(large.split("valid"))


def test_no_shares_train_on_everything(tmp_path: Path) -> None:
    path = tmp_path / "set.drawings"
    pack(random_drawings(50), path, fractions=SplitFractions(0, 0))
    assert len(open_packed(path).split("train")) == 50


@pytest.mark.parametrize("valid_test", [(-0.1, 0), (0, -0.1), (0.5, 0.5), (float("nan"), 0)])
def test_shares_that_leave_nothing_to_train_on_are_refused(
    valid_test: tuple[float, float],
) -> None:
    with pytest.raises(SketchvaeError, match="must be 0 or more and add up to less than 1, got"):
        SplitFractions(*valid_test)


# --- opening --------------------------------------------------------------------------


def test_opening_ten_gigabytes_reads_the_header_alone(flock: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    header, _ = parts(flock)
    n, end = 400_000_000, 0  # drawings, of two points each
    for name, rows, size in (
        ("starts", [n + 1], 8),
        ("keys", [n], 8),
        ("words", [n], 2),
        ("points", [2 * n, 3], 1),
    ):
        count = int(np.prod(rows)) * size
        header[name] |= {"shape": rows, "data_offsets": [end, end + count]}
        end += count
    path = tmp_path / "large.drawings"
    put_together(path, header, b"")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + end)  # a hole: takes no room on the disk
    assert path.stat().st_size > 9e9
    before = resource.getrusage(resource.RUSAGE_SELF)
    packed = open_packed(path)
    assert len(packed) == n
    assert packed.points_of(n - 1).shape == (0, 3)
    after = resource.getrusage(resource.RUSAGE_SELF)
    pages = after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt
    assert pages < 5000  # all of it would be two million
    assert after.ru_maxrss - before.ru_maxrss < 100_000


def test_interrupted_pack_leaves_the_old_file_and_nothing_else(flock: Path) -> None:
    before = flock.read_bytes()

    def until_ctrl_c() -> Iterator[Drawing]:
        yield from FLOCK
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(until_ctrl_c(), flock)
    assert flock.read_bytes() == before
    assert list(flock.parent.iterdir()) == [flock]


def test_set_can_be_packed_anew_from_itself(flock: Path) -> None:
    assert pack(open_packed(flock), flock) == 3
    assert list(open_packed(flock)) == FLOCK


def test_nothing_to_pack_leaves_the_old_file(flock: Path) -> None:
    before = flock.read_bytes()
    with pytest.raises(SketchvaeError, match="must hold a drawing, got none to import"):
        pack([], flock)
    assert flock.read_bytes() == before


def test_more_words_than_uint16_can_tell_apart_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sketchvae.data import dataset as packed

    assert np.iinfo(np.uint16).max == packed._MAX_WORDS - 1
    monkeypatch.setattr(packed, "_MAX_WORDS", 2)
    assert pack(FLOCK, tmp_path / "two.drawings") == 3
    with pytest.raises(SketchvaeError, match="must hold at most 2 different words, got more"):
        pack([*FLOCK, Drawing([CORNERS], word="cow")], tmp_path / "three.drawings")


def test_header_that_could_not_be_opened_again_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "set.drawings"
    with pytest.raises(SketchvaeError, match="names of sources must take at most 16777216 bytes"):
        pack(FLOCK, path, sources=["x" * (1 << 24)])
    assert list(tmp_path.iterdir()) == []
    pack(FLOCK, path, sources=["x" * 1_000_000])
    assert list(open_packed(path)) == FLOCK


# --- damaged files: an error of one line, or the drawings; never anything else ---------


def refused(path: Path) -> str:
    with pytest.raises(SketchvaeError) as caught:
        everything(open_packed(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 400 + 2 * len(str(path))
    return message


def test_file_cut_anywhere_is_refused(flock: Path) -> None:
    content = flock.read_bytes()
    for length in range(len(content)):
        flock.write_bytes(content[:length])
        message = refused(flock)
    assert "(cut short)" in message


def outcome(path: Path) -> str:
    """Read all of a file; the message if it is refused. Any other exception passes through."""
    try:
        everything(open_packed(path))
    except SketchvaeError as error:
        return str(error)
    return ""


def flips(content: bytes, places: range, seed: int) -> Iterator[bytes]:
    """At every place: the lowest bit flipped, and another change at random."""
    rng = np.random.default_rng(seed)
    for place in places:
        for mask in (1, int(rng.integers(2, 256))):
            yield content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]


def test_flipped_header_never_raises_anything_else(flock: Path) -> None:
    content = flock.read_bytes()
    places = range(8 + struct.unpack("<Q", content[:8])[0])
    messages = []
    for damaged in flips(content, places, seed=0):
        flock.write_bytes(damaged)
        messages.append(outcome(flock))
    caught = [message for message in messages if message]
    assert len(caught) > len(places)  # most flips are seen: names, numbers and brackets
    assert all(m.startswith(f"{flock}: ") and "\n" not in m for m in caught)


def test_flipped_data_never_raises_anything_else(flock: Path) -> None:
    content = flock.read_bytes()
    places = range(8 + struct.unpack("<Q", content[:8])[0], len(content))
    messages = set()
    for damaged in flips(content, places, seed=1):
        flock.write_bytes(damaged)
        messages.add(outcome(flock))
    assert len(messages) > 10
    assert all(not m or "the file is damaged, import it again" in m for m in messages)


@pytest.mark.parametrize(
    "starts", [[0, 6, 9, 12], [-1, 6, 9, 11], [0, 9, 6, 11], [0, 6, 2**62, 11]]
)
def test_starts_out_of_range_are_refused(flock: Path, starts: list[int]) -> None:
    header, data = parts(flock)
    put_together(flock, header, np.array(starts, "<i8").tobytes() + data[32:])
    assert "must lie within 11 points, got" in refused(flock)


def test_word_out_of_range_is_refused(flock: Path) -> None:
    header, data = parts(flock)
    first, last = header["words"]["data_offsets"]
    words = np.array([0, 2, 0], "<u2").tobytes()
    put_together(flock, header, data[:first] + words + data[last:])
    assert open_packed(flock)[0] == FLOCK[0]
    assert "the word of drawing 1 must be below 2, got 2; the file is damaged" in refused(flock)


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda header: header.pop(name)


def _points_at(offsets: object) -> Callable[[dict[str, Any]], object]:
    return lambda header: header["points"].update(data_offsets=offsets)


INFINITE = float("inf")
ODD_OFFSETS: list[object] = [
    None,
    5,
    "ab",
    [0],
    [0, 3, 6],
    [None, 3],
    ["0", "3"],
    [0.0, 3.0],
    [-3, 0],
    [3, 0],
    [0, 4],
    [0, 10**30],
    [10**30, 10**30],
    [0, INFINITE],
    [INFINITE, INFINITE],
    [float("nan"), 3],
    [{}, []],
]
CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda h: h["__metadata__"].update(format="sketchvae-packed-2"),
    lambda h: h["__metadata__"].update(format="\n" * 10_000),
    lambda h: h["__metadata__"].update(format=None),
    lambda h: h["__metadata__"].pop("format"),
    lambda h: h["__metadata__"].update(vocabulary="["),
    lambda h: h["__metadata__"].update(vocabulary="5"),
    lambda h: h["__metadata__"].update(vocabulary='"sheep"'),
    lambda h: h["__metadata__"].update(vocabulary="[1, null]"),
    lambda h: h["__metadata__"].update(vocabulary=["sheep", "goat"]),
    lambda h: h["__metadata__"].update(vocabulary="[" * 100_000),
    lambda h: h["__metadata__"].update(sources="{}"),
    lambda h: h["__metadata__"].update(valid="nan"),
    lambda h: h["__metadata__"].update(valid="0.9", test="0.9"),
    lambda h: h["__metadata__"].update(test="many" * 1000),
    lambda h: h["__metadata__"].update(test=[]),
    lambda h: h.pop("__metadata__"),
    lambda h: h.update(__metadata__=[]),
    *(_without(name) for name in ("points", "starts", "keys", "words")),
    lambda h: h.update(points=[]),
    lambda h: h["points"].pop("data_offsets"),
    lambda h: h["points"].update(dtype="F16"),
    lambda h: h["points"].update(dtype=None),
    lambda h: h["points"].pop("shape"),
    lambda h: h["points"].update(shape=[3, 11]),
    lambda h: h["points"].update(shape=[33]),
    lambda h: h["keys"].update(dtype="I64"),
    lambda h: h["words"].update(shape=[3, 1]),
    *(_points_at(offsets) for offsets in ODD_OFFSETS),
    lambda h: h["starts"].update(data_offsets=[0, 24], shape=[3]),
    lambda h: h["words"].update(data_offsets=[56, 58], shape=[1]),
]


@pytest.mark.parametrize("change", CHANGES)
def test_header_of_another_make_is_refused(
    flock: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    header, data = parts(flock)
    change(header)
    put_together(flock, header, data)
    assert "sketchvae data import FILES" in refused(flock)


def test_weights_are_not_taken_for_drawings(tmp_path: Path) -> None:
    path = tmp_path / "weights.drawings"
    safetensors.numpy.save_file({"points": np.zeros((3, 3), np.uint8)}, path)
    assert "'__metadata__'" in refused(path)


def test_missing_file_and_folder_say_how_to_make_one(tmp_path: Path) -> None:
    message = refused(tmp_path / "none.drawings")
    assert "cannot be read (No such file or directory); make a packed set with" in message
    assert "cannot be read (Is a directory)" in refused(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_full_disk_is_one_line_and_nothing_else(tmp_path: Path) -> None:
    """As on a full disk: files may not grow beyond 100 bytes, and none can be closed well."""
    code = (
        "import resource, signal, sys; from sketchvae.cli import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); main()"
    )
    arguments = ["draw", "-n", "300", "--seed", "1", "-o", "f.drawings"]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "f.drawings: cannot be written (File too large); make room there" in line
    assert not list(tmp_path.iterdir())


def test_what_is_no_packed_set_is_told_a_name_that_import_takes(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats.ndjson").write_text("{}")
    for name in ("cats", "cats.ndjson", "missing"):
        with pytest.raises(SketchvaeError) as caught:
            open_packed(tmp_path / name)
        target = (tmp_path / name).with_suffix(".drawings")
        assert str(caught.value).endswith(f"'sketchvae data import FILES -o {target}'")
