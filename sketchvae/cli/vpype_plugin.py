"""vpype sheep: drawings for vpype's own pipelines, through its entry point for plugins."""

from typing import Any

import click
import vpype
import vpype_cli

from sketchvae.errors import SketchvaeError


@click.command()
@click.option("-n", "--count", type=vpype_cli.IntegerType(), default=1, help="How many (1).")
@click.option("-s", "--seed", type=vpype_cli.IntegerType(), help="The same seed, the same sheep.")
@click.option(
    "-t",
    "--temperature",
    type=vpype_cli.FloatType(),
    default=None,
    help="0.001 to 10: near 0 neat and alike, 1 as people draw; without, typical sheep.",
)
@click.option(
    "--size", type=vpype_cli.LengthType(), default="40mm", help="Of the cell of each (40mm)."
)
@vpype_cli.generator  # type: ignore[untyped-decorator]
def sheep(count: int, seed: int | None, temperature: float, size: float) -> Any:  # noqa: ANN401
    """Draw sheep, one pen stroke after another, in rows.

    \b
    Example:
      vpype sheep --count 12 --seed 8 layout a4 linesort write flock.svg
    """
    from sketchvae import load
    from sketchvae.plot.vpype import to_line
    from sketchvae.render.page import MARGIN, grid

    try:
        columns, _ = grid(count, None)
        drawings = load().draw(count, temperature, seed)
        lines = vpype.LineCollection()
        for index, drawing in enumerate(drawings):
            cell = drawing.fit(size, size, MARGIN * size)
            placed = cell.moved(index % columns * size, index // columns * size)
            lines.extend(to_line(stroke) for stroke in placed.strokes)
    except SketchvaeError as error:
        raise click.ClickException(str(error)) from error
    return lines


sheep.help_group = "Plugins"  # type: ignore[attr-defined]
