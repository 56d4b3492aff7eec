"""Serial ports and their network kin, opened alone, with a line that says why not."""

import contextlib
import errno
from typing import TYPE_CHECKING

from serial import SerialException, serial_for_url
from serial.tools.list_ports import comports

from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from serial import SerialBase

BAUD = 115_200  # GRBL 1.1 speaks no other
TICK = 0.05  # seconds that a read waits
WRITE_SECONDS = 10.0  # that a write may take


def open_port(port: str) -> "SerialBase":
    """Open a port for this process alone.

    Args:
        port: its name, or a URL as pyserial takes it: `socket://host:port`.

    Raises:
        SketchvaeError: if it is missing, busy, or not ours to open.
    """
    try:
        link = serial_for_url(port, BAUD, timeout=TICK, write_timeout=WRITE_SECONDS, exclusive=True)
    except (SerialException, OSError, ValueError) as error:
        raise SketchvaeError(f"{port}: {_why_not(port, error)}") from error
    _keep_awake(link)
    return link


def _why_not(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EBUSY):
        return "is in use by another program; close that first"
    if number == errno.EACCES:
        return "may not be opened by you; on Linux, join the group that owns it (dialout)"
    if "://" in port:
        reason = str(error).rpartition(": ")[2]
        return f"cannot be reached ({reason}); a machine in the network is socket://HOST:PORT"
    there = ", ".join(sorted(p.device for p in comports()))
    return f"is no serial port of this computer; it has {there or 'none'}"


def _keep_awake(link: "SerialBase") -> None:
    """Leave DTR as it is when the port is closed: the edge of opening it again resets an Uno."""
    try:
        import termios
    except ModuleNotFoundError:  # Windows
        return
    with contextlib.suppress(termios.error, AttributeError, OSError, ValueError):  # no tty
        mode = termios.tcgetattr(link.fileno())
        mode[2] &= ~termios.HUPCL
        termios.tcsetattr(link.fileno(), termios.TCSANOW, mode)
