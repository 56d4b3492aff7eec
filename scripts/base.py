"""Pack the weights that training begins from, base.safetensors, and others.safetensors.

    python scripts/base.py RUN/last.pt OTHERS.drawings

The last step is packed, not the best by validation: the bound is lowest at step 8000 of 14000, but
latents carry more at the end, and a few drawings are learnt better from there.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from sketchvae.data.dataset import open_packed
from sketchvae.generate.artist import Artist
from sketchvae.model.loader import load_model
from sketchvae.model.weights import load, save, shipped_path
from sketchvae.train.export import fit_prior
from sketchvae.train.negatives import save_table

DRAWINGS, COMPONENTS = 6000, 5  # that the prior is fitted to, and its Gaussians


def main(checkpoint: Path, others: Path) -> None:
    """Write both files.

    Args:
        checkpoint: of the training on all categories.
        others: packed set of all categories but sheep.
    """
    model, packed = load_model(checkpoint), open_packed(others)
    rows = np.random.default_rng(0).permutation(packed.split("train"))[:DRAWINGS]
    fitting = [
        packed[int(i)] for i in rows if 1 <= len(packed.points_of(int(i))) <= model.max_steps
    ]
    latents = Artist(model).sample_posterior(fitting, len(fitting), seed=0)
    save(replace(model, prior=fit_prior(latents, COMPONENTS)), shipped_path("base"))
    save_table(load(shipped_path("base")), packed, shipped_path("others"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
