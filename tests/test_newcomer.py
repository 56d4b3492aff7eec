"""Someone's own cats, from a folder of SVG files to a plotted page, by what the messages say.

Everything is as they would do it, but for the training: 12 steps instead of the 400 that the
message leads to, which take two to ten minutes on a laptop and longer on a busy one.
"""

import math
import os
import random
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import sketchvae
from PIL import Image

# Instead of 400 steps, a validation every 50 and 64 drawings a batch.
SHORT = ["--steps", "12", "--validate-every", "4", "--batch", "12"]


def cat(seed: int) -> str:
    """Return a cat as an SVG document: head, ears, eyes, nose and whiskers, no two alike."""
    dice = random.Random(seed)

    def near(value: float, by: float = 3) -> float:
        return round(value + dice.uniform(-by, by), 1)

    x, y, r = near(100, 9), near(100, 9), near(50, 9)
    turn = [i / 24 * 2 * math.pi for i in range(25)]
    head = " ".join(f"{near(x + r * math.cos(t), 1)},{near(y + r * math.sin(t), 1)}" for t in turn)
    shapes = [f'<polyline points="{head}"/>']
    for side in (-1, 1):
        ear = [(0.85, -0.5), (0.8, -1.3), (0.3, -0.95)]
        points = " ".join(f"{near(x + side * a * r)},{near(y + b * r)}" for a, b in ear)
        shapes.append(f'<path d="M{points}"/>')
        shapes.append(f'<circle cx="{near(x + side * 18)}" cy="{near(y - 8)}" r="{near(5, 1)}"/>')
        for fall in (-6, 0, 6):
            end = f'x2="{near(x + side * 48)}" y2="{near(y + 10 + fall)}"'
            shapes.append(f'<line x1="{x + side * 12}" y1="{y + 10}" {end}/>')
    shapes.append(f'<path d="M{x - 4},{y + 6} l8,0 l-4,5 z"/>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" fill="none" stroke="black">'
        f"{''.join(shapes)}</svg>"
    )


def advised(said: str) -> list[str]:
    """Return the command that a message names as the next one, without the program."""
    (line,) = re.findall(r"next: sketchvae (.*)", said)
    return shlex.split(line)


def train(arguments: list[str], interrupt_at: str = "") -> tuple[int, str]:
    """Run a command in a process of its own, with Ctrl-C at a line; return its status and lines."""
    said = ""
    command = [sys.executable, "-m", "sketchvae", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if interrupt_at and line.startswith(interrupt_at):
                process.send_signal(signal.SIGINT)
    return process.returncode, said


@pytest.mark.slow
def test_fifty_cats_become_an_animated_and_a_plotted_cat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cats").mkdir()
    for seed in range(50):
        Path(f"cats/{seed:02}.svg").write_text(cat(seed))

    said = sketchvae("data", "import", "cats", "-o", "cat.drawings", "--word", "cat")
    assert "cat.drawings: 50 drawings" in said
    command = advised(said)
    assert command == "train --data cat.drawings --out runs/cat".split()

    status, said = train([*command, *SHORT], interrupt_at="validation at step 4")
    assert status == 128 + signal.SIGINT
    assert "go on with --resume" in said
    sketchvae(*advised(said), "-o", "early.svg")  # a cat there is already

    status, said = train([*command, *SHORT, "--resume"])
    assert status == 0, said
    assert "runs/cat/model.safetensors: step " in said
    assert "step 12, the last one, for 4 validation drawings cannot choose" in said

    draw = advised(said)
    assert draw == "draw --model runs/cat".split()
    assert "cat.svg: 1 drawing" in sketchvae(*draw)
    assert "cat" in sketchvae("info", "cat.svg")
    sketchvae(*draw, "--animate", "-o", "cat.gif")
    with Image.open("cat.gif") as film:
        assert getattr(film, "n_frames", 1) > 5
    sketchvae("animate", "cat.svg", "-o", "cat.html")
    assert "drawings again sketchvae draw --model" in sketchvae("info", "cat.html")
    sketchvae("plot", "cat.svg", "-o", "cat.gcode")
    assert Path("cat.gcode").read_text().count("\nG1 ") > 5
    for checkpoint in ("best.pt", "last.pt"):
        sketchvae("draw", "cat", "--model", f"runs/cat/{checkpoint}", "-o", f"{checkpoint}.svg")
