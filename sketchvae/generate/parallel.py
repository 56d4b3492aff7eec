"""Batches side by side: one thread a core, each with its matrix products to itself."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def cpu_count() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parallel_map(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Do the work of each item and return the results in order.

    NumPy lets go of the interpreter while it computes. A product that is itself split over
    the cores leaves all but one idle in between, and waits for the slowest of them: beside
    another program that computes it was ten times as slow.
    """
    from concurrent.futures import ThreadPoolExecutor  # here, since one sheep does not need it

    with one_thread(), ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(work, items))


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the threads of NumPy and scikit-learn to one within the block.

    On a busy machine several threads take longer, because each waits for the slowest.
    """
    from threadpoolctl import threadpool_limits  # here, since one sheep does not need it

    with threadpool_limits(1):
        yield
