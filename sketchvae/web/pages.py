"""Drawings on a page of paper, and drawings as files."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sketchvae.data.ndjson import line
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot.bed import MachinePlot
from sketchvae.plot.estimate import estimate, seconds_of_pens
from sketchvae.plot.gcode import to_gcode
from sketchvae.plot.layout import Layout
from sketchvae.plot.page import sheet
from sketchvae.plot.plan import Pens, Plot, make_plot
from sketchvae.plot.profiles import Profile
from sketchvae.plot.svg import to_preview, to_svg
from sketchvae.web.messages import Export, Form, Page, Sheet, to_drawing

MEDIA: dict[Form, tuple[str, str]] = {  # suffix, and type of the content
    "svg": ("svg", "image/svg+xml"),
    "animated-svg": ("svg", "image/svg+xml"),
    "png": ("png", "image/png"),
    "gif": ("gif", "image/gif"),
    "ndjson": ("ndjson", "application/x-ndjson"),
    "gcode": ("gcode", "text/plain; charset=utf-8"),
    "hpgl": ("hpgl", "text/plain; charset=utf-8"),
}


def formats() -> list[Form]:
    """List the formats that can be written here: HPGL needs vpype."""
    return [form for form in MEDIA if form != "hpgl" or find_spec("vpype")]


@dataclass(frozen=True)
class Desk:
    """Drawings on a page, ready for a machine.

    Attributes:
        plot: the page.
        placed: the same in the coordinates of the machine.
        profile: of the machine.
    """

    plot: Plot
    placed: MachinePlot
    profile: Profile

    @classmethod
    def of(cls, body: Page, profile: Profile, least_margin: float = 0.0) -> "Desk":
        """Lay drawings out.

        Args:
            body: drawings and page.
            profile: of the machine.
            least_margin: mm.

        Raises:
            SketchvaeError: if they do not fit.
        """
        wanted = body.page or Sheet()
        margin = max(wanted.margin, least_margin)
        layout = Layout(wanted.layout, margin, wanted.gap, wanted.vary, smooth=wanted.smooth)
        page, pens = sheet(wanted.width, wanted.height), Pens(tuple(wanted.pens))
        drawings = layout.place(drawings_of(body), page)
        plot = make_plot(drawings, page, replace(pens, width=wanted.pen_width))
        if wanted.optimize:
            _need_vpype("a shorter way")
            from sketchvae.plot.vpype import optimize

            plot = optimize(plot)
        return cls(plot, profile.machine().to_machine(plot), profile)

    def gcode(self) -> str:
        """Return the page as G-code."""
        return to_gcode(self.placed, self.profile.pen_lift(), self.profile.motion())

    def preview(self) -> dict[str, Any]:
        """Return the page as SVG with the travel of the pen, its lengths in mm and its time."""
        motion, home = self.profile.motion(), self.placed.machine.home
        stats = estimate(self.placed.strokes, motion, home)
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


def drawings_of(body: Page) -> list[Drawing]:
    """Return the drawings of a body."""
    return [to_drawing(d, name=f"drawings[{i}]") for i, d in enumerate(body.drawings)]


def export(body: Export, profile: Profile, word: str) -> bytes:
    """Return drawings as a file.

    Args:
        body: drawings and format.
        profile: of the machine.
        word: the thing drawn.

    Raises:
        SketchvaeError: if they cannot be written so.
    """
    if body.format == "gcode":
        return Desk.of(body, profile).gcode().encode()
    if body.format == "hpgl":
        return _hpgl(body, profile)
    if body.format == "svg" and body.page is not None:
        return f"{to_svg(Desk.of(body, profile).plot)}\n".encode()
    drawings = [drawing.with_word(word) for drawing in drawings_of(body)]
    if body.format == "ndjson":
        return "".join(f"{line(drawing)}\n" for drawing in drawings).encode()
    return _picture(body, drawings)


def _picture(body: Export, drawings: Sequence[Drawing]) -> bytes:
    """Return drawings as SVG, PNG or GIF."""
    from sketchvae.render.animation import animation_spec, write_animation
    from sketchvae.render.page import PageSpec, PictureSpec, Style
    from sketchvae.render.png import to_png
    from sketchvae.render.svg import to_svg
    from sketchvae.render.timeline import Animation, Pace

    is_opaque = body.format in ("png", "gif")
    paper = body.background or ("white" if is_opaque else None)
    style, count = Style(colour=body.colour, background=paper), len(drawings)
    animation = Animation(Pace(together=count > 1), loop=body.format == "gif")
    if body.format == "png":
        return to_png(PictureSpec(count, style=style, pixels=body.pixels), drawings)
    if body.format == "gif":
        with tempfile.TemporaryDirectory() as folder:  # films are written into files
            path = Path(folder) / "film.gif"
            spec = animation_spec(path, count, style=style, pixels=body.pixels)
            write_animation(spec, drawings, animation)
            return path.read_bytes()
    moving = animation if body.format == "animated-svg" else None
    return f"{to_svg(PageSpec(count, style=style), drawings, moving)}\n".encode()


def _hpgl(body: Export, profile: Profile) -> bytes:
    """Return drawings as HPGL, within what the device reaches of the page."""
    _need_vpype("HPGL")
    from sketchvae.plot.vpype import DEVICE, margin_for, to_hpgl

    wanted, device = body.page or Sheet(), profile.options.get("device", DEVICE)
    margin = margin_for(sheet(wanted.width, wanted.height), device)
    return to_hpgl(Desk.of(body, profile, margin).plot, device)[0].encode()


def _need_vpype(what: str) -> None:
    """Refuse what cannot be done without vpype."""
    if not find_spec("vpype"):
        raise SketchvaeError(f"{what} needs vpype; install sketchvae[plot] where the studio runs")
