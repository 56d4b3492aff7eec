"""Words that people type: those understood as others of ours, and suggestions for the rest."""

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

# Options of one clear meaning, without their dashes: what they are called here, and the value
# that they stand for.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "color": ("colour",),
    "ink": ("colour",),
    "transparent": ("background", "none"),
    "bg": ("background",),
    "paper": ("page",),
    "count": ("number",),
    "num": ("number",),
    "fps": ("rate",),
    "frame-rate": ("rate",),
    "duration": ("seconds",),
    "line-width": ("stroke-width",),
    "temp": ("temperature",),
    "weights": ("model",),
    "out": ("output",),
    "overwrite": ("force",),
    "lr": ("learning-rate",),
    "preview": ("picture",),
    "batch-size": ("batch",),
}
# Options that might mean several of ours: those to suggest, the likeliest first.
SUGGESTIONS: dict[str, tuple[str, ...]] = {
    "size": ("width", "page", "pixels"),
    "height": ("width", "page"),
    "dpi": ("pixels",),
    "resolution": ("pixels",),
    "format": ("output",),
    "type": ("output",),
    "epochs": ("steps",),
    "iterations": ("steps",),
    "columns": ("width",),
    "curves": ("smooth",),
    "simplify": ("optimize",),
}
COMMANDS: dict[str, str] = {  # words for a command, and the command to suggest
    "generate": "draw",
    "sample": "draw",
    "create": "draw",
    "sheep": "draw",
    "print": "plot",
    "stream": "send",
    "convert": "show",
    "export": "show",
    "view": "show",
    "learn": "train",
    "fit": "train",
    "import": "data import",
    "fetch": "data fetch",
    "download": "data fetch",
    "interpolate": "morph",
    "cluster": "clusters",
    "version": "--version",
}


class Group(click.Group):
    """A group whose commands understand synonyms, suggest well, and are listed uncut."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and put our words into its arguments."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            _refuse_command(args[0], self, ctx)
        name, command, rest = super().resolve_command(ctx, args)
        return name, command, list(_in_our_words(command, rest)) if command else rest

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what the command returns
        """Run the command; for an option that it lacks, suggest the likeliest one."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            _suggest(error)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their whole summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(self.summaries(ctx))

    def summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the names and summaries of the commands, but of the hidden ones."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, c.get_short_help_str(1000)) for name, c in commands if c and not c.hidden]


def _refuse_command(word: str, group: click.Group, ctx: click.Context) -> NoReturn:
    """Refuse a word that is no command of a group, with the likeliest one.

    Args:
        word: as it was typed.
        group: that lacks it.
        ctx: of the group.
    """
    from difflib import get_close_matches

    near = get_close_matches(word, group.list_commands(ctx), 1)
    meant = COMMANDS.get(word) if ctx.parent is None else None
    meant = meant or next(iter(near), None)
    advice = f" Did you mean {meant!r}?" if meant else ""
    raise click.UsageError(f"No such command {word!r}.{advice}", ctx)


def options_of(command: click.Command) -> list[str]:
    """List the names of a command's options, the long ones, and those of the help."""
    options = [p for p in command.params if isinstance(p, click.Option)]
    names = [name for p in options for name in (*p.opts, *p.secondary_opts)]
    return [name for name in (*names, "--help") if name.startswith("--")]


def _in_our_words(command: click.Command, args: Sequence[str]) -> Iterator[str]:
    """Yield arguments with synonyms replaced, where the command has the one and not the other."""
    own = options_of(command)
    rest = iter(args)
    for arg in rest:
        name, equals, value = arg.partition("=")
        ours, *meant = SYNONYMS.get(name.removeprefix("--"), ("",))
        if arg == "--":  # what follows are no options
            yield arg
            break
        if not name.startswith("--") or name in own or f"--{ours}" not in own:
            yield arg
        else:
            yield f"--{ours}{equals}{value}"
            yield from meant
    yield from rest


def _suggest(error: click.NoSuchOption) -> NoReturn:
    """Refuse an option with the ones that are likeliest meant, or the commands that have it."""
    from difflib import get_close_matches

    typed, context = error.option_name, error.ctx
    assert context is not None
    own = options_of(context.command)
    bare = typed.removeprefix("--")
    near = [f"--{name}" for name in SUGGESTIONS.get(bare, ()) if f"--{name}" in own]
    ours = f"--{SYNONYMS.get(bare, (bare,))[0]}"
    elsewhere = [
        c.name for c in _commands(context) if ours in options_of(c) and c is not context.command
    ]
    near = near or ([] if elsewhere else get_close_matches(typed, own, 1, 0.5))
    text = f"No such option '{typed}'."
    if near:
        text += f" Did you mean {' or '.join(repr(name) for name in near)}?"
    elif elsewhere:
        text += f" {', '.join(map(str, elsewhere))} {'has' if len(elsewhere) == 1 else 'have'}"
        text += f" {ours}." if ours != typed else " it."
    raise click.UsageError(text, context) from error


def _commands(context: click.Context) -> list[click.Command]:
    """List the commands of the whole program."""
    root = context.find_root().command
    return list(root.commands.values()) if isinstance(root, click.Group) else []


@click.command("help")
@click.argument("command", nargs=-1)
@click.pass_context
def help_(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Show the help of a command, as its --help does.

    \b
    Example:
      sketchvae help draw
    """
    found = ctx.find_root()
    for name in command:
        group = found.command
        sub = group.get_command(found, name) if isinstance(group, click.Group) else None
        if sub is None:
            if isinstance(group, click.Group):
                _refuse_command(name, group, found)
            raise click.UsageError(f"No such command {' '.join(command)!r}.", found)
        found = click.Context(sub, found, info_name=name)
    click.echo(found.get_help())
