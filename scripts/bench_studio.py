"""Put load on the studio: many clients on loopback, and what that does to it.

    scripts/bench studio              50 clients for 30 seconds
    scripts/bench studio 200 60       200 clients for 60 seconds

Each client asks for a completion, then a score, and again. Any answer but 200 and 503 (the queue is
full) is an error. Beside the time of a completion stands what the model itself takes for one, in
this process and alone; memory is that of the server, before and at the end.
"""

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
from pathlib import Path

from sketchvae.data.ndjson import read
from sketchvae.drawing import Drawing
from sketchvae.generate.artist import load

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
BEGINNINGS = [Drawing(drawing.strokes[:1]) for drawing in list(read(SHEEP))[:20]]
MIB = 2**20


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


def main(clients: int = 50, seconds: float = 30.0) -> None:
    """Start the studio, put load on it, and print what came of it.

    Args:
        clients: number of them, side by side.
        seconds: duration.
    """
    words = [sys.executable, "-m", "sketchvae", "studio", "--no-open", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        url = re.findall(r"http://\S+(?=/;)", server.stderr.readline())[0]
        for path in ("complete", "score"):  # warm
            ask(url, path, {"drawing": strokes_of(BEGINNINGS[0])})
        before, stop = resident_mib(server.pid), threading.Event()
        threads = [Client(url, number, stop) for number in range(clients)]
        for thread in threads:
            thread.start()
        half = seconds / 2
        time.sleep(half)
        middle = resident_mib(server.pid)
        time.sleep(half)
        stop.set()
        for thread in threads:
            thread.join()
        after = resident_mib(server.pid)
        server.terminate()
    statuses = sum((thread.statuses for thread in threads), Counter[int]())
    taken = [value for thread in threads for value in thread.seconds]
    errors = sum(count for status, count in statuses.items() if status not in (200, 503))
    print(
        f"{clients} clients, {seconds:g} s: {statuses[200] / seconds:.1f} answers a second, ",
        end="",
    )
    print(f"{statuses[503]} times the queue was full, {errors} errors {dict(statuses)}")
    print(f"memory {before:.0f} MiB, halfway {middle:.0f}, at the end {after:.0f}")
    if taken:
        middle_ms, late_ms = (1e3 * percentile(taken, share) for share in (0.5, 0.95))
        print(f"a completion: median {middle_ms:.0f} ms, 95% within {late_ms:.0f} ms; ", end="")
        print(f"the model alone {1e3 * own_seconds():.0f} ms")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
