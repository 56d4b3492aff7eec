"""Encoding many drawings: batches of similar length, side by side on all cores."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.flock import as_drawings
from sketchvae.generate.parallel import cpu_count, parallel_map
from sketchvae.model.numpy_encoder import Encoder, Posterior
from sketchvae.polyline import Floats32, Ints
from sketchvae.sequences import PaddedBatch, collate

_BATCH = 128  # drawings in one batch of the encoder, which has a core to itself


def simplify_all(drawings: Iterable[Drawing] | Drawing) -> list[Drawing]:
    """Return drawings, or a single one, in simplified form, as the networks read them.

    Raises:
        SketchvaeError: if a drawing has no stroke, or is none.
    """
    drawings = as_drawings(drawings)
    for index, drawing in enumerate(drawings):
        if not drawing.strokes:
            raise SketchvaeError(
                f"drawing {index} must have a stroke to be encoded, got none; leave it out"
            )
    return [drawing.in_simplified_form() for drawing in drawings]


def encode_posteriors(encoder: Encoder, drawings: Sequence[Drawing], scale: float) -> Posterior:
    """Return the posterior of each drawing, (n, Z).

    Args:
        encoder: the network.
        drawings: n of them, in simplified form.
        scale: pixels per model unit.
    """
    shape = (len(drawings), encoder.latent)
    all_of_them = Posterior(np.empty(shape, np.float32), np.empty(shape, np.float32))

    def encode(indices: Ints, batch: PaddedBatch) -> None:
        posterior = encoder.encode(batch)
        all_of_them.mean[indices] = posterior.mean
        all_of_them.log_variance[indices] = posterior.log_variance

    _for_each_batch(drawings, scale, encode)
    return all_of_them


def encode_states(encoder: Encoder, drawings: Sequence[Drawing], scale: float) -> Floats32:
    """Return the encoder's states of each drawing, (n, 4E); see `Encoder.states`.

    Args:
        encoder: the network.
        drawings: n of them, in simplified form.
        scale: pixels per model unit.
    """
    states = np.empty((len(drawings), 4 * encoder.hidden), np.float32)

    def encode(indices: Ints, batch: PaddedBatch) -> None:
        states[indices] = encoder.states(batch)

    _for_each_batch(drawings, scale, encode)
    return states


def _for_each_batch(
    drawings: Sequence[Drawing], scale: float, work: Callable[[Ints, PaddedBatch], None]
) -> None:
    """Call `work` with the indices and the batch of some drawings, until all had their turn."""

    def collate_and_work(indices: Ints) -> None:
        batch = collate([drawings[i] for i in indices], scale)
        work(indices[batch.sample_index], batch)

    longest_first = np.argsort([-drawing.n_points for drawing in drawings], kind="stable")
    size = max(1, min(_BATCH, -(-len(drawings) // cpu_count())))
    parallel_map(
        collate_and_work, [longest_first[i : i + size] for i in range(0, len(drawings), size)]
    )
