"""Where the markers of a shape are drawn: arrow heads and the like."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sketchvae.data.svg import values
from sketchvae.data.svg.clips import rectangle
from sketchvae.data.svg.curves import Subpath
from sketchvae.data.svg.shapes import Style
from sketchvae.data.svg.tree import Element, Ink, State
from sketchvae.data.svg.values import Frame, rotation, scaling, translation
from sketchvae.polyline import Floats


def places(marker: Element, name: str, ink: Ink, style: Style) -> Iterator[State]:
    """Yield the state in which a marker is drawn at each of its vertices.

    Args:
        marker: the `<marker>`.
        name: marker-start, marker-mid or marker-end.
        ink: the shape.
        style: of the marker.
    """
    frame = ink.state.frame
    width = frame.length(marker.get("markerWidth", "3"), "x") or 0.0
    height = frame.length(marker.get("markerHeight", "3"), "y") or 0.0
    if width <= 0 or height <= 0:
        return
    unit = 1.0
    if marker.get("markerUnits") != "userSpaceOnUse":
        unit = frame.length(ink.state.style.get("stroke-width", "1"), "r") or 0.0
    box = values.view_box(marker.get("viewBox"))
    fit = np.eye(3)
    if box is not None:
        fit = values.fit_view_box(box, width, height, marker.get("preserveAspectRatio"))
    inner = Frame(box[2], box[3], frame.font_size) if box else Frame(width, height)
    x, y = (_reference(marker.get(n, "0"), n[-1].lower(), inner) for n in ("refX", "refY"))
    anchor = fit @ [x, y, 1.0]
    for vertex, angle in _vertices(ink.subpaths, name, marker.get("orient", "0")):
        matrix = ink.state.matrix @ translation(*vertex) @ rotation(angle)
        matrix = matrix @ scaling(unit, unit) @ translation(-anchor[0], -anchor[1])
        clips = ink.state.clips
        if style.get("overflow", "hidden").lower() not in ("visible", "auto"):
            clips = (*clips, rectangle(0.0, 0.0, width, height, matrix))
        yield replace(
            ink.state, matrix=matrix @ fit, clips=clips, style=style, frame=inner, size=(None, None)
        )


def _reference(text: str, axis: str, frame: Frame) -> float:
    shares = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
    if text in shares:
        return shares[text] * frame.side(axis)
    return frame.length(text, axis) or 0.0


def _vertices(
    subpaths: Sequence[Subpath], name: str, orient: str
) -> Iterator[tuple[Floats, float]]:
    """Yield the vertices that a marker stands at, each with the angle of the marker in radians."""
    vertices = np.concatenate([s.vertices() for s in subpaths])
    headings = np.concatenate([_headings(s) for s in subpaths])
    last = len(vertices) - 1
    chosen = {"marker-start": [0], "marker-mid": range(1, last), "marker-end": [last]}[name]
    for i in chosen:
        angle = headings[i]
        if orient == "auto-start-reverse":
            angle += math.pi if name == "marker-start" else 0.0
        elif orient != "auto":
            angle = values.angle(orient) or 0.0
        yield vertices[i], angle


def _headings(subpath: Subpath) -> Floats:
    """Return the direction of a subpath at each of its vertices, halfway between both sides."""
    arriving, leaving = subpath.directions()
    if subpath.closed:
        arriving[0], leaving[-1] = arriving[-1], leaving[0]
    else:
        arriving[0], leaving[-1] = leaving[0], arriving[-1]
    both = arriving + leaving
    flat = np.hypot(*both.T) < 1e-12
    both[flat] = leaving[flat]
    return np.arctan2(both[:, 1], both[:, 0])
