"""What `import sketchvae` offers, and what it costs."""

import os
import re
import subprocess
import sys
import tomllib
import venv
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import SHEEP, imported_by

import sketchvae
from sketchvae.errors import install_command

ROOT = Path(__file__).parents[1]
PINNED_EXTRAS = ("train", "plot", "explore", "web", "dev")  # what scripts/test installs


def test_a_file_is_read_and_written_by_the_names_of_the_package(tmp_path: Path) -> None:
    drawings = list(sketchvae.read(SHEEP))[:3]
    assert all(isinstance(drawing, sketchvae.Drawing) for drawing in drawings)
    sketchvae.write(tmp_path / "three.ndjson", drawings)
    assert list(sketchvae.read(tmp_path / "three.ndjson")) == drawings


def test_drawn_sheep_are_a_flock_and_errors_can_be_caught(tmp_path: Path) -> None:
    assert isinstance(sketchvae.load().draw(1, seed=1), sketchvae.Flock)
    with pytest.raises(sketchvae.SketchvaeError, match=r"none\.safetensors"):
        sketchvae.load(tmp_path / "none.safetensors")


def test_version_is_the_same_in_the_package_the_citation_and_the_changelog() -> None:
    for page, line in (("CITATION.cff", "version: {}"), ("CHANGELOG.md", "## {}")):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert line.format(sketchvae.__version__) in text.splitlines()


def test_every_public_name_is_listed_before_it_is_loaded() -> None:
    script = "import sketchvae; print(*set(sketchvae.__all__) - set(dir(sketchvae)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b""


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sketchvae' has no attribute 'goat'"):
        sketchvae.goat  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.parametrize("module", ["sketchvae", "sketchvae.cli"])
def test_numpy_waits_until_something_is_drawn_or_read(module: str) -> None:
    assert imported_by(module, {"numpy"}) == set()


def test_every_package_that_is_developed_with_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = [*project["dependencies"], *chain.from_iterable(extras[n] for n in PINNED_EXTRAS)]
    wanted = {re.split("[<>=]", name)[0].lower() for name in names}
    lines = (ROOT / "scripts" / "constraints.txt").read_text().splitlines()
    pins = [line.partition("==") for line in lines if not line.startswith("#")]
    assert all(version for _, _, version in pins)
    assert wanted <= {name.lower() for name, _, _ in pins}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command that knows nothing of this clone; return its standard output."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-800:]}{done.stderr[-800:]}"
    return done.stdout


@pytest.mark.slow
def test_wheel_made_from_the_sdist_draws_in_an_empty_environment(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "-o", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path / "again")
    assert wheel.read_bytes() == (tmp_path / "again" / wheel.name).read_bytes()  # another folder
    assert len(list((tmp_path / "dist").glob("*.tar.gz"))) == 1
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "-q", wheel)
    here = tmp_path / "empty"
    here.mkdir()
    for command in (
        "draw -n 4 -o flock.svg",
        "draw --animate -o sheep.html",
        "morph sheep:4 sheep:7 -o path.png",
        "map sheep -n 20 -o map.html",
        "plot flock.svg --smooth -o flock.gcode",
    ):
        run(programs / "sketchvae", *command.split(), cwd=here)
        assert (here / command.split()[-1]).stat().st_size > 1000
    program = "import sketchvae; print(sum(1 for _ in sketchvae.read('sheep')))"
    assert run(programs / "python", "-c", program, cwd=here) == "300\n"
    listed = run(programs / "python", "-m", "pip", "show", "-f", "sketchvae")
    assert "sketchvae/py.typed" in listed.replace(os.sep, "/")
    assert "Author: The sketchvae authors" in listed


def test_missing_extra_is_installed_the_way_sketchvae_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert install_command("plot") == f"{sys.executable} -m pip install 'sketchvae[plot]'"
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert install_command("plot") == "pip install 'sketchvae[plot]'"
    monkeypatch.setattr("sketchvae.errors.PathFinder", SimpleNamespace(find_spec=lambda _: None))
    assert "uv pip install --python" in install_command("plot")
    (tmp_path / "pipx_metadata.json").touch()
    assert install_command("plot") == "pipx runpip sketchvae install 'sketchvae[plot]'"
    (tmp_path / "uv-receipt.toml").touch()
    assert install_command("all") == "uv tool install 'sketchvae[all]'"
