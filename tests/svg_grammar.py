"""Random SVG documents, by a grammar of what such files use.

Strokes are about 1.5 px wide on the page, whatever the transforms around them, so that the ink of
two readers can be compared pixel by pixel. What resvg itself does not know is not in the grammar:
CSS beyond its selectors, percentages of a `<use>`, `rem`.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from svg_ink import HEAD

LINE = 1.5  # px on the page
_UNITS = {"": 1.0, "px": 1.0, "mm": 96 / 25.4, "pt": 96 / 72, "pc": 16.0, "cm": 96 / 2.54}
_COLOURS = (
    "black", "#123", "#a0b0c0", "#123f", "rgb(10,20,30)", "rgb(10%, 20%, 30%)", "navy", "RED",
    "rgb(0.8,127.5,14.2)", "rgba(9,9,9,1)", "hsl(120,50%,30%)", "currentColor", "url(#nil) red",
    "url(#gradient)",
)  # fmt: skip
_UNSEEN = ("none", "transparent", "rgba(1,2,3,0)", "#0000", "url(#nil)")
_ALIGNS = ("", "none", "xMinYMin meet", "xMaxYMid slice", "xMidYMax", "nonsense")


@dataclass(frozen=True)
class _Place:
    """Where an element stands.

    Attributes:
        width, height: of its viewport, in user units.
        scale: px of the page in a user unit.
        depth: number of groups around it.
        in_symbol: whether it stands in a symbol, where resvg takes percentages of the page.
    """

    width: float
    height: float
    scale: float
    depth: int = 0
    in_symbol: bool = False


class Grammar:
    """Writes one random document.

    Args:
        seed: of the document.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.rules: list[str] = []
        self.defs: list[str] = []
        self.number = 0

    def document(self) -> str:
        """Return the document."""
        width, height = self.chance.choice([(200, 150), (120, 240), (256, 256)])
        unit = self.chance.choice(list(_UNITS))
        size = [f"{side / _UNITS[unit]:.6g}{unit}" for side in (width, height)]
        attributes = f'width="{size[0]}" height="{size[1]}"'
        place = _Place(width, height, 1.0)
        if self.flip(0.6):
            place, box = self.view_box(place)
            attributes += box
            if "preserve" not in box and self.flip(0.3):  # one side alone
                box_width, box_height = place.width, place.height
                scale = width / box_width
                if 50 < box_height * scale < 500:
                    attributes = f'width="{size[0]}"{box}'
                    place = _Place(box_width, box_height, scale)
        body = "".join(self.element(place) for _ in range(self.chance.randint(2, 5)))
        gradient = (
            '<linearGradient id="gradient" gradientUnits="userSpaceOnUse"><stop/>'
            '<stop offset="1" stop-color="red"/></linearGradient>'
        )
        style = f"<style>{' '.join(self.rules)}</style>"
        parts = [style, f"<defs>{gradient}{''.join(self.defs)}</defs>"]
        early, late = (parts, []) if self.flip() else ([], parts)
        return (
            f'{HEAD}{attributes}>{"".join(early)}<g fill="none" stroke="black" '
            f'stroke-linecap="round">{body}</g>{"".join(late)}</svg>'
        )

    # --- choices --------------------------------------------------------------------

    def flip(self, share: float = 0.5) -> bool:
        return self.chance.random() < share

    def name(self) -> str:
        self.number += 1
        return f"n{self.number}"

    def number_of(self, low: float, high: float) -> str:
        value = self.chance.uniform(low, high)
        return self.chance.choice([f"{value:.4g}", f"{value:.3f}", f"{value:.5e}"])

    def length(self, place: _Place, value: float, side: float) -> str:
        """Write a length in user units with some unit, or in percent of a side."""
        unit = self.chance.choice([*_UNITS, "%", "%", "em"])
        if unit == "%" and place.in_symbol:
            unit = ""
        if unit == "%":
            return f"{100 * value / side:.5g}%"
        return f"{value / (16 if unit == 'em' else _UNITS[unit]):.5g}{unit}"

    def view_box(self, place: _Place) -> tuple[_Place, str]:
        """Return a viewBox for a viewport, and the place in it."""
        width = place.width * self.chance.uniform(0.3, 3)
        height = width * place.height / place.width * self.chance.choice([1, 1, 0.7, 1.4])
        ratio = self.chance.choice(_ALIGNS)
        sx, sy = place.width / width, place.height / height
        scale = max(sx, sy) if "slice" in ratio else min(sx, sy)
        if ratio == "none":
            scale = math.sqrt(sx * sy)
        text = f' viewBox="0 0 {width:.6g} {height:.6g}"'
        if ratio:
            text += f' preserveAspectRatio="{ratio}"'
        inner = _Place(width, height, place.scale * scale, place.depth + 1, place.in_symbol)
        return inner, text

    # --- elements -------------------------------------------------------------------

    def element(self, place: _Place) -> str:
        kinds: list[Callable[[_Place], str]] = [self.shape] * 5
        if place.depth < 4:
            kinds += [self.group] * 3
            kinds += [self.viewport, self.use, self.symbol, self.switch, self.clipped, self.masked]
            kinds += [self.unseen, self.broken]
        return self.chance.choice(kinds)(place)

    def children(self, place: _Place, most: int = 3) -> str:
        inner = replace(place, depth=place.depth + 1)
        return "".join(self.element(inner) for _ in range(self.chance.randint(1, most)))

    def group(self, place: _Place) -> str:
        scale, transform = self.transform(place)
        inner = replace(place, scale=place.scale * scale)
        tag = self.chance.choice(["g", "g", "a"])
        return f"<{tag}{transform}{self.harmless()}>{self.children(inner)}</{tag}>"

    def transform(self, place: _Place) -> tuple[float, str]:
        """Return the factor of lengths of a random transform, and its attribute."""
        x, y = (
            place.width * self.chance.uniform(-0.2, 0.4),
            place.height * self.chance.uniform(-0.2, 0.4),
        )
        factor, angle = self.chance.uniform(0.6, 1.5), self.chance.uniform(-90, 90)
        middle = f"{place.width / 2:.3f} {place.height / 2:.3f}"
        text, scale = self.chance.choice(
            [
                (f"translate({x:.3f},{y:.3f})", 1.0),
                (f"translate({x:.3f})", 1.0),
                (f"rotate({angle:.3f} {middle})", 1.0),
                (f"rotate({angle / 2:.3f})", 1.0),
                (f"scale({factor:.3f})", factor),
                (f" scale ( {factor:.3f} , {factor * 0.8:.3f} ) ", factor * math.sqrt(0.8)),
                (f"skewX({angle / 3:.3f})", 1.0),
                (f"skewY({angle / 3:.3f})", 1.0),
                (f"translate({x:.3f} {y:.3f})scale({factor:.3f}),rotate(20)", factor),
                (f"matrix({factor:.3f} 0.1 -.1 {factor:.3f} {x:.3f} {y:.3f})", factor),
            ]
        )  # fmt: skip
        origin = ""
        if self.flip(0.3) and not place.in_symbol:
            point = self.chance.choice(
                ["center", "50% 50%", "left 20%", f"{x:.3f} {y:.3f}", f"{x:.3f}px", "right top"]
            )
            origin = f' transform-origin="{point}"'
        return scale, f' transform="{text}"{origin}'

    def viewport(self, place: _Place) -> str:
        """Return a nested `<svg>` that is cut, or not."""
        return self._sized("svg", place, "")

    def symbol(self, place: _Place) -> str:
        name = self.name()
        x, y, width, height = self._box(place)
        size = _Place(width, height, place.scale, place.depth + 1, in_symbol=True)
        inner, box = self.view_box(size)
        overflow = self.chance.choice(["", ' overflow="visible"', ' overflow="hidden"'])
        self.defs.append(f'<symbol id="{name}"{box}{overflow}>{self.children(inner)}</symbol>')
        return (
            f'<use {self.href(name)} x="{x:.3f}" y="{y:.3f}" width="{width:.3f}" '
            f'height="{height:.3f}"/>'
        )

    def _box(self, place: _Place) -> tuple[float, float, float, float]:
        width, height = (s * self.chance.uniform(0.3, 0.8) for s in (place.width, place.height))
        x, y = (
            self.chance.uniform(0, place.width - width),
            self.chance.uniform(0, place.height - height),
        )
        return x, y, width, height

    def _sized(self, tag: str, place: _Place, attributes: str) -> str:
        x, y, width, height = self._box(place)
        inner, box = self.view_box(
            _Place(width, height, place.scale, place.depth + 1, place.in_symbol)
        )
        if self.flip(0.3):
            inner, box = _Place(width, height, place.scale, place.depth + 1, place.in_symbol), ""
        sizes = [
            f'{name}="{self.length(place, value, side)}"'
            for name, value, side in (
                ("x", x, place.width),
                ("y", y, place.height),
                ("width", width, place.width),
                ("height", height, place.height),
            )
        ]
        overflow = self.chance.choice(["", "", ' overflow="visible"', ' style="overflow:hidden"'])
        return f"<{tag} {' '.join(sizes)}{attributes}{box}{overflow}>{self.children(inner)}</{tag}>"

    def href(self, name: str) -> str:
        return self.chance.choice([f'href="#{name}"', f'xlink:href="#{name}"'])

    def use(self, place: _Place) -> str:
        """Return uses of a shape or a group that stands in defs, a clipPath, or on the page."""
        name = self.name()
        if self.flip():
            body = f'<g id="{name}">{self.children(place, 2)}</g>'
        else:
            body = self.shape(place, f' id="{name}"')
        before = self.chance.choice(["", "clipPath", "mask", "defs"])
        if before:
            self.defs.append(f"<{before}>{body}</{before}>")
            body = ""
        x, y = (
            place.width * self.chance.uniform(0, 0.3),
            self.length(place, place.height * 0.1, place.height),
        )
        return f'{body}<use {self.href(name)} x="{x:.3f}" y="{y}"/>'

    def switch(self, place: _Place) -> str:
        no = self.chance.choice(
            ['systemLanguage="xx"', 'requiredExtensions="urn:none"', 'systemLanguage=""']
        )
        yes = self.chance.choice(["", 'systemLanguage="en"', 'systemLanguage="de, en"'])
        return (
            f"<switch><g {no}>{self.children(place)}</g><g {yes}>{self.children(place)}</g>"
            f"<g>{self.children(place)}</g></switch>"
        )

    def clipped(self, place: _Place) -> str:
        name = self.name()
        area = "".join(self.area(place) for _ in range(self.chance.randint(1, 3)))
        if self.flip(0.2):
            other = self.name()
            self.defs.append(f'<clipPath id="{other}">{self.area(place)}</clipPath>')
            area = area.replace("/>", f' clip-path="url(#{other})"/>', 1)
        self.defs.append(f'<clipPath id="{name}">{area}</clipPath>')
        return f'<g clip-path="url(#{name})">{self.children(place)}</g>'

    def masked(self, place: _Place) -> str:
        name = self.name()
        painted = "".join(
            self.area(place, f' fill="{self.chance.choice(["white", "white", "black", "#ffc"])}"')
            for _ in range(self.chance.randint(1, 4))
        )
        self.defs.append(
            f'<mask id="{name}" maskUnits="userSpaceOnUse" x="0" y="0" width="{place.width:.3f}" '
            f'height="{place.height:.3f}">{painted}</mask>'
        )
        return f'<g mask="url(#{name})">{self.children(place)}</g>'

    def area(self, place: _Place, paint: str = "") -> str:
        x, y, width, height = self._box(place)
        rule = self.chance.choice(["", ' clip-rule="evenodd" fill-rule="evenodd"'])
        points = " ".join(
            f"{self.chance.uniform(0, place.width):.3f},{self.chance.uniform(0, place.height):.3f}"
            for _ in range(self.chance.randint(3, 7))
        )
        return self.chance.choice(
            [
                f'<rect x="{x:.3f}" y="{y:.3f}" width="{width:.3f}" height="{height:.3f}"{paint}/>',
                f'<circle cx="{x + width / 2:.3f}" cy="{y:.3f}" r="{width / 2:.3f}"{paint}/>',
                f'<polygon points="{points}"{rule}{paint}/>',
            ]
        )

    def unseen(self, place: _Place) -> str:
        """Return a group that cannot be seen, for a reason that may stand in a style sheet."""
        name, value = self.chance.choice(
            [
                ("display", "none"),
                ("opacity", "0"),
                ("opacity", "0%"),
                ("visibility", "hidden"),
                ("visibility", "collapse"),
            ]
        )
        return f"<g{self.property(name, value)}>{self.children(place)}</g>"

    def broken(self, place: _Place) -> str:
        """Return an element with an error, or without an effect."""
        return self.chance.choice(
            [
                "<path/>",
                '<path d="M"/>',
                f'<path d="M5 5L20 5 foo 9 9"{self.pen(place)}/>',
                "<circle/>",
                '<rect width="-5" height="9"/>',
                '<polyline points="1"/>',
                '<use href="#nil"/>',
                '<ellipse rx="0" ry="5"/>',
                "<unknown><path d='M0 0L9 9'/></unknown>",
                "<desc>words</desc>",
            ]
        )

    # --- style ----------------------------------------------------------------------

    def property(self, name: str, value: str) -> str:
        """Write a property as an attribute, a style, or a rule of the style sheet."""
        way = self.chance.randrange(6)
        if way == 0:
            return f' {name}="{value}"'
        if way == 1:
            return f' style="{name}:{value}"'
        if way == 2:
            return f' style=" {name} : {value} ; "'
        rule, attribute = self._selector()
        important = self.chance.choice(["", " !important"])
        self.rules.append(f"{rule}{{{name}:{value}{important}}}")
        if important and name != "opacity":  # resvg: inherit is important where the parent's is
            return f'{attribute} {name}="inherit"'
        return attribute

    def _selector(self) -> tuple[str, str]:
        """Return a selector, and the attribute that makes it fit."""
        name = self.name()
        return self.chance.choice(
            [
                (f".{name}", f' class="x {name}"'),
                (f".a.{name}", f' class="{name} a"'),
                (f"#{name}", f' id="{name}"'),
                (f"svg .{name}", f' class="{name}"'),
                (f".nil, .{name}", f' class="{name}"'),
                (f'[data-a="{name}"]', f' data-a="{name}"'),
                (f"svg g *.{name}", f' class="{name}"'),
                (f"@font-face{{src:url(x)}} .{name}", f' class="{name}"'),
            ]
        )

    def harmless(self) -> str:
        return self.chance.choice(
            ["", "", ' opacity="0.9"', ' style="foo:bar"', self.property("opacity", ".8")]
        )

    def pen(self, place: _Place) -> str:
        """Return the stroke of a shape."""
        text = f' stroke-width="{LINE / place.scale:.5g}"'
        if self.flip(0.1):
            return text + self.property("stroke", self.chance.choice(_UNSEEN))
        if self.flip(0.1):
            dashes = " ".join(f"{self.chance.uniform(6, 15) / place.scale:.4g}" for _ in range(3))
            text += f' stroke-dasharray="{dashes}" stroke-linecap="butt"'
        if self.flip(0.5):
            return text + self.property("stroke", self.chance.choice(_COLOURS))
        return text

    # --- shapes ---------------------------------------------------------------------

    def shape(self, place: _Place, attributes: str = "") -> str:
        x, y, width, height = self._box(place)
        pen = "" if attributes else self.pen(place)
        if attributes:  # its id is taken: no rule may need another
            pen = f' stroke-width="{LINE / place.scale:.5g}"'
        sizes = {
            "x": self.length(place, x, place.width),
            "y": self.length(place, y, place.height),
            "width": self.length(place, width, place.width),
            "height": self.length(place, height, place.height),
            "cx": self.length(place, x + width / 2, place.width),
            "cy": self.length(place, y + height / 2, place.height),
            "rx": self.length(place, width / 2, place.width),
            "ry": self.length(place, height / 2, place.height),
            "r": self.length(
                place, height / 2, math.hypot(place.width, place.height) / math.sqrt(2)
            ),
            "x1": self.length(place, x, place.width),
            "y1": self.length(place, y, place.height),
            "x2": self.length(place, x + width, place.width),
            "y2": self.length(place, y + height, place.height),
        }
        names = {
            "rect": ["x", "y", "width", "height"],
            "circle": ["cx", "cy", "r"],
            "ellipse": ["cx", "cy", "rx", "ry"],
            "line": ["x1", "y1", "x2", "y2"],
        }
        tag = self.chance.choice([*names, "path", "path", "path", "polyline", "polygon"])
        if tag in names:
            chosen = names[tag]
            if tag == "rect" and self.flip(0.3):
                sizes["rx"] = self.length(place, width / 5, place.width)
                chosen = [*chosen, "rx"]
            text = " ".join(f'{name}="{sizes[name]}"' for name in chosen)
        elif tag == "path":
            text = f'd="{self.path(x, y, width, height)}"'
        else:
            points = [
                f"{x + width * self.chance.random():.3f}{self.chance.choice([' ', ',', ' , '])}"
                f"{y + height * self.chance.random():.3f}"
                for _ in range(self.chance.randint(2, 6))
            ]
            text = f'points="{" ".join(points)}"'
        return f"<{tag}{attributes} {text}{pen}/>"

    def path(self, x: float, y: float, width: float, height: float) -> str:
        """Return path data of commands of all kinds, in a box."""
        words = [f"M{self.number_of(x, x + width)} {self.number_of(y, y + height)}"]
        for _ in range(self.chance.randint(1, 7)):
            letter = self.chance.choice("LHVCSQTAZMlhvcsqtazm")
            relative = letter.islower()
            boxes = ((-width / 2, width / 2), (-height / 2, height / 2))
            if not relative:
                boxes = ((x, x + width), (y, y + height))
            kind = letter.upper()
            along, down = self.number_of(*boxes[0]), self.number_of(*boxes[1])
            if kind == "A":
                rx, ry = self.number_of(width / 9, width), self.number_of(height / 9, height)
                flags = self.chance.choice(["0 0 ", "01", "1,0,", "11"])
                words.append(f"{letter}{rx},{ry} {self.number_of(-90, 90)} {flags}{along} {down}")
            elif kind == "H":
                words.append(f"{letter}{along}")
            elif kind == "V":
                words.append(f"{letter} {down}")
            elif kind == "Z":
                words.append(letter)
            else:
                pairs = {"L": 1, "M": 1, "T": 1, "S": 2, "Q": 2, "C": 3}[kind]
                pairs *= self.chance.choice([1, 1, 2])
                gap = self.chance.choice([" ", ","])
                words.append(
                    letter
                    + " ".join(gap.join(self.number_of(*b) for b in boxes) for _ in range(pairs))
                )
        return self.chance.choice(["", " "]).join(words)
