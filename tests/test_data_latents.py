"""Latents in files: every format gives the same float32 back, and bad files one line."""

import csv
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketchvae.data import latents
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats32

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@example(np.finfo(np.float32).max.reshape(1, 1))
@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=FLOATS))
def test_every_format_gives_back_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory, array: Floats32
) -> None:
    folder = tmp_path_factory.mktemp("latents")
    for suffix in latents.SUFFIXES:
        latents.write(folder / f"z{suffix}", [array])
        found = latents.read(folder / f"z{suffix}", array.shape[1])
        np.testing.assert_array_equal(found, array)
        assert found.dtype == np.float32


def test_blocks_make_the_file_that_the_whole_makes(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(11, 3)).astype(np.float32)
    for suffix in latents.SUFFIXES:
        parts, whole = tmp_path / f"parts{suffix}", tmp_path / f"whole{suffix}"
        assert latents.write(parts, iter([array[:4], array[4:5], array[5:]])) == (11, 3)
        latents.write(whole, [array])
        assert parts.read_bytes() == whole.read_bytes()
    np.save(tmp_path / "numpy.npy", array)
    assert (tmp_path / "whole.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


def test_other_programs_read_what_is_written(tmp_path: Path) -> None:
    array = np.array([[0.5, -1], [2, 3]], dtype=np.float32)
    for suffix in latents.SUFFIXES:
        latents.write(tmp_path / f"z{suffix}", [array])
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy"), array)
    assert json.loads((tmp_path / "z.json").read_text()) == array.tolist()
    with (tmp_path / "z.csv").open(newline="") as text:
        names, *rows = csv.reader(text)
    assert names == ["z1", "z2"]
    assert [[float(value) for value in row] for row in rows] == array.tolist()


def test_files_of_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("1,2\r\n\r\n3,4\r\n")
    (tmp_path / "one.json").write_text("[1, 2]")
    np.save(tmp_path / "one.npy", np.array([1, 2]))
    np.save(tmp_path / "double.npy", np.array([[1.0, 2.0]]))
    assert latents.read(tmp_path / "plain.csv", 2).tolist() == [[1, 2], [3, 4]]
    for name in ("one.json", "one.npy", "double.npy"):
        assert latents.read(tmp_path / name, 2).tolist() == [[1, 2]]


def test_missing_file_and_folder_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(SketchvaeError, match="cannot be read"):
        latents.read(tmp_path / "none.npy", 2)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SketchvaeError, match="cannot be read"):
        latents.read(tmp_path / "folder.csv", 2)
    with pytest.raises(SketchvaeError, match="cannot be written"):
        latents.write(tmp_path / "none" / "z.npy", [np.zeros((1, 2), np.float32)])


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("code in a file was run",)


@pytest.mark.parametrize(
    "array", [np.array([_Trap()], dtype=object), np.array([["a"]]), np.zeros((1, 1, 2))]
)
def test_array_of_another_kind_is_refused_and_no_code_runs(
    tmp_path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    if array.dtype == object:
        monster = pickle.dumps(array)
        (tmp_path / "pickle.npy").write_bytes(monster)
        with pytest.raises(SketchvaeError, match="must hold latents"):
            latents.read(tmp_path / "pickle.npy", 2)
    np.save(tmp_path / "z.npy", array, allow_pickle=True)
    with pytest.raises(SketchvaeError, match="must hold latents"):
        latents.read(tmp_path / "z.npy", 2)
