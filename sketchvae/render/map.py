"""A map of drawings: where each lies in a plane, and what a model draws there.

As a picture of pixels, for a look, and as one page for the browser, where the drawing under
the pointer shows.
"""

import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import SIMPLIFIED_SIDE, Drawing, number
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.raster import Raster, subdivide
from sketchvae.render.canvas import RGB
from sketchvae.render.page import LINE, fit_to_cell
from sketchvae.render.png import MIN_LINE_PIXELS

TEMPLATE = Path(__file__).with_name("map.html")
CELLS = 10  # along a side of the map
PIXELS = 800  # along a side of either half of a picture
COLOURS: tuple[RGB, ...] = (  # of words: Okabe & Ito's, which the colour-blind tell apart
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (0, 114, 178),
)  # fmt: skip
_GREY: RGB = (150, 150, 150)  # of words beyond these
_DOT = 5.0  # pixels
_SIDE = 1000  # units of the page that a side of the map has


@dataclass(frozen=True)
class Frame:
    """The square of the plane that a map shows; y grows downwards."""

    left: float
    top: float
    side: float

    @property
    def middles(self) -> Floats:
        """The middles of the cells, (CELLS ** 2, 2), row by row."""
        along = (np.arange(CELLS) + 0.5) / CELLS * self.side
        x, y = np.meshgrid(self.left + along, self.top + along)
        return np.column_stack([x.ravel(), y.ravel()])

    def within(self, places: Floats) -> Floats:
        """Return places as shares of the side; 0 to 1 is in the frame."""
        shares: Floats = (places - (self.left, self.top)) / self.side
        return shares


@dataclass(frozen=True)
class Map:
    """Drawings in a plane.

    Attributes:
        drawings: n of them.
        places: (n, 2), one each.
        frame: what is shown of the plane.
        drawn: what a model draws in each cell of the frame, row by row; None where it is not asked.
    """

    drawings: Sequence[Drawing]
    places: Floats
    frame: Frame
    drawn: Sequence[Drawing | None]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the drawings, the most frequent first."""
        words = [drawing.word for drawing in self.drawings]
        return tuple(sorted(set(words), key=lambda word: (-words.count(word), word)))

    def nearest(self) -> list[Drawing | None]:
        """Return of each cell the drawing nearest to its middle; None where there is none in it."""
        apart = self.frame.within(self.places)
        inside = ((apart >= 0) & (apart < 1)).all(axis=1)
        cell = (np.floor(apart[inside] * CELLS) @ (1, CELLS)).astype(int)
        found: list[Drawing | None] = [None] * CELLS**2
        away = np.linalg.norm(self.places[inside] - self.frame.middles[cell], axis=1)
        rows = np.flatnonzero(inside)
        for i in np.argsort(-away, kind="stable"):  # the nearest comes last, and stays
            found[cell[i]] = self.drawings[rows[i]]
        return found


def colour_of(words: Sequence[str], word: str) -> RGB:
    """Return the colour of a word among those of a map."""
    place = words.index(word)
    return COLOURS[place] if place < len(COLOURS) else _GREY


# --- pixels -------------------------------------------------------------------------


def to_png(chart: Map) -> bytes:
    """Draw a map as PNG, two squares of 800 pixels.

    A dot for each drawing on both; over them on the left the drawing nearest to the middle of
    each cell, on the right what the model draws there. Several words are named in their colours.
    """
    from PIL import Image, ImageDraw

    picture = Image.fromarray(pixels_of(chart))
    if len(chart.words) > 1:
        named = ImageDraw.Draw(picture)
        for line, word in enumerate(chart.words[: len(COLOURS)]):
            named.text((6, 4 + 14 * line), word or "?", fill=colour_of(chart.words, word))
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()


def pixels_of(chart: Map, side: int = PIXELS) -> NDArray[np.uint8]:
    """Draw a map as `to_png` does: (side, 2 * side, 3)."""
    halves = [_half(chart, drawings, side) for drawings in (chart.nearest(), chart.drawn)]
    halves[1][:, :1] = 200  # a line between them
    return np.concatenate(halves, axis=1)


def _half(chart: Map, drawings: Sequence[Drawing | None], side: int) -> NDArray[np.uint8]:
    sheet = Raster(side, side, (255, 255, 255))
    places = chart.frame.within(chart.places) * side
    words = chart.words
    of_word = np.array([words.index(drawing.word) for drawing in chart.drawings])
    for order, word in enumerate(words):
        dots = subdivide([place[None] for place in places[of_word == order]], _DOT)
        sheet.ink(dots, _DOT, colour_of(words, word), layer=order)
    cell = side / CELLS
    pen = max(LINE * cell, MIN_LINE_PIXELS)
    sheet.ink(subdivide(_placed(drawings, cell, pen), pen), pen, (0, 0, 0), layer=len(words))
    return sheet.pixels.reshape(side, side, 3)


def _placed(drawings: Sequence[Drawing | None], cell: float, pen: float) -> list[Floats]:
    """Put drawings into their cells: the strokes of all of them."""
    strokes: list[Floats] = []
    for index, drawing in enumerate(drawings):
        if drawing is not None:
            corner = (index % CELLS * cell, index // CELLS * cell)
            strokes += fit_to_cell(drawing, cell, pen).moved(*corner).strokes
    return strokes


# --- the page -----------------------------------------------------------------------


def to_html(chart: Map, title: str = "Map") -> str:
    """Write a map as one HTML page, which needs no network.

    A dot for each drawing, which shows beside the map when the pointer is near, and what the model
    draws across it.

    Args:
        chart: the map.
        title: of the page.
    """
    places = (chart.frame.within(chart.places) * _SIDE).round(1)
    data = {
        "places": places.tolist(),
        "words": [drawing.word for drawing in chart.drawings],
        "paths": [_path(drawing) for drawing in chart.drawings],
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        side=_SIDE,
        dots="\n".join(_dots(chart, places)),
        key="\n".join(_key(chart.words)),
        drawn=" ".join(_line(s) for s in _placed(chart.drawn, _SIDE / CELLS, 1.0)),
        # In a script "<" could end it.
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    )


def _dots(chart: Map, places: Floats) -> list[str]:
    """Write the dots of each word as one path, of lines without length and with round ends."""
    words, dots = chart.words, []
    for word in words:
        own = [d.word == word for d in chart.drawings]
        path = "".join(f"M{number(x, 1)} {number(y, 1)}h0" for x, y in places[own].tolist())
        dots.append(f'<path class="dots" stroke="{_css(colour_of(words, word))}" d="{path}"/>')
    return dots


def _key(words: Sequence[str]) -> list[str]:
    """Say which colour a word has, if there is more than one."""
    return [
        f'<li style="color: {_css(colour_of(words, word))}"><span>{html.escape(word or "?")}'
        "</span></li>"
        for word in (words if len(words) > 1 else ())
    ]


def _css(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _path(drawing: Drawing) -> str:
    return "".join(_line(s) for s in drawing.fit(SIMPLIFIED_SIDE, SIMPLIFIED_SIDE).strokes)


def _line(stroke: Floats) -> str:
    """Write a stroke as path data in whole units, a dot as a line without length."""
    points = np.rint(stroke).astype(int)
    first, steps = points[0], np.diff(points, axis=0)
    return f"M{first[0]} {first[1]}" + ("".join(_step(*s) for s in steps.tolist()) or "h0")


def _step(dx: int, dy: int) -> str:
    return f"l{dx}{'' if dy < 0 else ' '}{dy}"


def check_suffix(path: Path) -> None:
    """Refuse a file whose suffix is not that of a map.

    Raises:
        SketchvaeError: if it is neither .png nor .html.
    """
    if path.suffix.lower() not in (".png", ".html"):
        raise SketchvaeError(
            f"{path}: a map must end in .png or .html, got {path.suffix or 'no suffix'}; "
            f"try -o {path.stem or 'map'}.html"
        )
