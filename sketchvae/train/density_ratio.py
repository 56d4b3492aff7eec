"""The density ratio of a finished model, by which it can reject drawings while it draws.

    python -m sketchvae.train.density_ratio MODEL REAL [IMAGES]

fits one for a model that `sketchvae refine` did not make, or with other real drawings.
"""

from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from sketchvae.bitmaps import bitmaps, read_bitmaps
from sketchvae.data.dataset import open_packed
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.density_ratio import fit_regressions, log_bound, principal_axes
from sketchvae.generate.artist import Artist
from sketchvae.generate.candidates import TEMPERATURE
from sketchvae.model.density_ratio import DensityRatio
from sketchvae.model.weights import load, save
from sketchvae.train.real_drawings import RASTER_COMPONENTS, RealDrawings

DRAWN = 16_000  # drawings that a ratio is fitted to
MIN_ENDED = 100  # of them; fewer settle no ratio


def fit_density_ratio(
    artist: Artist, real: RealDrawings, drawn: int = DRAWN, seed: int = 1
) -> DensityRatio:
    """Return the density ratio of real drawings and those that a model draws at temperature 1.

    Only what NumPy can measure is compared: lines and bitmaps. It is bounded as in a refinement.

    Args:
        artist: draws.
        real: what drawings should be like.
        drawn: number of drawings.
        seed: of these.

    Raises:
        SketchvaeError: if too few drawings end.
    """
    samples = artist.sample(drawn, TEMPERATURE, seed)
    ended = [drawing.to_quickdraw() for drawing in samples if drawing is not None]
    ended = [drawing for drawing in ended if drawing.strokes]
    check_ended(len(ended), drawn, artist.max_steps)
    images = bitmaps(ended)
    lines, pixels = real.lines(ended, images, artist), real.pixels(images)
    axes = principal_axes(pixels, RASTER_COMPONENTS)
    of_lines, of_axes = fit_regressions([lines, pixels.along(axes)])
    ratio = DensityRatio(of_lines, of_axes.along(axes))
    log_ratio = ratio.lines.log_odds(lines.drawn) + ratio.pixels.log_odds(pixels.drawn)
    return ratio.bounded(log_bound(log_ratio))


def check_ended(ended: int, drawn: int, max_steps: int) -> None:
    """Refuse to fit a ratio to too few drawings.

    Args:
        ended: number of drawings that ended.
        drawn: number of those that were begun.
        max_steps: within which they had to end.

    Raises:
        SketchvaeError: if fewer than 100 ended.
    """
    if ended < MIN_ENDED:
        raise SketchvaeError(
            f"of {drawn} drawings {MIN_ENDED} must end within {max_steps} steps, got {ended} that "
            "did; train the model longer before refining it"
        )


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("real", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("images", required=False, type=click.Path(path_type=Path))
@click.option("--drawn", default=DRAWN, show_default=True, help="Drawings that it is fitted to.")
def main(model: Path, real: Path, images: Path | None, drawn: int) -> None:
    """Fit a density ratio to REAL (.drawings) and IMAGES (.npz), and write it into MODEL."""
    loaded = load(model)
    known = read_bitmaps(images) if images else np.zeros((0, 28, 28), np.uint8)
    ratio = fit_density_ratio(Artist(loaded), RealDrawings(open_packed(real), known, None), drawn)
    save(replace(loaded, density_ratio=ratio), model)
    click.echo(f"{model}: {model.stat().st_size} bytes")


if __name__ == "__main__":
    try:
        main()
    except SketchvaeError as error:
        raise SystemExit(str(error)) from None
