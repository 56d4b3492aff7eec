"""Frames to a file: GIF, animated PNG and WebP by Pillow, MP4 by ffmpeg."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchvae.errors import SketchvaeError
from sketchvae.render.png import Sheet

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Format:
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


_PNG = Format(0.001, 0.001, 65.0, {"format": "PNG"})
FORMATS = {  # players show a GIF's frame of 10 ms for 100 ms
    ".gif": Format(0.01, 0.02, 655.0, {"format": "GIF", "optimize": False, "disposal": 1}),
    ".apng": _PNG,
    ".png": _PNG,
    ".webp": Format(
        0.001, 0.001, 16_000.0, {"format": "WEBP", "lossless": True, "method": 2, "quality": 50}
    ),
}


def save_film(
    path: Path,
    sheet: Sheet,
    frames: "Sequence[tuple[Image.Image, int]]",
    lasts: float,
    pause: float,
    suffix: str,
    loop: bool,
) -> None:
    """Let Pillow write the frames, each of which lasts so many seconds for each that it is."""
    form = FORMATS[suffix]
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


def pipe_to_ffmpeg(
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
