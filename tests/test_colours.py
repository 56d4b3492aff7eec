"""Ink that shows on its background, and what an animation is like, as a person types it."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from helpers import SHEEP, sketchvae
from PIL import Image


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ink_of(path: str) -> str:
    match = re.search(r'<g [^>]*stroke="([^"]+)"', Path(path).read_text())
    assert match is not None
    return match[1]


@pytest.mark.parametrize(
    ("options", "ink"),
    [
        ("", "black"),
        ("--background none", "black"),
        ("--background ivory", "black"),
        ("--background black", "white"),
        ("--background #123", "white"),
        ("--background Navy", "white"),
        ("--background rgb(10,20,30)", "white"),
        ("--background black --colour red", "red"),
        ("--background black --palette black,red", "black"),
    ],
)
def test_ink_shows_on_its_background(options: str, ink: str) -> None:
    sketchvae("draw", *options.split(), "-o", "a.svg")
    assert ink_of("a.svg") == ink
    if "palette" not in options:
        usual = "currentColor" if options in ("", "--background none") else ink
        sketchvae("draw", "--animate", *options.split(), "-o", "a.html")
        assert ink_of("a.html") == usual


@pytest.mark.parametrize("suffix", ["png", "gif", "webp"])
def test_sheep_in_the_night_are_white(suffix: str) -> None:
    film = () if suffix == "png" else ("--animate", "--seconds", "0.2")
    sketchvae("draw", "--background", "black", "--pixels", "200", *film, "-o", f"a.{suffix}")
    with Image.open(f"a.{suffix}") as picture:
        picture.seek(getattr(picture, "n_frames", 1) - 1)
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert (pixels.min(axis=2) > 200).sum() > 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--background black --colour #000 -o a.svg", "must differ from the background, got black"),
        (
            "--background white --colour White -o a.png",
            "must differ from the background, got white",
        ),
        ("--background red --palette red,#f00 -o a.svg", "choose another --colour or --background"),
        ("--background none --animate -o a.gif", "a.gif: .gif must have a background, got none;"),
        ("--background None --animate -o a.gif", "choose .png, .webp or .svg, or name a colour"),
    ],
)
def test_ink_that_nobody_would_see_is_refused(folder: Path, options: str, said: str) -> None:
    printed = sketchvae("draw", *options.split(), fails=1)
    assert said in printed
    assert len(printed.splitlines()) == 1
    assert not list(folder.iterdir())


def test_no_background_stays_where_the_format_can() -> None:
    for name, film in (("a.png", ()), ("a.webp", ("--animate", "--seconds", "0.2"))):
        sketchvae("draw", "--background", "none", "--pixels", "60", *film, "-o", name)
        with Image.open(name) as picture:
            assert picture.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"animate {SHEEP}:1,2 --seconds 3 -o a.svg", r"a.svg: 2 drawings, 3.0 s, [\d.]+ kB$"),
        (
            f"animate {SHEEP}:1 --seconds 1 --pixels 60 -o a.gif",
            r"a.gif: 1 drawing, 2.5 s, 18 frames of 60 x 60 pixels, [\d.]+ kB$",
        ),
        (  # the pen travels: several frames are alike, and stand in the file once
            f"animate {SHEEP}:1-3 --seconds 4 --rate 30 --pixels 60 -o a.webp",
            r"a.webp: 3 drawings, 5.5 s, (?!120)\d+ frames of 60 x 60 pixels, [\d.]+ kB$",
        ),
        (
            "draw --seed 7 --animate --seconds 2 --rate 5 --no-loop -o a.png",
            r"a.png: 1 drawing, 2.0 s, 10 frames of 400 x 400 pixels, [\d.]+ kB, seed 7",
        ),
        (
            f"morph {SHEEP}:1 {SHEEP}:2 -k 2 -t 0.3 --seed 1 --animate --no-loop -o a.html",
            r"a.html: 2 drawings, 0.8 s, [\d.]+ kB, seed 1$",
        ),
    ],
)
def test_report_tells_length_frames_and_bytes(line: str, said: str) -> None:
    printed = sketchvae(*line.split())
    assert re.search(said, printed, flags=re.M), printed
    if frames := re.search(r"(\d+) frames", printed):
        with Image.open(line.split()[-1]) as film:
            assert getattr(film, "n_frames", 1) == int(frames[1])
    size = re.search(r"([\d.]+) kB", printed)
    assert size is not None
    bytes_ = Path(line.split()[-1]).stat().st_size
    assert float(size[1]) * 1000 == pytest.approx(bytes_, rel=0.01, abs=50)


@pytest.mark.usefixtures("ffmpeg")
def test_mp4_has_its_rate_and_background_to_the_edges() -> None:
    line = "--animate --seconds 1.03 --rate 25 --pixels 61 --background navy -o a.mp4"
    printed = sketchvae("draw", *line.split())
    said = "26 frames of 62 x 62 pixels, padded to the even sides of .mp4, "
    assert f"a.mp4: 1 drawing, 1.0 s, {said}" in printed
    show = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", "a.mp4"]
    (stream,) = json.loads(subprocess.run(show, capture_output=True, check=True).stdout)["streams"]
    assert (stream["r_frame_rate"], stream["nb_frames"], stream["width"]) == ("25/1", "26", 62)
    command = ["ffmpeg", "-v", "error", "-i", "a.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    last = subprocess.run(command, capture_output=True, check=True).stdout[-62 * 62 * 3 :]
    corner = np.frombuffer(last, np.uint8).reshape(62, 62, 3)[61, 61]
    assert np.abs(corner.astype(int) - [0, 0, 128]).max() < 12
