"""Options that several commands share, each group of them one frozen dataclass.

A field of a group carries its click option in its annotation. `bind(style=StyleOptions)`
adds the options of a group to a command, and passes their values as one argument, `style`.
A field may be a group itself.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import click
from click.core import ParameterSource

from sketchvae.cli.paths import INPUT, OUTPUTS, output_option
from sketchvae.cli.style import StyleOptions

if TYPE_CHECKING:
    from sketchvae.generate.artist import Artist
    from sketchvae.render.timeline import Animation

_Group = TypeVar("_Group")
_Command = Callable[..., None]

_pixels = click.option(
    "--pixels",
    type=int,
    help="Width of a PNG or a film.  [default: 800, of a film 400; more for a flock]",
)
number_option = click.option(
    "-n", "--number", type=click.IntRange(1), help="Only the first drawings."
)
bitmaps_option = click.option(
    "--bitmaps",
    type=INPUT,
    help="More real drawings, as Quick, Draw!'s bitmaps of 28 x 28 (.npz or .npy).",
)
_seed = click.option("--seed", type=click.IntRange(0), help="The same seed draws the same sheep.")
_model = click.option(
    "--model",
    type=INPUT,
    help="A weights file, or the folder or a checkpoint of a run.  [default: the sheep that come "
    "with sketchvae]",
)


def bind(**groups: type) -> Callable[[_Command], _Command]:
    """Return a decorator that adds the options of groups to a command.

    Args:
        groups: the name of the command's argument, and the dataclass of its options.
    """

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def bound(**values: object) -> None:
            grouped: dict[str, object] = {
                name: _build(group, values) for name, group in groups.items()
            }
            command(**grouped, **values)

        options = [option for group in groups.values() for _, option in _options(group)]
        for option in reversed(options):  # click lists the option that is added last first
            option(bound)
        return bound

    return decorate


def names_of(*groups: type) -> set[str]:
    """Return the names of all fields of groups, which are those of their options."""
    return {name for group in groups for name, _ in _options(group)}


def typed_options(names: Collection[str] | None = None) -> list[str]:
    """List the options of the running command that stand on its command line.

    Args:
        names: of the parameters to look at; None for every option.
    """
    context = click.get_current_context()
    return [
        parameter.opts[0]
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and (names is None or parameter.name in names)
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]


def refuse_typed(names: Collection[str], purpose: str, advice: str) -> None:
    """Refuse options that have no effect.

    Args:
        names: parameters of the options.
        purpose: for which they have none, as "sheep.svg".
        advice: what to do instead.

    Raises:
        click.UsageError: if one of the options stands on the command line.
    """
    typed = typed_options(names)
    if typed:
        raise click.UsageError(f"{', '.join(typed)}: not for {purpose}; {advice}")


def _options(group: type) -> Iterator[tuple[str, Callable[[_Command], _Command]]]:
    """Yield the field name and the click option of each field of a group."""
    for field in fields(group):
        if isinstance(field.type, type) and is_dataclass(field.type):
            yield from _options(field.type)
        else:
            (option,) = field.type.__metadata__  # type: ignore[union-attr]
            yield field.name, option


def _build(group: type[_Group], values: dict[str, object]) -> _Group:
    """Build a group from the values of its options, which are taken out of `values`."""
    own = {
        field.name: _build(field.type, values)
        if isinstance(field.type, type) and is_dataclass(field.type)
        else values.pop(field.name)
        for field in fields(group)  # type: ignore[arg-type]
    }
    return group(**own)


@dataclass(frozen=True)
class AnimationOptions:
    """How a drawing is drawn before one's eyes."""

    seconds: Annotated[
        float | None,
        click.option("--seconds", type=float, help="How long it takes, without the pause."),
    ]
    speed: Annotated[
        float | None,
        click.option(
            "--speed",
            type=float,
            help="Of the pen, in longest sides of a drawing a second.  [default: 1.5]",
        ),
    ]
    together: Annotated[
        bool,
        click.option(
            "--together", is_flag=True, help="All drawings at once, not one after another."
        ),
    ]
    tip: Annotated[bool, click.option("--tip", is_flag=True, help="Show the tip of the pen.")]
    loop: Annotated[
        bool | None,
        click.option(
            "--loop/--no-loop",
            default=None,
            help="Begin again, for ever.  [default: GIF, APNG and WebP loop, others play once]",
        ),
    ]
    pause: Annotated[
        float | None,
        click.option("--pause", type=float, help="Seconds before it begins again.  [default: 1.5]"),
    ]

    def animation_for(self, output: Path, recorded: bool = True) -> "Animation":
        """Return the animation for a file.

        Args:
            output: its suffix chooses whether the animation loops, where that was not given.
            recorded: whether a drawing with times keeps them.
        """
        from sketchvae.render.animation import loops
        from sketchvae.render.timeline import PAUSE, Animation, Pace

        return Animation(
            Pace(self.seconds, self.speed, self.together, recorded),
            loop=loops(output) if self.loop is None else self.loop,
            pause=PAUSE if self.pause is None else self.pause,
            tip=self.tip,
        )


@dataclass(frozen=True)
class FilmOptions:
    """Frames and size of an animation in pixels."""

    rate: Annotated[
        float | None,
        click.option("--rate", type=float, help="Frames a second of a film.  [default: 20]"),
    ]
    pixels: Annotated[int | None, _pixels]

    def check(self, output: Path) -> None:
        """Refuse the options for an animation that has no pixels.

        Raises:
            click.UsageError: if one was given and the output is .svg or .html.
        """
        from sketchvae.render.animation import PAGES

        given = self.rate is not None or self.pixels is not None
        if given and output.suffix.lower() in PAGES:
            raise click.UsageError(
                f"--rate and --pixels are for films, got {output}; leave them out"
            )


@dataclass(frozen=True)
class DrawingOptions:
    """What every command has that draws from the model."""

    seed: Annotated[int | None, _seed]
    temperature: Annotated[
        float | None,
        click.option(
            "-t",
            "--temperature",
            type=float,
            help="0.001 to 10: near 0 neat and alike, 1 as people draw.  [default: typical "
            "ones; in morph 0.1]",
        ),
    ]
    model: Annotated[Path | None, _model]

    def artist(self) -> "Artist":
        """Load the model."""
        from sketchvae.generate.artist import load

        return load(self.model)


@dataclass(frozen=True)
class PageOptions:
    """Where drawings that stand still go, and how they look there."""

    output: Annotated[
        Path,
        output_option(
            OUTPUTS,
            required=True,
            help="Where to: .svg or .png for a page of all, .ndjson, .ndjson.gz, .bin or .npz "
            "for other commands; sheep-%d.svg for a file for each; '-' is ndjson on standard "
            "output.",
        ),
    ]
    style: StyleOptions
    pixels: Annotated[int | None, _pixels]


seed_option = _seed
pixels_option = _pixels
model_option = _model
style_options = bind(style=StyleOptions)
animation_options = bind(animation=AnimationOptions, film=FilmOptions)
drawing_options = bind(drawing=DrawingOptions)
page_options = bind(page=PageOptions)
