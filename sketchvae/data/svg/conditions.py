"""Conditions of an element: for whom it is drawn, and what `<switch>` chooses."""

from collections.abc import Iterable

from sketchvae.data.svg.shapes import NAMES
from sketchvae.data.svg.tree import Element

LANGUAGE = "en"  # of the one who looks at the page

_FEATURE = "http://www.w3.org/TR/SVG11/feature#"
_FEATURES = {  # of SVG 1.1 that a viewer of still pictures has
    "SVG-static", "SVGDOM-static", "CoreAttribute", "Structure", "BasicStructure",
    "ContainerAttribute", "ConditionalProcessing", "Image", "Style", "ViewportAttribute", "Shape",
    "Text", "BasicText", "PaintAttribute", "BasicPaintAttribute", "OpacityAttribute",
    "GraphicsAttribute", "BasicGraphicsAttribute", "Marker", "Gradient", "Pattern", "Clip",
    "BasicClip", "Mask", "Filter", "BasicFilter", "XlinkAttribute",
}  # fmt: skip
_CHOICES = {  # what a switch can choose; some of it draws nothing
    *NAMES, "g", "a", "svg", "switch", "use", "text", "image", "defs", "symbol", "clipPath", "mask",
    "marker", "linearGradient", "radialGradient", "pattern", "filter",
}  # fmt: skip


def fits(element: Element) -> bool:
    """Whether the conditions of an element are met; it is not drawn without them."""
    features = element.get("requiredFeatures")
    if features is not None:
        names = [name.removeprefix(_FEATURE) for name in features.split()]
        if not names or not _FEATURES.issuperset(names):
            return False
    languages = element.get("systemLanguage")
    return element.get("requiredExtensions") is None and (
        languages is None
        or any(name.strip().lower().split("-")[0] == LANGUAGE for name in languages.split(","))
    )


def chosen(elements: Iterable[Element]) -> list[Element]:
    """Return the child of a `<switch>` that is drawn: the first whose conditions are met."""
    able = (element for element in elements if element.tag in _CHOICES and fits(element))
    return [element for element in [next(able, None)] if element is not None]
