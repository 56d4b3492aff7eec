"""Work off the event loop: a few threads, a bounded queue before them, and a time limit."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

WAITING = 32  # requests that may wait for a thread
SECONDS = 20.0  # from a request's arrival to its answer

_Result = TypeVar("_Result")


class BusyError(Exception):
    """The queue is full, or the time limit has passed; the message is for the client."""


class Workers:
    """Threads that do the work of requests.

    Args:
        threads: number of them; each needs the matrix products of its work on one core.
        waiting: most requests in the queue before them.
        seconds: time limit of a request. Work that has begun by then ends unheeded.
    """

    def __init__(self, threads: int, waiting: int = WAITING, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._pool = ThreadPoolExecutor(threads, "studio")
        self._places = Semaphore(threads + waiting)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Do work in a thread, and return its result.

        Raises:
            BusyError: if the queue is full, or the time limit passes.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("too many requests wait already; try again in a second")
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self.seconds)
        except TimeoutError:
            raise BusyError(f"took longer than {self.seconds:g} s; ask for less") from None

    def close(self) -> None:
        """Drop what waits, and let what has begun end by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
