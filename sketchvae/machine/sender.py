"""Send a job at the pace that a machine can take, watch it, and stop it with the pen up."""

import contextlib
import time
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from sketchvae.errors import Interrupted, SketchvaeError
from sketchvae.machine.grbl import Grbl
from sketchvae.machine.job import Command, Job, sync_marks
from sketchvae.machine.journal import Journal
from sketchvae.machine.protocol import RX_BUFFER, START, STATUS, MachineError, check_response
from sketchvae.machine.resume import ResumePoint, go_on_advice, remaining_commands
from sketchvae.machine.timing import command_seconds, motion_of

POLL_SECONDS = 0.2  # between two requests for a report


class Operator(Protocol):
    """The person beside the machine."""

    @property
    def has_keyboard(self) -> bool:
        """Whether there is a keyboard on which to press Enter."""

    def pressed(self) -> bool:
        """Return whether Enter was pressed since the last call."""

    def pauses_after(self, stroke: int) -> bool:
        """Return whether the job is to pause behind a stroke, given its number, unasked."""

    def check(self) -> None:
        """Raise `Interrupted` if the job is to stop."""

    def report(self, text: str) -> None:
        """Show a sentence."""

    def wait(self, text: str, how: str) -> None:
        """Show that the job waits, the pen up, until `pressed` or the machine's own button.

        Args:
            text: for what, as "paused after stroke 3 of 40, the pen is up".
            how: it goes on, at a keyboard, as "; Enter goes on".
        """

    def progress(self, stroke: int, done: float, total: float) -> None:
        """Show how far the job is.

        Args:
            stroke: number of strokes that are drawn.
            done: seconds of the estimate that are done.
            total: seconds of the estimate.
        """


class UnfinishedError(SketchvaeError):
    """A job that was begun and is not finished.

    Attributes:
        happened: what happened, where the pen is, and how far the job is: the message without its
            advice for the command line.
    """

    def __init__(self, happened: str, advice: str) -> None:
        """Describe a job.

        Args:
            happened: as the attribute.
            advice: the end of the message, with the "; " or ", " before it.
        """
        super().__init__(happened + advice)
        self.happened = happened


class Sender:
    """Sends one job, line after line.

    Attributes:
        stroke: number of strokes that are drawn.
    """

    def __init__(
        self,
        machine: Grbl,
        job: Job,
        operator: Operator,
        journal: Journal | None,
        character_counting: bool = False,
    ) -> None:
        """Prepare to send; `run` sends.

        Args:
            machine: connected and idle.
            job: to be drawn.
            operator: beside the machine.
            journal: of the job; None where nothing is drawn ($C).
            character_counting: whether to keep GRBL's receive buffer full instead of waiting for
                the answer to each line.
        """
        self.machine, self.job, self.operator, self.journal = machine, job, operator, journal
        self.character_counting = character_counting
        self.stroke = 0
        self._inked = 0  # number of strokes whose last cut is acknowledged
        self._last_cuts = {stroke.cuts[-1].line for stroke in job.strokes if stroke.cuts}
        self._pen_up = (job.unit + "G90", *job.pen_up.lines)
        self._waiting: deque[Command] = deque()  # sent, and not acknowledged
        self._waiting_bytes = 0
        self._asked = self._last_busy = time.monotonic()
        self._pause = False  # whether to pause behind the present stroke
        self._seconds: deque[float] = deque()  # estimated, of each command that is not done
        self._done_seconds = self._total_seconds = 0.0

    def check(self) -> None:
        """Let the machine read the whole job without moving ($C).

        Raises:
            SketchvaeError: if it refuses a line.
        """
        try:
            self.machine.command("$C")
        except MachineError as error:
            raise SketchvaeError(f"{self.machine.name}: {self.machine.sentence(error)}") from error
        self.run(ResumePoint(0))
        self.machine.abort(self._pen_up, moving=False)  # the way out of $C is a reset

    def run(self, start: ResumePoint) -> None:
        """Send the job from a point on, and wait until it is drawn.

        Args:
            start: the point; something must be left to draw.

        Raises:
            SketchvaeError: if the job could not be finished. The pen is up if the machine still
                obeys, and the message tells how to go on.
        """
        commands = list(sync_marks(self.job, remaining_commands(self.job, start)))
        motion = motion_of(self.machine.settings)
        self._seconds = deque(command_seconds(commands, self.job.unit, motion))
        self._total_seconds = sum(self._seconds)
        self.stroke = max(commands[0].stroke, self.journal.done if self.journal else 0)
        self.machine.last_received = time.monotonic()
        try:
            self._send(commands)
        except (MachineError, Interrupted) as problem:
            raise self._stopped(problem) from problem
        except BaseException:  # whatever it is, the pen goes up
            self._lift(None)
            raise

    # --- line by line -------------------------------------------------------------------

    def _send(self, commands: Iterable[Command]) -> None:
        previous = None
        for command in commands:
            if previous is not None and previous.ends_stroke:
                self._pause = self._pause or self.operator.pauses_after(previous.stroke)
                if self._pause:
                    self._wait_for_enter()
            is_pause = command.pauses and self.journal is not None
            self._make_room(0 if is_pause else len(command.text) + 1)
            self._send_one(command)
            if is_pause:
                self._change_pen(command)
            previous = command
        self._make_room(0)

    def _send_one(self, command: Command) -> None:
        if self.journal and command.line:
            self.journal.log_sent(command.line)
        self._waiting.append(command)
        self._waiting_bytes += len(command.text) + 1
        if len(self._waiting) == 1:
            self._last_busy = time.monotonic()
        self.machine.send(command.text)

    def _make_room(self, size: int) -> None:
        """Read answers until a line may be sent.

        Args:
            size: of the line in bytes; 0 waits for all answers, as does a sender that counts no
                characters.
        """
        wait_for_all = not (size and self.character_counting)
        while self._waiting and (wait_for_all or self._waiting_bytes + size > RX_BUFFER):
            self._read_answer()
        self._watch()

    def _read_answer(self) -> None:
        """Read the machine's next line."""
        line = self.machine.read()
        if line == "ok" and self._waiting:
            command = self._waiting.popleft()
            self._waiting_bytes -= len(command.text) + 1
            self._last_busy = time.monotonic()
            self._acknowledge(command)
        elif line:
            check_response(line, self._waiting[0].text if self._waiting else "")
        self._watch()

    def _acknowledge(self, command: Command) -> None:
        self._done_seconds += self._seconds.popleft()
        if self.journal and command.line:
            self.journal.acknowledged = command.line
        if command.ends_stroke or command.line in self._last_cuts:
            self._inked = command.stroke
        if command.is_dwell:  # the machine stands, so all that it took is drawn
            self._log_done()
        self.operator.progress(self.stroke, self._done_seconds, self._total_seconds)

    def _log_done(self) -> None:
        """Count the strokes whose last cut is acknowledged as drawn."""
        if self._inked > self.stroke:
            self.stroke = self._inked
            if self.journal:
                self.journal.log_done(self.stroke)

    def _watch(self) -> None:
        """Look after the operator, and now and then whether the machine is alive."""
        self.operator.check()
        self._pause = self.operator.pressed() != self._pause
        now = time.monotonic()
        if now - self._asked < POLL_SECONDS:
            return
        self._check_alive(now)
        self.machine.send_bytes(STATUS)
        self._asked = now

    def _check_alive(self, now: float) -> None:
        """Raise if the machine is silent, or idle without the answer to a line.

        In a long move the answer is late, but the state is Run; in a dwell it is Idle.
        """
        timeout, last_received = self.machine.timeout, self.machine.last_received
        if now - last_received > timeout + POLL_SECONDS:
            raise self.machine.timeout_error("did not say anything")
        if self.machine.state != "Idle":
            self._last_busy = last_received
        elif self._waiting:
            command = self._waiting[0]
            if last_received - self._last_busy > timeout + command.dwell:
                raise self.machine.timeout_error(f"did not acknowledge {command.text}, idle,")

    # --- the operator -------------------------------------------------------------------

    def _wait_for_enter(self) -> None:
        """Pause between two strokes, the pen up, until Enter is pressed again."""
        self._make_room(0)
        self.operator.wait(
            f"paused after stroke {self.stroke} of {len(self.job.strokes)}, the pen is up",
            "; Enter goes on",
        )
        while self._pause and self.operator.has_keyboard:  # else it would wait for ever
            self.machine.read()
            self._watch()
        self._pause = False

    def _change_pen(self, command: Command) -> None:
        """Wait at an M0 until Enter is pressed, or the machine's own button.

        Args:
            command: the M0, which is sent.
        """
        pen = self.job.pen_of(command.stroke)
        button = "press Enter" if self.operator.has_keyboard else "press the machine's cycle start"
        self.operator.wait(f"put in {'pen ' + pen if pen else 'the next pen'}", f", then {button}")
        self._pause = False
        while self._waiting:
            self._read_answer()
            if self._pause and self.machine.state == "Hold:0":
                self.machine.send_bytes(START)
                self.machine.state = ""  # until it reports a new one
        self._pause = False

    # --- the end ------------------------------------------------------------------------

    def _stopped(self, problem: SketchvaeError) -> UnfinishedError:
        """Stop the machine with the pen up; return what happened and how to go on."""
        fault = problem if isinstance(problem, MachineError) else None
        lines = {command.line for command in self._waiting} - {0}
        where = f"{self.job.name}, line {min(lines)}" if lines else self.job.name
        pen, position_known = self._lift(fault)
        what = self.machine.sentence(fault) if fault else str(problem)
        if self.journal is None:
            return UnfinishedError(f"{where}: {what}; nothing was drawn", "")
        if not position_known:
            self.journal.log_position_lost()
        elif fault and fault.refused and lines:
            with contextlib.suppress(MachineError):
                self.journal.log_refused(min(lines), self.machine.query_position()[:2])
        drawn = f"{self.stroke} of {len(self.job.strokes)} strokes are drawn"
        return UnfinishedError(
            f"{where}: {what}; {pen}; {drawn}", f"; {self._advice(fault, position_known)}"
        )

    def _lift(self, fault: MachineError | None) -> tuple[str, bool]:
        """Stop with the pen up.

        Args:
            fault: of the machine; None if a person or a bug stopped the job.

        Returns:
            Where the pen is, in words, and whether the machine's position is still right.
        """
        if fault and not fault.connected:  # it draws what is in its buffer, and stands there
            return "the pen may be down: lift it by hand", True
        if fault and fault.refused and self.journal and not self.character_counting:
            self._finish_ink()
        try:
            is_alarm = fault is not None and fault.alarm
            position_known = self.machine.abort(self._pen_up, moving=not is_alarm)
        except MachineError as error:
            return (
                f"the pen could not be lifted ({self.machine.sentence(error)}): lift it by hand",
                False,
            )
        return "the pen is up", position_known and (fault is None or fault.position_known)

    def _finish_ink(self) -> None:
        """Let the machine draw what it took before a line that it refused, and nothing is behind.

        So a stroke is drawn as a whole whose pen-up is followed by the refused line.
        """
        with contextlib.suppress(MachineError, Interrupted):
            self.machine.command("G4P0")
            self._log_done()

    def _advice(self, fault: MachineError | None, position_known: bool) -> str:
        """Return how to go on."""
        following = go_on_advice(self.stroke, len(self.job.strokes))
        if not position_known:
            return f"home it or bring the pen to the origin, then {following}"
        if fault and fault.refused:
            return f"mend that line, then {following} (--resume sends it again as it is)"
        if fault and fault.alarm:
            return f"move the origin or choose a smaller page, then {following}"
        return "go on with --resume"
