"""Jobs that the tests of the sender share: strokes that bend, as G-code for three kinds of pens."""

import math
from itertools import pairwise

PENS = {  # the lines that lift a pen, and those that lower it
    "servo": (["M3 S30", "G4 P0.1"], ["M3 S90", "G4 P0.1"]),
    "relay": (["M5", "G4 P0.1"], ["M3", "G4 P0.1"]),
    "z": (["G0 Z5"], ["G1 Z0 F600"]),
}
STROKES, PIECES = 5, 14
Point = tuple[float, float]

# Two strokes by a program that travels by G1.
SERVO_BY_G1 = """M05 S0
G1 F3000
G1 X20 Y10
G4 P0
M03 S255
G1 F1000
G1 X40 Y10
G1 X40 Y30
M05 S0
G1 F3000
G1 X60
M03 S255
G1 F1000
G1 X80
M05 S0
G1 F3000
G1 X0 Y0
"""


def strokes() -> list[list[Point]]:
    """Strokes that bend, in mm, some of which cross others."""
    return [
        [(15.0 + 9 * k + 4 * math.sin(0.9 * i + k), 10.0 + 2.5 * i) for i in range(PIECES + 1)]
        for k in range(STROKES)
    ]


def gcode(
    pen: str = "servo", change: int | None = None, lines: list[list[Point]] | None = None
) -> str:
    """Write strokes as `sketchvae plot` does.

    Args:
        pen: a key of PENS.
        change: stroke before which the pen is changed.
        lines: the strokes; None for `strokes()`.
    """
    up, down = PENS[pen]
    lines = strokes() if lines is None else lines
    xs, ys = zip(*(p for line in lines for p in line), strict=True)
    out = [f"(pen-up: {' | '.join(up)})", f"(extent: {min(xs)} {min(ys)} {max(xs)} {max(ys)})"]
    out += ["G21", "G90", "G94", *up]
    for k, line in enumerate(lines, 1):
        if change and k in (1, change):
            out += [f"(pen {1 + (k > 1)}: {'black' if k == 1 else 'red?'})", "M0"]
        (x, y), *rest = line
        out += [f"(stroke {k} of {len(lines)})", f"G0 X{x:.3f} Y{y:.3f}", *down]
        out += [f"G1 X{x:.3f} Y{y:.3f}" + " F3000" * (i == 0) for i, (x, y) in enumerate(rest)]
        out += up
    return "\n".join([*out, "(end)", *up, "G0 X0 Y0"]) + "\n"


def length(lines: list[list[Point]]) -> float:
    """Return the length of all strokes, mm."""
    return sum(math.dist(a, b) for line in lines for a, b in pairwise(line))
