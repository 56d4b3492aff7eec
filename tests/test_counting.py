"""Counts of a packed set: against counting drawing by drawing, and in memory that does not grow."""

import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sketchvae.data.counting import count
from sketchvae.data.dataset import SPLITS, PackedDataset
from sketchvae.data.splits import SplitFractions


def set_of(n: int, seed: int = 0) -> PackedDataset:
    """A packed set in memory of drawings without points of note; a third are copies."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 300, n)
    keys = rng.integers(0, 2**64, n, dtype=np.uint64)
    keys[: n // 3] = keys[n - n // 3 :]
    return PackedDataset(
        Path("many.drawings"),
        np.zeros((0, 3), np.uint8),
        np.cumsum([0, *lengths]),
        keys,
        rng.choice(3, n, p=[0.2, 0.5, 0.3]).astype(np.uint16),
        ("cat", "cow", "sheep"),
        SplitFractions(0.2, 0.1),
        ("many.ndjson",),
    )


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_counts_are_those_of_each_drawing_alone(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("sketchvae.data.dataset._BLOCK", block)
    packed = set_of(100)
    lengths = [int(b - a) for a, b in zip(packed.starts[:-1], packed.starts[1:], strict=True)]
    contents = count(packed, 200)
    for split in SPLITS:
        members = packed.split(split).tolist()
        assert contents.splits[split] == len(members)
        assert contents.fitting[split] == sum(1 <= lengths[i] <= 200 for i in members)
    assert contents.too_long == sum(length > 200 for length in lengths)
    assert contents.longest == max(lengths)
    assert contents.words == Counter(packed.vocabulary[word] for word in packed.words)
    assert contents.copies == 100 - len(set(packed.keys.tolist())) == 33


def test_counting_ten_times_the_drawings_takes_no_more_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sketchvae.data.dataset._BLOCK", 2000)
    few, many = (peak_of_counting(n) for n in (20_000, 200_000))
    assert many < 2 * few


def peak_of_counting(n: int) -> int:
    packed = set_of(n)
    tracemalloc.start()
    count(packed, 200)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
