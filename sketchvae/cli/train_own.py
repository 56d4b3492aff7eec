"""What people are told of their own drawings after training: what to expect, which are odd."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote

from sketchvae.cli.output import plural
from sketchvae.data import formats
from sketchvae.data.dataset import SUFFIX, PackedDataset, from_points, key_of, to_points
from sketchvae.data.selection import Selection
from sketchvae.errors import LeftOutWarning, SketchvaeError
from sketchvae.evaluate.outliers import most_distant
from sketchvae.files import replacing
from sketchvae.generate.artist import Artist
from sketchvae.model.loader import load_model
from sketchvae.render.png import contact_sheet

SHEET = "typical.png"  # in the folder of the run
_SHEET_DRAWINGS = 36
_LEAST, _MOST = 10, 1000  # different drawings among which some are called odd
_NAMED = 5  # odd drawings at most, and one in ten
_MORE = (50, 200)  # numbers of drawings that better drawings were measured with


def own_lines(
    folder: Path, names: Sequence[str], datasets: Sequence[PackedDataset]
) -> Iterator[str]:
    """Yield lines on a model of few drawings: how to see it, what helps, which drawings are odd.

    Its typical drawings are put into the folder of the run as a picture.

    Args:
        folder: of the run, which has ended.
        names: of what it was trained on, as they were typed.
        datasets: the packed set of each name.
    """
    artist = Artist(load_model(folder))
    with suppress(SketchvaeError):  # after a few steps no drawing may find its end
        sheet = contact_sheet(artist.draw(_SHEET_DRAWINGS, seed=0), cell=120)
        with replacing(folder / SHEET) as temporary:
            sheet.save(temporary, format="PNG")
        yield f"{folder / SHEET}: {_SHEET_DRAWINGS} drawings as draw makes them"
    rows: dict[int, tuple[int, int]] = {}
    for d, dataset in enumerate(datasets):
        for i, key in enumerate(dataset.keys):
            rows[int(key)] = d, i
            if len(rows) > _MOST:
                return
    yield _what_helps(artist, len(rows))
    if len(rows) < _LEAST:
        return
    keys = list(rows)
    drawings = [from_points(datasets[d].points_of(i)) for d, i in rows.values()]
    odd = most_distant(artist, drawings, min(_NAMED, len(rows) // 10))
    places: dict[int, tuple[Path, int]] = {}
    for key in (keys[i] for i in odd):
        d, row = rows[key]
        places[key] = datasets[d].path, row + 1
    places |= _in_files(names, set(places))
    numbers: dict[Path, list[str]] = {}
    for file, number in places.values():
        numbers.setdefault(file, []).append(str(number))
    named = [f"{file}:{','.join(several)}" for file, several in numbers.items()]
    yield (
        f"least like the others: {', '.join(named)}; look, as by sketchvae show {quote(named[0])}, "
        "and train without what does not belong"
    )


def _what_helps(artist: Artist, number: int) -> str:
    """Say what to expect of a model of so many drawings, and what would make it better."""
    more = next((n for n in _MORE if n > number), None)
    helps = ["draw --best-of 4 chooses better ones"] if artist.model.head else []
    helps += [f"{more} drawings teach more"] if more else []
    return "; ".join([f"it draws variations of {plural(number, 'drawing')}", *helps])


def _in_files(names: Sequence[str], wanted: set[int]) -> dict[int, tuple[Path, int]]:
    """Return file and number of drawings, by their keys, in the files that a person named.

    Files that cannot be read to their end, and packed sets, name none.

    Args:
        names: files and folders, FILE:NUMBERS or FILE@N too.
        wanted: keys of the drawings.
    """
    places: dict[int, tuple[Path, int]] = {}
    for name in names:
        chosen = Selection.parse(name)
        files = formats.files_in(chosen.path) if chosen.path.is_dir() else [chosen.path]
        for file in files:
            if file.suffix == SUFFIX or not file.is_file():
                continue
            ranges = chosen.ranges if file == chosen.path else None
            with suppress(SketchvaeError), warnings.catch_warnings():
                warnings.simplefilter("ignore", LeftOutWarning)
                for number, drawing in Selection(str(file), file, ranges).read():
                    if drawing.strokes and (key := key_of(to_points(drawing))) in wanted:
                        places.setdefault(key, (file, number))
    return places
