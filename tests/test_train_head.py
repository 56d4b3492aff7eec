"""Training of the class head: on two clouds whose log odds are known, and into a weights file."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from helpers import CONFIG, flock, random_model

from sketchvae.data.dataset import pack
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.evaluate import class_head
from sketchvae.evaluate.class_head import (
    ScoredDrawings,
    UnseenCategories,
    auroc,
    auroc_of_equal_length,
    auroc_table,
    measure_head,
)
from sketchvae.model.weights import load, save
from sketchvae.polyline import Floats32
from sketchvae.train import head as training
from sketchvae.train.head import (
    HeadData,
    HeadSettings,
    LabelledStates,
    calibrate,
    cross_validate,
    fit,
    platt_scaling,
)

torch.set_num_threads(1)

SETTINGS = HeadSettings(hidden=16, steps=200, learning_rate=1e-2, dropout=0.0)


def cloud(rng: np.random.Generator, n: int, mean: float) -> Floats32:
    """n states of 8 dimensions from N(0, 1), the first dimension from N(mean, 1)."""
    return rng.normal(size=(n, 8)).astype(np.float32) + np.eye(1, 8, dtype=np.float32) * mean


def clouds() -> HeadData:
    """Sheep at +1, six other categories at -1: the log odds are 2x."""
    rng = np.random.default_rng(0)

    def others(n: int) -> LabelledStates:
        return LabelledStates(cloud(rng, n, -1), np.arange(n) % 6, np.full(n, 9))

    train, calibration, measure = others(4000), others(1200), others(1200)
    real, drawn = cloud(rng, 300, 1), cloud(rng, 3000, 1)
    return HeadData(real, drawn, cloud(rng, 200, 1), train, calibration, measure)


def test_calibrated_head_has_the_log_odds_of_two_known_clouds() -> None:
    data = clouds()
    validation = cross_validate(data, SETTINGS)
    scaling = platt_scaling(validation.real, validation.calibrate)
    head = calibrate(fit(data.real, data.drawn, data.train.states, SETTINGS), *scaling)
    assert validation.unseen.overall == pytest.approx(0.921, abs=0.025)  # of two normals 2 apart
    assert sorted(validation.unseen.by_category) == list(range(6))
    at = np.zeros((3, 8), dtype=np.float32)
    at[:, 0] = -1, 0, 1
    np.testing.assert_allclose(head.log_odds(at), [-2, 0, 2], atol=0.6)


def test_cross_validation_measures_a_category_by_a_head_that_was_not_trained_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each head is trained on 4 of the 6 categories and on 200 of the 300 real sheep."""
    data = clouds()
    seen: list[tuple[int, int]] = []

    def record(real: Floats32, drawn: Floats32, others: Floats32, *_: Any, **__: Any) -> Any:  # noqa: ANN401
        rows = {row.tobytes() for row in others}
        pairs = zip(data.train.states, data.train.words, strict=True)
        seen.append((len(real), len({word for state, word in pairs if state.tobytes() in rows})))
        return fit(real, drawn, others, dataclasses.replace(SETTINGS, steps=5), seed=1)

    monkeypatch.setattr(training, "fit", record)
    validation = cross_validate(data)
    assert seen == [(200, 4)] * 3
    assert np.isfinite(validation.real).all()
    assert len(validation.calibrate) == 3 * 1200 * 4 // 6


def test_auroc_is_the_fraction_of_pairs_in_the_right_order() -> None:
    positives, negatives = np.array([1.0, 3.0]), np.array([0.0, 2.0, 3.0])
    assert auroc(positives, negatives) == pytest.approx((1 + 2.5) / 6)  # the tie counts as half


def test_auroc_of_equal_length_compares_only_drawings_with_as_many_points() -> None:
    positives, negatives = np.array([1.0, 5.0]), np.array([0.0, 2.0, 9.0])
    n_points, m_points = np.array([100, 10]), np.array([98, 103, 10])
    found = auroc_of_equal_length(positives, negatives, n_points, m_points)
    assert found == pytest.approx(1 / 3)


def test_table_has_all_groups_and_the_hardest_categories_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(class_head, "GROUPS", {"both": "cow, car"})
    sheep = ScoredDrawings(np.array([1.0, 2.0]), np.array([10, 20]))
    others = ScoredDrawings(np.array([-1.0, 1.5, 0.0]), np.array([10, 30, 30]))
    unseen = UnseenCategories({0: 0.9, 1: 0.5, 2: 0.7}, 0.6)
    found = measure_head(sheep, others, np.array([0, 1, 2]), ["car", "cow", "cat"], unseen)
    assert auroc_table(found).splitlines() == [
        "| AUROC | sheepness | never seen | points alone |",
        "|---|---|---|---|",
        "| all 3 other categories | 0.833 | 0.600 | 0.250 |",
        "| of those, as many points | 1.000 |  | 0.500 |",
        "| both | 0.750 | 0.700 | 0.375 |",
        "| cow | 0.500 | 0.500 | 0.000 |",
        "| car | 1.000 | 0.900 | 0.750 |",
        "| cat | 1.000 | 0.700 | 0.000 |",
    ]


def test_command_writes_the_head_into_the_weights_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_head, "GROUPS", {"both": "box, bar"})
    for name, value in (("N_TRAIN", 5), ("N_CALIBRATE", 2), ("N_MEASURE", 3), ("N_NLL", 1)):
        monkeypatch.setattr(training, name, value)
    paths = [tmp_path / f"{name}.drawings" for name in ("real", "drawn", "others")]
    words = ["box", "bar", "cup", "hat"]
    named: list[list[Drawing]] = [
        [d.with_word("sheep") for d in flock(20, 1)],
        [d.with_word("sheep") for d in flock(30, 2)],
        [d.with_word(words[i % 4]) for i, d in enumerate(flock(48, 3))],
    ]
    for path, drawings, valid in zip(paths, named, (0.5, 0.0, 0.0), strict=True):
        pack(drawings, path, fractions=SplitFractions(valid, 0.0))
    model, file = random_model(), tmp_path / "model.safetensors"
    save(model, file)
    fingerprint = load(file).fingerprint
    result = CliRunner().invoke(training.main, [str(file), *map(str, paths)])
    assert result.exit_code == 0, result.output
    written = load(file)
    assert written.head is not None
    assert written.head.weight.shape == (128, 4 * CONFIG.encoder_hidden)
    assert len(written.head.reference) == written.head.about["sheep"] > 0
    assert written.head.about["others"] == 4 * 3
    assert written.fingerprint == fingerprint
    assert np.all(np.diff(written.head.reference) >= 0)
    assert auroc_table(written.head.about["auroc"]) in result.output
