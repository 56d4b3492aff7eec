"""Drawings -> weights: the only place that imports torch."""

import os

# Huge pages for torch's large blocks: a fifth more steps a second on Linux, for nothing.
# Read when torch is loaded, so it is set here, before any module of this package loads it.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
