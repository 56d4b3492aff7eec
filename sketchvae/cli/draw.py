"""sketchvae draw: from the weights to a file of drawings, or to the terminal."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import (
    STYLE,
    TIME,
    animation_of,
    animation_options,
    film_of,
    refuse_others,
    style_of,
    style_options,
)

if TYPE_CHECKING:
    from sketchvae.artist.artist import Artist
    from sketchvae.drawing import Drawing
    from sketchvae.rendering.timing import Pace

    _Write = Callable[[Iterable[Drawing]], object]

OUTPUT = Path("sheep.svg")
PICTURES = (".svg", ".png")
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
@click.option("--seed", type=click.IntRange(0), help="The same seed draws the same sheep.")
@click.option(
    "-t",
    "--temperature",
    type=float,
    help="0.001 to 10: near 0 neat and alike, 1 as the model learnt.  [default: 0.5]",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="A weights file.  [default: the sheep that come with sketchvae]",
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
      sketchvae draw --preview
    """
    from sketchvae.artist.artist import TEMPERATURE, fresh_seed, load
    from sketchvae.rendering.timing import Pace

    output = OUTPUT if output is None and not preview else output
    pace = Pace(given["seconds"], given["speed"])
    _check_options(output, preview, animate)
    seed = fresh_seed() if seed is None else seed
    temperature = TEMPERATURE if temperature is None else temperature
    artist = load(model)
    if cluster is not None:
        artist = _of_cluster(artist, cluster, clusters)
    elif clusters is not None:
        raise click.UsageError("--clusters needs --cluster, the number of one of them; add it")
    drawings: Iterable[Drawing] = artist.draw_each(number, temperature, seed)
    write = None
    if output is not None:
        is_picture = output.suffix.lower() in PICTURES
        writer = _animation if animate else _picture if is_picture else _data
        write = writer(output, number, given)  # refuses before anything is drawn
    if preview:
        drawings = list(drawings)
        _show(drawings, pace)
    if write is not None:
        write(drawings)
    what = "1 drawing" if number == 1 else f"{number} drawings"
    place = "preview" if output is None else str(output)
    place = "standard output" if place == "-" else place
    click.echo(f"{place}: {what}, seed {seed}, temperature {temperature:g}", file=sys.stderr)


def _of_cluster(artist: "Artist", cluster: int, folder: Path | None) -> "Artist":
    from sketchvae.exploring.regions import FOLDER, load

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
    suffix = output.suffix.lower()
    if suffix not in PICTURES:
        refuse_others(shown, str(output), f"it is for {' and '.join(PICTURES)}; leave it out")
    if suffix == ".svg":
        refuse_others((*STYLE, *TIME), str(output), "it is for .png and films; leave it out")
    refuse_others((*STYLE, *shown, "pixels"), f"{output}, which stands still", "add --animate")


def _data(output: Path, _: int, __: dict[str, Any]) -> "_Write":
    from sketchvae.data import formats

    known = output.name.lower().endswith(formats.SUFFIXES) or output == formats.STANDARD
    if not known and not output.is_dir():
        _refuse_suffix(output, (*PICTURES, *formats.SUFFIXES))
    return lambda drawings: formats.write(output, (d.sized(255).rounded() for d in drawings))


def _refuse_suffix(output: Path, known: Sequence[str]) -> None:
    from sketchvae.errors import SketchvaeError
    from sketchvae.rendering.animated import SUFFIXES

    moves = output.suffix.lower() in SUFFIXES
    advice = "add --animate" if moves else f"try -o {output.stem or 'sheep'}.svg"
    raise SketchvaeError(
        f"{output}: must end in {', '.join(known[:-1])} or {known[-1]}, got "
        f"{output.suffix or 'no suffix'}; {advice}"
    )


def _picture(output: Path, number: int, given: dict[str, Any]) -> "_Write":
    from sketchvae.files import replacing
    from sketchvae.rendering.svg import check_page, to_svg

    width, pixels, style = given["width"], given["pixels"], style_of(given, output)
    if output.suffix.lower() == ".svg":
        check_page(number, width, style)
    else:
        from sketchvae.rendering.raster import check_picture, to_png

        check_picture(number, pixels, width, style)

    def write(drawings: "Iterable[Drawing]") -> None:
        with replacing(output) as beside:  # before the drawings are made: the place may be bad
            flock = list(drawings)
            if output.suffix.lower() == ".svg":
                svg = to_svg(flock, width_mm=width, style=style)
                beside.write_text(svg + "\n", encoding="utf-8")
            else:
                beside.write_bytes(to_png(flock, pixels=pixels, width_mm=width, style=style))

    return write


def _animation(output: Path, number: int, given: dict[str, Any]) -> "_Write":
    from sketchvae.rendering.animated import check_animation, check_suffix, write_animation

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
    from sketchvae.rendering.terminal import WIDEST, play, text

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
