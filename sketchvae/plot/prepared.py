"""A page that is ready for a machine: drawings laid out, in pens, in the machine's coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from sketchvae.drawing import Drawing
from sketchvae.errors import MissingExtra
from sketchvae.plot.bed import MachinePlot
from sketchvae.plot.estimate import estimate, seconds_of_pens
from sketchvae.plot.gcode import seconds_around, to_gcode
from sketchvae.plot.layout import MARGIN, Layout
from sketchvae.plot.page import sheet
from sketchvae.plot.plan import PEN_WIDTH, Pens, Plot, make_plot
from sketchvae.plot.profiles import Profile
from sketchvae.plot.svg import to_preview, to_svg

HPGL_DEVICE = "hp7475a"


@dataclass(frozen=True)
class PreparedPage:
    """Drawings on a page, ready for a machine.

    Attributes:
        plot: the page.
        placed: the same in the coordinates of the machine.
        profile: of the machine.
    """

    plot: Plot
    placed: MachinePlot
    profile: Profile

    @property
    def numbers(self) -> list[int]:
        """Numbers of the drawing of each stroke, from 1, in plotting order; 0 for not known."""
        return [number for layer in self.plot.layers for number, _ in layer.numbered()]

    def svg(self) -> str:
        """Return the page as SVG for plotters that read it."""
        return f"{to_svg(self.plot)}\n"

    def gcode(self) -> str:
        """Return the page as G-code."""
        return to_gcode(self.placed, self.profile.pen_lift(), self.profile.motion())

    def hpgl(self) -> str:
        """Return the page as HPGL; it must have been prepared for that."""
        from sketchvae.plot.vpype import to_hpgl

        return to_hpgl(self.plot, self.profile.options.get("device", HPGL_DEVICE))[0]

    def preview(self) -> dict[str, Any]:
        """Return the preview as SVG, lengths in mm, and seconds, by names as JSON has them."""
        motion, home = self.profile.motion(), self.placed.machine.home
        standing = seconds_around(self.profile.pen_lift())
        stats = estimate(self.placed.strokes, motion, home, standing)
        seconds = seconds_of_pens(self.placed.layers, motion, home)
        pens = zip(self.plot.layers, seconds, strict=True)
        return {
            "svg": to_preview(self.plot),
            "ink_mm": round(stats.ink, 1),
            "travel_mm": round(stats.travel, 1),
            "lifts": stats.lifts,
            "seconds": round(stats.seconds, 1),
            "pens": [{"colour": layer.colour, "seconds": round(s, 1)} for layer, s in pens],
        }


def prepare(
    drawings: Sequence[Drawing],
    profile: Profile,
    *,
    width: float = 210.0,
    height: float = 297.0,
    layout: Literal["grid", "packed"] = "grid",
    margin: float = MARGIN,
    gap: float | None = None,
    vary: float = 0.0,
    smooth: bool = True,
    pens: Sequence[str] = ("black",),
    pen_width: float = PEN_WIDTH,
    optimize: bool = False,
    for_hpgl: bool = False,
) -> PreparedPage:
    """Lay drawings out on a page; lengths are in mm.

    Args:
        drawings: at least one with a stroke.
        profile: of the machine.
        width: of the page.
        height: of the page.
        layout: as `Layout.arrangement`; margin, gap, vary and smooth as there.
        margin: free along the edges.
        gap: free between drawings.
        vary: share of the size that some are smaller by.
        smooth: whether strokes become smooth curves.
        pens: colours.
        pen_width: of the line.
        optimize: whether vpype sorts the strokes for less travel.
        for_hpgl: whether the margin is at least what an HPGL plotter cannot reach.

    Raises:
        SketchvaeError: if they do not fit on the page, or the page on the machine, or if vpype
            is needed and missing.
    """
    page = sheet(width, height)
    if optimize or for_hpgl:
        _need_vpype()
    if for_hpgl:
        from sketchvae.plot.vpype import margin_for

        margin = max(margin, margin_for(page, profile.options.get("device", HPGL_DEVICE)))
    placed = Layout(layout, margin, gap, vary, smooth=smooth).place(drawings, page)
    plot = make_plot(placed, page, Pens(tuple(pens), width=pen_width))
    if optimize:
        from sketchvae.plot.vpype import optimize as shortened

        plot = shortened(plot)
    return PreparedPage(plot, profile.machine().to_machine(plot), profile)


def has_vpype() -> bool:
    """Return whether vpype is installed, which optimizes and writes HPGL."""
    return find_spec("vpype") is not None


def _need_vpype() -> None:
    if not has_vpype():
        raise MissingExtra(
            "optimizing and HPGL need vpype, which is not there; install sketchvae[plot]"
        )
