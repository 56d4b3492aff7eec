"""The artist: takes latents from the prior and draws, many drawings side by side."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchvae.artist.network import Network, State
from sketchvae.drawing import Drawing, Pen
from sketchvae.errors import SketchvaeError
from sketchvae.model_file import Array, ModelFile, shipped_path
from sketchvae.model_file import load as load_model

Rows = NDArray[np.intp]

TEMPERATURE = 0.5
_SIDE_BY_SIDE = 256  # drawings in one matrix product: more gain nothing
_ATTEMPTS = 20  # at a drawing that does not end
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
        longest: steps after which a drawing counts as unfinished.
    """

    def __init__(self, model: ModelFile) -> None:
        self.model = model
        self.network = Network(model)
        self.longest = 250

    def draw(
        self, n: int = 1, temperature: float = TEMPERATURE, seed: int | None = None
    ) -> list[Drawing]:
        """Draw n drawings, in pixels of Quick, Draw!'s simplified form; see `draw_each`."""
        return list(self.draw_each(n, temperature, seed))

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
        if n < 0:
            raise SketchvaeError(f"the number of drawings must be 0 or more, got {n}")
        if not _COLDEST <= temperature <= _HOTTEST:
            raise SketchvaeError(
                f"the temperature must be from {_COLDEST:g} to {_HOTTEST:g}, got {temperature:g}; "
                "try 0.5"
            )
        if seed is not None and seed < 0:
            raise SketchvaeError(f"the seed must be 0 or more, got {seed}; try 7")
        seed = fresh_seed() if seed is None else seed
        return _Sitting(self, n, temperature, seed).drawings()


class _Sitting:
    """One call of `draw_each`: rows of drawings side by side, refilled as they end."""

    def __init__(self, artist: Artist, n: int, temperature: float, seed: int) -> None:
        self.artist, self.n, self.temperature, self.seed = artist, n, temperature, seed
        self.next = 0  # the next drawing to begin
        self.attempts: dict[int, int] = {}  # of the drawings that were begun anew
        self.unfinished = 0

    def drawings(self) -> Iterator[Drawing]:
        """Yield the drawings in order."""
        done: dict[int, Drawing] = {}
        turn = 0
        for index, drawing in self._as_they_end():
            done[index] = drawing
            while turn in done:
                yield done.pop(turn)
                turn += 1

    def _as_they_end(self) -> Iterator[tuple[int, Drawing]]:
        artist, network = self.artist, self.artist.network
        rows = min(self.n, _SIDE_BY_SIDE)
        if not rows:
            return
        word, scale = str(artist.model.about.get("word", "")), artist.model.scale
        owner = np.arange(rows)  # which drawing is in each row
        self.next = rows
        state, dice = self._begin(owner)
        taken = np.zeros(rows, dtype=np.intp)  # steps of each row so far
        steps = np.zeros((rows, artist.longest, 3), dtype=np.float32)  # stroke-3
        while len(owner):
            every = np.arange(len(owner))
            now = dice[every, taken]
            offsets, pen = network.advance(state).draw(self.temperature, now[:, :2], now[:, 2:])
            network.take(state, offsets, pen)
            steps[every, taken, :2] = offsets
            steps[every, taken, 2] = pen == Pen.UP
            ended = pen == Pen.END
            for row in np.flatnonzero(ended):
                stroke3 = steps[row, : taken[row]].astype(np.float64)
                stroke3[:, :2] *= scale
                yield int(owner[row]), Drawing.from_stroke3(stroke3, word).aligned()
            taken += 1
            free = np.flatnonzero(ended | (taken == artist.longest))
            if not len(free):
                continue
            anew = [self._again(int(owner[r])) for r in free if not ended[r]]
            fresh = list(range(self.next, min(self.n, self.next + len(free) - len(anew))))
            self.next += len(fresh)
            owners = np.array(anew + fresh, dtype=np.intp)
            filled, spare = free[: len(owners)], free[len(owners) :]
            if len(owners):
                other, other_dice = self._begin(owners)
                state.put(filled, other)
                dice[filled], owner[filled], taken[filled] = other_dice, owners, 0
            if len(spare):  # nothing left to begin: the batch gets smaller
                rest = np.delete(every, spare)
                state.keep(rest)
                owner, taken, steps, dice = owner[rest], taken[rest], steps[rest], dice[rest]

    def _again(self, index: int) -> int:
        """Note that a drawing did not end and is begun anew."""
        self.unfinished += 1
        self.attempts[index] = self.attempts.get(index, 0) + 1
        if self.attempts[index] >= _ATTEMPTS:
            raise SketchvaeError(
                f"drawing {index} must end within {self.artist.longest} steps, got none that did "
                f"in {_ATTEMPTS} attempts; try a temperature from 0.3 to 1, or train longer"
            )
        return index

    def _begin(self, owners: Rows) -> tuple[State, Array]:
        """Return the state before the first step, and the dice of all steps, (B, T, 4).

        Every drawing has a generator of its own, so that it does not matter which
        others are drawn beside it.
        """
        Z, longest = self.artist.model.config.latent, self.artist.longest
        chances = np.empty(len(owners), dtype=np.float32)
        noise = np.empty((len(owners), Z), dtype=np.float32)
        dice = np.empty((len(owners), longest, 4), dtype=np.float32)
        for row, index in enumerate(owners.tolist()):
            rng = np.random.default_rng([self.seed, index, self.attempts.get(index, 0)])
            chances[row] = rng.random(dtype=np.float32)
            noise[row] = rng.standard_normal(Z, dtype=np.float32)
            dice[row, :, :2] = rng.random((longest, 2), dtype=np.float32)
            dice[row, :, 2:] = rng.standard_normal((longest, 2), dtype=np.float32)
        z = self.artist.model.prior.place(chances, noise)
        return self.artist.network.begin(z), dice
