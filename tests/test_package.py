"""What `import sketchvae` offers, and what it costs."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import SHEEP, imported_by

import sketchvae


def test_a_file_is_read_and_written_by_the_names_of_the_package(tmp_path: Path) -> None:
    drawings = list(sketchvae.read(SHEEP))[:3]
    assert all(isinstance(drawing, sketchvae.Drawing) for drawing in drawings)
    sketchvae.write(tmp_path / "three.ndjson", drawings)
    assert list(sketchvae.read(tmp_path / "three.ndjson")) == drawings


def test_drawn_sheep_are_a_flock_and_errors_can_be_caught(tmp_path: Path) -> None:
    assert isinstance(sketchvae.load().draw(1, seed=1), sketchvae.Flock)
    with pytest.raises(sketchvae.SketchvaeError, match=r"none\.safetensors"):
        sketchvae.load(tmp_path / "none.safetensors")


def test_every_public_name_is_listed_before_it_is_loaded() -> None:
    script = "import sketchvae; print(*set(sketchvae.__all__) - set(dir(sketchvae)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b""


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sketchvae' has no attribute 'goat'"):
        sketchvae.goat  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.parametrize("module", ["sketchvae", "sketchvae.cli"])
def test_numpy_waits_until_something_is_drawn_or_read(module: str) -> None:
    assert imported_by(module, {"numpy"}) == set()
