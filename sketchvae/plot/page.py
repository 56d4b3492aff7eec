"""The sheet of paper, in millimetres."""

import re
from dataclasses import dataclass

from sketchvae.errors import SketchvaeError

SIZES = {  # mm, upright: ISO 216, and the one that North America uses in its place
    "a6": (105.0, 148.0),
    "a5": (148.0, 210.0),
    "a4": (210.0, 297.0),
    "a3": (297.0, 420.0),
    "a2": (420.0, 594.0),
    "a1": (594.0, 841.0),
    "a0": (841.0, 1189.0),
    "letter": (215.9, 279.4),
}
UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4}
SMALLEST, LARGEST = 10.0, 5000.0  # mm of a side
DECIMALS = 3  # of a millimetre: finer than any plotter

_SIZE = re.compile(r"([\d.]+)\s*(mm|cm|in)?\s*x\s*([\d.]+)\s*(mm|cm|in)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet of paper; x grows to the right from its left edge, y downwards from its upper one.

    Attributes:
        width: mm, 10 to 5000.
        height: mm, 10 to 5000.
        name: of its size, "a4" say, by which devices know it; else as it was asked for.

    Raises:
        SketchvaeError: for a side out of range.
    """

    width: float
    height: float
    name: str = ""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not SMALLEST <= side <= LARGEST:
                raise SketchvaeError(
                    f"a page must have sides of {SMALLEST:g} to {LARGEST:g} mm, got "
                    f"{self.width:g} x {self.height:g} mm; choose another size"
                )

    def __str__(self) -> str:
        return f"{self.width:g} x {self.height:g} mm"

    @property
    def landscape(self) -> bool:
        """Whether it is wider than high."""
        return self.width > self.height


def parse_page(size: str, landscape: bool = False) -> Page:
    """Read the size of a page: a name of SIZES, or WxH with a unit (148x210mm, 11x14in).

    One unit is enough for both sides. A page given by name stands upright unless it is to be
    landscape; one of WxH is turned only for that.

    Raises:
        SketchvaeError: for an unknown name, a missing unit, or a side out of range.
    """
    text = size.strip().lower()
    width, height = SIZES[text] if text in SIZES else parse_size(text, size)
    if landscape and width < height:
        width, height = height, width
    return Page(width, height, text)


def parse_size(text: str, what: str) -> tuple[float, float]:
    """Read WxH with a unit, in mm.

    Raises:
        SketchvaeError: if it is not that; `what` is what the message quotes.
    """
    match = _SIZE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        last = UNITS[match[4].lower()]
        first = UNITS[match[2].lower()] if match[2] else last
        return round(float(match[1]) * first, DECIMALS), round(float(match[3]) * last, DECIMALS)
    except ValueError:
        raise SketchvaeError(
            f"a size must be {', '.join(SIZES)}, or WxH in mm, cm or in, got {what!r:.60}; "
            "try a4 or 148x210mm"
        ) from None
