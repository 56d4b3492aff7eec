"""Checkpoints: the state of a training run in a file of torch's, read without running its code."""

import pickletools
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.model.config import ModelConfig
from sketchvae.model.prior import Prior
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model

# "averaged" is the moving average of the weights; "best" the lowest nats per point so far. Newer
# files have "history", "about" and "prior", too.
_PARTS = {"identity", "step", "best", "model", "averaged", "optimizer"}
_GLOBALS = re.compile(  # in the pickle of a checkpoint
    r"collections OrderedDict|torch\._utils _rebuild_tensor_v2|"
    r"torch (?:BFloat16|Half|Float|Double|Byte|Int|Long|Bool)Storage"
)
_MAX_PICKLE = 1 << 24  # bytes; the weights lie beside it
_MAX_TUPLES = 20_000  # of a pickle: some for each tensor, and one for each validation
_RENAMED = {  # settings of checkpoints of version 0.1, whose runs go on
    "average": "ema_decay",
    "stretch": "random_scale",
    "drop": "point_dropout",
    "kl_floor": "free_nats",
    "longest": "max_points",
}


def save_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint; the old file stays until the new one is whole.

    Args:
        state: what `read_checkpoint` returns.
        path: of the file.

    Raises:
        SketchvaeError: if the file cannot be written.
    """
    # Through memory, because torch's own writer raises no OSError when the disk is full.
    buffer = BytesIO()
    torch.save(dict(state), buffer)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the parts of a checkpoint by name.

    They are: `identity` (settings and data of the run), `step`, `best` (lowest validation loss,
    nats per point), and the state dictionaries `model`, `averaged` and `optimizer`. Those of
    newer versions also have `history` (step and nats per point of each validation), `about`
    (of the model, with its word) and `prior` (arrays by name, or None before the first one).

    Raises:
        SketchvaeError: if the file is missing, damaged or something else.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of Python, about an escape in a name
            _check_archive(path)
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
        _check_tensors(loaded)
        state: dict[str, Any] = loaded if isinstance(loaded, dict) else {}
        if not set(state) >= _PARTS or not isinstance(state["identity"], dict):
            raise ValueError("parts are missing")
    except FileNotFoundError as error:
        raise SketchvaeError(
            f"{path}: there is no checkpoint; name its folder, or begin with train without --resume"
        ) from error
    except Exception as error:  # torch raises many kinds, with advice for its own users
        raise SketchvaeError(
            f"{path}: must be a checkpoint of 'sketchvae train', got something else or a damaged "
            "file; put best.pt in its place, or begin again with another --out"
        ) from error
    identity = {_RENAMED.get(k, k): value for k, value in state["identity"].items()}
    state["identity"] = {"train_encoder": True, "random_turn": 0.0, **identity}  # as older runs did
    return state


def _check_archive(path: Path) -> None:
    """Refuse what torch would allocate without end, or what checkpoints do not need.

    `weights_only` runs no code, but it makes a `bytearray` of any size, unpacks any archive, and
    reads older formats than the zip of uncompressed members that a checkpoint is.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(m.compress_type != zipfile.ZIP_STORED for m in members) or (
            sum(m.file_size for m in members) > path.stat().st_size
        ):
            raise ValueError("a member is compressed")
        for member in members:
            if not member.filename.endswith("/data.pkl"):
                continue
            if member.file_size > _MAX_PICKLE:
                raise ValueError("the pickle is too large")
            tuples = 0
            for operation, argument, _ in pickletools.genops(archive.read(member)):
                tuples += operation.name.startswith("TUPLE")
                if tuples > _MAX_TUPLES:  # one in another, so deep that Python crashes
                    raise ValueError("the pickle has too many tuples")
                if operation.name == "GLOBAL" and not _GLOBALS.fullmatch(str(argument)):
                    raise ValueError(f"the pickle asks for {argument}")


def _check_tensors(state: object) -> None:
    """Refuse a tensor that has more values than the file: of stride 0, each of them many times."""
    left, seen = [state], set[int]()
    while left:
        value = left.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, torch.Tensor):
            if value.numel() * value.element_size() > value.untyped_storage().nbytes():
                raise ValueError("a tensor has more values than its storage")
        elif isinstance(value, Mapping):
            left += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            left += value


def check_same_run(path: Path, saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to resume a run with other settings or data than it was begun with.

    Args:
        path: of the checkpoint, for the message.
        saved: identity in the checkpoint.
        now: identity of the run that wants to go on.

    Raises:
        SketchvaeError: if they differ.
    """
    changes = [f"{k} was {saved.get(k)}, is {now[k]}" for k in now if saved.get(k) != now[k]]
    if changes:
        raise SketchvaeError(
            f"{path}: train --resume must find the run it left, but {'; '.join(changes)}; "
            "give the same data and settings, or another --out"
        )


def model_from_checkpoint(path: Path) -> Model:
    """Return the averaged weights of a checkpoint as a model, with the prior fitted last.

    A checkpoint of an older version has no prior: it is N(0, I) then, and draws worse.

    Raises:
        SketchvaeError: if the file is missing, damaged or something else.
    """
    state = read_checkpoint(path)
    try:
        identity = state["identity"]
        config = ModelConfig(**{f.name: identity[f.name] for f in fields(ModelConfig)})
        network, scale = SketchVAE(config), float(identity["scale"])
        network.load_state_dict(state["averaged"])
        prior = _prior(state.get("prior"), config.latent)
        about = {**state.get("about", {})}
        return Model(
            config, scale, network.to_arrays(), prior, about, max_steps=int(identity["max_points"])
        )
    except Exception as error:  # torch raises many kinds for tensors that do not fit
        raise SketchvaeError(
            f"{path}: must hold the weights of the network that it names, got others or damaged "
            "ones; name model.safetensors instead"
        ) from error


def _prior(arrays: Mapping[str, torch.Tensor] | None, latent: int) -> Prior:
    """Return the prior of a checkpoint; N(0, I) if it has none."""
    if arrays is None:
        return Prior(
            np.ones(1, np.float32),
            np.zeros((1, latent), np.float32),
            np.eye(latent, dtype=np.float32)[None],
        )
    weights, means, scale_tril = (arrays[n].numpy() for n in ("weights", "means", "scale_tril"))
    return Prior.restored(weights, means.reshape(-1, latent), scale_tril)
