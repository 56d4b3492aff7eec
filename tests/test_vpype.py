"""What vpype does for plots: another order for the same ink, and HPGL that hp2xx draws."""

import io
import itertools
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import vpype
import vpype_cli
from helpers import SHEEP
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiLineString, hausdorff_distance

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.plot import vpype as pipeline
from sketchvae.plot.layout import Layout
from sketchvae.plot.page import Page, parse_page
from sketchvae.plot.plan import Layer, Pens, Plot, make_plot
from sketchvae.plot.svg import to_svg
from sketchvae.plot.vpype import optimize, to_hpgl
from sketchvae.polyline import Floats

MM = 96 / 25.4
A4 = parse_page("a4")
COORDINATES = st.sampled_from([10, 10.01, 10.04, 10.1, 11, 30, 30.06])
DOT = Drawing([[[3, 4]]])
FLOCK = [*itertools.islice(formats.read(SHEEP), 10), DOT]
PENS = Pens(("black", "red"), of_strokes=(1, 2))


def laid_out(sheet: Page = A4, pens: Pens = PENS, margin: float = 20) -> Plot:
    return make_plot(Layout(margin=margin).place(FLOCK, sheet), sheet, pens)


def lines(layer: Layer) -> MultiLineString:
    return MultiLineString([s if len(s) > 1 else s.repeat(2, axis=0) for s in layer.strokes])


def travel(document: vpype.Document) -> float:
    """Measure vpype's pen-up length in all layers, mm."""
    return sum(float(layer.pen_up_length()[0]) for layer in document.layers.values()) / MM


def through_vpype(plot: Plot, pipeline: str, folder: Path) -> vpype.Document:
    (folder / "page.svg").write_text(to_svg(plot))
    return vpype_cli.execute(f"read {folder / 'page.svg'} {pipeline}")


# --- the order of strokes -----------------------------------------------------------


def test_optimized_ink_is_the_same_pen_by_pen() -> None:
    plot = laid_out()
    for before, after in zip(plot.layers, optimize(plot).layers, strict=True):
        assert (after.pen, after.colour) == (before.pen, before.colour)
        assert hausdorff_distance(lines(before), lines(after), densify=0.5) < 0.1
        assert lines(after).length == pytest.approx(lines(before).length, rel=0.005)
    dots = [s for s in optimize(plot).strokes if len(s) == 1]
    assert len(dots) == sum(len(s) == 1 for s in plot.strokes) > 0


@pytest.mark.parametrize("arrangement", ["grid", "packed"])
def test_travel_is_at_most_that_of_vpypes_own_sorting(arrangement: str, tmp_path: Path) -> None:
    flock = list(itertools.islice(formats.read(SHEEP), 40))
    plot = make_plot(Layout(arrangement).place(flock, A4), A4, Pens())  # type: ignore[arg-type]
    theirs = travel(through_vpype(plot, "linemerge linesort", tmp_path))
    ours = travel(through_vpype(optimize(plot), "", tmp_path))
    assert ours <= theirs
    assert ours < 0.7 * travel(through_vpype(plot, "", tmp_path))


def test_too_many_strokes_for_two_opt_are_sorted_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_TWO_OPT_STROKES", 10)
    plot = laid_out(pens=Pens())
    drawn = travel(through_vpype(plot, "", tmp_path))
    assert travel(through_vpype(optimize(plot), "", tmp_path)) < 0.8 * drawn
    assert hausdorff_distance(lines(plot.layers[0]), lines(optimize(plot).layers[0])) < 0.1


def test_strokes_that_meet_become_one_and_straight_points_go() -> None:
    pieces = [[[50, 50], [60, 50], [70, 50.01]], [[90, 90], [95, 90]], [[70.03, 50], [70, 60]]]
    plot = make_plot([Drawing(np.array(p) for p in pieces)], A4, Pens())
    strokes = optimize(plot).strokes
    assert sorted(len(s) for s in strokes) == [2, 3]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=7),
        min_size=1,
        max_size=6,
    )
)
def test_no_ink_is_lost_or_added(strokes: list[list[tuple[float, float]]]) -> None:
    """Points that repeat, turn back, lie on a line or within what is simplified away."""
    plot = make_plot(Layout("keep").place([Drawing(strokes)], A4), A4, Pens())
    (before,), (after,) = plot.layers, optimize(plot).layers
    assert hausdorff_distance(lines(before), lines(after), densify=0.2) < 0.15


def test_optimizing_twice_writes_the_same() -> None:
    plot = laid_out()
    assert to_svg(optimize(plot)) == to_svg(optimize(plot))


def test_a_page_of_dots_keeps_them() -> None:
    plot = make_plot([DOT, DOT.moved(9, 9), DOT.moved(5, 5)], A4, Pens())
    assert {tuple(s[0]) for s in optimize(plot).strokes} == {(3, 4), (12, 13), (8, 9)}


# --- HPGL ---------------------------------------------------------------------------


def seen_by_hp2xx(text: str, folder: Path) -> list[Floats]:
    """Let hp2xx draw, and return its polylines in plotter units."""
    (folder / "page.hpgl").write_text(text)
    svg = folder / "page.svg"
    done = subprocess.run(
        ["hp2xx", "-t", "-N", "-m", "svg", "-f", str(svg), str(folder / "page.hpgl")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"command\(s\) ignored: +0$", done.stderr, flags=re.M)
    message = re.search(r"range: \((-?\d+), (-?\d+)\) \.{3} \((-?\d+), (-?\d+)\)", done.stderr)
    assert message is not None
    left, low, _, high = (int(group) for group in message.groups())
    unit = 72 / 25.4 * 0.025  # it takes a plotter unit for 0.025 mm
    strokes: list[Floats] = []
    for data in re.findall(r'<path d="([^"]*)"', svg.read_text()):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", data)]
        points = np.array(numbers).reshape(-1, 2) / unit
        points = np.column_stack([points[:, 0] + left, high - low - points[:, 1]])  # as it does
        if strokes and np.abs(strokes[-1][-1] - points[0]).max() < 0.5:
            strokes[-1] = np.concatenate([strokes[-1], points[1:]])  # of several PD
        else:
            strokes.append(points)
    return strokes


@pytest.mark.usefixtures("hp2xx")
@pytest.mark.parametrize("landscape", [False, True])
def test_hp2xx_draws_the_ink_that_is_in_the_plot(landscape: bool, tmp_path: Path) -> None:
    """The 7475A has its origin at (10, 206) mm of an A4 page that lies, and units of 0.02488."""
    plot = laid_out(parse_page("a4", landscape), Pens())
    text, notes = to_hpgl(plot, "hp7475a")
    assert notes == ["The plotter must be configured in Metric mode."]
    strokes = seen_by_hp2xx(text, tmp_path)
    wide = [s for s in plot.strokes if len(s) > 1]
    drawn = [s for s in strokes if np.ptp(s, axis=0).max() > 0.5]
    assert len(drawn) == len(wide) > 40
    for units, stroke in zip(drawn, wide, strict=True):
        x, y = (units * 0.02488).T
        on_paper = np.column_stack([x + 10, 206 - y])
        turned = np.column_stack([210 - on_paper[:, 1], on_paper[:, 0]])
        np.testing.assert_allclose(on_paper if landscape else turned, stroke, atol=0.03)


def test_each_pen_is_taken_once_and_put_back_and_lines_are_short() -> None:
    text, _ = to_hpgl(laid_out(), "hp7475a")
    assert re.findall(r"SP\d", text) == ["SP1", "SP2", "SP0"]
    assert max(len(c.split(",")) for c in text.split(";")) <= 40
    assert "PD" not in text.rpartition("PU")[2]
    long = make_plot([Drawing([[[20 + i, 30 + i % 7] for i in range(90)]])], A4, Pens())
    commands = to_hpgl(long, "hp7475a")[0].split(";")
    assert [len(c.split(",")) // 2 for c in commands if c.startswith("PD")] == [20, 20, 20, 20, 9]


def test_the_unit_of_the_hp_7550_is_a_fortieth_of_a_mm() -> None:
    line = make_plot([Drawing([[[50, 50], [50, 250]]])], A4, Pens())
    for device, units in (("hp7550", 8000), ("hp7475a", 8039)):
        numbers = re.findall(r"P[UD](-?\d+),(-?\d+)", to_hpgl(line, device)[0])[:2]
        (x, y), (u, v) = np.array(numbers, dtype=float)
        assert abs(x - u) + abs(y - v) == pytest.approx(units, abs=1)


DEVICES = ["designmate", "hp7475a", "hp7440a", "artisan", "dmp_161", "hp7550", "dxy", "sketchmate"]


def written_by_vpype(stroke: Floats, device: str, sheet: Page) -> Floats:
    """Return the points of a stroke, in plotter units, that vpype does not cut off."""
    document = vpype.Document(page_size=(sheet.width * MM, sheet.height * MM))
    document.add(vpype.LineCollection([(stroke * MM) @ np.array([1, 1j])]), 1)
    text = io.StringIO()
    vpype.write_hpgl(text, document, "a4", sheet.landscape, False, device, None, True, True)
    drawn = text.getvalue().partition("PU")[2].rpartition("PU")[0]  # the rest is going to park
    return np.array(re.findall(r"(-?\d+),(-?\d+)", drawn), dtype=float)


@pytest.mark.parametrize("landscape", [False, True])
@pytest.mark.parametrize("device", DEVICES)
def test_what_is_refused_is_what_vpype_would_cut_off(device: str, landscape: bool) -> None:
    """What is cut off a cross beyond the page is what the message says, to its 0.1 mm."""
    sheet = parse_page("a4", landscape)
    cross = np.array([[0, 0.5], [1, 0.5], [0.5, 0.5], [0.5, 0], [0.5, 1]])
    beyond = (cross * 1.2 - 0.1) * (sheet.width, sheet.height)
    with pytest.raises(SketchvaeError, match=f"within what {device} reaches") as refused:
        to_hpgl(make_plot([Drawing([beyond])], sheet, Pens()), device)
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d", str(refused.value))]
    low, high = np.array(numbers[:2]) + 0.1, np.array(numbers[2:4]) - 0.1
    inside = low + cross * (high - low)
    to_hpgl(make_plot([Drawing([inside])], sheet, Pens()), device)
    most, kept = written_by_vpype(beyond, device, sheet), written_by_vpype(inside, device, sheet)
    assert len(kept) == 5
    np.testing.assert_allclose(kept.min(axis=0), most.min(axis=0), atol=7)  # 0.025 mm each
    np.testing.assert_allclose(kept.max(axis=0), most.max(axis=0), atol=7)
    for axis, sign in itertools.product((0, 1), (-1, 1)):
        outside = inside.copy()
        outside[np.argmax(sign * outside[:, axis]), axis] += sign * 0.25
        with pytest.raises(SketchvaeError, match=f"within what {device} reaches"):
            to_hpgl(make_plot([Drawing([outside])], sheet, Pens()), device)


@pytest.mark.parametrize(
    ("device", "sheet", "message"),
    [
        ("hp9999", A4, "a device must be one of hp7475a, .*, got 'hp9999'"),
        ("hp7475a", parse_page("a2"), "hp7475a takes a4, a3, letter, got a page of 'a2'"),
        (
            "hp7475a",
            parse_page("210x297mm"),
            "hp7475a takes a4, a3, letter, got a page of '210x297mm'",
        ),
    ],
)
def test_device_or_paper_that_is_unknown_is_one_line(
    device: str, sheet: Page, message: str
) -> None:
    with pytest.raises(SketchvaeError, match=message):
        to_hpgl(laid_out(sheet), device)


def test_pens_that_a_device_lacks_and_ink_at_the_edge_are_refused() -> None:
    pens = Pens(("black",) * 7, of_drawings=(7,))
    with pytest.raises(SketchvaeError, match="hp7475a has pens 1 to 6, got pen 7"):
        to_hpgl(laid_out(pens=pens), "hp7475a")
    with pytest.raises(SketchvaeError, match="try --margin 14") as refused:
        to_hpgl(laid_out(margin=2), "hp7475a")
    margin = float(str(refused.value).split()[-1])
    to_hpgl(laid_out(margin=margin), "hp7475a")
