"""Iterators that run side by side, and the limit of NumPy's threads."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sketchvae.generate.parallel import (
    BoundedPool,
    FullError,
    interleave,
    numpy_on_one_thread,
)


def test_items_come_in_turn_whatever_the_pace_of_each_iterator() -> None:
    def source(start: int, pause: float) -> Iterator[int]:
        for item in range(start, 30, 3):
            time.sleep(pause)
            yield item

    sources = [source(0, 0.0), source(1, 0.003), source(2, 0.001)]
    assert list(interleave(sources, ahead=2)) == list(range(30))
    assert list(interleave([iter([0, 2, 4]), iter([1, 3])])) == [0, 1, 2, 3, 4]


def test_error_is_raised_in_its_turn() -> None:
    def source() -> Iterator[int]:
        yield 0
        raise ValueError("the third")

    taken = interleave([source(), iter([1, 3])])
    assert [next(taken), next(taken)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(taken)


def test_who_takes_no_more_stops_endless_iterators() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    before = threading.active_count()
    taken = interleave([endless(), endless()], ahead=2)
    assert [next(taken) for _ in range(9)] == [1] * 9
    taken.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_program_that_ends_before_the_iterators_ends() -> None:
    """Python 3.13 never returns from joining a thread that its own end has stopped."""
    script = """if True:
        from itertools import count
        from sketchvae.generate.parallel import interleave
        taken = interleave([count(), count()])
        next(taken)
        raise SystemExit(3)"""
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 3


def test_last_to_leave_lifts_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)

    def threads() -> int:
        pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
        return max(pools, default=1)

    with threadpool_limits(2):
        before = threads()
        with numpy_on_one_thread():
            with numpy_on_one_thread():
                assert threads() == 1
            assert threads() == 1
        assert threads() == before


def test_a_bounded_pool_refuses_what_has_no_place_and_takes_it_later() -> None:
    pool, release = BoundedPool(threads=1, waiting=1), threading.Event()
    first = pool.submit(lambda: release.wait(30))
    second = pool.submit(lambda: 2)
    with pytest.raises(FullError):
        pool.submit(lambda: 3)
    assert second.cancel()  # which makes its place free
    third = pool.submit(lambda: 3)
    release.set()
    assert first.result(30) is True
    assert third.result(30) == 3
    assert [pool.submit(lambda: 4).result(30) for _ in range(5)] == [4] * 5
    pool.close()
