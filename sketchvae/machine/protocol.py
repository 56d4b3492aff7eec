"""GRBL 1.1 over a serial port: opening the port, real-time bytes, and what each answer means.

The protocol is defined by GRBL's documentation, "Grbl v1.1 Interface". This module knows single
bytes and lines; `grbl` knows conversations.
"""

import contextlib
import errno
import re
from typing import TYPE_CHECKING

from serial import SerialException, serial_for_url
from serial.tools.list_ports import comports

from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from serial import SerialBase

BAUD = 115_200  # GRBL 1.1 has no other rate
READ_SECONDS = 0.05  # after which a read returns without a byte
WRITE_SECONDS = 10.0  # after which a write has failed
RX_BUFFER = 127  # bytes that may wait in GRBL's receive buffer, a ring of 128
_HELP = "'$' for help"  # in the greeting of each relative of GRBL
STATUS, HOLD, START, RESET = b"?", b"!", b"~", b"\x18"  # real-time commands

_ERRORS = {  # GRBL 1.1, doc/csv/error_codes_en_US.csv, in our words
    1: "a word without its letter",
    2: "a number that cannot be read",
    3: "an unknown $ command",
    5: "homing is switched off, $22",
    8: "it is not idle",
    9: "it is locked",
    11: "the line is too long",
    15: "beyond its travel",
    20: "a command it does not know",
    21: "two commands of one kind",
    22: "no feed rate",
    24: "two commands that both want the axes",
    25: "a word twice",
    26: "no axis word",
    28: "a word is missing",
    31: "an axis word too much",
    33: "a move that cannot be made",
    36: "a word too much",
}
_LOCKED = 9
_ALARMS = {
    1: "a limit switch was hit",
    2: "the move would leave its travel",
    3: "it was reset while it moved",
    6: "homing was stopped",
    7: "the door opened in homing",
    8: "homing did not leave the switch",
    9: "homing found no switch",
}
_ALARMS_WITH_POSITION = {2}  # GRBL stops before a move beyond its travel, without a lost step


class MachineError(SketchvaeError):
    """A failure of the machine or of the port to it.

    Attributes:
        refused: whether the machine refused one line, and executes the lines behind it.
        alarm: whether it stopped by an alarm.
        connected: whether the port can still be used.
        position_known: whether the machine's position is still right.
    """

    def __init__(
        self,
        what: str,
        *,
        refused: bool = False,
        alarm: bool = False,
        connected: bool = True,
        position_known: bool = True,
    ) -> None:
        """Describe a failure.

        Args:
            what: the machine did, as "stopped with ALARM:1"; if not connected, a sentence.
            refused: as the attribute.
            alarm: as the attribute.
            connected: as the attribute.
            position_known: as the attribute.
        """
        super().__init__(what)
        self.refused, self.alarm = refused, alarm
        self.connected, self.position_known = connected, position_known


def is_greeting(line: str) -> bool:
    """Return whether a line is the one that GRBL, or a relative of it, sends when it starts."""
    return line.startswith(("Grbl ", "GrblHAL ")) or _HELP in line


def is_answer(line: str) -> bool:
    """Return whether a line begins as those of GRBL do: ok, error, a setting, [...], <...>."""
    return line == "ok" or line.startswith(("error:", "ALARM:", "[", "<", "$", ">"))


def alarm_code(line: str) -> int:
    """Return the number of the alarm of a line; 0 if it is none."""
    word, _, number = line.partition(":")
    return int(number) if word == "ALARM" and number.isdigit() else 0


def keeps_position(alarm: int) -> bool:
    """Return whether the machine's position is still right after an alarm, given its number."""
    return alarm in _ALARMS_WITH_POSITION


def check_response(line: str, sent: str) -> None:
    """Raise if a line of the machine is no success.

    Args:
        line: of the machine.
        sent: the line that it answers.

    Raises:
        MachineError: if the machine refuses the line, stops by an alarm, or starts anew.
    """
    word, _, number = line.partition(":")
    code = int(number) if number.isdigit() else 0
    if word == "error":
        meaning = f", {_ERRORS[code]}" if code in _ERRORS else ""
        refusal = f"refused {sent} ({line}{meaning})"
        if code == _LOCKED:  # by an alarm, whose own line was lost on its way
            raise MachineError(refusal, alarm=True, position_known=False)
        raise MachineError(refusal, refused=True)
    if word == "ALARM":
        meaning = f" ({_ALARMS[code]})" if code in _ALARMS else ""
        raise MachineError(
            f"stopped with {line}{meaning}", alarm=True, position_known=keeps_position(code)
        )
    if is_greeting(line):
        raise MachineError("was reset by someone else", position_known=False)


def check_version(line: str) -> None:
    """Raise if a line is the greeting or the report of a firmware that is too old.

    Raises:
        MachineError: if it is GRBL 0.9 or older.
    """
    old = ""
    if is_greeting(line) and line.startswith("Grbl 0"):
        old = line.split("[")[0].strip()
    elif re.fullmatch(r"<\w+,[MW]Pos:.*>", line):  # GRBL 1.1 has | between its fields
        old = f"GRBL 0.9 ({line:.30})"
    if old:
        raise MachineError(f"must run GRBL 1.1, runs {old}; flash a newer")


def stranger_error(heard: str, seconds: float) -> MachineError:
    """Return the error of a port whose machine does not speak as GRBL does.

    Args:
        heard: last line that it said; empty for none.
        seconds: for which it was asked.
    """
    what = f"does not answer as GRBL 1.1 would within {seconds:g} s"
    if not heard:
        return MachineError(f"{what}; is it switched on, and is this its port?")
    kinds = {
        r"EBB|EiBot|^!\d+ Err": "it is the board of an AxiDraw: type sketchvae send axidraw "
        "page.svg",
        r"Marlin|^echo:": "it is Marlin, which needs another sender",
    }
    advice = (advice for pattern, advice in kinds.items() if re.search(pattern, heard))
    return MachineError(f"{what}, says {heard!r:.60}; {next(advice, 'it must run GRBL 1.1')}")


def open_port(name: str) -> "SerialBase":
    """Open a port for this process alone.

    Args:
        name: of a serial port, or a URL as pyserial takes it: `socket://host:port`.

    Raises:
        SketchvaeError: if the port is missing, busy, or may not be opened.
    """
    try:
        port = serial_for_url(
            name, BAUD, timeout=READ_SECONDS, write_timeout=WRITE_SECONDS, exclusive=True
        )
    except (SerialException, OSError, ValueError) as error:
        raise SketchvaeError(f"{name}: {_reason(name, error)}") from error
    _keep_dtr(port)
    return port


def list_ports() -> list[tuple[str, str]]:
    """Return the serial ports of this computer, and what is plugged in at each, in words."""
    return sorted(
        (port.device, "" if port.description in (None, "n/a") else port.description)
        for port in comports()
    )


def _reason(name: str, error: Exception) -> str:
    """Return why a port could not be opened, and what to do."""
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EBUSY):
        return "is in use by another program; close that first"
    if number == errno.EACCES:
        return "may not be opened by you; on Linux, join the group that owns it (dialout)"
    if "://" in name:
        reason = str(error).rpartition(": ")[2]
        return f"cannot be reached ({reason}); a machine in the network is socket://HOST:PORT"
    ports = ", ".join(port for port, _ in list_ports())
    return f"is no serial port of this computer; it has {ports or 'none'}"


def _keep_dtr(port: "SerialBase") -> None:
    """Leave DTR as it is when the port is closed: its edge at the next opening resets an Uno."""
    try:
        import termios
    except ModuleNotFoundError:  # Windows
        return
    with contextlib.suppress(termios.error, AttributeError, OSError, ValueError):  # no tty
        mode = termios.tcgetattr(port.fileno())
        mode[2] &= ~termios.HUPCL
        termios.tcsetattr(port.fileno(), termios.TCSANOW, mode)
