"""Fetch a category of Quick, Draw! through the `quickdraw` package, and trust nothing it kept.

The package knows the categories and their addresses. But it keeps whatever the server sends,
an error page or the first half of a file, and calls that the category for ever after. So it
downloads into a folder of its own here, and only a file that reads to its end is moved into
place.
"""

import difflib
import importlib
import tempfile
import warnings
from pathlib import Path
from typing import Any

from sketchvae.data import binary
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing

FEWEST = 75_000  # drawings in a category: sketch-rnn's published files take so many from each


def fetch(word: str, folder: Path) -> tuple[Path, bool]:
    """Give the `.bin` file of a category, and whether it was downloaded just now.

    A file that is there and reads to its end is returned without any network; one that
    does not is replaced. The download takes no time limit: stop it with Ctrl-C.

    Args:
        word: the category, "sheep" say; about 20 MB.
        folder: where the file goes, as `<word>.bin`.

    Raises:
        SketchvaeError: if there is no such category, the `quickdraw` package is missing,
            the download fails, or what came is not the whole category.
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
    """Whether the file reads to its end; a small file of one's own is as good as a category."""
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
    except Exception as error:  # the package raises bare Exception, and all of requests' own
        raise SketchvaeError(
            f"{word}: cannot be fetched from {url} ({_first_line(error)}); {advice}"
        ) from error
    if number < FEWEST:
        raise SketchvaeError(
            f"{word}: must have at least {FEWEST} drawings, got {number} from {url}; {advice}"
        )
    with replacing(path) as place:
        (temporary / name).replace(place)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _package() -> Any:  # noqa: ANN401
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("quickdraw.data")
    except ImportError as error:
        raise SketchvaeError(
            f"downloading needs the package quickdraw ({error}); "
            "install it with: pip install 'sketchvae[train]'"
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
