"""An SVG 1.1 page in millimetres: the one module that writes SVG.

What stands still is written with the standard library, what moves with svgwrite: a page without
animation does not wait for it.
"""

import re
from functools import cached_property
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats

MM_PER_INCH = 25.4
MM_PER_PX = MM_PER_INCH / 96  # of a CSS pixel
RECORD = "sketchvae-record"  # name of the element, and in PNG of the text, with a page's record
NUMBERS = "numbers"  # name of the group of the numbers beside the drawings
_NAMESPACES = {
    "xmlns": "http://www.w3.org/2000/svg",
    "xmlns:ev": "http://www.w3.org/2001/xml-events",
    "xmlns:inkscape": "http://www.inkscape.org/namespaces/inkscape",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
}
_NAMELESS = re.compile(r"black|white|#(?:[0-9a-f]{3}){1,2}")  # colours that need no list of names
DECIMALS = 3  # of a length in mm: finer than screens, printers and plotters


class SvgPage:
    """A page whose user unit is one millimetre, with Inkscape layers of paths.

    Attributes:
        root: the `<svg>` element.
    """

    def __init__(
        self,
        width: float,
        height: float,
        title: str = "",
        background: str | None = None,
        record: str = "",
    ) -> None:
        """Make a page without ink.

        Args:
            width: mm.
            height: mm.
            title: text of the `<title>`; empty for none.
            background: colour of a rectangle as large as the page; None for no rectangle.
            record: text in `<metadata>`; empty for none.
        """
        self._width, self._height = (format_number(side, DECIMALS) for side in (width, height))
        self.root = Element(
            "svg",
            {
                **_NAMESPACES,
                "baseProfile": "full",
                "version": "1.1",
                "width": f"{self._width}mm",
                "height": f"{self._height}mm",
                "viewBox": f"0 0 {self._width} {self._height}",
            },
        )
        if title:
            SubElement(self.root, "title").text = title
        if record:
            metadata = SubElement(self.root, "metadata")
            SubElement(metadata, RECORD, xmlns=f"urn:{RECORD}").text = record
        self._definitions = SubElement(self.root, "defs")
        if background is not None:
            self.add_paper(self.root, background)

    @cached_property
    def _svgwrite(self) -> Any:  # noqa: ANN401 - it has no types
        """The maker of svgwrite's elements."""
        import svgwrite  # here: it takes as long as NumPy, for it imports urllib, http and ssl

        return svgwrite.Drawing(debug=False)

    def add_style(self, rules: str, name: str) -> None:
        """Add a style sheet to the page.

        Args:
            rules: CSS, for elements in ".NAME" alone: a page may stand inside of another one.
            name: of the page, its class.
        """
        self.root.set("class", name)
        self._definitions.append(self._svgwrite.style(rules).get_xml())

    def add_paper(self, parent: Element, colour: str) -> None:
        """Add a rectangle as large as the page to an element.

        Args:
            parent: a layer, or the page.
            colour: of the paper.
        """
        size = {"x": "0", "y": "0", "width": self._width, "height": self._height}
        paper = SubElement(parent, "rect", size, fill=colour)
        if parent is not self.root:
            paper.set("stroke", "none")

    def add_layer(self, label: str, colour: str, line_width: float, name: str) -> Element:
        """Add an Inkscape layer of lines with round ends, and return it.

        Args:
            label: name of the layer; plotters read a number at its beginning as that of the pen.
            colour: of its lines.
            line_width: mm.
            name: id of the layer, by which other programs name it.
        """
        return SubElement(
            self.root,
            "g",
            {
                "fill": "none",
                "stroke": colour,
                "stroke-width": format_number(line_width, DECIMALS),
                "stroke-linecap": "round",
                "stroke-linejoin": "round",
                "inkscape:groupmode": "layer",
                "inkscape:label": label,
                "id": name,
            },
        )

    def add_group(self, parent: Element, label: str = "", **attributes: str) -> Element:
        """Add a group to an element, and return it.

        Args:
            parent: a layer or a group.
            label: name that Inkscape shows; empty for its id.
            attributes: of the group; "_" stands for "-" in their names, but not at the end.
        """
        named = {name.rstrip("_").replace("_", "-"): text for name, text in attributes.items()}
        group = SubElement(parent, "g", named)
        if label:
            group.set("inkscape:label", label)
        return group

    def add_path(self, parent: Element, data: str, colour: str | None = None) -> Element:
        """Add a path to an element, and return it.

        Args:
            parent: a layer or a group.
            data: SVG path data.
            colour: of the line; None for that of the layer.
        """
        path = SubElement(parent, "path", d=data)
        if colour is not None:
            path.set("stroke", colour)
        return path

    def add_animation(self, element: Element, attribute: str, **timing: str) -> None:
        """Let an attribute of an element change in time, by SMIL's `<animate>`.

        Args:
            element: any element of this page.
            attribute: its name, "d" of a path included.
            timing: attributes of `<animate>`, as `keyTimes` and `values`.
        """
        element.append(self._svgwrite.animate(attribute, **timing).get_xml())

    def add_dot(self, radius: float, colour: str, visibility: str) -> Element:
        """Add a dot at the origin, over all layers, and return it.

        Args:
            radius: mm.
            colour: of the dot.
            visibility: "hidden" or "visible".
        """
        place = {"cx": "0", "cy": "0", "r": format_number(radius, DECIMALS)}
        return SubElement(self.root, "circle", place, fill=colour, visibility=visibility)

    def add_motion(self, element: Element, data: str, **timing: str) -> None:
        """Let an element move along a path, by SMIL's `<animateMotion>`.

        Args:
            element: any element of this page.
            data: SVG path data.
            timing: attributes of `<animateMotion>`, as `keyTimes` and `keyPoints`.
        """
        element.append(self._svgwrite.animateMotion(data, **timing).get_xml())

    def to_text(self) -> str:
        """Return the page as XML, the attributes of each element in alphabetical order."""
        for element in self.root.iter():
            element.attrib = dict(sorted(element.attrib.items()))
        return tostring(self.root, encoding="unicode")


def check_colour(text: str, name: str = "a colour") -> None:
    """Refuse a colour that SVG 1.1 does not know: viewers would draw nothing.

    Args:
        text: the colour, in small or capital letters.
        name: beginning of the error message.

    Raises:
        SketchvaeError: for an unknown colour.
    """
    if _NAMELESS.fullmatch(text.lower()):
        return
    from svgwrite.data.typechecker import Full11TypeChecker

    if not Full11TypeChecker().is_color(text.lower()):
        raise SketchvaeError(
            f"{name} must be a name or #rrggbb, got {text!r:.60}; try 'black' or '#224488'"
        )


def path_data(stroke: Floats, decimals: int, *, curved: bool = False) -> str:
    """Return a stroke as SVG path data, "Mx,y Lx,y ..." or "Mx,y Cx,y x,y x,y ...".

    A single point becomes a line of length 0, which a round cap shows as a dot.

    Args:
        stroke: (n, 2) points, or (3n - 2, 2) control points of joined cubic Bezier curves.
        decimals: greatest number of decimals of a coordinate, 0 to 4.
        curved: whether the points are control points.
    """
    points = (stroke.round(decimals) + 0.0).tolist()  # without -0.0
    # Python writes a list much faster than its numbers one by one.
    text = str(points if len(points) > 1 else points * 2)
    text = text.replace(".0,", ",").replace(".0]", "]")
    text = "M" + text[2:-2].replace("], [", " L").replace(", ", ",")
    return text.replace(" L", " C", 1).replace(" L", " ") if curved and len(points) > 1 else text


def format_number(value: float, decimals: int) -> str:
    """Return a number in full without trailing zeros: 1.50 as "1.5", -0.0 as "0", 100 as "100".

    Args:
        value: the number.
        decimals: greatest number of decimals.
    """
    text = f"{round(value, decimals) + 0.0:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
