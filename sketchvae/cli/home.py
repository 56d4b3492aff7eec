"""Where files for the user's other programs go: folders under the home directory."""

import os
from pathlib import Path

from sketchvae.files import make_folder, replacing


def config_home() -> Path:
    """Return the folder of settings: XDG_CONFIG_HOME, or ~/.config."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def data_home() -> Path:
    """Return the folder of data: XDG_DATA_HOME, or ~/.local/share."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def write_home(path: Path, text: str) -> None:
    """Write a file, and its folder if there is none.

    Args:
        path: of the file, which is replaced.
        text: its content.

    Raises:
        SketchvaeError: if it cannot be written.
    """
    make_folder(path.parent, "set HOME to a folder that can be written")
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
