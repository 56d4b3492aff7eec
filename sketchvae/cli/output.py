"""Where the drawings of a command go: a page as SVG or in pixels, or a file of drawings."""

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import STYLE, TIME, refuse_others, style_of
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.drawing import Drawing

    Write = Callable[[Iterable[Drawing]], object]

PICTURES = (".svg", ".png")
_ANYWHERE = (".ndjson", ".ndjson.gz")  # other files of drawings hold the simplified form alone


def draw_to(
    given: dict[str, Any],
    number: int,
    drawn: "Callable[[float, int], Iterable[Drawing]]",
    *,
    write: "Write | None" = None,
    temperature: float | None = None,
    columns: int | None = None,
    in_place: bool = False,
) -> None:
    """Draw, write and report.

    Args:
        given: what `page_options` and `drawing_options` gave, but the model.
        number: of drawings.
        drawn: makes them, at a temperature and with a seed.
        write: takes them; None for `writer`.
        temperature: where none is given; None for the usual one.
        columns: see `writer`.
        in_place: see `writer`.

    Raises:
        SketchvaeError: as `writer`, or as the drawing does.
    """
    from sketchvae.generate.artist import TEMPERATURE, fresh_seed

    output: Path = given.pop("output")
    if write is None:
        refuse_unused(output)
        write = writer(output, number, given, columns=columns, in_place=in_place)
    seed = fresh_seed() if given["seed"] is None else given["seed"]
    chosen = (given["temperature"], temperature, TEMPERATURE)
    write(drawn(next(t for t in chosen if t is not None), seed))
    what = "1 drawing" if number == 1 else f"{number} drawings"
    place = "standard output" if str(output) == "-" else str(output)
    click.echo(f"{place}: {what}, seed {seed}", file=sys.stderr)


def writer(
    output: Path,
    number: int,
    given: dict[str, Any],
    *,
    columns: int | None = None,
    in_place: bool = False,
) -> "Write":
    """Return what writes so many drawings; refuse what cannot be written before they are made.

    Args:
        output: the suffix chooses: a page, or a file of drawings, see `data.formats`.
        number: of drawings.
        given: the options of style, --width and --pixels.
        columns: cells in a row of a page; None makes it as square as it can be.
        in_place: whether the drawings of a page or of ndjson keep their size and place; else
            each fills its own cell, or the 255 pixels of the simplified form.

    Raises:
        SketchvaeError: for another suffix, or what cannot be drawn.
    """
    if output.suffix.lower() in PICTURES:
        return _picture(output, number, given, columns, in_place)
    return _data(output, in_place)


def refuse_unused(output: Path, shown: Collection[str] = ()) -> None:
    """Refuse the options of style, time and pixels that change nothing in a file that stands still.

    Args:
        output: the file.
        shown: options that have a use elsewhere.
    """
    suffix = output.suffix.lower()
    if suffix not in PICTURES:
        refuse_others(shown, str(output), f"it is for {' and '.join(PICTURES)}; leave it out")
    if suffix == ".svg":
        refuse_others((*STYLE, *TIME), str(output), "it is for .png and films; leave it out")
    refuse_others((*STYLE, *shown, "pixels"), f"{output}, which stands still", "add --animate")


def _data(output: Path, in_place: bool) -> "Write":
    from sketchvae.data import formats

    known = output.name.lower().endswith(formats.SUFFIXES) or output == formats.STANDARD
    if not known and not output.is_dir():
        _refuse_suffix(output, (*PICTURES, *formats.SUFFIXES))
    if in_place and (output == formats.STANDARD or output.name.lower().endswith(_ANYWHERE)):
        return lambda drawings: formats.write(output, drawings)
    return lambda drawings: formats.write(output, (d.sized(255).rounded() for d in drawings))


def _refuse_suffix(output: Path, known: Sequence[str]) -> None:
    from sketchvae.render.animation import SUFFIXES

    moves = output.suffix.lower() in SUFFIXES
    advice = "add --animate" if moves else f"try -o {output.stem or 'sheep'}.svg"
    raise SketchvaeError(
        f"{output}: must end in {', '.join(known[:-1])} or {known[-1]}, got "
        f"{output.suffix or 'no suffix'}; {advice}"
    )


def _picture(
    output: Path, number: int, given: dict[str, Any], columns: int | None, in_place: bool
) -> "Write":
    from sketchvae.files import replacing
    from sketchvae.render.svg import check_page, to_svg

    width, pixels, style = given["width"], given["pixels"], style_of(given, output)
    if output.suffix.lower() == ".svg":
        check_page(number, width, style, columns)
    else:
        from sketchvae.render.png import check_picture, to_png

        check_picture(number, pixels, width, style, columns)

    def write(drawings: "Iterable[Drawing]") -> None:
        with replacing(output) as beside:  # before the drawings are made: the place may be bad
            page: dict[str, Any] = {"width_mm": width, "style": style}
            page |= {"columns": columns, "in_place": in_place}
            flock = list(drawings)
            if output.suffix.lower() == ".svg":
                beside.write_text(to_svg(flock, **page) + "\n", encoding="utf-8")
            else:
                beside.write_bytes(to_png(flock, pixels=pixels, **page))

    return write
