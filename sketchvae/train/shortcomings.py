"""Why a set cannot be trained on, or not well, and what to do: too long, too few or alike."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from sketchvae.data.dataset import PackedDataset, Split, from_points
from sketchvae.data.splits import valid_share
from sketchvae.polyline import Bools, Ints

FEW_JUDGES = 30  # validation drawings below which chance decides which step is the best
_EPSILONS = (3, 4, 6, 8, 12, 16, 24, 32, 48)  # pixels of 255, for `data import --simplify`
_SIMPLIFIED = 50  # drawings that a simplification is tried on


def why_empty(datasets: Sequence[PackedDataset], split: Split, max_points: int) -> str:
    """Say why a split of some sets has no drawing to train or to validate on, and what to do.

    Args:
        datasets: the sets.
        split: its name, "train" or "valid".
        max_points: drawings with more are left out.
    """
    lengths = np.concatenate([dataset.lengths() for dataset in datasets])
    keys = np.concatenate([dataset.keys for dataset in datasets])
    fits = (lengths >= 1) & (lengths <= max_points)
    if not len(lengths):
        return "it holds no drawing; import some"
    if len(lengths) == 1:
        return (
            "there is one drawing, and training needs two that differ, one to validate on; add "
            "more, or take an SVG page of several apart with data import --split-groups"
        )
    if not fits.any():
        return _too_long(datasets, split, lengths, max_points)
    different = np.unique(keys[fits])
    if len(different) == 1:
        what = f"all {fits.sum()} drawings are equal" if fits.sum() > 1 else "one drawing fits"
        return f"{what}, and training needs two that differ, one to validate on; add more"
    inside = _inside(datasets, split)
    which = f"a hash chose none of {len(lengths)} drawings for it"
    if inside.any():
        which = f"its {inside.sum()} are too long, empty or excluded"
    share = valid_share(different)
    return f"{which}; {_repeat(f'--test 0 --valid {share:g}')}"


def _repeat(options: str) -> str:
    """Advise to import the same drawings with some options changed."""
    return f"use data import, other options as before, with {options} --force"


def simplification(datasets: Sequence[PackedDataset], max_points: int) -> int | None:
    """Return the least tolerance in pixels with which most drawings that are too long are not.

    Args:
        datasets: the sets; some of their drawings are tried.
        max_points: greatest number of points.
    """
    tried = [
        from_points(dataset.points_of(i))
        for dataset in datasets
        for i in islice(_longer(dataset, max_points), _SIMPLIFIED)
    ]
    for epsilon in _EPSILONS:
        points = [drawing.simplify(epsilon).n_points for drawing in tried]
        if np.percentile(points, 90) <= max_points:
            return epsilon
    return None


def _longer(dataset: PackedDataset, max_points: int) -> Iterator[int]:
    """Yield the indices of the drawings that have more points."""
    for block in dataset.blocks():
        yield from (block.start + np.flatnonzero(dataset.lengths(block) > max_points)).tolist()


def _too_long(
    datasets: Sequence[PackedDataset], split: Split, lengths: Ints, max_points: int
) -> str:
    """Say how many drawings are longer than training takes, and how to simplify them."""
    inside = _inside(datasets, split)
    if not (lengths > max_points).any():
        return f"all {len(lengths)} drawings are empty; import others"
    epsilon = simplification(datasets, max_points)
    simpler = _repeat(f"--simplify {epsilon}") if epsilon else "import simpler ones"
    shortest, longest = lengths[lengths > 0].min(), lengths.max()
    points = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    own = f"all {inside.sum()} of it, and " if inside.any() else ""
    return (
        f"{own}all {len(lengths)} of the set have {points} points; {simpler}, or train with "
        f"--max-points {longest}, which takes longer"
    )


def _inside(datasets: Sequence[PackedDataset], split: Split) -> Bools:
    """Return of each drawing of the sets whether it is in a split."""
    masks = [np.isin(np.arange(len(d)), d.split(split)) for d in datasets]
    return np.concatenate(masks)
