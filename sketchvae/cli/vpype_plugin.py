"""vpype sheep and vpype sketch: drawings for vpype's own pipelines, through its entry point."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import vpype
import vpype_cli

from sketchvae.errors import SketchvaeError


def _drawing_options(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds the options of both commands.

    Args:
        what: is drawn.
    """
    options = [
        click.option(
            "-n", "--count", type=vpype_cli.IntegerType(), default=1, help="How many (1)."
        ),
        click.option(
            "-s", "--seed", type=vpype_cli.IntegerType(), help=f"The same seed, the same {what}."
        ),
        click.option(
            "-t",
            "--temperature",
            type=vpype_cli.FloatType(),
            default=None,
            help=f"0.001 to 10: near 0 neat and alike, 1 as people draw; without, typical {what}.",
        ),
        click.option(
            "--size",
            type=vpype_cli.LengthType(),
            default="40mm",
            help="Of the cell of each (40mm).",
        ),
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@click.command()
@_drawing_options("sheep")
@vpype_cli.generator  # type: ignore[untyped-decorator]
def sheep(count: int, seed: int | None, temperature: float | None, size: float) -> Any:  # noqa: ANN401
    """Draw sheep, one pen stroke after another, in rows.

    \b
    Example:
      vpype sheep --count 12 --seed 97 layout a4 linesort write flock.svg
    """
    return _drawn(None, count, seed, temperature, size)


@click.command()
@click.option(
    "-m",
    "--model",
    type=vpype_cli.PathType(),
    required=True,
    help="A weights file, or the folder or a checkpoint of a run.",
)
@_drawing_options("drawings")
@vpype_cli.generator  # type: ignore[untyped-decorator]
def sketch(
    model: str,
    count: int,
    seed: int | None,
    temperature: float | None,
    size: float,
) -> Any:  # noqa: ANN401
    """Draw whatever a model of your own draws, in rows.

    \b
    Example:
      vpype sketch --model runs/cat --count 12 --seed 97 layout a4 write cats.svg
    """
    return _drawn(Path(model), count, seed, temperature, size)


def _drawn(
    model: Path | None, count: int, seed: int | None, temperature: float | None, size: float
) -> Any:  # noqa: ANN401 - vpype has no types
    """Return the lines of drawings in rows, a LineCollection.

    Args:
        model: weights; None for the sheep.
        count: number of drawings.
        seed: of their randomness; None for a random one.
        temperature: of sampling; None for typical drawings.
        size: side of the cell of each, CSS pixels.
    """
    from sketchvae import load
    from sketchvae.plot.vpype import to_line
    from sketchvae.render.page import MARGIN, grid

    try:
        columns, _ = grid(count, None)
        drawings = load(model).draw(count, temperature, seed)
        lines = vpype.LineCollection()
        for index, drawing in enumerate(drawings):
            cell = drawing.fit(size, size, MARGIN * size)
            placed = cell.moved(index % columns * size, index // columns * size)
            lines.extend(to_line(stroke) for stroke in placed.strokes)
    except SketchvaeError as error:
        raise click.ClickException(str(error)) from error
    return lines


sheep.help_group = sketch.help_group = "Plugins"  # type: ignore[attr-defined]
