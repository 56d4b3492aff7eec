"""Flock: several drawings that show themselves in a notebook, still or being drawn."""

from typing import SupportsIndex, overload

from sketchvae.drawing import Drawing

SHOWN = 100  # drawings of a larger flock that a notebook shows
_CELL = 140  # CSS pixels of a drawing among others
_WIDEST = 980  # CSS pixels of all of them
_MM = 25.4 / 96  # of a CSS pixel


class Flock(list[Drawing]):
    """A list of drawings; a slice of it is one, too.

    In a notebook it shows its first 100 drawings on a sheet, and `animate` lets them be drawn.
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> Drawing: ...

    @overload
    def __getitem__(self, index: slice) -> "Flock": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Drawing | Flock":
        found = super().__getitem__(index)
        return Flock(found) if isinstance(found, list) else found

    def __repr__(self) -> str:
        points = sum(drawing.n_points for drawing in self)
        return f"Flock({len(self)} drawing{'s' * (len(self) != 1)}, {points} points)"

    def _repr_svg_(self) -> str | None:
        """Show the first drawings in a notebook; None, which is the text alone, for no drawing."""
        from sketchvae.render.svg import Style, to_svg

        if not self:
            return None
        style = Style(colour="currentColor")
        return to_svg(self[:SHOWN], width_mm=_width(len(self[:SHOWN])) * _MM, style=style)

    def animate(
        self,
        *,
        seconds: float | None = None,
        speed: float | None = None,
        together: bool = False,
        loop: bool = False,
        tip: bool = False,
    ) -> "Player":
        """Let the drawings be drawn in a notebook, in a player with a button and a slider.

        Args:
            seconds: that it takes; None leaves it to the speed.
            speed: of the pen, in longest sides of a drawing a second; None is 1.5, or as
                recorded.
            together: all drawings at once instead of one after another.
            loop: begin again, for ever.
            tip: show the tip of the pen.

        Raises:
            SketchvaeError: for a time out of range, both seconds and speed, or no stroke.
        """
        from sketchvae.render.player import to_html
        from sketchvae.render.smil import Animation
        from sketchvae.render.timeline import Pace

        pace = Pace(seconds=seconds, speed=speed, together=together)
        return Player(to_html(self, animation=Animation(pace, loop=loop, tip=tip)))


class Player:
    """A page that plays drawings; it shows itself in a notebook.

    Attributes:
        html: the whole page, to be written into a file.
    """

    def __init__(self, page: str) -> None:
        self.html = page

    def _repr_html_(self) -> str:
        """Show the page in a frame, so that neither it nor the notebook changes the other."""
        import html

        return (
            f'<iframe srcdoc="{html.escape(self.html)}" width="440" height="500" '
            'style="border:0" title="drawings being drawn"></iframe>'
        )


def _width(count: int) -> float:
    """Say how wide a sheet of so many drawings is, in CSS pixels."""
    from sketchvae.render.svg import grid

    columns, _ = grid(count, None)
    return min(max(columns * _CELL, 200), _WIDEST)
