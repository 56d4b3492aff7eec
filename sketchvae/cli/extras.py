"""Errors about missing optional packages."""

from collections.abc import Iterator
from contextlib import contextmanager

from sketchvae.errors import MissingExtra, install_command


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Name the extra to install if a package is missing in the block.

    Args:
        extra: name of the extra.

    Raises:
        MissingExtra: instead of ModuleNotFoundError.
    """
    import sketchvae.train  # noqa: F401 - sets what torch reads when the block loads it

    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"this command needs {error.name}, which is not installed; "
            f"run: {install_command(extra)}"
        ) from error
