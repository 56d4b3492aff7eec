"""How far a job has come, on disk: so that it goes on where it stopped, whatever stopped it.

The record says what was sent before it is sent, and what is drawn once the machine says so. In
between, the machine's own position tells: it draws what is in its buffer even when nobody
listens any more, and it stops anywhere at a feed hold.
"""

import io
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.machine.grbl import SAME
from sketchvae.machine.job import Command, Job, Point

SUFFIX = ".job"
SIZE = 512  # bytes of a record: one sector, written at once
SYNC = 1.0  # seconds of strokes that a power cut may forget
STEP = 0.0125  # mm within which the machine tells its position
PLANNED = 17  # moves that GRBL may have acknowledged and not drawn: 15 blocks, and two under way


@dataclass(frozen=True, slots=True)
class Start:
    """Where a job begins or goes on.

    Attributes:
        index: of the first command.
        place: where the pen comes down within a stroke; None at the beginning of one.
    """

    index: int
    place: Point | None = None


class Record:
    """The record of one job, in a file of its own.

    Attributes:
        done: strokes that are drawn.
        sent: line that was sent last; 0 for none.
        acknowledged: line that was acknowledged last.
        first: line with which the run began.
        place: where the pen was then, x and y in mm.
        placed: whether the machine still knew its place when it was last heard of.
        refused: line that the machine refused, 0 for none; it went on with those behind it.
        stopped: where the pen was put down to rest then, x and y in mm.
    """

    def __init__(self, path: Path, job: Job, start: Start, place: Point) -> None:
        self.path, self.job = path, job
        first = job.commands[start.index] if start.index < len(job.commands) else job.commands[-1]
        self.done = max(first.stroke - 1, 0)
        self.sent = self.acknowledged = 0
        self.first, self.place, self.placed = first.line, place, True
        self.refused, self.stopped = 0, place
        self._file: io.FileIO | None = None
        self._synced = 0.0

    @classmethod
    def read(cls, path: Path, job: Job) -> "Record | None":
        """Read the record of a job that was not finished; None if there is none of this job.

        Raises:
            SketchvaeError: if the file is something else.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SketchvaeError(
                f"{path}: cannot be read ({error.strerror}); name another --state"
            ) from error
        record = cls(path, job, Start(0), (0.0, 0.0))
        try:
            state = json.loads(content)
            digest, strokes = str(state["digest"]), int(state["strokes"])
            record.done, record.sent = int(state["done"]), int(state["sent"])
            record.acknowledged, record.first = int(state["acknowledged"]), int(state["first"])
            (x, y), (u, v) = map(float, state["place"]), map(float, state["stopped"])
            record.place, record.placed = (x, y), bool(state["placed"])
            record.refused, record.stopped = int(state["refused"]), (u, v)
        except (ValueError, TypeError, KeyError) as error:
            raise SketchvaeError(
                f"{path}: must be the record of a job, is something else; move it, or name "
                "another --state"
            ) from error
        same = digest == job.digest and strokes == job.strokes
        return record if same and 0 <= record.done <= strokes else None

    def create(self) -> None:
        """Put the record on disk, before anything is sent."""
        with replacing(self.path) as beside:
            beside.write_bytes(self._content())
        self._file = io.FileIO(self.path, "r+")

    def sends(self, line: int) -> None:
        """Write down that a line is about to be sent."""
        self.sent = line
        self._write()

    def drawn(self, stroke: int) -> None:
        """Write down that a stroke is drawn."""
        self.done = stroke
        self._write()
        if self._file is not None and time.monotonic() - self._synced > SYNC:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def lost(self) -> None:
        """Write down that the machine does not know where it is."""
        self.placed = False
        self._write()

    def refuses(self, line: int, stopped: Point) -> None:
        """Write down which line was refused, and where the pen has come since."""
        self.refused, self.stopped = line, stopped
        self._write()

    def close(self, finished: bool) -> None:
        """Let go of the file, and remove it when the job is finished."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if finished:
            self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self._file is not None:
            try:
                self._file.seek(0)
                self._file.write(self._content())
            except OSError as error:
                raise SketchvaeError(
                    f"{self.path}: cannot be written ({error.strerror}), so the job was stopped; "
                    "name another --state"
                ) from error

    def _content(self) -> bytes:
        state = {
            "done": self.done,
            "strokes": self.job.strokes,
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "first": self.first,
            "place": [round(v, 4) for v in self.place],
            "placed": self.placed,
            "refused": self.refused,
            "stopped": [round(v, 4) for v in self.stopped],
            "digest": self.job.digest,
        }
        return json.dumps(state).encode().ljust(SIZE - 1) + b"\n"


def begin(job: Job, stroke: int) -> Start:
    """Begin with a stroke, with what the file wants before it."""
    found = [i for i, c in enumerate(job.commands) if c.stroke >= stroke]
    return Start(found[0] if found else len(job.commands))


def resume(record: Record, place: Point) -> Start | None:
    """Find where a job goes on: the first command that is not drawn, and where within it.

    Args:
        record: of the job.
        place: where the machine is now, x and y in mm.

    Returns:
        None if the machine is not on the way that it was sent.
    """
    commands = record.job.commands
    begun = next(i for i, c in enumerate(commands) if c.line == record.first)
    # In a run that went on within a stroke nothing before its first line was sent.
    last = record.refused - 1 if record.refused else record.sent
    sent = max((i for i, c in enumerate(commands) if c.line <= last), default=-1)
    sent = max(sent, begun - 1)
    known = max((i for i, c in enumerate(commands) if c.line <= record.acknowledged), default=-1)
    moves = list(_moves(record, begun, sent))
    end = moves[-1][2] if moves else record.place
    if math.dist(end, place) <= SAME:
        return _go_on(record.job, sent + 1, place)
    waited = max((i for i, c in enumerate(commands[: known + 1]) if c.waits), default=-1)
    recent = moves[-PLANNED - sum(index > known for index, *_ in moves) :]
    near = [
        (round(distance / STEP), index)  # of two that are as near, the earlier
        for index, a, b in recent
        if index > waited and commands[index].stroke > record.done
        if (distance := _distance(place, a, b)) <= SAME
    ]
    if near:
        return _go_on(record.job, min(near)[1], place)
    if record.refused and math.dist(record.stopped, place) <= SAME:
        return _go_on(record.job, sent + 1, end)  # it went astray with the lines behind that one
    return None


def _moves(record: Record, begun: int, sent: int) -> Iterator[tuple[int, Point, Point]]:
    """Yield the pieces of the way that was sent: index of the command, beginning, end."""
    place = record.place
    for index in range(begun, sent + 1):
        command = record.job.commands[index]
        for point in command.points:
            x, y = (p if not math.isnan(p) else q for p, q in zip(point, place, strict=True))
            yield index, place, (x, y)
            place = (x, y)


def _distance(place: Point, a: Point, b: Point) -> float:
    """Measure how far a place is from a piece of the way."""
    length = math.dist(a, b)
    if length == 0:
        return math.dist(place, a)
    along = sum((p - q) * (r - q) for p, q, r in zip(place, a, b, strict=True)) / length**2
    along = min(max(along, 0.0), 1.0)
    nearest = (a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1]))
    return math.dist(place, nearest)


def _go_on(job: Job, index: int, place: Point) -> Start:
    """Go on with a command: within its stroke if that has ink already, else at its beginning."""
    if index >= len(job.commands):
        return Start(index)
    stroke = job.commands[index].stroke
    inks = [i for i, c in enumerate(job.commands) if c.stroke == stroke and c.inks]
    left = [i for i in inks if i >= index]
    if inks and not left:
        return begin(job, stroke + 1)
    begun = index > min(inks, default=index)
    if left and (begun or index == left[0]) and job.commands[left[0]].straight:
        return Start(left[0], place)
    return begin(job, stroke)


def remaining(job: Job, start: Start) -> tuple[Command, ...]:
    """List what is still to be sent: the header, what brings the pen there, and the rest."""
    rest = job.commands[start.index :]
    if start.index == 0 or not rest:
        return rest
    first = rest[0]
    header = tuple(replace(c, line=0) for c in job.header)
    if start.place is None:
        feed = f"F{first.feed:g}" if first.feed else ""
        return (*header, *([Command(0, feed, 0)] if feed else []), *rest)
    unit = 25.4 if job.unit == "G20" else 1.0
    stroke = [c for c in job.commands if c.stroke == first.stroke]
    before = stroke[: next(i for i, c in enumerate(stroke) if c.inks)]
    down = tuple(replace(c, line=0) for c in before if not c.points and not c.pauses)
    there = "".join(f"{a}{v / unit:.4f}" for a, v in zip("XY", start.place, strict=True))
    end = "".join(f"{a}{v / unit:.4f}" for a, v in zip("XY", first.points[-1], strict=True))
    travel = Command(0, f"G0{there}", first.stroke, (start.place,))
    ink = replace(first, text=f"G1{end}F{first.feed:g}")
    return (*header, travel, *down, ink, *rest[1:])
