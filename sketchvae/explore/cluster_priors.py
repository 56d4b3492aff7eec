"""Where clusters lie in the latent space, kept in a file so that `draw` can draw from one."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing
from sketchvae.generate.artist import Artist
from sketchvae.model.numpy_encoder import Posterior
from sketchvae.model.weights import Model, Prior
from sketchvae.polyline import Floats32

FOLDER = Path("clusters")  # where `sketchvae clusters` puts them if nothing is said
_NAME = "clusters.npz"


@dataclass(frozen=True)
class ClusterPriors:
    """Clusters in the latent space of one model, a normal each.

    Attributes:
        prior: a component a cluster, weighed by its drawings.
        fingerprint: of the model.
    """

    prior: Prior
    fingerprint: str

    def artist(self, model: Model, cluster: int) -> Artist:
        """Return an artist who takes z from a cluster alone, counted from 1.

        Raises:
            SketchvaeError: if there is no such cluster, or they are those of another model.
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
        return Artist(replace(model, prior=prior))


def fit_cluster_priors(
    model: Model, posterior: Posterior, members: Sequence[NDArray[np.bool_]]
) -> ClusterPriors:
    """Fit a normal to the aggregate posterior of each cluster.

    Its covariance is that of the means plus the mean of the variances, so it has a full rank
    however few drawings there are.

    Args:
        model: whose latents they are.
        posterior: of B drawings.
        members: of each cluster, (B,) which drawings are in it; one at least.
    """
    means = [posterior.mean[own].mean(axis=0) for own in members]
    scale_tril = [_factor(posterior.mean[own], posterior.log_variance[own]) for own in members]
    weights = np.array([own.sum() for own in members], dtype=np.float32)
    return ClusterPriors(Prior(weights, np.array(means), np.array(scale_tril)), model.fingerprint)


def _factor(means: Floats32, log_variances: Floats32) -> Floats32:
    centred = means.astype(np.float64) - means.mean(axis=0, dtype=np.float64)
    variances = np.exp(log_variances.astype(np.float64)).mean(axis=0)
    covariance = centred.T @ centred / len(centred) + np.diag(variances + 1e-6)
    factor: Floats32 = np.linalg.cholesky(covariance).astype(np.float32)
    return factor


def save(found: ClusterPriors, folder: Path) -> None:
    """Write clusters into a folder.

    Raises:
        SketchvaeError: if it cannot be written.
    """
    with replacing(folder / _NAME) as beside, beside.open("wb") as file:
        np.savez(
            file,
            fingerprint=np.array(found.fingerprint),
            weights=found.prior.weights,
            means=found.prior.means,
            factors=found.prior.scale_tril,
        )


def load(folder: Path) -> ClusterPriors:
    """Read the clusters in a folder; no code in the file can run.

    Raises:
        SketchvaeError: if there are none, or the file is damaged.
    """
    path = folder / _NAME
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            names = ("weights", "means", "factors")  # scale_tril is called factors there
            arrays = [file[name].astype(np.float32) for name in names]
            fingerprint = str(file["fingerprint"])
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
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SketchvaeError(
            f"{path}: must be a file of 'sketchvae clusters', got something else or a damaged one "
            f"({' '.join(str(error).split()):.80}); run it again"
        ) from error
    return ClusterPriors(Prior(*arrays), fingerprint)
