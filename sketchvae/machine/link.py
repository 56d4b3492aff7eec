"""The line to a machine that runs GRBL: lines and bytes in both directions, and its last report."""

import contextlib
import time
from collections import deque
from collections.abc import Callable

from serial import SerialException

from sketchvae.machine.protocol import (
    MachineError,
    alarm_code,
    is_answer,
    is_greeting,
    keeps_position,
    open_port,
)
from sketchvae.machine.words import MM_PER_INCH

Position = tuple[float, float, float]  # x, y, z in mm

_REPORTS_IN_INCHES = 13  # the setting


class Link:
    """An open port, and what the machine reported last.

    Attributes:
        name: of the port.
        state: of the last report: Idle, Run, Hold:0, Alarm and so on; empty before the first.
        position: of the last report, from the work origin; None before it is known.
        work_origin: in the machine's own coordinates; None before it is known.
        heard: last line that is no part of GRBL's protocol: what another firmware greets with.
        axes: letters of those that the machine reports: XYZ, or XY.
        position_known: whether no alarm has come that loses the position.
        settings: value by number, as `$$` lists them; empty before that.
        last_received: time of the last line, by the monotonic clock.
        on_wait: is called whenever there is nothing to read; may raise.
    """

    def __init__(self, name: str, on_wait: Callable[[], object] = lambda: None) -> None:
        """Open a port.

        Args:
            name: of a serial port, or a URL as pyserial takes it.
            on_wait: as the attribute.

        Raises:
            SketchvaeError: if the port is missing or busy.
        """
        self.name, self.on_wait = name, on_wait
        self.state = ""
        self.position: Position | None = None
        self.work_origin: Position | None = None
        self.heard = ""
        self.axes = "XYZ"
        self.position_known = True
        self.settings: dict[int, float] = {}
        self.last_received = time.monotonic()
        self._lines: deque[str] = deque()
        self._partial = b""
        self._port = open_port(name)

    @property
    def label(self) -> str:
        """The machine in words, with what it calls itself if it is not GRBL."""
        return f"the machine ({self.heard:.40})" if self.heard else "the machine"

    def sentence(self, error: MachineError) -> str:
        """Return an error of the machine as a sentence; one of the port is a sentence already."""
        return f"{self.label} {error}" if error.connected else str(error)

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(SerialException, OSError):
            self._port.close()

    def send(self, text: str) -> None:
        """Send a line, without waiting for its answer.

        Raises:
            MachineError: if the port is gone.
        """
        self.send_bytes(text.encode("ascii") + b"\n")

    def send_bytes(self, content: bytes) -> None:
        """Send bytes as they are, such as a real-time command.

        Raises:
            MachineError: if the port is gone.
        """
        try:
            self._port.write(content)
        except (SerialException, OSError) as error:
            raise self._gone() from error

    def read(self) -> str:
        """Return the next line of the machine; an empty one if none comes within 0.05 s.

        Raises:
            MachineError: if the port is gone.
        """
        if not self._lines:
            self._receive()
        if not self._lines:
            self.on_wait()
            return ""
        line = self._lines.popleft()
        self.last_received = time.monotonic()
        self._take(line)
        return line

    def discard_lines(self) -> None:
        """Skip the lines that were received and not read yet; reports and alarms in them count."""
        while self._lines:
            self._take(self._lines.popleft())

    def forget_position(self) -> None:
        """Forget the position and the work origin, until they are reported again."""
        self.position = self.work_origin = None

    def _receive(self) -> None:
        try:
            self._partial += self._port.read(max(1, self._port.in_waiting))
        except (SerialException, OSError) as error:
            raise self._gone() from error
        *lines, self._partial = self._partial.split(b"\n")
        self._lines += [t for line in lines if (t := line.decode("ascii", "replace").strip())]

    def _gone(self) -> MachineError:
        return MachineError(f"the port {self.name} is gone", connected=False)

    def _take(self, line: str) -> None:
        """Take over what a line says about the machine: a report, an alarm, or a greeting."""
        if line.startswith("<") and line.endswith(">"):
            self._take_report(line[1:-1].split("|"))
        elif code := alarm_code(line):
            self.state = "Alarm"
            self.position_known = self.position_known and keeps_position(code)
        elif is_greeting(line):
            self.heard = ""
        elif not is_answer(line) and line.isascii() and line.isprintable():  # no noise
            self.heard = line

    def _take_report(self, fields: list[str]) -> None:
        """Take the state and the position out of a report, as `Idle|MPos:0,0,0|WCO:0,0,0`.

        The work origin, WCO, is only in some of the reports. A machine without a Z axis may report
        two positions alone.
        """
        scale = MM_PER_INCH if self.settings.get(_REPORTS_IN_INCHES) == 1 else 1.0
        positions: dict[str, Position] = {}
        for field in fields[1:]:
            name, _, value = field.partition(":")
            if name in ("MPos", "WPos", "WCO"):
                with contextlib.suppress(ValueError):
                    x, y, *rest = (float(part) * scale for part in value.split(","))
                    positions[name] = (x, y, rest[0] if rest else 0.0)
                    self.axes = "XYZ" if rest else "XY"
        self.state = fields[0]
        self.work_origin = positions.get("WCO", self.work_origin)
        self.position = positions.get("WPos")
        if "MPos" in positions and self.work_origin:
            (x, y, z), (a, b, c) = positions["MPos"], self.work_origin
            self.position = (x - a, y - b, z - c)
