"""Drawings to pixels: pictures that look like the SVG page, and contact sheets for a log."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.raster import ink_mask
from sketchvae.render.canvas import TOLERANCE, lay_out
from sketchvae.render.page import LINE, PictureSpec, check_cell_pixels, fit_to_cell, grid
from sketchvae.svg_page import MM_PER_INCH, RECORD

if TYPE_CHECKING:
    from PIL import Image, ImageFont
    from PIL.PngImagePlugin import PngInfo

LABEL_HEIGHT = 16  # pixels of the strip under a cell for its label
_LABEL_SIZE = 12  # pixels of its letters; at 10 the spaces between words vanish
MIN_LINE_PIXELS = 1.2  # line width on a contact sheet: a thinner line turns grey


def to_image(spec: PictureSpec, drawings: Sequence[Drawing]) -> "Image.Image":
    """Return the page that `to_svg` writes as an image.

    Args:
        spec: the picture.
        drawings: as many as it has cells for.

    Returns:
        An image of mode "P" with one ink, else "RGB", or "RGBA" without paper; its
        `convert("RGBA")` is the same picture.

    Raises:
        SketchvaeError: for another number of drawings.
    """
    return lay_out(spec, drawings).finished()


def to_png(spec: PictureSpec, drawings: Sequence[Drawing]) -> bytes:
    """Return the page that `to_svg` writes as PNG, which prints at the same size.

    Args:
        spec: the picture.
        drawings: as many as it has cells for.

    Raises:
        SketchvaeError: for another number of drawings.
    """
    content = io.BytesIO()
    dots_per_inch = spec.scale * MM_PER_INCH
    dpi = (dots_per_inch, dots_per_inch)
    to_image(spec, drawings).save(content, format="PNG", dpi=dpi, pnginfo=png_text(spec.record))
    return content.getvalue()


def png_text(record: str) -> "PngInfo | None":
    """Return what Pillow writes as the text of a PNG; None for an empty record."""
    from PIL.PngImagePlugin import PngInfo

    if not record:
        return None
    info = PngInfo()
    info.add_text(RECORD, record)
    return info


def contact_sheet(
    drawings: Sequence[Drawing],
    *,
    columns: int | None = None,
    cell: int = 160,
    labels: Sequence[str] | None = None,
) -> "Image.Image":
    """Return drawings in black on white, each in its own cell, left to right and then down.

    Strokes are smooth curves, as on a page. A stroke of one point is a dot, an empty drawing an
    empty cell.

    Args:
        drawings: at least one.
        columns: cells in a row; None makes the sheet as square as possible.
        cell: side of a cell in pixels, at least 16.
        labels: a line of text under each drawing, cut off at the end of its cell.

    Returns:
        A greyscale image (mode "L"), columns * cell pixels wide.

    Raises:
        SketchvaeError: for no drawings, a cell too small, or another number of labels than of
            drawings.
    """
    from PIL import Image

    check_cell_pixels(cell)
    if labels is not None and len(labels) != len(drawings):
        raise SketchvaeError(
            f"labels must be one for each of the {len(drawings)} drawings, got {len(labels)}"
        )
    columns, rows = grid(len(drawings), columns)
    height = cell if labels is None else cell + LABEL_HEIGHT
    pen = max(LINE * cell, MIN_LINE_PIXELS)
    corners = [(i % columns * cell, i // columns * height) for i in range(len(drawings))]
    strokes = [
        stroke
        for drawing, corner in zip(drawings, corners, strict=True)
        for stroke in fit_to_cell(drawing, cell, pen).smoothed(TOLERANCE).moved(*corner).strokes
    ]
    sheet = Image.fromarray(255 - ink_mask(strokes, (columns * cell, rows * height), pen))
    for (left, top), label in zip(corners, labels or (), strict=False):
        sheet.paste(label_strip(label, cell), (left, top + cell))
    return sheet


def label_font() -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """Return the font of every text in a picture of pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(_LABEL_SIZE)


def label_strip(label: str, width: int) -> "Image.Image":
    """Return an image of one centred line of text; being its own, it cannot cover the next one.

    Args:
        label: the text, cut off at the end of the strip.
        width: pixels; the height is LABEL_HEIGHT.
    """
    from PIL import Image, ImageDraw

    strip = Image.new("L", (width, LABEL_HEIGHT), 255)
    pencil, font = ImageDraw.Draw(strip), label_font()
    text = " ".join(label.split())
    left = max((width - round(pencil.textlength(text, font))) // 2, 0)
    pencil.text((left, 1), text, fill=0, font=font)
    return strip
