"""Sheep drawn the way people draw them, one pen stroke after another.

Names are loaded when they are first used, so that a command starts without what it does not need.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sketchvae.drawing import Drawing
    from sketchvae.errors import SketchvaeError
    from sketchvae.flock import Flock, read, write
    from sketchvae.generate.artist import Artist, load

__all__ = ["Artist", "Drawing", "Flock", "SketchvaeError", "load", "read", "write"]
__version__ = "0.2.0"

_MODULES = {
    "Artist": "generate.artist",
    "Drawing": "drawing",
    "Flock": "flock",
    "SketchvaeError": "errors",
    "load": "generate.artist",
    "read": "flock",
    "write": "flock",
}

if not TYPE_CHECKING:  # a type checker must not take any name for one of ours

    def __getattr__(name: str) -> object:
        """Import a public name from its module."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value  # so that it is looked up once
        return value

    def __dir__() -> list[str]:
        """List the public names, those that are not loaded yet among them."""
        return sorted({*globals(), *__all__})
