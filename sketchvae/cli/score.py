"""sketchvae score: how likely drawings are, and how sheep."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.options import model_option
from sketchvae.errors import SketchvaeError, check_suffix

if TYPE_CHECKING:
    from sketchvae.drawing import Drawing
    from sketchvae.generate.artist import Artist
    from sketchvae.model.head import Score

    Numbered = tuple[int, Drawing]

_AT_ONCE = 64  # drawings that are read before the first of them is scored
_MANY_AT_ONCE = 2048  # likewise where only sheepness is asked for
_CELL = 160  # pixels
_COLUMNS = ("drawing", "points", "nats", "a point", "sheepness", "percentile")
_ROW = "{:>8} {:>7} {:>9} {:>8} {:>10} {:>11}"


@click.command()
@click.argument("drawings", type=click.Path(path_type=Path))
@click.option(
    "--outliers",
    type=click.IntRange(1),
    metavar="N",
    help="Only the N drawings that are least sheep, the least first.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Where the outliers go, too: .png shows them, .ndjson, .ndjson.gz, .bin or .npz are for "
    "other commands.",
)
@click.option(
    "--draws",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Latents a drawing for its nats: fewer are faster and less exact.",
)
@model_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a drawing.")
def score(
    drawings: Path,
    outliers: int | None,
    output: Path | None,
    draws: int,
    model: Path | None,
    as_json: bool,
) -> None:
    """Say of each drawing in a file how likely it is, and how sheep.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input.

    Nats: what the drawing costs the model, less is likelier; importance-weighted over --draws
    latents, dequantised, in pixels. Sheepness: the chance, from 0 to 1, that it is a sheep, if
    half of all drawings were sheep and half other things. Percentile: how many real sheep in
    100 are less sheep. Drawings are numbered from 1.

    \b
    Examples:
      sketchvae score sheep.ndjson
      sketchvae score sheep.ndjson --json
      sketchvae score sheep.ndjson --outliers 10 -o odd.png
    """
    from sketchvae.generate.artist import load

    if output is not None:
        if outliers is None:
            raise click.UsageError("-o is for --outliers; add --outliers 10, or leave -o out")
        _check_output(output)
    artist = load(model)
    numbered = _numbered(drawings)
    chosen = None if outliers is None else _least_sheep(artist, numbered, outliers)
    headings = [] if as_json else [_ROW.format(*_COLUMNS)]
    for block in _blocks(chosen or numbered, _AT_ONCE):
        scores = artist.score([drawing for _, drawing in block], draws)
        while headings:  # once there is something to stand under them
            click.echo(headings.pop())
        for (number, _), one in zip(block, scores, strict=True):
            click.echo(_json(number, one) if as_json else _row(number, one))
    if output is not None and chosen is not None:
        _write(output, artist, chosen)
        what = "1 outlier" if len(chosen) == 1 else f"{len(chosen)} outliers"
        click.echo(f"{output}: {what}", file=sys.stderr)


def _numbered(path: Path) -> "Iterator[Numbered]":
    """Read the drawings of a file with their numbers, from 1; refuse an empty one."""
    from sketchvae.data.formats import read

    for number, drawing in enumerate(read(path), 1):
        if not drawing.strokes:
            raise SketchvaeError(
                f"{path}: drawing {number} must have a stroke to be scored, got none; leave it out"
            )
        yield number, drawing


def _blocks(numbered: "Iterable[Numbered]", size: int) -> "Iterator[list[Numbered]]":
    rest = iter(numbered)
    while block := list(islice(rest, size)):
        yield block


def _least_sheep(artist: "Artist", numbered: "Iterable[Numbered]", n: int) -> "list[Numbered]":
    """Return the n drawings of the lowest sheepness, the lowest first; holds no others."""

    def weighed() -> "Iterator[tuple[float, int, Drawing]]":
        for block in _blocks(numbered, _MANY_AT_ONCE):
            sheepness = artist.class_probability([drawing for _, drawing in block]).tolist()
            for value, (number, drawing) in zip(sheepness, block, strict=True):
                yield value, number, drawing

    return [(number, drawing) for _, number, drawing in nsmallest(n, weighed())]


def _row(number: int, one: "Score") -> str:
    sheepness = "" if one.class_probability is None else f"{one.class_probability:.4f}"
    percentile = "" if one.percentile is None else f"{one.percentile:.0f}"
    nats = f"{one.nll:.1f}", f"{one.nll_per_point:.3f}"
    return _ROW.format(number, one.points, *nats, sheepness, percentile).rstrip()


def _json(number: int, one: "Score") -> str:
    return json.dumps(
        {
            "drawing": number,
            "points": one.points,
            "nats": round(one.nll, 3),
            "nats_per_point": round(one.nll_per_point, 4),
            "sheepness": one.class_probability,
            "percentile": None if one.percentile is None else round(one.percentile, 1),
        }
    )


def _check_output(path: Path) -> None:
    from sketchvae.data.formats import SUFFIXES

    check_suffix(path, (".png", *SUFFIXES), example="-o odd.png")


def _write(path: Path, artist: "Artist", chosen: "Sequence[Numbered]") -> None:
    """Show the drawings with their numbers and sheepness, or hand them on as they are."""
    from sketchvae.data import formats
    from sketchvae.files import replacing
    from sketchvae.render.png import contact_sheet

    drawings = [drawing for _, drawing in chosen]
    if path.suffix.lower() != ".png":
        formats.write(path, (drawing.to_quickdraw() for drawing in drawings))
        return
    values = artist.class_probability(drawings)
    labels = [f"{number}: {value:.4f}" for (number, _), value in zip(chosen, values, strict=True)]
    with replacing(path) as beside:
        contact_sheet(drawings, cell=_CELL, labels=labels).save(beside, format="PNG")
