"""Models from what people name: a run's folder, a checkpoint, a weights file, or nothing."""

from pathlib import Path

from sketchvae.errors import MissingExtra, SketchvaeError, install_command
from sketchvae.model.weights import Model, load, shipped_path

MODEL_FILE = "model.safetensors"  # in the folder of a run; drawing from it needs no torch
SHIPPED, BASE = "sheep", "base"  # names of the weights that come with the package
_IN_A_RUN = (MODEL_FILE, "best.pt", "last.pt")  # the first that is there is taken
_ZIP = b"PK\x03\x04"  # first bytes of torch's files


def model_path(path: Path | str | None) -> Path:
    """Return the file that a model is loaded from.

    Args:
        path: weights file, checkpoint, or folder of a run; "sheep" or "base", where there is no
            such file, for the weights that come with the package; None for the sheep.

    Raises:
        SketchvaeError: if a folder has none.
    """
    if path is None:
        return shipped_path()
    path = Path(path)
    if str(path) in (SHIPPED, BASE) and not path.exists():
        return shipped_path(str(path))
    if not path.is_dir():
        return path
    for name in _IN_A_RUN:
        if (path / name).is_file():
            return path / name
    raise SketchvaeError(
        f"{path}: a folder must hold {', '.join(_IN_A_RUN[:-1])} or {_IN_A_RUN[-1]}, got none of "
        "them; name the folder that 'sketchvae train --out' named, or a weights file"
    )


def load_model(path: Path | str | None = None) -> Model:
    """Load a model.

    Args:
        path: weights file, checkpoint (needs torch), or folder of a run; None or "sheep" for the
            shipped sheep.

    Raises:
        MissingExtra: if it is a checkpoint and torch is not installed.
        SketchvaeError: if it is missing, damaged or something else.
    """
    file = model_path(path)
    if not _is_checkpoint(file):
        return load(file)
    try:
        from sketchvae.model.checkpoints import model_from_checkpoint
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"{file}: a checkpoint needs {error.name}, which is not installed; name the "
            f"{MODEL_FILE} of the same run, or run: {install_command('train')}"
        ) from error
    return model_from_checkpoint(file)


def _is_checkpoint(file: Path) -> bool:
    """Whether a file is named or begins like a checkpoint; one that cannot be read is none."""
    try:
        with file.open("rb") as stream:
            return file.suffix.lower() == ".pt" or stream.read(len(_ZIP)) == _ZIP
    except OSError:
        return False
