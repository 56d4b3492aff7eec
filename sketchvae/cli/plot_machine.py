"""Option groups that describe a machine: speed, pen lift, and where the page lies.

An option that is None takes the default of the object which it goes into.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import click

if TYPE_CHECKING:
    from sketchvae.machine.timing import Motion
    from sketchvae.plot.bed import Corner, Machine
    from sketchvae.plot.pen_lift import PenLift


def not_none(**values: float | None) -> dict[str, Any]:
    """Return the values that are not None, by name."""
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class MotionOptions:
    """How fast the machine moves."""

    feed: Annotated[
        float | None,
        click.option(
            "--feed",
            type=float,
            help="Of the pen on paper, mm/min.  [default: the machine's, for GRBL 1500]",
        ),
    ]
    rapid: Annotated[
        float | None,
        click.option(
            "--rapid",
            type=float,
            help="Lifted, mm/min, to estimate time.  [default: the machine's]",
        ),
    ]
    acceleration: Annotated[
        float | None,
        click.option(
            "--acceleration", type=float, help="mm/s2, to estimate time.  [default: the machine's]"
        ),
    ]
    rapid_acceleration: Annotated[
        float | None,
        click.option("--rapid-acceleration", type=float, help="Lifted.  [default: the same]"),
    ]
    junction: Annotated[
        float | None,
        click.option(
            "--junction",
            type=float,
            help="GRBL's $11, mm: the larger, the faster corners are passed, to estimate time.  "
            "[default: the machine's]",
        ),
    ]

    def motion(self, lift: "PenLift") -> "Motion":
        """Return the motion of a machine that lifts its pen in a given way."""
        from sketchvae.machine.timing import Motion

        speeds = not_none(
            feed=self.feed,
            rapid=self.rapid,
            acceleration=self.acceleration,
            rapid_acceleration=self.rapid_acceleration,
            junction=self.junction,
        )
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
class PlacementOptions:
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

        bed = None if self.bed is None else parse_page(self.bed, unit="mm")
        try:
            x, y = (float(part) for part in (self.offset or "0,0").split(","))
        except ValueError:
            raise click.UsageError(
                f"--offset must be two lengths in mm, as 10,5, got {self.offset!r}"
            ) from None
        size = None if bed is None else (bed.width, bed.height)
        return Machine(size, self.origin, (x, y), self.home)
