"""The discriminator: equal to the network that was trained, and right about what people draw."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import QUICKDRAW

from sketchvae.bitmaps import Bitmaps, bitmaps
from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.evaluate.class_head import auroc
from sketchvae.evaluate.classifier import Classifier, to_tensor
from sketchvae.generate.artist import Artist, load
from sketchvae.generate.candidates import best_first, best_of, plausibility
from sketchvae.model import discriminator as discriminators
from sketchvae.model.discriminator import shipped_discriminator
from sketchvae.polyline import Floats
from sketchvae.train.discriminator import fold, train_discriminator


def rings(n: int, gap: float, seed: int) -> Bitmaps:
    """Bitmaps of circles that are open by an angle, at random places on the sheet."""
    rng = np.random.default_rng(seed)
    flock = []
    for first, size in zip(rng.uniform(0, 7, n), rng.uniform(60, 127, n), strict=True):
        angles = np.linspace(first, first + 2 * np.pi - gap, 40)
        ring = size * np.column_stack([np.cos(angles), np.sin(angles)])
        flock.append(Drawing([ring, [[127, 127]], [[-127, -127]]]))
    return bitmaps(flock)


@pytest.fixture(scope="module")
def network() -> Classifier:
    """A classifier of one output whose normalisation has seen bitmaps."""
    torch.manual_seed(3)
    model = Classifier(["real"], 4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        for _ in range(5):
            model(to_tensor(rings(32, 1.0, 0)))
    return model.eval()


def test_log_odds_are_the_logits_of_the_network(network: Classifier) -> None:
    images = rings(300, 0.5, 1)
    with torch.no_grad():
        logits = network(to_tensor(images))[:, 0].numpy()
    log_odds = fold(network).log_odds(images)
    assert logits.std() > 0.01
    np.testing.assert_allclose(log_odds, logits, atol=1e-4 * abs(logits).max())
    assert fold(network).log_odds(images[:0]).shape == (0,)


def test_file_has_the_network_in_float16(
    network: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded, images = fold(network), rings(20, 0.5, 2)
    path = tmp_path / "discriminator.safetensors"
    discriminators.save(folded, path)
    monkeypatch.setattr(discriminators, "shipped_path", lambda _: path)
    again = discriminators.shipped_discriminator.__wrapped__()
    np.testing.assert_allclose(again.log_odds(images), folded.log_odds(images), rtol=0.02)


def test_training_learns_to_see_what_is_open() -> None:
    torch.manual_seed(0)
    sets = rings(1024, 0.0, 3), rings(1024, 1.5, 4)
    trained = train_discriminator(*sets, Classifier(["ring"], 4), epochs=6)
    closed, opened = (trained.log_odds(rings(200, gap, 5)) for gap in (0.0, 1.5))
    assert auroc(closed, opened) > 0.9


def test_shipped_one_knows_sheep_of_people_from_drawn_ones_though_it_never_saw_a_sheep() -> None:
    real = list(formats.read(QUICKDRAW))
    drawn = [d.to_quickdraw() for d in load().draw(200, 1.0, seed=8)]
    shipped = shipped_discriminator()
    assert auroc(shipped.log_odds(bitmaps(real)), shipped.log_odds(bitmaps(drawn))) > 0.65


def test_what_is_plausible_is_of_the_kind_and_as_people_draw() -> None:
    artist, real = load(), [d.to_quickdraw() for d in formats.read(QUICKDRAW)]
    head, people = artist.class_head, shipped_discriminator()
    expected = head.log_odds(artist.states(real)) + people.log_odds(bitmaps(real)) / 2
    judged = plausibility(artist)([*real, None, Drawing(())])
    np.testing.assert_allclose(judged[:20], expected, rtol=1e-4)
    assert (judged[20:] == -np.inf).all()
    order = np.argsort(-expected)
    assert best_first(artist, real) == [real[i] for i in order]
    headless = Artist(replace(artist.model, head=None))
    np.testing.assert_allclose(
        plausibility(headless)(real), people.log_odds(bitmaps(real)) / 2, rtol=1e-4
    )


def test_best_of_every_few_is_chosen() -> None:
    dots = [Drawing([[[value, 0]]]) for value in (3, 9, 1, 4, 4, 8)]

    def value(drawings: Sequence[Drawing | None]) -> Floats:
        return np.array([d.points[0, 0] for d in drawings if d])

    assert best_of(value, 3)(dots).tolist() == [1, 5]
    assert best_of(value, 2)([*dots, dots[0], dots[0]]).tolist() == [1, 3, 5, 6]
    assert best_of(value, 1)(dots).tolist() == list(range(6))
