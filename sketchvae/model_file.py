"""The weights file: one safetensors file with all that drawing needs, and where it came from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing

Array = NDArray[np.float32]

FORMAT = "sketchvae-model-1"


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of the network; the defaults are those of Ha & Eck 2017."""

    encoder_hidden: int = 256  # a side
    decoder_hidden: int = 512  # H
    latent: int = 128  # N_z
    mixtures: int = 20  # M

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name every tensor of the network with its shape; gates in the order i, f, g, o."""
        E, H, Z, M = self.encoder_hidden, self.decoder_hidden, self.latent, self.mixtures
        shapes: dict[str, tuple[int, ...]] = {}
        for side, rows, inputs in (
            ("encoder.forward", E, 5),
            ("encoder.backward", E, 5),
            ("decoder", H, 5 + Z),
        ):
            shapes[f"{side}.input"] = (4 * rows, inputs)
            shapes[f"{side}.recurrent"] = (4 * rows, rows)
            shapes[f"{side}.bias"] = (4 * rows,)
        for name, rows, columns in (
            ("posterior.mean", Z, 2 * E),
            ("posterior.log_variance", Z, 2 * E),
            ("start", 2 * H, Z),
            ("head", 6 * M + 3, H),
        ):
            shapes[f"{name}.weight"] = (rows, columns)
            shapes[f"{name}.bias"] = (rows,)
        return shapes


@dataclass(frozen=True)
class Prior:
    """What `draw` takes z from: a mixture of Gaussians, fitted to the encoded training set.

    Attributes:
        weights: (K,), adding up to 1.
        means: (K, Z).
        factors: (K, Z, Z), lower triangular L with covariance = L L^T.
    """

    weights: Array
    means: Array
    factors: Array

    def place(self, chances: Array, noise: Array) -> Array:
        """Turn uniform chances (n,) and standard normal noise (n, Z) into latents (n, Z)."""
        heights = np.cumsum(self.weights, dtype=np.float64)
        which = np.searchsorted(heights, chances * heights[-1]).clip(max=len(heights) - 1)
        z = np.empty_like(noise)
        for k in np.unique(which):  # one matrix product a component, never one a drawing
            rows = which == k
            z[rows] = self.means[k] + noise[rows] @ self.factors[k].T
        return z


@dataclass(frozen=True)
class ModelFile:
    """All of a trained model.

    Attributes:
        config: the sizes.
        scale: std of the training offsets: pixels per model unit.
        tensors: the network, named and shaped as in `ModelConfig.shapes`.
        prior: where z comes from when nothing is given.
        about: word, data, licence, recipe and measured figures, for people and programs.
    """

    config: ModelConfig
    scale: float
    tensors: Mapping[str, Array]
    prior: Prior
    about: Mapping[str, Any]


def shipped_path() -> Path:
    """Return the path of the weights that come with the package."""
    return Path(__file__).parent / "weights" / "sheep.safetensors"


def save(model: ModelFile, path: Path) -> None:
    """Write the weights as float16, with a checksum over them.

    Raises:
        SketchvaeError: if the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    arrays = {**model.tensors, **{f"prior.{k}": v for k, v in vars(model.prior).items()}}
    halves = {name: np.ascontiguousarray(a, dtype=np.float16) for name, a in arrays.items()}
    metadata = {
        "format": FORMAT,
        "config": json.dumps(asdict(model.config)),
        "scale": repr(float(model.scale)),
        "about": json.dumps(dict(model.about), ensure_ascii=False),
    }
    metadata["checksum"] = _checksum(halves, metadata)
    with replacing(path) as beside:
        beside.write_bytes(to_bytes(halves, metadata))


def load(path: Path) -> ModelFile:
    """Read a weights file into float32, checked against its own checksum.

    Raises:
        SketchvaeError: if it is missing, not a weights file of ours, or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        path.stat()
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            halves = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror}); name a weights file that 'sketchvae train' "
            "wrote, or leave the option out for the shipped sheep"
        ) from error
    except SafetensorError as error:
        raise SketchvaeError(
            f"{path}: must be a safetensors file of weights, got something else or a damaged "
            f"file ({error}); copy it again"
        ) from error
    return _checked(path, metadata, halves)


def _checked(path: Path, metadata: dict[str, str], halves: dict[str, NDArray[Any]]) -> ModelFile:
    if metadata.get("format") != FORMAT:
        raise SketchvaeError(
            f"{path}: must be a weights file of the format {FORMAT}, got "
            f"{metadata.get('format', 'none')}; name a file that 'sketchvae train' wrote"
        )
    if metadata.pop("checksum", "") != _checksum(halves, metadata):
        raise SketchvaeError(
            f"{path}: the checksum does not match: the file is damaged; copy it again"
        )
    config = ModelConfig(**_known_fields(json.loads(metadata["config"])))
    arrays = {name: a.astype(np.float32) for name, a in halves.items()}
    prior = Prior(**{f.name: arrays.pop(f"prior.{f.name}") for f in fields(Prior)})
    got = {name: a.shape for name, a in arrays.items()}
    for name, shape in config.shapes().items():
        if got.get(name) != shape:
            raise SketchvaeError(
                f"{path}: {name} must have the shape {shape}, got {got.get(name)}; "
                "the file was written for another network"
            )
    return ModelFile(config, float(metadata["scale"]), arrays, prior, json.loads(metadata["about"]))


def _known_fields(settings: dict[str, int]) -> dict[str, int]:
    return {f.name: settings[f.name] for f in fields(ModelConfig)}


def _checksum(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> str:
    """Hash names, shapes, values and metadata, so that no flipped bit goes unseen."""
    digest = hashlib.sha256()
    for key in sorted(metadata):
        digest.update(f"{key}={metadata[key]};".encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}{arrays[name].dtype};".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
