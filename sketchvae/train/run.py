"""The setting up of a training run: from datasets and settings to a trainer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sketchvae.model.batch import Augmentation
from sketchvae.model.config import ModelConfig
from sketchvae.model.torch_net import SketchVAE
from sketchvae.model.weights import Model
from sketchvae.train.batches import BatchSampler, DrawingPool, WeightedDataset
from sketchvae.train.distributed import ProcessGroup
from sketchvae.train.settings import Settings
from sketchvae.train.trainer import Trainer


def prepare_run(
    config: ModelConfig,
    settings: Settings,
    datasets: Sequence[WeightedDataset],
    valid_sets: Sequence[WeightedDataset],
    folder: Path,
    group: ProcessGroup,
    init: Model | None = None,
) -> Trainer:
    """Return a new training run.

    Args:
        config: sizes of the network.
        settings: of the run.
        datasets: their training split is learnt from, without any drawing of a validation or
            test split.
        valid_sets: their validation split is what the loss is measured on.
        folder: of the checkpoints.
        group: this process and the others of the run.
        init: weights of the same sizes to begin from, with their scale; None for random ones.

    Raises:
        SketchvaeError: if there is nothing to learn from or to validate on, or a batch cannot be
            divided among the processes.
    """
    valid = DrawingPool(valid_sets, "valid", settings.max_points)
    packed = [weighted.dataset for weighted in (*datasets, *valid_sets)]
    test_keys = [dataset.keys[dataset.split("test")] for dataset in packed]
    excluded = np.concatenate([valid.keys(), *test_keys])
    pool = DrawingPool(datasets, "train", settings.max_points, excluded)
    batches = BatchSampler(
        pool,
        settings.batch,
        config.latent,
        init.scale if init else pool.offset_scale(),
        Augmentation(settings.random_scale, settings.point_dropout, settings.random_turn),
        settings.seed,
    )
    torch.manual_seed(settings.seed)
    network = SketchVAE(config)
    if init:
        network.load_arrays(init.tensors)
    return Trainer(network, settings, batches, valid, folder, group, init)
