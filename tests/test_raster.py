"""Contact sheets of pixels, held against the distance of each pixel from the strokes."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sketchvae.drawing import Drawing, Floats
from sketchvae.errors import SketchvaeError
from sketchvae.rendering.raster import contact_sheet

pytest.importorskip("PIL", reason="a picture needs Pillow")

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
        for share in np.linspace(0, 1, 400):
            for x, y in (
                points[:-1] + share * np.diff(points, axis=0) if len(points) > 1 else points
            ):
                nearest = np.minimum(nearest, np.hypot(xs - x, ys - y))
    return nearest


def grey(drawings: list[Drawing], columns: int | None = None) -> NDArray[np.uint8]:
    return np.asarray(contact_sheet(drawings, columns=columns, cell=CELL))


@pytest.mark.parametrize("drawing", [HOUSE, LINE], ids=["house", "line"])
def test_ink_lies_on_the_strokes_and_nowhere_else(drawing: Drawing) -> None:
    picture, away = grey([drawing]), distance_to_ink(drawing)
    assert (picture[away < 0.3] < 160).all()
    assert (picture[away > 2] == 255).all()


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


def test_missing_pillow_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(SketchvaeError, match=r"pip install 'sketchvae\[train\]'"):
        contact_sheet([HOUSE])
