"""Fuzz a reader with inputs that are kept where they reach new branches, by atheris (libFuzzer).

    pip install atheris
    python tests/fuzz_guided.py READER [CORPUS] [-max_total_time=600 and other options of libFuzzer]

CORPUS, a folder, keeps the inputs for the next time. An input is a content behind one byte: whether
the content is wrapped as the reader's good files are, or is the whole file.
"""

import importlib
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any


def main(name: str, *options: str) -> None:
    """Fuzz without end, or as the options say.

    Args:
        name: of a reader.
        options: of libFuzzer, and perhaps a folder.
    """
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["sketchvae"]):
        import fuzz
        from fuzz_readers import READERS

        from sketchvae.errors import LeftOutWarning
    reader = READERS[name]
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", LeftOutWarning)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, reader.name)
        seeds = Path(folder, "seeds")
        seeds.mkdir()
        for kind, contents in enumerate((reader.seeds, reader.inner)):
            for number, content in enumerate(contents):
                (seeds / f"{kind}-{number}").write_bytes(bytes([kind]) + content)

        def read(data: bytes) -> None:
            content = data[1:]
            fuzz.check(reader, reader.wrap(content) if data[:1] == b"\1" else content, path)

        atheris.Setup([sys.argv[0], *options, str(seeds), "-rss_limit_mb=4096"], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
