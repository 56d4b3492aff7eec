"""One sampler: drawings side by side, step by step, until the last of them has ended."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.model.numpy_decoder import State
from sketchvae.polyline import Floats32
from sketchvae.sequences import PaddedBatch, Pen, from_stroke3

if TYPE_CHECKING:
    from sketchvae.generate.artist import Artist

Rows = NDArray[np.intp]

_SIDE_BY_SIDE = 256  # drawings in one matrix product: more gain nothing
MAX_RETRIES = 20  # at a drawing that does not end
_UP, _END = int(Pen.UP), int(Pen.END)  # looked up once: an enum is slow to ask at every step
_COLDEST, _HOTTEST = 0.001, 10.0  # temperatures between which float32 neither over- nor underflows


class Sampler:
    """One call of `draw_each`: drawings side by side, a place refilled when its drawing ends.

    Attributes:
        once: whether a drawing that does not end is given up; else it is begun anew, with an
            error after 20 attempts.
        latents: (n, Z) what to draw from; None takes them from the prior.
        given: the steps that every drawing begins with, one column; each gets one more.
        owner: (B,) which drawing is in each place.
        taken: (B,) steps it has taken.
        dice: (4, T, B) its randomness: two uniform chances and two normals a step.
        steps: (3, T, B) what it has drawn: stroke-3 in model units.
    """

    def __init__(
        self,
        artist: "Artist",
        n: int,
        temperature: float,
        seed: int,
        *,
        once: bool = False,
        latents: Floats32 | None = None,
        given: PaddedBatch | None = None,
    ) -> None:
        check(n, temperature, seed)
        self.artist, self.n, self.temperature, self.seed = artist, n, temperature, seed
        self.once, self.latents, self.given = once, latents, given
        self.start = 0 if given is None else len(given.steps)
        self.attempts: dict[int, int] = {}  # of the drawings that were begun anew
        self.next = min(n, _SIDE_BY_SIDE)  # the next drawing to begin
        self.owner = np.arange(self.next)
        self.taken = np.full(self.next, self.start)
        self.steps = np.zeros((3, artist.max_steps, self.next), dtype=np.float32)
        if given is not None:
            self.steps[:, : self.start] = given.steps[:, [0, 1, 2 + _UP]].transpose(1, 0, 2)
        self.state, self.dice = self._begin(self.owner)

    def drawings(self) -> Iterator[Drawing | None]:
        """Yield the drawings in order; None for one that was given up."""
        done: dict[int, Drawing | None] = {}
        turn = 0
        while len(self.owner):
            ended = self._step()
            free = (ended | (self.taken == self.artist.max_steps)).nonzero()[0]
            if not len(free):
                continue
            for place in free[ended[free]].tolist():
                done[int(self.owner[place])] = self._drawing(place)
            unfinished = self.owner[free[~ended[free]]].tolist()
            again = [index for index in unfinished if self._again(index)]
            done |= dict.fromkeys(set(unfinished) - set(again))
            self._refill(free, again)
            while turn in done:
                yield done.pop(turn)
                turn += 1

    def _step(self) -> NDArray[np.bool_]:
        """Take one step with every drawing, and say which have ended by it."""
        network = self.artist.decoder
        here = (slice(None), self.taken, np.arange(len(self.owner)))
        dice = self.dice[here]
        mixture = network.step(self.state)
        if self.start:
            mixture.log_q[_END, self.taken == self.start] = -np.inf
        seen, pen = mixture.sample(self.temperature, dice[:2], dice[2:])
        offsets = network.append_local(self.state, seen, pen)
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
        return from_stroke3(stroke3, self.artist.word).aligned()

    def _refill(self, free: Rows, again: list[int]) -> None:
        """Begin drawings in the free places; close those that stay empty.

        Args:
            free: places whose drawing has ended or is too long.
            again: the drawings that were too long and are begun anew.
        """
        owners = list(again)
        fresh = range(self.next, min(self.n, self.next + len(free) - len(owners)))
        owners += fresh
        self.next += len(fresh)
        if owners:
            filled = free[: len(owners)]
            state, self.dice[..., filled] = self._begin(np.array(owners))
            self.state.scatter(filled, state)
            self.owner[filled], self.taken[filled] = owners, self.start
        if len(owners) < len(free):
            rest = np.delete(np.arange(len(self.owner)), free[len(owners) :])
            self.state.select(rest)
            self.owner, self.taken = self.owner[rest], self.taken[rest]
            self.steps, self.dice = self.steps[..., rest], self.dice[..., rest]

    def _again(self, index: int) -> bool:
        """Note that a drawing did not end, and say whether it is begun anew."""
        if self.once:
            return False
        self.attempts[index] = self.attempts.get(index, 0) + 1
        if self.attempts[index] >= MAX_RETRIES:
            raise SketchvaeError(
                f"drawing {index} must end within {self.artist.max_steps} steps, got none that did "
                f"in {MAX_RETRIES} attempts; try a temperature from 0.3 to 1, or train longer"
            )
        return True

    def _begin(self, owners: Rows) -> tuple[State, Floats32]:
        """Return the state before the first step, and the dice of all steps, (4, T, B).

        Every drawing has a generator of its own, so that it does not matter which
        others are drawn beside it.
        """
        Z, T = self.artist.model.config.latent, self.artist.max_steps
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
            z = self.artist.model.prior.sample(chances, noise)
        else:
            z = self.latents[owners].astype(np.float32)
        state = self.artist.decoder.begin(z)
        if self.given is not None:
            deque(
                self.artist.decoder.teacher_force(state, self.given.repeated(len(owners))), maxlen=0
            )
        return state, dice


def check(n: int, temperature: float, seed: int) -> None:
    """Refuse what nothing can be drawn with, before anything is.

    Raises:
        SketchvaeError: if one is out of range.
    """
    if n < 0:
        raise SketchvaeError(f"the number of drawings must be 0 or more, got {n}")
    if not _COLDEST <= temperature <= _HOTTEST:
        raise SketchvaeError(
            f"the temperature must be from {_COLDEST:g} to {_HOTTEST:g}, got {temperature:g}; "
            "try 0.7"
        )
    if seed < 0:
        raise SketchvaeError(f"the seed must be 0 or more, got {seed}; try 7")
