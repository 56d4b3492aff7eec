"""Read SVG pages: the strokes that a viewer would ink, as polylines in millimetres."""
