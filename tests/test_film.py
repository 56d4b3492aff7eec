"""Films of drawings being drawn, reopened with Pillow, and with ffprobe where it is there."""

import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import drawn_by
from PIL import Image, ImageSequence

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.render.film import FilmSpec, save_film
from sketchvae.render.page import PictureSpec, Style
from sketchvae.render.png import to_image
from sketchvae.render.timeline import Animation, Pace, timeline

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
FLOCK = list(itertools.islice(formats.read(SHEEP), 4))
WHITE = Style(background="white")
COLOURED = Style(3, background="white", palette=("red", "blue", "green"))
PILLOWS = ("gif", "apng", "png", "webp")


def save(
    path: Path,
    drawings: list[Drawing],
    animation: Animation,
    **layout: Any,  # noqa: ANN401 - the fields of FilmSpec
) -> None:
    """Write a film of drawings; the keywords are those of FilmSpec."""
    save_film(FilmSpec(len(drawings), path=path, **layout), drawings, animation)


def film(path: Path) -> tuple[list[Floats], list[float]]:
    """Reopen a film: its frames on white, (h, w, 3) each, and the seconds of each."""
    frames, seconds = [], []
    with Image.open(path) as opened:
        for frame in ImageSequence.Iterator(opened):
            pixels = np.asarray(frame.convert("RGBA"), dtype=np.float64)
            opacity = pixels[..., 3:] / 255
            frames.append(np.rint(pixels[..., :3] * opacity + 255 * (1 - opacity)))
            seconds.append(frame.info.get("duration", 0) / 1000)
    return frames, seconds


def still(drawings: list[Drawing], style: Style, pixels: int = 120) -> Floats:
    drawn = to_image(PictureSpec(len(drawings), style=style, pixels=pixels), drawings).convert(
        "RGB"
    )
    return np.asarray(drawn, dtype=np.float64)


@pytest.mark.parametrize("suffix", PILLOWS)
@pytest.mark.parametrize("rate", [7.0, 20.0, 30.0])
@pytest.mark.parametrize(("seconds", "pause"), [(1.0, 0.0), (2.34, 1.5), (0.333, 0.25)])
def test_film_lasts_as_long_as_asked(
    tmp_path: Path, suffix: str, rate: float, seconds: float, pause: float
) -> None:
    path = tmp_path / f"sheep.{suffix}"
    asked = Animation(Pace(seconds=seconds), loop=True, pause=pause)
    save(path, FLOCK[:1], asked, rate=rate, pixels=60)
    assert sum(film(path)[1]) == pytest.approx(seconds + pause, abs=0.01)


@pytest.mark.parametrize("suffix", PILLOWS)
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("style", [WHITE, Style(smooth=False, background="white"), Style(0.3)])
def test_ink_stays_and_the_last_frame_is_the_finished_drawing(
    tmp_path: Path, suffix: str, together: bool, style: Style
) -> None:
    path = tmp_path / f"flock.{suffix}"
    save(path, FLOCK, Animation(Pace(together=together)), pixels=120, style=style)
    frames, _ = film(path)
    assert len(frames) > 20
    for before, after in itertools.pairwise(frames):
        assert (after <= before).all()
    style = style if style.background else Style(0.3, background="white")
    difference = np.abs(frames[-1] - still(FLOCK, style))
    assert difference.max() <= (
        0 if style.background == "white" and style.stroke_width is None else 1
    )
    assert (frames[0] < 255).any()


@pytest.mark.parametrize("suffix", PILLOWS)
def test_coloured_ink_stays_ink(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"flock.{suffix}"
    save(path, FLOCK[:1], Animation(), pixels=120, style=COLOURED)
    frames, _ = film(path)
    for before, after in itertools.pairwise(frames):
        assert (after.min(axis=2)[before.min(axis=2) < 100] < 128).all()
    shown = still(FLOCK[:1], COLOURED)
    ink = (255 - shown.astype(float)).mean()
    difference = np.abs(frames[-1] - shown)
    assert difference.mean() < (0.015 * ink if suffix == "gif" else 1e-9)  # a GIF has 256 colours
    assert all((f[0] == 255).all() for f in frames)


def test_frame_shows_what_the_pen_has_drawn_by_its_end(tmp_path: Path) -> None:
    """The inked fraction is that of the timeline, in a drawing that does not cross itself."""
    comb = Drawing([[[0, 0], [9, 0]], [[0, 3], [9, 3]], [[0, 6], [9, 6], [9, 9]]])
    pace = Pace(seconds=3.0)
    save(tmp_path / "comb.webp", [comb], Animation(pace), rate=10, pixels=300, style=WHITE)
    frames, seconds = film(tmp_path / "comb.webp")
    whole = (255 - frames[-1]).sum()
    lengths = [9, 9, 12]
    for frame, end in zip(frames[:-1], itertools.accumulate(seconds), strict=False):
        fractions = [drawn_by(t, end - 1e-6) for t in timeline([comb], pace).strokes]
        drawn = sum(s * n for s, n in zip(fractions, lengths, strict=True)) / sum(lengths)
        assert (255 - frame).sum() / whole == pytest.approx(drawn, abs=0.02)


def test_transparent_film_is_transparent_but_a_gif_is_on_white(tmp_path: Path) -> None:
    for suffix in PILLOWS:
        path = tmp_path / f"sheep.{suffix}"
        save(path, FLOCK[:1], Animation(Pace(seconds=0.5)), pixels=60)
        with Image.open(path) as opened:
            for frame in ImageSequence.Iterator(opened):
                corner = frame.convert("RGBA").getpixel((0, 0))
                assert corner[3] == (255 if suffix == "gif" else 0)  # type: ignore[index]


@pytest.mark.parametrize("suffix", PILLOWS)
@pytest.mark.parametrize("loop", [False, True])
def test_film_loops_if_asked_and_plays_once_if_not(tmp_path: Path, suffix: str, loop: bool) -> None:
    path = tmp_path / f"sheep.{suffix}"
    save(path, FLOCK[:1], Animation(Pace(seconds=0.5), loop=loop, pause=0.1), pixels=60)
    with Image.open(path) as opened:
        once = None if suffix == "gif" else 1
        assert opened.info.get("loop") == (0 if loop else once)


@pytest.mark.parametrize("style", [WHITE, COLOURED])
@pytest.mark.parametrize("together", [False, True])
def test_pen_tip_is_over_the_frames_and_not_in_the_finished_drawing(
    tmp_path: Path, style: Style, together: bool
) -> None:
    with_tip, without = tmp_path / "tip.png", tmp_path / "none.png"
    for path, tip in ((with_tip, True), (without, False)):
        asked = Animation(Pace(seconds=1.0, together=together), tip=tip)
        save(path, FLOCK, asked, rate=10, pixels=200, style=style)
    tips, plain = film(with_tip)[0], film(without)[0]
    assert len(tips) == 10
    np.testing.assert_array_equal(tips[-1], plain[-1])
    extra = (plain[0] - tips[0]).max(axis=2) > 128
    area = np.pi * (1.25 * (style.stroke_width or 0.6) * 2) ** 2 * (4 if together else 1)
    assert 0.1 * area <= extra.sum() <= 1.3 * area
    np.testing.assert_array_equal(tips[-1], still(FLOCK, style, 200))


def test_pen_tip_is_where_the_pen_is(tmp_path: Path) -> None:
    line = Drawing([[[0, 0], [10, 0]], [[10, 10], [0, 10]]])
    pace = Pace(seconds=1.0)
    asked = Animation(pace, tip=True)
    save(tmp_path / "a.png", [line], asked, rate=20, pixels=200, style=Style(1, background="white"))
    frames, seconds = film(tmp_path / "a.png")
    first, second = timeline([line], pace).strokes
    for frame, end in zip(frames[:-1], itertools.accumulate(seconds), strict=False):
        ys, xs = np.nonzero(frame.min(axis=2) < 100)
        if end < first.end:
            at = 16 + 168 * drawn_by(first, end)
            assert xs.max() == pytest.approx(at + 1.5, abs=1)
        elif end > second.begin:
            at = 184 - 168 * drawn_by(second, end)
            assert xs[ys > 150].min() == pytest.approx(at - 2.5, abs=1)
        else:  # in the air, on the right
            between = (end - first.end) / (second.begin - first.end)
            air = ys[(xs > 182) & (np.abs(ys - 16 - 168 * between) < 9)]
            assert air.mean() == pytest.approx(16 + 168 * between, abs=3)


@pytest.mark.parametrize("suffix", [*PILLOWS, "mp4"])
@pytest.mark.parametrize(
    "drawing",
    [Drawing([[[3, 3]]]), Drawing([[[1, 1], [1, 1]]]), Drawing([[[i, i % 7]] for i in range(300)])],
    ids=["point", "no length", "300 dots"],
)
def test_dots_are_a_film_too(
    tmp_path: Path, suffix: str, drawing: Drawing, request: pytest.FixtureRequest
) -> None:
    if suffix == "mp4":
        request.getfixturevalue("ffmpeg")
    path = tmp_path / f"dot.{suffix}"
    save(path, [Drawing([]), drawing], Animation(loop=True, pause=0.5), pixels=100)
    if suffix != "mp4":
        frames, seconds = film(path)
        np.testing.assert_array_equal(frames[-1], still([Drawing([]), drawing], WHITE, 100))
        if len(frames) > 1:  # a dot is there at once: a still picture
            assert sum(seconds) == pytest.approx(timeline([drawing]).duration + 0.5, abs=0.01)


@pytest.mark.usefixtures("ffmpeg")
def test_mp4_has_even_sides_and_lasts_as_long_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "sheep.mp4"
    asked = Animation(Pace(seconds=1.5), loop=True, pause=0.5)
    save(path, FLOCK[:1], asked, rate=20, pixels=101)
    show = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    report = subprocess.run(show, capture_output=True, check=True, text=True).stdout
    (stream,) = json.loads(report)["streams"]
    assert (stream["width"], stream["height"], stream["nb_frames"]) == (102, 102, "40")
    assert float(stream["duration"]) == pytest.approx(2.0, abs=0.01)
    assert stream["r_frame_rate"] == "20/1"
    last = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True,
        check=True,
    ).stdout[-102 * 102 :]
    shown = np.frombuffer(last, dtype=np.uint8).reshape(102, 102)[:101, :101]
    assert np.abs(shown - still(FLOCK[:1], WHITE, 101)[..., 0]).mean() < 3


def test_without_ffmpeg_a_line_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SketchvaeError, match=r"needs ffmpeg, which is not on the PATH; install"):
        save(tmp_path / "sheep.mp4", FLOCK[:1], Animation())
    assert not list(tmp_path.iterdir())


def saving(folder: Path, name: str = "a.gif", **options: object) -> Callable[[], None]:
    asked = Animation(Pace(seconds=options.pop("seconds", None)), loop=True, pause=1.0)  # type: ignore[arg-type]
    drawings = options.pop("drawings", FLOCK[:1])
    return lambda: save(folder / name, drawings, asked, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "a.avi"}, "must end in .gif, .apng, .png, .webp or .mp4, got .avi"),
        ({"drawings": []}, "at least one drawing, got none"),
        ({"drawings": [Drawing([])]}, "a drawing with a stroke, got none"),
        ({"rate": 0}, "0.1 to 120 frames a second, got 0"),
        ({"rate": float("nan")}, "frames a second, got nan"),
        ({"pixels": 3}, "at least 16 pixels wide, got 3"),
        ({"seconds": 80_000.0}, "at most 5000 frames, got 1600000 in 80000 seconds"),
        ({"seconds": 100.0, "pixels": 5000}, "at most 1024 MiB of pixels"),
        ({"seconds": 9000.0, "rate": 0.1, "name": "a.png", "drawings": [
            Drawing([[[0, 0]], [[9, 9]]])]}, "at most 65 seconds"),
        ({"name": "none/a.gif"}, "cannot be written"),
        ({"style": Style(palette=())}, "a palette must have at least one colour"),
    ],
)  # fmt: skip
def test_film_that_cannot_be_made_is_one_line_and_no_file(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(SketchvaeError) as caught:
        saving(tmp_path, **options)()  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
