"""Options of `train` that change the settings of a run and the sizes of the network."""

from dataclasses import dataclass
from typing import Annotated

import click

FEW_DRAWINGS = 10_000  # training drawings below which learning from nothing is hopeless


@dataclass(frozen=True)
class SettingOptions:
    """Options that change `Settings`; None leaves the default."""

    steps: Annotated[
        int | None,
        click.option(
            "--steps",
            type=int,
            help="Batches to train on.  [default: 20000; with --init 80 times the root of the "
            "number of drawings up to 250, then 1265, from 1000 on 40 times, at most 4000]",
        ),
    ] = None
    batch: Annotated[
        int | None,
        click.option(
            "--batch",
            type=int,
            help="Drawings a batch, over all processes.  [default: 64; 32 with --init for fewer "
            "than 1000]",
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
        click.option(
            "--kl-weight", type=float, help="Highest w_KL.  [default: 1; with --init 0.35]"
        ),
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
            help="Nats of L_KL per drawing that cost nothing (free bits).  [default: 20; with "
            "--init 40]",
        ),
    ] = None
    random_scale: Annotated[
        float | None,
        click.option(
            "--random-scale",
            "--stretch",
            type=float,
            help="Augmentation: x and y are scaled by 1 +- this.  [default: 0.1; 0.15 with --init "
            "for fewer than 1000]",
        ),
    ] = None
    point_dropout: Annotated[
        float | None,
        click.option(
            "--point-dropout",
            "--drop",
            type=float,
            help="Augmentation: fraction of points left out.  [default: 0.1; with --init 0]",
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
            help="Steps between validations.  [default: 1000; with --init a fifth of the steps]",
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
