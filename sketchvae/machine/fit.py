"""Whether a job fits the settings of a machine: its travel, and the pulses of a servo.

The settings are never written. Their meaning is defined by GRBL's documentation, "Grbl v1.1
Configuration"; the pulse of a speed, by its `spindle_control.c`.
"""

from sketchvae.errors import SketchvaeError
from sketchvae.machine.job import Job, count_strokes, ink_lengths
from sketchvae.machine.timing import Motion, command_seconds, format_duration
from sketchvae.machine.words import pen_words

_MAX_TRAVEL = {"X": 130, "Y": 131}  # settings, mm
_MAX_SPEED, _MIN_SPEED, _LASER_MODE = 30, 31, 32  # settings
_PULSES = 255  # of GRBL's output: 0 is off, and 1 the shortest
_MIN_DIFFERENCE = 0.02  # of the pulses up and down, as a share of all: a servo barely moves below


def check_machine(job: Job, settings: dict[int, float]) -> list[str]:
    """Hold a job against the settings of a machine.

    Args:
        job: to be drawn.
        settings: value by number, as `$$` lists them.

    Returns:
        Warnings for the operator.

    Raises:
        SketchvaeError: if the job is larger than the machine, or its pen would not move.
    """
    return [*_check_travel(job, settings), *_check_pulses(job, settings)]


def describe(job: Job, motion: Motion) -> str:
    """Return in words what a job draws: strokes, ink, extent, pen and time.

    Args:
        job: to be described.
        motion: how fast the machine moves.
    """
    x0, y0, x1, y1 = job.extent
    ink = sum(ink_lengths(job))
    time = format_duration(sum(command_seconds(job.commands, job.unit, motion, (0.0, 0.0))))
    return (
        f"{job.name}: {count_strokes(len(job.strokes))}, {ink:.0f} mm of ink, X{x0:g} to {x1:g} "
        f"and Y{y0:g} to {y1:g} mm, the pen is lifted by {job.pen_up}, about {time}"
    )


def _check_travel(job: Job, settings: dict[int, float]) -> list[str]:
    """Refuse a job larger than the machine; return warnings."""
    warnings = []
    x0, y0, x1, y1 = job.extent
    for axis, size in (("X", x1 - x0), ("Y", y1 - y0)):
        number = _MAX_TRAVEL[axis]
        travel = settings.get(number)
        if travel is None:
            warnings.append(f"the machine does not say how far {axis} reaches (${number})")
        elif size > travel + 0.01:
            raise SketchvaeError(
                f"{job.name}: must fit the machine's {travel:g} mm in {axis} (${number}), needs "
                f"{size:g} mm from its origin; choose a smaller page, or turn it"
            )
    return warnings


def _check_pulses(job: Job, settings: dict[int, float]) -> list[str]:
    """Refuse a job whose servo would not move by the settings; return warnings."""
    if not job.pen_up.is_spindle:
        return []
    if settings.get(_LASER_MODE) == 1:
        raise SketchvaeError(
            f"{job.name}: must not be sent in laser mode ($32=1), where the pulse is off while the "
            "pen travels; type $32=0 in a terminal of the machine"
        )
    greatest = settings.get(_MAX_SPEED)
    up, downs = _speeds(job)
    if greatest is None or not downs:
        return []
    least = settings.get(_MIN_SPEED, 0.0)
    asked = [speed for speed in (up, *downs) if speed is not None]
    words = " and ".join(f"S{speed:g}" for speed in asked)
    if up is not None and max(asked) > greatest:
        raise SketchvaeError(
            f"{job.name}: the servo must get at most S{greatest:g}, the machine's greatest ($30), "
            f"gets {words}; plot the file with other --up and --down, or set $30={_round(asked)}"
        )
    pulses = [0 if up is None else _pulse(up, least, greatest)]
    pulses += [_pulse(speed, least, greatest) for speed in downs]
    if len({*pulses}) == 1:
        raise SketchvaeError(
            f"{job.name}: pen up and down must be two pulses, are one ({words} with $30="
            f"{greatest:g}), so the pen would not move; plot the file with other --up and --down, "
            f"or set $30={_round(asked)}"
        )
    if up is not None and max(abs(p - pulses[0]) for p in pulses) < _MIN_DIFFERENCE * _PULSES:
        return [
            f"{words} are nearly one pulse with $30={greatest:g}: the pen may hardly move; $30="
            f"{_round(asked)} would spread them"
        ]
    return []


def _speeds(job: Job) -> tuple[float | None, list[float]]:
    """Return the S that lifts the pen, None if the spindle is off then, and those that lower it."""
    words = dict(job.pen_up.words)
    up = None if words.get("M") == 5 else words.get("S")
    lowering = (
        dict(pen_words(command.text))
        for command in job.commands
        if not job.pen_up.is_lift(command.text)
    )
    downs = {values["S"] for values in lowering if "S" in values and values.get("M") != 5}
    return up, sorted(downs)


def _pulse(speed: float, least: float, greatest: float) -> int:
    """Return the pulse, 0 to 255, that GRBL makes of an S.

    Args:
        speed: the S.
        least: $31.
        greatest: $30.
    """
    if speed <= 0:
        return 0
    if least >= greatest or speed >= greatest:
        return _PULSES
    return 1 + int(max(speed - least, 0.0) * (_PULSES - 1) / (greatest - least))


def _round(speeds: list[float]) -> int:
    """Return a $30 that suits some S: the next of 255, 1000, 2550, 10000 and so on."""
    value, factors = 255.0, (1000 / 255, 2.55)
    index = 0
    while value < max(speeds):
        value *= factors[index % 2]
        index += 1
    return round(value)
