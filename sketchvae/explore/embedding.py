"""From drawings to a map of them: latents, laid out in a plane, and what lies across it.

Shape letters: B drawings, Z latent.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.artist import Artist
from sketchvae.polyline import Floats, Floats32
from sketchvae.render.map import CELLS, Map, Viewport

FEWEST = 3  # drawings: two lie on a line
COLD = 0.1  # temperature of what is drawn across the map: the latent decides
_WHITE = 0.05  # of the extent, around all drawings
_NEIGHBOURS = 30  # of a drawing that t-SNE keeps near it: its perplexity


def draw_map(
    artist: Artist,
    drawings: Sequence[Drawing],
    method: str = "pca",
    *,
    viewport: Viewport | None = None,
    align_to: Floats | None = None,
) -> Map:
    """Lay drawings out in a plane by their latents, and let the artist draw across it.

    What is drawn in a cell comes from the mean of the latents around it, by a normal window one
    cell wide; where no drawing lies within a cell's side, nothing is. So it is the same whichever
    way the plane was found; on a plane of principal components it is the expectation of the
    latent at that place.

    Args:
        artist: whose latents.
        drawings: 3 or more.
        method: "pca" (principal components), "tsne" or "umap".
        viewport: what to show; None for a square around all drawings.
        align_to: (B, 2) places of the same drawings on an earlier map, which this one is turned to.

    Raises:
        SketchvaeError: for too few drawings, or one without a stroke.
        ModuleNotFoundError: for a way whose library is not installed.
    """
    if len(drawings) < FEWEST:
        raise SketchvaeError(
            f"a map must have at least {FEWEST} drawings, got {len(drawings)}; add some"
        )
    latents = artist.encode(drawings)
    places = embed_2d(latents, method)
    if align_to is not None:
        places = procrustes_align(places, align_to)
    viewport = _around(places) if viewport is None else viewport
    across, near = mean_latents(latents, places, viewport)
    decoded: list[Drawing | None] = [None] * CELLS**2
    attempts = artist.sample(int(near.sum()), COLD, seed=0, latents=across[near])
    for cell, drawing in zip(np.flatnonzero(near).tolist(), attempts, strict=True):
        decoded[cell] = drawing
    return Map(drawings, places, viewport, decoded)


def embed_2d(latents: Floats32, method: str) -> Floats:
    """Give each latent, (B, Z), a place in a plane, (B, 2). The same every time."""
    if method == "tsne":
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        neighbours = min(_NEIGHBOURS, (len(latents) - 1) / 3)
        layout = TSNE(perplexity=neighbours, init="pca", random_state=0)
        with threadpool_limits(1):  # threads that wait for each other stand still on a busy machine
            found = layout.fit_transform(latents)
    elif method == "umap":
        from umap import UMAP

        found = UMAP(random_state=0, n_jobs=1).fit_transform(latents)
    else:
        found = pca(latents, 2)
    return np.asarray(found, dtype=np.float64)


def pca(latents: Floats32, components: int) -> Floats:
    """Return latents, (B, Z), along their principal components, (B, components), largest first.

    Components that Z does not have are 0. An axis points where its largest share does.
    """
    centred = latents.astype(np.float64) - latents.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :components]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    found = np.zeros((len(latents), components))
    found[:, : axes.shape[1]] = centred @ axes
    return found


def procrustes_align(places: Floats, align_to: Floats) -> Floats:
    """Turn and mirror places about their middle until they lie nearest to others.

    Orthogonal Procrustes (Schoenemann 1966): the axes of principal components may change
    places or signs while the space hardly does.
    """
    middle = places.mean(axis=0)
    left, _, right = np.linalg.svd((places - middle).T @ (align_to - align_to.mean(axis=0)))
    found: Floats = (places - middle) @ (left @ right) + middle
    return found


def mean_latents(
    latents: Floats32, places: Floats, viewport: Viewport
) -> tuple[Floats32, NDArray[np.bool_]]:
    """Return the mean latent around the middle of each cell, and where there is a drawing near.

    Args:
        latents: (B, Z).
        places: (B, 2) of the same drawings.
        viewport: whose cells.

    Returns:
        (CELLS ** 2, Z), and (CELLS ** 2,) bool.
    """
    cell = viewport.side / CELLS
    centres = viewport.centres
    squares = ((centres[:, None] - places) ** 2).sum(axis=2) / cell**2
    least = squares.min(axis=1, keepdims=True)
    weights = np.exp((least - squares) / 2)  # the nearest weighs 1: no sum is 0
    means = (weights / weights.sum(axis=1, keepdims=True)) @ latents
    return means.astype(np.float32), least[:, 0] < 1


def _around(places: Floats) -> Viewport:
    low, high = places.min(axis=0), places.max(axis=0)
    side = max(float((high - low).max()), 1e-6) * (1 + 2 * _WHITE)
    left, top = ((low + high - side) / 2).tolist()
    return Viewport(left, top, side)
