"""Drawings to something to look at: `svg` writes vector pages, `raster` small pictures of them.

Nothing is imported here, so that a command pays only for the format it writes.
"""
