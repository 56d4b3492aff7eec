"""The command line: parse, call, report. The work is done elsewhere."""

import errno
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

import click

from sketchvae import __version__
from sketchvae.cli.animate import animate
from sketchvae.cli.clusters import clusters
from sketchvae.cli.complete import complete
from sketchvae.cli.completion import completion
from sketchvae.cli.data import data
from sketchvae.cli.draw import draw
from sketchvae.cli.evaluate import evaluate
from sketchvae.cli.info import info
from sketchvae.cli.latents import combine, decode, encode
from sketchvae.cli.machines import machines
from sketchvae.cli.man import man
from sketchvae.cli.map import map_
from sketchvae.cli.morph import morph
from sketchvae.cli.plot import plot
from sketchvae.cli.reconstruct import reconstruct
from sketchvae.cli.refine import refine
from sketchvae.cli.score import score
from sketchvae.cli.send import send
from sketchvae.cli.show import show
from sketchvae.cli.studio import studio
from sketchvae.cli.train import train
from sketchvae.cli.words import Group, help_
from sketchvae.errors import LeftOutWarning, SketchvaeError


class _Commands(Group):
    """A group that shows our errors and warnings as one line; others keep their traceback."""

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


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", prog_name="sketchvae")
def main() -> None:
    """Draw sheep the way people draw them: one pen stroke after another.

    \b
    Example:
      sketchvae draw -n 12 --seed 8 -o flock.svg
    """


for command in (draw, show, animate, plot, send, machines, train, refine, evaluate, data, info):
    main.add_command(command)
for command in (encode, decode, combine, reconstruct, complete, morph, score, map_, clusters):
    main.add_command(command)
for command in (studio, help_, man, completion):
    main.add_command(command)
