"""Drawings as a picture, still or being drawn, in bytes."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sketchvae.drawing import Drawing
from sketchvae.render.animation import animation_spec, write_animation
from sketchvae.render.page import PageSpec, PictureSpec, Style
from sketchvae.render.svg import to_svg
from sketchvae.render.timeline import Animation, Pace

PictureForm = Literal["svg", "animated-svg", "png", "gif"]


def to_picture(
    form: PictureForm, drawings: Sequence[Drawing], style: Style, pixels: int | None = None
) -> bytes:
    """Return drawings on one page as a picture; several are drawn together.

    Args:
        form: of the picture.
        drawings: one or more.
        style: look of the ink and the paper.
        pixels: width of PNG and GIF; None for the usual one.

    Raises:
        SketchvaeError: for what cannot be drawn.
    """
    count = len(drawings)
    if form == "png":
        from sketchvae.render.png import to_png

        return to_png(PictureSpec(count, style=style, pixels=pixels), drawings)
    animation = Animation(Pace(together=count > 1), loop=form == "gif")
    if form == "gif":
        with tempfile.TemporaryDirectory() as folder:  # films are written into files
            path = Path(folder) / "film.gif"
            write_animation(
                animation_spec(path, count, style=style, pixels=pixels), drawings, animation
            )
            return path.read_bytes()
    moving = animation if form == "animated-svg" else None
    return f"{to_svg(PageSpec(count, style=style), drawings, moving)}\n".encode()
