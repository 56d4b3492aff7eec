"""The record of the running command, for the pictures that it draws, or of those it reads."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sketchvae import __version__

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.model.weights import Model
    from sketchvae.render.record import Record

_LEFT_OUT = {"output", "force", "pages", "preview", "seed", "temperature", "temperatures"}
_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def record_of(seed: int, temperatures: Sequence[float], model: "Model") -> "Record":
    """Return the record of the running command.

    Of a file elsewhere only the name is kept, because a picture may be shown to others. Equal
    commands have equal records: the options stand in the order of the help text.

    Args:
        seed: of the drawings.
        temperatures: at which they are drawn.
        model: that draws.
    """
    from sketchvae.render.record import Record

    context = click.get_current_context()
    name = context.command_path.split()[1:]
    path = context.params.get("model")
    drawn = (word for value in temperatures for word in ("--temperature", str(value)))
    return Record(
        (*name, *_words(context), "--seed", str(seed), *drawn),
        seed,
        tuple(temperatures),
        "sheep" if path is None else Path(str(path)).name,
        model.fingerprint,
        __version__,
    )


def kept_record(chosen: "Selection") -> "Record | None":
    """Return the record inside the file that a command reads, for the picture that it writes.

    Args:
        chosen: drawings of the file; one of many is noted by its number.

    Returns:
        None where there is none, as in a file by another program.
    """
    from sketchvae.errors import SketchvaeError
    from sketchvae.render.record import SUFFIXES, read_record

    if chosen.path.suffix.lower() not in SUFFIXES or not chosen.path.is_file():
        return None
    try:
        record = read_record(chosen.path)
    except SketchvaeError:
        return None
    numbers = [number for several in chosen.ranges or () for number in several]
    own = numbers[0] if len(numbers) == 1 and not record.number else record.number
    return replace(record, number=own, is_kept=True)


def _words(context: click.Context) -> Iterator[str]:
    """Yield the arguments and options that were given, in the order of the help text."""
    given = [p for p in context.command.params if p.name not in _LEFT_OUT and _is_given(context, p)]
    for parameter in sorted(given, key=lambda p: isinstance(p, click.Option)):
        value = context.params[str(parameter.name)]
        values = value if isinstance(value, tuple) else (value,)
        for one in values:
            if not isinstance(parameter, click.Option):
                yield _text(one)
            elif parameter.is_flag:
                yield parameter.opts[0] if one else parameter.secondary_opts[0]
            else:
                yield from (parameter.opts[0], _text(one))


def _is_given(context: click.Context, parameter: click.Parameter) -> bool:
    name = str(parameter.name)
    return name in context.params and context.get_parameter_source(name) in _GIVEN


def _text(value: object) -> str:
    """Return a value as it was typed; of a path from the root only its name."""
    text = str(value)
    return Path(text).name if Path(text).is_absolute() else text
