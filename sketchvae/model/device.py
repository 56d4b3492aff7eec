"""The device that torch computes on, and its support of bf16."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch


def best_device() -> torch.device:
    """Return the GPU if torch finds one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Return whether a device computes bf16 in hardware; where it is emulated, fp32 is faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: torch.device, bf16: bool) -> AbstractContextManager[Any]:
    """Return a context in which matrix products are computed in bf16, or one without effect.

    Args:
        device: where the products are computed.
        bf16: True for bf16, False for a context without effect.
    """
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()
