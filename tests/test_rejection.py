"""Rounds of drawing, accepting and training."""

import re
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from helpers import SHEEP, ending_model, refusal, sketchvae

from sketchvae.bitmaps import bitmaps
from sketchvae.cli import main
from sketchvae.data import formats
from sketchvae.data.dataset import PackedDataset, open_packed, pack
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.evaluate.classifier import shipped_classifier
from sketchvae.generate.artist import Artist
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model, load, save, shipped_path
from sketchvae.train import density_ratio
from sketchvae.train.density_ratio import fit_density_ratio
from sketchvae.train.finishing import TYPICAL_TEMPERATURE
from sketchvae.train.real_drawings import RealDrawings
from sketchvae.train.rejection import Refinement, Refiner

torch.set_num_threads(1)

NO_BITMAPS = np.zeros((0, 28, 28), np.uint8)
SMALL = Refinement(rounds=2, drawn=1000, accepted=100, steps=3, repeat=1)


def packed(drawings: list[Drawing], path: Path) -> PackedDataset:
    pack(drawings, path, fractions=SplitFractions(0.0, 0.0))
    return open_packed(path)


@pytest.fixture
def real(tmp_path: Path) -> RealDrawings:
    """Real drawings are those with many points here, so that there is something to learn."""
    flock = list(formats.read(SHEEP))
    many = np.median([d.n_points for d in flock])
    longer = [d for d in flock if d.n_points > many][:60]
    return RealDrawings(packed(longer, tmp_path / "real.drawings"), NO_BITMAPS, None)


def weights_of(model: Model) -> dict[str, bytes]:
    ratio = model.density_ratio
    parts = [model.prior, *([ratio.lines, ratio.pixels] if ratio else [])]
    arrays = {f"{i}.{name}": a for i, part in enumerate(parts) for name, a in vars(part).items()}
    return {name: array.tobytes() for name, array in {**arrays, **model.tensors}.items()}


@pytest.mark.slow
def test_one_round_moves_what_is_drawn_towards_real_ones(
    real: RealDrawings, tmp_path: Path
) -> None:
    model = load(shipped_path())
    settings = Refinement(rounds=1, drawn=1000, accepted=400, steps=4)
    refined = Refiner(real, settings, tmp_path / "out").run(model)
    wanted = np.mean([d.n_points for d in real.drawings()])
    before, after = (
        np.mean([d.n_points for d in Artist(m).draw(300, 0.9, seed=1)]) for m in (model, refined)
    )
    assert before + 0.3 * (wanted - before) < after < wanted + 10
    assert refined.head is not None
    drawings = real.drawings()
    first, second = (Artist(m).class_probability(drawings) for m in (model, refined))
    np.testing.assert_array_equal(first, second)  # the encoder's LSTMs are as they were


def test_what_is_accepted_comes_from_its_latents_and_is_not_simplified_again(
    real: RealDrawings, tmp_path: Path
) -> None:
    refiner = Refiner(real, SMALL, tmp_path / "out")
    accepted = refiner.accept(ending_model(), 1)
    assert len(accepted.drawings) == len(accepted.latents) == pytest.approx(100, abs=15)
    assert 0 < accepted.rate <= 1
    assert all(d.is_simplified for d in accepted.drawings)
    own = dict(zip(accepted.drawings, accepted.latents.tolist(), strict=True))
    again = refiner.accept(ending_model(), 1)
    assert dict(zip(again.drawings, again.latents.tolist(), strict=True)) == own


def test_candidates_may_be_accepted(real: RealDrawings, tmp_path: Path) -> None:
    """The tiny model draws scribbles: sheep are accepted instead of them."""
    sheep = [d.simplified() for d in list(formats.read(SHEEP))[-100:]]
    accepted = Refiner(real, SMALL, tmp_path / "out", sheep).accept(ending_model(), 1)
    assert sum(d in set(sheep) for d in accepted.drawings) > 0.5 * len(accepted.drawings)


def test_every_view_sees_all_drawn_ones_and_bitmaps_count_as_real(tmp_path: Path) -> None:
    flock = list(formats.read(SHEEP))[:40]
    dataset = packed(flock[:10], tmp_path / "real.drawings")
    real = RealDrawings(dataset, bitmaps(flock[10:17]), shipped_classifier("critic"))
    shipped = Artist(load(shipped_path()))
    lines, pixels, seen = real.views(flock[20:], shipped)
    assert [len(view.drawn) for view in (lines, pixels, seen)] == [20, 20, 20]
    assert [len(view.real) for view in (lines, pixels, seen)] == [10, 17, 17]
    without = real.views(flock[20:], Artist(replace(ending_model(), about={"word": "yak"})))
    assert lines.drawn.shape[1] == without[0].drawn.shape[1] + 1  # the class head
    assert seen.drawn.shape[1] == without[2].drawn.shape[1] + 1  # a word that is known


def test_refinement_that_was_stopped_anywhere_ends_as_if_it_had_not_been(
    real: RealDrawings, tmp_path: Path
) -> None:
    model = ending_model()
    lines: list[str] = []
    whole = Refiner(real, SMALL, tmp_path / "whole", announce=lines.append).run(model)
    assert lines[0].startswith("hint: 60 real drawings are few: chance settles how much likelier")
    assert len(lines) == 8  # two for each round, two for the prior, one for the density ratio
    assert whole.density_ratio is not None
    assert weights_of(load(tmp_path / "whole" / "model.safetensors")) == weights_of(whole)

    for stop in range(len(lines)):

        def until(text: str, at: str = lines[stop]) -> None:
            if text == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Refiner(real, SMALL, tmp_path / "out", announce=until).run(model)
    again = Refiner(real, SMALL, tmp_path / "out").run(model)
    assert weights_of(again) == weights_of(whole)
    assert again.about["refined"]["rounds"] == 2


def test_help_has_the_defaults_of_the_rounds() -> None:
    stated = {
        str(option.name): (int(found[1]), int(found[2] or found[1]))
        for option in main.commands["refine"].params
        if isinstance(option, click.Option)
        and (found := re.search(r"\[default: (\d+)(?:, or (\d+))?\]", option.help or ""))
    }
    usual, few = Refinement.of(ending_model()), Refinement.of(of_few(ending_model()))
    assert usual == Refinement()
    assert stated == {name: (getattr(usual, name), getattr(few, name)) for name in stated}
    assert {"rounds", "drawn", "accepted", "steps", "seed"} <= set(stated)
    assert Refinement.of(of_few(ending_model()), steps=7).steps == 7


def of_few(model: Model) -> Model:
    """Return a model with a prior as one of three drawings has it."""
    Z = model.config.latent
    means = np.random.default_rng(0).standard_normal((3, Z), dtype=np.float32)
    return replace(model, prior=Prior.even(means, 0.3 * np.eye(Z, dtype=np.float32)[None]))


def test_a_model_of_few_drawings_keeps_a_gaussian_for_each(
    real: RealDrawings, tmp_path: Path
) -> None:
    model = of_few(ending_model())
    refined = Refiner(real, SMALL, tmp_path / "out").run(model)
    np.testing.assert_allclose(refined.prior.means, model.prior.means, rtol=1e-3)  # of float16
    assert refined.typical_prior is not None
    assert refined.typical_temperature == TYPICAL_TEMPERATURE
    nearest = np.linalg.norm(refined.typical_prior.means[:, None] - model.prior.means, axis=2)
    assert nearest.min(axis=1).max() < 1  # they are about 1.7 apart, each 0.3 wide
    assert weights_of(refined) != weights_of(model)


def test_density_ratio_rejects_what_real_drawings_are_not_like(tmp_path: Path) -> None:
    """Real ones are like those of the model, but the long ones among them."""
    artist = Artist(ending_model())
    like = [drawing.to_quickdraw() for drawing in artist.draw(600, 1.0, seed=9)]
    wanted = [d for d in like if d.n_points > np.median([d.n_points for d in like])]
    real = RealDrawings(packed(wanted, tmp_path / "real.drawings"), NO_BITMAPS, None)
    ratio = fit_density_ratio(artist, real, drawn=1000)
    rejecting = Artist(replace(artist.model, density_ratio=ratio))
    means = [
        np.mean([d.n_points for d in drawings])
        for drawings in (like, wanted, rejecting.draw(300, seed=2, reject=True))
    ]
    assert means[2] > means[0] + 0.7 * (means[1] - means[0])


def test_command_writes_a_density_ratio_into_a_model(tmp_path: Path) -> None:
    model, real = tmp_path / "model.safetensors", tmp_path / "real.drawings"
    save(ending_model(), model)
    packed(list(formats.read(SHEEP))[:40], real)
    np.savez(tmp_path / "bitmaps.npz", x=bitmaps(list(formats.read(SHEEP))[40:60]))
    arguments = [str(model), str(real), str(tmp_path / "bitmaps.npz")]
    result = CliRunner().invoke(density_ratio.main, [*arguments, "--drawn", "1000"])
    assert result.output == f"{model}: {model.stat().st_size} bytes\n"
    assert load(model).density_ratio is not None


def test_folder_of_another_refinement_is_refused(real: RealDrawings, tmp_path: Path) -> None:
    settings = replace(SMALL, rounds=1, steps=1)
    Refiner(real, settings, tmp_path / "out").run(ending_model())
    other = Refiner(real, replace(settings, seed=5), tmp_path / "out")
    text = refusal(lambda: other.run(ending_model()))
    assert "holds another refinement: seed was 1, is 5; give the same" in text


def test_one_real_drawing_is_too_few(tmp_path: Path) -> None:
    flock = list(formats.read(SHEEP))[:1]
    real = RealDrawings(packed(flock, tmp_path / "one.drawings"), NO_BITMAPS, None)
    text = refusal(lambda: Refiner(real, SMALL, tmp_path / "out"))
    assert "needs 2 real drawings or more" in text


def test_model_whose_drawings_do_not_end_is_refused(real: RealDrawings, tmp_path: Path) -> None:
    model = ending_model()
    model.tensors["head.bias"][-1] = -30
    text = refusal(lambda: Refiner(real, SMALL, tmp_path / "out").run(model))
    assert "of 1000 drawings 100 must end" in text
    assert "train the model longer" in text


def test_command_refines_and_goes_on(tmp_path: Path) -> None:
    save(ending_model(), tmp_path / "model.safetensors")
    np.savez(tmp_path / "bitmaps.npz", x=bitmaps(list(formats.read(SHEEP))[30:60]))
    arguments = [
        *("refine", "--model", str(tmp_path / "model.safetensors")),
        *("--real", f"{SHEEP}:1-30", "--bitmaps", str(tmp_path / "bitmaps.npz")),
        *"--rounds 1 --drawn 1000 --accepted 100 --steps 2".split(),
    ]
    out = tmp_path / "out"
    text = sketchvae(*arguments, "-o", out)
    assert "round 1 of 1: drawing 1000" in text
    assert f"{out}: done, 1 round; next: sketchvae draw --model {out}" in text
    assert "round 1" not in sketchvae(*arguments, "-o", out)
    assert not (out / "round-1" / "training").exists()  # some 60 MB with the weights that ship
    sketchvae("draw", "--model", out / "model.safetensors", "-o", tmp_path / "sheep.svg")
