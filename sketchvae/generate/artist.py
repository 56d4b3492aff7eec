"""The artist: takes latents from the prior and draws, many drawings side by side."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.flock import Flock
from sketchvae.generate import likelihood
from sketchvae.generate.completion import infer_latents, normalise_prefix
from sketchvae.generate.interpolation import SPREAD, check_latents, interpolate, perturb
from sketchvae.generate.likelihood import DRAWS, Score
from sketchvae.generate.parallel import cpu_count, parallel_map
from sketchvae.generate.sampler import Rows, Sampler, check
from sketchvae.generate.viterbi import CANDIDATES, UNFINISHED_COST, viterbi_path
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.numpy_encoder import Encoder, Posterior
from sketchvae.model.weights import Model, shipped_path
from sketchvae.model.weights import load as load_model
from sketchvae.polyline import Floats, Floats32
from sketchvae.sequences import PaddedBatch, collate

TEMPERATURE = 0.7
MORPH_TEMPERATURE = 0.1  # temperature of a path: little but the latent decides
_READ_AT_ONCE = 128  # drawings in one batch of the encoder, which has a core to itself


def load(path: Path | str | None = None) -> "Artist":
    """Load an artist from a weights file; None for the sheep that come with the package.

    Raises:
        SketchvaeError: if the file is missing, damaged, or of another kind.
    """
    return Artist(load_model(shipped_path() if path is None else Path(path)))


def fresh_seed() -> int:
    """Return a seed that nobody has used, short enough to write down."""
    return int(np.random.default_rng().integers(2**32))


class Artist:
    """Draws from a trained model, in NumPy.

    Attributes:
        model: the weights, with their provenance in `model.about`.
        word: what it draws.
        longest: steps after which a drawing counts as unfinished.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.decoder = Decoder(model)
        self.encoder = Encoder(model)
        self.word = str(model.about.get("word", ""))
        self.max_steps = model.max_steps

    def draw(self, n: int = 1, temperature: float = TEMPERATURE, seed: int | None = None) -> Flock:
        """Draw n drawings, in pixels of Quick, Draw!'s simplified form; see `draw_each`."""
        return Flock(self.draw_each(n, temperature, seed))

    def draw_each(
        self,
        n: int = 1,
        temperature: float = TEMPERATURE,
        seed: int | None = None,
        *,
        latents: Floats32 | None = None,
    ) -> Iterator[Drawing]:
        """Draw n drawings; yield each once it and all before it are done.

        Drawing i depends on the seed and on i alone (to rounding): the first of many is
        the one of one. A drawing that does not end within `longest` steps is begun
        anew, never cut.

        Args:
            n: how many, 0 or more.
            temperature: tau of eq. 8, 0.001 to 10: near 0 neat and alike, at 1 as learnt.
            seed: 0 or more; None for drawings that cannot be had again.
            latents: (n, Z) what to draw each from; None takes them from the prior.

        Raises:
            SketchvaeError: if an argument is out of range, or a drawing never ends.
        """
        seed = fresh_seed() if seed is None else seed
        if latents is not None:
            latents = check_latents(latents, self.model.config.latent)
        sampler = Sampler(self, n, temperature, seed, latents=latents)
        return (drawing for drawing in sampler.drawings() if drawing is not None)

    def encode(self, drawings: Sequence[Drawing]) -> Floats32:
        """Return the latent of each drawing, (n, Z): the mean of its posterior."""
        return self.posterior(drawings).mean

    def posterior(self, drawings: Sequence[Drawing]) -> Posterior:
        """Read n drawings, in any size, into their posteriors.

        Each is brought into simplified form first, unless it has it: see
        `Drawing.in_simplified_form`.

        Raises:
            SketchvaeError: if a drawing is empty.
        """
        n, Z = len(drawings), self.model.config.latent
        found = Posterior(np.empty((n, Z), np.float32), np.empty((n, Z), np.float32))

        def work(rows: Rows, reading: PaddedBatch) -> None:
            part = self.encoder.encode(reading)
            found.mean[rows], found.log_variance[rows] = part.mean, part.log_variance

        self._read(drawings, work)
        return found

    def states(self, drawings: Sequence[Drawing]) -> Floats32:
        """Return what the encoder sees in each drawing, (n, 4E); see `Encoder.states`."""
        found = np.empty((len(drawings), 4 * self.model.config.encoder_hidden), np.float32)

        def work(rows: Rows, reading: PaddedBatch) -> None:
            found[rows] = self.encoder.states(reading)

        self._read(drawings, work)
        return found

    def _read(self, drawings: Sequence[Drawing], work: Callable[[Rows, PaddedBatch], None]) -> None:
        """Read drawings in batches, on all cores: work gets the place of each column's drawing."""
        _refuse_empty(drawings)
        # Before the threads, which would wait for each other: it is Python's own work.
        simple = [drawing.in_simplified_form() for drawing in drawings]

        def work_on(places: Rows) -> None:
            reading = collate([simple[i] for i in places], self.model.scale)
            work(places[reading.sample_index], reading)

        longest_first = np.argsort([-drawing.n_points for drawing in simple], kind="stable")
        at_once = max(1, min(_READ_AT_ONCE, -(-len(drawings) // cpu_count())))
        batches = [longest_first[i : i + at_once] for i in range(0, len(drawings), at_once)]
        parallel_map(work_on, batches)

    def class_probability(self, drawings: Sequence[Drawing]) -> Floats:
        """Say how sheep each drawing is, (n,), from 0 to 1: see `ClassHead`.

        Made for many drawings: it reads each once and asks for no likelihood. Those in
        simplified form, as `drawing.to_quickdraw()` gives them, are read at once.

        Raises:
            SketchvaeError: if a drawing is empty, or the model has no class head.
        """
        if self.model.head is None:
            raise SketchvaeError(
                "the weights must hold a class head for sheepness, got none; use the sheep that "
                "come with sketchvae, or train one: python -m sketchvae.train.head"
            )
        return self.model.head.probability(self.states(drawings))

    def nll(self, drawings: Sequence[Drawing], draws: int = DRAWS) -> Floats:
        """Return -log p of each drawing, (n,), importance-weighted; see `likelihood.nll`.

        What a drawing gets depends on it alone.

        Args:
            drawings: each is brought into simplified form first, unless it has it.
            draws: k, latents a drawing, 1 or more.

        Raises:
            SketchvaeError: if a drawing is empty, or draws is out of range.
        """
        if draws < 1:
            raise SketchvaeError(f"draws must be 1 or more, got {draws}; try {DRAWS}")
        _refuse_empty(drawings)
        simple = [drawing.in_simplified_form() for drawing in drawings]
        return likelihood.nll(self.encoder, self.decoder, self.model.scale, simple, draws)

    def score(self, drawings: Sequence[Drawing], draws: int = DRAWS) -> list[Score]:
        """Judge n drawings, in any size: nats, sheepness and percentile of each.

        Of a model without class head the class probability and the percentile are None.
        """
        _refuse_empty(drawings)
        simple = [drawing.in_simplified_form() for drawing in drawings]
        nats = self.nll(simple, draws).tolist()
        sheepness: list[float | None] = [None] * len(simple)
        percentile = sheepness
        if self.model.head is not None:
            states = self.states(simple)
            sheepness = self.model.head.probability(states).tolist()
            percentile = self.model.head.percentile(states).tolist()
        return list(map(Score, (d.n_points for d in simple), nats, sheepness, percentile))

    def decode(
        self, latents: Floats32, temperature: float = TEMPERATURE, seed: int | None = None
    ) -> Flock:
        """Draw one drawing from each latent, (n, Z); as `draw_each` otherwise."""
        return Flock(self.draw_each(len(latents), temperature, seed, latents=latents))

    def reconstruct(
        self,
        drawings: Sequence[Drawing],
        temperature: float = TEMPERATURE,
        seed: int | None = None,
    ) -> Flock:
        """Draw each drawing anew from its own latent; as `draw_each` otherwise.

        Of 16 drawn from it the one is returned that is read as most like it: the one whose own
        latent is nearest. Where none has ended, as near temperature 0 some never do, the drawing
        is empty: the others can be seen.
        """
        latents = self.encode(drawings)
        drawn, away = self._candidates(latents, temperature, seed)
        nearest = np.arange(len(latents)) * CANDIDATES + away.argmin(axis=1)
        return Flock(drawn[i] or Drawing((), self.word) for i in nearest.tolist())

    def sample_posterior(
        self, drawings: Sequence[Drawing], n: int = 1, seed: int | None = None
    ) -> Floats32:
        """Sample latents from the posteriors of drawings, each in turn, (n, Z): for `decode`.

        Raises:
            SketchvaeError: if there is no drawing, or one is empty.
        """
        if not drawings:
            raise SketchvaeError("drawing like others needs one or more, got none; name a drawing")
        posterior, turns = self.posterior(drawings), np.arange(n) % len(drawings)
        rng = np.random.default_rng(fresh_seed() if seed is None else seed)
        noise = rng.standard_normal((n, self.model.config.latent), dtype=np.float32)
        return Posterior(posterior.mean[turns], posterior.log_variance[turns]).z(noise)

    def perturb(
        self, latents: Floats32, n: int = 1, spread: float = SPREAD, seed: int | None = None
    ) -> Floats32:
        """Scatter latents around those given, each in turn, (n, Z): see `latents.around`."""
        seed = fresh_seed() if seed is None else seed
        latents = check_latents(latents, self.model.config.latent)
        return perturb(latents, self.model.prior, n, spread, seed)

    def morph(
        self,
        first: Floats32,
        last: Floats32,
        steps: int = 8,
        *,
        linear: bool = False,
        temperature: float = MORPH_TEMPERATURE,
        seed: int | None = None,
    ) -> Flock:
        """Draw along the path from one latent to another, (Z,) each.

        Several are drawn at each latent, and those are shown that change least: see `viterbi_path`.

        Args:
            first: of `encode`.
            last: likewise.
            steps: drawings on the path, with both ends, 2 or more.
            linear: straight, instead of spherical: see `latents.between`.
            temperature: as for `draw_each`.
            seed: likewise.

        Raises:
            SketchvaeError: if an argument is out of range, or a drawing never ends.
        """
        ends = check_latents(np.stack([first, last]), self.model.config.latent)
        path = interpolate(ends[0], ends[1], steps, linear=linear)
        flock = Flock(viterbi_path(*self._candidates(path, temperature, seed)))
        if len(flock) < steps:
            raise SketchvaeError(
                f"{steps} drawings must end within {self.max_steps} steps, got {len(flock)} in "
                f"{CANDIDATES} attempts each; try a temperature from 0.1 to 1, or train longer"
            )
        return flock

    def _candidates(
        self, latents: Floats32, temperature: float, seed: int | None
    ) -> tuple[list[Drawing | None], Floats]:
        """Draw 16 times from each latent, (n, Z), and read what was drawn.

        Returns:
            The drawings, the first 16 from the first latent, None for one that did not end; and
            how far each one's own latent is from that which it was drawn from, squared, (n, 16).
        """
        seed = fresh_seed() if seed is None else seed
        each = latents.repeat(CANDIDATES, axis=0)
        drawn = self.sample(len(each), temperature, seed, each)
        kept = [i for i, drawing in enumerate(drawn) if drawing is not None and drawing.strokes]
        away = np.full(len(each), UNFINISHED_COST)
        own = self.encode([drawn[i] or Drawing(()) for i in kept])
        away[kept] = np.square(own - each[kept]).sum(axis=1)
        return drawn, away.reshape(-1, CANDIDATES)

    def complete(
        self,
        beginning: Drawing,
        n: int = 1,
        temperature: float = TEMPERATURE,
        seed: int | None = None,
        *,
        encode: bool = False,
        size: float | None = None,
    ) -> Flock:
        """Continue a beginning in its own size and place, with n endings.

        Its strokes stay as they are, to the last digit; at least one more step is drawn.

        Args:
            beginning: the first strokes of a drawing.
            n: how many, 0 or more.
            temperature: as for `draw_each`.
            seed: likewise.
            encode: take the latents from the posterior of the beginning, as if it were
                finished, and so add little; else sample some that fit a whole drawing with
                that beginning.
            size: longest side of the finished drawing in the units of the beginning; None
                for the pixels of Quick, Draw!, or for a usual first stroke: see `normalise_prefix`.

        Raises:
            SketchvaeError: if the beginning is empty or too long, another argument is out of
                range, or a drawing never ends.
        """
        seed = fresh_seed() if seed is None else seed
        start = normalise_prefix(beginning, self.model.scale, self.max_steps, size)
        check(n, temperature, seed)
        if encode:
            posterior = self.encoder.encode(collate([start.simple], self.model.scale))
            rng = np.random.default_rng(seed)
            noise = rng.standard_normal((n, self.model.config.latent), dtype=np.float32)
            z = posterior.z(noise)
        else:
            z = infer_latents(self, start, n, temperature, seed)
        sampler = Sampler(self, n, temperature, seed, latents=z, given=start.reading)
        return Flock(start.finished(d) for d in sampler.drawings() if d is not None)

    def sample(
        self, n: int, temperature: float, seed: int, latents: Floats32 | None = None
    ) -> list[Drawing | None]:
        """Draw n drawings, once each: None for one that does not end within `longest` steps.

        From the prior, or each from its own latent, (n, Z).
        """
        sampler = Sampler(self, n, temperature, seed, once=True, latents=latents)
        return list(sampler.drawings())


def _refuse_empty(drawings: Sequence[Drawing]) -> None:
    for index, drawing in enumerate(drawings):
        if not drawing.strokes:
            raise SketchvaeError(
                f"drawing {index} must have a stroke to be encoded, got none; leave it out"
            )
