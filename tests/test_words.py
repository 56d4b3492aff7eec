"""Words that people type, and the words of our own messages: every option that they name exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from helpers import SHEEP, sketchvae

import sketchvae as package
from sketchvae.cli import main, words
from sketchvae.cli.vpype_plugin import sheep as vpype_sheep
from sketchvae.cli.vpype_plugin import sketch as vpype_sketch

SOURCE = Path(package.__file__).parent
OF_OTHERS = {  # options that messages and comments name of other programs
    "--nproc-per-node": "torchrun",
    "--node-rank": "torchrun",
    "--two-opt": "vpype",
    "--python": "uv",
    "--index-url": "pip",
    "--user": "pip",
    "--logdir": "tensorboard",
    "--update-golden": "scripts/test",
    "--name": "a variable of CSS",
}
RUN_AS_MODULES = {"train/classifier.py"}  # with options of their own
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


def commands(command: click.Command = main) -> Iterator[click.Command]:
    """Yield a command and those within it."""
    yield command
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            yield from commands(subcommand)


def named_options(source: str) -> set[str]:
    """Return the options that the texts of a module name, docstrings included."""
    texts = (
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {name for text in texts for name in _OPTION.findall(text)}


EXISTING = {name for c in (*commands(), vpype_sheep, vpype_sketch) for name in words.options_of(c)}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.name)
def test_no_text_names_an_option_that_does_not_exist(path: Path) -> None:
    if str(path.relative_to(SOURCE)) in RUN_AS_MODULES:
        return
    assert named_options(path.read_text(encoding="utf-8")) - EXISTING - OF_OTHERS.keys() == set()


def test_an_option_that_does_not_exist_is_found() -> None:
    assert named_options('f"{a}: choose --columns, not --page or a--b; --"') - EXISTING == {
        "--columns"
    }
    assert "--columns" not in EXISTING


def test_pages_name_options_that_exist() -> None:
    root = SOURCE.parent
    for page in (root / "README.md", *(root / "docs").glob("*.md")):
        if page.name == "LOG.md":  # experiments of older versions
            continue
        for line in page.read_text(encoding="utf-8").splitlines():
            if re.match(r"\| .* \|$", line) or line.startswith(("vpype ", "torchrun ", "axicli ")):
                continue
            unknown = set(_OPTION.findall(line)) - EXISTING - OF_OTHERS.keys()
            assert not unknown, (page.name, line)


def test_synonyms_and_suggestions_lead_to_options_that_exist_and_shadow_none() -> None:
    targets = {ours[0] for ours in words.SYNONYMS.values()}
    targets |= {ours for several in words.SUGGESTIONS.values() for ours in several}
    assert {f"--{target}" for target in targets} <= EXISTING
    names = set(main.commands)
    assert names.isdisjoint(words.COMMANDS)
    assert {ours.split()[0] for ours in words.COMMANDS.values()} <= names | {"--version"}


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        ("--color red", "--colour red"),
        ("--color=red", "--colour red"),
        ("--count 3", "-n 3"),
        ("--transparent", "--background none"),
        ("--line-width 1", "--stroke-width 1"),
        ("--animate --tip --fps 10", "--animate --tip --rate 10"),
        ("--animate --duration 2", "--animate --seconds 2"),
        ("sheep", ""),
        ("sheep --temp 0.5", "-t 0.5"),
    ],
)
def test_words_of_one_meaning_do_what_ours_do(typed: str, ours: str, tmp_path: Path) -> None:
    suffix = ".gif" if "rate" in ours else ".svg"
    made = []
    for name, line in (("a", typed), ("b", ours)):
        out = tmp_path / f"{name}{suffix}"
        sketchvae("draw", *line.split(), "--seed", "1", "-o", out)
        made.append(re.sub(rb"<metadata>.*</metadata>", b"", out.read_bytes()))
    assert made[0] == made[1]


def test_paper_is_the_page_of_a_plot(tmp_path: Path) -> None:
    sketchvae("plot", SHEEP, "-n", "1", "--paper", "a5", "-o", tmp_path / "a.svg")
    assert 'width="148mm"' in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("draw --size 20", "No such option '--size'. Did you mean '--width' or '--pixels'?"),
        ("plot x --size a5", "No such option '--size'. Did you mean '--page'?"),
        ("draw --colr red", "No such option '--colr'. Did you mean '--colour'?"),
        ("draw --paper a4", "No such option '--paper'. plot has --page."),
        ("draw --margin 4", "No such option '--margin'. plot has it."),
        ("train --epochs 4", "No such option '--epochs'. Did you mean '--steps'?"),
        ("data import x --wrd cow", "No such option '--wrd'. Did you mean '--word'?"),
        ("draw --qqqq", "No such option '--qqqq'."),
        ("drwa", "No such command 'drwa'. Did you mean 'draw'?"),
        ("print x", "No such command 'print'. Did you mean 'plot'?"),
        ("import x", "No such command 'import'. Did you mean 'data import'?"),
        ("data imprt x", "No such command 'imprt'. Did you mean 'import'?"),
        ("data print x", "No such command 'print'."),
        ("zzz", "No such command 'zzz'."),
        ("help drw", "No such command 'drw'. Did you mean 'draw'?"),
        ("help data imprt", "No such command 'imprt'. Did you mean 'import'?"),
        ("help print", "No such command 'print'. Did you mean 'plot'?"),
        ("help draw it", "No such command 'draw it'."),
    ],
)
def test_other_words_get_the_likeliest_suggestion_first(line: str, said: str) -> None:
    assert sketchvae(*line.split(), fails=2).splitlines()[-1] == f"Error: {said}"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cat", "cat: must be what the model draws, sheep; for cat train"),
        ("a.svg", "--like a.svg"),
        ("12", "for 12 drawings give -n 12"),
    ],
)
def test_another_animal_is_one_line_that_says_how(word: str, said: str) -> None:
    assert said in sketchvae("draw", word, fails=1)


def test_version_and_help_are_found_by_other_names() -> None:
    assert sketchvae("-V") == sketchvae("--version")
    assert sketchvae("help") == sketchvae("--help")
    for path in (("draw",), ("data", "import")):
        assert (
            sketchvae("help", *path).split("\n")[2:] == sketchvae(*path, "--help").split("\n")[2:]
        )


def test_summaries_of_commands_are_whole() -> None:
    text = " ".join(sketchvae("--help").partition("Commands:")[2].split())
    assert "..." not in text
    own = {name: command.get_short_help_str(1000) for name, command in main.commands.items()}
    assert text == " ".join(f"{name} {own[name]}" for name in sorted(own))
