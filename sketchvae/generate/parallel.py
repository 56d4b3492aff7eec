"""Threads: one per core, each with matrix products of its own."""

import os
import queue
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import cycle
from threading import Event, Lock, Semaphore, Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def cpu_count() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parallel_map(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Apply a function to each item, in one thread per core; return the results in order.

    NumPy releases the interpreter while it computes, so the threads run side by side. Splitting
    each matrix product over the cores instead leaves them idle in between, and each product waits
    for the slowest core: on a busy machine that was ten times as slow.

    Args:
        work: the function; its matrix products use one thread.
        items: its arguments.
    """
    from concurrent.futures import ThreadPoolExecutor  # here, since one sheep does not need it

    with one_thread(), ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(work, items))


class FullError(Exception):
    """A pool has no place for more work."""


class BoundedPool:
    """Threads for the work of others who wait for it, and a queue of a certain length.

    Args:
        threads: number of them.
        waiting: most pieces of work in the queue, behind those that are being done.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        from concurrent.futures import ThreadPoolExecutor  # here, since one sheep does not need it

        self._pool = ThreadPoolExecutor(threads)
        self._places = Semaphore(threads + waiting)

    def submit(self, work: Callable[[], _Result]) -> "Future[_Result]":
        """Begin work when a thread is free; return its future, which can be cancelled until then.

        Raises:
            FullError: if the queue is full.
        """
        if not self._places.acquire(blocking=False):
            raise FullError
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return future

    def close(self) -> None:
        """Drop what waits; what has begun ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the threads of NumPy and scikit-learn to one within the block.

    On a busy machine several threads take longer, because each waits for the slowest.
    """
    from threadpoolctl import threadpool_limits  # here, since one sheep does not need it

    with threadpool_limits(1):
        yield


def interleave(sources: Sequence[Iterator[_Item]], ahead: int = 64) -> Iterator[_Item]:
    """Yield an item of each iterator in turn, until one ends; each runs in a thread of its own.

    Args:
        sources: iterators of equally many items; the first of them may have one more.
        ahead: items that a thread may be ahead of what is taken.

    Raises:
        Exception: what an iterator raises, in its turn.
    """
    stop, queues = Event(), [queue.Queue[Any](ahead) for _ in sources]

    def run(source: Iterator[_Item], own: "queue.Queue[Any]") -> None:
        try:
            for item in source:
                if not _offer(own, (item, None), stop):
                    return
            _offer(own, None, stop)
        except Exception as error:  # it is raised where the item was to be taken
            _offer(own, (None, error), stop)

    pairs = list(zip(sources, queues, strict=True))
    threads = [Thread(target=run, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    try:
        for own in cycle(queues):
            taken = own.get()
            if taken is None:
                return
            item, error = taken
            if error is not None:
                raise error
            yield item
    finally:
        stop.set()
        if not sys.is_finalizing():  # else the threads are gone, and 3.13 would wait for ever
            for thread in threads:
                thread.join()


def _offer(own: "queue.Queue[Any]", item: object, stop: Event) -> bool:
    """Put an item into a queue when there is room; return False if nobody wants it any more."""
    while not stop.is_set():
        try:
            own.put(item, timeout=0.05)
        except queue.Full:
            continue
        return True
    return False


_lock = Lock()
_holders: list[Any] = []  # what keeps NumPy on one thread, the limit itself first


@contextmanager
def numpy_on_one_thread() -> Iterator[None]:
    """Limit the threads of NumPy's products within a block; quick enough for every drawing.

    Unlike `one_thread` it leaves alone what other libraries bring. Blocks in several threads may
    overlap: the last to leave lifts the limit. Nothing is done where the environment sets the
    limit already, as the command line does.
    """
    if os.environ.get("OPENBLAS_NUM_THREADS") == "1":
        yield
        return
    with _lock:
        _holders.append(None if _holders else _numpy_threads().limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            if len(_holders) == 1:
                _holders[0].restore_original_limits()
            _holders.pop()


@lru_cache(maxsize=1)
def _numpy_threads() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    """Find the library that computes NumPy's products, once: that takes a millisecond."""
    import numpy as np  # noqa: F401 - it must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
