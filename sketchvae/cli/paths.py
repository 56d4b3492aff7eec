"""Files that a command reads and writes: none is replaced unless --force asks for it.

While a command line is parsed, the types `INPUT` and `OUTPUT` note its files in the context. A file
that is read is never written, in whatever order the two stand on the command line.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import click

from sketchvae.errors import SketchvaeError

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PLACE = re.compile(r"%(?:0?\d)?d")
STANDARD = Path("-")  # standard input or output
REPLACE = "name another file, or replace it with --force"  # advice for one that exists
_READ, _WRITTEN, _FORCE = (f"sketchvae.{name}" for name in ("read", "written", "force"))


def note_input(path: Path) -> None:
    """Note a file that the running command reads.

    Raises:
        SketchvaeError: if the command writes it.
    """
    context = click.get_current_context()
    context.meta.setdefault(_READ, []).append(path)
    for output in context.meta.get(_WRITTEN, []):
        _refuse_same(output, path)


def note_output(path: Path, advice: str = REPLACE) -> None:
    """Note a file that the running command writes.

    Args:
        path: the file.
        advice: what to do if it exists.

    Raises:
        SketchvaeError: if the command reads it, or it exists and --force is not given.
    """
    meta = click.get_current_context().meta
    meta.setdefault(_WRITTEN, []).append(path)
    for source in meta.get(_READ, []):
        _refuse_same(path, source)
    if _FORCE in meta:
        _refuse_existing(path, meta[_FORCE], advice)


def is_pattern(path: Path) -> bool:
    """Return whether a name is one for many files, as sheep-%d.svg or sheep-%02d.svg."""
    return _PLACE.search(path.name) is not None


def _place(pattern: Path) -> str:
    """Return the place of the number in a name for many files, as %02d."""
    match = _PLACE.search(pattern.name)
    assert match is not None
    return match[0]


def file_of_each(pattern: Path, numbers: Iterable[int]) -> list[Path]:
    """Return the files of many drawings, and note them.

    Args:
        pattern: as sheep-%d.svg.
        numbers: of the drawings.

    Raises:
        SketchvaeError: as `note_output`.
    """
    place = _place(pattern)
    paths = [pattern.with_name(pattern.name.replace(place, place % n, 1)) for n in numbers]
    for path in paths:
        note_output(path)
    return paths


def free_name(path: Path) -> Path:
    """Return a name that no file has: sheep.svg, or else sheep-2.svg, sheep-3.svg, ..."""
    return next(name for name in _names(path) if not (name.exists() or name.is_symlink()))


@contextmanager
def reserved(path: Path) -> Iterator[Path]:
    """Reserve a name that no file has, as `free_name`; commands at once get names of their own.

    An empty file holds the place; it is removed at the end if nothing was written.

    Yields:
        The name.
    """
    for name in _names(path):
        try:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        except OSError:  # the writer will say why
            yield name
            return
        try:
            yield name
        finally:
            if name.is_file() and not name.stat().st_size:
                name.unlink()
        return


def _names(path: Path) -> Iterator[Path]:
    """Yield sheep.svg, sheep-2.svg, sheep-3.svg, ..."""
    yield path
    yield from (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))


def _refuse_existing(path: Path, force: bool, advice: str = REPLACE) -> None:
    if path != STANDARD and path.is_file() and not force:
        raise SketchvaeError(f"{path}: exists already; {advice}")


def _refuse_same(output: Path, source: Path) -> None:
    if STANDARD in (output, source) or not (output.exists() and source.exists()):
        return
    if output.samefile(source):
        raise SketchvaeError(
            f"{output}: must be another file than {source}, which is read; name another to write"
        )


class _Noted(click.Path):
    """The type of a path that is noted when it is read from the command line."""

    def __init__(self, note: Callable[[Path], None]) -> None:
        super().__init__(path_type=Path)
        self.note = note

    def convert(self, value: Any, *where: Any) -> Path:  # noqa: ANN401 - as click's
        """Return the path, and note it."""
        path = Path(str(super().convert(value, *where)))
        self.note(path)
        return path


def _note_one_output(path: Path) -> None:
    if is_pattern(path):
        raise SketchvaeError(
            f"{path}: must be the name of one file here, got one for many; leave {_place(path)} out"
        )
    note_output(path)


INPUT = _Noted(note_input)
OUTPUT = _Noted(_note_one_output)  # of an option of a command that has `force_option`
OUTPUTS = _Noted(note_output)  # the same, where sheep-%d.svg is a file for each drawing


def _note_force(context: click.Context, _: click.Parameter, force: bool) -> None:
    """Note --force; without it, click comes here when it has read the whole command line."""
    context.meta[_FORCE] = force
    unwritten = context.params.get("output") if context.params.get("dry_run") else None
    for path in context.meta.get(_WRITTEN, []):
        if path != unwritten:
            _refuse_existing(path, force)


force_option = click.option(
    "--force",
    is_flag=True,
    expose_value=False,
    callback=_note_force,
    help="Replace files that exist.",
)


def output_option(
    file: click.Path = OUTPUT,
    **settings: Any,  # noqa: ANN401 - of click
) -> Callable[[_Command], _Command]:
    """Return a decorator that adds -o and --force to a command.

    Args:
        file: OUTPUT, or OUTPUTS.
        settings: of the click option -o, as its help.
    """

    def decorate(command: _Command) -> _Command:
        option = click.option("-o", "--output", type=file, **settings)
        return option(force_option(command))

    return decorate
