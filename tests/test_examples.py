"""Every help text has examples, and they work for a user who types them in order."""

import itertools
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from grbl_simulator import Simulator
from helpers import SHEEP, ending_model, flock

from sketchvae import Drawing, read, write
from sketchvae.cli import main
from sketchvae.model.weights import save

# Lines that cannot run here; they are checked to be parsed.
NOT_RUN = {
    "sketchvae send /dev/ttyUSB0 flock.gcode --resume": "nothing is left to resume: the line "
    "before it drew everything; test_send resumes jobs that were stopped",
    "sketchvae train --quickdraw cat": "needs a network; test_few_drawings has a server of its own",
    "sketchvae studio": "it serves until Ctrl-C; test_studio_server starts it",
    "sketchvae studio --port 8200 --no-open": "the same",
}
# What is added to a line that would take hours.
SHORTENED = {
    "sketchvae train --data": "--steps 2 --batch 4 --no-refine",
    "sketchvae refine": "--rounds 1 --drawn 1000 --accepted 100 --steps 1",
    "sketchvae evaluate": "--draws 1 -n 20",
    "sketchvae score": "--draws 1",
    "sketchvae reconstruct": "-n 2 -t 0.5",
    "sketchvae morph": "-k 3",
    "sketchvae draw -n 1000": "-n 100",
}
SLOW = {"sketchvae train", "sketchvae refine", "sketchvae evaluate"}
PORTS = ("/dev/ttyUSB0", "socket://plotter.local:23")


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield the full name of a command and the command, then those of its subcommands."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from commands(subcommand, (*path, name))


COMMANDS = dict(commands(main, ("sketchvae",)))


def examples(help_text: str) -> list[str]:
    """List the lines of the block of examples in a help text."""
    _, _, block = help_text.partition("Example")
    lines = itertools.takewhile(str.strip, block.splitlines()[1:])
    return [line.strip() for line in lines]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the files that a user has who comes to the examples of a command."""
    folder = tmp_path_factory.mktemp("inputs")
    sheep = list(itertools.islice(read(SHEEP), 24))
    write(folder / "sheep.ndjson", sheep)
    write(folder / "more.ndjson", sheep[:3])
    write(folder / "sheep.bin", sheep)
    cows = [Drawing(drawing.strokes, "cow") for drawing in flock(24)]
    write(folder / "cow.ndjson", cows)
    run(f"sketchvae data import {folder}/sheep.ndjson -o {folder}/sheep.drawings --valid 0.3")
    for suffix in ("svg", "gcode"):
        run(f"sketchvae plot {folder}/sheep.ndjson -n 1 -o {folder}/flock.{suffix}")
    run(f"sketchvae draw --seed 7 --width 60 -o {folder}/head.svg")
    save(ending_model(), folder / "model.safetensors")
    (folder / "cows").mkdir()
    for seed in range(3):
        run(f"sketchvae draw --seed {seed} -o {folder}/cows/{seed}.svg")
    program = folder / "bin" / "axicli"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def folder(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the inputs, in which the commands run."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setattr("sketchvae.evaluate.report.SAMPLES", 40)
    return tmp_path


def run(line: str) -> None:
    """Run the commands of a line in this process, each with what the one before it printed."""
    printed = b""
    for part in line.split(" | "):
        name, *arguments = shlex.split(part)
        assert name == "sketchvae"
        paths = [sorted(map(str, Path().glob(a))) if "*" in a else [a] for a in arguments]
        result = CliRunner().invoke(main, [*itertools.chain(*paths)], input=printed)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        printed = result.stdout_bytes


def shortened(line: str) -> str:
    added = [more for start, more in SHORTENED.items() if line.startswith(start)]
    return " ".join([line, *added])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_text_has_an_example_of_its_command(name: str) -> None:
    lines = examples(COMMANDS[name].help or "")
    assert any(f"{part} ".startswith(f"{name} ") for line in lines for part in line.split(" | "))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in COMMANDS
        if name not in ("sketchvae send", "sketchvae studio")
    ],
)
def test_examples_work_when_typed_in_order(name: str) -> None:
    lines = examples(COMMANDS[name].help or "")
    for line in lines:  # what the examples write is not there before
        for output in re.findall(r"(?:-o|--picture) ([^\s-]\S*)", line):
            Path(output).unlink(missing_ok=True)
    for line in lines:
        if line not in NOT_RUN:
            run(shortened(line))


@pytest.mark.usefixtures("folder")
def test_examples_of_send_draw_on_a_machine() -> None:
    with Simulator(speed=500, settings={131: 300}) as machine:
        for line in examples(COMMANDS["sketchvae send"].help or ""):
            for port in PORTS:
                if port in line and line not in NOT_RUN:
                    line = line.replace(port, machine.port)
            if line not in NOT_RUN:
                run(line)
        machine.wait_until_idle()
        assert machine.ink


@pytest.mark.parametrize("line", NOT_RUN)
def test_examples_that_cannot_run_are_parsed(line: str) -> None:
    assert any(line in examples(command.help or "") for command in COMMANDS.values())
    _, name, *arguments = shlex.split(line)
    command = COMMANDS[f"sketchvae {name}"]
    assert command.make_context(name, arguments, **main.context_settings)
