"""The sampler: draws step by step, many drawings side by side, until the last of them has ended.

It is autoregressive sampling with continuous batching: each drawing has a slot of the batch, and
a slot whose drawing has ended is filled with the next one.
Shape letters: B slots, T steps, Z latent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError, check_range
from sketchvae.generate.parallel import cpu_count, interleave, numpy_on_one_thread
from sketchvae.model.config import MAX_TEMPERATURE, MIN_TEMPERATURE
from sketchvae.model.numpy_decoder import BLOCK, Decoder, State
from sketchvae.model.prior import Prior
from sketchvae.polyline import Bools, Floats, Floats32, Ints
from sketchvae.sequences import PaddedBatch, Pen, from_stroke3

MAX_ATTEMPTS = 20  # at a drawing that does not end
_WARMER = 1.1  # factor of the temperature from one attempt to the next
_MAX_SLOTS = 256  # drawings in one matrix product; more are no faster
_WIDE = 16  # drawings from which a second core is worth a thread of its own
_UP, _END = int(Pen.UP), int(Pen.END)  # an enum is slow to look up at every step


def fresh_seed() -> int:
    """Return a random seed below 2**32, short enough to write down."""
    return int(np.random.default_rng().integers(2**32))


@dataclass(frozen=True)
class SampleSpec:
    """Number, temperature and seed of drawings, checked before anything is drawn.

    Attributes:
        n: number of drawings, 0 or more.
        temperature: tau of eq. 8, 0.001 to 10.
        seed: 0 or more. Drawing i depends on the seed and on i alone (to rounding).

    Raises:
        SketchvaeError: if one is out of range.
    """

    n: int
    temperature: float
    seed: int

    def __post_init__(self) -> None:
        check_range("the number of drawings", self.n, 0, whole=True)
        check_range(
            "the temperature",
            self.temperature,
            MIN_TEMPERATURE,
            MAX_TEMPERATURE,
            advice="try 0.7",
        )
        check_range("the seed", self.seed, 0, whole=True, advice="try 7")


class Sampler:
    """Samples drawings from a decoder, as stroke-3 in model units.

    Args:
        decoder: the network.
        prior: distribution that latents are sampled from, where none are given.
        spec: number, temperature and seed.
        max_steps: greatest number of steps of a drawing.
        retries: whether a drawing that does not end within `max_steps` is begun anew, each time a
            tenth warmer up to temperature 1, with an error after 20 attempts; else it is given up.
        latents: (n, Z) latent of each drawing; None samples the prior. After a prefix, a latent
            whose drawing does not end in 10 attempts gives way to one of the prior.
        prefix: steps that every drawing begins with, one column without END; None for none.
            Each drawing gets at least one step more.
        indices: of the drawings to sample, in the order in which to yield them; None for all, 0 to
            spec.n - 1. Index i + c * spec.n is of candidate c for drawing i.

    Attributes:
        sample_index: (B,) index of the drawing in each slot.
        step_count: (B,) steps of that drawing so far.
        temperature: (B,) of that drawing.
        is_empty: (B,) whether the drawing in a slot has ended and no other has taken its place.
        noise: (B, 4, T) random numbers of each step: two uniform, two standard normal.
        steps: (B, T, 3) steps so far, stroke-3 in model units.
    """

    def __init__(
        self,
        decoder: Decoder,
        prior: Prior,
        spec: SampleSpec,
        max_steps: int,
        *,
        retries: bool = True,
        latents: Floats32 | None = None,
        prefix: PaddedBatch | None = None,
        indices: Sequence[int] | None = None,
    ) -> None:
        self.decoder, self.prior, self.spec, self.max_steps = decoder, prior, spec, max_steps
        self.retries, self.latents, self.prefix = retries, latents, prefix
        self.prefix_steps = 0 if prefix is None else len(prefix.steps)
        self.attempts: dict[int, int] = {}  # of the drawings that were begun anew
        # A completion may leave its latent, which is a guess, for one of the prior.
        self.latent_attempts = MAX_ATTEMPTS if prefix is None else MAX_ATTEMPTS // 2
        indices = range(spec.n) if indices is None else indices
        self.due, self.waiting = indices, indices[_MAX_SLOTS:]  # to yield, and to begin
        self.sample_index = np.array(indices[:_MAX_SLOTS], dtype=np.intp)
        self.step_count = np.full(len(self.sample_index), self.prefix_steps)
        self.is_empty = np.zeros(len(self.sample_index), dtype=bool)
        self.steps = np.zeros((len(self.sample_index), max_steps, 3), dtype=np.float32)
        if prefix is not None:
            stroke3 = prefix.steps[:, [0, 1, 2 + _UP]]
            self.steps[:, : self.prefix_steps] = stroke3.transpose(2, 0, 1)
        self.temperature = self._temperature_of(self.sample_index)
        with numpy_on_one_thread():
            self.state, self.noise = self._begin(self.sample_index)

    def sequences(self) -> Iterator[Floats32 | None]:
        """Yield the drawings in order, as stroke-3 (n, 3) in model units; None if given up.

        Raises:
            SketchvaeError: if `retries` is set and a drawing does not end in 20 attempts.
        """
        done: dict[int, Floats32 | None] = {}
        while len(self.sample_index):
            with numpy_on_one_thread():  # but not while a drawing is yielded
                free, ended = self._step_until_free()
                for slot in free[ended].tolist():
                    rows = self.step_count[slot] - 1  # without END
                    done[int(self.sample_index[slot])] = self.steps[slot, :rows].copy()
                unfinished = self.sample_index[free[~ended]].tolist()
                again = [index for index in unfinished if self._begins_anew(index)]
                done |= dict.fromkeys(set(unfinished) - set(again))
                self._refill(free, again)
            while self.due and self.due[0] in done:
                yield done.pop(self.due[0])
                self.due = self.due[1:]

    def _step_until_free(self) -> tuple[NDArray[np.intp], Bools]:
        """Take steps until a drawing has ended or is too long.

        Returns:
            The slots of such drawings, and whether each has ended.
        """
        while True:
            ended = self._step()
            free = ((ended | (self.step_count == self.max_steps)) & ~self.is_empty).nonzero()[0]
            if len(free):
                return free, ended[free]

    def _step(self) -> Bools:
        """Take one step in every slot; return whether its drawing has ended, (B,)."""
        slots = np.arange(len(self.sample_index))
        noise = self.noise[slots, :, self.step_count].T
        mixture = self.decoder.step(self.state)
        if self.prefix is not None:  # the first step after a prefix cannot be the end
            mixture.log_q[_END, self.step_count == self.prefix_steps] = -np.inf
        local_offsets, pen = mixture.sample(self.temperature, noise[:2], noise[2:])
        offsets = self.decoder.append_local(self.state, local_offsets, pen)
        step = np.empty((3, len(pen)), dtype=np.float32)
        step[:2], step[2] = offsets, pen == _UP
        self.steps[slots, self.step_count] = step.T
        self.step_count += ~self.is_empty
        ended: Bools = pen == _END
        return ended

    def _refill(self, free: NDArray[np.intp], again: list[int]) -> None:
        """Begin drawings in free slots, and drop some of those that stay empty.

        Args:
            free: slots whose drawing has ended or is too long.
            again: indices of drawings that were too long and are begun anew.
        """
        places = len(free) - len(again)
        fresh, self.waiting = self.waiting[:places], self.waiting[places:]
        begun = np.array([*again, *fresh], dtype=np.intp)
        if len(begun):
            filled = free[: len(begun)]
            state, self.noise[filled] = self._begin(begun)
            self.state.scatter(filled, state)
            self.sample_index[filled], self.step_count[filled] = begun, self.prefix_steps
            self.temperature[filled] = self._temperature_of(begun)
        if len(begun) < len(free):
            self.is_empty[free[len(begun) :]] = True
            self.step_count[self.is_empty] = 0  # a place in `noise` and `steps` for what goes on
            self._drop_empty()

    def _drop_empty(self) -> None:
        """Drop empty slots, but for those that make whole blocks of columns."""
        used = len(self.is_empty) - int(self.is_empty.sum())
        width = -(-used // BLOCK) * BLOCK if used > BLOCK else used
        if width < len(self.is_empty):
            kept = np.argsort(self.is_empty, kind="stable")[:width]
            self.state.select(kept)
            self.sample_index, self.step_count = self.sample_index[kept], self.step_count[kept]
            self.is_empty, self.temperature = self.is_empty[kept], self.temperature[kept]
            self.steps, self.noise = self.steps[kept], self.noise[kept]

    def _begins_anew(self, index: int) -> bool:
        """Count an attempt that did not end; return whether the drawing is begun anew."""
        if not self.retries:
            return False
        self.attempts[index] = self.attempts.get(index, 0) + 1
        if self.attempts[index] >= MAX_ATTEMPTS:
            raise SketchvaeError(
                f"drawing {index % self.spec.n} must end within {self.max_steps} steps, got none "
                f"that did in {MAX_ATTEMPTS} attempts; try a temperature from 0.3 to 1, or train "
                "longer"
            )
        return True

    def _temperature_of(self, indices: Ints) -> Floats:
        """Return the temperature that drawings begin at, (B,): warmer after attempts that failed.

        Near temperature 0 a drawing can circle for ever, and would again.
        """
        chosen = self.spec.temperature
        warmer = chosen * np.power(_WARMER, self._attempts_of(indices))
        return np.maximum(chosen, np.minimum(warmer, 1.0))

    def _attempts_of(self, indices: Ints) -> Ints:
        """Return the number of attempts at each drawing that did not end, (B,)."""
        return np.array([self.attempts.get(index, 0) for index in indices.tolist()], dtype=np.intp)

    def _begin(self, indices: Ints) -> tuple[State, Floats32]:
        """Return the state before the first step of drawings, and their noise, (B, 4, T).

        Each drawing has a generator of its own, so that it does not depend on which others are
        drawn beside it.
        """
        Z = self.prior.means.shape[1]
        uniforms = np.empty(len(indices), dtype=np.float32)  # for the component of the prior
        normals = np.empty((len(indices), Z), dtype=np.float32)
        noise = np.empty((len(indices), 4, self.max_steps), dtype=np.float32)
        for slot, index in enumerate(indices.tolist()):
            candidate, drawing = divmod(index, self.spec.n)
            key = [self.spec.seed, drawing, self.attempts.get(index, 0)]
            rng = np.random.default_rng([*key, candidate] if candidate else key)
            uniforms[slot] = rng.random(dtype=np.float32)
            normals[slot] = rng.standard_normal(Z, dtype=np.float32)
            rng.random(dtype=np.float32, out=noise[slot, :2])
            rng.standard_normal(dtype=np.float32, out=noise[slot, 2:])
        z = self.prior.sample(uniforms, normals)
        if self.latents is not None:
            given = self._attempts_of(indices) < self.latent_attempts
            z[given] = self.latents[indices[given] % self.spec.n]
        state = self.decoder.begin(z)
        if self.prefix is not None:
            for _ in self.decoder.teacher_force(state, self.prefix.repeated(len(indices))):
                pass
        return state, noise


def sequences_in_parallel(
    sampler: Callable[[Sequence[int]], Sampler], indices: Sequence[int]
) -> Iterator[Floats32 | None]:
    """Yield drawings in order as `Sampler.sequences` does: each core has drawings of its own.

    Args:
        sampler: returns a sampler of the drawings of these indices.
        indices: of the drawings, as for `Sampler`.

    Raises:
        SketchvaeError: as `Sampler.sequences`.
    """
    cores = min(cpu_count(), len(indices) // _WIDE)
    if cores < 2:
        return sampler(indices).sequences()
    return interleave([sampler(indices[core::cores]).sequences() for core in range(cores)])


def to_drawing(steps: Floats32, scale: float, word: str = "") -> Drawing:
    """Return the drawing of sampled steps in pixels, its bounding box at the origin.

    Args:
        steps: (n, 3) stroke-3 in model units.
        scale: pixels per model unit.
        word: the thing drawn.
    """
    stroke3 = steps.astype(np.float64)
    stroke3[:, :2] *= scale
    return from_stroke3(stroke3, word).aligned()
