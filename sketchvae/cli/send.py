"""sketchvae send: from a file of G-code to a machine that draws it."""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.machine.grbl import Grbl
    from sketchvae.machine.job import Job
    from sketchvae.machine.journal import Record, Start
    from sketchvae.machine.sender import Stream

AXIDRAW = "axidraw"
STANDARD = Path("-")
STATE = Path("sketchvae.job")  # of standard input
_REFRESH, _LOG = 0.2, 10.0  # seconds between two figures in a terminal, and in a log


@click.command()
@click.argument("port")
@click.argument("file", type=click.Path(path_type=Path), default=STANDARD)
@click.option(
    "--counted", is_flag=True, help="Keep GRBL's buffer full: for drawings of very short moves."
)
@click.option("--check", is_flag=True, help="Let the machine read it all without moving ($C).")
@click.option("--resume", is_flag=True, help="Go on where the same file stopped.")
@click.option("--from", "first", type=click.IntRange(1), help="Begin with this stroke.")
@click.option("--home", is_flag=True, help="Home the machine first ($H).")
@click.option("--unlock", is_flag=True, help="Unlock the machine first, if it is locked ($X).")
@click.option(
    "--pen-up",
    metavar="TEXT",
    help="What lifts the pen, lines joined by ' | ', where the file does not tell.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help=f"Where to keep how far the job is.  [default: FILE.job; {STATE} for standard input]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.5, 600),
    default=10.0,
    show_default=True,
    help="Seconds without a word after which the machine is lost.",
)
def send(port: str, file: Path, **given: object) -> None:
    """Send FILE to the plotter at PORT and watch over it.

    FILE is G-code for GRBL 1.1, or '-' for standard input. PORT is a serial port, or
    socket://HOST:PORT for a machine in the network. Needs sketchvae[plot]. Enter pauses
    after the present stroke and goes on; Ctrl-C stops at once with the pen up, and the same
    command with --resume goes on there, as it does after a lost port or a crash.

    With 'axidraw' as PORT and an SVG file, nextdraw or axicli draw it.

    \b
    Examples:
      sketchvae send /dev/ttyUSB0 flock.gcode
      sketchvae send /dev/ttyUSB0 flock.gcode --resume
      sketchvae draw -o - | sketchvae plot - -o - | sketchvae send socket://plotter.local:23
      sketchvae send axidraw flock.svg
    """
    if port == AXIDRAW:
        _send_svg(file)
    else:
        _send(port, file, **given)  # type: ignore[arg-type]


def _send_svg(file: Path) -> None:
    from click.core import ParameterSource

    from sketchvae.machine.axidraw import draw_svg

    context = click.get_current_context()
    typed = [
        p.opts[0]
        for p in context.command.params
        if isinstance(p, click.Option)
        and context.get_parameter_source(p.name or "") is ParameterSource.COMMANDLINE
    ]
    if typed or file == STANDARD:
        raise click.UsageError(
            f"send axidraw takes one SVG file, got {', '.join(typed) or 'none'}; its own program "
            "has the options"
        )
    click.echo(f"{file}: drawn by {draw_svg(file)}", err=True)


def _send(
    port: str,
    file: Path,
    counted: bool,
    check: bool,
    resume: bool,
    first: int | None,
    home: bool,
    unlock: bool,
    pen_up: str | None,
    state: Path | None,
    timeout: float,
) -> None:
    from sketchvae.cli.extras import needs

    with needs("plot"):
        from sketchvae.machine.grbl import Grbl
        from sketchvae.machine.parser import read_job
    from sketchvae.machine.sender import Stream, check_machine

    if sum((check, resume, first is not None)) > 1:
        raise click.UsageError("--check, --resume and --from exclude each other; choose one")
    name = "standard input" if file == STANDARD else str(file)
    job = read_job(_content(file), name, pen_up)
    state = state or (STATE if file == STANDARD else Path(f"{file}.job"))
    left = None if check else _left(state, job, resume, first)
    with _beside(file) as desk, contextlib.closing(Grbl(port, timeout, desk.check)) as machine:
        _connect(machine, desk, "$H" if home else "$X" if unlock else None)
        for warning in check_machine(job, machine.settings):
            desk.say(f"warning: {warning}")
        if check:
            Stream(machine, job, desk, None, counted).check()
            desk.say(f"{name}: {job.strokes} strokes, every line accepted; nothing was drawn")
            return
        start, record = _beginning(machine, job, state, left, first)
        finished = start.index == len(job.commands)
        try:
            if not finished:
                _draw(Stream(machine, job, desk, record, counted), desk, start)
            finished = True
        finally:
            record.close(finished)
        count = job.strokes - (first or 1) + 1
        desk.say(f"{name}: {count} strokes drawn, in {_clock(desk.seconds)}")


def _content(file: Path) -> bytes:
    if file == STANDARD:
        if sys.stdin.isatty():
            raise click.UsageError("standard input is the keyboard; name a FILE, or pipe G-code in")
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise SketchvaeError(
            f"{file}: cannot be read ({error.strerror}); name a G-code file"
        ) from error


def _left(state: Path, job: "Job", resume: bool, first: int | None) -> "Record | None":
    """Read what an earlier run left, and refuse to draw over it unasked."""
    from sketchvae.machine.journal import Record

    if first is not None and first > job.strokes:
        raise SketchvaeError(f"{job.name}: --from must be 1 to {job.strokes}, got {first}")
    left = Record.read(state, job) if resume or first is None else None
    if resume and left is None:
        raise SketchvaeError(
            f"{state}: must be the record of an unfinished {job.name}, is none; leave --resume "
            "out, or name the stroke with --from"
        )
    if left and not resume:
        raise SketchvaeError(
            f"{job.name}: {left.done} of {job.strokes} strokes are drawn ({state}); go on with "
            "--resume, or begin anew with --from 1"
        )
    if left and not left.placed:
        raise SketchvaeError(
            f"{job.name}: the machine lost its place after stroke {left.done}; home it or bring "
            f"the pen to the origin, then go on with --from {min(left.done + 1, job.strokes)}"
        )
    return left


def _connect(machine: "Grbl", desk: "_Desk", unlock: str | None) -> None:
    from sketchvae.machine.responses import MachineError

    try:
        machine.connect(unlock, desk.say)
    except MachineError as error:
        raise SketchvaeError(f"{machine.name}: the machine {error}") from error


def _beginning(
    machine: "Grbl", job: "Job", state: Path, left: "Record | None", first: int | None
) -> "tuple[Start, Record]":
    """Say where to begin, and put a record of it on disk."""
    from sketchvae.machine.journal import Record, Start, begin, resume

    x, y, _ = machine.where()
    start: Start | None = begin(job, first) if first else Start(0)
    if left:
        start = resume(left, (x, y))
    if start is None:
        assert left
        raise SketchvaeError(
            f"{machine.name}: the machine is at {x:.2f}, {y:.2f}, not where the job left "
            "it: it was moved, or switched off; home it or bring the pen to the origin, then "
            f"go on with --from {min(left.done + 1, job.strokes)}"
        )
    record = Record(state, job, start, (x, y))
    record.create()
    return start, record


def _draw(stream: "Stream", desk: "_Desk", start: "Start") -> None:
    job = stream.job
    if start.index:
        stroke = job.commands[start.index].stroke
        pen = job.pen_of(stroke)
        within = ", within it" if start.place else ""
        desk.say(
            f"{job.name}: goes on with stroke {min(stroke, job.strokes)} of {job.strokes}{within}"
            + (f", pen {pen}" if pen else "")
        )
    stream.run(start)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Desk:
    """The person beside the machine: a keyboard, what is told, and Ctrl-C."""

    def __init__(self, keyboard: int | None) -> None:
        self.keyboard = keyboard
        self.stopped = ""
        self.began = self.shown = time.monotonic()
        self.live = sys.stderr.isatty()
        self.width = 0  # of the figures that stand in the terminal's line

    @property
    def listens(self) -> bool:
        return self.keyboard is not None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def stop(self, number: int, _: object) -> None:
        """Hear a signal; the job asks for it between two lines."""
        self.stopped = f"stopped by {signal.Signals(number).name.replace('SIGINT', 'Ctrl-C')}"

    def check(self) -> None:
        from sketchvae.machine.sender import Stopped

        if self.stopped:
            raise Stopped(self.stopped)

    def pressed(self) -> bool:
        """Whether Enter was pressed; a job in the background must not touch the terminal."""
        if self.keyboard is None:
            return False
        with contextlib.suppress(OSError):  # no terminal, or not the one of this session
            if os.tcgetpgrp(self.keyboard) != os.getpgrp():
                return False
        if not select.select([self.keyboard], [], [], 0)[0]:
            return False
        typed = os.read(self.keyboard, 1024)
        if not typed:
            self.keyboard = None
        return b"\n" in typed

    def say(self, text: str) -> None:
        self._write(text + "\n")
        self.width = 0

    def progress(self, stroke: int, done: float, whole: float) -> None:
        now = time.monotonic()
        if now - self.shown < (_REFRESH if self.live else _LOG) or not done:
            return
        self.shown = now
        share = done / whole
        left = _clock(self.seconds * (1 - share) / share)
        text = f"{stroke} strokes drawn, {100 * share:.0f} %, {left} left"
        self._write(text + ("" if self.live else "\n"))
        self.width = len(text) if self.live else 0

    def _write(self, text: str) -> None:
        blank = f"\r{' ' * self.width}\r" if self.width else ""
        with contextlib.suppress(OSError):  # a terminal that was closed must not stop the pen
            sys.stderr.write(blank + text)
            sys.stderr.flush()


@contextlib.contextmanager
def _beside(file: Path) -> Iterator[_Desk]:
    """Put a person beside the machine: signals are heard, and Enter where there is a keyboard."""
    keyboard = None
    with contextlib.ExitStack() as stack:
        if os.name == "posix":
            with contextlib.suppress(OSError, AttributeError):  # closed, or there is no terminal
                if file != STANDARD:
                    keyboard = sys.stdin.fileno()
                else:
                    keyboard = stack.enter_context(open("/dev/tty", "rb")).fileno()  # noqa: PTH123
        desk = _Desk(keyboard)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number and signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
                stack.callback(signal.signal, number, signal.signal(number, desk.stop))
        yield desk
