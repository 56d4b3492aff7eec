"""sketchvae draw: from the weights to a file of drawings, or to the terminal."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.options import (
    AnimationOptions,
    DrawingOptions,
    FilmOptions,
    PageOptions,
    animation_options,
    bind,
    drawing_options,
    names_of,
    refuse_typed,
    style_options,
)
from sketchvae.cli.output import animation_writer, plural, refuse_unused, writer
from sketchvae.cli.paths import OUTPUTS, output_option, reserved
from sketchvae.cli.record import record_of
from sketchvae.cli.style import StyleOptions
from sketchvae.cli.terminal import show_in_terminal
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.generate.artist import Artist
    from sketchvae.polyline import Floats32

OUTPUT = Path("sheep.svg")
_IN_THE_TERMINAL = {"seconds", "speed"}  # options of the animation that a preview has, too


@dataclass(frozen=True)
class _SourceOptions:
    """What the latents are drawn from; the prior if none of these options is given."""

    like: Annotated[
        "Selection | None",
        click.option(
            "--like",
            metavar="FILE",
            type=SELECTION,
            help="Like the drawings in a file, each in turn.",
        ),
    ]
    near: Annotated[
        "Selection | None",
        click.option(
            "--near",
            metavar="FILE",
            type=SELECTION,
            help="Near the latents in a file, or of its drawings, each in turn.",
        ),
    ]
    spread: Annotated[
        float | None,
        click.option(
            "--spread",
            type=float,
            help="How near: 0 is there, 1 as far around as the sheep lie.  [default: 0.3]",
        ),
    ]
    cluster: Annotated[
        int | None,
        click.option(
            "--cluster",
            metavar="K",
            type=int,
            help="Like the drawings of this cluster, by its number in 'sketchvae clusters'.",
        ),
    ]
    clusters: Annotated[
        Path | None,
        click.option(
            "--clusters",
            metavar="FOLDER",
            type=click.Path(path_type=Path),
            help="Where that put the clusters.  [default: clusters]",
        ),
    ]

    def check(self) -> None:
        """Refuse options that exclude each other, or need another one.

        Raises:
            click.UsageError: if that is so.
        """
        if sum(source is not None for source in (self.like, self.near, self.cluster)) > 1:
            raise click.UsageError(
                "--like, --near and --cluster all say what to draw from; leave all but one out"
            )
        if self.clusters is not None and self.cluster is None:
            raise click.UsageError("--clusters needs --cluster, the number of one of them; add it")
        if self.spread is not None and self.near is None:
            raise click.UsageError("--spread says how near --near is; name a file with --near")

    def artist(self, drawing: DrawingOptions) -> "Artist":
        """Load the model; its prior is that of the cluster, if one is chosen."""
        artist = drawing.artist()
        if self.cluster is None:
            return artist
        from sketchvae.explore.cluster_priors import FOLDER, load

        return load(self.clusters or FOLDER).artist(artist.model, self.cluster)

    def latents(self, artist: "Artist", number: int, seed: int) -> "Floats32 | None":
        """Return the latents to draw from, (number, Z); None for samples of the prior."""
        from sketchvae.cli.inputs import drawings_of, latents_of
        from sketchvae.generate.interpolation import DEFAULT_SPREAD

        if self.like is not None:
            return artist.sample_posterior(drawings_of(self.like), number, seed)
        if self.near is None:
            return None
        spread = DEFAULT_SPREAD if self.spread is None else self.spread
        return artist.perturb(latents_of(artist, self.near), number, spread, seed)


@click.command()
@click.argument("word", required=False)
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many drawings.",
)
@output_option(
    OUTPUTS,
    help="Where to; the suffix names the format: .svg or .png, or .ndjson, .ndjson.gz, .bin, .npz "
    "for other programs. sheep-%d.svg is a file for each; '-' is ndjson on standard output.  "
    f"[default: {OUTPUT}, or sheep-2.svg if that exists, and so on]",
)
@drawing_options
@click.option(
    "--best-of",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="K",
    help="Draw K for each, and keep the one that is most of a sheep, or of your animal.",
)
@click.option(
    "--reject",
    is_flag=True,
    help="Draw anew what people would hardly draw: rejection sampling, at temperature 1.",
)
@bind(source=_SourceOptions)
@click.option(
    "--preview", is_flag=True, help="Draw in the terminal; without -o nothing is written."
)
@click.option(
    "--animate",
    is_flag=True,
    help="Write how it is drawn: .svg, .html (a player), .gif, .png, .webp or .mp4.",
)
@style_options
@animation_options
def draw(
    word: str | None,
    number: int,
    output: Path | None,
    drawing: DrawingOptions,
    best_of: int,
    reject: bool,
    source: _SourceOptions,
    preview: bool,
    animate: bool,
    style: StyleOptions,
    animation: AnimationOptions,
    film: FilmOptions,
) -> None:
    """Draw sheep, or what else a model has learnt.

    WORD, where it is given, must be what the model draws. The options of style are for .svg and
    .png, those of time for --animate and --preview.

    \b
    Examples:
      sketchvae draw
      sketchvae draw -n 12 --seed 97 -o flock.svg
      sketchvae draw --animate --tip -o sheep.gif
      sketchvae draw -n 12 --seed 97 -o 'sheep-%02d.svg'
      sketchvae draw -n 1000 -o flock.ndjson
      sketchvae draw -n 8 --like flock.ndjson:3 -o alike.svg
      sketchvae draw -n 8 --near flock.ndjson:3 --spread 0.6 -o near.svg
      sketchvae draw -n 12 --temperature 1 -o people.svg
      sketchvae draw -n 12 --reject -o likelier.svg
      sketchvae draw --best-of 8 -o card.svg
      sketchvae draw --preview
    """
    from sketchvae.generate.candidates import rejection_temperature
    from sketchvae.generate.sampler import fresh_seed

    is_unnamed = output is None and not preview
    output = OUTPUT if is_unnamed else output
    preview_them = _previewer(animation) if preview else None
    _check_output(output, preview, animate)
    source.check()
    seed = fresh_seed() if drawing.seed is None else drawing.seed
    temperature = drawing.temperature
    if reject:
        temperature = rejection_temperature(temperature, best_of)
    artist = source.artist(drawing)
    _check_word(word, artist.word)
    output = _reserved_name(artist.word) if is_unnamed else output
    latents = source.latents(artist, number, seed)
    drawings: Iterable[Drawing] = artist.draw_each(
        number, temperature, seed, latents=latents, best_of=best_of, reject=reject
    )
    write, more = None, ""
    if output is not None:  # the writers refuse before anything is drawn
        page = PageOptions(output, style, film.pixels)
        write = animation_writer(page, number, animation, film) if animate else writer(page, number)
    if preview_them is not None:
        drawings = list(drawings)
        preview_them(drawings)
    if write is not None:
        more = write(
            drawings, record_of(seed, [] if temperature is None else [temperature], artist.model)
        )
    place = "preview" if output is None else str(output)
    place = "standard output" if place == "-" else place
    report = f"{plural(number, 'drawing')}{more}, seed {seed}"
    report += "" if temperature is None else f", temperature {temperature:g}"
    report += f", each the best of {best_of}" if best_of > 1 else ""
    report += ", by rejection" if reject else ""
    click.echo(f"{place}: {report}", err=True)


def _previewer(animation: AnimationOptions) -> "Callable[[list[Drawing]], None]":
    """Return the function that draws in the terminal; the pace of the pen is checked here."""
    from sketchvae.render.timeline import Pace

    pace = Pace(animation.seconds, animation.speed)
    return lambda drawings: show_in_terminal(drawings, pace)


def _check_word(word: str | None, known: str) -> None:
    """Refuse to draw anything but what the model has learnt.

    Raises:
        SketchvaeError: if the word is another one.
    """
    if word is None or word.lower() in (known, f"{known}s"):
        return
    advice = f"for {word} train a model of your own, see 'sketchvae help train', and give --model"
    if word.isdecimal():
        advice = f"for {word} drawings give -n {word}"
    elif Path(word).suffix:
        advice = f"for drawings like those in a file give --like {word}"
    elif not known:
        advice = f"leave the word out, or repeat data import with --word {word} and train again"
    draws = known or "which does not know its word"
    raise SketchvaeError(f"{word}: must be what the model draws, {draws}; {advice}")


def _reserved_name(word: str) -> Path:
    """Reserve a file that is named after what is drawn, until the command ends: sheep-2.svg."""
    stem = re.sub(r"[^\w-]+", "-", word).strip("-") or OUTPUT.stem
    name = reserved(Path(f"{stem}{OUTPUT.suffix}"))
    return click.get_current_context().with_resource(name)


def _check_output(output: Path | None, preview: bool, animate: bool) -> None:
    """Refuse options that would change nothing in what is asked for."""
    moving = names_of(AnimationOptions, FilmOptions) - {"pixels"}
    if preview:
        moving -= _IN_THE_TERMINAL
    if output is None:
        if animate:
            raise click.UsageError("--animate needs a file; name one with -o")
        every = {*names_of(StyleOptions), *moving, "pixels"}
        refuse_typed(every, "the terminal", "leave it out, or name a file with -o")
        return
    if preview and str(output) == "-":
        raise click.UsageError("--preview and -o - both want standard output; leave one out")
    if not animate:
        refuse_unused(output, moving)
