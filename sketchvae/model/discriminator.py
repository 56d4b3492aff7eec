"""The discriminator: the log odds that people drew a drawing rather than a model, in NumPy.

A small convolutional network on bitmaps. `sketchvae.train.discriminator` trains it on real drawings
of 344 categories and on their likenesses, so that it serves drawings of anything.
Shape letters: B bitmaps, S side in pixels, C channels, K channels of the next layer.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from sketchvae.bitmaps import Bitmaps
from sketchvae.files import replacing
from sketchvae.model.weights import shipped_path
from sketchvae.polyline import Floats, Floats32

NAME = "discriminator"  # of the shipped file
STRIDES = (2, 1, 2, 1, 2, 1)  # of the layers
_CHUNK = 128  # bitmaps that pass through the layers together


@dataclass(frozen=True)
class Discriminator:
    """Convolutions of 3 x 3 with bias and ReLU, a mean over the pixels, and one output.

    Attributes:
        kernels: (9C, K) of each layer; the rows are ordered by line, column, channel.
        biases: (K,) of each layer.
        out: (K + 1,) of the output, its bias last.
    """

    kernels: tuple[Floats32, ...]
    biases: tuple[Floats32, ...]
    out: Floats32

    def log_odds(self, images: Bitmaps) -> Floats:
        """Return the log odds that people drew each bitmap, (n,).

        They hold where half of the bitmaps are real and half are drawn at temperatures from 0.4
        to 1 by the base weights; elsewhere they rank.

        Args:
            images: (n, 28, 28) uint8.
        """
        parts = [
            self._chunk(images[first : first + _CHUNK]) for first in range(0, len(images), _CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _chunk(self, images: Bitmaps) -> Floats:
        x: Floats32 = images[..., None].astype(np.float32) / np.float32(255)
        for kernel, bias, stride in zip(self.kernels, self.biases, STRIDES, strict=True):
            x = _convolve(x, kernel, bias, stride)
        log_odds: Floats = (x.mean(axis=(1, 2)) @ self.out[:-1] + self.out[-1]).astype(np.float64)
        return log_odds


def _convolve(x: Floats32, kernel: Floats32, bias: Floats32, stride: int) -> Floats32:
    """Return a layer's output, (B, S / stride, S / stride, K), for x, (B, S, S, C)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    windows = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    shape = windows.shape[:3]
    output: Floats32 = windows.reshape(-1, len(kernel)) @ kernel
    output += bias
    return np.maximum(output, 0, out=output).reshape(*shape, -1)


# --- the file -------------------------------------------------------------------------------


def save(discriminator: Discriminator, path: Path) -> None:
    """Write a discriminator in float16.

    Args:
        discriminator: the network.
        path: of the file, which is replaced whole.
    """
    from safetensors.numpy import save_file

    arrays = {"out": discriminator.out}
    for i, (kernel, bias) in enumerate(
        zip(discriminator.kernels, discriminator.biases, strict=True)
    ):
        arrays |= {f"kernel.{i}": kernel, f"bias.{i}": bias}
    with replacing(path) as temporary:
        save_file({name: a.astype(np.float16) for name, a in arrays.items()}, temporary)


@lru_cache
def shipped_discriminator() -> Discriminator:
    """Return the discriminator that comes with sketchvae."""
    from safetensors.numpy import load_file

    arrays = {k: a.astype(np.float32) for k, a in load_file(shipped_path(NAME)).items()}
    layers = range(len(STRIDES))
    return Discriminator(
        tuple(arrays[f"kernel.{i}"] for i in layers),
        tuple(arrays[f"bias.{i}"] for i in layers),
        arrays["out"],
    )
