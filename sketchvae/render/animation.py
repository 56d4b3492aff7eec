"""Drawings being drawn, to a file: the suffix chooses SVG, a player in HTML, or a film."""

from collections.abc import Sequence
from pathlib import Path

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.render import frames
from sketchvae.render.player import to_html
from sketchvae.render.smil import Animation
from sketchvae.render.svg import Style, check_page, to_svg

PAGES = (".svg", ".html")
SUFFIXES = (*PAGES, *frames.SUFFIXES)
LOOPING = (".gif", ".png", ".apng", ".webp")


def loops(path: Path) -> bool:
    """Whether a file of that name repeats unless told otherwise.

    A picture that moves has no button to see it again; pages and videos can be reloaded.
    """
    return path.suffix.lower() in LOOPING


def check_suffix(path: Path) -> str:
    """Return the suffix in lower case.

    Raises:
        SketchvaeError: if no animation has it; names all that are known.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SketchvaeError(
            f"{path}: an animation must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, "
            f"got {path.suffix or 'no suffix'}; try -o {path.stem.strip('-') or 'sheep'}.svg"
        )
    return suffix


def check_animation(
    path: Path,
    count: int,
    *,
    width_mm: float,
    style: Style,
    columns: int | None = None,
    rate: float = frames.RATE,
    pixels: int | None = None,
) -> None:
    """Refuse what cannot be written before anything is drawn.

    Raises:
        SketchvaeError: see `write_animation`.
    """
    if check_suffix(path) in PAGES:
        check_page(count, width_mm, style, columns)
    else:
        frames.check_film(path, count, rate, pixels, width_mm, style, columns)


def write_animation(
    path: Path,
    drawings: Sequence[Drawing],
    animation: Animation,
    *,
    width_mm: float,
    style: Style,
    columns: int | None = None,
    rate: float = frames.RATE,
    pixels: int | None = None,
) -> None:
    """Write drawings being drawn into a file.

    Args:
        path: replaced whole or not at all; .svg, .html, or a film as `save_frames` has them.
        drawings: at least one of them with a stroke.
        animation: how they are drawn.
        width_mm: width of the page.
        style: how the ink looks.
        columns: cells in a row; None makes the sheet as square as it can be.
        rate: frames a second of a film.
        pixels: width of a film; None leaves it to `save_frames`.

    Raises:
        SketchvaeError: for another suffix, what cannot be drawn or timed, or a file that
            cannot be written.
    """
    count = len(drawings)
    check_animation(
        path, count, width_mm=width_mm, style=style, columns=columns, rate=rate, pixels=pixels
    )
    if path.suffix.lower() not in PAGES:
        frames.save_frames(
            path,
            drawings,
            animation,
            rate=rate,
            pixels=pixels,
            width_mm=width_mm,
            style=style,
            columns=columns,
        )
        return
    to_text = to_html if path.suffix.lower() == ".html" else to_svg
    with replacing(path) as beside:
        text = to_text(
            drawings, width_mm=width_mm, style=style, columns=columns, animation=animation
        )
        beside.write_text(text.rstrip() + "\n", encoding="utf-8")
