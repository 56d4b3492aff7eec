"""What a notebook does: save, read, slice; and what it is told after a slip."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import SHEEP, Z, ending_model
from PIL import Image

import sketchvae
from sketchvae import Artist, Drawing, Flock, SketchvaeError
from sketchvae.data import formats
from sketchvae.errors import ArgumentError

FLOCK = sketchvae.read(f"{SHEEP}:1-6")
ARTIST = Artist(ending_model())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to write into."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- files ----------------------------------------------------------------------------------


def frames_of(path: Path) -> int:
    with Image.open(path) as picture:
        return int(getattr(picture, "n_frames", 1))


@pytest.mark.parametrize("suffix", ["svg", "ndjson", "ndjson.gz", "bin", "npz", "drawings"])
def test_what_is_saved_is_read_back(suffix: str) -> None:
    path = f"x.{suffix}"
    saves: tuple[Callable[[], None], ...] = (
        lambda: FLOCK.save(path),
        lambda: sketchvae.write(path, FLOCK),
        lambda: sketchvae.write(FLOCK, path),  # type: ignore[arg-type]
        lambda: sketchvae.write(Path(path), iter(FLOCK)),
    )
    for save in saves:
        save()
        read = sketchvae.read(path)
        assert isinstance(read, Flock)
        assert [len(d.strokes) for d in read] == [len(d.strokes) for d in FLOCK]
        if suffix != "svg":
            assert [d.aligned() for d in read] == [d.aligned() for d in FLOCK]
        Path(path).unlink()


@pytest.mark.parametrize("suffix", ["svg", "png", "html", "gif", "webp", "ndjson", "bin"])
def test_a_single_drawing_is_saved_as_a_flock_of_one_is(suffix: str) -> None:
    FLOCK[0].save(f"a.{suffix}")
    FLOCK[:1].save(Path(f"b.{suffix}"))
    sketchvae.write(f"c.{suffix}", FLOCK[0])
    a, b, c = (Path(f"{name}.{suffix}").read_bytes() for name in "abc")
    assert a == b == c
    if suffix in ("png", "gif", "webp"):
        assert (frames_of(Path(f"a.{suffix}")) > 1) is (suffix != "png")
    if suffix == "html":
        assert b"stroke-dasharray" in a


def test_a_file_is_saved_with_the_look_that_is_asked_for() -> None:
    FLOCK.save("a.svg", width=60, colour="navy", background="#fed", stroke_width=0.7)
    text = Path("a.svg").read_text()
    for part in ('width="60mm"', 'stroke="navy"', 'fill="#fed"', 'stroke-width="0.7"'):
        assert part in text
    FLOCK[0].save("a.svg", smooth=False)  # a file that exists is replaced
    assert " C" not in Path("a.svg").read_text()
    FLOCK[0].save("a.png", pixels=90, background="red")
    FLOCK[0].save("a.gif", pixels=90, background="red")
    for name in ("a.png", "a.gif"):
        with Image.open(name) as picture:
            assert picture.size == (90, 90)
            assert picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_film_is_as_long_as_asked_for_and_loops_as_the_command_s_does() -> None:
    FLOCK[:2].save("a.gif", seconds=1, pixels=40)
    with Image.open("a.gif") as film:
        assert film.info["loop"] == 0
        seconds = 0.0
        for number in range(frames_of(Path("a.gif"))):
            film.seek(number)
            seconds += film.info["duration"] / 1000
    assert seconds == pytest.approx(1 + 1.5)  # and the pause of the loop


def test_draw_like_is_what_the_command_draws() -> None:
    latents = ARTIST.sample_posterior(FLOCK[:2], 3, seed=4)
    drawn = ARTIST.draw(3, seed=4, like=FLOCK[:2])
    assert drawn == list(ARTIST.draw_each(3, seed=4, latents=latents))
    assert len(ARTIST.draw(like=FLOCK[0])) == 1


def test_a_drawing_of_any_size_fits_into_a_format_of_integers() -> None:
    large = FLOCK[0].scaled(3.3)
    for suffix in ("bin", "npz"):
        large.save(f"x.{suffix}")
        assert sketchvae.read(f"x.{suffix}")[0].aligned() == large.to_quickdraw()
    large.save("x.ndjson")
    assert sketchvae.read("x.ndjson") == [large]


def test_read_takes_numbers_and_folders(folder: Path) -> None:
    FLOCK.save("x.ndjson")
    assert sketchvae.read("x.ndjson:2,5-6") == [FLOCK[1], FLOCK[4], FLOCK[5]]
    assert sketchvae.read(folder) == FLOCK


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: FLOCK.save("x.pdf"), "x.pdf: drawings must end in .svg, .png, .html, .gif"),
        (lambda: FLOCK.save("x"), "got no suffix; try x.svg"),
        (lambda: Flock().save("x.svg"), "a page needs at least one drawing, got none"),
        (lambda: Flock().save("x.bin"), "there must be a drawing to write, got none"),
        (lambda: Drawing([]).save("x.gif"), "an animation needs a drawing with a stroke"),
        (lambda: FLOCK.save("no/x.svg"), "no/x.svg: cannot be written"),
        (lambda: FLOCK.save("x.svg", pixels=90), "x.svg: pixels is for .png and films"),
        (lambda: FLOCK.save("x.html", pixels=90), "x.html: pixels is for .png and films"),
        (lambda: FLOCK.save("x.svg", seconds=2), "x.svg: seconds is for films; leave it out"),
        (lambda: FLOCK.save("x.bin", width=90), "x.bin: width is for pages and films; leave it"),
        (lambda: FLOCK.save("x.svg", width=0), "the page must be from 1 to 100000 mm wide"),
        (lambda: sketchvae.read("none.ndjson"), "none.ndjson: no such file; check the name"),
    ],
)
def test_what_cannot_be_saved_or_read_is_one_line(act: Callable[[], object], said: str) -> None:
    with pytest.raises(SketchvaeError) as caught:
        act()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(Path().iterdir())


# --- a flock stays a flock ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda f: f[2:5], lambda f: f[2:5]),
        (lambda f: f[::-1], lambda f: f[::-1]),
        (lambda f: f + f[:2], lambda f: f + f[:2]),
        (lambda f: f + [f[0]], lambda f: [*f, f[0]]),  # noqa: RUF005
        (lambda f: [f[0]] + f, lambda f: [f[0], *f]),  # noqa: RUF005
        (lambda f: f + f[0], lambda f: [*f, f[0]]),
        (lambda f: f * 2, lambda f: f * 2),
        (lambda f: 2 * f, lambda f: f * 2),
        (lambda f: f.copy(), lambda f: f),
        (lambda f: f.sorted(n_points), lambda f: sorted(f, key=n_points)),
        (
            lambda f: f.sorted(n_points, reverse=True),
            lambda f: sorted(f, key=n_points, reverse=True),
        ),
    ],
)
def test_parts_and_sums_of_a_flock_are_flocks(
    make: Callable[[Any], Any], expected: Callable[[Any], Any]
) -> None:
    made = make(FLOCK)
    assert type(made) is Flock
    assert list(made) == expected(list(FLOCK))


def n_points(drawing: Drawing) -> int:
    return drawing.n_points


def test_flock_that_grows_in_place_stays_one() -> None:
    flock = FLOCK[:1]
    flock += FLOCK[1:2]
    flock.append(FLOCK[2])
    assert type(flock) is Flock
    assert flock == FLOCK[:3]


# --- one for many, and slips ----------------------------------------------------------------


def test_a_single_drawing_does_where_several_are_expected() -> None:
    one, several = FLOCK[0], FLOCK[:1]
    for read in (ARTIST.encode, ARTIST.nll, lambda d: ARTIST.posterior(d).mean):
        np.testing.assert_array_equal(read(one), read(several))
    assert ARTIST.reconstruct(one, 1, seed=1) == ARTIST.reconstruct(several, 1, seed=1)
    assert len(ARTIST.score(one, draws=2)) == 1
    assert ARTIST.sample_posterior(one, 3, seed=1).shape == (3, Z)
    assert ARTIST.complete(several, 2, seed=1) == ARTIST.complete(one, 2, seed=1)


def test_latents_may_be_lists_and_the_ends_of_a_path_one_row() -> None:
    z = ARTIST.encode(FLOCK[:2])
    assert ARTIST.decode(z.tolist(), 1, seed=1) == ARTIST.decode(z, 1, seed=1)
    assert ARTIST.decode(z[0], 1, seed=1) == ARTIST.decode(z[:1], 1, seed=1)
    ways = [(z[0], z[1]), (z[:1], z[1:]), (z[0].tolist(), z[1].tolist())]
    drawn = [ARTIST.morph(a, b, 2, temperature=1, seed=1) for a, b in ways]
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: ARTIST.encode("x.ndjson"), "got the name 'x.ndjson'; read them first, with"),  # type: ignore[arg-type]
        (lambda: ARTIST.score(Path("x.svg")), "with sketchvae.read('x.svg')"),  # type: ignore[arg-type]
        (lambda: ARTIST.encode(7), "must get a Drawing or a list of them, got 7"),  # type: ignore[arg-type]
        (lambda: ARTIST.encode(None), "got None; draw some, or read"),  # type: ignore[arg-type]
        (lambda: ARTIST.encode([FLOCK[0], 3]), "got 3 as number 1; of strokes make a"),  # type: ignore[list-item]
        (lambda: ARTIST.encode([[[0, 0], [9, 9]]]), "got [[0, 0], [9, 9]] as number 0"),  # type: ignore[list-item]
        (lambda: ARTIST.nll(ARTIST.encode(FLOCK)), "as number 0"),
        (lambda: ARTIST.morph(FLOCK[0], FLOCK[1]), "latents must be numbers, an array (n, 3), got"),  # type: ignore[arg-type]
        (lambda: ARTIST.morph(FLOCK, FLOCK), "encode drawings first, with artist.encode("),  # type: ignore[arg-type]
        (lambda: ARTIST.decode(FLOCK), "latents must be numbers"),  # type: ignore[arg-type]
        (lambda: ARTIST.decode("x.npy"), "latents must be numbers"),
        (lambda: ARTIST.decode([[1, 2, 3], [1, 2]]), "latents must be numbers"),
        (lambda: ARTIST.perturb(FLOCK[0], 2), "latents must be numbers"),  # type: ignore[arg-type]
        (lambda: ARTIST.draw("3"), "the number of drawings must be an integer, got '3'"),  # type: ignore[arg-type]
        (lambda: ARTIST.draw(2.5), "the number of drawings must be an integer, got 2.5"),  # type: ignore[arg-type]
        (lambda: ARTIST.draw(1, "hot"), "the temperature must be a number, got 'hot'"),  # type: ignore[arg-type]
        (lambda: ARTIST.draw(1, seed="x"), "the seed must be an integer, got 'x'"),  # type: ignore[arg-type]
        (lambda: FLOCK.animate(seconds="x"), "must be a number, got 'x'"),  # type: ignore[arg-type]
        (lambda: Drawing(5), "strokes must be a list of them, got 5"),  # type: ignore[arg-type]
        (lambda: Flock(["a"]), "got 'a' as number 0"),  # type: ignore[list-item]
        (lambda: Flock("x.svg"), "with sketchvae.read('x.svg')"),  # type: ignore[arg-type]
        (lambda: FLOCK.save(5), "must get the name of a file to write, got 5"),  # type: ignore[arg-type]
        (lambda: sketchvae.read(["x.svg"]), "got ['x.svg']; read one after another"),  # type: ignore[arg-type]
        (lambda: sketchvae.load(7), "must get the name of a model, got 7"),  # type: ignore[arg-type]
        (lambda: FLOCK + "x", "got the name 'x'"),  # type: ignore[operator]
        (lambda: sketchvae.write("x.svg", 3), "got 3"),  # type: ignore[arg-type]
        (lambda: FLOCK.save("x.svg", color="red"), "has no color; did you mean colour?"),
        (
            lambda: FLOCK[0].save("x.svg", dpi=3),
            "has no dpi; choose from width, pixels, seconds, stroke_",
        ),
        (lambda: FLOCK.save("x.svg", width="a"), "the page must be a number, got 'a'"),
        (lambda: ARTIST.draw(like="x.svg"), "with sketchvae.read('x.svg')"),  # type: ignore[arg-type]
        (lambda: sorted(FLOCK), "drawings have no order; sort a flock by a key: flock.sorted("),
        (lambda: min(FLOCK), "drawings have no order"),
        (lambda: sketchvae.write("x.svg", "y.svg"), "got the name 'x.svg'"),  # type: ignore[arg-type]
    ],
)
def test_slip_is_a_type_error_that_names_what_came(act: Callable[[], object], said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        act()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, SketchvaeError)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: ARTIST.complete(FLOCK[:3]), "the beginning must be one drawing, got 3"),
        (
            lambda: ARTIST.morph([[1, 2, 3]] * 2, [1, 2, 3]),
            "there must be one latent here, got 2; choose one",
        ),
        (lambda: ARTIST.decode([1.0, 2.0]), "of the shape (n, 3), got (2,)"),
    ],
)
def test_wrong_number_is_one_line(act: Callable[[], object], said: str) -> None:
    with pytest.raises(SketchvaeError, match=said.replace("(", r"\(").replace(")", r"\)")):
        act()


def test_reprs_tell_what_there_is() -> None:
    assert re.fullmatch(r"Player\(a page of \d+ kB, .*\)", repr(FLOCK[:1].animate()))
    assert repr(ARTIST) == "Artist('sheep', latents of 3 numbers)"
    assert repr(Drawing([[(0, 0)]])) == "Drawing(1 stroke, 1 point, 0 x 0)"
    assert repr(Flock(FLOCK[:2])).startswith("Flock(2 drawings, ")
    assert list(formats.read(SHEEP))[:6] == FLOCK
