"""The density ratio of a model: how much likelier a drawing is among real ones than among its own.

Logistic regressions that tell real from drawn ones have log odds equal to log p_real / p_drawn:
`sketchvae.evaluate.density_ratio` fits them, and here they are evaluated, in NumPy. It is optional:
a weights file holds it or does not.
Shape letters: B drawings, D columns, C axes.
"""

from dataclasses import dataclass, replace

import numpy as np

from sketchvae.bitmaps import BITMAP_SIDE
from sketchvae.faults import FAULTS
from sketchvae.features import FEATURES, Z_SCORE_CLIP
from sketchvae.polyline import Floats, Floats32


@dataclass(frozen=True)
class Regression:
    """A logistic regression on z-scores, clipped at 5, and half their squares.

    Attributes:
        axes: (C, D) directions, each divided by the standard deviation along it.
        offset: (C,) mean along each axis, in those standard deviations.
        coefficients: (2C + 1,) of the z-scores, of half their squares, and the intercept.
    """

    axes: Floats | Floats32
    offset: Floats | Floats32
    coefficients: Floats | Floats32

    @staticmethod
    def shapes(axes: int, columns: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by its name.

        Args:
            axes: C.
            columns: D.
        """
        return {"axes": (axes, columns), "offset": (axes,), "coefficients": (2 * axes + 1,)}

    def log_odds(self, x: Floats) -> Floats:
        """Return the log odds that each row is of a real drawing, (B,).

        Args:
            x: (B, D).
        """
        z = (x @ self.axes.T - self.offset).clip(-Z_SCORE_CLIP, Z_SCORE_CLIP)
        log_odds: Floats = with_squares(z) @ self.coefficients[:-1] + self.coefficients[-1]
        return log_odds

    def along(self, axes: Floats) -> "Regression":
        """Return the regression that takes x where this one takes x @ axes.T.

        Args:
            axes: (D, E) of a space of E columns.
        """
        return replace(self, axes=self.axes @ axes)


def n_columns(has_head: bool) -> int:
    """Return the number of columns of lines: see `candidates.line_columns`."""
    return len(FEATURES) + len(FAULTS) + 1 + has_head


def with_squares(z: Floats) -> Floats:
    """Return z-scores and half their squares, (B, 2C): mean and spread are both judged."""
    return np.concatenate([z, z**2 / 2], axis=1)


@dataclass(frozen=True)
class DensityRatio:
    """What rejection sampling accepts by: two regressions, whose log odds add up.

    Where the sum is 0 or more, a drawing is always accepted.

    Attributes:
        lines: of the ten features of a drawing, its faults, its log odds by the discriminator, and
            those by the class head, if the model has one.
        pixels: of its blurred bitmap.
    """

    lines: Regression
    pixels: Regression

    @staticmethod
    def shapes(columns: int, axes: int) -> dict[str, dict[str, tuple[int, ...]]]:
        """Return the shape of each array of each part.

        Args:
            columns: of the lines, see `n_columns`.
            axes: principal components of the bitmaps.
        """
        return {
            "lines": Regression.shapes(columns, columns),
            "pixels": Regression.shapes(axes, BITMAP_SIDE**2),
        }

    def bounded(self, log_bound: float) -> "DensityRatio":
        """Return the ratio with another bound, from which on drawings are always accepted.

        Args:
            log_bound: sum of log odds that becomes 0.
        """
        coefficients = self.pixels.coefficients.copy()
        coefficients[-1] -= log_bound
        return replace(self, pixels=replace(self.pixels, coefficients=coefficients))

    def log_acceptance(self, lines: Floats, pixels: Floats) -> Floats:
        """Return the logarithm of the probability that each drawing is accepted, (B,).

        Args:
            lines: (B, D) features, faults and log odds.
            pixels: (B, 784) blurred bitmaps, see `bitmaps.blurred`.
        """
        return np.minimum(self.lines.log_odds(lines) + self.pixels.log_odds(pixels), 0)
