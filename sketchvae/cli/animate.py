"""sketchvae animate: from a file of drawings to an animation of them being drawn."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION, numbered_drawings
from sketchvae.cli.options import (
    AnimationOptions,
    FilmOptions,
    PageOptions,
    animation_options,
    number_option,
    style_options,
)
from sketchvae.cli.output import animation_writer, plural
from sketchvae.cli.paths import OUTPUTS, output_option
from sketchvae.cli.record import kept_record
from sketchvae.cli.style import StyleOptions

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection


@click.command()
@click.argument("drawings", type=SELECTION)
@output_option(
    OUTPUTS,
    required=True,
    help="Output file; the suffix chooses the format: .svg, .html (a player), .gif, .png or .apng, "
    ".webp, or .mp4 with ffmpeg; sheep-%d.gif for a film of each.",
)
@number_option
@click.option(
    "--recorded/--even",
    default=True,
    help="Keep the times of raw drawings, unless --speed is given, or draw all at one speed.  "
    "[default: recorded]",
)
@animation_options
@style_options
def animate(
    drawings: "Selection",
    output: Path,
    number: int | None,
    recorded: bool,
    animation: AnimationOptions,
    film: FilmOptions,
    style: StyleOptions,
) -> None:
    """Show the drawings in a file being drawn, at the pace of a pen.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input. A viewer that
    cannot play an animated SVG shows the finished drawings.

    \b
    Examples:
      sketchvae animate sheep.ndjson -n 1 -o sheep.svg
      sketchvae animate sheep.ndjson -n 9 --together --tip -o flock.html
      sketchvae draw -o - | sketchvae animate - --seconds 3 -o sheep.gif
    """
    from sketchvae.render.animation import check_suffix

    check_suffix(output)
    numbers, chosen = numbered_drawings(drawings, number)
    page = PageOptions(output, style, film.pixels)
    write = animation_writer(page, len(chosen), animation, film, recorded=recorded, numbers=numbers)
    more = write(chosen, kept_record(drawings))
    click.echo(f"{output}: {plural(len(chosen), 'drawing')}{more}", err=True)
