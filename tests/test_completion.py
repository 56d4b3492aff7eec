"""What a shell completes, and the manual pages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from helpers import sketchvae

from sketchvae.cli import main
from sketchvae.cli.man import manual_page


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    return tmp_path


def completed(*words: str) -> list[str]:
    """Return what the last of the words can become; "file" where the shell names the files."""
    shell = ShellComplete(main, {}, "sketchvae", "_SKETCHVAE_COMPLETE")
    items = shell.get_completions(list(words[:-1]), words[-1])
    return [item.value if item.type == "plain" else item.type for item in items]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["dr"], "draw"),
        (["data", "im"], "import"),
        (["draw", "--pal"], "--palette"),
        (["draw", "--palette", "nav"], "navy"),
        (["draw", "--palette", "#123456,re"], "#123456,red"),
        (["draw", "--colour", "gol"], "gold"),
        (["animate", "x.ndjson", "--background", "whi"], "white"),
        (["plot", "x.ndjson", "--page", "A"], "a4"),
        (["plot", "x.ndjson", "--page", "let"], "letter"),
        (["plot", "x.ndjson", "--device", "hp74"], "hp7475a"),
        (["plot", ""], "file"),
        (["draw", "--model", ""], "file"),
        (["completion", "z"], "zsh"),
    ],
)
def test_names_are_completed(words: list[str], found: str) -> None:
    assert found in completed(*words)
    assert "purple" not in completed(*words)


def test_script_is_installed_once_and_read_by_the_shell_at_its_start(home: Path) -> None:
    settings = home / ".zshrc"
    settings.write_text("alias ls=lsd")  # without an end of line
    for _ in range(2):
        assert "open a new shell" in sketchvae("completion", "--install")
    script = home / ".local/share/sketchvae/completion.zsh"
    assert settings.read_text() == f'alias ls=lsd\n[ -f "{script}" ] && . "{script}"\n'
    assert "#compdef sketchvae" in script.read_text()
    sketchvae("completion", "fish", "--install")
    assert "complete" in (home / ".config/fish/completions/sketchvae.fish").read_text()


@pytest.mark.parametrize("shell", ["/bin/tcsh", ""])
def test_other_shell_is_one_line(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", shell)
    assert "the shell must be bash, zsh, fish, got" in sketchvae("completion", fails=1)


def test_bash_completes_through_the_installed_script(home: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    sketchvae("completion", "bash", "--install")
    program = home / "bin" / "sketchvae"
    program.parent.mkdir()
    code = "from sketchvae.cli import main; main(prog_name='sketchvae')"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    program.chmod(0o755)
    asked = (
        "COMP_WORDS=(sketchvae plot x --page a); COMP_CWORD=4; "
        "_sketchvae_completion sketchvae; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", f". {home}/.bashrc; {asked}"],
        env={**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "a4" in done.stdout.split()


def test_every_command_has_a_manual_page_with_its_options(home: Path) -> None:
    said = sketchvae("man", "--install")
    folder = home / ".local/share/man/man1"
    names = {path.stem for path in folder.iterdir()}
    assert {"sketchvae", "sketchvae-draw", "sketchvae-data-import"} <= names
    assert f"{len(names)} pages" in said
    page = (folder / "sketchvae-draw.1").read_text()
    assert page == sketchvae("man", "draw")
    for option in main.commands["draw"].params:
        if isinstance(option, click.Option):
            assert option.opts[-1].replace("-", "\\-") in page


@pytest.mark.parametrize("name", main.commands)
def test_man_takes_no_word_of_a_help_text_for_its_own(name: str) -> None:
    known = {".TH", ".SH", ".B", ".PP", ".TP", ".nf", ".fi"}
    for line in manual_page(f"sketchvae {name}", main.commands[name]).splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0] in known, line
    if shutil.which("groff") is not None:
        page = manual_page(f"sketchvae {name}", main.commands[name])
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tascii"],
            input=page,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
