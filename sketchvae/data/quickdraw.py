"""Download a category of Quick, Draw! with the `quickdraw` package.

The package knows the categories and their addresses, but it does not check its downloads: it keeps
an error page or half a file as the category and never downloads it again. So this module gives it
an empty folder, checks the whole file, and moves only a complete one to its destination.
"""

import difflib
import importlib
import tempfile
import warnings
from pathlib import Path
from typing import Any

from sketchvae.data import binary
from sketchvae.errors import MissingExtra, SketchvaeError, install_command
from sketchvae.files import replacing

MIN_DRAWINGS = 75_000  # of a complete category: sketch-rnn's files hold this number of each


def fetch(word: str, folder: Path) -> tuple[Path, bool]:
    """Download a category, about 20 MB, unless its file is already there and complete.

    The download has no time limit; Ctrl-C stops it.

    Args:
        word: name of the category, as "sheep".
        folder: folder of the file `<word>.bin`.

    Returns:
        The file, and whether it was downloaded now.

    Raises:
        MissingExtra: if the `quickdraw` package is not installed.
        SketchvaeError: if there is no such category, the download fails, or the downloaded file is
            not the complete category.
    """
    path = folder / f"{word}.bin"
    if Path(word).name == word and _is_good(path):
        return path, False
    package = _package()
    if word not in package.QUICK_DRAWING_FILES:
        raise SketchvaeError(_unknown(word, list(package.QUICK_DRAWING_FILES)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as temporary:
            _download(package, word, Path(temporary), path)
    except OSError as error:
        raise SketchvaeError(
            f"{folder}: cannot be written ({error.strerror or error}); "
            "choose another folder with -o"
        ) from error
    return path, True


def _is_good(path: Path) -> bool:
    """Whether the file is a valid `.bin` to its end; its number of drawings does not matter."""
    try:
        with path.open("rb") as stream:
            return binary.count(stream, str(path)) > 0
    except (OSError, ValueError, SketchvaeError):
        return False


def _download(package: Any, word: str, temporary: Path, path: Path) -> None:  # noqa: ANN401
    name = package.QUICK_DRAWING_FILES[word]
    url = package.BINARY_URL + name
    advice = f"check the connection and try again, or save {url} as {path}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            package.QuickDrawDataGroup(
                word, max_drawings=0, print_messages=False, cache_dir=str(temporary)
            )
        with (temporary / name).open("rb") as stream:
            number = binary.count(stream, "what came")
    except Exception as error:  # the package raises Exception, and requests its own kinds
        raise SketchvaeError(
            f"{word}: cannot be fetched from {url} ({_first_line(error)}); {advice}"
        ) from error
    if number < MIN_DRAWINGS:
        raise SketchvaeError(
            f"{word}: must have at least {MIN_DRAWINGS} drawings, got {number} from {url}; {advice}"
        )
    with replacing(path) as destination:
        (temporary / name).replace(destination)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _package() -> Any:  # noqa: ANN401
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("quickdraw.data")
    except ImportError as error:
        raise MissingExtra(
            f"downloading needs the package quickdraw ({error}); "
            f"install it with: {install_command('train')}"
        ) from error


def _unknown(word: str, known: list[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower()[:100], by_lower, n=3)
    advice = (
        f"did you mean {' or '.join(by_lower[n] for n in near)}?"
        if near
        else (f"choose one of its {len(known)}, such as {', '.join(known[::70])}")
    )
    return f"Quick, Draw! must have the category, got {word[:100]!a}; {advice}"
