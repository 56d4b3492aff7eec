"""sketchvae train: from packed sets to a weights file."""

from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.errors import SketchvaeError
from sketchvae.files import make_folder

if TYPE_CHECKING:
    from sketchvae.model.weights import ModelConfig, ModelFile
    from sketchvae.train.batches import Source


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
    help="Weights to begin from, or a checkpoint, last.pt say; 'sheep' for the shipped ones. "
    "Their sizes are kept.",
)
@click.option("--resume", is_flag=True, help="Go on where the run in --out stopped.")
@click.option("--steps", type=int, help="Batches to train on.  [default: 20000; with --init 400]")
@click.option("--batch", type=int, help="Drawings a batch, over all processes.  [default: 64]")
@click.option(
    "--learning-rate", type=float, help="At its highest.  [default: 0.002; with --init 0.001]"
)
@click.option("--clip", type=float, help="Largest norm of the gradient.  [default: 1]")
@click.option("--kl-weight", type=float, help="w_KL at its highest.  [default: 1]")
@click.option(
    "--kl-anneal",
    type=float,
    help="Share of the steps that w_KL rises in.  [default: 0.3; with --init 0]",
)
@click.option("--kl-floor", type=float, help="Free nats a drawing.  [default: 20]")
@click.option("--stretch", type=float, help="Augmentation: x and y by 1 +- this.  [default: 0.1]")
@click.option("--drop", type=float, help="Augmentation: share of points left out.  [default: 0.1]")
@click.option(
    "--validate-every",
    type=int,
    help="Steps between validations.  [default: 1000; with --init 100]",
)
@click.option("--seed", type=int, help="Of weights, batches and noise.  [default: 1]")
@click.option("--latent", type=int, help="Dimensions of z.  [default: 128]")
@click.option("--encoder-hidden", type=int, help="Encoder LSTM, a side.  [default: 256]")
@click.option("--decoder-hidden", type=int, help="Decoder LSTM.  [default: 512]")
@click.option("--mixtures", type=int, help="Components M.  [default: 20]")
def train(
    data_: tuple[str, ...],
    valid: tuple[Path, ...],
    out: Path,
    init: str | None,
    resume: bool,
    **given: int | float | None,
) -> None:
    """Train a model on packed sets. Needs sketchvae[train].

    Ctrl-C saves and leaves; the same command with --resume goes on as if nothing had
    happened. The folder gets last.pt and best.pt (checkpoints), model.safetensors (for
    draw --model), at each validation a picture of drawings and a map of the latent space, and
    TensorBoard's files.
    Several processes: torchrun --nproc-per-node 2 -m sketchvae train ...

    \b
    Examples:
      sketchvae train --data sheep.drawings --out runs/sheep
      sketchvae draw --model runs/sheep/model.safetensors
      sketchvae train --data cow.drawings --init sheep --out runs/cow
    """
    from sketchvae.cli.extras import needs

    with needs("train"):
        from sketchvae.cli.progress import Display
        from sketchvae.train.distributed import Team
        from sketchvae.train.settings import FINE_TUNING, Settings
        from sketchvae.train.trainer import Stopped, Trainer

    chosen = {name: value for name, value in given.items() if value is not None}
    beginning = _beginning(init) if init else None
    config = _config(chosen, beginning)
    sources = [_source(text) for text in data_]
    judges = [_source(str(path)) for path in valid] or sources
    if not resume and (out / "last.pt").exists():  # never train over a run that is there
        raise SketchvaeError(
            f"{out}: holds a run already; go on with --resume, or name another --out"
        )
    settings = Settings(**{**(FINE_TUNING if beginning else {}), **chosen})  # type: ignore[arg-type]
    with Team.join() as team, ExitStack() as stack:
        trainer = Trainer(config, settings, sources, judges, out, team, beginning)
        if resume:
            trainer.resume()
        make_folder(out, "name another --out")
        leads = team.rank == 0
        watchers = [stack.enter_context(Display(out, settings.steps))] if leads else []
        try:
            trainer.run(*watchers)
        except Stopped as stopped:
            if leads:
                click.echo(f"{out}: {stopped} and saved; go on with --resume", err=True)
            raise SystemExit(128 + stopped.signal_number) from stopped
        path = trainer.finish()
        if leads:
            click.echo(f"{path}: done; next: sketchvae draw --model {path}", err=True)


def _beginning(init: str) -> "ModelFile":
    from sketchvae.model.weights import load, shipped_path
    from sketchvae.train.trainer import weights_of

    if init.endswith(".pt"):
        return weights_of(Path(init))
    return load(shipped_path() if init == "sheep" else Path(init))


def _config(chosen: dict[str, int | float], beginning: "ModelFile | None") -> "ModelConfig":
    """Take the sizes of the network out of what was chosen."""
    from sketchvae.model.weights import ModelConfig

    sizes = {f.name: int(chosen.pop(f.name)) for f in fields(ModelConfig) if f.name in chosen}
    if beginning is None:
        return ModelConfig(**sizes)
    config = replace(beginning.config, **sizes)
    if config != beginning.config:
        raise SketchvaeError(
            f"with --init the sizes must be those of the weights, got other "
            f"{', '.join(sizes)}; leave the sizes out"
        )
    return config


def _source(text: str) -> "Source":
    """Read SET or SET@N."""
    from sketchvae.data.dataset import open_packed
    from sketchvae.train.batches import Source

    name, at, repeat = text.rpartition("@")
    if at and repeat.isdigit():
        if int(repeat) < 1:
            raise SketchvaeError(f"{text}: a set must be shown 1 time or more, got {repeat}")
        return Source(open_packed(Path(name)), int(repeat))
    return Source(open_packed(Path(text)))
