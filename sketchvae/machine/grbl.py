"""A machine that runs GRBL 1.1: connect, ask, command, stop.

Traps that a careless sender falls into: the greeting may be lost; `?` has no `ok`, and its answer
may come anywhere; silence may be a long move; a reset in motion loses the position; a reset just
behind an alarm is not heard.
"""

import contextlib
import math
import re
import time
from collections.abc import Callable, Sequence

from sketchvae.errors import SketchvaeError
from sketchvae.machine.job import POSITION_TOLERANCE
from sketchvae.machine.link import Link, Position
from sketchvae.machine.protocol import (
    HOLD,
    READ_SECONDS,
    RESET,
    STATUS,
    MachineError,
    check_response,
    check_version,
    is_greeting,
    stranger_error,
)

TIMEOUT = 10.0  # seconds of silence after which a machine is lost
HOMING_SECONDS = 300.0  # a machine is silent while it homes
POLL_SECONDS = 0.25  # between two requests for a report
RESET_SECONDS = 1.0  # between two resets: GRBL hears none for 0.5 s behind an alarm
_RESETS = 4  # at least, before a machine is lost
_REPORTS = 40  # to ask for: GRBL adds the work origin to every 10th, or every 30th in motion


class _TimeoutError(MachineError):
    """The machine does not answer in time."""


class Grbl(Link):
    """A machine that is connected.

    Attributes:
        timeout: seconds of silence after which the machine is lost.
    """

    def __init__(
        self, name: str, timeout: float = TIMEOUT, on_wait: Callable[[], object] = lambda: None
    ) -> None:
        """Open the port to a machine.

        Args:
            name: of a serial port, or a URL as pyserial takes it (`socket://host:port`).
            timeout: as the attribute.
            on_wait: is called while the machine is waited for; may raise.

        Raises:
            SketchvaeError: if the port is missing or busy.
        """
        super().__init__(name, on_wait)
        self.timeout = timeout

    def timeout_error(self, what: str) -> MachineError:
        """Return the error of a machine that is lost, but may still listen.

        Args:
            what: the machine did not do, as "did not answer $$".
        """
        return _TimeoutError(f"{what} within {self.timeout:g} s")

    # --- conversations ------------------------------------------------------------------

    def command(self, text: str, seconds: float | None = None) -> list[str]:
        """Send a line, wait for its answer, and return the lines that came before it.

        Args:
            text: the line.
            seconds: to wait for the answer. None asks for the state meanwhile, and waits as long
                as the machine answers that and is not idle.

        Raises:
            MachineError: if the line is refused, or no answer comes.
        """
        self.send(text)

        def is_ok(line: str) -> bool:
            check_response(line, text)
            return line == "ok"

        return self._read_until(is_ok, text, seconds)

    def _read_until(
        self, is_last: Callable[[str], object], text: str, seconds: float | None = None
    ) -> list[str]:
        """Read until a line is the answer; return the lines before it.

        Args:
            is_last: of a line, which may be empty.
            text: that is to be answered, for messages.
            seconds: to wait, as in `command`.
        """
        lines: list[str] = []
        begin = asked = last_busy = self.last_received = time.monotonic()
        while not is_last(line := self.read()):
            now = time.monotonic()
            lines += [line] if line else []
            if not self.state.startswith(("Idle", "Alarm")):
                last_busy = now
            silent = now - min(self.last_received, last_busy)
            if (now - begin > seconds) if seconds else (silent > self.timeout):
                raise self.timeout_error(f"did not answer {text}")
            if seconds is None and now - asked > POLL_SECONDS:
                self.send_bytes(STATUS)
                asked = now
        return lines

    def query_state(self) -> None:
        """Ask for a report and wait for it.

        Raises:
            MachineError: if none comes.
        """
        self.state, begin = "", time.monotonic()
        while not self.state:
            asked = time.monotonic()
            self.send_bytes(STATUS)
            while not self.state and time.monotonic() - asked < POLL_SECONDS:
                self.read()
            if not self.state and time.monotonic() - begin > self.timeout:
                raise self.timeout_error("did not tell its state")

    def query_position(self) -> Position:
        """Ask for the position, in mm from the work origin; the origin too, if it is told.

        The machine stands still. Two reports in a row must agree: a bad line may change a digit.

        Raises:
            MachineError: if no report has it.
        """
        earlier = None
        for _ in range(_REPORTS):
            self.query_state()
            if self.position and self.work_origin and self.position == earlier:
                break
            earlier = self.position
        if not self.position:
            raise MachineError("does not tell its position")
        return self.position

    def wait_for(self, states: tuple[str, ...], seconds: float = math.inf) -> None:
        """Ask until the state begins with one of some texts.

        Args:
            states: the texts.
            seconds: after which the machine is lost.

        Raises:
            MachineError: if it is not in such a state in time.
        """
        begin = time.monotonic()
        while True:
            self.query_state()
            if self.state.startswith(states):
                return
            if time.monotonic() - begin > seconds:
                raise self.timeout_error(f"was {self.state}, not {states[0]},")
            self._pause()

    def _pause(self) -> None:
        """Read for 0.05 s."""
        end = time.monotonic() + READ_SECONDS
        while time.monotonic() < end:
            self.read()

    # --- connecting ---------------------------------------------------------------------

    def connect(self, unlock: str | None = None, report: Callable[[str], object] = print) -> None:
        """Find GRBL behind the port, wait until it rests, and read its settings.

        Args:
            unlock: "$H" homes it first; "$X" unlocks it if it is locked.
            report: is called with a sentence if the machine is still busy.

        Raises:
            SketchvaeError: if it is another firmware, or is locked and must not be unlocked.
        """
        self._handshake()
        self._wait_until_settled(report)
        self._read_settings()
        self._wait_until_settled(report)  # it has read its buffer by now, and may still draw it
        if unlock and (unlock == "$H" or self.state.startswith("Alarm")):
            try:
                self.command(unlock, HOMING_SECONDS)
            except SketchvaeError:
                self.send_bytes(RESET)  # it may be moving
                raise
            self.query_state()
        if self.state != "Idle":
            advice = {
                "Alarm": "home it with --home, or unlock it with --unlock if its position is right",
                "Door": "close its door",
            }.get(self.state.partition(":")[0], "switch it off and on")
            raise MachineError(f"must be idle, is {self.state}; {advice}")
        self.query_position()
        self.position_known = True

    def _handshake(self) -> None:
        """Wait for an answer to `?` or for the greeting; reset the machine as a last resort.

        Firmware of another kind answers whole lines alone: it gets the end of one.
        """
        begin = time.monotonic()
        next_reset = begin + self.timeout / 2
        while not self.state:
            asked = time.monotonic()
            if asked - begin > self.timeout:
                raise stranger_error(self.heard, self.timeout)
            if asked > next_reset:
                self.send_bytes(RESET + b"\r\n")  # what does not answer `?` does not move
                next_reset = asked + RESET_SECONDS
            self.send_bytes(STATUS)
            while not self.state and time.monotonic() - asked < POLL_SECONDS:
                check_version(self.read())

    def _wait_until_settled(self, report: Callable[[str], object]) -> None:
        """Wait until the moves of another sender are done, and end a hold."""
        is_reported = False
        while True:
            self.query_state()
            if self.state.startswith(("Run", "Jog", "Home", "Hold:1")):
                if not is_reported:
                    report("waiting until the machine has done what it was told before")
                is_reported = True
                self._pause()
            elif self.state.startswith(("Hold", "Check", "Sleep")):
                self.reset()
            else:
                return

    def _read_settings(self) -> None:
        """Read `$$`, behind a line that spoils half a line which a killed sender may have left."""
        while not self.settings:
            self.send("$")
            self.send("$$")
            self._read_until(self._take_setting, "$$")
            if not self.settings:  # it was still busy
                self.wait_for(("Idle", "Alarm"))
        self.forget_position()  # earlier reports may have been in inches

    def _take_setting(self, line: str) -> bool:
        """Keep a setting; return whether a line ends the list, or refuses it for now."""
        if match := re.fullmatch(r"\$(\d+)=([-\d.]+).*", line):
            self.settings[int(match[1])] = float(match[2])
        return line == "error:8" or (line == "ok" and bool(self.settings))

    # --- stopping -----------------------------------------------------------------------

    def reset(self) -> None:
        """Reset the firmware, again and again until it greets or tells that it rests.

        Raises:
            MachineError: if it does neither.
        """
        self.discard_lines()
        self.forget_position()
        begin = time.monotonic()
        patience = max(self.timeout, _RESETS * RESET_SECONDS)
        while time.monotonic() - begin < patience:
            self.send_bytes(RESET)
            if self._has_restarted():
                self.query_state()  # behind the greeting of each reset that was sent
                return
        raise MachineError(f"did not come back from a reset within {patience:g} s")

    def _has_restarted(self) -> bool:
        """Return whether the machine greets after a reset, or tells a while after it that it rests.

        A machine whose greeting is not known answers `?`; one that is blocked by an alarm does not.
        """
        sent = time.monotonic()
        while time.monotonic() - sent < RESET_SECONDS:
            if is_greeting(self.read()):
                return True
        self.discard_lines()
        self.state = ""
        self.send_bytes(STATUS)
        asked = time.monotonic()
        while time.monotonic() - asked < POLL_SECONDS:
            if is_greeting(line := self.read()):
                return True
            if line.startswith(("<Idle", "<Alarm")):
                return True
        return False

    def abort(self, pen_up: Sequence[str], moving: bool = True) -> bool:
        """Stop at once, discard all that was sent, unlock, and lift the pen.

        Args:
            pen_up: the lines that lift the pen.
            moving: False where an alarm has stopped the machine.

        Returns:
            Whether the machine's position is still right.

        Raises:
            MachineError: if the machine does not do so.
        """
        self.on_wait = lambda: None  # nobody interrupts this
        if moving:
            self._hold()
        origin = self.work_origin
        self.reset()
        self.command("$X")
        if self.position_known and origin:
            self._restore_origin(origin)
        for line in pen_up:
            self.command(line)
        self.command("G4P0")
        return self.position_known

    def _hold(self) -> None:
        """Hold the feed, and wait until the machine stands."""
        self.send_bytes(HOLD)
        with contextlib.suppress(_TimeoutError):  # it may listen all the same
            # Not Idle, which would be Hold:0 by now: such a report is from before the hold.
            self.wait_for(("Hold:0", "Alarm", "Check", "Sleep", "Door:0"), self.timeout)

    def _restore_origin(self, origin: Position) -> None:
        """Set an origin of G92 again, which a reset forgets.

        Args:
            origin: the work origin before the reset, in the machine's own coordinates.
        """
        position = self.query_position()
        if not self.work_origin or math.dist(origin, self.work_origin) <= POSITION_TOLERANCE:
            return
        wanted = [
            p + new - old for p, new, old in zip(position, self.work_origin, origin, strict=True)
        ]
        words = (f"{axis}{value:.3f}" for axis, value in zip(self.axes, wanted, strict=False))
        self.command("G21G90")
        self.command("G92" + "".join(words))
