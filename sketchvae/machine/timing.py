"""The time that a machine takes along a path: one estimate for `plot` and for `send`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from sketchvae.errors import SketchvaeError
from sketchvae.machine.job import Command, Point
from sketchvae.machine.words import mm_per_unit

JUNCTION = 0.01  # mm, GRBL's $11: the distance at which a rounded path would pass a corner

_LIMITS = (1.0, 1e6)  # of a speed in mm/min and of an acceleration in mm/s2
_MAX_JUNCTION = 10.0  # mm


@dataclass(frozen=True, slots=True)
class Motion:
    """How fast a machine moves.

    Attributes:
        feed: speed of the pen on paper, mm/min.
        rapid: speed of the lifted pen, mm/min: GRBL's $110 and $111.
        acceleration: mm/s2, GRBL's $120 and $121.
        pen_delay: seconds in which the pen comes down and goes up again, both together.
        rapid_acceleration: of the lifted pen, mm/s2; None for the same.
        junction: mm, GRBL's $11: the larger, the faster corners are passed.

    Raises:
        SketchvaeError: if a speed or an acceleration is not 1 to 1000000, or the junction not 0
            to 10.
    """

    feed: float = 1500.0
    rapid: float = 5000.0
    acceleration: float = 500.0
    pen_delay: float = 0.3
    rapid_acceleration: float | None = None
    junction: float = JUNCTION

    def __post_init__(self) -> None:
        for name, unit in (("feed", "mm/min"), ("rapid", "mm/min"), ("acceleration", "mm/s2")):
            _check(name, getattr(self, name), unit, name)
        if self.rapid_acceleration is not None:
            _check("rapid acceleration", self.rapid_acceleration, "mm/s2", "acceleration")
        if not 0 <= self.junction <= _MAX_JUNCTION:
            raise SketchvaeError(
                f"the junction must be 0 to {_MAX_JUNCTION:g} mm, got {self.junction:g}; try "
                f"{JUNCTION:g}"
            )

    def acceleration_of(self, is_lifted: bool) -> float:
        """Return the acceleration of the lifted or the lowered pen, mm/s2."""
        lifted = self.acceleration if self.rapid_acceleration is None else self.rapid_acceleration
        return lifted if is_lifted else self.acceleration


def _check(name: str, value: float, unit: str, usual: str) -> None:
    """Refuse a speed or an acceleration that is none.

    Args:
        name: what it is, for the message.
        value: of it.
        unit: of it.
        usual: the field of `Motion` whose default is advised.
    """
    low, high = _LIMITS
    if not low <= value <= high:
        raise SketchvaeError(
            f"the {name} must be 1 to 1000000 {unit}, got {value:g}; try {_default(usual):g}"
        )


def known_motion(values: Mapping[str, Any]) -> Motion:
    """Return the motion that a file or the profile of a machine has; the usual where it has none.

    Args:
        values: by name, with others among them that are none of a motion.

    Raises:
        SketchvaeError: if one is out of range.
    """
    names = {field.name for field in fields(Motion)} - {"feed", "pen_delay"}
    return Motion(**{name: values[name] for name in values if name in names})


def motion_of(settings: dict[int, float]) -> Motion:
    """Return how fast a machine moves by its own settings; the usual where it has none.

    Args:
        settings: value by number, as `$$` lists them.
    """
    low, high = _LIMITS

    def slower(name: str, *numbers: int) -> float:
        values = [settings[n] for n in numbers if low <= settings.get(n, 0.0) <= high]
        return min(values, default=_default(name))

    junction = settings.get(11, JUNCTION)
    return Motion(
        rapid=slower("rapid", 110, 111),
        acceleration=slower("acceleration", 120, 121),
        junction=junction if 0 <= junction <= _MAX_JUNCTION else JUNCTION,
    )


def _default(name: str) -> float:
    return next(float(field.default) for field in fields(Motion) if field.name == name)  # type: ignore[arg-type]


def segment_seconds(
    points: Sequence[Sequence[float]],
    speeds: Sequence[float],
    acceleration: float,
    junction: float = JUNCTION,
) -> list[float]:
    """Return the seconds of each segment of a polyline, from rest to rest, as GRBL plans it.

    Speed rises and falls by the acceleration. At a corner it is at most that of a circle which
    touches both segments and passes the corner at the junction distance, where its centripetal
    acceleration is the machine's (S. K. Jeon, GRBL: junction deviation).

    Args:
        points: n of them, x and y in mm.
        speeds: greatest speed of each of the n - 1 segments, mm/min.
        acceleration: mm/s2.
        junction: that distance, mm.
    """
    offsets = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    lengths = [math.hypot(*offset) for offset in offsets]
    moving = [i for i, length in enumerate(lengths) if length > 0]
    seconds = [0.0] * len(lengths)
    squares = _planned_squares(
        [offsets[i] for i in moving],
        [lengths[i] for i in moving],
        [(speeds[i] / 60) ** 2 for i in moving],
        acceleration,
        junction,
    )
    for k, i in enumerate(moving):
        seconds[i] = _trapezoid_seconds(
            lengths[i], squares[k], squares[k + 1], (speeds[i] / 60) ** 2, acceleration
        )
    return seconds


def command_seconds(
    commands: Sequence[Command], unit: str, motion: Motion, start: Point | None = None
) -> list[float]:
    """Return the seconds of each command of a job.

    Args:
        commands: in order.
        unit: "G21" or "G20", the unit of their feeds.
        motion: how fast the machine moves where a command has no feed of its own.
        start: where the pen is before, in mm; None for the end of the first move.
    """
    per_unit = mm_per_unit(unit)
    seconds = [_standing_seconds(command, per_unit, motion) for command in commands]
    path: list[tuple[int, Point, float]] = []  # index of the command, end, mm/min
    for index, command in enumerate(commands):
        if path and (command.is_synchronous or command.is_cut != commands[path[-1][0]].is_cut):
            start = _add_path(seconds, start, path, motion, not commands[path[-1][0]].is_cut)
        speed = max(command.feed * per_unit, 1.0) if command.motion else motion.rapid
        known = [point for point in command.points if not math.isnan(sum(point))]
        path += [(index, point, speed) for point in known]
    if path:
        _add_path(seconds, start, path, motion, not commands[path[-1][0]].is_cut)
    return seconds


def format_duration(seconds: float) -> str:
    """Write a time as 0:05 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _standing_seconds(command: Command, per_unit: float, motion: Motion) -> float:
    """Return the seconds of a dwell and of a vertical move, which has no acceleration here."""
    speed = max(command.feed * per_unit, 1.0) if command.motion else motion.rapid
    return command.dwell + 60 * command.rise / speed


def _add_path(
    seconds: list[float],
    start: Point | None,
    path: list[tuple[int, Point, float]],
    motion: Motion,
    is_lifted: bool,
) -> Point:
    """Add the seconds of a path from rest to rest to its commands; return its end, and clear it.

    Args:
        seconds: of all commands.
        start: of the path; None for its first point.
        path: index of the command, end and mm/min of each move.
        motion: how fast the machine moves.
        is_lifted: whether the pen is up.
    """
    begin = path[0][1] if start is None else start
    points = [begin, *(point for _, point, _ in path)]
    speeds = [speed for _, _, speed in path]
    acceleration = motion.acceleration_of(is_lifted)
    times = segment_seconds(points, speeds, acceleration, motion.junction)
    for (index, _, _), time in zip(path, times, strict=True):
        seconds[index] += time
    path.clear()
    return points[-1]


def _planned_squares(
    offsets: list[tuple[float, float]],
    lengths: list[float],
    limits: list[float],
    acceleration: float,
    junction: float,
) -> list[float]:
    """Return the squares of the speeds at the n + 1 ends of n segments, (mm/s)^2; 0 at rest.

    Args:
        offsets: of the segments, mm.
        lengths: of the segments, mm, above 0.
        limits: squares of the greatest speeds on the segments.
        acceleration: mm/s2.
        junction: distance at which a corner is passed, mm.
    """
    count = len(lengths)
    squares = [0.0] * (count + 1)
    for i in range(1, count):
        corner = _corner_square(
            offsets[i - 1 : i + 1], lengths[i - 1 : i + 1], acceleration * junction
        )
        squares[i] = min(corner, limits[i - 1], limits[i])
    gains = [2 * acceleration * length for length in lengths]
    for i in range(1, count + 1):
        squares[i] = min(squares[i], squares[i - 1] + gains[i - 1])
    for i in range(count - 1, -1, -1):
        squares[i] = min(squares[i], squares[i + 1] + gains[i])
    return squares


def _corner_square(offsets: list[tuple[float, float]], lengths: list[float], bend: float) -> float:
    """Return the square of the highest speed at the corner between two segments, (mm/s)^2.

    Args:
        offsets: of the two segments, mm.
        lengths: of both, mm, above 0.
        bend: acceleration times the junction distance, (mm/s)^2.
    """
    (ax, ay), (bx, by) = offsets
    cosine = -(ax * bx + ay * by) / (lengths[0] * lengths[1])  # of the angle within the corner
    half_sine = math.sqrt((1 - min(max(cosine, -1.0), 1.0)) / 2)
    return math.inf if half_sine == 1 else bend * half_sine / (1 - half_sine)


def _trapezoid_seconds(
    length: float, first: float, last: float, limit: float, acceleration: float
) -> float:
    """Return the seconds of a segment that speeds up, goes evenly, and slows down.

    Args:
        length: mm, above 0.
        first: square of the speed at its start, (mm/s)^2.
        last: square of the speed at its end.
        limit: square of the greatest speed on it.
        acceleration: mm/s2.
    """
    peak = math.sqrt(min((first + last + 2 * acceleration * length) / 2, limit))
    changing = (2 * peak - math.sqrt(first) - math.sqrt(last)) / acceleration
    even = length - (2 * peak**2 - first - last) / (2 * acceleration)
    return changing + max(even, 0.0) / peak
