"""sketchvae data: get drawings, and pack them for training."""

import json
from collections import Counter
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.output import plural
from sketchvae.cli.paths import output_option
from sketchvae.cli.words import Group

if TYPE_CHECKING:
    from sketchvae.data.counting import Contents
    from sketchvae.data.dataset import PackedDataset, Split
    from sketchvae.data.selection import Selection


@click.group(cls=Group)
def data() -> None:
    """Fetch drawings, pack them for training, look into files.

    \b
    Example:
      sketchvae data fetch sheep
      sketchvae data import sheep.bin -o sheep.drawings
      sketchvae data info sheep.drawings
    """


@data.command()
@click.argument("word")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder to put the file into.  [default: this one]",
)
def fetch(word: str, output: Path | None) -> None:
    """Download all drawings of WORD from Quick, Draw! (CC BY 4.0, Google).

    Needs sketchvae[train]. A whole WORD.bin that is there is left alone.

    \b
    Example:
      sketchvae data fetch sheep
    """
    from sketchvae.data.quickdraw import fetch as fetch_category

    path, fetched = fetch_category(word, output or Path())
    what = "fetched" if fetched else "was there already, and was not fetched anew"
    click.echo(f"{path}: {what}; next: sketchvae data import {path} -o {word}.drawings")


@data.command("import")
@click.argument("files", nargs=-1, required=True, type=SELECTION)
@output_option(required=True, help="The packed set.")
@click.option("--word", default="", help="What the drawings show, where the files do not say.")
@click.option("--only", metavar="WORD", default="", help="Only the drawings of this word.")
@click.option(
    "--split-groups",
    "--each",
    is_flag=True,
    help="In SVG, each outermost group or shape is a drawing.",
)
@click.option(
    "--simplify",
    type=click.FloatRange(0),
    metavar="PIXELS",
    help="Drop points that lie this near to the line without them, of a drawing 255 pixels wide; "
    "more makes long drawings shorter.  [default: 2, where the file is not simplified already]",
)
@click.option(
    "--valid",
    type=float,
    help="Share for validation, chosen by hash.  [default: 0.05; of fewer than 1000, 0.1]",
)
@click.option(
    "--test",
    type=float,
    help="Share for the test, by hash.  [default: 0.05; of fewer than 1000, or with --valid, 0]",
)
def import_(
    files: "tuple[Selection, ...]",
    output: Path,
    word: str,
    only: str,
    split_groups: bool,
    simplify: float | None,
    valid: float | None,
    test: float | None,
) -> None:
    """Pack drawings into one file that training maps into memory.

    FILES are .ndjson (simplified or raw), .ndjson.gz, .json, Kaggle's .csv, .bin, sketch-rnn
    .npz, .svg, .svgz, folders of them, or '-' for ndjson on standard input. Drawings in another
    form are simplified the Quick, Draw! way; curves of an SVG become lines within a thousandth of
    its size. What is left out is said, and why: an SVG among others without a drawing, a drawing
    without a stroke, the texts, images and background of an SVG.

    \b
    Examples:
      sketchvae data import sheep.bin more.ndjson -o sheep.drawings
      sketchvae data import cows/ --word cow -o cow.drawings
    """
    from sketchvae.cli.packing import pack_files
    from sketchvae.data.dataset import SUFFIX
    from sketchvae.data.splits import SplitFractions
    from sketchvae.errors import check_suffix

    check_suffix(output, [SUFFIX], "a packed set", f"-o sheep{SUFFIX}")
    usual = valid is None and test is None
    pack_files(
        files,
        output,
        word=word,
        only=only,
        split_groups=split_groups,
        epsilon=simplify,
        fractions=None if usual else SplitFractions(valid or 0.0, test or 0.0),
    )
    _print_summary(output)


def _print_summary(path: Path) -> None:
    """Print the number of drawings of a packed dataset by split and by word."""
    from sketchvae.cli.packing import notes_on_training
    from sketchvae.data.counting import count
    from sketchvae.data.dataset import open_packed
    from sketchvae.train.settings import Settings

    packed = open_packed(path)
    contents = count(packed, Settings.max_points)
    parts = ", ".join(f"{number} {split}" for split, number in contents.splits.items())
    click.echo(f"{path}: {plural(len(packed), 'drawing')}: {parts}")
    notes = notes_on_training(packed, contents, Settings.max_points)
    for note in (*notes, _next(packed, contents, Settings.max_points)):
        click.echo(f"{path}: {note}", err=True)


def _next(packed: "PackedDataset", contents: "Contents", longest: int) -> str:
    """Say what to do next with a packed set, or why nothing can be trained on it."""
    from sketchvae.train.shortcomings import why_empty

    splits: tuple[Split, ...] = ("train", "valid")
    for split in splits:
        if not contents.fitting[split]:
            why = why_empty([packed], split, longest)
            return f"not fit to train on, for the {split} split must hold a drawing: {why}"
    path, run = quote(str(packed.path)), quote(f"runs/{packed.path.stem}")
    return f"next: sketchvae train --data {path} --out {run}"


@data.command()
@click.argument("files", nargs=-1, required=True, type=SELECTION)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
def info(files: "tuple[Selection, ...]", as_json: bool) -> None:
    """Count drawings, points, strokes and words in FILES.

    \b
    Example:
      sketchvae data info sheep.drawings sheep.ndjson
    """
    for file in files:
        figures = _figures(file)
        if as_json:
            click.echo(json.dumps(figures))
            continue
        click.echo(f"{file}")
        for name, value in figures.items():
            if name not in ("file", "words"):
                click.echo(f"  {name:<20} {value}")
        words = ", ".join(f"{w or '(none)'} {n}" for w, n in list(figures["words"].items())[:8])  # type: ignore[attr-defined]
        click.echo(f"  {'words':<20} {words}")


def _figures(file: "Selection") -> dict[str, object]:
    from sketchvae.data.dataset import SPLITS, SUFFIX, open_packed

    drawings = points = strokes = 0
    words: Counter[str] = Counter()
    longest = 0
    for drawing in file.drawings():
        drawings += 1
        points += drawing.n_points
        strokes += len(drawing.strokes)
        longest = max(longest, drawing.n_points)
        words[drawing.word] += 1
    figures: dict[str, object] = {
        "file": str(file),
        "drawings": drawings,
        "points a drawing": round(points / max(drawings, 1), 2),
        "most points": longest,
        "strokes a drawing": round(strokes / max(drawings, 1), 2),
        "words": dict(words.most_common()),
    }
    if file.path.suffix == SUFFIX and file.ranges is None:
        packed = open_packed(file.path)
        figures |= {split: int(packed.in_split(split).sum()) for split in SPLITS}
        figures["sources"] = ", ".join(packed.sources)
    return figures
