"""The journal of a job, on disk: it goes on where it stopped, whatever stopped it.

A write-ahead log: the number of a line is written before the line is sent, and that of a stroke
once the machine has drawn it. Between the two the machine's own position decides, since it draws
what is in its buffer even when nobody listens any more, and a feed hold stops it anywhere.
"""

import io
import json
import os
import time
from pathlib import Path

from sketchvae.errors import ConflictError, SketchvaeError
from sketchvae.files import lock, replacing
from sketchvae.machine.job import Job, Point
from sketchvae.machine.resume import ResumePoint, first_command

SIZE = 512  # bytes of a journal: one sector of a disk, written at once
SYNC_SECONDS = 1.0  # between two strokes that are flushed to disk: a power cut may lose these


class Journal:
    """The journal of one job, in a file of its own.

    Attributes:
        path: of the file.
        job: that is drawn.
        done: number of strokes that are drawn.
        sent: number of the line that was sent last; 0 for none.
        acknowledged: number of the line that was acknowledged last; 0 for none.
        first: number of the line with which the run began.
        position: of the pen at the beginning of the run, x and y in mm.
        position_known: whether the machine's position was still right when it was last asked.
        refused: number of the line that the machine refused, behind which it went on; 0 for none.
        stopped: position in which the pen came to rest after that, x and y in mm.
        mended: whether it is the journal of this job before that line was mended.
    """

    def __init__(self, path: Path, job: Job, start: ResumePoint, position: Point) -> None:
        """Begin a journal; `create` writes it.

        Args:
            path: of the file.
            job: to be drawn.
            start: where the run begins.
            position: of the pen, x and y in mm.
        """
        self.path, self.job = path, job
        first = first_command(job, start)
        self.done = max(first.stroke - 1, 0)
        self.sent = self.acknowledged = 0
        self.first = first.line
        self.position = self.stopped = position
        self.position_known = True
        self.refused = 0
        self.mended = False
        self._file: io.FileIO | None = None
        self._synced = 0.0

    @classmethod
    def read(cls, path: Path, job: Job) -> "Journal | None":
        """Read the journal of a job that was not finished.

        Args:
            path: of the file.
            job: whose journal it must be.

        Returns:
            None if there is no file, or if it is the journal of another job. With a refused line,
            a job of as many strokes is the same one, mended.

        Raises:
            ConflictError: if another process is drawing the job.
            SketchvaeError: if the file is no journal.
        """
        try:
            _check_free(path)
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SketchvaeError(
                f"{path}: cannot be read ({error.strerror}); name another --state"
            ) from error
        journal = cls(path, job, ResumePoint(0), (0.0, 0.0))
        try:
            state = json.loads(content)
            digest, strokes = str(state["digest"]), int(state["strokes"])
            journal._take(state)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise SketchvaeError(
                f"{path}: must be the record of a job, is something else; move it, or name "
                "another --state"
            ) from error
        journal.mended = bool(journal.refused) and digest != job.digest
        is_same = (digest == job.digest or journal.mended) and strokes == len(job.strokes)
        return journal if is_same and 0 <= journal.done <= strokes else None

    def create(self) -> None:
        """Write the journal, before anything is sent.

        Raises:
            ConflictError: if another process is drawing the job.
            SketchvaeError: if the file cannot be written.
        """
        _check_free(self.path)
        with replacing(self.path) as temporary:
            temporary.write_bytes(self._content())
        self._file = io.FileIO(self.path, "r+")
        lock(self._file.fileno())

    def log_sent(self, line: int) -> None:
        """Write that a line is about to be sent.

        Raises:
            SketchvaeError: if the file cannot be written; so of all the `log_` methods.
        """
        self.sent = line
        self._write()

    def log_done(self, stroke: int) -> None:
        """Write that a stroke is drawn."""
        self.done = stroke
        self._write()
        if self._file is not None and time.monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def log_position_lost(self) -> None:
        """Write that the machine's position is wrong."""
        self.position_known = False
        self._write()

    def log_refused(self, line: int, stopped: Point) -> None:
        """Write that the machine refused a line.

        Args:
            line: its number.
            stopped: position in which the pen came to rest, x and y in mm.
        """
        self.refused, self.stopped = line, stopped
        self._write()

    def close(self, finished: bool) -> None:
        """Close the file, and remove it when the job is finished."""
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
        """Return the journal as it stands in the file."""
        state = {
            "done": self.done,
            "strokes": len(self.job.strokes),
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "first": self.first,
            "place": [round(v, 4) for v in self.position],
            "placed": self.position_known,
            "refused": self.refused,
            "stopped": [round(v, 4) for v in self.stopped],
            "digest": self.job.digest,
        }
        return json.dumps(state).encode().ljust(SIZE - 1) + b"\n"

    def _take(self, state: dict[str, object]) -> None:
        """Take over the content of a file."""
        for name in ("done", "sent", "acknowledged", "first", "refused"):
            setattr(self, name, int(state[name]))  # type: ignore[call-overload]
        (x, y), (u, v) = (map(float, state[name]) for name in ("place", "stopped"))  # type: ignore[call-overload]
        self.position, self.stopped = (x, y), (u, v)
        self.position_known = bool(state["placed"])


def _check_free(path: Path) -> None:
    """Refuse the journal of a job that another process is drawing; a missing file is free."""
    try:
        with path.open("rb") as file:
            is_free = lock(file.fileno())
    except FileNotFoundError:
        return
    if not is_free:
        raise ConflictError(
            f"{path}: another process is drawing this job; wait for its end, or stop it with Ctrl-C"
        )
