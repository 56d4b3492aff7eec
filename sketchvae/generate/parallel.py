"""Threads: one per core, each with matrix products of its own."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, TypeVar

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


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the threads of NumPy and scikit-learn to one within the block.

    On a busy machine several threads take longer, because each waits for the slowest.
    """
    from threadpoolctl import threadpool_limits  # here, since one sheep does not need it

    with threadpool_limits(1):
        yield


def numpy_on_one_thread() -> AbstractContextManager[Any]:
    """Limit the threads of NumPy's products within a block; quick enough for every step.

    Unlike `one_thread` it leaves alone what other libraries bring.
    """
    context: AbstractContextManager[Any] = _numpy_threads().limit(limits=1)
    return context


@lru_cache(maxsize=1)
def _numpy_threads() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    """Find the library that computes NumPy's products, once: that takes a millisecond."""
    import numpy as np  # noqa: F401 - it must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
