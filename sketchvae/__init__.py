"""sketchvae draws sheep the way people draw them, one pen stroke after another."""

from sketchvae.artist.artist import Artist, load
from sketchvae.drawing import Drawing
from sketchvae.flock import Flock

__all__ = ["Artist", "Drawing", "Flock", "load"]
__version__ = "0.1.0"
