"""Completion: a prefix, the first strokes of a drawing, is continued with sampled strokes.

Shape letter: Z latent.
"""

from dataclasses import dataclass

import numpy as np

from sketchvae.drawing import SIMPLIFIED_SIDE, Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.encoding import encode_posteriors, simplify_all
from sketchvae.generate.parallel import numpy_on_one_thread
from sketchvae.generate.sampler import Sampler, SampleSpec, to_drawing
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.numpy_encoder import Encoder
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats32
from sketchvae.sequences import PaddedBatch, Pen, collate

_USUAL_FRACTION = 0.8  # longest side of a prefix over that of the whole, where it is not known
_CANDIDATES = 32  # latents in importance resampling; more give no better endings
_LIKELIHOOD_TEMPERATURE = 8.0  # log-likelihoods are divided by it, or one candidate gets all weight


@dataclass(frozen=True)
class Prefix:
    """The first strokes of a drawing, in the user's units and as the decoder reads them.

    Attributes:
        drawing: the strokes in the user's units.
        simple: the same in pixels of the simplified form, in which the finished drawing would have
            a longest side of 255.
        batch: steps of `simple`, one column, without END; the pen is up after the last, unless
            that stroke is open.
        is_open: whether the last stroke is to be continued.
    """

    drawing: Drawing
    simple: Drawing
    batch: PaddedBatch
    is_open: bool = False

    def finished(self, drawn: Drawing) -> Drawing:
        """Return the user's strokes, unchanged, followed by the sampled ones in the user's units.

        An open last stroke is continued by the sampled points. The sampled ones are rounded if the
        prefix was in pixels already. The word is that of `drawn`, the key_id the user's.

        Args:
            drawn: a sampled drawing in pixels, at any place, that begins with the strokes of
                `simple`.
        """
        old, new = self.drawing, list(drawn.strokes[len(self.simple.strokes) :])
        if self.is_open:
            last = len(self.simple.strokes) - 1
            new.insert(0, drawn.strokes[last][len(self.simple.strokes[last]) :])
        side = self.simple.longest_side
        unit = old.longest_side / side if side > 0 else 1.0  # user's units per pixel
        start = drawn.strokes[0][0]
        moved = [(stroke - start) * unit + old.strokes[0][0] for stroke in new]
        if self.simple is old:  # in whole pixels
            moved = [stroke.round() for stroke in moved]
        strokes = [*old.strokes, *moved]
        if self.is_open:
            last = len(old.strokes) - 1
            strokes[last : last + 2] = [np.concatenate(strokes[last : last + 2])]
        return Drawing(strokes, drawn.word, old.key_id)


def normalise_prefix(
    drawing: Drawing,
    scale: float,
    max_steps: int,
    size: float | None,
    *,
    is_open: bool = False,
) -> Prefix:
    """Return a prefix scaled into the pixels that the model has learnt.

    With `size`, the finished drawing gets a longest side of 255. Without it, integers from 0 to 255
    stay as they are, and anything else is scaled to a longest side of 0.8 * 255: the first stroke
    of a real sheep has 0.77 of the size of the whole (median of 210). A dot is never scaled.

    Args:
        drawing: the first strokes, at least one.
        scale: pixels per model unit.
        max_steps: greatest number of steps of a drawing; the prefix must have fewer.
        size: longest side of the finished drawing, in the units of `drawing`; None as above.
        is_open: whether the last stroke is to be continued.

    Raises:
        SketchvaeError: for a drawing without strokes, one of too many steps, or a size that is
            smaller than the drawing.
    """
    if not drawing.strokes:
        raise SketchvaeError("the beginning must have a stroke, got none; give it one, or draw")
    side = drawing.longest_side
    if size is not None and not side <= size < np.inf:
        raise SketchvaeError(
            f"the finished drawing must be at least as large as its beginning, {side:g}, "
            f"got {size:g}; choose a larger size, or leave it out"
        )
    if side == 0 or (size is None and drawing.is_simplified):
        simple = drawing
    else:
        fraction = _USUAL_FRACTION if size is None else side / size
        simple = drawing.simplified(SIMPLIFIED_SIDE * fraction)
    batch = collate([simple], scale).without_end()
    if len(batch.steps) >= max_steps:
        raise SketchvaeError(
            f"the beginning must have fewer steps than the {max_steps} of the longest drawing, got "
            f"{len(batch.steps)}; leave strokes out"
        )
    return Prefix(drawing, simple, _with_pen_down(batch) if is_open else batch, is_open)


def _with_pen_down(batch: PaddedBatch) -> PaddedBatch:
    """Return the steps of one drawing with the pen down after the last.

    A drawing of one point has no steps then: it is where the pen starts.
    """
    steps = batch.steps.copy()
    steps[-1, 2:] = 0
    steps[-1, 2 + Pen.DOWN] = 1
    kept = steps[1:] if len(steps) == 1 and not steps[0, :2].any() else steps
    return PaddedBatch(batch.sample_index, kept, batch.lengths - (len(steps) - len(kept)))


@numpy_on_one_thread()
def posterior_latents(model: Model, encoder: Encoder, prefix: Prefix, spec: SampleSpec) -> Floats32:
    """Sample latents, (n, Z), from the posterior of a prefix as if it were finished.

    Args:
        model: the model.
        encoder: its encoder.
        prefix: the first strokes.
        spec: number and seed.
    """
    posterior = encoder.encode(collate([prefix.simple], model.scale))
    shape = (spec.n, model.config.latent)
    noise = np.random.default_rng(spec.seed).standard_normal(shape, dtype=np.float32)
    return posterior.z(noise)


@numpy_on_one_thread()
def infer_latents(
    model: Model,
    encoder: Encoder,
    decoder: Decoder,
    prior: Prior,
    prefix: Prefix,
    spec: SampleSpec,
) -> Floats32:
    """Sample latents, (n, Z), of whole drawings that begin with a prefix.

    The first latents are samples of the prior, resampled by the likelihood of the prefix
    (importance resampling). A round of Gibbs sampling follows: an ending given the latent, a latent
    given the whole. The posterior of the prefix alone would not do: it is that of a drawing without
    head or legs, and what is drawn from it stays without.

    Args:
        model: the model.
        encoder: its encoder.
        decoder: its decoder.
        prior: of the first latents.
        prefix: the first strokes.
        spec: number, temperature and seed.
    """
    n, Z = spec.n, model.config.latent
    rng = np.random.default_rng(spec.seed)
    normals = rng.standard_normal((_CANDIDATES, Z), dtype=np.float32)
    candidates = prior.sample(rng.random(_CANDIDATES, dtype=np.float32), normals)
    nll = decoder.nll(candidates, prefix.batch.repeated(_CANDIDATES))
    weights = np.exp((nll.min() - nll) / _LIKELIHOOD_TEMPERATURE)
    z = candidates[rng.choice(_CANDIDATES, n, p=weights / weights.sum())]
    sampler = Sampler(
        decoder, prior, spec, model.max_steps, retries=False, latents=z, prefix=prefix.batch
    )
    wholes = [s if s is None else to_drawing(s, model.scale) for s in sampler.sequences()]
    ended = [i for i, whole in enumerate(wholes) if whole is not None]
    simple = simplify_all([whole for whole in wholes if whole is not None])
    posterior = encode_posteriors(encoder, simple, model.scale)
    normals = np.random.default_rng([spec.seed, 0]).standard_normal((n, Z), dtype=np.float32)
    z[ended] = posterior.z(normals[ended])
    return z
