"""Drawings in the terminal, for every command that shows some."""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sketchvae.drawing import Drawing
    from sketchvae.render.timeline import Pace


def show_in_terminal(drawings: "Iterable[Drawing]", pace: "Pace") -> None:
    """Draw in the terminal, stroke by stroke; finished where standard output is no terminal.

    Args:
        drawings: one after another.
        pace: of the pen.

    Raises:
        SketchvaeError: if standard output cannot hold braille.
    """
    from sketchvae.errors import SketchvaeError
    from sketchvae.render.terminal import MAX_COLUMNS, play, text

    columns, lines = shutil.get_terminal_size()
    columns, lines = max(min(columns - 1, MAX_COLUMNS), 2), max(lines - 2, 1)
    moves = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    try:
        for drawing in drawings:
            if moves:
                play(drawing, _print, pace, columns, lines)
            else:
                _print(text(drawing, columns))
    except UnicodeEncodeError as error:
        raise SketchvaeError(
            f"standard output: must be UTF-8 for braille, is {sys.stdout.encoding}; set "
            "PYTHONUTF8=1, or write a file with -o"
        ) from error


def _print(content: str) -> None:
    sys.stdout.write(content)
    sys.stdout.flush()
