"""Every file of the tables in bad_files.py is refused in one line that names the file."""

from collections.abc import Callable, Iterable
from pathlib import Path

import bad_files
import pytest
from bad_files import BadFile
from helpers import refusal

from sketchvae.data import binary, dataset, formats, latents, ndjson, npz, svg
from sketchvae.errors import FileFormatError

READERS: dict[str, tuple[Callable[[Path], Iterable[object]], dict[str, BadFile]]] = {
    "line of ndjson": (ndjson.read, bad_files.BAD_LINES),
    "ndjson": (ndjson.read, bad_files.NDJSON),
    "json": (ndjson.read_json, bad_files.JSON),
    "suffix": (formats.read, bad_files.CONTENTS),
    "bin": (binary.read, bad_files.BIN),
    "npz": (npz.read, bad_files.NPZ),
    "svg": (svg.read, bad_files.SVG),
    "drawings": (dataset.open_packed, bad_files.DATASETS),
    "latents": (lambda path: latents.read(path, 2), bad_files.LATENTS),
}


@pytest.mark.parametrize(
    ("reader", "what"), [(name, what) for name, (_, table) in READERS.items() for what in table]
)
def test_bad_file_is_refused(tmp_path: Path, reader: str, what: str) -> None:
    read, table = READERS[reader]
    bad = table[what]
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    message = refusal(lambda: list(read(path)))
    assert message.startswith(f"{path}, line 3" if table is bad_files.BAD_LINES else str(path))
    assert bad.message in message.replace(str(path), path.name)
    assert len(message) < 500 + 2 * len(str(path))
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileFormatError):
        list(read(path))


@pytest.mark.parametrize("what", bad_files.CONTENTS)
def test_content_of_another_suffix_is_refused_before_it_is_read(tmp_path: Path, what: str) -> None:
    bad = bad_files.CONTENTS[what]
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    with pytest.raises(FileFormatError, match=r": must be .* after its suffix"):
        formats.read(path)  # no drawing is asked for
