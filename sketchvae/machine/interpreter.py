"""Second pass over a file of G-code: commands, each with what it takes over from those before."""

import math
import re
from collections.abc import Iterable, Iterator

from sketchvae.machine.job import Command, Point
from sketchvae.machine.tokens import Line, refusal
from sketchvae.machine.words import mm_per_unit

_ARC_PIECES = 64  # into which an arc is divided to measure it
_MOVES = {0.0, 1.0, 2.0, 3.0}  # G codes
_MOVE = re.compile(r"G0*[0-3](?![\d.])")
_DWELL = 4.0  # G code


class Modes:
    """What GRBL keeps from one line to the next.

    Attributes:
        name: of the file, for messages.
        unit: "G21" or "G20"; empty before the first of them, which GRBL takes for millimetres.
        motion: G code of the last move, 0 to 3.
        feed: last F, in units of the file a minute; 0 if there is none yet.
        position: x and y in mm; nan where an axis has not been set yet.
        height: z in mm; nan before the first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.unit = ""
        self.motion, self.feed = 0, 0.0
        self.position: Point = (math.nan, math.nan)
        self.height = math.nan

    def run(self, lines: Iterable[Line]) -> Iterator[tuple[Line, Command | None]]:
        """Yield each line with its command; None if it has comments alone.

        Raises:
            SketchvaeError: if the unit changes, a cut has no feed, or an arc no beginning.
        """
        for line in lines:
            yield line, self._command(line) if line.text else None

    def _command(self, line: Line) -> Command:
        values = dict(line.words)
        codes = {value for letter, value in line.words if letter == "G"}
        self._set_unit(line, codes)
        self.feed = values.get("F", self.feed)
        moves = _DWELL not in codes and not {"X", "Y", "Z"}.isdisjoint(values)
        is_planar = moves and not {"X", "Y"}.isdisjoint(values)
        # Any stroke may come after any other: a move states its own G code.
        text = line.text
        if moves and not codes & _MOVES:
            text = f"G{self.motion}{text}"
        elif codes & _MOVES and not moves:  # G1 F1500: some relatives of GRBL want an axis
            text = _MOVE.sub("", text) or "G0"
        self.motion = int(max(codes & _MOVES, default=self.motion))
        if moves and self.motion and not self.feed:
            raise refusal(
                self.name,
                line.number,
                "a G1 must have a feed, in it or before it; add F1500, say",
            )
        rise = self._rise(values) if moves else 0.0
        return Command(
            line.number,
            text,
            points=tuple(self._path(line, values)) if is_planar else (),
            motion=self.motion if moves else 0,
            feed=self.feed,
            dwell=values.get("P", 0.0) if _DWELL in codes else 0.0,
            rise=0.0 if is_planar else rise,
        )

    def _set_unit(self, line: Line, codes: set[float]) -> None:
        for code in codes & {20.0, 21.0}:
            unit = f"G{code:g}"
            if self.unit not in ("", unit):
                raise refusal(self.name, line.number, f"the unit must stay {self.unit}, got {unit}")
            self.unit = unit

    def _rise(self, values: dict[str, float]) -> float:
        """Set the height; return by how many mm it changes, 0 if it was not known."""
        before = self.height
        if "Z" in values:
            self.height = values["Z"] * mm_per_unit(self.unit)
        return 0.0 if math.isnan(before) else abs(self.height - before)

    def _path(self, line: Line, values: dict[str, float]) -> Iterator[Point]:
        """Set the position to the end of a move; yield the points on the way, in mm."""
        scale = mm_per_unit(self.unit)
        start = self.position
        x = values["X"] * scale if "X" in values else start[0]
        y = values["Y"] * scale if "Y" in values else start[1]
        self.position = (x, y)
        if self.motion > 1 and "R" not in values:
            if math.isnan(sum(start)):
                raise refusal(
                    self.name,
                    line.number,
                    "an arc must begin where a move has ended, begins nowhere",
                )
            centre = (
                start[0] + values.get("I", 0.0) * scale,
                start[1] + values.get("J", 0.0) * scale,
            )
            yield from _arc(start, (x, y), centre, clockwise=self.motion == 2)
        yield x, y


def _arc(start: Point, end: Point, centre: Point, clockwise: bool) -> Iterator[Point]:
    """Yield points between the ends of an arc, which is a whole circle if they are the same.

    RS274/NGC, section 3.5.3.
    """
    radius = math.dist(start, centre)
    first = math.atan2(start[1] - centre[1], start[0] - centre[0])
    turn = math.atan2(end[1] - centre[1], end[0] - centre[0]) - first
    turn = -((-turn) % math.tau or math.tau) if clockwise else (turn % math.tau or math.tau)
    for i in range(1, _ARC_PIECES):
        angle = first + turn * i / _ARC_PIECES
        yield centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)
