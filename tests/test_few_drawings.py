"""Models of few drawings: their prior, class head and typical prior; the sets they are made of."""

import http.server
import signal
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from helpers import ending_model, random_model, sketchvae

from sketchvae.data import formats, quickdraw
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.artist import Artist
from sketchvae.model.loader import load_model
from sketchvae.model.numpy_encoder import Posterior
from sketchvae.model.prior import Prior
from sketchvae.model.weights import load, save
from sketchvae.train.batches import DrawingPool
from sketchvae.train.export import is_few, kernel_prior
from sketchvae.train.finishing import TYPICAL, TYPICAL_TEMPERATURE, most_plausible
from sketchvae.train.negatives import encoder_hash, fit_from_few, shipped_negatives
from sketchvae.train.rejection import Refinement, Refiner
from sketchvae.train.settings import Settings

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"


# --- splits and settings by number ----------------------------------------------------------


def test_few_drawings_are_divided_so_that_most_are_learnt_from() -> None:
    keys = np.random.default_rng(0).integers(2**64, size=5000, dtype=np.uint64)
    assert SplitFractions.usual(keys) == SplitFractions(0.05, 0.05)
    assert SplitFractions.usual(keys[:999]) == SplitFractions(0.1, 0.0)
    for n in range(2, 40):
        valid = SplitFractions.usual(keys[:n]).valid
        assert 1 <= (keys[:n] / np.float64(2**64) < valid).sum() < n
    assert SplitFractions.usual(keys[:1]) == SplitFractions(0.0, 0.0)


def test_settings_follow_from_the_number_of_drawings() -> None:
    steps = [Settings.fine_tuning(n).steps for n in (1, 20, 50, 250, 1000, 4000, 10**6)]
    assert steps == [100, 358, 566, 1265, 1265, 2530, 4000]
    turns = [Settings.fine_tuning(n).random_turn for n in (999, 1000)]
    assert turns == [0.1, 0.0]
    assert not Settings.fine_tuning(999).train_encoder
    assert Settings.fine_tuning(1000).train_encoder
    assert Settings.fine_tuning(50, batch=7).batch == 7


# --- the prior ------------------------------------------------------------------------------


def posterior_of(n: int, Z: int = 3) -> Posterior:
    rng = np.random.default_rng(1)
    mean = rng.normal([5, 0, -2], [2, 1, 0.5], (n, Z)).astype(np.float32)
    return Posterior(mean, np.full((n, Z), np.log(0.04), np.float32))


@pytest.mark.parametrize("bandwidth", [0.02, 0.3, 1.0])
def test_kernel_prior_has_the_mean_and_the_shrunk_covariance(bandwidth: float) -> None:
    posterior = posterior_of(400)
    prior = kernel_prior(posterior, np.eye(3), bandwidth)
    rng = np.random.default_rng(0)
    z = prior.sample(
        rng.random(60_000, dtype=np.float32), rng.standard_normal((60_000, 3), dtype=np.float32)
    )
    own = np.cov(posterior.mean.T, bias=True) + 0.04 * np.eye(3)
    expected = (400 * own + 70 * np.eye(3)) / 470
    between = (1 - bandwidth) * np.cov(posterior.mean.T, bias=True)
    np.testing.assert_allclose(z.mean(axis=0), posterior.mean.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(z.T), between + bandwidth * expected, atol=0.06)


@pytest.mark.parametrize(("drawings", "few"), [(999, True), (1000, False)])
def test_fewer_than_a_thousand_get_a_gaussian_each(drawings: int, *, few: bool) -> None:
    """With the bound at 500 a thousand were drawn worse than two hundred."""
    pool = SimpleNamespace(different=range(drawings))
    assert is_few(cast(DrawingPool, pool)) is few
    assert Settings.fine_tuning(drawings).train_encoder is not few


def test_kernel_prior_of_one_drawing_can_be_drawn_from() -> None:
    prior = kernel_prior(posterior_of(1), np.eye(3), 0.1)
    assert np.isfinite(prior.standard_deviation()).all()


def test_shared_covariance_is_stored_once_and_comes_back(tmp_path: Path) -> None:
    model = random_model()
    Z = model.config.latent
    tril = np.full((Z, Z), 0.5, dtype=np.float32)
    means = (np.arange(40 * Z).reshape(40, Z) / 64).astype(np.float32)
    shared = np.repeat(tril[None], 40, axis=0)
    prior = Prior(np.ones(40, np.float32), means, shared)
    save(replace(model, prior=prior), tmp_path / "shared.safetensors")
    loaded = load(tmp_path / "shared.safetensors").prior
    np.testing.assert_array_equal(loaded.scale_tril, shared)
    np.testing.assert_array_equal(loaded.means, means)
    several = shared.copy()
    several[7] *= 2
    save(
        replace(model, prior=Prior(prior.weights, means, several)), tmp_path / "several.safetensors"
    )
    np.testing.assert_array_equal(load(tmp_path / "several.safetensors").prior.scale_tril, several)
    sizes = [(tmp_path / f"{n}.safetensors").stat().st_size for n in ("several", "shared")]
    assert sizes[0] - sizes[1] >= 39 * Z * Z * 2


# --- the class head and the typical prior ---------------------------------------------------


def test_table_is_that_of_the_base_and_has_every_category() -> None:
    negatives, base = shipped_negatives(), load_model("base")
    assert negatives.encoder == encoder_hash(base) != encoder_hash(load_model())
    assert negatives.states.shape == (len(negatives.words), 4 * base.config.encoder_hidden)
    assert len(set(negatives.words.tolist())) == 344
    assert "sheep" not in negatives.words


def test_class_head_of_thirty_sheep_knows_other_sheep() -> None:
    base = load_model("base")
    sheep = [d.with_word("sheep") for d in formats.read(SHEEP)]
    head = fit_from_few(base, sheep[:30], shipped_negatives())
    artist = Artist(base)
    own = head.log_odds(artist.states(sheep[30:130]))
    others = head.log_odds(shipped_negatives().states[::7])
    wins = (own[:, None] > others).mean()  # the Mann-Whitney statistic is the AUROC
    assert wins > 0.9
    assert head.about["cross-validated auroc"] > 0.85
    assert (np.diff(head.reference) >= 0).all()
    assert len(head.reference) == 30
    with pytest.raises(SketchvaeError, match="10 drawings or more"):
        fit_from_few(base, sheep[:9], shipped_negatives())
    with pytest.raises(SketchvaeError, match="the encoder of the table"):
        fit_from_few(load_model(), sheep[:30], shipped_negatives())


@pytest.mark.parametrize("has_head", [True, False])
def test_the_most_plausible_are_kept(*, has_head: bool) -> None:
    """Latents of sheep against latents of nothing in particular."""
    model = load_model()
    model = model if has_head else replace(model, head=None)
    rng = np.random.default_rng(0)
    good = model.typical_prior
    assert good is not None
    Z = model.config.latent
    sheep = good.sample(
        rng.random(8, dtype=np.float32), rng.standard_normal((8, Z), dtype=np.float32)
    )
    odd = 2.5 * rng.standard_normal((12, Z), dtype=np.float32)
    tril = np.broadcast_to(0.01 * np.eye(Z, dtype=np.float32), (20, Z, Z))
    prior = Prior(np.full(20, 0.05, np.float32), np.concatenate([odd, sheep]), tril)
    kept = most_plausible(model, prior)
    distances = np.linalg.norm(kept.means[:, None] - prior.means, axis=2)
    sources, counts = np.unique(distances.argmin(axis=1), return_counts=True)
    assert len(sources) == round(TYPICAL * 20)
    assert (sources >= 12).sum() >= 6  # those of sheep
    assert (counts == 4).all()  # as many of each
    assert 0 < distances.min(axis=1).max() < 0.2  # another latent near by, not the drawing's own
    np.testing.assert_allclose(kept.scale_tril, np.sqrt(0.1) * tril[[0] * 32], rtol=1e-5)


# --- by the commands ------------------------------------------------------------------------


def crosses(n: int) -> list[Drawing]:
    rng = np.random.default_rng(0)
    ends = rng.uniform(0, 60, (n, 2, 2))
    return [
        Drawing([[(0, 0), (200 + x, 200 + y)], [(0, 255), (200 + u, v)]], "cross")
        for (x, y), (u, v) in ends
    ]


SHORT = ("--steps", "4", "--batch", "8", "--validate-every", "4")


def test_folder_of_drawings_becomes_a_model_that_draws_and_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    formats.write(Path("crosses.ndjson"), crosses(24))
    said = sketchvae("train", "--data", "crosses.ndjson", *SHORT)
    assert "runs/crosses/model.safetensors: step 4, the last one" in said
    model = load_model("runs/crosses")
    assert model.about["word"] == "cross"
    assert model.head is not None
    assert model.typical_prior is not None
    assert model.typical_temperature == TYPICAL_TEMPERATURE
    assert encoder_hash(model) == shipped_negatives().encoder
    assert len(model.prior.weights) + 2 >= 20  # a Gaussian for each drawing that was learnt from
    sketchvae("draw", "--model", "runs/crosses", "-n", "2", "--seed", "1", "-o", "two.ndjson")
    assert len(list(formats.read(Path("two.ndjson")))) == 2
    assert "percentile" in sketchvae("score", "--model", "runs/crosses", "two.ndjson")


def test_drawings_without_end_are_named_and_nothing_is_trained(tmp_path: Path) -> None:
    said = sketchvae("train", "--out", tmp_path / "run", fails=1)
    assert "name them with --data, as in --data cats/, or fetch some with --quickdraw cat" in said
    assert not (tmp_path / "run").exists()


RECORD = bytes(8) + b"DE" + bytes([1]) + bytes(4) + b"\x01\x00" + b"\x02\x00"


def binary_drawings(n: int) -> bytes:
    """Return drawings in Quick, Draw!'s binary form, one stroke of two points each."""
    points = np.random.default_rng(0).integers(0, 256, (n, 4), dtype=np.uint8)
    return b"".join(RECORD + bytes(row.tolist()) for row in points)


def test_category_is_fetched_trained_on_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = pytest.importorskip("quickdraw.data")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/cat.bin"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(binary_drawings(60))

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quickdraw, "MIN_DRAWINGS", 50)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(package, "BINARY_URL", f"http://127.0.0.1:{server.server_port}/")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        said = sketchvae("train", "--quickdraw", "cat", *SHORT)
        server.shutdown()
        thread.join()
    assert "runs/cat/cat.bin: fetched" in said
    assert load_model("runs/cat").about["word"] == "cat"


# --- refining afterwards --------------------------------------------------------------------

TINY = "--init nothing --latent 4 --encoder-hidden 8 --decoder-hidden 12 --mixtures 2".split()
FOLLOWS = "training, then refining what it draws, which takes up to twice as long"


@pytest.fixture
def one_short_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refine by one round of a few drawings and steps."""
    short = Refinement(rounds=1, drawn=1000, accepted=100, steps=2)
    monkeypatch.setattr(Refinement, "of", lambda _: short)


@pytest.mark.usefixtures("one_short_round")
def test_refining_after_training_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    formats.write(Path("crosses.ndjson"), crosses(24))
    save(ending_model(), Path("begin.safetensors"))
    sets = "train --data crosses.ndjson --init begin.safetensors --out run".split()
    command = [*sets, "--refine", *SHORT]

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Refiner, "accept", stopped)
        said = sketchvae(*command, fails=128 + signal.SIGINT)
    assert FOLLOWS in said
    assert "stopped while drawing; run/model.safetensors draws already; --resume goes on" in said
    trained = load_model("run")
    assert "refined" not in trained.about

    said = sketchvae(*command, "--resume")
    assert "run/model.safetensors: refined by 1 round" in said
    refined = load_model("run")
    assert refined.about["refined"]["rounds"] == 1
    assert refined.typical_prior is not None
    np.testing.assert_array_equal(refined.prior.means, trained.prior.means)
    assert refined.fingerprint != trained.fingerprint


@pytest.mark.usefixtures("one_short_round")
def test_model_that_cannot_be_refined_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchvae.train.density_ratio.MIN_ENDED", 1001)
    formats.write(tmp_path / "crosses.ndjson", crosses(24))
    run = tmp_path / "run"
    sets = ("--data", tmp_path / "crosses.ndjson", "--out", run)
    said = sketchvae("train", *sets, "--refine", *TINY, *SHORT)
    assert f"{run}/model.safetensors: not refined: of 1000 drawings 1001 must end within" in said
    assert load_model(run).config.latent == 4


@pytest.mark.parametrize(
    ("enough", "options", "follows"),
    [
        (20, [], True),
        (20, ["--no-refine"], False),
        (20, TINY, False),
        (24, [], False),
    ],
)
def test_refining_follows_by_itself_where_drawings_suffice(
    enough: int,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    follows: bool,
) -> None:
    monkeypatch.setattr("sketchvae.train.rejection.FEW_REAL", enough)
    monkeypatch.setattr("sketchvae.cli.refine.run_rounds", lambda model, *_: model)
    formats.write(tmp_path / "crosses.ndjson", crosses(24))
    save(ending_model(), tmp_path / "begin.safetensors")
    sets = ("--data", tmp_path / "crosses.ndjson", "--out", tmp_path / "run")
    begin = () if options == TINY else ("--init", tmp_path / "begin.safetensors")
    said = sketchvae("train", *sets, *begin, *options, *SHORT)
    assert (FOLLOWS in said) is follows
    assert ("refined by 2 rounds" in said) is follows


def test_two_sets_are_not_refined(tmp_path: Path) -> None:
    for name in ("a", "b"):
        formats.write(tmp_path / f"{name}.ndjson", crosses(24))
    sets = ("--data", tmp_path / "a.ndjson", "--data", tmp_path / "b.ndjson")
    said = sketchvae("train", *sets, "--out", tmp_path / "run", "--refine", *SHORT, fails=1)
    assert "--refine takes one set of --data and one process" in said
