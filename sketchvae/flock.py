"""Flock: a list of drawings that shows itself in a notebook, finished or being drawn."""

import html
from typing import SupportsIndex, overload

from sketchvae.drawing import Drawing
from sketchvae.svg_page import MM_PER_PX

MAX_SHOWN = 100  # drawings of a larger flock that a notebook shows
_CELL = 140  # CSS pixels, side of a drawing's cell
_MIN_WIDTH, _MAX_WIDTH = 200, 980  # CSS pixels, of the page


class Flock(list[Drawing]):
    """A list of drawings; a slice of it is a flock too.

    A notebook shows its first 100 drawings on a page; `animate` lets them be drawn.
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> Drawing: ...

    @overload
    def __getitem__(self, index: slice) -> "Flock": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Drawing | Flock":
        item = super().__getitem__(index)
        return Flock(item) if isinstance(item, list) else item

    def __repr__(self) -> str:
        points = sum(drawing.n_points for drawing in self)
        return f"Flock({len(self)} drawing{'s' * (len(self) != 1)}, {points} points)"

    def _repr_svg_(self) -> str | None:
        """Return the first 100 drawings as SVG; None for no drawing: a notebook shows the repr."""
        from sketchvae.render.page import PageSpec, Style, grid
        from sketchvae.render.svg import to_svg

        shown = self[:MAX_SHOWN]
        if not shown:
            return None
        columns, _ = grid(len(shown), None)
        width = min(max(columns * _CELL, _MIN_WIDTH), _MAX_WIDTH)
        style = Style(colour="currentColor")
        return to_svg(PageSpec(len(shown), width * MM_PER_PX, style=style), shown)

    def animate(
        self,
        *,
        seconds: float | None = None,
        speed: float | None = None,
        together: bool = False,
        loop: bool = False,
        tip: bool = False,
    ) -> "Player":
        """Return a player for a notebook, with a button and a slider, in which they are drawn.

        Args:
            seconds: duration; None lets the speed decide.
            speed: of the pen, in longest sides of a drawing a second; None for 1.5, or the
                recorded times.
            together: draw all drawings at once instead of one after another.
            loop: begin again, for ever.
            tip: show the tip of the pen.

        Raises:
            SketchvaeError: for a time out of range, both seconds and speed, or no stroke.
        """
        from sketchvae.render.page import PageSpec
        from sketchvae.render.player import PLAYER_STYLE, to_html
        from sketchvae.render.timeline import Animation, Pace

        pace = Pace(seconds=seconds, speed=speed, together=together)
        spec = PageSpec(len(self), style=PLAYER_STYLE)
        return Player(to_html(spec, self, Animation(pace, loop=loop, tip=tip)))


class Player:
    """A page that plays drawings; it shows itself in a notebook.

    Attributes:
        html: the whole page, to be written into a file.
    """

    def __init__(self, page: str) -> None:
        self.html = page

    def _repr_html_(self) -> str:
        """Return the page in a frame, so that neither it nor the notebook changes the other."""
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" width="440" height="500" '
            'style="border:0" title="drawings being drawn"></iframe>'
        )
