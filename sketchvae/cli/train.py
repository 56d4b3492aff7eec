"""sketchvae train: from packed sets to a weights file."""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import bind
from sketchvae.cli.output import plural
from sketchvae.cli.train_options import FEW_DRAWINGS, SettingOptions, SizeOptions
from sketchvae.errors import SketchvaeError
from sketchvae.files import held, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sketchvae.data.dataset import PackedDataset
    from sketchvae.model.config import ModelConfig
    from sketchvae.model.weights import Model
    from sketchvae.train.batches import WeightedDataset
    from sketchvae.train.settings import Settings
    from sketchvae.train.signals import RunInterrupted
    from sketchvae.train.trainer import Trainer


_NOTHING = "nothing"


@click.command()
@click.option(
    "--data",
    "data_",
    multiple=True,
    metavar="FILE[@N]",
    help="Drawings: a packed set, or a file or folder that data import reads, with its usual "
    "splits. @N shows each drawing N times an epoch. May be repeated.",
)
@click.option(
    "--quickdraw",
    metavar="WORD",
    help="All drawings of WORD of Quick, Draw!, fetched into the folder of the run first.",
)
@click.option("--word", default="", help="What the drawings show, where the files do not say.")
@click.option(
    "--valid",
    multiple=True,
    metavar="FILE",
    help="Sets whose validation part judges; never trained on.  [default: those of --data]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the run.  [default: runs/ and the word, or else the name of the first file]",
)
@click.option(
    "--init",
    metavar="MODEL",
    help="Weights to begin from, and their sizes: 'base', which learnt 345 kinds of drawings; "
    "'sheep'; a file, or the folder or a checkpoint of a run; 'nothing'.  [default: base for fewer "
    "than 10000 drawings]",
)
@click.option("--resume", is_flag=True, help="Go on where the run in --out stopped.")
@click.option(
    "--refine/--no-refine",
    "wanted",
    default=None,
    help="Refine the model at the end, as sketchvae refine does; that takes up to twice as long.  "
    "[default: after one set of 100 to 999 drawings to learn from, unless from nothing]",
)
@bind(settings=SettingOptions, sizes=SizeOptions)
def train(
    data_: tuple[str, ...],
    quickdraw: str | None,
    word: str,
    valid: tuple[str, ...],
    out: Path | None,
    init: str | None,
    resume: bool,
    wanted: bool | None,
    settings: SettingOptions,
    sizes: SizeOptions,
) -> None:
    """Train a model on drawings. Needs sketchvae[train].

    Ctrl-C saves and leaves; the same command with --resume goes on as if nothing had
    happened. The folder, which every --model takes, gets model.safetensors (the best by
    validation, or the newest where fewer than 30 drawings judge), last.pt and best.pt
    (checkpoints), at each validation a picture of drawings and a map of the latent space, and
    TensorBoard's files.
    Several processes: torchrun --nproc-per-node 2 -m sketchvae train ...

    \b
    Examples:
      sketchvae train --data cows/ --word cow
      sketchvae draw --model runs/cow
      sketchvae train --quickdraw cat
    """
    from sketchvae.cli.extras import needs

    with needs("train"):
        import sketchvae.cli.progress  # noqa: F401 - what it needs may be missing
        from sketchvae.cli.train_own import own_lines
        from sketchvae.cli.train_report import closing_lines, opening_lines
        from sketchvae.train.distributed import ProcessGroup
        from sketchvae.train.run import prepare_run

    if not data_ and not quickdraw:
        raise SketchvaeError(
            "training needs drawings; name them with --data, as in --data cats/, or fetch some "
            "with --quickdraw cat"
        )
    folder = out or Path("runs", quickdraw or word or Path(data_[0].partition("@")[0]).stem)
    if not resume and (folder / "last.pt").exists():  # never train over the run of another
        raise SketchvaeError(
            f"{folder}: holds a run already; go on with --resume, or name another --out"
        )
    with ProcessGroup.init() as group:
        if group.rank != 0:
            group.any_rank(False)  # until the first process has packed the drawings
        names = [*data_, *([_fetched(quickdraw, folder)] if quickdraw else [])]
        reuse = resume or group.rank != 0
        opened = partial(
            _opened, folder=folder, word=word, reuse=reuse, longest=settings.max_points
        )
        datasets = [opened(name) for name in names]
        valid_sets = [opened(name) for name in valid] or datasets
        if group.rank == 0:
            group.any_rank(False)
        start = _initial_model(init, datasets, _typed(sizes))
        config = _config(_typed(sizes), start)
        chosen = _settings(datasets, start, _typed(settings))
        trainer = prepare_run(config, chosen, datasets, valid_sets, folder, group, start)
        if resume:
            trainer.resume()
        make_folder(folder, "name another --out")
        refines = _refines(wanted, trainer, start, datasets)
        if group.rank == 0 and not resume:
            for line in opening_lines(trainer, refines=refines):
                click.echo(line, err=True)
        interrupted = _run(trainer)
        if group.rank == 0:  # in one piece: whoever reads it may leave after the first line
            lines = [*closing_lines(trainer, interrupted)]
            if interrupted is None:
                typed = [_without_repeat(name)[0] for name in names]
                refined = [_refine(trainer, datasets[0].dataset)] if refines else []
                own = own_lines(folder, typed, [w.dataset for w in datasets])
                lines[-1:-1] = [*refined, *own]
            click.echo("\n".join(lines), err=True)
    if interrupted is not None:
        raise SystemExit(128 + interrupted.signal_number)


def _run(trainer: "Trainer") -> "RunInterrupted | None":
    """Train and write the model; return why the run ended early, if it was stopped."""
    from sketchvae.cli.progress import progress_callbacks
    from sketchvae.train.signals import RunInterrupted

    shown, steps = trainer.group.rank == 0, trainer.settings.steps
    alone = held(trainer.folder, ", or name another --out") if shown else nullcontext()
    with alone, progress_callbacks(trainer.folder, steps, shown=shown) as callbacks:
        try:
            trainer.run(*callbacks)
        except RunInterrupted as interrupted:
            return interrupted
        trainer.export()
    return None


def _refines(
    wanted: bool | None,
    trainer: "Trainer",
    start: "Model | None",
    datasets: "Sequence[WeightedDataset]",
) -> bool:
    """Whether a refinement follows the training.

    Args:
        wanted: whether it was asked for; None for what is usual.
        trainer: the run.
        start: weights that it begins from, if any.
        datasets: what it learns from.
    """
    from sketchvae.train.export import is_few
    from sketchvae.train.rejection import FEW_REAL

    is_one = len(datasets) == 1 and trainer.group.size == 1
    if wanted and not is_one:
        raise SketchvaeError(
            "--refine takes one set of --data and one process; leave it out, and give the model to "
            "sketchvae refine"
        )
    if wanted is not None:
        return wanted
    enough = len(datasets[0].dataset.split("train")) >= FEW_REAL
    return is_one and start is not None and enough and is_few(trainer.pool)


def _refine(trainer: "Trainer", dataset: "PackedDataset") -> str:
    """Refine the model of a run that has ended; return a line of text on how that went.

    Args:
        trainer: the run.
        dataset: what it learnt from.
    """
    from sketchvae.cli.refine import run_rounds
    from sketchvae.model.loader import MODEL_FILE, load_model
    from sketchvae.model.weights import save
    from sketchvae.train.rejection import Refinement

    path = trainer.folder / MODEL_FILE
    model = load_model(path)
    # Named after the model: a run that was trained further is refined anew.
    place = trainer.folder / f"refining-{model.fingerprint[:8]}"
    settings = Refinement.of(model)
    goes_on = f"{path} draws already; --resume goes on"
    try:
        save(run_rounds(model, dataset, settings, place, goes_on), path)
    except SketchvaeError as error:
        return f"{path}: not refined: {error}"
    return f"{path}: refined by {plural(settings.rounds, 'round')}"


def _typed(options: SettingOptions | SizeOptions) -> dict[str, Any]:
    """Return the options that have a value."""
    return {name: value for name, value in vars(options).items() if value is not None}


def _fetched(word: str, folder: Path) -> str:
    """Return the file of all drawings of a category of Quick, Draw!, fetched if need be."""
    from sketchvae.data.quickdraw import fetch

    path, fetched = fetch(word, folder)
    if fetched:
        click.echo(f"{path}: fetched", err=True)
    return str(path)


def _initial_model(
    init: str | None, datasets: "Sequence[WeightedDataset]", sizes: dict[str, int]
) -> "Model | None":
    """Load the weights to begin from; None for random ones."""
    from sketchvae.model.loader import BASE, load_model

    if init is None:
        few = sum(len(weighted.dataset) for weighted in datasets) < FEW_DRAWINGS
        init = BASE if few and not sizes else _NOTHING
    return None if init == _NOTHING else load_model(init)


def _settings(
    datasets: "Sequence[WeightedDataset]", start: "Model | None", typed: dict[str, Any]
) -> "Settings":
    """Return the settings of a run; with weights to begin from they follow from the drawings."""
    from sketchvae.train.settings import Settings

    if start is None:
        return Settings(**typed)
    number = sum(len(weighted.dataset.split("train")) for weighted in datasets)
    return Settings.fine_tuning(number, **typed)


def _config(sizes: dict[str, int], start: "Model | None") -> "ModelConfig":
    """Return the sizes of the network; with --init they are those of the weights."""
    from sketchvae.model.config import ModelConfig

    if start is None:
        return ModelConfig(**sizes)
    config = replace(start.config, **sizes)
    if config != start.config:
        raise SketchvaeError(
            f"with --init the sizes must be those of the weights, got other "
            f"{', '.join(sizes)}; leave the sizes out"
        )
    return config


def _opened(
    text: str, folder: Path, word: str, reuse: bool, longest: int | None
) -> "WeightedDataset":
    """Open the drawings of an argument FILE or FILE@N; what is not a packed set becomes one.

    Args:
        text: the argument.
        folder: of the run, which gets that set.
        word: of the drawings that have none.
        reuse: whether a set that the folder has already will do; then nothing is noted.
        longest: greatest number of points of a drawing; None for the default.
    """
    from sketchvae.cli.packing import notes_on_training, packed_set
    from sketchvae.data.counting import count
    from sketchvae.data.selection import Selection
    from sketchvae.train.batches import WeightedDataset
    from sketchvae.train.settings import Settings

    name, repeat = _without_repeat(text)
    if repeat < 1:
        raise SketchvaeError(f"{text}: a set must be shown 1 time or more, got {repeat}")
    packed = packed_set(Selection.parse(name), folder, word=word, reuse=reuse)
    if packed.path != Path(name) and not reuse:  # of a packed set, data import said so
        most = longest or Settings.max_points
        for note in notes_on_training(packed, count(packed, most), most):
            click.echo(f"{name}: {note}", err=True)
    return WeightedDataset(packed, repeat)


def _without_repeat(text: str) -> tuple[str, int]:
    """Return the name and the number of an argument FILE or FILE@N."""
    name, at, repeat = text.rpartition("@")
    return (name, int(repeat)) if at and repeat.isdigit() else (text, 1)
