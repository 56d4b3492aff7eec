"""The README is the front door: its commands run here, in order, as a reader would type them."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What the README's training would take hours for: a network and a run of a few seconds.
SHORT = (
    "--steps 4 --batch 16 --latent 4 --encoder-hidden 8 --decoder-hidden 12 --mixtures 2"
).split(" ")


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line]


def run(*arguments: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(a) for a in arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout + done.stderr


def test_every_command_is_one_that_these_tests_know() -> None:
    known = ("sketchvae ", "scripts/draw", "scripts/test", "pip install ")
    assert len(commands()) >= 10
    for command in commands():
        assert command.startswith(known), command


def test_the_commands_of_sketchvae_run_in_order(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for command in commands():
        program, *arguments = command.split()
        if program != "sketchvae":
            continue
        if arguments[0] == "train":
            arguments += SHORT[:4] if "--init" in arguments else SHORT
        run(sys.executable, "-m", "sketchvae", *arguments, folder=tmp_path)
    made = {path.name for path in tmp_path.iterdir()}
    assert {"sheep.svg", "flock.svg", "flock.ndjson", "sheep.drawings", "runs"} <= made
    assert {"drawn.svg", "flock.html", "sheep.gif"} <= made
    assert {"page.svg", "page.gcode", "before.png"} <= made
    shown = (ROOT / "docs" / "pictures" / "drawn.svg").read_text()
    assert re.sub(r"[\d.]+", "", shown) == re.sub(
        r"[\d.]+", "", (tmp_path / "drawn.svg").read_text()
    )


def test_the_python_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", README, flags=re.M | re.S)
    said = run(sys.executable, "-c", example, folder=tmp_path)
    assert re.search(r"^\d+ \(\d+, 3\)$", said, flags=re.M)


def test_the_extras_that_pip_installs_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for command in commands():
        if command.startswith("pip install"):
            extra = re.search(r"\[(\w+)\]", command)
            assert extra is None or extra[1] in project["optional-dependencies"]


def test_scripts_draw_makes_a_sheep_from_any_folder_and_needs_no_network_again(
    tmp_path: Path,
) -> None:
    scripted = [c.split() for c in commands() if c.startswith("scripts/draw")]
    assert len(scripted) == 2
    for script, *arguments in scripted:
        run(ROOT / script, *arguments, folder=tmp_path)
    assert (tmp_path / "sheep.svg").exists()
    (tmp_path / "linked").symlink_to(ROOT / "scripts" / "draw")
    run(tmp_path / "linked", "-o", "linked.svg", folder=tmp_path)
    (tmp_path / "flock.svg").unlink()
    offline = {"PIP_NO_INDEX": "1", "https_proxy": "http://127.0.0.1:9", "PIP_FIND_LINKS": ""}
    script, *arguments = scripted[1]
    said = run(ROOT / script, *arguments, folder=tmp_path, **offline)
    assert "flock.svg: 12 drawings, seed 7" in said
    assert "preparing" not in said


def test_pictures_and_files_that_the_readme_shows_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) >= 4
    for link in links:
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize(
    "name", ["draw", "test", "check", "bench", "reproduce", "pictures", "system-packages"]
)
def test_scripts_can_be_run(name: str) -> None:
    assert os.access(ROOT / "scripts" / name, os.X_OK)
