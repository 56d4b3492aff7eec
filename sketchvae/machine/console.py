"""The operator at a terminal: Enter, Ctrl-C and other signals, and sentences on standard error."""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator

from sketchvae.errors import Interrupted
from sketchvae.machine.timing import format_duration

_REFRESH_SECONDS, _LOG_SECONDS = 0.2, 10.0  # between two figures: in a terminal, and in a log
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # which of them exist depends on the system


class Console:
    """The person at a terminal, as `sender.Operator`."""

    def __init__(self, keyboard: int | None) -> None:
        """Take over a keyboard.

        Args:
            keyboard: file descriptor; None where there is no keyboard.
        """
        self._keyboard = keyboard
        self._interruption = ""
        self._began = self._shown = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._width = 0  # characters of the figures that stand in the terminal's line

    @property
    def has_keyboard(self) -> bool:
        """Whether there is a keyboard on which to press Enter."""
        return self._keyboard is not None

    def interrupt(self, number: int, _: object) -> None:
        """Handle a signal: the next call of `check` raises.

        Args:
            number: of the signal.
            _: the frame, which Python passes.
        """
        name = signal.Signals(number).name.replace("SIGINT", "Ctrl-C")
        self._interruption = f"stopped by {name}"

    def check(self) -> None:
        """Raise if a signal has come.

        Raises:
            Interrupted: with the name of the signal.
        """
        if self._interruption:
            raise Interrupted(self._interruption)

    def pressed(self) -> bool:
        """Return whether Enter was pressed since the last call."""
        if self._keyboard is None:
            return False
        with contextlib.suppress(OSError):  # no terminal, or not that of this session
            if os.tcgetpgrp(self._keyboard) != os.getpgrp():
                return False  # a job in the background must not read from the terminal
        if not select.select([self._keyboard], [], [], 0)[0]:
            return False
        typed = os.read(self._keyboard, 1024)
        if not typed:  # the keyboard was closed
            self._keyboard = None
        return b"\n" in typed

    def pauses_after(self, stroke: int) -> bool:  # noqa: ARG002
        """Return False: at a terminal a person presses Enter."""
        return False

    def report(self, text: str) -> None:
        """Write a sentence."""
        self._write(text + "\n")
        self._width = 0

    def wait(self, text: str, how: str) -> None:
        """Write for what the job waits, and how it goes on.

        Args:
            text: for what.
            how: it goes on, behind that.
        """
        self.report(text + how)

    def progress(self, stroke: int, done: float, total: float) -> None:
        """Write how far the job is, if the last figures are old enough.

        Args:
            stroke: number of strokes that are drawn.
            done: seconds of the estimate that are done.
            total: seconds of the estimate.
        """
        now = time.monotonic()
        seconds = _REFRESH_SECONDS if self._is_terminal else _LOG_SECONDS
        if now - self._shown < seconds or not done:
            return
        self._shown = now
        fraction = done / total
        left = format_duration((now - self._began) * (1 - fraction) / fraction)
        text = f"{stroke} strokes drawn, {100 * fraction:.0f} %, {left} left"
        self._write(text + ("" if self._is_terminal else "\n"))
        self._width = len(text) if self._is_terminal else 0

    def _write(self, text: str) -> None:
        blank = f"\r{' ' * self._width}\r" if self._width else ""
        with contextlib.suppress(OSError):  # a terminal that was closed must not stop the pen
            sys.stderr.write(blank + text)
            sys.stderr.flush()


@contextlib.contextmanager
def open_console(stdin_is_keyboard: bool) -> Iterator[Console]:
    """Give a console that handles signals, and Enter where there is a keyboard.

    Args:
        stdin_is_keyboard: False where standard input is the job: the keyboard is /dev/tty then.
    """
    keyboard = None
    with contextlib.ExitStack() as stack:
        if os.name == "posix":
            with contextlib.suppress(OSError, AttributeError):  # closed, or there is no terminal
                if stdin_is_keyboard:
                    keyboard = sys.stdin.fileno()
                else:
                    keyboard = stack.enter_context(open("/dev/tty", "rb")).fileno()  # noqa: PTH123
        console = Console(keyboard)
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number and signal.getsignal(number) != signal.SIG_IGN:  # which is nohup's wish
                stack.callback(signal.signal, number, signal.signal(number, console.interrupt))
        yield console
