"""Machines by name: what suits each, in TOML that ships with sketchvae or is a person's own.

A machine is a set of options of `sketchvae plot`, so that they need not be typed again. One that is
`like` another takes over what it does not state itself.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from sketchvae.errors import FileFormatError, SketchvaeError, abbreviate
from sketchvae.machine.timing import Motion
from sketchvae.plot.bed import Corner, Machine, make_machine
from sketchvae.plot.pen_lift import Dialect, PenLift, make_lift

SHIPPED = Path(__file__).with_name("machines.toml")
FORMATS = {"svg": "SVG", "gcode": "G-code", "hpgl": "HPGL"}
DEFAULTS = {"SVG": "axidraw", "G-code": "grbl-servo", "HPGL": "hp7475a"}  # where none is named

_LIFT = {"dialect": str, "pen_up": str, "pen_down": str, "up": float, "down": float}
_LIFT |= {"plunge": float, "dwell_up": float, "dwell_down": float}
_MOTION = ("feed", "rapid", "acceleration", "rapid_acceleration", "junction")
OPTIONS: dict[str, type] = {  # type by the name of the option
    "device": str,
    "page": str,
    "landscape": bool,
    "margin": float,
    "bed": str,
    "origin": str,
    "offset": str,
    "home": bool,
    **_LIFT,
    **dict.fromkeys(_MOTION, float),
}
_TEXTS = ("about", "like", "format", "port")  # what is no option of `plot`
_CHOICES = {"format": tuple(FORMATS), "origin": get_args(Corner), "dialect": get_args(Dialect)}
_KINDS = {str: "text", float: "a number", bool: "true or false"}
_LARGEST = 10**15  # integer in a file
_LIFT_NAMES = ("dialect", "pen_up", "pen_down")  # each chooses a way to lift the pen


@dataclass(frozen=True, slots=True)
class Profile:
    """A machine by its name.

    Attributes:
        name: of the machine.
        path: of the file in which it stands.
        about: what it is, in words.
        form: what it draws: "SVG", "G-code" or "HPGL".
        port: to which `send` sends; empty if it must be named each time.
        options: values by the names of options of `plot`, with `_` for `-`.
    """

    name: str
    path: Path
    about: str = ""
    form: str = "G-code"
    port: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def pen_lift(self) -> PenLift:
        """Return how it lifts its pen."""
        return make_lift(self.options)

    def motion(self) -> Motion:
        """Return how fast it moves."""
        speeds = {name: self.options[name] for name in _MOTION if name in self.options}
        motion = Motion(**speeds)
        return replace(motion, pen_delay=self.pen_lift().delay(motion))

    def machine(self) -> Machine:
        """Return where the page lies on it."""
        return make_machine(self.options)


def read_profiles(own: Path) -> dict[str, Profile]:
    """Read all machines, the shipped ones first; one of a person's own hides one of its name.

    Args:
        own: the person's file, which need not be there.

    Raises:
        SketchvaeError: if the file cannot be read or says what it must not.
    """
    profiles = _shipped()
    try:
        text = own.read_text("utf-8")
    except FileNotFoundError:
        return profiles
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8"
        raise SketchvaeError(f"{own}: cannot be read ({reason}); mend or remove it") from error
    return _add_profiles(profiles, own, text)


def find_profile(name: str, own: Path) -> Profile:
    """Return a machine by its name.

    Args:
        name: of the machine.
        own: the person's file.

    Raises:
        SketchvaeError: if there is none of that name.
    """
    profiles = read_profiles(own)
    if name not in profiles:
        close = difflib.get_close_matches(name, profiles, 1)
        advice = f"did you mean {close[0]}?" if close else f"sketchvae machines add {name} adds it"
        raise SketchvaeError(
            f"a machine must be one of {', '.join(profiles)}, got {name!r:.60}; {advice}"
        )
    return profiles[name]


def override(options: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, of which others take precedence.

    Another way to lift the pen brings its own defaults: nothing about the lift is kept then.

    Args:
        options: values by name.
        others: that take precedence.
    """
    is_other_lift = any(name in others for name in _LIFT_NAMES)
    kept = {k: v for k, v in options.items() if not (is_other_lift and k in _LIFT)}
    return {**kept, **others}


def add_profile(path: Path, text: str, name: str, values: Mapping[str, Any]) -> str:
    """Return the text of a file with one more machine at its end.

    Args:
        path: of the file, for messages.
        text: of the file.
        name: of the machine.
        values: by key, as they stand in the file, with `_` for `-`.

    Raises:
        SketchvaeError: if the file has a machine of that name, or a value is not what it must be.
    """
    if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_"):
        raise SketchvaeError(
            f"the name of a machine must be of small letters, digits, - and _, got {name!r:.60}; "
            "choose another"
        )
    if name in _parse(path, text):
        raise SketchvaeError(
            f"{path}: has a machine {name}; change it there, or choose another name"
        )
    separator = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    added = f"{text}{separator}[{name}]\n{format_values(values)}"
    _add_profiles(_shipped(), path, added)
    return added


def format_values(values: Mapping[str, Any]) -> str:
    """Return keys and values as lines of TOML.

    Args:
        values: texts, numbers and booleans by key, with `_` for `-`.
    """
    return "".join(f"{key.replace('_', '-')} = {_toml(value)}\n" for key, value in values.items())


def _shipped() -> dict[str, Profile]:
    return _add_profiles({}, SHIPPED, SHIPPED.read_text("utf-8"))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | int):
        return f"{value:.12g}"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number has too many digits, or lists no end
        raise FileFormatError(f"{path}: must be TOML, is none ({error!s:.100}); mend it") from error


def _add_profiles(known: Mapping[str, Profile], path: Path, text: str) -> dict[str, Profile]:
    """Return machines with those of a file; each may be like one that stands above it.

    Args:
        known: machines by name.
        path: of the file.
        text: of the file.
    """
    profiles = dict(known)
    for name, table in _parse(path, text).items():
        where = f"{path}: [{name:.60}]"
        if not isinstance(table, dict):
            raise FileFormatError(
                f"{path}: must hold machines, such as [mine], got {name:.60}; put it under one"
            )
        values = {key.replace("-", "_"): value for key, value in table.items()}
        for key, value in values.items():
            _check(where, key, value)
        if ("pen_up" in values) != ("pen_down" in values):
            raise FileFormatError(
                f"{where}: must have pen-up and pen-down, or neither, got one; add the other"
            )
        like = values.get("like")
        if like is not None and like not in profiles:
            raise FileFormatError(
                f"{where}: must be like a machine that stands above it, got {like!r:.60}; choose "
                f"one of {', '.join(profiles)}"
            )
        profiles[name] = _profile(name, path, values, profiles[like] if like else None)
    return profiles


def _check(where: str, key: str, value: object) -> None:
    """Refuse a key that no machine has, or a value of another kind.

    Args:
        where: file and machine, for messages.
        key: with `_` for `-`.
        value: of the key.
    """
    known = {**dict.fromkeys(_TEXTS, str), **OPTIONS}
    name = f"{key:.60}".replace("_", "-")
    if key not in known:
        close = difflib.get_close_matches(key, known, 1)
        advice = f"did you mean {close[0].replace('_', '-')}?" if close else "take it out"
        raise FileFormatError(f"{where}: {name} is no key of a machine; {advice}")
    kind = known[key]
    if not (_is_number(value) if kind is float else isinstance(value, kind)):
        raise FileFormatError(
            f"{where}: {name} must be {_KINDS[kind]}, got {abbreviate(value)}; mend it"
        )
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        raise FileFormatError(
            f"{where}: {name} must be one of {', '.join(choices)}, got {abbreviate(value)}; mend it"
        )


def _is_number(value: object) -> bool:
    """Return whether a value is a number, not a boolean, that a float can hold."""
    return type(value) is float or (type(value) is int and abs(value) < _LARGEST)


def _profile(name: str, path: Path, values: dict[str, Any], base: Profile | None) -> Profile:
    """Return a machine.

    Args:
        name: of it.
        path: of its file.
        values: by key.
        base: which it is like; None for none.
    """
    own = {key: values[key] for key in values if key in OPTIONS}
    base = base or Profile("", path)
    return Profile(
        name,
        path,
        values.get("about", base.about),
        FORMATS[values["format"]] if "format" in values else base.form,
        values.get("port", base.port),
        override(base.options, own),
    )
