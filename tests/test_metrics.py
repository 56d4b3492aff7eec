"""The measures of drawings, held against their definitions written out and against sklearn."""

import math
from pathlib import Path

import numpy as np
import pytest
from helpers import QUICKDRAW, flock
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sketchvae.bitmaps import bitmaps, blurred
from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate import comparison, metrics
from sketchvae.faults import FAULTS, fault_rates, faults
from sketchvae.features import FEATURES, features
from sketchvae.polyline import arc_length, resample_count, turns

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"

Floats = NDArray[np.float64]

SQUARE = [[0, 0], [200, 0], [200, 100], [0, 100], [0, 0]]


def sheep(n: int, first: int = 0) -> list[Drawing]:
    return list(formats.read(SHEEP))[first : first + n]


# --- features -----------------------------------------------------------------------


def test_features_of_a_drawing_measured_by_hand() -> None:
    """A closed box of 200 x 100, and a line of 50 that begins 30 below its first corner."""
    drawing = Drawing([SQUARE, [[0, 30], [30, 70]]])
    (row,) = features([drawing])
    expected = {
        "points": 7,
        "strokes": 2,
        "log aspect": math.log(2),
        "ink": 650 / 200,
        "mean segment": 650 / 5 / 200,
        "median turn": math.pi / 2,
        "sharp turns": 1.0,
        "longest stroke": 600 / 650,
        "pen-up travel": 30 / 200,
        "first gap": 0.0,
    }
    assert tuple(expected) == FEATURES
    np.testing.assert_allclose(row, list(expected.values()))


def test_turns_have_a_sign_and_pass_over_points_that_stand_still() -> None:
    left = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(turns(left), [math.pi / 2, math.pi / 2])
    np.testing.assert_allclose(turns(left[::-1]), [-math.pi / 2, -math.pi / 2])


@pytest.mark.parametrize("strokes", [[], [[[5, 5]]], [[[5, 5]], [[9, 9]]], [[[1, 1], [1, 1]]]])
def test_drawings_of_nothing_much_have_finite_features(strokes: list[list[list[int]]]) -> None:
    drawing = Drawing(strokes)
    assert np.isfinite(features([drawing])).all()
    assert np.isfinite(blurred(bitmaps([drawing]))).all()
    assert np.isfinite(fault_rates([drawing])).all()


# --- distances ----------------------------------------------------------------------


def cloud(n: int, seed: int, shift: float = 0.0, width: int = 3) -> Floats:
    x: Floats = np.random.default_rng(seed).normal(shift, 1, (n, width))
    return x


def test_mmd2_is_its_definition_written_out() -> None:
    x, y = cloud(7, 1), cloud(9, 2, 0.7)

    def norm(a: Floats, b: Floats) -> float:
        return float(np.linalg.norm(a - b))

    everything = [*x, *y]
    pairs = [norm(a, b) for i, a in enumerate(everything) for b in everything[:i]]
    widths = [float(np.median(pairs)) * factor for factor in (0.5, 1, 2)]

    def kernel(a: Floats, b: Floats) -> float:
        return sum(math.exp(-(norm(a, b) ** 2) / (2 * w * w)) for w in widths) / 3

    among_x = [kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
    among_y = [kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
    between = [kernel(a, b) for a in x for b in y]
    expected = np.mean(among_x) + np.mean(among_y) - 2 * np.mean(between)
    assert metrics.mmd2(x, y) == pytest.approx(float(expected))


def test_mmd2_of_one_distribution_is_nothing_on_average() -> None:
    values = [metrics.mmd2(cloud(40, 2 * k), cloud(40, 2 * k + 1)) for k in range(60)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(len(values))
    assert metrics.mmd2(cloud(40, 1), cloud(40, 2, 0.5)) > 4 * np.std(values)


def test_nearest_neighbour_accuracy_is_that_of_sklearn() -> None:
    x, y = cloud(30, 1), cloud(30, 2, 0.8)
    labels = np.repeat([0, 1], 30)
    classifier = KNeighborsClassifier(n_neighbors=1)
    scores = cross_val_score(classifier, np.concatenate([x, y]), labels, cv=LeaveOneOut())
    assert metrics.nearest_neighbour_accuracy(x, y) == pytest.approx(scores.mean())


def test_kernel_distance_is_its_definition_written_out() -> None:
    x, y = cloud(6, 1), cloud(8, 2, 0.7)

    def kernel(a: Floats, b: Floats) -> float:
        return float((a @ b / 3 + 1) ** 3)

    among_x = [kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
    among_y = [kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
    between = [kernel(a, b) for a in x for b in y]
    expected = np.mean(among_x) + np.mean(among_y) - 2 * np.mean(between)
    assert metrics.kernel_distance(x, y) == pytest.approx(float(expected))


def test_coverage_is_its_definition_written_out() -> None:
    x, y, k = cloud(25, 1), cloud(31, 2, 0.4), 5

    def reach(points: Floats, i: int) -> float:
        return sorted(float(np.linalg.norm(points[i] - p)) for p in points)[k]

    in_real = [[np.linalg.norm(a - b) < reach(y, j) for j, b in enumerate(y)] for a in x]
    in_drawn = [[np.linalg.norm(a - b) < reach(x, i) for i, a in enumerate(x)] for b in y]
    got = metrics.coverage(x, y)
    assert got.precision == pytest.approx(np.mean([any(row) for row in in_real]))
    assert got.recall == pytest.approx(np.mean([any(row) for row in in_drawn]))
    assert got.density == pytest.approx(np.sum(in_real) / (k * len(x)))
    assert got.coverage == pytest.approx(np.mean(np.any(in_real, axis=0)))


def test_coverage_tells_pretty_but_narrow_from_broad_but_sloppy() -> None:
    real = cloud(200, 1, width=10)
    narrow = metrics.coverage(cloud(200, 2, width=10) * 0.6, real)
    broad = metrics.coverage(cloud(200, 3, width=10) * 1.5, real)
    assert narrow.precision > 0.95 > 0.6 > narrow.recall
    assert broad.recall > 0.9 > 0.6 > broad.precision
    assert narrow.density > 1.2 > 0.6 > broad.density


def test_frechet_of_a_scaled_and_moved_set() -> None:
    """C_y = 4 C_x commutes with C_x: the trace is that of C + 4 C - 2 * 2 C."""
    x = cloud(50, 1)
    expected = 9 * 3 + np.trace(np.cov(x.T))
    moved = (x - x.mean(0)) * 2 + x.mean(0) + 3
    assert metrics.frechet(x, moved) == pytest.approx(float(expected), rel=1e-6)
    assert metrics.frechet(x, x) == pytest.approx(0, abs=1e-6)


def test_standardised_is_by_the_real_set_and_clipped_at_five() -> None:
    real = np.array([[0.0, 7.0], [2.0, 7.0]])
    got = metrics.standardised(np.array([[3.0, 7.0], [100.0, 8.0], [-100.0, 6.0]]), real)
    np.testing.assert_allclose(got, [[2, 0], [5, 1], [-5, -1]])


# --- faults -------------------------------------------------------------------------


def circle(turns_: float, radius: float = 50.0, x: float = 100.0, y: float = 100.0) -> Floats:
    angle = np.linspace(0, 2 * math.pi * turns_, max(3, round(24 * turns_)))
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def fault(drawing: Drawing, name: str) -> bool:
    return faults(drawing)[FAULTS.index(name)]


def test_more_than_four_circles_one_way_are_endless() -> None:
    assert fault(Drawing([circle(4.5)]), "endless circle")
    assert not fault(Drawing([circle(3.5)]), "endless circle")
    there_and_back = np.concatenate([circle(3), circle(3)[::-1]])
    assert not fault(Drawing([there_and_back]), "endless circle")


def test_head_off_the_body_is_found_and_one_that_touches_is_not() -> None:
    body = circle(1)
    for gap, off in ((0.0, False), (4.0, False), (60.0, True)):
        head = circle(1, radius=20, x=100 + 50 + 20 + gap)
        assert fault(Drawing([body, head]), "part off the body") is off
    eye = [[100.0, 100.0], [102.0, 100.0]]  # small and far from all lines, but the last part
    neck = [[150.0, 100.0], [190.0, 100.0]]
    head = circle(1, radius=20, x=210)
    assert not fault(Drawing([body, head, neck]), "part off the body")
    assert fault(Drawing([body, eye]), "part off the body")


def apart_by_scipy(drawing: Drawing) -> bool:
    """Part off the body, by SciPy's distances and components."""
    ink = np.array([arc_length(stroke)[-1] for stroke in drawing.strokes])
    side = drawing.longest_side
    dense = [
        resample_count(s, int(n / (0.01 * side)) + 2)
        for s, n in zip(drawing.strokes, ink, strict=True)
    ]
    gaps = np.array([[cdist(a, b).min() for b in dense] for a in dense])
    count, part = connected_components(gaps <= 0.04 * side, directed=False)
    if count < 2:
        return False
    body, second = np.argsort(-np.bincount(part, weights=ink), kind="stable")[:2]
    points = np.concatenate([s for s, p in zip(drawing.strokes, part, strict=True) if p == body])
    gap = gaps[part == body][:, part == second].min()
    return bool(gap > 0.1 * np.hypot(*np.ptp(points, axis=0)))


def test_parts_are_those_of_connected_components() -> None:
    dots = [Drawing([[[0, 0]], [[255, 255]], [[9, 0]]]), Drawing([[[0, 0], [9, 9]], [[0, 200]]])]
    scribbles = flock(60)
    small = [Drawing([*d.strokes[:1], *(s / 9 for s in d.strokes[1:])]) for d in scribbles]
    drawings = [*formats.read(SHEEP), *formats.read(QUICKDRAW), *scribbles, *small, *dots]
    expected = [apart_by_scipy(drawing) for drawing in drawings]
    assert [fault(drawing, "part off the body") for drawing in drawings] == expected
    assert 5 < sum(expected) < len(expected) - 50


def test_body_is_open_by_the_ends_of_its_longest_stroke() -> None:
    assert fault(Drawing([circle(0.75)]), "open body")
    assert not fault(Drawing([circle(1.0)]), "open body")
    assert not fault(Drawing([circle(1.0), [[0, 0], [90, 0]]]), "open body")


def test_shares_are_of_the_drawings() -> None:
    drawings = [Drawing([circle(0.75)]), *[Drawing([circle(1.0)])] * 3]
    np.testing.assert_allclose(fault_rates(drawings), [0, 0, 0.25])


# --- the protocol -------------------------------------------------------------------


def test_real_against_real_is_near_the_floor_and_others_are_far() -> None:
    flock = sheep(300)
    rng = np.random.default_rng(0)
    boxes = [Drawing([rng.uniform(0, 1, (5, 2)) * 9 + SQUARE]) for _ in range(60)]
    sets = {"real": flock[:100], "alike": flock[100:200], "boxes": boxes}
    measured = {name: comparison.measure(drawings) for name, drawings in sets.items()}
    rows = comparison.compare(measured, comparison.measure(flock[200:]), n=50, repeats=8)
    figures = {name: {k: m for k, (m, _) in row.metrics.items()} for name, row in rows.items()}
    assert abs(figures["alike"]["1-NN"] - 0.5) < 0.1
    assert abs(figures["real"]["1-NN"] - 0.5) < 0.1
    assert figures["boxes"]["1-NN"] > 0.95
    assert figures["boxes"]["MMD2 x1e3"] > 10 * abs(figures["alike"]["MMD2 x1e3"])
    assert figures["boxes"]["raster MMD2 x1e3"] > 10 * abs(figures["alike"]["raster MMD2 x1e3"])
    assert figures["boxes"]["KID x1e3"] > 10 * abs(figures["alike"]["KID x1e3"])
    assert {row.n for row in rows.values()} == {50}
    assert rows["alike"].named > 0.5 > 0.1 > rows["boxes"].named


def test_real_bitmaps_are_compared_with_all_sets() -> None:
    flock = sheep(200)
    measured = {
        name: comparison.measure(flock[i : i + 60]) for i, name in ((0, "real"), (60, "t 1"))
    }
    known = comparison.measure_images(bitmaps(flock[120:]))
    rows = comparison.compare(measured, repeats=3, real_images=known)
    for row in rows.values():
        assert list(row.metrics) == [*comparison.METRICS, *comparison.BITMAP_METRICS]
        assert abs(row.metrics["bitmap 1-NN"][0] - 0.5) < 0.15


def test_every_set_goes_through_the_simplification_once() -> None:
    (drawing,) = sheep(1)
    large = comparison.measure([drawing.scaled(3.7).moved(50, 9)])
    np.testing.assert_allclose(large.features, comparison.measure([drawing]).features, rtol=0.1)
    np.testing.assert_allclose(
        comparison.measure([drawing]).features, features([drawing.simplified()])
    )


def test_without_others_the_floor_is_of_halves_that_share_no_drawing() -> None:
    measured = comparison.measure(sheep(60))
    rows = comparison.compare({"real": measured}, n=100, repeats=5)
    assert rows["real"].n == 30
    assert (
        rows["real"].metrics["1-NN"][0] > 0.3
    )  # the same drawing on both sides would be its own nearest neighbour


def test_reconstruction_is_nearer_than_all_others_or_than_few() -> None:
    flock = sheep(30)
    for shares in comparison.reconstruction_rank(flock, [*flock[:-1], Drawing(())]):
        np.testing.assert_array_equal(shares[:-1], 1)
        assert shares[-1] == 0  # it did not end
    for shares in comparison.reconstruction_rank(flock, flock[1:] + flock[:1]):
        assert 0.3 < shares.mean() < 0.7  # that of another drawing is as far as any other


def test_too_few_drawings_are_one_line() -> None:
    measured = {"real": comparison.measure(sheep(60)), "t 1": comparison.measure(sheep(19))}
    with pytest.raises(SketchvaeError, match=r"t 1: comparing needs at least 20 .* got 19"):
        comparison.compare(measured)
