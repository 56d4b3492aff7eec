"""Bitmaps of drawings, held against Quick, Draw!'s own and against what the recipe says."""

from pathlib import Path

import numpy as np
import pytest
from helpers import SHARED, needs_shared, refusal

from sketchvae.bitmaps import bitmaps, blurred, read_bitmaps
from sketchvae.data import formats
from sketchvae.drawing import Drawing


def test_line_is_sixteen_units_wide_and_twenty_four_from_the_edge() -> None:
    (image,) = bitmaps([Drawing([[[0, 0], [255, 0]], [[0, 255], [255, 255]]])])
    scale = 28 / (256 + 2 * 16 + 16)
    rows = image.astype(float)[:, 10:18].mean(axis=1) / 255
    assert rows.sum() == pytest.approx(2 * 16 * scale, rel=0.05)
    assert (rows[:14] * (np.arange(14) + 0.5)).sum() / rows[:14].sum() == pytest.approx(
        (28 - 255 * scale) / 2, abs=0.1
    )
    np.testing.assert_allclose(rows, rows[::-1], atol=0.01)


@pytest.mark.parametrize("strokes", [[[[0, 0], [90, 30]]], [[[5, 5]]], []])
def test_size_and_place_of_a_drawing_change_nothing(strokes: list[list[list[int]]]) -> None:
    drawing = Drawing(strokes)
    first, second = bitmaps([drawing, drawing.scaled(7).moved(900, -40)])
    np.testing.assert_array_equal(first, second)


@needs_shared
def test_real_drawings_become_the_bitmaps_that_were_published_of_them() -> None:
    published = read_bitmaps(SHARED / "quickdraw_sheep_bitmaps.npz").astype(float)
    ours = bitmaps(list(formats.read(SHARED / "quickdraw_sheep_more.ndjson"))).astype(float)
    differences = np.abs(ours[:, None] - published).mean(axis=(2, 3)).min(axis=1)
    same = differences < 6  # of 255; the next nearest is another sheep, at 20 or more
    assert same.sum() >= 5
    assert differences[same].max() < 4
    assert differences[~same].min() > 15


def test_blur_spreads_ink_and_keeps_its_sum() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 14, 14] = 255
    (row,) = blurred(image)
    assert row.sum() == pytest.approx(1, abs=1e-6)
    assert row.max() == pytest.approx(1 / (2 * np.pi), rel=0.03)  # a Gaussian of one pixel


def test_files_of_bitmaps_are_read_and_others_refused(tmp_path: Path) -> None:
    images = np.arange(2 * 784, dtype=np.uint8).reshape(2, 784)
    np.savez(tmp_path / "a.npz", x=images)
    np.save(tmp_path / "b.npy", images.reshape(2, 28, 28))
    for name in ("a.npz", "b.npy"):
        np.testing.assert_array_equal(read_bitmaps(tmp_path / name), images.reshape(2, 28, 28))
    np.save(tmp_path / "c.npy", images.astype(np.float32))
    assert "must be (n, 28, 28) or (n, 784) uint8" in refusal(
        lambda: read_bitmaps(tmp_path / "c.npy")
    )
    (tmp_path / "d.npz").write_text("not bitmaps")
    assert "cannot be read" in refusal(lambda: read_bitmaps(tmp_path / "d.npz"))
    assert "there is no such file" in refusal(lambda: read_bitmaps(tmp_path / "e.npz"))
