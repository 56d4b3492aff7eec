"""The processes that train together, and what their processors can do."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


@dataclass(frozen=True)
class Team:
    """The processes that train together; torchrun tells each its rank.

    Attributes:
        rank: of this process, from 0.
        size: how many there are.
        device: where this process computes.
        bf16: whether its matrix products are in bf16.
    """

    rank: int
    size: int
    device: torch.device
    bf16: bool = False

    @classmethod
    def join(cls) -> "Team":
        """Join the processes that torchrun started, or be alone."""
        size, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
        cuda = torch.cuda.is_available()
        local = int(os.environ.get("LOCAL_RANK", 0))
        device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(device)
        if size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if cuda else "gloo")
        return cls(rank, size, device, _has_bf16(device))

    def __enter__(self) -> "Team":
        return self

    def __exit__(self, *_: object) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()

    def precision(self) -> AbstractContextManager[Any]:
        """Return bf16 autocast, or plain fp32."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Sum each tensor over the processes, in place, in one message."""
        if self.size == 1:
            return
        flat = torch.cat([t.reshape(-1) for t in tensors])
        dist.all_reduce(flat)
        for tensor, total in zip(
            tensors, torch.split(flat, [t.numel() for t in tensors]), strict=True
        ):
            tensor.copy_(total.view_as(tensor))

    def any(self, flag: bool) -> bool:
        """Tell whether any process says yes."""
        flags = torch.tensor([float(flag)], device=self.device)
        self.add_up([flags])
        return bool(flags.item() > 0)


def _has_bf16(device: torch.device) -> bool:
    """Whether the processor multiplies in bf16; where it must pretend to, fp32 is faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags
