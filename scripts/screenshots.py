"""Take the pictures of the studio that the documentation shows, in Chromium.

    scripts/screenshots

The page sends each request with the next of fixed seeds, so that every run shows the same sheep.
"""

import json
import math
import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PINNED = 8
SEED = 5  # of the first request; chosen


def main() -> None:
    command = [sys.executable, "-m", "sketchvae", "studio", "--no-open", "--port", "0"]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as studio,
        sync_playwright() as playwright,
    ):
        assert studio.stdout
        (address,) = re.findall(r"http://[^ ;]+", studio.stdout.readline())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1120, "height": 700})
        seed_requests(page)
        page.goto(address)
        page.locator("body[data-ready]").wait_for()
        together(page)
        page.screenshot(path=PICTURES / "studio-together.png")
        page.emulate_media(reduced_motion="reduce")
        pin_a_flock(page)
        page.click("#tab-map")
        page.locator("#here path").first.wait_for()
        page.screenshot(path=PICTURES / "studio-map.png")
        page.click("#tab-page")
        page.select_option("[name=layout]", "packed")
        for _ in range(2):
            page.click("#pen-more")
        page.click("#turn")
        page.locator("#preview svg[viewBox='0 0 297 210']").wait_for()
        page.screenshot(path=PICTURES / "studio-page.png")
        browser.close()
        studio.terminate()


def find_chromium() -> str:
    """Return the path of Chromium."""
    return next(filter(None, map(shutil.which, PROGRAMS)))


def seed_requests(page: Page) -> None:
    """Give each request for drawings the next seed."""
    seeds = count(SEED)

    def seed(route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}")
        route.continue_(post_data={**asked, "seed": next(seeds)})

    for path in ("draw", "complete"):
        page.route(f"**/v1/{path}", seed)


def together(page: Page) -> None:
    """Draw a body, and wait until the second of four endings is drawn."""
    draw_body(page)
    page.locator("#endings button.card").nth(3).wait_for()
    page.locator("#endings button.card").nth(1).click()
    while page.locator("#paper .dry, #paper [stroke-dasharray]").count():
        page.wait_for_timeout(100)
    page.wait_for_timeout(1000)


def draw_body(page: Page, bumps: int = 9) -> None:
    """Draw a body like a cloud with the mouse."""
    box = page.locator("#paper").bounding_box()
    assert box
    middle, radius = (box["x"] + 0.5 * box["width"], box["y"] + 0.45 * box["height"]), 110
    for i in range(61):
        turn = i / 60 * 2 * math.pi
        bump = 1 + 0.06 * abs(math.sin(bumps * turn / 2))
        x = middle[0] + 1.4 * radius * bump * math.cos(turn)
        page.mouse.move(x, middle[1] + radius * bump * math.sin(turn))
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def pin_a_flock(page: Page) -> None:
    """Pin the first drawings of a new flock."""
    page.click("#tab-flock")
    page.locator("#flock-cards button").first.wait_for()
    for i in range(PINNED):
        page.locator("#flock-cards button").nth(i).click()
        page.click("#drawing-pin")
        page.click("#drawing-close")


if __name__ == "__main__":
    main()
