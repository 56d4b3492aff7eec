"""FILE:5, FILE:2,5,7, FILE:3-8 and folders, wherever drawings are read."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import refusal, sketchvae, twelve

from sketchvae.cli import main
from sketchvae.data import formats
from sketchvae.data.selection import Selection
from sketchvae.drawing import Drawing

FLOCK = twelve()
TINY = ("--model", "tiny.safetensors")


@pytest.fixture(autouse=True)
def folder(folder_of_twelve: Path) -> Path:
    """Return the folder that commands run in."""
    return folder_of_twelve


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("x.ndjson", [*range(1, 13)]),
        ("x.ndjson:5", [5]),
        ("x.ndjson:12", [12]),
        ("x.ndjson:2,5,7", [2, 5, 7]),
        ("x.ndjson:7,2", [7, 2]),
        ("x.ndjson:3-8", [3, 4, 5, 6, 7, 8]),
        ("x.ndjson:9-10,1,4-4", [9, 10, 1, 4]),
        ("x.ndjson:5,5", [5, 5]),
    ],
)
def test_numbers_choose_drawings_in_the_order_they_are_typed(text: str, numbers: list[int]) -> None:
    read = list(Selection.parse(text).read())
    assert [number for number, _ in read] == numbers
    assert [drawing for _, drawing in read] == [FLOCK[number - 1] for number in numbers]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x.ndjson:13", "must name one that is in x.ndjson, counted from 1, got 13; it holds 12"),
        ("x.ndjson:3-99999999", "got 3-99999999; it holds 12"),
        ("x.ndjson:0", "counted from 1, got 0; choose another"),
        ("x.ndjson:8-3", "must not be above the last, got 8-3; turn them round: 3-8"),
        ("nope", "nope: no such file; check the name"),
        ("photo.jpg", "got .jpg; pixels are no strokes; trace it to .svg"),
        ("page.nc", "got .nc; take the drawings that were plotted"),
        ("nope:3", "nope: no such file; check the name"),
        ("x.ndjson:", "x.ndjson:: numbers of drawings must be as 5, or 2,5,7, or 3-8, got ''"),
        ("x.ndjson:a", "as 5, or 2,5,7, or 3-8, got 'a'; leave ':a' out for all"),
        ("x.ndjson:2,", "got '2,'"),
        ("x.ndjson:-1", "got '-1'"),
        ("none.ndjson:2", "none.ndjson: no such file"),
    ],
)
def test_wrong_numbers_are_one_line(text: str, said: str) -> None:
    for name in ("photo.jpg", "page.nc"):
        Path(name).touch()
    assert said in refusal(lambda: list(Selection.parse(text).read()))


def test_no_more_is_read_than_needed() -> None:
    with Path("x.ndjson").open("a") as more:
        more.write("no drawing\n")
    assert len(list(Selection.parse("x.ndjson:3-12").read())) == 10


def test_every_command_that_reads_drawings_takes_numbers() -> None:
    some = "x.ndjson:2,5-6"
    chosen = [FLOCK[i] for i in (1, 4, 5)]
    said = sketchvae("plot", some, "-o", "a.svg")
    assert "a.svg: 3 drawings" in said
    assert "a.svg: 3 drawings" in sketchvae("animate", some, "-o", "a.svg")
    assert "a.svg: 2 drawings" in sketchvae("animate", some, "-n", "2", "-o", "a.svg")
    rows = [line.split() for line in sketchvae("score", some, "--draws", "1").splitlines()[1:]]
    assert [row[:2] for row in rows] == [
        [str(n), str(d.n_points)] for n, d in zip((2, 5, 6), chosen, strict=True)
    ]
    for name, count in (("encode", 3), ("map", 3)):
        output = "a.npy" if name == "encode" else "a.png"
        assert f"{output}: {count} " in sketchvae(name, some, *TINY, "-o", output)
    assert "a.ndjson: 3 drawings" in sketchvae("decode", "a.npy:3,1,2", *TINY, "-o", "a.ndjson")
    sketchvae("reconstruct", some, "-t", "1", *TINY, "-o", "a.ndjson")
    assert list(formats.read("a.ndjson"))[::2] == chosen
    sketchvae("data", "import", some, "-o", "a.drawings")
    assert list(formats.read("a.drawings")) == chosen
    assert json.loads(sketchvae("data", "info", some, "--json"))["drawings"] == 3
    figures = json.loads(sketchvae("evaluate", some, "--json"))
    assert figures["drawings"] == 3
    said = sketchvae("evaluate", "a.drawings:1", "--split", "train", fails=2)
    assert "chosen by number or by --split" in said
    assert "1 drawing" in sketchvae("draw", "--like", some, *TINY, "-o", "b.svg")


def test_first_drawings_are_enough_where_all_are_read() -> None:
    said = sketchvae("score", "x.ndjson:3-9", "-n", "2", "--draws", "1", "--json")
    assert [json.loads(line)["drawing"] for line in said.splitlines()] == [3, 4]
    sketchvae("encode", "x.ndjson", "-n", "2", *TINY, "-o", "two.npy")
    assert len(np.load("two.npy")) == 2
    for name in ("animate", "clusters", "encode", "map", "plot", "score", "show"):
        assert "number" in {p.name for p in main.commands[name].params}, name


def test_an_argument_for_one_drawing_is_the_first_or_one_by_number() -> None:
    for text, first in (("x.ndjson", 0), ("x.ndjson:3", 2)):
        said = sketchvae("complete", text, *TINY, "-o", "a.ndjson")
        is_chosen = "x.ndjson: of several the first; name another as x.ndjson:2\n" in said
        assert is_chosen == (text == "x.ndjson")
        (whole,) = formats.read("a.ndjson")
        assert whole.strokes[0].tolist() == FLOCK[first].strokes[0].tolist()
    formats.write("one.ndjson", FLOCK[:1])
    assert "of several" not in sketchvae("complete", "one.ndjson", *TINY, "-o", "a.ndjson")
    sketchvae("encode", "x.ndjson", *TINY, "-o", "x.npy")
    said = sketchvae("morph", "x.npy", "x.npy:3", "-k", "2", "-t", "1", *TINY, "-o", "a.svg")
    assert "x.npy: of several the first; name another as x.npy:2\n" in said
    said = sketchvae("complete", "x.ndjson:2,3", *TINY, "-o", "a.svg", fails=1)
    assert "x.ndjson:2,3: must name one here, got several" in said


def test_a_page_by_sketchvae_is_numbered_as_it_shows() -> None:
    sketchvae("draw", "-n", "4", "--seed", "3", "-o", "page.svg")
    third = list(formats.read("page.svg"))[2]
    assert [d for _, d in Selection.parse("page.svg:3").read()] == [third]


def test_a_folder_is_the_drawings_of_its_files_in_order(folder: Path) -> None:
    cats = folder / "cats"
    cats.mkdir()
    for number in (10, 2, 1):
        line = Drawing([[(0, 0), (number, 9)]])
        formats.write(cats / f"cat-{number}.ndjson", [line])
    for name in ("notes.txt", "._cat-1.ndjson", ".DS_Store"):
        (cats / name).write_text("no drawing")
    formats.write(cats / "old.drawings", FLOCK)
    (cats / "more").mkdir()
    widths = [drawing.bounds[2] for drawing in formats.read(cats)]
    assert widths == [1, 2, 10]
    assert "a.svg: 3 drawings" in sketchvae("plot", "cats/", "-o", "a.svg")
    assert "a.svg: 1 drawing " in sketchvae("plot", "cats:2", "-o", "a.svg")
    (cats / "bad.svg").write_text("<svg")
    said = sketchvae("data", "import", "cats/", "--word", "cat", "-o", "cats/all.drawings")
    assert "cats/all.drawings: 3 drawings" in said
    assert "left out: cats/bad.svg: must be SVG" in said
    said = sketchvae("data", "import", "cats/more", "-o", "a.drawings", fails=1)
    assert "cats/more: must hold files of drawings (.ndjson, " in said
