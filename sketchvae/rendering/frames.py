"""Drawings to a film: GIF, animated PNG and WebP, and MP4 where ffmpeg is installed.

Each frame inks what the pen has done since the last one onto the same canvas, so that a film
costs little more than its last picture, and no ink ever goes.
"""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchvae.drawing import Drawing, Floats
from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.rendering.animation import TIP, Animation
from sketchvae.rendering.raster import Sheet, check_picture, lay_out
from sketchvae.rendering.svg import DEFAULT_STYLE, Style
from sketchvae.rendering.timing import Timeline, timeline

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".gif", ".apng", ".png", ".webp", ".mp4")
PIXELS = 400  # width of a film where none is given
RATE = 20.0  # frames a second where none is given
LOWEST_RATE, HIGHEST_RATE = 0.1, 120.0
MOST_FRAMES = 5000
MOST_BYTES = 2**30  # of all frames together


@dataclass(frozen=True, slots=True)
class _Format:
    """What a format can hold.

    Attributes:
        step: seconds that every time is a multiple of.
        shortest: seconds of a frame that players still keep to.
        longest: seconds that one frame can stand.
        options: for Pillow.
    """

    step: float
    shortest: float
    longest: float
    options: dict[str, Any]


_PNG = _Format(0.001, 0.001, 65.0, {"format": "PNG"})
_FORMATS = {  # players show a GIF's frame of 10 ms for 100 ms
    ".gif": _Format(0.01, 0.02, 655.0, {"format": "GIF", "optimize": False, "disposal": 1}),
    ".apng": _PNG,
    ".png": _PNG,
    ".webp": _Format(
        0.001, 0.001, 16_000.0, {"format": "WEBP", "lossless": True, "method": 2, "quality": 50}
    ),
}


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
    if style.background is None and suffix in (".gif", ".mp4"):
        style = replace(style, background="white")
    times = timeline(drawings, animation.pace)
    pause = animation.pause * animation.loop
    count = _count(times.duration, rate, suffix)
    if suffix == ".mp4":
        _count(pause, rate, suffix)  # its pause is made of frames, too
    sheet = lay_out(drawings, pixels, width_mm, style, columns, usual=PIXELS)
    frames = _frames(sheet, times, count, animation)
    with replacing(path) as beside:
        if suffix == ".mp4":
            size = (sheet.width, sheet.height)
            _pipe_to_ffmpeg(beside, frames, size, count / times.duration, pause)
        else:
            _check_memory(sheet, count)
            _save(
                beside, sheet, list(frames), times.duration / count, pause, suffix, animation.loop
            )
    return count


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
    if suffix in _FORMATS:
        count = min(count, int(duration / _FORMATS[suffix].shortest))
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
    canvas = sheet.blank()
    done = np.zeros(len(begins))
    stands = 0
    picture = sheet.picture(canvas.shown)
    for number in range(1, count + 1):
        now = times.duration * number / count if number < count else np.inf
        part = (now - begins) / np.maximum(ends - begins, 1e-9)
        until = np.where(ends <= now, 1.0, part.clip(0.0, 1.0))
        fresh = until > done
        if stands and (fresh.any() or routes):
            yield picture, stands
            stands = 0
        sheet.ink(canvas, sheet.pieces.chosen(fresh), until[fresh])
        done = until
        if not stands:
            shown = canvas.shown
            if routes and number < count:
                tips = np.array(
                    [[np.interp(now, r[0], r[1]), np.interp(now, r[0], r[2])] for r in routes]
                )
                shown = canvas.dotted(tips, 2 * TIP * sheet.pen, sheet.colour(0))
            picture = sheet.picture(shown)
        stands += 1
    yield picture, stands


def _piece_times(sheet: Sheet, times: Timeline) -> tuple[Floats, Floats]:
    """Say when the pen is at the start and at the end of each piece, in seconds."""
    pieces = sheet.pieces
    bounds = np.searchsorted(pieces.stroke, np.arange(len(times.strokes) + 1))
    seconds = np.empty((len(pieces), 2))
    for time, (first, last) in zip(times.strokes, pairwise(bounds.tolist()), strict=True):
        seconds[first:last] = np.interp(pieces.shares[first:last], time.shares, time.seconds)
    return seconds[:, 0], seconds[:, 1]


def _routes(
    sheet: Sheet, times: Timeline, animation: Animation, begins: Floats, ends: Floats
) -> list[Floats]:
    """Follow each pen, along the strokes and through the air: (3, n) seconds, x and y.

    There is one pen for all drawings, or one for each if they are drawn together.
    """
    pieces = sheet.pieces
    pens = np.array([time.drawing for time in times.strokes])[pieces.stroke]
    pens = pens if animation.pace.together else np.zeros_like(pens)
    starts, stops = pieces.starts.T, (pieces.starts + pieces.steps).T
    both = np.stack([np.vstack([begins, starts]), np.vstack([ends, stops])], axis=2)  # (3, n, 2)
    return [both[:, pens == pen].reshape(3, -1) for pen in np.unique(pens)]


# --- the files ----------------------------------------------------------------------


def _save(
    path: Path,
    sheet: Sheet,
    frames: "Sequence[tuple[Image.Image, int]]",
    lasts: float,
    pause: float,
    suffix: str,
    loop: bool,
) -> None:
    """Let Pillow write the frames, each of which lasts so many seconds for each that it is."""
    form = _FORMATS[suffix]
    seconds = [stands * lasts for _, stands in frames]
    seconds[-1] += pause
    if max(seconds) > form.longest:
        raise SketchvaeError(
            f"one picture of a film in {suffix} must stand at most {form.longest:g} seconds, got "
            f"{max(seconds):.0f}; choose a shorter pause, a higher speed, or .webp"
        )
    # Each time is rounded, not each length: what one frame loses the next one gains.
    ends = [round(end / form.step) for end in accumulate(seconds)]
    steps = [max(b - a, 1) for a, b in pairwise([0, *ends])]
    pictures = [picture for picture, _ in frames]
    if suffix == ".gif" and len(sheet.inks) > 1:
        pictures = list(_few_colours(pictures, sheet))
    options = dict(form.options)
    if loop or suffix != ".gif":  # 0 is for ever; a GIF that says nothing plays once
        options["loop"] = 0 if loop else 1
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[round(step * form.step * 1000) for step in steps],
        **options,
    )


def _few_colours(pictures: "list[Image.Image]", sheet: Sheet) -> "Iterator[Image.Image]":
    """Give all pictures the same 256 colours: the paper, and shades from it to each ink."""
    from PIL import Image

    paper = np.array(sheet.paper)
    inks = np.array(list(dict.fromkeys(sheet.inks))[:255])
    shades = np.linspace(0, 1, 255 // len(inks) + 1)[1:, None, None]
    colours = np.rint(
        np.concatenate([paper[None], (paper + (inks - paper) * shades).reshape(-1, 3)])
    )
    numbers = np.zeros(sheet.width * sheet.height, dtype=np.uint8)
    last = np.full((len(numbers), 3), paper, dtype=np.uint8)
    for picture in pictures:
        now = np.asarray(picture).reshape(-1, 3)
        fresh = (now != last).any(axis=1)
        found, which = np.unique(now[fresh], axis=0, return_inverse=True)
        away = ((found[:, None] - colours) ** 2).sum(axis=2)
        numbers[fresh] = away.argmin(axis=1)[which.ravel()]
        last = now
        few = Image.frombytes("P", picture.size, numbers.tobytes())
        few.putpalette(colours.astype(np.uint8).ravel().tolist())
        yield few


def _pipe_to_ffmpeg(
    path: Path,
    frames: "Iterator[tuple[Image.Image, int]]",
    size: tuple[int, int],
    rate: float,
    pause: float,
) -> None:
    """Let ffmpeg write the frames, padded to whole pairs of pixels, which H.264 wants."""
    command = [
        *("ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{size[0]}x{size[1]}", "-r", f"{rate:.6f}", "-i", "-"),
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-pix_fmt", "yuv420p"),
        *("-movflags", "+faststart", "-f", "mp4", str(path)),
    ]
    content = b""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        assert ffmpeg.stderr is not None
        with suppress(BrokenPipeError):  # ffmpeg says why below
            for picture, stands in frames:
                content = picture.convert("RGB").tobytes()
                for _ in range(stands):
                    ffmpeg.stdin.write(content)
            for _ in range(round(pause * rate)):
                ffmpeg.stdin.write(content)
            ffmpeg.stdin.close()
        said = ffmpeg.stderr.read().decode(errors="replace").split("\n")
    if ffmpeg.returncode:
        raise SketchvaeError(f"ffmpeg could not write the film ({said[0][:200]}); choose .webp")
