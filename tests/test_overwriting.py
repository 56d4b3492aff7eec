"""No file of anybody is replaced unasked: not an input, not what lies there already."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from helpers import SHEEP, ending_model, sketchvae

from sketchvae.cli import main
from sketchvae.cli.paths import OUTPUT, OUTPUTS
from sketchvae.data import formats
from sketchvae.model.weights import save

TINY = ("--model", "tiny.safetensors")
OLD = "of somebody"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in: a model, and sheep in several formats."""
    monkeypatch.chdir(tmp_path)
    save(ending_model(), Path("tiny.safetensors"))
    sheep = list(formats.read(SHEEP))[:4]
    for name in ("x.ndjson", "x.npz", "x.bin", "x.drawings"):
        formats.write(name, sheep)
    Path("x.json").write_text(SHEEP.read_text().splitlines()[0])
    sketchvae("plot", "x.ndjson", "-o", "x.svg")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "draw --like x.svg -o x.svg",
        "draw --near x.npz -o x.npz",
        "draw -o x.bin --like x.bin:2",
        "draw --like x.ndjson -o ./sub/../x.ndjson",
        "draw --like x.ndjson -o link.ndjson",
        "draw --like x.ndjson -o hard.ndjson",
        "draw --animate --like x.svg -o x.svg",
        "animate x.svg -o x.svg",
        "plot x.svg -o x.svg",
        "plot x.svg --picture x.svg -o y.svg",
        "encode x.json -o x.json",
        "decode x.ndjson -o x.ndjson",
        "combine x.svg - x.bin -o x.bin",
        "reconstruct x.svg -o x.svg",
        "complete x.svg:1 -o x.svg",
        "morph x.bin:1 x.svg -o x.svg",
        "morph x.bin:1 x.npz:2,3 -o x.npz",
        "score x.ndjson --outliers 1 -o x.ndjson",
        "data import x.ndjson x.drawings -o x.drawings",
        "data import . -o x.svg",
    ],
)
def test_what_is_read_is_never_written_not_even_by_force(folder: Path, line: str) -> None:
    Path("sub").mkdir()
    Path("link.ndjson").symlink_to("x.ndjson")
    os.link("x.ndjson", "hard.ndjson")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for force in (False, True):
        said = sketchvae(*line.split(), fails=1, force=force)
        assert "must be another file than" in said
        assert len(said.splitlines()) == 1
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("draw -o old.svg", "old.svg"),
        ("draw --animate -o old.gif", "old.gif"),
        ("animate x.ndjson -o old.html", "old.html"),
        ("plot x.ndjson -o old.gcode", "old.gcode"),
        ("plot x.ndjson --picture old.png -o new.svg", "old.png"),
        ("encode x.ndjson -o old.npy", "old.npy"),
        ("decode x.ndjson -o old.svg", "old.svg"),
        ("morph x.ndjson x.ndjson:2 -t 1 -k 2 --pages -o old.svg", "old-2.svg"),
        ("map x.ndjson -o old.png", "old.png"),
        ("score x.ndjson --outliers 1 -o old.ndjson", "old.ndjson"),
        ("data import x.ndjson -o old.drawings", "old.drawings"),
    ],
)
def test_what_lies_there_is_kept_until_force_replaces_it(line: str, written: str) -> None:
    Path(written).write_text(OLD)
    words = [*line.split(), *(TINY if line.split()[0] in ("encode", "decode", "morph") else ())]
    said = sketchvae(*words, fails=1, force=False)
    assert said == (
        f"Error: {written}: exists already; name another file, or replace it with --force\n"
    )
    assert Path(written).read_text() == OLD
    sketchvae(*words, "--force", force=False)
    assert Path(written).read_bytes() != OLD.encode()


def test_a_name_that_nobody_typed_is_a_free_one() -> None:
    for name in ("sheep.svg", "sheep-2.svg", "sheep-4.svg"):
        said = sketchvae("draw", "--seed", "1", force=False)
        assert said.startswith(f"{name}: 1 drawing, seed 1")
        if name == "sheep-2.svg":
            shutil.copy("sheep.svg", "sheep-3.svg")
    save(replace(ending_model(), about={"word": "cow/ox"}), Path("cow.safetensors"))
    assert sketchvae("draw", "--model", "cow.safetensors", force=False).startswith("cow-ox.svg: ")


def test_commands_at_once_write_files_of_their_own(folder: Path) -> None:
    command = [sys.executable, "-m", "sketchvae", "draw", "--seed", "1"]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate()[1].partition(":")[0] for process in running]
    assert sorted(said) == ["sheep-2.svg", "sheep-3.svg", "sheep-4.svg", "sheep.svg"]
    assert len({(folder / name).read_bytes() for name in said}) == 1


@pytest.mark.parametrize("options", ["--width 0", "--background nonsense", "-t 99"])
def test_a_name_is_given_back_where_nothing_was_drawn(folder: Path, options: str) -> None:
    before = sorted(folder.iterdir())
    sketchvae("draw", *options.split(), fails=1)
    assert sorted(folder.iterdir()) == before


def test_dry_run_writes_nothing_and_needs_no_force() -> None:
    Path("old.gcode").write_text(OLD)
    Path("old.png").write_text(OLD)
    words = ("plot", "x.ndjson", "--dry-run", "-o", "old.gcode")
    assert "not written" in sketchvae(*words, force=False)
    assert Path("old.gcode").read_text() == OLD
    said = sketchvae(*words, "--picture", "old.png", fails=1, force=False)
    assert "old.png: exists already" in said


def test_clusters_do_not_replace_those_of_another_run() -> None:
    pytest.importorskip("sklearn")
    words = ("clusters", SHEEP, "-k", "2")
    sketchvae(*words, force=False)
    before = Path("clusters/cluster-1.png").stat().st_mtime_ns
    said = sketchvae(*words, fails=1, force=False)
    advice = "name another folder with -o, or replace what an earlier run left with --force"
    assert f"clusters/clusters.npz: exists already; {advice}" in said
    assert Path("clusters/cluster-1.png").stat().st_mtime_ns == before


def commands(group: click.Group) -> list[click.Command]:
    found: list[click.Command] = []
    for command in group.commands.values():
        found += commands(command) if isinstance(command, click.Group) else [command]
    return found


def test_every_command_that_writes_a_file_has_force() -> None:
    writing = [c for c in commands(main) if any(p.type in (OUTPUT, OUTPUTS) for p in c.params)]
    assert len(writing) >= 12
    for command in writing:
        assert any(p.name == "force" for p in command.params), command.name
