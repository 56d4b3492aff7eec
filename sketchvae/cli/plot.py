"""sketchvae plot: from drawings to a page that a plotter draws."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.completion import complete_devices
from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import bind, names_of, number_option, refuse_typed
from sketchvae.cli.output import duration, plural
from sketchvae.cli.paths import output_option
from sketchvae.cli.plot_machine import LiftOptions, MotionOptions, PlacementOptions
from sketchvae.cli.plot_options import (
    LayoutOptions,
    OutputOptions,
    PenOptions,
)
from sketchvae.cli.plot_profile import machine_option, overlay, profile_for
from sketchvae.cli.record import kept_record

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.machine.timing import Motion
    from sketchvae.plot.bed import MachinePlot
    from sketchvae.plot.estimate import PlotStats
    from sketchvae.plot.layout import Layout
    from sketchvae.plot.page import Page
    from sketchvae.plot.pen_lift import PenLift
    from sketchvae.plot.plan import Plot
    from sketchvae.plot.profiles import Profile

STANDARD = Path("-")
FORMATS = {
    ".svg": "SVG",
    **dict.fromkeys((".gcode", ".nc", ".gc", ".ngc"), "G-code"),
    **dict.fromkeys((".hpgl", ".plt"), "HPGL"),
}
PICTURES = (".svg", ".png")
GCODE_OPTIONS = names_of(LiftOptions, PlacementOptions) - {"dwell_up", "dwell_down"}


@click.command()
@click.argument("drawings", type=SELECTION)
@output_option(
    required=True,
    help="Where to; the suffix names the form: .svg (AxiDraw, NextDraw, Inkscape), .gcode, .nc, "
    ".gc or .ngc (GRBL), .hpgl or .plt. '-' is G-code on standard output.",
)
@number_option
@bind(
    layout=LayoutOptions,
    pens=PenOptions,
    files=OutputOptions,
    speeds=MotionOptions,
    lift=LiftOptions,
    placement=PlacementOptions,
)
@machine_option("A machine whose options hold where none is given; see sketchvae machines.")
@click.option(
    "--device", shell_complete=complete_devices, help="That speaks HPGL.  [default: hp7475a]"
)
def plot(
    drawings: "Selection",
    output: Path,
    number: int | None,
    layout: LayoutOptions,
    pens: PenOptions,
    files: OutputOptions,
    speeds: MotionOptions,
    lift: LiftOptions,
    placement: PlacementOptions,
    machine: str | None,
    device: str | None,
) -> None:
    """Lay drawings out on a page for a plotter, in millimetres.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input. The strokes
    are drawn in their own order unless they are to be optimized. HPGL and --optimize need
    sketchvae[plot].

    \b
    Examples:
      sketchvae plot sheep.ndjson -n 12 --landscape -o flock.svg
      sketchvae plot sheep.ndjson -n 30 --layout packed --vary 0.6 --optimize -o packed.svg
      sketchvae plot sheep.ndjson -n 4 --page a5 --bed 300x200mm --landscape -o flock.gcode
      sketchvae plot sheep.ndjson -n 4 --picture before.png --dry-run -o page.gcode
      sketchvae plot sheep.ndjson -n 9 --machine hp7475a -o flock.hpgl
      sketchvae draw -n 3 -o - | sketchvae plot - --dialect z --up 3 --down -0.2 -o -
    """
    from sketchvae.plot.estimate import estimate
    from sketchvae.plot.gcode import seconds_around
    from sketchvae.plot.plan import make_plot
    from sketchvae.plot.svg import to_svg

    form = _format_of(output)
    _check_options(output, form, files.picture)
    profile = _profile(machine, form, output, device)
    device = device or profile.options.get("device")
    layout = overlay(layout, profile)
    sheet, chosen_pens = layout.sheet(), pens.chosen_pens()
    page_layout, note = layout.chosen_layout(), ""
    if form == "HPGL" and layout.margin is None:
        page_layout, note = _within_reach(page_layout, sheet, device)
    pen_lift = overlay(lift, profile).pen_lift()
    target = overlay(placement, profile).chosen_machine()
    motion = overlay(speeds, profile).motion(pen_lift)
    chosen = list(islice(drawings.drawings(), number))
    plan = make_plot(page_layout.place(chosen, sheet), sheet, chosen_pens)
    placed = target.to_machine(plan) if form == "G-code" else plan
    standing = seconds_around(pen_lift) if form == "G-code" else 0.0
    stats = {"": estimate(placed.strokes, motion, target.home, standing)}
    if files.optimize:
        plan = _optimized(plan)
        placed = target.to_machine(plan) if form == "G-code" else plan
        optimized = estimate(placed.strokes, motion, target.home, standing)
        stats = {"as drawn: ": stats[""], "optimized: ": optimized}
    if form == "SVG":
        record = kept_record(drawings)
        text = f"{to_svg(plan, '' if record is None else record.to_text())}\n"
    else:
        text = _text(placed, pen_lift, motion, device)
    _write(None if files.dry_run else output, text, files.picture, plan)
    name = "standard output" if output == STANDARD else str(output)
    done = f"{name}: {plural(len(chosen), 'drawing')} on {sheet}"
    click.echo(f"{done}; not written" if files.dry_run else done, err=True)
    if note:
        click.echo(note, err=True)
    plotter = device if form == "HPGL" and machine is None else profile.name
    for label, plot_stats in stats.items():
        click.echo(f"{label}{_format_stats(plot_stats)} on {plotter}", err=True)


def _format_of(output: Path) -> str:
    """Return the format of a file, by its suffix; standard output is G-code."""
    from sketchvae.errors import check_suffix

    if output == STANDARD:
        return "G-code"
    suffix = check_suffix(output, tuple(FORMATS), "a plot", "-o flock.gcode")
    return FORMATS[suffix]


def _profile(machine: str | None, form: str, output: Path, device: str | None) -> "Profile":
    """Return the machine that draws, which must take the format of the file; any may take SVG."""
    from sketchvae.errors import SketchvaeError

    profile = profile_for(machine, form, device)
    if form not in (profile.form, "SVG"):
        suffix = next(suffix for suffix, other in FORMATS.items() if other == profile.form)
        name = "standard output" if output == STANDARD else output
        raise SketchvaeError(
            f"{name}: must be {profile.form}, which {profile.name} draws, got {form}; try -o "
            f"flock{suffix}, or another --machine"
        )
    return profile


def _within_reach(layout: "Layout", sheet: "Page", device: str | None) -> tuple["Layout", str]:
    """Return a layout whose margin lets a device reach all of it, and a sentence if it is wider."""
    from sketchvae.cli.extras import needs

    with needs("plot"):
        from sketchvae.plot.vpype import DEVICE, margin_for

        margin = margin_for(sheet, device or DEVICE)
    if layout.arrangement == "keep" or margin <= layout.margin:
        return layout, ""
    note = f"margin {margin:g} mm, within which {device or DEVICE} reaches the page"
    return replace(layout, margin=margin), note


def _check_options(output: Path, form: str, picture: Path | None) -> None:
    """Refuse options that would change nothing, and a picture that cannot be."""
    unused = {
        *(() if form == "G-code" else GCODE_OPTIONS),
        *(() if form == "HPGL" else ("device",)),
    }
    refuse_typed(unused, str(output), "leave it out")
    if picture is not None and (picture.suffix.lower() not in PICTURES or picture == output):
        raise click.UsageError(
            f"--picture must end in .svg or .png and be another file than -o, got {picture}"
        )


def _optimized(plan: "Plot") -> "Plot":
    from sketchvae.cli.extras import needs

    with needs("plot"):
        from sketchvae.plot.vpype import optimize

        return optimize(plan)


def _text(
    placed: "Plot | MachinePlot", lift: "PenLift", motion: "Motion", device: str | None
) -> str:
    """Return a plot as G-code or HPGL.

    Args:
        placed: the plot; for G-code in the machine's coordinates.
        lift: how the pen is lifted, for G-code.
        motion: how fast the machine moves, for G-code.
        device: name of a plotter, for HPGL; None for the usual one.
    """
    from sketchvae.cli.extras import needs
    from sketchvae.plot.bed import MachinePlot
    from sketchvae.plot.gcode import to_gcode

    if isinstance(placed, MachinePlot):
        return to_gcode(placed, lift, motion)
    with needs("plot"):
        from sketchvae.plot.vpype import DEVICE, to_hpgl

        text, notes = to_hpgl(placed, device or DEVICE)
    for note in notes:
        click.echo(note, err=True)
    return text


def _write(output: Path | None, text: str, picture: Path | None, plan: "Plot") -> None:
    """Write the plot, the picture, or both; neither if one of them cannot be written."""
    from sketchvae.errors import SketchvaeError
    from sketchvae.files import replacing
    from sketchvae.plot.svg import to_preview, to_preview_png

    with ExitStack() as stack:
        if picture is not None:
            is_png = picture.suffix.lower() == ".png"
            content = to_preview_png(plan) if is_png else f"{to_preview(plan)}\n".encode()
            stack.enter_context(replacing(picture)).write_bytes(content)
        if output == STANDARD:
            if sys.stdout is None:
                raise SketchvaeError("standard output: must be open, is closed; name a file")
            sys.stdout.write(text)
        elif output is not None:
            stack.enter_context(replacing(output)).write_text(text, "utf-8", newline="\n")


def _format_stats(stats: "PlotStats") -> str:
    return (
        f"pen down {stats.ink:.0f} mm, travel {stats.travel:.0f} mm, "
        f"{plural(stats.lifts, 'lift')}, about {duration(stats.seconds)}"
    )
