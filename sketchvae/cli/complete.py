"""sketchvae complete: the rest of a drawing whose first strokes are given."""

from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import DrawingOptions, PageOptions, drawing_options, page_options
from sketchvae.cli.output import draw_to, refuse_unused, writer

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.flock import Flock


@click.command()
@click.argument("beginning", type=SELECTION)
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many endings.",
)
@click.option(
    "--strokes",
    type=click.IntRange(1),
    help="How many strokes of it are the beginning.  [default: all]",
)
@click.option(
    "--size",
    type=float,
    help="Longest side of the finished drawing, in the units of the file.  [default: 255 where "
    "the beginning has Quick, Draw!'s pixels, else 1.25 times its longest side]",
)
@click.option(
    "--encode",
    is_flag=True,
    help="Take the latent from the beginning alone, as if it were finished: adds little.",
)
@page_options
@drawing_options
def complete(
    beginning: "Selection",
    number: int,
    strokes: int | None,
    size: float | None,
    encode: bool,
    page: PageOptions,
    drawing: DrawingOptions,
) -> None:
    """Continue a drawing in its own size and place.

    BEGINNING is any file that sketchvae reads; FILE:3 is its third drawing, FILE the first. All
    its strokes stay as they are, and the model goes on with a new one. Without --temperature each
    ending is the most plausible of four. In .ndjson the result has the beginning's own coordinates;
    the drawings of a page lie in the same frame.

    \b
    Examples:
      sketchvae complete sheep.ndjson --strokes 1 -n 6 -o endings.svg
      sketchvae complete head.svg --size 80 -o whole.ndjson
    """
    refuse_unused(page.output)
    first_strokes = _beginning(beginning, strokes)
    artist = drawing.artist()
    write = writer(page, number, in_place=True)
    temperature = drawing.temperature

    def draw(seed: int) -> "Flock":
        return artist.complete(first_strokes, number, temperature, seed, encode=encode, size=size)

    draw_to(page.output, number, drawing.seed, draw, write, artist.model, temperature)


def _beginning(chosen: "Selection", strokes: int | None) -> "Drawing":
    """Read the drawing that a selection names, and keep its first strokes; None for all."""
    from sketchvae.cli.inputs import one_drawing
    from sketchvae.drawing import Drawing
    from sketchvae.errors import SketchvaeError

    whole = one_drawing(chosen)
    if strokes is not None and strokes > len(whole.strokes):
        raise SketchvaeError(
            f"{chosen}: must have {strokes} strokes to begin with, got {len(whole.strokes)}; "
            "choose fewer, or leave --strokes out"
        )
    return Drawing(whole.strokes[:strokes], whole.word, whole.key_id)
