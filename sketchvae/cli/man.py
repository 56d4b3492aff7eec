"""sketchvae man: manual pages, made from the help texts of the commands."""

import re
from collections.abc import Iterator

import click

from sketchvae import __version__
from sketchvae.cli.home import data_home, write_home


@click.command()
@click.argument("command", nargs=-1)
@click.option("--install", is_flag=True, help="Write the pages of all commands for man.")
@click.pass_context
def man(ctx: click.Context, command: tuple[str, ...], install: bool) -> None:
    """Print the manual page of a command, for the program man.

    \b
    Examples:
      sketchvae man --install
      sketchvae man draw
    """
    root = ctx.find_root().command
    pages = {" ".join(("sketchvae", *path)): found for path, found in _commands(root, ())}
    name = " ".join(("sketchvae", *command))
    if name not in pages:
        raise click.UsageError(f"No such command {' '.join(command)!r}.")
    if not install:
        click.echo(manual_page(name, pages[name]), nl=False)
        return
    folder = data_home() / "man" / "man1"
    for page, found in pages.items():
        write_home(folder / f"{page.replace(' ', '-')}.1", manual_page(page, found))
    click.echo(f"{folder}: {len(pages)} pages; next: man sketchvae, man sketchvae-draw", err=True)


def manual_page(name: str, command: click.Command) -> str:
    """Return a manual page in the language of man(7).

    Args:
        name: full name of the command, "sketchvae data import".
        command: what it is of.
    """
    context = click.Context(command, info_name=name, help_option_names=["-h", "--help"])
    title = name.replace(" ", "-")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH "{title.upper()}" 1 "" "sketchvae {__version__}" "sketchvae"',
        ".SH NAME",
        f"{_plain(title)} \\- {_plain(command.get_short_help_str(1000).rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_plain(name)}",
        _plain(usage),
        ".SH DESCRIPTION",
        *_paragraphs(command.help or ""),
    ]
    options = (p for p in command.get_params(context) if isinstance(p, click.Option))
    records = [record for option in options if (record := option.get_help_record(context))]
    lines.append(".SH OPTIONS")
    for option, text in records:
        lines += [".TP", f"\\fB{_plain(option)}\\fR", _plain(" ".join(text.split()))]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for sub in command.list_commands(context):
            text = command.commands[sub].get_short_help_str(1000)
            lines += [".TP", f"\\fB{_plain(f'{title}-{sub}')}\\fR(1)", _plain(text)]
    return "\n".join(lines) + "\n"


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the path of a command and the command, then those of its subcommands."""
    yield path, command
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from _commands(subcommand, (*path, name))


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the lines of a help text; a block behind \\b keeps its lines."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in paragraph.splitlines()]
        yield ".PP"
        if lines[0] == "\b":
            yield ".nf"
            yield from map(_plain, lines[1:])
            yield ".fi"
        else:
            yield _plain(" ".join(lines))


def _plain(text: str) -> str:
    """Write text so that man takes none of it for its own commands."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text
