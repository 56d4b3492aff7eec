"""Path data (https://www.w3.org/TR/SVG2/paths.html): "M1,1 L2,2" to subpaths."""

import re

from sketchvae.data.svg.curves import Pen, Subpath

NUMBER = r"[+-]?(?>[0-9]++\.?[0-9]*+|\.[0-9]++)(?>[eE][+-]?[0-9]++)?"

_COMMAND = re.compile(r"\s*([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_NUMBER = re.compile(NUMBER)
_GAP = r"(?>\s*+,?\s*+)"
_NUMBERS = re.compile(rf"\s*+(?>{NUMBER}{_GAP})*+")
_ARC = re.compile(
    rf"({NUMBER}){_GAP}({NUMBER}){_GAP}({NUMBER}){_GAP}([01]){_GAP}([01]){_GAP}"
    rf"({NUMBER}){_GAP}({NUMBER}){_GAP}"
)
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}


def parse(data: str) -> tuple[list[Subpath], bool]:
    """Return the subpaths of path data, and whether the data are without an error.

    As SVG 2 prescribes, what stands before an error is drawn.
    """
    reader, at = _Reader(), 0
    for match in _COMMAND.finditer(data):
        if match.start() != at or not reader.command(match[1], match[2]):
            break
        at = match.end()
    reader.pen.lift()
    return reader.pen.subpaths, not data[at:].strip() or data.strip().lower() == "none"


def numbers_of(text: str) -> tuple[list[float], bool]:
    """Return the numbers that a text begins with, and whether it holds nothing else."""
    match = _NUMBERS.match(text)
    assert match is not None
    return [float(n) for n in _NUMBER.findall(match[0])], match.end() == len(text)


class _Reader:
    """The state between the commands of path data.

    Attributes:
        pen: receives the segments.
        x, y: the current point.
        control: the last control point of the curve before, which S and T reflect; its kind is
            that of the curve, "C" or "Q".
    """

    def __init__(self) -> None:
        self.pen = Pen()
        self.x = self.y = 0.0
        self.start = (0.0, 0.0)
        self.begun = False
        self.control: tuple[str, float, float] | None = None

    def command(self, letter: str, text: str) -> bool:
        """Draw one command with all its arguments; return whether it had no error."""
        kind = letter.upper()
        if kind != "M" and not self.begun:
            return False
        if kind == "Z":
            self.pen.close()
            (self.x, self.y), self.control = self.start, None
            return not text.strip(" \t\r\n\f,")
        arguments, right = _arcs(text) if kind == "A" else numbers_of(text)
        size = _COUNTS[kind]
        whole = len(arguments) - len(arguments) % size
        for i in range(0, whole, size):
            if i and kind == "M":
                kind, letter = "L", "l" if letter == "m" else "L"
            self._segment(kind, letter != kind, arguments[i : i + size])
        return right and whole > 0 and whole == len(arguments)

    def _segment(self, kind: str, relative: bool, n: list[float]) -> None:
        x0, y0 = (self.x, self.y) if relative else (0.0, 0.0)
        if kind == "H":
            end = (x0 + n[0], self.y)
        elif kind == "V":
            end = (self.x, y0 + n[0])
        else:
            end = (x0 + n[-2], y0 + n[-1])
        control = None
        if kind == "M":
            self.pen.move(*end)
            self.start, self.begun = end, True
        elif kind in "LHV":
            self.pen.line(*end)
        elif kind == "A":
            self.pen.arc(n[0], n[1], n[2], bool(n[3]), bool(n[4]), *end)
        elif kind in "CS":
            first = (x0 + n[0], y0 + n[1]) if kind == "C" else self._reflected("C")
            second = (x0 + n[-4], y0 + n[-3])
            self.pen.curve(first, second, end)
            control = ("C", *second)
        else:
            x, y = (x0 + n[0], y0 + n[1]) if kind == "Q" else self._reflected("Q")
            self.pen.curve(
                (self.x + 2 / 3 * (x - self.x), self.y + 2 / 3 * (y - self.y)),
                (end[0] + 2 / 3 * (x - end[0]), end[1] + 2 / 3 * (y - end[1])),
                end,
            )
            control = ("Q", x, y)
        (self.x, self.y), self.control = end, control

    def _reflected(self, kind: str) -> tuple[float, float]:
        """Reflect the last control point, if the curve before was of this kind."""
        if self.control is None or self.control[0] != kind:
            return self.x, self.y
        return 2 * self.x - self.control[1], 2 * self.y - self.control[2]


def _arcs(text: str) -> tuple[list[float], bool]:
    """Return the arguments of arcs; their flags need no space around them."""
    text, arguments = text.strip(), list[float]()
    at = 0
    while match := _ARC.match(text, at):
        arguments += [float(n) for n in match.groups()]
        at = match.end()
    return arguments, at == len(text)
