"""Arguments FILE and FILE:N of commands, read as drawings or as latents."""

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
    """Split FILE:N into the file and the number N, counted from 1.

    A file whose whole name has that form is no FILE:N; without N the number is None.
    """
    match = _NUMBERED.fullmatch(text)
    if match is None or Path(text).exists():
        return Path(text), None
    return Path(match[1]), int(match[2])


def drawings_of(text: str) -> "list[Drawing]":
    """Read all drawings of FILE, or drawing N of FILE:N.

    Raises:
        SketchvaeError: as `formats.read`; if there is no drawing N; or if one has no stroke.
    """
    from sketchvae.data.formats import read

    path, number = numbered(text)
    drawings = list(read(path) if number is None else islice(read(path), max(number, 1)))
    if number is not None and not 1 <= number <= len(drawings):
        raise _no_such(text, path, number)
    for index, drawing in enumerate(drawings, 1):
        if not drawing.strokes and number in (None, index):
            raise SketchvaeError(
                f"{path}: drawing {index} must have a stroke, got none; leave it out"
            )
    return drawings if number is None else drawings[number - 1 :]


def one_drawing(text: str) -> "Drawing":
    """Read drawing N of FILE:N, or the first drawing of FILE; see `drawings_of`."""
    return drawings_of(text if numbered(text)[1] is not None else f"{text}:1")[0]


def latents_of(artist: "Artist", text: str) -> "Floats32":
    """Return all latents of FILE, or latent N of FILE:N, (n, Z); drawings are encoded.

    Args:
        artist: encoder of drawings.
        text: FILE or FILE:N, of latents or of drawings.

    Raises:
        SketchvaeError: as `latents.read`, `formats.read` and `Artist.encode`, or if there is no
            latent N.
    """
    from sketchvae.data import latents

    path, number = numbered(text)
    if path.suffix.lower() in (".npy", ".csv") or _holds_numbers(path):
        values = latents.read(path, artist.model.config.latent)
        if number is None:
            return values
        if not 1 <= number <= len(values):
            raise _no_such(text, path, number)
        return values[number - 1 : number]
    return artist.encode(drawings_of(text))


def one_latent(artist: "Artist", text: str) -> "Floats32":
    """Return latent N of FILE:N, or the first latent of FILE, (Z,).

    Args:
        artist: encoder of drawings.
        text: FILE or FILE:N, of latents or of drawings.
    """
    latent: Floats32 = latents_of(artist, text if numbered(text)[1] is not None else f"{text}:1")[0]
    return latent


def _holds_numbers(path: Path) -> bool:
    """Whether a .json file holds latents: numbers in a list or in a list of lists."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as stream:
        return re.match(rb"\s*(\[\s*){1,2}(-|\d|NaN)", stream.read(4096)) is not None


def _no_such(text: str, path: Path, number: int) -> SketchvaeError:
    return SketchvaeError(
        f"{text}: must name one that is in {path}, counted from 1, got {number}; choose another"
    )
