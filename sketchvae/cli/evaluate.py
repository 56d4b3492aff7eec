"""sketchvae evaluate: likelihood of real drawings, and distances of drawn ones from them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import bitmaps_option, model_option
from sketchvae.cli.paths import OUTPUT, force_option

if TYPE_CHECKING:
    from sketchvae.data.dataset import Points, Split
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.evaluate.likelihood import Likelihood
    from sketchvae.evaluate.report import Report


_SHOWN = 36  # drawings of each set in the picture


@click.command()
@click.argument("files", nargs=-1, required=True, type=SELECTION)
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
    type=SELECTION,
    multiple=True,
    help="Compare the drawings in this file, too.",
)
@click.option(
    "--floor",
    type=SELECTION,
    help="Other real drawings, to compare real with real.  [default: halves of FILES]",
)
@bitmaps_option
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
@click.option("--picture", type=OUTPUT, help="Real and drawn ones, as PNG.")
@force_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def evaluate(
    files: "tuple[Selection, ...]",
    model: Path | None,
    split: "Split | None",
    temperatures: tuple[float, ...],
    drawn: "tuple[Selection, ...]",
    floor: "Selection | None",
    bitmaps: Path | None,
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
        from sketchvae.bitmaps import read_bitmaps
        from sketchvae.evaluate import report as reports
        from sketchvae.evaluate.comparison import MIN_DRAWINGS
    from sketchvae.model.loader import load_model

    points = [p for file in files for p in _points(file, split)]
    report = reports.evaluate(
        load_model(model),
        points,
        temperatures or reports.TEMPERATURES,
        others={Path(str(file)).name: list(file.drawings()) for file in drawn},
        floor=_floor_drawings(floor, points) if floor else None,
        real_bitmaps=read_bitmaps(bitmaps) if bitmaps else None,
        n=number,
        repeats=draws,
    )
    if picture and report.comparisons:
        _save_picture(picture, report)
    if as_json:
        click.echo(json.dumps(report.to_json()))
        return
    _print_likelihood(report.likelihood)
    if report.comparisons:
        _print_comparisons(report, draws)
        _print_reconstruction(report, reports.RECONSTRUCTION_TEMPERATURE)
    else:
        click.echo(f"distances need {2 * MIN_DRAWINGS} drawings, or --floor; got {len(points)}")


def _points(file: "Selection", split: "Split | None") -> "Iterable[Points]":
    """Return the points of some drawings of a file, or of a split of it."""
    from sketchvae.data.dataset import to_points
    from sketchvae.data.formats import read_points

    if split is None:
        return (to_points(drawing) for drawing in file.drawings())
    if file.ranges is not None:
        raise click.UsageError(f"{file}: drawings are chosen by number or by --split; leave one")
    return read_points(file.path, split)


def _floor_drawings(file: "Selection", drawings: "Sequence[Points]") -> "list[Drawing]":
    """Read the drawings of a file, without those that are evaluated."""
    from sketchvae.data.dataset import from_points, key_of

    known = {key_of(points) for points in drawings}
    return [from_points(points) for points in _points(file, None) if key_of(points) not in known]


def _print_likelihood(likelihood: "Likelihood") -> None:
    click.echo(
        f"{likelihood.drawings} drawings, {likelihood.points:.1f} points each; "
        "dequantised, in pixels\n"
        f"{'':<30} {'nats/drawing':>13} {'nats/point':>11}"
    )
    for name, nll in likelihood.by_name().items():
        click.echo(f"{name:<30} {nll:>13.2f} {likelihood.per_point(nll):>11.3f}")


def _print_comparisons(report: "Report", repeats: int) -> None:
    from sketchvae.faults import FAULTS
    from sketchvae.features import FEATURES

    comparisons, finished = report.comparisons, report.finished
    rows = comparisons.values()

    def line(name: str, cells: Iterable[str]) -> None:
        click.echo(f"{name:<20}" + "".join(f" {cell:>16}" for cell in cells))

    click.echo()
    line(f"against real, {repeats} draws", comparisons)
    line("n", (str(row.n) for row in rows))
    for name in next(iter(rows)).metrics:
        line(name, (f"{row.metrics[name][0]:.3f} ± {row.metrics[name][1]:.3f}" for row in rows))
    line("finished", (f"{finished[k]:.1%}" if k in finished else "" for k in comparisons))
    for i, name in enumerate(FAULTS):
        if name in report.faults:
            line(name, (f"{row.faults[i]:.1%}" for row in rows))
    if report.knows_word:
        line("named first", (f"{row.named:.1%}" for row in rows))
    else:
        click.echo(f"named first: not measured, the classifier does not know {report.word!r}")
    click.echo("\nmeans")
    for i, name in enumerate(FEATURES):
        line(name, (f"{row.feature_means[i]:.3f}" for row in rows))


def _print_reconstruction(report: "Report", temperature: float) -> None:
    click.echo(
        f"\nreconstructed at temperature {temperature:g}, nearer the drawing than others are"
    )
    for name, fraction in report.reconstruction.items():
        click.echo(f"{f'by {name}':<20}{fraction:>16.1%}")


def _save_picture(path: Path, report: "Report") -> None:
    """Save histograms of the features above contact sheets of the sets, as PNG."""
    from PIL import Image

    from sketchvae.features import FEATURES
    from sketchvae.files import replacing
    from sketchvae.render.histogram import histograms
    from sketchvae.render.png import contact_sheet

    parts = [histograms(report.features, FEATURES)]
    for name, drawings in report.drawings.items():
        shown = drawings[:_SHOWN]
        labels = [name, *[""] * (len(shown) - 1)]
        parts.append(contact_sheet(shown, columns=12, cell=100, labels=labels))
    size = (max(part.width for part in parts), sum(part.height for part in parts))
    page = Image.new("RGB", size, "white")
    top = 0
    for part in parts:
        page.paste(part, (0, top))
        top += part.height
    with replacing(path) as temporary:
        page.save(temporary, format="PNG")
