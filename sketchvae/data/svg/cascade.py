"""The CSS cascade: which value of each property an element has.

Presentation attributes, `<style>` elements and `style` attributes, as CSS 2.2 orders them, with
the selectors of CSS 4 (cssselect2). Style sheets outside of the file are not read.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from sketchvae.data.svg import paint, values
from sketchvae.data.svg.shapes import Style

_INHERITED = {
    "fill", "stroke", "fill-opacity", "stroke-opacity", "stroke-width", "stroke-linecap",
    "stroke-dasharray", "stroke-dashoffset", "visibility", "color", "font-size", "clip-rule",
    "fill-rule", "marker-start", "marker-mid", "marker-end",
}  # fmt: skip
_OTHERS = {
    "display", "opacity", "transform", "transform-origin", "transform-box", "clip-path", "mask",
    "mask-type", "overflow", "filter", "stop-color", "stop-opacity",
    "x", "y", "width", "height", "cx", "cy", "r", "rx", "ry",
}  # fmt: skip
_PROPERTIES = _INHERITED | _OTHERS
_FONT_SIZES = {  # in font sizes of the page
    "xx-small": 3 / 5, "x-small": 3 / 4, "small": 8 / 9, "medium": 1.0, "large": 6 / 5,
    "x-large": 3 / 2, "xx-large": 2.0, "xxx-large": 3.0,
}  # fmt: skip
_BAD_SELECTOR = (*paint.BEYOND_PARSER, AttributeError)  # tinycss2 raises that for :nth-child(n+)
_MAX_VALUE = 1000  # characters of a property with variables
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*(?:\([^()]*\)[^()]*)*))?\)")

Declarations = list[tuple[str, str, bool]]  # name, value, whether it is important


class Cascade:
    """Styles of the elements of a page.

    Args:
        root: the page.
        width: of the page in px, for `@media`; None if unknown.
        height: of the page in px; None if unknown.
    """

    def __init__(
        self, root: ElementTree.Element, width: float | None = None, height: float | None = None
    ) -> None:
        self._matched: dict[ElementTree.Element, list[Declarations]] = {}
        self._specified: dict[ElementTree.Element, dict[str, str]] = {}
        sheets = [e for e in root.iter("style") if e.get("type", "text/css") == "text/css"]
        rules = [
            rule
            for sheet in sheets
            if media_applies(sheet.get("media", ""), width, height)
            for rule in _rules("".join(sheet.itertext()), width, height)
        ]
        if rules:
            self._match(root, rules)

    def style(self, element: ElementTree.Element, parent: Style) -> dict[str, str]:
        """Return the properties of an element; those that have their initial value are missing.

        Args:
            element: whose style it is.
            parent: the style of its parent, or of the `<use>` that it is drawn by.
        """
        style = {n: v for n, v in parent.items() if n in _INHERITED or n.startswith("--")}
        specified = self._specified_by(element)
        variables = style | {n: v for n, v in specified.items() if n.startswith("--")}
        for name, value in specified.items():
            if "var(" in value:
                value = _substituted(value, variables)
                if not _is_valid(name, value):
                    continue
            keyword = value.lower()
            if keyword == "inherit":
                style.pop(name, None)
                if name in parent:
                    style[name] = parent[name]
            elif keyword == "initial" or (
                keyword in ("unset", "revert", "revert-layer") and name not in _INHERITED
            ):
                style.pop(name, None)
            elif keyword not in ("unset", "revert", "revert-layer"):
                style[name] = value
        if "font-size" in specified:
            style["font-size"] = _font_size(style.get("font-size", "medium"), parent)
        if style.get("color", "").lower() == "currentcolor":
            style["color"] = parent.get("color", "black")
        return style

    def _specified_by(self, element: ElementTree.Element) -> dict[str, str]:
        """Return the value of each property that the element's own rules and attributes give."""
        if element in self._specified:
            return self._specified[element]
        specified = {
            n: v.strip() for n, v in element.items() if n in _PROPERTIES and _is_valid(n, v.strip())
        }
        inline = _inline(element.get("style", ""))
        rules = [*self._matched.get(element, ()), inline]
        for wanted in (False, True):
            for declarations in rules:
                specified |= {n: v for n, v, important in declarations if important is wanted}
        self._specified[element] = specified
        return specified

    def _match(self, root: ElementTree.Element, rules: Iterable[tuple[Any, Declarations]]) -> None:
        import cssselect2

        matcher = cssselect2.Matcher()
        for selector, declarations in rules:
            matcher.add_selector(selector, declarations)
        for wrapper in cssselect2.ElementWrapper.from_xml_root(root).iter_subtree():
            found = [payload for *_, pseudo, payload in matcher.match(wrapper) if pseudo is None]
            if found:
                self._matched[wrapper.etree_element] = found


def _rules(css: str, width: float | None, height: float | None) -> list[tuple[Any, Declarations]]:
    """Return the selectors of a style sheet with their declarations."""
    import tinycss2

    try:
        nodes = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
        return list(_rules_of(nodes, width, height))
    except paint.BEYOND_PARSER:
        return []


def _rules_of(
    nodes: Iterable[Any], width: float | None, height: float | None
) -> Iterator[tuple[Any, Declarations]]:
    import cssselect2
    import tinycss2

    for node in nodes:
        if node.type == "at-rule" and node.content is not None:
            prelude = tinycss2.serialize(node.prelude)
            name = node.lower_at_keyword
            if name in ("layer", "supports") or (
                name == "media" and media_applies(prelude, width, height)
            ):
                inner = tinycss2.parse_rule_list(
                    node.content, skip_comments=True, skip_whitespace=True
                )
                yield from _rules_of(inner, width, height)
        elif node.type == "qualified-rule":
            declarations = _declarations(node.content)
            try:
                selectors = cssselect2.compile_selector_list(node.prelude)
            except (cssselect2.SelectorError, *_BAD_SELECTOR):  # CSS leaves the whole rule out
                continue
            yield from ((selector, declarations) for selector in selectors)


@lru_cache(4096)
def _inline(css: str) -> Declarations:
    return _declarations(css) if css.strip() else []


def _declarations(css: Any) -> Declarations:  # noqa: ANN401
    """Return the valid declarations of properties that matter here."""
    import tinycss2

    found: Declarations = []
    try:
        nodes = tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
        declared = [(n, tinycss2.serialize(n.value)) for n in nodes if n.type == "declaration"]
    except paint.BEYOND_PARSER:
        return []
    for node, text in declared:
        name, value = node.lower_name, text.strip()
        if name.startswith("--"):
            name = node.name
        names = ["marker-start", "marker-mid", "marker-end"] if name == "marker" else [name]
        found += [(n, value, node.important) for n in names if _is_valid(n, value)]
    return found


@lru_cache(4096)
def _is_valid(name: str, value: str) -> bool:
    """Whether a property matters here, and may have this value; another has no effect."""
    keyword = value.lower()
    if name.startswith("--"):
        return True
    if name not in _PROPERTIES or not value:
        return False
    wide = ("inherit", "initial", "unset", "revert", "revert-layer")
    if keyword in wide or ("var(" in value and "url(" not in value):
        return True
    if name in ("fill", "stroke"):
        return paint.is_paint(value)
    if name in ("color", "stop-color"):
        return paint.is_color(value)
    if name.endswith("opacity"):
        return values.fraction(value) is not None
    if name == "stroke-width":
        return values.is_length(value)
    if name == "visibility":
        return keyword in ("visible", "hidden", "collapse")
    return True


def _substituted(value: str, variables: Style) -> str:
    """Replace var(--name, fallback) by the custom property or by its fallback."""
    for _ in range(8):  # variables may name variables, in circles too
        value = _VARIABLE.sub(lambda m: variables.get(m[1], m[2] or "").strip(), value)
        if len(value) > _MAX_VALUE:
            return ""
    return value


def _font_size(text: str, parent: Style) -> str:
    """Return a font size in px, where percentages and em are of the parent's."""
    above = float(parent.get("font-size", values.FONT_SIZE))
    if text.lower() in ("smaller", "larger"):
        return str(above * (1.2 if text.lower() == "larger" else 1 / 1.2))
    if text.lower() in _FONT_SIZES:
        return str(_FONT_SIZES[text.lower()] * values.FONT_SIZE)
    size = values.Frame(above, above, above).length(text, "x")
    return str(size if size is not None and size >= 0 else above)


# --- @media -------------------------------------------------------------------------

_QUERY = re.compile(r"\s*(?:(not|only)\s+)?([a-z]+)?\s*(?:and\s*)?(\(.*\))?\s*", re.S)
_FEATURE = re.compile(r"\(\s*([a-z-]+)\s*(?::\s*([^()]*?)\s*)?\)")
_PREFERENCES = {  # of the one who looks at the page
    "prefers-color-scheme": "light",
    "prefers-reduced-motion": "reduce",
    "prefers-contrast": "no-preference",
    "hover": "none",
    "pointer": "none",
    "scripting": "none",
}


def media_applies(text: str, width: float | None, height: float | None) -> bool:
    """Whether one of the media queries of a list is true of a screen as large as the page.

    Args:
        text: as "screen and (min-width: 600px), print"; empty for all media.
        width: of the page in px; None if unknown.
        height: of the page in px; None if unknown.
    """
    queries = text.lower().split(",")
    return not text.strip() or any(_query_applies(q, width, height) for q in queries)


def _query_applies(query: str, width: float | None, height: float | None) -> bool:
    match = _QUERY.fullmatch(query)
    if match is None or not (match[2] or match[3]):
        return False
    negated, medium, features = match.groups()
    applies = medium in (None, "all", "screen") and all(
        _has_feature(f, width, height) for f in re.split(r"\band\b", features or "") if f.strip()
    )
    return applies is not (negated == "not")


def _has_feature(text: str, width: float | None, height: float | None) -> bool:
    match = _FEATURE.fullmatch(text.strip())
    if match is None:
        return False
    name, value = match[1], match[2]
    if name in _PREFERENCES:
        return value == _PREFERENCES[name]
    if name == "orientation" and width and height:
        return value == ("portrait" if height >= width else "landscape")
    size = {"width": width, "height": height}.get(name[4:])
    limit = values.Frame(0, 0).length(value, "x")
    if size is None or limit is None or name[:4] not in ("min-", "max-"):
        return False
    return size >= limit if name.startswith("min-") else size <= limit
