"""The artist: takes latents from the prior and draws, many drawings side by side."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchvae.artist.cores import cores, on_all_cores
from sketchvae.artist.encoder import Encoder, Posterior
from sketchvae.artist.likelihood import DRAWS, nats_of
from sketchvae.artist.network import Network, State
from sketchvae.artist.reading import Reading, read
from sketchvae.artist.sheepness import Floats, Score, Sheepness
from sketchvae.artist.sheepness import load as load_sheepness
from sketchvae.drawing import Drawing, Pen
from sketchvae.errors import SketchvaeError
from sketchvae.flock import Flock
from sketchvae.model_file import Array, ModelFile, shipped_path
from sketchvae.model_file import load as load_model

Rows = NDArray[np.intp]

TEMPERATURE = 0.5
_SIDE_BY_SIDE = 256  # drawings in one matrix product: more gain nothing
_READ_AT_ONCE = 128  # drawings in one batch of the encoder, which has a core to itself
_ATTEMPTS = 20  # at a drawing that does not end
_UP, _END = int(Pen.UP), int(Pen.END)  # looked up once: an enum is slow to ask at every step
_COLDEST, _HOTTEST = 0.001, 10.0  # temperatures between which float32 neither over- nor underflows


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

    def __init__(self, model: ModelFile) -> None:
        self.model = model
        self.network = Network(model)
        self.encoder = Encoder(model)
        self.word = str(model.about.get("word", ""))
        self.longest = 250

    def draw(self, n: int = 1, temperature: float = TEMPERATURE, seed: int | None = None) -> Flock:
        """Draw n drawings, in pixels of Quick, Draw!'s simplified form; see `draw_each`."""
        return Flock(self.draw_each(n, temperature, seed))

    def draw_each(
        self, n: int = 1, temperature: float = TEMPERATURE, seed: int | None = None
    ) -> Iterator[Drawing]:
        """Draw n drawings; yield each once it and all before it are done.

        Drawing i depends on the seed and on i alone (to rounding): the first of many is
        the one of one. A drawing that does not end within `longest` steps is begun
        anew, never cut.

        Args:
            n: how many, 0 or more.
            temperature: tau of eq. 8, 0.001 to 10: near 0 neat and alike, at 1 as learnt.
            seed: 0 or more; None for drawings that cannot be had again.

        Raises:
            SketchvaeError: if an argument is out of range, or a drawing never ends.
        """
        seed = fresh_seed() if seed is None else seed
        sitting = _Sitting(self, n, temperature, seed)
        return (drawing for drawing in sitting.drawings() if drawing is not None)

    def encode(self, drawings: Sequence[Drawing]) -> Array:
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

        def work(rows: Rows, reading: Reading) -> None:
            part = self.encoder.encode(reading)
            found.mean[rows], found.log_variance[rows] = part.mean, part.log_variance

        self._read(drawings, work)
        return found

    def states(self, drawings: Sequence[Drawing]) -> Array:
        """Return what the encoder sees in each drawing, (n, 4E); see `Encoder.states`."""
        found = np.empty((len(drawings), 4 * self.model.config.encoder_hidden), np.float32)

        def work(rows: Rows, reading: Reading) -> None:
            found[rows] = self.encoder.states(reading)

        self._read(drawings, work)
        return found

    def _read(self, drawings: Sequence[Drawing], work: Callable[[Rows, Reading], None]) -> None:
        """Read drawings in batches, on all cores: work gets the place of each column's drawing."""
        _refuse_empty(drawings)
        # Before the threads, which would wait for each other: it is Python's own work.
        simple = [drawing.in_simplified_form() for drawing in drawings]

        def work_on(places: Rows) -> None:
            reading = read([simple[i] for i in places], self.model.scale)
            work(places[reading.owner], reading)

        longest_first = np.argsort([-drawing.n_points for drawing in simple], kind="stable")
        at_once = max(1, min(_READ_AT_ONCE, -(-len(drawings) // cores())))
        batches = [longest_first[i : i + at_once] for i in range(0, len(drawings), at_once)]
        on_all_cores(work_on, batches)

    def sheepness(self, drawings: Sequence[Drawing]) -> Floats:
        """Say how sheep each drawing is, (n,), from 0 to 1: see `Sheepness`.

        Made for many drawings: it reads each once and asks for no likelihood. Those in
        simplified form, `drawing.sized(255).rounded()` say, are read at once.

        Raises:
            SketchvaeError: if a drawing is empty, or sheepness was learnt for other weights.
        """
        head = self._head
        if head is None:
            raise SketchvaeError(
                "sheepness must have been learnt with the weights, got others; use the sheep that "
                "come with sketchvae, or run scripts/sheepness.py"
            )
        return head.of(self.states(drawings))

    @cached_property
    def _head(self) -> Sheepness | None:
        return load_sheepness(self.model)

    def nats(self, drawings: Sequence[Drawing], draws: int = DRAWS) -> Floats:
        """Return -log p of each drawing, (n,), importance-weighted: see `likelihood.nats_of`.

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
        return nats_of(self.encoder, self.network, self.model.scale, simple, draws)

    def score(self, drawings: Sequence[Drawing], draws: int = DRAWS) -> list[Score]:
        """Judge n drawings, in any size: nats, sheepness and percentile of each.

        Where sheepness was learnt for other weights, it and the percentile are None; otherwise
        as `nats` and `sheepness`.
        """
        _refuse_empty(drawings)
        simple = [drawing.in_simplified_form() for drawing in drawings]
        nats = self.nats(simple, draws).tolist()
        sheepness: list[float | None] = [None] * len(simple)
        percentile = sheepness
        if self._head is not None:
            states = self.states(simple)
            sheepness = self._head.of(states).tolist()
            percentile = self._head.percentile(states).tolist()
        return list(map(Score, (d.n_points for d in simple), nats, sheepness, percentile))

    def decode(
        self, latents: Array, temperature: float = TEMPERATURE, seed: int | None = None
    ) -> Flock:
        """Draw one drawing from each latent, (n, Z); as `draw_each` otherwise."""
        Z = self.model.config.latent
        if latents.ndim != 2 or latents.shape[1] != Z or not np.isfinite(latents).all():
            raise SketchvaeError(
                f"latents must be finite and of the shape (n, {Z}), got {latents.shape}; "
                "encode with the same model"
            )
        seed = fresh_seed() if seed is None else seed
        sitting = _Sitting(self, len(latents), temperature, seed, latents=latents)
        return Flock(drawing for drawing in sitting.drawings() if drawing is not None)

    def attempt(
        self, n: int, temperature: float, seed: int, latents: Array | None = None
    ) -> list[Drawing | None]:
        """Draw n drawings, once each: None for one that does not end within `longest` steps.

        From the prior, or each from its own latent, (n, Z).
        """
        sitting = _Sitting(self, n, temperature, seed, once=True, latents=latents)
        return list(sitting.drawings())


class _Sitting:
    """One call of `draw_each`: drawings side by side, a place refilled when its drawing ends.

    Attributes:
        latents: (n, Z) what to draw from; None takes them from the prior.
        once: whether a drawing that does not end is given up, not begun anew.
        owner: (B,) which drawing is in each place.
        taken: (B,) steps it has taken.
        dice: (4, T, B) its randomness: two uniform chances and two normals a step.
        steps: (3, T, B) what it has drawn: stroke-3 in model units.
    """

    def __init__(
        self,
        artist: Artist,
        n: int,
        temperature: float,
        seed: int,
        *,
        once: bool = False,
        latents: Array | None = None,
    ) -> None:
        _check(n, temperature, seed)
        self.artist, self.n, self.temperature, self.seed = artist, n, temperature, seed
        self.once, self.latents = once, latents
        self.attempts: dict[int, int] = {}  # of the drawings that were begun anew
        self.next = min(n, _SIDE_BY_SIDE)  # the next drawing to begin
        self.owner = np.arange(self.next)
        self.taken = np.zeros(self.next, dtype=np.intp)
        self.steps = np.zeros((3, artist.longest, self.next), dtype=np.float32)
        self.state, self.dice = self._begin(self.owner)

    def drawings(self) -> Iterator[Drawing | None]:
        """Yield the drawings in order; None for one that was given up."""
        done: dict[int, Drawing | None] = {}
        turn = 0
        while len(self.owner):
            ended = self._step()
            free = (ended | (self.taken == self.artist.longest)).nonzero()[0]
            if not len(free):
                continue
            for place in free[ended[free]].tolist():
                done[int(self.owner[place])] = self._drawing(place)
            unfinished = self.owner[free[~ended[free]]].tolist()
            if self.once:
                done |= dict.fromkeys(unfinished)
                unfinished = []
            self._refill(free, unfinished)
            while turn in done:
                yield done.pop(turn)
                turn += 1

    def _step(self) -> NDArray[np.bool_]:
        """Take one step with every drawing, and say which have ended by it."""
        network = self.artist.network
        here = (slice(None), self.taken, np.arange(len(self.owner)))
        dice = self.dice[here]
        mixture = network.advance(self.state)
        seen, pen = mixture.draw(self.temperature, dice[:2], dice[2:])
        offsets = network.take(self.state, seen, pen)
        step = np.empty((3, len(pen)), dtype=np.float32)
        step[:2], step[2] = offsets, pen == _UP
        self.steps[here] = step
        self.taken += 1
        ended: NDArray[np.bool_] = pen == _END
        return ended

    def _drawing(self, place: int) -> Drawing:
        """Return what stands in a place, without the END row, in pixels."""
        stroke3 = self.steps[:, : self.taken[place] - 1, place].T.astype(np.float64)
        stroke3[:, :2] *= self.artist.model.scale
        return Drawing.from_stroke3(stroke3, self.artist.word).aligned()

    def _refill(self, free: Rows, unfinished: list[int]) -> None:
        """Begin drawings in the free places; close those that stay empty.

        Args:
            free: places whose drawing has ended or is too long.
            unfinished: the drawings that were too long and are begun anew.
        """
        owners = [self._again(index) for index in unfinished]
        fresh = range(self.next, min(self.n, self.next + len(free) - len(owners)))
        owners += fresh
        self.next += len(fresh)
        if owners:
            filled = free[: len(owners)]
            state, self.dice[..., filled] = self._begin(np.array(owners))
            self.state.put(filled, state)
            self.owner[filled], self.taken[filled] = owners, 0
        if len(owners) < len(free):
            rest = np.delete(np.arange(len(self.owner)), free[len(owners) :])
            self.state.keep(rest)
            self.owner, self.taken = self.owner[rest], self.taken[rest]
            self.steps, self.dice = self.steps[..., rest], self.dice[..., rest]

    def _again(self, index: int) -> int:
        """Note that a drawing did not end and is begun anew."""
        self.attempts[index] = self.attempts.get(index, 0) + 1
        if self.attempts[index] >= _ATTEMPTS:
            raise SketchvaeError(
                f"drawing {index} must end within {self.artist.longest} steps, got none that did "
                f"in {_ATTEMPTS} attempts; try a temperature from 0.3 to 1, or train longer"
            )
        return index

    def _begin(self, owners: Rows) -> tuple[State, Array]:
        """Return the state before the first step, and the dice of all steps, (4, T, B).

        Every drawing has a generator of its own, so that it does not matter which
        others are drawn beside it.
        """
        Z, T = self.artist.model.config.latent, self.artist.longest
        chances = np.empty(len(owners), dtype=np.float32)
        noise = np.empty((len(owners), Z), dtype=np.float32)
        dice = np.empty((4, T, len(owners)), dtype=np.float32)
        for place, index in enumerate(owners.tolist()):
            rng = np.random.default_rng([self.seed, index, self.attempts.get(index, 0)])
            chances[place] = rng.random(dtype=np.float32)
            noise[place] = rng.standard_normal(Z, dtype=np.float32)
            dice[:2, :, place] = rng.random((2, T), dtype=np.float32)
            dice[2:, :, place] = rng.standard_normal((2, T), dtype=np.float32)
        if self.latents is None:
            z = self.artist.model.prior.place(chances, noise)
        else:
            z = self.latents[owners].astype(np.float32)
        return self.artist.network.begin(z), dice


def _refuse_empty(drawings: Sequence[Drawing]) -> None:
    for index, drawing in enumerate(drawings):
        if not drawing.strokes:
            raise SketchvaeError(
                f"drawing {index} must have a stroke to be encoded, got none; leave it out"
            )


def _check(n: int, temperature: float, seed: int) -> None:
    if n < 0:
        raise SketchvaeError(f"the number of drawings must be 0 or more, got {n}")
    if not _COLDEST <= temperature <= _HOTTEST:
        raise SketchvaeError(
            f"the temperature must be from {_COLDEST:g} to {_HOTTEST:g}, got {temperature:g}; "
            "try 0.5"
        )
    if seed < 0:
        raise SketchvaeError(f"the seed must be 0 or more, got {seed}; try 7")
