"""Write the parts of docs/ that are made from the code.

    scripts/document

docs/cli.md is the help text of every command. The table of layers in docs/architecture.md, between
<!-- layers --> and <!-- end of layers -->, is the one in tests/test_layers.py.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from sketchvae.cli import main as sketchvae
from sketchvae.cli.vpype_plugin import sheep, sketch

ROOT = Path(__file__).parents[1]
CLI_PAGE = ROOT / "docs" / "cli.md"
ARCHITECTURE_PAGE = ROOT / "docs" / "architecture.md"
WIDTH = 88  # columns of a help text

_HEADER = """\
# The command line

The help text of every command, as `--help` prints it. `scripts/document` writes this page, and
`tests/test_examples.py` runs the examples.

`sketchvae completion --install` teaches bash, zsh or fish to complete commands, options, pages,
colours and devices with TAB. `sketchvae man --install` writes the same texts as manual pages, for
`man sketchvae-draw`.

"""


def main() -> None:
    """Write docs/cli.md, and the table in docs/architecture.md."""
    CLI_PAGE.write_text(cli_page(), encoding="utf-8")
    page = ARCHITECTURE_PAGE.read_text(encoding="utf-8")
    ARCHITECTURE_PAGE.write_text(with_layers(page, layer_table()), encoding="utf-8")


def cli_page() -> str:
    """Return docs/cli.md: a list of the commands, then the help text of each."""
    contexts = [
        *commands(sketchvae, "sketchvae"),
        *commands(sheep, "vpype sheep"),
        *commands(sketch, "vpype sketch"),
    ]
    links = [
        f"- [`{context.command_path}`](#{context.command_path.replace(' ', '-')}): "
        f"{context.command.get_short_help_str(1000)}"
        for context in contexts
    ]
    sections = [
        f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n" for context in contexts
    ]
    return _HEADER + "\n".join(links) + "\n\n" + "\n".join(sections)


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield the context of a command, then those of its subcommands, with their full names."""
    context = click.Context(
        command, parent, info_name=name, terminal_width=WIDTH, **command.context_settings
    )
    yield context
    if isinstance(command, click.Group):
        for subname, subcommand in sorted(command.commands.items()):
            yield from commands(subcommand, subname, context)


def layer_table() -> str:
    """Return the table of layers of tests/test_layers.py in Markdown."""
    sys.path.insert(0, str(ROOT / "tests"))
    from test_layers import GROUND, MAY_IMPORT

    rows = ["| room | may import |", "|---|---|"]
    rows += [
        f"| {_room(name)} | {_allowed(allowed, GROUND)} |" for name, allowed in MAY_IMPORT.items()
    ]
    return "\n".join(rows)


def with_layers(page: str, table: str) -> str:
    """Return a page whose text between <!-- layers --> and <!-- end of layers --> is the table.

    Args:
        page: Markdown.
        table: Markdown.

    Raises:
        ValueError: if the page does not hold the two marks once.
    """
    pattern = r"(?<=<!-- layers -->\n).*?(?=<!-- end of layers -->)"
    changed, count = re.subn(pattern, lambda _: f"\n{table}\n\n", page, flags=re.S)
    if count != 1:
        raise ValueError(
            f"<!-- layers --> to <!-- end of layers --> must be there once, got {count}"
        )
    return changed


def _room(name: str) -> str:
    return f"`{name}`" if name else "`sketchvae/__init__.py`"


def _allowed(allowed: set[str] | None, ground: set[str]) -> str:
    """Name the rooms that a room may import; the ground floor in two words."""
    if allowed is None:
        return "everything"
    rooms = [_room(name) for name in sorted(allowed - ground if allowed >= ground else allowed)]
    return ", ".join((["the ground floor"] if allowed >= ground else []) + rooms) or "nothing"


if __name__ == "__main__":
    main()
