"""Fuzz the readers: whatever a file holds, it is read or refused in one line, soon and in bounds.

    python tests/fuzz.py [READER ...] [--inputs N] [--first I]

Input i of a reader is the same each time, so that a fault found once is found again with --first.
"""

import argparse
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

from fuzz_readers import READERS, Reader, checkpoints
from mutation import mutate

from sketchvae.errors import LeftOutWarning, SketchvaeError

CHECKPOINT = "checkpoint"  # the reader that needs torch
SECONDS = 10  # of the processor, for one input; the slowest of them take about one
MEMORY = 3 << 30  # bytes of data, for the whole process; libraries themselves take up to a third
LONGEST = 700  # characters of a message without the path


class Fault(Exception):  # noqa: N818 - what is looked for
    """What a reader must not do."""


def content_of(reader: Reader, number: int) -> bytes:
    """Return an input of a reader.

    Args:
        reader: that reads it.
        number: of the input, from 0; the first ones are the good files themselves.
    """
    if number < len(reader.seeds):
        return reader.seeds[number]
    chance = Random(number)
    content = mutate(chance, reader.inner or reader.seeds)
    return (
        reader.wrap(content)
        if reader.inner and chance.random() < 0.7
        else (mutate(chance, reader.seeds))
    )


def check(reader: Reader, content: bytes, path: Path) -> bool:
    """Return whether a content is read, not refused.

    Args:
        reader: that reads it.
        content: of the file.
        path: of a file to write it to.

    Raises:
        Fault: if anything else is raised than an error of ours, in one line without control
            characters.
    """
    path.write_bytes(content)
    try:
        with _limited_time():
            reader.read(path)
    except SketchvaeError as error:
        message = str(error).replace(str(path), path.name)
        if not message.isprintable() or len(message) > LONGEST:
            raise Fault(f"a message of {len(message)} characters: {message[:900]!r}") from error
        return False
    except Exception as error:
        raise Fault("".join(traceback.format_exception(error)[-4:])) from error
    return True


@contextmanager
def _limited_time() -> Iterator[None]:
    """Raise TimeoutError in a block that takes more than SECONDS of the processor."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise TimeoutError(f"took more than {SECONDS} s")

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def fuzz(name: str, first: int, inputs: int, folder: Path) -> tuple[int, int]:
    """Read mutated files, and print the first fault of each kind; count the read and the faults.

    Args:
        name: a key of READERS.
        first: number of the first input.
        inputs: how many.
        folder: for the files.
    """
    reader, read = checkpoints() if name == CHECKPOINT else READERS[name], 0
    kinds: Counter[str] = Counter()
    path = folder / reader.name
    for number in range(first, first + inputs):
        content = content_of(reader, number)
        try:
            read += check(reader, content, path)
        except Fault as fault:
            kind = re.sub(r"\d+", "0", str(fault))[-150:]
            if not kinds[kind]:
                print(f"{name}, input {number}: {fault}", flush=True)
            kinds[kind] += 1
    return read, kinds.total()


def main() -> None:
    """Fuzz the readers that are named, or all."""
    parser = argparse.ArgumentParser(description="Fuzz the readers.")
    parser.add_argument("readers", nargs="*", choices=[*READERS, CHECKPOINT, []])
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", LeftOutWarning)
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in options.readers or READERS:
            begin = time.process_time()
            read, faults = fuzz(name, options.first, options.inputs, Path(folder))
            seconds = time.process_time() - begin
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(
                f"{name}: {options.inputs} inputs, {read} read, {faults} faults, {seconds:.1f} s, "
                f"at most {peak} MiB",
                flush=True,
            )
            total += faults
    sys.exit(total > 0)


if __name__ == "__main__":
    main()
