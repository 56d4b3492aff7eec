"""Drawings to one HTML page that plays them in a browser, without a network."""

import html
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from sketchvae.drawing import Drawing
from sketchvae.render.page import CURRENT_COLOUR, PageSpec, Style, title
from sketchvae.render.svg import to_svg
from sketchvae.render.timeline import DEFAULT_ANIMATION, Animation, timeline
from sketchvae.svg_page import format_number

TEMPLATE = Path(__file__).with_name("player.html")
PLAYER_STYLE = Style(colour=CURRENT_COLOUR)  # dark ink on a light page, light ink on a dark page


def to_html(
    spec: PageSpec, drawings: Sequence[Drawing], animation: Animation = DEFAULT_ANIMATION
) -> str:
    """Return drawings as one HTML page that plays, pauses, scrubs and loops.

    The page holds the animated SVG and sets its clock. It follows the settings of the reader's
    system: with reduced motion the finished drawing stands still until Play is pressed; a dark
    page is dark if the ink is currentColor, for other colours are chosen for a light page.

    Args:
        spec: the page; it is shown as large as the window allows.
        drawings: as many as it has cells for, at least one with a stroke.
        animation: how it draws itself; a switch on the page changes whether it loops.

    Raises:
        SketchvaeError: as `to_svg`.
    """
    svg = to_svg(spec, drawings, replace(animation, loop=False), always=True)
    duration = timeline(drawings, animation.pace).duration
    return player(svg, title(drawings), duration, animation, spec.style)


def player(svg: str, name: str, duration: float, animation: Animation, style: Style) -> str:
    """Return the HTML page that plays an animated SVG.

    Args:
        svg: plays once, on its own clock.
        name: title of the page; empty for a drawing without a word.
        duration: seconds.
        animation: whether it loops, and the pause before it does.
        style: of the SVG; ink in currentColor without paper is shown on a dark page too.
    """
    inks = {ink.lower() for ink in style.inks}
    dark_too = inks == {CURRENT_COLOUR.lower()} and style.background is None
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(name or "A drawing"),
        scheme="light dark" if dark_too else "light",
        paper=style.background or "transparent",  # beside the SVG, too
        svg=svg,
        duration=format_number(duration, 6),
        pause=format_number(animation.pause, 6),
        checked="checked" if animation.loop else "",
    )
