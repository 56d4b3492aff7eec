"""The pages that are made from the code are what the code makes now."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
UPDATE = "run scripts/document, which writes it anew"


@pytest.fixture
def document(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("document")


def test_the_page_of_the_command_line_holds_the_help_of_every_command(document: ModuleType) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == document.cli_page(), f"docs/cli.md is stale; {UPDATE}"


def test_the_table_of_layers_is_the_one_that_is_tested(document: ModuleType) -> None:
    page = ARCHITECTURE.read_text(encoding="utf-8")
    current = document.with_layers(page, document.layer_table())
    assert page == current, f"the table of layers in docs/architecture.md is stale; {UPDATE}"


def test_a_page_without_the_marks_of_the_table_is_refused(document: ModuleType) -> None:
    with pytest.raises(ValueError, match="must be there once, got 0"):
        document.with_layers("# Architecture\n", "| room |")
    marked = document.with_layers("a\n<!-- layers -->\nold\n<!-- end of layers -->\nb\n", "new")
    assert marked == "a\n<!-- layers -->\n\nnew\n\n<!-- end of layers -->\nb\n"
