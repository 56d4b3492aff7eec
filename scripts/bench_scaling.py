"""A model of the training step on many GPUs, and its check with two processes on this machine.

    scripts/bench scaling             the tables of docs/scaling.md, on paper
    scripts/bench scaling check       steps of one process and of two nodes of torchrun on loopback

The model: the three parts of a step follow one another.

    step = making the batch + computing + messages
    computing = max(operations / (fraction x peak), serial time)
    messages = 2 (N - 1) / N x gradient / bandwidth + 4 x 2 log2(N) x latency

The operations are those of the matrix products, forwards and twice as many backwards. Every step of
an LSTM waits for the one before: that is the serial time, which no batch makes shorter. There are
four messages a step (losses, gradient, and two questions whether to stop), through a tree. Before
each epoch every process shuffles all drawings and sorts them by length.
"""

import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import distributed as dist

from sketchvae.data.dataset import open_packed
from sketchvae.model.batch import Batch
from sketchvae.model.config import ModelConfig
from sketchvae.model.torch_net import SketchVAE
from sketchvae.train.batches import BatchSampler, WeightedDataset
from sketchvae.train.distributed import ProcessGroup
from sketchvae.train.run import prepare_run
from sketchvae.train.settings import Settings
from sketchvae.train.trainer import Trainer

ROOT = Path(__file__).parents[1]
QUICKDRAW = 50_000_000  # drawings
ROWS = 64  # of a drawing in a batch, with padding
ORDERING = 75e-9  # seconds a drawing, of a million; measured
MESSAGES = 4  # of a step
ROUNDS = 10


@dataclass(frozen=True)
class Machine:
    """What a step runs on.

    Attributes:
        operations: that a process computes, a second.
        serial: seconds of a step for one row, in one LSTM and one direction.
        launches: seconds of a step for everything else that the batch does not lengthen.
        making: seconds to make a drawing of a batch.
        bandwidth: of a process's link, bytes a second and direction.
        latency: of a message, seconds.
    """

    operations: float
    serial: float
    launches: float
    making: float
    bandwidth: float
    latency: float


GPU = Machine(0.1 * 989e12, 10e-6, 2e-3, 12e-6, 50e9, 5e-6)
LINKS = {  # bytes a second and direction, seconds
    "NVLink between all, 900 GB/s both ways": (450e9, 3e-6),
    "InfiniBand, 400 Gb/s a GPU": (50e9, 5e-6),
    "Ethernet, 25 Gb/s a GPU": (3.125e9, 30e-6),
    "Ethernet, 10 Gb/s a GPU": (1.25e9, 30e-6),
}


# --- the model ----------------------------------------------------------------------


@lru_cache
def network(config: ModelConfig) -> SketchVAE:
    return SketchVAE(config)


def gradient_bytes(config: ModelConfig) -> int:
    """Return the size of the gradient: four bytes for each parameter."""
    return 4 * sum(parameter.numel() for parameter in network(config).parameters())


def operations(config: ModelConfig, rows: int) -> int:
    """Return the additions and multiplications of one drawing, forwards and backwards.

    Args:
        config: sizes of the network.
        rows: of the drawing, padding included.
    """
    each_row, once = 0, 0
    for name, parameter in network(config).named_parameters():
        if parameter.dim() == 2:
            of_drawing = name.startswith(("posterior", "start"))
            each_row += 0 if of_drawing else parameter.numel()
            once += parameter.numel() if of_drawing else 0
    return 3 * 2 * (rows * each_row + once)


def message_seconds(gradient: int, processes: int, bandwidth: float, latency: float) -> float:
    """Return the seconds of the messages of a step.

    Args:
        gradient: bytes.
        processes: N.
        bandwidth: bytes a second and direction.
        latency: seconds.
    """
    hops = 2 * math.log2(processes)
    return traffic(gradient, processes) / bandwidth + MESSAGES * hops * latency


def traffic(gradient: int, processes: int) -> float:
    """Return the bytes that each process sends in a step, and receives."""
    return 2 * (processes - 1) / processes * gradient


def compute_seconds(machine: Machine, config: ModelConfig, drawings: int) -> float:
    """Return the seconds that one process computes for its part of a batch."""
    serial = 3 * 2 * ROWS * machine.serial + machine.launches  # three LSTMs, there and back
    return max(drawings * operations(config, ROWS) / machine.operations, serial)


def order_seconds(drawings: int) -> float:
    """Return the seconds in which each process shuffles and sorts the drawings of an epoch."""
    return drawings * ORDERING * math.log(drawings) / math.log(1_000_000)


def paper() -> None:
    """Print the tables of the page."""
    config = ModelConfig()
    size = gradient_bytes(config)
    row("GPUs", "drawings each", "ms a step: batch, GPU, messages", "each sends", "epoch")
    row(*["---"] * 5)
    for drawings in (100, 1000):
        for gpus in (8, 64, 512):
            making, computing = drawings * GPU.making, compute_seconds(GPU, config, drawings)
            messages = message_seconds(size, gpus, GPU.bandwidth, GPU.latency)
            steps = QUICKDRAW / (gpus * drawings)
            epoch = order_seconds(QUICKDRAW) + steps * (making + computing + messages)
            parts = " + ".join(f"{1e3 * part:.1f}" for part in (making, computing, messages))
            each = traffic(size, gpus)
            sent = f"{each / 1e6:.1f} MB ({steps * each / 1e9:,.0f} GB)"
            row(gpus, drawings, parts, sent, f"{epoch:,.0f} s in {steps:,.0f} steps")
    print()
    row("link", "messages of 8 GPUs", "longer than a GPU computes 100 drawings")
    row(*["---"] * 3)
    for name, (bandwidth, latency) in LINKS.items():
        computing, counts = compute_seconds(GPU, config, 100), [2**k for k in range(1, 10)]
        seconds = {n: message_seconds(size, n, bandwidth, latency) for n in counts}
        first = next((n for n in counts if seconds[n] > computing), None)
        where = f"from {first} GPUs on" if first else f"not up to {counts[-1]:,} GPUs"
        row(name, f"{1e3 * seconds[8]:.2f} ms", where)


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |")


# --- its check ----------------------------------------------------------------------


def check() -> None:
    """Start two nodes of torchrun on loopback."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port, packed = str(probe.getsockname()[1]), Path(folder, "sheep.drawings")
        sheep = str(ROOT / "data" / "sheep.ndjson")
        words = [sys.executable, "-m", "sketchvae", "data", "import", sheep, "-o", str(packed)]
        subprocess.run(words, check=True, capture_output=True)
        probe.close()
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"]
        address = ["--master-addr", "127.0.0.1", "--master-port", port]
        nodes = [
            subprocess.Popen(
                [*torchrun, "--node-rank", str(n), *address, __file__, "worker", str(packed)],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            for n in range(2)
        ]
        if sum(node.wait() for node in nodes):
            raise SystemExit("a node failed")


class FirstBatch:
    """The same batch at every step, or the part of it that one of several processes has.

    Args:
        batches: of a run.
        rank: number of the process.
        processes: number of them.
        whole: whether the trainer takes the part for a whole batch.
    """

    def __init__(self, batches: BatchSampler, rank: int, processes: int, whole: bool) -> None:
        self.batches, self.rank, self.processes = batches, rank, processes
        self.size = batches.size // processes if whole else batches.size

    def part(self, *_: int) -> Batch:
        return self.batches.part(0, self.rank, self.processes)


def node(packed: Path) -> None:
    """Be one of two processes; that of rank 0 prints what was measured, and what the model says.

    The least processor time counts: other work may run beside, and waiting is not in it.
    """
    source, settings = [WeightedDataset(open_packed(packed), 50)], Settings(batch=100)
    with ProcessGroup.init() as group, tempfile.TemporaryDirectory() as folder:
        alone = replace(group, rank=0, size=1)

        def trainer(of: ProcessGroup, rank: int, processes: int, whole: bool = True) -> Trainer:
            run = prepare_run(ModelConfig(), settings, source, source, Path(folder), of)
            run.batches = FirstBatch(run.batches, rank, processes, whole)  # type: ignore[assignment]
            return run

        whole, half = trainer(alone, 0, 1), trainer(alone, group.rank, 2)
        pair = trainer(group, group.rank, 2, whole=False)
        size = gradient_bytes(ModelConfig())
        messages = {bytes_: torch.zeros(bytes_ // 4) for bytes_ in (4, size, 8 * size)}
        seconds: dict[str, list[float]] = {}

        def timed(name: str, action: Callable[[], object]) -> None:
            dist.barrier()
            start = time.process_time()
            action()
            seconds.setdefault(name, []).append(time.process_time() - start)

        for _ in range(ROUNDS):  # by turns, so that other work slows all alike
            timed("whole", whole.train_step if group.rank == 0 else int)
            timed("half", half.train_step if group.rank == 0 else int)
            timed("halves", half.train_step)
            timed("pair", pair.train_step)
            for bytes_, message in messages.items():
                timed(str(bytes_), lambda message=message: group.all_reduce([message]))  # type: ignore[misc]
        if group.rank == 0:
            report({name: min(taken) for name, taken in seconds.items()}, size)


def report(least: dict[str, float], size: int) -> None:
    """Print measured times beside those of the model.

    Its link is that of a small and of a large message.

    Args:
        least: seconds of each part.
        size: of the gradient, bytes.
    """
    latency = least["4"] / 2
    bandwidth = traffic(8 * size, 2) / (least[str(8 * size)] - least["4"])
    messages, half = message_seconds(size, 2, bandwidth, latency), least["whole"] / 2
    message = least["4"] + traffic(size, 2) / bandwidth
    row("", "measured", "the model", "ratio")
    row(*["---"] * 4)
    for name, measured, model in (
        ("half a batch in one process", least["half"], half),
        ("half a batch in each of two processes, no messages", least["halves"], half),
        (f"a message of {size / 1e6:.1f} MB", least[str(size)], message),
        ("a step of two processes", least["pair"], half + messages),
        ("the same, by the measured halves", least["pair"], least["halves"] + messages),
    ):
        ms = [f"{1e3 * seconds:.1f} ms" for seconds in (measured, model)]
        row(name, *ms, f"{measured / model:.2f}")
    print(f"one process, the batch of 100: {1e3 * least['whole']:.0f} ms; ", end="")
    print(f"the link: {bandwidth / 1e9:.2f} GB/s, {1e6 * latency:.0f} us")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            check()
        case ["worker", path]:
            node(Path(path))
        case []:
            paper()
        case _:
            raise SystemExit("usage: scripts/bench scaling [check]")
