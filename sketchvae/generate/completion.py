"""A beginning that is to be continued: its pixels, the latents that fit it, its own place again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sketchvae.drawing import SIMPLIFIED_SIDE, Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.sampler import Sampler
from sketchvae.polyline import Floats32
from sketchvae.sequences import PaddedBatch, collate

if TYPE_CHECKING:
    from sketchvae.generate.artist import Artist

_SHARE = 0.8  # of the finished drawing's longest side, where nothing tells; see `normalise_prefix`
_CANDIDATES = 256  # latents that a beginning chooses from
_LIKELIHOOD_TEMPERATURE = 8.0  # untempered, one candidate would take all of the weight
_ROUNDS = 2  # more were not seen to fit better


@dataclass(frozen=True)
class Prefix:
    """The first strokes of a drawing.

    Attributes:
        drawing: as it was given.
        simple: the same in pixels, where the finished drawing would be 255 wide or high.
        reading: its steps, one column, without END: the pen is lifted at its end.
    """

    drawing: Drawing
    simple: Drawing
    reading: PaddedBatch

    def finished(self, drawn: Drawing) -> Drawing:
        """Return the strokes as they were given, and those that were drawn after them.

        Args:
            drawn: in pixels, wherever; it begins with the strokes of `simple`.
        """
        old, new = self.drawing, drawn.strokes[len(self.simple.strokes) :]
        side = self.simple.longest_side
        unit = old.longest_side / side if side > 0 else 1.0  # of the file, in a pixel
        start = drawn.strokes[0][0]
        placed = [(s - start) * unit + old.strokes[0][0] for s in new]
        if self.simple is old:  # in whole pixels
            placed = [stroke.round() for stroke in placed]
        return Drawing([*old.strokes, *placed], drawn.word, old.key_id)


def normalise_prefix(drawing: Drawing, scale: float, longest: int, size: float | None) -> Prefix:
    """Bring a beginning into the pixels that the model knows.

    Integers from 0 to 255 are the pixels of Quick, Draw! already. Of any other beginning the
    size of the whole is not known: it counts as 0.8 of it, as the first stroke of a real sheep
    does (median of 210: 0.77).

    Args:
        drawing: at least one stroke.
        scale: pixels per model unit.
        longest: steps that the model draws.
        size: longest side of the finished drawing in the units of this one; None as above.

    Raises:
        SketchvaeError: for an empty beginning, one of too many steps, or a size that it
            does not fit into.
    """
    if not drawing.strokes:
        raise SketchvaeError("the beginning must have a stroke, got none; give it one, or draw")
    side = drawing.longest_side
    if size is not None and not side <= size < np.inf:
        raise SketchvaeError(
            f"the finished drawing must be at least as large as its beginning, {side:g}, "
            f"got {size:g}; choose a larger size, or leave it out"
        )
    if size is None and drawing.is_simplified:
        simple = drawing
    elif side > 0:
        simple = drawing.simplified(SIMPLIFIED_SIDE * (_SHARE if size is None else side / size))
    else:
        simple = drawing
    reading = collate([simple], scale).without_end()
    if len(reading.steps) >= longest:
        raise SketchvaeError(
            f"the beginning must have fewer steps than the {longest} of the longest drawing, got "
            f"{len(reading.steps)}; leave strokes out"
        )
    return Prefix(drawing, simple, reading)


def infer_latents(
    artist: "Artist", beginning: Prefix, n: int, temperature: float, seed: int
) -> Floats32:
    """Sample latents that fit a beginning, (n, Z).

    At first from the prior, by how likely each makes the beginning. Then by Gibbs sampling:
    an ending given the latent, a latent given the whole. For the posterior of the beginning
    alone is that of a drawing without head or legs, and what is drawn from it stays that.
    """
    rng, Z = np.random.default_rng(seed), artist.model.config.latent
    noise = rng.standard_normal((_CANDIDATES, Z), dtype=np.float32)
    candidates = artist.model.prior.sample(rng.random(_CANDIDATES, dtype=np.float32), noise)
    nats = artist.decoder.nll(candidates, beginning.reading.repeated(_CANDIDATES))
    weights = np.exp((nats.min() - nats) / _LIKELIHOOD_TEMPERATURE)
    z = candidates[rng.choice(_CANDIDATES, n, p=weights / weights.sum())]
    for number in range(_ROUNDS):
        given = beginning.reading
        sampler = Sampler(artist, n, temperature, seed, once=True, latents=z, given=given)
        drawn = list(sampler.drawings())
        ended = [i for i, drawing in enumerate(drawn) if drawing is not None]
        posterior = artist.posterior([d for d in drawn if d is not None])
        noise = np.random.default_rng([seed, number]).standard_normal((n, Z), dtype=np.float32)
        z[ended] = posterior.z(noise[ended])
    return z
