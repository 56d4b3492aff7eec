"""Maps of drawings: latents embedded in a plane, and drawings from the latents in between.

Shape letters: B drawings, Z latent.
"""

from collections.abc import Sequence

import numpy as np

from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.generate.artist import Artist
from sketchvae.generate.parallel import one_thread
from sketchvae.polyline import Bools, Floats, Floats32
from sketchvae.render.map import CELLS, Map, Viewport

MIN_DRAWINGS = 3  # of a map; the latents of two lie on a line
COLD = 0.1  # temperature of the drawings across the map: the latent decides
_MARGIN = 0.05  # free space around the drawings, as a fraction of their extent
_PERPLEXITY = 30  # of t-SNE: about the number of neighbours that it keeps near a drawing


def draw_map(
    artist: Artist,
    drawings: Sequence[Drawing],
    method: str = "pca",
    *,
    viewport: Viewport | None = None,
    align_to: Floats | None = None,
) -> Map:
    """Embed drawings in a plane by their latents, and let the artist draw across the plane.

    Each cell of the map shows a drawing from the mean of the latents around the cell, weighted by
    a normal window of the width of a cell. A cell without a drawing nearer than its side stays
    empty. This works with every method; on a plane of principal components the mean is the
    expectation of the latent at that position.

    Args:
        artist: encodes the drawings, and draws the cells.
        drawings: B drawings, B >= 3.
        method: "pca" (principal components), "tsne" or "umap".
        viewport: part of the plane to show; None for a square around all drawings.
        align_to: (B, 2) positions of the same drawings on an earlier map; this map is rotated and
            mirrored to lie near them. None to leave it.

    Raises:
        SketchvaeError: for too few drawings, or one without a stroke.
        ModuleNotFoundError: if the library of the method is not installed.
    """
    if len(drawings) < MIN_DRAWINGS:
        raise SketchvaeError(
            f"a map must have at least {MIN_DRAWINGS} drawings, got {len(drawings)}; add some"
        )
    latents = artist.encode(drawings)
    points = embed_2d(latents, method)
    if align_to is not None:
        points = procrustes_align(points, align_to)
    viewport = _around(points) if viewport is None else viewport
    means, near = mean_latents(latents, points, viewport)
    decoded: list[Drawing | None] = [None] * CELLS**2
    drawn = artist.sample(int(near.sum()), COLD, seed=0, latents=means[near])
    for cell, drawing in zip(np.flatnonzero(near).tolist(), drawn, strict=True):
        decoded[cell] = drawing
    return Map(drawings, points, viewport, decoded)


def embed_2d(latents: Floats32, method: str) -> Floats:
    """Embed latents in a plane, (B, 2); equal latents give equal positions.

    Args:
        latents: (B, Z).
        method: "pca", "tsne" or "umap".

    Raises:
        ModuleNotFoundError: if the library of the method is not installed.
    """
    if method == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(_PERPLEXITY, (len(latents) - 1) / 3)
        with one_thread():
            points = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(latents)
    elif method == "umap":
        from umap import UMAP

        points = UMAP(random_state=0, n_jobs=1).fit_transform(latents)
    else:
        points = pca(latents, 2)
    return np.asarray(points, dtype=np.float64)


def pca(latents: Floats32, components: int) -> Floats:
    """Return the principal components of latents, (B, components), largest variance first.

    The largest weight of each axis is positive, so that the signs are always the same.

    Args:
        latents: (B, Z).
        components: number of components; those beyond Z are 0.
    """
    centred = latents.astype(np.float64) - latents.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :components]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    projected = np.zeros((len(latents), components))
    projected[:, : axes.shape[1]] = centred @ axes
    return projected


def procrustes_align(points: Floats, align_to: Floats) -> Floats:
    """Rotate and mirror points about their mean so that they lie nearest to others, (B, 2).

    This is orthogonal Procrustes analysis (Schoenemann 1966). Between two maps, principal axes may
    swap or change sign although the latents hardly change.

    Args:
        points: (B, 2).
        align_to: (B, 2) the other points, one for each of `points`.
    """
    centre = points.mean(axis=0)
    left, _, right = np.linalg.svd((points - centre).T @ (align_to - align_to.mean(axis=0)))
    aligned: Floats = (points - centre) @ (left @ right) + centre
    return aligned


def mean_latents(latents: Floats32, points: Floats, viewport: Viewport) -> tuple[Floats32, Bools]:
    """Return the mean latent around each cell of a map.

    Args:
        latents: (B, Z).
        points: (B, 2) positions of the same drawings in the plane.
        viewport: the part of the plane that the cells divide.

    Returns:
        Mean latents, (CELLS ** 2, Z), and whether a drawing lies nearer to the centre of each cell
        than the cell's side, (CELLS ** 2,).
    """
    cell = viewport.side / CELLS
    squares = ((viewport.centres[:, None] - points) ** 2).sum(axis=2) / cell**2
    least = squares.min(axis=1, keepdims=True)
    weights = np.exp((least - squares) / 2)  # the nearest has weight 1, so that no sum is 0
    means = (weights / weights.sum(axis=1, keepdims=True)) @ latents
    return means.astype(np.float32), least[:, 0] < 1


def _around(points: Floats) -> Viewport:
    """Return a square around points, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()), 1e-6) * (1 + 2 * _MARGIN)
    left, top = ((low + high - side) / 2).tolist()
    return Viewport(left, top, side)
