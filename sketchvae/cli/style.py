"""Options of style: how the ink and the page look."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.completion import complete_colours
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.render.page import Style

_OPAQUE = (".gif", ".mp4")  # films without partial transparency


@dataclass(frozen=True)
class StyleOptions:
    """How the ink looks, and the width of the page in mm."""

    smooth: Annotated[
        bool,
        click.option(
            "--smooth/--no-smooth",
            default=True,
            help="Smooth curves through the points, or straight lines.  [default: smooth]",
        ),
    ]
    width: Annotated[
        float,
        click.option("--width", default=100.0, show_default=True, help="Width of the page in mm."),
    ]
    stroke_width: Annotated[
        float | None,
        click.option(
            "--stroke-width", type=float, help="Of the line in mm.  [default: by the page]"
        ),
    ]
    colour: Annotated[
        str | None,
        click.option(
            "--colour",
            shell_complete=complete_colours,
            metavar="COLOUR",
            help="Of the ink: a name, #rrggbb, or currentColor.  [default: black; white on a "
            "dark background; in HTML light on a dark page]",
        ),
    ]
    palette: Annotated[
        str | None,
        click.option(
            "--palette",
            shell_complete=complete_colours,
            metavar="COLOURS",
            help="Colours of the strokes by order, as in 'navy,#cc4433'.",
        ),
    ]
    background: Annotated[
        str | None,
        click.option(
            "--background",
            shell_complete=complete_colours,
            metavar="COLOUR",
            help="Of the page, or none.  [default: none; white in pictures of pixels]",
        ),
    ]

    numbered: Annotated[
        bool, click.option("--numbered", is_flag=True, help="The number beside each drawing.")
    ]

    def style_for(self, output: Path) -> "Style":
        """Return the style of a file; its suffix chooses the colours that were not given.

        On a dark background the ink is white, unless its colour was given.

        Raises:
            SketchvaeError: for no background where the format must have one, or one that hides all
                ink.
        """
        from sketchvae.render.page import Style

        suffix = output.suffix.lower()
        is_clear = (self.background or "").strip().lower() == "none"
        if is_clear and suffix in _OPAQUE:
            raise SketchvaeError(
                f"{output}: {suffix} must have a background, got none; choose .png, .webp or .svg, "
                "or name a colour with --background"
            )
        # Viewers show pixels on a ground of any colour.
        background = self.background or (None if suffix in (".svg", ".html") else "white")
        style = Style(
            stroke_width=self.stroke_width,
            colour=self.colour or "black",
            smooth=self.smooth,
            background=None if is_clear else background,
            palette=None if self.palette is None else colours(self.palette),
        )
        if self.background and not is_clear:
            return self._legible(style)
        # HTML may be shown light on dark.
        is_plain = suffix == ".html" and self.colour is None
        return replace(style, colour="currentColor") if is_plain else style

    def _legible(self, style: "Style") -> "Style":
        """Return the style with ink that shows on its background.

        Raises:
            SketchvaeError: if the colours that were given do not.
        """
        from sketchvae.render.canvas import is_dark, parse_colour

        style.check_colours()
        if self.colour is None and is_dark(style.background or "white"):
            style = replace(style, colour="white")
        inks = {parse_colour(ink) for ink in style.inks}
        if inks == {parse_colour(style.background or "white")}:
            raise SketchvaeError(
                f"the ink must differ from the background, got {style.background} for both; choose "
                "another --colour or --background"
            )
        return style


def colours(text: str) -> tuple[str, ...]:
    """Split a list of colours at its commas, but not within rgb(1, 2, 3)."""
    return tuple(c.strip() for c in re.split(r",(?![^()]*\))", text) if c.strip())
