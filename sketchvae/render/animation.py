"""Drawings being drawn, to a file: the suffix chooses SVG, a player in HTML, or a film."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchvae import errors
from sketchvae.drawing import Drawing
from sketchvae.files import replacing
from sketchvae.render import film
from sketchvae.render.film import AnimationFacts, FilmSpec, save_film
from sketchvae.render.page import DEFAULT_STYLE, PageSpec, Style
from sketchvae.render.player import to_html
from sketchvae.render.svg import to_svg
from sketchvae.render.timeline import DEFAULT_ANIMATION, Animation, timeline

PAGES = (".svg", ".html")
SUFFIXES = (*PAGES, *film.SUFFIXES)
LOOPING = (".gif", ".png", ".apng", ".webp")


@dataclass(frozen=True, kw_only=True)
class AnimatedPageSpec(PageSpec):
    """Specification of an animated page.

    Attributes:
        path: the file, .svg or .html.

    Raises:
        SketchvaeError: as `PageSpec`, and for another suffix.
    """

    path: Path

    def __post_init__(self) -> None:
        errors.check_suffix(self.path, PAGES, "an animated page", "sheep.svg")
        super().__post_init__()

    @property
    def is_html(self) -> bool:
        """Whether the page is a player in HTML."""
        return self.path.suffix.lower() == ".html"

    def save_text(self, text: str) -> None:
        """Write the text of the page; the file is replaced whole or not at all.

        Raises:
            SketchvaeError: if the file cannot be written.
        """
        with replacing(self.path) as temporary:
            temporary.write_text(text.rstrip() + "\n", encoding="utf-8")


AnimationSpec = AnimatedPageSpec | FilmSpec


def loops(path: Path) -> bool:
    """Return whether an animation loops by default: images do, for they have no replay button."""
    return path.suffix.lower() in LOOPING


def check_suffix(path: Path) -> str:
    """Return the suffix of an animation's file in small letters.

    Raises:
        SketchvaeError: for a suffix that no animation has.
    """
    return errors.check_suffix(path, SUFFIXES, "an animation", "-o sheep.svg")


def animation_spec(
    path: Path,
    count: int,
    *,
    width_mm: float = 100.0,
    columns: int | None = None,
    style: Style = DEFAULT_STYLE,
    rate: float | None = None,
    pixels: int | None = None,
) -> AnimationSpec:
    """Return the specification of an animation's file.

    Args:
        path: .svg, .html, or a film; see `FilmSpec`.
        count: number of cells.
        width_mm: width of the page.
        columns: cells in a row; None makes the page as square as possible.
        style: look of the ink and the paper.
        rate: frames a second of a film; None for 20.
        pixels: width of a film; None for 400, or 100 a column if that is more.

    Raises:
        SketchvaeError: for another suffix, or a value that the specification refuses.
    """
    if check_suffix(path) in PAGES:
        return AnimatedPageSpec(count, width_mm, columns, style, path=path)
    rate = film.RATE if rate is None else rate
    return FilmSpec(count, width_mm, columns, style, path=path, rate=rate, pixels=pixels)


def write_animation(
    spec: AnimationSpec, drawings: Sequence[Drawing], animation: Animation = DEFAULT_ANIMATION
) -> AnimationFacts:
    """Write drawings being drawn into the file of a specification, and return its facts.

    Args:
        spec: see `animation_spec`.
        drawings: as many as it has cells for, at least one with a stroke.
        animation: how they draw themselves.

    Raises:
        SketchvaeError: for drawings that do not suit the specification, cannot be timed, or a file
            that cannot be written.
    """
    if isinstance(spec, FilmSpec):
        return save_film(spec, drawings, animation)
    to_text = to_html if spec.is_html else to_svg
    spec.save_text(to_text(spec, drawings, animation))
    return AnimationFacts(timeline(drawings, animation.pace).duration + animation.loop_pause)
