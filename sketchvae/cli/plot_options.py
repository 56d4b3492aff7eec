"""Option groups of `sketchvae plot`: page, pens, and what is written.

An option that is None takes the default of the object which it goes into.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.completion import complete_pages
from sketchvae.cli.paths import OUTPUT
from sketchvae.cli.plot_machine import not_none

if TYPE_CHECKING:
    from sketchvae.plot.layout import Arrangement, Layout
    from sketchvae.plot.page import Page
    from sketchvae.plot.plan import Pens


@dataclass(frozen=True)
class LayoutOptions:
    """The page, and where drawings lie on it."""

    page: Annotated[
        str,
        click.option(
            "--page",
            default="a4",
            show_default=True,
            shell_complete=complete_pages,
            help="a6 to a0, letter, or as 148x210mm.",
        ),
    ]
    landscape: Annotated[
        bool,
        click.option(
            "--landscape", is_flag=True, help="Turn the page so that it is wider than high."
        ),
    ]
    margin: Annotated[
        float | None,
        click.option("--margin", type=float, help="Free along the edges, mm.  [default: 10]"),
    ]
    layout: Annotated[
        "Arrangement",
        click.option(
            "--layout",
            type=click.Choice(["grid", "packed", "keep"]),
            default="grid",
            show_default=True,
            help="In rows; nestled, as large as can be; or where they are, in mm.",
        ),
    ]
    gap: Annotated[
        float | None,
        click.option(
            "--gap",
            type=float,
            help="Free between drawings, mm.  [default: in a grid 4, packed 1]",
        ),
    ]
    vary: Annotated[
        float | None,
        click.option(
            "--vary", type=float, help="Share of the size that some are smaller by, 0 to 0.9."
        ),
    ]
    seed: Annotated[
        int | None,
        click.option("--seed", type=click.IntRange(0), help="Of that chance.  [default: 0]"),
    ]
    smooth: Annotated[bool, click.option("--smooth", is_flag=True, help="Curves as in pictures.")]

    def sheet(self) -> "Page":
        """Return the page."""
        from sketchvae.plot.page import parse_page

        return parse_page(self.page, self.landscape)

    def chosen_layout(self) -> "Layout":
        """Return how drawings are laid out."""
        from sketchvae.plot.layout import Layout

        chosen = not_none(margin=self.margin, gap=self.gap, vary=self.vary, seed=self.seed)
        return Layout(self.layout, smooth=self.smooth, **chosen)


@dataclass(frozen=True)
class PenOptions:
    """The pens, and which of them draws what."""

    pens: Annotated[
        str | None,
        click.option(
            "--pens", metavar="COLOURS", help="By number, as 'black,#cc4433'.  [default: black]"
        ),
    ]
    by_drawing: Annotated[
        str | None,
        click.option(
            "--by-drawing",
            metavar="PENS",
            help="Pens of the drawings in turn, as 1,2,2.  [default: all]",
        ),
    ]
    by_stroke: Annotated[
        str | None,
        click.option(
            "--by-stroke", metavar="PENS", help="Instead, of the strokes of each drawing."
        ),
    ]
    pen_width: Annotated[
        float | None,
        click.option("--pen-width", type=float, help="Of the line, mm.  [default: 0.3]"),
    ]

    def chosen_pens(self) -> "Pens":
        """Return the pens.

        Raises:
            click.UsageError: for a list that is not of numbers.
        """
        from sketchvae.cli.style import colours
        from sketchvae.plot.plan import PEN_WIDTH, Pens

        return Pens(
            ("black",) if self.pens is None else colours(self.pens),
            _numbers("--by-drawing", self.by_drawing),
            _numbers("--by-stroke", self.by_stroke),
            PEN_WIDTH if self.pen_width is None else self.pen_width,
        )


@dataclass(frozen=True)
class OutputOptions:
    """What is written beside the plot, and whether it is written at all."""

    optimize: Annotated[
        bool,
        click.option(
            "--optimize", is_flag=True, help="In another order, for less travel, with vpype."
        ),
    ]
    picture: Annotated[
        Path | None,
        click.option(
            "--picture",
            type=OUTPUT,
            help="Write a picture too, .svg or .png, with the travel of the lifted pen.",
        ),
    ]
    dry_run: Annotated[
        bool,
        click.option(
            "--dry-run", is_flag=True, help="Check and measure all, but do not write OUTPUT."
        ),
    ]


def _numbers(option: str, text: str | None) -> tuple[int, ...] | None:
    """Read the numbers of pens behind an option."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.UsageError(
            f"{option} must be numbers of pens, as 1,2,2, got {text!r}"
        ) from None
