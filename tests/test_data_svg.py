"""SVG to drawings: our own pages come back, others' shapes are where their transforms put them."""

import itertools
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import svg_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sketchvae.data import formats, svg
from sketchvae.data.svg import reader
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.render.page import Style
from sketchvae.render.timeline import Animation

# What is said of what is left out: tests/test_svg_left_out.py
pytestmark = pytest.mark.filterwarnings("ignore::sketchvae.errors.LeftOutWarning")

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
STRAIGHT = Style(smooth=False)
FLOCK = list(itertools.islice(formats.read(SHEEP), 5))
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'stroke="black" '
)
MM = HEAD + 'width="100mm" height="100mm" viewBox="0 0 100 100">'


def read(folder: Path, text: str | bytes) -> list[Drawing]:
    path = folder / "a.svg"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(formats.read(path))


def one(folder: Path, body: str, head: str = MM) -> Drawing:
    (drawing,) = read(folder, f"{head}{body}</svg>")
    return drawing


def distance(points: Floats, line: Floats) -> float:
    """Measure from the farthest of the points to a polyline."""
    line = np.concatenate([line, line[-1:]])  # a dot is a line, too
    start, step = line[:-1], np.diff(line, axis=0)
    squares = np.maximum((step**2).sum(axis=1), 1e-12)
    away = points[:, None] - start
    along = ((away * step).sum(axis=2) / squares).clip(0, 1)[..., None]
    return float(np.linalg.norm(away - along * step, axis=2).min(axis=1).max())


# --- our own ------------------------------------------------------------------------


def placed(drawing: Drawing, left: float, top: float, cell: float) -> Drawing:
    return drawing.fit(cell, cell, 0.08 * cell).moved(left, top)


@pytest.mark.parametrize("animation", [None, Animation(tip=True)])
@pytest.mark.parametrize("style", [STRAIGHT, replace(STRAIGHT, stroke_width=3, background="gold")])
def test_our_pages_give_their_drawings_back_in_order(
    tmp_path: Path, style: Style, animation: Animation | None
) -> None:
    flock = [*FLOCK[:2], Drawing([], "sheep"), Drawing([[[5, 5]], [[0, 0], [9, 9]]], "sheep")]
    back = read(tmp_path, svg_of(flock, style=style, animation=animation))
    assert [d.word for d in back] == ["sheep"] * 4
    for index, (drawing, other) in enumerate(zip(flock, back, strict=True)):
        expected = placed(drawing, index % 2 * 50, index // 2 * 50, 50)
        assert [len(s) for s in other.strokes] == [len(s) for s in expected.strokes]
        if drawing.strokes:
            np.testing.assert_allclose(other.points, expected.points, rtol=0, atol=0.00051)


def test_a_page_read_and_written_again_is_the_same_page(tmp_path: Path) -> None:
    text = svg_of(FLOCK[:1], style=STRAIGHT)
    assert svg_of(read(tmp_path, text), style=STRAIGHT) == text


def test_our_curves_become_lines_near_them(tmp_path: Path) -> None:
    (drawing,) = read(tmp_path, svg_of(FLOCK[:1]))
    expected = placed(FLOCK[0], 0, 0, 100)
    assert drawing.n_points > 2 * expected.n_points
    for ours, stroke in zip(drawing.strokes, expected.strokes, strict=True):
        assert distance(stroke, ours) < 0.11
        assert distance(ours, stroke) < 84 * 2 / 255 + 0.11


def test_our_curves_simplify_to_nearly_the_same_drawing(tmp_path: Path) -> None:
    flock = list(itertools.islice(formats.read(SHEEP), 20))
    back = [d.in_simplified_form() for d in read(tmp_path, svg_of(flock))]
    assert sum(d.n_points for d in back) == pytest.approx(sum(d.n_points for d in flock), rel=0.1)
    for drawing, other in zip(flock, back, strict=True):
        for one, two in zip(drawing.aligned().strokes, other.strokes, strict=True):
            assert max(distance(one, two), distance(two, one)) < 4


def test_other_groups_on_our_page_do_not_count(tmp_path: Path) -> None:
    text = svg_of(FLOCK[:2], style=STRAIGHT).replace(
        "</svg>", '<g id="note"><path d="M0,0 L9,9"/></g></svg>'
    )
    assert [len(d.strokes) for d in read(tmp_path, text)] == [len(d.strokes) for d in FLOCK[:2]]


# --- others -------------------------------------------------------------------------


def test_shapes_are_strokes_in_document_order(tmp_path: Path) -> None:
    drawing = one(
        tmp_path,
        '<line x1="1" y1="2" x2="3" y2="4" stroke="red"/><polyline points="0,0 5,5 10,0"/>'
        '<polygon points="0,0 5,5 10,0"/><rect x="10" y="20" width="30" height="40"/>'
        '<path d="M1,1 h5 v5 M20,20 l1,1 z m 7,7"/>',
    )
    assert [s.tolist() for s in drawing.strokes] == [
        [[1, 2], [3, 4]],
        [[0, 0], [5, 5], [10, 0]],
        [[0, 0], [5, 5], [10, 0], [0, 0]],
        [[10, 20], [40, 20], [40, 60], [10, 60], [10, 20]],
        [[1, 1], [6, 1], [6, 6]],
        [[20, 20], [21, 21], [20, 20]],
    ]


def test_transforms_of_groups_and_uses_are_in_the_points(tmp_path: Path) -> None:
    drawing = one(
        tmp_path,
        '<defs><path id="p" d="M0,0 L1,0"/></defs><g transform="translate(10 20) scale(2)">'
        '<path d="M1,1 L2,3" transform="rotate(90)"/><use href="#p" x="5" y="1"/>'
        '<use xlink:href="#p" transform="skewX(45)" y="2"/></g>'
        '<symbol id="s"><path d="M0,0 L1,1"/></symbol><use href="#s" x="3"/>',
    )
    expected = [[[8, 22], [4, 24]], [[20, 22], [22, 22]], [[14, 24], [16, 24]], [[3, 0], [4, 1]]]
    for stroke, points in zip(drawing.strokes, expected, strict=True):
        np.testing.assert_allclose(stroke, points, atol=6e-4)


@pytest.mark.parametrize(
    ("head", "scale"),
    [
        ('width="10cm" height="10cm" viewBox="0 0 100 100">', 1.0),
        ('width="96" height="96" viewBox="0 0 96 96">', 25.4 / 96),
        ('viewBox="0 0 100 100">', 25.4 / 96),
        ('width="1in" height="1in">', 25.4 / 96),
        ('width="200mm" height="100mm" viewBox="-50 0 200 100">', 1.0),
    ],
)
def test_points_are_in_millimetres_of_the_page(tmp_path: Path, head: str, scale: float) -> None:
    drawing = one(tmp_path, '<path d="M10,10 L20,10"/>', HEAD + head)
    left = 50 if "-50" in head else 0
    np.testing.assert_allclose(
        drawing.points, np.array([[10 + left, 10], [20 + left, 10]]) * scale, atol=6e-4
    )


@pytest.mark.parametrize(
    ("body", "radii"),
    [
        ('<circle cx="50" cy="40" r="30"/>', (30, 30)),
        ('<ellipse cx="50" cy="40" rx="30" ry="10"/>', (30, 10)),
        ('<g transform="scale(2 .5)"><circle cx="25" cy="80" r="15"/></g>', (30, 7.5)),
        ('<path d="M20,40 A30,10 0 0 1 80,40 A30,10 0 0 1 20,40"/>', (30, 10)),
    ],
)
def test_arcs_become_lines_within_the_tolerance(
    tmp_path: Path, body: str, radii: tuple[float, float]
) -> None:
    (stroke,) = one(tmp_path, body).strokes
    t = np.linspace(0, 2 * np.pi, 5000)
    ellipse = np.column_stack([50 + radii[0] * np.cos(t), 40 + radii[1] * np.sin(t)])
    assert distance(ellipse, stroke) < svg.TOLERANCE * 60 + 1e-3
    assert distance(stroke, ellipse) < 1e-3
    assert 20 < len(stroke) < 200


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=4, max_size=4))
@settings(max_examples=30, deadline=None)
def test_beziers_become_lines_within_the_tolerance(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("svg")
    a, b, c, d = (np.array(p, dtype=float) for p in points)
    t = np.linspace(0, 1, 2000)[:, None]
    cubic = a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3
    quadratic = a * (1 - t) ** 2 + 2 * b * t * (1 - t) + c * t**2
    assume(np.ptp(quadratic, axis=0).max() > 0.1)  # a curve without length is a dot of a butt cap
    words = [f"{x},{y}" for x, y in points]
    for data, curve in (
        (f"M{words[0]} C{' '.join(words[1:])}", cubic),
        (f"M{words[0]} Q{' '.join(words[1:3])}", quadratic),
    ):
        (stroke,) = one(folder, f'<path d="{data}"/>').strokes
        side = max(np.ptp(curve, axis=0).max(), 1e-9)
        line = stroke if len(stroke) > 1 else np.repeat(stroke, 2, axis=0)
        assert distance(curve, line) <= svg.TOLERANCE * side * 1.01 + 1e-3


def test_what_is_not_seen_is_no_ink(tmp_path: Path) -> None:
    drawing = one(
        tmp_path,
        '<defs><path d="M0,0 L9,9"/><clipPath id="c"><rect width="9" height="9"/></clipPath></defs>'
        '<symbol><path d="M0,0 L9,9"/></symbol><mask><circle r="9"/></mask>'
        '<clipPath id="d"><rect width="9" height="9"/></clipPath>'
        '<marker><path d="M0,0 L9,9"/></marker><pattern><path d="M0,0 L9,9"/></pattern>'
        '<path d="M0,0 L9,9" display="none"/><path d="M0,0 L9,9" style="visibility:hidden"/>'
        '<path d="M0,0 L9,9" fill="none" stroke="none"/><path d="M0,0"/>'
        '<path d=""/><text>sheep</text>'
        '<rect width="0" height="5"/>'
        '<g stroke="red" fill="none" clip-path="url(#c)"><path d="M1,1 L2,2"/></g>',
    )
    assert [s.tolist() for s in drawing.strokes] == [[[1, 1], [2, 2]]]


def test_a_page_with_the_usual_doctype_and_comments_is_read(tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-16"?><!-- made by hand -->'
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
        '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
        f'{MM}<!-- here --><path d="M1,1 L2,2"/></svg>'
    )
    assert read(tmp_path, text.encode("utf-16"))[0].n_points == 2


# --- refusing -----------------------------------------------------------------------


def test_points_are_counted_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_POINTS", 100)
    assert one(tmp_path, f'<path d="M0,0{" 1,1 2,2" * 50}"/>').n_points == 101
    for body in (f'<path d="M0,0{" 1,1 2,2" * 51}"/>', '<circle r="9"/>' * 9):
        with pytest.raises(SketchvaeError, match="at most 100 points, got more"):
            one(tmp_path, body)


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    with path.open("wb") as file:
        file.write(b"<svg ")
        file.truncate(svg.MAX_BYTES + 1)
    with pytest.raises(SketchvaeError, match="must have at most"):
        list(formats.read(path))


def test_damaged_pages_give_drawings_or_one_clear_error(tmp_path: Path) -> None:
    shapes = (
        '<g transform="rotate(9 5 5)"><circle r="9"/><path d="M1,1 C2,2 3,3 4,9 A5,5 0 0 1 9,9 z"/>'
        '<rect width="5" height="4" rx="1" style="fill:red"/><polyline points="1,1 2,3"/></g>'
    )
    data = (MM + shapes + "</svg>").encode()
    chance = random.Random(4)
    outcomes = []
    for _ in range(300):
        content = bytearray(data)
        for _ in range(chance.choice([1, 1, 2, 4])):
            at = chance.randrange(len(content))
            content[at : at + chance.randrange(3)] = bytes(chance.choices(b"-.e9<>/\"' ,zAM", k=2))
        try:
            outcomes.append(str(len(read(tmp_path, bytes(content)))))
        except SketchvaeError as error:
            outcomes.append(str(error))
    assert not any("\n" in o or len(o) > 400 for o in outcomes)
    assert 50 < outcomes.count("1") < 250
