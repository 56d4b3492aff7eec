"""`sketchvae studio` as a process: it starts, answers, and ends."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from gcode_samples import length, strokes
from grbl_simulator import Simulator
from helpers import sketchvae


@contextlib.contextmanager
def studio(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the studio; give its process and its address."""
    words = [sys.executable, "-m", "sketchvae", "studio", "--no-open", *arguments]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        line = process.stderr.readline()
        found = re.fullmatch(r"the studio is at (http://\S+)/; Ctrl-C ends it\n", line)
        assert found is not None, line + process.stderr.read()
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def ask(url: str, body: object = None, token: str = "") -> str:
    """Return the answer to a request."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"X-Studio-Token": token})
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(response.read().decode())


def end(process: subprocess.Popen[str], number: int) -> str:
    """Send a signal; return what the process writes before it ends."""
    process.send_signal(number)
    assert process.stderr
    written = process.stderr.read()
    process.wait(60)
    return written


def test_it_answers_until_ctrl_c_which_leaves_no_traceback() -> None:
    with studio("--port", "0") as (process, url):
        assert json.loads(ask(f"{url}/healthz")) == {"status": "ok"}
        assert json.loads(ask(f"{url}/v1/draw", {"seed": 7}))["seed"] == 7
        events = urllib.request.urlopen(f"{url}/v1/job/events", timeout=60)  # a tab that stays
        assert end(process, signal.SIGINT) == ""
        assert process.returncode == 0
        assert events.read() == b""


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = sketchvae("studio", "--no-open", "--port", str(port), fails=1)
    assert f"127.0.0.1, port {port}: the studio cannot listen there" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--machine", "axidraw", "--device", "x"], "axidraw draws SVG"),
        (["--machine", "nothing"], "got 'nothing'"),
        (["--host", "no.such.host.invalid"], "the studio cannot listen there"),
        (["--model", "missing.safetensors"], "missing.safetensors"),
    ],
)
def test_what_cannot_be_started_is_one_line(arguments: list[str], says: str) -> None:
    message = sketchvae("studio", "--no-open", "--port", "0", *arguments, fails=1)
    assert says in message
    assert message.count("\n") == 1


def test_a_plot_outlives_its_tab_and_a_crash_of_the_studio() -> None:
    drawing = [list(map(list, zip(*line, strict=True))) for line in strokes()]
    body = {"drawings": [drawing], "page": {"width": 80, "height": 70, "smooth": False}}
    with Simulator() as machine:
        arguments = ("--port", "0", "--device", machine.port)
        with studio(*arguments) as (process, url):
            token = re.findall(r'name="studio-token" content="([^"]+)"', ask(f"{url}/"))[0]
            machine.ink_hooks = [(150.0, process.kill)]
            ask(f"{url}/v1/job", body, token)
            process.wait(60)
        machine.wait_until_idle()
        with studio(*arguments) as (process, url):
            job = json.loads(ask(f"{url}/v1/job"))
            assert job["state"] == "stopped"
            assert 0 < job["ink_mm"] < job["of_mm"]
            token = re.findall(r'name="studio-token" content="([^"]+)"', ask(f"{url}/"))[0]
            ask(f"{url}/v1/job/resume", {}, token)
            while (job := json.loads(ask(f"{url}/v1/job")))["state"] == "streaming":
                time.sleep(0.02)
            assert job["state"] == "done", job
            end(process, signal.SIGTERM)
        machine.wait_until_idle()
        assert machine.drawn == pytest.approx(job["of_mm"], abs=0.5)
        assert not machine.is_down


def test_ctrl_c_stops_a_plot_with_the_pen_up() -> None:
    drawing = [list(map(list, zip(*line, strict=True))) for line in strokes()]
    with Simulator(speed=5, settings={131: 300}) as machine:
        with studio("--port", "0", "--device", machine.port) as (process, url):
            token = re.findall(r'name="studio-token" content="([^"]+)"', ask(f"{url}/"))[0]
            machine.ink_hooks = [(40.0, lambda: process.send_signal(signal.SIGINT))]
            ask(f"{url}/v1/job", {"drawings": [drawing], "page": {"width": 99}}, token)
            assert process.wait(60) == 0
        machine.wait_until_idle()
        assert 40 <= machine.drawn < length(strokes()) * 5
        assert not machine.is_down
