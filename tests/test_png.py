"""Pixels, held against another renderer of our SVG and the distance from the strokes."""

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import resvg_py
from helpers import png_of, svg_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.raster import Raster, ink_mask, subdivide
from sketchvae.render.page import PictureSpec, Style
from sketchvae.render.png import contact_sheet

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
CELL = 80
HOUSE = Drawing(
    [[[0, 9], [0, 4], [5, 0], [9, 4], [9, 9], [0, 9]], [[3, 9], [3, 6], [5, 6]], [[7, 6]]]
)
LINE = Drawing([[[0, 0], [10, 0]]])


def distance_to_ink(drawing: Drawing, cell: int = CELL) -> Floats:
    """Measure from each pixel's centre to the drawing, placed by the rule, in pixels: (h, w)."""
    low, high = drawing.points.min(axis=0), drawing.points.max(axis=0)
    side = float((high - low).max())
    scale = cell * 0.84 / side if side else 1.0
    ys, xs = np.mgrid[:cell, :cell] + 0.5
    nearest = np.full((cell, cell), np.inf)
    for stroke in drawing.strokes:
        points = (stroke - (low + high) / 2) * scale + cell / 2
        for t in np.linspace(0, 1, 400):
            for x, y in points[:-1] + t * np.diff(points, axis=0) if len(points) > 1 else points:
                nearest = np.minimum(nearest, np.hypot(xs - x, ys - y))
    return nearest


def grey(drawings: list[Drawing], columns: int | None = None) -> NDArray[np.uint8]:
    return np.asarray(contact_sheet(drawings, columns=columns, cell=CELL))


@pytest.mark.parametrize("drawing", [HOUSE, LINE], ids=["house", "line"])
def test_ink_lies_on_the_strokes_and_nowhere_else(drawing: Drawing) -> None:
    picture, distance = grey([drawing]), distance_to_ink(drawing)
    assert (picture[distance < 0.3] < 160).all()
    assert (picture[distance > 2] == 255).all()


def test_lines_are_anti_aliased() -> None:
    assert len(np.unique(grey([HOUSE]))) > 6


def test_one_point_stroke_is_a_visible_dot_and_an_empty_drawing_is_white() -> None:
    dot, empty = np.split(grey([Drawing([[[3, 3]]]), Drawing([])]), 2, axis=1)
    assert dot.min() < 160
    assert (dot < 255).sum() <= 16
    assert empty.min() == 255


def test_cells_are_in_drawing_order() -> None:
    drawings = [HOUSE, LINE, Drawing([]), HOUSE, LINE]
    sheet = grey(drawings, columns=2)
    assert sheet.shape == (3 * CELL, 2 * CELL)
    for index, drawing in enumerate(drawings):
        top, left = index // 2 * CELL, index % 2 * CELL
        cell = sheet[top : top + CELL, left : left + CELL]
        np.testing.assert_array_equal(cell, grey([drawing]))
    assert (sheet[2 * CELL :, CELL:] == 255).all()


def test_labels_stand_under_their_cells_and_stay_there() -> None:
    plain = grey([HOUSE, LINE])
    labels = ["a label much too long for its own cell", "\n"]
    sheet = np.asarray(contact_sheet([HOUSE, LINE], cell=CELL, labels=labels))
    np.testing.assert_array_equal(sheet[:CELL], plain)
    assert sheet[CELL:, :CELL].min() < 160
    assert sheet[CELL:, CELL:].min() == 255


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=9),
    st.sampled_from([1e-9, 1.0, 1e6]),
    st.sampled_from([0.0, 1e6]),
)
def test_ink_never_touches_the_edge_of_a_cell(
    points: list[tuple[int, int]], scale: float, far: float
) -> None:
    picture = grey([Drawing([np.array(points) * scale + far])])
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert picture.min() < 160
    assert edge.min() == 255


def test_what_cannot_be_drawn_is_named() -> None:
    with pytest.raises(SketchvaeError, match="at least one drawing, got none"):
        contact_sheet([])
    with pytest.raises(SketchvaeError, match="at least 16 pixels wide, got 3"):
        contact_sheet([HOUSE], cell=3)
    with pytest.raises(SketchvaeError, match="one for each of the 1 drawings, got 2"):
        contact_sheet([HOUSE], labels=["a", "b"])


# --- pictures of the page -----------------------------------------------------------


def opened(png: bytes) -> Floats:
    """Reopen a picture as (height, width, 4) of red, green, blue and how opaque it is."""
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA"), dtype=np.float64)


def on_white(pixels: Floats) -> Floats:
    opacity = pixels[..., 3:] / 255
    return pixels[..., :3] * opacity + 255 * (1 - opacity)


STYLES = {
    "plain": Style(),
    "straight": Style(smooth=False),
    "broad, on paper": Style(5, "navy", background="ivory"),
    "coloured": Style(2, palette=("red", "#00f", "rgb(0%, 50%, 0%)")),
    "coloured, on paper": Style(palette=("red", "blue"), background="gold"),
    "thinner than a pixel": Style(0.1),
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize(("count", "pixels"), [(1, 400), (3, 401), (7, 1000)])
def test_png_is_what_another_renderer_makes_of_our_svg(
    style: Style, count: int, pixels: int
) -> None:
    """resvg, in Rust, shares no code with ours, and takes areas where we take distances."""
    flock = list(itertools.islice(formats.read(SHEEP), count))
    ours = opened(png_of(flock, pixels=pixels, style=style))
    theirs = opened(
        bytes(resvg_py.svg_to_bytes(svg_string=svg_of(flock, style=style), width=pixels, dpi=96))
    )
    assert abs(len(ours) - len(theirs)) <= 1  # where the page ends within a pixel
    ours, theirs = ours[: len(theirs)], theirs[: len(ours)]
    difference = np.abs(on_white(ours) - on_white(theirs))
    assert difference.mean() < 0.7
    assert (difference.max(axis=2) > 128).mean() < 1e-4
    ink, other = (np.abs(on_white(p) - on_white(p[:1, :1])).sum() for p in (ours, theirs))
    # By distance a line of 0.4 pixels has 8 to 14% more ink than by its area.
    assert ink == pytest.approx(other, rel=0.15 if style.stroke_width == 0.1 else 0.02)


def test_comparison_with_the_other_renderer_notices_a_pixel() -> None:
    ours = on_white(opened(png_of([HOUSE], pixels=400)))
    assert np.abs(ours - np.roll(ours, 1, axis=0)).mean() > 0.7


@pytest.mark.parametrize("width", [0.5, 1.0, 3.3, 10.0])
def test_line_is_as_wide_as_asked(width: float) -> None:
    pixels = opened(png_of([LINE], pixels=500, style=Style(width)))
    column = pixels[:, 250, 3] / 255  # across the line, at 5 pixels a millimetre
    assert column.sum() == pytest.approx(width * 5, abs=0.05)


def test_without_paper_the_picture_is_transparent_and_its_ink_has_one_colour() -> None:
    pixels = opened(png_of([HOUSE], pixels=100, style=Style(colour="#204080")))
    assert {tuple(c) for c in pixels[pixels[..., 3] > 0][:, :3]} == {(32, 64, 128)}
    assert pixels[0, 0, 3] == 0
    assert len(np.unique(pixels[..., 3])) > 6
    paper = opened(png_of([HOUSE], pixels=100, style=Style(background="#fe8")))
    assert tuple(paper[0, 0]) == (255, 238, 136, 255)


def test_later_stroke_lies_over_an_earlier_one() -> None:
    cross = Drawing([[[0, 5], [10, 5]], [[5, 0], [5, 10]], [[0, 0], [10, 0]]])
    pixels = opened(png_of([cross], pixels=100, style=Style(6, palette=("red", "blue"))))
    assert tuple(pixels[50, 50]) == (0, 0, 255, 255)
    assert tuple(pixels[50, 20]) == (255, 0, 0, 255)
    assert tuple(pixels[8, 50]) == (255, 0, 0, 255)  # the third is red again


def test_current_colour_is_black_where_no_text_stands_around() -> None:
    assert png_of([HOUSE], style=Style(colour="currentColor")) == png_of([HOUSE])


def test_picture_has_the_asked_size_and_prints_as_the_page_does() -> None:
    with Image.open(io.BytesIO(png_of([HOUSE] * 3, pixels=333, width_mm=50))) as picture:
        assert picture.size == (333, 333)
        assert picture.info["dpi"][0] == pytest.approx(333 / 50 * 25.4, rel=1e-3)
    assert PictureSpec(100).size == (1000, 1000)
    assert PictureSpec(2).size == (800, 400)


def test_ten_thousand_strokes_are_no_trouble() -> None:
    many = Drawing([[[i % 100, i // 100]] for i in range(10_000)])
    assert opened(png_of([many], pixels=200))[..., 3].mean() > 30


@pytest.mark.parametrize("pen", [0.4, 1.0, 7.0])
@given(st.lists(st.tuples(st.floats(0, 40), st.floats(0, 40)), min_size=1, max_size=5), st.data())
@settings(max_examples=30, deadline=None)
def test_part_of_a_line_never_covers_more_than_the_whole(
    pen: float, points: list[tuple[float, float]], data: st.DataObject
) -> None:
    pieces = subdivide([np.array(points)], pen)
    until = np.array(
        data.draw(st.lists(st.floats(0, 1), min_size=len(pieces), max_size=len(pieces)))
    )
    part, whole, both = (Raster(40, 40, (0,)) for _ in range(3))
    part.ink(pieces, pen, (255,), 0, until)
    whole.ink(pieces, pen, (255,), 0)
    assert (part.pixels <= whole.pixels).all()
    both.ink(pieces, pen, (255,), 0, until)
    both.ink(pieces, pen, (255,), 0)
    np.testing.assert_array_equal(both.pixels, whole.pixels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: png_of([]), "at least one drawing, got none"),
        (lambda: png_of([HOUSE], pixels=0), "at least 16 pixels wide, got 0"),
        (lambda: png_of([HOUSE] * 10_000, pixels=1000), "at least 16 pixels wide, got 10"),
        (lambda: png_of([HOUSE], pixels=10**6), "at most 100000000 pixels, got 1000000 x 1000000"),
        (lambda: png_of([HOUSE], style=Style(palette=())), "a palette must have at least one"),
        (lambda: png_of([HOUSE], style=Style(palette=("red", "bleu"))), "got 'bleu'"),
        (lambda: png_of([HOUSE], style=Style(background="currentColor")), "got 'currentColor'"),
    ],
)
def test_picture_that_cannot_be_made_is_one_line(call: Callable[[], bytes], message: str) -> None:
    with pytest.raises(SketchvaeError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ink_mask_is_the_coverage_that_the_distance_gives() -> None:
    """A line and a dot that reach beyond the picture, against the distance of every pixel."""
    strokes = [np.array([[8.0, 11.5], [38.0, 21.5]]), np.array([[49.0, 31.5]])]
    mask = ink_mask(strokes, (50, 40), line_width=3.0)
    assert mask.shape == (40, 50)
    ys, xs = np.mgrid[:40, :50] + 0.5
    t = np.linspace(0, 1, 2000)[:, None]
    along = np.concatenate([(1 - t) * strokes[0][0] + t * strokes[0][1], strokes[1]])
    distance = np.min([np.hypot(xs - x, ys - y) for x, y in along], axis=0)
    np.testing.assert_allclose(mask / 255, (2.0 - distance).clip(0, 1), atol=0.01)
