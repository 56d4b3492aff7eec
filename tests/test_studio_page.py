"""The files of the page of the studio: small, nothing from outside, and nothing inline."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sketchvae

PAGE = Path(sketchvae.__file__).parent / "web" / "page"
FILES = sorted(PAGE.iterdir())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
MOST_LINES = 1500


class Elements(HTMLParser):
    """Elements of a document with their attributes, and the text in scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style"):
            self.inline += data.strip()


@pytest.fixture(scope="module")
def document() -> Elements:
    elements = Elements()
    elements.feed((PAGE / "index.html").read_text(encoding="utf-8"))
    return elements


def test_the_page_is_small() -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert sum(lines.values()) <= MOST_LINES, lines


def test_nothing_is_inline(document: Elements) -> None:
    assert document.inline == ""
    for tag, attributes in document.found:
        assert "style" not in attributes, tag
        assert [name for name in attributes if name.startswith("on")] == [], tag
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|\beval\(|new Function|setAttribute\(.style", text), path


def test_nothing_comes_from_outside() -> None:
    for path in FILES:
        addresses = re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\s\"'`]*", path.read_text("utf-8"))
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path


def test_all_that_the_page_and_its_modules_name_is_there(document: Elements) -> None:
    named = [
        a.get("src") or a.get("href") for tag, a in document.found if tag in ("script", "link")
    ]
    assert len(named) == 3
    for name in named:
        assert name
        assert name.startswith("/page/")
        assert (PAGE / name.removeprefix("/page/")).exists(), name
    for path in SCRIPTS:
        for name in re.findall(r' from "\./([^"]+)"', path.read_text(encoding="utf-8")):
            assert (PAGE / name).exists(), f"{path.name}: {name}"


def test_names_of_elements_are_used_and_there_once(document: Elements) -> None:
    ids = [a["id"] for _, a in document.found if a.get("id")]
    assert len(ids) == len(set(ids))
    used: set[str] = set()
    for path in SCRIPTS:
        used |= set(re.findall(r'\$\("([\w-]+)"\)', path.read_text(encoding="utf-8")))
    assert used
    assert used <= set(ids)


def test_every_field_and_button_has_words(document: Elements) -> None:
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    labelled = re.findall(r"<label.*?</label>", text, flags=re.S)
    for tag, attributes in document.found:
        if tag in ("input", "select"):
            mark = next(f'{n}="{attributes[n]}"' for n in ("id", "name") if attributes.get(n))
            in_label = any(mark in label for label in labelled)
            assert in_label or attributes.get("aria-label"), attributes
    assert re.findall(r"<button[^>]*></button>", text) == re.findall(
        r'<button[^>]*aria-label="[^"]+"></button>', text
    )


def test_the_word_of_the_model_stands_nowhere_in_the_page_but_to_be_compared() -> None:
    for path in FILES:
        lines = [x for x in path.read_text(encoding="utf-8").splitlines() if "sheep" in x.lower()]
        assert all('word === "sheep"' in line for line in lines), path
