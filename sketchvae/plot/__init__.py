"""Drawings -> a page for a plotter: SVG, G-code, HPGL."""
