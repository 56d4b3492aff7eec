"""Read SVG pages: the strokes that a viewer would ink, as polylines in millimetres.

document    the file: checked XML
cascade     CSS: the properties of an element; `paint`: whether it can be seen
walk        which shapes are drawn, and where; `page`, `conditions`, `values`: sizes, switch, units
shapes      rectangles, circles, ...; `path_data`: paths; `curves`: their lines
clips       clip paths and masks as `areas`; `markers`: arrow heads; `dashes`
reader      strokes in millimetres, and what is said of the rest
"""

from sketchvae.data.svg.document import MAX_BYTES
from sketchvae.data.svg.reader import MAX_POINTS, TOLERANCE, read

__all__ = ["MAX_BYTES", "MAX_POINTS", "TOLERANCE", "read"]
