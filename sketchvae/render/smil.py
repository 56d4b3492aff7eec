"""Animation of a finished SVG page by SMIL, as SVG 1.1 has it.

A viewer without animation shows the finished page: the animation only hides ink until its time
(https://www.w3.org/TR/SVG11/animate.html).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element

from sketchvae.render.path import StrokePath
from sketchvae.render.timeline import Animation, StrokeTime, Timeline
from sketchvae.svg_page import SvgPage, format_number

TIP = 1.25  # radius of the pen tip, in line widths
_KEY_TIME = 0.0005  # seconds: key times are rounded to this, or finer
_STROKE_DECIMALS = 4  # of a fraction of one stroke
_ROUTE_DECIMALS = 7  # of a fraction of the way along all strokes


def animate(
    page: SvgPage,
    lines: Sequence[tuple[Element, StrokePath]],
    times: Timeline,
    animation: Animation,
    pen: float,
    colour: str,
) -> None:
    """Let the paths of a page appear in their time.

    Args:
        page: finished.
        lines: the `<path>` and the centre line of each stroke, in drawing order.
        times: of the strokes.
        animation: whether it loops, its pause, and whether the pen tip shows.
        pen: line width in mm.
        colour: of the pen tip.
    """
    clock = Clock(times.duration + animation.loop_pause, animation.loop)
    rows = list(zip(lines, times.strokes, strict=True))
    for (element, path), time in rows:
        _animate_stroke(page, element, path, time, clock)
    if not animation.tip:
        return
    one_pen = not animation.pace.together
    for _, strokes in groupby(rows, key=lambda row: one_pen or row[1].drawing):
        route = [(path, time) for (_, path), time in strokes]
        _add_pen_tip(page, route, clock, TIP * pen, colour)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time that all animations of a page share.

    On a page that plays once, each animation lasts as long as its own part, and then leaves the
    finished ink exactly as it is. In a loop each lasts a whole round, so that a player can seek
    every moment of every round; animations that begin at each other's ends cannot be sought.

    Attributes:
        period: seconds of one round.
        loop: whether the page begins again, for ever.
    """

    period: float
    loop: bool

    def attributes(self, seconds: Sequence[float], values: Sequence[str]) -> dict[str, str]:
        """Return the timing attributes of an `<animate>` element.

        Args:
            seconds: rising times of the values.
            values: of the attribute; the first also holds before its time, the last after it.
        """
        begin, end = (0.0, self.period) if self.loop else (seconds[0], seconds[-1])
        end = max(end, begin + _KEY_TIME)
        decimals = math.ceil(math.log10((end - begin) / _KEY_TIME))
        times = [format_number((second - begin) / (end - begin), decimals) for second in seconds]
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
    return format_number(value, 6)


def _animate_stroke(
    page: SvgPage, element: Element, path: StrokePath, time: StrokeTime, clock: Clock
) -> None:
    """Hide a path until the pen is there, and let it grow; a dot appears at once.

    The path must be hidden: a dash without length has a round cap, which is a dot.
    """
    if len(time.fractions) > 1 and path.length > 0:
        element.set("pathLength", "1")
        # Browsers measure curves inexactly: the last dash is surely longer than the path.
        fractions, seconds = [*time.fractions.tolist(), 2.0], [*time.seconds.tolist(), time.end]
        dashes = [f"{format_number(fraction, _STROKE_DECIMALS)} 2" for fraction in fractions]
        page.add_animation(element, "stroke-dasharray", **clock.attributes(seconds, dashes))
    if time.begin > 0:
        shown = clock.attributes([0.0, time.begin], ["hidden", "visible"])
        page.add_animation(element, "visibility", calcMode="discrete", **shown)


def _add_pen_tip(
    page: SvgPage,
    route: Sequence[tuple[StrokePath, StrokeTime]],
    clock: Clock,
    radius: float,
    colour: str,
) -> None:
    """Add a dot that moves along the strokes, and straight from each stroke to the next.

    It shows from the first point to the last, and never in a viewer without animation.
    """
    data, walked, last = "", 0.0, route[0][0].points[0]
    seconds, distances = [], []
    for path, time in route:
        walked += math.dist(last, path.points[0])
        data += f" L{path.data[1:]}" if data else path.data
        length, last = path.length, path.points[-1]
        distances += (walked + time.fractions * length).tolist()
        seconds += time.seconds.tolist()
        walked += length
    fractions = [format_number(d / walked if walked else 0.0, _ROUTE_DECIMALS) for d in distances]
    moving = clock.attributes(seconds, fractions)
    moving["keyPoints"] = moving.pop("values")
    shown = clock.attributes([0.0, seconds[-1]], ["visible", "hidden"])
    dot = page.add_dot(radius, colour, visibility="hidden")
    page.add_motion(dot, data, calcMode="linear", **moving)
    page.add_animation(dot, "visibility", calcMode="discrete", **shown)
