"""sketchvae morph: from one drawing to another, through what lies between."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import (
    DrawingOptions,
    PageOptions,
    bind,
    drawing_options,
    names_of,
    page_options,
)
from sketchvae.cli.output import draw_to, facts_of, refuse_unused, writer
from sketchvae.cli.paths import is_pattern

if TYPE_CHECKING:
    from sketchvae.cli.output import Write
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.flock import Flock
    from sketchvae.render.record import Record
    from sketchvae.render.timeline import Animation


@dataclass(frozen=True)
class _TimeOptions:
    """How long an animated morph takes, and whether it begins again."""

    seconds: Annotated[
        float | None,
        click.option("--seconds", type=float, help="From first to last.  [default: 0.8 a step]"),
    ]
    loop: Annotated[
        bool | None,
        click.option(
            "--loop/--no-loop",
            default=None,
            help="There and back, for ever.  [default: GIF, APNG and WebP loop, others play once]",
        ),
    ]

    def animation_for(self, output: Path) -> "Animation":
        """Return the animation; the suffix chooses whether it loops, where that was not given."""
        from sketchvae.render.animation import loops
        from sketchvae.render.timeline import Animation, Pace

        loop = loops(output) if self.loop is None else self.loop
        return Animation(Pace(seconds=self.seconds), loop=loop)


@click.command()
@click.argument("first", type=SELECTION)
@click.argument("last", type=SELECTION)
@click.option(
    "-k",
    "--steps",
    type=click.IntRange(2, 1000),
    default=8,
    show_default=True,
    help="How many drawings, with both ends.",
)
@click.option("--linear", is_flag=True, help="A straight path instead of a spherical one.")
@click.option("--pages", is_flag=True, help="A file for each: morph-1.svg, morph-2.svg, ...")
@click.option(
    "--animate",
    is_flag=True,
    help="Let them turn into each other: .svg, .html, .gif, .png, .webp or .mp4.",
)
@bind(time=_TimeOptions)
@page_options
@drawing_options
def morph(
    first: "Selection",
    last: "Selection",
    steps: int,
    linear: bool,
    pages: bool,
    animate: bool,
    time: _TimeOptions,
    page: PageOptions,
    drawing: DrawingOptions,
) -> None:
    """Draw what lies between FIRST and LAST, as the model sees it.

    Both are files of drawings or of latents; FILE:3 is the third of a file, FILE the first.
    All are drawn with the same randomness.

    \b
    Examples:
      sketchvae morph sheep.ndjson:1 sheep.ndjson:2 -o path.svg
      sketchvae morph sheep.ndjson:1 sheep.ndjson:2 --animate -o path.gif
    """
    from sketchvae.cli.inputs import one_latent
    from sketchvae.generate.artist import MORPH_TEMPERATURE

    output = page.output
    if pages and (animate or str(output) == "-"):
        raise click.UsageError("--pages is for files that stand still; leave one of them out")
    if animate:
        write = _animation_writer(page, time)
    else:
        refuse_unused(output, names_of(_TimeOptions))
        if pages:
            digits = f"%0{len(str(steps))}d"
            page = replace(page, output=output.with_name(f"{output.stem}-{digits}{output.suffix}"))
        write = writer(page, steps)
    artist = drawing.artist()
    start, end = (one_latent(artist, end) for end in (first, last))
    temperature = MORPH_TEMPERATURE if drawing.temperature is None else drawing.temperature

    def draw(seed: int) -> "Flock":
        return artist.morph(start, end, steps, linear=linear, temperature=temperature, seed=seed)

    draw_to(output, steps, drawing.seed, draw, write, artist.model, temperature)


def _animation_writer(page: PageOptions, time: _TimeOptions) -> "Write":
    """Write the drawings turning into each other; what cannot be written is refused here."""
    from sketchvae.render.animation import PAGES, animation_spec, check_suffix
    from sketchvae.render.tween import write_morph

    output, width, pixels = page.output, page.style.width, page.pixels
    check_suffix(output)
    if is_pattern(output):
        raise click.UsageError(f"a morph that moves is one file, got {output}; name one")
    animation, style = time.animation_for(output), page.style.style_for(output)
    if pixels is not None and output.suffix.lower() in PAGES:
        raise click.UsageError(f"--pixels is for films, got {output}; leave it out")
    spec = animation_spec(output, 1, width_mm=width, style=style, pixels=pixels)

    def write(drawings: "Iterable[Drawing]", record: "Record | None") -> str:
        recorded = replace(spec, record="" if record is None else record.to_text())
        return facts_of(output, write_morph(recorded, list(drawings), animation))

    return write
