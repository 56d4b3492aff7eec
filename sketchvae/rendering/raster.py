"""Drawings to a small picture: contact sheets for a training log, and for looking at sheep."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.rendering.svg import LINE, fit_to_cell, grid

if TYPE_CHECKING:
    from PIL import Image

FINER = 4  # drawn this many times larger and averaged down: Pillow's own lines are jagged
LABEL_HEIGHT = 16  # pixels under a cell for its label
THINNEST = 1.2  # pixels: a thinner line turns into grey dots


def contact_sheet(
    drawings: Sequence[Drawing],
    *,
    columns: int | None = None,
    cell: int = 160,
    labels: Sequence[str] | None = None,
) -> "Image.Image":
    """Draw drawings in black on white, each in its own cell, left to right and then down.

    The strokes are straight between their points, with round ends; a one-point stroke is a
    dot, an empty drawing an empty cell.

    Args:
        drawings: at least one.
        columns: cells in a row; None makes the sheet as square as it can be.
        cell: side of a cell in pixels, at least 16.
        labels: a line of text to stand under each drawing, cut off where its cell ends.

    Returns:
        A greyscale picture (mode "L"), columns * cell pixels wide.

    Raises:
        SketchvaeError: for no drawings, a cell too small, labels that do not match the
            drawings one to one, or if Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise SketchvaeError(
            "a picture needs Pillow, which is not installed; run pip install 'sketchvae[train]'"
        ) from error
    if cell < 16:
        raise SketchvaeError(f"a cell must be at least 16 pixels wide, got {cell}; try 160")
    if labels is not None and len(labels) != len(drawings):
        raise SketchvaeError(
            f"labels must be one for each of the {len(drawings)} drawings, got {len(labels)}"
        )
    columns, rows = grid(len(drawings), columns)
    height = cell if labels is None else cell + LABEL_HEIGHT
    sheet = Image.new("L", (columns * cell, rows * height), 255)
    for index, drawing in enumerate(drawings):
        corner = (index % columns * cell, index // columns * height)
        sheet.paste(_inked(drawing, cell), corner)
        if labels is not None:
            sheet.paste(_lettered(labels[index], cell), (corner[0], corner[1] + cell))
    return sheet


def _inked(drawing: Drawing, cell: int) -> "Image.Image":
    """Draw one drawing in a cell: a thick line for each segment and a disc at each point."""
    from PIL import Image, ImageDraw

    side = cell * FINER
    pen = round(max(LINE * cell, THINNEST) * FINER)
    picture = Image.new("L", (side, side), 255)
    ink = ImageDraw.Draw(picture)
    radius = (pen - 1) / 2  # Pillow's boxes include both edges
    for stroke in fit_to_cell(drawing, side, pen).strokes:
        places = [(x, y) for x, y in stroke.tolist()]
        ink.line(places, fill=0, width=pen)
        for x, y in places:
            ink.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return picture.reduce(FINER)


def _lettered(label: str, cell: int) -> "Image.Image":
    """Write a label in the middle of its own strip, so that it cannot run into the next one."""
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("L", (cell, LABEL_HEIGHT), 255)
    ink, font = ImageDraw.Draw(strip), ImageFont.load_default()
    text = " ".join(label.split())
    left = max((cell - ink.textlength(text, font)) / 2, 0)
    ink.text((left, 2), text, fill=0, font=font)
    return strip
