"""Drawings to a film: GIF, animated PNG and WebP, and MP4 where ffmpeg is installed.

Each frame inks what the pen has done since the last one onto the same pixels, so that a film
costs little more than its last picture, and no ink ever goes.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.polyline import Floats
from sketchvae.render.film import FORMATS, pipe_to_ffmpeg, save_film
from sketchvae.render.png import Sheet, check_picture, lay_out
from sketchvae.render.smil import TIP, Animation
from sketchvae.render.svg import DEFAULT_STYLE, Style
from sketchvae.render.timeline import Timeline, timeline

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".gif", ".apng", ".png", ".webp", ".mp4")
PIXELS = 400  # width of a film where none is given
RATE = 20.0  # frames a second where none is given
LOWEST_RATE, HIGHEST_RATE = 0.1, 120.0
MOST_FRAMES = 5000
MOST_BYTES = 2**30  # of all frames together


def save_frames(
    path: Path,
    drawings: Sequence[Drawing],
    animation: Animation,
    *,
    rate: float = RATE,
    pixels: int | None = None,
    width_mm: float = 100.0,
    style: Style = DEFAULT_STYLE,
    columns: int | None = None,
) -> int:
    """Write drawings being drawn as a film, and count its frames.

    The frames are equally long, and each shows what is there when it ends; the last one,
    which is the picture that `raster.picture` makes, also stands for the pause of a film that
    loops. Where nothing happens, one frame stands longer. GIF and MP4, which have no half
    transparency, get white paper where the style has none. A GIF has at most 50 frames a
    second, and times in steps of 10 ms that add up to the whole.

    Args:
        path: replaced whole or not at all; its suffix names the format: .gif, .apng or .png,
            .webp, .mp4.
        drawings: at least one of them with a stroke.
        animation: how fast, and whether it loops (with an MP4 its player decides that).
        rate: frames a second, 0.1 to 120.
        pixels: width of the film; None for 400, or 100 a drawing in a row if that is more.
        width_mm: width of the page, which the width of the line refers to.
        style: how the ink looks.
        columns: cells in a row; None makes the sheet as square as it can be.

    Raises:
        SketchvaeError: for another suffix, sizes or times that no such film has, as `picture`
            and `timeline`, or if the file cannot be written.
    """
    suffix = check_film(path, len(drawings), rate, pixels, width_mm, style, columns)
    style = on_paper(style, suffix)
    times = timeline(drawings, animation.pace)
    count = film_length(times.duration, rate, suffix, animation)
    sheet = lay_out(drawings, pixels, width_mm, style, columns, usual=PIXELS)
    write_film(
        path, sheet, _frames(sheet, times, count, animation), count, times.duration, animation
    )
    return count


def on_paper(style: Style, suffix: str) -> Style:
    """Put white paper under a style that has none, where a format needs it."""
    if style.background is None and suffix in (".gif", ".mp4"):
        return replace(style, background="white")
    return style


def film_length(duration: float, rate: float, suffix: str, animation: Animation) -> int:
    """Count the frames of a film that lasts so many seconds, without its pause.

    Raises:
        SketchvaeError: if there are too many.
    """
    if suffix == ".mp4":
        _count(animation.pause * animation.loop, rate, suffix)  # is made of frames, too
    return _count(duration, rate, suffix)


def write_film(
    path: Path,
    sheet: Sheet,
    frames: "Iterator[tuple[Image.Image, int]]",
    count: int,
    duration: float,
    animation: Animation,
) -> None:
    """Write frames into a file, each with how often it stands.

    Args:
        path: replaced whole or not at all; see `save_frames`.
        sheet: what they were inked on, or one like it.
        frames: of whichever number, standing `count` times together.
        count: see `film_length`.
        duration: in seconds, without the pause.
        animation: whether it loops, and the pause.

    Raises:
        SketchvaeError: if they need too much memory, or the file cannot be written.
    """
    suffix, pause = path.suffix.lower(), animation.pause * animation.loop
    with replacing(path) as beside:
        if suffix == ".mp4":
            pipe_to_ffmpeg(beside, frames, (sheet.width, sheet.height), count / duration, pause)
        else:
            _check_memory(sheet, count)
            save_film(beside, sheet, list(frames), duration / count, pause, suffix, animation.loop)


def check_film(
    path: Path,
    count: int,
    rate: float,
    pixels: int | None,
    width_mm: float,
    style: Style,
    columns: int | None = None,
) -> str:
    """Refuse, before anything is drawn, what no film can be made of; return the suffix.

    Raises:
        SketchvaeError: see `save_frames`.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SketchvaeError(
            f"{path}: a film must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, got "
            f"{path.suffix or 'no suffix'}; try {path.stem or 'sheep'}.gif"
        )
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise SketchvaeError(
            f"a film must have {LOWEST_RATE:g} to {HIGHEST_RATE:g} frames a second, got {rate:g}; "
            "try 20"
        )
    if suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise SketchvaeError(
            f"{path}: .mp4 needs ffmpeg, which is not on the PATH; install it from your system's "
            "packages or https://ffmpeg.org, or choose .gif or .webp"
        )
    check_picture(count, pixels, width_mm, style, columns, usual=PIXELS)
    return suffix


def _count(duration: float, rate: float, suffix: str) -> int:
    """Count the frames of a film that lasts so many seconds."""
    count = round(duration * rate)
    if suffix in FORMATS:
        count = min(count, int(duration / FORMATS[suffix].shortest))
    if count > MOST_FRAMES:
        raise SketchvaeError(
            f"a film must have at most {MOST_FRAMES} frames, got {count} in {duration:.0f} "
            "seconds; choose fewer seconds, a higher speed or fewer frames a second"
        )
    return max(count, 1)


def _check_memory(sheet: Sheet, count: int) -> None:
    size = sheet.width * sheet.height * (1 if len(sheet.inks) == 1 else 4) * count
    if size > MOST_BYTES:
        raise SketchvaeError(
            f"a film must have at most {MOST_BYTES // 2**20} MiB of pixels, got "
            f"{size // 2**20} in {count} frames; choose a narrower one, fewer frames, or .mp4"
        )


# --- the frames ---------------------------------------------------------------------


def _frames(
    sheet: Sheet, times: Timeline, count: int, animation: Animation
) -> "Iterator[tuple[Image.Image, int]]":
    """Ink frame after frame; yield each with the number of frames in a row that it is."""
    begins, ends = _piece_times(sheet, times)
    routes = _routes(sheet, times, animation, begins, ends) if animation.tip else []
    inked = sheet.blank()
    done = np.zeros(len(begins))
    stands = 0
    picture = sheet.picture(inked.pixels)
    for number in range(1, count + 1):
        now = times.duration * number / count if number < count else np.inf
        part = (now - begins) / np.maximum(ends - begins, 1e-9)
        until = np.where(ends <= now, 1.0, part.clip(0.0, 1.0))
        fresh = until > done
        if stands and (fresh.any() or routes):
            yield picture, stands
            stands = 0
        sheet.ink(inked, sheet.segments.subset(fresh), until[fresh])
        done = until
        if not stands:
            shown = inked.pixels
            if routes and number < count:
                tips = [[np.interp(now, t, x), np.interp(now, t, y)] for t, x, y in routes]
                shown = inked.with_dots(np.array(tips), 2 * TIP * sheet.pen, sheet.colour(0))
            picture = sheet.picture(shown)
        stands += 1
    yield picture, stands


def _piece_times(sheet: Sheet, times: Timeline) -> tuple[Floats, Floats]:
    """Say when the pen is at the start and at the end of each piece, in seconds."""
    segments = sheet.segments
    bounds = np.searchsorted(segments.stroke, np.arange(len(times.strokes) + 1))
    seconds = np.empty((len(segments), 2))
    for time, (first, last) in zip(times.strokes, pairwise(bounds.tolist()), strict=True):
        seconds[first:last] = np.interp(segments.spans[first:last], time.shares, time.seconds)
    return seconds[:, 0], seconds[:, 1]


def _routes(
    sheet: Sheet, times: Timeline, animation: Animation, begins: Floats, ends: Floats
) -> list[Floats]:
    """Follow each pen, along the strokes and through the air: (3, n) seconds, x and y.

    There is one pen for all drawings, or one for each if they are drawn together.
    """
    segments = sheet.segments
    pens = np.array([time.drawing for time in times.strokes])[segments.stroke]
    pens = pens if animation.pace.together else np.zeros_like(pens)
    starts, stops = segments.starts.T, (segments.starts + segments.offsets).T
    both = np.stack([np.vstack([begins, starts]), np.vstack([ends, stops])], axis=2)  # (3, n, 2)
    return [both[:, pens == pen].reshape(3, -1) for pen in np.unique(pens)]
