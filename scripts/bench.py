"""Measure what the README says about speed. All figures are medians of one run.

    scripts/bench                     with the sheep in data/
    scripts/bench sheep.drawings      with the lengths of another packed set

Timings are worth something only beside each other: every figure that depends on the
machine comes with what it is compared to. Leave the machine alone meanwhile.
"""

import os
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
    """Run Python with these arguments; as where it is installed, modules are compiled once."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)


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
    commands = (
        ("-m", "sketchvae", "draw", "--force", "--seed", "7", "-o", svg),
        ("-m", "sketchvae", "--help"),
        ("-c", "import torch"),
        ("-c", "import numpy, click"),
        ("-c", "pass"),
    )
    seconds: list[list[float]] = [[] for _ in commands]
    for _ in range(15):  # by turns, so that other work slows all alike
        for command, own in zip(commands, seconds, strict=True):
            own.append(median_seconds(lambda: run(*command), 1))  # noqa: B023
    ours, help_, heavy, light, none = map(statistics.median, seconds)
    row(
        "cold process to sheep.svg",
        f"{ours * 1e3:.0f} ms",
        f"import torch {heavy * 1e3:.0f} ms (ratio {ours / heavy:.3f}), "
        f"import numpy, click {light * 1e3:.0f} ms (ratio {light / heavy:.3f})",
    )
    row("sketchvae --help", f"{help_ * 1e3:.0f} ms", f"an empty program {none * 1e3:.0f} ms")


def drawing() -> None:
    from sketchvae import load
    from sketchvae.model.config import N_CONTEXT, N_STEP

    artist = load()
    seeds = iter(range(10_000))
    one = median_seconds(lambda: artist.draw(1, seed=next(seeds)), 51)
    row("one sheep, warm", f"{one * 1e3:.1f} ms")
    drawn = artist.draw(1000, seed=0)
    many = median_seconds(lambda: artist.draw(1000, seed=0), 5)
    inputs = artist.decoder.hidden + N_STEP + N_CONTEXT
    a = np.ones((4 * artist.decoder.hidden, inputs), dtype=np.float32)
    b = np.ones((inputs, 256), dtype=np.float32)
    product = median_seconds(lambda: a @ b, 51)
    points = statistics.mean(d.n_points for d in drawn)
    row(
        "1000 sheep",
        f"{1000 / many:.0f} sheep/s",
        f"{points:.0f} points each; the matrix products alone would allow "
        f"{256 / product / points:.0f} sheep/s ({1000 * points * product / 256 / many:.2f} of it)",
    )


def encoding() -> None:
    from sketchvae import load
    from sketchvae.generate.parallel import cpu_count, parallel_map

    artist = load()
    drawn = [d.to_quickdraw() for d in artist.draw(1500, seed=0)]
    flock = [d for d in drawn if d.longest_side == 255] * 2
    E = artist.encoder.hidden
    a = np.ones((4 * E, E + 5), dtype=np.float32)
    b = np.ones((E + 5, 128), dtype=np.float32)

    def products(times: int) -> None:  # what the matrix products of 128 drawings cost, both ways
        for _ in range(times):
            a @ b

    points = statistics.mean(d.n_points for d in flock)
    steps = round(2 * points)
    encode, ceiling = [], []
    for _ in range(5):  # by turns, so that other work slows both alike
        encode.append(median_seconds(lambda: artist.encode(flock), 1))
        ceiling.append(
            median_seconds(lambda: parallel_map(products, [steps] * (4 * cpu_count())), 1)
        )
    ours = len(flock) / statistics.median(encode)
    most = 128 * 4 * cpu_count() / statistics.median(ceiling)
    row(
        f"encode {len(flock)} sheep",
        f"{ours:.0f} sheep/s",
        f"{points:.0f} points each; the matrix products alone would allow {most:.0f} "
        f"({ours / most:.2f} of it)",
    )


def scoring() -> None:
    from sketchvae import load
    from sketchvae.generate.parallel import cpu_count, parallel_map
    from sketchvae.model.config import N_CONTEXT, N_STEP

    artist = load()
    flock = [drawing.to_quickdraw() for drawing in artist.draw_each(2048, seed=0)]
    many = median_seconds(lambda: artist.class_probability(flock), 5)
    row("sheepness of 2048 sheep", f"{2048 / many:.0f} drawings/s")
    some = flock[:32]
    inputs = artist.decoder.hidden + N_STEP + N_CONTEXT
    a = np.ones((4 * artist.decoder.hidden, inputs), dtype=np.float32)
    b = np.ones((inputs, 64), dtype=np.float32)

    def products(_: int) -> None:
        for _ in range(50):
            a @ b

    points = statistics.mean(d.n_points for d in some)
    ours, ceiling = [], []
    for _ in range(5):  # by turns, so that other work slows both alike
        ours.append(median_seconds(lambda: artist.score(some), 1))
        ceiling.append(median_seconds(lambda: parallel_map(products, range(cpu_count())), 1))
    product = statistics.median(ceiling) / (50 * cpu_count())
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
    from sketchvae.render.film import FilmSpec, save_film
    from sketchvae.render.page import PageSpec, PictureSpec, Style
    from sketchvae.render.png import to_png
    from sketchvae.render.svg import to_svg
    from sketchvae.render.timeline import Animation, Pace

    flock = load().draw(1000, seed=0)
    seconds = median_seconds(lambda: to_svg(PageSpec(1), flock[:1], Animation()), 51)
    still = median_seconds(lambda: to_svg(PageSpec(1), flock[:1]), 51)
    row("animated SVG of one sheep", f"{seconds * 1e3:.1f} ms", f"a still one {still * 1e3:.1f} ms")
    paced, gif, white = (
        Animation(Pace(seconds=3.0)),
        folder / "sheep.gif",
        Style(background="white"),
    )
    seconds = median_seconds(
        lambda: save_film(FilmSpec(1, style=white, pixels=400, path=gif), flock[:1], paced), 21
    )
    row("GIF of one sheep, 400 x 400, 60 frames", f"{seconds * 1e3:.0f} ms")
    pixels = 32 * 100
    seconds = median_seconds(
        lambda: to_png(PictureSpec(1000, style=white, pixels=pixels), flock), 5
    )
    row("1000 sheep as PNG", f"{seconds * 1e3:.0f} ms", f"{pixels} x {pixels} pixels")


def plotting(folder: Path) -> None:
    import vpype
    import vpype_cli

    from sketchvae import load
    from sketchvae.machine.timing import Motion
    from sketchvae.plot.bed import Machine
    from sketchvae.plot.gcode import to_gcode
    from sketchvae.plot.layout import Layout
    from sketchvae.plot.page import parse_page
    from sketchvae.plot.pen_lift import servo
    from sketchvae.plot.plan import Pens, Plot, make_plot
    from sketchvae.plot.svg import to_svg
    from sketchvae.plot.vpype import optimize

    flock, a3, svg = load().draw(100, seed=0), parse_page("a3"), folder / "page.svg"

    def travel(plot: Plot, pipeline: str) -> float:
        svg.write_text(to_svg(plot), encoding="utf-8")
        document = vpype_cli.execute(f"read {svg} {pipeline}")
        return float(document.layers[1].pen_up_length()[0] / vpype.convert_length("1mm"))

    for arrangement in ("grid", "packed"):
        layout = Layout(arrangement)
        plot = make_plot(layout.place(flock, a3), a3, Pens())
        ours, theirs = travel(optimize(plot), ""), travel(plot, "linemerge linesort")
        row(
            f"pen-up travel, A3, 100 sheep, {arrangement}",
            f"{ours:.0f} mm",
            f"vpype's linemerge linesort {theirs:.0f} mm (ratio {ours / theirs:.3f}), "
            f"as drawn {travel(plot, ''):.0f} mm",
        )
        placing = median_seconds(lambda: layout.place(flock, a3), 3)  # noqa: B023
        sorting = median_seconds(lambda: optimize(plot), 5)  # noqa: B023
        writing = median_seconds(lambda: svg.write_text(to_svg(plot)), 5)  # noqa: B023
        coding = median_seconds(lambda: to_gcode(Machine().to_machine(plot), servo(), Motion()), 5)  # noqa: B023
        row(
            f"lay out that page, {arrangement}",
            f"{placing * 1e3:.0f} ms",
            f"--optimize {sorting * 1e3:.0f} ms, SVG {writing * 1e3:.0f} ms, "
            f"G-code {coding * 1e3:.0f} ms",
        )
    code = (
        "import time; a = time.perf_counter(); import vpype_cli; b = time.perf_counter(); "
        "import sketchvae.cli.vpype_plugin; print(b - a, time.perf_counter() - b)"
    )
    loads = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        for _ in range(9)
    ]
    theirs, ours = np.median([[float(t) for t in done.stdout.split()] for done in loads], axis=0)
    row("load the vpype plugin", f"{ours * 1e3:.0f} ms", f"vpype itself {theirs * 1e3:.0f} ms")


def sending(folder: Path) -> None:
    """Stream short moves to the tests' simulator, as through a USB adapter of 1 ms."""
    answered, counted = (
        statistics.median(sent_a_second(folder, o) for _ in range(3)) for o in WAYS
    )
    row(
        "send --counted, moves of 0.2 mm",
        f"{counted:.0f} lines/s",
        f"answer by answer {answered:.0f} lines/s (ratio {counted / answered:.2f})",
    )


WAYS: tuple[tuple[str, ...], ...] = ((), ("--counted",))


def sent_a_second(folder: Path, options: tuple[str, ...]) -> float:
    sys.path.insert(0, str(ROOT / "tests"))
    from grbl_simulator import Simulator

    lines = ["(pen-up: M5)", "G21", "G90", "G94", "M5"]
    for k in range(20):
        lines += [f"(stroke {k + 1} of 20)", f"G0 X{k:.3f} Y0.000", "M3", "G1 X0.100 F6000"]
        lines += [f"G1 X{k + i % 2 / 10:.3f} Y{0.2 * i:.3f}" for i in range(1, 60)] + ["M5"]
    path = folder / "moves.gcode"
    path.write_text("\n".join([*lines, "(end)", "M5"]) + "\n")
    with Simulator(speed=50.0, pen="relay", baud=115_200, latency=0.001) as machine:
        run("-m", "sketchvae", "send", machine.port, str(path), *options)
        return (len(machine.times) - 1) / (machine.times[-1] - machine.times[0])


def exploring() -> None:
    from sketchvae.explore.embedding import draw_map
    from sketchvae.generate.artist import load
    from sketchvae.render.map import to_html, to_png

    artist = load()
    flock = [d.to_quickdraw() for d in artist.draw(5000, seed=0)]  # as in a file
    flock = [d for d in flock if d.longest_side == 255]
    seconds = median_seconds(lambda: to_png(draw_map(artist, flock)), 3)
    encoding = median_seconds(lambda: artist.encode(flock), 3)
    row("map of 5000 drawings as PNG", f"{seconds:.1f} s", f"encoding them alone {encoding:.1f} s")
    chart = draw_map(artist, flock)
    page = median_seconds(lambda: to_html(chart), 3)
    row("the same as a page, without laying it out", f"{page:.1f} s")


def reading(path: Path, folder: Path) -> None:
    from sketchvae.data.dataset import open_packed
    from sketchvae.model.batch import Augmentation
    from sketchvae.train.batches import BatchSampler, DrawingPool, WeightedDataset

    row("open the packed set", f"{median_seconds(lambda: open_packed(path), 21) * 1e3:.2f} ms")
    large = folder / "large.drawings"
    sparse_copy(path, large, times=1000)
    seconds = median_seconds(lambda: open_packed(large), 21)
    row(
        "open one of 1000 times the drawings",
        f"{seconds * 1e3:.2f} ms",
        f"{large.stat().st_size / 2**20:.0f} MiB",
    )
    pool = DrawingPool([WeightedDataset(open_packed(path), 50)], "train", 250)
    batches = BatchSampler(pool, BATCH, 128, 20.0, Augmentation(), seed=1)
    steps = iter(range(10_000))
    seconds = median_seconds(lambda: batches[next(steps)], 101)
    row(f"a training batch of {BATCH}", f"{seconds * 1e3:.2f} ms")


def sparse_copy(path: Path, large: Path, times: int) -> None:
    """Write a packed set of that many times the drawings, without content."""
    from sketchvae.data import dataset as packed

    small = packed.open_packed(path)
    points, drawings = len(small.points) * times, len(small) * times
    header = packed._header(points, drawings, small.vocabulary, small.sources, small.fractions)
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

    from sketchvae import sequences
    from sketchvae.data.dataset import open_packed
    from sketchvae.model.config import ModelConfig
    from sketchvae.train import batches
    from sketchvae.train.distributed import ProcessGroup
    from sketchvae.train.run import prepare_run
    from sketchvae.train.settings import Settings

    source = [batches.WeightedDataset(open_packed(path), 50)]
    if way == "padded":
        longest = int(batches.DrawingPool(source, "train", 10_000).lengths.max())
        sequences.LENGTH_MULTIPLE = longest + 1
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(batch=BATCH, max_points=10_000, point_dropout=0.0)
        group = (
            ProcessGroup.init()
            if way == "ours"
            else ProcessGroup(0, 1, torch.device("cpu"), bf16=False)
        )
        trainer = prepare_run(ModelConfig(), settings, source, source, Path(folder), group)
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
        encoding()
        scoring()
        drawing_memory(folder)
        showing(folder)
        plotting(folder)
        sending(folder)
        exploring()
        reading(path, folder)
        training(path)


if __name__ == "__main__":
    main()
