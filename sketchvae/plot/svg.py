"""A plot as SVG, for the plotters that draw it and for whoever looks first."""

from itertools import pairwise
from typing import Any

import numpy as np

from sketchvae.drawing import number, path_data
from sketchvae.plot.page import DECIMALS
from sketchvae.plot.plan import Plot
from sketchvae.polyline import Floats

TRAVEL = ("red", "blue", "lime")  # colours that the way of the lifted pen may have
_THIN = 0.5  # of the pen's width, that way's


def to_svg(plot: Plot) -> str:
    """Write a plot as AxiDraw's and NextDraw's software and Inkscape take it.

    The page has its size in mm, and one user unit is one mm. Each pen is an Inkscape layer
    ("1 black") of paths, one a stroke, in order. Nothing else is on the page.
    """
    page = _page(plot)
    for layer in plot.layers:
        _add(page, f"{layer.pen} {layer.colour}", layer.colour, plot.pen_width, layer.strokes)
    return str(page.tostring())


def to_preview(plot: Plot) -> str:
    """Write a plot on white paper, with the way of the lifted pen in another colour.

    Should it be plotted, the AxiDraw software leaves that layer out, because of its "%".
    """
    page = _page(plot)
    page.add(page.rect((0, 0), ("100%", "100%"), fill="white"))
    _add(page, "% travel", travel_colour(plot), plot.pen_width * _THIN, travels(plot))
    for layer in plot.layers:
        _add(page, f"{layer.pen} {layer.colour}", layer.colour, plot.pen_width, layer.strokes)
    return str(page.tostring())


def to_preview_png(plot: Plot, pixels: int = 1600) -> bytes:
    """Draw the preview as PNG, its longer side so many pixels."""
    import io

    from PIL import Image, ImageDraw

    scale = 2 * pixels / max(plot.page.width, plot.page.height)  # drawn twice as large
    size = round(plot.page.width * scale), round(plot.page.height * scale)
    image = Image.new("RGB", size, "white")
    pencil = ImageDraw.Draw(image)
    layers = [(travel_colour(plot), _THIN, travels(plot))]
    layers += [(layer.colour, 1.0, list(layer.strokes)) for layer in plot.layers]
    for colour, share, strokes in layers:
        width = max(round(plot.pen_width * share * scale), 2)
        for stroke in strokes:
            points = [(x, y) for x, y in (stroke * scale).tolist()]
            pencil.line(points if len(points) > 1 else points * 2, colour, width, joint="curve")
            if len(points) == 1:
                pencil.circle(points[0], width / 2, colour)
    content = io.BytesIO()
    image.resize((size[0] // 2, size[1] // 2), Image.Resampling.BOX).save(content, "PNG")
    return content.getvalue()


def travels(plot: Plot) -> list[Floats]:
    """Return the ways of the lifted pen from stroke to stroke, (2, 2) each."""
    return [np.stack([a[-1], b[0]]) for a, b in pairwise(plot.strokes)]


def travel_colour(plot: Plot) -> str:
    """Choose the colour that differs most from those of the pens."""
    from PIL import ImageColor

    pens = [np.array(ImageColor.getrgb(layer.colour)) for layer in plot.layers]

    def difference(colour: str) -> float:
        return min(float(np.linalg.norm(pen - ImageColor.getrgb(colour))) for pen in pens)

    return max(TRAVEL, key=difference)


def _page(plot: Plot) -> Any:  # noqa: ANN401
    import svgwrite  # here: it brings urllib, http and ssl along

    width, height = (number(side, DECIMALS) for side in (plot.page.width, plot.page.height))
    page = svgwrite.Drawing(
        size=(f"{width}mm", f"{height}mm"), viewBox=f"0 0 {width} {height}", debug=False
    )
    page["xmlns:inkscape"] = "http://www.inkscape.org/namespaces/inkscape"
    return page


def _add(page: Any, label: str, colour: str, width: float, strokes: Any) -> None:  # noqa: ANN401
    layer = page.add(page.g(fill="none", stroke=colour, stroke_width=number(width, DECIMALS)))
    layer["stroke-linecap"] = layer["stroke-linejoin"] = "round"
    layer["inkscape:groupmode"] = "layer"
    layer["inkscape:label"] = label
    for stroke in strokes:
        layer.add(page.path(path_data(stroke, DECIMALS)))
