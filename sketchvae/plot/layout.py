"""Placement of drawings on a page: in a grid, nested, or where they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchvae.curve import flatten
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot.nesting import Box, nest
from sketchvae.plot.page import DECIMALS, Page

Arrangement = Literal["grid", "packed", "keep"]
GAPS = {"grid": 4.0, "packed": 1.0, "keep": 0.0}  # mm between drawings, by default
MARGIN = 10.0  # mm
TOLERANCE = 0.02  # mm from a smooth curve to the lines that are drawn for it: less than a pen shows


@dataclass(frozen=True, slots=True)
class Layout:
    """How drawings are laid out on a page.

    Attributes:
        arrangement: "grid" puts each drawing into a cell of its own, row by row; "packed" nests
            drawings, as large as the gap allows; "keep" takes their coordinates for mm from the
            upper left corner of the page.
        margin: free along the edges of the page, mm; without effect on "keep".
        gap: free between drawings, mm; None for that of GAPS.
        vary: each drawing is scaled by a random factor from 1 - vary to 1; 0 to 0.9.
        seed: of the random factors, 0 or more.
        smooth: whether strokes become smooth curves through their points, in lines within 0.02 mm
            of them; see `curve.smooth`.

    Raises:
        SketchvaeError: for a value out of range.
    """

    arrangement: Arrangement = "grid"
    margin: float = MARGIN
    gap: float | None = None
    vary: float = 0.0
    seed: int = 0
    smooth: bool = False

    def __post_init__(self) -> None:
        for name, value in (("margin", self.margin), ("gap between drawings", self.gap or 0.0)):
            if not 0 <= value < math.inf:
                raise SketchvaeError(f"the {name} must be 0 mm or more, got {value:g}; try 5")
        if not 0 <= self.vary <= 0.9:
            raise SketchvaeError(
                f"sizes must vary by a share of 0 to 0.9, got {self.vary:g}; try 0.5"
            )

    def place(self, drawings: Sequence[Drawing], page: Page) -> list[Drawing]:
        """Place drawings on a page.

        Args:
            drawings: in any unit; drawings without a stroke are left out.
            page: the sheet.

        Returns:
            The drawings in mm from the upper left corner of the page.

        Raises:
            SketchvaeError: if no drawing has a stroke, the margin leaves no room, or a drawing
                that is kept where it is lies outside of the page.
        """
        inked = [drawing for drawing in drawings if drawing.strokes]
        if not inked:
            raise SketchvaeError(
                "a page must have a drawing with a stroke, got none; choose other drawings"
            )
        if self.smooth:  # what has room for the control points has room for the curves
            inked = [Drawing(drawing.smooth_curves(), drawing.word) for drawing in inked]
        placed = inked if self.arrangement == "keep" else self._arranged(inked, page)
        if self.smooth:
            placed = [Drawing(flatten(d.strokes, TOLERANCE), d.word) for d in placed]
        rounded = [drawing.rounded(DECIMALS) for drawing in placed]
        for index, drawing in enumerate(rounded):
            _check_inside(page, drawing, index)
        return rounded

    def _arranged(self, drawings: Sequence[Drawing], page: Page) -> list[Drawing]:
        width, height = page.width - 2 * self.margin, page.height - 2 * self.margin
        if min(width, height) <= 0:
            raise SketchvaeError(
                f"the margin on a page of {page} must be less than half of its shorter side, "
                f"{min(page.width, page.height) / 2:g} mm, got {self.margin:g}; choose another"
            )
        gap = GAPS[self.arrangement] if self.gap is None else self.gap
        uniforms = np.random.default_rng(self.seed).random(len(drawings))
        box = Box(width, height, gap)
        arrange = nest if self.arrangement == "packed" else _in_grid
        placed = arrange(drawings, box, (1 - self.vary * uniforms).tolist())
        return [drawing.moved(self.margin, self.margin) for drawing in placed]


def _in_grid(drawings: Sequence[Drawing], box: Box, scales: Sequence[float]) -> list[Drawing]:
    """Centre each drawing in a cell of its own; the cells are as large as the box allows.

    Args:
        drawings: each with a stroke.
        box: free area of the page.
        scales: fraction of its cell that each drawing fills.
    """
    width, height, gap = box.width + box.gap, box.height + box.gap, box.gap
    columns, rows = max(
        ((c, math.ceil(len(drawings) / c)) for c in range(1, len(drawings) + 1)),
        key=lambda shape: min(width / shape[0], height / shape[1]),
    )
    across, down = width / columns, height / rows
    if min(across, down) - gap <= 0:
        raise SketchvaeError(
            f"{len(drawings)} drawings must fit on the page with {gap:g} mm between them, got no "
            "room for them; choose fewer, a larger page or a smaller gap"
        )
    placed = []
    for index, (drawing, scale) in enumerate(zip(drawings, scales, strict=True)):
        fitted = drawing.fit((across - gap) * scale, (down - gap) * scale)
        left = index % columns * across + (across - gap) * (1 - scale) / 2
        top = index // columns * down + (down - gap) * (1 - scale) / 2
        placed.append(fitted.moved(left, top))
    return placed


def _check_inside(page: Page, drawing: Drawing, index: int) -> None:
    left, top, right, bottom = drawing.bounds
    if left < 0 or top < 0 or right > page.width or bottom > page.height:
        raise SketchvaeError(
            f"drawing {index + 1} must lie on the page, {page}, got ink from ({left:g}, {top:g}) "
            f"to ({right:g}, {bottom:g}) mm; choose a larger page, or let it be placed"
        )
