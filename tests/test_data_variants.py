"""Files in forms that others write: Kaggle's CSV, equally long and partial npz; what is told."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from bad_files import ROWS, objects
from helpers import SHEEP, Z, ending_model, refusal, sketchvae
from numpy.typing import NDArray

from sketchvae.data import formats, npz
from sketchvae.drawing import Drawing
from sketchvae.model.weights import save
from sketchvae.sequences import from_stroke3, to_stroke3

FLOCK = list(formats.read(SHEEP))[:12]
COLUMNS = ("countrycode", "drawing", "key_id", "recognized", "timestamp", "word")


def table(drawings: list[Drawing], columns: tuple[str, ...] = COLUMNS) -> str:
    """Return drawings as Kaggle's table, with some of its columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    for index, drawing in enumerate(drawings):
        strokes = [stroke.T.astype(int).tolist() for stroke in drawing.strokes]
        writer.writerow(
            {
                "countrycode": "US",
                "drawing": json.dumps(strokes),
                "key_id": str(10**15 + index),
                "recognized": "True",
                "timestamp": "2017-03-09 15:28:55.637750",
                "word": drawing.word,
            }
        )
    return text.getvalue()


# --- Kaggle's CSV ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns", [COLUMNS, ("key_id", "countrycode", "drawing"), ("drawing",), ("word", "drawing")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_table_of_kaggle_holds_its_drawings(
    tmp_path: Path, columns: tuple[str, ...], encoding: str
) -> None:
    path = tmp_path / "sheep.csv"
    path.write_text(table(FLOCK, columns), encoding=encoding)
    read = list(formats.read(path))
    assert read == FLOCK
    assert {drawing.word for drawing in read} == {"sheep" if "word" in columns else ""}
    assert bool(read[3].key_id) is ("key_id" in columns)


def test_long_and_raw_drawings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "raw.csv"
    points = [(i % 500 + 0.5, i // 500) for i in range(30_000)]
    strokes = [[[x for x, _ in points], [y for _, y in points], list(range(len(points)))]]
    text = io.StringIO()
    csv.writer(text).writerows([["drawing", "word"], [json.dumps(strokes), "maze"]])
    path.write_text(text.getvalue())
    (maze,) = formats.read(path)
    assert (maze.n_points, maze.word) == (30_000, "maze")
    assert maze.times is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("z1,z2\n1,2\n", "must have a column 'drawing', got 'z1, z2'; is this Kaggle's"),
        ("word,drawing\n", "holds no drawing, only the names of columns"),
        ("word,drawing\nsheep\n", "a.csv, line 2: must be one JSON object a line, got ''"),
        ('word,drawing\ncat,"[[[1],[2]]]"\ncat,"[[[1],["\n', "a.csv, line 3: must be"),
        ('drawing\n"[[[1],[2,3]]]"\n', "a.csv, line 2, stroke 0: x, y (and t) must be equally"),
        ('drawing\n"[]\n', "a.csv, line 2: must be CSV"),
        ('word,drawing\n\x1b[2J,"[]"\n', "word must be printable text"),
        ("drawing\n\xff\n", "a.csv, line 2: must be UTF-8"),
    ],
)
def test_bad_table_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode("latin-1"))
    assert said in refusal(lambda: list(formats.read(path)))


def test_a_csv_of_latents_is_none_of_drawings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(ending_model(), Path("tiny.safetensors"))
    Path("sheep.csv").write_text(table(FLOCK[:3]))
    tiny = ("--model", "tiny.safetensors")
    assert "z.csv: 3 latents" in sketchvae("encode", "sheep.csv", *tiny, "-o", "z.csv")
    for source in ("sheep.csv", "z.csv"):
        said = sketchvae("decode", source, *tiny, "-o", "a.ndjson")
        assert "a.ndjson: 3 drawings" in said
    folder = tmp_path / "cats"
    folder.mkdir()
    for name in ("z.csv", "sheep.csv"):
        Path(name).rename(folder / name)
    assert len(list(formats.read(folder))) == 3
    assert len(Path("cats/z.csv").read_text().splitlines()[0].split(",")) == Z


# --- npz ------------------------------------------------------------------------------------

EQUAL = np.stack([ROWS, ROWS[::-1] * [1, 1, 0] + [0, 0, 1], ROWS])


@pytest.mark.parametrize(
    "array",
    [
        EQUAL.astype(np.int16),
        EQUAL.astype(np.float32),
        EQUAL.astype(">i4"),
        np.asfortranarray(EQUAL.astype(np.int16)),
        np.array(list(EQUAL), dtype=object),
        np.array([row.tolist() for row in EQUAL], dtype=object),
        np.concatenate([EQUAL, np.zeros((3, 5, 3))], axis=1),
    ],
    ids=["int16", "float32", "big-endian", "fortran", "objects", "lists", "filled up"],
)
def test_equally_long_drawings_in_one_array_are_read(
    tmp_path: Path, array: NDArray[np.generic]
) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, train=array, valid=array[:1], test=array[:1])
    expected = [from_stroke3(rows) for rows in EQUAL]
    assert list(npz.read(path)) == [*expected, expected[0], expected[0]]


@pytest.mark.parametrize("held", [("train",), ("valid",), ("train", "test"), ("test", "valid")])
def test_splits_that_are_missing_are_empty(tmp_path: Path, held: tuple[str, ...]) -> None:
    path = tmp_path / "x.npz"
    rows = {split: to_stroke3(FLOCK[i]) for i, split in enumerate(held)}
    np.savez_compressed(path, allow_pickle=True, **{s: objects([r]) for s, r in rows.items()})
    order = [split for split in npz.SPLITS if split in held]
    assert [d.n_points for d in npz.read(path)] == [FLOCK[held.index(s)].n_points for s in order]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 4, 5), np.int16), "got the type <i2 and the shape (2, 4, 5); save the"),
        (np.zeros((2, 4, 3), "U1"), "got the type <U1 and the shape (2, 4, 3)"),
        (np.full((1, 2, 3), np.nan), "finite and within"),
        (np.full((1, 2, 3), 7), "lift must be 0 or 1"),
        (np.array([[["a"] * 3]], dtype=object), "must hold 3 numbers, got something else"),
        (np.array([[[10**400, 1, 1]]], dtype=object), "must hold 3 numbers, got something else"),
        (np.zeros((0, 4, 3)), "holds no drawing"),
    ],
)
def test_other_arrays_are_one_line(tmp_path: Path, array: NDArray[np.generic], said: str) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, train=array)
    assert said in refusal(lambda: list(npz.read(path)))


# --- what the import tells ------------------------------------------------------------------


def import_notes(tmp_path: Path, drawings: list[Drawing], *options: str) -> str:
    formats.write(tmp_path / "a.ndjson", drawings)
    return sketchvae(
        "data", "import", tmp_path / "a.ndjson", "-o", tmp_path / "a.drawings", *options
    )


def test_import_tells_copies_and_a_missing_word(tmp_path: Path) -> None:
    many = list(formats.read(SHEEP))
    quiet = import_notes(tmp_path, many)
    assert not any(note in quiet for note in ("are copies", "has a word"))
    said = import_notes(tmp_path, [*many, *many[:7], many[0]])
    assert "8 of 308 are copies of others; each counts as often as it is there" in said
    said = import_notes(tmp_path, [d.with_word("") for d in many])
    assert "no drawing has a word, nor will what is drawn, and there is no class head" in said
    assert "give one, as in --word cat" in said
    assert "no drawing has a word" not in import_notes(
        tmp_path, [d.with_word("") for d in many], "--word", "ewe"
    )
    said = import_notes(tmp_path, [*many[:3], many[3].with_word("")], "--word", "ewe")
    assert (
        "3 keep the word that their file has for them (sheep 3); the word that was given is" in said
    )
