"""The SVG page, read back with svgelements: an SVG reader that shares no code with ours."""

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import svgelements
from helpers import svg_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.render.animation import AnimatedPageSpec
from sketchvae.render.page import PageSpec, Style
from sketchvae.render.svg import to_svg

MM = 96 / 25.4  # CSS pixels in a millimetre: the unit that svgelements hands out
ROUNDING = 0.0006  # half of the third decimal, and a little for float32 readers
STRAIGHT, SMOOTH = Style(smooth=False), Style()

SHEEP = Drawing(
    [
        [[61, 49], [66, 34], [113, 11], [227, 16], [255, 79], [139, 89], [58, 54]],
        [[7, 32], [20, 21], [63, 46], [25, 60], [1, 41]],
        [[106, 76], [97, 154]],
        [[30, 40]],
    ],
    word="sheep",
)
TALL = Drawing([[[0, 0], [1, 50], [0, 200]]])


def paths_in_mm(text: str) -> list[list[svgelements.Path]]:
    """Read the page; the paths of each drawing, in millimetres, groups in document order."""
    page = svgelements.SVG.parse(io.StringIO(text), ppi=96)
    groups = list(
        page.select(lambda e: isinstance(e, svgelements.Group) and str(e.id).startswith("drawing-"))
    )
    assert [g.id for g in groups] == [f"drawing-{i + 1}" for i in range(len(groups))]
    return [[abs(p * f"scale({1 / MM})") for p in g if len(p)] for g in groups]


def corners(path: svgelements.Path) -> Floats:
    """Where the segments of a path begin and end, (n, 2)."""
    return np.array([(s.end.x, s.end.y) for s in path])


def placed(drawing: Drawing, page: float = 100.0, margin: float = 8.0) -> list[Floats]:
    """Place a drawing on a square page by the rule, with arithmetic of its own."""
    if not drawing.strokes:
        return []
    low = np.min([s.min(axis=0) for s in drawing.strokes], axis=0)
    high = np.max([s.max(axis=0) for s in drawing.strokes], axis=0)
    side = float((high - low).max())
    scale = (page - 2 * margin) / side if side else 1.0
    return [(s - low) * scale + (page - (high - low) * scale) / 2 for s in drawing.strokes]


def assert_drawn(text: str, drawing: Drawing) -> None:
    """Hold every point of every straight stroke on a page of 100 mm against the drawing."""
    (paths,) = paths_in_mm(text)
    for path, stroke in zip(paths, placed(drawing), strict=True):
        expected = stroke if len(stroke) > 1 else np.repeat(stroke, 2, axis=0)
        np.testing.assert_allclose(corners(path), expected, rtol=0, atol=ROUNDING)


def numbers(text: str) -> list[str]:
    return [n for d in re.findall(r' d="([^"]*)"', text) for n in re.split(r"[MLC, ]+", d) if n]


@st.composite
def strokes(draw: st.DrawFn) -> Floats:
    """Draw a nasty stroke: points that repeat, lie on a line, or are few."""
    pool = draw(
        st_numpy.arrays(np.float64, (draw(st.integers(1, 5)), 2), elements=st.integers(-9, 9))
    )
    picks = draw(st.lists(st.integers(0, len(pool) - 1), min_size=1, max_size=12))
    stroke: Floats = pool[picks]
    return stroke * draw(st.sampled_from([(1, 1), (1, 0), (0, 1), (1, 1e-3)]))


@st.composite
def nasty_drawings(draw: st.DrawFn) -> Drawing:
    """Draw with an extent from 1e-9 to 1e6, near or far from the origin, or nothing at all."""
    scale = draw(st.sampled_from([1e-9, 1e-3, 1.0, 1e6]))
    far = draw(st.sampled_from([0.0, 1e6, -1e6]))
    members = draw(st.lists(strokes(), max_size=4))
    return Drawing([s * scale + far for s in members], word=draw(st.text(max_size=4)))


def test_one_drawing_is_a_square_page_at_true_size() -> None:
    root = ElementTree.fromstring(svg_of([TALL], width_mm=80))
    assert (root.get("width"), root.get("height")) == ("80mm", "80mm")
    assert root.get("viewBox") == "0 0 80 80"


def test_every_point_of_every_stroke_is_on_the_page() -> None:
    assert_drawn(svg_of([SHEEP], style=STRAIGHT), SHEEP)
    assert_drawn(svg_of([TALL], style=STRAIGHT), TALL)


def test_the_comparison_notices_one_moved_coordinate() -> None:
    text = svg_of([SHEEP])
    first = re.search(r'd="M([\d.]+)', text)
    assert first is not None
    moved = text.replace(first[0], f'd="M{float(first[1]) + 0.002:.3f}', 1)
    with pytest.raises(AssertionError, match="Mismatched elements: 1 /"):
        assert_drawn(moved, SHEEP)


def test_drawing_fills_the_page_between_its_margins() -> None:
    (paths,) = paths_in_mm(svg_of([SHEEP], style=STRAIGHT))
    left, top, right, bottom = svgelements.Group.union_bbox(paths)
    assert (left, right) == (pytest.approx(8, abs=1e-3), pytest.approx(92, abs=1e-3))
    assert (top + bottom) / 2 == pytest.approx(50, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(nasty_drawings())
def test_any_drawing_comes_back_point_by_point(drawing: Drawing) -> None:
    assert_drawn(svg_of([drawing], style=STRAIGHT), drawing)


@settings(max_examples=40, deadline=None)
@given(nasty_drawings(), st.sampled_from([None, 0.3, 20.0]))
def test_smooth_curves_pass_through_every_point_and_stay_on_the_page(
    drawing: Drawing, width: float | None
) -> None:
    style = Style(width)
    pen = 1.2 if width is None else width
    (paths,) = paths_in_mm(svg_of([drawing], style=style))
    for path, stroke in zip(paths, placed(drawing, margin=max(8.0, pen / 2)), strict=True):
        ends = corners(path)
        np.testing.assert_allclose(ends[[0, -1]], stroke[[0, -1]], rtol=0, atol=ROUNDING)
        at = 0
        for point in stroke:  # in order: equal neighbours share a corner
            while np.abs(ends[at] - point).max() > 0.0011:
                at += 1
        low_x, low_y, high_x, high_y = path.bbox()
        assert min(low_x, low_y) >= pen / 2 - ROUNDING
        assert max(high_x, high_y) <= 100 - pen / 2 + ROUNDING


@settings(max_examples=40, deadline=None)
@given(st.lists(nasty_drawings(), min_size=1, max_size=5), st.booleans())
def test_page_is_well_formed_finite_and_rounded(drawings: list[Drawing], smooth: bool) -> None:
    text = svg_of(drawings, style=Style(smooth=smooth))
    root = ElementTree.fromstring(text.encode())
    assert len(root.findall(".//{*}path")) == sum(len(d.strokes) for d in drawings)
    assert all(re.fullmatch(r"-?\d+(\.\d{1,3})?", n) for n in numbers(text))
    assert not re.search("nan|inf", "".join(numbers(text)))


def test_page_holds_nothing_that_a_plotter_would_trip_over() -> None:
    root = ElementTree.fromstring(svg_of([SHEEP, TALL], style=SMOOTH))
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "defs", "g", "path"}
    (layer,) = root.findall("{*}g")
    assert layer.get("fill") == "none"
    assert (layer.get("stroke-linecap"), layer.get("stroke-linejoin")) == ("round", "round")
    assert layer.get("{http://www.inkscape.org/namespaces/inkscape}label") == "1 black"


def test_background_is_there_only_when_asked_for() -> None:
    root = ElementTree.fromstring(svg_of([SHEEP] * 2, style=Style(background="ivory")))
    (rect,) = root.findall("{*}rect")
    assert (rect.get("width"), rect.get("height"), rect.get("fill")) == ("100", "50", "ivory")


def test_palette_colours_the_strokes_of_each_drawing_by_order() -> None:
    text = svg_of([SHEEP, TALL], style=Style(palette=("red", "#0a0", "navy")))
    page = svgelements.SVG.parse(io.StringIO(text))
    shown = [str(e.stroke.hex) for e in page.select() if isinstance(e, svgelements.Path)]
    assert shown == ["#ff0000", "#00aa00", "#000080", "#ff0000", "#ff0000"]
    assert 'inkscape:label="1 red, #0a0, navy"' in text
    plain = re.sub(r' stroke="[^"]*"', "", svg_of([SHEEP, TALL])).replace("1 black", "")
    assert re.sub(r' stroke="[^"]*"', "", text).replace("1 red, #0a0, navy", "") == plain


def test_current_colour_is_left_to_the_page_around() -> None:
    text = svg_of([SHEEP], style=Style(colour="currentColor"))
    (layer,) = ElementTree.fromstring(text).findall("{*}g")
    assert layer.get("stroke") == "currentColor"


@pytest.mark.parametrize("smooth", [False, True])
def test_one_point_stroke_is_a_dot(smooth: bool) -> None:
    text = svg_of([Drawing([[[5, 5]]])], style=Style(smooth=smooth))
    assert numbers(text) == ["50"] * 4
    assert 'd="M50,50 L50,50"' in text


def test_smooth_leaves_a_stroke_of_two_points_straight() -> None:
    line = Drawing([[[0, 0], [0, 0], [3, 4], [3, 4]]])
    assert numbers(svg_of([line], style=SMOOTH)) == ["18.5", "8", "81.5", "92"]


def test_smooth_and_straight_put_the_points_in_the_same_places() -> None:
    straight, smooth = (paths_in_mm(svg_of([SHEEP], style=s))[0] for s in (STRAIGHT, SMOOTH))
    for one, other in zip(straight, smooth, strict=True):
        np.testing.assert_array_equal(corners(one), corners(other))


@pytest.mark.parametrize(
    ("count", "columns", "size"),
    [(2, None, "100 50"), (12, None, "100 75"), (100, None, "100 100"), (3, 1, "100 300")],
)
def test_sheet_is_as_square_as_it_can_be(count: int, columns: int | None, size: str) -> None:
    assert f'viewBox="0 0 {size}"' in svg_of([SHEEP] * count, columns=columns)


@pytest.mark.parametrize("style", [STRAIGHT, SMOOTH, Style(4.0)])
def test_cells_are_in_drawing_order_and_do_not_overlap(style: Style) -> None:
    square = Drawing([[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]])
    cells = paths_in_mm(svg_of([SHEEP, TALL, square, SHEEP, square], style=style))
    cell, pen = 100 / 3, style.stroke_width or 0.4
    for index, paths in enumerate(cells):
        left, top, right, bottom = svgelements.Group.union_bbox(paths)
        assert left - pen / 2 > index % 3 * cell
        assert right + pen / 2 < (index % 3 + 1) * cell
        assert top - pen / 2 > index // 3 * cell
        assert bottom + pen / 2 < (index // 3 + 1) * cell


def test_empty_drawing_keeps_its_place_on_the_sheet() -> None:
    cells = paths_in_mm(svg_of([SHEEP, Drawing([]), TALL]))
    assert [len(paths) for paths in cells] == [4, 0, 1]
    assert corners(cells[2][0])[:, 1].min() > 50


def test_line_is_finer_on_a_sheet_and_true_when_given() -> None:
    assert 'stroke-width="1.2"' in svg_of([SHEEP])
    assert 'stroke-width="0.12"' in svg_of([SHEEP] * 100)
    assert 'stroke-width="0.35"' in svg_of([SHEEP] * 100, style=Style(0.35))


def test_equal_drawings_give_equal_bytes_and_a_small_file() -> None:
    again = Drawing([s.tolist() for s in SHEEP.strokes], word="sheep")
    assert svg_of([SHEEP], style=SMOOTH) == svg_of([again], style=SMOOTH)
    assert len(svg_of([SHEEP], style=SMOOTH)) < 3000


def test_title_names_each_word_once_and_cannot_break_the_page() -> None:
    odd = Drawing([[[0, 0]]], word="<b>&\x00\ud800\n")
    root = ElementTree.fromstring(svg_of([SHEEP, odd, SHEEP]).encode())
    assert root.findtext("{*}title") == "sheep, <b>&"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: svg_of([]), "a page needs at least one drawing, got none"),
        (lambda: svg_of([SHEEP], columns=0), "columns must be 1 or more, got 0"),
        (lambda: svg_of([SHEEP], width_mm=0), "from 1 to 100000 mm wide, got 0"),
        (lambda: svg_of([SHEEP], width_mm=float("nan")), "from 1 to 100000 mm wide, got nan"),
        (lambda: svg_of([SHEEP], style=Style(0)), "half of a cell, 50 mm, wide, got 0;"),
        (lambda: svg_of([SHEEP] * 9, style=Style(30)), "from 0.001 mm to half of a cell"),
        (lambda: svg_of([SHEEP], style=Style(colour="blakc")), "got 'blakc'; try 'black'"),
        (lambda: svg_of([SHEEP], style=Style(background='"/>')), "must be a name or #rrggbb"),
        (lambda: svg_of([SHEEP], style=Style(palette=())), "a palette must have at least one"),
        (lambda: svg_of([SHEEP], style=Style(palette=("red", "bleu"))), "got 'bleu'"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(call: Callable[[], str], message: str) -> None:
    with pytest.raises(SketchvaeError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_page_takes_as_many_drawings_as_it_has_cells_for() -> None:
    with pytest.raises(SketchvaeError, match="a page for 3 drawings must get as many, got 2"):
        to_svg(PageSpec(3), [SHEEP, TALL])


def test_animated_page_is_svg_or_html() -> None:
    assert AnimatedPageSpec(1, path=Path("a.HTML")).is_html
    assert not AnimatedPageSpec(1, path=Path("a.svg")).is_html
    with pytest.raises(SketchvaeError, match=r"a\.gif: an animated page must end in \.svg or"):
        AnimatedPageSpec(1, path=Path("a.gif"))
