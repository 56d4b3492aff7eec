"""Outliers: the drawings that look least like what the model was trained on. Needs no torch."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import islice

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.generate.artist import Artist

Numbered = tuple[int, Drawing]  # a drawing and its number in its file, from 1
_BLOCK = 2048  # drawings that are encoded together
_NEIGHBOURS = 5  # nearest drawings that tell how far off one is


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


def most_distant(artist: Artist, drawings: Sequence[Drawing], n: int) -> list[int]:
    """Return the indices of the n drawings that are least like the others, the least first.

    That is by the mean distance to the five nearest ones, in the encoder's states, each divided by
    its standard deviation (Ramaswamy, Rastogi and Shim 2000, outliers by distances to neighbours).
    No class head is needed.

    Args:
        artist: has the encoder.
        drawings: different ones, more than six.
        n: number of indices.

    Raises:
        SketchvaeError: if a drawing is empty.
    """
    states = artist.states(drawings).astype(np.float64)
    states = (states - states.mean(axis=0)) / (states.std(axis=0) + 1e-6)
    squares = (states**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * states @ states.T, 0))
    near = np.sort(distances, axis=1)[:, 1 : _NEIGHBOURS + 1].mean(axis=1)
    return [int(i) for i in np.argsort(-near, kind="stable")[:n]]
