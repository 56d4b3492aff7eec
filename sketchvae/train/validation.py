"""The losses of a network on batches, and on all validation drawings."""

import math

import numpy as np
import torch
from torch import Tensor

from sketchvae.model.batch import Batch
from sketchvae.model.torch_net import SketchVAE
from sketchvae.train.batches import DrawingPool, validation_batches
from sketchvae.train.distributed import ProcessGroup
from sketchvae.train.metrics import Validation


def losses_of(network: SketchVAE, batch: Batch, group: ProcessGroup) -> tuple[Tensor, Tensor]:
    """Return L_R, (B,), and L_KL, (B, Z), of a batch.

    Args:
        network: the weights.
        batch: the drawings.
        group: has the device and the precision.
    """
    arrays = (batch.steps, batch.lengths, batch.noise)
    steps, lengths, noise = (torch.from_numpy(a).to(group.device) for a in arrays)
    with group.precision():
        loss_r, kl = network(steps, lengths, noise)
    return loss_r, kl


def pixel_density(offsets: float, scale: float) -> float:
    """Return the nats to add to L_R of offsets: a density per square pixel instead of unit.

    Args:
        offsets: number of them.
        scale: pixels per model unit.
    """
    return 2 * math.log(scale) * offsets


@torch.no_grad()
def validate(
    network: SketchVAE, pool: DrawingPool, size: int, scale: float, step: int, group: ProcessGroup
) -> Validation:
    """Return the losses on the validation drawings; each process computes those of its part.

    Args:
        network: the weights.
        pool: the validation drawings.
        size: drawings per batch.
        scale: pixels per model unit.
        step: number of steps taken.
        group: this process and the others.
    """
    offsets, n = 0, len(pool)
    loss_r = torch.zeros(1, dtype=torch.float64, device=group.device)
    spectrum = torch.zeros(network.config.latent, device=group.device)
    for batch in validation_batches(pool, size, network.config.latent, scale):
        offsets += int((batch.lengths - 1).sum())
        own = batch.only(np.arange(len(batch.lengths)) % group.size == group.rank)
        if len(own.lengths):
            batch_r, kl = losses_of(network, own, group)
            loss_r += batch_r.double().sum()
            spectrum += kl.sum(dim=0)
    group.all_reduce([loss_r, spectrum])
    spectrum = (spectrum / n).sort(descending=True).values
    return Validation(
        step,
        (float(loss_r) + pixel_density(offsets, scale)) / n,
        float(spectrum.sum()),
        float(pool.lengths.mean()),
        tuple(spectrum.tolist()),
    )
