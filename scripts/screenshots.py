"""Take the pictures of the studio that the documentation shows, in Chromium.

    scripts/screenshots

The studio draws with random seeds, so that each run shows other sheep.
"""

import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PINNED = 8


def main() -> None:
    command = [sys.executable, "-m", "sketchvae", "studio", "--no-open", "--port", "0"]
    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as studio,
        sync_playwright() as playwright,
    ):
        assert studio.stdout
        (address,) = re.findall(r"http://[^ ;]+", studio.stdout.readline())
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1120, "height": 700})
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
        with page.expect_response("**/v1/page"):
            page.click("#turn")
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURES / "studio-page.png")
        browser.close()
        studio.terminate()


def together(page: Page) -> None:
    """Draw a body, and wait until the first of four endings is drawn."""
    box = page.locator("#paper").bounding_box()
    assert box
    page.locator("#temperature").fill("0.3")
    middle, radius = (box["x"] + 0.5 * box["width"], box["y"] + 0.45 * box["height"]), 110
    for i in range(61):
        turn, bump = i / 60 * 2 * math.pi, 1 + 0.06 * abs(math.sin(4.5 * i / 60 * 2 * math.pi))
        x = middle[0] + 1.4 * radius * bump * math.cos(turn)
        page.mouse.move(x, middle[1] + radius * bump * math.sin(turn))
        if i == 0:
            page.mouse.down()
    page.mouse.up()
    page.locator("#endings button.card").nth(3).wait_for()
    page.locator("#endings button.card").nth(1).click()
    while page.locator("#paper .dry, #paper [stroke-dasharray]").count():
        page.wait_for_timeout(100)
    page.wait_for_timeout(1000)


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
