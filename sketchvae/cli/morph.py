"""sketchvae morph: from one drawing to another, through what lies between."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.options import drawing_options, page_options, style_of
from sketchvae.cli.output import draw_to, refuse_unused, writer

if TYPE_CHECKING:
    from sketchvae.cli.output import Write
    from sketchvae.drawing import Drawing
    from sketchvae.flock import Flock


@click.command()
@click.argument("first")
@click.argument("last")
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
@click.option("--seconds", type=float, help="From first to last.  [default: 0.8 a step]")
@click.option(
    "--loop/--no-loop",
    default=None,
    help="There and back, for ever.  [default: GIF, APNG and WebP loop, others play once]",
)
@page_options
@drawing_options
def morph(
    first: str,
    last: str,
    steps: int,
    linear: bool,
    pages: bool,
    animate: bool,
    seconds: float | None,
    loop: bool | None,
    **given: Any,  # noqa: ANN401
) -> None:
    """Draw what lies between FIRST and LAST, as the model sees it.

    Both are files of drawings or of latents; FILE:3 is the third of a file, FILE the first.
    All are drawn with the same randomness, and near temperature 0 unless told otherwise.

    \b
    Examples:
      sketchvae morph sheep.ndjson:1 sheep.ndjson:2 -o path.svg
      sketchvae morph sheep.ndjson:1 sheep.ndjson:2 --animate -o path.gif
    """
    from sketchvae.cli.inputs import one_latent
    from sketchvae.generate.artist import COLD, load

    output: Path = given["output"]
    if pages and (animate or str(output) == "-"):
        raise click.UsageError("--pages is for files that stand still; leave one of them out")
    write = None
    if animate:
        write = _animation(output, seconds, loop, given)
    else:
        refuse_unused(output)
        write = _pages(output, steps, given) if pages else None
    artist = load(given.pop("model"))
    ends = [one_latent(artist, text) for text in (first, last)]

    def path(temperature: float, seed: int) -> "Flock":
        return artist.morph(
            ends[0], ends[1], steps, linear=linear, temperature=temperature, seed=seed
        )

    draw_to(given, steps, path, write=write, temperature=COLD)


def _pages(output: Path, steps: int, given: dict[str, Any]) -> "Write":
    """Write each drawing into a file of its own, numbered so that they sort."""
    digits = len(str(steps))
    paths = [
        output.with_name(f"{output.stem}-{i + 1:0{digits}}{output.suffix}") for i in range(steps)
    ]
    writers = [writer(path, 1, dict(given)) for path in paths]

    def write(drawings: "Iterable[Drawing]") -> None:
        for write_one, drawing in zip(writers, drawings, strict=True):
            write_one([drawing])

    return write


def _animation(
    output: Path, seconds: float | None, loop: bool | None, given: dict[str, Any]
) -> "Write":
    from sketchvae.render.animation import PAGES, check_animation, check_suffix, loops
    from sketchvae.render.smil import Animation
    from sketchvae.render.timeline import Pace
    from sketchvae.render.tween import write_morph

    check_suffix(output)
    animation = Animation(Pace(seconds=seconds), loop=loops(output) if loop is None else loop)
    pixels, width, style = given["pixels"], given["width"], style_of(given, output)
    if pixels is not None and output.suffix.lower() in PAGES:
        raise click.UsageError(f"--pixels is for films, got {output}; leave it out")
    check_animation(output, 1, width_mm=width, style=style, pixels=pixels)
    return lambda drawings: write_morph(
        output, list(drawings), animation, width_mm=width, style=style, pixels=pixels
    )
