"""Some drawings of a file by their numbers: FILE:5, FILE:2,5,7 or FILE:3-8, counted from 1."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.data.ndjson import Refused

_Item = TypeVar("_Item")

_FORM = re.compile(r"(?P<file>.+):(?P<numbers>[^:/\\]*)", re.S)
_NUMBERS = re.compile(r"\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*")


@dataclass(frozen=True)
class Selection:
    """The drawings of a file that a text names; without numbers, all of them.

    Attributes:
        text: as it was typed.
        path: the file, or a folder.
        ranges: numbers in the order in which they were typed; None for all.
    """

    text: str
    path: Path
    ranges: tuple[range, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> "Selection":
        """Return what a text names; a file whose whole name is the text is meant as a whole.

        Raises:
            SketchvaeError: for the name of a file that is followed by a colon and no numbers.
        """
        whole, match = cls(text, Path(text)), _FORM.fullmatch(text)
        if match is None or whole.path.exists():
            return whole
        path, numbers = Path(match["file"]), match["numbers"]
        if not _NUMBERS.fullmatch(numbers):
            if not path.exists():
                return whole
            raise SketchvaeError(
                f"{text}: numbers of drawings must be as 5, or 2,5,7, or 3-8, got {numbers!r}; "
                f"leave {':' + numbers!r} out for all"
            )
        ends = [part.partition("-") for part in numbers.split(",")]
        ranges = tuple(range(int(first), int(last or first) + 1) for first, _, last in ends)
        return cls(text, path, ranges)

    def __str__(self) -> str:
        return self.text

    def pick(self, items: Iterable[_Item]) -> Iterator[tuple[int, _Item]]:
        """Yield the named ones of the items of the file, with their numbers.

        Args:
            items: all of the file; no more of them are taken than needed.

        Raises:
            SketchvaeError: before the first, if there is none of a number.
        """
        if self.ranges is None:
            yield from enumerate(items, 1)
            return
        last = max(numbers.stop - 1 for numbers in self.ranges)
        kept, count = {}, 0
        for count, item in enumerate(islice(items, last), 1):
            if any(count in numbers for numbers in self.ranges):
                kept[count] = item
        for numbers in self.ranges:
            first, end = numbers.start, numbers.stop - 1
            if first > end:
                raise SketchvaeError(
                    f"{self.text}: the first number must not be above the last, got "
                    f"{first}-{end}; turn them round: {end}-{first}"
                )
            if not 1 <= first <= end <= count:
                given = f"{first}" if first == end else f"{first}-{end}"
                advice = f"it holds {count}" if end > count else "choose another"
                raise SketchvaeError(
                    f"{self.text}: must name one that is in {self.path}, counted from 1, "
                    f"got {given}; {advice}"
                )
        for numbers in self.ranges:
            yield from ((number, kept[number]) for number in numbers)

    def read(self, *, split_groups: bool = False) -> Iterator[tuple[int, Drawing]]:
        """Read the drawings with their numbers in the file, one by one.

        Args:
            split_groups: as for `formats.read`.

        Raises:
            SketchvaeError: as `formats.read` and `pick`.
        """
        return self.pick(formats.read(self.path, split_groups=split_groups))

    def drawings(
        self, *, split_groups: bool = False, refused: "Refused" = None
    ) -> Iterator[Drawing]:
        """Read the drawings one by one; see `read`.

        Args:
            split_groups: as for `formats.read`.
            refused: as for `formats.read`, where no numbers are named.
        """
        if self.ranges is not None:
            return (drawing for _, drawing in self.read(split_groups=split_groups))
        return formats.read(self.path, split_groups=split_groups, refused=refused)
