"""What commands read: one drawing of a file, and latents, of a file or of drawings."""

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.drawing import Drawing
    from sketchvae.generate.artist import Artist
    from sketchvae.polyline import Floats32

_NUMBERED = re.compile(r"(.+):(\d+)", re.S)


def numbered(text: str) -> tuple[Path, int | None]:
    """Split FILE:N, where N counts from 1, unless there is a file of that whole name."""
    match = _NUMBERED.fullmatch(text)
    if match is None or Path(text).exists():
        return Path(text), None
    return Path(match[1]), int(match[2])


def drawings_of(text: str) -> "list[Drawing]":
    """Read the drawings of FILE, or the one that FILE:N names.

    Raises:
        SketchvaeError: as `formats.read`, if there are not as many, or one is empty.
    """
    from sketchvae.data.formats import read

    path, number = numbered(text)
    found = list(read(path) if number is None else islice(read(path), max(number, 1)))
    if number is not None and not 1 <= number <= len(found):
        raise _no_such(text, path, number)
    for place, drawing in enumerate(found, 1):
        if not drawing.strokes and number in (None, place):
            raise SketchvaeError(
                f"{path}: drawing {place} must have a stroke, got none; leave it out"
            )
    return found if number is None else found[number - 1 :]


def one_drawing(text: str) -> "Drawing":
    """Read the drawing that FILE:N names, or the first of FILE; see `drawings_of`."""
    return drawings_of(text if numbered(text)[1] is not None else f"{text}:1")[0]


def latents_of(artist: "Artist", text: str) -> "Floats32":
    """Return the latents, (n, Z), of FILE, or that of FILE:N; drawings are encoded.

    Raises:
        SketchvaeError: as `latents.read` and `Artist.encode`, or if there are not as many.
    """
    from sketchvae.data import latents

    path, number = numbered(text)
    if path.suffix.lower() in (".npy", ".csv") or _holds_numbers(path):
        found = latents.read(path, artist.model.config.latent)
        if number is None:
            return found
        if not 1 <= number <= len(found):
            raise _no_such(text, path, number)
        return found[number - 1 : number]
    return artist.encode(drawings_of(text))


def one_latent(artist: "Artist", text: str) -> "Floats32":
    """Return the latent, (Z,), that FILE:N names, or the first of FILE; see `latents_of`."""
    latent: Floats32 = latents_of(artist, text if numbered(text)[1] is not None else f"{text}:1")[0]
    return latent


def _holds_numbers(path: Path) -> bool:
    """Tell a .json of latents from one of drawings: objects, or lists of lists of lists."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as stream:
        return re.match(rb"\s*(\[\s*){1,2}(-|\d|NaN)", stream.read(4096)) is not None


def _no_such(text: str, path: Path, number: int) -> SketchvaeError:
    return SketchvaeError(
        f"{text}: must name one that is in {path}, counted from 1, got {number}; choose another"
    )
