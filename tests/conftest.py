"""What several tests share: a browser, ffmpeg, hp2xx, and golden files."""

import os

# Before NumPy and torch are loaded, and for the commands that tests start: beside another busy
# process a product on two threads takes thirty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import chromium as browsers
import pytest
from helpers import compare_golden, ending_model, twelve

from sketchvae.data import formats
from sketchvae.model.weights import save


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the machines of whoever runs them."""
    monkeypatch.setenv("SKETCHVAE_CONFIG", str(tmp_path / "configuration"))


@pytest.fixture
def folder_of_twelve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder, the current one, with a model (tiny.safetensors) and x.ndjson."""
    monkeypatch.chdir(tmp_path)
    save(ending_model(), Path("tiny.safetensors"))
    formats.write("x.ndjson", twelve())
    return tmp_path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsers.Chromium]:
    """Start Chromium, once."""
    program = browsers.find()
    if program is None:
        missing("Chromium")
    browser = browsers.Chromium(program, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def ffmpeg() -> None:
    """Go on only where ffmpeg is installed."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        missing("ffmpeg")


@pytest.fixture
def hp2xx() -> None:
    """Go on only where hp2xx is installed."""
    if shutil.which("hp2xx") is None:
        missing("hp2xx")


def missing(program: str) -> NoReturn:
    """Fail where CI is set, and skip elsewhere."""
    reason = f"{program} is not installed; scripts/system-packages gets it on Debian, as root"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return `compare_golden`, which writes with `scripts/test --update-golden`."""
    update = bool(request.config.getoption("--update-golden"))
    return lambda text, name: compare_golden(text, name, update)
