"""What a command says names options of its own, or names the command that has them.

The texts that a command may print are found in the source: from its function on through the names
of every function and class that these use.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

import sketchvae as package
from sketchvae.cli import main, words

ROOT = Path(package.__file__).parents[1]
NO_MESSAGES = {  # texts in which an option stands for something else
    ("sketchvae.cli.output", "_animate"),  # which looks whether the command has the option
    ("sketchvae.train.shortcomings", "why_empty"),  # parts of what _repeat says
    ("sketchvae.train.shortcomings", "why_few"),
    ("sketchvae.train.shortcomings", "_too_long"),
    ("sketchvae.render.record", "_parse"),  # refuses the option
    ("sketchvae.errors", "install_command"),  # uv's option
    ("sketchvae.plot.vpype", "optimize"),  # vpype's options
}
NOT_REACHED = {  # by commands that only look a machine up
    "sketchvae.plot.bed": ("MachinePlot",),
    "sketchvae.machine.tokens": ("_check_words",),
}
LOOKS_UP = {"send": ("sketchvae.plot.bed",), "machines": tuple(NOT_REACHED)}
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")

Symbol = tuple[str, str]  # of a module, and a name in it


@cache
def parsed(name: str) -> tuple[dict[str, ast.AST], dict[str, Symbol]] | None:
    """Return the definitions of a module by name, and what it imports of the package."""
    base = ROOT / Path(*name.split("."))
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    if not path.exists():
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            own |= {n.id: node for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    imports = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sketchvae")
        for alias in node.names
        if node.module is not None
    }
    return own, imports


def used_by(symbol: Symbol) -> Iterator[Symbol]:
    """Yield the names of the package that a definition uses."""
    module = parsed(symbol[0])
    if module is None:
        return
    own, imports = module
    if symbol[1] not in own:
        yield from [imports[symbol[1]]] if symbol[1] in imports else []
        return
    for node in ast.walk(own[symbol[1]]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in imports:
                yield ".".join(imports[node.value.id]), node.attr
        elif isinstance(node, ast.Name):
            if node.id in own:
                yield symbol[0], node.id
            elif node.id in imports:
                yield imports[node.id]


def reached_from(start: Symbol) -> set[Symbol]:
    """Return a definition and all that it uses, directly or not."""
    seen: set[Symbol] = set()
    left = [start]
    while left:
        symbol = left.pop()
        if symbol not in seen:
            seen.add(symbol)
            left += used_by(symbol)
    return seen


def texts_of(symbol: Symbol) -> Iterator[str]:
    """Yield the texts in a definition, without docstrings; {} stands for a value."""
    module = parsed(symbol[0])
    if module is None or symbol[1] not in module[0]:
        return
    nodes = [*ast.walk(module[0][symbol[1]])]
    no_text = {id(v) for n in nodes if isinstance(n, ast.JoinedStr) for v in n.values}
    no_text |= {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            values = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
            yield "".join(map(str, values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from [] if id(node) in no_text else [node.value]


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield all commands with their names, as "data import"."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        yield f"{path}{name}", command


COMMANDS = dict(commands(main))
OF_ALL = {"--help", "--version"}


def foreign_options(text: str, own: set[str]) -> set[str]:
    """Return the options in a text that are not a command's own, nor of a command that it names."""
    named = [
        words.options_of(command)
        for name, command in COMMANDS.items()
        if re.search(rf"\b{re.escape(name)}\b", text)
    ]
    return set(_OPTION.findall(text)) - own - OF_ALL - {o for some in named for o in some}


def callback_of(command: click.Command) -> Symbol:
    function: Any = command.callback
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function.__module__, function.__name__


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "studio"])
def test_messages_of_a_command_name_its_own_options(name: str) -> None:
    own = set(words.options_of(COMMANDS[name]))
    looked_up = LOOKS_UP.get(name.split()[0], ())
    found = {
        (*symbol, option)
        for symbol in reached_from(callback_of(COMMANDS[name])) - NO_MESSAGES
        if not (symbol[0] in looked_up and symbol[1] in NOT_REACHED[symbol[0]])
        for text in texts_of(symbol)
        for option in foreign_options(text, own)
    }
    assert not found


def test_a_foreign_option_is_found_and_one_of_a_named_command_is_not() -> None:
    own = set(words.options_of(COMMANDS["score"]))
    assert foreign_options("{}: choose a smaller --page", own) == {"--page"}
    assert not foreign_options("{}: leave --outliers out, or plot with a smaller --page", own)
    assert not foreign_options("repeat data import with --simplify 4", own)


def test_messages_far_from_a_command_are_reached() -> None:
    for name, symbol in (
        ("plot", ("sketchvae.plot.bed", "MachinePlot")),
        ("draw", ("sketchvae.model.weights", "load")),
        ("train", ("sketchvae.train.shortcomings", "_repeat")),
        ("data import", ("sketchvae.data.formats", "_check_signature")),
    ):
        assert symbol in reached_from(callback_of(COMMANDS[name]))
        assert any(texts_of(symbol))
