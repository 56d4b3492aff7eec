"""The interface to vpype: an order of strokes that is quick to draw, and HPGL.

vpype (https://github.com/abey79/vpype) is the common tool for pen plotters. Its lengths are CSS
pixels, its points complex numbers.
"""

import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchvae.errors import SketchvaeError
from sketchvae.machine.words import MM_PER_INCH
from sketchvae.plot.page import DECIMALS, SIZES, Page
from sketchvae.plot.plan import Layer, Plot
from sketchvae.polyline import Floats

DEVICE = "hp7475a"
PX_PER_MM = 96 / MM_PER_INCH  # CSS pixels
Complex = NDArray[np.complex128]

_TWO_OPT_STROKES = 5000  # most strokes of a pen for two-opt, which takes minutes beyond that
_PD_POINTS = 20  # most points of one PD command, since old plotters have small buffers


def optimize(plot: Plot) -> Plot:
    """Return the same ink in another order, which each pen draws in less time.

    Strokes that meet become one (linemerge), points within 0.05 mm of the line are dropped
    (linesimplify), closed strokes begin anywhere (reloop), and strokes are sorted and turned
    (linesort) so that the pen-up travel is short; up to 5000 strokes of a pen with two-opt.

    Raises:
        ModuleNotFoundError: without vpype.
    """
    from vpype_cli import execute

    many = max(len(layer.strokes) for layer in plot.layers) > _TWO_OPT_STROKES
    order = "linesort" if many else "linesort --two-opt"
    pipeline = f"linemerge linesimplify reloop {order}"
    document = execute(pipeline, _document(plot), "--seed 0")  # reloop is random
    layers = (
        Layer(layer.pen, layer.colour, tuple(map(_stroke, document.layers[layer.pen])))
        for layer in plot.layers
    )
    return replace(plot, layers=tuple(layers))


def to_hpgl(plot: Plot, device: str = DEVICE) -> tuple[str, list[str]]:
    """Write a plot in HPGL, the language of older pen plotters.

    Args:
        plot: on a page that has a name.
        device: name of a plotter in vpype's configuration.

    Returns:
        The commands, and vpype's notes on how to set up the device.

    Raises:
        ModuleNotFoundError: without vpype.
        SketchvaeError: if the device is unknown, does not take the page, has too few pens, or
            cannot reach all of the ink.
    """
    from vpype import write_hpgl

    plotter, paper = _device(device, plot.page)
    pens = max(layer.pen for layer in plot.layers)
    if pens > plotter.pen_count:
        raise SketchvaeError(
            f"{device} has pens 1 to {plotter.pen_count}, got pen {pens}; use fewer pens"
        )
    _check_reach(plot, device, plotter, paper)
    text = io.StringIO()
    write_hpgl(
        text,
        _document(plot),
        page_size=paper.name,
        landscape=plot.page.landscape,
        center=False,
        device=device,
        velocity=None,
        absolute=True,
        quiet=True,
    )
    notes = [note.strip() for note in (plotter.info, paper.info) if note]
    return re.sub(r"PD([^;]+);", _split_pd, text.getvalue()), notes


def margin_for(page: Page, device: str = DEVICE) -> float:
    """Return the margin within which a device reaches all of a page, in whole mm.

    Args:
        page: that has a name.
        device: name of a plotter in vpype's configuration.

    Raises:
        ModuleNotFoundError: without vpype.
        SketchvaeError: if the device is unknown or does not take the page.
    """
    low, high = _reach(page, *_device(device, page))
    beyond = max(low.max(), (np.array([page.width, page.height]) - high).max())
    return max(float(np.ceil(beyond)), 0.0)


def _document(plot: Plot) -> Any:  # noqa: ANN401
    """Return a plot as a document of vpype, with a layer for each pen."""
    import vpype

    document = vpype.Document(page_size=(plot.page.width * PX_PER_MM, plot.page.height * PX_PER_MM))
    for layer in plot.layers:
        lines = vpype.LineCollection([to_line(stroke * PX_PER_MM) for stroke in layer.strokes])
        document.add(lines, layer.pen)
    return document


def to_line(stroke: Floats) -> Complex:
    """Convert a stroke, (n, 2), to vpype's form, (n,) complex; a dot becomes a line of length 0."""
    points = stroke if len(stroke) > 1 else stroke.repeat(2, axis=0)
    line: Complex = points @ np.array([1, 1j])
    return line


def _stroke(line: Complex) -> Floats:
    """Convert a line of vpype to a stroke, (n, 2) in mm, without points that repeat."""
    points = (np.column_stack([line.real, line.imag]) / PX_PER_MM).round(DECIMALS)
    moves = (np.diff(points, axis=0) != 0).any(axis=1)
    kept: Floats = points[np.concatenate([[True], moves])]
    return kept


def _device(device: str, page: Page) -> tuple[Any, Any]:
    """Return vpype's configuration of a device, and of a paper in it."""
    from vpype import config_manager

    _mend(config_manager.config["device"])
    try:
        plotter = config_manager.get_plotter_config(device)
    except ValueError as error:  # of a description in ~/.vpype.toml
        raise SketchvaeError(
            f"{device}: vpype's description must be sizes with units, got {error}; choose another "
            "--device"
        ) from error
    if plotter is None:
        known = ", ".join(config_manager.get_plotter_list())
        raise SketchvaeError(f"a device must be one of {known}, got {device!r:.60}; choose another")
    paper = plotter.paper_config(page.name)
    if paper is None or paper.paper_size is None:
        papers = [size for size in SIZES if plotter.paper_config(size)]
        raise SketchvaeError(
            f"{device} takes {', '.join(papers)}, got a page of {page.name!r:.60}; choose one of "
            "these, or another plotter"
        )
    return plotter, paper


def _mend(devices: dict[str, Any]) -> None:
    """Correct what vpype 1.15 has wrong in its descriptions of devices; `write_hpgl` reads them."""
    units = devices.get("hp7550", {})
    if units.get("plotter_unit_length") == "0.02488mm":  # which is that of the 7475A
        units["plotter_unit_length"] = "0.025mm"
    for paper in devices.get("designmate", {}).get("paper", ()):
        origin = paper["origin_location"]
        paper["origin_location"] = [str(length).replace("mmmm", "mm") for length in origin]


def _check_reach(plot: Plot, device: str, plotter: Any, paper: Any) -> None:  # noqa: ANN401
    """Refuse ink beyond the hard clip, which vpype would cut off without a message."""
    low, high = _reach(plot.page, plotter, paper)
    points = np.concatenate(plot.strokes)
    if (points < low).any() or (points > high).any():
        advice = f"move what is kept in place, or try --margin {margin_for(plot.page, device):g}"
        raise SketchvaeError(
            f"ink must lie within what {device} reaches on {paper.name}, "
            f"{_pair(low)} to {_pair(high)} mm, got ink from "
            f"{_pair(points.min(axis=0))} to {_pair(points.max(axis=0))}; {advice}"
        )


def _reach(page: Page, plotter: Any, paper: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
    """Return the corners of the reachable part of a page, (2,) in mm: `write_hpgl`, inverted."""
    size = np.array(paper.paper_size) / PX_PER_MM
    unit = plotter.plotter_unit_length / PX_PER_MM
    steps = np.array([paper.x_range, paper.y_range]).T * (unit, -unit if paper.y_axis_up else unit)
    origin = np.array(paper.origin_location) / PX_PER_MM
    if paper.origin_location_reference == "botleft":
        origin[1] = size[1] - origin[1]
    corners = steps + origin
    if paper.rotate_180:
        corners = size - corners
    if page.landscape != (size[0] > size[1]):  # x, y on the paper are y, height - x on the page
        corners = np.column_stack([size[1] - corners[:, 1], corners[:, 0]])
    return corners.min(axis=0), corners.max(axis=0)


def _pair(point: Floats) -> str:
    return f"({point[0]:.1f}, {point[1]:.1f})"


def _split_pd(match: re.Match[str]) -> str:
    """Divide a long PD command into several; the pen stays down in between."""
    numbers = match[1].split(",")
    step = 2 * _PD_POINTS
    return "".join(f"PD{','.join(numbers[i : i + step])};" for i in range(0, len(numbers), step))
