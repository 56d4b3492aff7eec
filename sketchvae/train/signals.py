"""Ctrl-C and SIGTERM, deferred until the current step of a training run is finished."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sketchvae.errors import Interrupted


class RunInterrupted(Interrupted):
    """A training run was stopped by Ctrl-C or SIGTERM; its checkpoint is on disk.

    Args:
        step: number of steps taken.
        signal_number: SIGINT or SIGTERM.
    """

    def __init__(self, step: int, signal_number: int) -> None:
        super().__init__(f"stopped after step {step}")
        self.step, self.signal_number = step, signal_number


@contextmanager
def deferred_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list instead of dying, so that a step ends and is saved."""
    received: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        received.append(number)

    previous = {s: signal.signal(s, handler) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, old_handler in previous.items():
            signal.signal(number, old_handler)
