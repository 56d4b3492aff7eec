"""The division of a set of drawings into parts for training, validation and test, by hash."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchvae.errors import RangeError

FEW_DRAWINGS = 1000  # fewer are divided so that most are trained on
_VALID_SHARES = (0.1, 0.15, 0.2, 0.3, 0.5)  # of few drawings, for validation


@dataclass(frozen=True)
class SplitFractions:
    """Fractions of the drawings for validation and test, from 0 to 1; the rest is for training.

    Raises:
        RangeError: if one is negative, or they add up to 1 or more.
    """

    valid: float = 0.05
    test: float = 0.05

    def __post_init__(self) -> None:
        if not (self.valid >= 0 and self.test >= 0 and self.valid + self.test < 1):
            raise RangeError(
                "the shares of validation and test must be 0 or more and add up to less than 1, "
                f"got {self.valid:g} and {self.test:g}"
            )

    @classmethod
    def usual(cls, keys: NDArray[np.uint64]) -> "SplitFractions":
        """Return the fractions for drawings whose set names none.

        A twentieth for validation and a twentieth for the test; of fewer than 1000 drawings, all
        are needed: a tenth for validation, or more, so that it is not empty, and no test.

        Args:
            keys: of the drawings.
        """
        if len(keys) >= FEW_DRAWINGS:
            return cls()
        if len(np.unique(keys)) < 2:
            return cls(0.0, 0.0)
        return cls(valid_share(keys), 0.0)


def valid_share(keys: NDArray[np.uint64]) -> float:
    """Return a share for validation, without a test split, that leaves both splits drawings.

    Args:
        keys: of the drawings, two or more that differ.
    """
    positions = np.unique(keys) / np.float64(2**64)
    for share in _VALID_SHARES:
        if 0.05 <= (positions < share).mean() < 1:
            return share
    below, above = positions[:2]
    for digits in range(2, 18):
        share = (np.floor(below * 10**digits) + 1) / 10**digits
        if below < share <= above:
            return float(share)
    return float(above)
