"""ndjson: what is read, what is refused and where, and what is written."""

import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import QUICKDRAW, QUICKDRAW_RAW, SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.data import ndjson
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

GOOD = '{"word":"sheep","key_id":"12","drawing":[[[0,255],[3,4]],[[7],[8]]]}'
RAW = '{"word":"sheep","drawing":[[[0.5,1.25],[3,4],[0,17]]]}'

coordinates = st.floats(-ndjson.MAX_COORDINATE, ndjson.MAX_COORDINATE)
times = st.floats(-ndjson.MAX_TIME, ndjson.MAX_TIME)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@st.composite
def drawings(draw: st.DrawFn, timed: bool) -> Drawing:
    point = st.tuples(coordinates, coordinates, times)
    strokes = draw(st.lists(st.lists(point, min_size=1, max_size=6), max_size=5))
    arrays = [np.array(s) for s in strokes]
    recorded = [a[:, 2] for a in arrays] if timed and arrays else None
    return Drawing([a[:, :2] for a in arrays], draw(words), draw(words), recorded)


def read(text: str) -> list[Drawing]:
    return list(ndjson.read_lines(text.splitlines(keepends=True), "flock.ndjson"))


def refusal(text: str) -> str:
    with pytest.raises(SketchvaeError) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


# --- reading ------------------------------------------------------------------------


def test_simplified_line_is_read_point_by_point() -> None:
    (drawing,) = read(GOOD)
    assert drawing == Drawing([[(0, 3), (255, 4)], [(7, 8)]])
    assert (drawing.word, drawing.key_id, drawing.times) == ("sheep", "12", None)


def test_raw_line_keeps_its_times() -> None:
    (drawing,) = read(RAW)
    assert drawing == Drawing([[(0.5, 3), (1.25, 4)]])
    assert drawing.times is not None
    assert [t.tolist() for t in drawing.times] == [[0, 17]]


def test_empty_drawing_is_a_drawing() -> None:
    assert read('{"word":"sheep","drawing":[]}') == [Drawing([])]


def test_unknown_fields_and_a_missing_word_are_passed_over() -> None:
    (drawing,) = read('{"drawing":[[[1],[2]]],"recognized":true,"countrycode":"DE","key_id":5}')
    assert (drawing.word, drawing.key_id) == ("", "5")


@pytest.mark.parametrize("text", [f"\n  \r\n{GOOD}\n\n\t\n{GOOD}\n\n", f"{GOOD}\r\n{GOOD}"])
def test_blank_lines_and_windows_line_ends_are_skipped(text: str) -> None:
    assert len(read(text)) == 2


def test_byte_order_mark_is_skipped() -> None:
    assert len(read(f"\ufeff{GOOD}\n{GOOD}")) == 2


def test_reading_is_streaming() -> None:
    def source() -> Iterator[str]:
        yield GOOD
        raise AssertionError("the second line was asked for before it was wanted")

    assert next(ndjson.read_lines(source(), "x")).word == "sheep"


@pytest.mark.parametrize("suffix", [".ndjson", ".ndjson.gz", ".NDJSON.GZ"])
def test_files_are_read_packed_and_unpacked(tmp_path: Path, suffix: str) -> None:
    data = f"{GOOD}\n{RAW}\n".encode()
    path = tmp_path / f"flock{suffix}"
    path.write_bytes(gzip.compress(data) if "gz" in suffix.lower() else data)
    assert [d.n_points for d in ndjson.read(path)] == [3, 2]


# --- refusing -----------------------------------------------------------------------


def test_good_lines_before_a_bad_one_are_read() -> None:
    reading = ndjson.read_lines([GOOD, GOOD, "{"], "x")
    assert next(reading) == next(reading)
    with pytest.raises(SketchvaeError, match="line 3"):
        next(reading)


def test_points_are_bounded() -> None:
    n = ndjson.MAX_POINTS
    zeros = [0] * n
    assert read(json.dumps({"drawing": [[zeros, zeros]]}))[0].n_points == n
    many = json.dumps({"drawing": [[[0], [0]]] * (n + 1)})
    assert f"at most {n} points" in refusal(many)
    assert f"at most {n} points" in refusal(json.dumps({"drawing": [[[*zeros, 0], [*zeros, 0]]]}))


def test_endless_line_is_refused_without_reading_it_all() -> None:
    class Endless(io.TextIOBase):
        taken = 0

        def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
            assert size > 0
            self.taken += size
            return "[" * size

    stream = Endless()
    with pytest.raises(SketchvaeError, match="line 1: must have at most 8388608 characters"):
        next(ndjson.read_lines(stream, "x"))
    assert stream.taken == ndjson.MAX_LINE + 1


def test_invalid_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.ndjson"
    path.write_bytes(
        f"{GOOD}\n".encode() * 2 + '{"word":"Schäfchen","drawing":[]}'.encode("latin1")
    )
    reading = ndjson.read(path)
    assert [next(reading).word, next(reading).word] == ["sheep", "sheep"]
    with pytest.raises(SketchvaeError, match=r"latin.ndjson, line 3: must be UTF-8, got .* 0xe4"):
        next(reading)


def test_invalid_utf8_on_a_strict_stream_is_refused() -> None:
    stream = io.TextIOWrapper(io.BytesIO(b'{"word":"\xff","drawing":[]}'), encoding="utf-8")
    with pytest.raises(SketchvaeError, match="must be UTF-8"):
        list(ndjson.read_lines(stream, "standard input"))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SketchvaeError, match="cannot be read"):
        list(ndjson.read(tmp_path / "none.ndjson"))


# --- writing ------------------------------------------------------------------------


def test_line_is_what_quickdraw_writes() -> None:
    assert ndjson.line(read(GOOD)[0]) == GOOD
    assert ndjson.line(read(RAW)[0]) == RAW
    assert ndjson.line(Drawing([])) == '{"word":"","drawing":[]}'


def test_integers_are_written_as_integers() -> None:
    text = ndjson.line(Drawing([[(1.0, -0.0), (2.5, 1e6)]]))
    assert text == '{"word":"","drawing":[[[1,2.5],[0,1000000]]]}'


@given(drawing=drawings(timed=True) | drawings(timed=False))
@settings(max_examples=100, deadline=None)
def test_lines_round_trip(drawing: Drawing) -> None:
    (back,) = ndjson.read_lines([ndjson.line(drawing)], "x")
    assert back == drawing
    assert (back.word, back.key_id) == (drawing.word, drawing.key_id)
    assert (back.times is None) == (drawing.times is None)
    if back.times is not None and drawing.times is not None:
        assert [t.tolist() for t in back.times] == [t.tolist() for t in drawing.times]


@pytest.mark.parametrize(
    ("drawing", "claim"),
    [
        (Drawing([[(0, 2e6)]]), "stroke 0: coordinates must lie"),
        (Drawing([[(0, 0)]], times=[[float("nan")]]), "times must lie"),
        (Drawing([], word="two\nlines"), "word must be printable"),
        (Drawing([], key_id="\x00"), "key_id must be printable"),
        (Drawing([np.zeros((ndjson.MAX_POINTS + 1, 2))]), "at most 100000 points"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(drawing: Drawing, claim: str) -> None:
    with pytest.raises(SketchvaeError, match=claim):
        ndjson.line(drawing)


# --- real drawings ------------------------------------------------------------------


def test_real_simplified_sheep_are_read() -> None:
    flock = list(ndjson.read(QUICKDRAW))
    assert len(flock) == 20
    assert {d.word for d in flock} == {"sheep"}
    assert all(d.is_simplified and d.times is None for d in flock)
    assert flock[0].key_id == "6294518255058944"
    assert flock[0].strokes[0][:3].tolist() == [[61, 49], [66, 34], [74, 26]]


def test_real_raw_sheep_has_times_that_grow() -> None:
    (drawing,) = ndjson.read(QUICKDRAW_RAW)
    assert drawing.times is not None
    assert (np.diff(np.concatenate(drawing.times)) >= 0).all()


def check_lines_come_back(path: Path) -> None:
    for text in path.read_text().splitlines():
        (drawing,) = ndjson.read_lines([text], path.name)
        fields, back = json.loads(text), json.loads(ndjson.line(drawing))
        assert (back["word"], back["drawing"]) == (fields["word"], fields["drawing"])


@pytest.mark.parametrize("path", [QUICKDRAW, QUICKDRAW_RAW], ids=["simplified", "raw"])
def test_real_lines_come_out_as_they_were(path: Path) -> None:
    check_lines_come_back(path)


def test_real_sheep_are_read_from_gzip(tmp_path: Path) -> None:
    packed = tmp_path / "sheep.ndjson.gz"
    packed.write_bytes(gzip.compress(QUICKDRAW.read_bytes()))
    assert list(ndjson.read(packed)) == list(ndjson.read(QUICKDRAW))


def test_files_in_data_are_those_that_its_readme_lists() -> None:
    readme = QUICKDRAW.with_name("README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\S+)` \| .* \| (\d+) \| `([0-9a-f]{64})` \|$", readme, re.M)
    assert {name for name, _, _ in listed} == {p.name for p in QUICKDRAW.parent.glob("*.ndjson")}
    for name, count, digest in listed:
        path = QUICKDRAW.with_name(name)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        assert len(list(ndjson.read(path))) == int(count)


@needs_shared
def test_more_real_drawings_are_read_and_come_out_as_they_were() -> None:
    for name in ("quickdraw_sheep.ndjson", "quickdraw_sheep_raw.ndjson"):
        check_lines_come_back(SHARED / name)
    reading = ndjson.read(SHARED / "quickdraw_344.ndjson.gz")  # 130,620; the first will do
    flock = [drawing for drawing, _ in zip(reading, range(2000), strict=False)]
    assert flock[0].word == "The Eiffel Tower"
    assert all(d.is_simplified and d.n_points for d in flock)
    assert len({d.word for d in flock}) > 3
