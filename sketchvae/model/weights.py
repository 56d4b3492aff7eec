"""The weights file: one safetensors file with all that drawing needs, and where it came from."""

import errno
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
from sketchvae.polyline import Floats32

FORMAT = "sketchvae-model-3"
N_STEP = 5  # a step as stroke-5: dx, dy, down, up, end
N_CONTEXT = 8  # see `context_features` in model/torch_net.py
FEATURE_CLIP = 16.0  # model units: what lies farther is seen there; a drawing is 9 wide
_IN_FILE = {"scale_tril": "factors"}  # names in the file that differ
_LARGEST = 1 << 12  # of a size in ModelConfig
_MOST_BYTES = 1 << 30  # of a weights file; ours have a few millions
_COARSEST = 1000.0  # pixels per model unit; drawings in simplified form are 255 wide


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of the network; the defaults are those of Ha & Eck 2017.

    Raises:
        SketchvaeError: if one is not a whole number from 1 to 4096.
    """

    encoder_hidden: int = 256  # a side
    decoder_hidden: int = 512  # H
    latent: int = 128  # N_z
    mixtures: int = 20  # M

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isinstance(value, int) and 1 <= value <= _LARGEST):
                raise SketchvaeError(
                    f"{name} must be a whole number from 1 to {_LARGEST}, got {value!r:.40}; "
                    f"try {getattr(ModelConfig, name)}"
                )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name every tensor of the network with its shape; gates in the order i, f, g, o."""
        E, H, Z, M = self.encoder_hidden, self.decoder_hidden, self.latent, self.mixtures
        shapes: dict[str, tuple[int, ...]] = {}
        for side, rows, inputs in (
            ("encoder.forward", E, N_STEP),
            ("encoder.backward", E, N_STEP),
            ("decoder", H, N_STEP + N_CONTEXT + Z),
        ):
            shapes[f"{side}.input"] = (4 * rows, inputs)
            shapes[f"{side}.recurrent"] = (4 * rows, rows)
            shapes[f"{side}.bias"] = (4 * rows,)
        for name, rows, columns in (
            ("posterior.mean", Z, 2 * E),
            ("posterior.log_variance", Z, 2 * E),
            ("start", 2 * H, Z),
            ("head", 6 * M + 3, H + N_STEP + N_CONTEXT),
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
        scale_tril: (K, Z, Z), lower triangular L with covariance = L L^T.
    """

    weights: Floats32
    means: Floats32
    scale_tril: Floats32

    def sample(self, uniforms: Floats32, noise: Floats32) -> Floats32:
        """Turn uniform chances (n,) and standard normal noise (n, Z) into latents (n, Z)."""
        heights = np.cumsum(self.weights, dtype=np.float64)
        # In float64 a chance below 1 stays below the last height; "right" because a chance
        # of 0 must not choose a component of weight 0.
        which = np.searchsorted(heights, uniforms.astype(np.float64) * heights[-1], side="right")
        z = np.empty_like(noise)
        for k in np.unique(which):  # one matrix product a component, never one a drawing
            rows = which == k
            z[rows] = self.means[k] + noise[rows] @ self.scale_tril[k].T
        return z


@dataclass(frozen=True)
class Model:
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
    tensors: Mapping[str, Floats32]
    prior: Prior
    about: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """A hash of the network's weights: two models with the same one share their latents."""
        weights = b"".join(self.tensors[name].tobytes() for name in sorted(self.tensors))
        return hashlib.blake2b(weights, digest_size=8).hexdigest()


def shipped_path() -> Path:
    """Return the path of the weights that come with the package."""
    return Path(__file__).parents[1] / "weights" / "sheep.safetensors"


def save(model: Model, path: Path) -> None:
    """Write the weights as float16, with a checksum over them.

    Raises:
        SketchvaeError: if the file cannot be written, or a value is not one to draw with.
    """
    from safetensors.numpy import save as to_bytes

    arrays = {
        **model.tensors,
        **{f"prior.{_IN_FILE.get(k, k)}": v for k, v in vars(model.prior).items()},
    }
    with np.errstate(over="ignore"):  # infinity is refused below
        halves = {name: np.ascontiguousarray(a, dtype=np.float16) for name, a in arrays.items()}
    _check_values(path, halves, model.scale)
    metadata = {
        "format": FORMAT,
        "config": json.dumps(asdict(model.config)),
        "scale": repr(float(model.scale)),
        "about": json.dumps(dict(model.about)),
    }
    metadata["checksum"] = _checksum(halves, metadata)
    with replacing(path) as beside:
        beside.write_bytes(_in_order(to_bytes(halves, metadata)))


def _in_order(file: bytes) -> bytes:
    """Sort the header, which safetensors writes in any order: equal weights, equal files."""
    end = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:end])
    header = {k: header[k] for k in ("__metadata__", *sorted(header.keys() - {"__metadata__"}))}
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[end:]


def load(path: Path) -> Model:
    """Read a weights file into float32, checked against its own checksum.

    Raises:
        SketchvaeError: if it is missing, not a weights file of ours, or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if path.stat().st_size > _MOST_BYTES:
            raise SketchvaeError(
                f"{path}: must have at most {_MOST_BYTES} bytes, got {path.stat().st_size}; "
                "name a weights file that 'sketchvae train' wrote"
            )
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            _check_format(path, metadata, {file.get_slice(n).get_dtype() for n in file.keys()})  # noqa: SIM118
            halves = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror or error}); name a weights file that "
            "'sketchvae train' wrote, or leave the option out for the shipped sheep"
        ) from error
    except SafetensorError as error:
        raise SketchvaeError(
            f"{path}: must be a safetensors file of weights, got something else or a damaged "
            f"file ({' '.join(str(error).split()):.100}); copy it again"
        ) from error
    return _checked(path, metadata, halves)


def _check_format(path: Path, metadata: dict[str, str], kinds: set[str]) -> None:
    """Refuse the files of others before an array is read: theirs may be of any kind."""
    if metadata.get("format") != FORMAT or kinds != {"F16"}:
        raise SketchvaeError(
            f"{path}: must be a weights file of the format {FORMAT} in F16, got "
            f"{metadata.get('format', 'none')!r:.40} in {', '.join(sorted(kinds)) or 'nothing'}; "
            "name a file that 'sketchvae train' wrote"
        )


def _checked(path: Path, metadata: dict[str, str], halves: dict[str, NDArray[Any]]) -> Model:
    if metadata.pop("checksum", "") != _checksum(halves, metadata):
        raise SketchvaeError(
            f"{path}: the checksum does not match: the file is damaged; copy it again"
        )
    try:
        config = ModelConfig(**_known_fields(json.loads(metadata["config"])))
        scale, about = float(metadata["scale"]), json.loads(metadata["about"])
        if not isinstance(about, dict):
            raise ValueError("about is no object")
    except (KeyError, TypeError, ValueError, RecursionError, SketchvaeError) as error:
        raise SketchvaeError(
            f"{path}: the metadata must hold config, scale and about as 'sketchvae train' writes "
            f"them, got something else ({error!s:.100}); train again, or name another file"
        ) from error
    Z, K = config.latent, max(1, halves["prior.weights"].size if "prior.weights" in halves else 0)
    shapes = config.shapes()
    shapes |= {"prior.weights": (K,), "prior.means": (K, Z), "prior.factors": (K, Z, Z)}
    for name, shape in shapes.items():
        got = halves[name].shape if name in halves else "nothing"
        if got != shape:
            raise SketchvaeError(
                f"{path}: {name} must have the shape {shape}, got {got}; "
                "the file was written for another network"
            )
    _check_values(path, halves, scale)
    arrays = {name: halves[name].astype(np.float32) for name in shapes}
    prior = Prior(
        **{f.name: arrays.pop(f"prior.{_IN_FILE.get(f.name, f.name)}") for f in fields(Prior)}
    )
    return Model(config, scale, arrays, prior, about)


def _check_values(path: Path, halves: Mapping[str, NDArray[Any]], scale: float) -> None:
    for name, array in halves.items():
        if not np.isfinite(array).all():
            raise SketchvaeError(
                f"{path}: {name} must be finite in float16, got nan or infinity; "
                "take the weights of an earlier step"
            )
    weights = halves["prior.weights"]
    if (weights < 0).any() or not weights.any():
        raise SketchvaeError(
            f"{path}: prior.weights must be 0 or more and not all 0, got "
            f"{weights.tolist()[:5]}; fit the prior again"
        )
    if not 0 < scale <= _COARSEST:
        raise SketchvaeError(
            f"{path}: the scale must be above 0 and at most {_COARSEST:g} pixels, got {scale:g}; "
            "train again, or name another file"
        )


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
