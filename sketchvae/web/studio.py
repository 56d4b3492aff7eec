"""What each request asks of the other rooms, with drawings as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from sketchvae import __version__
from sketchvae.data.ndjson import line, record_of
from sketchvae.drawing import Drawing
from sketchvae.errors import ConflictError, SketchvaeError
from sketchvae.explore.plane import COLD, Plane
from sketchvae.generate.artist import Artist
from sketchvae.generate.candidates import best_first
from sketchvae.polyline import Floats32
from sketchvae.web import messages
from sketchvae.web.messages import MAX_CANDIDATES, to_drawing, to_drawings

if TYPE_CHECKING:
    from sketchvae.machine.plotter import Plotter
    from sketchvae.plot.prepared import PreparedPage
    from sketchvae.plot.profiles import Profile

Json = dict[str, Any]
COLUMNS, ROWS = 10, 10  # of the map's picture
MEDIA = {"svg": "image/svg+xml", "png": "image/png", "gif": "image/gif"}  # others are text


@dataclass(frozen=True)
class Studio:
    """The artist behind its API; each method does what one request asks, and returns JSON."""

    artist: Artist
    name: str  # of the model
    profile: "Profile"  # of the machine whose times and G-code are meant
    plotter: "Plotter | None" = None  # None where no machine is attached

    def model(self, _: object = None) -> Json:
        """Return what the model is, and what may be asked of it."""
        from sketchvae.plot.prepared import has_vpype  # here, since the studio starts without it

        return {
            "word": self.artist.word,
            "model": self.name,
            "version": __version__,
            "limits": messages.LIMITS,
            "score": self.artist.model.head is not None,
            "map": self.artist.model.config.latent > 1,
            "machine": self.plotter and {"name": self.plotter.name},
            "formats": [f for f in get_args(messages.Form) if f != "hpgl" or has_vpype()],
        }

    def draw(self, body: messages.Draw) -> Json:
        """Draw new drawings, variations of one, or those of latents."""
        seed, n = body.chosen_seed, body.n if body.latents is None else len(body.latents)
        if n * body.best_of > MAX_CANDIDATES:
            raise SketchvaeError(f"n times best_of must be at most {MAX_CANDIDATES}; ask for less")
        latents: Floats32 | list[list[float]] | None = body.latents
        if body.like is not None:
            latents = self.artist.latents_like(to_drawing(body.like, "like"), n, body.spread, seed)
        tau, k = body.temperature, body.best_of
        return self._drawn(self.artist.draw_each(n, tau, seed, latents=latents, best_of=k), seed)

    def complete(self, body: messages.Complete) -> Json:
        """Continue a drawing, best first; each begins with the given strokes, to the last digit."""
        seed, start = body.chosen_seed, to_drawing(body.drawing)
        size = body.size and max(body.size, start.longest_side)
        drawn = self.artist.complete(
            start, body.n, body.temperature, seed, size=size, is_open=body.open
        )
        return self._drawn(best_first(self.artist, drawn), seed, in_place=True)

    def reconstruct(self, body: messages.Given) -> Json:
        """Draw a drawing anew from its own latent."""
        seed = body.chosen_seed
        drawn = self.artist.reconstruct(to_drawing(body.drawing), body.temperature, seed)
        return self._drawn(drawn, seed)

    def morph(self, body: messages.Morph) -> Json:
        """Draw along the path between two drawings."""
        seed, ends = body.chosen_seed, [to_drawing(body.first, "first")]
        first, last = self.artist.encode([*ends, to_drawing(body.last, "last")])
        return self._drawn(self.artist.morph(first, last, body.steps, seed=seed), seed)

    def encode(self, body: messages.Drawings) -> Json:
        """Return the latent of each drawing."""
        return {"latents": self.artist.encode(to_drawings(body)).tolist()}

    def paths(self, body: messages.Drawings) -> Json:
        """Return the curves of each drawing as SVG path data, one a stroke."""
        return {"paths": [drawing.paths() for drawing in to_drawings(body)]}

    def score(self, body: messages.Given) -> Json:
        """Return the percentile of a drawing among real ones, and that after each stroke."""
        if self.artist.model.head is None:
            raise ConflictError("this model has no class head, so it cannot score; use another")
        drawing = to_drawing(body.drawing)
        if len(drawing.strokes) * drawing.n_points > messages.MAX_SCORED:
            raise SketchvaeError("drawing: too many strokes to score after each; leave some out")
        after = self.artist.percentile_after_strokes(drawing).round(1).tolist()
        return {"percentile": after[-1], "after": after}

    @cached_property
    def _plane(self) -> Plane:
        return Plane.of(self.artist.model.prior)

    @cached_property
    def _map(self) -> Json:
        drawn = self._plane.draw(self.artist, COLUMNS, ROWS)
        return {"columns": COLUMNS, "rows": ROWS, "drawings": [*map(self._record, drawn)]}

    def map(self, _: object = None) -> Json:
        """Return the map's picture: a drawing in each cell; one that did not end is empty."""
        return self._map

    def map_place(self, body: messages.MapPlace) -> Json:
        """Draw at a place of the map."""
        seed, latents = body.chosen_seed, self._plane.latents([(body.x, body.y)])
        return self._drawn(self.artist.decode(latents, COLD, seed), seed)

    def page(self, body: messages.Page) -> Json:
        """Lay drawings out: SVG with the travel of the pen, lengths in mm, and the time."""
        return self._prepared(body).preview()

    def export(self, body: messages.Export) -> tuple[bytes, str, str]:
        """Write drawings as a file to take home; return its content, type and name."""
        word = "".join(c for c in self.artist.word if c.isascii() and c.isalnum()) or "drawing"
        suffix = body.format.rpartition("-")[2]
        return self._content(body), MEDIA.get(suffix, "text/plain"), f"{word}.{suffix}"

    def _content(self, body: messages.Export) -> bytes:
        if body.format == "gcode":
            return self._prepared(body).gcode().encode()
        if body.format == "hpgl":
            return self._prepared(body, for_hpgl=True).hpgl().encode()
        if body.format == "svg" and body.page is not None:
            return self._prepared(body).svg().encode()
        from sketchvae.render.page import Style
        from sketchvae.render.picture import to_picture

        drawings = [drawing.with_word(self.artist.word) for drawing in to_drawings(body)]
        if body.format == "ndjson":
            return "".join(f"{line(drawing)}\n" for drawing in drawings).encode()
        paper = body.background or ("white" if body.format in ("png", "gif") else None)
        style = Style(colour=body.colour, background=paper)
        return to_picture(body.format, drawings, style, body.pixels)

    def plot(self, body: messages.Plot) -> Json:
        """Begin to plot a page."""
        page, plotter = self._prepared(body), self._machine()
        about = {"numbers": page.numbers, "svg": page.preview()["svg"]}
        plotter.start(page.gcode(), about, body.pause)
        return self.job()

    def steer(self, verb: str, _: object) -> Json:
        """Pause the plot behind the present stroke, resume it, or stop it; the pen goes up."""
        getattr(self._machine(), verb)()
        return self.job()

    def job(self, _: object = None) -> Json:
        """Return the state of the plot, and the preview of its page."""
        if self.plotter is None:
            return {"state": "none", "svg": None}
        return {**self.plotter.state, "svg": self.plotter.about.get("svg")}

    def _machine(self) -> "Plotter":
        if self.plotter is None:
            raise ConflictError("no machine is attached; name one when the studio is started")
        return self.plotter

    def _prepared(self, body: messages.Page, for_hpgl: bool = False) -> "PreparedPage":
        from sketchvae.plot.prepared import prepare

        wanted = {} if body.page is None else body.page.model_dump(exclude_none=True)
        return prepare(to_drawings(body), self.profile, **wanted, for_hpgl=for_hpgl)

    def _drawn(self, drawings: Iterable[Drawing], seed: int, in_place: bool = False) -> Json:
        """Return drawings and their seed."""
        records = [self._record(drawing, in_place) for drawing in drawings]
        return {"drawings": records, "seed": seed, "model": self.name, "version": __version__}

    def _record(self, drawing: Drawing, in_place: bool = False) -> Json:
        """Return a drawing as in ndjson, 255 pixels large or as it is, and its curves."""
        drawing = drawing if in_place else drawing.to_quickdraw()
        return {**record_of(drawing.with_word(self.artist.word)), "paths": drawing.paths()}
