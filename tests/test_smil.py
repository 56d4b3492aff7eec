"""The animated page as Chromium plays it, held against the lengths of the drawing.

Expected ink is walked length times the width of the line, and discs for ends: the drawings
here have no strokes that touch.
"""

import io
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import resvg_py
from chromium import Chromium
from helpers import compare_golden, drawn_by
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.render.page import PageSpec, Style
from sketchvae.render.smil import TIP
from sketchvae.render.svg import to_svg
from sketchvae.render.timeline import Animation, Pace, timeline

SIDE = 400  # pixels
WIDTH = SIDE / 96 * 25.4  # mm: one CSS pixel is one pixel
PEN = 0.012 * SIDE
HOUSE = Drawing(
    [
        [[0, 0], [84, 0], [84, 40], [42, 40], [42, 84], [0, 84]],
        [[20, 20]],
        [[60, 84], [84, 60]],
        [[20, 60], [20, 60]],
        [[60, 20], [61, 19]],
    ]
)
SHEEP = Drawing(
    [
        [[61, 49], [66, 34], [113, 11], [227, 16], [255, 79], [139, 89], [58, 54]],
        [[7, 32], [20, 21], [63, 46], [25, 60], [1, 41]],
        [[106, 100], [97, 154]],
        [[30, 40]],
    ],
    word="sheep",
)
PLAIN = Animation()
LOOP = Animation(loop=True, pause=1.0)
TOLERANCE = 0.04  # Chromium's anti-aliasing paints a line of 4.8 pixels a tenth of one too wide
Picture = NDArray[np.uint8]


class Player:
    """One animated page in the browser."""

    def __init__(self, chromium: Chromium, folder: Path, text: str) -> None:
        self.chromium = chromium
        path = folder / "page.svg"
        path.write_text(text, encoding="utf-8")
        chromium.open(path, width=SIDE, height=SIDE)
        chromium.run("document.documentElement.pauseAnimations()")

    def at(self, second: float) -> Picture:
        self.chromium.run(f"document.documentElement.setCurrentTime({second})")
        self.chromium.settle()
        return self.chromium.picture()[..., 0]

    def position(self, stroke: int, fraction: float) -> Floats:
        """Return the point at a fraction of a stroke's length: (x, y) in pixels."""
        script = f"""(path => {{
            const point = path.getPointAtLength({fraction} * path.getTotalLength());
            return [point.x, point.y];
        }})(document.querySelectorAll("path")[{stroke}])"""
        return np.array(self.chromium.run(script)) * SIDE / WIDTH


@pytest.fixture
def play(chromium: Chromium, tmp_path: Path) -> Callable[[str], Player]:
    return lambda text: Player(chromium, tmp_path, text)


def page(drawing: Drawing, animation: Animation | None = None, style: Style | None = None) -> str:
    return to_svg(PageSpec(1, WIDTH, style=style or Style()), [drawing], animation)


def ink(picture: Picture) -> float:
    """Measure ink in square pixels: black is one."""
    return float((255.0 - picture).sum() / 255)


def expected_ink(drawing: Drawing, second: float, animation: Animation = PLAIN) -> float:
    """Measure what the pen has drawn by then, in square pixels."""
    scale = 0.84 * SIDE / drawing.longest_side
    total = 0.0
    for time in timeline([drawing], animation.pace).strokes:
        if second >= time.begin:
            length = np.hypot(*np.diff(drawing.strokes[time.stroke], axis=0).T).sum() * scale
            total += drawn_by(time, second) * float(length) * PEN + math.pi / 4 * PEN**2
    return total


def assert_same(one: Picture, other: Picture) -> None:
    """Hold two pictures against each other, but for shades of anti-aliasing."""
    assert np.abs(one.astype(int) - other).max() <= 80


def moments(animation: Animation = PLAIN, drawing: Drawing = HOUSE) -> list[float]:
    """Choose times in the middle of strokes, between them, and right after a dot."""
    times = timeline([drawing], animation.pace)
    middles = [(s.begin + s.end) / 2 for s in times.strokes]
    return [0.0, *middles, *(s.end + 0.001 for s in times.strokes), times.duration / 3]


@pytest.mark.parametrize("animation", [PLAIN, LOOP, Animation(Pace(seconds=0.5))])
def test_ink_at_any_time_is_what_the_pen_has_walked(
    play: Callable[[str], Player], animation: Animation
) -> None:
    player = play(page(HOUSE, animation))
    end = timeline([HOUSE], animation.pace).duration
    for second in moments(animation):
        if second < end:
            expected = expected_ink(HOUSE, second, animation)
            assert ink(player.at(second)) == pytest.approx(expected, rel=TOLERANCE), second


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: re.sub(r"<animate [^>]*visibility[^>]*>", "", text),
        lambda text: re.sub(r"<animate [^>]*dasharray[^>]*>", "", text),
        lambda text: text.replace('pathLength="1"', ""),
    ],
    ids=["never hidden", "never growing", "other length"],
)
def test_the_comparison_of_ink_can_fail(
    play: Callable[[str], Player], spoil: Callable[[str], str]
) -> None:
    player = play(spoil(page(HOUSE, PLAIN)))
    wrong = [
        ink(player.at(s)) != pytest.approx(expected_ink(HOUSE, s), rel=TOLERANCE)
        for s in moments()[:-2]
    ]
    assert any(wrong)


@pytest.mark.parametrize("style", [Style(smooth=False), Style()], ids=["straight", "smooth"])
def test_when_it_is_over_the_page_is_the_finished_one(
    play: Callable[[str], Player], style: Style
) -> None:
    finished = play(page(SHEEP, style=style)).at(0)
    for animation in (PLAIN, Animation(tip=True)):
        player = play(page(SHEEP, animation, style))
        end = timeline([SHEEP]).duration
        for second in (end, end + 0.01, 1000):
            assert_same(player.at(second), finished)
        assert ink(player.at(end / 2)) < 0.9 * ink(finished)  # sought back


def test_page_stands_still_where_less_motion_is_asked_for(
    chromium: Chromium, tmp_path: Path
) -> None:
    finished = tmp_path / "finished.svg"
    finished.write_text(page(SHEEP))
    chromium.open(finished)
    chromium.settle()
    expected = chromium.picture()
    for motion, still in (("reduce", True), ("no-preference", False)):
        animated = tmp_path / f"{motion}.svg"
        animated.write_text(page(SHEEP, Animation(Pace(seconds=600), loop=True, tip=True)))
        chromium.open(animated, {"prefers-reduced-motion": motion})
        chromium.wait_for("document.documentElement.getCurrentTime() > 0.2")
        chromium.settle()
        difference = np.abs(chromium.picture().astype(int) - expected)
        assert (difference.max() <= 80) == still


def test_page_plays_by_itself(chromium: Chromium, tmp_path: Path) -> None:
    (tmp_path / "page.svg").write_text(page(SHEEP, Animation(Pace(seconds=0.3))))
    (tmp_path / "finished.svg").write_text(page(SHEEP))
    chromium.open(tmp_path / "page.svg")
    chromium.wait_for("document.documentElement.getCurrentTime() > 0.3")
    chromium.settle()
    played = chromium.picture()
    chromium.open(tmp_path / "finished.svg")
    assert_same(played, chromium.picture())


def test_ink_only_grows_and_lies_where_the_finished_ink_lies(play: Callable[[str], Player]) -> None:
    player = play(page(SHEEP, PLAIN))
    end = timeline([SHEEP]).duration
    frames = [player.at(s) for s in np.linspace(0, end, 12)]
    for one, other in itertools.pairwise(frames):
        assert (other[one < 50] < 160).all()


def test_a_loop_shows_the_finished_drawing_for_a_pause_and_begins_again(
    play: Callable[[str], Player],
) -> None:
    finished = play(page(SHEEP)).at(0)
    player = play(page(SHEEP, LOOP))
    end = timeline([SHEEP]).duration
    for standing in (end + 0.002, end + 0.5, end + 0.99):
        assert_same(player.at(standing), finished)
    for second in (0.01, 0.4, end - 0.1):
        first = player.at(second)
        assert_same(player.at(second + end + 1.0), first)
        assert_same(player.at(second + 7 * (end + 1.0)), first)


@pytest.mark.parametrize("together", [False, True])
def test_flock_is_drawn_one_after_another_or_together(
    play: Callable[[str], Player], together: bool
) -> None:
    animation = Animation(Pace(together=together))
    player = play(to_svg(PageSpec(2, WIDTH), [HOUSE, HOUSE], animation))
    early = player.at(timeline([HOUSE]).duration / 2)
    left, right = early[:, : SIDE // 2], early[:, SIDE // 2 :]
    assert ink(left) > 100
    assert ink(right) == (pytest.approx(ink(left), rel=0.01) if together else 0)


def tip_position(with_tip: Picture, without: Picture) -> Floats:
    """Find the middle of what the tip adds: (x, y) in pixels."""
    added = np.clip(without.astype(float) - with_tip - 99, 0, None)  # not the anti-aliasing
    ys, xs = np.mgrid[: added.shape[0], : added.shape[1]] + 0.5
    total = added.sum()
    return np.array([(xs * added).sum() / total, (ys * added).sum() / total])


@pytest.mark.parametrize("style", [Style(smooth=False), Style()], ids=["straight", "smooth"])
@pytest.mark.parametrize("loop", [False, True])
def test_tip_is_where_the_pen_is_and_gone_when_it_is_done(
    play: Callable[[str], Player], style: Style, loop: bool
) -> None:
    """Held against the browser's own measure of its paths."""
    plain, tipped = page(SHEEP, PLAIN, style), page(SHEEP, Animation(tip=True, loop=loop), style)
    times = timeline([SHEEP])
    seconds = [(s.begin * (1 - a) + s.end * a, s) for s in times.strokes[:3] for a in (0.3, 0.7)]
    player = play(plain)
    without = [player.at(second) for second, _ in seconds]
    finished = player.at(times.duration)
    player = play(tipped)
    for (second, stroke), clean in zip(seconds, without, strict=True):
        assert second >= stroke.begin
        pen = player.position(stroke.stroke, drawn_by(stroke, second))
        distance = np.hypot(*(tip_position(player.at(second), clean) - pen))
        assert distance < TIP * PEN / 2  # behind the pen, ink covers the half of it
    assert_same(player.at(times.duration + 0.1), finished)


@pytest.mark.parametrize("style", [Style(smooth=False), Style()], ids=["straight", "smooth"])
def test_viewer_without_animation_shows_the_finished_page(style: Style) -> None:
    def shown(text: str) -> NDArray[np.uint8]:
        png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=SIDE, dpi=96, background="white"))
        return np.asarray(Image.open(io.BytesIO(png)).convert("L"))

    finished = shown(page(SHEEP, style=style))
    for animation in (PLAIN, Animation(tip=True), Animation(loop=True, tip=True)):
        np.testing.assert_array_equal(shown(page(SHEEP, animation, style)), finished)
    assert ink(finished) > 1000


def test_animation_changes_nothing_else_on_the_page() -> None:
    text = to_svg(PageSpec(1, WIDTH), [SHEEP], LOOP, always=True)
    animated = re.sub(r"<animate [^>]*/>|</path>", "", text)
    plain = page(SHEEP)
    assert animated.replace(' pathLength="1"', "").replace('">', '" />') == plain.replace(
        '">', '" />'
    )


def test_recorded_times_are_played(play: Callable[[str], Player]) -> None:
    recorded = Drawing([[[0, 0], [50, 0], [84, 0]]], times=[[0, 3000, 4000]])
    player = play(page(recorded, PLAIN))
    full = ink(player.at(4))
    assert ink(player.at(1.5)) == pytest.approx(full * 25 / 84, rel=0.05)
    assert ink(player.at(3.5)) == pytest.approx(full * 67 / 84, rel=0.05)


def test_ten_thousand_strokes_are_animated(play: Callable[[str], Player]) -> None:
    row = np.arange(10_000)
    corners = np.column_stack([row % 100, row // 100]).astype(float)
    many = Drawing([[c, c + 0.5] for c in corners])
    player = play(page(many, Animation(Pace(seconds=10)), Style(stroke_width=0.1)))
    half, full = ink(player.at(5)), ink(player.at(10))
    assert half == pytest.approx(full / 2, rel=0.02)


def check_form(element: str) -> None:
    """Hold an animation against the rules of SVG 1.1, 19.2.9; viewers drop one that breaks them."""
    given = dict(re.findall(r'(\w+)="([^"]*)"', element))
    times = [float(t) for t in given["keyTimes"].split(";")]
    values = given.get("values") or given["keyPoints"]
    assert len(times) == len(values.split(";"))
    assert times[0] == 0
    assert times[-1] == 1
    assert times == sorted(times)
    assert float(given["dur"].removesuffix("s")) > 0
    assert float(given.get("begin", "0s").removesuffix("s")) >= 0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=5), min_size=1),
    st.one_of(
        st.builds(Pace, seconds=st.floats(0.01, 86_400)),
        st.builds(Pace, st.none(), st.floats(0.001, 1000)),
    ),
    st.booleans(),
    st.floats(0, 86_400),
    st.sampled_from([1e-300, 1e-4, 1.0]),
)
def test_every_animation_is_in_the_form_that_viewers_take(
    strokes: list[list[tuple[int, int]]], pace: Pace, loop: bool, pause: float, near: float
) -> None:
    tiny = Drawing([*map(np.array, strokes), np.array([[0, 0], [near, 0]])])
    text = page(tiny, Animation(pace, loop, pause, tip=True))
    elements = re.findall(r"<animate[^>]*>", text)
    assert len(elements) >= 2
    for element in elements:
        check_form(element)


@pytest.mark.parametrize("pause", [-1.0, float("nan"), float("inf")])
def test_impossible_pause_is_one_line(pause: float) -> None:
    with pytest.raises(SketchvaeError, match=r"must be from 0 to 86400 seconds, got .*; try"):
        Animation(pause=pause)


def test_no_ink_cannot_be_animated() -> None:
    with pytest.raises(SketchvaeError, match="needs a drawing with a stroke, got none"):
        page(Drawing([]), PLAIN)


def test_animated_page_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden(to_svg(PageSpec(1), [SHEEP], Animation(loop=True, tip=True)), "sheep.svg")


def test_the_golden_comparison_can_fail() -> None:
    with pytest.raises(AssertionError, match="sheep"):
        compare_golden(to_svg(PageSpec(1), [SHEEP], Animation(tip=True)), "sheep.svg")
