"""Drawings to pictures, animations and text.

`page` lays out a page, `svg` and `png` write it, `timeline` gives the times of the pen, and
`animation` writes it being drawn: as SVG (`smil`), a player in HTML (`player`) or a film (`film`).
`tween` writes drawings that turn into each other, `map` a plane of drawings, `terminal` braille.
This module imports nothing, so that a command loads only what it uses.
"""
