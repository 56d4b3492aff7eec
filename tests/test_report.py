"""The evaluation of a model as a whole, on a small model and small numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import SHEEP, ending_model, sketchvae

from sketchvae.data import formats
from sketchvae.data.dataset import Points, to_points
from sketchvae.evaluate import report as reports
from sketchvae.evaluate.comparison import compare, measure, reconstruction_rank
from sketchvae.evaluate.likelihood import likelihood
from sketchvae.evaluate.report import Report, evaluate
from sketchvae.generate.artist import Artist
from sketchvae.model.weights import save


@pytest.fixture(scope="module")
def points() -> list[Points]:
    return [to_points(drawing) for drawing in list(formats.read(SHEEP))[:44]]


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "SAMPLES", 60)


@pytest.mark.usefixtures("few_samples")
def test_report_holds_what_its_parts_give(points: list[Points]) -> None:
    model, real = ending_model(), list(formats.read(SHEEP))[:44]
    others = list(formats.read(SHEEP))[50:90]
    report = evaluate(model, points, [0.5], others={"file": others}, n=20, repeats=2)
    assert report.likelihood == likelihood(model, points)
    assert list(report.comparisons) == ["real", "t 0.5", "file"]
    sampled = [d for d in Artist(model).sample(60, 0.5, 1) if d is not None]
    assert report.drawings["t 0.5"] == sampled
    assert report.finished == {"t 0.5": len(sampled) / 60}
    sets = {"real": measure(report.drawings["real"]), "file": measure(others)}
    expected = compare(sets, n=20, repeats=2)["file"]
    assert report.comparisons["file"].metrics == expected.metrics
    reconstructed = Artist(model).reconstruct(real, 0.1, 1)
    ranks = reconstruction_rank(real, list(reconstructed))
    assert list(report.reconstruction.values()) == [float(rank.mean()) for rank in ranks]


@pytest.mark.usefixtures("few_samples")
def test_floor_takes_the_place_of_the_halves(points: list[Points]) -> None:
    floor = list(formats.read(SHEEP))[100:130]
    report = evaluate(ending_model(), points[:30], [0.5], floor=floor, n=100, repeats=1)
    assert report.comparisons["real"].n == 30
    np.testing.assert_allclose(
        report.comparisons["real"].feature_means, measure(floor).features.mean(axis=0)
    )


def test_too_few_drawings_have_a_likelihood_alone(points: list[Points]) -> None:
    report = evaluate(ending_model(), points[:3])
    assert report == Report(likelihood(ending_model(), points[:3]))
    assert report.to_json()["distances"] == {}


@pytest.mark.usefixtures("few_samples")
def test_command_prints_the_numbers_of_the_report(tmp_path: Path) -> None:
    save(ending_model(), tmp_path / "model.safetensors")
    formats.write(tmp_path / "few.ndjson", list(formats.read(SHEEP))[:44])
    model = tmp_path / "model.safetensors"
    options = ("-t", "0.7", "-n", "20", "--draws", "2")
    arguments = ("evaluate", tmp_path / "few.ndjson", "--model", model, *options)
    data = json.loads(sketchvae(*arguments, "--json"))
    text = sketchvae(*arguments)
    lines = {line[:20].strip(): line[20:].split() for line in text.splitlines()}
    assert lines["n"] == ["20", "20"]
    for name in ("KS", "Frechet", "coverage"):
        mean = data["distances"]["t 0.7"][name]["mean"]
        assert lines[name][-3] == f"{mean:.3f}"
    faults = data["distances"]["t 0.7"]["faults"]
    assert lines["open body"][-1] == f"{faults['open body']:.1%}"
    assert lines["by raster"] == [f"{data['reconstructions']['raster']:.1%}"]
