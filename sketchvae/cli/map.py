"""sketchvae map: a map of the latents of drawings."""

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import model_option, number_option
from sketchvae.cli.paths import output_option

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing

_EXTRAS = {"pca": "", "tsne": "explore", "umap": "umap"}  # extra that each method needs


@click.command("map")
@click.argument("files", nargs=-1, required=True, type=SELECTION)
@output_option(
    required=True,
    help="Where to: .png, or .html, where the drawing under the pointer shows.",
)
@number_option
@click.option(
    "--by",
    "method",
    type=click.Choice(list(_EXTRAS)),
    default="pca",
    show_default=True,
    help="How the plane is found: principal components, t-SNE (needs sketchvae[explore]), or UMAP "
    "(needs sketchvae[umap]).",
)
@model_option
def map_(
    files: "tuple[Selection, ...]",
    output: Path,
    number: int | None,
    method: str,
    model: Path | None,
) -> None:
    """Lay the drawings in FILES out in a plane by their latents.

    Each drawing is a dot, in a colour for its word. Across the plane stands what the model draws
    from the mean latent there; a PNG has the nearest drawings beside it.

    \b
    Examples:
      sketchvae map sheep.ndjson -o map.html
      sketchvae map sheep.ndjson cow.ndjson --by tsne -o map.png
    """
    from sketchvae.cli.extras import needs
    from sketchvae.explore.embedding import draw_map
    from sketchvae.files import replacing
    from sketchvae.generate.artist import load
    from sketchvae.render.map import check_suffix, to_html, to_png

    check_suffix(output)
    artist = load(model)
    with replacing(output) as temporary:
        drawings = with_ink(files, number)
        with needs(_EXTRAS[method]):
            chart = draw_map(artist, drawings, method)
        if output.suffix.lower() == ".png":
            temporary.write_bytes(to_png(chart))
        else:
            words = ", ".join(word for word in chart.words[:3] if word)
            temporary.write_text(
                to_html(chart, f"Map: {words}" if words else "Map"), encoding="utf-8"
            )
    click.echo(f"{output}: {len(drawings)} drawings", file=sys.stderr)


def with_ink(files: "tuple[Selection, ...]", number: int | None = None) -> "list[Drawing]":
    """Read drawings from files, and print the number of those left out for lack of a stroke.

    Args:
        files: files of drawings.
        number: greatest number of drawings to read; None for all.

    Raises:
        SketchvaeError: as `Selection.read`.
    """
    drawings = list(islice((drawing for file in files for drawing in file.drawings()), number))
    inked = [drawing for drawing in drawings if drawing.strokes]
    if len(inked) < len(drawings):
        left_out = len(drawings) - len(inked)
        click.echo(f"left out {left_out} without a stroke", file=sys.stderr)
    return inked
