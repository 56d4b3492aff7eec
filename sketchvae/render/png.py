"""Drawings to pixels: pictures that look like the SVG page, and contact sheets for a log."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.raster import Bytes, Raster, Segments, subdivide
from sketchvae.render.svg import (
    DEFAULT_STYLE,
    LINE,
    Style,
    check_page,
    common_bounds,
    fit_to_cell,
    grid,
    stroke_paths,
)

if TYPE_CHECKING:
    from PIL import Image

PIXELS = 800  # width of a picture where none is given
NARROWEST = 16  # pixels of a cell
MOST_PIXELS = 100_000_000  # of a picture
LABEL_HEIGHT = 16  # pixels under a cell for its label
THINNEST = 1.2  # pixels: a thinner line on a contact sheet turns grey

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Sheet:
    """Strokes in their places on a sheet of pixels, before they are inked.

    With one ink, a pixel holds how much of it is covered, 0 to 255, and colours come last;
    with several it holds red, green, blue and how opaque it is, the first three multiplied
    by the last.

    Attributes:
        width: in pixels.
        height: in pixels.
        pen: width of the line in pixels.
        strokes: (n, 2) each, in pixels, drawing after drawing.
        orders: which stroke of its drawing each of them is.
        inks: the colours of the first strokes of a drawing, before they come again.
        paper: colour of the sheet; None for transparent.
    """

    width: int
    height: int
    pen: float
    strokes: tuple[Floats, ...]
    orders: tuple[int, ...]
    inks: tuple[RGB, ...]
    paper: RGB | None

    @cached_property
    def segments(self) -> Segments:
        """All strokes, cut into segments."""
        return subdivide(self.strokes, self.pen)

    def blank(self) -> Raster:
        """Lay out the sheet without ink."""
        if len(self.inks) == 1:
            return Raster(self.width, self.height, (0,))
        paper = (0, 0, 0, 0) if self.paper is None else (*self.paper, 255)
        return Raster(self.width, self.height, paper)

    def colour(self, order: int) -> tuple[int, ...]:
        """Return what a pixel holds that is covered by the stroke of this order in its drawing."""
        one = len(self.inks) == 1
        return (255,) if one else (*self.inks[order % len(self.inks)], 255)

    def ink(self, inked: Raster, segments: Segments, progress: Floats | None = None) -> None:
        """Ink segments in the colours of their strokes; see `Raster.ink`."""
        if len(self.inks) == 1:
            inked.ink(segments, self.pen, self.colour(0), layer=0, progress=progress)
            return
        orders = np.array(self.orders)[segments.stroke]
        for order in np.unique(orders).tolist():
            now = orders == order
            part = None if progress is None else progress[now]
            inked.ink(
                segments.subset(now), self.pen, self.colour(order), layer=order, progress=part
            )

    def picture(self, shown: Bytes) -> "Image.Image":
        """Make a picture: mode "P" with one ink, else "RGB", or "RGBA" without paper."""
        from PIL import Image

        size = (self.width, self.height)
        if len(self.inks) > 1:
            whole = Image.frombytes("RGBa", size, shown.tobytes()).convert("RGBA")
            return whole if self.paper is None else whole.convert("RGB")
        picture = Image.frombytes("P", size, shown.tobytes())
        if self.paper is None:
            picture.putpalette(_ramp((*self.inks[0], 0), (*self.inks[0], 255)), "RGBA")
        else:
            picture.putpalette(_ramp(self.paper, self.inks[0]))
        return picture

    def finished(self) -> Raster:
        """Ink all strokes."""
        inked = self.blank()
        self.ink(inked, self.segments)
        return inked


def picture(
    drawings: Sequence[Drawing],
    *,
    pixels: int | None = None,
    width_mm: float = 100.0,
    style: Style = DEFAULT_STYLE,
    columns: int | None = None,
    in_place: bool = False,
) -> "Image.Image":
    """Draw the page that `to_svg` writes, in pixels.

    Args:
        drawings: at least one.
        pixels: width of the picture; None for 800, or 100 a drawing in a row if that is more.
        width_mm: width of the page, which the width of the line refers to.
        style: how the ink looks.
        columns: cells in a row; None makes the sheet as square as it can be.
        in_place: whether equal points lie at equal places in all cells.

    Returns:
        A picture of mode "P", or "RGB" or "RGBA" if there is a palette; its
        `convert("RGBA")` is the same picture.

    Raises:
        SketchvaeError: for no drawings, or a size or colour that cannot be drawn.
    """
    sheet = lay_out(drawings, pixels, width_mm, style, columns, in_place=in_place)
    return sheet.picture(sheet.finished().pixels)


def to_png(
    drawings: Sequence[Drawing],
    *,
    pixels: int | None = None,
    width_mm: float = 100.0,
    style: Style = DEFAULT_STYLE,
    columns: int | None = None,
    in_place: bool = False,
) -> bytes:
    """Write the page that `to_svg` writes as PNG, which prints at the same size; see `picture`."""
    drawn = picture(
        drawings, pixels=pixels, width_mm=width_mm, style=style, columns=columns, in_place=in_place
    )
    content = io.BytesIO()
    density = drawn.width / width_mm * 25.4
    drawn.save(content, format="PNG", dpi=(density, density))
    return content.getvalue()


def check_picture(
    count: int,
    pixels: int | None,
    width_mm: float,
    style: Style,
    columns: int | None = None,
    usual: int = PIXELS,
) -> tuple[int, int]:
    """Lay out a picture of `count` drawings: its width and height in pixels.

    Without `pixels` it is as wide as is usual, or 100 a drawing in a row if that is more.

    Raises:
        SketchvaeError: for no drawings, or a size or colour that cannot be drawn.
    """
    columns, rows, _, _ = check_page(count, width_mm, style, columns)
    pixels = max(usual, 100 * columns) if pixels is None else pixels
    _check_cell(pixels / columns)
    height = max(round(pixels * rows / columns), 1)
    if pixels * height > MOST_PIXELS:
        raise SketchvaeError(
            f"a picture must have at most {MOST_PIXELS} pixels, got {pixels} x {height}; "
            "choose a narrower one, or fewer drawings"
        )
    return pixels, height


def lay_out(
    drawings: Sequence[Drawing],
    pixels: int | None,
    width_mm: float,
    style: Style,
    columns: int | None,
    usual: int = PIXELS,
    in_place: bool = False,
) -> Sheet:
    """Place drawings on a sheet as `to_svg` does; see `check_picture`."""
    width, height = check_picture(len(drawings), pixels, width_mm, style, columns, usual)
    columns, _, cell, pen = check_page(len(drawings), width_mm, style, columns)
    scale = width / width_mm
    strokes, orders = [], []
    bounds = common_bounds(drawings) if in_place else None
    for index, drawing in enumerate(drawings):
        corner = (index % columns * cell, index // columns * cell)
        for order, path in enumerate(
            stroke_paths(drawing, corner, cell, pen, style.smooth, bounds)
        ):
            strokes.append(path.vertices * scale)
            orders.append(order)
    inks = tuple(_rgb(ink) for ink in style.inks)
    paper = None if style.background is None else _rgb(style.background)
    return Sheet(width, height, pen * scale, tuple(strokes), tuple(orders), inks, paper)


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
        SketchvaeError: for no drawings, a cell too small, or labels that do not match the
            drawings one to one.
    """
    _check_cell(cell)
    if labels is not None and len(labels) != len(drawings):
        raise SketchvaeError(
            f"labels must be one for each of the {len(drawings)} drawings, got {len(labels)}"
        )
    columns, rows = grid(len(drawings), columns)
    height = cell if labels is None else cell + LABEL_HEIGHT
    pen = max(LINE * cell, THINNEST)
    corners = [(i % columns * cell, i // columns * height) for i in range(len(drawings))]
    strokes = tuple(_placed(drawings, corners, cell, pen))
    sheet = Sheet(
        columns * cell, rows * height, pen, strokes, (0,) * len(strokes), ((0, 0, 0),),
        (255, 255, 255),
    )  # fmt: skip
    drawn = sheet.picture(sheet.finished().pixels).convert("L")
    for (left, top), label in zip(corners, labels or (), strict=False):
        drawn.paste(_lettered(label, cell), (left, top + cell))
    return drawn


def _placed(
    drawings: Sequence[Drawing], corners: Sequence[tuple[int, int]], cell: int, pen: float
) -> Iterator[Floats]:
    for drawing, corner in zip(drawings, corners, strict=True):
        yield from fit_to_cell(drawing, cell, pen).moved(*corner).strokes


def _check_cell(cell: float) -> None:
    if not cell >= NARROWEST:
        raise SketchvaeError(
            f"a cell must be at least {NARROWEST} pixels wide, got {cell:g}; try 160, or a wider "
            "picture"
        )


def _lettered(label: str, cell: int) -> "Image.Image":
    """Write a label in the middle of its own strip, so that it cannot run into the next one."""
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("L", (cell, LABEL_HEIGHT), 255)
    ink, font = ImageDraw.Draw(strip), ImageFont.load_default()
    text = " ".join(label.split())
    left = max((cell - ink.textlength(text, font)) / 2, 0)
    ink.text((left, 2), text, fill=0, font=font)
    return strip


def _rgb(colour: str) -> RGB:
    """Read a colour that `check_page` has let pass; pixels have no text around them."""
    from PIL import ImageColor

    colour = colour.strip().lower()
    if colour == "currentcolor":
        return 0, 0, 0
    if colour.endswith(")"):  # numbers, or shares in percent
        parts = colour[colour.index("(") + 1 : -1].split(",")
        values = [float(p.strip().rstrip("%")) * (2.55 if "%" in p else 1) for p in parts]
        red, green, blue = (min(max(round(v), 0), 255) for v in values)
        return red, green, blue
    return ImageColor.getrgb(colour)[:3]


def _ramp(start: Sequence[int], end: Sequence[int]) -> bytes:
    """Mix 256 colours from start to end."""
    shares = np.linspace(0, 1, 256)[:, None]
    mixed = np.array(start) + shares * (np.array(end) - np.array(start))
    return bytes(np.rint(mixed).astype(np.uint8).ravel().tolist())
