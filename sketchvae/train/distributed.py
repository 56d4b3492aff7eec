"""The processes of one training run, as torchrun starts them, and sums over all of them."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

from sketchvae.model.device import autocast, best_device, has_bf16


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train one model together; a context that leaves the group at its end.

    Attributes:
        rank: number of this process, from 0; the process of rank 0 writes files and messages.
        size: number of processes.
        device: where this process computes.
        bf16: whether its matrix products are in bf16.
    """

    rank: int
    size: int
    device: torch.device
    bf16: bool = False

    @classmethod
    def init(cls) -> "ProcessGroup":
        """Return the group that torchrun describes in the environment; alone without it."""
        size, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
        device = best_device()
        if device.type == "cuda":
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(device)
        if size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(rank, size, device, has_bf16(device))

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(self, *_: object) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()

    def precision(self) -> AbstractContextManager[Any]:
        """Return the context for forward passes: bf16 autocast, or plain fp32."""
        return autocast(self.device, self.bf16)

    def all_reduce(self, tensors: Sequence[Tensor]) -> None:
        """Sum each tensor over the processes, in place, in one message for all of them."""
        if self.size == 1:
            return
        flat = torch.cat([t.reshape(-1) for t in tensors])
        dist.all_reduce(flat)
        totals = torch.split(flat, [t.numel() for t in tensors])
        for tensor, total in zip(tensors, totals, strict=True):
            tensor.copy_(total.view_as(tensor))

    def any_rank(self, flag: bool) -> bool:
        """Return whether the flag is true in any process."""
        flags = torch.tensor([float(flag)], device=self.device)
        self.all_reduce([flags])
        return bool(flags.item() > 0)
