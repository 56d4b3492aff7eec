"""Priors of clusters: a normal distribution of latents for each cluster, and their file.

`sketchvae draw --cluster` samples latents from one of them. Shape letters: B drawings, K clusters,
Z latent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sketchvae.errors import FileFormatError, SketchvaeError
from sketchvae.files import replacing
from sketchvae.generate.artist import Artist
from sketchvae.model.numpy_encoder import Posterior
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model
from sketchvae.npy import read_npz
from sketchvae.polyline import Bools, Floats32, to_float32

FOLDER = Path("clusters")  # default folder of `sketchvae clusters`
FILE = "clusters.npz"  # in that folder


@dataclass(frozen=True)
class ClusterPriors:
    """A normal distribution for each cluster in the latent space of a model.

    Attributes:
        prior: mixture of K normals, one for each cluster, weighted by its number of drawings.
        fingerprint: fingerprint of the model.
    """

    prior: Prior
    fingerprint: str

    def artist(self, model: Model, cluster: int) -> Artist:
        """Return an artist whose prior is the normal distribution of one cluster.

        Args:
            model: the model of the latents that were clustered.
            cluster: number of the cluster, from 1 to K.

        Raises:
            SketchvaeError: if there is no such cluster, or the model is another one.
        """
        count = len(self.prior.weights)
        if not 1 <= cluster <= count:
            raise SketchvaeError(
                f"the cluster must be from 1 to {count}, got {cluster}; look at the contact sheets"
            )
        if self.fingerprint != model.fingerprint:
            raise SketchvaeError(
                "the clusters must be those of the model that draws, got those of another; name "
                "theirs with --model, or run 'sketchvae clusters' with this one"
            )
        own = slice(cluster - 1, cluster)
        prior = Prior(
            np.ones(1, dtype=np.float32), self.prior.means[own], self.prior.scale_tril[own]
        )
        return Artist(replace(model, prior=prior, typical_prior=None))


def fit_cluster_priors(
    model: Model, posterior: Posterior, members: Sequence[Bools]
) -> ClusterPriors:
    """Fit a normal distribution to the aggregate posterior of each cluster.

    The covariance is that of the posterior means plus the mean of the posterior variances. So it
    has full rank even for a single drawing.

    Args:
        model: the model that encoded the drawings.
        posterior: posterior of B drawings.
        members: for each cluster, (B,) whether each drawing is in it; at least one is.
    """
    means = [posterior.mean[own].mean(axis=0) for own in members]
    scale_tril = [_cholesky(posterior.mean[own], posterior.log_variance[own]) for own in members]
    weights = np.array([own.sum() for own in members], dtype=np.float32)
    return ClusterPriors(Prior(weights, np.array(means), np.array(scale_tril)), model.fingerprint)


def _cholesky(means: Floats32, log_variances: Floats32) -> Floats32:
    """Return the Cholesky factor of the covariance of an aggregate posterior, (Z, Z)."""
    centred = means.astype(np.float64) - means.mean(axis=0, dtype=np.float64)
    variances = np.exp(log_variances.astype(np.float64)).mean(axis=0)
    covariance = centred.T @ centred / len(centred) + np.diag(variances + 1e-6)
    scale_tril: Floats32 = np.linalg.cholesky(covariance).astype(np.float32)
    return scale_tril


def save(priors: ClusterPriors, folder: Path) -> None:
    """Write the priors of clusters to the file clusters.npz in a folder.

    Args:
        priors: the priors.
        folder: an existing folder.

    Raises:
        SketchvaeError: if the file cannot be written.
    """
    with replacing(folder / FILE) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            fingerprint=np.array(priors.fingerprint),
            weights=priors.prior.weights,
            means=priors.prior.means,
            factors=priors.prior.scale_tril,
        )


def load(folder: Path) -> ClusterPriors:
    """Read the priors of clusters from the file in a folder; no code in the file can run.

    Raises:
        FileFormatError: if the file is damaged or of another kind.
        SketchvaeError: if there is no such file.
    """
    path = folder / FILE
    try:
        names = ("weights", "means", "factors", "fingerprint")  # scale_tril is factors there
        *numbers, fingerprint = read_npz(path, names)
        arrays = [to_float32(array) for array in numbers]
        weights, means, scale_tril = arrays
        K, Z = means.shape
        if weights.shape != (K,) or scale_tril.shape != (K, Z, Z):
            raise ValueError("arrays of other shapes")
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("a value is not finite")
    except FileNotFoundError as error:
        raise SketchvaeError(
            f"{path}: there are no clusters; run 'sketchvae clusters DRAWINGS -o {folder}' first"
        ) from error
    except (OSError, ValueError) as error:
        raise FileFormatError(
            f"{path}: must be a file of 'sketchvae clusters', got something else or a damaged one "
            f"({' '.join(str(error).split()):.80}); run it again"
        ) from error
    return ClusterPriors(Prior(*arrays), str(fingerprint))
