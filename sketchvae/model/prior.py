"""The prior of the latents: a mixture of Gaussians. Shape letters: K components, Z latent."""

from dataclasses import dataclass

import numpy as np

from sketchvae.polyline import Floats, Floats32


@dataclass(frozen=True)
class Prior:
    """A mixture of Gaussians, fitted to the latents of the training drawings.

    Unencoded drawings take their latents from it: the aggregate posterior is not N(0, I).

    Attributes:
        weights: (K,) of the components; only their ratios count.
        means: (K, Z).
        scale_tril: (K, Z, Z), lower triangular L with covariance = L L^T.
    """

    weights: Floats32
    means: Floats32
    scale_tril: Floats32

    @staticmethod
    def shapes(components: int, latent: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by its name.

        Args:
            components: K.
            latent: Z.
        """
        K, Z = components, latent
        return {"weights": (K,), "means": (K, Z), "scale_tril": (K, Z, Z)}

    @property
    def is_shared(self) -> bool:
        """Whether all Gaussians have the same covariance."""
        return bool((self.scale_tril == self.scale_tril[:1]).all())

    def stored(self) -> dict[str, Floats32]:
        """Return the arrays by name, for a file; a covariance that all share is there once."""
        scale_tril = self.scale_tril[:1] if self.is_shared else self.scale_tril
        return {"weights": self.weights, "means": self.means, "scale_tril": scale_tril}

    @classmethod
    def restored(cls, weights: Floats32, means: Floats32, scale_tril: Floats32) -> "Prior":
        """Return the prior of which these arrays were `stored`.

        Args:
            weights: (K,).
            means: (K, Z).
            scale_tril: (K, Z, Z), or (1, Z, Z) that all share.
        """
        K, Z = means.shape
        return cls(weights, means, np.broadcast_to(scale_tril, (K, Z, Z)))

    @classmethod
    def even(cls, means: Floats32, scale_tril: Floats32) -> "Prior":
        """Return a mixture of Gaussians of equal weights.

        Args:
            means: (K, Z).
            scale_tril: (K, Z, Z), or (1, Z, Z) that all share.
        """
        K = len(means)
        return cls.restored(np.full(K, 1 / K, dtype=np.float32), means, scale_tril)

    def covariance(self) -> Floats:
        """Return the mean covariance of the components, (Z, Z)."""
        weights = self.weights / self.weights.sum()
        products = self.scale_tril @ self.scale_tril.transpose(0, 2, 1)
        mean: Floats = np.einsum("k,kij->ij", weights, products).astype(np.float64)
        return mean

    def sample(self, uniforms: Floats32, normals: Floats32) -> Floats32:
        """Return latents, (n, Z): the uniform chooses the component by inverse CDF.

        Args:
            uniforms: (n,) in [0, 1).
            normals: (n, Z), standard normal.
        """
        cumulative = np.cumsum(self.weights, dtype=np.float64)
        # In float64 a uniform below 1 stays below the last sum; "right" because a uniform
        # of 0 must not choose a component of weight 0.
        scaled = uniforms.astype(np.float64) * cumulative[-1]
        component = np.searchsorted(cumulative, scaled, side="right")
        z = np.empty_like(normals)
        for k in np.bincount(component).nonzero()[0]:  # a product per component, not per latent
            rows = component == k
            z[rows] = self.means[k] + normals[rows] @ self.scale_tril[k].T
        return z

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean, (Z,), and covariance, (Z, Z), of the whole mixture."""
        weights = self.weights.astype(np.float64) / self.weights.sum(dtype=np.float64)
        tril, means = self.scale_tril.astype(np.float64), self.means.astype(np.float64)
        mean = weights @ means
        within = np.tensordot(weights, tril @ tril.swapaxes(1, 2), 1)
        between = (means - mean).T @ (weights[:, None] * (means - mean))
        return mean, within + between

    def standard_deviation(self) -> Floats32:
        """Return the standard deviation of each dimension over the whole mixture, (Z,)."""
        return np.sqrt(np.diag(self.moments()[1])).astype(np.float32)
