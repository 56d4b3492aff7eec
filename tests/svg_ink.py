"""SVG documents drawn by resvg, an SVG reader in Rust that shares no code with ours.

The strokes that we read from a document are written as plain polylines, and drawn by resvg too.
"""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import LeftOutWarning, SketchvaeError
from sketchvae.polyline import Bools
from sketchvae.svg_page import MM_PER_PX

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
_INK = 40  # least alpha of an inked pixel, of 255
_REACH = 2  # pixels that ink may be from its place


def read(path: Path, text: str | bytes) -> tuple[list[Drawing], str]:
    """Write a document to a file and read it; return its drawings and what was said of it."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeftOutWarning)
        drawings = list(formats.read(path))
    return drawings, "; ".join(str(w.message).removeprefix(f"{path}: ") for w in caught)


def ink_of(text: str) -> Bools:
    """Return the pixels that resvg inks, (height, width)."""
    png = bytes(
        resvg_py.svg_to_bytes(svg_string=text, dpi=96, languages=["en"], skip_system_fonts=True)
    )
    inked: Bools = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))[..., 3] > _INK
    return inked


def polylines(drawings: Sequence[Drawing], width: float, height: float, line_width: float) -> str:
    """Return a document of our strokes, in px, as resvg inks them without any other feature."""
    paths = [
        "M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in stroke / MM_PER_PX) + "h0" * (len(stroke) < 2)
        for drawing in drawings
        for stroke in drawing.strokes
    ]
    return (
        f'{HEAD}width="{width}" height="{height}"><path fill="none" stroke="black" '
        f'stroke-linecap="round" stroke-width="{line_width}" d="{"".join(paths) or "M0 0"}"/></svg>'
    )


def difference(path: Path, text: str, line_width: float = 1.0) -> float:
    """Return the share of the page where ink is missing or is too much, from 0 to 1.

    Args:
        path: a file to write the document to.
        text: the document.
        line_width: px; that of its strokes on the page.
    """
    theirs = ink_of(text)
    height, width = theirs.shape
    try:
        drawings, _ = read(path, text)
    except SketchvaeError as error:
        if "must have a path or another shape" not in str(error):
            raise
        drawings = []
    return mismatch(theirs, ink_of(polylines(drawings, width, height, line_width)))


def mismatch(theirs: Bools, ours: Bools) -> float:
    """Return the share of pixels with ink in one picture and none nearby in the other."""
    missing, too_much = theirs & ~_dilated(ours), ours & ~_dilated(theirs)
    return float((missing | too_much).mean())


def _dilated(inked: Bools) -> Bools:
    padded = np.pad(inked, _REACH)
    height, width = inked.shape
    shifts = range(2 * _REACH + 1)
    return np.any([padded[i : i + height, j : j + width] for i in shifts for j in shifts], axis=0)  # type: ignore[no-any-return]
