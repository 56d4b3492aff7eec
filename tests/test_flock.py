"""What a notebook shows, read back with svgelements and played by Chromium."""

import copy
import html
import io
import pickle
import re
from itertools import islice
from pathlib import Path

import chromium as browsers
import pytest
import svgelements

from sketchvae import Drawing, Flock, load
from sketchvae.data import formats
from sketchvae.errors import SketchvaeError

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
FLOCK = Flock(islice(formats.read(SHEEP), 5))


def test_artist_draws_a_flock_which_is_a_list() -> None:
    drawn = load().draw(3, seed=1)
    assert isinstance(drawn, Flock)
    assert isinstance(drawn, list)
    assert drawn == list(drawn)
    assert isinstance(drawn[0], Drawing)


def test_slice_is_a_flock_and_so_is_a_copy() -> None:
    assert isinstance(FLOCK[1:3], Flock)
    assert FLOCK[1:3] == list(FLOCK)[1:3]
    assert FLOCK[-1] is list(FLOCK)[-1]
    for twin in (copy.deepcopy(FLOCK), pickle.loads(pickle.dumps(FLOCK))):
        assert isinstance(twin, Flock)
        assert twin == FLOCK


def test_repr_counts_and_does_not_fill_the_screen() -> None:
    points = sum(d.n_points for d in FLOCK)
    assert repr(FLOCK) == f"Flock(5 drawings, {points} points)"
    assert repr(FLOCK[:1]).startswith("Flock(1 drawing, ")


def groups(text: str) -> list[int]:
    """Count the strokes of each drawing on a page."""
    page = svgelements.SVG.parse(io.StringIO(text))
    selected = page.select(
        lambda e: isinstance(e, svgelements.Group) and str(e.id).startswith("drawing-")
    )
    return [len(g) for g in selected]


def test_flock_shows_its_drawings_in_order_in_the_ink_of_the_page() -> None:
    text = FLOCK._repr_svg_()
    assert text is not None
    assert groups(text) == [len(d.strokes) for d in FLOCK]
    assert 'stroke="currentColor"' in text


def test_large_flock_shows_its_first_hundred_and_an_empty_one_its_repr() -> None:
    text = Flock([*FLOCK] * 100)._repr_svg_()
    assert text is not None
    assert len(groups(text)) == 100
    assert Flock()._repr_svg_() is None


def test_flock_of_one_or_more_plays_in_a_frame_of_their_own() -> None:
    for player, count in ((FLOCK[:1].animate(seconds=2.0), 1), (FLOCK.animate(together=True), 5)):
        (page,) = re.findall(r'srcdoc="([^"]*)"', player._repr_html_())
        assert html.unescape(page) == player.html
        assert page.count("drawing-") == count
        assert "stroke-dasharray" in page


def test_flock_plays_in_chromium(chromium: browsers.Chromium, tmp_path: Path) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<body>{FLOCK[:1].animate(seconds=2.0)._repr_html_()}</body>")
    chromium.open(path)
    inside = "document.querySelector('iframe').contentDocument"
    assert chromium.run(f"{inside}.querySelectorAll('path').length") == len(FLOCK[0].strokes)
    assert chromium.run(f"{inside}.querySelector('button').textContent") == "Pause"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0.0}, "must be from 0.01 to 86400 seconds, got 0"),
        ({"speed": -1.0}, "speed of the pen must be"),
        ({"seconds": 1.0, "speed": 1.0}, "seconds or a speed"),
    ],
)
def test_what_cannot_be_played_is_one_line(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(SketchvaeError, match=message):
        FLOCK[:1].animate(**arguments)  # type: ignore[arg-type]
    with pytest.raises(SketchvaeError, match="a drawing with a stroke, got none"):
        Flock([Drawing([])]).animate()
