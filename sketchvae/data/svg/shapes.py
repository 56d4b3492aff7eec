"""The basic shapes of SVG, and its paths, as subpaths."""

import math
from collections.abc import Mapping
from xml.etree import ElementTree

import numpy as np

from sketchvae.data.svg import path_data
from sketchvae.data.svg.curves import Pen, Subpath, ellipse
from sketchvae.data.svg.values import Frame

Style = Mapping[str, str]  # properties by name; those with their initial value may be missing

NAMES = frozenset(["path", "line", "polyline", "polygon", "rect", "circle", "ellipse"])


def outline(element: ElementTree.Element, style: Style, frame: Frame) -> tuple[list[Subpath], bool]:
    """Return the subpaths of a shape in its own units, and whether it is without an error.

    A shape without a size has no subpath.

    Args:
        element: one of the shapes that `NAMES` lists.
        style: its properties; those of geometry, as x and r, may come from CSS.
        frame: of percentages and of units.
    """
    match element.tag:
        case "path":
            return path_data.parse(element.get("d", ""))
        case "polyline" | "polygon":
            return _poly(element.get("points", ""), element.tag == "polygon")
        case "line":
            return [_line(element, frame)], True
        case "rect":
            return _rect(style, frame), True
        case "circle":
            radius = frame.length(style.get("r"), "r") or 0.0
            return _round(style, frame, radius, radius), True
        case _:
            return _round(style, frame, *_radii(style, frame)), True


def _poly(text: str, closed: bool) -> tuple[list[Subpath], bool]:
    numbers, right = path_data.numbers_of(text)
    points = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
    if len(points) < 2:
        return [], right
    if closed:
        points = np.concatenate([points, points[:1]])
    return [Subpath(points, closed=closed)], right


def _line(element: ElementTree.Element, frame: Frame) -> Subpath:
    x1, y1, x2, y2 = (frame.length(element.get(n), n[0]) or 0.0 for n in ("x1", "y1", "x2", "y2"))
    return Subpath(np.array([[x1, y1], [x2, y2]]))


def _rect(style: Style, frame: Frame) -> list[Subpath]:
    x, y = (frame.length(style.get(n), n) or 0.0 for n in ("x", "y"))
    width = frame.length(style.get("width"), "x") or 0.0
    height = frame.length(style.get("height"), "y") or 0.0
    if width <= 0 or height <= 0:
        return []
    rx, ry = _radii(style, frame)
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if not (rx and ry):
        corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
        return [Subpath(np.array(corners), closed=True)]
    pen = Pen()
    pen.move(x + rx, y)
    pen.line(x + width - rx, y)
    pen.arc(rx, ry, 0, False, True, x + width, y + ry)
    pen.line(x + width, y + height - ry)
    pen.arc(rx, ry, 0, False, True, x + width - rx, y + height)
    pen.line(x + rx, y + height)
    pen.arc(rx, ry, 0, False, True, x, y + height - ry)
    pen.line(x, y + ry)
    pen.arc(rx, ry, 0, False, True, x + rx, y)
    pen.close()
    return pen.subpaths


def _round(style: Style, frame: Frame, rx: float, ry: float) -> list[Subpath]:
    cx, cy = (frame.length(style.get(n), n[1]) or 0.0 for n in ("cx", "cy"))
    return [ellipse(cx, cy, rx, ry)] if rx > 0 and ry > 0 else []


def _radii(style: Style, frame: Frame) -> tuple[float, float]:
    """Return rx and ry; one that is missing, auto or below 0 is as the other."""
    rx, ry = frame.length(style.get("rx"), "x"), frame.length(style.get("ry"), "y")
    known = [r for r in (rx, ry) if r is not None and r >= 0 and math.isfinite(r)]
    if not known:
        return 0.0, 0.0
    return (
        rx if rx is not None and rx >= 0 else known[0],
        ry if ry is not None and ry >= 0 else known[0],
    )
