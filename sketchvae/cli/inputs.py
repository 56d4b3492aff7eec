"""Arguments FILE, FILE:5, FILE:2,5,7 and FILE:3-8 of commands, read as drawings or as latents."""

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from sketchvae.cli.completion import complete_files
from sketchvae.cli.paths import note_input
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.generate.artist import Artist
    from sketchvae.polyline import Floats32


_Item = TypeVar("_Item")


class _SelectionType(click.ParamType):  # type: ignore[type-arg] # generic in some versions
    """The type of an argument that names drawings or latents to read."""

    name = "file"

    def convert(self, value: Any, *_: Any) -> "Selection":  # noqa: ANN401 - as click's
        """Return what is named, and note its file."""
        return selection(value)

    def shell_complete(self, *words: Any) -> list[CompletionItem]:  # noqa: ANN401 - as click's
        """Return the files that the last of the words begins."""
        return complete_files(words[-1])


SELECTION = _SelectionType()


def selection(text: str) -> "Selection":
    """Return what an argument of the running command names, and note its file.

    Raises:
        SketchvaeError: as `Selection.parse` and `note_input`.
    """
    from sketchvae.data.formats import files_in
    from sketchvae.data.selection import Selection

    chosen = Selection.parse(text)
    for path in files_in(chosen.path) if chosen.path.is_dir() else [chosen.path]:
        note_input(path)
    return chosen


def drawings_of(chosen: "Selection") -> "list[Drawing]":
    """Read drawings that all have ink.

    Raises:
        SketchvaeError: as `Selection.read`, or if one has no stroke.
    """
    return [drawing for _, drawing in with_strokes(chosen)]


def with_strokes(chosen: "Selection", purpose: str = "") -> "Iterable[tuple[int, Drawing]]":
    """Read drawings with their numbers in the file, one by one; each must have a stroke.

    Args:
        chosen: file and numbers.
        purpose: what it must have a stroke for, as "to be scored".

    Raises:
        SketchvaeError: as `Selection.read`, or if one has no stroke.
    """
    for number, drawing in chosen.read():
        _check_stroke(chosen, number, drawing, purpose)
        yield number, drawing


def _check_stroke(chosen: "Selection", number: int, drawing: "Drawing", purpose: str = "") -> None:
    """Refuse a drawing without a stroke; see `with_strokes`."""
    if not drawing.strokes:
        must = f"must have a stroke {purpose}".rstrip()
        raise SketchvaeError(f"{chosen.path}: drawing {number} {must}, got none; leave it out")


def numbered_drawings(
    chosen: "Selection", most: int | None = None
) -> "tuple[list[int], list[Drawing]]":
    """Read drawings; return their numbers in the file, and the drawings.

    Args:
        chosen: file and numbers.
        most: greatest number of drawings; None for all.

    Raises:
        SketchvaeError: as `Selection.read`.
    """
    rows = list(islice(chosen.read(), most))
    return [number for number, _ in rows], [drawing for _, drawing in rows]


def one_drawing(chosen: "Selection") -> "Drawing":
    """Read the drawing of FILE:5, or the first of FILE; see `drawings_of`."""
    from sketchvae.data import formats

    number, drawing = _one(chosen, formats.read(chosen.path))
    _check_stroke(chosen, number, drawing)
    return drawing


def latents_of(artist: "Artist", chosen: "Selection") -> "Floats32":
    """Return all latents of FILE, or some of FILE:2,5,7, (n, Z); drawings are encoded.

    Args:
        artist: encoder of drawings.
        chosen: file and numbers, of latents or of drawings.

    Raises:
        SketchvaeError: as `latents.read`, `Selection.read` and `Artist.encode`.
    """
    import numpy as np

    from sketchvae.data import latents

    path = chosen.path
    if _holds_latents(path):
        values = latents.read(path, artist.model.config.latent)
        return np.stack([value for _, value in chosen.pick(values)])
    return artist.encode(drawings_of(chosen))


def one_latent(artist: "Artist", chosen: "Selection") -> "Floats32":
    """Return the latent of FILE:5, or the first of FILE, (Z,).

    Args:
        artist: encoder of drawings.
        chosen: file and number, of latents or of drawings.
    """
    from sketchvae.data import latents

    if _holds_latents(chosen.path):
        values = latents.read(chosen.path, artist.model.config.latent)
    else:
        values = artist.encode([one_drawing(chosen)])
        chosen = replace(chosen, ranges=None)
    latent: Floats32 = _one(chosen, values)[1]
    return latent


def _one(chosen: "Selection", items: "Iterable[_Item]") -> "tuple[int, _Item]":
    """Return the item that a selection names, with its number; refuse a selection of several.

    The first is returned if none is named, and a line says so if there are others.

    Args:
        chosen: file and number.
        items: all of the file.
    """
    if chosen.ranges is not None and sum(map(len, chosen.ranges)) > 1:
        raise SketchvaeError(f"{chosen}: must name one here, got several; choose one of them")
    if chosen.ranges is not None:
        return next(chosen.pick(items))
    first, *others = islice(enumerate(items, 1), 2)
    if others:
        click.echo(f"{chosen}: of several the first; name another as {chosen}:2", err=True)
    return first


def _holds_latents(path: Path) -> bool:
    """Whether a file holds latents; of JSON: numbers in a list or in a list of lists."""
    from sketchvae.data import kaggle

    suffix = path.suffix.lower()
    if suffix == ".csv":
        return not kaggle.has_drawings(path)
    if suffix != ".json" or not path.is_file():
        return suffix == ".npy"
    with path.open("rb") as stream:
        return re.match(rb"\s*(\[\s*){1,2}(-|\d|NaN)", stream.read(4096)) is not None
