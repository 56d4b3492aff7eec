"""Options that several commands share: how ink looks, and how it is animated."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from sketchvae.render.smil import Animation
    from sketchvae.render.svg import Style

WIDTH = 100.0  # mm
_Command = TypeVar("_Command", bound=Callable[..., Any])

_PIXELS = click.option(
    "--pixels",
    type=int,
    help="Width of a PNG or a film.  [default: 800, of a film 400; more for a flock]",
)
_TEMPERATURE = click.option(
    "-t",
    "--temperature",
    type=float,
    help="0.001 to 10: near 0 neat and alike, 1 as the model learnt.  [default: 0.7]",
)
_STYLE = (
    click.option("--smooth", is_flag=True, help="Curves through the points instead of corners."),
    click.option("--width", default=WIDTH, show_default=True, help="Width of the page in mm."),
    click.option("--stroke-width", type=float, help="Of the line in mm.  [default: by the page]"),
    click.option(
        "--colour",
        metavar="COLOUR",
        help="Of the ink: a name, #rrggbb, or currentColor.  [default: black; in HTML light on "
        "a dark page]",
    ),
    click.option(
        "--palette",
        metavar="COLOURS",
        help="Colours of the strokes by order, as in 'navy,#cc4433'.",
    ),
    click.option(
        "--background",
        metavar="COLOUR",
        help="Of the page, or none.  [default: none; white in pictures of pixels]",
    ),
)
_ANIMATION = (
    click.option("--seconds", type=float, help="How long it takes, without the pause."),
    click.option(
        "--speed",
        type=float,
        help="Of the pen, in longest sides of a drawing a second.  [default: 1.5]",
    ),
    click.option("--together", is_flag=True, help="All drawings at once, not one after another."),
    click.option("--tip", is_flag=True, help="Show the tip of the pen."),
    click.option(
        "--loop/--no-loop",
        default=None,
        help="Begin again, for ever.  [default: GIF, APNG and WebP loop, others play once]",
    ),
    click.option("--pause", type=float, help="Seconds before it begins again.  [default: 1.5]"),
    click.option("--rate", type=float, help="Frames a second of a film.  [default: 20]"),
    _PIXELS,
)
STYLE = ("smooth", "width", "stroke_width", "colour", "palette", "background")
TIME = ("seconds", "speed", "together", "tip", "loop", "pause", "rate")


seed_option = click.option(
    "--seed", type=click.IntRange(0), help="The same seed draws the same sheep."
)
model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="A weights file.  [default: the sheep that come with sketchvae]",
)


def drawing_options(command: _Command) -> _Command:
    """Add what every command that draws has: --seed, --temperature and --model."""
    return _with(command, (seed_option, _TEMPERATURE, model_option))


def page_options(command: _Command) -> _Command:
    """Add -o for a page or a file of drawings, the options of style, and --pixels."""
    output = click.option(
        "-o",
        "--output",
        required=True,
        type=click.Path(path_type=Path),
        help="Where to: .svg or .png for a page of all, .ndjson, .ndjson.gz, .bin or .npz for "
        "other commands; '-' is ndjson on standard output.",
    )
    return _with(command, (output, *_STYLE, _PIXELS))


def style_options(command: _Command) -> _Command:
    """Add the options of `style_of` to a command, and --width."""
    return _with(command, _STYLE)


def animation_options(command: _Command) -> _Command:
    """Add the options of `animation_of` and `film_of` to a command."""
    return _with(command, _ANIMATION)


def style_of(given: dict[str, Any], output: Path) -> "Style":
    """Take the style out of what a command was given; the output tells what is usual."""
    from sketchvae.render.svg import Style

    suffix = output.suffix.lower()
    colour = "currentColor" if suffix == ".html" else "black"  # as the text of a page may be light
    paper = None if suffix in (".svg", ".html") else "white"  # viewers show pixels on any ground
    palette, background = given.pop("palette"), given.pop("background") or paper
    return Style(
        stroke_width=given.pop("stroke_width"),
        colour=given.pop("colour") or colour,
        smooth=given.pop("smooth"),
        background=None if background == "none" else background,
        palette=None if palette is None else colours(palette),
    )


def animation_of(given: dict[str, Any], output: Path) -> "Animation":
    """Take the animation out of what a command was given; the output tells whether it loops."""
    from sketchvae.render.animation import loops
    from sketchvae.render.smil import PAUSE, Animation
    from sketchvae.render.timeline import Pace

    pace = Pace(
        seconds=given.pop("seconds"),
        speed=given.pop("speed"),
        together=given.pop("together"),
        recorded=given.pop("recorded", True),
    )
    loop, pause = given.pop("loop"), given.pop("pause")
    return Animation(
        pace,
        loop=loops(output) if loop is None else loop,
        pause=PAUSE if pause is None else pause,
        tip=given.pop("tip"),
    )


def film_of(given: dict[str, Any], output: Path) -> dict[str, Any]:
    """Take what only films have out of what a command was given: rate and pixels, if any."""
    from sketchvae.render.animation import PAGES

    film = {name: given.pop(name) for name in ("rate", "pixels")}
    film = {name: value for name, value in film.items() if value is not None}
    if film and output.suffix.lower() in PAGES:
        raise click.UsageError(f"--rate and --pixels are for films, got {output}; leave them out")
    return film


def refuse_others(allowed: Collection[str], place: str, advice: str) -> None:
    """Refuse the options of style, time and pixels that were typed, but for the allowed ones."""
    context = click.get_current_context()
    typed = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in {*STYLE, *TIME, "pixels"} - set(allowed)
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise click.UsageError(f"{', '.join(typed)}: not for {place}; {advice}")


def _with(command: _Command, options: Sequence[Callable[[_Command], _Command]]) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command


def colours(text: str) -> tuple[str, ...]:
    """Split at commas, but not within rgb(1, 2, 3)."""
    import re

    return tuple(c.strip() for c in re.split(r",(?![^()]*\))", text) if c.strip())
