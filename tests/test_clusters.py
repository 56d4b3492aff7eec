"""Clusters, how stable they are, what sets them apart, and drawing from one of them."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from helpers import SHEEP, Z, flock, random_model, sketchvae
from PIL import Image

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate.traits import TRAITS, traits
from sketchvae.explore import cluster_priors
from sketchvae.explore.clusters import cluster, distinguishing_traits
from sketchvae.generate.artist import Artist
from sketchvae.model.numpy_encoder import Posterior
from sketchvae.polyline import Floats32

MIDDLES = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 9]])


def groups(sizes: tuple[int, ...] = (30, 60, 20), seed: int = 0) -> Floats32:
    """Latents in three groups and a fourth dimension that is hardly used."""
    rng = np.random.default_rng(seed)
    middles = np.repeat(MIDDLES, sizes, axis=0)
    used = middles + rng.normal(size=middles.shape) * 0.5
    return np.column_stack([used, rng.normal(size=len(used)) * 0.1]).astype(np.float32)


# --- clusters -----------------------------------------------------------------------


def test_both_ways_find_groups_that_are_there_the_largest_first() -> None:
    truth = np.repeat([1, 0, 2], [30, 60, 20])
    by_density, around = cluster(groups())
    assert (by_density.method, around.method) == ("HDBSCAN", "k-means")
    np.testing.assert_array_equal(around.labels, truth)
    inside = by_density.labels >= 0
    assert inside.mean() > 0.7
    np.testing.assert_array_equal(by_density.labels[inside], truth[inside])
    assert around.clusters == by_density.clusters == 3
    assert around.stability == pytest.approx(1)
    assert (by_density.stability or 0) > 0.6


def test_one_cloud_has_no_clusters_by_density_and_unstable_ones_around_centres() -> None:
    latents = np.random.default_rng(0).normal(size=(150, 8)).astype(np.float32)
    by_density, around = cluster(latents, k=6)
    assert by_density.clusters == 0
    assert by_density.stability is None
    assert (by_density.labels == -1).all()
    assert around.clusters == 6
    assert (around.stability or 0) < 0.6


@pytest.mark.parametrize(
    ("n", "k", "said"),
    [(19, None, "at least 20 drawings, got 19"), (30, 16, "from 2 to half of the 30 drawings")],
)
def test_too_few_drawings_are_one_line(n: int, k: int | None, said: str) -> None:
    with pytest.raises(SketchvaeError, match=said):
        cluster(groups()[:n], k)


# --- what sets them apart -----------------------------------------------------------


def animal(*, legs: int = 0, head: float | None = None, eyes: int = 0, way: int = 1) -> Drawing:
    """Draw a round body, with a head so many widths right of its middle."""
    turn = np.linspace(0, way * 2 * np.pi, 30)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    strokes = [circle * 60]
    strokes += [np.array([[-30 + 20 * i, 55], [-30 + 20 * i, 110]]) for i in range(legs)]
    if head is not None:
        strokes.append(circle * 25 + (head * 120, -20))
    strokes += [circle * 3 + (7 * i, -30) for i in range(eyes)]
    return Drawing([s + 150 for s in strokes]).simplified()


@pytest.mark.parametrize(
    ("trait", "less", "more"),
    [
        ("legs", animal(legs=1), animal(legs=4)),
        ("facing", animal(head=-0.7), animal(head=0.7)),
        ("face", animal(head=0.7), animal(head=0.7, eyes=2)),
        ("clockwise", animal(way=-1), animal(way=1)),  # y grows downwards
        ("strokes", animal(legs=0), animal(legs=3)),
    ],
)
def test_traits_are_what_one_sees(trait: str, less: Drawing, more: Drawing) -> None:
    few, many = traits([less, more])[:, list(TRAITS).index(trait)]
    expected = {"legs": (1, 4), "face": (0, 2), "strokes": (1, 4)}
    if trait in expected:
        assert (few, many) == expected[trait]
    elif trait == "facing":
        assert few == pytest.approx(-0.7, abs=0.05)
        assert many == pytest.approx(0.7, abs=0.05)
    else:
        assert few == pytest.approx(-1, abs=0.1)
        assert many == pytest.approx(1, abs=0.1)


def test_traits_of_no_drawing_and_of_an_empty_one() -> None:
    assert traits([]).shape == (0, len(TRAITS))
    assert not traits([Drawing([])]).any()


def test_cluster_is_set_apart_by_what_differs_and_by_nothing_else() -> None:
    drawings = [animal(legs=2 + i % 2, head=0.7) for i in range(10)]
    drawings += [animal(legs=2 + i % 2, head=-0.7) for i in range(10)]
    apart = distinguishing_traits(drawings, np.arange(20) >= 10)
    assert apart[0].trait == "facing"
    assert apart[0].words == "faces left"
    assert apart[0].inside < 0 < apart[0].outside
    assert apart[0].cohens_d < -1
    assert "legs" not in [a.trait for a in apart]
    assert distinguishing_traits(drawings, np.ones(20, dtype=bool)) == []


def test_deviations_are_those_of_cohen() -> None:
    drawings = [animal(legs=i) for i in (0, 1, 2, 2, 3, 4)]
    (legs,) = (a for a in distinguishing_traits(drawings, np.arange(6) >= 3) if a.trait == "legs")
    inside, outside = np.array([2, 3, 4]), np.array([0, 1, 2])
    pooled = np.sqrt((inside.var() + outside.var()) / 2)
    assert legs.cohens_d == pytest.approx((3 - 1) / pooled)


# --- drawing from one ---------------------------------------------------------------


def two_regions() -> cluster_priors.ClusterPriors:
    model = random_model()
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(40, Z)).astype(np.float32) + np.repeat([[0], [50]], 20, axis=0)
    posterior = Posterior(mean.astype(np.float32), np.full((40, Z), -1, dtype=np.float32))
    first = np.arange(40) < 20
    return cluster_priors.fit_cluster_priors(model, posterior, [first, ~first])


def test_region_is_the_aggregate_posterior_of_its_drawings(tmp_path: Path) -> None:
    cluster_priors.save(two_regions(), tmp_path)
    found = cluster_priors.load(tmp_path)
    prior = found.artist(random_model(), 2).model.prior
    noise = np.random.default_rng(1).standard_normal((50_000, Z), dtype=np.float32)
    z = prior.sample(np.zeros(50_000, dtype=np.float32), noise)
    rng = np.random.default_rng(0)
    means = rng.normal(size=(40, Z))[20:] + 50
    np.testing.assert_allclose(z.mean(axis=0), means.mean(axis=0), atol=0.03)
    expected = np.cov(means.T, bias=True) + np.exp(-1) * np.eye(Z)
    np.testing.assert_allclose(np.cov(z.T), expected, atol=0.06)


def test_cluster_of_one_drawing_can_be_drawn_from() -> None:
    artist = Artist(random_model())
    posterior = artist.posterior(flock(3))
    found = cluster_priors.fit_cluster_priors(artist.model, posterior, [np.arange(3) == 1])
    assert len(found.artist(artist.model, 1).draw(2, seed=0)) == 2


def test_clusters_of_another_model_or_none_are_one_line(tmp_path: Path) -> None:
    found, model = two_regions(), random_model()
    for number in (0, 3):
        with pytest.raises(SketchvaeError, match=f"must be from 1 to 2, got {number}"):
            found.artist(model, number)
    with pytest.raises(SketchvaeError, match="those of the model that draws"):
        found.artist(random_model(seed=1), 1)
    same = dataclasses.replace(model, about={"word": "cow"})  # the latents are the same
    assert found.artist(same, 1).word == "cow"
    with pytest.raises(SketchvaeError, match="there are no clusters; run 'sketchvae clusters"):
        cluster_priors.load(tmp_path)
    cluster_priors.save(found, tmp_path)
    path = tmp_path / "clusters.npz"
    whole = path.read_bytes()
    for content in (b"", b"no zip", whole[:200], whole[:-400]):
        path.write_bytes(content)
        with pytest.raises(SketchvaeError, match=r"clusters.npz: must be a file of"):
            cluster_priors.load(tmp_path)
    prior = found.prior
    for wrong in (
        dataclasses.replace(prior, weights=prior.weights[1:]),
        dataclasses.replace(prior, scale_tril=prior.scale_tril[:, 1:]),
        dataclasses.replace(prior, means=prior.means * np.float32("inf")),
    ):
        cluster_priors.save(dataclasses.replace(found, prior=wrong), tmp_path)
        with pytest.raises(SketchvaeError, match=r"clusters.npz: must be a file of"):
            cluster_priors.load(tmp_path)


def test_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "clusters.npz", weights=np.array([print], dtype=object))
    with pytest.raises(SketchvaeError, match=r"clusters.npz: must be a file of"):
        cluster_priors.load(tmp_path)


# --- the commands -------------------------------------------------------------------


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.ndjson"
    lines = SHEEP.read_text().splitlines()[:40]
    cows = [line.replace('"sheep"', '"cow"') for line in lines[30:]]
    path.write_text("\n".join([*lines[:30], *cows, '{"word": "sheep", "drawing": []}']) + "\n")
    return path


def test_clusters_are_told_shown_and_drawn_from(
    tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = sketchvae("clusters", few, "-k", "3")
    assert "left out 1 without a stroke" in said
    assert "k-means  3 clusters, stability" in said
    assert "(sheep " in said
    assert "cow " in said
    figures = json.loads(sketchvae("clusters", few, "-k", "2", "--json").splitlines()[1])
    of_k_means = [c for c in figures["clusters"] if c["by"] == "k-means"]
    assert [c["cluster"] for c in figures["clusters"]] == [*range(1, len(figures["clusters"]) + 1)]
    assert sum(c["drawings"] for c in of_k_means) == 40
    assert sum(c["words"].get("cow", 0) for c in of_k_means) == 10
    last = figures["clusters"][-1]["cluster"]
    assert {path.name for path in Path("clusters").iterdir()} == {
        "clusters.npz", *(f"cluster-{i}.png" for i in range(1, last + 1))
    }  # fmt: skip
    with Image.open(f"clusters/cluster-{last}.png") as sheet:
        assert sheet.width == 1200
    sketchvae("draw", "--cluster", str(last), "--seed", "1", "-o", "a.svg")
    sketchvae("draw", "--seed", "1", "-o", "b.svg")
    assert Path("a.svg").read_text() != Path("b.svg").read_text()
    assert "cluster must be from 1 to" in sketchvae("draw", "--cluster", "99", fails=1)
    assert "--clusters needs --cluster" in sketchvae("draw", "--clusters", "x", fails=2)
    assert "x/clusters.npz: there are no" in sketchvae(
        "draw", "--cluster", "1", "--clusters", "x", fails=1
    )


def test_map_is_a_picture_or_a_page(tmp_path: Path, few: Path) -> None:
    said = sketchvae("map", few, "-o", tmp_path / "map.png")
    assert "map.png: 40 drawings" in said
    with Image.open(tmp_path / "map.png") as picture:
        assert picture.size == (1600, 816)  # with a strip for labels
    sketchvae("map", few, "-n", "12", "-o", tmp_path / "map.html")
    page = (tmp_path / "map.html").read_text()
    assert page.count("[") > 12
    assert "<title>Map: sheep</title>" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["map", "few.ndjson", "-n", "2", "-o", "map.png"], "a map must have at least 3 drawings"),
        (["map", "few.ndjson", "-o", "map.pdf"], "map.pdf: a map must end in .png or .html"),
        (["map", "none.ndjson", "-o", "map.png"], "none.ndjson: no such file"),
        (["map", "few.ndjson", "-o", "no/map.png"], "no/map.png: cannot be written"),
        (["clusters", "few.ndjson", "-k", "30"], "k must be from 2 to half of the 40 drawings"),
        (["clusters", "few.ndjson", "-o", "few.ndjson"], "few.ndjson: must be a folder"),
    ],
)
def test_bad_argument_is_one_line_and_leaves_nothing(
    tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    output = sketchvae(*arguments, fails=1)
    assert said in output
    assert [path.name for path in tmp_path.iterdir()] == [few.name]


def test_missing_extra_is_named(tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    said = sketchvae("map", few, "--by", "umap", "-o", tmp_path / "map.png", fails=1)
    assert "pip install 'sketchvae[umap]'" in said
    assert not (tmp_path / "map.png").exists()
