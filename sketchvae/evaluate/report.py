"""The whole evaluation of a model: likelihood, comparison with real drawings, reconstruction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sketchvae.bitmaps import Bitmaps
from sketchvae.data.dataset import Points, from_points
from sketchvae.drawing import Drawing
from sketchvae.evaluate.classifier import shipped_classifier
from sketchvae.evaluate.comparison import (
    MIN_DRAWINGS,
    REPEATS,
    Comparison,
    compare,
    measure,
    measure_images,
    reconstruction_rank,
)
from sketchvae.evaluate.likelihood import Likelihood, likelihood
from sketchvae.faults import faults_of
from sketchvae.generate.artist import Artist
from sketchvae.model.weights import Model
from sketchvae.polyline import Floats

SAMPLES = 2000  # drawings per temperature
SEED = 1
TEMPERATURES = (None, 1.0)  # typical drawings, and what the likelihood is of
RECONSTRUCTION_TEMPERATURE = 0.1


@dataclass(frozen=True)
class Report:
    """Results of an evaluation. Sets of drawings have names; the first one is "real".

    Attributes:
        likelihood: of the real drawings.
        comparisons: of each set with the real drawings; empty with too few real drawings.
        finished: fraction of the samples of each temperature that ended in time.
        reconstruction: mean fraction of other drawings that are farther from a drawing than its
            reconstruction, by "features" and by "raster".
        drawings: the sets.
        features: (n, 10) features of the drawings of each set.
        word: of the model, which decides what counts as a fault.
    """

    likelihood: Likelihood
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    finished: dict[str, float] = field(default_factory=dict)
    reconstruction: dict[str, float] = field(default_factory=dict)
    drawings: dict[str, Sequence[Drawing]] = field(default_factory=dict)
    features: dict[str, Floats] = field(default_factory=dict)
    word: str = ""

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of the faults that drawings of the model's word may have."""
        return faults_of(self.word)

    @property
    def knows_word(self) -> bool:
        """Whether the classifier that names drawings knows the model's word."""
        return self.word in shipped_classifier("judge").words

    def to_json(self) -> dict[str, Any]:
        """Return all numbers by name."""
        per_drawing = self.likelihood.by_name()
        per_point = {name: self.likelihood.per_point(nll) for name, nll in per_drawing.items()}
        distances: dict[str, dict[str, Any]] = {
            name: {"finished": self.finished.get(name), **comparison.to_json()}
            for name, comparison in self.comparisons.items()
        }
        for row in distances.values():
            row["faults"] = {name: row["faults"][name] for name in self.faults}
            if not self.knows_word:
                row["named first"] = None
        return {
            "drawings": self.likelihood.drawings,
            "points_per_drawing": self.likelihood.points,
            "nats_per_drawing": per_drawing,
            "nats_per_point": per_point,
            "distances": distances,
            "reconstructions": self.reconstruction,
        }


def evaluate(
    model: Model,
    drawings: Sequence[Points],
    temperatures: Sequence[float | None] = TEMPERATURES,
    *,
    others: Mapping[str, Sequence[Drawing]] | None = None,
    floor: Sequence[Drawing] | None = None,
    real_bitmaps: Bitmaps | None = None,
    n: int = 100,
    repeats: int = REPEATS,
) -> Report:
    """Evaluate a model on real drawings; the seeds are fixed.

    Args:
        model: the model.
        drawings: real drawings as packed points, each (n, 3) uint8 in simplified form.
        temperatures: 2000 drawings are sampled at each and compared with the real ones; None for
            typical drawings, which `draw` draws without a temperature.
        others: more sets to compare with the real drawings, by name.
        floor: more real drawings, to compare the real ones with; None compares their halves,
            which needs 40 drawings: with fewer, the report has the likelihood alone.
        real_bitmaps: (m, 28, 28) more real drawings, to compare all sets with as pictures.
        n: drawings per side of a comparison.
        repeats: subsets that a comparison is averaged over.

    Raises:
        SketchvaeError: if there are no drawings, or a set has too few to be compared.
    """
    nll = likelihood(model, drawings)
    if floor is None and len(drawings) < 2 * MIN_DRAWINGS:
        return Report(nll)
    artist, real = Artist(model), [from_points(points) for points in drawings]
    sets: dict[str, Sequence[Drawing]] = {"real": real}
    finished: dict[str, float] = {}
    for temperature in temperatures:
        samples = artist.sample(SAMPLES, temperature, SEED)
        name = set_name(temperature)
        sets[name] = [drawing for drawing in samples if drawing is not None]
        finished[name] = len(sets[name]) / SAMPLES
    sets |= others or {}
    word = str(model.about.get("word", ""))
    measured = {name: measure(members, word) for name, members in sets.items()}
    reconstructed = artist.reconstruct(real, RECONSTRUCTION_TEMPERATURE, SEED)
    ranks = reconstruction_rank(real, list(reconstructed))
    return Report(
        nll,
        compare(
            measured,
            measure(floor, word) if floor is not None else None,
            n,
            repeats,
            measure_images(real_bitmaps, word) if real_bitmaps is not None else None,
        ),
        finished,
        {name: float(r.mean()) for name, r in zip(("features", "raster"), ranks, strict=True)},
        sets,
        {name: feature_set.features for name, feature_set in measured.items()},
        word,
    )


def set_name(temperature: float | None) -> str:
    """Return the name in a report of what is drawn at a temperature: "typical" or "t 1"."""
    return "typical" if temperature is None else f"t {temperature:g}"
