"""Numbers, lengths and transforms as attributes and CSS write them."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sketchvae.data.svg.path_data import NUMBER, numbers_of
from sketchvae.polyline import Floats

FONT_SIZE = 16.0  # px of an em where no font size is given, and of a rem

_LENGTH = re.compile(rf"\s*({NUMBER})\s*([a-zA-Z]+|%)?\s*")
_PX = {  # absolute units
    "": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6,
    "pt": 96 / 72, "pc": 16.0,
}  # fmt: skip
_EM = {"em": 1.0, "ex": 0.5, "ch": 0.5, "ic": 1.0, "cap": 0.7, "lh": 1.2}
_REM = {"rem": 1.0, "rex": 0.5, "rch": 0.5, "rlh": 1.2}
_VIEWPORT = {"vw": "x", "vh": "y", "vi": "x", "vb": "y", "vmin": "min", "vmax": "max"}
_ANGLES = {"": 1.0, "deg": 1.0, "rad": 180 / math.pi, "grad": 0.9, "turn": 360.0}
_ANGLE = re.compile(rf"\s*({NUMBER})\s*(deg|rad|grad|turn)?\s*", re.I)
_FUNCTION = re.compile(r"\s*,?\s*([a-zA-Z0-9]+)\s*\(([^()]*)\)")
_SIDES = {"left": (0, 0.0), "right": (0, 1.0), "top": (1, 0.0), "bottom": (1, 1.0)}


@dataclass(frozen=True, slots=True)
class Frame:
    """What lengths are relative to.

    Attributes:
        width: of the viewport, in user units.
        height: of the viewport, in user units.
        font_size: of the element, in user units.
    """

    width: float
    height: float
    font_size: float = FONT_SIZE

    def side(self, axis: str) -> float:
        """Return what 100% is: along "x" or "y", or for "r", lengths without a direction."""
        if axis == "x":
            return self.width
        if axis == "y":
            return self.height
        if axis in ("min", "max"):
            return (min if axis == "min" else max)(self.width, self.height)
        return math.hypot(self.width, self.height) / math.sqrt(2)

    def length(self, text: str | None, axis: str) -> float | None:
        """Return a length in user units; None if the text is none or is auto.

        Args:
            text: as "5", "5mm", "50%", "1em".
            axis: "x", "y" or "r", for percentages.
        """
        parsed = _parse_length(text) if text is not None else None
        if parsed is None:
            return None
        number, unit = parsed
        if unit == "%":
            return number / 100 * self.side(axis)
        if unit in _EM:
            return number * _EM[unit] * self.font_size
        if unit in _VIEWPORT:
            return number / 100 * self.side(_VIEWPORT[unit])
        return number * _PX[unit] if unit in _PX else number * _REM[unit] * FONT_SIZE


@lru_cache(4096)
def _parse_length(text: str) -> tuple[float, str] | None:
    match = _LENGTH.fullmatch(text)
    if match is None or not math.isfinite(float(match[1])):
        return None
    unit = (match[2] or "").lower()
    known = unit == "%" or unit in _PX or unit in _EM or unit in _REM or unit in _VIEWPORT
    return (float(match[1]), unit) if known else None


def is_length(text: str) -> bool:
    """Whether a text is a length."""
    return _parse_length(text) is not None


def is_percentage(text: str | None) -> bool:
    """Whether a text is a percentage."""
    return text is not None and (_parse_length(text) or (0, ""))[1] == "%"


def fraction(text: str | None) -> float | None:
    """Return an opacity, "0.5" or "50%", from 0 to 1; None if it is neither."""
    parsed = _parse_length(text) if text is not None else None
    if parsed is None or parsed[1] not in ("", "%"):
        return None
    return min(max(parsed[0] / (100 if parsed[1] else 1), 0.0), 1.0)


# --- transforms ---------------------------------------------------------------------


def translation(x: float, y: float) -> Floats:
    """Return the affine matrix, (3, 3), that adds x and y.

    Args:
        x: to the right.
        y: down.
    """
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def scaling(x: float, y: float) -> Floats:
    """Return the affine matrix, (3, 3), that multiplies by x and y.

    Args:
        x: factor of x.
        y: factor of y.
    """
    return np.diag([x, y, 1.0])


def rotation(angle: float) -> Floats:
    """Return the affine matrix, (3, 3), that turns by an angle in radians, from x to y."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def angle(text: str) -> float | None:
    """Return an angle, "45" or "45deg" or "0.1turn", in radians; None if it is none."""
    match = _ANGLE.fullmatch(text)
    if match is None or not math.isfinite(float(match[1])):
        return None
    return math.radians(float(match[1]) * _ANGLES[(match[2] or "").lower()])


def transformation(text: str | None, frame: Frame) -> Floats | None:
    """Return the matrix, (3, 3), of a transform as attributes or CSS write it.

    Args:
        text: as "translate(5 5) rotate(45)" or "translate(5px, 10%)"; None for none.
        frame: of percentages and of units.

    Returns:
        None for the identity, also if the text has an error: then the whole is ignored.
    """
    if text is None or text.strip().lower() in ("", "none"):
        return None
    matrix, at = np.eye(3), 0
    while match := _FUNCTION.match(text, at):
        factor = _function(match[1], match[2], frame)
        if factor is None:
            return None
        matrix, at = matrix @ factor, match.end()
    return None if text[at:].strip() or not np.isfinite(matrix).all() else matrix


def _function(name: str, text: str, frame: Frame) -> Floats | None:
    """Return the matrix of one function of a transform; None if it has an error."""
    if name in ("rotate", "skewX", "skewY"):
        return _turn(name, text)
    if name in ("translate", "translateX", "translateY"):
        words = [w for w in re.split(r"[\s,]+", text.strip()) if w]
        if not all(is_length(w) for w in words):
            words, _ = [f"{n}" for n in numbers_of(text)[0]], None  # 5-5 needs no space
        axes = name[9:].lower() or "xy"
        lengths = [frame.length(w, a) for w, a in zip(words, axes, strict=False)]
        if not 1 <= len(words) <= len(axes) or None in lengths:
            return None
        x, y = [*(n or 0.0 for n in lengths), 0.0][:2]
        return translation(0.0, x) if axes == "y" else translation(x, y)
    n, right = numbers_of(text)
    if not right:
        return None
    if name == "matrix" and len(n) == 6:
        return np.array([[n[0], n[2], n[4]], [n[1], n[3], n[5]], [0.0, 0.0, 1.0]])
    if name == "scale" and len(n) in (1, 2):
        return scaling(n[0], n[-1])
    if name in ("scaleX", "scaleY") and len(n) == 1:
        return scaling(n[0], 1.0) if name == "scaleX" else scaling(1.0, n[0])
    return None


def _turn(name: str, text: str) -> Floats | None:
    """Return the matrix of rotate, skewX or skewY, whose first argument is an angle."""
    match = _ANGLE.match(text)
    turned = angle(match[0]) if match is not None else None
    if match is None or turned is None:
        return None
    n, right = numbers_of(text[match.end() :].lstrip(" \t\r\n\f,"))
    if not right or len(n) not in ((0, 2) if name == "rotate" else (0,)):
        return None
    matrix = np.eye(3)
    if name == "skewX":
        matrix[0, 1] = math.tan(turned)
    elif name == "skewY":
        matrix[1, 0] = math.tan(turned)
    else:
        matrix = rotation(turned)
        if n:
            matrix = translation(*n) @ matrix @ translation(-n[0], -n[1])
    return matrix


def origin(text: str | None, frame: Frame) -> tuple[float, float]:
    """Return the point that a transform leaves in place, as `transform-origin` names it.

    Args:
        text: as "50 50", "center" or "left 20%"; None for 0, 0.
        frame: of percentages and of units.
    """
    words = (text or "0 0").lower().replace(",", " ").split()
    if words[0] in ("top", "bottom") or (len(words) > 1 and words[1] in ("left", "right")):
        words[:2] = [*words[1:2], words[0]] if len(words) > 1 else ["center", words[0]]
    point = []
    for word, axis in zip([*words, "center"][:2], "xy", strict=True):
        side = frame.side(axis)
        if word == "center":
            point.append(side / 2)
        else:
            length = frame.length(word, axis)
            point.append(_SIDES[word][1] * side if word in _SIDES else length or 0.0)
    return point[0], point[1]


# --- viewBox ------------------------------------------------------------------------


def view_box(text: str | None) -> tuple[float, float, float, float] | None:
    """Return x, y, width and height of a `viewBox`; None without four, or without a size."""
    numbers, _ = numbers_of(text or "")
    if len(numbers) < 4 or not all(map(math.isfinite, numbers)):
        return None
    x, y, width, height = numbers[:4]
    return (x, y, width, height) if width > 0 and height > 0 else None


def fit_view_box(
    box: tuple[float, float, float, float], width: float, height: float, ratio: str | None
) -> Floats:
    """Return the matrix, (3, 3), that fits a viewBox into a viewport at 0, 0.

    Args:
        box: x, y, width and height of the viewBox.
        width: of the viewport.
        height: of the viewport.
        ratio: `preserveAspectRatio`, as "xMidYMid slice"; None for "xMidYMid meet".
    """
    sx, sy = width / box[2], height / box[3]
    words = (ratio or "").replace("defer", "").split()
    align = re.fullmatch(r"x(Min|Mid|Max)Y(Min|Mid|Max)|none", words[0]) if words else None
    if align is not None and align[0] == "none":
        return scaling(sx, sy) @ translation(-box[0], -box[1])
    scale = max(sx, sy) if align and words[1:] == ["slice"] else min(sx, sy)
    shares = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    share_x, share_y = (shares[align[i]] if align else 0.5 for i in (1, 2))
    return (
        translation((width - scale * box[2]) * share_x, (height - scale * box[3]) * share_y)
        @ scaling(scale, scale)
        @ translation(-box[0], -box[1])
    )
