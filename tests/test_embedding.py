"""The map of the latent space: its places, what is drawn across it, its picture and page."""

import io
import json
import re
import sys
from pathlib import Path

import chromium as browsers
import numpy as np
import pytest
from helpers import flock, random_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import PCA

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.explore.embedding import (
    draw_map,
    embed_2d,
    mean_latents,
    pca,
    procrustes_align,
)
from sketchvae.generate.artist import Artist
from sketchvae.polyline import Floats32
from sketchvae.render import map as maps
from sketchvae.render.map import CELLS, Map, Viewport, check_suffix, to_html, to_pixels, to_png

UNIT = Viewport(0.0, 0.0, 10.0)  # cells of 1
BOX = Drawing([[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]], "box")
LINE = Drawing([[[0, 0], [255, 255]], [[0, 255]]], "line")


def latents_of(n: int, z: int = 6, seed: int = 0) -> Floats32:
    rng = np.random.default_rng(seed)
    latents: Floats32 = (rng.normal(size=(n, z)) * np.arange(z, 0, -1) + 3).astype(np.float32)
    return latents


# --- places -------------------------------------------------------------------------


def test_components_are_those_of_scikit_learn_up_to_sign() -> None:
    latents = latents_of(80)
    found, expected = pca(latents, 3), PCA(3).fit_transform(latents.astype(float))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-4)


def test_axes_point_the_same_way_whatever_the_library_does() -> None:
    latents = latents_of(80)
    found = pca(latents, 6)
    for column, axis in zip(
        found.T, np.linalg.lstsq(found, latents - latents.mean(0), rcond=None)[0], strict=True
    ):
        assert axis[np.abs(axis).argmax()] > 0
        assert column.std() > 0


def test_a_latent_of_one_dimension_is_a_line() -> None:
    found = pca(latents_of(9, z=1), 2)
    assert found.shape == (9, 2)
    assert not found[:, 1].any()


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 6.3), st.booleans(), st.integers(0, 99))
def test_turning_finds_back_whatever_was_turned_or_mirrored(
    angle: float, mirrored: bool, seed: int
) -> None:
    places = np.random.default_rng(seed).normal(size=(20, 2)) * (3, 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    other = places @ turn * ((-1, 1) if mirrored else (1, 1))
    like = places - places.mean(axis=0)
    np.testing.assert_allclose(
        procrustes_align(other, places) - other.mean(axis=0), like, atol=1e-9
    )


@pytest.mark.filterwarnings("ignore")
def test_t_sne_keeps_two_groups_apart_and_is_the_same_every_time() -> None:
    latents = np.concatenate([latents_of(15) * 0.1, latents_of(15, seed=1) * 0.1 + 40])
    places = embed_2d(latents, "tsne")
    np.testing.assert_array_equal(places, embed_2d(latents, "tsne"))
    within = np.linalg.norm(places[:15] - places[:15].mean(axis=0), axis=1).max()
    assert np.linalg.norm(places[:15].mean(axis=0) - places[15:].mean(axis=0)) > 2 * within


# --- across the plane ---------------------------------------------------------------


def test_latent_of_a_cell_is_the_mean_of_those_around_it_and_none_where_nobody_is() -> None:
    places = np.array([[0.4, 0.5], [0.6, 0.5], [5.5, 2.5]])
    latents = np.array([[0.0, 2.0], [2.0, 4.0], [9.0, 9.0]], dtype=np.float32)
    means, near = mean_latents(latents, places, UNIT)
    np.testing.assert_allclose(means[0], [1, 3], atol=1e-4)
    np.testing.assert_allclose(means[25], [9, 9], atol=1e-4)
    away = np.linalg.norm(UNIT.centres[:, None] - places, axis=2).min(axis=1)
    np.testing.assert_array_equal(near, away < 1)
    assert not near[99]


def test_on_principal_components_a_cells_latent_lies_in_or_by_the_cell() -> None:
    """The mean of latents is at the mean of their places, for the projection is linear."""
    latents = latents_of(4000)
    places = pca(latents, 2)
    viewport = Viewport(-8.0, -8.0, 16.0)
    means, near = mean_latents(latents, places, viewport)
    centred = (latents - latents.mean(axis=0)).astype(float)
    axes = np.linalg.lstsq(centred, places, rcond=None)[0]
    back = (means[near] - latents.mean(axis=0)) @ axes
    assert near.sum() > 30
    assert np.abs(back - viewport.centres[near]).max() < viewport.side / CELLS


def test_what_is_drawn_in_a_cell_is_drawn_from_its_latent() -> None:
    artist, drawings = Artist(random_model()), flock(40)
    chart = draw_map(artist, drawings)
    latents = artist.encode(drawings)
    np.testing.assert_allclose(chart.positions, pca(latents, 2), atol=1e-4)
    across, near = mean_latents(latents, chart.positions, chart.viewport)
    assert (~near).any()
    assert all(chart.decoded[i] is None for i in np.flatnonzero(~near).tolist())
    expected = artist.sample(int(near.sum()), 0.1, 0, across[near])
    assert [chart.decoded[i] for i in np.flatnonzero(near).tolist()] == expected
    inside = chart.viewport.normalised(chart.positions)
    assert ((inside > 0) & (inside < 1)).all()


def test_later_map_is_turned_like_the_earlier_one() -> None:
    artist, drawings = Artist(random_model()), flock(30)
    first = draw_map(artist, drawings)
    mirrored = first.positions * (1, -1)
    again = draw_map(artist, drawings, align_to=mirrored, viewport=UNIT)
    np.testing.assert_allclose(again.positions, mirrored, atol=1e-6)
    assert again.viewport == UNIT


def test_two_drawings_are_no_map() -> None:
    with pytest.raises(SketchvaeError, match="at least 3 drawings, got 2; add some"):
        draw_map(Artist(random_model()), flock(2))


# --- the picture --------------------------------------------------------------------


def chart() -> Map:
    places = np.array([[0.5, 0.5], [0.9, 0.9], [9.5, 1.5], [20.0, 20.0]])
    decoded: list[Drawing | None] = [None] * CELLS**2
    decoded[5] = BOX
    return Map([BOX, LINE, LINE.with_word("a<b"), BOX], places, UNIT, decoded)


def test_nearest_drawing_of_a_cell_is_in_it() -> None:
    nearest = chart().nearest()
    assert nearest[0] == BOX
    assert nearest[19] == LINE
    assert sum(drawing is not None for drawing in nearest) == 2


def test_picture_has_dots_on_both_sides_and_ink_where_drawings_are() -> None:
    picture = to_pixels(chart(), 400)
    assert picture.shape == (400, 800, 3)
    left, right = picture[:, :400], picture[:, 400:]
    assert tuple(left[20, 20]) == tuple(right[20, 20]) == maps.COLOURS[0]

    def has_ink(half: NDArray[np.uint8], cell: int) -> bool:
        top, edge = cell // CELLS * 40, cell % CELLS * 40
        return bool((half[top : top + 40, edge : edge + 40].max(axis=2) < 60).any())

    assert [cell for cell in range(100) if has_ink(left, cell)] == [0, 19]
    assert [cell for cell in range(100) if has_ink(right, cell)] == [5]
    whole = Image.open(io.BytesIO(to_png(chart())))
    assert whole.size == (1600, 816)
    below = np.asarray(whole)[800:].min(axis=2) < 100  # a line of text under each half
    assert below[:, :800].sum() > 100
    assert below[:, 800:].sum() > 100


def test_words_beyond_the_colours_are_grey() -> None:
    words = [str(i) for i in range(9)]
    colours = [maps.word_colour(words, word) for word in words]
    assert len(set(colours)) == 7
    assert colours[6] == colours[8]


# --- the page -----------------------------------------------------------------------


def test_page_is_one_file_and_its_words_cannot_break_it() -> None:
    page = to_html(chart(), "Map: a<b")
    assert not re.search(r"https?:|src=|@import", page)
    assert "<title>Map: a&lt;b</title>" in page
    data = re.search(r"const \{places, words, paths\} = (\{.*\});", page)
    assert data is not None
    assert "<" not in data[1]
    assert json.loads(data[1])["words"] == ["box", "line", "a<b", "box"]
    assert json.loads(data[1])["places"][0] == [50, 50]


@pytest.fixture
def page(tmp_path: Path, chromium: browsers.Chromium) -> browsers.Chromium:
    (tmp_path / "map.html").write_text(to_html(chart()), encoding="utf-8")
    chromium.open(tmp_path / "map.html", width=900, height=600)
    return chromium


def test_drawing_under_the_pointer_shows(page: browsers.Chromium) -> None:
    assert page.run("document.getElementById('name').textContent") == "Point at a dot."
    box = page.run("(({left, top, width}) => [left, top, width])(map.getBoundingClientRect())")
    for across, down, name in ((0.04, 0.04, "Drawing 1: box"), (0.97, 0.1, "Drawing 3: a<b")):
        page.move(box[0] + across * box[2], box[1] + down * box[2])
        assert page.run("document.getElementById('name').textContent") == name
        assert page.run("document.querySelector('#shown path').getAttribute('d')")
    assert (page.picture()[:, 620:] < 80).any()


def test_arrow_keys_go_from_drawing_to_drawing(page: browsers.Chromium) -> None:
    page.run("map.focus()")
    names = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.press(key, key)
        names.append(page.run("document.getElementById('name').textContent"))
    assert names == ["Drawing 1: box", "Drawing 2: line", "Drawing 1: box", "Drawing 4: box"]


def test_what_the_model_draws_can_be_put_away(page: browsers.Chromium) -> None:
    assert page.controls() == {"What the model draws there": "checkbox"}
    before = page.picture()
    page.run("draws.click()")
    page.settle()
    assert (page.picture() != before).any()
    assert page.run("getComputedStyle(drawn).display") == "none"


@pytest.mark.parametrize("name", ["map.gif", "map"])
def test_other_suffix_is_one_line(name: str) -> None:
    with pytest.raises(
        SketchvaeError, match=r"a map must end in .png or .html, got .*; try -o map"
    ):
        check_suffix(Path(name))


def test_missing_library_of_a_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ModuleNotFoundError, match="umap"):
        embed_2d(latents_of(9), "umap")
