"""Fetching through the real `quickdraw` package, from a server on this machine."""

import http.server
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sketchvae.data import binary, quickdraw
from sketchvae.errors import SketchvaeError

package = pytest.importorskip("quickdraw.data")

RECORD = struct.pack("<Q2sbIHH", 7, b"DE", 1, 99, 1, 2) + bytes([0, 255, 3, 4])
GOOD = RECORD * 50
NOT_FOUND = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"


class Server(http.server.ThreadingHTTPServer):
    """Answers every request in the same way, and remembers what was asked for."""

    status = 200
    body = GOOD
    length: int | None = None  # what Content-Length claims; None leaves it out
    asked: list[str]

    def handle_error(self, *_: object) -> None:
        """Stay silent when a client hangs up."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        if self.server.length is not None:
            self.send_header("Content-Length", str(self.server.length))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as served:
        served.asked = []
        monkeypatch.setattr(package, "BINARY_URL", f"http://127.0.0.1:{served.server_port}/binary/")
        monkeypatch.setattr(quickdraw, "MIN_DRAWINGS", 50)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def refusal(word: str, folder: Path) -> str:
    with pytest.raises(SketchvaeError) as caught:
        quickdraw.fetch(word, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_category_is_downloaded_once(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "cache"
    for is_first in (True, False):
        path, fetched = quickdraw.fetch("sheep", folder)
        assert fetched is is_first
        assert path == folder / "sheep.bin"
        assert path.read_bytes() == GOOD
    assert server.asked == ["/binary/sheep.bin"]
    assert list(folder.iterdir()) == [path]
    assert capfd.readouterr() == ("", "")


def test_category_of_two_words_is_downloaded(tmp_path: Path, server: Server) -> None:
    path, _ = quickdraw.fetch("hot air balloon", tmp_path)
    assert path == tmp_path / "hot air balloon.bin"
    assert server.asked == ["/binary/hot%20air%20balloon.bin"]


def test_error_page_is_not_kept(tmp_path: Path, server: Server) -> None:
    server.status, server.body, server.length = 404, NOT_FOUND, len(NOT_FOUND)
    message = refusal("sheep", tmp_path)
    assert message.startswith("sheep: cannot be fetched from http://127.0.0.1:")
    assert message.endswith(f"/binary/sheep.bin as {tmp_path / 'sheep.bin'}")
    assert not list(tmp_path.iterdir())
    server.status, server.body, server.length = 200, GOOD, len(GOOD)
    path, fetched = quickdraw.fetch("sheep", tmp_path)
    assert path.read_bytes() == GOOD
    assert fetched


@pytest.mark.parametrize(
    ("body", "length", "claim"),
    [
        (GOOD[:-3], None, "drawing 49 (at byte 1127): is cut short"),
        (GOOD[:-3], len(GOOD), "sheep: cannot be fetched from"),
        (RECORD * 49, None, "must have at least 50 drawings, got 49"),
        (b"", None, "holds no drawing"),
        (bytes(17 * 100), None, "must have a stroke"),
        (b"<!DOCTYPE html><html>log in first</html>", None, "recognised must be 0 or 1"),
    ],
    ids=["cut", "cut and noticed", "cut between drawings", "nothing", "zeros", "a page with 200"],
)
def test_damaged_download_is_not_kept(
    tmp_path: Path, server: Server, body: bytes, length: int | None, claim: str
) -> None:
    server.body, server.length = body, length
    assert claim in refusal("sheep", tmp_path)
    assert not list(tmp_path.iterdir())


def test_damaged_file_is_replaced(tmp_path: Path, server: Server) -> None:
    (tmp_path / "sheep.bin").write_bytes(NOT_FOUND)
    path, fetched = quickdraw.fetch("sheep", tmp_path)
    assert path.read_bytes() == GOOD
    assert fetched
    assert len(server.asked) == 1


def test_damaged_file_stays_when_nothing_better_comes(tmp_path: Path, server: Server) -> None:
    (tmp_path / "sheep.bin").write_bytes(GOOD[:-1])
    server.status, server.body = 500, b""
    refusal("sheep", tmp_path)
    assert (tmp_path / "sheep.bin").read_bytes() == GOOD[:-1]


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(package, "BINARY_URL", "http://127.0.0.1:9/")
    assert "check the connection and try again, or save" in refusal("sheep", tmp_path)


def test_whole_categories_are_expected(tmp_path: Path, server: Server) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quickdraw, "MIN_DRAWINGS", 75_000)
        assert "must have at least 75000 drawings, got 50" in refusal("sheep", tmp_path)
        server.body = RECORD * 75_000
        path, _ = quickdraw.fetch("sheep", tmp_path)
    with path.open("rb") as stream:
        assert binary.count(stream, "x") == 75_000


@pytest.mark.parametrize(
    ("word", "near"),
    [("Sheep", "did you mean sheep"), ("shep", "sheep"), ("eiffel tower", "The Eiffel Tower")],
)
def test_unknown_category_suggests_near_ones(
    tmp_path: Path, server: Server, word: str, near: str
) -> None:
    assert near in refusal(word, tmp_path)
    assert not server.asked


@pytest.mark.parametrize("word", ["", "qqqqqq", "../sheep", "a/b", "\0", "x" * 9999])
def test_what_cannot_be_a_category_is_refused(tmp_path: Path, server: Server, word: str) -> None:
    (tmp_path / "sheep.bin").write_bytes(GOOD)
    (tmp_path / "cache").mkdir()
    message = refusal(word, tmp_path / "cache")
    assert "must have the category" in message
    assert len(message) < 400
    assert not server.asked


def test_file_that_is_there_needs_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "quickdraw.data", None)
    (tmp_path / "sheep.bin").write_bytes(RECORD)
    assert quickdraw.fetch("sheep", tmp_path) == (tmp_path / "sheep.bin", False)
    with pytest.raises(SketchvaeError, match=r"pip install 'sketchvae\[train\]'"):
        quickdraw.fetch("cat", tmp_path)


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in refusal("sheep", tmp_path / "file" / "cache")


def test_importing_the_module_imports_no_package() -> None:
    code = "import sys, sketchvae.data.quickdraw; sys.exit('quickdraw' in sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
