"""sketchvae complete: a beginning, continued."""

from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import drawing_options, page_options
from sketchvae.cli.output import draw_to

if TYPE_CHECKING:
    from sketchvae.flock import Flock


@click.command()
@click.argument("beginning")
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
    beginning: str,
    number: int,
    strokes: int | None,
    size: float | None,
    encode: bool,
    **given: Any,  # noqa: ANN401
) -> None:
    """Continue a drawing in its own size and place.

    BEGINNING is any file that sketchvae reads; FILE:3 is its third drawing, FILE the first. All
    its strokes stay as they are, and the model goes on with a new one. In .ndjson the result has
    the beginning's own coordinates; the drawings of a page lie in the same frame.

    \b
    Examples:
      sketchvae complete sheep.ndjson --strokes 1 -n 6 -o endings.svg
      sketchvae complete head.svg --size 80 -o sheep.ndjson
    """
    from sketchvae.cli.inputs import one_drawing
    from sketchvae.drawing import Drawing
    from sketchvae.errors import SketchvaeError
    from sketchvae.generate.artist import load

    start = one_drawing(beginning)
    if strokes is not None and strokes > len(start.strokes):
        raise SketchvaeError(
            f"{beginning}: must have {strokes} strokes to begin with, got {len(start.strokes)}; "
            "choose fewer, or leave --strokes out"
        )
    start = Drawing(start.strokes[:strokes], start.word, start.key_id)
    artist = load(given.pop("model"))

    def endings(temperature: float, seed: int) -> "Flock":
        return artist.complete(start, number, temperature, seed, encode=encode, size=size)

    draw_to(given, number, endings, in_place=True)
