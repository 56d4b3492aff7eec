"""Where Chromium is missing: CI says so, anybody else goes on without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("ci", "code", "said"), [("true", 1, "1 error"), ("", 0, "1 skipped")])
def test_missing_browser_fails_in_ci_and_skips_elsewhere(ci: str, code: int, said: str) -> None:
    test = "tests/test_player.py::test_every_control_has_a_name_for_a_screen_reader"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nowhere", "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert said in done.stdout
    assert "Chromium is not installed; scripts/system-packages gets it" in done.stdout
