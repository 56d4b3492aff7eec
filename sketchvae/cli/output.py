"""Output of a command: a page as SVG or PNG, or a file of drawings; and the report of it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.options import (
    AnimationOptions,
    FilmOptions,
    PageOptions,
    names_of,
    refuse_typed,
)
from sketchvae.cli.paths import file_of_each, is_pattern
from sketchvae.cli.record import record_of
from sketchvae.cli.style import StyleOptions
from sketchvae.errors import check_suffix

if TYPE_CHECKING:
    from sketchvae.drawing import Drawing
    from sketchvae.model.weights import Model
    from sketchvae.render.film import AnimationFacts
    from sketchvae.render.page import PageSpec
    from sketchvae.render.record import Record

    # Writes drawings, with a record if there is one; returns what the report adds, or nothing.
    Write = Callable[[Iterable[Drawing], Record | None], str]

PICTURES = (".svg", ".png")
_UNROUNDED = (".ndjson", ".ndjson.gz")  # other files of drawings hold the simplified form alone


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: 1 drawing, 2 drawings."""
    return f"{count} {noun}{'s' * (count != 1)}"


def duration(seconds: float) -> str:
    """Return a time in the two units that matter: 3 min 20 s, 2 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def draw_to(
    output: Path,
    number: int,
    seed: int | None,
    draw: "Callable[[int], Iterable[Drawing]]",
    write: "Write",
    model: "Model",
    *temperatures: float | None,
) -> None:
    """Draw, write, and report the file, the number of drawings and the seed.

    Args:
        output: the file, for the report.
        number: number of drawings, for the report.
        seed: as given on the command line; None for a fresh one.
        draw: function that makes the drawings from a seed.
        write: function that writes them, see `writer`.
        model: that draws, for the record in a picture.
        temperatures: at which it draws, for the record; None for typical ones.

    Raises:
        SketchvaeError: as `draw` and `write` do.
    """
    from sketchvae.generate.sampler import fresh_seed

    seed = fresh_seed() if seed is None else seed
    known = [temperature for temperature in temperatures if temperature is not None]
    more = write(draw(seed), record_of(seed, known, model))
    name = "standard output" if str(output) == "-" else str(output)
    click.echo(f"{name}: {plural(number, 'drawing')}{more}, seed {seed}", err=True)


def writer(
    page: PageOptions,
    number: int,
    *,
    columns: int | None = None,
    in_place: bool = False,
    numbers: Sequence[int] = (),
    labels: Sequence[float] = (),
) -> "Write":
    """Return the function that writes drawings to a file.

    Values that cannot be written are refused here, before the drawings are made.

    Args:
        page: the file, whose suffix chooses between a page and a file of drawings (see
            `data.formats`), and the style.
        number: number of drawings.
        columns: cells in a row of a page; None makes it as square as possible.
        in_place: whether the drawings of a page or of ndjson keep their size and position; else
            each fills its own cell, or the 255 pixels of the simplified form.
        numbers: of the drawings, for --numbered and sheep-%d.svg; empty to count them from 1.
        labels: numbers that stand beside the drawings of a page in any case; empty for none.

    Raises:
        SketchvaeError: for another suffix, or a page that cannot be drawn.
    """
    numbers = tuple(numbers or range(1, number + 1))
    if is_pattern(page.output):
        return _writer_of_each(
            page,
            numbers,
            lambda one, own: writer(one, 1, columns=columns, in_place=in_place, numbers=own),
        )
    if page.output.suffix.lower() in PICTURES:
        shown = tuple(labels) or (numbers if page.style.numbered else ())
        return _picture_writer(page, number, columns, in_place, shown)
    return _data_writer(page.output, in_place)


def animation_writer(
    page: PageOptions,
    number: int,
    animation: AnimationOptions,
    film: FilmOptions,
    *,
    recorded: bool = True,
    numbers: Sequence[int] = (),
) -> "Write":
    """Return the function that writes drawings being drawn; what cannot be written is refused here.

    Args:
        page: the file and the style.
        number: number of drawings.
        animation: how they are drawn.
        film: frames and size in pixels.
        recorded: whether a drawing with times keeps them.
        numbers: of the drawings, for --numbered and sheep-%d.svg; empty to count them from 1.

    Raises:
        SketchvaeError: for another suffix, or an animation that cannot be drawn.
        click.UsageError: for options of films on a page.
    """
    from sketchvae.render.animation import animation_spec, check_suffix, write_animation

    output, look = page.output, page.style
    numbers = tuple(numbers or range(1, number + 1))
    check_suffix(output)
    motion, style = animation.animation_for(output, recorded), look.style_for(output)
    film.check(output)
    if is_pattern(output):
        return _writer_of_each(
            page,
            numbers,
            lambda one, own: animation_writer(
                one, 1, animation, film, recorded=recorded, numbers=own
            ),
        )
    spec = animation_spec(
        output, number, width_mm=look.width, style=style, rate=film.rate, pixels=film.pixels
    )
    spec = replace(spec, numbers=numbers if look.numbered else ())

    def write(drawings: "Iterable[Drawing]", record: "Record | None") -> str:
        recorded = replace(spec, record=_text(record))
        return facts_of(output, write_animation(recorded, list(drawings), motion))

    return write


def facts_of(path: Path, facts: "AnimationFacts") -> str:
    """Return the length, the frames and the size of an animation, for the report of it.

    Args:
        path: its file.
        facts: what it is like.
    """
    length = f"{facts.seconds:.1f} s" if facts.seconds < 600 else duration(facts.seconds)
    parts = [length]
    if facts.frames is not None and facts.size is not None:
        width, height = facts.size
        padded = f", padded to the even sides of {path.suffix}" if facts.is_padded else ""
        parts.append(f"{plural(facts.frames, 'frame')} of {width} x {height} pixels{padded}")
    size = path.stat().st_size
    parts.append(f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1000, 0.1):.3g} kB")
    return ", " + ", ".join(parts)


def _writer_of_each(
    page: PageOptions,
    numbers: Sequence[int],
    writer_of: "Callable[[PageOptions, Sequence[int]], Write]",
) -> "Write":
    """Return the function that writes each drawing into a file of its own.

    Args:
        page: its output is a pattern of names.
        numbers: of the drawings.
        writer_of: function that makes the writer of one file, with the number of its drawing.
    """
    paths = file_of_each(page.output, numbers)
    writers = [
        writer_of(replace(page, output=path), [number])
        for path, number in zip(paths, numbers, strict=True)
    ]

    def write(drawings: "Iterable[Drawing]", record: "Record | None") -> str:
        for number, write_one, drawing in zip(numbers, writers, drawings, strict=True):
            own = record if record is None or record.number else replace(record, number=number)
            write_one([drawing], own)
        return ""

    return write


def refuse_unused(output: Path, moving: Collection[str] = ()) -> None:
    """Refuse options without effect on a file that is not an animation.

    Args:
        output: the file.
        moving: parameters of the command that are for animations alone.

    Raises:
        click.UsageError: if one of the options is on the command line.
    """
    suffix = output.suffix.lower()
    if suffix not in PICTURES:
        every = {*names_of(StyleOptions), "pixels", *moving}
        refuse_typed(every, str(output), f"it is for {' and '.join(PICTURES)}; leave it out")
    if suffix == ".svg":
        refuse_typed({"pixels"}, str(output), "it is for .png and films; leave it out")
    refuse_typed(moving, f"{output}, which stands still", _animate())


def _animate() -> str:
    """Advise how the running command, or else another one, makes a film."""
    if "animate" in click.get_current_context().params:
        return "add --animate"
    return "for a film write .ndjson, and give that to sketchvae animate"


def _data_writer(output: Path, in_place: bool) -> "Write":
    """Return the function that writes a file of drawings."""
    from sketchvae.data import formats

    if output != formats.STANDARD and not output.is_dir():
        from sketchvae.render.animation import SUFFIXES

        advice = _animate() if output.suffix.lower() in SUFFIXES else ""
        known = (*PICTURES, *formats.SUFFIXES)
        check_suffix(output, known, example="-o sheep.svg", advice=advice)
    if in_place and (output == formats.STANDARD or output.name.lower().endswith(_UNROUNDED)):
        return lambda drawings, _: _nothing(formats.write(output, drawings))
    return lambda drawings, _: _nothing(
        formats.write(output, (drawing.to_quickdraw() for drawing in drawings))
    )


def _nothing(_: object) -> str:
    return ""


def _picture_writer(
    page: PageOptions,
    number: int,
    columns: int | None,
    in_place: bool,
    numbers: tuple[float, ...],
) -> "Write":
    """Return the function that writes a page; its specification is checked here."""
    from sketchvae.files import replacing
    from sketchvae.render.page import PageSpec, PictureSpec

    output, width, style = page.output, page.style.width, page.style.style_for(page.output)
    is_svg = output.suffix.lower() == ".svg"
    spec = (
        PageSpec(number, width, columns, style, in_place, numbers)
        if is_svg
        else PictureSpec(number, width, columns, style, in_place, numbers, pixels=page.pixels)
    )

    def write(drawings: "Iterable[Drawing]", record: "Record | None") -> str:
        with replacing(output) as temporary:  # opened before the drawings are made: it may fail
            recorded = replace(spec, record=_text(record))
            temporary.write_bytes(_page_bytes(recorded, list(drawings)))
        return ""

    return write


def _text(record: "Record | None") -> str:
    return "" if record is None else record.to_text()


def _page_bytes(spec: "PageSpec", drawings: "Sequence[Drawing]") -> bytes:
    """Return a page as PNG, if its specification has pixels, or else as SVG."""
    from sketchvae.render.page import PictureSpec

    if isinstance(spec, PictureSpec):
        from sketchvae.render.png import to_png

        return to_png(spec, drawings)
    from sketchvae.render.svg import to_svg

    return (to_svg(spec, drawings) + "\n").encode()
