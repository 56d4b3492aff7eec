"""The studio in Chromium: what people do on the page, with mouse, finger, pen and keys."""

import contextlib
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import chromium as browsers
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import missing
from grbl_simulator import Simulator
from helpers import SHEEP
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect, sync_playwright

import sketchvae

DESK, PHONE = (1280, 800), (390, 844)
PATIENCE = 30_000  # ms: the machine may be busy
INK = """() => [...document.querySelectorAll("#paper path.theirs:not(.dry)")].reduce((sum, path) =>
  sum + Number(path.getAttribute("stroke-dasharray")?.split(" ")[0] ?? path.getTotalLength()), 0)"""
expect.set_options(timeout=PATIENCE)


@contextlib.contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """Start the studio with a folder for its configuration, and return its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "sketchvae", "studio", "--no-open", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "SKETCHVAE_CONFIG": str(folder)},
    ) as process:
        assert process.stdout
        try:
            yield re.findall(r"http://[^ ;]+", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("configuration")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = browsers.find()
    if program is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class Tab:
    """A tab of its own browser profile, with what it asked for and what it complained about.

    Attributes:
        page: of Playwright.
        asked: path and body of each POST.
        complaints: errors of scripts and of the Content-Security-Policy.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.asked: list[tuple[str, Any]] = []
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)

    def _note(self, request: Request) -> None:
        if request.method == "POST":
            self.asked.append((urlsplit(request.url).path, request.post_data_json))

    def go(self, fragment: str = "") -> None:
        self.page.goto(self.address + fragment)
        self.page.locator("body[data-ready]").wait_for()

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == path]

    def answer(self, path: str, act: Callable[[], object]) -> Any:  # noqa: ANN401 - JSON
        """Return the answer to the request that an action causes."""
        with self.page.expect_response(lambda r: r.url.endswith(path)) as caught:
            act()
        return caught.value.json()

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true; its CSP keeps Playwright from doing so."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, condition
            self.page.wait_for_timeout(20)

    def text(self, name: str) -> str:
        return self.page.locator(f"#{name}").inner_text()

    def line(self, *points: tuple[float, float], lift: bool = True) -> None:
        """Draw with the mouse between places of the paper, as shares of its sides."""
        box = self.page.locator("#paper").bounding_box()
        assert box
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        if lift:
            self.page.mouse.up()

    def body(self) -> None:
        """Draw the body of a sheep."""
        turn = [i / 12 * 6.2 for i in range(13)]
        self.line(*((0.45 + 0.2 * math.cos(t), 0.45 + 0.2 * math.sin(t)) for t in turn))

    def paths(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            "#paper path", "paths => paths.map(path => path.getAttribute('d'))"
        )
        return found


Opens = Callable[..., Tab]


def open_tab(
    browser: Browser,
    address: str,
    size: tuple[int, int] = DESK,
    *,
    moving: bool = False,
    dark: bool = False,
    pinned: int = 0,
    fragment: str = "",
) -> Tab:
    """Open the studio in a profile of its own, with some favourites."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="no-preference" if moving else "reduce",
        has_touch=size == PHONE,
    )
    if pinned:
        text = json.dumps(json.dumps([quickdraw(i) for i in range(pinned)]))
        name = "'sketchvae-favourites'"
        context.add_init_script(
            f"localStorage.getItem({name}) ?? localStorage.setItem({name}, {text})"
        )
    tab = Tab(context.new_page(), address)
    tab.go(fragment)
    return tab


@pytest.fixture
def opens(browser: Browser, studio: str) -> Iterator[Opens]:
    """Return a function that opens a tab; in the end none has complained."""
    tabs: list[Tab] = []

    def opens(*arguments: Any, **settings: Any) -> Tab:  # noqa: ANN401 - of open_tab
        tabs.append(open_tab(browser, studio, *arguments, **settings))
        return tabs[-1]

    yield opens
    for tab in tabs:
        tab.page.context.close()
    assert [c for tab in tabs for c in tab.complaints if "Failed to load" not in c] == []


def pixels(place: Locator) -> Image.Image:
    return Image.open(io.BytesIO(place.screenshot())).convert("RGB")


def quickdraw(index: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SHEEP.read_text().splitlines()[index])
    return {"word": found["word"], "drawing": found["drawing"]}


# --- draw together --------------------------------------------------------------------------


def test_an_ending_grows_and_the_pen_takes_over_where_it_is(opens: Opens) -> None:
    tab = opens(moving=True)
    drawing = tab.answer("/v1/complete", tab.body)["drawings"][0]
    ink = [0.0]
    while len(ink) < 5:
        tab.until(f"({INK})() > {ink[-1] + 1}")
        ink.append(tab.page.evaluate(INK))
    tab.line((0.1, 0.9), (0.2, 0.9), lift=False)
    kept = len(tab.paths())
    tab.page.mouse.up()
    expect(tab.page.locator("#paper .mine")).to_have_count(2)
    sent = tab.bodies("/v1/complete")[-1]["drawing"]
    assert sent[0] == drawing["drawing"][0] == tab.bodies("/v1/complete")[0]["drawing"][0]
    assert len(sent) == kept
    whole, part = sent[1:-2], sent[-2]
    assert whole == drawing["drawing"][1 : len(whole) + 1]
    begun = drawing["drawing"][len(whole) + 1]
    assert part[0][: len(part[0]) - 1] == pytest.approx(begun[0][: len(part[0]) - 1], abs=0.1)
    for _ in range(3):  # my second line, what the model drew, my first line
        tab.page.keyboard.press("Control+z")
    expect(tab.page.locator("#paper path")).to_have_count(0)
    expect(tab.page.locator("#undo")).to_be_disabled()
    tab.page.click("#redo")
    expect(tab.page.locator("#paper path")).to_have_count(1)


def test_four_endings_are_there_to_choose_from(opens: Opens) -> None:
    tab = opens()
    answers: list[Any] = []
    tab.page.on(
        "response",
        lambda r: answers.append(r) if r.url.endswith("/complete") else None,
    )
    before = tab.page.locator("#finish").bounding_box()
    tab.body()
    cards = tab.page.locator("#endings button.card")
    expect(cards).to_have_count(4)
    drawings = [d for answer in answers for d in answer.json()["drawings"]][:4]
    assert [body["n"] for body in tab.bodies("/v1/complete")] == [1, 3]
    assert tab.paths() == drawings[0]["paths"]
    assert len({json.dumps(d["drawing"]) for d in drawings}) == 4
    cards.nth(2).click()
    assert tab.paths() == drawings[2]["paths"]
    expect(cards.nth(2)).to_have_attribute("aria-pressed", "true")
    tab.page.click("#undo")
    assert tab.paths() == drawings[0]["paths"]
    tab.page.click("#undo")
    expect(tab.page.locator("#paper path")).to_have_count(1)
    after = tab.page.locator("#finish").bounding_box()
    assert before
    assert after
    assert before["y"] == after["y"]  # nothing jumps


def test_the_score_is_that_of_the_drawing_after_each_stroke(opens: Opens) -> None:
    tab = opens()
    score = tab.answer("/v1/score", tab.body)
    expect(tab.page.locator("#after i")).to_have_count(len(score["after"]))
    assert tab.text("percentile") == str(round(score["percentile"]))
    assert "less of a sheep" in tab.text("percentile-words")
    tab.page.click("#clear")
    expect(tab.page.locator("#after i")).to_have_count(0)


def test_an_open_line_is_gone_on_with(opens: Opens) -> None:
    tab = opens()
    tab.page.check("#open")
    tab.page.locator("#temperature").fill("0.2")
    drawing = tab.answer("/v1/complete", lambda: tab.line((0.3, 0.4), (0.5, 0.3)))["drawings"][0]
    (body, *_) = tab.bodies("/v1/complete")
    assert body["open"] is True
    assert body["temperature"] == 0.2
    slider = tab.page.locator("#temperature")
    assert slider.get_attribute("aria-valuetext") == "0.2"
    slider.fill("0")  # back at its left end
    assert slider.get_attribute("aria-valuetext") == "typical"
    mine = body["drawing"][0][0]
    assert drawing["drawing"][0][0][: len(mine)] == mine
    assert len(drawing["drawing"][0][0]) > len(mine)
    tab.page.click("#clear")
    tab.answer("/v1/complete", lambda: tab.line((0.3, 0.4), (0.5, 0.3)))
    assert tab.bodies("/v1/complete")[-1]["temperature"] is None


def test_the_keys_are_a_pen(opens: Opens) -> None:
    tab = opens()
    tab.page.uncheck("#auto")
    tab.page.focus("#paper")
    for key in ("Space", *["ArrowRight"] * 5, "Space", "ArrowUp", "Space", "ArrowUp", "Space"):
        tab.page.keyboard.press(key)
    expect(tab.page.locator("#paper .mine")).to_have_count(2)
    assert tab.bodies("/v1/complete") == []
    tab.page.keyboard.press("Control+z")
    expect(tab.page.locator("#paper .mine")).to_have_count(1)
    tab.answer("/v1/complete", lambda: tab.page.click("#finish"))
    xs, ys = tab.bodies("/v1/complete")[0]["drawing"][0]
    assert [b - a for a, b in pairwise(xs)] == pytest.approx([6] * 5)
    assert len(set(ys)) == 1


@pytest.mark.parametrize("kind", ["touch", "pen"])
def test_a_finger_and_a_pen_draw_all_that_they_report(opens: Opens, kind: str) -> None:
    tab = opens(PHONE)
    box = tab.page.locator("#paper").bounding_box()
    assert box
    places = [(box["x"] + 60 + 10 * i, box["y"] + 90 + i * i) for i in range(12)]
    devtools = tab.page.context.new_cdp_session(tab.page)

    def draw() -> None:
        for i, (x, y) in enumerate([*places, places[-1]]):
            stage = 0 if i == 0 else 2 if i == len(places) else 1
            if kind == "touch":
                name = ("touchStart", "touchMove", "touchEnd")[stage]
                points = [] if stage == 2 else [{"x": x, "y": y}]
                devtools.send("Input.dispatchTouchEvent", {"type": name, "touchPoints": points})
            else:
                name = ("mousePressed", "mouseMoved", "mouseReleased")[stage]
                event = {"type": name, "x": x, "y": y, "button": "left", "buttons": 1}
                devtools.send(
                    "Input.dispatchMouseEvent", {**event, "pointerType": "pen", "clickCount": 1}
                )

    tab.answer("/v1/complete", draw)
    xs, ys = tab.bodies("/v1/complete")[0]["drawing"][0]
    assert len(xs) == len(places)
    scale = (xs[-1] - xs[0]) / (places[-1][0] - places[0][0])
    assert [y - ys[0] for y in ys] == pytest.approx([i * i * scale for i in range(12)], abs=0.2)


def test_events_that_the_browser_put_together_are_taken_apart(opens: Opens) -> None:
    tab = opens()
    tab.line((0.3, 0.3), (0.31, 0.3), lift=False)
    tab.page.evaluate(
        """() => {
      const paper = document.querySelector("#paper"), {left, top} = paper.getBoundingClientRect();
      const at = (i) => new PointerEvent("pointermove",
        {pointerId: 1, clientX: left + 400 + 20 * i, clientY: top + 300});
      paper.dispatchEvent(new PointerEvent("pointermove",
        {pointerId: 1, coalescedEvents: [0, 1, 2, 3].map(at)}));
    }"""
    )
    tab.answer("/v1/complete", tab.page.mouse.up)
    xs, _ = tab.bodies("/v1/complete")[0]["drawing"][0]
    steps = [b - a for a, b in pairwise(xs[-4:])]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    assert steps[0] > 5


def test_what_goes_wrong_is_one_sentence_where_it_arose(opens: Opens) -> None:
    tab = opens()
    status, queue = tab.page.locator("#together-status"), [503, 422]

    def refuse(route: Route) -> None:
        code = queue.pop(0)
        body = json.dumps({"error": "the beginning must be shorter"})
        route.fulfill(status=code, body=body, headers={"Retry-After": "0.1"})

    tab.page.route("**/v1/complete", refuse)
    tab.body()
    expect(status).to_have_text("The beginning must be shorter.")
    expect(status).to_have_class(re.compile("error"))
    assert queue == []  # a full queue was waited for
    tab.page.unroute("**/v1/complete")
    tab.page.route("**/v1/complete", lambda route: route.abort())
    tab.page.click("#finish")
    expect(status).to_contain_text("does not answer")
    tab.page.unroute("**/v1/complete")
    tab.page.click("#finish")
    expect(status).to_have_text("")
    expect(tab.page.locator("#endings button.card")).to_have_count(4)
    refusal = {"status": 422, "json": {"error": "too many"}}
    tab.page.route(
        "**/v1/complete",
        lambda route: (
            route.fulfill(**refusal) if route.request.post_data_json["n"] > 1 else route.fallback()
        ),
    )
    tab.page.route("**/v1/score", lambda route: route.fulfill(**refusal))
    tab.page.click("#finish")
    expect(tab.page.locator("#endings button.card")).to_have_count(1)
    expect(status).to_have_text("Too many.")
    expect(tab.page.locator("#percentile-words")).to_have_text("Too many.")
    assert tab.text("percentile") == "–"


# --- many, and the map ----------------------------------------------------------------------


def test_a_flock_has_variations_a_reconstruction_and_a_way_between_two(opens: Opens) -> None:
    tab = opens()
    page = tab.page
    tab.answer("/v1/draw", lambda: page.click("#tab-flock"))
    cards = page.locator("#flock-cards button.card")
    expect(cards).to_have_count(12)
    drawn = tab.answer("/v1/draw", lambda: page.click("#flock-new"))["drawings"]
    cards.nth(3).click()
    tab.answer("/v1/reconstruct", lambda: page.click("#drawing-again"))
    assert tab.bodies("/v1/reconstruct") == [{"drawing": drawn[3]["drawing"]}]
    page.keyboard.press("Escape")
    cards.nth(3).click()
    tab.answer("/v1/draw", lambda: page.click("#drawing-variations"))
    assert tab.bodies("/v1/draw")[-1]["like"] == drawn[3]["drawing"]
    expect(cards).to_have_count(12)
    page.click("#flock-back")
    cards.nth(0).click()
    page.click("#drawing-morph")
    path = tab.answer("/v1/morph", cards.nth(5).click)["drawings"]
    (body,) = tab.bodies("/v1/morph")
    assert (body["first"], body["last"]) == (drawn[0]["drawing"], drawn[5]["drawing"])
    shown = page.locator("#morph-shown path")
    for step in (0, 7, len(path) - 1):
        page.locator("#morph-slider").fill(str(step))
        expect(shown).to_have_count(len(path[step]["paths"]))
        assert shown.first.get_attribute("d") == path[step]["paths"][0]
    assert f"{len(path)} of {len(path)}" in str(
        page.locator("#morph-slider").get_attribute("aria-valuetext")
    )


def test_each_drawing_of_a_flock_is_drawn_as_it_appears(opens: Opens) -> None:
    tab = opens(moving=True)
    tab.answer("/v1/draw", lambda: tab.page.click("#tab-flock"))
    growing = "document.querySelectorAll('#flock-cards path[stroke-dasharray]').length"
    tab.until(f"{growing} > 2")
    tab.until(f"{growing} + document.querySelectorAll('.dry').length === 0")


def test_favourites_survive_a_reload_and_every_tab_sees_them(opens: Opens) -> None:
    tab = opens(pinned=2)
    second = Tab(tab.page.context.new_page(), tab.address)
    second.go()
    tab.page.locator("#shelf-cards button").nth(0).click()
    tab.page.click("#drawing-pin")
    expect(second.page.locator("#shelf-cards button")).to_have_count(1)
    tab.page.click("#drawing-pin")
    expect(second.page.locator("#shelf-cards button")).to_have_count(2)
    tab.page.reload()
    expect(tab.page.locator("#shelf-cards button")).to_have_count(2)
    assert second.complaints == []


def test_the_map_asks_for_one_place_at_a_time_and_ends_at_the_last(opens: Opens) -> None:
    tab = opens()
    page = tab.page
    with page.expect_response(lambda r: r.url.endswith("/map") and r.request.method == "POST"):
        page.click("#tab-map")
    expect(page.locator("#here path").first).to_be_visible()
    held: list[Route] = []
    page.route("**/v1/map", lambda route: route.continue_() if held else held.append(route))
    box = page.locator("#atlas").bounding_box()
    assert box
    for i in range(10):
        page.mouse.move(box["x"] + 40 + 30 * i, box["y"] + box["height"] / 2)
    tab.until("document.querySelector('.cross').getAttribute('transform').includes('translate')")
    assert len(tab.bodies("/v1/map")) == 2  # the middle, and the first place
    held[0].continue_()
    tab.until("document.querySelector('#here-words').textContent.startsWith('-0.')")
    page.wait_for_timeout(50)
    asked = tab.bodies("/v1/map")
    assert len(asked) == 3  # the middle, the first place, the last place
    assert asked[-1]["x"] == pytest.approx(2 * (40 + 270) / box["width"] - 1, abs=0.01)
    page.focus("#atlas")
    tab.answer("/v1/map", lambda: page.keyboard.press("Shift+ArrowRight"))
    assert tab.bodies("/v1/map")[-1]["x"] == pytest.approx(asked[-1]["x"] + 0.1)
    page.keyboard.press("Enter")
    expect(page.locator("#drawing")).to_be_visible()


def test_a_pointer_that_is_early_does_not_keep_the_map_from_being_drawn(opens: Opens) -> None:
    tab = opens()
    held: list[Route] = []
    tab.page.route("**/v1/map", lambda route: route.continue_() if held else held.append(route))
    tab.page.click("#tab-map")
    tab.page.hover("#atlas")
    while not held:
        tab.page.wait_for_timeout(20)
    picture = {"columns": 1, "rows": 1, "drawings": [quickdraw(0)]}
    held[0].fulfill(json=picture)
    expect(tab.page.locator("#atlas > path")).to_have_count(1)
    assert tab.page.locator("#here-words").inner_text() != ""


def test_a_morph_that_is_left_for_another_view_is_no_longer_wanted(opens: Opens) -> None:
    tab = opens(pinned=1)
    favourite = tab.page.locator("#shelf-cards button")
    favourite.click()
    tab.page.click("#drawing-morph")
    expect(tab.page.locator("#flock-status")).to_contain_text("Choose the drawing")
    tab.page.click("#tab-together")
    favourite.click()
    expect(tab.page.locator("#drawing")).to_be_visible()
    assert tab.bodies("/v1/morph") == []


# --- take home ------------------------------------------------------------------------------


def test_each_format_is_taken_home_and_opened(opens: Opens, tmp_path: Path) -> None:
    tab = opens(pinned=1)
    tab.page.locator("#shelf-cards button").click()
    files = {}
    for button in tab.page.locator("#drawing-formats [data-format]").all():
        with tab.page.expect_download() as caught:
            button.click()
        name = str(button.get_attribute("data-format"))
        files[name] = tmp_path / f"{name}-{caught.value.suggested_filename}"
        caught.value.save_as(files[name])
    assert set(files) == {"svg", "animated-svg", "png", "gif", "ndjson"}
    expected = quickdraw(0)
    for name in ("svg", "animated-svg"):
        root = ElementTree.parse(files[name]).getroot()
        assert len(root.findall(".//{*}path")) == len(expected["drawing"])
        assert bool(root.findall(".//{*}animate")) is (name == "animated-svg")
    with Image.open(files["png"]) as picture, Image.open(files["gif"]) as film:
        assert picture.size[0] >= 200
        assert getattr(film, "n_frames", 1) > 5
    (drawing,) = sketchvae.read(files["ndjson"])
    assert [s.T.tolist() for s in drawing.strokes] == expected["drawing"]
    assert drawing.word == "sheep"


def test_a_link_holds_the_drawing(opens: Opens) -> None:
    tab = opens(pinned=1)
    tab.page.locator("#shelf-cards button").click()
    tab.page.click("#drawing-link")
    tab.until("location.hash.length > 20")
    link = tab.page.evaluate("location.hash")
    other = opens(fragment=link)
    expected = quickdraw(0)["drawing"]
    expect(other.page.locator("#paper path")).to_have_count(len(expected))
    (body,) = other.bodies("/v1/paths")
    (xs, _), (expected_xs, _) = body["drawings"][0][0], expected[0]
    scale = (max(xs) - min(xs)) / (max(expected_xs) - min(expected_xs))
    assert [x - xs[0] for x in xs] == pytest.approx(
        [(x - expected_xs[0]) * scale for x in expected_xs], abs=0.2
    )
    problem = other.page.locator("#problem")
    for damaged in (link[:-9], "#drawing=", "#drawing=%20?", "#drawing=q1YqLinKz04tVrIyrAUA"):
        other.page.evaluate("hash => { location.hash = hash; }", damaged)
        expect(problem).to_contain_text("holds no whole drawing")
        other.page.evaluate("hash => { location.hash = hash; }", link)
        expect(problem).to_be_hidden()
    damaged_at_first = opens(fragment=link[:-9])
    expect(damaged_at_first.page.locator("#problem")).to_contain_text("holds no whole drawing")


def test_favourites_are_laid_out_in_millimetres(opens: Opens, tmp_path: Path) -> None:
    tab = opens(pinned=3)
    page = tab.page
    first = tab.answer("/v1/page", lambda: page.click("#tab-page"))
    facts = page.locator("#facts dd")
    expect(facts.nth(2)).to_have_text(str(first["lifts"]))
    expect(page.locator("#preview svg")).to_have_attribute("viewBox", "0 0 210 297")
    page.click("#pen-more")
    page.select_option("[name=layout]", "packed")
    tab.answer("/v1/page", lambda: page.select_option("#size", "148x210"))
    expect(page.locator("#preview svg")).to_have_attribute("viewBox", "0 0 148 210")
    page.click("#turn")
    expect(page.locator("#preview svg")).to_have_attribute("viewBox", "0 0 210 148")
    body = tab.bodies("/v1/page")[-1]["page"]
    assert (body["width"], body["height"], body["layout"], len(body["pens"])) == (
        210, 148, "packed", 2,
    )  # fmt: skip
    expect(facts.nth(4)).to_contain_text("after")
    preview = page.locator("#preview svg")
    with_travel = pixels(preview)
    page.uncheck("#show-travel")
    differences = ImageChops.difference(with_travel, pixels(preview)).convert("L")
    clear = sum(differences.histogram()[60:])
    assert clear > 300  # pixels of the lines from drawing to drawing
    for name, begins in (("svg", "<svg"), ("gcode", "(")):
        with page.expect_download() as caught:
            page.click(f"#page-formats [data-format={name}]")
        caught.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_text().startswith(begins)
    root = ElementTree.parse(tmp_path / "svg").getroot()
    assert root.get("width") == "210mm"
    page.click("#page-formats [data-format=hpgl]")
    status = page.locator("#order-status")
    expect(status).to_contain_text("takes a4, a3, letter, got a page of 'a5'")
    page.fill("[name=margin]", "90")
    expect(page.locator("#page-status")).to_contain_text("less than half of its shorter side")
    page.reload()
    expect(page.locator("[name=margin]")).to_have_value("90")


# --- all views ------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "dark"), [(DESK, False), (PHONE, True)])
def test_no_view_has_a_serious_fault_for_people_who_do_not_see_it(
    opens: Opens, size: tuple[int, int], dark: bool
) -> None:
    tab = opens(size, dark=dark, pinned=3)
    page, axe = tab.page, Axe()

    def check() -> None:
        found = axe.run(page).response["violations"]
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0

    tab.body()
    expect(page.locator("#endings button.card")).to_have_count(4)
    check()
    for name, ready in (
        ("flock", "#flock-cards button.card"),
        ("map", "#here path"),
        ("page", "#preview svg"),
    ):
        page.focus("[role=tab][aria-selected=true]")
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#{name}")).to_be_visible()
        expect(page.locator(ready).first).to_be_visible()
        check()
    page.locator("#shelf-cards button").first.click()
    check()


def test_another_model_brings_its_word_and_what_it_can(opens: Opens) -> None:
    tab = opens()
    told = tab.page.evaluate("fetch('/v1/model').then(answer => answer.json())")
    model = {**told, "word": "owl", "score": False, "map": False}
    tab.page.route("**/v1/model", lambda route: route.fulfill(json=model))
    tab.go()
    assert tab.page.title().startswith("Draw an owl together")
    assert "an owl" in tab.text("invitation")
    expect(tab.page.locator("#tab-map")).to_be_hidden()
    expect(tab.page.locator("#score")).to_be_hidden()
    assert "sheep" not in tab.page.locator("body").inner_text().lower()


def test_tabs_in_the_background_leave_the_connections_to_the_one_that_is_seen(
    browser: Browser, tmp_path: Path
) -> None:
    with served(tmp_path, "--device", "/dev/nothing") as address:
        context = browser.new_context(reduced_motion="reduce")
        context.add_init_script(
            "Object.defineProperty(document, 'hidden', {get: () => name !== 'seen'})"
        )
        tabs = [Tab(context.new_page(), address) for _ in range(7)]  # a browser has six
        for tab in tabs:
            tab.go()
            assert tab.text("job-state") == ""
        page = tabs[-1].page
        page.evaluate("name = 'seen'; document.dispatchEvent(new Event('visibilitychange'))")
        page.click("#tab-page")
        expect(page.locator("#job-state")).to_have_text("Nothing is being plotted.")
        context.close()


# --- the plotter ----------------------------------------------------------------------------


def test_a_page_is_plotted_with_a_pause_a_second_tab_a_reload_and_a_stop(
    browser: Browser, tmp_path: Path
) -> None:
    with Simulator(speed=2.0) as sim, served(tmp_path, "--device", sim.port) as address:
        tab = open_tab(browser, address, pinned=2)
        page = tab.page
        state, words = page.locator("#job-state"), page.locator("#job-words")
        tab.answer("/v1/page", lambda: page.click("#tab-page"))
        page.select_option("#size", "148x210")
        expect(page.locator("#preview svg")).to_have_attribute("viewBox", "0 0 148 210")
        job = tab.answer("/v1/job", lambda: page.click("#plot"))
        expect(words).to_contain_text("Drawing 1 of 2")
        page.click("#job-pause")
        expect(state).to_contain_text("pen is up")
        assert not sim.is_down

        second = Tab(page.context.new_page(), address)
        second.go()
        second.page.click("#tab-page")
        expect(second.page.locator("#job-state")).to_have_text(state.inner_text())
        expect(second.page.locator("#plot")).to_be_disabled()
        body = tab.bodies("/v1/job")[0]
        ask = """([body, sends]) => {
          const token = document.querySelector("meta[name=studio-token]").content;
          const headers = sends ? {"X-Studio-Token": token} : {};
          return fetch("/v1/job", {method: "POST", body: JSON.stringify(body), headers})
            .then((answer) => answer.status);
        }"""
        assert second.page.evaluate(ask, [body, True]) == 409
        assert second.page.evaluate(ask, [body, False]) == 403

        page.reload()
        page.click("#tab-page")
        pale = page.locator("#preview .pale")
        expect(pale.first).to_be_visible()
        left = pale.count()
        assert 0 < left <= len(re.findall("<path", job["svg"]))
        second.page.click("#job-resume")
        expect(pale).not_to_have_count(left)
        page.click("#job-stop")
        expect(page.locator("#job-stop")).to_be_disabled()
        expect(state).to_contain_text("pen is up")
        assert not sim.is_down
        drawn = sim.drawn
        assert 0 < drawn < job["of_mm"]

        sim.speed = 50.0
        page.click("#job-resume")
        expect(state).to_contain_text("strokes drawn, in")
        assert sim.drawn == pytest.approx(job["of_mm"], rel=0.02)
        assert (sim.dropped, sim.is_down) == (0, False)
        expect(page.locator("#plot")).to_be_enabled()
        assert [c for c in tab.complaints + second.complaints if "Failed to load" not in c] == []
        page.context.close()
