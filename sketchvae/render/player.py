"""A page for the browser that plays a drawing, in one file and without a network."""

import html
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from sketchvae.drawing import Drawing, number
from sketchvae.render.smil import Animation
from sketchvae.render.svg import Style, title, to_svg
from sketchvae.render.timeline import timeline

TEMPLATE = Path(__file__).with_name("player.html")
CURRENT = "currentColor"  # ink as the text around it: dark on a light page, light on a dark one
PLAYER_STYLE = Style(colour=CURRENT)
DEFAULT_ANIMATION = Animation()


def to_html(
    drawings: Sequence[Drawing],
    *,
    width_mm: float = 100.0,
    style: Style = PLAYER_STYLE,
    columns: int | None = None,
    animation: Animation = DEFAULT_ANIMATION,
) -> str:
    """Write drawings as one HTML page that plays, pauses, scrubs and loops.

    It holds the animated SVG and sets its clock, needs no network, and keeps to what the
    reader's system asks for: less motion (the finished drawing stands still until Play is
    pressed), and a dark page where the ink is currentColor. Other ink was chosen for a light page.

    Args:
        drawings: at least one of them with a stroke.
        width_mm: width of the drawn page, to which the width of the line refers; it is shown as
            large as the window allows.
        style: how the ink looks.
        columns: cells in a row; None makes the sheet as square as it can be.
        animation: how it draws itself; whether it loops can be changed on the page.

    Raises:
        SketchvaeError: as `to_svg`.
    """
    once = replace(animation, loop=False)
    svg = to_svg(drawings, width_mm=width_mm, style=style, columns=columns, animation=once)
    duration = timeline(drawings, animation.pace).duration
    return player(svg, title(drawings), duration, animation, style)


def player(svg: str, name: str, duration: float, animation: Animation, style: Style) -> str:
    """Write the page that plays an animated SVG.

    Args:
        svg: plays once, on its own clock.
        name: for the title; empty for a drawing without a word.
        duration: in seconds.
        animation: whether it loops, and the pause before it does.
        style: tells whether the ink is for a dark page, too.
    """
    inks = {ink.lower() for ink in style.inks}
    dark_too = inks == {CURRENT.lower()} and style.background is None
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(name or "A drawing"),
        scheme="light dark" if dark_too else "light",
        svg=svg,
        duration=number(duration, 6),
        pause=number(animation.pause, 6),
        checked="checked" if animation.loop else "",
    )
