"""Frames to a film file: GIF, animated PNG and WebP by Pillow, MP4 by ffmpeg.

A frame is a pair of an image and its repeats: for how many frames in a row it stands.
"""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchvae.errors import RangeError, SketchvaeError
from sketchvae.polyline import Floats
from sketchvae.render.canvas import RGB, WHITE, Colours
from sketchvae.render.png import png_text

if TYPE_CHECKING:
    from PIL import Image

    Frame = tuple[Image.Image, int]


@dataclass(frozen=True, slots=True)
class Format:
    """Limits of a film format.

    Attributes:
        step: seconds; every duration is a multiple of it.
        shortest: seconds; players show shorter frames for longer.
        longest: seconds that one frame can stand.
        options: for Pillow.
    """

    step: float
    shortest: float
    longest: float
    options: dict[str, Any]


_PNG = Format(0.001, 0.001, 65.0, {"format": "PNG"})
FORMATS = {  # by suffix; players show a GIF's frame of 10 ms for 100 ms
    ".gif": Format(0.01, 0.02, 655.0, {"format": "GIF", "optimize": False, "disposal": 1}),
    ".apng": _PNG,
    ".png": _PNG,
    ".webp": Format(
        0.001, 0.001, 16_000.0, {"format": "WEBP", "lossless": True, "method": 2, "quality": 50}
    ),
}


def encode_with_pillow(
    path: Path,
    frames: "Sequence[Frame]",
    frame_seconds: float,
    *,
    suffix: str,
    colours: Colours,
    pause: float = 0.0,
    loop: bool = False,
    record: str = "",
) -> int:
    """Write frames with Pillow, equal ones in a row as one, and return the number of the rest.

    Their ends are rounded to the time step of the format.

    Args:
        path: file to write.
        frames: (image, repeats) each.
        frame_seconds: duration of one repeat.
        suffix: names the format, one of `FORMATS`.
        colours: of the images.
        pause: seconds that the last frame stands longer.
        loop: whether players begin again, for ever.
        record: text that a PNG carries; other formats have none.

    Raises:
        SketchvaeError: if one frame would stand longer than the format allows.
    """
    form = FORMATS[suffix]
    if suffix == ".gif" and colours.channels > 1:
        images = _in_256_colours([image for image, _ in frames], colours)
        frames = [(image, repeats) for image, (_, repeats) in zip(images, frames, strict=True)]
    frames = _without_equal(frames)
    seconds = [repeats * frame_seconds for _, repeats in frames]
    seconds[-1] += pause
    if max(seconds) > form.longest:
        raise RangeError(
            f"one picture of a film in {suffix} must stand at most {form.longest:g} seconds, got "
            f"{max(seconds):.0f}; choose a shorter pause, a higher speed, or .webp"
        )
    # The end of each frame is rounded, not its duration: rounding errors do not add up.
    ends = [round(end / form.step) for end in accumulate(seconds)]
    steps = [max(b - a, 1) for a, b in pairwise([0, *ends])]
    options = dict(form.options)
    if loop or suffix != ".gif":  # 0 is for ever; a GIF without the option plays once
        options["loop"] = 0 if loop else 1
    if suffix in (".png", ".apng"):
        options["pnginfo"] = png_text(record)
    first, *others = [image for image, _ in frames]
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[round(step * form.step * 1000) for step in steps],
        **options,
    )
    return len(frames)


def _without_equal(frames: "Sequence[Frame]") -> "list[Frame]":
    """Return frames of which each differs from the one before; equal ones add up their repeats."""
    kept: list[Frame] = []
    last = b""
    for image, repeats in frames:
        pixels = image.tobytes()
        if kept and pixels == last:
            kept[-1] = (kept[-1][0], kept[-1][1] + repeats)
        else:
            kept.append((image, repeats))
        last = pixels
    return kept


def _in_256_colours(images: "list[Image.Image]", colours: Colours) -> "Iterator[Image.Image]":
    """Yield images on paper in one common palette: the paper, and shades from it to each ink."""
    from PIL import Image

    palette = _gif_palette(colours)
    size = images[0].size
    index = np.zeros(size[0] * size[1], dtype=np.uint8)
    last = np.full((len(index), 3), colours.paper, dtype=np.uint8)
    for image in images:
        pixels = np.asarray(image).reshape(-1, 3)
        changed = (pixels != last).any(axis=1)
        shades, which = np.unique(pixels[changed], axis=0, return_inverse=True)
        distance = ((shades[:, None] - palette) ** 2).sum(axis=2)
        index[changed] = distance.argmin(axis=1)[which.ravel()]
        last = pixels
        indexed = Image.frombytes("P", size, index.tobytes())
        indexed.putpalette(palette.astype(np.uint8).ravel().tolist())
        yield indexed


def _gif_palette(colours: Colours) -> Floats:
    """Return at most 256 colours, (n, 3): the paper first, then as many shades for each ink."""
    paper = np.array(colours.paper)
    inks = np.array(list(dict.fromkeys(colours.inks))[:255])
    shades = np.linspace(0, 1, 255 // len(inks) + 1)[1:, None, None]
    mixed = (paper + (inks - paper) * shades).reshape(-1, 3)
    return np.rint(np.concatenate([paper[None], mixed]))  # type: ignore[no-any-return]


def encode_with_ffmpeg(
    path: Path,
    frames: "Iterable[Frame]",
    size: tuple[int, int],
    rate: float,
    pause: float = 0.0,
    *,
    paper: RGB = WHITE,
) -> None:
    """Write frames as MP4 with ffmpeg, padded with paper to even sides, as H.264 demands.

    Args:
        path: file to write.
        frames: (image, repeats) each.
        size: width and height in pixels.
        rate: frames a second.
        pause: seconds that the last frame stands longer.
        paper: colour of the padding.

    Raises:
        SketchvaeError: if ffmpeg fails.
    """
    colour = "0x" + bytes(paper).hex()
    command = [
        *("ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{size[0]}x{size[1]}", "-r", f"{rate:.6f}", "-i", "-"),
        *("-vf", f"pad=ceil(iw/2)*2:ceil(ih/2)*2:color={colour}", "-pix_fmt", "yuv420p"),
        *("-movflags", "+faststart", "-f", "mp4", str(path)),
    ]
    content = b""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        assert ffmpeg.stderr is not None
        with suppress(BrokenPipeError):  # ffmpeg ended: its error is read below
            for image, repeats in frames:
                content = image.convert("RGB").tobytes()
                for _ in range(repeats):
                    ffmpeg.stdin.write(content)
            for _ in range(round(pause * rate)):
                ffmpeg.stdin.write(content)
            ffmpeg.stdin.close()
        errors = ffmpeg.stderr.read().decode(errors="replace").split("\n")
    if ffmpeg.returncode:
        raise SketchvaeError(f"ffmpeg could not write the film ({errors[0][:200]}); choose .webp")
