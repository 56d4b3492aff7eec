import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import svgelements
from helpers import SHEEP, ending_model, sketchvae
from PIL import Image
from safetensors import safe_open

from sketchvae import load
from sketchvae.data import formats
from sketchvae.data.dataset import open_packed
from sketchvae.drawing import Drawing
from sketchvae.model.weights import save, shipped_path

SIZES = {"latent": 4, "encoder-hidden": 8, "decoder-hidden": 12, "mixtures": 2, "batch": 16}
TINY = [text for name, size in SIZES.items() for text in (f"--{name}", str(size))]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    sketchvae("data", "import", SHEEP, "-o", tmp_path / "sheep.drawings", "--valid", "0.2")
    return tmp_path / "sheep.drawings"


def wait_for(happens: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


# --- draw ---------------------------------------------------------------------------


def test_draw_writes_a_sheep_of_true_size(tmp_path: Path) -> None:
    said = sketchvae("draw", "--seed", "7", "-o", tmp_path / "sheep.svg")
    assert "1 drawing, seed 7" in said
    page = svgelements.SVG.parse(str(tmp_path / "sheep.svg"), ppi=25.4)
    assert page.width == pytest.approx(100)
    paths = [e for e in page.elements() if isinstance(e, svgelements.Path)]
    (sheep,) = load().draw(1, seed=7)
    assert len(paths) == len(sheep.strokes)
    left, top, right, bottom = page.bbox()
    assert 0 <= left < right <= 100
    assert 0 <= top < bottom <= 100
    assert "<rect" not in (tmp_path / "sheep.svg").read_text()


def test_without_an_output_the_sheep_is_in_sheep_svg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sketchvae("draw")
    assert (tmp_path / "sheep.svg").read_text().startswith("<svg")


def test_same_seed_same_file_other_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sketchvae("draw", "-n", "3", "--seed", str(seed), "-o", tmp_path / f"{name}.svg")
    a, b, c = ((tmp_path / f"{name}.svg").read_text() for name in "abc")
    assert a == b != c


def test_drawn_ndjson_is_quickdraws_own_form_and_every_command_reads_it(tmp_path: Path) -> None:
    flock = tmp_path / "flock.ndjson"
    sketchvae("draw", "-n", "5", "--seed", "1", "-o", flock)
    lines = [json.loads(line) for line in flock.read_text().splitlines()]
    assert len(lines) == 5
    for line in lines:
        assert line["word"] == "sheep"
        for xs, ys in line["drawing"]:
            assert len(xs) == len(ys)
            assert all(isinstance(v, int) and 0 <= v <= 255 for v in xs + ys)
    assert json.loads(sketchvae("data", "info", flock, "--json"))["drawings"] == 5
    sketchvae("data", "import", flock, "-o", tmp_path / "flock.drawings")
    assert len(open_packed(tmp_path / "flock.drawings")) == 5
    assert json.loads(sketchvae("evaluate", flock, "--json"))["drawings"] == 5


def test_dash_is_standard_output_and_input() -> None:
    line = '{"word": "sheep", "drawing": [[[0, 255], [0, 9]]]}\n'
    assert json.loads(sketchvae("data", "info", "-", "--json", stdin=line))["drawings"] == 1
    done = subprocess.run(
        [sys.executable, "-m", "sketchvae", "draw", "-n", "2", "-o", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(text)["word"] for text in done.stdout.splitlines()] == ["sheep"] * 2


def test_smooth_draws_curves_through_the_points_of_the_corners(tmp_path: Path) -> None:
    def paths(*options: str) -> list[list[svgelements.PathSegment]]:
        sketchvae("draw", "--seed", "1", *options, "-o", tmp_path / "sheep.svg")
        page = svgelements.SVG.parse(str(tmp_path / "sheep.svg"), ppi=25.4)
        return [list(e) for e in page.elements() if isinstance(e, svgelements.Path)]

    pairs = list(zip(paths("--no-smooth"), paths(), strict=True))
    assert any(len(straight) > 2 for straight, _ in pairs)
    for straight, smooth in pairs:
        assert {type(segment) for segment in straight[1:]} == {svgelements.Line}
        if len(straight) > 2:  # two points have no bend between them
            assert {type(segment) for segment in smooth[1:]} == {svgelements.CubicBezier}
        for corner, curve in zip(straight, smooth, strict=True):
            assert abs(corner.end - curve.end) < 0.002  # mm


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "sheep.pdf"], "sheep.pdf: must end in"),
        (["-t", "0"], "the temperature must be"),
        (["--width", "0"], "mm"),
        (["--background", "blu"], "blu"),
        (["--model", "missing.safetensors"], "missing.safetensors: cannot be read"),
        (["-o", "no/such/folder/sheep.svg"], "no/such/folder/sheep.svg: cannot be written"),
        (["-o", "no/such/folder/sheep.png"], "no/such/folder/sheep.png: cannot be written"),
        (["--animate", "-o", "no/such/folder/a.gif"], "no/such/folder/a.gif: cannot be written"),
        (["--animate", "-o", "sheep.pdf"], "sheep.pdf: an animation must end in .svg, .html, .gif"),
        (["--palette", ","], "a palette must have at least one colour, got none"),
        (["--colour", "bleu"], "a colour must be a name or #rrggbb, got 'bleu'"),
        (["--stroke-width", "0"], "the line must be from 0.001 mm"),
        (["-o", "sheep.png", "--pixels", "3"], "at least 16 pixels wide, got 3"),
        (["-o", "sheep.png", "--pixels", "99999"], "at most 100000000 pixels"),
        (["--animate", "--seconds", "0"], "must be from 0.01 to 86400 seconds, got 0"),
        (["--preview", "--speed", "-1"], "the speed of the pen must be from 0.001 to 1000 sides"),
    ],
)
def test_a_bad_argument_is_one_line_and_exit_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    output = sketchvae("draw", *arguments, fails=1)
    assert said in output
    assert len(output.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [["--width", "nan"], ["--background", "nonsense"], ["-n", "20000"]]
)
def test_bad_page_is_refused_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    def draws(*_: object) -> object:
        raise AssertionError("it drew")

    monkeypatch.setattr("sketchvae.generate.sampler.Sampler._step", draws)
    sketchvae("draw", *arguments, "-o", tmp_path / "a.svg", fails=1)
    for name in ("a.svg", "a.png", "a.npz", "a.bin"):
        said = sketchvae("draw", "-o", tmp_path / "none" / name, fails=1)
        assert "cannot be written (No such file or directory); make the folder" in said


def test_every_format_is_named_to_who_mistypes_one(tmp_path: Path) -> None:
    said = sketchvae("draw", "-o", tmp_path / "sheep.pdf", fails=1)
    assert "must end in .svg, .png, .ndjson, .ndjson.gz, .bin, .npz or .drawings, got .pdf" in said
    assert "try -o sheep.svg" in said
    said = sketchvae("draw", "-o", tmp_path / "sheep.gif", fails=1)
    assert "got .gif; add --animate" in said
    assert "must be a file, got a folder" in sketchvae("draw", "-o", tmp_path, fails=1)


def test_png_is_the_page_in_pixels_on_white_unless_asked_otherwise(tmp_path: Path) -> None:
    sheep = tmp_path / "sheep.png"
    common = ("draw", "-n", "2", "--seed", "7", "-o", sheep)
    sketchvae(*common)
    with Image.open(sheep) as picture:
        assert picture.size == (800, 400)
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
    chosen = ("--pixels", "100", "--background", "none", "--palette", "red, blue", "--no-smooth")
    sketchvae(*common, *chosen, "--stroke-width", "2")
    with Image.open(sheep) as picture:
        assert picture.size == (100, 50)
        pixels = np.asarray(picture.convert("RGBA"))
    assert pixels[0, 0, 3] == 0
    colours = {tuple(c) for c in pixels[pixels[..., 3] == 255][:, :3].tolist()}
    assert {(255, 0, 0), (0, 0, 255)} <= colours


@pytest.mark.parametrize("suffix", ["svg", "html", "gif", "png", "apng", "webp"])
def test_animate_writes_how_the_sheep_is_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sheep.{suffix}"
    pixels = () if suffix in ("svg", "html") else ("--pixels", "60")
    sketchvae("draw", "--seed", "7", "--animate", "--seconds", "0.5", *pixels, "-o", path)
    if suffix in ("svg", "html"):
        assert "stroke-dasharray" in path.read_text()
        return
    with Image.open(path) as film:
        assert film.n_frames == 10  # type: ignore[attr-defined]
        assert film.size == (60, 60)


def test_preview_is_braille_where_standard_output_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = sketchvae("draw", "--preview", "-n", "2", "--seed", "7")
    braille = [line for line in said.splitlines() if "\u2800" <= line[0] <= "\u28ff"]
    assert len(braille) > 10
    assert "\x1b" not in said
    assert "preview: 2 drawings, seed 7" in said
    assert not list(tmp_path.iterdir())
    assert "\u2800" in sketchvae("draw", "--preview", "--seed", "7", "-o", "sheep.png")
    assert (tmp_path / "sheep.png").exists()


def test_preview_in_a_narrow_alphabet_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "sketchvae", "draw", "--preview"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("Error: standard output: must be UTF-8 for braille")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--smooth", "-o", "a.ndjson"], "--smooth: not for a.ndjson; it is for .svg and .png"),
        (["--pixels", "9", "--tip", "-o", "-"], "--tip, --pixels: not for -;"),
        (["--seconds", "3"], "--seconds: not for sheep.svg, which stands still; add --animate"),
        (["--loop", "-o", "a.png"], "--loop: not for a.png, which stands still; add --animate"),
        (["--pixels", "9"], "--pixels: not for sheep.svg; it is for .png and films"),
        (["--animate", "--rate", "9"], "--rate and --pixels are for films, got sheep.svg"),
        (["--preview", "--smooth"], "--smooth: not for the terminal"),
        (["--preview", "--animate"], "--animate needs a file"),
        (["--preview", "-o", "-"], "both want standard output"),
    ],
)
def test_option_that_would_change_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in sketchvae("draw", *arguments, fails=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_standard_output_is_one_line() -> None:
    command = [sys.executable, "-m", "sketchvae", "draw", "-n", "3", "--seed", "1", "-o", "-"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("Error: standard output: cannot be written (No space left on device)")
    assert "Traceback" not in done.stderr


def test_sigterm_leaves_no_half_file(tmp_path: Path) -> None:
    arguments = ["draw", "-n", "1000000", "--seed", "1", "-o", "flock.ndjson"]
    process = subprocess.Popen([sys.executable, "-m", "sketchvae", *arguments], cwd=tmp_path)
    wait_for(lambda: any(p.stat().st_size for p in tmp_path.iterdir()))
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_a_failure_keeps_the_old_drawing(tmp_path: Path) -> None:
    old = tmp_path / "sheep.svg"
    old.write_text("old")
    sketchvae("draw", "--background", "blu", "-o", old, fails=1)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_drawing_starts_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from sketchvae.cli import main\n"
        f"main(['draw', '-o', {str(tmp_path / 'sheep.svg')!r}], standalone_mode=False)\n"
        "heavy = {'torch', 'PIL', 'sklearn', 'scipy', 'rich', 'quickdraw'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# --- info, evaluate, data -----------------------------------------------------------


def test_info_tells_what_the_metadata_of_the_weights_holds() -> None:
    with safe_open(shipped_path(), "np") as file:
        about = json.loads(file.metadata()["about"])
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    facts = json.loads(sketchvae("info", "--json"))
    assert {name: facts[name] for name in about} == about
    assert facts["bytes"] == shipped_path().stat().st_size <= 6_000_000
    hidden = facts["config"]["decoder_hidden"]
    assert sorted(shapes["decoder.recurrent"]) == [hidden, 4 * hidden]  # four gates
    text = sketchvae("info")
    assert about["licence"] in text
    assert all(re.search(rf"^ *{name}\b", text, flags=re.M) for name in about)


def test_info_is_short_unless_all_is_asked_for() -> None:
    short, whole = sketchvae("info").splitlines(), sketchvae("info", "--all").splitlines()
    assert len(short) < 25 < len(whole)
    assert {line.split()[0] for line in short} <= {line.split()[0] for line in whole}
    assert any(line.endswith("(--all)") for line in short)


@pytest.mark.slow
def test_evaluate_prefers_the_shipped_models_own_sheep_to_scribbles(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scribbles = [
        Drawing([rng.integers(0, 256, (20, 2)) for _ in range(3)]).to_quickdraw() for _ in range(8)
    ]
    formats.write(tmp_path / "scribbles.ndjson", scribbles)
    formats.write(tmp_path / "sheep.ndjson", itertools.islice(formats.read(SHEEP), 8))
    sheep = json.loads(sketchvae("evaluate", tmp_path / "sheep.ndjson", "--json"))["nats_per_point"]
    other = json.loads(sketchvae("evaluate", tmp_path / "scribbles.ndjson", "--json"))
    for bound, nats in sheep.items():
        if not bound.startswith("KL"):
            assert nats + 1 < other["nats_per_point"][bound]
    importance = [nats for bound, nats in sheep.items() if bound.startswith("importance")]
    assert importance[0] <= sheep["bound L_R + L_KL"]


def test_evaluate_prints_a_table_and_names_the_protocol(tmp_path: Path) -> None:
    formats.write(tmp_path / "sheep.ndjson", itertools.islice(formats.read(SHEEP), 2))
    table = sketchvae("evaluate", tmp_path / "sheep.ndjson")
    assert "dequantised, in pixels" in table
    assert "importance-weighted, k = 64" in table


@pytest.mark.slow
def test_evaluate_compares_what_it_draws_with_the_real_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchvae.evaluate.report.SAMPLES", 30)
    real, other = tmp_path / "real.ndjson", tmp_path / "other.ndjson"
    formats.write(real, itertools.islice(formats.read(SHEEP), 24))
    formats.write(other, itertools.islice(formats.read(SHEEP), 48))
    common = ("evaluate", real, "-t", "0.5", "--drawn", other, "--draws", "3")
    figures = json.loads(sketchvae(*common, "--floor", other, "--json"))
    for fraction in figures["reconstructions"].values():
        assert 0.6 < fraction < 1  # half would be chance; none is the drawing itself
    distances = figures["distances"]
    assert list(distances) == ["real", "t 0.5", "other.ndjson"]
    assert distances["real"]["1-NN"]["mean"] > 0.3  # none of the 48 that are among the 24
    assert distances["t 0.5"]["finished"] > 0.9
    for few in (("-n", "5"), ("--draws", "0")):  # too few for the fifth neighbour, and for a mean
        assert "is not in the range" in sketchvae(*common, *few, fails=2)


def test_evaluate_prints_distances_and_saves_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchvae.evaluate.report.SAMPLES", 30)
    real, model, picture = (tmp_path / name for name in ("a.ndjson", "m.safetensors", "a.png"))
    formats.write(real, itertools.islice(formats.read(SHEEP), 40))
    save(ending_model(), model)
    options = ("-t", "0.5", "--draws", "3", "--model", model, "--picture", picture)
    table = sketchvae("evaluate", real, *options)
    assert "against real, 3 draws" in table
    assert "part off the body" in table
    assert "reconstructed at temperature 0.1" in table
    with Image.open(picture) as page:
        assert page.width >= 1200


@pytest.mark.parametrize(
    ("word", "faults", "named"),
    [
        ("sheep", {"endless circle", "part off the body", "open body"}, True),
        ("cat", {"endless circle"}, True),
        ("gruffalo", {"endless circle"}, False),
    ],
)
def test_evaluate_counts_the_faults_that_a_word_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, faults: set[str], named: bool
) -> None:
    monkeypatch.setattr("sketchvae.evaluate.report.SAMPLES", 30)
    formats.write(tmp_path / "a.ndjson", itertools.islice(formats.read(SHEEP), 40))
    save(replace(ending_model(), about={"word": word}), tmp_path / "m.safetensors")
    words = ("evaluate", tmp_path / "a.ndjson", "-t", "0.5", "--draws", "2")
    model = ("--model", tmp_path / "m.safetensors")
    row = json.loads(sketchvae(*words, *model, "--json"))["distances"]["t 0.5"]
    assert set(row["faults"]) == faults
    assert (row["named first"] is not None) is named
    table = sketchvae(*words, *model)
    every = ("endless circle", "part off the body", "open body")
    assert {name for name in every if name in table} == faults
    assert ("does not know 'gruffalo'" in table) is not named


def test_import_splits_by_hash_and_info_counts_them(packed: Path) -> None:
    facts = json.loads(sketchvae("data", "info", packed, "--json"))
    assert facts["drawings"] == 300
    assert facts["train"] + facts["valid"] + facts["test"] == 300
    assert facts["words"] == {"sheep": 300}
    assert facts["valid"] > facts["test"] == 0  # few: none are spent on a test


def test_import_writes_nothing_but_a_packed_set(tmp_path: Path) -> None:
    for name in ("a.ndjson", "a", "-"):
        said = sketchvae("data", "import", SHEEP, "-o", tmp_path / name, fails=1)
        assert "a packed set must end in .drawings" in said
    said = sketchvae(
        "data", "import", SHEEP, "-o", tmp_path / "a.drawings", "--word", "a\nb", fails=1
    )
    assert "a word must be printable text" in said
    assert not list(tmp_path.iterdir())


def test_fetch_says_that_a_file_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sketchvae("draw", "-n", "1", "-o", "sheep.bin")
    said = sketchvae("data", "fetch", "sheep")
    assert "sheep.bin: was there already, and was not fetched anew" in said


def test_evaluate_of_drawings_without_points_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"word":"cat","drawing":[]}\n')
    said = sketchvae("evaluate", tmp_path / "a.ndjson", fails=1)
    assert "at least one drawing with a point" in said


def test_import_names_the_drawings_where_the_file_does_not(tmp_path: Path) -> None:
    formats.write(tmp_path / "x.npz", list(formats.read(SHEEP))[:9])
    sketchvae("data", "import", tmp_path / "x.npz", "-o", tmp_path / "x.drawings", "--word", "ewe")
    assert open_packed(tmp_path / "x.drawings").vocabulary == ("ewe",)


# --- train --------------------------------------------------------------------------


def train(packed: Path, out: Path, *more: str | Path) -> list[str | Path]:
    return ["train", "--data", packed, "--out", out, *TINY, *more]


def test_train_ends_in_weights_that_draw_reads(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    sketchvae(*train(packed, out, "--steps", "6", "--validate-every", "3"))
    assert {"best.pt", "last.pt", "model.safetensors", "tensorboard"} <= {
        path.name for path in out.iterdir()
    }
    facts = json.loads(sketchvae("info", out, "--json"))
    assert facts["word"] == "sheep"
    assert facts["data"] == ["sheep.ndjson"]
    assert facts["config"]["latent"] == 4


def test_train_begins_from_a_weights_file_of_the_same_sizes(packed: Path, tmp_path: Path) -> None:
    first, second, third, fourth = (tmp_path / name for name in ("1", "2", "3", "4"))
    sketchvae(*train(packed, first, "--steps", "2"))
    weights = first / "model.safetensors"
    begin = ("--init", weights, "--no-refine", "--steps", "2", "--batch", "16")
    sketchvae("train", "--data", packed, "--out", second, *begin)
    facts = [
        json.loads(sketchvae("info", p / "model.safetensors", "--json")) for p in (first, second)
    ]
    assert facts[0]["config"] == facts[1]["config"]
    assert facts[0]["scale"] == facts[1]["scale"]
    sketchvae("train", "--data", packed, "--out", fourth, "--init", first / "last.pt", *begin[2:])
    assert (
        json.loads(sketchvae("info", fourth / "model.safetensors", "--json"))["config"]["latent"]
        == 4
    )
    other = ("--latent", "7")
    said = sketchvae("train", "--data", packed, "--out", third, *begin, *other, fails=1)
    assert "with --init the sizes must be those of the weights" in said
    assert not third.exists()


def loaded_by(*arguments: object) -> set[str]:
    """Run a command in a fresh process; return the names of all modules that it loaded."""
    script = """if True:
        import sys
        from sketchvae.cli import main
        try:
            main(sys.argv[1:])
        finally:
            print(*sys.modules, file=sys.stderr)"""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=True)
    return set(done.stderr.decode().split())


def test_help_loads_no_command_and_no_library_but_click() -> None:
    loaded = loaded_by("--help")
    assert {name for name in loaded if name.startswith("sketchvae.cli.")} == {"sketchvae.cli.words"}
    assert not loaded & {"numpy", "svgwrite", "safetensors", "threadpoolctl", "PIL", "tinycss2"}


def test_drawing_loads_no_other_command_and_nothing_in_vain() -> None:
    loaded = loaded_by("draw", "-o", "-")
    assert {"sketchvae.cli.draw", "numpy"} <= loaded
    commands = ("train", "plot", "send", "machines", "studio", "animate", "data", "evaluate")
    assert not loaded & {f"sketchvae.cli.{name}" for name in commands}
    vain = {"scipy", "multiprocessing"} | ({"numpy.ma"} if np.__version__ >= "2" else set())
    assert not loaded & vain  # NumPy 1 loads numpy.ma itself


def test_a_page_of_sheep_loads_no_svgwrite_and_so_nothing_for_the_network(tmp_path: Path) -> None:
    loaded = loaded_by("draw", "-n", "2", "--colour", "#248", "-o", tmp_path / "sheep.svg")
    assert "sketchvae.render.svg" in loaded
    assert not loaded & {"svgwrite", "urllib.request", "http.client", "ssl", "socket", "email"}


@pytest.mark.parametrize("command", [["train", "--data", "x", "--out", "y"], ["evaluate", "x"]])
def test_threads_of_torch_sleep_while_they_wait(command: list[str]) -> None:
    """Torch reads it when it is loaded; threads that spin slow a busy machine ten times."""
    script = f"""if True:
        import os, sys
        class AtTorch:
            def find_spec(self, name, *_):
                if name == "torch":
                    print(os.environ.get("OMP_WAIT_POLICY"))
                    raise ModuleNotFoundError("not here", name=name)
        sys.meta_path.insert(0, AtTorch())
        from sketchvae.cli import main
        main({command})"""
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout == "PASSIVE\n"
    assert "pip install 'sketchvae[train]'" in done.stderr


def test_train_that_cannot_begin_leaves_no_folder(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "none"
    assert "there is no checkpoint" in sketchvae(*train(packed, out, "--resume"), fails=1)
    assert not out.exists()


def test_train_does_not_train_over_a_run(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    sketchvae(*train(packed, out, "--steps", "2"))
    before = (out / "last.pt").read_bytes()
    said = sketchvae(*train(packed, out, "--steps", "2"), fails=1)
    assert "--resume" in said
    assert (out / "last.pt").read_bytes() == before


def listen_until(process: "subprocess.Popen[str]", beginning: str) -> str:
    """Read the process's lines until one begins like that, and return it."""
    assert process.stderr is not None
    return next(line for line in process.stderr if line.startswith(beginning))


@pytest.mark.slow
def test_ctrl_c_saves_and_leaves_and_resume_goes_on(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = [str(a) for a in train(packed, out, "--steps", "100000")]
    command = [sys.executable, "-m", "sketchvae", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # so small a network wants no more
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        listen_until(process, "step 50")
        process.send_signal(signal.SIGINT)
        listen_until(process, f"{out}: stopped after step")
        listen_until(process, f"{out / 'model.safetensors'}: the weights of that step")
        listen_until(process, f"next: sketchvae draw --model {out}")
    assert process.returncode == 130
    assert (out / "last.pt").exists()
    command.append("--resume")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        first = listen_until(process, "")
        listen_until(process, "step ")
        process.send_signal(signal.SIGTERM)
        listen_until(process, f"{out}: stopped after step")
    assert process.returncode == 143
    assert int(first.partition("from step ")[2].split()[0]) >= 50


@pytest.mark.parametrize(
    ("content", "said"),
    [("junk", "must be a packed set"), (None, "cannot be read")],
)
def test_train_on_something_else_is_one_line(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "x.drawings"
    if content is not None:
        path.write_text(content)
    output = sketchvae("train", "--data", path, "--out", tmp_path / "run", fails=1)
    assert said in output
    assert len(output.splitlines()) == 1
