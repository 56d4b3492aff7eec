"""Packed sets from whatever files of drawings a person names; what is left out is reported."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from sketchvae.errors import SketchvaeError
from sketchvae.files import make_folder

if TYPE_CHECKING:
    from sketchvae.data.counting import Contents
    from sketchvae.data.dataset import PackedDataset
    from sketchvae.data.selection import Selection
    from sketchvae.data.splits import SplitFractions


def pack_files(
    files: "Sequence[Selection]",
    path: Path,
    *,
    word: str = "",
    only: str = "",
    split_groups: bool = False,
    epsilon: float | None = None,
    fractions: "SplitFractions | None" = None,
) -> "PackedDataset":
    """Pack the drawings of files into one set; what was left out is written to standard error.

    Args:
        files: files, or folders of them.
        path: of the packed set, which is replaced whole.
        word: of the drawings that have none.
        only: word of the drawings to keep; empty to keep all.
        split_groups: whether each outermost group or shape of an SVG is a drawing.
        epsilon: tolerance of a further simplification, pixels of 255; None for none.
        fractions: of validation and test; None for the usual ones of that many drawings.

    Raises:
        SketchvaeError: as `import_drawings` and `pack`.
    """
    from sketchvae.data.dataset import open_packed, pack
    from sketchvae.data.importing import ImportReport, import_drawings, source_names

    for text in (word, only):
        if not text.isprintable():
            raise SketchvaeError(f"a word must be printable text, got {text[:50]!r}; try sheep")
    report = ImportReport()
    drawings = import_drawings(
        files, report, word=word, only_word=only, split_groups=split_groups, epsilon=epsilon
    )
    try:
        sources = source_names([file.path for file in files])
        pack(drawings, path, sources=sources, fractions=fractions)
    finally:
        for line in report.lines():
            click.echo(f"left out: {line}", err=True)
        for line in report.notes():
            click.echo(line, err=True)
    return open_packed(path)


def notes_on_training(packed: "PackedDataset", contents: "Contents", longest: int) -> Iterator[str]:
    """Yield what will go wrong in training on a packed set, and what helps.

    Args:
        packed: the set.
        contents: what it holds.
        longest: greatest number of points of a drawing that training takes.
    """
    from sketchvae.train.shortcomings import simplification

    if 0 < contents.too_long < len(packed):
        epsilon = simplification([packed], longest) or 8
        yield (
            f"{contents.too_long} of {len(packed)} have more than {longest} points, which train "
            f"leaves out; data import --simplify {epsilon} shortens them, train --max-points "
            f"{contents.longest} takes them"
        )
    if contents.copies:
        yield (
            f"{contents.copies} of {len(packed)} are copies of others; each counts as often as it "
            "is there"
        )
    if packed.vocabulary == ("",):
        yield (
            "no drawing has a word, nor will what is drawn, and there is no class head to score "
            "with; give one, as in --word cat"
        )
    if len(contents.words) > 1:
        most = contents.words.most_common(4)
        words = ", ".join(f"{word or '(none)'} {number}" for word, number in most)
        more = ", ..." if len(contents.words) > 4 else ""
        yield (
            f"holds {len(contents.words)} words ({words}{more}), and a model of it draws them all; "
            f"for one alone use data import --only {quote(most[0][0] or 'cat')}"
        )


def packed_set(
    chosen: "Selection",
    folder: Path,
    *,
    word: str = "",
    name: str = "",
    fractions: "SplitFractions | None" = None,
    reuse: bool = False,
) -> "PackedDataset":
    """Open a packed set; other files of drawings are packed into a folder first.

    Args:
        chosen: a packed set, or a file or folder of drawings, or some of them.
        folder: of the sets that are packed.
        word: of the drawings that have none.
        name: of the packed set, without suffix; empty for that of the file.
        fractions: as for `pack_files`.
        reuse: whether a set of that name that the folder has already is opened as it is.

    Raises:
        SketchvaeError: as `pack_files` and `open_packed`.
    """
    from sketchvae.data.dataset import SUFFIX, open_packed

    if chosen.path.suffix == SUFFIX and chosen.ranges is None:
        return open_packed(chosen.path)
    path = folder / f"{name or chosen.path.stem or 'drawings'}{SUFFIX}"
    if reuse and path.exists():
        return open_packed(path)
    make_folder(folder, "name another one")
    return pack_files([chosen], path, word=word, fractions=fractions)
