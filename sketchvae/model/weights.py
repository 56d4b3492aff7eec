"""The weights file: one safetensors file with everything that drawing needs, and its provenance.

Format 4: the network and the prior in float16 (with one covariance where its Gaussians share it),
the optional typical prior and density ratio likewise, the optional class head in float32, and
metadata (config, scale, max_steps, the temperature of typical drawings unless it is 0.7, about, a
checksum over everything).
Format 3, which had neither class head nor max_steps, is still read; `save` writes it anew as
format 4.
"""

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
from sketchvae.model.config import (
    MAX_STEPS,
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    TEMPERATURE,
    ModelConfig,
)
from sketchvae.model.density_ratio import DensityRatio, Regression, n_columns
from sketchvae.model.head import ARRAYS, ClassHead
from sketchvae.model.prior import Prior
from sketchvae.polyline import Floats32, to_float32

FORMAT = "sketchvae-model-4"
_FORMAT_3 = "sketchvae-model-3"
_DTYPES = ({"F16"}, {"F16", "F32"})  # without and with a class head
_MAX_BYTES = 1 << 30  # of a weights file; ours have a few million
_MAX_SCALE = 1000.0  # pixels per model unit; drawings in simplified form are 255 wide
_MOST_STEPS = 10_000  # the most that training can be set to

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Model:
    """A trained model in memory.

    Attributes:
        config: sizes of the network.
        scale: pixels per model unit: the standard deviation of the training offsets.
        tensors: weights of the network, named and shaped as in `ModelConfig.shapes`.
        prior: distribution of the latents of drawings that are not encoded from anything.
        about: word, data, licence, recipe and measured figures, for people and programs.
        head: class head ("sheepness"); None if the model has none.
        max_steps: steps after which a drawing counts as unfinished.
        typical_prior: distribution of the latents of typical drawings, which leaves odd ones out;
            None if the model has none.
        density_ratio: what rejection sampling accepts drawings by; None if the model has none.
        typical_temperature: temperature of typical drawings, 0.001 to 10.
    """

    config: ModelConfig
    scale: float
    tensors: Mapping[str, Floats32]
    prior: Prior
    about: Mapping[str, Any]
    head: ClassHead | None = None
    max_steps: int = MAX_STEPS
    typical_prior: Prior | None = None
    density_ratio: DensityRatio | None = None
    typical_temperature: float = TEMPERATURE

    @property
    def fingerprint(self) -> str:
        """Hash of the network's weights in memory, 16 hex digits: the same one, the same latents.

        Saving rounds weights to float16, so only loaded models are to be compared.
        """
        digest = hashlib.blake2b(digest_size=8)
        for name in sorted(self.tensors):
            digest.update(np.ascontiguousarray(self.tensors[name]).data)
        return digest.hexdigest()


def shipped_path(name: str = "sheep") -> Path:
    """Return the path of weights that come with the package.

    Args:
        name: "sheep"; or "base", which draws anything and which training begins from.
    """
    return Path(__file__).parents[1] / "weights" / f"{name}.safetensors"


# --- writing ----------------------------------------------------------------------------


def save(model: Model, path: Path) -> None:
    """Write a model: float16, the class head float32, with a checksum.

    Args:
        model: the model.
        path: replaced as a whole, or not at all.

    Raises:
        SketchvaeError: if the file cannot be written, or the model cannot draw: a value is not
            finite in float16, the scale or max_steps is out of range, the prior has no weight.
    """
    from safetensors.numpy import save as to_bytes

    ratio = model.density_ratio
    parts: dict[str, Prior | Regression | None] = {
        "prior.": model.prior,
        "typical_prior.": model.typical_prior,
        "density_ratio.lines.": ratio.lines if ratio else None,
        "density_ratio.pixels.": ratio.pixels if ratio else None,
    }
    others = {
        prefix + name: array
        for prefix, part in parts.items()
        if part is not None
        for name, array in (part.stored() if isinstance(part, Prior) else vars(part)).items()
    }
    with np.errstate(over="ignore"):  # infinity is refused below
        arrays = {
            name: np.ascontiguousarray(array, dtype=np.float16)
            for name, array in {**model.tensors, **others}.items()
        }
    metadata = {
        "format": FORMAT,
        "config": json.dumps(asdict(model.config)),
        "scale": repr(float(model.scale)),
        "max_steps": str(model.max_steps),
        "about": json.dumps(dict(model.about)),
    }
    if model.typical_temperature != TEMPERATURE:
        metadata["typical_temperature"] = repr(float(model.typical_temperature))
    if model.head is not None:
        arrays |= {
            f"class_head.{name}": np.ascontiguousarray(getattr(model.head, name), dtype=np.float32)
            for name in ARRAYS
        }
        metadata["class_head"] = json.dumps(dict(model.head.about))
    _check_values(path, arrays, model.scale, model.max_steps, model.typical_temperature)
    metadata["checksum"] = _checksum(arrays, metadata)
    with replacing(path) as temporary:
        temporary.write_bytes(_sort_header(to_bytes(arrays, metadata)))


def _sort_header(file: bytes) -> bytes:
    """Sort the header, which safetensors writes in any order: equal weights give equal files."""
    end = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:end])
    header = {k: header[k] for k in ("__metadata__", *sorted(header.keys() - {"__metadata__"}))}
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[end:]


# --- reading ----------------------------------------------------------------------------


def load(path: Path) -> Model:
    """Read a weights file into float32, checked against its own checksum.

    Args:
        path: a file of format 4, or of format 3: then without class head, and with 250 steps.

    Raises:
        SketchvaeError: if the file is missing, of another format, or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if path.stat().st_size > _MAX_BYTES:
            raise SketchvaeError(
                f"{path}: must have at most {_MAX_BYTES} bytes, got {path.stat().st_size}; "
                "name a weights file that 'sketchvae train' wrote"
            )
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            names = list(file.keys())
            _check_format(path, metadata, {file.get_slice(name).get_dtype() for name in names})
            arrays = {name: file.get_tensor(name) for name in names}
    except OSError as error:
        raise SketchvaeError(
            f"{path}: cannot be read ({error.strerror or error}); name a weights file that "
            "'sketchvae train' wrote, or leave the option out for the shipped sheep"
        ) from error
    except SafetensorError as error:
        raise SketchvaeError(_no_weights(path, error)) from error
    if metadata.pop("checksum", "") != _checksum(arrays, metadata):
        raise SketchvaeError(
            f"{path}: the checksum does not match: the file is damaged; copy it again"
        )
    if metadata["format"] == _FORMAT_3:
        _upgrade_format_3(metadata, arrays)
    return _model(path, metadata, arrays)


def _no_weights(path: Path, error: Exception) -> str:
    """Say that a file is another one than weights, by its suffix, or that it is damaged."""
    must = "must be a safetensors file of weights"
    if path.suffix.lower() != ".safetensors":
        what = f"a file in {path.suffix}" if path.suffix else "a file of another kind"
        return f"{path}: {must}, got {what}; name what 'sketchvae train' wrote, or its folder"
    reason = f"{' '.join(str(error).split()):.100}"
    return f"{path}: {must}, got something else or a damaged file ({reason}); copy it again"


def _check_format(path: Path, metadata: Mapping[str, str], dtypes: set[str]) -> None:
    """Refuse the files of other programs before an array is read: it may be of any type."""
    if metadata.get("format") not in (FORMAT, _FORMAT_3) or dtypes not in _DTYPES:
        raise SketchvaeError(
            f"{path}: must be a weights file of the format {FORMAT} in F16 and F32, got "
            f"{metadata.get('format', 'none')!r:.40} in {', '.join(sorted(dtypes)) or 'nothing'}; "
            "name a file that 'sketchvae train' wrote"
        )


def _upgrade_format_3(metadata: dict[str, str], arrays: dict[str, NDArray[Any]]) -> None:
    """Bring the content of a format-3 file to format 4, in place: max_steps, prior.scale_tril."""
    metadata["max_steps"] = str(MAX_STEPS)
    if "prior.factors" in arrays:
        arrays["prior.scale_tril"] = arrays.pop("prior.factors")


def _model(path: Path, metadata: Mapping[str, str], arrays: Arrays) -> Model:
    try:
        sizes = json.loads(metadata["config"])
        config = ModelConfig(**{f.name: sizes[f.name] for f in fields(ModelConfig)})
        scale, about = float(metadata["scale"]), json.loads(metadata["about"])
        max_steps = int(metadata["max_steps"])
        temperature = float(metadata.get("typical_temperature", TEMPERATURE))
        head_about = json.loads(metadata.get("class_head", "{}"))
        if not isinstance(about, dict) or not isinstance(head_about, dict):
            raise ValueError("about is no object")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SketchvaeError(
            f"{path}: the metadata must hold config, scale, max_steps and about as 'sketchvae "
            f"train' writes them, got something else ({error!s:.100}); train again, or name "
            "another file"
        ) from error
    network = _take(path, arrays, "", config.shapes())
    prior = _prior(path, arrays, "prior.", config)
    typical = None
    if any(name.startswith("typical_prior.") for name in arrays):
        typical = _prior(path, arrays, "typical_prior.", config)
    _check_values(path, arrays, scale, max_steps, temperature)
    head = None
    if any(name.startswith("class_head.") for name in arrays):
        hidden, n = (max(1, _size(arrays, f"class_head.{name}")) for name in ("bias", "reference"))
        shapes = ClassHead.shapes(hidden, config.encoder_hidden, n)
        head = ClassHead(**_take(path, arrays, "class_head.", shapes), about=head_about)
    ratio = None
    if any(name.startswith("density_ratio.") for name in arrays):
        ratio = _density_ratio(path, arrays, n_columns(head is not None))
    return Model(config, scale, network, prior, about, head, max_steps, typical, ratio, temperature)


def _prior(path: Path, arrays: Arrays, prefix: str, config: ModelConfig) -> Prior:
    components = max(1, _size(arrays, f"{prefix}weights"))
    shapes = Prior.shapes(components, config.latent)
    if arrays.get(f"{prefix}scale_tril", np.zeros(0)).shape[:1] == (1,):  # shared by all
        shapes["scale_tril"] = (1, *shapes["scale_tril"][1:])
    return Prior.restored(**_take(path, arrays, prefix, shapes))


def _density_ratio(path: Path, arrays: Arrays, columns: int) -> DensityRatio:
    axes = max(1, _size(arrays, "density_ratio.pixels.offset"))
    parts = [
        Regression(**_take(path, arrays, f"density_ratio.{part}.", shapes))
        for part, shapes in DensityRatio.shapes(columns, axes).items()
    ]
    return DensityRatio(*parts)


def _size(arrays: Arrays, name: str) -> int:
    """Return the number of values of an array; 0 if it is missing."""
    return arrays[name].size if name in arrays else 0


def _take(
    path: Path, arrays: Arrays, prefix: str, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Floats32]:
    """Return the arrays of these names and shapes in float32; refuse a missing or other shape."""
    for name, shape in shapes.items():
        got = arrays[prefix + name].shape if prefix + name in arrays else "nothing"
        if got != shape:
            raise SketchvaeError(
                f"{path}: {prefix}{name} must have the shape {shape}, got {got}; "
                "the file was written for another network"
            )
    return {name: to_float32(arrays[prefix + name]) for name in shapes}


# --- checks of both ---------------------------------------------------------------------


def _check_values(
    path: Path, arrays: Arrays, scale: float, max_steps: int, temperature: float
) -> None:
    """Refuse values not finite, prior weights below 0 or all 0, and numbers out of range."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise SketchvaeError(
                f"{path}: {name} must be finite in {array.dtype}, got nan or infinity; "
                "take the weights of an earlier step"
            )
    for name in {"prior.weights", "typical_prior.weights"} & arrays.keys():
        weights = arrays[name]
        if (weights < 0).any() or not weights.any():
            raise SketchvaeError(
                f"{path}: {name} must be 0 or more and not all 0, got "
                f"{weights.tolist()[:5]}; fit the prior again"
            )
    if not 0 < scale <= _MAX_SCALE:
        raise SketchvaeError(
            f"{path}: the scale must be above 0 and at most {_MAX_SCALE:g} pixels, got {scale:g}; "
            "train again, or name another file"
        )
    if not MIN_TEMPERATURE <= temperature <= MAX_TEMPERATURE:
        raise SketchvaeError(
            f"{path}: typical_temperature must be from {MIN_TEMPERATURE:g} to {MAX_TEMPERATURE:g}, "
            f"got {temperature:g}; train again, or name another file"
        )
    if not 1 <= max_steps <= _MOST_STEPS:
        raise SketchvaeError(
            f"{path}: max_steps must be from 1 to {_MOST_STEPS}, got {max_steps}; "
            "train again, or name another file"
        )


def _checksum(arrays: Arrays, metadata: Mapping[str, str]) -> str:
    """Hash names, shapes, values and metadata: any flipped bit changes the hash."""
    digest = hashlib.sha256()
    for key in sorted(metadata):
        digest.update(f"{key}={metadata[key]};".encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}{arrays[name].dtype};".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
