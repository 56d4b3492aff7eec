"""sketchvae animate, as a person types it."""

import re
from pathlib import Path

import pytest
from helpers import SHEEP, sketchvae
from PIL import Image

RAW = '{"word": "line", "drawing": [[[0, 50, 100], [0, 0, 0], [0, 900, 1000]]]}\n'
LINE = '{"word": "line", "drawing": [[[0, 100], [0, 0]]]}\n'


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.svg"


def duration_of(path: Path) -> float:
    """Read when the last animation of a page that plays once is over."""
    elements = re.findall(r"<animate [^>]*>", path.read_text())
    begins = [float(m[1]) if (m := re.search(r'begin="([\d.]+)s"', e)) else 0.0 for e in elements]
    durations = [float(m[1]) for e in elements if (m := re.search(r'dur="([\d.]+)s"', e))]
    return max(b + d for b, d in zip(begins, durations, strict=True))


def test_animate_draws_the_first_drawings(out: Path) -> None:
    assert "out.svg: 2 drawings" in sketchvae("animate", SHEEP, "-n", "2", "-o", out)
    text = out.read_text()
    assert text.count('id="drawing-') == 2
    assert "stroke-dasharray" in text
    assert "repeatCount" not in text


def test_seconds_speed_and_pause_are_kept(out: Path) -> None:
    sketchvae("animate", "-", "--seconds", "3", "-o", out, stdin=LINE)
    assert duration_of(out) == pytest.approx(3)
    sketchvae("animate", "-", "--speed", "0.5", "-o", out, stdin=LINE)
    slow = duration_of(out)
    sketchvae("animate", "-", "--speed", "1", "-o", out, stdin=LINE)
    assert duration_of(out) == pytest.approx(slow / 2, abs=1e-5)
    sketchvae("animate", "-", "--seconds", "3", "--loop", "--pause", "4", "-o", out, stdin=LINE)
    assert set(re.findall(r'dur="(.*?)s"', out.read_text())) == {"7"}
    assert 'repeatCount="indefinite"' in out.read_text()


def test_recorded_times_are_kept_unless_an_even_pen_is_asked_for(out: Path) -> None:
    sketchvae("animate", "-", "-o", out, stdin=RAW)
    assert duration_of(out) == pytest.approx(1)
    assert 'keyTimes="0;0.9;1;1"' in out.read_text()
    sketchvae("animate", "-", "--even", "-o", out, stdin=RAW)
    assert 'keyTimes="0;0.9;1;1"' not in out.read_text()


def test_style_reaches_the_page(out: Path) -> None:
    style = ["--smooth", "--width", "60", "--stroke-width", "0.5", "--background", "ivory"]
    chosen = [*style, "--palette", "navy, rgb(1, 2, 3)", "--tip"]
    sketchvae("animate", SHEEP, "-n", "1", *chosen, "-o", out)
    text = out.read_text()
    for piece in (
        'width="60mm"',
        'stroke-width="0.5"',
        "ivory",
        'stroke="rgb(1, 2, 3)"',
        "<circle",
    ):
        assert piece in text
    assert " C" in text


def test_player_has_the_ink_of_its_page_unless_a_colour_is_given(tmp_path: Path) -> None:
    page = tmp_path / "sheep.html"
    sketchvae("animate", SHEEP, "-n", "1", "-o", page)
    assert 'stroke="currentColor"' in page.read_text()
    assert 'id="loop" >' in page.read_text()
    sketchvae("animate", SHEEP, "-n", "1", "--colour", "teal", "--loop", "-o", page)
    assert 'stroke="teal"' in page.read_text()
    assert 'id="loop" checked>' in page.read_text()


def test_film_loops_unless_told_otherwise(tmp_path: Path) -> None:
    film = tmp_path / "line.gif"
    small = ["--seconds", "0.2", "--pixels", "40", "--rate", "10", "-o", str(film)]
    sketchvae("animate", "-", *small, stdin=LINE)
    with Image.open(film) as opened:
        assert (opened.size, opened.info["loop"]) == ((40, 40), 0)
    sketchvae("animate", "-", *small, "--no-loop", stdin=LINE)
    with Image.open(film) as opened:
        assert "loop" not in opened.info


def test_what_draw_writes_can_be_animated_again(tmp_path: Path, out: Path) -> None:
    sketchvae("draw", "-n", "3", "--seed", "4", "-o", tmp_path / "flock.ndjson")
    sketchvae("animate", tmp_path / "flock.ndjson", "--together", "-o", out)
    assert out.read_text().count('id="drawing-') == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--seconds", "0"], 1, "animation must be from 0.01 to 86400 seconds, got 0; try 4"),
        (["--speed", "-1"], 1, "pen must be from 0.001 to 1000 sides of a drawing a second"),
        (["--speed", "1", "--seconds", "1"], 1, "seconds or a speed, got 1 and 1; leave one"),
        (["--pause", "nan"], 1, "a pause must be from 0 to 86400 seconds, got nan"),
        (["--width", "0"], 1, "mm wide, got 0"),
        (["--palette", ","], 1, "a palette must have at least one colour, got none"),
        (["--colour", "blakc"], 1, "got 'blakc'"),
        (["--rate", "5"], 2, "--rate and --pixels are for films, got out.svg"),
        (["-n", "0"], 2, "0 is not in the range"),
        (["-o", "sheep.pdf"], 1, "must end in .svg, .html, .gif, "),
        (["-o", "sheep"], 1, "got no suffix; try -o sheep.svg"),
        (["-o", "-"], 1, "got no suffix; try -o sheep.svg"),
        (["-o", "no/folder/sheep.html"], 1, "no/folder/sheep.html: cannot be written"),
        (["-o", "no/folder/sheep.gif"], 1, "no/folder/sheep.gif: cannot be written"),
        (["-o", "folder.svg"], 1, "folder.svg: must be a file, got a folder"),
    ],
)
def test_what_cannot_be_animated_is_one_line_and_no_file(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.svg").mkdir()
    output = [] if "-o" in arguments else ["-o", "out.svg"]
    printed = sketchvae("animate", "-", *output, *arguments, fails=code, stdin=LINE)
    error = printed.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert message in error
    assert code == 2 or len(printed.strip().splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["folder.svg"]


@pytest.mark.parametrize("suffix", ["svg", "html", "gif"])
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "holds no drawing"),
        ('{"drawing": []}\n', "an animation needs a drawing with a stroke, got none"),
        ("sheep\n", "standard input, line 1: must be one JSON object"),
    ],
)
def test_no_ink_is_one_line_and_no_file(
    lines: str, message: str, suffix: str, tmp_path: Path
) -> None:
    out = tmp_path / f"out.{suffix}"
    printed = sketchvae("animate", "-", "-o", out, fails=1, stdin=lines)
    assert message in printed
    assert len(printed.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["svg", "html"])
def test_one_point_is_a_dot(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"out.{suffix}"
    sketchvae("animate", "-", "--tip", "--loop", "-o", out, stdin='{"drawing": [[[5], [5]]]}\n')
    assert "M50,50 L50,50" in out.read_text()


def test_example_of_the_help_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheep.ndjson").write_text(SHEEP.read_text())
    examples = [
        line.split()[1:]
        for line in sketchvae("animate", "--help").splitlines()
        if line.strip().startswith("sketchvae animate sheep")
    ]
    assert len(examples) == 2
    for example in examples:
        sketchvae(*example)
    assert (tmp_path / "sheep.svg").exists()
    assert (tmp_path / "flock.html").exists()
