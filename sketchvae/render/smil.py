"""A page that draws itself: SMIL animation, as SVG 1.1 has it, on the finished page.

What a viewer without animation shows is the finished page: animation only takes ink away,
until its time has come (https://www.w3.org/TR/SVG11/animate.html).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sketchvae.drawing import number
from sketchvae.errors import SketchvaeError
from sketchvae.render.path import DECIMALS, StrokePath
from sketchvae.render.timeline import DEFAULT_PACE, LONGEST, Pace, StrokeTime, Timeline

PAUSE = 1.5  # seconds that the finished drawings stand before a loop begins again
TIP = 1.25  # radius of the pen tip, in widths of the line
_FINEST = 0.0005  # seconds: to this, or finer, key times are rounded
_SHARES = 4  # decimals of a share of one stroke
_PLACES = 7  # decimals of a share of all of them


@dataclass(frozen=True, slots=True)
class Animation:
    """How a page draws itself.

    Attributes:
        pace: how fast the pen draws.
        loop: whether it begins again, for ever.
        pause: seconds that the finished drawings stand before it does, 0 to 86400.
        tip: whether a dot shows where the pen is.

    Raises:
        SketchvaeError: for a pause out of range.
    """

    pace: Pace = DEFAULT_PACE
    loop: bool = False
    pause: float = PAUSE
    tip: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.pause <= LONGEST:  # False for nan too
            raise SketchvaeError(
                f"a pause must be 0 to {LONGEST:g} seconds, got {self.pause:g}; try {PAUSE:g}"
            )


def animate(
    page: Any,  # noqa: ANN401
    lines: Sequence[tuple[Any, StrokePath]],
    times: Timeline,
    animation: Animation,
    pen: float,
    colour: str,
) -> None:
    """Let the paths of an svgwrite page appear in their time.

    Args:
        page: the svgwrite drawing.
        lines: each stroke as the page's path and as its outline.
        times: when each is drawn.
        animation: how.
        pen: width of the line in mm.
        colour: of the pen tip.
    """
    clock = Clock(times.duration + animation.pause * animation.loop, animation.loop)
    rows = list(zip(lines, times.strokes, strict=True))
    for (path, outline), time in rows:
        _animate_stroke(page, path, outline, time, clock)
    if not animation.tip:
        return
    alone = not animation.pace.together  # one pen for all
    for _, one_pen in groupby(rows, key=lambda row: alone or row[1].drawing):
        route = [(outline, time) for (_, outline), time in one_pen]
        page.add(_pen_tip(page, route, clock, TIP * pen, colour))


@dataclass(frozen=True, slots=True)
class Clock:
    """What all animations of a page share.

    Of a page that plays once, each lasts as long as its own part, and leaves the finished ink,
    to the pixel. In a loop each lasts as long as the whole round: so every moment of every
    round can be sought, which animations that begin at each other's ends do not allow.
    """

    period: float
    loop: bool

    def attributes(self, seconds: Sequence[float], values: Sequence[str]) -> dict[str, str]:
        """Write values at rising seconds, the first one from before, the last one to the end."""
        begin, end = (0.0, self.period) if self.loop else (seconds[0], seconds[-1])
        end = max(end, begin + _FINEST)
        decimals = math.ceil(math.log10((end - begin) / _FINEST))
        times = [number((second - begin) / (end - begin), decimals) for second in seconds]
        if times[0] != "0":
            times, values = ["0", *times], [values[0], *values]
        if times[-1] != "1":
            times, values = [*times, "1"], [*values, values[-1]]
        return {
            "dur": f"{_seconds(end - begin)}s",
            "keyTimes": ";".join(times),
            "values": ";".join(values),
            **({"repeatCount": "indefinite"} if self.loop else {}),
            **({"begin": f"{_seconds(begin)}s"} if begin else {}),
        }


def _seconds(value: float) -> str:
    return number(value, 6)


def _animate_stroke(
    page: Any,  # noqa: ANN401
    path: Any,  # noqa: ANN401
    outline: StrokePath,
    time: StrokeTime,
    clock: Clock,
) -> None:
    """Hide a path until the pen is there, and let it grow; a dot only waits.

    A dash without length has a round cap: without the hiding it would be a dot before its time.
    """
    if len(time.shares) > 1 and outline.length > 0:
        path["pathLength"] = 1
        # Browsers measure a curve only so well: what stands is a dash that is surely too long.
        shares, seconds = [*time.shares.tolist(), 2.0], [*time.seconds.tolist(), time.end]
        grown = clock.attributes(seconds, [f"{number(share, _SHARES)} 2" for share in shares])
        path.add(page.animate("stroke-dasharray", **grown))
    if time.begin > 0:
        hidden = clock.attributes([0.0, time.begin], ["hidden", "visible"])
        path.add(page.animate("visibility", calcMode="discrete", **hidden))


def _pen_tip(
    page: Any,  # noqa: ANN401
    route: Sequence[tuple[StrokePath, StrokeTime]],
    clock: Clock,
    radius: float,
    colour: str,
) -> Any:  # noqa: ANN401
    """Make a dot that goes along the strokes, and through the air from each to the next.

    It shows from the first point to the last, and never where nothing is animated.
    """
    data, walked, last = "", 0.0, route[0][0].points[0]
    seconds, places = [], []
    for outline, time in route:
        walked += math.dist(last, outline.points[0])
        data += f" L{outline.data[1:]}" if data else outline.data
        length, last = outline.length, outline.points[-1]
        places += (walked + time.shares * length).tolist()
        seconds += time.seconds.tolist()
        walked += length
    shares = [number(place / walked if walked else 0.0, _PLACES) for place in places]
    along = clock.attributes(seconds, shares)
    along["keyPoints"] = along.pop("values")
    shown = clock.attributes([0.0, seconds[-1]], ["visible", "hidden"])
    dot = page.circle(r=number(radius, DECIMALS), fill=colour, visibility="hidden")
    dot.add(page.animateMotion(data, calcMode="linear", **along))
    dot.add(page.animate("visibility", calcMode="discrete", **shown))
    return dot
