"""Drawings to SVG: one drawing at its true size in millimetres, or many on one page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sketchvae.drawing import Drawing
from sketchvae.render.page import PageSpec, Style, title
from sketchvae.render.path import StrokePath
from sketchvae.svg_page import DECIMALS, NUMBERS, SvgPage, path_data

if TYPE_CHECKING:
    from sketchvae.render.timeline import Animation

# SMIL yields to important rules. Where a reader's system asks for less motion, this is the finished
# page: all of its ink is there, and no pen tip.
_STILL = """@media (prefers-reduced-motion: reduce) {
.drawn path { visibility: visible !important; stroke-dasharray: none !important }
.drawn circle { visibility: hidden !important }
}"""


def to_svg(
    spec: PageSpec,
    drawings: Sequence[Drawing],
    animation: "Animation | None" = None,
    *,
    always: bool = False,
) -> str:
    """Return drawings as one SVG 1.1 page; one user unit is one millimetre.

    Each drawing is fitted into a square cell of its own. One drawing is one cell: its page is
    as high as wide, whatever it shows, so that all pages of single drawings have the same layout.
    All ink is in one Inkscape layer ("1 black": one pen), in which each drawing is a group
    (`drawing-1`, ...) and each stroke a path, in drawing order. With a palette each path has its
    own colour in the same layer: a layer per colour would change the drawing order. An empty
    drawing leaves its cell empty. Equal drawings give equal text.

    Args:
        spec: the page.
        drawings: as many as the page has cells for.
        animation: how the page draws itself; None for the finished page.
        always: whether it does so even where a reader's system asks for less motion.

    Raises:
        SketchvaeError: for another number of drawings; with an animation as `timeline`.
    """
    page = SvgPage(spec.width_mm, spec.height_mm, title(drawings), spec.paper, spec.record)
    add_numbers(page, spec)
    layer = add_ink_layer(page, spec.style, spec.pen)
    inks = spec.style.inks
    lines: list[tuple[Element, StrokePath]] = []
    for index, paths in enumerate(spec.paths(drawings)):
        group = page.add_group(layer, id=f"drawing-{index + 1}")
        lines += [(add_stroke(page, group, p.data, inks, i), p) for i, p in enumerate(paths)]
    if animation is not None:
        from sketchvae.render.smil import animate  # here, since a page that stands still is quicker
        from sketchvae.render.timeline import timeline

        if not always:
            page.add_style(_STILL, "drawn")
        animate(page, lines, timeline(drawings, animation.pace), animation, spec.pen, inks[0])
    return page.to_text()


def add_numbers(page: SvgPage, spec: PageSpec) -> None:
    """Add the numbers of the drawings to a page, in a layer of their own; none for no numbers.

    Args:
        page: without ink.
        spec: of the page.
    """
    if spec.numbers:
        layer = page.add_layer(NUMBERS, spec.style.inks[0], spec.number_pen, NUMBERS)
        for stroke in spec.number_strokes:
            page.add_path(layer, path_data(stroke, DECIMALS))


def add_ink_layer(page: SvgPage, style: Style, pen: float) -> Element:
    """Add the layer of all ink to a page, and return it; its label names the colours.

    Args:
        page: without ink.
        style: look of the ink.
        pen: line width in mm.
    """
    inks = style.inks
    return page.add_layer(f"1 {', '.join(dict.fromkeys(inks))}", inks[0], pen, "pen-1")


def add_stroke(
    page: SvgPage, group: Element, data: str, inks: Sequence[str], index: int
) -> Element:
    """Add a stroke's path in its colour, and return it.

    Args:
        page: the page of the group.
        group: in a layer whose colour is the first ink.
        data: SVG path data.
        inks: colours of the strokes of a drawing, repeated after the last.
        index: of the stroke in its drawing, from 0.
    """
    ink = inks[index % len(inks)]
    return page.add_path(group, data, None if ink == inks[0] else ink)
