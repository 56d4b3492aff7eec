"""Nats, sheepness and the command that tells them."""

import dataclasses
import json
import math
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from helpers import (
    QUICKDRAW,
    SCALE,
    SHARED,
    E,
    Z,
    flock,
    needs_shared,
    network_in_torch,
    padded,
    random_model,
)
from PIL import Image

from sketchvae import load
from sketchvae.cli import main
from sketchvae.data import formats
from sketchvae.data.dataset import open_packed, pack, to_points
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.evaluate import outliers
from sketchvae.evaluate.class_head import GROUPS, auroc, auroc_table
from sketchvae.evaluate.likelihood import likelihood
from sketchvae.generate.artist import Artist
from sketchvae.generate.likelihood import importance_weighted
from sketchvae.model.head import ClassHead
from sketchvae.model.numpy_decoder import Decoder
from sketchvae.model.numpy_encoder import Posterior
from sketchvae.model.weights import load as load_model
from sketchvae.model.weights import save as save_model
from sketchvae.model.weights import shipped_path
from sketchvae.sequences import collate

ROOT = Path(__file__).parents[1]
SHEEP = ROOT / "data" / "sheep.ndjson"


def score(*arguments: str | Path, fails: int = 0) -> str:
    """Run the command in this process; return what it printed, both streams."""
    result = CliRunner().invoke(main, ["score", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == fails, result.output
    return result.output


def sheep(n: int) -> list[Drawing]:
    return list(islice(formats.read(SHEEP), n))


ODD = Drawing([[[0, 0], [255, 0], [255, 255], [0, 255], [0, 0]]])


# --- nats ------------------------------------------------------------------------------


def test_nats_are_the_importance_weighted_bound_of_torch_distributions() -> None:
    model, drawings, k = random_model(), flock(6), 5
    reading = collate(drawings, SCALE, [np.random.default_rng(i) for i in range(6)])
    artist, rng = Artist(model), np.random.default_rng(1)
    posterior = artist.encoder.encode(reading)
    noise = rng.standard_normal((k, 6, Z), dtype=np.float32)
    steps = torch.from_numpy(reading.steps.transpose(2, 0, 1).copy())
    q = torch.distributions.Normal(
        torch.from_numpy(posterior.mean), torch.from_numpy(posterior.log_variance / 2).exp()
    )
    p = torch.distributions.Normal(0.0, 1.0)
    log_weights = []
    with torch.no_grad():
        for z in torch.from_numpy(posterior.z(noise)):
            loss = network_in_torch(model).reconstruction_loss(
                z, steps, torch.from_numpy(reading.lengths)
            )
            ratio = p.log_prob(z) - q.log_prob(z)  # type: ignore[no-untyped-call]
            log_weights.append(ratio.sum(1) - loss)
    expected = math.log(k) - torch.logsumexp(torch.stack(log_weights), dim=0)
    found = importance_weighted(Decoder(model), posterior, reading, noise)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4)


def test_more_draws_make_no_drawing_cost_more_when_all_are_the_same() -> None:
    model, reading = random_model(), collate(flock(3), SCALE)
    posterior = Posterior(np.zeros((3, Z), np.float32), np.full((3, Z), -60, np.float32))
    noise = np.zeros((7, 3, Z), np.float32)
    one, seven = (
        importance_weighted(Decoder(model), posterior, reading, noise[:n]) for n in (1, 7)
    )
    np.testing.assert_allclose(one, seven, rtol=1e-5)


def test_nats_of_the_shipped_weights_are_those_of_evaluate() -> None:
    """With other noise: to a hundredth."""
    drawings = [d.in_simplified_form() for d in sheep(12)]
    expected = likelihood(load_model(shipped_path()), [to_points(d) for d in drawings], 8)
    nats = load().nll(drawings, draws=8)
    assert nats.mean() == pytest.approx(expected.importance, rel=0.01)


def test_a_score_depends_on_the_drawing_alone() -> None:
    artist, drawings = load(), sheep(5)
    together = artist.score([d.scaled(3).moved(9, -4) for d in drawings], draws=3)
    for drawing, one in zip(drawings, together, strict=True):
        (alone,) = artist.score([drawing.scaled(3)], draws=3)
        assert (one.points, one.percentile) == (alone.points, alone.percentile)
        assert one.nll == pytest.approx(alone.nll, rel=1e-4)
        assert one.class_probability == pytest.approx(alone.class_probability, rel=1e-3)


def test_draws_below_one_and_empty_drawings_are_refused() -> None:
    artist = Artist(random_model())
    with pytest.raises(SketchvaeError, match="draws must be 1 or more, got 0; try 64"):
        artist.nll(flock(1), draws=0)
    for judged in (artist.nll, artist.states, artist.score):
        with pytest.raises(SketchvaeError, match="drawing 1 must have a stroke"):
            judged([*flock(1), Drawing([])])
    assert artist.score([]) == []


# --- sheepness -------------------------------------------------------------------------


def test_states_are_the_last_and_the_mean_of_the_lstms_in_torch() -> None:
    model, drawings = random_model(), flock(200)
    steps, lengths = padded(drawings, np.arange(200))
    network, found = network_in_torch(model), Artist(model).states(drawings) / 2  # of 2h
    for i in range(0, 200, 17):
        rows = torch.nn.functional.pad(steps[i, : lengths[i]], (0, 11))[None]
        with torch.no_grad():
            sides = [
                lstm(x)[0][0]
                for lstm, x in (
                    (network.encoder_forward, rows),
                    (network.encoder_backward, rows.flip(1)),
                )
            ]
        last, mean = [s[-1] for s in sides], [s.mean(dim=0) for s in sides]
        np.testing.assert_allclose(found[i], torch.cat([*last, *mean]).numpy(), atol=1e-5)


def random_head(seed: int = 0, hidden: int = 7) -> ClassHead:
    rng = np.random.default_rng(seed)
    shapes = (hidden, 4 * E), (hidden,), (hidden + 1,), (50,)
    weight, bias, out, real = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    return ClassHead(weight, bias, out, np.sort(real))


def test_sheepness_is_the_sigmoid_of_the_network_in_torch() -> None:
    head, states = random_head(), np.random.default_rng(1).normal(size=(9, 4 * E))
    hidden = torch.from_numpy(states) @ torch.from_numpy(head.weight).double().T + torch.from_numpy(
        head.bias
    )
    odds = torch.relu(hidden) @ torch.from_numpy(head.out[:-1]).double() + float(head.out[-1])
    found = head.probability(states.astype(np.float32))
    np.testing.assert_allclose(found, torch.sigmoid(odds).numpy(), rtol=1e-4)


def test_the_surest_sheepness_is_neither_0_nor_1() -> None:
    head = dataclasses.replace(random_head(), weight=np.full((7, 4 * E), 1e6, np.float32))
    states = np.array([[1.0] * 4 * E], dtype=np.float32)
    for sign in (-1, 1):
        (value,) = dataclasses.replace(head, out=np.full(8, sign, np.float32)).probability(states)
        assert 0 < value < 1
        assert (value > 0.5) == (sign == 1)


def test_percentile_is_the_share_of_real_sheep_that_are_less_sheep() -> None:
    head, states = random_head(), np.random.default_rng(2).normal(size=(40, 4 * E))
    odds = head.log_odds(states.astype(np.float32))
    expected = [100 * sum(o > real for real in head.reference) / 50 for o in odds]
    np.testing.assert_allclose(head.percentile(states.astype(np.float32)), expected)
    assert len(set(expected)) > 3


def test_weights_without_a_class_head_have_nats_and_no_probability() -> None:
    artist = Artist(random_model())
    (one,) = artist.score(flock(1), draws=2)
    assert one.class_probability is one.percentile is None
    assert one.nll_per_point == one.nll / one.points
    with pytest.raises(SketchvaeError, match="must hold a class head, got none; train on 10"):
        artist.class_probability(flock(1))


def shipped_head() -> ClassHead:
    head = load_model(shipped_path()).head
    assert head is not None
    return head


# --- what ships ------------------------------------------------------------------------


def test_figures_on_the_card_are_those_in_the_file() -> None:
    table = auroc_table(shipped_head().about["auroc"])
    assert table in (shipped_path().parent / "README.md").read_text(encoding="utf-8")


def test_drawn_sheep_are_more_sheep_than_plain_shapes_and_scribbles() -> None:
    rng = np.random.default_rng(0)
    turns = np.linspace(0, 2 * np.pi, 40)
    round_ = Drawing([np.stack([np.cos(turns), np.sin(turns)], axis=1)])
    scribble = Drawing([rng.integers(0, 256, size=(60, 2))])
    others = load().class_probability([ODD, round_, scribble, Drawing([[[3, 4]]])])
    assert others.max() < 0.3
    assert np.median(load().class_probability(sheep(60))) > 0.8


def test_shipped_head_tells_real_sheep_from_shapes_and_scribbles() -> None:
    angles = np.linspace(0, 2 * np.pi, 40)
    ellipses = [np.stack([a * np.cos(angles), np.sin(angles)], axis=1) for a in (0.3, 0.6, 1, 2, 4)]
    shapes = [Drawing([stroke]).to_quickdraw() for stroke in ellipses]
    house = Drawing([[[0, 255], [0, 90], [120, 0], [255, 90], [255, 255], [0, 255]]])
    rng = np.random.default_rng(0)
    walks = [
        Drawing(np.split(rng.normal(0, 9, (60, 2)).cumsum(axis=0), [25, 40])).to_quickdraw()
        for _ in range(20)
    ]
    real = Artist(load_model(shipped_path())).states(list(formats.read(QUICKDRAW)))
    others = load().states([*shapes, house, ODD, *flock(20), *walks])
    head = shipped_head()
    assert auroc(head.log_odds(real), head.log_odds(others)) > 0.95


@needs_shared
def test_auroc_on_the_card_is_measured_again_on_other_drawings(tmp_path: Path) -> None:
    """The 100 sheep kept out of training against every 80th drawing of all other categories."""
    named = (d.with_word("sheep") for d in formats.read(SHARED / "quickdraw_sheep.ndjson"))
    pack(named, tmp_path / "real.drawings", fractions=SplitFractions(0.4559, 0.0))
    real = open_packed(tmp_path / "real.drawings")
    kept_out = [real[i] for i in real.split("valid")]
    others = list(islice(formats.read(SHARED / "quickdraw_344.ndjson.gz"), 0, None, 80))
    assert len(kept_out) == 100
    assert len({d.word for d in others}) > 300
    artist, head = load(), shipped_head()
    sheep_odds, other_odds = (head.log_odds(artist.states(d)) for d in (kept_out, others))
    points = [np.array([float(d.n_points) for d in side]) for side in (kept_out, others)]
    measured, published = auroc(sheep_odds, other_odds), head.about["auroc"]
    assert measured == pytest.approx(published["all 344 other categories"]["sheepness"], abs=0.015)
    assert measured > auroc(*points) + 0.1
    for group, categories in GROUPS.items():
        rows = np.array([d.word in categories.split(", ") for d in others])
        measured = auroc(sheep_odds, other_odds[rows])
        assert measured == pytest.approx(published[group]["sheepness"], abs=0.03)


# --- the command -----------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Sheep, the third and the eighth drawing something else."""
    drawings = sheep(10)
    drawings[2], drawings[7] = ODD, ODD.scaled(0.5)
    formats.write(tmp_path / "mixed.ndjson", drawings)
    return tmp_path / "mixed.ndjson"


def test_json_is_one_object_a_line_in_the_order_of_the_file(mixed: Path) -> None:
    rows = [json.loads(line) for line in score(mixed, "--json", "--draws", "2").splitlines()]
    drawings = list(formats.read(mixed))
    assert [row["drawing"] for row in rows] == list(range(1, 11))
    assert [row["points"] for row in rows] == [d.in_simplified_form().n_points for d in drawings]
    np.testing.assert_allclose(
        [r["sheepness"] for r in rows], load().class_probability(drawings), rtol=1e-4
    )
    for row in rows:
        assert row["nats_per_point"] == pytest.approx(row["nats"] / row["points"], abs=1e-3)
        assert 0 <= row["percentile"] <= 100


def test_outliers_are_the_least_sheep_in_a_table_a_file_and_a_picture(mixed: Path) -> None:
    out = mixed.with_name("odd.ndjson")
    said = score(mixed, "--outliers", "2", "--draws", "1", "-o", out).splitlines()
    assert said[0].split() == "drawing points nats a point sheepness percentile".split()
    assert {line.split()[0] for line in said[1:3]} == {"3", "8"}
    assert said[3:] == [f"{out}: 2 outliers"]
    assert [d.n_points for d in formats.read(out)] == [5, 5]
    picture = mixed.with_name("odd.png")
    lines = score(mixed, "--outliers", "99", "--draws", "1", "--json", "-o", picture).splitlines()
    values = [json.loads(line)["sheepness"] for line in lines[:10]]
    assert values == sorted(values)
    with Image.open(picture) as page:
        assert page.size[0] == 4 * 160
        assert page.convert("L").getextrema() == (0, 255)


def test_without_a_class_head_json_has_null_and_outliers_are_refused(
    mixed: Path, tmp_path: Path
) -> None:
    save_model(random_model(), tmp_path / "model.safetensors")
    model = ("--model", tmp_path / "model.safetensors")
    first = json.loads(score(mixed, *model, "--json", "--draws", "1").splitlines()[0])
    assert first["sheepness"] is first["percentile"] is None
    assert first["nats"] > 0
    assert "must hold a class head, got none" in score(mixed, *model, "--outliers", "1", fails=1)


def test_without_a_class_head_the_table_has_no_empty_columns_and_says_why(
    mixed: Path, tmp_path: Path
) -> None:
    save_model(random_model(), tmp_path / "model.safetensors")
    lines = score(mixed, "--model", tmp_path / "model.safetensors", "--draws", "1").splitlines()
    (said,) = [line for line in lines if line.startswith("no class probability and no")]
    table = [line for line in lines if line != said]
    assert table[0].split() == "drawing points nats a point".split()
    assert {len(line) for line in table} == {35}


def test_bad_input_is_one_line(mixed: Path, tmp_path: Path) -> None:
    formats.write(tmp_path / "holes.ndjson", [*sheep(1), Drawing([])])
    said = score(tmp_path / "holes.ndjson", "--outliers", "1", fails=1)
    assert "holes.ndjson: drawing 2 must have a stroke to be scored" in said
    assert "no such file" in score(tmp_path / "nothing.ndjson", fails=1)
    said = score(mixed, "--outliers", "2", "-o", tmp_path / "odd.jpg", fails=1)
    assert "odd.jpg: must end in .png, .ndjson" in said
    assert "try -o odd.png" in said
    assert "add --outliers 10" in score(mixed, "-o", tmp_path / "odd.png", fails=2)
    assert not list(tmp_path.glob("odd.*"))


# --- outliers ----------------------------------------------------------------------


def test_outliers_are_the_lowest_of_all_blocks_and_the_first_of_equals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probabilities = {3: 0.9, 4: 0.1, 5: 0.5, 6: 0.1, 7: 0.05}

    class Reader:
        def class_probability(self, drawings: list[Drawing]) -> Any:  # noqa: ANN401
            assert len(drawings) <= 2
            return np.array([probabilities[drawing.n_points] for drawing in drawings])

    monkeypatch.setattr(outliers, "_BLOCK", 2)
    numbered = [(n - 2, Drawing([[[0, i] for i in range(n)]])) for n in probabilities]
    chosen = outliers.least_probable(Reader(), numbered, 3)  # type: ignore[arg-type]
    assert [number for number, _ in chosen] == [5, 2, 4]
