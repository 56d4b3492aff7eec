"""Pages for plotters that take SVG, read back with svgelements and with vpype."""

import io
import itertools
import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import svgelements
import vpype
from helpers import SHEEP
from PIL import Image, ImageColor

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import LeftOutWarning
from sketchvae.plot.layout import Layout
from sketchvae.plot.page import parse_page
from sketchvae.plot.plan import Pens, Plot, make_plot
from sketchvae.plot.svg import TRAVEL_COLOURS, to_preview, to_preview_png, to_svg

SHEET = parse_page("a5", landscape=True)
FLOCK = [*itertools.islice(formats.read(SHEEP), 6), Drawing([[[3, 4]]])]
PENS = Pens(("black", "#cc4433", "teal"), of_drawings=(1, 3), width=0.5)
PLOT = make_plot(Layout().place(FLOCK, SHEET), SHEET, PENS)
MM = 96 / 25.4
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def lengths(plot: Plot) -> dict[int, float]:
    return {
        layer.pen: sum(float(np.hypot(*np.diff(s, axis=0).T).sum()) for s in layer.strokes)
        for layer in plot.layers
    }


def test_svgelements_reads_size_layers_and_strokes_in_mm() -> None:
    parsed = svgelements.SVG.parse(io.StringIO(to_svg(PLOT)), ppi=25.4)
    assert (parsed.width, parsed.height) == pytest.approx((210, 148), abs=1e-3)
    layers = [e for e in parsed if isinstance(e, svgelements.Group) and len(e)]
    assert all(g.values[f"{INKSCAPE}groupmode"] == "layer" for g in layers)
    assert [g.values[f"{INKSCAPE}label"] for g in layers] == ["1 black", "3 teal"]
    for group, layer in zip(layers, PLOT.layers, strict=True):
        assert group.values["fill"] == "none"
        assert float(group.values["stroke-width"]) == 0.5
        assert group.values["id"] == f"pen-{layer.pen}"
        paths = group.select(lambda e: isinstance(e, svgelements.Path))
        for path, stroke in zip(paths, layer.strokes, strict=True):
            corners = np.array([(s.end.x, s.end.y) for s in abs(path)])
            expected = stroke if len(stroke) > 1 else stroke.repeat(2, axis=0)
            np.testing.assert_allclose(corners, expected, atol=0.001)


def test_vpype_reads_size_layers_and_lengths() -> None:
    document = vpype.read_multilayer_svg(io.StringIO(to_svg(PLOT)), quantization=0.1)
    assert document.page_size == pytest.approx((210 * MM, 148 * MM))
    assert {n: layer.length() / MM for n, layer in document.layers.items()} == pytest.approx(
        lengths(PLOT), abs=0.01
    )
    assert document.layers[1].property("vp_name") == "1 black"
    assert document.layers[3].property("vp_color") == vpype.Color("teal")
    assert document.layers[3].property("vp_pen_width") == pytest.approx(0.5 * MM)


def test_page_has_nothing_but_layers_of_paths() -> None:
    root = ElementTree.fromstring(to_svg(PLOT))
    assert root.get("width") == "210mm"
    assert root.get("viewBox") == "0 0 210 148"
    kinds = [re.sub(r"{.*}", "", element.tag) for element in root.iter()]
    assert {*kinds} == {"svg", "defs", "g", "path"}
    assert kinds.count("path") == sum(len(d.strokes) for d in FLOCK)
    numbers = re.findall(r"\d+\.?\d*", " ".join(e.get("d", "") for e in root.iter()))
    assert max(len(n.partition(".")[2]) for n in numbers) == 3


@pytest.mark.parametrize(
    "pens",
    [
        Pens(),
        Pens(("black", "red", "blue"), of_drawings=(2, 1, 3)),
        Pens(("black", "red"), of_strokes=(2, 1)),
    ],
)
@pytest.mark.parametrize("write", [to_svg, to_preview])
def test_a_page_is_read_back_drawing_by_drawing(
    pens: Pens, write: Callable[[Plot], str], tmp_path: Path
) -> None:
    placed = Layout().place(FLOCK, SHEET)
    (tmp_path / "page.svg").write_text(write(make_plot(placed, SHEET, pens)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)  # of the travel in a preview
        found = list(formats.read(tmp_path / "page.svg"))
    assert len(found) == len(placed)
    for drawing, original in zip(found, placed, strict=True):
        strokes = sorted((s.round(3).tolist() for s in original.strokes), key=str)
        assert sorted((s.tolist() for s in drawing.strokes), key=str) == strokes


def test_preview_adds_the_way_of_the_lifted_pen_in_a_colour_of_its_own() -> None:
    root = ElementTree.fromstring(to_preview(PLOT))
    groups = list(root.iter("{http://www.w3.org/2000/svg}g"))
    layers = {g.get(f"{INKSCAPE}label"): g for g in groups if g.get(f"{INKSCAPE}groupmode")}
    assert list(layers) == ["% paper", "% travel", "1 black", "3 teal"]
    assert [g.get("id") for g in layers.values()] == ["paper", "travel", "pen-1", "pen-3"]
    for group in groups:
        if number := group.get("data-drawing"):
            assert group.get(f"{INKSCAPE}label") == f"drawing {number}"
    assert [element.tag.rpartition("}")[2] for element in root] == ["defs", *"gggg"]
    assert [(r.get("fill"), r.get("stroke")) for r in layers["% paper"]] == [("white", "none")]
    travel = layers["% travel"]
    assert travel.get("stroke") == "magenta"
    assert len(travel) == len(PLOT.strokes) - 1
    for path, (a, b) in zip(travel, itertools.pairwise(PLOT.strokes), strict=True):
        ends = [float(n) for n in re.findall(r"[\d.]+", path.get("d", ""))]
        np.testing.assert_allclose(ends, [*a[-1], *b[0]], atol=0.001)
    for pens, colour in (
        (("Crimson",), "blue"),
        (("black", "blue"), "red"),
        (("green", "rgb(255, 0, 0)"), "blue"),
        (("black", "red", "blue"), "magenta"),
    ):
        other = make_plot(Layout().place(FLOCK, SHEET), SHEET, Pens(pens))
        assert f'inkscape:label="% travel" stroke="{colour}"' in to_preview(other)


@pytest.mark.parametrize("colour", TRAVEL_COLOURS)
def test_travel_stands_out_from_white_paper(colour: str) -> None:
    parts = [v / 255 for v in ImageColor.getrgb(colour)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) > 3  # the contrast that WCAG 2.2 asks of graphics


def test_preview_of_pixels_shows_ink_and_travel_where_they_are() -> None:
    lines = Drawing([[[10, 20], [90, 20]], [[90, 80], [10, 80]], [[10, 50]]])
    plot = make_plot([lines], parse_page("100x200mm"), Pens(("blue",), width=2))
    with Image.open(io.BytesIO(to_preview_png(plot, pixels=400))) as image:
        assert image.size == (200, 400)
        seen = {name: image.convert("RGB").getpixel((2 * x, 2 * y)) for name, (x, y) in {
            "paper": (50, 150), "first": (50, 20), "second": (30, 80), "dot": (10, 50),
            "travel": (90, 50), "to the dot": (10, 65),
        }.items()}  # fmt: skip
    assert seen == {
        "paper": (255, 255, 255), "first": (0, 0, 255), "second": (0, 0, 255), "dot": (0, 0, 255),
        "travel": (255, 0, 0), "to the dot": (255, 0, 0),
    }  # fmt: skip
