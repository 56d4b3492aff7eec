"""sketchvae reconstruct: drawings beside what the model makes of them."""

from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import PageOptions, model_option, page_options, seed_option
from sketchvae.cli.output import draw_to, refuse_unused, writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing

TEMPERATURES = (0.1, 0.5, 1.0)


@click.command()
@click.argument("drawings", type=SELECTION)
@click.option(
    "-n", "--number", type=click.IntRange(1), default=8, show_default=True, help="The first ones."
)
@page_options
@seed_option
@click.option(
    "-t",
    "--temperature",
    "temperatures",
    type=float,
    multiple=True,
    help="0.001 to 10. May be repeated.  [default: 0.1, 0.5 and 1]",
)
@model_option
def reconstruct(
    drawings: "Selection",
    number: int,
    page: PageOptions,
    seed: int | None,
    temperatures: tuple[float, ...],
    model: Path | None,
) -> None:
    """Show DRAWINGS beside their reconstructions: a row for each, the original first.

    The encoder reads a drawing into its latent, and the decoder draws from that: of 32 at each
    temperature the one is shown that looks most like the original. What never ends leaves its
    place empty. On a page each original has its number in the file, and each reconstruction its
    temperature. DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input.

    \b
    Examples:
      sketchvae reconstruct sheep.ndjson -o again.svg
      sketchvae reconstruct sheep.ndjson -n 3 -t 0.01 -t 0.3 -o again.png
    """
    from sketchvae.cli.inputs import with_strokes
    from sketchvae.generate.artist import load

    refuse_unused(page.output)
    temperatures = temperatures or TEMPERATURES
    numbers, originals = zip(*islice(with_strokes(drawings), number), strict=True)
    artist = load(model)
    columns = len(temperatures) + 1
    total = columns * len(originals)
    labels = [label for own in numbers for label in (own, *temperatures)]
    write = writer(page, total, columns=columns, labels=labels)

    def rows(seed: int) -> "Iterator[Drawing]":
        reconstructions = [artist.reconstruct(originals, t, seed) for t in temperatures]
        return chain.from_iterable(zip(originals, *reconstructions, strict=True))

    draw_to(page.output, total, seed, rows, write, artist.model, *temperatures)
