"""sketchvae draw: from the weights to a file of drawings, or to the terminal."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import (
    animation_of,
    animation_options,
    drawing_options,
    film_of,
    refuse_others,
    style_of,
    style_options,
)
from sketchvae.cli.output import refuse_unused, writer

if TYPE_CHECKING:
    from sketchvae.cli.output import Write
    from sketchvae.drawing import Drawing
    from sketchvae.generate.artist import Artist
    from sketchvae.polyline import Floats32
    from sketchvae.render.timeline import Pace

OUTPUT = Path("sheep.svg")
_PACE = ("seconds", "speed")


@click.command()
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many drawings.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Where to; the suffix names the format: .svg or .png, or .ndjson, .ndjson.gz, .bin, .npz "
    f"for other programs. '-' is ndjson on standard output.  [default: {OUTPUT}]",
)
@drawing_options
@click.option("--like", metavar="FILE", help="Like the drawings in a file, each in turn.")
@click.option(
    "--near", metavar="FILE", help="Near the latents in a file, or of its drawings, each in turn."
)
@click.option(
    "--spread",
    type=float,
    help="How near: 0 is there, 1 as far around as the sheep lie.  [default: 0.3]",
)
@click.option(
    "--cluster",
    metavar="K",
    type=int,
    help="Like the drawings of this cluster, by its number in 'sketchvae clusters'.",
)
@click.option(
    "--clusters",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where that put the clusters.  [default: clusters]",
)
@click.option(
    "--preview", is_flag=True, help="Draw in the terminal; without -o nothing is written."
)
@click.option(
    "--animate",
    is_flag=True,
    help="Write how it is drawn: .svg, .html (a player), .gif, .png, .webp or .mp4.",
)
@style_options
@animation_options
def draw(
    number: int,
    output: Path | None,
    seed: int | None,
    temperature: float | None,
    model: Path | None,
    like: str | None,
    near: str | None,
    spread: float | None,
    cluster: int | None,
    clusters: Path | None,
    preview: bool,
    animate: bool,
    **given: Any,  # noqa: ANN401
) -> None:
    """Draw sheep.

    The options of style are for .svg and .png, those of time for --animate and --preview.

    \b
    Examples:
      sketchvae draw
      sketchvae draw -n 12 --seed 7 --smooth -o flock.svg
      sketchvae draw --animate --tip -o sheep.gif
      sketchvae draw -n 1000 -o flock.ndjson
      sketchvae draw -n 8 --like flock.ndjson:3 -o alike.svg
      sketchvae draw -n 8 --near flock.ndjson:3 --spread 0.6 -o near.svg
      sketchvae draw --preview
    """
    from sketchvae.generate.artist import TEMPERATURE, fresh_seed, load
    from sketchvae.render.timeline import Pace

    output = OUTPUT if output is None and not preview else output
    pace = Pace(given["seconds"], given["speed"])
    _check_options(output, preview, animate)
    _check_source(like, near, spread, cluster, clusters)
    seed = fresh_seed() if seed is None else seed
    temperature = TEMPERATURE if temperature is None else temperature
    artist = load(model)
    if cluster is not None:
        artist = _of_cluster(artist, cluster, clusters)
    latents = _latents(artist, like, near, spread, number, seed)
    drawings: Iterable[Drawing] = artist.draw_each(number, temperature, seed, latents=latents)
    write = None
    if output is not None:
        # Both refuse before anything is drawn.
        write = (_animation if animate else writer)(output, number, given)
    if preview:
        drawings = list(drawings)
        _show(drawings, pace)
    if write is not None:
        write(drawings)
    what = "1 drawing" if number == 1 else f"{number} drawings"
    place = "preview" if output is None else str(output)
    place = "standard output" if place == "-" else place
    click.echo(f"{place}: {what}, seed {seed}, temperature {temperature:g}", file=sys.stderr)


def _check_source(
    like: str | None,
    near: str | None,
    spread: float | None,
    cluster: int | None,
    clusters: Path | None,
) -> None:
    if sum(source is not None for source in (like, near, cluster)) > 1:
        raise click.UsageError(
            "--like, --near and --cluster all say what to draw from; leave all but one out"
        )
    if clusters is not None and cluster is None:
        raise click.UsageError("--clusters needs --cluster, the number of one of them; add it")
    if spread is not None and near is None:
        raise click.UsageError("--spread says how near --near is; name a file with --near")


def _latents(
    artist: "Artist",
    like: str | None,
    near: str | None,
    spread: float | None,
    number: int,
    seed: int,
) -> "Floats32 | None":
    """Return what to draw from, (number, Z); None for the prior."""
    from sketchvae.cli.inputs import drawings_of, latents_of
    from sketchvae.generate.interpolation import SPREAD

    if like is not None:
        return artist.like(drawings_of(like), number, seed)
    if near is None:
        return None
    spread = SPREAD if spread is None else spread
    return artist.near(latents_of(artist, near), number, spread, seed)


def _of_cluster(artist: "Artist", cluster: int, folder: Path | None) -> "Artist":
    from sketchvae.explore.cluster_priors import FOLDER, load

    return load(folder or FOLDER).artist(artist.model, cluster)


def _check_options(output: Path | None, preview: bool, animate: bool) -> None:
    """Refuse options that would change nothing in what is asked for."""
    shown = _PACE if preview else ()
    if output is None:
        if animate:
            raise click.UsageError("--animate needs a file; name one with -o")
        refuse_others(shown, "the terminal", "leave it out, or name a file with -o")
        return
    if preview and str(output) == "-":
        raise click.UsageError("--preview and -o - both want standard output; leave one out")
    if animate:
        return
    refuse_unused(output, shown)


def _animation(output: Path, number: int, given: dict[str, Any]) -> "Write":
    from sketchvae.render.animation import check_animation, check_suffix, write_animation

    check_suffix(output)
    animation, film = animation_of(given, output), film_of(given, output)
    width, style = given["width"], style_of(given, output)
    check_animation(output, number, width_mm=width, style=style, **film)
    return lambda drawings: write_animation(
        output, list(drawings), animation, width_mm=width, style=style, **film
    )


def _show(drawings: "Iterable[Drawing]", pace: "Pace") -> None:
    """Draw in the terminal, stroke by stroke; finished where standard output is no terminal."""
    from sketchvae.errors import SketchvaeError
    from sketchvae.render.terminal import WIDEST, play, text

    columns, lines = shutil.get_terminal_size()
    columns, lines = max(min(columns - 1, WIDEST), 2), max(lines - 2, 1)
    moves = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    try:
        for drawing in drawings:
            if moves:
                play(drawing, _print, pace, columns, lines)
            else:
                _print(text(drawing, columns))
    except UnicodeEncodeError as error:
        raise SketchvaeError(
            f"standard output: must be UTF-8 for braille, is {sys.stdout.encoding}; set "
            "PYTHONUTF8=1, or write a file with -o"
        ) from error


def _print(content: str) -> None:
    sys.stdout.write(content)
    sys.stdout.flush()
