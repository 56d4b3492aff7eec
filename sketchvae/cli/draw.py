"""sketchvae draw: from the weights to a file of drawings."""

import sys
from pathlib import Path

import click

WIDTH = 100.0  # mm


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
    default=Path("sheep.svg"),
    show_default=True,
    help="Where to; the suffix names the format: .svg, or .ndjson, .ndjson.gz, .bin, .npz for "
    "other programs. '-' is ndjson on standard output.",
)
@click.option("--seed", type=click.IntRange(0), help="The same seed draws the same sheep.")
@click.option(
    "-t",
    "--temperature",
    type=float,
    help="0.001 to 10: near 0 neat and alike, 1 as the model learnt.  [default: 0.5]",
)
@click.option("--smooth", is_flag=True, help="Curves through the points instead of corners (SVG).")
@click.option("--width", default=WIDTH, show_default=True, help="Width of the page in mm (SVG).")
@click.option("--background", help="Colour of the page (SVG).  [default: none]")
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="A weights file.  [default: the sheep that come with sketchvae]",
)
def draw(
    number: int,
    output: Path,
    seed: int | None,
    temperature: float | None,
    smooth: bool,
    width: float,
    background: str | None,
    model: Path | None,
) -> None:
    """Draw sheep.

    \b
    Examples:
      sketchvae draw
      sketchvae draw -n 12 --seed 7 --smooth -o flock.svg
      sketchvae draw -n 1000 -o flock.ndjson
    """
    from sketchvae.artist.artist import TEMPERATURE, fresh_seed, load

    is_svg = output.suffix.lower() == ".svg"
    _check_output(output, is_svg, asked=smooth or background is not None or width != WIDTH)
    seed = fresh_seed() if seed is None else seed
    temperature = TEMPERATURE if temperature is None else temperature
    drawings = load(model).draw_each(number, temperature, seed)
    if is_svg:
        from sketchvae.files import replacing
        from sketchvae.rendering.svg import Style, check_page, to_svg

        style = Style(smooth=smooth, background=background)
        check_page(number, width, style)  # before the drawing, which may take long
        with replacing(output) as beside:
            svg = to_svg(list(drawings), width_mm=width, style=style)
            beside.write_text(svg + "\n", encoding="utf-8")
    else:
        from sketchvae.data import formats

        formats.write(output, (drawing.sized(255).rounded() for drawing in drawings))
    what = "1 drawing" if number == 1 else f"{number} drawings"
    place = "standard output" if str(output) == "-" else str(output)
    click.echo(f"{place}: {what}, seed {seed}, temperature {temperature:g}", file=sys.stderr)


def _check_output(output: Path, is_svg: bool, asked: bool) -> None:
    """Refuse an unknown suffix by all that are known, and what only SVG can have."""
    from sketchvae.data.formats import STANDARD, SUFFIXES
    from sketchvae.errors import SketchvaeError

    if is_svg or output.is_dir():
        return
    if output != STANDARD and not output.name.lower().endswith(SUFFIXES):
        raise SketchvaeError(
            f"{output}: must end in .svg, {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, got "
            f"{output.suffix or 'no suffix'}; try -o {output.stem or 'sheep'}.svg"
        )
    if asked:
        raise click.UsageError(
            f"--smooth, --width and --background are for .svg, got {output}; leave them out"
        )
