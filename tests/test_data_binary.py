"""Quick, Draw! .bin: against bytes written by hand and against the `quickdraw` package."""

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from bad_files import packed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sketchvae.data import binary
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

SHEEP = packed([[(0, 1), (2, 3), (255, 4)], [(5, 6)]])
small = st.integers(0, 255)
stroke_lists = st.lists(st.lists(st.tuples(small, small), min_size=1, max_size=8), max_size=5)


def refusal(data: bytes) -> str:
    with pytest.raises(SketchvaeError) as caught:
        list(binary.read_stream(io.BytesIO(data), "flock.bin"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_drawing_is_read_by_the_published_layout() -> None:
    drawing, second = binary.read_stream(io.BytesIO(SHEEP + SHEEP), "x", "sheep")
    assert drawing == second == Drawing([[(0, 1), (2, 3), (255, 4)], [(5, 6)]])
    assert (drawing.word, drawing.key_id) == ("sheep", "7")


def test_drawing_is_written_by_the_published_layout() -> None:
    drawing = Drawing([[(0, 1), (2, 3)]], word="sheep", key_id="258")
    assert binary.record(drawing) == (
        b"\x02\x01\0\0\0\0\0\0"
        + b"ZZ"
        + b"\x01"
        + b"\0\0\0\0"
        + b"\x01\0"
        + b"\x02\0\x00\x02\x01\x03"
    )


@given(strokes=stroke_lists, key_id=st.integers(0, 2**64 - 1))
@settings(max_examples=80, deadline=None)
def test_records_round_trip(strokes: list[list[tuple[int, int]]], key_id: int) -> None:
    drawing = Drawing(strokes, key_id=str(key_id) if key_id else "")
    (back,) = binary.read_stream(io.BytesIO(binary.record(drawing)), "x")
    assert back == drawing
    assert back.key_id == drawing.key_id


def test_quickdraw_package_reads_what_is_written(tmp_path: Path) -> None:
    quickdraw = pytest.importorskip("quickdraw")
    flock = [Drawing([[(i, 2), (3, 4)], [(9, i)]], key_id=str(i + 1)) for i in range(5)]
    (tmp_path / "sheep.bin").write_bytes(b"".join(map(binary.record, flock)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the package leaves its file open
        group = quickdraw.QuickDrawDataGroup(
            "sheep", max_drawings=None, cache_dir=str(tmp_path), print_messages=False
        )
    assert group.drawing_count == 5
    for index, drawing in enumerate(flock):
        theirs = group.get_drawing(index)
        assert Drawing(theirs.strokes) == drawing
        assert str(theirs.key_id) == drawing.key_id


@pytest.mark.parametrize("end", range(1, len(SHEEP)))
def test_truncated_file_names_the_place(end: int) -> None:
    message = refusal(SHEEP + SHEEP[:end])
    assert message.startswith(f"flock.bin: drawing 1 (at byte {len(SHEEP)}): is cut short")


def test_whole_drawings_before_the_cut_are_read() -> None:
    reading = binary.read_stream(io.BytesIO(SHEEP + SHEEP[:9]), "x")
    assert next(reading).n_points == 4
    with pytest.raises(SketchvaeError):
        next(reading)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SketchvaeError, match=r"none\.bin: cannot be read \(No such file"):
        list(binary.read(tmp_path / "none.bin"))


def test_count_walks_the_whole_file() -> None:
    assert binary.count(io.BytesIO(SHEEP * 5), "x") == 5
    with pytest.raises(SketchvaeError, match="drawing 5"):
        binary.count(io.BytesIO(SHEEP * 5 + b"\0"), "x")


def test_run_of_zero_bytes_is_no_file_of_empty_drawings() -> None:
    with pytest.raises(SketchvaeError, match="must have a stroke"):
        binary.count(io.BytesIO(bytes(17 * 100)), "x")


@pytest.mark.parametrize(
    "points", [[(0.5, 0)], [(-1, 0)], [(0, 256)]], ids=["fraction", "negative", "above 255"]
)
def test_drawing_out_of_simplified_form_is_refused_with_advice(
    points: list[tuple[float, float]],
) -> None:
    with pytest.raises(SketchvaeError, match=r"integers from 0 to 255.*simplified\(\)"):
        binary.record(Drawing([points]))


@pytest.mark.parametrize(
    "strokes",
    [[np.zeros((2**16, 2))], [np.zeros((1, 2))] * 2**16, [np.zeros((60_000, 2))] * 2],
    ids=["points a stroke", "strokes", "points"],
)
def test_drawing_too_large_for_its_counts_is_refused(strokes: list[NDArray[np.float64]]) -> None:
    with pytest.raises(SketchvaeError, match="holds at most 65535 strokes"):
        binary.record(Drawing(strokes))


@pytest.mark.parametrize(
    "key_id", ["sheep-3", "0", "007", "-1", str(2**64), "9" * 9999, "٣", "1_0"]
)
def test_key_id_that_would_not_come_back_is_refused(key_id: str) -> None:
    with pytest.raises(SketchvaeError, match="key_id that is a number"):
        binary.record(Drawing([[(1, 1)]], key_id=key_id))
