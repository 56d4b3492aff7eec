"""sketchvae evaluate: how likely drawings are under a model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sketchvae.data.packed import Split


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="A weights file.  [default: the sheep that come with sketchvae]",
)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Only this part of packed sets.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def evaluate(
    files: tuple[Path, ...], model: Path | None, split: "Split | None", as_json: bool
) -> None:
    """Measure the likelihood of the drawings in FILES, in nats; less is better.

    The offsets are dequantised (uniform noise of half a pixel) and the densities are per
    pixel, so that models of another scale compare. Needs sketchvae[train].

    \b
    Example:
      sketchvae evaluate sheep.ndjson
      sketchvae evaluate sheep.drawings --split valid --json
    """
    from sketchvae.cli.extras import needs_train

    with needs_train():
        from sketchvae.learning.evaluation import likelihood
    from sketchvae.data.formats import read_points
    from sketchvae.model_file import load, shipped_path

    figures = likelihood(
        load(model or shipped_path()),
        [points for file in files for points in read_points(file, split)],
    )
    rows = {
        "reconstruction L_R": figures.reconstruction,
        "KL L_KL, N(0, I)": figures.kl,
        "bound L_R + L_KL": figures.bound,
        f"importance-weighted, k = {figures.draws}": figures.importance,
        "the same, fitted prior": figures.importance_fitted,
    }
    if as_json:
        per_point = {name: figures.per_point(nats) for name, nats in rows.items()}
        click.echo(
            json.dumps(
                {
                    "drawings": figures.drawings,
                    "points_per_drawing": figures.points,
                    "nats_per_drawing": rows,
                    "nats_per_point": per_point,
                }
            )
        )
        return
    click.echo(
        f"{figures.drawings} drawings, {figures.points:.1f} points each; "
        "dequantised, in pixels\n"
        f"{'':<30} {'nats/drawing':>13} {'nats/point':>11}"
    )
    for name, nats in rows.items():
        click.echo(f"{name:<30} {nats:>13.2f} {figures.per_point(nats):>11.3f}")
