"""Sheepness: whether a drawing is a sheep, by what the encoder sees in it.

A likelihood alone cannot tell: whatever is short and plain costs few nats. A small network on
top of the encoder can; `scripts/sheepness.py` teaches it for the weights that ship.
Shape letters: B drawings, E encoder hidden a side.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.model.weights import Model, shipped_path
from sketchvae.polyline import Floats32

Floats = NDArray[np.float64]

FORMAT = "sketchvae-sheepness-1"
_IN_FILE = {"reference": "real"}  # names in the file that differ
_SUREST = 30.0  # log odds, either way: in float64 their chances are still apart


@dataclass(frozen=True)
class Score:
    """What a drawing is worth as one of the model's kind.

    Attributes:
        points: in simplified form.
        nll: -log p of the drawing, importance-weighted, in pixels, dequantised; less is likelier.
        class_probability: 0 to 1, see `ClassHead`; None if it was learnt for other weights.
        percentile: 0 to 100: the share of real sheep that are less sheep; None likewise.
    """

    points: int
    nll: float
    class_probability: float | None
    percentile: float | None

    @property
    def nll_per_point(self) -> float:
        """Nats over points."""
        return self.nll / self.points


@dataclass(frozen=True)
class ClassHead:
    """A network of one hidden layer: the encoder's states to a chance from 0 to 1.

    It is the chance that a drawing is a sheep, where half of all drawings are sheep and the
    other half are drawings of 344 other things.

    Attributes:
        weight: (F, 4E) of the hidden layer.
        bias: (F,).
        out: (F + 1,) of the output, its bias last.
        reference: (n,) the log odds of real sheep, rising; of some that nothing was trained on.
    """

    weight: Floats32
    bias: Floats32
    out: Floats32
    reference: Floats32

    def probability(self, states: Floats32) -> Floats:
        """Return the sheepness of drawings, (B,), from their states, (B, 4E)."""
        chances: Floats = 1 / (1 + np.exp(-self.log_odds(states)))
        return chances

    def percentile(self, states: Floats32) -> Floats:
        """Return what share of real sheep is less sheep, (B,), from 0 to 100."""
        less_sheep: Floats = np.searchsorted(self.reference, self.log_odds(states)).astype(
            np.float64
        )
        return less_sheep * (100 / len(self.reference))

    def log_odds(self, states: Floats32) -> Floats:
        """Return log p / (1 - p), (B,), within bounds in which no p is quite 0 or 1."""
        hidden = np.maximum(states @ self.weight.T + self.bias, 0)
        odds: Floats = (hidden @ self.out[:-1] + self.out[-1]).astype(np.float64)
        return odds.clip(-_SUREST, _SUREST)


def shipped_head_path() -> Path:
    """Return the path of the file that comes with the package."""
    return shipped_path().with_name("sheepness.safetensors")


def fingerprint(model: Model) -> str:
    """Hash the encoder and the scale: all that sheepness reads a drawing through."""
    digest = hashlib.sha256(repr(float(model.scale)).encode())
    for name in sorted(model.tensors):
        if name.startswith("encoder."):
            digest.update(model.tensors[name].astype(np.float16).tobytes())
    return digest.hexdigest()


def save(
    sheepness: ClassHead, model: Model, path: Path, about: Mapping[str, Any] | None = None
) -> None:
    """Write what was learnt with a model, in float32.

    Args:
        sheepness: what was learnt.
        model: whose encoder it reads.
        path: replaced whole or not at all.
        about: measured figures, for people and programs.

    Raises:
        SketchvaeError: if the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    arrays = {_IN_FILE.get(k, k): np.ascontiguousarray(a, "f4") for k, a in vars(sheepness).items()}
    metadata = {"format": FORMAT, "model": fingerprint(model), "about": json.dumps(about or {})}
    with replacing(path) as beside:
        beside.write_bytes(to_bytes(arrays, metadata))


def load(model: Model, path: Path | None = None) -> ClassHead | None:
    """Read what was learnt with a model; None if it was another one.

    Args:
        model: the weights that will read the drawings.
        path: of the file; None for the one that comes with the package.

    Raises:
        SketchvaeError: if the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = path or shipped_head_path()
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise KeyError(metadata.get("format", "no format"))
            if metadata["model"] != fingerprint(model):
                return None
            names = {f.name: _IN_FILE.get(f.name, f.name) for f in fields(ClassHead)}
            return ClassHead(**{field: file.get_tensor(name) for field, name in names.items()})
    except (OSError, SafetensorError, KeyError) as error:
        raise SketchvaeError(
            f"{path}: must be a file of the format {FORMAT}, got none or a damaged one "
            f"({' '.join(str(error).split()):.100}); install sketchvae again, or run "
            "scripts/sheepness.py"
        ) from error
