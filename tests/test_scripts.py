"""The scripts that make the weights do what they say, on small sets."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from sketchvae.data import formats
from sketchvae.data.packed import Shares, open_packed, pack

ROOT = Path(__file__).parents[1]


def test_choose_moves_drawn_sheep_towards_the_real_ones(tmp_path: Path) -> None:
    """As real ones serve those with many points; all else is left to chance."""
    flock = list(formats.read(ROOT / "data" / "sheep.ndjson"))
    many = np.median([d.n_points for d in flock])
    real = [d for d in flock if d.n_points > many][:60]
    none = Shares(valid=0.0, test=0.0)
    pack(flock, tmp_path / "drawn.drawings", shares=none)
    pack(real, tmp_path / "real.drawings", shares=none)
    names = [tmp_path / f"{name}.drawings" for name in ("drawn", "real", "chosen")]
    subprocess.run([sys.executable, ROOT / "scripts" / "choose.py", *names], check=True)
    chosen = list(open_packed(names[2]))
    assert 30 < len(chosen) < 250
    assert set(chosen) <= set(open_packed(names[0]))
    means = [np.mean([d.n_points for d in some]) for some in (flock, chosen, real)]
    assert means[0] + 0.6 * (means[2] - means[0]) < means[1]
