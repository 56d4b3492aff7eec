"""Training on whatever people draw: what is left out is said in one line, the rest is learnt."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers import QUICKDRAW, sketchvae

from sketchvae import load
from sketchvae.cli.packing import packed_set
from sketchvae.cli.train_own import own_lines
from sketchvae.data import formats
from sketchvae.data.selection import Selection
from sketchvae.drawing import Drawing
from sketchvae.evaluate.outliers import most_distant
from sketchvae.model.weights import shipped_path

TINY = "--init nothing --latent 4 --encoder-hidden 8 --decoder-hidden 12 --mixtures 2".split()
SHORT = "--steps 2 --batch 4 --validate-every 2".split()
SHEEP = [drawing.with_word("cat") for drawing in formats.read(QUICKDRAW)][
    :8
]  # they will do as cats
SCRIBBLE = np.random.default_rng(0).integers(0, 256, (5000, 2, 2)).tolist()


def line(strokes: list[list[list[float]]], word: str = "cat") -> str:
    return json.dumps({"word": word, "drawing": strokes})


def of(drawing: Drawing, word: str = "cat", factor: float = 1) -> str:
    return line([(stroke.T * factor).tolist() for stroke in drawing.strokes], word)


def svg(drawing: Drawing, more: str = "", paint: str = 'fill="none" stroke="black"') -> str:
    paths = "".join(
        f'<path {paint} d="M{" L".join(f"{x:g},{y:g}" for x, y in stroke)}"/>'
        for stroke in drawing.strokes
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-9 -9 280 280" width="280">'
    return f"{head}{more}{paths}</svg>"


def lines(*rows: str) -> Callable[[Path], Path]:
    """Return what writes a file of these lines, and returns its path."""

    def write(folder: Path) -> Path:
        (folder / "cats.ndjson").write_text("".join(f"{row}\n" for row in rows))
        return folder / "cats.ndjson"

    return write


def files(**contents: str) -> Callable[[Path], Path]:
    """Return what writes a folder of eight good pages and some others, and returns its path."""

    def write(folder: Path) -> Path:
        (folder / "cats").mkdir()
        pages = {f"cat-{i}.svg": svg(drawing) for i, drawing in enumerate(SHEEP)}
        for name, content in (pages | contents).items():
            (folder / "cats" / name).write_text(content)
        return folder / "cats"

    return write


def scan(folder: Path) -> Path:
    """Write a picture where drawings are expected."""
    (folder / "scan.png").write_bytes(b"x")
    return folder


@dataclass(frozen=True)
class Case:
    """Drawings to train on.

    Attributes:
        write: writes them into a folder, and returns the path for --data.
        said: what the line about them says; empty where there is nothing to say.
        kept: number of drawings that a model learns from and is judged by; 0: that is an error.
    """

    write: Callable[[Path], Path]
    said: str
    kept: int = 8


GOOD = [of(drawing) for drawing in SHEEP]
BACKGROUND = '<rect x="-9" y="-9" width="280" height="280" fill="white"/>'
FILLED = 'fill="black"'
CASES = {
    "one drawing": Case(lines(GOOD[0]), "there is one drawing, and training needs two that", 0),
    "two equal ones": Case(lines(*GOOD[:1] * 2), "all 2 drawings are equal, and training needs", 0),
    "two": Case(lines(*GOOD[:2]), "", 2),
    "5000 strokes": Case(lines(*GOOD, line(SCRIBBLE)), "1 of 9 have more than 250 points, which"),
    "5000 strokes alone": Case(lines(line(SCRIBBLE)), "there is one drawing, and training", 0),
    "empty ones": Case(lines(*GOOD, *[line([])] * 3), "left out: 3 without a stroke"),
    "empty ones alone": Case(lines(*[line([])] * 3), "got none to import; name files with some", 0),
    "an empty stroke": Case(lines(*GOOD, line([[[], []]])), "left out: {}, line 9, stroke 0: x, y"),
    "dots": Case(
        lines(*GOOD, *[line([[[3, 3], [4, 4]]])] * 3), "left out: 3 that are a single dot"
    ),
    "dots alone": Case(lines(*[line([[[3], [4]]])] * 3), "got none to import; name files with", 0),
    "cats and cows": Case(
        lines(*GOOD[:5], *[of(drawing, "cow") for drawing in SHEEP[5:]]),
        "holds 2 words (cat 5, cow 3), and a model of it draws them all; for one alone use data "
        "import --only cat",
    ),
    "no words": Case(
        lines(*[of(drawing, "") for drawing in SHEEP]), "no drawing has a word, nor will what"
    ),
    "a page of kilometres": Case(
        lines(*GOOD, of(SHEEP[0], factor=1e9)), "left out: {}, line 9: coordinates must lie between"
    ),
    "all of kilometres": Case(
        lines(*[of(drawing, factor=1e9) for drawing in SHEEP]), "got none to import", 0
    ),
    "millimetres": Case(lines(*[of(drawing, factor=0.1) for drawing in SHEEP]), ""),
    "not numbers": Case(
        lines(*GOOD, '{"drawing":[[[NaN,1],[1,2]]]}'), "left out: {}, line 9: must"
    ),
    "a line cut short": Case(lines(*GOOD, GOOD[0][:60]), "left out: {}, line 9: must be one JSON"),
    "copies": Case(lines(*GOOD, *GOOD[:1] * 30), "30 of 38 are copies of others; each counts"),
    "broken pages": Case(
        files(**{"broken.svg": "<svg><path"}), "left out: {}/broken.svg: must be SVG"
    ),
    "a page of text": Case(
        files(**{"text.svg": svg(Drawing([]), "<text>a cat</text>")}),
        "left out: {}/text.svg: must have a path or another shape, got none (left out 1 text)",
    ),
    "an empty file": Case(
        files(**{"more.ndjson": ""}), "left out: {}/more.ndjson: holds no drawing, the file is"
    ),
    "backgrounds": Case(
        files(**{f"cat-{i}.svg": svg(d, BACKGROUND) for i, d in enumerate(SHEEP)}),
        "{}/cat-0.svg and 7 others: left out 1 background",
    ),
    "fills": Case(
        files(**{"cat-0.svg": svg(Drawing(SHEEP[0].strokes[:1]), paint=FILLED)}),
        "{}/cat-0.svg: 1 filled shape without a stroke",
    ),
    "far off the page": Case(
        files(**{"cat-0.svg": svg(SHEEP[0].moved(9e8, 0))}), "left out: {}/cat-0.svg: must have", 7
    ),
    "a folder of scans": Case(
        scan,
        "must hold files of drawings (.ndjson",
        0,
    ),
    "a page of several": Case(
        files(), "take an SVG page of several apart with data import --split-groups", 0
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_left_out_is_said_in_one_line_and_the_rest_is_learnt(
    case: Case, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    data = case.write(source)
    if "--split-groups" in case.said:
        data /= "cat-0.svg"
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    run = tmp_path / "run"
    word = [] if data.suffix == ".ndjson" else ["--word", "cat"]
    end = 0 if case.kept else 1
    said = sketchvae("train", "--data", data, "--out", run, *word, *TINY, *SHORT, fails=end)
    assert before == {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    expected = case.said.replace("{}", str(data))
    about = [
        text for text in said.splitlines() if text.startswith((str(data), "left out", "Error"))
    ]
    if case.kept:
        assert len(about) == bool(expected), about
        assert all(expected in text for text in about)
        counts = re.search(r"(\d+) drawings? an epoch(?: \(\d+.*\))?, judged by (\d+)", said)
        assert counts
        copies = 30 * ("copies" in expected)
        assert case.kept <= sum(map(int, counts.groups())) <= case.kept + copies
        assert int(counts[2]) < case.kept
        assert (run / "model.safetensors").exists()
    else:
        (error,) = (text for text in about if text.startswith("Error"))
        assert expected in error
        assert not (run / "model.safetensors").exists()


# --- afterwards -------------------------------------------------------------------------


def hatching() -> Drawing:
    return Drawing([[(x, 0), (x, 250)] for x in range(0, 250, 12)])


def many_sheep() -> list[Drawing]:
    return list(formats.read(QUICKDRAW))[:14]


def test_drawing_of_another_kind_is_the_most_distant_one() -> None:
    drawings = many_sheep()
    assert most_distant(load(), [*drawings[:6], hatching(), *drawings[6:]], 3)[0] == 6


@pytest.mark.parametrize("kind", ["ndjson", "folder", "packed"])
def test_odd_drawing_is_named_so_that_show_shows_it(kind: str, tmp_path: Path) -> None:
    """A drawing without a stroke stands before it: the number is that of the file."""
    drawings = [*many_sheep()[:9], Drawing([]), hatching(), *many_sheep()[9:]]
    path = tmp_path / "mine"
    if kind == "folder":
        path.mkdir()
        for i, drawing in enumerate(drawings):
            (path / f"{i}.svg").write_text(svg(drawing))
        place = f"{path}/10.svg:1"
    else:
        path = path.with_suffix(".ndjson")
        formats.write(path, drawings)
        place = f"{path}:11"
    packed = packed_set(Selection.parse(str(path)), tmp_path / "run")
    if kind == "packed":
        path, place = packed.path, f"{packed.path}:10"
    (tmp_path / "run" / "model.safetensors").write_bytes(shipped_path().read_bytes())
    picture, helps, odd = own_lines(tmp_path / "run", [str(path)], [packed])
    assert picture.startswith(f"{tmp_path / 'run'}/typical.png: 36 drawings")
    assert (tmp_path / "run" / "typical.png").exists()
    assert helps.startswith("it draws variations of 15 drawings; draw --best-of 4 chooses better")
    assert odd.startswith(f"least like the others: {place}; look, as by sketchvae show {place},")
    sketchvae("show", place, "-o", tmp_path / "odd.ndjson")
    (shown,) = formats.read(tmp_path / "odd.ndjson")
    assert len(shown.strokes) == 21
