"""What the walk through a page carries along, and what it brings back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from xml.etree import ElementTree

import numpy as np

from sketchvae.data.svg.areas import Area
from sketchvae.data.svg.curves import Subpath
from sketchvae.data.svg.shapes import Style
from sketchvae.data.svg.values import Frame
from sketchvae.polyline import Floats

Element: TypeAlias = ElementTree.Element
Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

_BOX_SHARE = 1e-4  # of a box: how near to the true one its flattened curves are


@dataclass(frozen=True, slots=True)
class State:
    """What an element takes over from its parent.

    Attributes:
        matrix: (3, 3), from user units to px of the page.
        frame: of percentages and of units.
        style: properties of the parent.
        clips: areas outside of which nothing is seen.
        opacity: of the groups around it, multiplied, and its own.
        size: width and height that a `<use>` gives to the viewport that it draws; None if they
            are its own.
        area: "clip", "mask" or "box" where shapes are wanted for such an area: then those without
            paint count too, and nothing is reported; else empty.
    """

    matrix: Floats
    frame: Frame
    style: Style
    clips: tuple[Area, ...] = ()
    opacity: float = 1.0
    size: tuple[str | None, str | None] = (None, None)
    area: str = ""

    def moved(self, matrix: Floats) -> "State":
        """Return the state in the coordinates that an affine matrix, (3, 3), leads from."""
        return replace(self, matrix=self.matrix @ matrix)


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """A shape.

    Attributes:
        subpaths: in user units.
        state: of the shape, with its own style.
        is_stroked: whether its stroke can be seen.
        is_filled: whether its fill can be seen.
    """

    subpaths: Sequence[Subpath]
    state: State
    is_stroked: bool
    is_filled: bool


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Shapes and groups that stand in one element.

    Attributes:
        name: id of the element; empty for none.
        parts: in the order of drawing.
    """

    name: str = ""
    parts: "list[Group | Ink]" = field(default_factory=list)

    def inks(self) -> Iterator[Ink]:
        """Yield all shapes, in the order of drawing."""
        for part in self.parts:
            if isinstance(part, Ink):
                yield part
            else:
                yield from part.inks()

    def groups(self) -> "Iterator[Group]":
        """Yield all groups in this one, each before those in it."""
        for part in self.parts:
            if isinstance(part, Group):
                yield part
                yield from part.groups()


def box_of(inks: Sequence[Ink]) -> Box | None:
    """Return the box around shapes, in px of the page; None if there is nothing."""
    points = []
    for ink in inks:
        for subpath in ink.subpaths:
            moved = subpath.transformed(ink.state.matrix)
            if np.isfinite(moved.points).all():
                side = float(np.ptp(moved.points, axis=0).max())
                points.append(moved.flat(max(side * _BOX_SHARE, 1e-9)))
    if not points:
        return None
    every = np.concatenate(points)
    (left, top), (right, bottom) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    return left, top, right, bottom
