"""Writing of files and folders; a file is replaced as a whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketchvae.errors import ConflictError, SketchvaeError

_ADVICE = {  # end of the error message
    errno.ENOENT: "make the folder, or choose another",
    errno.ENOSPC: "make room there, or choose another place",
    errno.EFBIG: "make room there, or choose another place",
    errno.EDQUOT: "make room there, or choose another place",
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Replace a file by a temporary file that the block writes.

    The temporary file lies in the same folder. It replaces `path` when the block ends; on an
    exception, Ctrl-C included, it is removed and `path` stays as it was. A symbolic link stays, and
    its target is replaced.

    Yields:
        The path of the temporary file, which has the suffix of `path`.

    Raises:
        SketchvaeError: if the folder is missing, `path` is a folder or a device, or the file
            cannot be written (no permission, disk full).
    """
    temporary = None
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():  # root could replace even /dev/null
            raise SketchvaeError(
                f"{path}: must be a file, got a folder or a device; name a file to write"
            )
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _flush_to_disk(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = _ADVICE.get(error.errno or 0, "choose another place")
        raise SketchvaeError(f"{path}: cannot be written ({reason}); {advice}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def lock(descriptor: int) -> bool:
    """Lock an open file or folder until it is closed; return whether no other process has it.

    A process that is killed leaves no lock behind. Where there are no such locks (Windows, some
    network drives), every file is free.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def held(folder: Path, advice: str) -> Iterator[None]:
    """Hold a folder that exists for this process: two that write into one would mix their files.

    Args:
        folder: its path.
        advice: the end of the error message, as "or name another -o".

    Raises:
        ConflictError: if another process holds it.
    """
    if os.name == "nt":  # a folder cannot be opened there
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock(descriptor):
            raise ConflictError(
                f"{folder}: must be written by one process at a time, and another is at work in "
                f"it; wait for its end{advice}"
            )
        yield
    finally:
        os.close(descriptor)


def make_folder(folder: Path, advice: str) -> None:
    """Make a folder and those above it; one that exists stays as it is.

    Args:
        folder: its path.
        advice: the end of the error message, as "name another with -o".

    Raises:
        SketchvaeError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SketchvaeError(
            f"{folder}: must be a folder to write to ({error.strerror}); {advice}"
        ) from error


def _flush_to_disk(path: Path) -> None:
    """Write the content to disk before the file is renamed, or a power cut leaves it empty."""
    handle = os.open(path, os.O_RDWR)  # Windows flushes only files open for writing
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    """Return the process's mask of file permissions; it can be read only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
