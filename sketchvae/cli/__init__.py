"""The command line: parse, call, report. The work is done elsewhere."""

import atexit
import errno
import gc
import os
import signal
import sys
import warnings
from collections import UserDict
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from sketchvae import __version__
from sketchvae.cli.words import Group
from sketchvae.errors import LeftOutWarning, SketchvaeError

# NumPy reads it when it is loaded. Several threads in one matrix product wait for each other; on a
# busy machine a sheep took fifteen times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# At its end Python would look for garbage among all that is loaded; that took a tenth of a sheep.
atexit.register(gc.freeze)

# The commands with their summaries, so that the help of all of them loads none.
_COMMANDS = {
    "animate": "Show the drawings in a file being drawn, at the pace of a pen.",
    "clusters": "Find groups among the drawings in FILES by their latents, and say what sets them "
    "apart.",
    "combine": "Draw from a sum of latents: A - B + C.",
    "complete": "Continue a drawing in its own size and place.",
    "completion": "Teach a shell to complete commands, options, pages, colours and devices with "
    "TAB.",
    "data": "Fetch drawings, pack them for training, look into files.",
    "decode": "Draw from LATENTS, a drawing from each.",
    "draw": "Draw sheep, or what else a model has learnt.",
    "encode": "Write the latents of DRAWINGS: the means of their posteriors.",
    "evaluate": "Judge a model by the real drawings in FILES: likelihood, and distances by "
    "temperature.",
    "help": "Show the help of a command, as its --help does.",
    "info": "Tell what FILE is: a model, or a picture that sketchvae drew.",
    "machines": "List, show and add machines for --machine of plot and send.",
    "man": "Print the manual page of a command, for the program man.",
    "map": "Lay the drawings in FILES out in a plane by their latents.",
    "morph": "Draw what lies between FIRST and LAST, as the model sees it.",
    "plot": "Lay drawings out on a page for a plotter, in millimetres.",
    "reconstruct": "Show DRAWINGS beside their reconstructions: a row for each, the original "
    "first.",
    "refine": "Bring a model's drawings nearer to real ones.",
    "score": "Say of each drawing in a file how likely it is, and how much of a sheep, or of your "
    "animal.",
    "send": "Send FILE to the plotter at PORT and watch over it.",
    "show": "Show drawings of a file, or bring them into another format.",
    "studio": "Draw together with the model in the browser, and plot what you like.",
    "train": "Train a model on drawings.",
}
# Modules of the commands that have none of their own.
_MODULES = {"encode": "latents", "decode": "latents", "combine": "latents", "help": "words"}


class _OnDemand(UserDict[str, click.Command]):
    """The commands by their names, each loaded when it is wanted: to draw, `draw` is enough."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in self.data:
            raise KeyError(name)
        module = import_module(f"sketchvae.cli.{_MODULES.get(name, name)}")
        command: click.Command = vars(module).get(f"{name}_") or vars(module)[name]
        return command


class _Commands(Group):
    """A group that shows our errors and warnings as one line; others keep their traceback."""

    def summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the names and summaries of the commands, none of which is loaded for it."""
        return [(name, _COMMANDS[name]) for name in self.list_commands(ctx)]

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        # As an exception, so that what is half written is removed; training listens itself.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", LeftOutWarning)
                warnings.showwarning = _show(warnings.showwarning)
                result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except SketchvaeError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:  # files have their own line by now: it is standard output
            if error.errno == errno.EPIPE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or it fails once more at the exit
            raise click.ClickException(
                f"standard output: cannot be written ({error.strerror}); write to a file with -o"
            ) from error


def _show(others: Callable[..., None]) -> Callable[..., None]:
    """Return a `warnings.showwarning` that prints ours as one line, and passes on the others."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:  # noqa: ANN401
        if issubclass(category, LeftOutWarning):
            click.echo(message, err=True)
        else:
            others(message, category, *where)

    return show


# The environment variable of an option is SKETCHVAE_COMMAND_OPTION: SKETCHVAE_PLOT_BED.
_SETTINGS = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SKETCHVAE"}


@click.group(
    cls=_Commands,
    commands=_OnDemand(dict.fromkeys(_COMMANDS, click.Command(None))),
    context_settings=_SETTINGS,
)
@click.version_option(__version__, "-V", "--version", prog_name="sketchvae")
def main() -> None:
    """Draw sheep the way people draw them: one pen stroke after another.

    \b
    Example:
      sketchvae draw -n 12 --seed 97 -o flock.svg
    """
