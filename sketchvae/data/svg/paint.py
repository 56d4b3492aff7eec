"""Paint: whether a stroke or a fill can be seen, and how light it is."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from xml.etree import ElementTree

from sketchvae.data.svg.values import fraction

HREFS = ("href", "{http://www.w3.org/1999/xlink}href")

_URL = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)\s*(.*)", re.S)
_KEYWORDS = ("none", "currentcolor", "context-fill", "context-stroke")
_MAX_LINKS = 100  # of gradients that take their stops from another


class Color(NamedTuple):
    """What a mask sees of a colour: luminance and alpha, each from 0 to 1."""

    luminance: float
    alpha: float


NONE = Color(0.0, 0.0)
# What tinycss2 raises for numbers of thousands of digits, and for thousands of nested brackets.
BEYOND_PARSER = (ValueError, RecursionError)
LEAST_ALPHA = 1 / 512  # of what can be seen: less rounds to 0 of 255


@lru_cache(4096)
def _color(text: str) -> Color | None:
    """Return a colour; None if the text is no colour, or is currentColor."""
    from tinycss2 import color5

    text = re.sub(r"\s+icc-color\(.*\)", "", text)  # the fallback before a colour profile
    try:
        color = color5.parse_color(text)
    except BEYOND_PARSER:
        return None
    if color is None or isinstance(color, str):
        return None
    try:
        red, green, blue = color.to("srgb").coordinates
    except (NotImplementedError, ValueError):  # device-cmyk
        red = green = blue = 0.0
    parts = [min(max(part or 0.0, 0.0), 1.0) for part in (red, green, blue)]
    luminance = sum(w * p for w, p in zip((0.2125, 0.7154, 0.0721), parts, strict=True))
    return Color(luminance, color.alpha)


def is_color(text: str) -> bool:
    """Whether a text is a colour."""
    return text.lower() == "currentcolor" or _color(text) is not None


def is_paint(text: str) -> bool:
    """Whether a text is a paint: none, a colour, or url(#id) with an optional fallback."""
    match = _URL.fullmatch(text)
    if match is not None:
        return not match[3] or match[3].lower() == "none" or is_color(match[3])
    return text.lower() in _KEYWORDS or is_color(text)


def share(style: Mapping[str, str], name: str) -> float:
    """Return an opacity of a style, from 0 to 1.

    Args:
        style: properties of an element.
        name: opacity, fill-opacity, stroke-opacity or stop-opacity.
    """
    value = fraction(style.get(name))
    return 1.0 if value is None else value


def target(text: str) -> str:
    """Return the id of url(#id); empty if it is none, or is in another file."""
    match = _URL.match(text)
    return match[2][1:] if match is not None and match[2].startswith("#") else ""


class Painter:
    """Colours of paints that may be gradients and patterns of the page.

    Args:
        by_id: elements of the page by their id.
        style_of: returns the style of an element that inherits nothing.
    """

    def __init__(
        self,
        by_id: Mapping[str, ElementTree.Element],
        style_of: Callable[[ElementTree.Element], Mapping[str, str]],
    ) -> None:
        self._by_id, self._style_of = by_id, style_of

    def color(self, text: str, current: str, *, has_box: bool = True) -> Color:
        """Return the colour of a paint; that of a gradient is its most visible one.

        Args:
            text: the paint.
            current: the colour that currentColor names.
            has_box: whether the shape has a width and a height; without them a gradient in units
                of its box paints nothing.
        """
        match = _URL.fullmatch(text)
        if match is not None:
            server = self._by_id.get(match[2][1:]) if match[2].startswith("#") else None
            if server is not None and server.tag in ("linearGradient", "radialGradient"):
                return self._gradient(server, has_box)
            if server is not None and server.tag == "pattern":
                return Color(1.0, 1.0) if any(map(len, self._chain(server))) else NONE
            text = match[3] or "none"
        keyword = text.lower()
        if keyword == "none":
            return NONE
        if keyword.startswith("context-"):  # of the shape that a marker belongs to
            return Color(0.0, 1.0)
        return (_color(current) if keyword == "currentcolor" else _color(text)) or Color(0.0, 1.0)

    def _gradient(self, gradient: ElementTree.Element, has_box: bool) -> Color:
        chain = list(self._chain(gradient))
        units = next((u for g in chain if (u := g.get("gradientUnits"))), None)
        stops = next((found for g in chain if (found := g.findall("stop"))), [])
        if not stops or (len(stops) > 1 and units != "userSpaceOnUse" and not has_box):
            return NONE
        colors = []
        for stop in stops:
            style = self._style_of(stop)
            text = style.get("stop-color", "black")
            color = self.color(text, style.get("color", "black"))
            colors.append(Color(color.luminance, color.alpha * share(style, "stop-opacity")))
        return Color(max(c.luminance for c in colors), max(c.alpha for c in colors))

    def _chain(self, server: ElementTree.Element) -> Iterator[ElementTree.Element]:
        """Yield a gradient or a pattern, and those that it takes over what it has not itself."""
        for _ in range(_MAX_LINKS):
            yield server
            href = next((h for name in HREFS if (h := server.get(name))), "")
            if href[1:] not in self._by_id:
                return
            server = self._by_id[href[1:]]
