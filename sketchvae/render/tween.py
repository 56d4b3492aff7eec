"""Drawings that turn into each other in one place: as an animated SVG, a player, or a film.

Each stroke is paired with the stroke of the next drawing that is most alike, and its points move
to those of the other on straight lines. Strokes without a partner shrink to their centre, or grow
out of it. At its own moment every drawing shows as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats, arc_fractions, points_at_fractions, segment_lengths
from sketchvae.render.animation import AnimatedPageSpec, AnimationSpec
from sketchvae.render.canvas import blank_canvas
from sketchvae.render.film import AnimationFacts, FilmSpec, write_film
from sketchvae.render.page import PageSpec, title
from sketchvae.render.path import polylines
from sketchvae.render.player import player
from sketchvae.render.smil import Clock
from sketchvae.render.svg import add_ink_layer, add_stroke
from sketchvae.render.timeline import DEFAULT_ANIMATION, Animation
from sketchvae.svg_page import DECIMALS, SvgPage, path_data

if TYPE_CHECKING:
    from sketchvae.render.encoders import Frame

SECONDS = 0.8  # from one drawing to the next
_POINTS = 32  # of a stroke when it is compared with others
_CLOSED = 0.05  # a stroke is closed if its ends are nearer than this fraction of its length
_TOLERANCE = 0.1  # line widths by which the polyline of a smooth curve may deviate from it
# Where a reader's system asks for less motion, the last drawing stands still.
_STILL = """@media (prefers-reduced-motion: reduce) {
.drawn .moving { display: none }
.drawn .still { display: inline !important }
}"""
_EASE = "0.333333 0 0.666667 1"  # the cubic Bezier that is smoothstep, 3t^2 - 2t^3


@dataclass(frozen=True, eq=False)
class Tween:
    """The way from one drawing to the next.

    Attributes:
        strokes: pairs of points before and after, (n, 2) each, on the page in mm.
    """

    strokes: tuple[tuple[Floats, Floats], ...]

    def reversed(self) -> "Tween":
        """Return the way back."""
        return Tween(tuple((after, before) for before, after in self.strokes))

    def at(self, t: float) -> list[Floats]:
        """Return the strokes at a fraction of the time, 0 to 1; they move slowly at both ends."""
        eased = t * t * (3 - 2 * t)
        return [(1 - eased) * a + eased * b for a, b in self.strokes]


def write_morph(
    spec: AnimationSpec, drawings: Sequence[Drawing], animation: Animation = DEFAULT_ANIMATION
) -> AnimationFacts:
    """Write drawings that turn into each other, one after another, and return the facts of it.

    A loop goes there and back. A viewer without animation shows the last drawing.

    Args:
        spec: a page of one cell, see `animation_spec`; its file is replaced whole or not at all.
        drawings: two or more, each with a stroke; each fills the page.
        animation: the seconds of its pace, 0.8 per step if None; whether it loops, and its pause.

    Raises:
        SketchvaeError: for a page of more cells, fewer drawings, one without a stroke, or a file
            that cannot be written.
    """
    if spec.count != 1:
        raise SketchvaeError(f"a morph must have a page of one cell, got {spec.count}; take one")
    if len(drawings) < 2 or not all(drawing.strokes for drawing in drawings):
        empty = sum(not drawing.strokes for drawing in drawings)
        raise SketchvaeError(
            f"a morph must have two or more drawings with strokes, got {len(drawings)}, "
            f"{empty} of them empty; choose others"
        )
    seconds = animation.pace.seconds or SECONDS * (len(drawings) - 1)
    tweens = tweens_between(spec, drawings)
    if animation.loop:
        tweens = [*tweens, *(tween.reversed() for tween in reversed(tweens))]
        seconds = 2 * seconds
    if isinstance(spec, FilmSpec):
        count = spec.frame_count(seconds, animation)
        return write_film(spec, _frames(spec, tweens, count), count, seconds, animation)
    name = title(drawings)
    clocked = replace(animation, loop=animation.loop and not spec.is_html)
    text = _svg(spec, tweens, seconds, clocked, name)
    spec.save_text(player(text, name, seconds, animation, spec.style) if spec.is_html else text)
    return AnimationFacts(seconds + animation.loop_pause)


def _frames(spec: FilmSpec, tweens: Sequence[Tween], count: int) -> "Iterator[Frame]":
    """Yield (image, 1) a frame; the first is the first drawing, the last one the last."""
    blank = blank_canvas(spec)
    for moment in np.linspace(0, len(tweens), count):
        index = min(int(moment), len(tweens) - 1)
        strokes = [stroke * spec.scale for stroke in tweens[index].at(moment - index)]
        yield blank.with_drawings([strokes]).finished(), 1


def _svg(
    spec: AnimatedPageSpec, tweens: Sequence[Tween], seconds: float, animation: Animation, name: str
) -> str:
    """Return a page with a group for each tween, visible in its time, whose paths move."""
    page = SvgPage(spec.width_mm, spec.height_mm, name, spec.paper, spec.record)
    layer = add_ink_layer(page, spec.style, spec.pen)
    clock = Clock(seconds + animation.loop_pause, animation.loop)
    inks, step = spec.style.inks, seconds / len(tweens)
    for index, tween in enumerate(tweens):
        begin, end, is_last = index * step, (index + 1) * step, index == len(tweens) - 1
        group = page.add_group(
            layer, class_="moving", visibility="visible" if is_last else "hidden"
        )
        shown = [(0.0, "hidden")] * (index > 0) + [(begin, "visible")]
        shown += [(end, "hidden")] * (not is_last)
        if len(shown) > 1:
            timing = clock.attributes([t for t, _ in shown], [value for _, value in shown])
            page.add_animation(group, "visibility", calcMode="discrete", **timing)
        for order, stroke in enumerate(tween.strokes):
            before, after = (path_data(points, DECIMALS) for points in stroke)
            path = add_stroke(page, group, after, inks, order)
            timing = clock.attributes([begin, end], [before, after])
            splines = ";".join([_EASE] * timing["keyTimes"].count(";"))
            page.add_animation(path, "d", calcMode="spline", keySplines=splines, **timing)
    if not spec.is_html:  # a player has a button for it
        page.add_style(_STILL, "drawn")
        still = page.add_group(layer, class_="still", display="none")
        for order, shape in enumerate(tweens[-1].at(1.0)):
            add_stroke(page, still, path_data(shape, DECIMALS), inks, order)
    return page.to_text()


# --- which stroke becomes which -----------------------------------------------------


def tweens_between(spec: PageSpec, drawings: Sequence[Drawing]) -> list[Tween]:
    """Return the tween from each drawing to the next.

    Args:
        spec: a page of one cell, which each drawing fills.
        drawings: two or more, each with a stroke.
    """
    tolerance = _TOLERANCE * spec.pen
    placed = [polylines(spec.stroke_paths(drawing), tolerance) for drawing in drawings]
    return [Tween(tuple(_paired(a, b))) for a, b in pairwise(placed)]


def _paired(before: Sequence[Floats], after: Sequence[Floats]) -> Iterator[tuple[Floats, Floats]]:
    """Yield pairs of strokes with as many points, the most alike first paired (greedily).

    A stroke without a partner is paired with its centre.
    """
    t = np.linspace(0, 1, _POINTS)
    old, new = ([points_at_fractions(stroke, t) for stroke in side] for side in (before, after))
    costs = np.array([[min(_distance(a, b), _distance(a, b[::-1])) for b in new] for a in old])
    partner: dict[int, int] = {}
    for _ in range(min(costs.shape)):
        i, j = divmod(int(costs.argmin()), len(after))
        partner[i] = j
        costs[i, :] = costs[:, j] = np.inf
    for i, stroke in enumerate(before):
        yield _matched(stroke, after[partner[i]]) if i in partner else (stroke, _centre(stroke))
    for j in sorted(set(range(len(after))) - set(partner.values())):
        yield _centre(after[j]), after[j]


def _matched(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Return two strokes with points at the same fractions of their length: the vertices of both.

    The second is reversed, and if both are closed begun elsewhere, so that points move least.
    """
    candidates = [after, after[::-1]]
    if _is_closed(before) and _is_closed(after):
        loop = after if (after[0] != after[-1]).any() else after[:-1]
        rolled = [np.roll(loop, -k, axis=0) for k in range(len(loop))]
        candidates = [np.concatenate([c, c[:1]]) for r in rolled for c in (r, r[::-1])]
    t = np.linspace(0, 1, _POINTS)
    shape = points_at_fractions(before, t)
    after = min(candidates, key=lambda stroke: _distance(shape, points_at_fractions(stroke, t)))
    fractions = np.union1d(arc_fractions(before), arc_fractions(after))
    return points_at_fractions(before, fractions), points_at_fractions(after, fractions)


def _distance(a: Floats, b: Floats) -> float:
    """Return the mean squared distance of points, (n, 2) each, to each other."""
    return float(np.square(a - b).sum(axis=1).mean())


def _centre(stroke: Floats) -> Floats:
    """Return the mean point of a stroke, repeated for each of its points."""
    return np.broadcast_to(stroke.mean(axis=0), stroke.shape)


def _is_closed(stroke: Floats) -> bool:
    length = segment_lengths(stroke).sum()
    return len(stroke) > 3 and bool(np.hypot(*(stroke[-1] - stroke[0])) < _CLOSED * length)
