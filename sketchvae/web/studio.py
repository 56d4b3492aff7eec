"""What each request does: the artist's methods, with drawings as JSON."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sketchvae import __version__
from sketchvae.data.ndjson import line
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.explore.plane import Plane
from sketchvae.generate.artist import MORPH_TEMPERATURE, TEMPERATURE, Artist
from sketchvae.generate.sampler import fresh_seed
from sketchvae.plot.profiles import Profile
from sketchvae.polyline import Floats32
from sketchvae.web import messages
from sketchvae.web.messages import to_drawing
from sketchvae.web.pages import MEDIA, Desk, export, formats

COLUMNS, ROWS = 10, 10  # of the map's picture
COLD = 0.1  # temperature of the map: the latent decides


@dataclass(frozen=True)
class File:
    """A file to take home."""

    content: bytes
    media: str
    name: str


class Studio:
    """The artist, behind its API.

    Args:
        artist: that draws.
        name: of the model.
        profile: of the machine whose times and G-code are meant.
    """

    def __init__(self, artist: Artist, name: str, profile: Profile) -> None:
        self.artist, self.name, self.profile = artist, name, profile

    def model(self) -> dict[str, Any]:
        """Return what the model is, and what may be asked of it."""
        return {
            "word": self.artist.word,
            "model": self.name,
            "version": __version__,
            "temperature": None,
            "limits": {
                "n": messages.MAX_N,
                "strokes": messages.MAX_STROKES,
                "points": messages.MAX_POINTS,
            },
            "score": self.artist.model.head is not None,
            "map": self.artist.model.config.latent > 1,
            "formats": formats(),
        }

    def draw(self, body: messages.Draw) -> str:
        """Draw new drawings, variations of one, or those of latents."""
        seed = _seed(body.seed)
        latents = self._latents(body, seed)
        n = body.n if latents is None else len(latents)
        if n * body.best_of > messages.MAX_CANDIDATES:
            raise SketchvaeError(
                f"n times best_of must be at most {messages.MAX_CANDIDATES}, got "
                f"{n * body.best_of}; ask for less"
            )
        drawn = self.artist.draw_each(
            n, body.temperature, seed, latents=latents, best_of=body.best_of
        )
        return self._answer((d.to_quickdraw() for d in drawn), seed)

    def _latents(self, body: messages.Draw, seed: int) -> Floats32 | list[list[float]] | None:
        """Return the latents to draw from, (n, Z); None for those of the prior."""
        if body.like is None:
            return body.latents
        like = to_drawing(body.like, name="like")
        if body.spread is None:
            return self.artist.sample_posterior(like, body.n, seed)
        return self.artist.perturb(self.artist.encode(like), body.n, body.spread, seed)

    def complete(self, body: messages.Complete) -> str:
        """Continue a drawing."""
        seed, beginning = _seed(body.seed), to_drawing(body.drawing)
        temperature = TEMPERATURE if body.temperature is None else body.temperature
        return self._answer(self.artist.complete(beginning, body.n, temperature, seed), seed)

    def reconstruct(self, body: messages.Reconstruct) -> str:
        """Draw a drawing anew from its own latent."""
        seed, original = _seed(body.seed), to_drawing(body.drawing)
        temperature = TEMPERATURE if body.temperature is None else body.temperature
        drawn = self.artist.reconstruct(original, temperature, seed)
        return self._answer((d.to_quickdraw() for d in drawn), seed)

    def morph(self, body: messages.Morph) -> str:
        """Draw along the path between two drawings."""
        seed = _seed(body.seed)
        ends = [to_drawing(body.first, name="first"), to_drawing(body.last, name="last")]
        first, last = self.artist.encode(ends)
        path = self.artist.morph(first, last, body.steps, temperature=MORPH_TEMPERATURE, seed=seed)
        return self._answer((d.to_quickdraw() for d in path), seed)

    def encode(self, body: messages.Encode) -> dict[str, Any]:
        """Return the latent of each drawing."""
        drawings = [to_drawing(d, name=f"drawings[{i}]") for i, d in enumerate(body.drawings)]
        return {"latents": self.artist.encode(drawings).tolist()}

    def score(self, body: messages.Score) -> dict[str, Any]:
        """Return the percentile of a drawing among real ones, and that after each stroke."""
        drawing, head = to_drawing(body.drawing), self.artist.class_head
        parts = [Drawing(drawing.strokes[: k + 1]) for k in range(len(drawing.strokes))]
        states = self.artist.states(parts)
        after = head.percentile(states).round(1).tolist()
        log_odds = float(head.log_odds(states[-1:])[0])
        return {"percentile": after[-1], "log_odds": round(log_odds, 3), "after": after}

    @cached_property
    def plane(self) -> Plane:
        """The plane of the map."""
        return Plane.of(self.artist.model.prior)

    @cached_property
    def map(self) -> dict[str, Any]:
        """The map's picture: a drawing in each cell; one that did not end is without strokes."""
        drawn = self.artist.sample(COLUMNS * ROWS, COLD, 0, self.plane.grid(COLUMNS, ROWS))
        cells = [_line(drawing or Drawing(()), self.artist.word) for drawing in drawn]
        return {"columns": COLUMNS, "rows": ROWS, "drawings": cells}

    def map_place(self, body: messages.MapPlace) -> str:
        """Draw at a place of the map."""
        seed, z = _seed(body.seed), self.plane.latents([(body.x, body.y)])
        return self._answer((d.to_quickdraw() for d in self.artist.decode(z, COLD, seed)), seed)

    def page(self, body: messages.Page) -> dict[str, Any]:
        """Return the preview of a page."""
        return Desk.of(body, self.profile).preview()

    def export(self, body: messages.Export) -> File:
        """Return drawings as a file."""
        suffix, media = MEDIA[body.format]
        stem = self.artist.word if self.artist.word.isascii() else ""
        stem = "".join(c for c in stem if c.isalnum() or c in "-_") or "drawing"
        name = f"{stem}.{suffix}"
        return File(export(body, self.profile, self.artist.word), media, name)

    def _answer(self, drawings: Iterable[Drawing], seed: int) -> str:
        """Return drawings and their seed as JSON; coordinates have the digits of ndjson."""
        lines = ",".join(line(drawing.with_word(self.artist.word)) for drawing in drawings)
        rest = json.dumps({"seed": seed, "model": self.name, "version": __version__})
        return f'{{"drawings":[{lines}],{rest[1:]}'


def _line(drawing: Drawing, word: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(line(drawing.to_quickdraw().with_word(word)))
    return fields


def _seed(seed: int | None) -> int:
    return fresh_seed() if seed is None else seed
