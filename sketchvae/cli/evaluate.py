"""sketchvae evaluate: how likely real drawings are, and how like them the drawn ones."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import model_option

if TYPE_CHECKING:
    from sketchvae.data.dataset import Points, Split
    from sketchvae.drawing import Drawing
    from sketchvae.evaluate.comparison import Row
    from sketchvae.evaluate.likelihood import Likelihood
    from sketchvae.polyline import Floats

POOL = 2000  # drawings at each temperature, for all draws together
SEED = 1
COLD = 0.1  # temperature of reconstructions


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@model_option
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Only this part of packed sets.",
)
@click.option(
    "-t",
    "--temperature",
    "temperatures",
    type=float,
    multiple=True,
    help="Draw at this temperature and compare; may be repeated.  [default: that of draw, and 1]",
)
@click.option(
    "--drawn",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Compare the drawings in this file, too.",
)
@click.option(
    "--floor",
    type=click.Path(path_type=Path),
    help="Other real drawings, to compare real with real.  [default: halves of FILES]",
)
@click.option(
    "-n",
    "--number",
    type=click.IntRange(20),
    default=100,
    show_default=True,
    help="Drawings a side of a draw.",
)
@click.option(
    "--draws",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="How often each side is drawn anew.",
)
@click.option("--picture", type=click.Path(path_type=Path), help="Real and drawn ones, as PNG.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def evaluate(
    files: tuple[Path, ...],
    model: Path | None,
    split: "Split | None",
    temperatures: tuple[float, ...],
    drawn: tuple[Path, ...],
    floor: Path | None,
    number: int,
    draws: int,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Judge a model by the real drawings in FILES: likelihood, and distances by temperature.

    Likelihood: nats per drawing and point, less is better; the offsets are dequantised
    (uniform noise of half a pixel), the densities per pixel, so that models of another scale
    compare. Distances: between as many drawn and real drawings, all simplified once, beside
    those between real and real. Seeds are fixed. Needs sketchvae[train].

    \b
    Example:
      sketchvae evaluate sheep.ndjson
      sketchvae evaluate sheep.drawings --split valid -t 0.4 -t 1 --picture judged.png
    """
    from sketchvae.cli.extras import needs

    with needs("train"):
        from sketchvae.evaluate.comparison import FEWEST, compare, measure, reconstruction_rank
        from sketchvae.evaluate.likelihood import likelihood
    from sketchvae.data.dataset import from_points
    from sketchvae.data.formats import read, read_points
    from sketchvae.generate.artist import TEMPERATURE, Artist
    from sketchvae.model.weights import load, shipped_path

    loaded = load(model or shipped_path())
    points = [p for file in files for p in read_points(file, split)]
    nats = likelihood(loaded, points)
    sets: dict[str, Sequence[Drawing]] = {"real": [from_points(p) for p in points]}
    finished: dict[str, float] = {}
    rows: dict[str, Row] = {}
    nearer: tuple[float, ...] = ()
    if enough := floor is not None or len(points) >= 2 * FEWEST:
        for temperature in temperatures or (TEMPERATURE, 1.0):
            attempts = Artist(loaded).sample(POOL, temperature, SEED)
            sets[f"t {temperature:g}"] = whole = [d for d in attempts if d is not None]
            finished[f"t {temperature:g}"] = len(whole) / POOL
        sets |= {path.name: list(read(path)) for path in drawn}
        measured = {name: measure(drawings) for name, drawings in sets.items()}
        again = Artist(loaded).reconstruct(sets["real"], COLD, SEED)
        nearer = tuple(float(s.mean()) for s in reconstruction_rank(sets["real"], again))
        others = measure(_others(floor, points)) if floor else None
        rows = compare(measured, others, number, draws)
    if picture and enough:
        _save_picture(picture, sets, {name: m.features for name, m in measured.items()})
    if as_json:
        found = {"distances": _distances(rows, finished), "reconstructions": _reconstructed(nearer)}
        click.echo(json.dumps({**_nats(nats), **found}))
        return
    _print_nats(nats)
    if enough:
        _print_rows(rows, finished, draws)
        click.echo(f"\nreconstructed at temperature {COLD:g}, nearer the drawing than others are")
        for name, share in _reconstructed(nearer).items():
            click.echo(f"{f'by {name}':<20}{share:>16.1%}")
    else:
        click.echo(f"distances need {2 * FEWEST} drawings, or --floor; got {len(points)}")


def _others(path: Path, points: "Sequence[Points]") -> "list[Drawing]":
    """Read the drawings of a file that are not among those already there."""
    from sketchvae.data.dataset import from_points, key_of
    from sketchvae.data.formats import read_points

    known = {key_of(p) for p in points}
    return [from_points(p) for p in read_points(path) if key_of(p) not in known]


def _rows_of(figures: "Likelihood") -> dict[str, float]:
    return {
        "reconstruction L_R": figures.reconstruction,
        "KL L_KL, N(0, I)": figures.kl,
        "bound L_R + L_KL": figures.bound,
        f"importance-weighted, k = {figures.draws}": figures.importance,
        "the same, fitted prior": figures.importance_fitted,
    }


def _nats(figures: "Likelihood") -> dict[str, Any]:
    rows = _rows_of(figures)
    return {
        "drawings": figures.drawings,
        "points_per_drawing": figures.points,
        "nats_per_drawing": rows,
        "nats_per_point": {name: figures.per_point(nats) for name, nats in rows.items()},
    }


def _distances(rows: "Mapping[str, Row]", finished: Mapping[str, float]) -> dict[str, Any]:
    return {name: {"finished": finished.get(name), **row.to_json()} for name, row in rows.items()}


def _reconstructed(nearer: Sequence[float]) -> dict[str, float]:
    """Name the shares of other drawings that are farther than the own reconstruction."""
    return dict(zip(("features", "raster"), nearer, strict=False))


def _print_nats(figures: "Likelihood") -> None:
    click.echo(
        f"{figures.drawings} drawings, {figures.points:.1f} points each; "
        "dequantised, in pixels\n"
        f"{'':<30} {'nats/drawing':>13} {'nats/point':>11}"
    )
    for name, nats in _rows_of(figures).items():
        click.echo(f"{name:<30} {nats:>13.2f} {figures.per_point(nats):>11.3f}")


def _print_rows(rows: "Mapping[str, Row]", finished: Mapping[str, float], draws: int) -> None:
    from sketchvae.evaluate.comparison import METRICS
    from sketchvae.evaluate.faults import FAULTS
    from sketchvae.evaluate.features import FEATURES

    columns = [f"{name:>16}" for name in rows]
    click.echo(f"\n{f'against real, {draws} draws':<20}" + "".join(columns))

    def line(name: str, cells: Iterable[str]) -> None:
        click.echo(f"{name:<20}" + "".join(f"{cell:>16}" for cell in cells))

    line("n", (str(row.n) for row in rows.values()))
    for i, name in enumerate(METRICS):
        line(name, (f"{row.mean[i]:.3f} ± {row.spread[i]:.3f}" for row in rows.values()))
    line("finished", (f"{finished[k]:.1%}" if k in finished else "" for k in rows))
    for i, name in enumerate(FAULTS):
        line(name, (f"{row.faults[i]:.1%}" for row in rows.values()))
    click.echo("\nmeans")
    for i, name in enumerate(FEATURES):
        line(name, (f"{row.means[i]:.3f}" for row in rows.values()))


def _save_picture(
    path: Path, sets: "Mapping[str, Sequence[Drawing]]", features: "Mapping[str, Floats]"
) -> None:
    """Save histograms of the features over contact sheets, real and drawn side by side."""
    from PIL import Image

    from sketchvae.evaluate.features import FEATURES
    from sketchvae.files import replacing
    from sketchvae.render.histogram import histograms
    from sketchvae.render.png import contact_sheet

    parts = [histograms(features, FEATURES)]
    for name, drawings in sets.items():
        labels = [name, *[""] * (len(drawings[:36]) - 1)]
        parts.append(contact_sheet(drawings[:36], columns=12, cell=100, labels=labels))
    whole = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts)), "white")
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    with replacing(path) as beside:
        whole.save(beside, format="PNG")
