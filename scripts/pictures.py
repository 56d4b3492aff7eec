"""Make the drawings in data/ and the pictures of the README, with the shipped weights.

    scripts/pictures

The same weights make the same files.
"""

from pathlib import Path

from sketchvae import load
from sketchvae.data import formats
from sketchvae.rendering.animation import Animation
from sketchvae.rendering.svg import Style, to_svg

ROOT = Path(__file__).parents[1]


def main() -> None:
    artist = load()
    flock = (drawing.sized(255).rounded() for drawing in artist.draw_each(300, 0.5, seed=2026))
    formats.write(ROOT / "data" / "sheep.ndjson", flock)
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    svg = to_svg(artist.draw(24, 0.5, seed=7), width_mm=240, columns=8)
    (pictures / "flock.svg").write_text(svg + "\n", encoding="utf-8")
    rows = [artist.draw(8, temperature, seed=7) for temperature in (0.2, 0.5, 1.0)]
    svg = to_svg([d for row in rows for d in row], width_mm=240, columns=8)
    (pictures / "temperatures.svg").write_text(svg + "\n", encoding="utf-8")
    looping = Animation(loop=True, tip=True)
    svg = to_svg(artist.draw(1, 0.5, seed=2), style=Style(smooth=True), animation=looping)
    (pictures / "drawn.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
