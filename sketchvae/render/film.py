"""Drawings to a film: GIF, animated PNG and WebP, and MP4 where ffmpeg is installed.

Each frame inks on the same pixels what the pen has drawn since the last one. So a film takes
little longer than its last picture, and ink never disappears.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import RangeError, SketchvaeError, check_range, check_suffix
from sketchvae.files import replacing
from sketchvae.polyline import Floats
from sketchvae.render.canvas import WHITE, Canvas, colours_of, lay_out
from sketchvae.render.encoders import FORMATS, encode_with_ffmpeg, encode_with_pillow
from sketchvae.render.page import PictureSpec
from sketchvae.render.smil import TIP
from sketchvae.render.timeline import DEFAULT_ANIMATION, Animation, Timeline, timeline

if TYPE_CHECKING:
    from sketchvae.render.encoders import Frame

SUFFIXES = (".gif", ".apng", ".png", ".webp", ".mp4")
RATE = 20.0  # frames a second
MIN_RATE, MAX_RATE = 0.1, 120.0
MAX_FRAMES = 5000
MAX_BYTES = 2**30  # of all frames together
_OPAQUE = (".gif", ".mp4")  # formats without partial transparency


@dataclass(frozen=True)
class AnimationFacts:
    """What an animation is like.

    Attributes:
        seconds: of one round, with the pause of a loop.
        frames: their number in the file; None for a page, which has none.
        size: width and height in pixels; None for a page.
        is_padded: whether a side is a pixel longer than asked for, to be even.
    """

    seconds: float
    frames: int | None = None
    size: tuple[int, int] | None = None
    is_padded: bool = False


@dataclass(frozen=True, kw_only=True)
class FilmSpec(PictureSpec):
    """Specification of a film file.

    Attributes:
        path: the file; its suffix chooses the format: .gif, .apng or .png, .webp, .mp4.
        rate: frames a second, 0.1 to 120; a GIF has at most 50.
        pixels: width of the film; None for 400, or 100 a column if that is more.

    Raises:
        SketchvaeError: as `PictureSpec`, for another suffix or a rate out of range, or if ffmpeg
            is needed and not installed.
    """

    path: Path
    rate: float = RATE
    default_pixels: ClassVar[int] = 400

    def __post_init__(self) -> None:
        check_suffix(self.path, SUFFIXES, "a film", "sheep.gif")
        check_range(
            "the rate of a film", self.rate, MIN_RATE, MAX_RATE, unit="frames a second",
            advice="try 20",
        )  # fmt: skip
        if self.suffix == ".mp4" and shutil.which("ffmpeg") is None:
            raise SketchvaeError(
                f"{self.path}: .mp4 needs ffmpeg, which is not on the PATH; install it from your "
                "system's packages or https://ffmpeg.org, or choose .gif or .webp"
            )
        super().__post_init__()

    @property
    def suffix(self) -> str:
        """Suffix of the file, in small letters."""
        return self.path.suffix.lower()

    @property
    def paper(self) -> str | None:
        """Colour of the paper; white for None where the format has no partial transparency."""
        return "white" if super().paper is None and self.suffix in _OPAQUE else super().paper

    def frame_count(self, duration: float, animation: Animation) -> int:
        """Return the number of frames of a film, without its pause.

        Args:
            duration: seconds.
            animation: whether it loops, and its pause; of an MP4 the pause is frames too.

        Raises:
            RangeError: for too many frames.
        """
        if self.suffix == ".mp4":
            self._frames_in(animation.loop_pause)
        return self._frames_in(duration)

    def _frames_in(self, seconds: float) -> int:
        count = round(seconds * self.rate)
        if self.suffix in FORMATS:
            count = min(count, int(seconds / FORMATS[self.suffix].shortest))
        if count > MAX_FRAMES:
            raise RangeError(
                f"a film must have at most {MAX_FRAMES} frames, got {count} in {seconds:.0f} "
                "seconds; choose fewer seconds, a higher speed or fewer frames a second"
            )
        return max(count, 1)


def save_film(
    spec: FilmSpec, drawings: Sequence[Drawing], animation: Animation = DEFAULT_ANIMATION
) -> AnimationFacts:
    """Write drawings being drawn as a film, and return what it is like.

    All frames are equally long, and each shows the ink at its end. The last frame is the picture
    of `to_image`, and stands for the pause of a loop too. Where nothing changes, one frame stands
    longer. Times in a GIF are multiples of 10 ms that add up to the whole.

    Args:
        spec: the film; its file is replaced whole or not at all.
        drawings: as many as it has cells for, at least one with a stroke.
        animation: speed, pause and pen tip, and whether the film loops (an MP4's player decides).

    Raises:
        SketchvaeError: for another number of drawings, too many frames or too much memory, as
            `timeline`, or if the file cannot be written.
    """
    times = timeline(drawings, animation.pace)
    count = spec.frame_count(times.duration, animation)
    frames = _frames(lay_out(spec, drawings), times, count, animation)
    return write_film(spec, frames, count, times.duration, animation)


def write_film(
    spec: FilmSpec, frames: "Iterable[Frame]", count: int, duration: float, animation: Animation
) -> AnimationFacts:
    """Write frames into the file of a film, and return what it is like.

    Args:
        spec: the film; its file is replaced whole or not at all.
        frames: (image, repeats) pairs; the repeats sum to `count`.
        count: number of frames, see `FilmSpec.frame_count`.
        duration: seconds, without the pause.
        animation: whether it loops, and its pause.

    Raises:
        SketchvaeError: if the frames need too much memory, or the file cannot be written.
    """
    pause, colours = animation.loop_pause, colours_of(spec)
    with replacing(spec.path) as temporary:
        if spec.suffix == ".mp4":  # at the rate that was asked for: players are made for usual ones
            paper = colours.paper or WHITE
            encode_with_ffmpeg(temporary, frames, spec.size, spec.rate, pause, paper=paper)
            count += round(pause * spec.rate)
            width, height = (side + side % 2 for side in spec.size)
            is_padded = (width, height) != spec.size
            return AnimationFacts(count / spec.rate, count, (width, height), is_padded)
        _check_memory(spec.size[0] * spec.size[1] * colours.channels * count, count)
        kept = encode_with_pillow(
            temporary, list(frames), duration / count, suffix=spec.suffix, colours=colours,
            pause=pause, loop=animation.loop, record=spec.record,
        )  # fmt: skip
        return AnimationFacts(duration + pause, kept, spec.size)


def _check_memory(size: int, count: int) -> None:
    if size > MAX_BYTES:
        raise RangeError(
            f"a film must have at most {MAX_BYTES // 2**20} MiB of pixels, got "
            f"{size // 2**20} in {count} frames; choose a narrower one, fewer frames, or .mp4"
        )


# --- frames -------------------------------------------------------------------------


def _frames(canvas: Canvas, times: Timeline, count: int, animation: Animation) -> "Iterator[Frame]":
    """Ink frame after frame; yield (image, repeats)."""
    begins, ends = _segment_times(canvas, times)
    routes = _pen_routes(canvas, times, animation, begins, ends) if animation.tip else []
    raster = canvas.blank()
    done = np.zeros(len(begins))  # inked fraction of each segment
    repeats = 0
    image = canvas.image(raster.pixels)
    for number in range(1, count + 1):
        now = times.duration * number / count if number < count else np.inf
        part = (now - begins) / np.maximum(ends - begins, 1e-9)
        progress = np.where(ends <= now, 1.0, part.clip(0.0, 1.0))
        fresh = progress > done
        if repeats and (fresh.any() or routes):
            yield image, repeats
            repeats = 0
        canvas.ink(raster, canvas.segments.subset(fresh), progress[fresh])
        done = progress
        if not repeats:
            pixels = raster.pixels
            if routes and number < count:
                tips = np.array(
                    [[np.interp(now, t, x), np.interp(now, t, y)] for t, x, y in routes]
                )
                pixels = raster.with_dots(tips, 2 * TIP * canvas.pen, canvas.colours.full(0))
            image = canvas.image(pixels)
        repeats += 1
    yield image, repeats


def _segment_times(canvas: Canvas, times: Timeline) -> tuple[Floats, Floats]:
    """Return the seconds at which the pen begins and ends each segment, (n,) each."""
    segments = canvas.segments
    bounds = np.searchsorted(segments.stroke, np.arange(len(times.strokes) + 1))
    seconds = np.empty((len(segments), 2))
    for time, (first, last) in zip(times.strokes, pairwise(bounds.tolist()), strict=True):
        seconds[first:last] = np.interp(segments.spans[first:last], time.fractions, time.seconds)
    return seconds[:, 0], seconds[:, 1]


def _pen_routes(
    canvas: Canvas, times: Timeline, animation: Animation, begins: Floats, ends: Floats
) -> list[Floats]:
    """Return the route of each pen, along the strokes and through the air: (3, n) seconds, x, y.

    One pen draws all drawings; drawings that are drawn together have a pen each.
    """
    segments = canvas.segments
    pens = np.array([time.drawing for time in times.strokes])[segments.stroke]
    pens = pens if animation.pace.together else np.zeros_like(pens)
    starts, stops = segments.starts.T, (segments.starts + segments.offsets).T
    both = np.stack([np.vstack([begins, starts]), np.vstack([ends, stops])], axis=2)  # (3, n, 2)
    return [both[:, pens == pen].reshape(3, -1) for pen in np.unique(pens)]
