"""What is said of a training run: hints before it; then which model was kept, why, what next."""

from collections.abc import Iterator, Sequence
from shlex import quote

from sketchvae.cli.output import plural
from sketchvae.cli.train_options import FEW_DRAWINGS
from sketchvae.model.loader import MODEL_FILE
from sketchvae.train.shortcomings import FEW_JUDGES
from sketchvae.train.signals import RunInterrupted
from sketchvae.train.trainer import PREVIEW_DRAWINGS, RANDOM, Trainer

_SHOWN = 4  # validations before the best one, and after it


def opening_lines(trainer: Trainer, *, refines: bool) -> Iterator[str]:
    """Yield what is to be known of a run before it begins.

    Args:
        trainer: the run, before its first step.
        refines: whether a refinement follows.
    """
    drawings = len(trainer.pool)
    if drawings < FEW_DRAWINGS and trainer.init_fingerprint == RANDOM:
        yield (
            f"hint: {plural(drawings, 'drawing')} are few to learn from nothing; --init base "
            "begins from weights that can draw, and takes minutes"
        )
    if refines:
        yield (
            "training, then refining what it draws, which takes up to twice as long as training; "
            "--no-refine leaves that out"
        )


def closing_lines(trainer: Trainer, interrupted: RunInterrupted | None) -> Iterator[str]:
    """Yield the lines that end a run on the terminal.

    Args:
        trainer: the run, finished or interrupted.
        interrupted: why it ended before its last step; None if it did not.
    """
    folder = trainer.folder
    if interrupted is not None:
        yield f"{folder}: {interrupted} and saved; go on with --resume"
    elif trainer.step < trainer.settings.steps:
        yield (
            f"{folder}: ended at step {trainer.step} of {trainer.settings.steps}, for "
            f"{trainer.settings.patience_with(len(trainer.pool))} validations in a row were no "
            "better; go on with --resume --patience 0"
        )
    path = folder / MODEL_FILE
    if not trainer.history:
        yield f"{path}: the weights of that step, before the first validation"
    else:
        yield from _kept(trainer, path)
    if interrupted is not None and len(trainer.pool) > PREVIEW_DRAWINGS:
        yield (
            f"{path}: its prior is a rough one until the run ends, fitted to {PREVIEW_DRAWINGS} "
            f"of {len(trainer.pool)} drawings"
        )
    yield f"next: sketchvae draw --model {quote(str(folder))}"


def _kept(trainer: Trainer, path: object) -> Iterator[str]:
    """Yield which step the model has and why, and where the last one is if it is another."""
    history, judges = trainer.history, len(trainer.valid)
    if not trainer.chooses:
        yield (
            f"{path}: step {trainer.step}, the last one, for {plural(judges, 'validation drawing')}"
            f" cannot choose; {FEW_JUDGES} or more can"
        )
        return
    step = min(history, key=lambda pair: pair[1])[0]
    yield f"{path}: step {step}, the best of {plural(len(history), 'validation')}"
    yield f"nats per point on {plural(judges, 'validation drawing')}: {_around(history, step)}"
    if step != history[-1][0]:
        yield f"the last step: sketchvae draw --model {quote(str(trainer.folder / 'last.pt'))}"


def _around(history: Sequence[tuple[int, float]], step: int) -> str:
    """Write the validations around that of a step: "..., 8.9, 8.3 at step 200, then 8.7, ..."."""
    index = [at for at, _ in history].index(step)
    before, after = history[max(0, index - _SHOWN) : index], history[index + 1 :]
    cells = ["..."] * (index > _SHOWN) + [f"{nats:.3f}" for _, nats in before]
    text = ", ".join([*cells, f"{history[index][1]:.3f} at step {step}"])
    if after:
        cells = [f"{nats:.3f}" for _, nats in after[:_SHOWN]] + ["..."] * (len(after) > _SHOWN)
        text += f", then {', '.join(cells)}"
    return text
