"""Where drawings lie on the page: in a grid, nestled, or where they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot.nesting import nest
from sketchvae.plot.page import DECIMALS, Page

Arrangement = Literal["grid", "packed", "keep"]
GAPS = {"grid": 4.0, "packed": 1.0, "keep": 0.0}  # mm between drawings, where none is given
MARGIN = 10.0  # mm


@dataclass(frozen=True, slots=True)
class Layout:
    """How drawings are laid out on a page.

    Attributes:
        arrangement: "grid": each in a cell of its own, left to right and then down; "packed":
            as near to each other as the gap lets them, and as large as that lets them be; "keep":
            where their coordinates put them, in mm from the upper left corner of the page.
        margin: mm along the edges of the page that stay free; of no account to "keep".
        gap: mm between drawings that stay free, or None for GAPS.
        vary: share, 0 to 0.9, of its size that a drawing may be smaller by, as chance has it.
        seed: of that chance, 0 or more.

    Raises:
        SketchvaeError: for a value out of range.
    """

    arrangement: Arrangement = "grid"
    margin: float = MARGIN
    gap: float | None = None
    vary: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("margin", self.margin), ("gap between drawings", self.gap or 0.0)):
            if not 0 <= value < math.inf:
                raise SketchvaeError(f"the {name} must be 0 mm or more, got {value:g}; try 5")
        if not 0 <= self.vary <= 0.9:
            raise SketchvaeError(
                f"sizes must vary by a share of 0 to 0.9, got {self.vary:g}; try 0.5"
            )

    def place(self, drawings: Sequence[Drawing], page: Page) -> list[Drawing]:
        """Place drawings on the page, in mm; those without a stroke are left out.

        Raises:
            SketchvaeError: if no drawing has a stroke, the margin leaves no room for one, or
                one that is kept where it is lies off the page.
        """
        inked = [drawing for drawing in drawings if drawing.strokes]
        if not inked:
            raise SketchvaeError(
                "a page must have a drawing with a stroke, got none; choose other drawings"
            )
        placed = inked if self.arrangement == "keep" else self._arranged(inked, page)
        rounded = [drawing.rounded(DECIMALS) for drawing in placed]
        for index, drawing in enumerate(rounded):
            _check_on(page, drawing, index)
        return rounded

    def _arranged(self, drawings: Sequence[Drawing], page: Page) -> list[Drawing]:
        width, height = page.width - 2 * self.margin, page.height - 2 * self.margin
        if min(width, height) <= 0:
            raise SketchvaeError(
                f"the margin on a page of {page} must be less than half of its shorter side, "
                f"{min(page.width, page.height) / 2:g} mm, got {self.margin:g}; choose another"
            )
        gap = GAPS[self.arrangement] if self.gap is None else self.gap
        chance = np.random.default_rng(self.seed).random(len(drawings))
        sizes = (1 - self.vary * chance).tolist()
        arranged = nest if self.arrangement == "packed" else _in_grid
        placed = arranged(drawings, width, height, gap, sizes)
        return [drawing.moved(self.margin, self.margin) for drawing in placed]


def _in_grid(
    drawings: Sequence[Drawing], width: float, height: float, gap: float, sizes: Sequence[float]
) -> list[Drawing]:
    """Centre each drawing in a cell of its own; the cells are as large as can be."""
    columns, rows = max(
        ((c, math.ceil(len(drawings) / c)) for c in range(1, len(drawings) + 1)),
        key=lambda shape: min((width + gap) / shape[0], (height + gap) / shape[1]),
    )
    across, down = (width + gap) / columns, (height + gap) / rows
    if min(across, down) - gap <= 0:
        raise SketchvaeError(
            f"{len(drawings)} drawings must fit on the page with {gap:g} mm between them, got no "
            "room for them; choose fewer, a larger page or a smaller gap"
        )
    placed = []
    for index, (drawing, size) in enumerate(zip(drawings, sizes, strict=True)):
        fitted = drawing.fit((across - gap) * size, (down - gap) * size)
        left = index % columns * across + (across - gap) * (1 - size) / 2
        top = index // columns * down + (down - gap) * (1 - size) / 2
        placed.append(fitted.moved(left, top))
    return placed


def _check_on(page: Page, drawing: Drawing, index: int) -> None:
    left, top, right, low = drawing.bounds
    if left < 0 or top < 0 or right > page.width or low > page.height:
        raise SketchvaeError(
            f"drawing {index + 1} must lie on the page, {page}, got ink from ({left:g}, {top:g}) "
            f"to ({right:g}, {low:g}) mm; choose a larger page, or let it be placed"
        )
