"""sketchvae refine: rounds of drawing, accepting and training, until drawings are as people's."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import bind, bitmaps_option, model_option
from sketchvae.cli.output import plural
from sketchvae.files import held, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sketchvae.bitmaps import Bitmaps
    from sketchvae.data.dataset import PackedDataset
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.model.weights import Model
    from sketchvae.train.rejection import Refinement


@dataclass(frozen=True)
class RoundOptions:
    """Options of the rounds, which change `Refinement`; None leaves its default."""

    rounds: Annotated[
        int | None, click.option("--rounds", type=int, help="Rounds to go.  [default: 3, or 2]")
    ]
    drawn: Annotated[
        int | None,
        click.option(
            "--drawn",
            type=int,
            help="Drawings to choose from, a round.  [default: 32000, or 8000]",
        ),
    ]
    accepted: Annotated[
        int | None,
        click.option(
            "--accepted",
            type=int,
            help="Drawings to train on, a round.  [default: 12000, or 3000]",
        ),
    ]
    steps: Annotated[
        int | None,
        click.option("--steps", type=int, help="Batches, a round.  [default: 400, or 300]"),
    ]
    seed: Annotated[
        int | None, click.option("--seed", type=int, help="Of all random numbers.  [default: 1]")
    ]


@click.command()
@model_option
@click.option(
    "--real",
    required=True,
    type=SELECTION,
    help="Real drawings, of which the training part is learnt from: a packed set, or any file.",
)
@bitmaps_option
@click.option(
    "--candidates",
    type=SELECTION,
    help="Drawings of other origin that may be accepted as well.",
)
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the run."
)
@bind(rounds=RoundOptions)
def refine(
    model: Path | None,
    real: "Selection",
    bitmaps: Path | None,
    candidates: "Selection | None",
    out: Path,
    rounds: RoundOptions,
) -> None:
    """Bring a model's drawings nearer to real ones. Needs sketchvae[train].

    Each round draws many, keeps those that are likeliest among real ones, and trains on them
    and on the real ones. A hundred real drawings are few, a thousand are plenty. A round takes
    about ten minutes on one core, and half of that with the second of two defaults, those for a
    model of up to 999 drawings. The folder keeps each, and the same command goes on where it was
    stopped.

    \b
    Examples:
      sketchvae refine --real sheep -o runs/refined
      sketchvae refine --model model.safetensors --real cows/ -o runs/cow
    """
    from sketchvae.cli.extras import needs

    with needs("train"):
        import sketchvae.cli.progress  # noqa: F401 - what it needs may be missing
        from sketchvae.bitmaps import read_bitmaps
        from sketchvae.train.rejection import Refinement
    from sketchvae.cli.packing import packed_set
    from sketchvae.data.splits import SplitFractions
    from sketchvae.model.loader import load_model

    weights = load_model(model)
    settings = Refinement.of(weights, **{k: v for k, v in vars(rounds).items() if v is not None})
    images = read_bitmaps(bitmaps) if bitmaps else None
    packed = packed_set(real, out, name="real", fractions=SplitFractions(0.0, 0.0))
    others = [d.in_simplified_form() for d in candidates.drawings()] if candidates else []
    run_rounds(weights, packed, settings, out, "the same command goes on", images, others)
    rounds_done = plural(settings.rounds, "round")
    click.echo(f"{out}: done, {rounds_done}; next: sketchvae draw --model {out}", err=True)


def run_rounds(
    model: "Model",
    real: "PackedDataset",
    settings: "Refinement",
    out: Path,
    goes_on: str,
    images: "Bitmaps | None" = None,
    others: "Sequence[Drawing]" = (),
) -> "Model":
    """Refine a model, with its progress on standard error; return the refined one.

    Args:
        model: to refine.
        real: real drawings, of which the training part is learnt from.
        settings: of the rounds.
        out: folder of the refinement.
        goes_on: end of the line that is printed if the rounds are stopped: how to go on.
        images: (n, 28, 28) more real drawings; None for none.
        others: drawings of other origin that may be accepted as well, in simplified form.

    Raises:
        SystemExit: with 128 and the number of the signal, after Ctrl-C or SIGTERM.
    """
    import numpy as np

    from sketchvae.cli.progress import ConsoleProgress
    from sketchvae.evaluate.classifier import shipped_classifier
    from sketchvae.train.real_drawings import RealDrawings
    from sketchvae.train.rejection import Refiner
    from sketchvae.train.signals import RunInterrupted

    bitmaps = np.zeros((0, 28, 28), np.uint8) if images is None else images
    known = RealDrawings(real, bitmaps, shipped_classifier("critic"))
    make_folder(out, "name another -o")
    with held(out, ", or name another -o"), ConsoleProgress(settings.steps) as console:
        try:
            return Refiner(known, settings, out, others, console.print, [console]).run(model)
        except RunInterrupted as interrupted:
            stopped, code = f"{interrupted} and saved", 128 + interrupted.signal_number
        except KeyboardInterrupt:
            stopped, code = "stopped while drawing", 130
    click.echo(f"{out}: {stopped}; {goes_on}", err=True)
    raise SystemExit(code)
