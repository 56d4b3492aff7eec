"""Packed sets -> batches: drawings of like length together, trimmed, noised, augmented.

Every batch is a pure function of (seed, step): a run that was stopped goes on with the
very batches it would have seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from sketchvae.data.dataset import PackedDataset, Points, Split
from sketchvae.drawing import Pen
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats32
from sketchvae.sequences import begins_of, rows_of

Ints = NDArray[np.int64]

LENGTH_STEP = 16  # T is rounded up to a multiple: fewer shapes keep the heap small


@dataclass(frozen=True)
class Augmentation:
    """What training does to a drawing before the network sees it.

    Attributes:
        stretch: x and y are scaled by 1 - stretch to 1 + stretch, each on its own.
        drop: share of the points inside strokes that is left out.
    """

    stretch: float = 0.1
    drop: float = 0.1


@dataclass(frozen=True)
class Batch:
    """Drawings as the network reads them.

    Attributes:
        steps: (B, T, 5) float32 stroke-5 in model units, END rows as padding.
        lengths: (B,) int64, rows of each drawing with its own END.
        noise: (B, Z) float32, standard normal, for z.
    """

    steps: Floats32
    lengths: Ints
    noise: Floats32

    def part(self, rank: int, of: int) -> "Batch":
        """Return every `of`-th drawing, from `rank` on: one process's share."""
        mine = slice(rank, None, of)
        return Batch(self.steps[mine], self.lengths[mine], self.noise[mine])


@dataclass(frozen=True)
class Source:
    """A packed set, and how many times an epoch shows each of its drawings."""

    packed: PackedDataset
    repeat: int = 1


class Pool:
    """The drawings of one split over several sets, by a common index.

    Args:
        sources: the sets.
        split: which part of each.
        longest: drawings of more points than this are left out, as are empty ones.
        without: keys of drawings to leave out, so that none is trained on and judged by.

    Raises:
        SketchvaeError: if nothing is left.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        split: Split,
        longest: int,
        without: NDArray[np.uint64] | None = None,
    ) -> None:
        self.sets = [source.packed for source in sources]
        places: list[Ints] = []
        for number, source in enumerate(sources):
            indices = source.packed.split(split)
            if without is not None:
                indices = indices[~np.isin(source.packed.keys[indices], without)]
            rows = np.column_stack([np.full(len(indices), number), indices])
            places.append(np.tile(rows, (source.repeat, 1)))
        self.places = np.concatenate(places)  # (B, 2): set, index in it
        self.lengths = self._lengths()
        fits = (self.lengths >= 1) & (self.lengths <= longest)
        self.left_out = int((~fits).sum())
        self.places, self.lengths = self.places[fits], self.lengths[fits]
        if not len(self):
            names = ", ".join(str(s.path) for s in self.sets)
            raise SketchvaeError(
                f"{names}: the {split} split must hold a drawing of 1 to {longest} points, "
                "got none; import more drawings or give the split a larger share"
            )

    def __len__(self) -> int:
        return len(self.places)

    def _lengths(self) -> Ints:
        lengths = np.empty(len(self.places), dtype=np.int64)
        for number, packed in enumerate(self.sets):
            rows = self.places[:, 0] == number
            indices = self.places[rows, 1]
            lengths[rows] = packed.starts[indices + 1] - packed.starts[indices]
        return lengths

    @property
    def word(self) -> str:
        """What the drawings show, if it is one thing; empty if it is several."""
        words = {word for packed in self.sets for word in packed.vocabulary if word}
        return words.pop() if len(words) == 1 else ""

    def keys(self) -> NDArray[np.uint64]:
        """Return the hash of every drawing, (B,) uint64."""
        return np.array([self.sets[s].keys[i] for s, i in self.places], dtype=np.uint64)

    def fingerprint(self) -> str:
        """Return a hash of which drawings these are, and in which order."""
        return blake2b(self.keys().tobytes(), digest_size=8).hexdigest()

    def points(self, which: Ints) -> list[Points]:
        """Return the points of drawings, each (n, 3) uint8."""
        return [self.sets[s].points_of(int(i)) for s, i in self.places[which]]

    def offset_scale(self, most: int = 20_000) -> float:
        """Return the std of the offsets in pixels, over at most `most` drawings evenly spread."""
        which = np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64)
        offsets = np.concatenate(
            [np.diff(p[:, :2].astype(float), axis=0) for p in self.points(which)]
        )
        scale = float(offsets.std()) if offsets.size else 0.0
        return scale if scale > 0 else 1.0


class Batches:
    """The training batches, one a step, for ever.

    An epoch shows every drawing once (but for a rest that fills no batch); the batches
    hold drawings of like length, jittered so that no two epochs cut them alike.
    """

    def __init__(
        self,
        pool: Pool,
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
        self._plan = lru_cache(maxsize=1)(self._make_plan)

    def __getitem__(self, step: int) -> Batch:
        epoch, place = divmod(step, self.per_epoch)
        rng = np.random.default_rng([self.seed, 1, step])
        points = self.pool.points(self._plan(epoch)[place])
        return make_batch(points, self.scale, self.latent, rng, self.augmentation)

    def _make_plan(self, epoch: int) -> Ints:
        """Cut the epoch into batches: (per_epoch, size) indices into the pool."""
        rng = np.random.default_rng([self.seed, 0, epoch])
        shown = rng.permutation(len(self.pool))[: self.per_epoch * self.size]
        jittered = self.pool.lengths[shown] * rng.uniform(0.9, 1.1, len(shown))
        return rng.permutation(shown[np.argsort(jittered)].reshape(self.per_epoch, self.size))


def validation_batches(pool: Pool, size: int, latent: int, scale: float) -> Iterator[Batch]:
    """Yield the pool once, without augmentation and with the same noise every time."""
    rng = np.random.default_rng(0)
    order = np.argsort(pool.lengths, kind="stable")
    for first in range(0, len(order), size):
        yield make_batch(pool.points(order[first : first + size]), scale, latent, rng)


def make_batch(
    drawings: Sequence[Points],
    scale: float,
    latent: int,
    rng: np.random.Generator,
    augmentation: Augmentation | None = None,
) -> Batch:
    """Turn packed drawings into stroke-5 as `Drawing.to_stroke5` has it, padded with END.

    The offsets are integers: uniform noise of half a pixel is added (dequantisation), or
    the density would grow spikes on them. The work is done on all points at once.

    Args:
        drawings: (n, 3) uint8 each: x, y, lift.
        scale: pixels per model unit.
        latent: Z, for the noise of z.
        rng: where all noise comes from.
        augmentation: None for validation.
    """
    counts = np.array([len(p) for p in drawings])
    points = np.concatenate(drawings)
    places = points[:, :2].astype(np.float32)
    lifted = points[:, 2] != 0
    owner = np.repeat(np.arange(len(drawings)), counts)
    if augmentation is not None:
        stretch = rng.uniform(
            1 - augmentation.stretch, 1 + augmentation.stretch, (len(drawings), 2)
        )
        places *= stretch[owner].astype(np.float32)
        begins = begins_of(owner) | np.append(True, lifted[:-1])
        kept = (rng.random(len(points)) >= augmentation.drop) | begins | lifted
        places, lifted, owner = places[kept], lifted[kept], owner[kept]
    offsets, lifted, owner = rows_of(places, lifted, owner)
    offsets += rng.uniform(-0.5, 0.5, offsets.shape).astype(np.float32)

    lengths = np.bincount(owner, minlength=len(drawings)) + 1
    longest = -(-int(lengths.max()) // LENGTH_STEP) * LENGTH_STEP
    steps = np.zeros((len(drawings), longest, 5), dtype=np.float32)
    steps[..., 2 + Pen.END] = 1
    firsts = np.cumsum(lengths - 1) - (lengths - 1)
    column = np.arange(len(owner)) - firsts[owner]
    steps[owner, column, :2] = offsets / np.float32(scale)
    steps[owner, column, 2:] = np.eye(3, dtype=np.float32)[np.where(lifted, Pen.UP, Pen.DOWN)]
    noise = rng.standard_normal((len(drawings), latent), dtype=np.float32)
    return Batch(steps, lengths, noise)
