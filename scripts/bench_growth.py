"""Measure how time, memory and files grow with the number of drawings; Linux alone.

    scripts/bench growth cat.ndjson                   10,000, 130,000 and 1,000,000 drawings
    scripts/bench growth cat.ndjson 10000 100000      other numbers

The sets are made of the drawings of a file in simplified form, evenly spread. Where they are too
few, their mirror images and right-angled turns follow: eight versions of each, of the same lengths,
no two alike. Such a set is marked as synthetic.

Each command runs in a process of its own. Memory is what the process holds itself, its anonymous
pages, looked at every 10 ms; beside it stands the most that was resident, to which the pages of a
memory-mapped file belong: the system takes them back when it needs them. What would take more than
ten minutes, judged by the set before, is left out.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

NUMBERS = (10_000, 130_000, 1_000_000)
BATCH = 100
MOST_SECONDS = 600.0  # of one command
MIB = 2**20
EVERY = 0.01  # seconds between two looks at a process
NONE = "left out"


@dataclass(frozen=True)
class Figures:
    """What a process took.

    Attributes:
        seconds: of its life.
        own_mib: most anonymous memory.
        resident_mib: most memory that was resident, mapped files too.
        printed: on standard output.
    """

    seconds: float
    own_mib: float
    resident_mib: float
    printed: str


def measured(*words: str | Path) -> Figures:
    """Run Python with these arguments; return what it took."""
    with tempfile.TemporaryFile("w+") as out:
        start, own = time.perf_counter(), 0.0
        process = subprocess.Popen([sys.executable, *map(str, words)], stdout=out)
        status = Path(f"/proc/{process.pid}/status")
        while True:
            done, code, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            found = re.search(r"RssAnon:\s+(\d+) kB", status.read_text("utf-8"))
            own = max(own, int(found[1]) * 1024 / MIB if found else 0.0)
            time.sleep(EVERY)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode:
            raise SystemExit(f"{words}: exit status {process.returncode}")
        out.seek(0)
        return Figures(seconds, own, usage.ru_maxrss * 1024 / MIB, out.read())


def sketchvae(*words: str | Path) -> Figures:
    return measured("-m", "sketchvae", *words)


class Table:
    """Rows of figures, a column for each number of drawings."""

    def __init__(self, headings: list[str]) -> None:
        self.headings, self.rows = headings, dict[str, list[str]]()

    def add(self, name: str, cell: str) -> None:
        self.rows.setdefault(name, []).append(cell)

    def add_figures(self, name: str, figures: Figures | None, drawings: int) -> None:
        """Add drawings a second and memory; None for what is left out."""
        if figures is None:
            self.add(f"{name}: drawings a second", NONE)
            self.add(f"{name}: memory", NONE)
            return
        self.add(f"{name}: drawings a second", f"{drawings / figures.seconds:,.0f}")
        self.add(f"{name}: memory", mib(figures))

    def print(self) -> None:
        print(f"| | {' | '.join(self.headings)} |")
        print("|---" * (len(self.headings) + 1) + "|")
        for name, cells in self.rows.items():
            print(f"| {name} | {' | '.join(cells)} |")


def mib(figures: Figures) -> str:
    return f"{figures.own_mib:,.0f} MiB ({figures.resident_mib:,.0f} with mapped files)"


# --- what the processes do ----------------------------------------------------------


def make(source: Path, number: int, target: Path) -> None:
    """Write so many drawings as ndjson, made of those of a packed set."""
    from sketchvae.data.dataset import open_packed

    packed = open_packed(source)
    with target.open("w", encoding="utf-8") as out:
        for which in range(8):
            wanted = min(len(packed), number - which * len(packed))
            for k in range(wanted):
                i = k * len(packed) // wanted
                points = packed.points_of(i)
                x, y = points[:, 0], points[:, 1]
                x, y = x.max() - x if which & 1 else x, y.max() - y if which & 2 else y
                x, y = (y, x) if which & 4 else (x, y)
                ends = [0, *(points[:, 2].nonzero()[0] + 1).tolist()]
                strokes = [[x[a:b].tolist(), y[a:b].tolist()] for a, b in pairwise(ends)]
                word = packed.vocabulary[packed.words[i]]
                json.dump({"word": word, "drawing": strokes}, out, separators=(",", ":"))
                out.write("\n")


def epoch(path: Path) -> None:
    """Open a packed set, prepare a training run on it, and make the batches of an epoch."""
    from sketchvae.data.dataset import open_packed
    from sketchvae.model.config import ModelConfig
    from sketchvae.train.batches import WeightedDataset
    from sketchvae.train.distributed import ProcessGroup
    from sketchvae.train.run import prepare_run
    from sketchvae.train.settings import Settings

    times = [time.perf_counter()]
    packed = open_packed(path)
    times.append(time.perf_counter())
    source, tiny = [WeightedDataset(packed)], ModelConfig(4, 4, 4, 1)
    with ProcessGroup.init() as group:
        trainer = prepare_run(tiny, Settings(batch=BATCH), source, source, path.parent, group)
    times.append(time.perf_counter())
    trainer.pool.fingerprint()
    times.append(time.perf_counter())
    trainer.batches[0]
    times.append(time.perf_counter())
    for step in range(trainer.batches.per_epoch):
        trainer.batches[step]
    times.append(time.perf_counter())
    names = ("open", "prepare", "fingerprint", "first batch", "epoch")
    seconds = {name: b - a for name, a, b in zip(names, times[:-1], times[1:], strict=True)}
    print(json.dumps({"drawings": trainer.batches.per_epoch * BATCH, **seconds}))


# --- the measurement ----------------------------------------------------------------


def measure(
    source: Path, real: int, number: int, folder: Path, table: Table, last: dict[str, float]
) -> None:
    """Measure everything for one number of drawings.

    Args:
        source: packed set of the drawings to make the set of.
        real: number of its drawings.
        number: of drawings.
        folder: for files that are large.
        table: gets the figures.
        last: seconds a drawing of each command, for the set before; replaced by those of this.
    """
    drawings, packed = folder / "set.ndjson", folder / "set.drawings"
    measured(__file__, "--make", source, str(number), drawings)
    table.headings.append(f"{number:,}{' (synthetic)' if number > real else ''}")

    def once(name: str, *words: str | Path) -> None:
        too_long = last.get(name, 0.0) * number > MOST_SECONDS
        figures = None if too_long else sketchvae(*words)
        if figures is not None:
            last[name] = figures.seconds / number
        table.add_figures(name, figures, number)

    table.add("`.ndjson` file", f"{drawings.stat().st_size / MIB:,.1f} MiB")
    once("`data import`", "data", "import", drawings, "-o", packed, "--force")
    table.add("`.drawings` file", f"{packed.stat().st_size / MIB:,.1f} MiB")
    drawings.unlink()
    figures = measured(__file__, "--epoch", packed)
    seconds = json.loads(figures.printed)
    table.add("opening the packed set", f"{1e3 * seconds['open']:.1f} ms")
    table.add("preparing a run", f"{seconds['prepare']:.2f} s")
    table.add("first batch, with the order of the epoch", f"{seconds['first batch']:.2f} s")
    table.add("fingerprint of a checkpoint", f"{seconds['fingerprint']:.2f} s")
    rate = seconds["drawings"] / seconds["epoch"]
    table.add("an epoch of batches: drawings a second", f"{rate:,.0f}")
    table.add("an epoch of batches: memory", mib(figures))
    latents, flock = folder / "set.npy", folder / "flock.ndjson"
    once("`encode`", "encode", packed, "-o", latents, "--force")
    once("`score --draws 1`", "score", packed, "--draws", "1")
    once("`draw -n`", "draw", "-n", str(number), "--seed", "1", "-o", flock, "--force")
    for path in (packed, latents, flock):
        path.unlink(missing_ok=True)


def main() -> None:
    match sys.argv[1:]:
        case ["--make", source, number, target]:
            make(Path(source), int(number), Path(target))
        case ["--epoch", path]:
            epoch(Path(path))
        case [source, *numbers]:
            table, last = Table([]), dict[str, float]()
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                base = folder / "base.drawings"
                said = sketchvae("data", "import", source, "-o", base).printed
                real = int(re.findall(r": (\d+) drawing", said)[0])
                for n in map(int, numbers or NUMBERS):
                    measure(base, real, n, folder, table, last)
                    table.print()
        case _:
            raise SystemExit("usage: scripts/bench growth FILE [NUMBER...]")


if __name__ == "__main__":
    main()
