"""The classifier that names drawings, on two categories that anybody can tell apart."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.evaluate import classifier
from sketchvae.evaluate.classifier import (
    Classifier,
    LabelledImages,
    distort,
    draw_images,
    load_classifier,
    load_quickdraw,
    named_first,
    predict,
    save_classifier,
    train_classifier,
)

torch.set_num_threads(1)


def crosses_and_bars(n: int) -> tuple[list[Drawing], list[Drawing]]:
    """Random crosses (sheep, here) and random horizontal bars."""
    rng = np.random.default_rng(n)
    crosses, bars = [], []
    for _ in range(n):
        a, b = rng.integers(0, 60, 2)
        crosses.append(Drawing([[[a, b], [255, 255 - b]], [[a, 255], [255, b]]], word="sheep"))
        bars.append(Drawing([[[0, a], [255, a + 20]], [[0, b + 100], [255, b + 90]]], word="bar"))
    return crosses, bars


@pytest.fixture(scope="module")
def trained() -> Classifier:
    crosses, bars = crosses_and_bars(96)
    labels = np.repeat([0, 1], 96)
    held_out = np.arange(192) % 3 == 0
    data = LabelledImages(["sheep", "bar"], draw_images([*crosses, *bars]), labels, held_out)
    return train_classifier(data, seed=0, width=4, epochs=50)


def test_trained_classifier_names_new_drawings(trained: Classifier) -> None:
    crosses, bars = crosses_and_bars(40)
    assert named_first(trained, crosses, "sheep") > 0.9
    assert named_first(trained, bars, "sheep") < 0.1
    assert named_first(Classifier(["sheep", "bar"], 4), [*crosses, *bars], "bar") in (0.0, 1.0)


def test_saved_classifier_predicts_as_before(trained: Classifier, tmp_path: Path) -> None:
    save_classifier(trained, tmp_path / "classifier.pt")
    loaded = load_classifier(tmp_path / "classifier.pt")
    images = draw_images([d for pair in zip(*crosses_and_bars(20), strict=True) for d in pair])
    assert loaded.words == ["sheep", "bar"]
    np.testing.assert_array_equal(predict(loaded, images), predict(trained, images))
    assert not loaded.training


def test_predicting_leaves_the_mode_as_it_was(trained: Classifier) -> None:
    trained.train()
    before = {k: v.clone() for k, v in trained.state_dict().items()}
    predict(trained, draw_images(crosses_and_bars(2)[0]))
    assert trained.training
    assert all(torch.equal(v, before[k]) for k, v in trained.state_dict().items())
    trained.eval()
    assert len(predict(trained, draw_images([]))) == 0


def test_pictures_are_white_ink_centred_on_black() -> None:
    (image,) = draw_images([Drawing([[[0, 0], [255, 0]], [[0, 255], [255, 255]]])])
    rows = image.astype(int).sum(axis=1)
    assert set(np.flatnonzero(rows)) <= {0, 1, 2, 29, 30, 31}
    assert rows[:3].sum() == rows[-3:].sum() > 0
    assert image.max() == 255


def test_distortion_keeps_the_ink_but_moves_it() -> None:
    images = torch.from_numpy(draw_images(crosses_and_bars(8)[0]))[:, None].float() / 255
    moved = distort(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert (moved - images).abs().max() > 0.5
    ratios = moved.sum((1, 2, 3)) / images.sum((1, 2, 3))
    assert 0.5 < float(ratios.min()) < float(ratios.max()) < 2
    again = distort(images, torch.Generator().manual_seed(0))
    assert torch.equal(moved, again)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder as `load_quickdraw` reads it."""
    crosses, bars = crosses_and_bars(40)
    formats.write(tmp_path / "quickdraw_sheep.ndjson", crosses)
    formats.write(tmp_path / "quickdraw_344.ndjson.gz", bars)
    return tmp_path


def test_what_is_held_out_depends_on_the_drawings_alone(data: Path) -> None:
    first = load_quickdraw(data)
    assert first.words == ["bar", "sheep"]
    assert np.bincount(first.labels).tolist() == [40, 40]
    held = [first.held_out[first.labels == label].mean() for label in (0, 1)]
    assert held[0] < 0.2 < held[1] < 0.7  # fractions of 0.05 and 0.4559
    formats.write(data / "quickdraw_sheep.ndjson", crosses_and_bars(40)[0][::-1])
    second = load_quickdraw(data)
    np.testing.assert_array_equal(second.held_out[40:], first.held_out[40:][::-1])


def test_command_trains_and_asks(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classifier.main(["train", str(data), str(data / "c.pt"), "0", "2", "1"])
    assert "epoch 1: loss" in capsys.readouterr().out
    assert load_classifier(data / "c.pt").width == 2
    classifier.main(["ask", str(data / "c.pt"), str(data / "quickdraw_sheep.ndjson")])
    assert "of 40 named sheep first" in capsys.readouterr().out
