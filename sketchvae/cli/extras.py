"""What to say when a command's optional packages are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from sketchvae.errors import SketchvaeError


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a missing package of an extra into a line that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SketchvaeError(
            f"this command needs {error.name}, which is not installed; "
            f"run: pip install 'sketchvae[{extra}]'"
        ) from error
