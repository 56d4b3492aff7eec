"""Files by their suffix: the right reader, honest refusals, and no way to break one."""

import gzip
import io
import os
import random
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import QUICKDRAW, QUICKDRAW_RAW, SHARED, SHEEP, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

FLOCK = [Drawing([[(0, 0), (i, 9)], [(5, 5)]], "sheep", str(i + 1)) for i in range(4)]
GOOD = b'{"word":"sheep","drawing":[[[1,2],[3,4]]]}\n'

small = st.integers(0, 255)
strokes = st.lists(st.lists(st.tuples(small, small), min_size=1, max_size=8), max_size=5)
flocks = st.lists(strokes.map(lambda s: Drawing(s, "sheep")), min_size=1, max_size=5)


def refusal(path: Path | str) -> str:
    with pytest.raises(SketchvaeError) as caught:
        list(formats.read(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sheep_come_with_the_package_unless_a_file_has_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(formats.read("sheep")) == list(formats.read(SHEEP))
    assert "goat: no such file" in refusal("goat")
    Path("sheep").mkdir()
    formats.write("sheep/own.ndjson", FLOCK)
    assert list(formats.read("sheep")) == FLOCK


# --- there and back -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".ndjson", ".ndjson.gz", ".bin"])
@given(flock=flocks)
@settings(max_examples=25, deadline=None)
def test_files_round_trip(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, flock: list[Drawing]
) -> None:
    path = tmp_path_factory.mktemp("formats") / f"sheep{suffix}"
    assert formats.write(path, flock) == len(flock)
    back = list(formats.read(path))
    assert back == flock
    assert {d.word for d in back} == {"sheep"}


@given(flock=flocks)
@settings(max_examples=25, deadline=None)
def test_npz_round_trips_up_to_place(
    tmp_path_factory: pytest.TempPathFactory, flock: list[Drawing]
) -> None:
    path = tmp_path_factory.mktemp("formats") / "sheep.npz"
    assert formats.write(str(path), flock) == len(flock)
    expected = [d.moved(*(-d.points[0])) if d.strokes else d for d in flock]
    assert list(formats.read(str(path))) == expected


@pytest.mark.parametrize("name", ["A.NDJSON", "b.Ndjson.GZ", "c.Bin", "d.NPZ", "flock.of.ndjson"])
def test_suffix_counts_in_any_case(tmp_path: Path, name: str) -> None:
    assert formats.write(tmp_path / name, FLOCK) == 4
    assert len(list(formats.read(tmp_path / name))) == 4


def test_gzip_is_packed_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        formats.write(tmp_path / f"{name}.ndjson.gz", FLOCK)
    packed = (tmp_path / "a.ndjson.gz").read_bytes()
    assert packed == (tmp_path / "b.ndjson.gz").read_bytes()
    assert gzip.decompress(packed).startswith(b'{"word":"sheep","key_id":"1","drawing":[[[0,0],')


def test_standard_input_and_output_are_ndjson(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert formats.write("-", FLOCK) == 4
    written = capsys.readouterr().out
    assert written.count("\n") == 4
    monkeypatch.setattr(sys, "stdin", io.StringIO(written))
    assert list(formats.read("-")) == FLOCK


def test_bad_line_on_standard_input_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("sheep\n"))
    assert refusal("-").startswith("standard input, line 1: must be one JSON object")


def test_words_of_a_bin_file_come_from_its_name(tmp_path: Path) -> None:
    formats.write(tmp_path / "hot air balloon.bin", FLOCK)
    assert {d.word for d in formats.read(tmp_path / "hot air balloon.bin")} == {"hot air balloon"}


def test_a_file_may_be_written_from_itself(tmp_path: Path) -> None:
    path = tmp_path / "flock.ndjson"
    formats.write(path, FLOCK)
    assert formats.write(path, (d.moved(1, 0) for d in formats.read(path))) == 4
    assert next(formats.read(path)) == FLOCK[0].moved(1, 0)


# --- refusing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["flock", "flock.jsonl", "flock.gz", "flock.bin.gz", "flock.svg.zip"]
)
def test_unknown_suffix_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    claim = r"must end in \.ndjson, \.ndjson\.gz, \.bin(,| or) \.npz"
    with pytest.raises(
        SketchvaeError, match=claim + r", \.drawings, \.json, \.csv, \.svg or \.svgz, got"
    ):
        formats.read(tmp_path / name)
    (tmp_path / name).unlink()
    with pytest.raises(SketchvaeError, match=claim):
        formats.write(tmp_path / name, FLOCK)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [*formats.SUFFIXES, *formats.READ_ONLY])
def test_missing_empty_and_folder_are_refused_at_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"flock{suffix}"
    with pytest.raises(SketchvaeError, match="no such file"):
        formats.read(path)
    path.touch()
    with pytest.raises(SketchvaeError, match="holds no drawing"):
        formats.read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SketchvaeError, match="got a folder"):
        formats.read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_refused_instead_of_waiting_on_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "flock.ndjson")
    assert "got a device or a pipe" in refusal(tmp_path / "flock.ndjson")


def test_name_that_cannot_be_one_is_refused() -> None:
    assert "cannot be read" in refusal("a\0b.ndjson")


@pytest.mark.parametrize("name", ["flock.ndjson", "flock.ndjson.gz", "flock.bin", "flock.npz"])
def test_refused_drawing_is_named_and_the_old_file_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    formats.write(path, FLOCK)
    before = path.read_bytes()
    with pytest.raises(SketchvaeError, match="drawing 1: "):
        formats.write(path, [FLOCK[0], Drawing([[(0, 0), (2e6, 0.5)]])])
    with pytest.raises(SketchvaeError, match="got none; nothing was written"):
        formats.write(path, [])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_error_of_the_drawings_themselves_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    def drawings() -> Iterator[Drawing]:
        yield FLOCK[0]
        raise SketchvaeError("the flock is asleep")

    with pytest.raises(SketchvaeError, match=r"^the flock is asleep$"):
        formats.write(tmp_path / "flock.ndjson", drawings())
    assert not list(tmp_path.iterdir())


def test_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SketchvaeError, match="cannot be written"):
        formats.write(tmp_path / "none" / "flock.bin", FLOCK)


# --- JSON, which is only read -------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"word": "sheep", "drawing": [[[1, 2], [3, 4]], [[5], [5]]]}',
        "[[[1, 2], [3, 4]], [[5], [5]]]",
        '\ufeff[\n {"key_id": "9", "drawing": [[[1, 2], [3, 4]], [[5], [5]]]}\n]\n',
    ],
    ids=["an object", "strokes", "a list of objects"],
)
def test_json_is_a_drawing_its_strokes_or_a_list_of_drawings(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    assert list(formats.read(path)) == [Drawing([[(1, 3), (2, 4)], [(5, 5)]])]


def test_a_list_of_ndjsons_lines_is_json(tmp_path: Path) -> None:
    formats.write(tmp_path / "a.ndjson", FLOCK)
    lines = (tmp_path / "a.ndjson").read_text().splitlines()
    (tmp_path / "a.json").write_text(f"[{','.join(lines)}]")
    back = list(formats.read(tmp_path / "a.json"))
    assert back == FLOCK
    assert [d.key_id for d in back] == ["1", "2", "3", "4"]


def test_json_and_svg_are_not_written_here(tmp_path: Path) -> None:
    for suffix in formats.READ_ONLY:
        with pytest.raises(SketchvaeError, match=f"must end in .* got {suffix}"):
            formats.write(tmp_path / f"a{suffix}", FLOCK)


# --- an adversary -------------------------------------------------------------------


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, repeat and overwrite at random."""
    content = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.randrange(len(content) + 1)
        kind = chance.randrange(5)
        if kind == 0 and place < len(content):
            content[place] ^= 1 << chance.randrange(8)
        elif kind == 1 and place < len(content):
            content[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif kind == 2 and chance.random() < 0.3:
            del content[max(place, 1) :]
        elif kind == 3:
            content[place:place] = content[place : place + chance.randrange(1, 40)]
        elif kind == 4:
            del content[place : place + chance.randrange(1, 8)]
    return bytes(content)


def outcome(path: Path) -> str:
    """Read everything; anything but drawings or a SketchvaeError escapes and fails the test."""
    try:
        return str(len(list(formats.read(path))))
    except SketchvaeError as error:
        return str(error)


@pytest.mark.parametrize("name", ["flock.ndjson", "flock.ndjson.gz", "flock.bin", "flock.npz"])
@pytest.mark.parametrize("repacked", [False, True], ids=["file", "content"])
def test_damaged_files_give_drawings_or_one_clear_error(
    tmp_path: Path, name: str, repacked: bool
) -> None:
    path, chance = tmp_path / name, random.Random(name)
    formats.write(path, FLOCK)
    data = path.read_bytes()
    outcomes = []
    tracemalloc.start()
    try:
        for _ in range(200):
            path.write_bytes(repack(data, chance) if repacked else damaged(data, chance))
            outcomes.append(outcome(path))
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    assert not any("\n" in o or len(o) > 600 for o in outcomes)
    assert sum(not o.isdigit() for o in outcomes) > 50  # the damage was felt


def repack(data: bytes, chance: random.Random) -> bytes:
    """Damage what lies under the checksum of a zip or gzip file."""
    if data[:2] == b"\x1f\x8b":
        return gzip.compress(damaged(gzip.decompress(data), chance))
    if data[:2] != b"PK":
        return damaged(data, chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, damaged(old.read(name), chance))
    return packed.getvalue()


# --- real drawings ------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".ndjson", ".ndjson.gz", ".bin", ".npz", ".drawings"])
def test_real_sheep_come_back_from_every_format(tmp_path: Path, suffix: str) -> None:
    flock = list(formats.read(QUICKDRAW))
    formats.write(tmp_path / f"sheep{suffix}", flock)
    back = list(formats.read(tmp_path / f"sheep{suffix}"))
    assert [d.aligned() for d in back] == [d.aligned() for d in flock]
    assert all(251 <= d.longest_side <= 255 for d in back)


def test_real_raw_sheep_becomes_one_in_simplified_form(tmp_path: Path) -> None:
    (raw,) = formats.read(QUICKDRAW_RAW)
    formats.write(tmp_path / "sheep.drawings", [raw])
    (packed,) = formats.read(tmp_path / "sheep.drawings")
    assert packed == raw.simplified()
    assert packed.n_points < raw.n_points / 3


@needs_shared
@pytest.mark.parametrize(
    "name", ["quickdraw_sheep.ndjson", "quickdraw_344.ndjson.gz", "sheep_decoder_samples.npz"]
)
def test_larger_files_are_known_by_their_suffix(name: str) -> None:
    drawing = next(formats.read(SHARED / name))
    assert drawing.n_points > 10
    assert 251 <= drawing.longest_side <= 255
