"""sketchvae encode, decode and combine: from drawings to latents, back, and sums of them."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.inputs import SELECTION, selection, with_strokes
from sketchvae.cli.options import (
    DrawingOptions,
    PageOptions,
    drawing_options,
    model_option,
    number_option,
    page_options,
)
from sketchvae.cli.output import draw_to, plural, refuse_unused, writer
from sketchvae.cli.paths import output_option

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.generate.artist import Artist
    from sketchvae.polyline import Floats32

_BLOCK = 4096  # drawings that are read and encoded together


@click.command()
@click.argument("drawings", type=SELECTION)
@output_option(
    required=True,
    help="Where to: .npy (float32), .csv or .json; a row for each drawing.",
)
@number_option
@model_option
def encode(drawings: "Selection", output: Path, number: int | None, model: Path | None) -> None:
    """Write the latents of DRAWINGS: the means of their posteriors.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input. Drawings in
    another form are simplified the Quick, Draw! way first.

    \b
    Example:
      sketchvae encode sheep.ndjson -o sheep.npy
    """
    from sketchvae.data import latents
    from sketchvae.evaluate.outliers import blocks
    from sketchvae.generate.artist import load

    latents.check_path(output)
    artist, read = load(model), islice(with_strokes(drawings), number)
    means = (artist.encode([d for _, d in block]) for block in blocks(read, _BLOCK))
    n, Z = latents.write(output, means)
    click.echo(f"{output}: {plural(n, 'latent')} of {Z} numbers", err=True)


@click.command()
@click.argument("latents", type=SELECTION)
@page_options
@drawing_options
def decode(latents: "Selection", page: PageOptions, drawing: DrawingOptions) -> None:
    """Draw from LATENTS, a drawing from each.

    LATENTS is a file of 'sketchvae encode', or one that other programs wrote: .npy, .csv or
    .json with a row for each. FILE:3 is the third of them.

    \b
    Examples:
      sketchvae encode sheep.ndjson -o sheep.npy
      sketchvae decode sheep.npy -o again.svg
      sketchvae decode sheep.npy:3 -t 0.1 -o third.svg
    """
    from sketchvae.cli.inputs import latents_of

    artist = drawing.artist()
    _decode(artist, latents_of(artist, latents), page, drawing)


class _TermType(click.ParamType):  # type: ignore[type-arg] # generic in some versions
    """The type of a term of a sum: a sign, or latents to read."""

    name = "term"

    def convert(self, value: Any, *_: Any) -> "Selection | str":  # noqa: ANN401 - as click's
        """Return the sign, or what is named."""
        return value if value in ("+", "-") else selection(value)


class _Sum(click.Command):
    """A command that takes -FILE and +FILE for a sign and a file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Part signs from files, then parse."""
        from sketchvae.data.selection import Selection

        parted: list[str] = []
        for arg in args:
            sign, file = arg[:1], arg[1:]
            is_term = sign in ("+", "-") and file and Selection.parse(file).path.is_file()
            parted += [sign, file] if is_term else [arg]
        return super().parse_args(ctx, parted)


@click.command(cls=_Sum, context_settings={"ignore_unknown_options": True})
@click.argument("terms", nargs=-1, required=True, type=_TermType())
@page_options
@drawing_options
def combine(
    terms: "tuple[Selection | str, ...]", page: PageOptions, drawing: DrawingOptions
) -> None:
    """Draw from a sum of latents: A - B + C.

    TERMS are files of drawings or of latents with + or - between them. FILE:3 is the third
    drawing of a file, FILE the mean of all in it.

    \b
    Example:
      sketchvae combine sheep.ndjson:1 - sheep.ndjson:2 + sheep.ndjson:3 -o sum.svg
    """
    import numpy as np

    from sketchvae.cli.inputs import latents_of

    signs, chosen = _signs(terms), [term for term in terms if not isinstance(term, str)]
    artist = drawing.artist()
    means = [latents_of(artist, term).mean(axis=0) for term in chosen]
    _decode(artist, np.array(signs)[None] @ np.stack(means), page, drawing)


def _signs(terms: "Sequence[Selection | str]") -> list[int]:
    """Return +1 or -1 for each file of a sum."""
    between = terms[1::2]
    if [isinstance(term, str) for term in terms] != [i % 2 == 1 for i in range(len(terms) | 1)]:
        raise click.UsageError(
            f"a sum must be files with + or - between them, got {' '.join(map(str, terms))}; try "
            "A - B + C"
        )
    return [1, *(1 if sign == "+" else -1 for sign in between)]


def _decode(
    artist: "Artist", latents: "Floats32", page: PageOptions, drawing: DrawingOptions
) -> None:
    """Draw from each of the latents, (n, Z)."""
    refuse_unused(page.output)
    n, temperature = len(latents), drawing.temperature
    write = writer(page, n)

    def draw(seed: int) -> "Iterable[Drawing]":
        return artist.draw_each(n, temperature, seed, latents=latents)

    draw_to(page.output, n, drawing.seed, draw, write, artist.model, temperature)
