"""Drawings to something to look at.

`svg` writes vector pages, `raster` pictures of pixels, `animated` how either is drawn, and
`terminal` braille. Nothing is imported here, so that a command pays only for what it writes.
"""
