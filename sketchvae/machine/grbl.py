"""The link to a machine that runs GRBL 1.1: connect, ask, command, stop.

The protocol is that of GRBL's documentation, "Grbl v1.1 Interface". Traps that a careless sender
falls into: the greeting may be lost, `?` has no `ok` and its answer may come anywhere, silence
may be a long move, and a reset while the machine moves loses the position.
"""

import contextlib
import math
import re
import time
from collections import deque
from collections.abc import Callable

from serial import SerialException

from sketchvae.errors import SketchvaeError
from sketchvae.machine.port import TICK, open_port
from sketchvae.machine.responses import MachineError, check_answer, check_version, is_greeting

BUFFER = 127  # bytes that may wait in GRBL's ring of 128
TIMEOUT = 10.0  # seconds without a word after which a machine is lost
HOMING = 300.0  # seconds: it says nothing meanwhile
ASK_AGAIN = 0.25  # seconds
STATUS, HOLD, START, RESET = b"?", b"!", b"~", b"\x18"
SAME = 0.05  # mm within which two positions are one: a step is 0.0125 mm or less


class _Silent(MachineError):  # noqa: N818
    """It does not answer in time."""


class Grbl:
    """A machine that is connected.

    Args:
        port: name of a serial port, or a URL as pyserial takes it (`socket://host:port`).
        timeout: seconds without a word after which the machine is lost.
        tick: is called while the machine is waited for; may raise.

    Attributes:
        state: of the last report: Idle, Run, Hold:0, Alarm and so on; empty before the first.
        place: x, y, z of the last report in mm from the work origin; None before it is known.
        settings: what `$$` told, by number.

    Raises:
        SketchvaeError: if the port is missing or busy.
    """

    def __init__(
        self, port: str, timeout: float = TIMEOUT, tick: Callable[[], object] = lambda: None
    ) -> None:
        self.name, self.timeout, self.tick = port, timeout, tick
        self.state = ""
        self.place: tuple[float, float, float] | None = None
        self.settings: dict[int, float] = {}
        self.heard = time.monotonic()
        self._lines: deque[str] = deque()
        self._partial = b""
        self._origin: tuple[float, float, float] | None = None
        self._link = open_port(port)

    def close(self) -> None:
        """Let go of the port."""
        with contextlib.suppress(SerialException, OSError):
            self._link.close()

    # --- words over the wire ------------------------------------------------------------

    def send(self, text: str) -> None:
        """Send a line, without waiting for its answer."""
        self.realtime(text.encode("ascii") + b"\n")

    def realtime(self, content: bytes) -> None:
        """Send bytes as they are."""
        try:
            self._link.write(content)
        except (SerialException, OSError) as error:
            raise self._gone() from error

    def read(self) -> str:
        """Return the next line that the machine says; an empty one if it says nothing now.

        Raises:
            MachineError: if the port is gone.
        """
        if not self._lines:
            self._receive()
        if not self._lines:
            self.tick()
            return ""
        line = self._lines.popleft()
        self.heard = time.monotonic()
        if line.startswith("<") and line.endswith(">"):
            self._report(line[1:-1].split("|"))
        return line

    def _receive(self) -> None:
        try:
            self._partial += self._link.read(max(1, self._link.in_waiting))
        except (SerialException, OSError) as error:
            raise self._gone() from error
        *lines, self._partial = self._partial.split(b"\n")
        self._lines += [t for line in lines if (t := line.decode("ascii", "replace").strip())]

    def _gone(self) -> MachineError:
        return MachineError(f"the port {self.name} is gone", linked=False)

    def _report(self, fields: list[str]) -> None:
        places = {}
        for field in fields[1:]:
            name, _, value = field.partition(":")
            if name in ("MPos", "WPos", "WCO"):
                with contextlib.suppress(ValueError):
                    x, y, z, *_ = map(float, value.split(","))
                    scale = 25.4 if self.settings.get(13) == 1 else 1.0
                    places[name] = (x * scale, y * scale, z * scale)
        self.state = fields[0]
        self._origin = places.get("WCO", self._origin)
        self.place = places.get("WPos")
        if "MPos" in places and self._origin:
            (x, y, z), (a, b, c) = places["MPos"], self._origin
            self.place = (x - a, y - b, z - c)

    # --- conversations ------------------------------------------------------------------

    def command(self, text: str, seconds: float | None = None) -> list[str]:
        """Send a line, wait for its answer, and return what came before it.

        Args:
            text: the line.
            seconds: to wait for the answer; None asks for the state meanwhile, and waits as
                long as the machine speaks and is not idle.

        Raises:
            MachineError: if the line is refused, or no answer comes.
        """
        self.send(text)

        def is_ok(line: str) -> bool:
            check_answer(line, text)
            return line == "ok"

        return self._until(text, is_ok, seconds)

    def _until(
        self, text: str, done: Callable[[str], object], seconds: float | None = None
    ) -> list[str]:
        """Read until a line is the answer to `text`; return what came before it."""
        said: list[str] = []
        begin = asked = moved = self.heard = time.monotonic()
        while not done(line := self.read()):
            now = time.monotonic()
            said += [line] if line else []
            if not self.state.startswith(("Idle", "Alarm")):
                moved = now
            late = now - begin > seconds if seconds else now - min(self.heard, moved) > self.timeout
            if late:
                raise self.silent(f"did not answer {text}")
            if seconds is None and now - asked > ASK_AGAIN:
                self.realtime(STATUS)
                asked = now
        return said

    def silent(self, what: str) -> "_Silent":
        """Say that the machine is lost: it may still listen."""
        return _Silent(f"{what} within {self.timeout:g} s")

    def ask(self) -> None:
        """Ask for the state and wait for it."""
        self.state, begin = "", time.monotonic()
        while not self.state:
            asked = time.monotonic()
            self.realtime(STATUS)
            while not self.state and time.monotonic() - asked < ASK_AGAIN:
                self.read()
            if not self.state and time.monotonic() - begin > self.timeout:
                raise self.silent("did not tell its state")

    def where(self) -> tuple[float, float, float]:
        """Ask for the position in mm from the work origin; its offset comes in some reports only.

        Raises:
            MachineError: if it is not told.
        """
        for _ in range(40):  # at most every 30th report has the offset
            self.ask()
            if self.place:
                return self.place
        raise MachineError("does not tell its position")

    def wait(self, states: tuple[str, ...], seconds: float = math.inf) -> None:
        """Ask until the state begins with one of these.

        Raises:
            MachineError: if it does not in time.
        """
        begin = time.monotonic()
        while True:
            self.ask()
            if self.state.startswith(states):
                return
            if time.monotonic() - begin > seconds:
                raise self.silent(f"was {self.state}, not {states[0]},")
            self._pause()

    def _pause(self) -> None:
        end = time.monotonic() + TICK
        while time.monotonic() < end:
            self.read()

    # --- from the first word to the last ---------------------------------------------------

    def connect(self, unlock: str | None = None, say: Callable[[str], object] = print) -> None:
        """Find GRBL behind the port, wait until it rests, and read its settings.

        Args:
            unlock: "$H" to home it first, "$X" to unlock it if it is locked.
            say: is told what is waited for.

        Raises:
            SketchvaeError: if it is another firmware, or is locked and must not be unlocked.
        """
        self._meet()
        self._settle(say)
        self._read_settings()
        self._settle(say)  # what was in its buffer is read by now, and perhaps still drawn
        if unlock and (unlock == "$H" or self.state.startswith("Alarm")):
            try:
                self.command(unlock, HOMING)
            except SketchvaeError:
                self.realtime(RESET)  # it may be under way
                raise
            self.ask()
        if self.state != "Idle":
            advice = {
                "Alarm": "home it with --home, or unlock it with --unlock if its position is right",
                "Door": "close its door",
            }.get(self.state.partition(":")[0], "switch it off and on")
            raise MachineError(f"must be idle, is {self.state}; {advice}")
        self.where()

    def _meet(self) -> None:
        """Wait for an answer to `?` or for the greeting; the last resort is a reset."""
        begin = time.monotonic()
        reset = False
        while not self.state:
            asked = time.monotonic()
            if asked - begin > self.timeout:
                raise MachineError(
                    f"does not answer as GRBL 1.1 would within {self.timeout:g} s; is it "
                    "switched on, and is this its port?"
                )
            if not reset and asked - begin > self.timeout / 2:
                self.realtime(RESET)  # what is silent to ? does not move
                reset = True
            self.realtime(STATUS)
            while not self.state and time.monotonic() - asked < ASK_AGAIN:
                check_version(self.read())

    def _settle(self, say: Callable[[str], object]) -> None:
        """Wait until what another sender left in the machine is done, and clear what is held."""
        told = False
        while True:
            self.ask()
            if self.state.startswith(("Run", "Jog", "Home", "Hold:1")):
                if not told:
                    say("waiting until the machine has done what it was told before")
                told = True
                self._pause()
            elif self.state.startswith(("Hold", "Check", "Sleep")):
                self.reset()
            else:
                return

    def _read_settings(self) -> None:
        """Read `$$`, behind a line that spoils what a killed sender may have left half sent."""
        while not self.settings:
            self.send("$")
            self.send("$$")
            self._until("$$", self._is_setting)
            if not self.settings:  # it was still busy
                self.wait(("Idle", "Alarm"))
        self.place = self._origin = None  # what was told before may have been in inches

    def _is_setting(self, line: str) -> bool:
        """Take a setting in; return whether it was the last, or none are told now."""
        if match := re.fullmatch(r"\$(\d+)=([-\d.]+).*", line):
            self.settings[int(match[1])] = float(match[2])
        return line == "error:8" or (line == "ok" and bool(self.settings))

    def reset(self) -> bool:
        """Reset the firmware and wait for its greeting; return whether it knows its place.

        Raises:
            MachineError: if it does not come back.
        """
        placed = True
        self._lines.clear()
        self.realtime(RESET)
        self.place = self._origin = None
        begin = time.monotonic()
        while time.monotonic() - begin < self.timeout:
            line = self.read()
            placed = placed and not line.startswith("ALARM")
            if is_greeting(line):
                return placed
        raise self.silent("did not come back from a reset")

    def halt(self, lift: tuple[str, ...], moving: bool = True) -> bool:
        """Stop at once, forget all that was sent, unlock, and lift the pen.

        Args:
            lift: the lines that do it.
            moving: False where an alarm has stopped it.

        Returns:
            Whether the machine still knows its place.

        Raises:
            MachineError: if it does not do so.
        """
        self.tick = lambda: None  # nobody interrupts this
        place = None
        if moving:
            self.realtime(HOLD)
            with contextlib.suppress(_Silent):  # it may listen all the same
                # Not Idle: it would be Hold:0 by now, so that is a report from before.
                self.wait(("Hold:0", "Alarm", "Check", "Sleep", "Door:0"), self.timeout)
                place = self.place
        placed = self.reset()
        self.command("$X")
        if placed and place and math.dist(place, self.where()) > SAME:  # a reset forgets G92
            self.command("G21G90")
            self.command("G92" + "".join(f"{a}{v:.3f}" for a, v in zip("XYZ", place, strict=True)))
        for line in lift:
            self.command(line)
        self.command("G4P0")
        return placed
