"""Encoding and scoring drawings with a trained model, in NumPy.

Shape letters: Z latent, E encoder hidden units in each direction.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError, check_range
from sketchvae.flock import as_drawings
from sketchvae.generate import interpolation, likelihood
from sketchvae.generate.encoding import encode_posteriors, encode_states, simplify_all
from sketchvae.generate.interpolation import DEFAULT_SPREAD, check_latents
from sketchvae.generate.likelihood import DRAWS, Score
from sketchvae.generate.sampler import fresh_seed
from sketchvae.model.density_ratio import DensityRatio
from sketchvae.model.head import ClassHead
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.numpy_encoder import Encoder, Posterior
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats, Floats32


class Scorer:
    """A trained model that encodes and scores drawings.

    Where drawings are taken, a single one will do. They may have any size: those that are not in
    simplified form are brought into it.

    Attributes:
        model: the weights, with their provenance in `model.about`.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.decoder = Decoder(model)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, made when something is encoded: drawing needs none."""
        return Encoder(self.model)

    def __repr__(self) -> str:
        word, Z = self.model.about.get("word", ""), self.model.config.latent
        return f"{type(self).__name__}({word!r}, latents of {Z} numbers)"

    def encode(self, drawings: Iterable[Drawing] | Drawing) -> Floats32:
        """Return the latent of each drawing, (n, Z): the mean of its posterior.

        Raises:
            SketchvaeError: if a drawing is empty.
        """
        return self.posterior(drawings).mean

    def posterior(self, drawings: Iterable[Drawing] | Drawing) -> Posterior:
        """Return the posterior q(z given S) of each drawing, (n, Z).

        Raises:
            SketchvaeError: if a drawing is empty.
        """
        return encode_posteriors(self.encoder, simplify_all(drawings), self.model.scale)

    def states(self, drawings: Iterable[Drawing] | Drawing) -> Floats32:
        """Return the encoder's states of each drawing, (n, 4E); see `Encoder.states`.

        Raises:
            SketchvaeError: if a drawing is empty.
        """
        return encode_states(self.encoder, simplify_all(drawings), self.model.scale)

    def sample_posterior(
        self, drawings: Iterable[Drawing] | Drawing, n: int = 1, seed: int | None = None
    ) -> Floats32:
        """Sample n latents, (n, Z), from the posteriors of drawings in turn.

        Args:
            drawings: one or more.
            n: number of latents.
            seed: 0 or more; None for a random one.

        Raises:
            SketchvaeError: if there is no drawing, or one is empty.
        """
        drawings = as_drawings(drawings)
        if not drawings:
            raise SketchvaeError("drawing like others needs one or more, got none; name a drawing")
        posterior, turns = self.posterior(drawings), np.arange(n) % len(drawings)
        rng = np.random.default_rng(fresh_seed() if seed is None else seed)
        noise = rng.standard_normal((n, self.model.config.latent), dtype=np.float32)
        return Posterior(posterior.mean[turns], posterior.log_variance[turns]).z(noise)

    def perturb(
        self,
        latents: ArrayLike,
        n: int = 1,
        spread: float = DEFAULT_SPREAD,
        seed: int | None = None,
    ) -> Floats32:
        """Return n latents, (n, Z), scattered around given ones in turn.

        Args:
            latents: (m, Z), one or more.
            n: number of latents to return.
            spread: standard deviation of the noise in those of the prior, 0 to 10.
            seed: 0 or more; None for a random one.

        Raises:
            SketchvaeError: if there is no latent, or an argument is out of range.
        """
        seed = fresh_seed() if seed is None else seed
        latents = check_latents(latents, self.model.config.latent)
        return interpolation.perturb(latents, self.model.prior, n, spread, seed)

    def latents_like(
        self, drawing: Drawing, n: int = 1, spread: float | None = None, seed: int | None = None
    ) -> Floats32:
        """Return n latents, (n, Z), of variations of a drawing.

        Args:
            drawing: of any size.
            n: number of latents.
            spread: as for `perturb`, around its latent; None samples its posterior.
            seed: 0 or more; None for a random one.

        Raises:
            SketchvaeError: if the drawing is empty, or an argument is out of range.
        """
        if spread is None:
            return self.sample_posterior(drawing, n, seed)
        return self.perturb(self.encode(drawing), n, spread, seed)

    def class_probability(self, drawings: Iterable[Drawing] | Drawing) -> Floats:
        """Return the class probability of each drawing ("sheepness"), (n,), 0 to 1.

        See `ClassHead`. Each drawing is encoded once, and no likelihood is computed.

        Raises:
            SketchvaeError: if a drawing is empty, or the model has no class head.
        """
        return self.class_head.probability(self.states(drawings))

    @property
    def class_head(self) -> ClassHead:
        """The class head of the model.

        Raises:
            SketchvaeError: if the model has none.
        """
        if self.model.head is None:
            raise SketchvaeError(
                "the weights must hold a class head, got none; train on 10 drawings or more of one "
                "word from base, which fits one, or go by nats per point, which every model has"
            )
        return self.model.head

    @property
    def density_ratio(self) -> DensityRatio:
        """The density ratio of the model.

        Raises:
            SketchvaeError: if the model has none.
        """
        if self.model.density_ratio is None:
            raise SketchvaeError(
                "the weights must hold a density ratio for rejection sampling, got none; refine "
                "them with 'sketchvae refine', or use the sheep that come with sketchvae"
            )
        return self.model.density_ratio

    def percentile_after_strokes(self, drawing: Drawing) -> Floats:
        """Return the percentile of a drawing among real ones after each of its strokes.

        See `ClassHead.percentile`.

        Raises:
            SketchvaeError: if the drawing is empty, or the model has no class head.
        """
        parts = [Drawing(drawing.strokes[: k + 1]) for k in range(len(drawing.strokes))]
        return self.class_head.percentile(self.states(parts))

    def nll(self, drawings: Iterable[Drawing] | Drawing, draws: int = DRAWS) -> Floats:
        """Return -log p of each drawing, (n,), in nats, importance-weighted: see `likelihood.nll`.

        The value of a drawing depends on that drawing alone.

        Args:
            drawings: of any size.
            draws: k, latents per drawing, 1 or more.

        Raises:
            SketchvaeError: if a drawing is empty, or draws is out of range.
        """
        check_range("draws", draws, 1, advice=f"try {DRAWS}")
        simple = simplify_all(drawings)
        return likelihood.nll(self.encoder, self.decoder, self.model.scale, simple, draws)

    def score(self, drawings: Iterable[Drawing] | Drawing, draws: int = DRAWS) -> list[Score]:
        """Return the negative log-likelihood, class probability and percentile of each drawing.

        Without a class head in the model, the class probability and the percentile are None.

        Args:
            drawings: of any size.
            draws: k, latents per drawing, 1 or more.

        Raises:
            SketchvaeError: if a drawing is empty, or draws is out of range.
        """
        simple = simplify_all(drawings)
        nll, points = self.nll(simple, draws).tolist(), [d.n_points for d in simple]
        if self.model.head is None:
            return [Score(p, value, None, None) for p, value in zip(points, nll, strict=True)]
        states = self.states(simple)
        probability = self.model.head.probability(states).tolist()
        percentile = self.model.head.percentile(states).tolist()
        return list(map(Score, points, nll, probability, percentile))
