"""sketchvae send: a file of G-code to a machine that draws it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.options import bind, typed_options
from sketchvae.cli.paths import STANDARD
from sketchvae.cli.plot_profile import machine_option, own_file
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.machine.session import SendOptions
    from sketchvae.plot.profiles import Profile

JOURNAL_OF_STDIN = Path("sketchvae.job")


AXIDRAW = "axidraw"  # in the place of a port
PAGE_SUFFIXES = (".svg", ".svgz")
GCODE_SUFFIXES = (".gcode", ".nc", ".gc", ".ngc")


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
@click.argument("port", required=False)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--list", "list_ports", is_flag=True, help="List the ports of this computer.")
@click.option("--check-only", is_flag=True, help="Judge FILE alone, without a machine.")
@machine_option("A machine that has a port, in the place of PORT; see sketchvae machines.")
@bind(options=GrblOptions)
def send(
    port: str | None,
    file: Path | None,
    list_ports: bool,
    check_only: bool,
    machine: str | None,
    options: GrblOptions,
) -> None:
    """Send FILE to the plotter at PORT and watch over it.

    FILE is G-code for GRBL 1.1, or '-' for standard input. PORT is a serial port, or
    socket://HOST:PORT for a machine in the network. Needs sketchvae[plot]. Enter pauses
    after the present stroke and goes on; Ctrl-C stops at once with the pen up, and the same
    command with --resume goes on there, as it does after a lost port or a crash.

    With 'axidraw' as PORT and an SVG file, nextdraw or axicli draw it.

    \b
    Examples:
      sketchvae send --list
      sketchvae send flock.gcode --check-only
      sketchvae send /dev/ttyUSB0 flock.gcode
      sketchvae send /dev/ttyUSB0 flock.gcode --resume
      sketchvae draw -o - | sketchvae plot - -o - | sketchvae send socket://plotter.local:23
      sketchvae send axidraw flock.svg
    """
    if list_ports:
        _list_ports()
        return
    profile = _profile(machine)
    if check_only:
        _judge(file or Path(port or STANDARD), options, profile)
        return
    if profile is not None:
        port, file = _with_one_word(port, file, profile)
    _check_port(port, file)
    if port == AXIDRAW:
        _send_svg(file or STANDARD)
    else:
        _send_gcode(str(port), file or STANDARD, options)


def _profile(machine: str | None) -> "Profile | None":
    """Return the machine of a name; None for none."""
    from sketchvae.plot.profiles import find_profile

    return None if machine is None else find_profile(machine, own_file())


def _with_one_word(
    port: str | None, file: Path | None, profile: "Profile"
) -> tuple[str | None, Path | None]:
    """Return port and file where the only word of the command line may be the file.

    Args:
        port: first word.
        file: second word.
        profile: machine whose port holds if none is named.
    """
    if file is not None or port is None:
        return port or profile.port or None, file
    is_file = profile.port or _is_file(port)
    return (profile.port or None, Path(port)) if is_file else (port, None)


def _is_file(word: str) -> bool:
    """Return whether a word of the command line is a file to send, and no port."""
    return Path(word).is_file() or Path(word).suffix.lower() in (*PAGE_SUFFIXES, *GCODE_SUFFIXES)


def _check_port(port: str | None, file: Path | None) -> None:
    """Refuse a command line without a port, and say which there are.

    Raises:
        click.UsageError: if there is none.
    """
    from sketchvae.cli.extras import needs

    if port is not None and (file is not None or not _is_file(port)):
        return
    with needs("plot"):
        from sketchvae.machine.protocol import list_ports

        ports = [name for name, _ in list_ports()]
    name = file or port or "FILE"
    have = f"this computer has {', '.join(ports)}" if ports else "this computer has no serial port"
    example = ports[0] if ports else "PORT"
    if Path(str(name)).suffix.lower() in PAGE_SUFFIXES:
        have, example = "the one of an AxiDraw is axidraw, others take G-code", AXIDRAW
    raise click.UsageError(f"name a port; {have}; type sketchvae send {example} {name}")


def _list_ports() -> None:
    """Print the ports of this computer, and what each says it is."""
    from sketchvae.cli.extras import needs

    with needs("plot"):
        from sketchvae.machine.protocol import list_ports

        ports = list_ports()
    for name, about in ports:
        hint = "; an AxiDraw's: send axidraw page.svg" if "EiBotBoard" in about else ""
        click.echo(f"{name}  {about}{hint}".rstrip())
    if not ports:
        click.echo(
            "this computer has no serial port; plug the machine in and switch it on", err=True
        )


def _judge(file: Path, options: GrblOptions, profile: "Profile | None") -> None:
    """Report what a file would draw, or refuse it as `send` would.

    Args:
        file: G-code or SVG.
        options: of the command line.
        profile: machine whose bed the job must fit; None for no machine.
    """
    from sketchvae.machine.axidraw import check_svg
    from sketchvae.machine.fit import check_machine, describe
    from sketchvae.machine.parser import read_job
    from sketchvae.machine.timing import known_motion
    from sketchvae.plot.page import parse_page

    if file.suffix.lower() in PAGE_SUFFIXES:
        check_svg(file)
        click.echo(f"{file}: is SVG, for send {AXIDRAW}; nothing was sent", err=True)
        return
    job = read_job(_content(file), _name(file), options.pen_up)
    try:
        motion = known_motion(job.speeds if profile is None else profile.options)
    except SketchvaeError as error:
        raise SketchvaeError(f"{profile.path if profile else job.name}: {error}") from error
    if profile is not None and "bed" in profile.options:
        bed = parse_page(profile.options["bed"], unit="mm")
        check_machine(job, {130: bed.width, 131: bed.height})
    click.echo(f"{describe(job, motion)}; nothing was sent", err=True)


def _send_svg(file: Path) -> None:
    """Draw an SVG file with nextdraw or axicli; refuse options of `send` and standard input."""
    from sketchvae.machine.axidraw import draw_svg

    typed = [option for option in typed_options() if option != "--machine"]
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
    job = read_job(_content(file), _name(file), options.pen_up)
    with open_console(stdin_is_keyboard=file != STANDARD) as console:
        send_job(port, job, options.journal_of(file), sending, console)


def _name(file: Path) -> str:
    """Return the name of a file for messages."""
    return "standard input" if file == STANDARD else str(file)


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
