"""A machine that draws one job in the background: the stream of `send`, in a thread of its own.

Whoever started it may leave: the job goes on, is seen by all who ask, and is found again after a
crash. A job is kept in a folder until it is finished, as G-code that `sketchvae send` takes, too.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal

from sketchvae.errors import ConflictError, Interrupted, SketchvaeError
from sketchvae.files import make_folder, replacing
from sketchvae.machine.job import Job, ink_lengths
from sketchvae.machine.journal import Journal
from sketchvae.machine.parser import read_job
from sketchvae.machine.sender import UnfinishedError
from sketchvae.machine.session import PlaceLostError, SendOptions, send_job

Pause = Literal["never", "drawing"] | float  # behind which the pen pauses; minutes of drawing
_NAME = "the page"  # of a job, in messages


@dataclass(frozen=True)
class KeptJob:
    """A job and its files.

    Attributes:
        path: of the G-code; the journal and `about` lie beside it.
        job: the same, read.
        about: what whoever starts the job wants to know of it again, as JSON. `numbers`, if it is
            there, are the numbers of the drawing of each stroke, from 1.
    """

    path: Path
    job: Job
    about: Mapping[str, Any]

    @cached_property
    def inked(self) -> list[float]:
        """Millimetres that are drawn after each number of strokes, from none to all."""
        return [0.0, *accumulate(ink_lengths(self.job))]

    @property
    def journal(self) -> Path:
        """File of the journal, as `sketchvae send` names it."""
        return Path(f"{self.path}.job")

    @classmethod
    def read(cls, path: Path) -> "KeptJob":
        """Read a job that was written before.

        Raises:
            SketchvaeError: if it is no job.
            OSError: if a file is missing.
        """
        about = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return cls(path, read_job(path.read_bytes(), _NAME), dict(about))

    @classmethod
    def write(cls, folder: Path, gcode: str, about: Mapping[str, Any]) -> "KeptJob":
        """Write a job into a folder, under a name of its own.

        Args:
            folder: made if it is missing.
            gcode: of the page.
            about: as the attribute.

        Raises:
            SketchvaeError: if it cannot be written, or is no job.
        """
        make_folder(folder, "set SKETCHVAE_CONFIG to another folder")
        stem, count = time.strftime("%Y%m%d-%H%M%S"), 1
        while (path := folder / f"{stem}-{count}.gcode").exists():
            count += 1
        kept = cls(path, read_job(gcode.encode(), _NAME), about)
        for file, text in ((path.with_suffix(".json"), json.dumps(about)), (path, gcode)):
            with replacing(file) as temporary:
                temporary.write_text(text, "utf-8", newline="\n")
        return kept

    def remove(self) -> None:
        """Remove the files of a job that is finished."""
        for file in (self.path, self.path.with_suffix(".json")):
            file.unlink(missing_ok=True)


class Plotter:
    """A machine and its job; an operator for the sender.

    Args:
        port: of the machine.
        name: of the machine.
        folder: in which jobs are kept until they are finished.

    Attributes:
        version: grows with every change of the state.
    """

    has_keyboard = True  # buttons, for which the sender may wait

    def __init__(self, port: str, name: str, folder: Path) -> None:
        self.port, self.name, self.folder = port, name, folder
        self.version = 0
        self._lock = Lock()
        self._thread: Thread | None = None
        self._kept: KeptJob | None = None
        self._state: dict[str, Any] = dict.fromkeys(_FIELDS, None) | {"state": "none"}
        self._first: int | None = None  # stroke to begin with, where the machine lost its place
        self._find_unfinished()

    def _find_unfinished(self) -> None:
        """Take over the last job that an earlier run did not finish."""
        for path in sorted(self.folder.glob("*.gcode.job"), reverse=True):
            try:
                kept = KeptJob.read(path.with_suffix(""))
                journal = Journal.read(kept.journal, kept.job)
            except (SketchvaeError, OSError, ValueError, KeyError):
                continue
            if journal is not None:
                self._kept = kept
                self._show("stopped", "an earlier plot is unfinished")
                self._advance(journal.done)
                return

    # --- what a person asks -------------------------------------------------------------

    @property
    def state(self) -> Mapping[str, Any]:
        """The state of the job.

        `state` is none, streaming, paused, stopped, done or failed; `message` a sentence about it;
        `stroke` the number of strokes that are drawn; `ink_mm` of `of_mm` their length;
        `seconds_left` an estimate; `drawing` of `of` the drawing under the pen. What is not known
        is None.
        """
        return self._state

    @property
    def about(self) -> Mapping[str, Any]:
        """What whoever started the job wants to know of it; empty for no job."""
        return self._kept.about if self._kept else {}

    @property
    def is_running(self) -> bool:
        """Whether a job is sent, or paused."""
        return self._state["state"] in ("streaming", "paused")

    def start(self, gcode: str, about: Mapping[str, Any], pause: Pause = "never") -> None:
        """Begin a job.

        Args:
            gcode: of the page.
            about: see `KeptJob`.
            pause: when the pen pauses by itself.

        Raises:
            ConflictError: if one runs.
            SketchvaeError: if the files cannot be written.
        """
        if pause == "drawing" and not any(about.get("numbers", ())):
            raise SketchvaeError(
                "a pause after each drawing needs their own order, got strokes in another; do not "
                "optimize, or pause by the minute"
            )
        with self._lock:
            if self.is_running:
                raise ConflictError("a plot is running; stop it before another")
            kept = KeptJob.write(self.folder, gcode, {**about, "pause": pause})
            self._drop_unbegun()
            self._kept, self._first = kept, None
            self._advance(0)
            self._begin(SendOptions(), pause)

    def pause(self) -> None:
        """Pause behind the present stroke, the pen up."""
        with self._lock:
            if not self.is_running or self._state["state"] != "streaming":
                raise ConflictError("nothing is being plotted that could pause")
            self._press(True)

    def resume(self) -> None:
        """Go on: after a pause, or with a job that was stopped."""
        with self._lock:
            if self.is_running:
                if self._state["state"] == "paused" or self._asked:
                    self._press(False)
                return
            if self._kept is None or self._state["state"] not in ("stopped", "failed"):
                raise ConflictError("there is no plot to go on with")
            begun = Journal.read(self._kept.journal, self._kept.job) is not None
            first, self._first = self._first, None
            pause = self._kept.about.get("pause", "never")
            self._begin(SendOptions(resume=begun and first is None, first=first), pause)

    def stop(self) -> None:
        """Stop at once, the pen up."""
        if not self.is_running:
            raise ConflictError("nothing is being plotted")
        self._stops = True

    def close(self) -> None:
        """Stop what runs, and wait until the pen is up."""
        self._stops = True
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        self._drop_unbegun()

    # --- the thread ---------------------------------------------------------------------

    _asked = _pressed = _stops = False  # a pause is asked for; Enter; stop
    _pause: Pause = "never"
    _since = 0.0  # seconds, when the pen began to draw after the last pause

    def _drop_unbegun(self) -> None:
        """Remove the files of a job of which nothing was sent."""
        if self._kept is not None and not self._kept.journal.exists() and not self.is_running:
            self._kept.remove()

    def _begin(self, options: SendOptions, pause: Pause) -> None:
        self._asked = self._pressed = self._stops = False
        self._pause, self._since = pause, time.monotonic()
        self._show("streaming", "")
        self._thread = Thread(target=self._send, args=(options,))
        self._thread.start()

    def _send(self, options: SendOptions) -> None:
        """Send the job, and show how that ended."""
        kept = self._kept
        assert kept is not None
        state, message = "failed", "sketchvae has a defect; its terminal shows what happened"
        try:
            send_job(self.port, kept.job, kept.journal, options, self)
            kept.remove()
            self._advance(len(kept.job.strokes))
            state, message = "done", self._state["message"]
        except PlaceLostError as error:
            self._first = error.following
            message = f"{error.happened}, then go on"
        except SketchvaeError as error:
            message = error.happened if isinstance(error, UnfinishedError) else str(error)
            state = "stopped" if self._stops else "failed"
        finally:
            self._show(state, message)

    # --- as the sender's operator -------------------------------------------------------

    def pressed(self) -> bool:
        """Return whether a pause, or its end, was asked for since the last call."""
        with self._lock:
            pressed, self._pressed = self._pressed, False
            return pressed

    def pauses_after(self, stroke: int) -> bool:
        """Return whether the pen pauses by itself behind a stroke, given its number."""
        assert self._kept is not None
        job, numbers = self._kept.job, self._kept.about.get("numbers", ())
        if self._pause == "never" or stroke >= len(job.strokes):
            return False
        if self._pause == "drawing":  # a change of pens is a pause in any case
            is_same_pen = job.pen_of(stroke) == job.pen_of(stroke + 1)
            return is_same_pen and bool(numbers[stroke - 1] != numbers[stroke])
        return time.monotonic() - self._since >= 60 * self._pause

    def check(self) -> None:
        """Raise if the job is to stop.

        Raises:
            Interrupted: if it is.
        """
        if self._stops:
            raise Interrupted("stopped")

    def report(self, text: str) -> None:
        """Show a sentence."""
        self._show(self._state["state"], text)

    def wait(self, text: str, how: str) -> None:  # noqa: ARG002 - by `resume`
        """Show that the job waits."""
        with self._lock:
            self._asked = self._pressed = False
            self._show("paused", text)

    def progress(self, stroke: int, done: float, total: float) -> None:
        """Show how far the job is; after a pause, that it goes on.

        Args:
            stroke: number of strokes that are drawn.
            done: seconds of the estimate that are done.
            total: seconds of the estimate.
        """
        with self._lock:
            if self._state["state"] == "paused":
                self._since = time.monotonic()
                self._show("streaming", "")
            self._advance(stroke, total - done)

    def _press(self, pauses: bool) -> None:
        self._asked, self._pressed = pauses, True

    def _show(self, state: str, message: str) -> None:
        """Show a state and a sentence, in which the port and the folder are not named."""
        message = message.replace(f"{self.folder}{os.sep}", "").replace(self.port, self.name)
        self._state = self._state | {"state": state, "message": message}
        self.version += 1

    def _advance(self, stroke: int, seconds: float | None = None) -> None:
        """Show how many strokes are drawn, and the seconds that are left."""
        assert self._kept is not None
        numbers, inked = self._kept.about.get("numbers", ()), self._kept.inked
        known = any(numbers)
        self._state = self._state | {
            "stroke": stroke,
            "ink_mm": round(inked[stroke], 1),
            "of_mm": round(inked[-1], 1),
            "seconds_left": None if seconds is None else round(seconds, 1),
            "drawing": numbers[min(stroke, len(numbers) - 1)] if known else None,
            "of": max(numbers) if known else None,
        }
        self.version += 1


_FIELDS = ("state", "message", "stroke", "ink_mm", "of_mm", "seconds_left", "drawing", "of")
_PATIENCE = 20.0  # seconds in which a machine must have stopped
