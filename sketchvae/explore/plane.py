"""The plane of the latent space in which its prior extends farthest: a map to walk through.

Shape letter: Z latent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sketchvae.drawing import Drawing
from sketchvae.generate.artist import Artist
from sketchvae.model.prior import Prior
from sketchvae.polyline import Floats32

COLD = 0.1  # temperature of drawings on the plane: the latent decides
_REACH = 2.0  # standard deviations from the middle of the plane to its edges


@dataclass(frozen=True)
class Plane:
    """A square of latents, with places from -1 to 1.

    Attributes:
        middle: (Z,) latent of the place (0, 0): the mean of the prior.
        axes: (2, Z) from there to the right edge and to the lower one: the two main directions of
            the prior, two standard deviations long.
    """

    middle: Floats32
    axes: Floats32

    @classmethod
    def of(cls, prior: Prior) -> "Plane":
        """Return the plane of a prior; the largest weight of each axis is positive."""
        mean, covariance = prior.moments()
        variances, directions = np.linalg.eigh(covariance)
        main = directions[:, ::-1][:, :2].T
        main = main * np.sign(main[np.arange(len(main)), np.abs(main).argmax(axis=1)])[:, None]
        deviations = np.sqrt(variances[::-1][:2].clip(min=0))
        return cls(
            mean.astype(np.float32), (_REACH * deviations[:, None] * main).astype(np.float32)
        )

    def latents(self, places: ArrayLike) -> Floats32:
        """Return the latents of places, (n, Z).

        Args:
            places: (n, 2), x to the right and y downwards, each -1 to 1.
        """
        latents: Floats32 = self.middle + np.asarray(places, dtype=np.float32) @ self.axes
        return latents

    def grid(self, columns: int, rows: int) -> Floats32:
        """Return the latents of the middles of cells, (columns * rows, Z), row by row.

        Args:
            columns: cells in a row.
            rows: cells in a column.
        """
        across, down = ((2 * np.arange(count) + 1) / count - 1 for count in (columns, rows))
        return self.latents([(x, y) for y in down for x in across])

    def draw(self, artist: Artist, columns: int, rows: int) -> list[Drawing]:
        """Return what an artist draws in the middle of each cell, row by row.

        Args:
            artist: with the prior.
            columns: cells in a row.
            rows: cells in a column.

        Returns:
            The drawings; one that did not end has no strokes.
        """
        drawn = artist.sample(columns * rows, COLD, seed=0, latents=self.grid(columns, rows))
        return [drawing or Drawing(()) for drawing in drawn]
