"""The HTML player in headless Chromium, loaded from a file."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium
from helpers import compare_golden
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.render.page import PageSpec, Style
from sketchvae.render.player import PLAYER_STYLE, to_html
from sketchvae.render.timeline import Animation, Pace

LINES = Drawing([[[0, 0], [100, 0]], [[0, 40], [100, 40]], [[50, 80]]], word="sheep")
LONG = Animation(Pace(seconds=600))
SHORT = Animation(Pace(seconds=0.2))
Picture = NDArray[np.uint8]
Open = Callable[..., Chromium]
PAGE = PageSpec(1, style=PLAYER_STYLE)


@pytest.fixture
def player(chromium: Chromium, tmp_path: Path) -> Open:
    def opened(animation: Animation = LONG, style: Style = PLAYER_STYLE, **media: str) -> Chromium:
        text = to_html(PageSpec(1, style=style), [LINES], animation)
        (tmp_path / "player.html").write_text(text, encoding="utf-8")
        features = {name.replace("_", "-"): value for name, value in media.items()}
        chromium.open(tmp_path / "player.html", features)
        return chromium

    return opened


def drawn(page: Chromium) -> Picture:
    """Photograph the page without its controls."""
    page.settle()
    return page.picture()[:340]


def ink(page: Chromium) -> float:
    picture = drawn(page).astype(float)
    return float(np.abs(picture - picture[0, 0]).sum() / 765)


def test_plays_from_a_file_by_itself_to_the_finished_drawing(player: Open) -> None:
    page = player(SHORT)
    page.wait_for("!playing && time === duration")
    assert page.run("play.textContent") == "Play"
    finished = drawn(page)
    page.run("time = 0; show()")
    early = ink(page)
    page.run("time = duration / 2; show()")
    middle = ink(page)
    page.run("time = duration; show()")
    np.testing.assert_array_equal(drawn(page), finished)
    assert early < 0.05 * ink(page)
    assert middle == pytest.approx(ink(page) / 2, rel=0.1)


def test_time_passes_as_the_frames_say_and_the_speed(player: Open) -> None:
    page = player()
    assert page.run("setPlaying(false); before = 1000; time = 0; step(1500); time") == 0.5
    assert page.run("speed.value = '4'; step(2000); time") == 2.5
    assert page.run("svg.getCurrentTime()") == pytest.approx(2.5)
    assert page.run("slider.value") == "2.5"


def test_space_and_button_pause_and_play(player: Open) -> None:
    page = player()
    page.wait_for("playing && time > 0")
    page.press(" ", "Space", " ")
    assert page.run("[playing, play.textContent]") == [False, "Play"]
    time = page.run("time")
    page.settle()
    assert page.run("time") == time
    page.run("play.click()")
    assert page.run("[playing, play.textContent]") == [True, "Pause"]
    page.wait_for(f"time > {time}")
    page.run("play.focus()")
    page.press(" ", "Space", " ")  # the button's own key: once, not twice
    assert page.run("playing") is False


def test_click_on_the_picture_pauses_and_plays(player: Open) -> None:
    page = player()
    for playing in (False, True):
        page.run("svg.dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        assert page.run("playing") is playing


def test_background_fills_the_window_beside_the_picture(player: Open) -> None:
    page = player(SHORT, Style(background="gold"))
    page.wait_for("!playing")
    assert {tuple(pixel) for pixel in drawn(page)[:200, 0].tolist()} == {(255, 215, 0)}


def test_slider_sets_the_time_by_hand_and_by_keys(player: Open) -> None:
    page = player()
    page.run("setPlaying(false); slider.value = 300; slider.dispatchEvent(new Event('input'))")
    assert page.run("svg.getCurrentTime()") == pytest.approx(300)
    assert page.run("slider.getAttribute('aria-valuetext')") == "300.0 of 600.0 seconds"
    page.run("slider.focus()")
    page.press("Home", "Home")
    assert page.run("time") == 0
    page.press("End", "End")
    assert page.run("time") == 600
    page.press(" ", "Space", " ")
    page.wait_for("playing && time < 300")  # from the start again


def test_loops_when_asked_after_the_pause(player: Open) -> None:
    page = player(Animation(Pace(seconds=2), loop=True, pause=1.0))
    script = "setPlaying(false); before = 0; time = 0; step({}); time"
    assert page.run(script.format(2900)) == pytest.approx(2.9)
    assert page.run(script.format(3100)) == 0
    assert page.run("loop.checked = false;" + script.format(2900)) == 2


def test_less_motion_shows_the_finished_drawing_and_waits(player: Open) -> None:
    still = player(prefers_reduced_motion="reduce")
    finished = drawn(still)
    still.settle()
    assert still.run("[playing, time === duration]") == [False, True]
    np.testing.assert_array_equal(drawn(still), finished)
    assert ink(still) > 1000
    still.run("play.click()")
    still.wait_for("playing && time > 0 && time < 300")
    assert ink(still) < 200


def test_ink_is_light_on_a_dark_page_unless_a_colour_was_chosen(player: Open) -> None:
    def shades(style: Style, scheme: str) -> tuple[int, int]:
        page = player(SHORT, style, prefers_color_scheme=scheme)
        page.wait_for("!playing")
        picture = drawn(page).mean(axis=2)
        paper = int(picture[0, 0])
        farthest = picture.flat[np.abs(picture - paper).argmax()]
        return paper, int(farthest)

    assert shades(PLAYER_STYLE, "light") == (255, 0)
    paper, line = shades(PLAYER_STYLE, "dark")
    assert paper < 40
    assert line > 215
    assert shades(Style(colour="#202020"), "dark") == (255, 32)
    paper, line = shades(Style(colour="currentColor", background="white"), "dark")
    assert (paper, line) == (255, 0)


def test_every_control_has_a_name_for_a_screen_reader(player: Open) -> None:
    controls = player().controls()
    roles = {"Pause": "button", "Time": "slider", "Speed": "combobox", "Loop": "checkbox"}
    assert controls == roles


def test_page_holds_all_it_needs() -> None:
    text = to_html(PAGE, [LINES])
    namespaces = ("http://www.w3.org/", "http://www.inkscape.org/")
    for address in re.findall(r"https?://\S+", text):
        assert address.startswith(namespaces), address
    assert "$" not in text


def test_words_cannot_break_the_page() -> None:
    assert "<title>&lt;/title&gt;$loop</title>" in to_html(
        PAGE, [Drawing([[[0, 0]]], "</title>$loop")]
    )


def test_no_ink_cannot_be_played() -> None:
    with pytest.raises(SketchvaeError, match="needs a drawing with a stroke"):
        to_html(PAGE, [Drawing([])])


def test_player_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden(to_html(PAGE, [LINES]), "player.html")


def test_the_golden_comparison_can_fail() -> None:
    with pytest.raises(AssertionError, match="player"):
        compare_golden(to_html(PAGE, [LINES], LONG), "player.html")
