"""The commands that lift a pen and lower it: with a servo, a spindle's output, or the Z axis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sketchvae.errors import SketchvaeError
from sketchvae.machine.comments import SEPARATOR, UNSAFE, pen_up_comment, split_commands
from sketchvae.machine.interpreter import Modes
from sketchvae.machine.timing import Motion, command_seconds
from sketchvae.machine.tokens import tokenize
from sketchvae.machine.words import MAX_LINE
from sketchvae.svg_page import format_number

Dialect = Literal["servo", "z", "spindle"]

HEIGHTS = {"servo": ("up", "down"), "spindle": ("down",), "z": ("up", "down", "plunge")}
MAX_COMMANDS = MAX_LINE - len(pen_up_comment(()))  # characters, so that the comment holds them
MAX_DWELL = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class PenLift:
    """How a machine lifts its pen.

    Attributes:
        up: commands that lift the pen, at least one.
        down: commands that lower it, at least one.
        dwell_up: seconds to wait after it was lifted, 0 to 60.
        dwell_down: seconds to wait after it was lowered, 0 to 60.

    Raises:
        SketchvaeError: for a command that GRBL would misread, or a dwell out of range.
    """

    up: tuple[str, ...]
    down: tuple[str, ...]
    dwell_up: float = 0.2
    dwell_down: float = 0.2

    def __post_init__(self) -> None:
        for name, commands in (("pen-up", self.up), ("pen-down", self.down)):
            text = SEPARATOR.join(commands)
            if not all(commands) or not commands or len(text) > MAX_COMMANDS:
                raise SketchvaeError(
                    f"a {name} command must have 1 to {MAX_COMMANDS} characters, got "
                    f"{text!r:.90}; try 'M3 S60'"
                )
            if any(UNSAFE.search(command) for command in commands):
                raise SketchvaeError(
                    f"a {name} command must be ASCII without any of !?~()$;%, got {text!r}; try "
                    "'M3 S60', and | between two commands"
                )
        for name, dwell in (("up", self.dwell_up), ("down", self.dwell_down)):
            if not 0 <= dwell <= MAX_DWELL:
                raise SketchvaeError(
                    f"the dwell after pen-{name} must be 0 to 60 seconds, got {dwell:g}; try 0.2"
                )

    def delay(self, motion: Motion) -> float:
        """Return the seconds in which the pen comes down and goes up again: dwells and rises.

        Args:
            motion: how fast the machine moves where a command has no feed of its own.
        """
        lines = [f"F{format_number(motion.feed, 3)}", *self.up, *self.down, *self.up]
        try:
            program = [*Modes("").run(tokenize("\n".join(lines), "", None))]
        except SketchvaeError:  # of other firmware than GRBL: its moves are not known
            return self.dwell_up + self.dwell_down
        commands = [command for _, command in program[1 + len(self.up) :] if command is not None]
        return self.dwell_up + self.dwell_down + sum(command_seconds(commands, "G21", motion))


def make_lift(options: Mapping[str, Any]) -> PenLift:
    """Return how a pen is lifted by options of `sketchvae plot`, as a profile holds them.

    Args:
        options: `pen_up` and `pen_down`, or `dialect` with those of HEIGHTS that it has; `dwell_up`
            and `dwell_down`. What is missing or None is the usual; others are ignored.

    Raises:
        SketchvaeError: for a value out of range.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "pen_up" in given:
        lift = PenLift(split_commands(given["pen_up"]), split_commands(given["pen_down"]))
    else:
        dialect = given.get("dialect", "servo")
        make: dict[str, Callable[..., PenLift]] = {"servo": servo, "spindle": spindle, "z": z_axis}
        lift = make[dialect](**{name: given[name] for name in HEIGHTS[dialect] if name in given})
    dwells = {name: given[name] for name in ("dwell_up", "dwell_down") if name in given}
    return replace(lift, **dwells)


def servo(up: float = 60.0, down: float = 90.0) -> PenLift:
    """Lift with a servo in the place of a spindle, by `M3 S`.

    Args:
        up: pulse of the servo for the lifted pen, 0 to 100000.
        down: the same for the lowered pen.

    Raises:
        SketchvaeError: for a pulse out of range.
    """
    for pulse in (up, down):
        _check_spindle(pulse)
    return PenLift((f"M3 S{format_number(up, 3)}",), (f"M3 S{format_number(down, 3)}",))


def spindle(down: float = 1000.0) -> PenLift:
    """Lift with what a spindle's output switches, such as a magnet: `M5` is up, `M3 S` is down.

    Args:
        down: speed of the spindle for the lowered pen, 0 to 100000.

    Raises:
        SketchvaeError: for a speed out of range.
    """
    _check_spindle(down)
    return PenLift(("M5",), (f"M3 S{format_number(down, 3)}",))


def z_axis(up: float = 5.0, down: float = 0.0, plunge: float = 1000.0) -> PenLift:
    """Lift with the Z axis, by G1 in both directions and without a dwell.

    Args:
        up: height of the lifted pen in mm, above `down`, within 200 mm.
        down: height of the lowered pen in mm, within 200 mm.
        plunge: speed of the Z axis up and down, mm/min, 1 to 1000000.

    Raises:
        SketchvaeError: for a value out of range.
    """
    if not -200 <= down < up <= 200:
        raise SketchvaeError(
            f"the pen must be up above where it is down, within 200 mm, got Z{up:g} up and "
            f"Z{down:g} down; try 5 and 0"
        )
    if not 1 <= plunge <= 1e6:
        raise SketchvaeError(
            f"the rate of descent must be 1 to 1000000 mm/min, got {plunge:g}; try 1000"
        )
    high, low = (f"G1 Z{format_number(z, 3)} F{format_number(plunge, 3)}" for z in (up, down))
    return PenLift((high,), (low,), 0.0, 0.0)


def _check_spindle(speed: float) -> None:
    if not 0 <= speed <= 100_000:
        raise SketchvaeError(f"S must be 0 to 100000, got {speed:g}; try 60")
