"""sketchvae completion: the names that a shell completes, and the script that teaches it."""

import os
import re
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from sketchvae.cli.home import config_home, data_home, write_home
from sketchvae.errors import SketchvaeError

_SHELLS = ("bash", "zsh", "fish")
_COMPINIT = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }"


# --- values of options --------------------------------------------------------------------


def complete_pages(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Return the sizes of paper that begin so."""
    from sketchvae.plot.page import SIZES

    return [name for name in SIZES if name.startswith(incomplete.lower())]


def complete_devices(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Return the devices for HPGL that begin so; none without vpype."""
    try:
        from vpype import config_manager
    except ModuleNotFoundError:
        return []
    return [name for name in config_manager.get_plotter_list() if name.startswith(incomplete)]


def complete_colours(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Return the colours of SVG that begin so; of a list, the last of its colours is completed."""
    from PIL.ImageColor import colormap

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in colormap if name.startswith(last.lower())]


def complete_files(incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


# --- the script ---------------------------------------------------------------------------


@click.command()
@click.argument("shell", metavar="[bash|zsh|fish]", required=False, type=click.Choice(_SHELLS))
@click.option("--install", is_flag=True, help="Write it where the shell reads it, once.")
@click.pass_context
def completion(ctx: click.Context, shell: str | None, install: bool) -> None:
    """Teach a shell to complete commands, options, pages, colours and devices with TAB.

    SHELL is bash, zsh or fish; without it, that of the environment variable SHELL.

    \b
    Examples:
      sketchvae completion --install
      sketchvae completion bash
    """
    shell = shell or _shell()
    script = _script(shell, ctx.find_root().command)
    if not install:
        click.echo(script)
    elif shell == "fish":
        path = config_home() / "fish" / "completions" / "sketchvae.fish"
        write_home(path, f"{script}\n")
        click.echo(f"{path}: written; open a new shell, then type sketchvae and TAB", err=True)
    else:
        path = data_home() / "sketchvae" / f"completion.{shell}"
        write_home(path, f"{_COMPINIT}\n{script}\n" if shell == "zsh" else f"{script}\n")
        settings = Path.home() / f".{shell}rc"
        _add_line(settings, f'[ -f "{path}" ] && . "{path}"')
        click.echo(f"{settings}: reads {path}; open a new shell, then type sketchvae and TAB")


def _shell() -> str:
    """Return the shell of the environment.

    Raises:
        SketchvaeError: if it is one that is not known here.
    """
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _SHELLS:
        raise SketchvaeError(
            f"the shell must be {', '.join(_SHELLS)}, got {name or 'none in SHELL'}; name one, as "
            "in: sketchvae completion bash --install"
        )
    return name


def _script(shell: str, command: click.Command) -> str:
    """Return the script by which a shell asks this program for completions."""
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(command, {}, "sketchvae", "_SKETCHVAE_COMPLETE").source()


def _add_line(path: Path, line: str) -> None:
    """Add a line to the end of a file of settings, if it is not there."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if line not in text.splitlines():
        write_home(path, re.sub(r"([^\n])\Z", r"\1\n", text) + line + "\n")
