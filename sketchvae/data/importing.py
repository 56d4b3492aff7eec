"""Import the drawings of many files, with a report of the drawings that were left out."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from sketchvae.data import formats
from sketchvae.data.selection import Selection
from sketchvae.drawing import Drawing
from sketchvae.errors import LeftOutWarning, SketchvaeError

_MAX_NAMED = 10  # files, or messages, named in full


@dataclass
class ImportReport:
    """Drawings that `import_drawings` left out; counted while the drawings are read.

    Attributes:
        bad: the error message of each of the first files and drawings that could not be read.
        n_bad: number of all of them.
        parts: the SVG files of which something was left out, or altered, by what that is.
        empty: number of drawings without a stroke.
        dots: number of drawings all of whose points are one.
        of_other_words: number of drawings of another word than `only_word`.
        own_words: number of drawings by the word that they have instead of the one given.
    """

    bad: list[str] = field(default_factory=list)
    n_bad: int = 0
    parts: dict[str, list[Path]] = field(default_factory=dict)
    empty: int = 0
    dots: int = 0
    of_other_words: int = 0
    own_words: Counter[str] = field(default_factory=Counter)

    def refuse(self, error: SketchvaeError) -> None:
        """Count a file or a drawing that cannot be read; keep the first messages."""
        self.n_bad += 1
        if self.n_bad <= _MAX_NAMED:
            self.bad.append(str(error))

    def lines(self) -> Iterator[str]:
        """Yield the report as text, a line for each reason."""
        yield from self.bad
        if self.n_bad > _MAX_NAMED:
            yield f"{self.n_bad - _MAX_NAMED} more that cannot be read"
        if self.empty:
            yield f"{self.empty} without a stroke"
        if self.dots:
            yield f"{self.dots} that are a single dot"
        if self.of_other_words:
            yield f"{self.of_other_words} of other words"

    def notes(self) -> Iterator[str]:
        """Yield a line for each thing that was left out of files, or altered in them."""
        for text, (first, *others) in islice(self.parts.items(), _MAX_NAMED):
            more = f" and {len(others)} other{'s' * (len(others) > 1)}" if others else ""
            yield f"{first}{more}: {text}"
        if len(self.parts) > _MAX_NAMED:
            files = {file for texts in list(self.parts.values())[_MAX_NAMED:] for file in texts}
            yield f"{len(files)} more SVG files of which something was left out or altered"
        if self.own_words:
            words = ", ".join(f"{word} {n}" for word, n in self.own_words.most_common(4))
            yield (
                f"{self.own_words.total()} keep the word that their file has for them ({words}); "
                "the word that was given is for those without"
            )


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

    A bad line of ndjson, or drawing of JSON or CSV, is left out. So is a file that cannot be read,
    if there are other files, because one of hundreds often holds no drawing; one that ends too
    early is an error.

    Args:
        files: files, or folders of them, that `formats.read` can read.
        report: receives the drawings that are left out.
        word: word of the drawings that have none.
        only_word: word of the drawings to keep; empty to keep all.
        split_groups: as for `formats.read`.
        epsilon: greatest distance in pixels of the simplified form, beyond the usual 2, of a point
            that is dropped; None to drop no more.

    Raises:
        SketchvaeError: as `formats.read`, except for what is left out.
    """
    for file in files:
        chosen = file if isinstance(file, Selection) else Selection.parse(str(file))
        for drawing in _read(chosen, report, split_groups, alone=len(files) == 1):
            named = drawing.with_word(word) if word and not drawing.word else drawing
            if not named.strokes:
                report.empty += 1
                continue
            if not named.longest_side:
                report.dots += 1
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
    try:
        if path.suffix.lower() in formats.SVG:
            yield from _of_page(file, report, split_groups)
            return
        drawings = file.drawings(refused=report.refuse)
        first = list(islice(drawings, 1))
    except SketchvaeError as error:
        if alone or not path.is_file():
            raise
        report.refuse(error)
        return
    yield from chain(first, drawings)


def _of_page(file: Selection, report: ImportReport, split_groups: bool) -> list[Drawing]:
    """Read the drawings of an SVG file, and note what was left out of it."""
    with warnings.catch_warnings(record=True, category=LeftOutWarning) as caught:
        warnings.simplefilter("always", LeftOutWarning)
        drawings = list(file.drawings(split_groups=split_groups))
    for warning in caught:
        text = str(warning.message).removeprefix(f"{file.path}: ")
        report.parts.setdefault(text, []).append(file.path)
    return drawings


def source_names(files: Sequence[Path]) -> list[str]:
    """Return the names of imported files; more than 10 are summed up by the first and the last."""
    names = [file.name for file in files]
    if len(names) <= _MAX_NAMED:
        return names
    return [f"{len(names)} files from {names[0]} to {names[-1]}"]
