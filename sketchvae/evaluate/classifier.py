"""A small image classifier of drawings, and its embeddings: what drawings look like to a network.

Two come with sketchvae: see `shipped_classifier`. `sketchvae.train.classifier` trains one.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from torch import Tensor, nn

from sketchvae.bitmaps import Bitmaps
from sketchvae.errors import FileFormatError
from sketchvae.files import replacing
from sketchvae.model.weights import shipped_path
from sketchvae.polyline import Floats32, Ints


class Classifier(nn.Module):
    """A convolutional network: bitmaps, (B, 1, 28, 28) from 0 to 1, to logits, (B, words).

    Args:
        words: the categories.
        width: channels of the first layer; an embedding has 8 times as many.
    """

    def __init__(self, words: Sequence[str], width: int = 16) -> None:
        super().__init__()
        self.words, self.width = list(words), width
        layers: list[nn.Module] = []
        channels = 1
        for factor, stride in ((1, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1)):
            layers += [
                nn.Conv2d(channels, factor * width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(factor * width),
                nn.ReLU(),
            ]
            channels = factor * width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(channels, len(words))
        self.drop = nn.Dropout(0.2)

    def embed(self, images: Tensor) -> Tensor:
        """Return the pooled features of bitmaps, (B, 8 * width)."""
        features: Tensor = self.body(images).mean(dim=(2, 3))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of bitmaps, (B, words)."""
        logits: Tensor = self.head(self.drop(self.embed(images)))
        return logits


@torch.no_grad()
def predict(model: Classifier, images: Bitmaps) -> Ints:
    """Return the index of the likeliest category of each bitmap, (n,).

    Args:
        model: the classifier; it is left in the mode, training or not, in which it came.
        images: (n, 28, 28) uint8.
    """
    was_training = model.training
    model.eval()
    parts = [images[first : first + 512] for first in range(0, len(images), 512)]
    labels = [model(to_tensor(part)).argmax(dim=1).numpy() for part in parts]
    model.train(was_training)
    return np.concatenate(labels) if labels else np.zeros(0, dtype=np.int64)


@torch.no_grad()
def embeddings(model: Classifier, images: Bitmaps) -> tuple[Floats32, Floats32]:
    """Return the pooled features of bitmaps, (n, 8 * width), and the log probabilities, (n, words).

    Args:
        model: the classifier, in the mode of evaluation.
        images: (n, 28, 28) uint8.
    """
    features, logs = [], []
    for first in range(0, len(images), 512):
        embedded = model.embed(to_tensor(images[first : first + 512]))
        features.append(embedded)
        logs.append(torch.log_softmax(model.head(embedded), dim=1))
    return np.asarray(torch.cat(features)), np.asarray(torch.cat(logs))


def to_tensor(images: Bitmaps) -> Tensor:
    """Return bitmaps, (n, 28, 28), as the network reads them: (n, 1, 28, 28) from 0 to 1."""
    return torch.from_numpy(images)[:, None].float() / 255


# --- files ----------------------------------------------------------------------------------


def save_classifier(model: Classifier, path: Path) -> None:
    """Write a classifier with its words, in float16.

    Args:
        model: the classifier.
        path: of the file, which is replaced whole.
    """
    arrays = {}
    for name, value in model.state_dict().items():
        dtype = np.float16 if value.is_floating_point() else np.int64
        arrays[name] = np.ascontiguousarray(value.numpy(), dtype)  # training leaves channels last
    about = {"words": json.dumps(model.words), "width": str(model.width)}
    with replacing(path) as temporary:
        save_file(arrays, temporary, about)


def load_classifier(path: Path) -> Classifier:
    """Read a classifier, ready to predict.

    Raises:
        FileFormatError: if the file is missing, damaged, or something else.
    """
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata()
            model = Classifier(json.loads(about["words"]), int(about["width"]))
            model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except Exception as error:  # safetensors, json and torch raise many kinds
        raise FileFormatError(
            f"{path}: must be a classifier of sketchvae, got something else or a damaged file "
            f"({error}); train one: python -m sketchvae.train.classifier train"
        ) from error
    return model.eval()


@lru_cache
def shipped_classifier(name: Literal["critic", "judge"]) -> Classifier:
    """Return one of the two classifiers that come with sketchvae.

    Both know the 345 categories of Quick, Draw!. They learnt from different sheep and from
    different random numbers, so that what was fitted with the one can be judged by the other.

    Args:
        name: "critic" is what `sketchvae refine` sees drawings by; its sheep were drawn by Google's
            decoder, so that it never saw a real one. "judge" measures in `sketchvae evaluate`.
    """
    return load_classifier(shipped_path().with_name(f"{name}.safetensors"))
