"""Strokes laid out on pixels, and the colours that coverage turns into.

A picture in one ink keeps one channel, the coverage, and is coloured at the end by a table of 256
colours; a picture in several inks keeps four.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.polyline import Floats, Ints
from sketchvae.raster import Bytes, Raster, Segments, subdivide
from sketchvae.render.page import CURRENT_COLOUR, PictureSpec
from sketchvae.render.path import polylines

if TYPE_CHECKING:
    from PIL import Image

RGB = tuple[int, int, int]
BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)
TOLERANCE = 0.1  # pixels from a curve to the polyline that is inked for it


@dataclass(frozen=True)
class Colours(ABC):
    """Colours of a picture: what its pixels hold, and the image that they make.

    Attributes:
        inks: colours of the strokes of a drawing, repeated after the last.
        paper: colour of the paper; None for transparent.
        channels: numbers a pixel.
    """

    inks: tuple[RGB, ...]
    paper: RGB | None
    channels: ClassVar[int]

    @abstractmethod
    def blank(self) -> tuple[int, ...]:
        """Return the value of a pixel without ink."""

    @abstractmethod
    def full(self, stroke_index: int) -> tuple[int, ...]:
        """Return the value of a pixel that a stroke of a drawing covers."""

    @abstractmethod
    def layers(self, stroke_index: Ints) -> Ints:
        """Return the layer of each stroke: a stroke lies over those of lower layers."""

    @abstractmethod
    def image(self, pixels: Bytes, size: tuple[int, int]) -> "Image.Image":
        """Return pixels as an image.

        Args:
            pixels: (height * width, channels).
            size: width and height.
        """


@dataclass(frozen=True)
class OneInk(Colours):
    """Colours of a picture in one ink: a pixel holds its coverage, 0 to 255."""

    channels: ClassVar[int] = 1

    def blank(self) -> tuple[int, ...]:
        """Return the value of a pixel without ink."""
        return (0,)

    def full(self, stroke_index: int) -> tuple[int, ...]:  # noqa: ARG002 - all are of one ink
        """Return the value of a pixel that a stroke covers."""
        return (255,)

    def layers(self, stroke_index: Ints) -> Ints:
        """Return one layer for all strokes, (n,)."""
        return np.zeros_like(stroke_index)

    def image(self, pixels: Bytes, size: tuple[int, int]) -> "Image.Image":
        """Return an image of mode "P", whose palette runs from the paper to the ink."""
        from PIL import Image

        image = Image.frombytes("P", size, pixels.tobytes())
        ink = self.inks[0]
        if self.paper is None:
            image.putpalette(_ramp((*ink, 0), (*ink, 255)), "RGBA")
        else:
            image.putpalette(_ramp(self.paper, ink))
        return image


@dataclass(frozen=True)
class SeveralInks(Colours):
    """Colours of a picture in several inks: a pixel holds red, green and blue, times its opacity
    each, and its opacity.
    """

    channels: ClassVar[int] = 4

    def blank(self) -> tuple[int, ...]:
        """Return the value of a pixel without ink."""
        return (0, 0, 0, 0) if self.paper is None else (*self.paper, 255)

    def full(self, stroke_index: int) -> tuple[int, ...]:
        """Return the value of a pixel that a stroke of a drawing covers."""
        return (*self.inks[stroke_index % len(self.inks)], 255)

    def layers(self, stroke_index: Ints) -> Ints:
        """Return a layer for each stroke of a drawing, (n,)."""
        return stroke_index

    def image(self, pixels: Bytes, size: tuple[int, int]) -> "Image.Image":
        """Return an image of mode "RGB", or "RGBA" without paper."""
        from PIL import Image

        image = Image.frombytes("RGBa", size, pixels.tobytes()).convert("RGBA")
        return image if self.paper is None else image.convert("RGB")


def colours_of(spec: PictureSpec) -> Colours:
    """Return the colours of a picture."""
    paper = None if spec.paper is None else parse_colour(spec.paper)
    inks = tuple(parse_colour(ink) for ink in spec.style.inks)
    return OneInk(inks, paper) if len(inks) == 1 else SeveralInks(inks, paper)


@dataclass(frozen=True, eq=False)
class Canvas:
    """Strokes in their places on a picture, before they are inked.

    Attributes:
        size: width and height in pixels.
        pen: line width in pixels.
        colours: of the picture.
        strokes: (n, 2) each, in pixels, drawing after drawing.
        stroke_index: index of each stroke within its drawing.
        numbers: strokes of the numbers beside the drawings, (n, 2) each, in pixels.
        number_pen: their line width in pixels.
    """

    size: tuple[int, int]
    pen: float
    colours: Colours
    strokes: tuple[Floats, ...] = ()
    stroke_index: tuple[int, ...] = ()
    numbers: tuple[Floats, ...] = ()
    number_pen: float = 1.0

    @cached_property
    def segments(self) -> Segments:
        """All strokes as short segments."""
        return subdivide(self.strokes, self.pen)

    def with_drawings(self, drawings: Iterable[Sequence[Floats]]) -> "Canvas":
        """Return the canvas with other strokes: a sequence of (n, 2) a drawing, in pixels."""
        numbered = [(i, stroke) for strokes in drawings for i, stroke in enumerate(strokes)]
        index, strokes = zip(*numbered, strict=True) if numbered else ((), ())
        return replace(self, strokes=strokes, stroke_index=index)

    def blank(self) -> Raster:
        """Return a raster of paper with the numbers and no other ink."""
        raster = Raster(*self.size, self.colours.blank())
        if self.numbers:
            numbers = subdivide(self.numbers, self.number_pen)
            raster.ink(numbers, self.number_pen, self.colours.full(0), layer=0)
        return raster

    def ink(self, raster: Raster, segments: Segments, progress: Floats | None = None) -> None:
        """Ink segments in the colours of their strokes.

        Args:
            raster: of this canvas.
            segments: some of this canvas.
            progress: (n,) fraction of each segment that is inked, 0 to 1; None for all.
        """
        stroke_index = np.array(self.stroke_index, dtype=np.int64)[segments.stroke]
        layers = self.colours.layers(stroke_index)
        for layer in np.unique(layers).tolist():
            own = layers == layer
            part = None if progress is None else progress[own]
            colour = self.colours.full(layer)
            raster.ink(segments.subset(own), self.pen, colour, layer=layer, progress=part)

    def finished(self) -> "Image.Image":
        """Return the image with all strokes."""
        raster = self.blank()
        self.ink(raster, self.segments)
        return self.image(raster.pixels)

    def image(self, pixels: Bytes) -> "Image.Image":
        """Return the pixels of a raster, (height * width, channels), as an image."""
        return self.colours.image(pixels, self.size)


def blank_canvas(spec: PictureSpec) -> Canvas:
    """Return the canvas of a picture, without strokes."""
    return Canvas(
        spec.size,
        spec.pen * spec.scale,
        colours_of(spec),
        numbers=tuple(stroke * spec.scale for stroke in spec.number_strokes),
        number_pen=spec.number_pen * spec.scale,
    )


def lay_out(spec: PictureSpec, drawings: Sequence[Drawing]) -> Canvas:
    """Return the canvas of a picture with the strokes of drawings in their cells.

    Args:
        spec: the picture.
        drawings: as many as it has cells for.

    Raises:
        SketchvaeError: for another number of drawings.
    """
    paths, scale = spec.paths(drawings), spec.scale
    strokes = iter(polylines([path for own in paths for path in own], TOLERANCE / scale))
    return blank_canvas(spec).with_drawings(
        [stroke * scale for stroke in islice(strokes, len(own))] for own in paths
    )


def parse_colour(text: str) -> RGB:
    """Return the red, green and blue, 0 to 255, of a colour that SVG 1.1 knows.

    "currentColor" is black: a picture has no text around it.
    """
    from PIL import ImageColor

    colour = text.strip().lower()
    if colour == CURRENT_COLOUR.lower():
        return BLACK
    if colour.endswith(")"):  # rgb(r, g, b) in numbers or in percent, which Pillow rounds otherwise
        parts = colour[colour.index("(") + 1 : -1].split(",")
        values = [float(p.strip().rstrip("%")) * (2.55 if "%" in p else 1) for p in parts]
        red, green, blue = (min(max(round(v), 0), 255) for v in values)
        return red, green, blue
    return ImageColor.getrgb(colour)[:3]


def is_dark(text: str) -> bool:
    """Return whether white shows better than black on a colour that SVG 1.1 knows."""
    red, green, blue = parse_colour(text)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128  # luma of ITU-R BT.601


def _ramp(start: Sequence[int], end: Sequence[int]) -> bytes:
    """Return 256 colours evenly spaced from start to end, one after another."""
    t = np.linspace(0, 1, 256)[:, None]
    colours = np.array(start) + t * (np.array(end) - np.array(start))
    return bytes(np.rint(colours).astype(np.uint8).ravel().tolist())
