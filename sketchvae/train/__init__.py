"""Drawings -> weights: the only place that imports torch."""

import os

# Read when torch is loaded, so they are set here, before any module of this package loads it.
for _name, _value in {
    # Huge pages for torch's large blocks: a fifth more steps a second on Linux, for nothing.
    "THP_MEM_ALLOC_ENABLE": "1",
    # A thread that waits for another one sleeps. By default it spins, and on a machine with other
    # work to do it takes the core from the thread that it waits for: steps took ten times as long.
    "OMP_WAIT_POLICY": "PASSIVE",
}.items():
    os.environ.setdefault(_name, _value)
