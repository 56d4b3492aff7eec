"""Option groups of `sketchvae plot`: page, pens, speed, pen lift, and machine.

An option that is None takes the default of the object which it goes into.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from sketchvae.cli.paths import OUTPUT

if TYPE_CHECKING:
    from sketchvae.machine.timing import Motion
    from sketchvae.plot.bed import Corner, Machine
    from sketchvae.plot.layout import Arrangement, Layout
    from sketchvae.plot.page import Page
    from sketchvae.plot.pen_lift import PenLift
    from sketchvae.plot.plan import Pens


def not_none(**values: float | None) -> dict[str, Any]:
    """Return the values that are not None, by name."""
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class LayoutOptions:
    """The page, and where drawings lie on it."""

    page: Annotated[
        str,
        click.option(
            "--page", default="a4", show_default=True, help="a6 to a0, letter, or as 148x210mm."
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

    def sheet(self) -> "Page":
        """Return the page."""
        from sketchvae.plot.page import parse_page

        return parse_page(self.page, self.landscape)

    def chosen_layout(self) -> "Layout":
        """Return how drawings are laid out."""
        from sketchvae.plot.layout import Layout

        chosen = not_none(margin=self.margin, gap=self.gap, vary=self.vary, seed=self.seed)
        return Layout(self.layout, **chosen)


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
        from sketchvae.cli.options import colours
        from sketchvae.plot.plan import PEN_WIDTH, Pens

        return Pens(
            ("black",) if self.pens is None else colours(self.pens),
            _numbers("--by-drawing", self.by_drawing),
            _numbers("--by-stroke", self.by_stroke),
            PEN_WIDTH if self.pen_width is None else self.pen_width,
        )


@dataclass(frozen=True)
class MotionOptions:
    """How fast the machine moves."""

    feed: Annotated[
        float | None,
        click.option("--feed", type=float, help="Of the pen on paper, mm/min.  [default: 1500]"),
    ]
    rapid: Annotated[
        float | None,
        click.option(
            "--rapid", type=float, help="Lifted, mm/min, to estimate time.  [default: 5000]"
        ),
    ]
    acceleration: Annotated[
        float | None,
        click.option("--acceleration", type=float, help="mm/s2, to estimate time.  [default: 500]"),
    ]

    def motion(self, lift: "PenLift") -> "Motion":
        """Return the motion of a machine that lifts its pen in a given way."""
        from sketchvae.machine.timing import Motion

        speeds = not_none(feed=self.feed, rapid=self.rapid, acceleration=self.acceleration)
        return Motion(**speeds, pen_delay=lift.delay)


@dataclass(frozen=True)
class LiftOptions:
    """How the machine lifts its pen."""

    dwell_up: Annotated[
        float | None,
        click.option(
            "--dwell-up", type=float, help="Seconds after a lift.  [default: 0.2, with z 0]"
        ),
    ]
    dwell_down: Annotated[
        float | None,
        click.option(
            "--dwell-down", type=float, help="Seconds after lowering.  [default: 0.2, with z 0]"
        ),
    ]
    dialect: Annotated[
        str,
        click.option(
            "--dialect",
            type=click.Choice(["servo", "z", "spindle"]),
            default="servo",
            show_default=True,
            help="G-code lifts the pen with M3 S, the Z axis, or M3 and M5.",
        ),
    ]
    up: Annotated[
        float | None,
        click.option("--up", type=float, help="S of the servo, or Z in mm.  [default: S60, Z5]"),
    ]
    down: Annotated[
        float | None,
        click.option(
            "--down", type=float, help="The same, lowered.  [default: S90, Z0, spindle S1000]"
        ),
    ]
    plunge: Annotated[
        float | None,
        click.option("--plunge", type=float, help="Rate of descent of Z, mm/min.  [default: 1000]"),
    ]
    pen_up: Annotated[
        str | None,
        click.option(
            "--pen-up", metavar="COMMANDS", help="Your own, | between two; with --pen-down."
        ),
    ]
    pen_down: Annotated[
        str | None,
        click.option(
            "--pen-down", metavar="COMMANDS", help="Your own, | between two; with --pen-up."
        ),
    ]

    def pen_lift(self) -> "PenLift":
        """Return how the pen is lifted.

        Raises:
            click.UsageError: for options that do not go together.
        """
        has_own = self.pen_up is not None or self.pen_down is not None
        lift = self._own() if has_own else self._usual()
        return replace(lift, **not_none(dwell_up=self.dwell_up, dwell_down=self.dwell_down))

    def _own(self) -> "PenLift":
        """Return the lift by --pen-up and --pen-down."""
        from sketchvae.machine.comments import split_commands
        from sketchvae.plot.pen_lift import PenLift

        self._refuse_unused(())
        if self.pen_up is None or self.pen_down is None:
            raise click.UsageError("--pen-up and --pen-down go together; name both")
        return PenLift(split_commands(self.pen_up), split_commands(self.pen_down))

    def _usual(self) -> "PenLift":
        """Return the lift of --dialect."""
        from sketchvae.plot.pen_lift import PenLift, servo, spindle, z_axis

        makers: dict[str, tuple[Callable[..., PenLift], tuple[str, ...]]] = {
            "servo": (servo, ("up", "down")),
            "spindle": (spindle, ("down",)),
            "z": (z_axis, ("up", "down", "plunge")),
        }
        make, names = makers[self.dialect]
        self._refuse_unused(names)
        return make(**not_none(**{name: getattr(self, name) for name in names}))

    def _refuse_unused(self, used: tuple[str, ...]) -> None:
        heights = {"down": self.down, "plunge": self.plunge, "up": self.up}
        typed = [f"--{n}" for n, value in heights.items() if value is not None and n not in used]
        if typed:
            raise click.UsageError(
                f"{', '.join(typed)}: not for this way to lift the pen; leave it out"
            )


@dataclass(frozen=True)
class MachineOptions:
    """Where the page lies on the machine."""

    bed: Annotated[
        str | None,
        click.option("--bed", help="What the machine reaches, as 300x200mm.  [default: the page]"),
    ]
    origin: Annotated[
        "Corner",
        click.option(
            "--origin",
            type=click.Choice(["bottom-left", "bottom-right", "top-left", "top-right"]),
            default="bottom-left",
            show_default=True,
            help="Corner of the bed at X0 Y0, in which the page lies; Y grows upwards.",
        ),
    ]
    offset: Annotated[
        str | None,
        click.option(
            "--offset", metavar="X,Y", help="Of the page from that corner, mm.  [default: 0,0]"
        ),
    ]
    home: Annotated[
        bool,
        click.option(
            "--home/--no-home", default=True, help="Go to X0 Y0 at the end.  [default: home]"
        ),
    ]

    def chosen_machine(self) -> "Machine":
        """Return where the page lies.

        Raises:
            click.UsageError: for an offset that is not two lengths.
        """
        from sketchvae.plot.bed import Machine
        from sketchvae.plot.page import parse_page

        bed = None if self.bed is None else parse_page(self.bed)
        try:
            x, y = (float(part) for part in (self.offset or "0,0").split(","))
        except ValueError:
            raise click.UsageError(
                f"--offset must be two lengths in mm, as 10,5, got {self.offset!r}"
            ) from None
        size = None if bed is None else (bed.width, bed.height)
        return Machine(size, self.origin, (x, y), self.home)


@dataclass(frozen=True)
class OutputOptions:
    """What is written beside the plot, and whether it is written at all."""

    optimize: Annotated[
        bool,
        click.option(
            "--optimize", is_flag=True, help="In another order, for less travel, with vpype."
        ),
    ]
    preview: Annotated[
        Path | None,
        click.option(
            "--preview",
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
