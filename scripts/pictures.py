"""Make the drawings in data/ and the pictures of the README, with the shipped weights.

    scripts/pictures [DATA]

The same weights make the same files. With DATA, a folder that holds quickdraw_sheep.ndjson, real
sheep are drawn beside the model's, too.
"""

import sys
from itertools import islice
from pathlib import Path

from sketchvae import load
from sketchvae.artist.artist import TEMPERATURE
from sketchvae.data import formats
from sketchvae.plotter.layout import Layout
from sketchvae.plotter.page import page
from sketchvae.plotter.plot import Pens, ink
from sketchvae.plotter.svg import to_svg as plot_svg
from sketchvae.rendering.animation import Animation
from sketchvae.rendering.svg import Style, to_svg

ROOT = Path(__file__).parents[1]


def main() -> None:
    artist = load()
    flock = (drawing.sized(255).rounded() for drawing in artist.draw_each(300, seed=2026))
    formats.write(ROOT / "data" / "sheep.ndjson", flock)
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    svg = to_svg(artist.draw(24, seed=7), width_mm=240, columns=8)
    (pictures / "flock.svg").write_text(svg + "\n", encoding="utf-8")
    rows = [artist.draw(8, temperature, seed=7) for temperature in (0.2, TEMPERATURE, 1.0)]
    svg = to_svg([d for row in rows for d in row], width_mm=240, columns=8)
    (pictures / "temperatures.svg").write_text(svg + "\n", encoding="utf-8")
    looping = Animation(loop=True, tip=True)
    svg = to_svg(artist.draw(1, seed=12), style=Style(smooth=True), animation=looping)
    (pictures / "drawn.svg").write_text(svg + "\n", encoding="utf-8")
    sheet = page("a5", landscape=True)
    nestled = Layout("packed", vary=0.6).place(artist.draw(24, seed=7), sheet)
    plot = ink(nestled, sheet, Pens(("#222222", "#aa3322", "#225588"), width=0.5))
    (pictures / "page.svg").write_text(plot_svg(plot) + "\n", encoding="utf-8")
    if len(sys.argv) > 1:
        real = islice(formats.read(Path(sys.argv[1]) / "quickdraw_sheep.ndjson"), 16)
        svg = to_svg([*real, *artist.draw(16, seed=7)], width_mm=240, columns=8)
        (pictures / "beside.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
