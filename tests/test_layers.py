"""Who may import whom: the table of docs/architecture.md, and the code's own imports beside it.

scripts/document writes MAY_IMPORT into that page.
"""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from helpers import imported_by

import sketchvae

SOURCE = Path(sketchvae.__file__).parent

# A room is a module or a folder directly in the package; "" is the package's own __init__.
GROUND = {
    "errors", "files", "polyline", "curve", "drawing", "sequences", "raster", "bitmaps", "svg_page",
    "features", "faults", "npy"
}  # fmt: skip
MAY_IMPORT: dict[str, set[str] | None] = {  # from the ground up; None: anything
    "errors": set(),
    "files": {"errors"},
    "npy": set(),
    "polyline": {"errors"},
    "curve": {"errors", "polyline"},
    "svg_page": {"errors", "polyline"},
    "drawing": {"errors", "polyline", "curve", "svg_page"},
    "sequences": {"errors", "polyline", "drawing"},
    "raster": {"errors", "polyline", "drawing"},
    "bitmaps": {"errors", "polyline", "drawing", "raster", "npy"},
    "features": {"errors", "polyline", "drawing"},
    "faults": {"errors", "polyline", "drawing"},
    "machine": {"errors", "files"},
    "data": GROUND,
    "model": GROUND,
    "render": GROUND,
    "plot": {*GROUND, "machine"},
    "flock": {*GROUND, "data", "render"},
    "generate": {*GROUND, "model", "flock"},
    "evaluate": {*GROUND, "data", "model", "generate"},
    "explore": {*GROUND, "model", "render", "generate", "evaluate"},
    "train": {*GROUND, "data", "model", "generate", "evaluate"},
    "web": {
        *GROUND,
        "machine",
        "data",
        "model",
        "render",
        "plot",
        "flock",
        "generate",
        "explore",
        "",
    },
    "": {"errors", "drawing", "flock", "data", "generate"},
    "cli": None,
    "__main__": {"cli"},
}
ROOMS_OF = {  # what is heavy, or is not always there: which rooms may import it
    "torch": {"model", "evaluate", "train", "cli"},
    "tensorboard": {"train", "cli"},
    "sklearn": {"train", "evaluate", "explore"},
    "umap": {"explore"},
}
MOST_LINES = 350  # of a module
HEAVY = {
    "torch",
    "quickdraw",
    "PIL",
    "sklearn",
    "scipy",
    "rich",
    "cssselect2",
    "tinycss2",
    "svgwrite",
    "vpype",
}


def room_of(module: str) -> str:
    """Name the room of one of our modules: sketchvae.data.dataset is in data."""
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
    assert {"drawing", "errors", "files", "model", "data", "generate", "render"} <= ROOMS


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("sketchvae.drawing", "import sketchvae.files", True),
        ("sketchvae.drawing", "from sketchvae.render.svg import to_svg", True),
        ("sketchvae.drawing", "from sketchvae.errors import SketchvaeError", False),
        ("sketchvae.files", "from sketchvae.drawing import Drawing", True),
        ("sketchvae.data.npz", "from sketchvae.render.svg import to_svg", True),
        ("sketchvae.data.npz", "from sketchvae import render", True),
        ("sketchvae.data.npz", "from sketchvae import Drawing", True),
        ("sketchvae.data.npz", "from ..render import svg", True),
        ("sketchvae.data.npz", "from .. import generate", True),
        ("sketchvae.data.npz", "from .dataset import pack", False),
        ("sketchvae.data.npz", "from sketchvae.data import dataset", False),
        ("sketchvae.data.npz", "def f():\n    import torch.nn", True),
        ("sketchvae.cli.draw", "if True:\n    from sklearn.mixture import GaussianMixture", True),
        ("sketchvae.cli.draw", "import sketchvae.model.torch_net", False),
        ("sketchvae.generate.artist", "from sketchvae.cli import main", True),
        ("sketchvae.generate.artist", "from sketchvae.data.dataset import pack", True),
        ("sketchvae.train.trainer", "import torch\nfrom sketchvae.model import torch_net", False),
        ("sketchvae.explore.clusters", "from sklearn.cluster import KMeans", False),
        ("sketchvae.explore.clusters", "import torch", True),
        ("sketchvae.evaluate.traits", "from sketchvae.train import trainer", True),
        ("sketchvae.train.trainer", "from sketchvae.cli.extras import needs", True),
        ("sketchvae.__init__", "from .cli import main", True),
        ("sketchvae.__init__", "from sketchvae.drawing import Drawing", False),
        ("sketchvae.data.__init__", "from ..generate import artist", True),
        ("sketchvae.data.npz", "import numpy, json\nfrom pathlib import Path", False),
    ],
)
def test_checker_finds_a_trespass_and_nothing_else(module: str, source: str, found: bool) -> None:
    assert bool(trespasses(source, module, ROOMS)) is found


# --- circles and sizes ----------------------------------------------------------------------


def imports_between(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return for each module the modules of `sources` that it imports, whole or a name of.

    Imports inside functions and under TYPE_CHECKING count.
    """
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        graph[module] = set()
        for _, name in imported(source, module):
            parent = name.rpartition(".")[0]
            for candidate in (name, f"{name}.__init__", parent, f"{parent}.__init__"):
                if candidate in sources:
                    graph[module].add(candidate)
                    break
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return modules that import each other in a circle, the first again at the end; or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(imports_between(modules())) == []


def test_a_circle_is_found_inside_functions_and_among_types_too() -> None:
    sources = {
        "a.b": "def f():\n    from a.c import g",
        "a.c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import d",
        "a.d.__init__": "import json",
    }
    assert circle(imports_between(sources)) == []
    sources["a.d.__init__"] = "from ..b import f"
    assert sorted(circle(imports_between(sources))[1:]) == ["a.b", "a.c", "a.d.__init__"]


def test_no_module_is_longer_than_a_reader_wants() -> None:
    lengths = {name: len(source.splitlines()) for name, source in modules().items()}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


# --- docstrings -----------------------------------------------------------------------------

LEAST_WITH_ARGS = 0.9  # of the public functions with two or more arguments


def public_functions(source: str) -> Iterator[ast.FunctionDef]:
    """Yield the public functions and the public methods of public classes of a module."""
    for node in ast.parse(source).body:
        body = node.body if isinstance(node, ast.ClassDef) and node.name[0] != "_" else [node]
        for item in body:
            if isinstance(item, ast.FunctionDef) and not item.name.startswith("_"):
                yield item


def arguments_of(function: ast.FunctionDef) -> list[str]:
    """List the names of a function's arguments, without self and cls."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def test_docstrings_describe_the_arguments_where_there_are_several() -> None:
    described, missing = 0, []
    for module, source in modules().items():
        if room_of(module) == "cli":  # click describes the arguments of commands
            continue
        for function in public_functions(source):
            if len(arguments_of(function)) >= 2:
                if "Args:" in (ast.get_docstring(function) or ""):
                    described += 1
                else:
                    missing.append(f"{module}.{function.name}")
    assert described >= LEAST_WITH_ARGS * (described + len(missing)), missing


# --- weight ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module",
    [
        "sketchvae",
        "sketchvae.generate.artist",
        "sketchvae.render.svg",
        "sketchvae.render.png",
        "sketchvae.render.animation",
        "sketchvae.render.map",
        "sketchvae.render.tween",
        "sketchvae.plot.layout",
        "sketchvae.plot.gcode",
        "sketchvae.plot.vpype",
        "sketchvae.plot.svg",
        "sketchvae.data.dataset",
        "sketchvae.data.formats",
        "sketchvae.cli",
    ],
)
def test_import_for_drawing_brings_nothing_heavy(module: str) -> None:
    assert imported_by(module, HEAVY) == set()


def test_what_an_import_brings_is_seen() -> None:
    assert imported_by("xml.dom.minidom", {"xml", "torch"}) == {"xml"}
