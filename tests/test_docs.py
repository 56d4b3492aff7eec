"""Every command, Python example, link and dotted name in the README and in docs/ is tried here."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from helpers import sketchvae

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
]
# A block of ```sh no-run cannot run here: what it starts, and why not.
NOT_RUN = {
    "sketchvae send": "needs a plotter",
    "sketchvae draw -o - | sketchvae plot - -o - | sketchvae send": "needs a plotter",
    "sketchvae studio": "serves until Ctrl-C; test_studio_server starts it",
    "curl localhost:8137": "needs the studio; test_studio asks for the same",
    "pip install '.[web": "is what CI installs",
    "sketchvae data fetch": "needs a network",
    "autotrace": "is a program of others",
    "sketchvae train --quickdraw": "needs a network; test_few_drawings has a server of its own",
    "torchrun": "is a test of its own in test_trainer.py",
}
# A training run of a page takes minutes or hours. These arguments shorten it; a tiny network that
# begins from nothing stands in for the shipped weights, but on the page of your own animal.
SHORT = "--steps 4 --batch 16 --no-refine"
ONE_ROUND = "--rounds 1 --drawn 1000 --accepted 100 --steps 1"
TINY = f"{SHORT} --latent 4 --encoder-hidden 8 --decoder-hidden 12 --mixtures 2"
SLOW = ("docs/your-own-animal.md", "docs/quality.md")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    """Return the fenced blocks of a page whose info string is `kind`."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text_of(page), flags=re.M | re.S)


def commands(page: str, kind: str = "sh") -> list[str]:
    return [line for block in blocks(page, kind) for line in block.splitlines() if line]


def shell(command: str, folder: Path, **environment: str) -> str:
    """Run a command as a reader would type it; return what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-ec", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "LINES": "24", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-500:]}{done.stderr[-1500:]}"
    return done.stdout + done.stderr


def run(command: str, folder: Path) -> None:
    """Run a command; one of ours alone in this process, which is quicker."""
    program, *words = shlex.split(command)
    if program != "sketchvae" or "|" in words:
        shell(command, folder)
        return
    arguments: list[str | Path] = []
    for word in words:
        arguments += folder.glob(word) if "*" in word else [word]
    sketchvae(*arguments, force=False)  # as it is typed


def shortened(command: str, page: str) -> str:
    if command.startswith("sketchvae refine"):
        return f"{command} {ONE_ROUND}"
    if not command.startswith("sketchvae train"):
        return command
    if page in SLOW:
        return f"{command} {SHORT}"
    return f"{command.replace('--init sheep', '')} {TINY}"


def marked(pages: list[str]) -> list[object]:
    """Return the pages as parameters; those that take long are marked slow."""
    return [pytest.param(p, marks=pytest.mark.slow) if p in SLOW else p for p in pages]


@pytest.mark.parametrize("page", marked([p for p in PAGES if commands(p)]))
def test_commands_run_in_order(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    for command in commands(page):
        if command.startswith(("sketchvae ", "vpype ", "mkdir ")):
            run(shortened(command, page), tmp_path)
        else:
            assert command.startswith(("scripts/", "pip install ")), command
    if page == "README.md":
        shown = text_of("docs/pictures/drawn.svg")
        made = re.sub("<metadata>.*</metadata>", "", (tmp_path / "drawn.svg").read_text())
        assert re.sub(r"[\d.]+", "", shown) == re.sub(r"[\d.]+", "", made)


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p, "sh no-run")])
def test_commands_that_are_not_run_have_a_reason(page: str) -> None:
    for command in commands(page, "sh no-run"):
        assert command.startswith(tuple(NOT_RUN)), command


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")])
def test_python_examples_run_in_order(page: str, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    shell("python page.py", tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_exist(page: str) -> None:
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", text_of(page)):
        target = (ROOT / page).parent / link
        assert target.exists(), f"{page}: {link}"


@pytest.mark.parametrize("page", [p for p in PAGES if p != "docs/LOG.md"])
def test_modules_that_are_named_exist(page: str) -> None:
    folders = "data|model|generate|evaluate|train|explore|render|plot|machine|cli|weights"
    for name in re.findall(rf"`((?:{folders})/\w+\.\w+)`", text_of(page)):
        assert (ROOT / "sketchvae" / name).exists() or (ROOT / name).exists(), f"{page}: {name}"
    for name in re.findall(r"`(sketchvae(?:\.\w+)+)`", text_of(page)):
        module, _, last = name.rpartition(".")
        found = importlib.import_module(module)
        assert hasattr(found, last) or importlib.import_module(name), f"{page}: {name}"


def tables(page: str) -> dict[tuple[str, str], str]:
    """Return the cells of a page's tables by the heads of their row and column."""
    cells: dict[tuple[str, str], str] = {}
    head: list[str] = []
    for line in text_of(page).splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if row and not set(line) <= set("|-"):
            cells |= {(row[0], name): cell for name, cell in zip(head[1:], row[1:], strict=False)}
        head = (head or row) if row else []
    return cells


def test_figures_of_the_readme_are_those_of_the_page_on_quality() -> None:
    readme, quality = tables("README.md"), tables("docs/quality.md")
    assert len(readme) >= 20
    assert {key: quality.get(key) for key in readme} == readme


def test_figures_of_few_drawings_are_those_of_the_page_on_training() -> None:
    page, training = tables("docs/your-own-animal.md"), tables("docs/training.md")
    assert len(page) == 12
    assert {key: training.get(key) for key in page} == page


def test_extras_that_pip_installs_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for page in PAGES:
        for extra in re.findall(r"pip install '\.\[(\w+)\]'", text_of(page)):
            assert extra in project["optional-dependencies"], f"{page}: {extra}"


def test_the_readme_and_contributing_are_short() -> None:
    assert len(text_of("README.md").split()) <= 950
    assert len(text_of("CONTRIBUTING.md").split()) <= 450


@pytest.mark.slow
def test_scripts_draw_works_from_any_folder_and_needs_no_network_the_second_time(
    tmp_path: Path,
) -> None:
    shell(f"{ROOT}/scripts/draw", tmp_path)
    assert (tmp_path / "sheep.svg").exists()
    (tmp_path / "linked").symlink_to(ROOT / "scripts" / "draw")
    offline = {"PIP_NO_INDEX": "1", "https_proxy": "http://127.0.0.1:9", "PIP_FIND_LINKS": ""}
    printed = shell("./linked -n 12 --seed 7 -o flock.svg", tmp_path, **offline)
    assert "flock.svg: 12 drawings, seed 7" in printed
    assert "preparing" not in printed


def test_the_readme_of_a_package_index_has_no_link_into_the_repository() -> None:
    hooks = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["metadata"][
        "hooks"
    ]
    text = text_of("README.md")
    for rule in hooks["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    assert re.findall(r"\]\((?!https?:)[^)]*\)", text) == []
    assert "the latent space" in text
