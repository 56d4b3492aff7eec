"""From many files to the drawings of one set, and an account of what was left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

_NAMED = 10  # files that are named one by one


@dataclass
class ImportReport:
    """What `import_drawings` left out, and why; it grows while the drawings are read.

    Attributes:
        files: for each SVG file that could not be read, its error.
        empty: drawings without a stroke.
        of_other_words: drawings of other words than the one that was asked for.
    """

    files: list[str] = field(default_factory=list)
    empty: int = 0
    of_other_words: int = 0

    def lines(self) -> Iterator[str]:
        """Say what it was, one line a reason."""
        yield from self.files[:_NAMED]
        if len(self.files) > _NAMED:
            yield f"{len(self.files) - _NAMED} more SVG files that cannot be read"
        if self.empty:
            yield f"{self.empty} without a stroke"
        if self.of_other_words:
            yield f"{self.of_other_words} of other words"


def import_drawings(
    files: Sequence[Path],
    report: ImportReport,
    *,
    word: str = "",
    only_word: str = "",
    split_groups: bool = False,
) -> Iterator[Drawing]:
    """Read the drawings of files, one after another.

    Of several SVG files, those that are no drawing are left out: among two hundred there is
    always one. In every other format a bad drawing may be the first of many, and is an error.

    Args:
        files: what `formats.read` reads.
        report: gets what is not among the drawings.
        word: what drawings show that do not say.
        only_word: the word of those that are wanted; empty for all.
        split_groups: as `svg.read` has it.

    Raises:
        SketchvaeError: as `formats.read`, but for SVG files that are left out.
    """
    for file in files:
        for drawing in _read(file, report, split_groups, alone=len(files) == 1):
            named = drawing.with_word(word) if word and not drawing.word else drawing
            if not named.strokes:
                report.empty += 1
            elif only_word and named.word != only_word:
                report.of_other_words += 1
            else:
                yield named


def _read(file: Path, report: ImportReport, split_groups: bool, alone: bool) -> Iterator[Drawing]:
    if file.suffix.lower() != ".svg" or not file.is_file():
        yield from formats.read(file)
        return
    try:
        found = list(formats.read(file, split_groups=split_groups))
    except SketchvaeError as error:
        if alone:
            raise
        report.files.append(str(error))
    else:
        yield from found


def source_names(files: Sequence[Path]) -> list[str]:
    """Name files for the set that is made of them; many of one kind by the first and the last."""
    names = [file.name for file in files]
    if len(names) <= _NAMED:
        return names
    return [f"{len(names)} files from {names[0]} to {names[-1]}"]
