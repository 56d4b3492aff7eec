"""Where a broken-off job goes on: its journal, held against the position of the machine."""

import math
from collections.abc import Iterable, Iterator

from sketchvae.machine.job import POSITION_TOLERANCE, Command, Job, Point, Stroke
from sketchvae.machine.journal import Journal
from sketchvae.machine.resume import ResumePoint

_PLANNED = 17  # moves that GRBL may have acknowledged and not drawn: 15 blocks and two under way
_STEP = 0.0125  # mm, the precision with which a machine reports its position

_Move = tuple[int, Point, Point]  # number of its line, start, end


def find_resume_point(journal: Journal, position: Point) -> ResumePoint | None:
    """Find where a job goes on: the first command that is not drawn, and the point within it.

    Args:
        journal: of the job.
        position: of the machine now, x and y in mm.

    Returns:
        None if the machine is not on the path that it was sent.
    """
    job = journal.job
    last = journal.refused - 1 if journal.refused else journal.sent
    last = max(last, journal.first - 1)  # a run within a stroke sends nothing before its first
    run = [command for command in job.commands if journal.first <= command.line <= last]
    moves = list(_moves(run, journal.position))
    end = moves[-1][2] if moves else journal.position
    if math.dist(end, position) <= POSITION_TOLERANCE:
        return _point_behind(job, last, position)
    if line := _line_under_pen(journal, moves, position):
        return _point_behind(job, line - 1, position)
    if journal.refused and math.dist(journal.stopped, position) <= POSITION_TOLERANCE:
        return _point_behind(job, last, end)  # it has drawn the lines behind the refused one
    return None


def _moves(commands: Iterable[Command], position: Point) -> Iterator[_Move]:
    """Yield the segments of a path that begins at a position."""
    for command in commands:
        for point in command.points:
            x, y = (p if not math.isnan(p) else q for p, q in zip(point, position, strict=True))
            yield command.line, position, (x, y)
            position = (x, y)


def _line_under_pen(journal: Journal, moves: list[_Move], position: Point) -> int:
    """Return the number of the line that the machine was drawing; 0 if it is not on its path.

    Only moves count that may not be drawn yet: the last that GRBL can have planned, behind the
    last command for which it stands still, in strokes that are not done. Of two that are as
    near, the earlier is chosen.

    Args:
        journal: of the job.
        moves: that were sent.
        position: of the machine, x and y in mm.
    """
    known = journal.acknowledged
    drawn = max(
        (c.line for c in journal.job.commands if c.line <= known and c.is_synchronous), default=0
    )
    ended = [command.line for command in journal.job.header]
    ended += [stroke.last_line for stroke in journal.job.strokes[: journal.done]]
    drawn = max([drawn, *ended])
    unacknowledged = sum(line > known for line, _, _ in moves)
    near = [
        (round(distance / _STEP), line)
        for line, start, end in moves[-_PLANNED - unacknowledged :]
        if line > drawn and (distance := _distance(position, start, end)) <= POSITION_TOLERANCE
    ]
    return min(near, default=(0, 0))[1]


def _point_behind(job: Job, line: int, position: Point) -> ResumePoint:
    """Return the point behind a line: within its stroke if that has ink, else at its beginning.

    Args:
        job: that goes on.
        line: number of the last line that is drawn; 0 for none.
        position: where the pen comes down within a stroke, x and y in mm.
    """
    count = len(job.strokes)
    following = next((command for command in job.commands if command.line > line), None)
    if following is None:
        return ResumePoint(count + 2)
    if not 1 <= following.stroke <= count:  # the header or the footer
        return ResumePoint(following.stroke)
    return _point_within(job.strokes[following.stroke - 1], following, position)


def _point_within(stroke: Stroke, following: Command, position: Point) -> ResumePoint:
    """Return the point before a command of a stroke, or the next stroke if no ink is left.

    Args:
        stroke: with the command.
        following: the first command that is not drawn.
        position: where the pen comes down, x and y in mm.
    """
    cuts = [(i, command) for i, command in enumerate(stroke.cuts) if command.is_cut]
    left = [(i, command) for i, command in cuts if command.line >= following.line]
    if not cuts:
        return ResumePoint(stroke.number)
    if not left:
        return ResumePoint(stroke.number + 1)
    index, cut = left[0]
    has_begun = following.line >= cuts[0][1].line
    if has_begun and cut.is_straight:
        return ResumePoint(stroke.number, index, position)
    return ResumePoint(stroke.number)


def _distance(position: Point, start: Point, end: Point) -> float:
    """Return the distance of a position from the segment between two points, in mm."""
    length = math.dist(start, end)
    if length == 0:
        return math.dist(position, start)
    t = sum((p - a) * (b - a) for p, a, b in zip(position, start, end, strict=True)) / length**2
    t = min(max(t, 0.0), 1.0)
    nearest = (start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]))
    return math.dist(position, nearest)
