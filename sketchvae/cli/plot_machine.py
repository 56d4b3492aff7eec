"""Option groups that describe a machine: speed, pen lift, and where the page lies.

An option that is None takes the default of the object which it goes into.
"""

from dataclasses import asdict, dataclass, replace
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
        motion = Motion(**speeds)
        return replace(motion, pen_delay=lift.delay(motion))


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
        from sketchvae.plot.pen_lift import HEIGHTS, make_lift

        has_own = self.pen_up is not None or self.pen_down is not None
        self._refuse_unused(() if has_own else HEIGHTS[self.dialect])
        if has_own and (self.pen_up is None or self.pen_down is None):
            raise click.UsageError("--pen-up and --pen-down go together; name both")
        return make_lift(asdict(self))

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
        """Return where the page lies."""
        from sketchvae.plot.bed import make_machine

        return make_machine(asdict(self))
