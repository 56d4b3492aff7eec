"""How a picture was drawn stands inside it, and `sketchvae info` reads it back."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from helpers import SHEEP, ending_model, sketchvae
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sketchvae import __version__
from sketchvae.model.loader import load_model
from sketchvae.model.weights import save
from sketchvae.svg_page import RECORD

TINY = ("--model", "tiny.safetensors")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in: a model, and sheep."""
    monkeypatch.chdir(tmp_path)
    save(ending_model(), Path("tiny.safetensors"))
    Path("x.ndjson").write_text("".join(SHEEP.read_text().splitlines(keepends=True)[:4]))
    return tmp_path


def facts_of(path: str) -> dict[str, Any]:
    return dict(json.loads(sketchvae("info", path, "--json")))


@pytest.mark.parametrize(
    "line",
    [
        "draw -o a.svg",
        "draw -n 3 --smooth --palette 'navy, red' --width 60 -o a.svg",
        "draw -n 2 -t 1.5 --pixels 100 -o a.png",
        "draw --animate --no-loop --tip -o a.svg",
        "draw --animate --seconds 0.3 --pixels 60 -o a.png",
        "draw --animate -o a.html",
        "draw --like x.ndjson:2,3 -n 3 -o a.svg",
        "decode x.ndjson -o a.png",
        "combine x.ndjson:1 - x.ndjson:2 + x.ndjson -o a.svg",
        "reconstruct x.ndjson -n 2 -t 0.8 -t 1.2 -o a.svg",
        "complete x.ndjson:2 --strokes 1 -n 2 -o a.svg",
        "morph x.ndjson x.ndjson:2 -k 3 -t 1 -o a.svg",
        "morph x.ndjson x.ndjson:2 -k 3 -t 1 --animate --seconds 1 -o a.svg",
    ],
)
def test_command_of_a_picture_draws_the_same_bytes_again(line: str) -> None:
    words = shlex.split(line)
    sketchvae(*words, *TINY, "--seed", "1")
    first = words[-1]
    facts = facts_of(first)
    again = shlex.split(facts["again"])
    assert again[0] == "sketchvae"
    assert again[-1] == first.replace("a.", "a-2.")
    sketchvae(*again[1:], force=False)
    assert Path(again[-1]).read_bytes() == Path(first).read_bytes()


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("show a.svg -o b.svg", 0),
        ("show a.svg:2 --pixels 60 -o b.png", 2),
        ("show a.svg:1,2 -o b.svg", 0),
        ("animate a.svg --seconds 1 -o b.html", 0),
        ("plot a.svg --page a5 -o b.svg", 0),
    ],
)
def test_record_is_kept_by_commands_that_read_the_picture(line: str, number: int) -> None:
    sketchvae("draw", "-n", "2", "--seed", "7", *TINY, "-o", "a.svg")
    drawn = facts_of("a.svg")
    sketchvae(*line.split())
    kept = facts_of(line.split()[-1])
    names = ("seed", "temperature", "model", "fingerprint", "version")
    assert [kept[name] for name in names] == [drawn[name] for name in names]
    assert kept.get("drawing", 0) == number
    assert "again" not in kept
    assert kept["drawings again"].startswith("sketchvae draw -n 2 --model tiny.safetensors")


def test_record_outlives_several_commands_and_files_of_their_own() -> None:
    sketchvae("draw", "-n", "3", "--seed", "7", *TINY, "-o", "a.svg")
    sketchvae("show", "a.svg", "-o", "b-%d.svg")
    assert [facts_of(f"b-{n}.svg")["drawing"] for n in (1, 2, 3)] == [1, 2, 3]
    sketchvae("plot", "b-3.svg", "-o", "c.svg")
    sketchvae("show", "c.svg", "-o", "d-%d.svg")
    assert facts_of("d-1.svg")["drawing"] == 3
    sketchvae("show", "x.ndjson", "-o", "e.svg")
    assert "e.svg: holds no record" in sketchvae("info", "e.svg", fails=1)


def test_info_tells_seed_temperature_model_and_version() -> None:
    sketchvae("draw", "--seed", "7", "-o", "a.svg")
    facts = facts_of("a.svg")
    assert (facts["seed"], facts["temperature"], facts["model"]) == (7, "typical", "sheep")
    assert (facts["version"], facts["fingerprint"]) == (__version__, load_model().fingerprint)
    sketchvae("draw", "-t", "0.5", "--seed", "7", *TINY, "-o", "a.png")
    assert facts_of("a.png")["model"] == "tiny.safetensors"
    text = sketchvae("info", "a.png")
    assert "seed           7\n" in text
    assert "temperature    0.5\n" in text


def test_equal_sheep_are_equal_files_and_tell_nothing_of_the_disk(folder: Path) -> None:
    sketchvae(
        "draw", "-n", "2", "--seed", "7", "--model", folder / "tiny.safetensors", "-o", "a.svg"
    )
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    model = folder / "tiny.safetensors"
    sketchvae("draw", "--model", model, "--seed", "7", "-o", elsewhere / "b.svg", "-n", "2")
    assert Path("a.svg").read_bytes() == (elsewhere / "b.svg").read_bytes()
    assert str(folder) not in Path("a.svg").read_text()


def with_record(suffix: str, record: str) -> str:
    name = f"odd{suffix}"
    if suffix == ".png":
        info = PngInfo()
        info.add_text(RECORD, record)
        Image.new("L", (1, 1)).save(name, pnginfo=info)
    else:
        Path(name).write_text(f"<svg><m:{RECORD} a='b'>{record}</m:{RECORD}></svg>")
    return name


@pytest.mark.parametrize("suffix", [".svg", ".png"])
@pytest.mark.parametrize(
    "change",
    [
        {"arguments": ["draw", "\x1b[2J"]},
        {"arguments": ["draw", "--force"]},
        {"arguments": ["send", "/dev/ttyUSB0"]},
        {"arguments": []},
        {"seed": "many"},
        {"model": 3},
        {"temperatures": 1},
    ],
)
def test_record_by_somebody_else_is_checked(suffix: str, change: dict[str, object]) -> None:
    sketchvae("draw", "--seed", "7", "-o", "a.svg")
    good = Path("a.svg").read_text().partition(f'urn:{RECORD}">')[2].partition("<")[0]
    assert facts_of(with_record(suffix, good))["seed"] == 7
    record = json.dumps(json.loads(good) | change)
    said = sketchvae("info", with_record(suffix, record), fails=1)
    assert f"odd{suffix}: must hold a record as sketchvae writes it" in said
    assert len(said.splitlines()) == 1


def test_other_version_is_said() -> None:
    sketchvae("draw", "-o", "a.svg")
    Path("a.svg").write_text(Path("a.svg").read_text().replace(f'"{__version__}"', '"0.1.0"'))
    assert f"a.svg: drawn by version 0.1.0; this is {__version__}" in sketchvae("info", "a.svg")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.svg", None, "none.svg: cannot be read (No such file or directory); check the name"),
        ("a.svg", b"<svg/>", "a.svg: holds no record of how it was drawn"),
        ("a.png", b"\x89PNG\r\n", "a.png: must be PNG"),
        ("a.gif", b"GIF89a", "a.gif: a picture with a record must end in .svg, .html, .png or"),
        ("x.ndjson", b"{}", "look into it with 'sketchvae data info x.ndjson'"),
        ("a.nc", b"G21", "got G-code; look into it with 'sketchvae send a.nc --check-only'"),
        (
            "a.txt",
            b"hello, world",
            "must be a safetensors file of weights, got a file in .txt; name what",
        ),
        ("none", None, "none: no such file; check the name"),
        ("a.html", b"<html>", "sketchvae draw and the like write one into .svg, .html and .png"),
    ],
)
def test_what_holds_no_record_is_one_line(name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    printed = sketchvae("info", name, fails=1)
    assert said in printed
    assert len(printed.splitlines()) == 1
