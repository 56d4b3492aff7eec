"""Braille, decoded dot by dot with the names that Unicode gives its patterns."""

import itertools
import os
import re
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.render.terminal import HIDE_CURSOR, SHOW_CURSOR, play, text
from sketchvae.render.timeline import Pace

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
PLACES = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (0, 1), 5: (1, 1), 6: (2, 1), 7: (3, 0), 8: (3, 1)}


def dots(written: str) -> NDArray[np.bool_]:
    """Read braille by the names of its characters: BRAILLE PATTERN DOTS-14 has dots 1 and 4."""
    lines = written.splitlines()
    grid = np.zeros((4 * len(lines), 2 * max(map(len, lines))), dtype=bool)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            name = unicodedata.name(character)
            assert name.startswith("BRAILLE PATTERN")
            for dot in name.partition("DOTS-")[2]:
                down, across = PLACES[int(dot)]
                grid[4 * row + down, 2 * column + across] = True
    return grid


def frames(written: str, drawing: Drawing) -> list[str]:
    """Take the frames out of what a terminal was sent; check that each goes back to the top."""
    rows = len(text(drawing, 20).splitlines())
    head, *rest = written.split(f"\r\x1b[{rows}A")
    assert head == HIDE_CURSOR + "\n" * rows
    assert rest[-1].endswith(SHOW_CURSOR)
    return [*rest[:-1], rest[-1].removesuffix(SHOW_CURSOR)]


def test_line_from_corner_to_corner_is_a_diagonal_of_dots() -> None:
    grid = dots(text(Drawing([[[0, 0], [7, 7]]]), columns=4))
    assert (grid == np.eye(8, dtype=bool)).all()


def test_stroke_is_dots_without_a_gap_and_nothing_else() -> None:
    square = Drawing([[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]])
    grid = dots(text(square, columns=10))
    assert grid.sum() == 4 * 19
    assert grid[[0, -1]].all()
    assert grid[:, [0, -1]].all()


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 30),
    st.sampled_from([None, 1, 5]),
    st.sampled_from([1e-9, 1.0, 1e6]),
)
@settings(max_examples=50, deadline=None)
def test_every_point_is_on_its_dot_and_all_is_within_the_room(
    strokes: list[list[tuple[int, int]]], columns: int, rows: int | None, scale: float
) -> None:
    drawing = Drawing([np.array(s) * scale for s in strokes])
    written = text(drawing, columns, rows)
    assert max(map(len, written.splitlines())) <= columns
    assert rows is None or len(written.splitlines()) <= rows
    grid = dots(written)
    points = drawing.aligned().points
    across, down = points.max(axis=0)
    rooms = [(2 * columns - 1, across), *([] if rows is None else [(4 * rows - 1, down)])]
    factor = min((room / side for room, side in rooms if side > 0), default=1.0)
    for x, y in points * factor:
        near = grid[max(round(y - 0.5), 0) : round(y + 0.5) + 1]
        assert near[:, max(round(x - 0.5), 0) : round(x + 0.5) + 1].any()


def test_dot_is_a_dot_and_an_empty_drawing_nothing() -> None:
    assert dots(text(Drawing([[[3, 3]]]))).sum() == 1
    assert text(Drawing([])) == ""


def test_played_frames_only_gain_dots_and_end_in_the_finished_text() -> None:
    drawing = next(formats.read(SHEEP))
    sent: list[str] = []
    waits: list[float] = []
    play(drawing, sent.append, Pace(seconds=2.0), columns=20, wait=waits.append)
    shown = [dots(f) for f in frames("".join(sent), drawing)]
    assert sum(waits) == pytest.approx(2.0)
    assert len(shown) == 51
    assert shown[0].sum() < 5
    assert all((a <= b).all() for a, b in itertools.pairwise(shown))
    assert (shown[-1] == dots(text(drawing, 20))).all()
    half = shown[25].sum() / shown[-1].sum()
    assert 0.25 < half < 0.75


def test_an_interruption_leaves_the_finished_text_and_the_cursor() -> None:
    drawing = next(formats.read(SHEEP))
    sent: list[str] = []

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(drawing, sent.append, columns=20, wait=interrupt)
    *_, last = frames("".join(sent), drawing)
    assert last == text(drawing, 20)


def test_nothing_is_sent_for_an_empty_drawing() -> None:
    sent: list[str] = []
    play(Drawing([]), sent.append)
    assert sent == []


# --- a real terminal ----------------------------------------------------------------


def in_a_terminal(folder: Path, *arguments: str, kill_after: bytes = b"") -> tuple[int, str]:
    """Run sketchvae draw in a terminal of 30 x 12; return its exit status and what it showed."""
    import fcntl
    import pty
    import struct
    import termios

    def listen() -> None:  # in the background of a shell, Ctrl-C is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 30, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1"}
    environment = {k: v for k, v in environment.items() if k not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "sketchvae", "draw", *arguments]
    with subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env=environment,
        preexec_fn=listen,
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                content = os.read(leader, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not content:
                break
            shown += content
            if kill_after and kill_after in shown:
                process.send_signal(signal.SIGINT)
                kill_after = b""
    os.close(leader)
    return process.returncode, shown.decode().replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_preview_plays_in_a_terminal_within_its_size_and_writes_no_file(tmp_path: Path) -> None:
    code, shown = in_a_terminal(tmp_path, "--preview", "--seed", "7", "--seconds", "0.4")
    assert code == 0
    assert shown.startswith(HIDE_CURSOR)
    ups = [int(n) for n in re.findall(r"\x1b\[(\d+)A", shown)]
    assert len(ups) == 11
    assert 1 <= ups[0] <= 10
    last = re.split(r"\x1b\[\d+A", shown)[-1].partition(SHOW_CURSOR)[0]
    assert dots(last).any()
    assert max(map(len, last.splitlines())) <= 29
    assert shown.endswith("preview: 1 drawing, seed 7\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_ctrl_c_leaves_a_clean_terminal_and_no_file(tmp_path: Path) -> None:
    arguments = ["--preview", "--seconds", "60", "-o", "sheep.svg"]
    code, shown = in_a_terminal(tmp_path, *arguments, kill_after=b"A")
    assert code == 1
    *_, last = re.split(r"\x1b\[\d+A", shown)
    text_, _, after = last.partition(SHOW_CURSOR)
    assert dots(text_).any()
    assert after.strip() == "Aborted!"
    assert not list(tmp_path.iterdir())
