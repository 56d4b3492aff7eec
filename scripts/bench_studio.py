"""Measure the studio: its start, the time until an ending begins, and what it does under load.

    scripts/bench studio              50 clients for 30 seconds
    scripts/bench studio 200 60       200 clients for 60 seconds

The start is the time from the command to the first page, beside that of importing the libraries.
An ending begins when its first ink is seen in Chromium, counted from where the pen is lifted;
beside it stands what the model itself takes for a completion, in this process and alone.
Under load each client asks for a completion, then a score, and again. Any answer but 200 and 503
(the queue is full) is an error. Memory is that of the server, before and at the end.
"""

import contextlib
import json
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from screenshots import draw_body, find_chromium

from sketchvae.data.ndjson import read
from sketchvae.drawing import Drawing
from sketchvae.generate.artist import load

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
BEGINNINGS = [Drawing(drawing.strokes[:1]) for drawing in list(read(SHEEP))[:20]]
MIB = 2**20
STARTS, LIFTS = 5, 12  # repetitions
LIBRARIES = "import numpy, pydantic, starlette.applications, uvicorn"
# When the pen is lifted, and how many ms later the first ink of an ending is there.
WATCH = """
  let lifted = 0;
  window.waits = [];
  addEventListener("pointerup", () => { lifted = performance.now(); }, true);
  addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    if (!lifted || !document.querySelector("#paper path.theirs:not(.dry)")) return;
    window.waits.push(performance.now() - lifted);
    lifted = 0;
  }).observe(document.querySelector("#paper"), {subtree: true, childList: true, attributes: true}));
"""


def strokes_of(drawing: Drawing) -> list[list[list[float]]]:
    """Return the strokes as a request holds them."""
    return [stroke.T.tolist() for stroke in drawing.strokes]


def ask(url: str, path: str, body: object) -> tuple[int, float]:
    """Send a request; return the status, 0 for no answer, and the seconds that it took."""
    start, content = time.perf_counter(), json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"{url}/v1/{path}", content, timeout=60) as response:
            response.read()
            status = int(response.status)
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    except OSError:
        status = 0
    return status, time.perf_counter() - start


class Client(threading.Thread):
    """Asks until it is told to stop.

    Attributes:
        statuses: number of answers of each status.
        seconds: of each completion that was answered.
    """

    def __init__(self, url: str, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.url, self.number, self.stop = url, number, stop
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Ask, and wait for a tenth of a second where the queue was full."""
        turn = self.number
        while not self.stop.is_set():
            drawing = strokes_of(BEGINNINGS[turn % len(BEGINNINGS)])
            turn += 1
            for path, body in (
                ("complete", {"drawing": drawing, "seed": turn}),
                ("score", {"drawing": drawing}),
            ):
                status, seconds = ask(self.url, path, body)
                self.statuses[status] += 1
                if path == "complete" and status == 200:
                    self.seconds.append(seconds)
                if status != 200:
                    time.sleep(0.1)


def resident_mib(process: int) -> float:
    """Return the memory that a process holds, in MiB; Linux alone."""
    text = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", text)[0]) * 1024 / MIB


def own_seconds() -> float:
    """Return the median of what the model takes for a completion here, alone."""
    artist, seconds = load(), []
    for turn, beginning in enumerate(BEGINNINGS):
        start = time.perf_counter()
        artist.complete(beginning, seed=turn)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of the values do not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


@contextlib.contextmanager
def studio() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the studio; give its process and its address."""
    words = [sys.executable, "-m", "sketchvae", "studio", "--no-open", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        yield server, re.findall(r"http://\S+(?=/;)", server.stderr.readline())[0]
        server.terminate()


def start_seconds() -> float:
    """Return the time from the command to the first page."""
    start = time.perf_counter()
    with studio() as (_, url):
        urllib.request.urlopen(url, timeout=60).read()
        return time.perf_counter() - start


def import_seconds() -> float:
    """Return the time to import the libraries, in a process of its own."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)
    return time.perf_counter() - start


def waits_for_ink(page: Page, url: str) -> list[float]:
    """Return ms from lifting the pen to the first ink of the ending, for each of some bodies."""
    page.add_init_script(WATCH)
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    for turn in range(LIFTS):
        draw_body(page, bumps=5 + turn)
        page.locator("#endings button.card").nth(3).wait_for()
        page.click("#clear")
    waits: list[float] = page.evaluate("window.waits")
    return waits


def main(clients: int = 50, seconds: float = 30.0) -> None:
    """Measure, and print.

    Args:
        clients: number of them, side by side.
        seconds: duration of the load.
    """
    starts, imports = zip(
        *((start_seconds(), import_seconds()) for _ in range(STARTS)), strict=True
    )
    print(f"start: median {statistics.median(starts):.2f} s, ", end="")
    print(f"to import the libraries {statistics.median(imports):.2f} s")
    own_ms = 1e3 * own_seconds()
    with studio() as (server, url):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox"]
            )
            waits = waits_for_ink(browser.new_page(), url)
            browser.close()
        print(f"from lifting the pen to ink: median {statistics.median(waits):.0f} ms, ", end="")
        print(f"longest of {len(waits)} {max(waits):.0f} ms; the model alone {own_ms:.0f} ms")
        load_test(server.pid, url, clients, seconds, own_ms)


def load_test(process: int, url: str, clients: int, seconds: float, own_ms: float) -> None:
    """Put load on a studio, and print what came of it."""
    for path in ("complete", "score"):  # warm
        ask(url, path, {"drawing": strokes_of(BEGINNINGS[0])})
    before, stop = resident_mib(process), threading.Event()
    threads = [Client(url, number, stop) for number in range(clients)]
    for thread in threads:
        thread.start()
    half = seconds / 2
    time.sleep(half)
    middle = resident_mib(process)
    time.sleep(half)
    stop.set()
    for thread in threads:
        thread.join()
    after = resident_mib(process)
    statuses = sum((thread.statuses for thread in threads), Counter[int]())
    taken = [value for thread in threads for value in thread.seconds]
    errors = sum(count for status, count in statuses.items() if status not in (200, 503))
    print(
        f"{clients} clients, {seconds:g} s: {sum(statuses.values())} requests, {statuses[200]} "
        f"answers, {statuses[503]} times the queue was full, {errors} errors {dict(statuses)}"
    )
    print(f"memory {before:.0f} MiB, halfway {middle:.0f}, at the end {after:.0f}")
    if taken:
        middle_ms, late_ms = (1e3 * percentile(taken, share) for share in (0.5, 0.95))
        print(f"a completion: median {middle_ms:.0f} ms, 95% within {late_ms:.0f} ms; ", end="")
        print(f"the model alone {own_ms:.0f} ms")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
