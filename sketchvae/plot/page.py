"""A sheet of paper, in millimetres."""

import re
from dataclasses import dataclass

from sketchvae.errors import SketchvaeError
from sketchvae.machine.words import MM_PER_INCH

SIZES = {  # width and height of an upright page, mm: ISO 216, and North America's
    "a6": (105.0, 148.0),
    "a5": (148.0, 210.0),
    "a4": (210.0, 297.0),
    "a3": (297.0, 420.0),
    "a2": (420.0, 594.0),
    "a1": (594.0, 841.0),
    "a0": (841.0, 1189.0),
    "letter": (215.9, 279.4),
}
UNITS = {"mm": 1.0, "cm": 10.0, "in": MM_PER_INCH}  # mm
MIN_SIDE, MAX_SIDE = 10.0, 5000.0  # mm
DECIMALS = 3  # of a length in mm: a thousandth is finer than any plotter

_SIZE = re.compile(r"([\d.]+)\s*(mm|cm|in)?\s*x\s*([\d.]+)\s*(mm|cm|in)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet of paper; x grows to the right from its left edge, y down from its upper edge.

    Attributes:
        width: mm, 10 to 5000.
        height: mm, 10 to 5000.
        name: of its size, as "a4", which HPGL devices need; else the size as it was written.

    Raises:
        SketchvaeError: for a side out of range.
    """

    width: float
    height: float
    name: str = ""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not MIN_SIDE <= side <= MAX_SIDE:
                raise SketchvaeError(
                    f"a page must have sides of {MIN_SIDE:g} to {MAX_SIDE:g} mm, got "
                    f"{self.width:g} x {self.height:g} mm; choose another size"
                )

    def __str__(self) -> str:
        return f"{self.width:g} x {self.height:g} mm"

    @property
    def landscape(self) -> bool:
        """Whether the page is wider than high."""
        return self.width > self.height


def sheet(width: float, height: float) -> Page:
    """Return a page of a size in mm, with the name of the size if it has one.

    Args:
        width: mm.
        height: mm.

    Raises:
        SketchvaeError: for a side out of range.
    """
    sides = (min(width, height), max(width, height))
    return Page(width, height, next((name for name in SIZES if SIZES[name] == sides), ""))


def parse_page(size: str, landscape: bool = False, unit: str = "") -> Page:
    """Read the size of a page.

    Args:
        size: a name of SIZES, or WxH with a unit for both sides or for each: 148x210mm, 11x14in.
        landscape: whether to turn an upright page.
        unit: of both sides where none is stated, as "mm"; empty where one must be.

    Raises:
        SketchvaeError: for an unknown name, a missing unit, or a side out of range.
    """
    text = size.strip().lower()
    width, height = SIZES[text] if text in SIZES else _parse_size(size, unit)
    if landscape and width < height:
        width, height = height, width
    return Page(width, height, text)


def _parse_size(text: str, unit: str) -> tuple[float, float]:
    """Return width and height of WxH, in mm.

    Args:
        text: with a unit for both sides or for each.
        unit: that holds without any; empty for none.
    """
    match = _SIZE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        last = UNITS[(match[4] or "").lower() or (unit if not match[2] else "")]
        first = UNITS[match[2].lower()] if match[2] else last
        return round(float(match[1]) * first, DECIMALS), round(float(match[3]) * last, DECIMALS)
    except (ValueError, KeyError):
        raise SketchvaeError(
            f"a size must be {', '.join(SIZES)}, or WxH in mm, cm or in, got {text!r:.60}; "
            "try a4 or 148x210mm"
        ) from None
