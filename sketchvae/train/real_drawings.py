"""Real drawings as a refinement sees them: by their lines, by their bitmaps, by a network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchvae.bitmaps import Bitmaps, bitmaps, blurred
from sketchvae.data.dataset import PackedDataset, from_points
from sketchvae.drawing import Drawing
from sketchvae.evaluate.classifier import Classifier, embeddings
from sketchvae.evaluate.density_ratio import View, principal_components
from sketchvae.faults import faults
from sketchvae.features import features
from sketchvae.generate.artist import Artist
from sketchvae.polyline import Floats

RASTER_COMPONENTS, CNN_COMPONENTS = 16, 64


@dataclass(frozen=True)
class RealDrawings:
    """The real drawings of a refinement, as each view sees them.

    Attributes:
        dataset: strokes; its training split is trained on and counts in every view.
        images: (n, 28, 28) more real drawings that are known as bitmaps only.
        classifier: sees drawings as a network does; None leaves that view out.
    """

    dataset: PackedDataset
    images: Bitmaps
    classifier: Classifier | None

    def drawings(self) -> list[Drawing]:
        """Return the drawings of the training split."""
        indices = self.dataset.split("train").tolist()
        return [from_points(self.dataset.points_of(i)) for i in indices]

    def views(self, drawn: Sequence[Drawing], artist: Artist) -> list[View]:
        """Return what tells drawn from real ones: lines, bitmaps, and a network's embeddings.

        Args:
            drawn: drawings as drawn; they are not simplified, for neither are the real ones.
            artist: drew them; if it has a class head, their log odds are a column, and if the
                classifier knows its word, the log probability is one.
        """
        real = self.drawings()
        drawn_images = bitmaps(drawn)
        real_images = np.concatenate([bitmaps(real), self.images])
        pixels = View(blurred(drawn_images), blurred(real_images))
        views = [
            View(_lines(drawn, artist), _lines(real, artist)),
            principal_components(pixels, RASTER_COMPONENTS),
        ]
        if self.classifier is not None:
            drawn_seen, drawn_logs = embeddings(self.classifier, drawn_images)
            real_seen, real_logs = embeddings(self.classifier, real_images)
            seen = View(drawn_seen.astype(np.float64), real_seen.astype(np.float64))
            seen = principal_components(seen, CNN_COMPONENTS)
            if artist.word in self.classifier.words:
                column = self.classifier.words.index(artist.word)
                seen = View(
                    np.column_stack([seen.drawn, drawn_logs[:, column]]),
                    np.column_stack([seen.real, real_logs[:, column]]),
                )
            views.append(seen)
        return views


def _lines(drawings: Sequence[Drawing], artist: Artist) -> Floats:
    """Return the features of drawings, their faults, and their log odds by the class head."""
    columns = [features(drawings), np.array([faults(drawing) for drawing in drawings], float)]
    if artist.model.head is not None:
        columns.append(artist.class_head.log_odds(artist.states(drawings))[:, None])
    return np.concatenate(columns, axis=1)
