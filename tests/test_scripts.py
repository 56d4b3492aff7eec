"""The scripts that make the weights do what they say, on small sets."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchvae.data import formats
from sketchvae.data.dataset import SplitFractions, open_packed, pack
from sketchvae.drawing import Drawing
from sketchvae.generate.artist import Artist
from sketchvae.model.weights import load, shipped_path

ROOT = Path(__file__).parents[1]


@pytest.fixture
def refine(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("refine")


def test_choose_moves_drawn_sheep_towards_the_real_ones(tmp_path: Path) -> None:
    """As real ones serve those with many points; all else is left to chance."""
    flock = list(formats.read(ROOT / "data" / "sheep.ndjson"))
    many = np.median([d.n_points for d in flock])
    real = [d for d in flock if d.n_points > many][:60]
    none = SplitFractions(valid=0.0, test=0.0)
    pack(flock, tmp_path / "drawn.drawings", fractions=none)
    pack(real, tmp_path / "real.drawings", fractions=none)
    names = [tmp_path / f"{name}.drawings" for name in ("drawn", "real", "chosen")]
    subprocess.run([sys.executable, ROOT / "scripts" / "choose.py", *names], check=True)
    chosen = list(open_packed(names[2]))
    assert 30 < len(chosen) < 250
    assert set(chosen) <= set(open_packed(names[0]))
    means = [np.mean([d.n_points for d in some]) for some in (flock, chosen, real)]
    assert means[0] + 0.6 * (means[2] - means[0]) < means[1]


def test_ratio_is_that_of_two_known_densities(refine: Any) -> None:  # noqa: ANN401
    """Of N(1, 1) over N(0, 1) it is x - 1/2 (log); the weights count what stands twice."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(1, 1, (3000, 1)), rng.normal(-9, 1, (3000, 1))])
    weights = np.repeat([1.0, 0.0], 3000)
    ratio = refine.Ratio(real, weights, 4000, lambda: LogisticRegression(C=100.0))
    ratio.add(rng.normal(7, 1, (4000, 1)))  # long ago: forgotten
    ratio.add(rng.normal(0, 1, (4000, 1)))
    ratio.fit()
    x = np.array([[-1.0], [0.5], [2.0]])
    np.testing.assert_allclose(ratio.log_of(x), x[:, 0] - 0.5, atol=0.15)


def test_turns_are_measured_where_ink_goes_on(refine: Any) -> None:  # noqa: ANN401
    drawing = Drawing([[(0, 0), (3, 0), (3, 4)], [(9, 9), (10, 9), (12, 9), (12, 12)]])
    steps, lengths = refine.as_steps([drawing, Drawing([[(0, 0), (1, 1)]])], 2.0)
    rows, here = refine.turns(steps, lengths, 2.0)
    assert np.argwhere(here).tolist() == [[0, 1], [0, 4], [0, 5]]
    before, after, chord = (np.exp(rows[:, :3]) - 0.1).T
    np.testing.assert_allclose(before, [3, 1, 2], rtol=1e-5)
    np.testing.assert_allclose(after, [4, 2, 3], rtol=1e-5)
    np.testing.assert_allclose(chord, [5, 3, 13**0.5], rtol=1e-5)
    np.testing.assert_allclose(rows[:, 3], [np.pi / 2, 0, np.pi / 2], atol=1e-6)
    np.testing.assert_allclose(rows[:, 4], [12 / 5, 0, 6 / 13**0.5], atol=1e-5)  # heights
    assert rows[:, 5].tolist() == [1, 0, 1]  # whether the pen lifts then


def test_refining_moves_what_is_drawn_towards_the_reward(
    refine: Any,  # noqa: ANN401
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many points are rewarded here, and nothing else."""
    flock = list(formats.read(ROOT / "data" / "sheep.ndjson"))
    pack(flock[:100], tmp_path / "real.drawings", fractions=SplitFractions(valid=0.0, test=0.0))
    from sketchvae.evaluate.classifier import Classifier, save_classifier

    critic = Classifier(["sheep", "cat"], 1)
    save_classifier(critic, tmp_path / "critic.pt")
    real = open_packed(tmp_path / "real.drawings")
    monkeypatch.setattr(refine, "SITTINGS", (refine.Sitting(0.5, 40, 0.0, False),))
    monkeypatch.setattr(refine.Ratio, "log_of", lambda _, seen: 3 * seen[:, 0])
    for name, value in {"BATCH": 4, "LIKE": 50, "RATE": 1e-3, "AVERAGE": 0.0, "WARM_UP": 1}.items():
        monkeypatch.setattr(refine, name, value)
    model = load(shipped_path())
    refiner = refine.Refiner(model, real, real, tmp_path / "critic.pt")
    for number in range(6):
        refiner.step(number, 6)
    refiner.save(tmp_path / "refined.safetensors", 6)
    refined = load(tmp_path / "refined.safetensors")
    assert refined.about["refined"]["steps"] == model.about["refined"]["steps"] + 6
    before, after = (
        np.mean([d.n_points for d in Artist(m).draw(150, 0.5, seed=1)]) for m in (model, refined)
    )
    assert after > before + 2
