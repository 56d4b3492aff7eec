"""From packed datasets to training batches: drawings of similar length, augmented and padded.

A batch is a pure function of the seed and the step, so that a resumed run sees the batches that
the uninterrupted run would have seen.
Shape letters: B drawings, T steps, Z latent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from sketchvae.data.dataset import PackedDataset, Points, Split
from sketchvae.errors import SketchvaeError
from sketchvae.model.batch import Augmentation, Batch, make_batch
from sketchvae.polyline import Bools, Ints
from sketchvae.train.shortcomings import why_empty

_BLOCK = 128  # drawings of a batch whose random numbers come from one generator
_GOLDEN_RATIO = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class WeightedDataset:
    """A packed dataset, and how many times an epoch shows each of its drawings."""

    dataset: PackedDataset
    repeat: int = 1


class DrawingPool:
    """The drawings of one split of several datasets, under one index.

    Args:
        datasets: packed datasets; a drawing of weight n stands n times in the pool, but once if
            it validates.
        split: "train", "valid" or "test".
        max_points: longer drawings are skipped, as are empty ones.
        exclude_keys: keys of drawings to leave out, such as those of the validation drawings.

    Attributes:
        datasets: the packed datasets.
        rows: (B, 2) number of the dataset and index of the drawing in it.
        lengths: (B,) points of each drawing.
        n_skipped: number of drawings that were too long or empty.

    Raises:
        SketchvaeError: if no drawing is left.
    """

    def __init__(
        self,
        datasets: Sequence[WeightedDataset],
        split: Split,
        max_points: int,
        exclude_keys: NDArray[np.uint64] | None = None,
    ) -> None:
        self.datasets = [weighted.dataset for weighted in datasets]
        excluded = np.unique(np.array([] if exclude_keys is None else exclude_keys, np.uint64))
        rows: list[Ints] = []
        for number, weighted in enumerate(datasets):
            indices = _members(weighted.dataset, split, excluded)
            pairs = np.column_stack([np.full(len(indices), number), indices])
            rows.append(np.tile(pairs, (weighted.repeat, 1)))
        self.rows = np.concatenate(rows)
        if split == "valid":  # 30 copies of one drawing judge no better than it
            self.rows = self.rows[np.sort(np.unique(self.keys(), return_index=True)[1])]
        self.lengths = np.empty(len(self.rows), dtype=np.int64)
        for dataset, here, indices in self._of_each_dataset():
            self.lengths[here] = dataset.starts[indices + 1] - dataset.starts[indices]
        fits = (self.lengths >= 1) & (self.lengths <= max_points)
        self.n_skipped = int((~fits).sum())
        self.rows, self.lengths = self.rows[fits], self.lengths[fits]
        if not len(self):
            names = ", ".join(str(dataset.path) for dataset in self.datasets)
            raise SketchvaeError(
                f"{names}: the {split} split must hold a drawing of 1 to {max_points} points, "
                f"got none: {why_empty(self.datasets, split, max_points)}"
            )

    def __len__(self) -> int:
        return len(self.rows)

    def _of_each_dataset(self) -> Iterator[tuple[PackedDataset, Bools, Ints]]:
        """Yield each dataset, which rows are of it, (B,), and the indices of their drawings."""
        for number, dataset in enumerate(self.datasets):
            here = self.rows[:, 0] == number
            yield dataset, here, self.rows[here, 1]

    @cached_property
    def different(self) -> Ints:
        """An index of each different drawing; those of weight n stand n times in the pool."""
        return np.unique(self.rows, axis=0, return_index=True)[1]

    @property
    def word(self) -> str:
        """The word of the drawings if they all have the same one, else an empty string."""
        words = {word for dataset in self.datasets for word in dataset.vocabulary if word}
        return words.pop() if len(words) == 1 else ""

    def keys(self) -> NDArray[np.uint64]:
        """Return the content hash of each drawing, (B,)."""
        keys = np.empty(len(self.rows), dtype=np.uint64)
        for dataset, here, indices in self._of_each_dataset():
            keys[here] = dataset.keys[indices]
        return keys

    def fingerprint(self) -> str:
        """Return a hash of the drawings and their order, to recognise the pool of a run."""
        return blake2b(self.keys().data, digest_size=8).hexdigest()

    def points(self, indices: Ints) -> list[Points]:
        """Return the points of drawings, each (n, 3) uint8: x, y, lift."""
        return [self.datasets[d].points_of(int(i)) for d, i in self.rows[indices]]

    def offset_scale(self, max_drawings: int = 20_000) -> float:
        """Return the standard deviation of the offsets in pixels: the scale of a model.

        Args:
            max_drawings: drawings to measure, evenly spread over the pool.
        """
        indices = np.linspace(0, len(self) - 1, min(max_drawings, len(self))).astype(np.int64)
        offsets = np.concatenate(
            [np.diff(points[:, :2].astype(float), axis=0) for points in self.points(indices)]
        )
        scale = float(offsets.std()) if offsets.size else 0.0
        return scale if scale > 0 else 1.0


def _members(dataset: PackedDataset, split: Split, excluded: NDArray[np.uint64]) -> Ints:
    """Return the indices of the drawings of a split; the packed set is looked at in blocks.

    Args:
        dataset: the packed set.
        split: "train", "valid" or "test".
        excluded: keys of drawings to leave out, in rising order.
    """
    members = [np.zeros(0, dtype=np.int64)]
    for block in dataset.blocks():
        inside = dataset.in_split(split, block)
        if len(excluded):
            keys = dataset.keys[block]
            nearest = np.searchsorted(excluded, keys).clip(max=len(excluded) - 1)
            inside &= excluded[nearest] != keys
        members.append(block.start + np.flatnonzero(inside))
    return np.concatenate(members)


class BatchSampler:
    """The training batches, indexed by step, without end.

    An epoch shows every drawing of the pool once, except a remainder that fills no batch. The
    drawings of a batch have similar lengths, to save padding; lengths are jittered before
    sorting, so that each epoch forms other batches.

    Args:
        pool: the training drawings.
        size: drawings per batch; fewer if the pool is smaller.
        latent: Z, for the noise of z.
        scale: pixels per model unit.
        augmentation: random changes to each drawing.
        seed: of the order, the augmentation and the noise.
    """

    def __init__(
        self,
        pool: DrawingPool,
        size: int,
        latent: int,
        scale: float,
        augmentation: Augmentation,
        seed: int,
    ) -> None:
        self.pool, self.latent, self.scale = pool, latent, scale
        self.augmentation, self.seed = augmentation, seed
        self.size = min(size, len(pool))
        self.per_epoch = len(pool) // self.size
        self._spread = _spread(self.size)
        self._epoch_rows = lru_cache(maxsize=1)(self._make_epoch_rows)

    def __getitem__(self, step: int) -> Batch:
        return self.part(step, 0, 1)

    def part(self, step: int, rank: int, size: int) -> Batch:
        """Return the drawings of a batch that one of several processes trains on.

        The parts make up the same batch for any number of processes. The random numbers of every
        128 drawings have a generator of their own, so that a process makes little more than its
        part, whatever the size of the batch.

        Args:
            step: number of the batch.
            rank: number of the process, from 0.
            size: number of processes.
        """
        epoch, number = divmod(step, self.per_epoch)
        rows, spread = self._epoch_rows(epoch)[number], self._spread
        first, last = (self.size * process // size for process in (rank, rank + 1))
        parts = []
        for block in range(first // _BLOCK, max(-(-last // _BLOCK), first // _BLOCK + 1)):
            drawn = np.sort(spread[block * _BLOCK : (block + 1) * _BLOCK])
            key = [self.seed, 1, step]
            rng = np.random.default_rng([*key, block] if block else key)
            points = self.pool.points(rows[drawn])
            made = make_batch(points, self.scale, self.latent, rng, self.augmentation)
            parts.append(made.only(np.isin(drawn, spread[first:last])))
        return Batch.joined(parts)

    def _make_epoch_rows(self, epoch: int) -> Ints:
        """Return the batches of an epoch as indices into the pool, (per_epoch, size)."""
        rng = np.random.default_rng([self.seed, 0, epoch])
        shuffled = rng.permutation(len(self.pool))[: self.per_epoch * self.size]
        jittered = self.pool.lengths[shuffled] * rng.uniform(0.9, 1.1, len(shuffled))
        by_length = shuffled[np.argsort(jittered)]
        return rng.permutation(by_length.reshape(self.per_epoch, self.size))


def _spread(n: int) -> Ints:
    """Return the numbers below n in an order of which every section is spread evenly.

    The drawings of a batch stand in order of length, and a process gets a section: so no process
    waits for one with longer drawings.
    """
    return np.argsort(np.arange(n) * _GOLDEN_RATIO % 1, kind="stable")


def validation_batches(pool: DrawingPool, size: int, latent: int, scale: float) -> Iterator[Batch]:
    """Yield each drawing of a pool once: sorted by length, not augmented, always the same noise.

    Args:
        pool: the validation drawings.
        size: drawings per batch.
        latent: Z, for the noise of z.
        scale: pixels per model unit.
    """
    rng = np.random.default_rng(0)
    order = np.argsort(pool.lengths, kind="stable")
    for first in range(0, len(order), size):
        yield make_batch(pool.points(order[first : first + size]), scale, latent, rng)
