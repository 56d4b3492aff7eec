"""Rounds that bring a model's drawings nearer to real ones: draw, accept, train on; again.

A model that is trained on likelihood draws some drawings that nobody would, too many of some kinds
and too few of others. Each round draws many, measures how much likelier each is among real drawings
(`evaluate.density_ratio`), and trains on those accepted in proportion, besides the real ones. The
accepted are the model's own drawings, so that likelihood alone can reach them: no reward is needed.

The refined weights are the mean of those after each round: a mean of weights that began alike is
more accurate than the last of them (Wortsman et al. 2022, "Model soups").

Latents to draw from come half from the model's prior and half from a broader one, fitted to real
drawings: the model's own prior can only narrow. At the end the prior is fitted to the latents that
the accepted drawings were drawn from; if the model has a class head, its typical prior gets those
that draw what is most of its kind. A model of few drawings keeps its prior instead. Last, a density
ratio is fitted to the refined model, by which it can reject drawings while it draws.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sketchvae.data.dataset import open_packed, pack
from sketchvae.data.splits import SplitFractions
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError, check_range
from sketchvae.evaluate.density_ratio import (
    acceptance_rate,
    log_density_ratio,
    resample,
)
from sketchvae.files import make_folder, replacing
from sketchvae.generate.artist import Artist
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model, load, save
from sketchvae.npy import read_npz
from sketchvae.polyline import Floats32
from sketchvae.train.batches import WeightedDataset
from sketchvae.train.density_ratio import check_ended, fit_density_ratio
from sketchvae.train.distributed import ProcessGroup
from sketchvae.train.export import fit_prior
from sketchvae.train.finishing import is_of_few, with_typical, with_typical_accepted
from sketchvae.train.real_drawings import RealDrawings
from sketchvae.train.run import prepare_run
from sketchvae.train.settings import Settings
from sketchvae.train.trainer import Callback

FEW_REAL = 100  # real drawings below which the density ratio is settled by chance
PRIOR_COMPONENTS, BROAD_COMPONENTS = 10, 3  # Gaussians of the prior, and of that of real latents
_PER_DRAWING = 8  # latents sampled from the posterior of each real drawing, for the broad prior
_VALID, _MAX_VALID = 100, 0.2  # accepted drawings to validate on, and their greatest fraction


@dataclass(frozen=True)
class Refinement:
    """Settings of the rounds.

    Raises:
        RangeError: if a value is outside of its range.
    """

    rounds: int = 3
    drawn: int = 32_000  # drawings per round
    accepted: int = 12_000  # drawings to train on per round; those of a high ratio come repeatedly
    temperature: float = 0.9  # that the drawings are drawn at
    steps: int = 400  # of training per round
    learning_rate: float = 5e-4
    kl_weight: float = 0.7
    repeat: int = 1  # how many times an epoch shows each real drawing; 10 learn them by heart
    seed: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (
            ("rounds", 1, 100),
            ("drawn", 1000, 10_000_000),
            ("accepted", 100, 10_000_000),
            ("temperature", 0.001, 10),
            ("steps", 1, 1_000_000),
            ("learning_rate", 0, 1),
            ("kl_weight", 0, 100),
            ("repeat", 1, 10_000),
            ("seed", 0, 2**32),
        ):
            check_range(name, getattr(self, name), low, high)

    @classmethod
    def of(cls, model: Model, **changes: int) -> "Refinement":
        """Return the usual settings for a model; fewer drawings for one of few.

        Args:
            model: to refine.
            changes: fields by name, which win over these defaults.
        """
        few = {"rounds": 2, "drawn": 8000, "accepted": 3000, "steps": 300}
        return cls(**{**(few if is_of_few(model) else {}), **changes})

    def training(self, round_number: int) -> Settings:
        """Return the settings of one round's training: plain likelihood, no augmentation.

        Args:
            round_number: 1 or more.
        """
        return Settings(
            steps=self.steps,
            learning_rate=self.learning_rate,
            warm_up=min(20, self.steps // 2),
            kl_anneal=0.0,
            clip=5.0,
            kl_weight=self.kl_weight,
            ema_decay=0.99,
            random_scale=0.0,
            point_dropout=0.0,
            validate_every=self.steps,
            patience=0,
            seed=self.seed * 1000 + round_number,
            train_encoder=False,
        )


@dataclass(frozen=True)
class Accepted:
    """What one round accepted.

    Attributes:
        drawings: (n,) with repetitions.
        latents: (n, Z) that they were drawn from.
        rate: fraction of the drawn that plain rejection would keep.
    """

    drawings: list[Drawing]
    latents: Floats32
    rate: float


class Refiner:
    """Rounds of drawing, accepting and training, in a folder that keeps what is done.

    The folder gets `round-1/accepted.drawings`, their latents and, until the round has ended, the
    checkpoints of its training, and so on, and `model.safetensors` after each round. A refinement
    that was stopped goes on where it was.

    Args:
        real: what drawings should be like.
        settings: of the rounds.
        folder: of the files.
        candidates: drawings of other origin that may be accepted as well, in simplified form.
        announce: is given a line of text at the beginning and the end of each stage.
        callbacks: observers of the training.

    Raises:
        SketchvaeError: if there are too few real drawings.
    """

    def __init__(
        self,
        real: RealDrawings,
        settings: Refinement,
        folder: Path,
        candidates: Sequence[Drawing] = (),
        announce: Callable[[str], None] = lambda _: None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if len(real.dataset.split("train")) < 2:
            raise SketchvaeError(
                f"{real.dataset.path}: refining needs 2 real drawings or more in the training "
                "split; import more"
            )
        self.real, self.settings, self.folder = real, settings, folder
        self.candidates, self.announce, self.callbacks = candidates, announce, callbacks

    def run(self, model: Model) -> Model:
        """Refine a model; return the refined one, which is in `model.safetensors` as well.

        Raises:
            SketchvaeError: if the folder holds another refinement.
            RunInterrupted: after Ctrl-C or SIGTERM while training, with the checkpoint saved.
        """
        rounds = self.settings.rounds
        make_folder(self.folder, "name another -o")
        self._check_same(model)
        real = len(self.real.dataset.split("train")) + len(self.real.images)
        if real < FEW_REAL:
            self.announce(
                f"hint: {real} real drawings are few: chance settles how much likelier a drawing "
                "is among them; a thousand are plenty"
            )
        current, trained = model, []
        for number in range(1, rounds + 1):
            place = self.folder / f"round-{number}"
            finished = place / "model.safetensors"
            if not finished.exists():
                self.announce(f"round {number} of {rounds}: drawing {self.settings.drawn}")
                accepted = self._accepted(current, place, number)
                tensors = self._train(current, place, number)
                prior = _prior(accepted)
                trained_model = replace(current, tensors=tensors, prior=prior)
                save(replace(trained_model, typical_prior=None, density_ratio=None), finished)
                shutil.rmtree(place / "training", ignore_errors=True)  # nothing goes on from it
            current = load(finished)
            trained.append(current.tensors)
            save(current, self.folder / "model.safetensors")
        about = {**model.about, "refined": asdict(self.settings)}
        current = replace(current, tensors=_mean(trained), about=about)
        refined = self._with_priors(current, model)
        path = self.folder / "model.safetensors"
        save(refined, path)
        self.announce(f"the density ratio: drawing {self.settings.drawn}")
        artist = Artist(load(path))  # draws with the weights as they were rounded
        ratio = fit_density_ratio(artist, self.real, self.settings.drawn, self.settings.seed)
        save(replace(artist.model, density_ratio=ratio), path)
        return load(path)

    def _with_priors(self, refined: Model, model: Model) -> Model:
        """Return a refined model with its prior and typical prior.

        Args:
            refined: the weights.
            model: as it was; one of few drawings keeps its prior, which draws more as people do
                than one that is fitted to what was accepted.
        """
        if is_of_few(model):
            self.announce("the typical prior: choosing latents")
            return with_typical(replace(refined, prior=model.prior))
        self.announce(f"the prior: drawing {self.settings.drawn}")
        accepted = self._accepted(refined, self.folder / "prior", self.settings.rounds + 1)
        refined = replace(refined, prior=_prior(accepted))
        return with_typical_accepted(refined, accepted.latents)

    def _check_same(self, model: Model) -> None:
        """Write what a refinement depends on; refuse a folder that depends on something else."""
        now = {
            "model": model.fingerprint,
            "real drawings": f"{np.bitwise_xor.reduce(self.real.dataset.keys):016x}",
            "bitmaps": len(self.real.images),
            "candidates": len(self.candidates),
            "classifier": self.real.classifier is not None,
            **asdict(self.settings),
        }
        path = self.folder / "refine.json"
        if path.exists():
            was = json.loads(path.read_text(encoding="utf-8"))
            changes = [f"{k} was {was.get(k)}, is {v}" for k, v in now.items() if was.get(k) != v]
            if changes:
                raise SketchvaeError(
                    f"{self.folder}: holds another refinement: {'; '.join(changes)}; "
                    "give the same settings and drawings, or name another -o"
                )
            return
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(now, indent=1), encoding="utf-8")

    def _accepted(self, model: Model, place: Path, number: int) -> Accepted:
        """Draw and accept, or read what was accepted before the refinement was stopped."""
        make_folder(place, "name another -o")
        drawings, latents = place / "accepted.drawings", place / "latents.npz"
        if not drawings.exists():
            accepted = self.accept(model, number)
            with replacing(latents) as temporary, temporary.open("wb") as file:
                np.savez(file, latents=accepted.latents, rate=accepted.rate)
            fractions = SplitFractions(min(_MAX_VALID, _VALID / len(accepted.drawings)), 0.0)
            sources = ("drawn and accepted",)
            pack(accepted.drawings, drawings, sources=sources, fractions=fractions)
        packed = open_packed(drawings)
        try:
            kept, rate_ = read_npz(latents, ("latents", "rate"))
            rate = float(rate_)
        except (OSError, ValueError, TypeError) as error:
            raise SketchvaeError(
                f"{latents}: must be what this run wrote, is missing or damaged ({error!s:.80}); "
                f"remove {place} to draw that round again"
            ) from error
        different = len(np.unique(packed.keys))
        self.announce(
            f"accepted {rate:.0%} of them by their chances; {len(packed)} to train on, "
            f"{different} of them different"
        )
        return Accepted(list(packed), kept, rate)

    def accept(self, model: Model, number: int) -> Accepted:
        """Draw many drawings and accept them in proportion to the density ratio.

        Args:
            model: draws.
            number: of the round, for the seed.
        """
        settings, artist = self.settings, Artist(model)
        seed = settings.seed * 1000 + number
        latents = _proposals(artist, self.real.drawings(), settings.drawn, seed)
        drawn = artist.sample(len(latents), settings.temperature, seed, latents)
        ended = [(i, d.to_quickdraw()) for i, d in enumerate(drawn) if d is not None and d.strokes]
        check_ended(len(ended), len(drawn), artist.max_steps)
        everything = [drawing for _, drawing in ended]
        latents = latents[[i for i, _ in ended]]
        if self.candidates:
            everything += self.candidates
            own = artist.sample_posterior(self.candidates, len(self.candidates), seed)
            latents = np.concatenate([latents, own])
        log_ratio = log_density_ratio(self.real.views(everything, artist))
        rows = resample(log_ratio, settings.accepted, seed)
        chosen = [everything[i] for i in rows.tolist()]
        return Accepted(chosen, latents[rows], acceptance_rate(log_ratio))

    def _train(self, model: Model, place: Path, number: int) -> dict[str, Floats32]:
        """Train on what was accepted and on real drawings; return the averaged weights."""
        accepted = WeightedDataset(open_packed(place / "accepted.drawings"))
        datasets = [accepted, WeightedDataset(self.real.dataset, self.settings.repeat)]
        settings, folder = self.settings.training(number), place / "training"
        make_folder(folder, "name another -o")
        with ProcessGroup.init() as group:
            trainer = prepare_run(
                model.config, settings, datasets, [accepted], folder, group, model
            )
            if (folder / "last.pt").exists():
                trainer.resume()
            trainer.run(*self.callbacks)
            return trainer.ema_model.to_arrays()


def _proposals(artist: Artist, real: Sequence[Drawing], n: int, seed: int) -> Floats32:
    """Return n latents to draw from: half of the model's prior, half of a broad one."""
    rng = np.random.default_rng(seed)
    latent = artist.model.config.latent
    sampled = artist.sample_posterior(real, _PER_DRAWING * len(real), seed)
    broad = fit_prior(sampled, min(BROAD_COMPONENTS, 1 + len(real) // 40), seed)
    halves = []
    for prior, size in ((artist.model.prior, n // 2), (broad, n - n // 2)):
        normals = rng.standard_normal((size, latent), dtype=np.float32)
        halves.append(prior.sample(rng.random(size, dtype=np.float32), normals))
    return np.concatenate(halves)


def _mean(weights: Sequence[Mapping[str, Floats32]]) -> dict[str, Floats32]:
    """Return the mean of the weights of several networks of the same sizes, array by array."""
    return {
        name: np.mean([one[name] for one in weights], axis=0, dtype=np.float32)
        for name in weights[0]
    }


def _prior(accepted: Accepted) -> Prior:
    return fit_prior(accepted.latents, PRIOR_COMPONENTS)
