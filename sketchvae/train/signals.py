"""Ctrl-C and SIGTERM, deferred until the current step of a training run is finished."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
