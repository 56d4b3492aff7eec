"""sketchvae train: from packed sets to a weights file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from sketchvae.cli.options import bind
from sketchvae.errors import SketchvaeError
from sketchvae.files import make_folder

if TYPE_CHECKING:
    from sketchvae.model.config import ModelConfig
    from sketchvae.model.weights import Model
    from sketchvae.train.batches import WeightedDataset
    from sketchvae.train.signals import RunInterrupted
    from sketchvae.train.trainer import Trainer


@dataclass(frozen=True)
class SettingOptions:
    """Options that change `Settings`; None leaves the default."""

    steps: Annotated[
        int | None,
        click.option(
            "--steps", type=int, help="Batches to train on.  [default: 20000; with --init 400]"
        ),
    ] = None
    batch: Annotated[
        int | None,
        click.option(
            "--batch", type=int, help="Drawings a batch, over all processes.  [default: 64]"
        ),
    ] = None
    learning_rate: Annotated[
        float | None,
        click.option(
            "--learning-rate",
            type=float,
            help="Highest learning rate.  [default: 0.002; with --init 0.001]",
        ),
    ] = None
    clip: Annotated[
        float | None,
        click.option("--clip", type=float, help="Greatest norm of the gradient.  [default: 1]"),
    ] = None
    kl_weight: Annotated[
        float | None,
        click.option("--kl-weight", type=float, help="Highest w_KL.  [default: 1]"),
    ] = None
    kl_anneal: Annotated[
        float | None,
        click.option(
            "--kl-anneal",
            type=float,
            help="Fraction of the steps in which w_KL rises.  [default: 0.3; with --init 0]",
        ),
    ] = None
    free_nats: Annotated[
        float | None,
        click.option(
            "--free-nats",
            "--kl-floor",
            type=float,
            help="Nats of L_KL per drawing that cost nothing (free bits).  [default: 20]",
        ),
    ] = None
    random_scale: Annotated[
        float | None,
        click.option(
            "--random-scale",
            "--stretch",
            type=float,
            help="Augmentation: x and y are scaled by 1 +- this.  [default: 0.1]",
        ),
    ] = None
    point_dropout: Annotated[
        float | None,
        click.option(
            "--point-dropout",
            "--drop",
            type=float,
            help="Augmentation: fraction of points left out.  [default: 0.1]",
        ),
    ] = None
    max_points: Annotated[
        int | None,
        click.option(
            "--max-points",
            type=int,
            help="Longer drawings are left out, and the model draws none.  [default: 250]",
        ),
    ] = None
    validate_every: Annotated[
        int | None,
        click.option(
            "--validate-every",
            type=int,
            help="Steps between validations.  [default: 1000; with --init 50]",
        ),
    ] = None
    patience: Annotated[
        int | None,
        click.option(
            "--patience",
            metavar="N",
            type=int,
            help="End after N validations in a row that are no better; 0: never.  [default: 3 for "
            "fewer than 1000 drawings, else 0]",
        ),
    ] = None
    seed: Annotated[
        int | None,
        click.option("--seed", type=int, help="Seed of weights, batches and noise.  [default: 1]"),
    ] = None


@dataclass(frozen=True)
class SizeOptions:
    """Options that change the sizes of the network, `ModelConfig`; None leaves the default."""

    latent: Annotated[
        int | None, click.option("--latent", type=int, help="Dimensions of z.  [default: 128]")
    ] = None
    encoder_hidden: Annotated[
        int | None,
        click.option(
            "--encoder-hidden",
            type=int,
            help="Units of the encoder LSTM, each way.  [default: 256]",
        ),
    ] = None
    decoder_hidden: Annotated[
        int | None,
        click.option(
            "--decoder-hidden", type=int, help="Units of the decoder LSTM.  [default: 512]"
        ),
    ] = None
    mixtures: Annotated[
        int | None,
        click.option("--mixtures", type=int, help="Components M of the mixture.  [default: 20]"),
    ] = None


@click.command()
@click.option(
    "--data",
    "data_",
    multiple=True,
    required=True,
    metavar="SET[@N]",
    help="A packed set; @N shows each of its drawings N times an epoch. May be repeated.",
)
@click.option(
    "--valid",
    multiple=True,
    metavar="SET",
    type=click.Path(path_type=Path),
    help="Sets whose validation part judges; never trained on.  [default: those of --data]",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run.")
@click.option(
    "--init",
    metavar="MODEL",
    help="Weights to begin from: a file, or the folder or a checkpoint of a run; 'sheep' for the "
    "shipped ones. Their sizes are kept.",
)
@click.option("--resume", is_flag=True, help="Go on where the run in --out stopped.")
@bind(settings=SettingOptions, sizes=SizeOptions)
def train(
    data_: tuple[str, ...],
    valid: tuple[Path, ...],
    out: Path,
    init: str | None,
    resume: bool,
    settings: SettingOptions,
    sizes: SizeOptions,
) -> None:
    """Train a model on packed sets. Needs sketchvae[train].

    Ctrl-C saves and leaves; the same command with --resume goes on as if nothing had
    happened. The folder, which every --model takes, gets model.safetensors (the best by
    validation, from the first one on), last.pt and best.pt (checkpoints), at each validation a
    picture of drawings and a map of the latent space, and TensorBoard's files.
    Several processes: torchrun --nproc-per-node 2 -m sketchvae train ...

    \b
    Examples:
      sketchvae train --data cow.drawings --init sheep --out runs/cow
      sketchvae draw --model runs/cow
      sketchvae train --data sheep.drawings --out runs/sheep
    """
    from sketchvae.cli.extras import needs

    with needs("train"):
        import sketchvae.cli.progress  # noqa: F401 - what it needs may be missing
        from sketchvae.cli.train_report import closing_lines, opening_lines
        from sketchvae.train.distributed import ProcessGroup
        from sketchvae.train.run import prepare_run
        from sketchvae.train.settings import Settings

    if not resume and (out / "last.pt").exists():  # never train over the run of another
        raise SketchvaeError(
            f"{out}: holds a run already; go on with --resume, or name another --out"
        )
    start = _initial_model(init) if init else None
    config = _config(_typed(sizes), start)
    datasets = [_weighted_dataset(text) for text in data_]
    valid_sets = [_weighted_dataset(str(path)) for path in valid] or datasets
    chosen = (Settings.fine_tuning if start else Settings)(**_typed(settings))
    with ProcessGroup.init() as group:
        trainer = prepare_run(config, chosen, datasets, valid_sets, out, group, start)
        if resume:
            trainer.resume()
        make_folder(out, "name another --out")
        if group.rank == 0 and not resume:
            for line in opening_lines(trainer):
                click.echo(line, err=True)
        interrupted = _run(trainer)
        if group.rank == 0:  # in one piece: whoever reads it may leave after the first line
            click.echo("\n".join(closing_lines(trainer, interrupted)), err=True)
    if interrupted is not None:
        raise SystemExit(128 + interrupted.signal_number)


def _run(trainer: "Trainer") -> "RunInterrupted | None":
    """Train and write the model; return why the run ended early, if it was stopped."""
    from sketchvae.cli.progress import progress_callbacks
    from sketchvae.train.signals import RunInterrupted

    shown, steps = trainer.group.rank == 0, trainer.settings.steps
    with progress_callbacks(trainer.folder, steps, shown=shown) as callbacks:
        try:
            trainer.run(*callbacks)
        except RunInterrupted as interrupted:
            return interrupted
        trainer.export()
    return None


def _typed(options: SettingOptions | SizeOptions) -> dict[str, Any]:
    """Return the options that have a value."""
    return {name: value for name, value in vars(options).items() if value is not None}


def _initial_model(init: str) -> "Model":
    """Load the weights to begin from."""
    from sketchvae.model.loader import load_model

    return load_model(init)


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


def _weighted_dataset(text: str) -> "WeightedDataset":
    """Open the dataset of an argument SET or SET@N."""
    from sketchvae.data.dataset import open_packed
    from sketchvae.train.batches import WeightedDataset

    name, at, repeat = text.rpartition("@")
    if at and repeat.isdigit():
        if int(repeat) < 1:
            raise SketchvaeError(f"{text}: a set must be shown 1 time or more, got {repeat}")
        return WeightedDataset(open_packed(Path(name)), int(repeat))
    return WeightedDataset(open_packed(Path(text)))
