"""Make the drawings in data/ and the pictures of the README, with the shipped weights.

    scripts/pictures [DATA]

The same weights make the same files. With DATA, a folder that holds quickdraw_sheep.ndjson
and quickdraw_344.ndjson.gz, real sheep are drawn beside the model's, too, and the odd ones found.
"""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from sketchvae import Artist, Drawing, load
from sketchvae.data import formats
from sketchvae.plot.layout import Layout
from sketchvae.plot.page import parse_page
from sketchvae.plot.plan import Pens, make_plot
from sketchvae.plot.svg import to_svg as plot_svg
from sketchvae.render.animation import animation_spec
from sketchvae.render.page import PageSpec
from sketchvae.render.png import contact_sheet
from sketchvae.render.svg import to_svg
from sketchvae.render.timeline import Animation
from sketchvae.render.tween import write_morph

ROOT = Path(__file__).parents[1]


def main() -> None:
    artist = load()
    flock = (drawing.to_quickdraw() for drawing in artist.draw_each(300, seed=2026))
    formats.write(ROOT / "data" / "sheep.ndjson", flock)
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    svg = rows_of_eight(artist.draw(24, seed=97))
    (pictures / "flock.svg").write_text(svg + "\n", encoding="utf-8")
    rows = [
        artist.draw(8, seed=97),
        artist.draw(8, 1.0, seed=97),
        artist.draw(8, seed=97, reject=True),
        artist.draw(8, seed=97, best_of=8),
    ]
    svg = rows_of_eight([d for row in rows for d in row])
    (pictures / "settings.svg").write_text(svg + "\n", encoding="utf-8")
    looping = Animation(loop=True, tip=True)
    svg = to_svg(PageSpec(1), artist.draw(1, seed=97), looping)
    (pictures / "drawn.svg").write_text(svg + "\n", encoding="utf-8")
    sheet = parse_page("a5", landscape=True)
    nestled = Layout("packed", vary=0.6, smooth=True).place(artist.draw(24, seed=97), sheet)
    plot = make_plot(nestled, sheet, Pens(("#222222", "#aa3322", "#225588"), width=0.5))
    (pictures / "page.svg").write_text(plot_svg(plot) + "\n", encoding="utf-8")
    if len(sys.argv) > 1:
        real = list(islice(formats.read(Path(sys.argv[1]) / "quickdraw_sheep.ndjson"), 16))
        svg = rows_of_eight([*real, *artist.draw(16, seed=97)])
        (pictures / "beside.svg").write_text(svg + "\n", encoding="utf-8")
        latent_space(artist, real, pictures)
        odd_ones_out(artist, Path(sys.argv[1]), pictures / "odd.png")


def rows_of_eight(drawings: Sequence[Drawing]) -> str:
    """Return drawings as an SVG page, 240 mm wide, of eight in a row."""
    return to_svg(PageSpec(len(drawings), width_mm=240, columns=8), drawings)


def latent_space(artist: Artist, real: list[Drawing], pictures: Path) -> None:
    """Draw what the model makes of real sheep: the first of the file, uncurated."""
    again = [artist.reconstruct(real[:8], temperature, seed=7) for temperature in (0.1, 0.5, 1)]
    rows = {"reconstructed": [real[:8], *again]}
    begun = [Drawing(drawing.strokes[:1]) for drawing in real[:4]]
    rows["completed"] = [[b, *artist.complete(b, 7, 0.3, seed=7)] for b in begun]
    z = artist.encode(real)
    ends = [(0, 1), (2, 3), (4, 5)]
    rows["morphs"] = [artist.morph(z[a], z[b], 8, seed=7) for a, b in ends]
    for name, drawings in rows.items():
        svg = rows_of_eight([d for row in drawings for d in row])
        (pictures / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")
    path = artist.morph(z[2], z[3], 8, seed=7)
    write_morph(animation_spec(pictures / "morph.svg", 1), path, Animation(loop=True))


def odd_ones_out(artist: Artist, data: Path, path: Path) -> None:
    """Drop drawings of other things among real sheep; show the 16 that are least sheep."""
    sheep = [d.with_word("sheep") for d in formats.read(data / "quickdraw_sheep.ndjson")]
    others = islice(formats.read(data / "quickdraw_344.ndjson.gz"), 5000, None, 10_000)
    mixed = [*sheep, *others]
    values = artist.class_probability(mixed)
    rows = values.argsort()[:16].tolist()
    labels = [f"{mixed[i].word} {values[i]:.4f}" for i in rows]
    contact_sheet([mixed[i] for i in rows], columns=8, labels=labels).save(path)


if __name__ == "__main__":
    main()
