"""A map of drawings: their positions in a plane, and what a model draws across it.

As a picture in pixels, and as one HTML page that shows the drawing under the pointer.
"""

import html
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from sketchvae import errors
from sketchvae.drawing import SIMPLIFIED_SIDE, Drawing
from sketchvae.polyline import Floats
from sketchvae.raster import Raster, subdivide
from sketchvae.render.canvas import BLACK, RGB, TOLERANCE, WHITE
from sketchvae.render.page import LINE, fit_to_cell
from sketchvae.render.png import LABEL_HEIGHT, MIN_LINE_PIXELS, label_font, label_strip
from sketchvae.svg_page import format_number

TEMPLATE = Path(__file__).with_name("map.html")
CELLS = 10  # along a side of the map
PIXELS = 800  # side of each half of a picture
LABELS = ("the drawing nearest to each place", "what the model draws there")  # of the halves
COLOURS: tuple[RGB, ...] = (  # of words: Okabe & Ito's, which the colour-blind tell apart
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (0, 114, 178),
)  # fmt: skip
_GREY: RGB = (150, 150, 150)  # of words beyond these
_DIVIDER = 200  # grey of the line between the halves of a picture
_DOT = 5.0  # pixels, diameter
_PAGE_SIDE = 1000  # units of the HTML page along a side of the map


@dataclass(frozen=True)
class Viewport:
    """The square of the plane that a map shows; y grows downwards.

    Attributes:
        left: x of the left edge.
        top: y of the upper edge.
        side: length of a side.
    """

    left: float
    top: float
    side: float

    @property
    def centres(self) -> Floats:
        """Centres of the cells, (CELLS ** 2, 2), row by row."""
        offsets = (np.arange(CELLS) + 0.5) / CELLS * self.side
        x, y = np.meshgrid(self.left + offsets, self.top + offsets)
        return np.column_stack([x.ravel(), y.ravel()])

    def normalised(self, positions: Floats) -> Floats:
        """Return positions, (n, 2), as fractions of the side: 0 to 1 inside."""
        fractions: Floats = (positions - (self.left, self.top)) / self.side
        return fractions


@dataclass(frozen=True)
class Map:
    """Drawings in a plane.

    Attributes:
        drawings: n of them.
        positions: (n, 2) in the plane.
        viewport: the square that is shown.
        decoded: what a model draws in each cell, row by row; None for an empty cell.
    """

    drawings: Sequence[Drawing]
    positions: Floats
    viewport: Viewport
    decoded: Sequence[Drawing | None]

    @property
    def words(self) -> tuple[str, ...]:
        """Words of the drawings, the most frequent first."""
        words = [drawing.word for drawing in self.drawings]
        return tuple(sorted(set(words), key=lambda word: (-words.count(word), word)))

    def nearest(self) -> list[Drawing | None]:
        """Return for each cell the drawing in it that is nearest to its centre, or None."""
        fractions = self.viewport.normalised(self.positions)
        inside = ((fractions >= 0) & (fractions < 1)).all(axis=1)
        cell = (np.floor(fractions[inside] * CELLS) @ (1, CELLS)).astype(int)
        nearest: list[Drawing | None] = [None] * CELLS**2
        offsets = self.positions[inside] - self.viewport.centres[cell]
        rows = np.flatnonzero(inside)
        for i in np.argsort(-np.linalg.norm(offsets, axis=1), kind="stable"):  # the nearest last
            nearest[cell[i]] = self.drawings[rows[i]]
        return nearest


def word_colour(words: Sequence[str], word: str) -> RGB:
    """Return the colour of a word.

    Args:
        words: of the map, the most frequent first.
        word: one of them.
    """
    index = words.index(word)
    return COLOURS[index] if index < len(COLOURS) else _GREY


def check_suffix(path: Path) -> None:
    """Refuse a file whose suffix is not that of a map.

    Raises:
        SketchvaeError: if it is neither .png nor .html.
    """
    errors.check_suffix(path, (".png", ".html"), "a map", "-o map.html")


# --- pixels -------------------------------------------------------------------------


def to_png(chart: Map) -> bytes:
    """Return a map as PNG: two squares of 800 pixels.

    Both have a dot for each drawing. Over the dots stand on the left the drawing nearest to the
    centre of each cell, on the right what the model draws there, as a line below them says. If
    there are several words, the six most frequent are listed in their colours.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (2 * PIXELS, PIXELS + LABEL_HEIGHT), WHITE)
    image.paste(Image.fromarray(to_pixels(chart)))
    for half, label in enumerate(LABELS):
        image.paste(label_strip(label, PIXELS).convert("RGB"), (half * PIXELS, PIXELS))
    if len(chart.words) > 1:
        pencil = ImageDraw.Draw(image)
        for line, word in enumerate(chart.words[: len(COLOURS)]):
            colour = word_colour(chart.words, word)
            pencil.text((6, 4 + 15 * line), word or "?", fill=colour, font=label_font())
    content = io.BytesIO()
    image.save(content, format="PNG")
    return content.getvalue()


def to_pixels(chart: Map, side: int = PIXELS) -> NDArray[np.uint8]:
    """Return the picture of `to_png` without words, (side, 2 * side, 3).

    Args:
        chart: the map.
        side: pixels of each half.
    """
    halves = [_half(chart, drawings, side) for drawings in (chart.nearest(), chart.decoded)]
    halves[1][:, :1] = _DIVIDER
    return np.concatenate(halves, axis=1)


def _half(chart: Map, drawings: Sequence[Drawing | None], side: int) -> NDArray[np.uint8]:
    """Return the dots, and a drawing over each cell, (side, side, 3)."""
    raster = Raster(side, side, WHITE)
    centres = chart.viewport.normalised(chart.positions) * side
    words = chart.words
    word_index = np.array([words.index(drawing.word) for drawing in chart.drawings])
    for index, word in enumerate(words):
        dots = subdivide([centre[None] for centre in centres[word_index == index]], _DOT)
        raster.ink(dots, _DOT, word_colour(words, word), layer=index)
    cell = side / CELLS
    pen = max(LINE * cell, MIN_LINE_PIXELS)
    placed = [drawing.smoothed(TOLERANCE) for drawing in _in_cells(drawings, cell, pen)]
    strokes = [stroke for drawing in placed for stroke in drawing.strokes]
    raster.ink(subdivide(strokes, pen), pen, BLACK, layer=len(words))
    return raster.pixels.reshape(side, side, 3)


def _in_cells(drawings: Sequence[Drawing | None], cell: float, pen: float) -> Iterator[Drawing]:
    """Yield drawings, each fitted into its cell; `cell` and `pen` in one unit."""
    for index, drawing in enumerate(drawings):
        if drawing is not None:
            corner = (index % CELLS * cell, index // CELLS * cell)
            yield fit_to_cell(drawing, cell, pen).moved(*corner)


# --- the page -----------------------------------------------------------------------


def to_html(chart: Map, title: str = "Map") -> str:
    """Return a map as one HTML page, which needs no network.

    It has a dot for each drawing, which shows beside the map when the pointer is near, and what
    the model draws in each cell.

    Args:
        chart: the map.
        title: of the page.
    """
    positions = (chart.viewport.normalised(chart.positions) * _PAGE_SIDE).round(1)
    data = {
        "places": positions.tolist(),
        "words": [drawing.word for drawing in chart.drawings],
        "paths": [
            _path(drawing.fit(SIMPLIFIED_SIDE, SIMPLIFIED_SIDE)) for drawing in chart.drawings
        ],
    }
    decoded = _in_cells(chart.decoded, _PAGE_SIDE / CELLS, 1.0)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        side=_PAGE_SIDE,
        dots="\n".join(_dots(chart, positions)),
        key="\n".join(_key(chart.words)),
        drawn=" ".join(_path(drawing) for drawing in decoded),
        # In a script "<" could end it.
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    )


def _dots(chart: Map, positions: Floats) -> list[str]:
    """Return a path for each word, of lines without length and with round ends: its dots.

    Args:
        chart: the map.
        positions: (n, 2) of its drawings in units of the page, 0 to 1000 inside of it.
    """
    words, dots = chart.words, []
    for word in words:
        own = [d.word == word for d in chart.drawings]
        path = "".join(
            f"M{format_number(x, 1)} {format_number(y, 1)}h0" for x, y in positions[own].tolist()
        )
        dots.append(f'<path class="dots" stroke="{_css(word_colour(words, word))}" d="{path}"/>')
    return dots


def _key(words: Sequence[str]) -> list[str]:
    """Return a list item in its colour for each word, or nothing for one word."""
    return [
        f'<li style="color: {_css(word_colour(words, word))}"><span>{html.escape(word or "?")}'
        "</span></li>"
        for word in (words if len(words) > 1 else ())
    ]


def _css(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _path(drawing: Drawing) -> str:
    """Return smooth curves as path data in whole units, relative and so short.

    A dot is a line without length.
    """
    data = ""
    for curve in drawing.smooth_curves():
        points = np.rint(curve).astype(int)
        steps = points[1:].reshape(-1, 3, 2) - points[:-1:3, None]
        data += f"M{points[0, 0]} {points[0, 1]}"
        data += f"c{' '.join(map(str, steps.ravel().tolist()))}" if len(steps) else "h0"
    return data
