"""Own drawings: many files to one set, what is left out and why, and a model that begins there."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import QUICKDRAW, SHEEP, random_model, sketchvae, svg_of

from sketchvae.data import formats
from sketchvae.data.dataset import open_packed
from sketchvae.data.importing import ImportReport, import_drawings, source_names
from sketchvae.drawing import Drawing
from sketchvae.errors import LeftOutWarning, SketchvaeError
from sketchvae.model.weights import save
from sketchvae.render.page import Style
from sketchvae.train.settings import Settings

SVG = '<svg xmlns="http://www.w3.org/2000/svg" stroke="black" viewBox="0 0 100 100">{}</svg>'
BAD = {
    "text.svg": SVG.format('<text x="1" y="9">moo</text><image href="cow.png"/>'),
    "bomb.svg": f'<!DOCTYPE svg [<!ENTITY a "{"a" * 9999}">]>' + SVG.format("&a;" * 9999),
    "million.svg": SVG.format('<path d="M0,0 L1,1"/>' * 200_000),
    "empty.svg": "",
    "photo.svg": "\x89PNG",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, drawing in enumerate(list(formats.read(SHEEP))[:8]):
        page = svg_of([Drawing(drawing.strokes)], style=Style(smooth=False))
        (tmp_path / f"cow-{i}.svg").write_text(page)
    return tmp_path


def test_one_drawing_a_file_goes_through_the_recipe_into_the_splits(folder: Path) -> None:
    files = sorted(folder.glob("cow-*.svg"))
    said = sketchvae(
        "data", "import", *files, "--word", "cow", "-o", folder / "cow.drawings", "--valid", "0.4"
    )
    packed = open_packed(folder / "cow.drawings")
    parts = [len(packed.split(name)) for name in ("train", "valid", "test")]
    assert "cow.drawings: 8 drawings: {} train, {} valid, {} test".format(*parts) in said
    assert packed.vocabulary == ("cow",)
    for file, drawing in zip(files, packed, strict=True):
        (page,) = formats.read(file)
        assert drawing == page.simplified()
        assert 253 <= drawing.longest_side <= 255  # the recipe may drop the outermost point


def test_bad_files_among_many_are_left_out_and_named(folder: Path) -> None:
    for name, content in BAD.items():
        (folder / name).write_text(content, encoding="latin-1")
    files = sorted(folder.glob("*.svg"))
    said = sketchvae("data", "import", *files, "--word", "cow", "-o", folder / "cow.drawings")
    assert "8 drawings" in said
    for name, reason in (
        ("text.svg", "must have a path or another shape"),
        ("bomb.svg", "must have entities for at most"),
        ("million.svg", "must have at most 100000 elements"),
        ("empty.svg", "the file is empty"),
        ("photo.svg", "must be SVG"),
    ):
        (line,) = (line for line in said.splitlines() if name in line and "left out" in line)
        assert reason in line


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_alone_is_an_error_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BAD[name], encoding="latin-1")
    said = sketchvae("data", "import", tmp_path / name, "-o", tmp_path / "a.drawings", fails=1)
    assert said.startswith("Error: ")
    assert len(said.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_file_that_is_not_there_is_an_error_even_among_many(folder: Path) -> None:
    files = [folder / "cow-1.svg", folder / "cow-99.svg"]
    with pytest.raises(SketchvaeError, match=r"cow-99.svg: no such file"):
        list(import_drawings(files, ImportReport()))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.ndjson", '{"drawing": [[[0, 9], [0, 9]]]}\n{"drawing"\n', "line 2: must be one JSON"),
        ("a.json", '[{"drawing": [[[0, 9], [0, 9]]]}, {"drawing": 7}]', "drawing 1: must hold a"),
        ("a.csv", 'drawing\n"[[[0, 9], [0, 9]]]"\n"[[[0]"\n', "line 3: must be one JSON object"),
    ],
)
def test_bad_drawing_among_good_ones_is_left_out_and_named(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    report = ImportReport()
    assert len(list(import_drawings([tmp_path / name], report))) == 1
    (line,) = report.lines()
    assert line.startswith(f"{tmp_path / name}, {said}")


def test_file_that_ends_too_early_is_an_error_even_among_many(folder: Path) -> None:
    packed = gzip.compress(QUICKDRAW.read_bytes())
    (folder / "a.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SketchvaeError, match=r"a.ndjson.gz: cannot be read to its end"):
        list(import_drawings([folder], ImportReport()))


def test_more_bad_files_than_anybody_reads_are_counted(tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.svg" for i in range(14)]
    for file in files:
        file.write_text(BAD["text.svg"])
    report = ImportReport()
    assert list(import_drawings(files, report)) == []
    lines = list(report.lines())
    assert len(lines) == 11
    assert lines[-1] == "4 more that cannot be read"


def test_each_outermost_group_or_shape_is_a_drawing(tmp_path: Path) -> None:
    body = (
        '<defs><g id="d"><path d="M0,0 L9,0"/></g></defs><g id="layer">'
        '<g transform="translate(50 0)"><path d="M0,0 L9,0"/><g><path d="M0,0 L0,9"/></g></g>'
        '<path d="M5,5 C9,0 20,40 30,5"/><use href="#d" y="3"/><g><text>moo</text></g>'
        '<g visibility="hidden"><path d="M0,0 L1,1"/></g></g>'
    )
    (tmp_path / "sheet.svg").write_text(SVG.format(body))
    with pytest.warns(LeftOutWarning, match=r"sheet.svg: left out 1 text$"):
        drawings = list(formats.read(tmp_path / "sheet.svg", split_groups=True))
    assert [len(drawing.strokes) for drawing in drawings] == [2, 1, 1]
    left = [drawing.bounds[0] for drawing in drawings]
    np.testing.assert_allclose(left, np.array([50, 5, 0]) * 25.4 / 96, atol=1e-3)
    with pytest.warns(LeftOutWarning, match="left out 1 text"):
        (whole,) = formats.read(tmp_path / "sheet.svg")
    assert len(whole.strokes) == 4
    said = sketchvae(
        "data", "import", tmp_path / "sheet.svg", "--each", "-o", tmp_path / "a.drawings"
    )
    assert "3 drawings" in said
    assert "sheet.svg: left out 1 text\n" in said


def test_only_one_word_is_kept_and_several_are_told(tmp_path: Path) -> None:
    lines = [f'{{"word": "{w}", "drawing": [[[0, {9 + i}], [0, 9]]]}}'
             for i, w in enumerate(("cow", "cow", "pig", ""))]  # fmt: skip
    lines.append('{"word": "cow", "drawing": []}')
    (tmp_path / "a.ndjson").write_text("\n".join(lines) + "\n")
    said = sketchvae("data", "import", tmp_path / "a.ndjson", "-o", tmp_path / "a.drawings")
    assert "holds 3 words (cow 2, pig 1, (none) 1)" in said
    assert "for one alone use data import --only cow" in said
    assert "left out: 1 without a stroke" in said
    said = sketchvae(
        "data", "import", tmp_path / "a.ndjson", "--only", "cow", "-o", tmp_path / "a.drawings"
    )
    assert "a.drawings: 2 drawings" in said
    assert "left out: 2 of other words" in said
    assert "holds" not in said
    said = sketchvae(
        "data", "import", tmp_path / "a.ndjson", "--only", "ewe", "-o", tmp_path / "a.drawings",
        fails=1,
    )  # fmt: skip
    assert "left out: 4 of other words" in said
    assert len(open_packed(tmp_path / "a.drawings")) == 2


def test_many_files_are_one_source() -> None:
    assert source_names([Path("a/b.svg"), Path("c.svg")]) == ["b.svg", "c.svg"]
    assert source_names([Path(f"{i}.svg") for i in range(40)]) == ["40 files from 0.svg to 39.svg"]


def test_fine_tuning_is_short_but_gives_way_to_what_is_asked(tmp_path: Path) -> None:
    assert Settings.fine_tuning(200).steps < Settings().steps / 10
    assert Settings.fine_tuning(200, steps=7).steps == 7
    begin = random_model()
    begin.tensors["head.bias"][-1] += 5  # drawings end soon
    save(begin, tmp_path / "begin.safetensors")
    formats.write(tmp_path / "few.ndjson", list(formats.read(SHEEP))[:60])
    sketchvae("data", "import", tmp_path / "few.ndjson", "-o", tmp_path / "s.drawings")
    said = sketchvae(
        "train", "--data", tmp_path / "s.drawings", "--init", tmp_path / "begin.safetensors",
        "--out", tmp_path / "cow", "--steps", "2", "--batch", "4", "--validate-every", "2",
    )  # fmt: skip
    assert "from step 0 of 2" in said
    assert {"map-000002.png", "step-000002.png"} <= {p.name for p in (tmp_path / "cow").iterdir()}


def test_import_says_what_training_will_miss_and_its_advice_helps(tmp_path: Path) -> None:
    """Long drawings, and none to validate on: three imports, each as the one before advised."""
    turns = np.linspace(0, 60, 900)[:, None]
    spirals = [
        Drawing([(127 + 2 * turns * np.hstack([np.cos(turns + k), np.sin(turns + k)])).round()])
        for k in np.linspace(0, 3, 12)
    ]
    formats.write(tmp_path / "long.ndjson", [s.to_quickdraw() for s in spirals])
    words = ["data", "import", str(tmp_path / "long.ndjson"), "-o", str(tmp_path / "x.drawings")]
    words += ["--valid", "0"]
    advised: list[str] = []
    for _ in range(3):
        said = sketchvae(*words, *advised, "--force")
        advised += re.findall(r"--(?:simplify|test|valid) [\d.]+", said)[:3]
        advised = " ".join(advised).split()
    assert "not fit" not in said, (advised, said)
    assert {"--simplify", "--valid"} <= set(advised)
    assert "train leaves out" not in said
