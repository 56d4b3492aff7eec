"""sketchvae score: how likely drawings are, and how much of their kind."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION, with_strokes
from sketchvae.cli.options import model_option, number_option
from sketchvae.cli.output import plural
from sketchvae.cli.paths import output_option
from sketchvae.errors import check_suffix

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.evaluate.outliers import Numbered
    from sketchvae.generate.artist import Artist
    from sketchvae.generate.likelihood import Score

_BLOCK = 64  # drawings that are read and scored together
_CELL = 160  # pixels
_COLUMNS = ("drawing", "points", "nats", "a point")
_WIDTHS = (8, 7, 9, 8, 11, 11)  # characters
_NO_HEAD = (
    "no class probability and no percentile: this model has no class head; train fits one to 10 "
    "drawings or more of one word, where it begins from base"
)


@click.command()
@click.argument("drawings", type=SELECTION)
@number_option
@click.option(
    "--outliers",
    type=click.IntRange(1),
    metavar="N",
    help="Only the N drawings that are least of the kind, the least first.",
)
@output_option(
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
    drawings: "Selection",
    number: int | None,
    outliers: int | None,
    output: Path | None,
    draws: int,
    model: Path | None,
    as_json: bool,
) -> None:
    """Say of each drawing in a file how likely it is, and how much of a sheep, or of your animal.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input.

    Nats: what the drawing costs the model, less is likelier; importance-weighted over --draws
    latents, dequantised, in pixels. Sheepness: the chance, from 0 to 1, that it is a sheep, if
    half of all drawings were sheep and half other things. Percentile: how many real sheep in
    100 are less sheep. For a model of cats, both are of cats, and the first is called
    probability. Drawings are numbered from 1.

    \b
    Examples:
      sketchvae score sheep.ndjson
      sketchvae score sheep.ndjson --json
      sketchvae score sheep.ndjson --outliers 10 -o odd.png
    """
    from sketchvae.evaluate.outliers import blocks, least_probable
    from sketchvae.generate.artist import load

    if output is not None:
        if outliers is None:
            raise click.UsageError("-o is for --outliers; add --outliers 10, or leave -o out")
        _check_output(output)
    artist = load(model)
    numbered = islice(with_strokes(drawings, "to be scored"), number)
    chosen = None if outliers is None else least_probable(artist, numbered, outliers)
    has_head = artist.model.head is not None
    is_of_sheep = artist.model.about.get("word") == "sheep"
    more = ("sheepness" if is_of_sheep else "probability", "percentile") if has_head else ()
    headings = [] if as_json else [_table_row((*_COLUMNS, *more))]
    for block in blocks(chosen or numbered, _BLOCK):
        scores = artist.score([drawing for _, drawing in block], draws)
        while headings:  # not before the first scores: reading may fail
            click.echo(headings.pop())
            if not has_head:
                click.echo(_NO_HEAD, err=True)
        for (number, _), drawing_score in zip(block, scores, strict=True):
            row = (
                _json(number, drawing_score, is_of_sheep)
                if as_json
                else _row(number, drawing_score)
            )
            click.echo(row)
    if output is not None and chosen is not None:
        _write(output, artist, chosen)
        click.echo(f"{output}: {plural(len(chosen), 'outlier')}", err=True)


def _row(number: int, drawing_score: "Score") -> str:
    cells = [
        str(number),
        str(drawing_score.points),
        f"{drawing_score.nll:.1f}",
        f"{drawing_score.nll_per_point:.3f}",
    ]
    if drawing_score.class_probability is not None and drawing_score.percentile is not None:
        cells += [f"{drawing_score.class_probability:.4f}", f"{drawing_score.percentile:.0f}"]
    return _table_row(cells)


def _table_row(cells: Sequence[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))


def _json(number: int, drawing_score: "Score", is_of_sheep: bool) -> str:
    return json.dumps(
        {
            "drawing": number,
            "points": drawing_score.points,
            "nats": round(drawing_score.nll, 3),
            "nats_per_point": round(drawing_score.nll_per_point, 4),
            "sheepness" if is_of_sheep else "class_probability": drawing_score.class_probability,
            "percentile": None
            if drawing_score.percentile is None
            else round(drawing_score.percentile, 1),
        }
    )


def _check_output(path: Path) -> None:
    from sketchvae.data.formats import SUFFIXES

    check_suffix(path, (".png", *SUFFIXES), example="-o odd.png")


def _write(path: Path, artist: "Artist", chosen: "Sequence[Numbered]") -> None:
    """Write a contact sheet with numbers and class probabilities, or a file of the drawings."""
    from sketchvae.data import formats
    from sketchvae.files import replacing
    from sketchvae.render.png import contact_sheet

    drawings = [drawing for _, drawing in chosen]
    if path.suffix.lower() != ".png":
        formats.write(path, (drawing.to_quickdraw() for drawing in drawings))
        return
    values = artist.class_probability(drawings)
    labels = [f"{number}: {value:.4f}" for (number, _), value in zip(chosen, values, strict=True)]
    with replacing(path) as temporary:
        contact_sheet(drawings, cell=_CELL, labels=labels).save(temporary, format="PNG")
