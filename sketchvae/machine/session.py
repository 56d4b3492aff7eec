"""One run of the sender: connect, hold the job against the machine, begin or go on, and draw."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from sketchvae.errors import SketchvaeError
from sketchvae.machine.fit import check_machine
from sketchvae.machine.grbl import TIMEOUT, Grbl
from sketchvae.machine.job import Job, count_strokes
from sketchvae.machine.journal import Journal
from sketchvae.machine.protocol import MachineError
from sketchvae.machine.recovery import find_resume_point
from sketchvae.machine.resume import ResumePoint, go_on_advice, remaining_commands
from sketchvae.machine.sender import Operator, Sender, UnfinishedError
from sketchvae.machine.timing import format_duration


class PlaceLostError(UnfinishedError):
    """The machine is not where an unfinished job left it.

    Attributes:
        following: number of the stroke to begin with once the pen is at the origin again.
    """

    def __init__(self, happened: str, done: int, count: int) -> None:
        """Describe a job.

        Args:
            happened: why the place is lost.
            done: number of strokes that are drawn.
            count: strokes of the job.
        """
        advice = f", then {go_on_advice(done, count)}"
        super().__init__(f"{happened}; home it or bring the pen to the origin", advice)
        self.following = done + 1


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How a job is sent.

    Attributes:
        character_counting: whether to keep GRBL's receive buffer full.
        check: whether the machine only reads the job, without moving ($C).
        resume: whether to go on where the journal of an earlier run ends.
        first: stroke to begin with; None for the first, if there is no journal.
        home: whether to home the machine before ($H).
        unlock: whether to unlock the machine before, if it is locked ($X).
        timeout: seconds of silence after which the machine is lost.
    """

    character_counting: bool = False
    check: bool = False
    resume: bool = False
    first: int | None = None
    home: bool = False
    unlock: bool = False
    timeout: float = TIMEOUT


def send_job(
    port: str, job: Job, journal_path: Path, options: SendOptions, operator: Operator
) -> None:
    """Send a job to the machine at a port, and report to the operator.

    Args:
        port: name of a serial port, or a URL as pyserial takes it.
        job: to be drawn.
        journal_path: file of the journal, which is there until the job is finished.
        options: how it is sent.
        operator: beside the machine.

    Raises:
        SketchvaeError: if the job does not fit the machine or the journal, or cannot be finished.
    """
    began = time.monotonic()
    earlier = None if options.check else _read_earlier(journal_path, job, options)
    with contextlib.closing(Grbl(port, options.timeout, operator.check)) as machine:
        unlock = "$H" if options.home else "$X" if options.unlock else None
        try:
            machine.connect(unlock, operator.report)
        except MachineError as error:
            raise SketchvaeError(f"{machine.name}: {machine.sentence(error)}") from error
        for warning in check_machine(job, machine.settings):
            operator.report(f"warning: {warning}")
        if options.check:
            Sender(machine, job, operator, None, options.character_counting).check()
            count = count_strokes(len(job.strokes))
            operator.report(f"{job.name}: {count}, every line accepted; nothing was drawn")
            return
        _draw(machine, job, journal_path, earlier, options, operator)
    count = count_strokes(len(job.strokes) - (options.first or 1) + 1)
    operator.report(f"{job.name}: {count} drawn, in {format_duration(time.monotonic() - began)}")


def _read_earlier(path: Path, job: Job, options: SendOptions) -> Journal | None:
    """Read the journal of an earlier run, and refuse to draw over its strokes unasked."""
    count = len(job.strokes)
    if options.first is not None and options.first > count:
        raise SketchvaeError(f"{job.name}: --from must be 1 to {count}, got {options.first}")
    if options.first is not None:
        return None
    earlier = Journal.read(path, job)
    if earlier is None:
        if options.resume:
            raise SketchvaeError(
                f"{path}: must be the record of an unfinished {job.name}, is none; leave "
                "--resume out, or name the stroke with --from"
            )
        return None
    if earlier.mended:
        raise SketchvaeError(
            f"{job.name}: was changed since the machine refused line {earlier.refused} of it, with "
            f"{earlier.done} of {count} strokes drawn ({path}); "
            f"{go_on_advice(earlier.done, count)}, or begin anew with --from 1"
        )
    if not options.resume and earlier.refused:
        raise SketchvaeError(
            f"{job.name}: {earlier.done} of {count} strokes are drawn, and the machine refused "
            f"line {earlier.refused} ({path}); mend that line, then "
            f"{go_on_advice(earlier.done, count)} (--resume sends it again as it is)"
        )
    if not options.resume:
        raise SketchvaeError(
            f"{job.name}: {earlier.done} of {count} strokes are drawn ({path}); go on with "
            "--resume, or begin anew with --from 1"
        )
    if not earlier.position_known:
        raise PlaceLostError(
            f"{job.name}: the machine lost its place after stroke {earlier.done}",
            earlier.done,
            count,
        )
    return earlier


def _draw(
    machine: Grbl,
    job: Job,
    path: Path,
    earlier: Journal | None,
    options: SendOptions,
    operator: Operator,
) -> None:
    """Draw a job, or the rest of it, with a journal on disk that is removed at the end."""
    x, y, _ = machine.query_position()
    start = _starting_point(machine, job, earlier, options, (x, y))
    journal = Journal(path, job, start, (x, y))
    journal.create()
    finished = not remaining_commands(job, start)
    try:
        if not finished:
            if start.stroke:
                operator.report(_going_on(job, start))
            Sender(machine, job, operator, journal, options.character_counting).run(start)
        finished = True
    finally:
        journal.close(finished)


def _starting_point(
    machine: Grbl,
    job: Job,
    earlier: Journal | None,
    options: SendOptions,
    position: tuple[float, float],
) -> ResumePoint:
    """Return where to begin; refuse a machine that is not where the earlier run left it."""
    if earlier is None:
        return ResumePoint(options.first or 0)
    start = find_resume_point(earlier, position)
    if start is None:
        raise PlaceLostError(
            f"{machine.name}: the machine is at {position[0]:.2f}, {position[1]:.2f}, not where "
            "the job left it: it was moved, or switched off",
            earlier.done,
            len(job.strokes),
        )
    return start


def _going_on(job: Job, start: ResumePoint) -> str:
    """Return the sentence about where a job goes on."""
    count = len(job.strokes)
    within = ", within it" if start.position else ""
    pen = job.pen_of(start.stroke)
    return f"{job.name}: goes on with stroke {min(start.stroke, count)} of {count}{within}" + (
        f", pen {pen}" if pen else ""
    )
