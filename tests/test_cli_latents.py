"""encode, decode, combine, reconstruct, complete, morph, draw --like and --near: as typed."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import SHEEP, Z, ending_model, sketchvae
from PIL import Image

from sketchvae import Artist, load
from sketchvae.data import formats, latents
from sketchvae.data.selection import Selection
from sketchvae.drawing import Drawing
from sketchvae.model.weights import save

TINY = "tiny.safetensors"  # a model of a few weights, that ends after a few steps


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in: four sheep, their latents, and a model."""
    monkeypatch.chdir(tmp_path)
    save(ending_model(), Path(TINY))
    lines = SHEEP.read_text().splitlines(keepends=True)
    Path("few.ndjson").write_text("".join(lines[:4]))
    run("encode", "few.ndjson", "-o", "few.npy")
    return tmp_path


def run(*arguments: str, fails: int = 0) -> str:
    return sketchvae(*arguments, "--model", TINY, fails=fails)


def artist() -> Artist:
    return load(TINY)


def read(path: Path | str) -> list[Drawing]:
    return list(formats.read(path))


def test_encoded_files_hold_the_latents_of_the_drawings(folder: Path) -> None:
    expected = artist().encode(read("few.ndjson"))
    for name in ("few.npy", "few.csv", "few.json"):
        said = run("encode", "few.ndjson", "-o", name)
        assert said == f"{name}: 4 latents of 3 numbers\n"
        np.testing.assert_array_equal(latents.read(folder / name, Z), expected)
    assert "one.csv: 1 latent of 3" in run("encode", "few.ndjson:2", "-o", "one.csv")
    np.testing.assert_allclose(latents.read(folder / "one.csv", Z), expected[1:2], atol=1e-5)


def test_encoding_block_by_block_gives_the_same_latents(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = artist().encode(read("few.ndjson"))
    monkeypatch.setattr("sketchvae.cli.latents._BLOCK", 3)
    assert "few.npy: 4 latents" in run("encode", "few.ndjson", "-o", "few.npy")
    np.testing.assert_allclose(latents.read(folder / "few.npy", Z), expected, atol=1e-5)


def test_decoded_drawings_are_those_of_the_latents_in_any_format(folder: Path) -> None:
    run("encode", "few.ndjson", "-o", "few.json")
    for source in ("few.npy", "few.json", "few.ndjson"):
        said = run("decode", source, "-t", "0.8", "--seed", "3", "-o", "again.ndjson")
        assert said == "again.ndjson: 4 drawings, seed 3\n"
        drawn = artist().decode(latents.read(folder / "few.npy", Z), 0.8, seed=3)
        assert read("again.ndjson") == [d.to_quickdraw() for d in drawn]
    run("decode", "few.npy:2", "-o", "second.png", "--pixels", "60")
    with Image.open("second.png") as picture:
        assert picture.size == (60, 60)


def test_sum_of_latents_is_what_is_drawn_from(folder: Path) -> None:
    z = latents.read(folder / "few.npy", Z)
    terms = ("few.ndjson:1", "-", "few.npy:2", "+", "few.npy")
    run("combine", *terms, "-t", "1", "--seed", "1", "-o", "sum.ndjson")
    (drawn,) = artist().decode((z[0] - z[1] + z.mean(axis=0))[None], 1, seed=1)
    assert read("sum.ndjson") == [drawn.to_quickdraw()]


@pytest.mark.parametrize(
    "terms", ["few.npy -", "few.npy few.npy", "- few.npy few.npy", "few.npy x few.npy", "-"]
)
def test_what_is_no_sum_is_wrong_usage(folder: Path, terms: str) -> None:
    said = run("combine", *terms.split(), "-o", "a.svg", fails=2)
    assert "files with + or - between them" in said
    assert not (folder / "a.svg").exists()


@pytest.mark.usefixtures("folder")
def test_reconstructions_stand_beside_their_originals() -> None:
    common = ("-t", "0.8", "-t", "1.2", "--seed", "2")
    run("reconstruct", "few.ndjson", "-n", "2", *common, "-o", "again.ndjson")
    rows = read("again.ndjson")
    assert len(rows) == 6
    originals = read("few.ndjson")
    assert [rows[0], rows[3]] == originals[:2]
    for place, temperature in enumerate((0.8, 1.2), 1):
        drawn = artist().reconstruct(originals[:2], temperature, seed=2)
        assert rows[place::3] == [d.to_quickdraw() for d in drawn]
    run("reconstruct", "few.ndjson", "-n", "2", *common, "-o", "again.png", "--pixels", "120")
    with Image.open("again.png") as picture:
        assert picture.size == (120, 80)  # 3 in a row: the original and two temperatures


def test_completions_keep_the_coordinates_of_the_beginning(folder: Path) -> None:
    beginning = read("few.ndjson")[1]
    moved = Drawing(beginning.strokes[:2]).scaled(0.1).moved(500, 20)
    formats.write(folder / "begun.ndjson", [moved])
    for name in ("whole.ndjson", "whole.ndjson.gz"):
        run("complete", "begun.ndjson", "-n", "2", "--seed", "1", "-o", name)
        for drawing in read(name):
            assert Drawing(drawing.strokes[:2]) == moved
            assert len(drawing.strokes) > 2
    run("complete", "few.ndjson:2", "--strokes", "1", "--encode", "-o", "sheep.bin")
    assert read("sheep.bin")[0].is_simplified


@pytest.mark.usefixtures("folder")
def test_same_beginning_lies_at_the_same_place_in_every_cell() -> None:
    run("complete", "few.ndjson", "--strokes", "1", "-n", "4", "--no-smooth", "-o", "a.svg")
    drawn = read("a.svg")
    cells = [[0, 0], [50, 0], [0, 50], [50, 50]]
    for drawing, cell in zip(drawn, cells, strict=True):
        own = drawing.strokes[0] - cell
        np.testing.assert_allclose(own, drawn[0].strokes[0], atol=2e-3)


def test_morph_goes_from_the_one_to_the_other_along_a_path(folder: Path) -> None:
    warm = ("-k", "3", "-t", "1", "--seed", "1")
    run("morph", "few.ndjson:1", "few.npy:2", *warm, "-o", "path.ndjson")
    z = latents.read(folder / "few.npy", Z)
    expected = artist().morph(z[0], z[1], 3, temperature=1, seed=1)
    assert read("path.ndjson") == [d.to_quickdraw() for d in expected]
    common = ("morph", "few.ndjson", "few.ndjson:2", *warm)
    run(*common, "--pages", "-o", "page.svg")
    assert {path.name for path in folder.glob("page*")} == {
        "page-1.svg",
        "page-2.svg",
        "page-3.svg",
    }
    latents.write(Path("ends.npy"), [np.array([[3, 0, 0], [0, -3, 0]], np.float32)])
    for options, linear in (((), False), (("--linear",), True)):
        run("morph", "ends.npy:1", "ends.npy:2", *options, *warm, "-o", "way.ndjson")
        z = latents.read(folder / "ends.npy", Z)
        drawn = artist().morph(z[0], z[1], 3, linear=linear, temperature=1, seed=1)
        assert read("way.ndjson") == [d.to_quickdraw() for d in drawn]
    run(*common, "--animate", "--seconds", "0.5", "--pixels", "60", "-o", "path.gif")
    with Image.open("path.gif") as film:
        assert film.n_frames >= 19  # type: ignore[attr-defined]  # there and back
    run(*common, "--animate", "-o", "path.svg")
    assert 'attributeName="d"' in Path("path.svg").read_text()


@pytest.mark.usefixtures("folder")
def test_draw_like_and_near_begin_from_what_they_name() -> None:
    originals = read("few.ndjson")
    z = artist().encode(originals)
    common = ("-n", "5", "-t", "0.8", "--seed", "4", "-o", "drawn.ndjson")
    for option, expected in (
        (("--like", "few.ndjson"), artist().sample_posterior(originals, 5, 4)),
        (("--like", "few.ndjson:3"), artist().sample_posterior(originals[2:3], 5, 4)),
        (("--near", "few.npy"), artist().perturb(z, 5, 0.3, 4)),
        (
            ("--near", "few.ndjson", "--spread", "1"),
            artist().perturb(z, 5, 1, 4),
        ),
    ):
        run("draw", *option, *common)
        drawn = artist().decode(expected, 0.8, 4)
        assert read("drawn.ndjson") == [d.to_quickdraw() for d in drawn]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("decode none.npy", "none.npy: cannot be read (No such file or directory); check the name"),
        ("decode few.npy:5", "few.npy:5: must name one that is in few.npy, counted from 1, got 5"),
        ("decode few.npy:0", "few.npy:0: must name one that is in few.npy"),
        ("decode narrow.csv", "narrow.csv: line 1: must have 3 numbers, got 2; encode with"),
        ("decode nan.json", "nan.json: latent 1: must be finite numbers; encode again"),
        ("decode few.npy -t 0", "the temperature must be from 0.001 to 10, got 0"),
        ("complete empty.ndjson", "empty.ndjson: drawing 1 must have a stroke, got none"),
        ("complete few.ndjson:9", "few.ndjson:9: must name one that is in few.ndjson"),
        ("complete long.ndjson", "fewer steps than the 250 of the longest drawing, got 299"),
        ("complete few.ndjson:1 --size 9", "at least as large as its beginning, 255, got 9"),
        ("reconstruct none.ndjson", "none.ndjson: no such file"),
        ("morph few.npy:1 few.csv", "few.csv: cannot be read"),
        ("combine few.npy - empty.ndjson", "drawing 1 must have a stroke, got none; leave it out"),
        ("draw --near few.npy --spread 11", "the spread must be from 0 to 10, got 11"),
        ("draw --like few.npy", "few.npy: must end in .ndjson"),
        ("complete few.ndjson:1 --strokes 99", "must have 99 strokes to begin with, got"),
    ],
)
def test_bad_input_is_one_line_and_leaves_what_is_there(
    folder: Path, arguments: str, said: str
) -> None:
    (folder / "narrow.csv").write_text("1,2\n")
    (folder / "nan.json").write_text(json.dumps([[float("nan"), *[0] * 2]]))
    (folder / "empty.ndjson").write_text('{"word":"sheep","drawing":[]}\n')
    points = [[i * 7 % 256 for i in range(300)], [i * 91 % 256 for i in range(300)]]
    (folder / "long.ndjson").write_text(json.dumps({"word": "sheep", "drawing": [points]}) + "\n")
    (folder / "old.svg").write_text("old")
    output = run(*arguments.split(), "-o", "old.svg", fails=1)
    assert said in output
    assert len(output.splitlines()) == 1
    assert (folder / "old.svg").read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("draw --like few.ndjson --near few.npy -o a.svg", "leave all but one out"),
        ("draw --spread 1 -o a.svg", "name a file with --near"),
        ("morph few.npy:1 few.npy:2 --pages -o -", "--pages is for files that stand still"),
        ("morph few.npy:1 few.npy:2 --pages --animate -o a.svg", "--pages is for files"),
        ("morph few.npy:1 few.npy:2 --seconds 2 -o a.svg", "--seconds: not for a.svg"),
        ("morph few.npy:1 few.npy:2 --animate --pixels 9 -o a.svg", "--pixels is for films"),
        ("decode few.npy --smooth -o a.ndjson", "--smooth: not for a.ndjson"),
        ("decode few.npy --pixels 90 -o a.svg", "--pixels: not for a.svg"),
    ],
)
def test_option_that_would_change_nothing_is_refused(
    folder: Path, arguments: str, said: str
) -> None:
    assert said in run(*arguments.split(), fails=2)
    assert not (folder / "a.svg").exists()


def test_file_whose_name_looks_numbered_is_itself(folder: Path) -> None:
    (folder / "few.ndjson:1").write_text((folder / "few.ndjson").read_text())
    whole, second = (Selection.parse(f"few.ndjson:{n}") for n in (1, 2))
    assert (whole.path, whole.ranges) == (Path("few.ndjson:1"), None)
    assert (second.path, second.ranges) == (Path("few.ndjson"), (range(2, 3),))


def test_signs_of_a_sum_may_touch_their_files(tmp_path: Path) -> None:
    made = []
    for name, terms in (
        ("a", [f"{SHEEP}:1", f"-{SHEEP}:2", f"+{SHEEP}:3"]),
        ("b", [f"{SHEEP}:1", "-", f"{SHEEP}:2", "+", f"{SHEEP}:3"]),
    ):
        out = tmp_path / f"{name}.ndjson"
        sketchvae("combine", *terms, "--seed", "1", "-o", out)
        made.append(out.read_bytes())
    assert made[0] == made[1]
    said = sketchvae("combine", f"{SHEEP}:1", "-t.ndjson", "-o", tmp_path / "c.ndjson", fails=2)
    assert "not a valid float" in said  # there is no such file here
