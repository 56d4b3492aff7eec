"""The classifier that names drawings, on two categories that anybody can tell apart."""

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from helpers import SHEEP, refusal

from sketchvae.bitmaps import bitmaps
from sketchvae.data import formats
from sketchvae.data.dataset import pack
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.evaluate.classifier import (
    Classifier,
    embeddings,
    load_classifier,
    predict,
    save_classifier,
    shipped_classifier,
)
from sketchvae.train import classifier
from sketchvae.train.classifier import (
    LabelledBitmaps,
    distort,
    label,
    read_categories,
    read_images,
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


def named_first(model: Classifier, drawings: list[Drawing], word: str) -> float:
    """Return the fraction of drawings whose likeliest category is a word."""
    labels = predict(model, bitmaps([drawing.simplified() for drawing in drawings]))
    return float((labels == model.words.index(word)).mean())


@pytest.fixture(scope="module")
def trained() -> Classifier:
    crosses, bars = crosses_and_bars(96)
    labels = np.repeat([0, 1], 96)
    held_out = np.arange(192) % 3 == 0
    data = LabelledBitmaps(["sheep", "bar"], bitmaps([*crosses, *bars]), labels, held_out)
    return train_classifier(data, seed=0, width=4, epochs=50)


def test_trained_classifier_names_new_drawings(trained: Classifier) -> None:
    crosses, bars = crosses_and_bars(40)
    assert named_first(trained, crosses, "sheep") > 0.9
    assert named_first(trained, bars, "sheep") < 0.1
    assert named_first(Classifier(["sheep", "bar"], 4), [*crosses, *bars], "bar") in (0.0, 1.0)


def test_saved_classifier_predicts_as_before(trained: Classifier, tmp_path: Path) -> None:
    save_classifier(trained, tmp_path / "classifier.safetensors")
    loaded = load_classifier(tmp_path / "classifier.safetensors")
    images = bitmaps([d for pair in zip(*crosses_and_bars(20), strict=True) for d in pair])
    assert loaded.words == ["sheep", "bar"]
    np.testing.assert_array_equal(predict(loaded, images), predict(trained, images))
    assert not loaded.training


def test_predicting_leaves_the_mode_as_it_was(trained: Classifier) -> None:
    trained.train()
    before = {k: v.clone() for k, v in trained.state_dict().items()}
    predict(trained, bitmaps(crosses_and_bars(2)[0]))
    assert trained.training
    assert all(torch.equal(v, before[k]) for k, v in trained.state_dict().items())
    trained.eval()
    assert len(predict(trained, bitmaps([]))) == 0


def test_distortion_keeps_the_ink_but_moves_it() -> None:
    images = torch.from_numpy(bitmaps(crosses_and_bars(8)[0]))[:, None].float() / 255
    moved = distort(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert (moved - images).abs().max() > 0.5
    ratios = moved.sum((1, 2, 3)) / images.sum((1, 2, 3))
    assert 0.5 < float(ratios.min()) < float(ratios.max()) < 2
    again = distort(images, torch.Generator().manual_seed(0))
    assert torch.equal(moved, again)


def test_embeddings_are_what_the_logits_are_made_from(trained: Classifier) -> None:
    images = bitmaps(crosses_and_bars(5)[0])
    seen, logs = embeddings(trained, images)
    assert seen.shape == (5, 8 * trained.width)
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(logs.argmax(axis=1), predict(trained, images))


def test_shipped_classifiers_know_the_categories_and_real_from_scribbled() -> None:
    scribbles = [Drawing([np.random.default_rng(i).integers(0, 255, (40, 2))]) for i in range(20)]
    sheep = list(formats.read(SHEEP))[:100]
    for name in ("critic", "judge"):
        model = shipped_classifier(name)
        assert len(model.words) == 345
        assert named_first(model, sheep, "sheep") > 0.5
        assert named_first(model, scribbles, "sheep") < 0.1


def test_what_is_held_out_is_fixed() -> None:
    images = np.zeros((200, 28, 28), np.uint8)
    first, second = (label({"sheep": images, "bar": images[:50]}, 0.2) for _ in range(2))
    assert first.words == ["sheep", "bar"]
    assert np.bincount(first.labels).tolist() == [200, 50]
    assert 0.1 < first.held_out.mean() < 0.3
    np.testing.assert_array_equal(first.held_out, second.held_out)


def test_images_are_read_from_drawings_packed_sets_and_bitmaps(tmp_path: Path) -> None:
    crosses, bars = crosses_and_bars(30)
    formats.write(tmp_path / "bars.ndjson.gz", bars)
    pack(crosses, tmp_path / "crosses.drawings", fractions=SplitFractions(0.3, 0.2))
    np.savez(tmp_path / "many.npz", x=bitmaps(crosses))
    formats.write(tmp_path / "bitmaps.npz", bars)  # drawings, whatever the name
    assert list(read_categories(tmp_path / "bars.ndjson.gz")) == ["bar"]
    np.testing.assert_array_equal(read_images(tmp_path / "bars.ndjson.gz"), bitmaps(bars))
    np.testing.assert_array_equal(read_images(tmp_path / "many.npz"), bitmaps(crosses))
    np.testing.assert_array_equal(read_images(tmp_path / "bitmaps.npz"), bitmaps(bars))
    assert 5 < len(read_images(tmp_path / "crosses.drawings")) < 25  # the training split


def test_command_trains_and_asks(tmp_path: Path) -> None:
    crosses, bars = crosses_and_bars(40)
    formats.write(tmp_path / "bars.ndjson", bars)
    formats.write(tmp_path / "crosses.ndjson", crosses)
    out, sheep = tmp_path / "c.safetensors", str(tmp_path / "crosses.ndjson")
    options = ["--width", "2", "--epochs", "1"]
    run = CliRunner().invoke(
        classifier.main, ["train", str(out), str(tmp_path / "bars.ndjson"), sheep, *options]
    )
    assert "epoch 1: loss" in run.output
    assert load_classifier(out).width == 2
    assert (
        "of 40 named sheep first"
        in CliRunner().invoke(classifier.main, ["ask", str(out), sheep]).output
    )
    assert "must be a classifier of sketchvae" in refusal(
        lambda: load_classifier(tmp_path / "bars.ndjson")
    )
