"""sketchvae show; and what every command that writes pictures can: numbers, a file for each."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import png_of, sketchvae, svg_of, twelve
from PIL import Image

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.render.digits import number_strokes
from sketchvae.render.page import Style

FLOCK = twelve()
TINY = ("--model", "tiny.safetensors")


@pytest.fixture(autouse=True)
def folder(folder_of_twelve: Path) -> Path:
    """Return the folder that commands run in."""
    return folder_of_twelve


# --- show -----------------------------------------------------------------------------------


def test_show_draws_in_the_terminal_without_a_file(folder: Path) -> None:
    before = sorted(folder.iterdir())
    said = sketchvae("show", "x.ndjson:2,3")
    assert sum("\u2800" <= line[0] <= "\u28ff" for line in said.splitlines()) > 20
    assert sorted(folder.iterdir()) == before
    assert "--smooth: not for the terminal" in sketchvae("show", "x.ndjson", "--smooth", fails=2)


def test_page_of_a_file_is_the_page_of_its_drawings() -> None:
    assert "a.svg: 4 drawings" in sketchvae(
        "show", "x.ndjson:3-8", "-n", "4", "--no-smooth", "-o", "a.svg"
    )
    page = [drawing.to_quickdraw() for drawing in formats.read("a.svg")]
    assert [d.n_points for d in page] == [d.n_points for d in FLOCK[2:6]]
    sketchvae("show", "x.ndjson:5", "--pixels", "90", "--background", "red", "-o", "a.png")
    with Image.open("a.png") as picture:
        assert picture.size == (90, 90)
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 255)


@pytest.mark.parametrize("name", ["a.bin", "a.npz", "a.ndjson.gz", "a.drawings"])
def test_show_brings_drawings_into_another_format(name: str) -> None:
    sketchvae("show", "x.ndjson:1-3", "-o", name)
    sketchvae("show", name, "-o", "again.ndjson")
    for drawing, original in zip(formats.read("again.ndjson"), FLOCK[:3], strict=True):
        assert drawing == original


# --- a file for each ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("draw -n 3 -o s-%02d.svg", ["s-01.svg", "s-02.svg", "s-03.svg"]),
        ("draw -n 2 -o %d.ndjson", ["1.ndjson", "2.ndjson"]),
        ("draw -n 2 --animate --seconds 0.2 --pixels 60 -o s%d.gif", ["s1.gif", "s2.gif"]),
        ("show x.ndjson:2,11 -o 100%-%d.png", ["100%-11.png", "100%-2.png"]),
        ("animate x.ndjson:2-3 -o a%03d.html", ["a002.html", "a003.html"]),
        ("decode x.ndjson:1,2 -o d-%d.bin", ["d-1.bin", "d-2.bin"]),
        ("reconstruct x.ndjson -n 1 -t 1 -o r%d.svg", ["r1.svg", "r2.svg"]),
        ("complete x.ndjson -n 2 -o c%d.svg", ["c1.svg", "c2.svg"]),
        ("morph x.ndjson x.ndjson:2 -k 2 -t 1 -o m%d.svg", ["m1.svg", "m2.svg"]),
    ],
)
def test_number_in_a_name_makes_a_file_for_each_drawing(
    folder: Path, line: str, names: list[str]
) -> None:
    before = set(folder.iterdir())
    words = line.split()
    model = (*TINY, "--seed", "1") if words[0] not in ("draw", "show", "animate") else ()
    sketchvae(*words, *model)
    assert sorted(path.name for path in set(folder.iterdir()) - before) == names
    if Path(names[0]).suffix not in (".gif", ".html", ".png"):
        assert [len(list(formats.read(name))) for name in names] == [1] * len(names)
    Path(names[0]).unlink()
    old = Path(names[1]).read_bytes()
    said = sketchvae(*words, *model, fails=1, force=False)
    assert f"{names[1]}: exists already" in said
    assert Path(names[1]).read_bytes() == old
    assert not Path(names[0]).exists()


def test_drawings_in_files_of_their_own_are_those_of_the_page() -> None:
    sketchvae("draw", "-n", "3", "--seed", "7", "-o", "page.ndjson")
    sketchvae("draw", "-n", "3", "--seed", "7", "-o", "each-%d.ndjson")
    each = [drawing for n in (1, 2, 3) for drawing in formats.read(f"each-{n}.ndjson")]
    assert each == list(formats.read("page.ndjson"))
    sketchvae("draw", "-n", "3", "--seed", "7", "-o", "each-%d.svg")
    said = sketchvae("info", "each-2.svg")
    assert "drawing        2\n" in said
    assert "-o again-%d.svg" in said


@pytest.mark.parametrize("line", ["plot x.ndjson -o a%d.svg", "encode x.ndjson -o a%d.npy"])
def test_what_is_one_file_has_no_name_for_many(folder: Path, line: str) -> None:
    said = sketchvae(*line.split(), fails=1)
    assert "must be the name of one file here, got one for many; leave %d out" in said
    assert not list(folder.glob("a*"))


# --- numbers --------------------------------------------------------------------------------


def columns_of_ink(picture: Image.Image, cell: int) -> list[int]:
    """Count the inked pixels in the corner of each cell, where its number stands."""
    ink = np.asarray(picture.convert("RGBA").convert("L")) < 128
    corner = cell // 10
    return [
        int(ink[top : top + corner, left : left + 2 * corner].sum())
        for top in range(0, ink.shape[0], cell)
        for left in range(0, ink.shape[1], cell)
    ]


def test_numbers_stand_beside_the_drawings_and_name_them_in_the_file() -> None:
    sketchvae("show", "x.ndjson:3-6", "--numbered", "--pixels", "400", "-o", "a.png")
    sketchvae("show", "x.ndjson:3-6", "--pixels", "400", "-o", "b.png")
    blank = [Drawing(())] * 4
    numbers = png_of(blank, numbers=(3, 4, 5, 6), pixels=400, style=Style(background="white"))
    Path("numbers.png").write_bytes(numbers)
    with Image.open("a.png") as a, Image.open("b.png") as b, Image.open("numbers.png") as n:
        union = np.minimum(np.asarray(b.convert("L")), np.asarray(n.convert("L")))
        assert (np.abs(np.asarray(a.convert("L")).astype(int) - union) > 100).mean() < 0.001
        assert all(count > 10 for count in columns_of_ink(n, 200))
        assert columns_of_ink(b, 200) == [0] * 4


def test_reconstructions_have_their_numbers_and_temperatures() -> None:
    sketchvae("reconstruct", "x.ndjson:5,2", "-t", "0.3", "--seed", "1", "-o", "a.svg")
    assert len(list(formats.read("a.svg"))) == 4
    blank = svg_of([Drawing(())] * 4, columns=2, numbers=(5, 0.3, 2, 0.3))
    text = Path("a.svg").read_text()
    labels = re.findall(r'id="numbers".*?</g>', blank)
    assert len(labels) == 1
    assert labels[0].count("<path") == 8  # 5, 2 and twice a 0, a point and a 3
    assert labels[0] in text


def test_numbers_in_svg_are_no_drawings() -> None:
    sketchvae("draw", "-n", "4", "--seed", "3", "--numbered", "-o", "a.svg")
    sketchvae("draw", "-n", "4", "--seed", "3", "-o", "b.svg")
    assert list(formats.read("a.svg")) == list(formats.read("b.svg"))
    assert 'inkscape:label="numbers"' in Path("a.svg").read_text()
    assert "--numbered: not for a.ndjson" in sketchvae(
        "draw", "--numbered", "-o", "a.ndjson", fails=2
    )


def test_numbers_are_in_every_frame_of_a_film() -> None:
    words = ("--numbered", "--seconds", "0.2", "--pixels", "200", "-o", "a.gif")
    sketchvae("animate", "x.ndjson:2", *words)
    with Image.open("a.gif") as film:
        first = columns_of_ink(film, 200)[0]
        film.seek(film.n_frames - 1)  # type: ignore[attr-defined]
        assert columns_of_ink(film, 200)[0] >= first > 10


def test_every_digit_is_another_and_lies_in_its_place() -> None:
    shapes = {repr([s.tolist() for s in number_strokes(n, 0, 0, 6)]) for n in range(10)}
    assert len(shapes) == 10
    points = np.concatenate(number_strokes(1234567890, 2, 3, 6))
    assert points.min(axis=0).tolist() == [3, 3]  # the 1 is narrower than its place
    assert points.max(axis=0).tolist() == [2 + 9 * 5.5 + 4, 9]


def test_as_many_numbers_as_drawings() -> None:
    with pytest.raises(SketchvaeError, match="a number for each of its 2 drawings, got 1"):
        svg_of(FLOCK[:2], numbers=(1,))
