"""A point in a job from which it can be drawn, and the commands to send from there."""

from dataclasses import dataclass, replace

from sketchvae.machine.job import Command, Job, Point
from sketchvae.machine.words import mm_per_unit


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a job begins or goes on.

    Attributes:
        stroke: number of the stroke; 0 for the header, one more than the last for the footer,
            and more than that where nothing is left.
        cut: index of the command among the cuts of the stroke.
        position: where the pen comes down within the stroke, x and y in mm; None for the
            beginning of the stroke, where `cut` is 0.
    """

    stroke: int
    cut: int = 0
    position: Point | None = None


def go_on_advice(done: int, count: int) -> str:
    """Return how to go on without a journal, for an error message.

    Args:
        done: number of strokes that are drawn.
        count: strokes of the job.
    """
    return f"go on with --from {done + 1}" if done < count else "nothing is left to draw"


def first_command(job: Job, point: ResumePoint) -> Command:
    """Return the first command of the file that is drawn from a point on; its last if none is.

    Args:
        job: with the point.
        point: in the job.
    """
    if point.position is not None:
        return job.strokes[point.stroke - 1].cuts[point.cut]
    commands = job.commands_from(point.stroke) if point.stroke else job.commands
    return (commands or job.commands[-1:])[0]


def remaining_commands(job: Job, point: ResumePoint) -> tuple[Command, ...]:
    """Return the commands to send from a point on; empty if nothing is left.

    Args:
        job: with the point.
        point: in the job. Behind the header, the header comes first, then the feed in force or
            the travel to the point within a stroke; their `line` is 0.
    """
    if point.stroke == 0:
        return job.commands
    rest = job.commands_from(point.stroke)
    if not rest:
        return ()
    header = _unlogged(job.header)
    if point.position is None:
        feed = Command(0, f"F{rest[0].feed:g}") if rest[0].feed else None
        return (*header, *((feed,) if feed else ()), *rest)
    stroke = job.strokes[point.stroke - 1]
    cut = stroke.cuts[point.cut]
    scale = mm_per_unit(job.unit)
    travel = Command(0, f"G0{_words(point.position, scale)}", cut.stroke, points=(point.position,))
    before = _unlogged((*stroke.travel, *stroke.pen_down))
    down = (command for command in before if not command.points and not command.pauses)
    ink = replace(cut, text=f"G1{_words(cut.points[-1], scale)}F{cut.feed:g}")
    behind = (*stroke.cuts[point.cut + 1 :], *stroke.pen_up)
    return (*header, travel, *down, ink, *behind, *job.commands_from(point.stroke + 1))


def _unlogged(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Return commands without their line numbers: a journal must not go back to them."""
    return tuple(replace(command, line=0) for command in commands)


def _words(point: Point, scale: float) -> str:
    return f"X{point[0] / scale:.4f}Y{point[1] / scale:.4f}"
