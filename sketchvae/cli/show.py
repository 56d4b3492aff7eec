"""sketchvae show: drawings of a file in the terminal, on a page, or in another format."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION, numbered_drawings
from sketchvae.cli.options import (
    PageOptions,
    bind,
    names_of,
    number_option,
    pixels_option,
    refuse_typed,
)
from sketchvae.cli.output import plural, refuse_unused, writer
from sketchvae.cli.paths import OUTPUTS, output_option
from sketchvae.cli.record import kept_record
from sketchvae.cli.style import StyleOptions
from sketchvae.cli.terminal import show_in_terminal

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection


@click.command()
@click.argument("drawings", type=SELECTION)
@output_option(
    OUTPUTS,
    help="Where to: .svg or .png for a page of all, .ndjson, .ndjson.gz, .bin or .npz for other "
    "programs; sheep-%d.svg for a file for each; '-' is ndjson on standard output.  [default: the "
    "terminal]",
)
@number_option
@bind(style=StyleOptions)
@pixels_option
def show(
    drawings: "Selection",
    output: Path | None,
    number: int | None,
    style: StyleOptions,
    pixels: int | None,
) -> None:
    """Show drawings of a file, or bring them into another format.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input. FILE:5 is its
    fifth drawing, FILE:2,5,7 are three of them, FILE:3-8 six.

    \b
    Examples:
      sketchvae show sheep.ndjson:5
      sketchvae show sheep.ndjson -n 60 --numbered -o sheet.png
      sketchvae show sheep.ndjson:2,5,7 -o 'sheep-%d.svg'
      sketchvae show sheep.bin -o all.ndjson
    """
    from sketchvae.render.timeline import Pace

    if output is None:
        every = {*names_of(StyleOptions), "pixels"}
        refuse_typed(every, "the terminal", "leave it out, or name a file with -o")
    else:
        refuse_unused(output)
    numbers, chosen = numbered_drawings(drawings, number)
    if output is None:
        show_in_terminal(chosen, Pace())
        return
    write = writer(PageOptions(output, style, pixels), len(chosen), numbers=numbers)
    write(chosen, kept_record(drawings))
    name = "standard output" if str(output) == "-" else str(output)
    click.echo(f"{name}: {plural(len(chosen), 'drawing')}", err=True)
