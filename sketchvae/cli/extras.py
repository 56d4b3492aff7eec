"""What to say when a command's optional packages are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from sketchvae.errors import SketchvaeError


@contextmanager
def needs_train() -> Iterator[None]:
    """Turn a missing package of the extra `train` into a line that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SketchvaeError(
            f"this command needs {error.name}, which is not installed; "
            "run: pip install 'sketchvae[train]'"
        ) from error
