"""sketchvae draws sheep the way people draw them, one pen stroke after another."""

from sketchvae.artist.artist import Artist, load
from sketchvae.drawing import Drawing

__all__ = ["Artist", "Drawing", "load"]
__version__ = "0.1.0"
