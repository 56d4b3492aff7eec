"""Real drawings as a refinement sees them: by their lines, by their bitmaps, by a network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchvae.bitmaps import Bitmaps, bitmaps, blurred
from sketchvae.data.dataset import PackedDataset, from_points
from sketchvae.drawing import Drawing
from sketchvae.evaluate.classifier import Classifier, embeddings
from sketchvae.evaluate.density_ratio import View, principal_axes
from sketchvae.generate.artist import Artist
from sketchvae.generate.candidates import line_columns

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

    def all_images(self) -> Bitmaps:
        """Return the bitmaps of all real drawings, (m, 28, 28)."""
        return np.concatenate([bitmaps(self.drawings()), self.images])

    def lines(self, drawn: Sequence[Drawing], images: Bitmaps, artist: Artist) -> View:
        """Return the features, faults and log odds of drawn and real ones.

        Args:
            drawn: drawings as drawn.
            images: (n, 28, 28) their bitmaps.
            artist: drew them.
        """
        real = self.drawings()
        return View(line_columns(artist, drawn, images), line_columns(artist, real, bitmaps(real)))

    def pixels(self, drawn: Bitmaps) -> View:
        """Return the blurred bitmaps of drawn and real ones.

        Args:
            drawn: (n, 28, 28).
        """
        return View(blurred(drawn), blurred(self.all_images()))

    def views(self, drawn: Sequence[Drawing], artist: Artist) -> list[View]:
        """Return what tells drawn from real ones: lines, bitmaps, and a network's embeddings.

        Args:
            drawn: drawings as drawn; they are not simplified, for neither are the real ones.
            artist: drew them; if it has a class head, their log odds are a column, and if the
                classifier knows its word, the log probability is one.
        """
        drawn_images = bitmaps(drawn)
        pixels = self.pixels(drawn_images)
        views = [
            self.lines(drawn, drawn_images, artist),
            pixels.along(principal_axes(pixels, RASTER_COMPONENTS)),
        ]
        if self.classifier is not None:
            drawn_seen, drawn_logs = embeddings(self.classifier, drawn_images)
            real_seen, real_logs = embeddings(self.classifier, self.all_images())
            seen = View(drawn_seen.astype(np.float64), real_seen.astype(np.float64))
            seen = seen.along(principal_axes(seen, CNN_COMPONENTS))
            if artist.word in self.classifier.words:
                column = self.classifier.words.index(artist.word)
                seen = View(
                    np.column_stack([seen.drawn, drawn_logs[:, column]]),
                    np.column_stack([seen.real, real_logs[:, column]]),
                )
            views.append(seen)
        return views
