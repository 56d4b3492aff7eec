"""Who may import whom: CONTRIBUTING.md's table, held against the code's own imports."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sketchvae

SOURCE = Path(sketchvae.__file__).parent

# A room is a module or a folder directly in the package; "" is the package's own __init__.
DRAWING_SIDE = {"drawing", "errors", "files"}
MAY_IMPORT: dict[str, set[str] | None] = {  # None: anything
    "errors": set(),
    "drawing": {"errors", "flock"},  # flock inside a function: a drawing plays in a notebook
    "flock": {"drawing", "errors", "rendering"},
    "files": {"errors"},
    "model_file": {"drawing", "errors", "files"},
    "data": DRAWING_SIDE,
    "rendering": DRAWING_SIDE,
    "plotter": DRAWING_SIDE,
    "judging": DRAWING_SIDE,
    "artist": {*DRAWING_SIDE, "flock", "model_file"},
    "exploring": {*DRAWING_SIDE, "model_file", "artist", "judging", "rendering"},
    "learning": {*DRAWING_SIDE, "model_file", "data", "artist", "rendering", "exploring"},
    "": {"artist", "drawing", "flock"},
    "cli": None,
    "web": None,
    "__main__": {"cli"},
}
ROOMS_OF = {  # what is heavy, or is not always there: which rooms may import it
    "torch": {"learning"},
    "tensorboard": {"learning"},
    "sklearn": {"learning", "exploring"},
    "umap": {"exploring"},
}
HEAVY = {
    "torch",
    "quickdraw",
    "PIL",
    "sklearn",
    "scipy",
    "rich",
    "svgelements",
    "svgwrite",
    "vpype",
}


def room_of(module: str) -> str:
    """Name the room of one of our modules: sketchvae.data.packed is in data."""
    room = [*module.split("."), ""][1]
    return "" if room == "__init__" else room


def imported(source: str, module: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of all that a module imports, inside functions too.

    `from a import b` gives a.b: b may be a module.
    """
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{name.name}") for name in node.names)


def trespasses(source: str, module: str, rooms: set[str]) -> list[str]:
    """List the imports of a module that the table forbids."""
    here = room_of(module)
    allowed = MAY_IMPORT[here]
    found = []
    for line, name in imported(source, module):
        top, there = name.split(".")[0], room_of(name)
        there = there if there in rooms else ""  # from sketchvae import Drawing
        if here not in ROOMS_OF.get(top, {here}):
            found.append(f"{module}:{line} imports {top}")
        elif top == "sketchvae" and here != there and allowed is not None and there not in allowed:
            found.append(f"{module}:{line} imports {name}")
    return found


def modules() -> dict[str, str]:
    """Return the source of every module of ours by its name; a folder's is its __init__."""
    sources = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        sources[".".join(parts)] = path.read_text(encoding="utf-8")
    return sources


ROOMS = {room_of(name) for name in modules()}


def test_no_room_imports_what_the_table_forbids() -> None:
    found = []
    for module, source in modules().items():
        found += trespasses(source, module, ROOMS)
    assert found == []


def test_every_room_is_in_the_table_and_the_core_is_there() -> None:
    assert set(MAY_IMPORT) >= ROOMS
    assert {"drawing", "errors", "files", "model_file", "data", "artist", "rendering"} <= ROOMS


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("sketchvae.drawing", "import sketchvae.files", True),
        ("sketchvae.drawing", "from sketchvae.rendering.svg import to_svg", True),
        ("sketchvae.drawing", "from sketchvae.errors import SketchvaeError", False),
        ("sketchvae.files", "from sketchvae.drawing import Drawing", True),
        ("sketchvae.data.npz", "from sketchvae.rendering.svg import to_svg", True),
        ("sketchvae.data.npz", "from sketchvae import rendering", True),
        ("sketchvae.data.npz", "from sketchvae import Drawing", True),
        ("sketchvae.data.npz", "from ..rendering import svg", True),
        ("sketchvae.data.npz", "from .. import artist", True),
        ("sketchvae.data.npz", "from .packed import pack", False),
        ("sketchvae.data.npz", "from sketchvae.data import packed", False),
        ("sketchvae.data.npz", "def f():\n    import torch.nn", True),
        ("sketchvae.cli.draw", "if True:\n    from sklearn.mixture import GaussianMixture", True),
        ("sketchvae.cli.draw", "import sketchvae.learning.model", False),
        ("sketchvae.artist.artist", "from sketchvae.cli import main", True),
        ("sketchvae.artist.artist", "from sketchvae.data.packed import pack", True),
        ("sketchvae.learning.progress", "import torch\nfrom sketchvae.artist import artist", False),
        ("sketchvae.exploring.clusters", "from sklearn.cluster import KMeans", False),
        ("sketchvae.exploring.clusters", "import torch", True),
        ("sketchvae.judging.traits", "from sketchvae.artist import artist", True),
        ("sketchvae.learning.progress", "from sketchvae.cli.extras import needs", True),
        ("sketchvae.__init__", "from .cli import main", True),
        ("sketchvae.__init__", "from sketchvae.drawing import Drawing", False),
        ("sketchvae.data.__init__", "from ..artist import artist", True),
        ("sketchvae.data.npz", "import numpy, json\nfrom pathlib import Path", False),
    ],
)
def test_checker_finds_a_trespass_and_nothing_else(module: str, source: str, found: bool) -> None:
    assert bool(trespasses(source, module, ROOMS)) is found


def left_behind(module: str, watched: set[str]) -> set[str]:
    """Import a module in a fresh process; return what of `watched` came with it."""
    script = f"import sys, json, {module}; print(json.dumps([*sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)} & watched


@pytest.mark.parametrize(
    "module",
    [
        "sketchvae",
        "sketchvae.artist.artist",
        "sketchvae.rendering.svg",
        "sketchvae.rendering.raster",
        "sketchvae.rendering.animated",
        "sketchvae.plotter.layout",
        "sketchvae.plotter.gcode",
        "sketchvae.plotter.pipeline",
        "sketchvae.plotter.svg",
        "sketchvae.data.packed",
        "sketchvae.data.formats",
        "sketchvae.cli",
    ],
)
def test_import_for_drawing_brings_nothing_heavy(module: str) -> None:
    assert left_behind(module, HEAVY) == set()


def test_what_an_import_brings_is_seen() -> None:
    assert left_behind("xml.dom.minidom", {"xml", "torch"}) == {"xml"}
