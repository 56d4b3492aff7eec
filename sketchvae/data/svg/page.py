"""The page of an SVG document: its size, and the part of it that is meant for drawing."""

import numpy as np

from sketchvae.data.svg import values
from sketchvae.data.svg.curves import transform
from sketchvae.data.svg.tree import Box, Element
from sketchvae.data.svg.values import Frame


def size_of(root: Element, font_size: float) -> tuple[float, float] | None:
    """Return width and height of the page in px; None if neither it nor the viewBox says.

    Args:
        root: the outermost element.
        font_size: its font size in px, for `em`.
    """
    box = values.view_box(root.get("viewBox"))
    whole = Frame(*(box[2:] if box is not None else (0.0, 0.0)), font_size)
    width, height = (
        length if length is not None and length > 0 else None
        for length in (whole.length(root.get("width"), "x"), whole.length(root.get("height"), "y"))
    )
    if box is None:
        return (width, height) if width is not None and height is not None else None
    if width is None and height is None:
        return box[2], box[3]
    if width is None:
        assert height is not None
        return height * box[2] / box[3], height
    return width, height if height is not None else width * box[3] / box[2]


def canvas_of(root: Element, size: tuple[float, float] | None) -> Box | None:
    """Return the part of the page that the viewBox covers, in px; without one it is the page.

    Args:
        root: the outermost element.
        size: width and height of the page; None if unknown, and then the part is, too.
    """
    box = values.view_box(root.get("viewBox"))
    if size is None or box is None:
        return (0.0, 0.0, *size) if size is not None else None
    fit = values.fit_view_box(box, *size, root.get("preserveAspectRatio"))
    corners = np.array([box[:2], [box[0] + box[2], box[1] + box[3]]])
    (left, top), (right, bottom) = transform(corners, fit).clip((0, 0), size).tolist()
    return left, top, right, bottom
