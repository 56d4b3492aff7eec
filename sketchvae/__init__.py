"""sketchvae draws sheep the way people draw them, one pen stroke after another."""

from sketchvae.drawing import Drawing
from sketchvae.flock import Flock
from sketchvae.generate.artist import Artist, load

__all__ = ["Artist", "Drawing", "Flock", "load"]
__version__ = "0.1.0"
