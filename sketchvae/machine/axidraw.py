"""AxiDraw and NextDraw: their makers' own programs draw an SVG file."""

import shutil
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from sketchvae.errors import SketchvaeError

PROGRAMS = ("nextdraw", "axicli")  # the first that is on PATH draws
_SOURCES = (
    "nextdraw comes from https://bantam.tools/nd_cli, axicli from https://axidraw.com/doc/cli_api"
)


def draw_svg(path: Path) -> str:
    """Let nextdraw or axicli draw a file.

    Returns:
        The name of the program that drew it.

    Raises:
        SketchvaeError: if neither program is installed, the file is no SVG, or the program fails.
    """
    check_svg(path)
    installed = [(name, program) for name in PROGRAMS if (program := shutil.which(name))]
    if not installed:
        raise SketchvaeError(
            f"{path}: is drawn by nextdraw or axicli, and neither is on PATH; {_SOURCES}"
        )
    name, program = installed[0]
    with subprocess.Popen([program, str(path)]) as process:
        # Ctrl-C is for that program, which lifts its pen; we wait until it has.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = process.wait()
        finally:
            signal.signal(signal.SIGINT, handler)
    if status:
        raise SketchvaeError(f"{path}: {name} ended with status {status}; see what it said above")
    return name


def check_svg(path: Path) -> None:
    """Refuse a file that is no SVG, so that the program need not.

    Raises:
        SketchvaeError: if it cannot be read or is something else.
    """
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - expat refuses entity bombs itself
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror}); name an SVG file"
        ) from error
    except ElementTree.ParseError as error:
        raise SketchvaeError(
            f"{path}: must be a whole SVG file, got none ({error}); write one with sketchvae plot"
        ) from error
    if root.tag.rpartition("}")[2] != "svg":
        raise SketchvaeError(f"{path}: must be SVG, got <{root.tag}>; choose another file")
