"""Import the drawings of many files, with a report of the drawings that were left out."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sketchvae.data import formats
from sketchvae.data.selection import Selection
from sketchvae.drawing import Drawing
from sketchvae.errors import LeftOutWarning, SketchvaeError

_MAX_NAMED = 10  # files named in full


@dataclass
class ImportReport:
    """Drawings that `import_drawings` left out; counted while the drawings are read.

    Attributes:
        unreadable: the error message of each SVG file that could not be read.
        parts: what was left out, of each SVG file of which a part was.
        empty: number of drawings without a stroke.
        of_other_words: number of drawings of another word than `only_word`.
        own_words: number of drawings by the word that they have instead of the one given.
    """

    unreadable: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    empty: int = 0
    of_other_words: int = 0
    own_words: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """Yield the report as text, a line for each reason."""
        yield from _named(self.unreadable, "SVG files that cannot be read")
        if self.empty:
            yield f"{self.empty} without a stroke"
        if self.of_other_words:
            yield f"{self.of_other_words} of other words"

    def notes(self) -> Iterator[str]:
        """Yield a line for each file of which a part was left out."""
        yield from _named(self.parts, "SVG files of which a part was left out")
        if self.own_words:
            words = ", ".join(f"{word} {n}" for word, n in self.own_words.most_common(4))
            yield (
                f"{self.own_words.total()} keep the word that their file has for them ({words}); "
                "the word that was given is for those without"
            )


def _named(messages: Sequence[str], what: str) -> Iterator[str]:
    """Yield the first messages, and the number of the others."""
    yield from messages[:_MAX_NAMED]
    if len(messages) > _MAX_NAMED:
        yield f"{len(messages) - _MAX_NAMED} more {what}"


def import_drawings(
    files: Sequence[Path | Selection],
    report: ImportReport,
    *,
    word: str = "",
    only_word: str = "",
    split_groups: bool = False,
    epsilon: float | None = None,
) -> Iterator[Drawing]:
    """Read the drawings of files one by one.

    An unreadable SVG file is left out if there are other files, because one of hundreds often
    holds no drawing. In the other formats a bad drawing is an error, because it may be the first
    of many.

    Args:
        files: files, or folders of them, that `formats.read` can read.
        report: receives the drawings that are left out.
        word: word of the drawings that have none.
        only_word: word of the drawings to keep; empty to keep all.
        split_groups: as for `formats.read`.
        epsilon: greatest distance in pixels of the simplified form, beyond the usual 2, of a point
            that is dropped; None to drop no more.

    Raises:
        SketchvaeError: as `formats.read`, except for SVG files that are left out.
    """
    for file in files:
        chosen = file if isinstance(file, Selection) else Selection.parse(str(file))
        for drawing in _read(chosen, report, split_groups, alone=len(files) == 1):
            named = drawing.with_word(word) if word and not drawing.word else drawing
            if not named.strokes:
                report.empty += 1
                continue
            if only_word and named.word != only_word:
                report.of_other_words += 1
                continue
            if word and named.word != word:
                report.own_words[named.word] += 1
            if epsilon is not None:
                yield named.in_simplified_form().simplify(epsilon)
            else:
                yield named


def _read(
    file: Selection, report: ImportReport, split_groups: bool, alone: bool
) -> Iterator[Drawing]:
    path = file.path
    if path.is_dir() and file.ranges is None:
        for member in formats.files_in(path):
            whole = Selection(str(member), member)
            yield from _read(whole, report, split_groups, alone=False)
        return
    if path.suffix.lower() not in formats.SVG or not path.is_file():
        yield from file.drawings(split_groups=split_groups)
        return
    with warnings.catch_warnings(record=True, category=LeftOutWarning) as caught:
        warnings.simplefilter("always", LeftOutWarning)
        try:
            drawings = list(file.drawings(split_groups=split_groups))
        except SketchvaeError as error:
            if alone:
                raise
            report.unreadable.append(str(error))
            return
    report.parts += [str(warning.message) for warning in caught]
    yield from drawings


def source_names(files: Sequence[Path]) -> list[str]:
    """Return the names of imported files; more than 10 are summed up by the first and the last."""
    names = [file.name for file in files]
    if len(names) <= _MAX_NAMED:
        return names
    return [f"{len(names)} files from {names[0]} to {names[-1]}"]
