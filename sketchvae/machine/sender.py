"""Stream a job to a machine: at the pace that it can take, watched, and stopped with the pen up."""

import contextlib
import time
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from sketchvae.errors import SketchvaeError
from sketchvae.machine.grbl import BUFFER, START, STATUS, Grbl
from sketchvae.machine.job import Command, Job, marked
from sketchvae.machine.journal import Record, Start, remaining
from sketchvae.machine.responses import MachineError, check_answer

ASK = 0.2  # seconds between two questions for the state
RAPID = 3000.0  # mm a minute of a lifted pen, where the machine does not say


class Stopped(SketchvaeError):  # noqa: N818 - nothing went wrong
    """A person wants to stop."""


class Person(Protocol):
    """Who stands beside the machine."""

    @property
    def listens(self) -> bool:
        """Whether there is anybody to press Enter."""

    def pressed(self) -> bool:
        """Whether Enter was pressed since this was asked last."""

    def check(self) -> None:
        """Raise `Stopped` if the job is to stop."""

    def say(self, text: str) -> None:
        """Tell something."""

    def progress(self, stroke: int, done: float, whole: float) -> None:
        """Tell how far the job is: the stroke, seconds of estimated work done and in all."""


def check_machine(job: Job, settings: dict[int, float]) -> list[str]:
    """Hold a job against the settings of a machine.

    Args:
        job: to be drawn.
        settings: by number, as `$$` tells them.

    Returns:
        What a person should know before it is drawn.

    Raises:
        SketchvaeError: if the job is larger than the machine.
    """
    warnings = []
    x0, y0, x1, y1 = job.extent
    for axis, number, size in (("X", 130, x1 - x0), ("Y", 131, y1 - y0)):
        travel = settings.get(number)
        if travel is None:
            warnings.append(f"the machine does not say how far {axis} reaches (${number})")
        elif size > travel + 0.01:
            raise SketchvaeError(
                f"{job.name}: must fit the machine's {travel:g} mm in {axis} (${number}), needs "
                f"{size:g} mm from its origin; choose a smaller page, or turn it"
            )
    if job.has_servo and settings.get(32) == 1:
        warnings.append(
            "the machine is in laser mode ($32=1): a servo pen will not move while it stands "
            "still; set $32=0 in a terminal"
        )
    return warnings


class Stream:
    """Send a job, one line after the other.

    Args:
        machine: connected and idle.
        job: to be drawn.
        person: beside the machine.
        record: where it is written down how far the job is; None where nothing is drawn ($C).
        counted: whether to keep GRBL's receive buffer full instead of waiting for the answer
            to each line.
    """

    def __init__(
        self,
        machine: Grbl,
        job: Job,
        person: Person,
        record: Record | None,
        counted: bool = False,
    ) -> None:
        self.machine, self.job, self.person, self.record = machine, job, person, record
        self.counted = counted
        self.lift = (job.unit + "G90", *job.pen_up)
        self.waiting: deque[Command] = deque()  # sent, not acknowledged
        self.stroke = 0  # drawn
        self._bytes = 0
        self._asked = self._moved = time.monotonic()
        self._pause = False
        self._work: deque[float] = deque()
        self._done = self._whole = 0.0

    def check(self) -> None:
        """Let the machine read the whole job without moving ($C).

        Raises:
            SketchvaeError: if it refuses a line.
        """
        try:
            self.machine.command("$C")
        except MachineError as error:
            raise SketchvaeError(f"{self.machine.name}: the machine {error}") from error
        self.run(Start(0))
        self.machine.halt(self.lift, moving=False)  # the way out of $C is a reset

    def run(self, start: Start) -> None:
        """Send what is left of the job from `start` on, and wait until it is drawn.

        Raises:
            SketchvaeError: if it could not be finished; the pen is up if the machine let us,
                and the message says how to go on.
        """
        commands = list(marked(self.job, remaining(self.job, start)))
        rapid = min(self.machine.settings.get(n, RAPID) for n in (110, 111))
        self._work = deque(self.job.seconds(iter(commands), rapid))
        self._whole = sum(self._work)
        self.stroke = max(commands[0].stroke, self.record.done if self.record else 0)
        self.machine.heard = time.monotonic()
        try:
            self._send(commands)
        except (MachineError, Stopped) as problem:
            raise self._ended(problem) from problem
        except BaseException:  # whatever it is, the pen goes up
            self._lift(None)
            raise

    # --- line by line -------------------------------------------------------------------

    def _send(self, commands: Iterable[Command]) -> None:
        previous = None
        for command in commands:
            if self._pause and previous is not None and previous.ends:
                self._wait_for_a_person()
            pauses = command.pauses and self.record is not None
            self._make_room(0 if pauses else len(command.text) + 1)
            self._send_one(command)
            if pauses:
                self._change_the_pen(command)
            previous = command
        self._make_room(0)

    def _send_one(self, command: Command) -> None:
        if self.record and command.line:
            self.record.sends(command.line)
        self.waiting.append(command)
        self._bytes += len(command.text) + 1
        self._moved = time.monotonic() if len(self.waiting) == 1 else self._moved
        self.machine.send(command.text)

    def _make_room(self, size: int) -> None:
        """Wait for answers until a line of this many bytes may be sent; 0: until all are there."""
        while self.waiting and (not (size and self.counted) or self._bytes + size > BUFFER):
            self._hear()
        self._watch()

    def _hear(self) -> None:
        """Take in what the machine says next."""
        line = self.machine.read()
        if line == "ok" and self.waiting:
            command = self.waiting.popleft()
            self._bytes -= len(command.text) + 1
            self._moved = time.monotonic()
            self._acknowledged(command)
        elif line:
            check_answer(line, self.waiting[0].text if self.waiting else "")
        self._watch()

    def _acknowledged(self, command: Command) -> None:
        self._done += self._work.popleft()
        if self.record and command.line:
            self.record.acknowledged = command.line
        if command.ends:
            self.stroke = command.stroke
            if self.record:
                self.record.drawn(command.stroke)
        self.person.progress(self.stroke, self._done, self._whole)

    def _watch(self) -> None:
        """Ask for the state now and then; see whether the machine is alive and what people want."""
        self.person.check()
        self._pause = self.person.pressed() != self._pause
        now = time.monotonic()
        if now - self._asked < ASK:
            return
        timeout = self.machine.timeout
        if now - self.machine.heard > timeout + ASK:
            raise self.machine.silent("did not say anything")
        # In a long move the ok is late, but the state is Run; in a dwell it is Idle.
        heard = self.machine.heard
        if self.machine.state != "Idle":
            self._moved = heard
        elif self.waiting and heard - self._moved > timeout + self.waiting[0].dwell:
            raise self.machine.silent(f"did not acknowledge {self.waiting[0].text}, idle,")
        self.machine.realtime(STATUS)
        self._asked = now

    # --- people -------------------------------------------------------------------------

    def _wait_for_a_person(self) -> None:
        """Pause between two strokes, the pen up, until Enter is pressed again."""
        self._make_room(0)
        self.person.say(
            f"paused after stroke {self.stroke} of {self.job.strokes}, the pen is up; Enter goes on"
        )
        while self._pause and self.person.listens:  # a closed keyboard would be for ever
            self.machine.read()
            self._watch()
        self._pause = False

    def _change_the_pen(self, command: Command) -> None:
        """Wait at M0 until Enter is pressed, or the machine's own button."""
        pen = self.job.pen_of(command.stroke)
        button = "press Enter" if self.person.listens else "press the machine's cycle start"
        self.person.say(f"put in {'pen ' + pen if pen else 'the next pen'}, then {button}")
        self._pause = False
        while self.waiting:
            self._hear()
            if self._pause and self.machine.state == "Hold:0":
                self.machine.realtime(START)
                self.machine.state = ""  # until it tells a new one
        self._pause = False

    # --- the end ------------------------------------------------------------------------

    def _ended(self, problem: SketchvaeError) -> SketchvaeError:
        """Stop the machine with the pen up, and say what happened and how to go on."""
        fault = problem if isinstance(problem, MachineError) else None
        lines = {command.line for command in self.waiting} - {0}
        where = f"{self.job.name}, line {min(lines)}" if lines else self.job.name
        pen, placed = self._lift(fault)
        what = f"the machine {problem}" if fault and fault.linked else str(problem)
        if self.record is None:
            return SketchvaeError(f"{where}: {what}; nothing was drawn")
        if not placed:
            self.record.lost()
        elif fault and fault.refused and lines:
            with contextlib.suppress(MachineError):
                self.record.refuses(min(lines), self.machine.where()[:2])
        return SketchvaeError(f"{where}: {what}; {pen}; {self._advice(fault, placed)}")

    def _lift(self, fault: MachineError | None) -> tuple[str, bool]:
        """Stop with the pen up; say where the pen is, and whether the machine knows its place."""
        if fault and not fault.linked:  # it draws what it has, and stands there
            return "the pen may be down: lift it by hand", True
        try:
            placed = self.machine.halt(self.lift, moving=not (fault and fault.alarmed))
        except MachineError as error:
            return f"the pen could not be lifted (the machine {error}): lift it by hand", False
        return "the pen is up", placed and (fault is None or fault.placed)

    def _advice(self, fault: MachineError | None, placed: bool) -> str:
        count = f"{self.stroke} of {self.job.strokes} strokes are drawn"
        following = f"--from {min(self.stroke + 1, self.job.strokes)}"
        if not placed:
            return f"{count}; home it or bring the pen to the origin, then go on with {following}"
        if fault and fault.refused:
            return f"{count}; go on with --resume, or mend that line and go on with {following}"
        return f"{count}; go on with --resume"
