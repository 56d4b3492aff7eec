"""sketchvae send: a file of G-code to a machine that draws it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.options import bind, typed_options
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.machine.session import SendOptions

STANDARD = Path("-")
JOURNAL_OF_STDIN = Path("sketchvae.job")


class AxiDraw:
    """The destination of an SVG file: an AxiDraw or a NextDraw, with its own program."""

    name = "axidraw"


def destination(text: str) -> str | AxiDraw:
    """Return an AxiDraw for its name, and the name of a port as it is."""
    return AxiDraw() if text == AxiDraw.name else text


@dataclass(frozen=True)
class GrblOptions:
    """How G-code is sent, and how far an earlier run has come."""

    character_counting: Annotated[
        bool,
        click.option(
            "--character-counting",
            "--counted",
            is_flag=True,
            help="Keep GRBL's buffer full: for drawings of very short moves.",
        ),
    ]
    check: Annotated[
        bool,
        click.option(
            "--check", is_flag=True, help="Let the machine read it all without moving ($C)."
        ),
    ]
    resume: Annotated[
        bool, click.option("--resume", is_flag=True, help="Go on where the same file stopped.")
    ]
    first: Annotated[
        int | None,
        click.option("--from", "first", type=click.IntRange(1), help="Begin with this stroke."),
    ]
    home: Annotated[bool, click.option("--home", is_flag=True, help="Home the machine first ($H).")]
    unlock: Annotated[
        bool,
        click.option(
            "--unlock", is_flag=True, help="Unlock the machine first, if it is locked ($X)."
        ),
    ]
    pen_up: Annotated[
        str | None,
        click.option(
            "--pen-up",
            metavar="TEXT",
            help="What lifts the pen, lines joined by ' | ', where the file does not tell.",
        ),
    ]
    state: Annotated[
        Path | None,
        click.option(
            "--state",
            type=click.Path(path_type=Path),
            help="Where to keep how far the job is.  [default: FILE.job; "
            f"{JOURNAL_OF_STDIN} for standard input]",
        ),
    ]
    timeout: Annotated[
        float,
        click.option(
            "--timeout",
            type=click.FloatRange(0.5, 600),
            default=10.0,
            show_default=True,
            help="Seconds without a word after which the machine is lost.",
        ),
    ]

    def journal_of(self, file: Path) -> Path:
        """Return the file that keeps how far a job is."""
        default = JOURNAL_OF_STDIN if file == STANDARD else Path(f"{file}.job")
        return self.state or default

    def for_session(self) -> "SendOptions":
        """Return the options of the run.

        Raises:
            click.UsageError: if more than one of --check, --resume and --from is given.
        """
        from sketchvae.machine.session import SendOptions

        if sum((self.check, self.resume, self.first is not None)) > 1:
            raise click.UsageError("--check, --resume and --from exclude each other; choose one")
        return SendOptions(
            character_counting=self.character_counting,
            check=self.check,
            resume=self.resume,
            first=self.first,
            home=self.home,
            unlock=self.unlock,
            timeout=self.timeout,
        )


@click.command()
@click.argument("port", type=destination)
@click.argument("file", type=click.Path(path_type=Path), default=STANDARD)
@bind(options=GrblOptions)
def send(port: str | AxiDraw, file: Path, options: GrblOptions) -> None:
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
    if isinstance(port, AxiDraw):
        _send_svg(file)
    else:
        _send_gcode(port, file, options)


def _send_svg(file: Path) -> None:
    """Draw an SVG file with nextdraw or axicli; refuse options of `send` and standard input."""
    from sketchvae.machine.axidraw import draw_svg

    typed = typed_options()
    if typed or file == STANDARD:
        raise click.UsageError(
            f"send axidraw takes one SVG file, got {', '.join(typed) or 'none'}; its own program "
            "has the options"
        )
    click.echo(f"{file}: drawn by {draw_svg(file)}", err=True)


def _send_gcode(port: str, file: Path, options: GrblOptions) -> None:
    from sketchvae.cli.extras import needs

    with needs("plot"):
        from sketchvae.machine.session import send_job
    from sketchvae.machine.console import open_console
    from sketchvae.machine.parser import read_job

    sending = options.for_session()
    name = "standard input" if file == STANDARD else str(file)
    job = read_job(_content(file), name, options.pen_up)
    with open_console(stdin_is_keyboard=file != STANDARD) as console:
        send_job(port, job, options.journal_of(file), sending, console)


def _content(file: Path) -> bytes:
    """Return the bytes of a file, or of standard input.

    Raises:
        click.UsageError: if standard input is a keyboard.
        SketchvaeError: if the file cannot be read.
    """
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
