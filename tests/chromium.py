"""Headless Chromium for the tests, driven over a pipe: the DevTools protocol, in one class.

https://chromedevtools.github.io/devtools-protocol/; messages are JSON, each ended by a NUL.
"""

import base64
import fcntl
import io
import json
import os
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--hide-scrollbars --force-device-scale-factor=1 --remote-debugging-pipe"
)
NONE: Mapping[str, str] = MappingProxyType({})
PATIENCE = 120  # seconds for one answer: the machine may be busy


def find() -> str | None:
    """Return the path of the browser, None where it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Chromium:
    """A browser with one page at a time."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        # Chromium reads from 3 and writes to 4; above 9 nothing is in their way.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]
        command = (
            f"exec {shlex.quote(program)} {OPTIONS} --user-data-dir={shlex.quote(str(profile))}"
        )
        self._process = subprocess.Popen(
            ["bash", "-c", f"{command} about:blank 3<&{ends[0]} 4>&{ends[1]}"],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (theirs_in, theirs_out, *ends):
            os.close(end)
        self._in, self._out = ours_in, ours_out
        self._buffer, self._last, self._session = b"", 0, ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Page.enable")

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        self._send("Browser.close", {})
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def open(
        self, path: Path, media: Mapping[str, str] = NONE, width: int = 400, height: int = 400
    ) -> None:
        """Load a file, with media features such as {"prefers-color-scheme": "dark"}."""
        features = [{"name": name, "value": value} for name, value in media.items()]
        self._call("Emulation.setEmulatedMedia", features=features)
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._call("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:  # noqa: ANN401
        """Evaluate JavaScript; a promise is waited for."""
        answer = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            assert time.monotonic() < end, f"{condition} did not come true"
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait until what was set is painted: what ends with a frame shows in the next."""
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def press(self, key: str, code: str, text: str = "") -> None:
        """Press and release a key, as a person does."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=code, **typed)

    def move(self, x: float, y: float) -> None:
        """Move the pointer to a place on the page, in its pixels."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()

    def controls(self) -> dict[str, str]:
        """List what a screen reader finds to operate: its name to its role."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        pairs = [(n["name"]["value"], n["role"]["value"]) for n in nodes if n.get("name")]
        roles = {"button", "slider", "combobox", "checkbox"}
        return {name: role for name, role in pairs if role in roles}

    def picture(self) -> NDArray[np.uint8]:
        """Photograph the page: (height, width, 3)."""
        png = base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))

    # --- the protocol -------------------------------------------------------------

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        number = self._send(method, parameters)
        while True:
            message = self._receive(method)
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _send(self, method: str, parameters: dict[str, object]) -> int:
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        return self._last

    def _receive(self, method: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            assert ready, f"Chromium did not answer {method}"
            content = os.read(self._in, 1 << 20)
            assert content, f"Chromium ended at {method}"
            self._buffer += content
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message
