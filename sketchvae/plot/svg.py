"""A plot as SVG for plotters that read it, and as a preview with the travel of the lifted pen."""

import io
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np

from sketchvae.plot.plan import Plot
from sketchvae.polyline import Floats
from sketchvae.raster import Raster, subdivide
from sketchvae.svg_page import DECIMALS, SvgPage, path_data

TRAVEL_COLOURS = ("red", "blue", "magenta")  # each stands out from white paper
PREVIEW_PIXELS = 1600  # longer side of the preview
_TRAVEL_WIDTH = 0.5  # width of a travel line, as a fraction of the pen's
_MIN_LINE = 1.0  # pixels of the preview


def to_svg(plot: Plot, record: str = "") -> str:
    """Return a plot as the software of AxiDraw and NextDraw and Inkscape read it.

    The page has its size in mm, and one user unit is one mm. Each pen is an Inkscape layer
    ("1 black") of paths, one a stroke, in order, with a group for each drawing. Nothing else is on
    the page. The groups have no id, by which saxi tells pens apart.

    Args:
        plot: what to write.
        record: of how the drawings were drawn, for the metadata; empty for none.
    """
    page = SvgPage(plot.page.width, plot.page.height, record=record)
    _add_pens(page, plot)
    return page.to_text()


def to_preview(plot: Plot) -> str:
    """Return a plot as SVG on white paper, with the travel of the lifted pen in another colour.

    The AxiDraw software plots neither the travel nor the paper: the names of their layers begin
    with "%".
    """
    page = SvgPage(plot.page.width, plot.page.height)
    page.add_paper(page.add_layer("% paper", "none", plot.pen_width, "paper"), "white")
    width = plot.pen_width * _TRAVEL_WIDTH
    travel = page.add_layer("% travel", travel_colour(plot), width, "travel")
    travel.set("class", "travel")
    for move in travels(plot):
        page.add_path(travel, path_data(move, DECIMALS))
    _add_pens(page, plot)
    return page.to_text()


def to_preview_png(plot: Plot, pixels: int = PREVIEW_PIXELS) -> bytes:
    """Return the preview as PNG.

    Args:
        plot: what to show.
        pixels: longer side of the image.
    """
    from PIL import Image, ImageColor

    scale = pixels / max(plot.page.width, plot.page.height)
    width, height = round(plot.page.width * scale), round(plot.page.height * scale)
    raster = Raster(width, height, (255, 255, 255))
    layers = [(travel_colour(plot), _TRAVEL_WIDTH, travels(plot))]
    layers += [(layer.colour, 1.0, list(layer.strokes)) for layer in plot.layers]
    for index, (colour, fraction, strokes) in enumerate(layers):
        line = max(plot.pen_width * fraction * scale, _MIN_LINE)
        segments = subdivide([stroke * scale for stroke in strokes], line)
        raster.ink(segments, line, ImageColor.getrgb(colour)[:3], layer=index)
    content = io.BytesIO()
    Image.fromarray(raster.pixels.reshape(height, width, 3)).save(content, "PNG")
    return content.getvalue()


def travels(plot: Plot) -> list[Floats]:
    """Return the moves of the lifted pen from stroke to stroke, (2, 2) each, in mm."""
    return [np.stack([a[-1], b[0]]) for a, b in pairwise(plot.strokes)]


def travel_colour(plot: Plot) -> str:
    """Return the colour of the travel that differs most from the colours of the pens."""
    from PIL import ImageColor

    pens = [np.array(ImageColor.getrgb(layer.colour)) for layer in plot.layers]

    def difference(colour: str) -> float:
        return min(float(np.linalg.norm(pen - ImageColor.getrgb(colour))) for pen in pens)

    return max(TRAVEL_COLOURS, key=difference)


def _add_pens(page: SvgPage, plot: Plot) -> None:
    """Add a layer of paths for each pen to a page."""
    for layer in plot.layers:
        name = f"pen-{layer.pen}"
        parent = page.add_layer(f"{layer.pen} {layer.colour}", layer.colour, plot.pen_width, name)
        for number, strokes in groupby(layer.numbered(), key=itemgetter(0)):
            group = parent
            if number:
                group = page.add_group(parent, f"drawing {number}", data_drawing=str(number))
            for _, stroke in strokes:
                page.add_path(group, path_data(stroke, DECIMALS))
