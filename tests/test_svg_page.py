"""The SVG page, read back with the XML parser of the standard library."""

import xml.etree.ElementTree as ElementTree

import pytest
from svgwrite.validator2 import get_validator

from sketchvae.errors import SketchvaeError
from sketchvae.svg_page import SvgPage, check_colour

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def test_page_has_its_size_in_mm_a_title_and_its_paper_under_the_layers() -> None:
    page = SvgPage(210, 148.5, title="a < b", background="ivory")
    page.add_layer("1 black", "black", 0.5, "pen-1")
    root = ElementTree.fromstring(page.to_text())
    assert (root.get("width"), root.get("height")) == ("210mm", "148.5mm")
    assert root.get("viewBox") == "0 0 210 148.5"
    assert root.findtext(f"{SVG}title") == "a < b"
    kinds = [child.tag.removeprefix(SVG) for child in root]
    assert kinds == ["title", "defs", "rect", "g"]
    (rect,) = root.findall(f"{SVG}rect")
    assert (rect.get("width"), rect.get("height"), rect.get("fill")) == ("210", "148.5", "ivory")


def test_paths_lie_in_groups_of_a_layer_and_keep_its_colour_or_have_their_own() -> None:
    page = SvgPage(10, 10)
    layer = page.add_layer("2 red", "red", 0.3, "pen-2")
    group = page.add_group(layer, "the first", id="one")
    page.add_path(group, "M1,1 L2,2")
    page.add_path(group, "M3,3 L4,4", "blue")
    (found,) = ElementTree.fromstring(page.to_text()).findall(f"{SVG}g")
    assert found.get(f"{INKSCAPE}groupmode") == "layer"
    assert found.get("id") == "pen-2"
    assert found[0].get(f"{INKSCAPE}label") == "the first"
    assert found.get(f"{INKSCAPE}label") == "2 red"
    assert (found.get("stroke"), found.get("stroke-width")) == ("red", "0.3")
    assert found.get("stroke-linecap") == found.get("stroke-linejoin") == "round"
    paths = found.findall(f"{SVG}g[@id='one']/{SVG}path")
    assert [(p.get("d"), p.get("stroke")) for p in paths] == [
        ("M1,1 L2,2", None),
        ("M3,3 L4,4", "blue"),
    ]


def test_path_data_can_be_animated() -> None:
    page = SvgPage(10, 10)
    path = page.add_path(page.add_layer("1 black", "black", 1, "pen-1"), "M0,0 L1,1")
    page.add_animation(path, "d", dur="1s", values="M0,0 L1,1;M0,0 L2,2", keyTimes="0;1")
    (animate,) = ElementTree.fromstring(page.to_text()).iter(f"{SVG}animate")
    assert animate.get("attributeName") == "d"
    assert animate.get("values") == "M0,0 L1,1;M0,0 L2,2"


def test_all_on_a_page_is_what_svgwrite_knows_of_svg() -> None:
    page = SvgPage(20, 10, "sheep", "ivory", "a record")
    group = page.add_group(page.add_layer("1 black", "black", 0.5, "pen-1"), id="one")
    path = page.add_path(group, "M1,1 C1,2 2,3 3,3", "navy")
    path.set("pathLength", "1")
    dot = page.add_dot(0.5, "navy", visibility="hidden")
    page.add_animation(path, "stroke-dasharray", dur="1s", values="0 2;1 2", keyTimes="0;1")
    page.add_motion(dot, "M0,0 L1,1", dur="1s", keyPoints="0;1", keyTimes="0;1", calcMode="linear")
    validator, checked = get_validator("full"), set()
    for parent in ElementTree.fromstring(page.to_text()).iter():
        name = parent.tag.removeprefix(SVG)
        own = {key: value for key, value in parent.attrib.items() if not key.startswith("{")}
        validator.check_all_svg_attribute_values(name, own)
        if name != "metadata":  # may hold anything
            for child in parent:
                validator.check_valid_children(name, child.tag.removeprefix(SVG))
        checked.add(name)
    assert {"svg", "title", "metadata", "defs", "rect", "g", "path", "circle"} < checked
    with pytest.raises(TypeError, match="bold"):
        validator.check_svg_attribute_value("path", "stroke-width", "bold")


@pytest.mark.parametrize("colour", ["navy", "NAVY", "#abc", "#aabbcc", "rgb(1, 2, 3)", "Black"])
def test_colours_of_svg_pass(colour: str) -> None:
    check_colour(colour)


@pytest.mark.parametrize("colour", ["blakc", "", "#12", "#abcd", "#ggg", "blackish", '"/><script>'])
def test_other_colours_are_refused_in_one_line(colour: str) -> None:
    with pytest.raises(SketchvaeError, match=r"^a pen's colour must be a name or #rrggbb, got"):
        check_colour(colour, "a pen's colour")
