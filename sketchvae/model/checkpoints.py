"""Checkpoints: the state of a training run in a file of torch's, read without running its code."""

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
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
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
    state["identity"] = {"train_encoder": True, **identity}  # what older runs did
    return state


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
