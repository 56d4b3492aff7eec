"""The artist: a trained model that draws, in NumPy.

Shape letters: Z latent, E encoder hidden units in each direction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from sketchvae.drawing import Drawing
from sketchvae.errors import ArgumentError, SketchvaeError, abbreviate, check_range
from sketchvae.flock import Flock, as_drawings
from sketchvae.generate import candidates, interpolation
from sketchvae.generate.completion import infer_latents, normalise_prefix, posterior_latents
from sketchvae.generate.encoding import simplify_all
from sketchvae.generate.interpolation import CANDIDATES, RECONSTRUCTIONS
from sketchvae.generate.sampler import (
    Sampler,
    SampleSpec,
    fresh_seed,
    sequences_in_parallel,
    to_drawing,
)
from sketchvae.generate.scorer import Scorer
from sketchvae.model.loader import load_model
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats32, Ints
from sketchvae.sequences import PaddedBatch

ENDINGS = 4  # to choose each from, where none is asked for by a temperature
MORPH_TEMPERATURE = 0.1  # of a path: little but the latent decides


def load(path: Path | str | None = None) -> "Artist":
    """Load an artist from a weights file, a checkpoint or a run's folder; None for the sheep.

    Raises:
        SketchvaeError: if the file is missing, damaged, or of another kind.
    """
    if not isinstance(path, str | PathLike | None):
        raise ArgumentError(f"must get the name of a model, got {abbreviate(path)}; leave it out")
    return Artist(load_model(path))


class Artist(Scorer):
    """A trained model that draws.

    All drawings that it returns are in pixels of Quick, Draw!'s simplified form. Drawings that it
    is given may have any size. See `Scorer` for encoding and scoring them.

    Attributes:
        model: the weights, with their provenance in `model.about`.
        word: the thing that it draws; empty if the model does not know.
        max_steps: steps after which a drawing counts as unfinished.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.word = str(model.about.get("word", ""))
        self.max_steps = model.max_steps

    # --- drawing --------------------------------------------------------------------

    def draw(
        self,
        n: int = 1,
        temperature: float | None = None,
        seed: int | None = None,
        *,
        like: Iterable[Drawing] | Drawing | None = None,
        best_of: int = 1,
        reject: bool = False,
    ) -> Flock:
        """Draw n drawings: typical ones, or at a temperature with all the variety of people's.

        Args:
            n: number of drawings, 0 or more.
            temperature: tau of eq. 8, 0.001 to 10: near 0 neat and alike, at 1 as people draw, odd
                ones too. None draws typical ones: from the typical prior, if the model has one, at
                the temperature that the model has for them (sheep 0.5).
            seed: 0 or more; None for a random one.
            like: drawings whose latents are drawn from, each in turn; None for the prior.
            best_of: number of drawings to choose each from, by their class probability.
            reject: draw at temperature 1, and anew what people would hardly draw: rejection
                sampling by the density ratio of the model.

        Raises:
            SketchvaeError: if an argument is out of range or contradicts another, a drawing never
                ends, or the model has no class head for `best_of` or no ratio for `reject`.
        """
        seed = fresh_seed() if seed is None else seed
        latents = None if like is None else self.sample_posterior(like, n, seed)
        return Flock(
            self.draw_each(n, temperature, seed, latents=latents, best_of=best_of, reject=reject)
        )

    def draw_each(
        self,
        n: int = 1,
        temperature: float | None = None,
        seed: int | None = None,
        *,
        latents: ArrayLike | None = None,
        best_of: int = 1,
        reject: bool = False,
    ) -> Iterator[Drawing]:
        """Yield n drawings in order, each as soon as it and all before it have ended.

        Drawing i depends on the seed and on i alone (to rounding): the first of many equals the
        only one of one. A drawing that does not end within `max_steps` is begun anew.

        Args:
            n: number of drawings, 0 or more.
            temperature: as for `draw`; None with latents is that of typical ones.
            seed: 0 or more; None for a random one.
            latents: (n, Z) latent of each drawing; None samples a prior.
            best_of: as for `draw`.
            reject: as for `draw`.

        Raises:
            SketchvaeError: as `draw`.
        """
        check_range("best_of", best_of, 1, advice="try 8")
        seed = fresh_seed() if seed is None else seed
        if reject:
            temperature = candidates.rejection_temperature(temperature, best_of)
        prior, temperature = self._setting(temperature)
        spec = SampleSpec(n * best_of, temperature, seed)
        if latents is not None:
            latents = interpolation.check_latents(latents, self.model.config.latent).repeat(
                best_of, axis=0
            )

        def draw(indices: Sequence[int]) -> Iterator[Drawing]:
            drawn = self._drawn(prior, spec, latents, indices=indices)
            return (drawing for drawing in drawn if drawing is not None)

        if reject:
            return candidates.accepted(draw, candidates.log_acceptance(self), n, seed)
        if best_of > 1:
            judge = candidates.class_log_odds(self)
            return candidates.best_of_each(draw(range(spec.n)), best_of, judge)
        return draw(range(n))

    def _setting(self, temperature: float | None) -> tuple[Prior, float]:
        """Return the prior and the temperature to draw with; None asks for typical drawings."""
        if temperature is None:
            return self.model.typical_prior or self.model.prior, self.model.typical_temperature
        return self.model.prior, temperature

    def sample(
        self, n: int, temperature: float | None, seed: int, latents: Floats32 | None = None
    ) -> list[Drawing | None]:
        """Draw n drawings with one attempt each: None for one that does not end.

        Args:
            n: number of drawings, 0 or more.
            temperature: as for `draw_each`.
            seed: 0 or more.
            latents: (n, Z) latent of each drawing; None samples the prior.

        Raises:
            SketchvaeError: if an argument is out of range.
        """
        prior, temperature = self._setting(temperature)
        spec = SampleSpec(n, temperature, seed)
        return list(self._drawn(prior, spec, latents, retries=False))

    def decode(
        self, latents: ArrayLike, temperature: float | None = None, seed: int | None = None
    ) -> Flock:
        """Draw one drawing from each latent.

        Args:
            latents: (n, Z).
            temperature: as for `draw`.
            seed: as for `draw`.

        Raises:
            SketchvaeError: if an argument is out of range, or a drawing never ends.
        """
        z = interpolation.check_latents(latents, self.model.config.latent)
        return Flock(self.draw_each(len(z), temperature, seed, latents=z))

    def _drawn(
        self,
        prior: Prior,
        spec: SampleSpec,
        latents: Floats32 | None,
        prefix: PaddedBatch | None = None,
        *,
        retries: bool = True,
        indices: Sequence[int] | None = None,
    ) -> Iterator[Drawing | None]:
        """Yield sampled drawings in pixels, in order; None for one that was given up."""

        def sampler(indices: Sequence[int]) -> Sampler:
            return Sampler(
                self.decoder,
                prior,
                spec,
                self.max_steps,
                retries=retries,
                latents=latents,
                prefix=prefix,
                indices=indices,
            )

        for steps in sequences_in_parallel(sampler, range(spec.n) if indices is None else indices):
            yield None if steps is None else to_drawing(steps, self.model.scale, self.word)

    # --- reconstructing, interpolating, completing ------------------------------------

    def reconstruct(
        self,
        drawings: Iterable[Drawing] | Drawing,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Flock:
        """Draw each drawing anew from its own latent.

        Of 32 drawings from a latent the one is returned that looks most like the original: see
        `candidates.appearance`. Where none of them has ended (near temperature 0 some never do)
        the drawing is empty.

        Args:
            drawings: the originals.
            temperature: as for `draw`.
            seed: as for `draw`.

        Raises:
            SketchvaeError: if a drawing is empty, or an argument is out of range.
        """
        drawings = as_drawings(drawings)
        latents = self.encode(drawings)
        originals = candidates.appearance(simplify_all(drawings))
        k = RECONSTRUCTIONS
        drawn, ended, ended_drawings = self._candidates(latents, k, temperature, seed)
        rounded = [drawing.to_quickdraw() for drawing in ended_drawings]
        difference = candidates.appearance(rounded) - originals[ended // k]
        nearest = interpolation.candidate_costs(difference, ended, (len(latents), k)).argmin(axis=1)
        chosen = np.arange(len(latents)) * k + nearest
        return Flock(drawn[i] or Drawing((), self.word) for i in chosen.tolist())

    def morph(
        self,
        first: ArrayLike,
        last: ArrayLike,
        steps: int = 8,
        *,
        linear: bool = False,
        temperature: float = MORPH_TEMPERATURE,
        seed: int | None = None,
    ) -> Flock:
        """Draw along the path from one latent to another.

        Of 16 drawings from each latent those are returned that change least: see `viterbi_path`.

        Args:
            first: latent, (Z,) or (1, Z).
            last: latent, (Z,) or (1, Z).
            steps: number of drawings on the path, both ends included, 2 or more.
            linear: follow the straight line instead of spherical interpolation.
            temperature: as for `draw`.
            seed: as for `draw`.

        Raises:
            SketchvaeError: if an argument is out of range, or a drawing never ends.
        """
        width = self.model.config.latent
        ends = [interpolation.check_latent(end, width) for end in (first, last)]
        path = interpolation.interpolate(ends[0], ends[1], steps, linear=linear)
        drawn, ended, ended_drawings = self._candidates(path, CANDIDATES, temperature, seed)
        difference = self.encode(ended_drawings) - path[ended // CANDIDATES]
        costs = interpolation.candidate_costs(difference, ended, (len(path), CANDIDATES))
        flock = Flock(interpolation.viterbi_path(drawn, costs))
        if len(flock) < steps:
            raise SketchvaeError(
                f"{steps} drawings must end within {self.max_steps} steps, got {len(flock)} in "
                f"{CANDIDATES} attempts each; try a temperature from 0.1 to 1, or train longer"
            )
        return flock

    def _candidates(
        self, latents: Floats32, k: int, temperature: float | None, seed: int | None
    ) -> tuple[list[Drawing | None], Ints, list[Drawing]]:
        """Draw k times from each latent, (n, Z).

        Returns:
            The drawings, those of the first latent first, None for one that did not end; the
            indices of those that ended with ink; and these.
        """
        seed = fresh_seed() if seed is None else seed
        targets = latents.repeat(k, axis=0)
        drawn = self.sample(len(targets), temperature, seed, targets)
        ended = [(i, d) for i, d in enumerate(drawn) if d is not None and d.strokes]
        return drawn, np.array([i for i, _ in ended], dtype=np.intp), [d for _, d in ended]

    def complete(
        self,
        beginning: Iterable[Drawing] | Drawing,
        n: int = 1,
        temperature: float | None = None,
        seed: int | None = None,
        *,
        encode: bool = False,
        size: float | None = None,
        is_open: bool = False,
    ) -> Flock:
        """Continue a drawing in its own size and place, with n endings.

        The strokes of the beginning stay as they are, to the last digit; at least one step follows.

        Args:
            beginning: the first strokes of a drawing.
            n: number of endings, 0 or more.
            temperature: as for `draw`; None chooses each ending from four by how plausible the
                whole is.
            seed: as for `draw`.
            encode: sample latents from the posterior of the beginning, as if it were finished: it
                adds little. Else sample latents of whole drawings with that beginning.
            size: longest side of the finished drawing in the units of the beginning; None for the
                pixels of Quick, Draw!, or for a usual first stroke: see `normalise_prefix`.
            is_open: go on with the last stroke, instead of beginning a new one.

        Raises:
            SketchvaeError: if the beginning is empty or too long, another argument is out of
                range, or a drawing never ends.
        """
        given = as_drawings(beginning)
        if len(given) != 1:
            raise SketchvaeError(f"the beginning must be one drawing, got {len(given)}; choose one")
        prefix = normalise_prefix(given[0], self.model.scale, self.max_steps, size, is_open=is_open)
        k = ENDINGS if temperature is None else 1
        prior, temperature = self._setting(temperature)
        spec = SampleSpec(n, temperature, fresh_seed() if seed is None else seed)
        if encode:
            z = posterior_latents(self.model, self.encoder, prefix, spec)
        else:
            z = infer_latents(self.model, self.encoder, self.decoder, prior, prefix, spec)
        endings = replace(spec, n=n * k)
        drawn = list(self._drawn(prior, endings, z.repeat(k, axis=0), prefix.batch))
        choose = candidates.best_of(candidates.plausibility(self), k)
        chosen = [drawn[i] for i in choose(drawn).tolist()]
        return Flock(prefix.finished(d) for d in chosen if d is not None)
