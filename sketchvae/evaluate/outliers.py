"""Outliers: the drawings that look least like what the model was trained on. Needs no torch."""

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice

from sketchvae.drawing import Drawing
from sketchvae.generate.artist import Artist

Numbered = tuple[int, Drawing]  # a drawing and its number in its file, from 1
_BLOCK = 2048  # drawings that are encoded together


def least_probable(artist: Artist, numbered: Iterable[Numbered], n: int) -> list[Numbered]:
    """Return the n drawings of the lowest class probability, the lowest first.

    Only one block of drawings and the n lowest are in memory at a time.

    Args:
        artist: a model with a class head.
        numbered: drawings with their numbers, which order drawings of the same probability.
        n: the most drawings to return.

    Raises:
        SketchvaeError: as `Artist.class_probability`.
    """
    rows = (
        (probability, number, drawing)
        for block in blocks(numbered, _BLOCK)
        for probability, (number, drawing) in zip(
            artist.class_probability([drawing for _, drawing in block]).tolist(),
            block,
            strict=True,
        )
    )
    lowest = nsmallest(n, rows, key=lambda row: row[:2])
    return [(number, drawing) for _, number, drawing in lowest]


def blocks(numbered: Iterable[Numbered], size: int) -> Iterator[list[Numbered]]:
    """Yield the drawings in lists.

    Args:
        numbered: drawings with their numbers.
        size: of each list but the last, which may be shorter.
    """
    rest = iter(numbered)
    while block := list(islice(rest, size)):
        yield block
