"""Drawings that turn into each other in one place: as an animated SVG, a player, or a film.

Strokes that lie alike become each other, point by point on straight lines; those that are left
over shrink into their middle, or grow out of it. Every drawing stands as it is at its moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchvae.drawing import Drawing, path_data
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.polyline import Floats
from sketchvae.render.animation import PAGES, check_animation
from sketchvae.render.frames import PIXELS, RATE, film_length, on_paper, write_film
from sketchvae.render.path import DECIMALS
from sketchvae.render.player import player
from sketchvae.render.png import Sheet, lay_out
from sketchvae.render.smil import Animation, Clock
from sketchvae.render.svg import Style, blank_page, check_page, stroke_paths, title

if TYPE_CHECKING:
    from PIL import Image

SECONDS = 0.8  # from one drawing to the next where nothing is said
_POINTS = 32  # of a stroke when it is compared with others
_CLOSED = 0.05  # of its length: a stroke whose ends lie nearer may begin anywhere
_UNSEEN = 0.05  # widths of the line that a smooth curve may be off
_EASE = "0.333333 0 0.666667 1"  # the cubic Bezier that is smoothstep, 3t^2 - 2t^3


@dataclass(frozen=True, eq=False)
class Turn:
    """How one drawing becomes the next.

    Attributes:
        strokes: pairs of (n, 2) points, before and after, on the page in mm.
    """

    strokes: tuple[tuple[Floats, Floats], ...]

    def back(self) -> "Turn":
        """Return how the next becomes this one again."""
        return Turn(tuple((after, before) for before, after in self.strokes))

    def at(self, share: float) -> list[Floats]:
        """Return the strokes at a share of the time, 0 to 1, slow at both ends."""
        eased = share * share * (3 - 2 * share)
        return [(1 - eased) * a + eased * b for a, b in self.strokes]


def write_morph(
    path: Path,
    drawings: Sequence[Drawing],
    animation: Animation,
    *,
    width_mm: float,
    style: Style,
    pixels: int | None = None,
) -> None:
    """Write drawings that turn into each other, one after another.

    A loop goes there and back. What cannot play an animated SVG shows the last drawing.

    Args:
        path: replaced whole or not at all; .svg, .html, or a film as `save_frames` has them.
        drawings: two or more, each with a stroke; each fills the page.
        animation: the seconds of its pace, 0.8 a drawing if None; whether it loops, and its pause.
        width_mm: width of the page.
        style: how the ink looks.
        pixels: width of a film; None for 400.

    Raises:
        SketchvaeError: for another suffix, fewer drawings, sizes that cannot be drawn, or a file
            that cannot be written.
    """
    check_animation(path, 1, width_mm=width_mm, style=style, pixels=pixels)
    if len(drawings) < 2 or not all(drawing.strokes for drawing in drawings):
        empty = sum(not drawing.strokes for drawing in drawings)
        raise SketchvaeError(
            f"a morph must have two or more drawings with strokes, got {len(drawings)}, "
            f"{empty} of them empty; choose others"
        )
    seconds = animation.pace.seconds or SECONDS * (len(drawings) - 1)
    *_, cell, pen = check_page(1, width_mm, style)
    turns = _turns(drawings, cell, pen, style)
    if animation.loop:
        turns, seconds = [*turns, *(turn.back() for turn in reversed(turns))], 2 * seconds
    suffix = path.suffix.lower()
    if suffix in PAGES:
        clocked = replace(animation, loop=animation.loop and suffix == ".svg")
        text = _svg(turns, seconds, clocked, cell, pen, style, title(drawings))
        if suffix == ".html":
            text = player(text, title(drawings), seconds, animation, style)
        with replacing(path) as beside:
            beside.write_text(text.rstrip() + "\n", encoding="utf-8")
        return
    count = film_length(seconds, RATE, suffix, animation)
    sheet = lay_out(drawings[:1], pixels, width_mm, on_paper(style, suffix), None, usual=PIXELS)
    write_film(path, sheet, _frames(turns, sheet, count, cell), count, seconds, animation)


def _frames(
    turns: Sequence[Turn], sheet: Sheet, count: int, cell: float
) -> "Iterator[tuple[Image.Image, int]]":
    """Ink each frame; the first is the first drawing, the last one the last."""
    scale = sheet.width / cell
    for moment in np.linspace(0, len(turns), count):
        number = min(int(moment), len(turns) - 1)
        strokes = tuple(stroke * scale for stroke in turns[number].at(moment - number))
        frame = replace(sheet, strokes=strokes, orders=tuple(range(len(strokes))))
        yield frame.picture(frame.finished().pixels), 1


def _svg(
    turns: Sequence[Turn],
    seconds: float,
    animation: Animation,
    cell: float,
    pen: float,
    style: Style,
    named: str,
) -> str:
    """Write a page with a group for each turn, seen in its time, whose paths move."""
    page, layer = blank_page((cell, cell), pen, style, named)
    clock = Clock(seconds + animation.pause * animation.loop, animation.loop)
    inks, lasts = style.inks, seconds / len(turns)
    for number, turn in enumerate(turns):
        begin, end, is_last = number * lasts, (number + 1) * lasts, number == len(turns) - 1
        group = layer.add(page.g(visibility="visible" if is_last else "hidden"))
        shown = [(0.0, "hidden")] * (number > 0) + [(begin, "visible")]
        shown += [(end, "hidden")] * (not is_last)
        if len(shown) > 1:
            moments = clock.attributes([t for t, _ in shown], [value for _, value in shown])
            group.add(page.animate("visibility", calcMode="discrete", **moments))
        for order, (before, after) in enumerate(turn.strokes):
            data = [path_data(stroke, DECIMALS) for stroke in (before, after)]
            path = group.add(page.path(data[1]))
            if (ink := inks[order % len(inks)]) != inks[0]:
                path["stroke"] = ink
            _move(page, path, clock.attributes([begin, end], data))
    return str(page.tostring())


def _move(page: Any, path: Any, moments: dict[str, str]) -> None:  # noqa: ANN401
    """Let the data of a path change; svgwrite does not know that they can."""
    splines = ";".join([_EASE] * moments["keyTimes"].count(";"))
    moving = page.animate("visibility", calcMode="spline", keySplines=splines, **moments)
    moving["attributeName"] = "d"
    path.add(moving)


# --- which stroke becomes which -----------------------------------------------------


def _turns(drawings: Sequence[Drawing], cell: float, pen: float, style: Style) -> list[Turn]:
    placed = [
        Drawing(line.vertices for line in stroke_paths(drawing, (0, 0), cell, pen, style.smooth))
        for drawing in drawings
    ]
    if style.smooth:  # a curve has more corners than can be seen
        placed = [drawing.simplify(_UNSEEN * pen) for drawing in placed]
    return [Turn(tuple(_paired(a.strokes, b.strokes))) for a, b in pairwise(placed)]


def _paired(before: Sequence[Floats], after: Sequence[Floats]) -> Iterator[tuple[Floats, Floats]]:
    """Pair strokes, the most alike first, each turned and begun as suits; the rest with dots."""
    even = np.linspace(0, 1, _POINTS)
    old, new = ([_resampled(stroke, even) for stroke in side] for side in (before, after))
    costs = np.array([[min(_apart(a, b), _apart(a, b[::-1])) for b in new] for a in old])
    partner: dict[int, int] = {}
    for _ in range(min(costs.shape)):
        i, j = divmod(int(costs.argmin()), len(after))
        partner[i] = j
        costs[i, :] = costs[:, j] = np.inf
    for i, stroke in enumerate(before):
        yield _matched(stroke, after[partner[i]]) if i in partner else (stroke, _dot(stroke))
    for j in sorted(set(range(len(after))) - set(partner.values())):
        yield _dot(after[j]), after[j]


def _matched(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Give two strokes the same points along them: the corners of both."""
    ways = [after, after[::-1]]
    if _is_closed(before) and _is_closed(after):
        loop = after if (after[0] != after[-1]).any() else after[:-1]
        begun = [np.roll(loop, -k, axis=0) for k in range(len(loop))]
        ways = [np.concatenate([way, way[:1]]) for b in begun for way in (b, b[::-1])]
    even = np.linspace(0, 1, _POINTS)
    shape = _resampled(before, even)
    after = min(ways, key=lambda way: _apart(shape, _resampled(way, even)))
    shares = np.union1d(_shares(before), _shares(after))
    return _resampled(before, shares), _resampled(after, shares)


def _apart(a: Floats, b: Floats) -> float:
    """Return the mean squared distance of points to each other."""
    return float(np.square(a - b).sum(axis=1).mean())


def _dot(stroke: Floats) -> Floats:
    """Return the middle of a stroke, as often as it has points."""
    return np.broadcast_to(stroke.mean(axis=0), stroke.shape)


def _is_closed(stroke: Floats) -> bool:
    length = np.hypot(*np.diff(stroke, axis=0).T).sum()
    return len(stroke) > 3 and bool(np.hypot(*(stroke[-1] - stroke[0])) < _CLOSED * length)


def _shares(stroke: Floats) -> Floats:
    """Return how much of a stroke's length lies before each of its points, 0 to 1."""
    walked = np.concatenate([[0.0], np.hypot(*np.diff(stroke, axis=0).T).cumsum()])
    return walked / walked[-1] if walked[-1] > 0 else np.linspace(0, 1, len(stroke))


def _resampled(stroke: Floats, shares: Floats) -> Floats:
    """Return the points at these shares of a stroke's length; a dot is one place."""
    own = _shares(stroke)
    return np.column_stack([np.interp(shares, own, stroke[:, axis]) for axis in (0, 1)])
