"""What a packed set holds, counted in blocks: memory does not grow with the number of drawings."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sketchvae.data.dataset import SPLITS, PackedDataset, Split

_BLOCKS_OF_KEYS = 4  # blocks whose keys are compared together


@dataclass(frozen=True)
class Contents:
    """Numbers of the drawings of a packed set.

    Attributes:
        splits: drawings of each split.
        fitting: those of each split that training takes: not empty, and not too long.
        words: drawings of each word.
        too_long: drawings with more points than training takes.
        longest: points of the longest drawing.
        copies: drawings that equal another one before them.
    """

    splits: Counter[Split]
    fitting: Counter[Split]
    words: Counter[str]
    too_long: int
    longest: int
    copies: int


def count(packed: PackedDataset, max_points: int) -> Contents:
    """Count the drawings of a packed set.

    Args:
        packed: the set.
        max_points: greatest number of points of a drawing that training takes.
    """
    splits, fitting = Counter[Split](), Counter[Split]()
    words = np.zeros(len(packed.vocabulary), dtype=np.int64)
    too_long = longest = 0
    for block in packed.blocks():
        lengths = packed.lengths(block)
        fits = (lengths >= 1) & (lengths <= max_points)
        for split in SPLITS:
            members = packed.in_split(split, block)
            splits[split] += int(members.sum())
            fitting[split] += int((members & fits).sum())
        words += np.bincount(packed.words[block], minlength=len(words))[: len(words)]
        too_long += int((lengths > max_points).sum())
        longest = max(longest, int(lengths.max()))
    named = Counter(dict(zip(packed.vocabulary, words.tolist(), strict=True)))
    return Contents(splits, fitting, named, too_long, longest, _copies(packed))


def _copies(packed: PackedDataset) -> int:
    """Return the number of drawings that equal another one before them.

    The keys are looked through once for each of some ranges. Keys are evenly spread, so that those
    of one range are about as many as the drawings of four blocks.
    """
    blocks = [*packed.blocks()]
    ranges = -(-len(blocks) // _BLOCKS_OF_KEYS)
    width = 2**64 // max(ranges, 1) + 1
    copies = 0
    for number in range(ranges):
        low, high = np.uint64(number * width), np.uint64(min((number + 1) * width, 2**64) - 1)
        found = [
            keys[(keys >= low) & (keys <= high)]
            for keys in (packed.keys[block] for block in blocks)
        ]
        keys = np.sort(np.concatenate(found))  # np.unique needs several times the memory
        copies += int((keys[1:] == keys[:-1]).sum())
    return copies
