"""Measure what the README says about speed. All figures are medians of one run.

    scripts/bench                     with the sheep in data/
    scripts/bench sheep.drawings      with the lengths of another packed set

Timings are worth something only beside each other: every figure that depends on the
machine comes with what it is compared to. Leave the machine alone meanwhile.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
BATCH = 100


def median_seconds(action: Callable[[], object], times: int) -> float:
    """Run once to warm up, then return the median of `times` runs."""
    action()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def peak_mib(*arguments: str) -> float:
    """Run Python with these arguments and return the most memory it held, in MiB."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "capture_output=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, sys.executable, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout) / 1024


def row(what: str, figure: str, beside: str = "") -> None:
    print(f"{what:<44} {figure:>22}   {beside}", flush=True)


def cold_start(folder: Path) -> None:
    svg = str(folder / "sheep.svg")
    draw, numpy, torch = [], [], []
    for _ in range(9):  # in turns, so that all meet the same weather
        draw.append(median_seconds(lambda: run("-m", "sketchvae", "draw", "-o", svg), 1))
        numpy.append(median_seconds(lambda: run("-c", "import numpy"), 1))
        torch.append(median_seconds(lambda: run("-c", "import torch"), 1))
    ours, light, heavy = map(statistics.median, (draw, numpy, torch))
    row(
        "cold process to sheep.svg",
        f"{ours * 1e3:.0f} ms",
        f"import torch {heavy * 1e3:.0f} ms (ratio {ours / heavy:.3f}), "
        f"import numpy {light * 1e3:.0f} ms",
    )


def drawing() -> None:
    from sketchvae import load

    artist = load()
    seeds = iter(range(10_000))
    one = median_seconds(lambda: artist.draw(1, seed=next(seeds)), 51)
    row("one sheep, warm", f"{one * 1e3:.1f} ms")
    drawn = artist.draw(1000, seed=0)
    many = median_seconds(lambda: artist.draw(1000, seed=0), 5)
    a = np.ones((4 * artist.network.hidden, artist.network.hidden + 5), dtype=np.float32)
    b = np.ones((artist.network.hidden + 5, 256), dtype=np.float32)
    product = median_seconds(lambda: a @ b, 51)
    points = statistics.mean(d.n_points for d in drawn)
    row(
        "1000 sheep",
        f"{1000 / many:.0f} sheep/s",
        f"{points:.0f} points each; the matrix products alone would allow "
        f"{256 / product / points:.0f} sheep/s",
    )


def scoring() -> None:
    from sketchvae import load
    from sketchvae.artist.cores import cores, on_all_cores

    artist = load()
    flock = [drawing.sized(255).rounded() for drawing in artist.draw_each(2048, seed=0)]
    many = median_seconds(lambda: artist.sheepness(flock), 5)
    row("sheepness of 2048 sheep", f"{2048 / many:.0f} drawings/s")
    some = flock[:32]
    a = np.ones((4 * artist.network.hidden, artist.network.hidden + 5), dtype=np.float32)
    b = np.ones((artist.network.hidden + 5, 64), dtype=np.float32)

    def products(_: int) -> None:
        for _ in range(50):
            a @ b

    points = statistics.mean(d.n_points for d in some)
    ours, ceiling = [], []
    for _ in range(5):  # in turns, so that both meet the same weather
        ours.append(median_seconds(lambda: artist.score(some), 1))
        ceiling.append(median_seconds(lambda: on_all_cores(products, range(cores())), 1))
    product = statistics.median(ceiling) / (50 * cores())
    row(
        "nats with k = 64",
        f"{len(some) / statistics.median(ours):.1f} drawings/s",
        f"{points:.0f} points each; the matrix products alone would allow "
        f"{1 / product / points:.1f} drawings/s",
    )


def drawing_memory(folder: Path) -> None:
    path = str(folder / "flock.ndjson")
    mib = peak_mib("-m", "sketchvae", "draw", "-n", "10000", "--seed", "1", "-o", path)
    row("draw -n 10000 -o flock.ndjson", f"{mib:.0f} MiB at most")


def showing(folder: Path) -> None:
    from sketchvae import load
    from sketchvae.rendering.animation import Animation
    from sketchvae.rendering.frames import save_frames
    from sketchvae.rendering.raster import to_png
    from sketchvae.rendering.svg import Style, to_svg
    from sketchvae.rendering.timing import Pace

    flock = load().draw(1000, seed=0)
    seconds = median_seconds(lambda: to_svg(flock[:1], animation=Animation()), 51)
    still = median_seconds(lambda: to_svg(flock[:1]), 51)
    row("animated SVG of one sheep", f"{seconds * 1e3:.1f} ms", f"a still one {still * 1e3:.1f} ms")
    paced, gif, white = (
        Animation(Pace(seconds=3.0)),
        folder / "sheep.gif",
        Style(background="white"),
    )
    seconds = median_seconds(
        lambda: save_frames(gif, flock[:1], paced, rate=20, pixels=400, style=white), 21
    )
    row("GIF of one sheep, 400 x 400, 60 frames", f"{seconds * 1e3:.0f} ms")
    pixels = 32 * 100
    seconds = median_seconds(lambda: to_png(flock, pixels=pixels, style=white), 5)
    row("1000 sheep as PNG", f"{seconds * 1e3:.0f} ms", f"{pixels} x {pixels} pixels")


def reading(path: Path, folder: Path) -> None:
    from sketchvae.data.packed import open_packed
    from sketchvae.learning.batches import Augmentation, Batches, Pool, Source

    row("open the packed set", f"{median_seconds(lambda: open_packed(path), 21) * 1e3:.2f} ms")
    large = folder / "large.drawings"
    sparse_copy(path, large, times=1000)
    seconds = median_seconds(lambda: open_packed(large), 21)
    row(
        "open one of 1000 times the drawings",
        f"{seconds * 1e3:.2f} ms",
        f"{large.stat().st_size / 2**20:.0f} MiB",
    )
    pool = Pool([Source(open_packed(path), 50)], "train", 250)
    batches = Batches(pool, BATCH, 128, 20.0, Augmentation(), seed=1)
    steps = iter(range(10_000))
    seconds = median_seconds(lambda: batches[next(steps)], 101)
    row(f"a training batch of {BATCH}", f"{seconds * 1e3:.2f} ms")


def sparse_copy(path: Path, large: Path, times: int) -> None:
    """Write a packed set of that many times the drawings, without content."""
    from sketchvae.data import packed

    small = packed.open_packed(path)
    points, drawings = len(small.points) * times, len(small) * times
    header = packed._header(points, drawings, small.vocabulary, small.sources, small.shares)
    with large.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 3 * points + 18 * drawings + 8)


def training(path: Path) -> None:
    ours = training_figures(path, "ours")
    padded = training_figures(path, "padded")
    row(
        f"training, batch {BATCH}",
        f"{ours[0]:.0f} drawings/s",
        f"padded fp32 {padded[0]:.0f} drawings/s (ratio {ours[0] / padded[0]:.2f})",
    )
    row("training, memory", f"{ours[1]:.0f} MiB at most", f"padded fp32 {padded[1]:.0f} MiB")


def training_figures(path: Path, way: str) -> tuple[float, float]:
    """Return drawings a second and peak MiB of training in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--train", way, str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    rate, mib = done.stdout.split()
    return float(rate), float(mib)


def train(way: str, path: Path) -> None:
    """Take training steps as `sketchvae train` does, or padded to the longest in fp32."""
    import resource

    import torch

    from sketchvae.data.packed import open_packed
    from sketchvae.learning import batches, training
    from sketchvae.learning.settings import Settings
    from sketchvae.learning.team import Team
    from sketchvae.model_file import ModelConfig

    source = [batches.Source(open_packed(path), 50)]
    if way == "padded":
        longest = int(batches.Pool(source, "train", 10_000).lengths.max())
        batches.LENGTH_STEP = longest + 1
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(batch=BATCH, longest=10_000, drop=0.0)
        team = Team.join() if way == "ours" else Team(0, 1, torch.device("cpu"), bf16=False)
        trainer = training.Trainer(ModelConfig(), settings, source, source, Path(folder), team)
        trainer.train_step()
        seconds = []
        for _ in range(15 if way == "ours" else 5):
            began = time.perf_counter()
            trainer.train_step()
            seconds.append(time.perf_counter() - began)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(BATCH / statistics.mean(seconds), mib)


def main() -> None:
    if sys.argv[1:2] == ["--train"]:
        train(sys.argv[2], Path(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = Path(sys.argv[1]) if sys.argv[1:] else folder / "sheep.drawings"
        if not sys.argv[1:]:
            sheep = str(ROOT / "data" / "sheep.ndjson")
            run("-m", "sketchvae", "data", "import", sheep, "-o", str(path))
        cold_start(folder)
        drawing()
        scoring()
        drawing_memory(folder)
        showing(folder)
        reading(path, folder)
        training(path)


if __name__ == "__main__":
    main()
