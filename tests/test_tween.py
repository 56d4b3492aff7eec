"""Drawings that turn into each other: the pairs of strokes, and what Chromium and a film show."""

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.render.animation import animation_spec
from sketchvae.render.page import PageSpec, PictureSpec, Style
from sketchvae.render.path import polylines
from sketchvae.render.png import to_png
from sketchvae.render.timeline import Animation, Pace
from sketchvae.render.tween import tweens_between, write_morph

SIDE = 200  # pixels
WIDTH = SIDE / 96 * 25.4  # mm: one CSS pixel is one pixel
WHITE = Style(background="white")
SQUARE = Drawing([[[0, 0], [90, 0], [90, 90], [0, 90], [0, 0]], [[30, 30], [60, 60]]], word="box")
HOUSE = Drawing([[[60, 60], [30, 30]], [[0, 90], [0, 30], [45, 0], [90, 30], [90, 90], [0, 90]]])
TALL = Drawing([[[0, 0], [0, 100]], [[10, 0], [10, 100]], [[20, 10], [20, 20]]])
PATH = [SQUARE, HOUSE, TALL]
POINT = st.tuples(st.integers(0, 20), st.integers(0, 20))
DRAWINGS = st.lists(st.lists(POINT, min_size=1, max_size=6), min_size=1, max_size=4).map(Drawing)


def covered(strokes: list[Floats]) -> set[tuple[float, float]]:
    return {(x, y) for stroke in strokes for x, y in stroke.round(2).tolist()}


def strokes_of(drawing: Drawing, smooth: bool = False) -> list[Floats]:
    """The strokes in a cell of 100 mm, as the page has them."""
    spec = PageSpec(1, style=Style(1, smooth=smooth))
    return polylines(spec.stroke_paths(drawing), 0.01)


# --- which stroke becomes which -------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(DRAWINGS, DRAWINGS, st.booleans())
def test_tween_begins_as_the_one_and_ends_as_the_other(
    one: Drawing, other: Drawing, smooth: bool
) -> None:
    (tween,) = tweens_between(PageSpec(1, style=Style(1, smooth=smooth)), [one, other])
    for t, drawing in ((0.0, one), (1.0, other)):
        shown = tween.at(t)
        expected = strokes_of(drawing, smooth)
        assert smooth or covered(expected) <= covered(shown)  # every corner is there
        for stroke in shown:  # and no point is anywhere else
            apart = min(_farthest(stroke, whole) - _gap(whole) for whole in expected)
            assert apart < 0.1 or np.ptp(stroke, axis=0).max() < 1e-9  # or all are one dot


def _gap(stroke: Floats) -> float:
    """Return how far the ends of an all but closed stroke are apart: there it may be bridged."""
    gap = float(np.hypot(*(stroke[-1] - stroke[0])))
    return gap if gap < 0.05 * np.hypot(*np.diff(stroke, axis=0).T).sum() else 0.0


def _farthest(points: Floats, stroke: Floats) -> float:
    """Return how far the farthest of the points is from a polyline."""
    starts, steps = stroke[:-1], np.diff(stroke, axis=0)
    if not len(steps):
        return float(np.hypot(*(points - stroke[0]).T).max())
    squares = np.maximum((steps**2).sum(axis=1), 1e-12)
    t = (((points[:, None] - starts) * steps).sum(axis=2) / squares).clip(0, 1)
    away = points[:, None] - starts - t[..., None] * steps
    return float(np.hypot(away[..., 0], away[..., 1]).min(axis=1).max())


def test_alike_strokes_become_each_other_whatever_their_order_and_direction() -> None:
    (tween,) = tweens_between(PageSpec(1, style=Style(1)), [SQUARE, HOUSE])
    (box, house), (line, same) = tween.strokes
    assert len(box) == len(house) > 5
    np.testing.assert_allclose(line, same, atol=3)  # the diagonal, drawn the other way round
    assert np.hypot(*(house[0] - box[0])).max() < 40  # begun at the corner that is nearest


def test_strokes_that_are_left_over_grow_and_shrink() -> None:
    (grows,) = tweens_between(PageSpec(1, style=Style(1)), [SQUARE, TALL])
    dots = [before for before, _ in grows.strokes if np.ptp(before, axis=0).max() == 0]
    assert len(dots) == 1
    (shrinks,) = tweens_between(PageSpec(1, style=Style(1)), [TALL, SQUARE])
    assert sum(np.ptp(after, axis=0).max() == 0 for _, after in shrinks.strokes) == 1


def test_time_is_eased_as_the_page_says() -> None:
    """The cubic Bezier (1/3, 0, 2/3, 1) of the page is 3t^2 - 2t^3."""
    (tween,) = tweens_between(
        PageSpec(1, style=Style(1)), [Drawing([[[0, 0], [9, 0]]]), Drawing([[[0, 0], [0, 9]]])]
    )
    (before, after), *_ = tween.strokes
    for s in np.linspace(0, 1, 9):
        x = 3 * (1 - s) ** 2 * s / 3 + 3 * (1 - s) * s**2 * 2 / 3 + s**3
        y = 3 * (1 - s) * s**2 + s**3
        np.testing.assert_allclose(tween.at(x)[0], before + y * (after - before), atol=1e-9)


# --- what is shown --------------------------------------------------------------------


def film(path: Path) -> list[NDArray[np.uint8]]:
    with Image.open(path) as frames:
        count: int = frames.n_frames  # type: ignore[attr-defined]
        shown = []
        for number in range(count):
            frames.seek(number)
            shown.append(np.asarray(frames.convert("L")))
    return shown


def test_film_begins_and_ends_with_the_finished_drawings(tmp_path: Path) -> None:
    path = tmp_path / "morph.webp"
    once = Animation(Pace(seconds=1.0))
    write_morph(animation_spec(path, 1, width_mm=WIDTH, style=WHITE, pixels=SIDE), PATH, once)
    frames = film(path)
    assert len(frames) == 20
    for frame, drawing in ((frames[0], PATH[0]), (frames[-1], PATH[-1])):
        png = to_png(PictureSpec(1, WIDTH, style=WHITE, pixels=SIDE), [drawing])
        still = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
        assert np.abs(frame.astype(int) - still).mean() < 1
    changes = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(frames)]
    assert max(changes) < 4 * np.median(changes)  # no jump


def test_loop_goes_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "morph.gif"
    loop = Animation(Pace(seconds=0.5), loop=True, pause=0.0)
    write_morph(animation_spec(path, 1, width_mm=WIDTH, style=Style(), pixels=SIDE), PATH, loop)
    frames = film(path)
    assert len(frames) >= 19  # the one in the middle may stand for two
    for there, back in zip(frames[:9], frames[:-10:-1], strict=True):
        np.testing.assert_array_equal(there, back)
    assert np.abs(frames[0].astype(int) - frames[9]).mean() > 8


def test_chromium_shows_what_the_film_does(tmp_path: Path, chromium: Chromium) -> None:
    once = Animation(Pace(seconds=1.0))
    for name in ("morph.svg", "morph.webp"):
        pixels = SIDE if name.endswith("webp") else None
        write_morph(
            animation_spec(tmp_path / name, 1, width_mm=WIDTH, style=WHITE, pixels=pixels),
            PATH,
            once,
        )
    frames = film(tmp_path / "morph.webp")
    chromium.open(tmp_path / "morph.svg", width=SIDE, height=SIDE)
    chromium.run("document.documentElement.pauseAnimations()")
    for number in (0, 4, 9, 10, 14, 19):
        moment = min(number / 19, 0.9999)
        chromium.run(f"document.documentElement.setCurrentTime({moment})")
        chromium.settle()
        shown = chromium.picture()[..., 0]
        assert np.abs(shown.astype(int) - frames[number]).mean() < 2.5, number
    assert np.abs(frames[4].astype(int) - frames[14]).mean() > 8  # the bound could be missed


def test_last_drawing_stands_still_where_less_motion_is_asked_for(
    tmp_path: Path, chromium: Chromium
) -> None:
    path = tmp_path / "morph.svg"
    write_morph(animation_spec(path, 1, width_mm=WIDTH), PATH, Animation(Pace(seconds=600)))
    displays = (
        "[...document.querySelectorAll('.moving, .still')].map(g => getComputedStyle(g).display)"
    )
    for motion, shown in (
        ("no-preference", ["inline", "inline", "none"]),
        ("reduce", ["none", "none", "inline"]),
    ):
        chromium.open(path, {"prefers-reduced-motion": motion})
        chromium.wait_for("document.documentElement.getCurrentTime() > 0")
        assert chromium.run(displays) == shown
    (read,) = formats.read(path)
    assert len(read.strokes) == len(PATH[-1].strokes)  # of the group that shows, not of all


def test_page_without_animation_is_the_last_drawing(tmp_path: Path) -> None:
    import resvg_py

    path = tmp_path / "morph.svg"
    write_morph(animation_spec(path, 1, width_mm=WIDTH, style=WHITE), PATH, Animation())
    text = re.sub(r"<animate[^>]*>", "", path.read_text())
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=SIDE, dpi=96))
    shown = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    still = to_png(PictureSpec(1, WIDTH, style=WHITE, pixels=SIDE), [PATH[-1]])
    expected = np.asarray(Image.open(io.BytesIO(still)).convert("L"))
    assert np.abs(shown.astype(int) - expected).mean() < 1


def test_player_plays_the_page_for_as_long_as_it_takes(tmp_path: Path, chromium: Chromium) -> None:
    path = tmp_path / "morph.html"
    write_morph(
        animation_spec(path, 1, width_mm=WIDTH, style=Style(colour="currentColor")),
        PATH,
        Animation(),
    )
    chromium.open(path, width=SIDE, height=SIDE)
    text = path.read_text()
    groups = chromium.run("document.querySelectorAll('svg g[visibility]').length")
    assert groups == 2
    assert "const duration = 1.6," in text  # 0.8 for each of two turns
    assert "<title>box</title>" in text


@pytest.mark.parametrize(
    ("drawings", "message"),
    [
        ([SQUARE], "two or more drawings with strokes, got 1, 0 of them empty"),
        ([SQUARE, Drawing([])], "two or more drawings with strokes, got 2, 1 of them empty"),
    ],
)
def test_what_cannot_morph_is_one_line(
    tmp_path: Path, drawings: list[Drawing], message: str
) -> None:
    with pytest.raises(SketchvaeError, match=message):
        write_morph(
            animation_spec(tmp_path / "a.svg", 1, width_mm=100, style=Style()),
            drawings,
            Animation(),
        )
    with pytest.raises(SketchvaeError, match="an animation must end in"):
        write_morph(
            animation_spec(tmp_path / "a.pdf", 1, width_mm=100, style=Style()), PATH, Animation()
        )
    assert not list(tmp_path.iterdir())


def test_morph_fills_a_page_of_one_cell(tmp_path: Path) -> None:
    with pytest.raises(SketchvaeError, match="a page of one cell, got 2"):
        write_morph(animation_spec(tmp_path / "a.svg", 2), PATH)
    assert not list(tmp_path.iterdir())
