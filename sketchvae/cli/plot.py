"""sketchvae plot: from drawings to a page that a plotter draws."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from sketchvae.plot.estimate import Motion, PlotStats
    from sketchvae.plot.gcode import Machine, PenLift
    from sketchvae.plot.plan import Pens, Plot

STANDARD = Path("-")
FORMS = {".svg": "SVG", ".gcode": "G-code", ".hpgl": "HPGL"}
PREVIEWS = (".svg", ".png")
GCODE = (
    "dialect", "up", "down", "plunge", "pen_up", "pen_down", "bed", "origin", "offset", "home",
)  # fmt: skip


@click.command()
@click.argument("drawings", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Where to; the suffix names the form: .svg (AxiDraw, NextDraw, Inkscape), .gcode (GRBL), "
    ".hpgl. '-' is G-code on standard output.",
)
@click.option("-n", "--number", type=click.IntRange(1), help="Only the first drawings.")
@click.option("--page", default="a4", show_default=True, help="a6 to a0, letter, or as 148x210mm.")
@click.option("--landscape", is_flag=True, help="Turn the page so that it is wider than high.")
@click.option("--margin", type=float, help="Free along the edges, mm.  [default: 10]")
@click.option(
    "--layout",
    type=click.Choice(["grid", "packed", "keep"]),
    default="grid",
    show_default=True,
    help="In rows; nestled, as large as can be; or where they are, in mm.",
)
@click.option(
    "--gap", type=float, help="Free between drawings, mm.  [default: in a grid 4, packed 1]"
)
@click.option("--vary", type=float, help="Share of the size that some are smaller by, 0 to 0.9.")
@click.option("--seed", type=click.IntRange(0), help="Of that chance.  [default: 0]")
@click.option("--pens", metavar="COLOURS", help="By number, as 'black,#cc4433'.  [default: black]")
@click.option(
    "--by-drawing", metavar="PENS", help="Pens of the drawings in turn, as 1,2,2.  [default: all]"
)
@click.option("--by-stroke", metavar="PENS", help="Instead, of the strokes of each drawing.")
@click.option("--pen-width", type=float, help="Of the line, mm.  [default: 0.3]")
@click.option("--optimize", is_flag=True, help="In another order, for less travel, with vpype.")
@click.option(
    "--preview",
    type=click.Path(path_type=Path),
    help="Write a picture too, .svg or .png, with the travel of the lifted pen.",
)
@click.option("--dry-run", is_flag=True, help="Check and measure all, but do not write OUTPUT.")
@click.option("--feed", type=float, help="Of the pen on paper, mm/min.  [default: 1500]")
@click.option("--dwell-up", type=float, help="Seconds after a lift.  [default: 0.2, with z 0]")
@click.option("--dwell-down", type=float, help="Seconds after lowering.  [default: 0.2, with z 0]")
@click.option("--rapid", type=float, help="Lifted, mm/min, to estimate time.  [default: 5000]")
@click.option("--acceleration", type=float, help="mm/s2, to estimate time.  [default: 500]")
@click.option(
    "--dialect",
    type=click.Choice(["servo", "z", "spindle"]),
    default="servo",
    show_default=True,
    help="G-code lifts the pen with M3 S, the Z axis, or M3 and M5.",
)
@click.option("--up", type=float, help="S of the servo, or Z in mm.  [default: S60, Z5]")
@click.option("--down", type=float, help="The same, lowered.  [default: S90, Z0, spindle S1000]")
@click.option("--plunge", type=float, help="Rate of descent of Z, mm/min.  [default: 1000]")
@click.option("--pen-up", metavar="COMMANDS", help="Your own, | between two; with --pen-down.")
@click.option("--pen-down", metavar="COMMANDS", help="Your own, | between two; with --pen-up.")
@click.option("--bed", help="What the machine reaches, as 300x200mm.  [default: the page]")
@click.option(
    "--origin",
    type=click.Choice(["bottom-left", "bottom-right", "top-left", "top-right"]),
    default="bottom-left",
    show_default=True,
    help="Corner of the bed at X0 Y0, in which the page lies; Y grows upwards.",
)
@click.option("--offset", metavar="X,Y", help="Of the page from that corner, mm.  [default: 0,0]")
@click.option("--home/--no-home", default=True, help="Go to X0 Y0 at the end.  [default: home]")
@click.option("--device", help="That speaks HPGL.  [default: hp7475a]")
def plot(
    drawings: Path,
    output: Path,
    number: int | None,
    optimize: bool,
    preview: Path | None,
    dry_run: bool,
    **given: Any,  # noqa: ANN401
) -> None:
    """Lay drawings out on a page for a plotter, in millimetres.

    DRAWINGS is any file that sketchvae reads, or '-' for ndjson on standard input. The strokes
    are drawn in their own order unless they are to be optimized. HPGL and --optimize need
    sketchvae[plot].

    \b
    Examples:
      sketchvae plot sheep.ndjson -n 12 --landscape -o flock.svg
      sketchvae plot sheep.ndjson -n 30 --layout packed --vary 0.6 --optimize -o flock.svg
      sketchvae plot sheep.ndjson -n 4 --page a5 --bed 300x200mm --landscape -o flock.gcode
      sketchvae plot sheep.ndjson -n 4 --preview before.png --dry-run -o flock.gcode
      sketchvae draw -n 3 -o - | sketchvae plot - --dialect z --up 3 --down -0.2 -o -
    """
    from sketchvae.cli.extras import needs
    from sketchvae.data.formats import read
    from sketchvae.plot.layout import Layout
    from sketchvae.plot.page import parse_page
    from sketchvae.plot.plan import make_plot

    form = _form(output)
    _check_options(output, form, preview)
    sheet = parse_page(given["page"], given["landscape"])
    names = ("margin", "gap", "vary", "seed")
    layout = Layout(given["layout"], **{n: given[n] for n in names if given[n] is not None})
    pens, dialect, machine = _pens(given), _dialect(given), _machine(given)
    motion = _motion(given, dialect)
    if form == "G-code":
        machine.bed_for(sheet)
    chosen = list(islice(read(drawings), number))
    drawn = make_plot(layout.place(chosen, sheet), sheet, pens)
    efforts = {"": _effort(drawn, form, machine, motion)}
    if optimize:
        with needs("plot"):
            from sketchvae.plot.vpype import optimize as faster

            drawn = faster(drawn)
        efforts = {"as drawn: ": efforts[""]} | {
            "optimized: ": _effort(drawn, form, machine, motion)
        }
    text = _written(drawn, form, machine, dialect, motion, given["device"])
    _save(None if dry_run else output, text, preview, drawn)
    place = "standard output" if output == STANDARD else str(output)
    what = "1 drawing" if len(chosen) == 1 else f"{len(chosen)} drawings"
    done = f"{place}: {what} on {sheet}"
    click.echo(f"{done}; not written" if dry_run else done, err=True)
    for name, effort in efforts.items():
        click.echo(f"{name}{_told(effort)}", err=True)


def _form(output: Path) -> str:
    from sketchvae.errors import SketchvaeError

    if output == STANDARD:
        return "G-code"
    if output.suffix.lower() not in FORMS:
        raise SketchvaeError(
            f"{output}: a plot must end in .svg, .gcode or .hpgl, got "
            f"{output.suffix or 'no suffix'}; try -o {output.stem or 'flock'}.gcode"
        )
    return FORMS[output.suffix.lower()]


def _check_options(output: Path, form: str, preview: Path | None) -> None:
    """Refuse options that would change nothing, and a preview that cannot be."""
    context = click.get_current_context()
    others = {*(() if form == "G-code" else GCODE), *(() if form == "HPGL" else ("device",))}
    typed = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in others
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise click.UsageError(f"{', '.join(typed)}: not for {output}; leave it out")
    if preview is not None and (preview.suffix.lower() not in PREVIEWS or preview == output):
        raise click.UsageError(
            f"--preview must end in .svg or .png and be another file than -o, got {preview}"
        )


def _pens(given: dict[str, Any]) -> "Pens":
    from sketchvae.cli.options import colours
    from sketchvae.plot.plan import PEN_WIDTH, Pens

    return Pens(
        ("black",) if given["pens"] is None else colours(given["pens"]),
        _numbers("--by-drawing", given["by_drawing"]),
        _numbers("--by-stroke", given["by_stroke"]),
        PEN_WIDTH if given["pen_width"] is None else given["pen_width"],
    )


def _numbers(option: str, text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.UsageError(
            f"{option} must be numbers of pens, as 1,2,2, got {text!r}"
        ) from None


def _dialect(given: dict[str, Any]) -> "PenLift":
    from dataclasses import replace

    from sketchvae.plot.gcode import PenLift, servo, spindle, z_axis

    makers: dict[str, tuple[Callable[..., PenLift], tuple[str, ...]]] = {
        "servo": (servo, ("up", "down")),
        "spindle": (spindle, ("down",)),
        "z": (z_axis, ("up", "down", "plunge")),
    }
    make, names = makers[given["dialect"]]
    commands = [given[name] for name in ("pen_up", "pen_down") if given[name] is not None]
    own = bool(commands)
    unused = {"up", "down", "plunge"} - (set() if own else set(names))
    typed = [f"--{name}" for name in sorted(unused) if given[name] is not None]
    if typed:
        raise click.UsageError(
            f"{', '.join(typed)}: not for this way to lift the pen; leave it out"
        )
    if len(commands) == 1:
        raise click.UsageError("--pen-up and --pen-down go together; name both")
    if own:
        up, down = (tuple(part.strip() for part in text.split("|")) for text in commands)
        dialect = PenLift(up, down)
    else:
        dialect = make(**{name: given[name] for name in names if given[name] is not None})
    dwells = {n: given[n] for n in ("dwell_up", "dwell_down") if given[n] is not None}
    return replace(dialect, **dwells)


def _machine(given: dict[str, Any]) -> "Machine":
    from sketchvae.plot.gcode import Machine
    from sketchvae.plot.page import parse_page

    bed = None if given["bed"] is None else parse_page(given["bed"])
    try:
        x, y = (float(part) for part in (given["offset"] or "0,0").split(","))
    except ValueError:
        raise click.UsageError(
            f"--offset must be two lengths in mm, as 10,5, got {given['offset']!r}"
        ) from None
    size = None if bed is None else (bed.width, bed.height)
    return Machine(size, given["origin"], (x, y), given["home"])


def _motion(given: dict[str, Any], dialect: "PenLift") -> "Motion":
    from sketchvae.plot.estimate import Motion

    names = ("feed", "rapid", "acceleration")
    chosen = {name: given[name] for name in names if given[name] is not None}
    return Motion(**chosen, lift=dialect.seconds)


def _effort(drawn: "Plot", form: str, machine: "Machine", motion: "Motion") -> "PlotStats":
    from sketchvae.plot.estimate import estimate
    from sketchvae.plot.gcode import estimate_on_machine

    if form == "G-code":
        return estimate_on_machine(drawn, machine, motion)
    return estimate(drawn.strokes, motion)


def _written(
    drawn: "Plot",
    form: str,
    machine: "Machine",
    dialect: "PenLift",
    motion: "Motion",
    device: str | None,
) -> str:
    from sketchvae.cli.extras import needs
    from sketchvae.plot.gcode import to_gcode
    from sketchvae.plot.svg import to_svg

    if form == "SVG":
        return f"{to_svg(drawn)}\n"
    if form == "G-code":
        return to_gcode(drawn, machine, dialect, motion.feed)
    with needs("plot"):
        from sketchvae.plot.vpype import DEVICE, to_hpgl

        text, notes = to_hpgl(drawn, device or DEVICE)
    for note in notes:
        click.echo(note, err=True)
    return text


def _save(output: Path | None, text: str, preview: Path | None, drawn: "Plot") -> None:
    """Write the plot, the preview, or both, unless one of them cannot be written."""
    from sketchvae.errors import SketchvaeError
    from sketchvae.files import replacing
    from sketchvae.plot.svg import to_preview, to_preview_png

    with ExitStack() as stack:
        if preview is not None:
            png = preview.suffix.lower() == ".png"
            content = to_preview_png(drawn) if png else f"{to_preview(drawn)}\n".encode()
            stack.enter_context(replacing(preview)).write_bytes(content)
        if output == STANDARD:
            if sys.stdout is None:
                raise SketchvaeError("standard output: must be open, is closed; name a file")
            sys.stdout.write(text)
        elif output is not None:
            stack.enter_context(replacing(output)).write_text(text, "utf-8", newline="\n")


def _told(effort: "PlotStats") -> str:
    minutes, seconds = divmod(round(effort.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
    return (
        f"pen down {effort.down:.0f} mm, travel {effort.travel:.0f} mm, "
        f"{effort.lifts} lift{'s' * (effort.lifts != 1)}, about {clock}"
    )
