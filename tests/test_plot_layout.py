"""Pages and where drawings lie on them, held against vpype's sizes and shapely's distances."""

import itertools

import numpy as np
import pytest
import vpype
from helpers import SHEEP
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from shapely import MultiLineString, Point

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot import nesting
from sketchvae.plot.layout import TOLERANCE, Arrangement, Layout
from sketchvae.plot.page import SIZES, Page, parse_page
from sketchvae.plot.plan import Pens, make_plot
from sketchvae.polyline import Floats

MM = 96 / 25.4
FLOCK = list(itertools.islice(formats.read(SHEEP), 24))
DOT = Drawing([[[3, 4]]])
A5 = parse_page("a5")


def shape(drawing: Drawing) -> MultiLineString:
    return MultiLineString([s if len(s) > 1 else s.repeat(2, axis=0) for s in drawing.strokes])


def nearest(drawings: list[Drawing]) -> list[float]:
    """Measure how far each drawing is from its nearest neighbour."""
    shapes = [shape(d) for d in drawings]
    return [min(a.distance(b) for b in shapes if b is not a) for a in shapes]


def extent(drawings: list[Drawing]) -> tuple[float, float, float, float]:
    bounds = np.array([d.bounds for d in drawings])
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    return (*low.tolist(), *high.tolist())


# --- pages --------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_named_pages_have_the_sizes_that_vpype_knows(name: str) -> None:
    assert (parse_page(name).width * MM, parse_page(name).height * MM) == pytest.approx(
        vpype.PAGE_SIZES[name]
    )
    turned = parse_page(name.upper(), landscape=True)
    assert (turned.width, turned.height) == (parse_page(name).height, parse_page(name).width)
    assert turned.landscape
    assert not parse_page(name).landscape


@pytest.mark.parametrize("text", ["148x210mm", "14.8cmx210mm", "11x14in", "7 x 9 cm", "300x200MM"])
def test_sizes_with_units_are_those_that_vpype_reads(text: str) -> None:
    plain = text.replace(" ", "").lower()
    width, height = vpype.convert_page_size(plain)
    assert (parse_page(text).width * MM, parse_page(text).height * MM) == pytest.approx(
        (width, height)
    )


def test_landscape_turns_only_what_stands_upright() -> None:
    assert (parse_page("300x200mm", landscape=True).width, parse_page("300x200mm").width) == (
        300,
        300,
    )


@pytest.mark.parametrize("text", ["a7", "148x210", "148mmx210", "axbmm", "1.2.3x4mm", "", "-5x5mm"])
def test_unknown_size_is_told_what_is_allowed(text: str) -> None:
    with pytest.raises(SketchvaeError, match=r"must be a6, .* a0, letter, or WxH in mm, cm or in"):
        parse_page(text)


@pytest.mark.parametrize("text", ["9x100mm", "100x9mm", "501x100cm"])
def test_page_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(SketchvaeError, match="sides of 10 to 5000 mm"):
        parse_page(text)


# --- layouts ------------------------------------------------------------------------


@pytest.mark.parametrize("arrangement", ["grid", "packed"])
@pytest.mark.parametrize("vary", [0.0, 0.6])
@pytest.mark.parametrize("sheet", [A5, parse_page("a4", landscape=True)])
def test_drawings_keep_the_gap_the_margin_their_shape_and_their_order(
    arrangement: Arrangement, vary: float, sheet: Page
) -> None:
    placed = Layout(arrangement, margin=12, gap=1.5, vary=vary).place(FLOCK, sheet)
    left, top, right, low = extent(placed)
    assert min(left, top, sheet.width - right, sheet.height - low) >= 12
    assert min(nearest(placed)) >= 1.5
    for drawing, original in zip(placed, FLOCK, strict=True):
        scale = drawing.longest_side / original.longest_side
        expected = original.aligned().scaled(scale).points
        np.testing.assert_allclose(drawing.aligned().points, expected, atol=0.01)


def test_packed_sheep_nearly_touch() -> None:
    """A pixel of the packing is 0.26 mm here: nobody is farther from the next than a few."""
    packed = nearest(Layout("packed", gap=1).place(FLOCK, A5))
    assert max(packed) < 2.5
    assert np.median(packed) < 2


def test_packed_sheep_are_larger_than_those_in_a_grid() -> None:
    grid, packed = (Layout(a, gap=1).place(FLOCK, A5) for a in ("grid", "packed"))
    assert np.mean([d.longest_side for d in packed]) > 1.05 * np.mean(
        [d.longest_side for d in grid]
    )


def test_nobody_is_packed_into_another_even_where_there_is_room() -> None:
    corners = np.array([[0, 0], [100, 0], [100, 100], [0, 100], [0, 30]])
    ring = Drawing([corners])  # open, as bodies are
    placed = Layout("packed", vary=0.9, seed=3).place([ring] * 6, A5)
    inside = [
        (a, b)
        for a, b in itertools.permutations(placed, 2)
        if (np.array(a.bounds[:2]) < b.bounds[:2]).all()
        and (np.array(a.bounds[2:]) > b.bounds[2:]).all()
    ]
    assert inside == []


def test_sizes_vary_only_if_asked_and_by_the_seed() -> None:
    sides = {
        (vary, seed): [d.longest_side for d in Layout("packed", vary=vary, seed=seed).place(
            [FLOCK[0]] * 9, A5
        )]
        for vary, seed in ((0.0, 1), (0.5, 1), (0.5, 2))
    }  # fmt: skip
    assert np.ptp(sides[0.0, 1]) < 0.01
    assert 0.1 < np.ptp(sides[0.5, 1]) / max(sides[0.5, 1]) <= 0.5
    ratios = [np.array(s) / s[0] for s in sides.values()]
    assert not np.allclose(ratios[1], ratios[2], atol=0.01)


def test_smaller_drawings_stay_in_the_middle_of_their_cells() -> None:
    middles = [
        [np.add(d.bounds[:2], d.bounds[2:]) for d in Layout(vary=vary).place(FLOCK, A5)]
        for vary in (0.0, 0.7)
    ]
    np.testing.assert_allclose(middles[0], middles[1], atol=0.005)


def test_one_drawing_fills_the_page_to_its_margin() -> None:
    square = Drawing([[[0, 0], [9, 0], [9, 9]]])
    (placed,) = Layout(margin=20).place([square], parse_page("100x200mm"))
    assert placed.bounds == pytest.approx((20, 70, 80, 130))


def test_kept_drawings_stay_where_they_are_and_on_the_page() -> None:
    drawing = Drawing([np.array([[0, 0], [147.9996, 210]])])
    (kept,) = Layout("keep").place([drawing], A5)
    assert list(kept.bounds) == [0, 0, 148, 210]
    with pytest.raises(SketchvaeError, match=r"drawing 2 must lie on the page, 148 x 210 mm, got"):
        Layout("keep").place([drawing, drawing.moved(0.01, 0)], A5)


def test_dots_and_empty_drawings_are_no_harm() -> None:
    for arrangement in ("grid", "packed"):
        placed = Layout(arrangement).place([DOT, Drawing([]), FLOCK[0], DOT], A5)
        assert len(placed) == 3
        left, top, right, low = extent(placed)
        assert min(left, top, 148 - right, 210 - low) >= 10


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.lists(
            st_numpy.arrays(
                np.float64, st.tuples(st.integers(1, 5), st.just(2)), elements=st.integers(0, 30)
            ),
            min_size=1,
            max_size=3,
        ),
        min_size=2,
        max_size=7,
    ),
    st.floats(0.5, 5),
)
def test_packing_keeps_any_ink_apart(flock: list[list[Floats]], gap: float) -> None:
    placed = Layout("packed", gap=gap).place([Drawing(strokes) for strokes in flock], A5)
    assert min(nearest(placed)) >= gap


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"margin": 74.0}, "less than half of its shorter side, 74 mm, got 74"),
        ({"margin": -1.0}, "the margin must be 0 mm or more, got -1"),
        ({"gap": float("nan")}, "the gap between drawings must be 0 mm or more, got nan"),
        ({"vary": 0.95}, "sizes must vary by a share of 0 to 0.9, got 0.95"),
        ({"gap": 500.0}, "24 drawings must fit on the page with 500 mm between them"),
        ({"arrangement": "packed", "gap": 100.0}, "got no room for 24; choose fewer"),
    ],
)
def test_what_cannot_be_laid_out_is_one_line(layout: dict[str, float], message: str) -> None:
    with pytest.raises(SketchvaeError, match=message):
        Layout(**layout).place(FLOCK, A5)  # type: ignore[arg-type]


def test_packing_gives_up_where_drawings_would_have_no_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nesting, "_PIXELS", 100)  # quicker
    with pytest.raises(SketchvaeError, match="got no room for 24; choose fewer"):
        Layout("packed", gap=40).place(FLOCK, A5)


def test_empty_flock_is_refused() -> None:
    for flock in ([], [Drawing([])]):
        with pytest.raises(SketchvaeError, match="a page must have a drawing with a stroke"):
            Layout().place(flock, A5)


# --- pens ---------------------------------------------------------------------------


def test_pens_take_drawings_or_strokes_in_turn_and_keep_the_order() -> None:
    two = Drawing([[[0, 0], [1, 1]], [[2, 2], [3, 3]], [[4, 4], [5, 5]]])
    flock = [two, two.moved(10, 10), two.moved(20, 20)]

    def begins(pens: Pens) -> dict[int, list[float]]:
        return {y.pen: [s[0, 0] for s in y.strokes] for y in make_plot(flock, A5, pens).layers}

    colours = ("black", "red", "teal")
    assert begins(Pens()) == {1: [0, 2, 4, 10, 12, 14, 20, 22, 24]}
    assert begins(Pens(colours)) == {1: [0, 2, 4], 2: [10, 12, 14], 3: [20, 22, 24]}
    assert begins(Pens(colours, of_drawings=(3, 1))) == {1: [10, 12, 14], 3: [0, 2, 4, 20, 22, 24]}
    assert begins(Pens(colours, of_strokes=(2, 1))) == {
        1: [2, 12, 22],
        2: [0, 4, 10, 14, 20, 24],
    }


@pytest.mark.parametrize(
    ("pens", "message"),
    [
        ({"colours": ()}, "there must be a pen, got none"),
        ({"colours": ("bleu",)}, "a name or #rrggbb, got 'bleu'"),
        ({"of_drawings": (1, 2)}, "a pen must be one of 1 black, got 2"),
        ({"of_strokes": (0,)}, "a pen must be one of 1 black, got 0"),
        ({"of_strokes": (1,), "of_drawings": (1,)}, "to drawings or to strokes, got both"),
        ({"width": 0.0}, "0.01 to 20 mm wide, got 0"),
    ],
)
def test_pen_that_is_not_defined_is_one_line(pens: dict[str, object], message: str) -> None:
    with pytest.raises(SketchvaeError, match=message):
        Pens(**pens)  # type: ignore[arg-type]


@pytest.mark.parametrize("arrangement", ["grid", "packed", "keep"])
def test_smooth_ink_keeps_its_margins_and_gaps_and_passes_through_the_points(
    arrangement: Arrangement,
) -> None:
    flock = [
        d.sized(60).moved(10 + 65 * (i % 2), 10 + 65 * (i // 2)) for i, d in enumerate(FLOCK[:6])
    ]
    placed = Layout(arrangement, margin=9, gap=2, smooth=True).place(flock, A5)
    left, top, right, bottom = extent(placed)
    assert min(left, top) >= 9 - 1e-3
    assert right <= A5.width - 9 + 1e-3
    assert bottom <= A5.height - 9 + 1e-3
    assert min(nearest(placed)) > 2 - 1e-3
    for drawing, smooth in zip(flock, placed, strict=True):
        assert smooth.n_points > 1.5 * drawing.n_points
        fine = drawing.smoothed(1e-3).points
        scale = np.ptp(smooth.points, axis=0).max() / np.ptp(fine, axis=0).max()
        moved = drawing.moved(*-fine.min(axis=0)).scaled(scale).moved(*smooth.points.min(axis=0))
        ink = shape(smooth)
        assert max(ink.distance(Point(*point)) for point in moved.points) < 0.05


def test_smooth_ink_is_within_a_fiftieth_of_a_millimetre_of_its_curves() -> None:
    drawing = FLOCK[0].sized(100).moved(5, 5)
    (placed,) = Layout("keep", smooth=True).place([drawing], A5)
    fine = shape(drawing.smoothed(1e-5))
    assert shape(placed).hausdorff_distance(fine) < TOLERANCE + 1e-3
    assert placed.n_points < 12 * drawing.n_points
