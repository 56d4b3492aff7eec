"""Candidates: several drawings for each that is wanted, of which one is chosen.

The best of several is the one of the highest class probability, the best ending the most plausible
one (`plausibility`). Rejection sampling draws candidates until one is accepted, each with a
probability in proportion to how much likelier it is among real drawings than among those of the
model, so that the accepted are spread as real ones are: discriminator rejection sampling (Azadi et
al. 2019), here by the density ratio of the model.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from sketchvae.bitmaps import Bitmaps, bitmaps, blurred
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.faults import faults
from sketchvae.features import SPREAD, features
from sketchvae.generate.encoding import simplify_all
from sketchvae.generate.parallel import numpy_on_one_thread
from sketchvae.generate.sampler import MAX_ATTEMPTS
from sketchvae.generate.scorer import Scorer
from sketchvae.model.discriminator import shipped_discriminator
from sketchvae.polyline import Floats, Ints

TEMPERATURE = 1.0  # of the drawings that a density ratio is fitted to
MAX_CANDIDATES = 20  # for a drawing; if none of them is accepted, the likeliest is taken
_PIXEL_SPREAD = 6.76  # distance of the blurred bitmaps of two real sheep, root of the mean square
_BY_PEOPLE = 0.5  # weight of the discriminator; 1 costs drawings that are named rightly
_CHUNK = 512  # drawings whose candidates are drawn side by side
_CHOSEN_AMONG = 256  # drawings that are encoded together to choose the best ones

Draw = Callable[[Sequence[int]], Iterable[Drawing]]
Judge = Callable[[Sequence[Drawing]], Floats]
JudgeOfDrawn = Callable[[Sequence[Drawing | None]], Floats]  # None: a drawing that did not end
Choose = Callable[[Sequence[Drawing | None]], Ints]


def line_columns(scorer: Scorer, drawings: Sequence[Drawing], images: Bitmaps) -> Floats:
    """Return what a density ratio sees of the lines of drawings, (n, D).

    That is their features, their faults, their log odds by the discriminator, and those by the
    class head, if there is one.

    Args:
        scorer: of the model.
        drawings: in simplified form.
        images: (n, 28, 28) their bitmaps.
    """
    columns = [features(drawings), np.array([faults(drawing) for drawing in drawings], float)]
    columns.append(shipped_discriminator().log_odds(images)[:, None])
    if scorer.model.head is not None:
        columns.append(scorer.class_head.log_odds(scorer.states(drawings))[:, None])
    return np.concatenate(columns, axis=1)


def log_acceptance(scorer: Scorer) -> Judge:
    """Return what gives the logarithm of the probability that each drawing is accepted.

    Raises:
        SketchvaeError: if the model has no density ratio.
    """
    ratio = scorer.density_ratio

    def judge(drawings: Sequence[Drawing]) -> Floats:
        images = bitmaps(drawings)
        return ratio.log_acceptance(line_columns(scorer, drawings, images), blurred(images))

    return _of_ink(judge)


def appearance(drawings: Sequence[Drawing]) -> Floats:
    """Return columns whose squared distance says how unlike two drawings look, (n, 794).

    It is 2 between two unrelated sheep on average: 1 for their blurred bitmaps, 1 for their
    features.

    Args:
        drawings: n of them, in simplified form.
    """
    pixels = blurred(bitmaps(drawings)) / _PIXEL_SPREAD
    lines = features(drawings) / (SPREAD * np.sqrt(2 * len(SPREAD)))
    return np.concatenate([pixels, lines], axis=1)


def class_log_odds(scorer: Scorer) -> JudgeOfDrawn:
    """Return what gives the log odds of each drawing by the class head.

    Raises:
        SketchvaeError: if the model has no class head.
    """
    head = scorer.class_head
    return _of_ink(lambda drawings: head.log_odds(scorer.states(drawings)))


def plausibility(scorer: Scorer) -> JudgeOfDrawn:
    """Return what judges whether people drew each drawing, and one of the model's kind.

    That is half of the log odds of the discriminator, plus those of the class head if there is one.
    """
    head = scorer.model.head

    def judge(drawings: Sequence[Drawing]) -> Floats:
        log_odds = _BY_PEOPLE * shipped_discriminator().log_odds(bitmaps(drawings))
        return log_odds if head is None else log_odds + head.log_odds(scorer.states(drawings))

    return _of_ink(judge)


def _of_ink(judge: Judge) -> JudgeOfDrawn:
    """Return a judge of drawings as drawn: minus infinity for one without a stroke, or None.

    The others are rounded, as the drawings that models learn from are; simplifying takes longer.
    """

    @numpy_on_one_thread()
    def judge_all(drawings: Sequence[Drawing | None]) -> Floats:
        values = np.full(len(drawings), -np.inf)
        inked = [(i, d.to_quickdraw()) for i, d in enumerate(drawings) if d and d.strokes]
        if inked:
            values[[i for i, _ in inked]] = judge([drawing for _, drawing in inked])
        return values

    return judge_all


def best_of(judge: JudgeOfDrawn, k: int) -> Choose:
    """Return what gives the index of the best of every k drawings.

    Args:
        judge: returns the values; it is not asked where k is 1.
        k: 1 or more.
    """

    def choose(drawings: Sequence[Drawing | None]) -> Ints:
        first = np.arange(0, len(drawings), k)
        return first if k == 1 else first + judge(drawings).reshape(-1, k).argmax(axis=1)

    return choose


def best_of_each(drawings: Iterator[Drawing], k: int, judge: JudgeOfDrawn) -> Iterator[Drawing]:
    """Yield of every k drawings the one of the highest value.

    Args:
        drawings: those to choose the first one from, then those for the second, and so on.
        k: 1 or more.
        judge: returns the values.
    """
    chunk = -(-_CHOSEN_AMONG // k) * k
    while candidates := list(itertools.islice(drawings, chunk)):
        yield from (candidates[i] for i in best_of(judge, k)(candidates).tolist())


def best_first(scorer: Scorer, drawings: Sequence[Drawing]) -> list[Drawing]:
    """Return drawings by their `plausibility`, the highest first.

    Args:
        scorer: of the model.
        drawings: of any size, none empty.
    """
    if len(drawings) < 2:
        return list(drawings)
    log_odds = plausibility(scorer)(simplify_all(drawings))
    return [drawings[i] for i in np.argsort(-log_odds, kind="stable").tolist()]


def rejection_temperature(temperature: float | None, best_of: int) -> float:
    """Return the temperature of rejection sampling, 1; refuse what contradicts it.

    Args:
        temperature: the one that is asked for, if any.
        best_of: drawings to choose each from.

    Raises:
        SketchvaeError: if it is another one, or best_of is more than 1.
    """
    if temperature not in (None, TEMPERATURE):
        raise SketchvaeError(
            f"rejection sampling draws at temperature {TEMPERATURE:g}, got {temperature:g}; leave "
            "the temperature out, or do not reject"
        )
    if best_of > 1:
        raise SketchvaeError(
            f"rejection sampling draws as people do, the best of {best_of} is most of its kind; "
            "leave one of them out"
        )
    return TEMPERATURE


def accepted(draw: Draw, judge: Judge, n: int, seed: int) -> Iterator[Drawing]:
    """Yield n accepted drawings in order; which of its candidates, depends on the seed and on i.

    Args:
        draw: returns candidates by their indices; index i + c * n is of candidate c for drawing i.
        judge: returns the logarithm of the probability that each candidate is accepted.
        n: number of drawings.
        seed: 0 or more.
    """
    for first in range(0, n, _CHUNK):
        choices = [_Choice(index, seed) for index in range(first, min(first + _CHUNK, n))]
        waiting = choices
        while waiting:
            candidates = list(draw([choice.index + choice.number * n for choice in waiting]))
            logs = judge(candidates).tolist()
            for choice, candidate, log in zip(waiting, candidates, logs, strict=True):
                choice.offer(candidate, log)
            waiting = [choice for choice in waiting if not choice.is_made]
        yield from (choice.drawing for choice in choices)


class _Choice:
    """The choice of one drawing: the first candidate that is accepted, else the likeliest."""

    def __init__(self, index: int, seed: int) -> None:
        # No attempt has this number, so that the uniforms are independent of the noise.
        uniforms = np.random.default_rng([seed, index, MAX_ATTEMPTS]).random(MAX_CANDIDATES)
        self.index, self.log_uniforms = index, np.log(uniforms).tolist()
        self.number, self.log, self.drawing, self.is_made = 0, -np.inf, Drawing(()), False

    def offer(self, candidate: Drawing, log: float) -> None:
        """Look at the next candidate, which is accepted with the probability exp(log)."""
        is_accepted = self.log_uniforms[self.number] < log
        if is_accepted or log > self.log:
            self.drawing, self.log = candidate, log
        self.number += 1
        self.is_made = is_accepted or self.number == MAX_CANDIDATES
