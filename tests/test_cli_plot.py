"""sketchvae plot and vpype sheep, as a person types them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import svgelements
import vpype
from gcodeparser import parse_gcode_lines
from helpers import SHEEP, ending_model, imported_by, sketchvae
from PIL import Image

from sketchvae import load
from sketchvae.model.weights import save

MM = 96 / 25.4
LINE = '{"word": "line", "drawing": [[[0, 100], [0, 0]]]}\n'
VPYPE = Path(sys.executable).with_name("vpype")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def replayed_ink(text: str) -> float:
    """Add up the G1 moves of a job, mm."""
    at, ink = np.zeros(2), 0.0
    for line in parse_gcode_lines(re.sub(r"\(.*?\)", "", text)):
        if "X" in line.params:
            to = np.array([line.params["X"], line.params["Y"]])
            ink += float(np.hypot(*(to - at))) * (line.command == ("G", 1))
            at = to
    return ink


def read_stats(message: str, name: str = "") -> tuple[float, float, int]:
    """Return length of ink, travel (mm) and number of lifts from the report."""
    match = re.search(
        rf"^{name}pen down (\d+) mm, travel (\d+) mm, (\d+) lifts?,", message, flags=re.M
    )
    assert match is not None, message
    return float(match[1]), float(match[2]), int(match[3])


# --- the three forms ----------------------------------------------------------------


def test_plot_writes_a_page_of_its_size_with_a_layer_a_pen() -> None:
    message = sketchvae(
        "plot", SHEEP, "-n", "5", "--page", "a5", "--landscape", "--pens", "black,rgb(9, 9, 200)",
        "--by-stroke", "1,1,2", "-o", "flock.svg",
    )  # fmt: skip
    assert "flock.svg: 5 drawings on 210 x 148 mm\n" in message
    document = vpype.read_multilayer_svg("flock.svg", quantization=0.1)
    assert document.page_size == pytest.approx((210 * MM, 148 * MM))
    assert [layer.property("vp_name") for layer in document.layers.values()] == [
        "1 black",
        "2 rgb(9, 9, 200)",
    ]
    down, _, lifts = read_stats(message)
    assert document.length() / MM == pytest.approx(down, abs=0.6)
    paths = svgelements.SVG.parse("flock.svg").select(lambda e: isinstance(e, svgelements.Path))
    assert len(list(paths)) == lifts


def test_gcode_draws_what_the_svg_shows_with_the_same_options() -> None:
    same = [
        str(SHEEP),
        "-n",
        "4",
        "--layout",
        "packed",
        "--vary",
        "0.5",
        "--seed",
        "3",
        "--optimize",
    ]
    sketchvae("plot", *same, "-o", "flock.svg")
    machine = ["--bed", "300x320mm", "--offset", "5,6", "--feed", "900", "--dialect", "z"]
    lifting = ["--up", "2", "--down", "-1.5", "--plunge", "300", "--dwell-down", "0.5"]
    message = sketchvae("plot", *same, *machine, *lifting, "--no-home", "-o", "flock.gcode")
    text = Path("flock.gcode").read_text()
    for line in ("(bed: 300 x 320 mm)", "(pen-up: G1 Z2 F300)", "F900", "G1 Z-1.5 F300", "G4 P0.5"):
        assert f"\n{line}\n" in text
    ink = vpype.read_multilayer_svg("flock.svg", quantization=0.1).length() / MM
    assert replayed_ink(text) == pytest.approx(ink, abs=0.05)
    assert read_stats(message, "optimized: ")[0] == pytest.approx(ink, abs=0.6)
    assert text.endswith("(end)\nG1 Z2 F300\n")


def test_hpgl_is_written_for_the_device() -> None:
    message = sketchvae("plot", SHEEP, "-n", "3", "--device", "dxy", "-o", "flock.hpgl")
    assert "A4 Paper should be loaded landscape" in message
    assert Path("flock.hpgl").read_text().startswith("IN;DF;SP1;PU")


@pytest.mark.parametrize("page", ["a4", "a3", "letter"])
@pytest.mark.parametrize("turn", [[], ["--landscape"]])
@pytest.mark.parametrize("device", ["hp7475a", "hp7550", "designmate", "dxy", "artisan"])
def test_hpgl_fits_into_the_reach_of_a_device_without_being_told(
    device: str, turn: list[str], page: str
) -> None:
    if page == "letter" and device in ("designmate", "artisan"):
        pytest.skip("takes no such page")
    page_options = ["--page", page, *turn, "--device", device, "--layout", "packed"]
    message = sketchvae("plot", SHEEP, "-n", "9", *page_options, "-o", "flock.plt")
    assert re.search(rf"about .* on {device}$", message, re.M)
    margin = re.search(rf"^margin (\d+) mm, within which {device} reaches the page", message, re.M)
    assert (margin is None) is (device == "dxy" and page != "letter")


def test_a_bed_must_hold_the_ink_and_not_the_sheet() -> None:
    same = [str(SHEEP), "-n", "9", "--landscape", "--bed", "300x200"]
    sketchvae("plot", *same, "-o", "flock.nc")
    assert "\n(bed: 300 x 200 mm)\n" in Path("flock.nc").read_text()
    for origin in ("bottom-left", "bottom-right", "top-left", "top-right"):
        moved = [*same, "--origin", origin, "--margin", "5", "--offset", "40,30"]
        message = sketchvae("plot", *moved, "-o", "x.gcode", fails=1)
        offset = re.search(r"try (--offset) (\S+)\n$", message)
        assert offset is not None, message
        sketchvae("plot", *moved, *offset.groups(), "-o", "x.gcode")
    message = sketchvae("plot", *same[:3], "--bed", "300x200", "-o", "x.gcode", fails=1)
    assert "turn the page with --landscape" in message


def test_optimizing_is_asked_for_and_says_what_it_gained() -> None:
    plain = sketchvae("plot", SHEEP, "-n", "9", "-o", "plain.svg")
    message = sketchvae("plot", SHEEP, "-n", "9", "--optimize", "-o", "sorted.svg")
    before, after = read_stats(message, "as drawn: "), read_stats(message, "optimized: ")
    assert read_stats(plain) == before
    assert after[1] < 0.8 * before[1]
    assert after[2] <= before[2]
    first = [
        float(n) for n in re.findall(r'd="M([\d.]+),([\d.]+)', Path("plain.svg").read_text())[0]
    ]
    assert first[0] < 100
    assert first[1] < 100  # the first sheep first


def test_preview_is_written_beside_and_a_dry_run_writes_nothing_else() -> None:
    message = sketchvae(
        "plot", SHEEP, "-n", "2", "--picture", "a.png", "--dry-run", "-o", "a.gcode"
    )
    assert "a.gcode: 2 drawings on 210 x 297 mm; not written\n" in message
    assert os.listdir() == ["a.png"]  # noqa: PTH208
    with Image.open("a.png") as image:
        assert image.size == (1131, 1600)
    sketchvae("plot", SHEEP, "-n", "2", "--picture", "b.svg", "-o", "a.gcode")
    assert 'inkscape:label="% travel"' in Path("b.svg").read_text()
    assert Path("a.gcode").exists()


def test_kept_placement_is_that_of_the_file() -> None:
    sketchvae("draw", "--seed", "1", "--width", "120", "--no-smooth", "-o", "sheep.svg")
    sketchvae("plot", "sheep.svg", "--layout", "keep", "-o", "page.svg")
    data = [re.findall(r' d="(.*?)"', Path(name).read_text()) for name in ("sheep.svg", "page.svg")]
    assert data[0] == data[1] != []


# --- pipes --------------------------------------------------------------------------


def test_drawing_and_plotting_work_as_a_pipe() -> None:
    ours = [sys.executable, "-m", "sketchvae"]
    drawn = subprocess.run(
        [*ours, "draw", "-n", "3", "--seed", "1", "-o", "-"], capture_output=True, check=True
    )
    plotted = subprocess.run(
        [*ours, "plot", "-", "-o", "-"], input=drawn.stdout, capture_output=True, check=True
    )
    text = plotted.stdout.decode()
    assert text.startswith("(sketchvae plot, page 210 x 297 mm)\n")
    assert text.endswith("G0 X0 Y0\n")
    assert b"standard output: 3 drawings on 210 x 297 mm" in plotted.stderr
    down, _, lifts = read_stats(plotted.stderr.decode())
    assert lifts == sum(len(d.strokes) for d in load().draw(3, seed=1))
    assert replayed_ink(text) == pytest.approx(down, abs=0.6)


def test_plain_pages_and_gcode_need_neither_vpype_nor_torch() -> None:
    code = (
        "import sys; sys.modules['vpype'] = sys.modules['torch'] = None\n"
        "from sketchvae.cli import main; main(sys.argv[1:], standalone_mode=True)"
    )
    for output in ("flock.svg", "flock.gcode", "sorted.svg", "flock.hpgl"):
        sort = ["--optimize"] if output == "sorted.svg" else []
        done = subprocess.run(
            [sys.executable, "-c", code, "plot", str(SHEEP), "-n", "2", *sort, "-o", output],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        needed = output in ("sorted.svg", "flock.hpgl")
        assert done.returncode == needed, done.stderr
        assert Path(output).exists() is not needed
        if needed:
            assert "pip install 'sketchvae[plot]'" in done.stderr
            assert len(done.stderr.splitlines()) == 1


# --- bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "x.pdf"], 1, "x.pdf: a plot must end in .svg, .gcode, .nc, .gc, .ngc, "),
        (["-o", "x"], 1, "got no suffix; try -o x.gcode"),
        (["-o", "no/x.svg"], 1, "no/x.svg: cannot be written"),
        (["--picture", "no/x.png"], 1, "no/x.png: cannot be written"),
        (["--picture", "x.gif"], 2, "--picture must end in .svg or .png"),
        (["--picture", "out.svg", "-o", "out.svg"], 2, "be another file than -o, got out.svg"),
        (["--page", "a7"], 1, "a size must be a6, a5, a4, a3, a2, a1, a0, letter, or WxH"),
        (["--margin", "105"], 1, "less than half of its shorter side, 105 mm, got 105"),
        (["--bed", "150x290mm"], 1, "ink must lie on the bed, X0 Y0 to X150 Y290, got"),
        (["--bed", "210"], 1, "a size must be a6"),
        (["--bed", "30cmx200"], 1, "a size must be a6"),
        (["--page", "148x210"], 1, "a size must be a6"),
        (["--machine", "axidraw"], 1, "out.gcode: must be SVG, which axidraw draws, got G-code"),
        (["--machine", "hp7550"], 1, "out.gcode: must be HPGL, which hp7550 draws, got G-code"),
        (["-o", "x.plt", "--machine", "grbl-z"], 1, "x.plt: must be G-code, which grbl-z draws"),
        (["--machine", "idra"], 1, "got 'idra'; did you mean idraw?"),
        (["--machine", "mine"], 1, "got 'mine'; sketchvae machines add mine adds it"),
        (["--junction", "-1"], 1, "the junction must be 0 to 10 mm, got -1"),
        (["--rapid-acceleration", "0"], 1, "the rapid acceleration must be 1 to 1000000 mm/s2"),
        (["--offset", "-40,0"], 1, "ink must lie on the bed, X0 Y0 to X210 Y297, got X-30"),
        (["--offset", "4"], 1, "the offset must be two lengths in mm, as 10,5, got '4'"),
        (["--origin", "left"], 2, "'left' is not one of"),
        (["--pens", "black", "--by-drawing", "1,2"], 1, "a pen must be one of 1 black, got 2"),
        (["--by-stroke", "one"], 2, "--by-stroke must be numbers of pens, as 1,2,2, got 'one'"),
        (["--device", "hp7475a"], 2, "--device: not for out.gcode; leave it out"),
        (["-o", "x.svg", "--bed", "a3"], 2, "--bed: not for x.svg; leave it out"),
        (["-o", "x.hpgl", "--device", "pen"], 1, "a device must be one of hp7475a"),
        (["-o", "x.hpgl", "--page", "a2"], 1, "hp7475a takes a4, a3, letter, got a page of 'a2'"),
        (["--dialect", "laser"], 2, "'laser' is not one of 'servo', 'z', 'spindle'"),
        (["--plunge", "9"], 2, "--plunge: not for this way to lift the pen; leave it out"),
        (["--dialect", "spindle", "--up", "9"], 2, "--up: not for this way to lift the pen"),
        (["--pen-up", "M5"], 2, "--pen-up and --pen-down go together"),
        (["--pen-up", "M5", "--pen-down", "M3|"], 1, "a pen-down command must have 1 to 69"),
        (["--pen-up", "M5", "--pen-down", "M3", "--down", "3"], 2, "--down: not for this way"),
        (["--feed", "0"], 1, "the feed must be 1 to 1000000 mm/min, got 0; try 1500"),
        (["--layout", "keep"], 1, "drawing 1 must lie on the page, 210 x 297 mm"),
        (["--seed", "-1"], 2, "-1 is not in the range"),
    ],
)
def test_what_cannot_be_plotted_is_one_line_and_no_file(
    arguments: list[str], code: int, message: str
) -> None:
    output = [] if "-o" in arguments else ["-o", "out.gcode"]
    printed = sketchvae("plot", SHEEP, "-n", "3", *output, *arguments, fails=code)
    error = printed.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert message in error
    assert code == 2 or len(printed.strip().splitlines()) == 1
    assert os.listdir() == []  # noqa: PTH208


@pytest.mark.parametrize("output", ["out.svg", "out.gcode", "out.hpgl", "-"])
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "standard input: holds no drawing"),
        ('{"drawing": []}\n', "a page must have a drawing with a stroke, got none"),
        ('{"drawing": [[[NaN], [1]]]}\n', "standard input, line 1: must be one JSON object"),
        (LINE + LINE[:30], "standard input, line 2: must be one JSON object"),
    ],
)
def test_no_ink_is_one_line_and_no_file(lines: str, message: str, output: str) -> None:
    printed = sketchvae("plot", "-", "-o", output, fails=1, stdin=lines)
    assert message in printed
    assert len(printed.strip().splitlines()) == 1
    assert os.listdir() == []  # noqa: PTH208


def test_a_file_that_is_there_survives_a_plot_that_fails() -> None:
    Path("out.gcode").write_text("the old one")
    sketchvae("plot", SHEEP, "--picture", "no/x.svg", "-o", "out.gcode", fails=1)
    assert Path("out.gcode").read_text() == "the old one"
    assert os.listdir() == ["out.gcode"]  # noqa: PTH208


def test_examples_of_the_help_work() -> None:
    Path("sheep.ndjson").write_text("".join(SHEEP.read_text().splitlines(keepends=True)[:30]))
    text = sketchvae("plot", "--help")
    examples = [line.strip() for line in text.splitlines() if line.startswith("    sketchvae ")]
    assert len(examples) == 6
    for example in examples:
        first, _, second = example.partition(" | ")
        stdin = None
        if second:
            sketchvae(*[*first.split()[1:-1], "drawn.ndjson"])
            stdin = Path("drawn.ndjson").read_text()
        sketchvae(*(second or first).split()[1:], stdin=stdin)
    assert {"flock.svg", "flock.gcode", "before.png"} <= {p.name for p in Path().iterdir()}


# --- vpype sheep --------------------------------------------------------------------


def run_vpype(*arguments: str, fails: bool = False) -> str:
    done = subprocess.run(
        [VPYPE, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert bool(done.returncode) is fails, done.stderr
    return done.stdout + done.stderr


def test_vpype_draws_sheep_in_its_own_pipelines() -> None:
    run_vpype(*"sheep --count 12 --seed 7 layout a4 linesort write flock.svg".split())
    document = vpype.read_multilayer_svg("flock.svg", quantization=0.1)
    assert document.page_size == pytest.approx((210 * MM, 297 * MM), abs=0.01)
    assert list(document.layers) == [1]
    strokes = [s for d in load().draw(12, seed=7) for s in d.strokes]
    assert len(document.layers[1]) == sum(len(s) > 1 for s in strokes)
    left, top, right, low = (v / MM for v in document.bounds())
    assert (left + right, top + low) == pytest.approx((210, 297), abs=0.1)
    assert right - left == pytest.approx(4 * 40 - 2 * 0.08 * 40, abs=0.1)  # four in a row


def test_vpype_draws_with_a_model_of_your_own() -> None:
    save(ending_model(), Path("scribble.safetensors"))
    run_vpype(
        *"sketch --model scribble.safetensors --count 3 --seed 7 layout a4 write mine.svg".split()
    )
    document = vpype.read_multilayer_svg("mine.svg", quantization=0.1)
    strokes = [s for d in load("scribble.safetensors").draw(3, seed=7) for s in d.strokes]
    assert len(document.layers[1]) == sum(len(s) > 1 for s in strokes) > 0
    said = run_vpype("sketch", "--model", "none.safetensors", "show", fails=True)
    assert said.startswith("Error: none.safetensors: cannot be read")


def test_vpype_says_in_a_line_what_is_wrong_with_sheep() -> None:
    message = run_vpype("sheep", "--count", "0", "show", fails=True)
    assert message.strip() == "Error: a page needs at least one drawing, got none; choose others"
    assert "the temperature must be" in run_vpype("sheep", "-t", "99", "show", fails=True)


def test_help_of_vpype_sheep_has_an_example_and_what_it_draws_without_a_temperature() -> None:
    printed = " ".join(run_vpype("sheep", "--help").split())
    assert re.search(r"vpype sheep --count 12 --seed \d+ layout a4", printed)
    assert "without, typical sheep" in printed


def test_the_plugin_brings_no_torch_and_nothing_to_vpype_but_ours() -> None:
    script = (
        "import sys, json, vpype_cli\n"
        "before = {m.split('.')[0] for m in sys.modules}\n"
        "import sketchvae.cli.vpype_plugin\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules} - before\n"
        "    - sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["sketchvae"]
    assert imported_by("sketchvae.cli.vpype_plugin", {"torch", "safetensors"}) == set()
