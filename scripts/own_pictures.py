"""Draw the picture of docs/your-own-animal.md for one kind: drawings, and what models of them draw.

    python scripts/own_pictures.py DRAWINGS PICTURE.svg RUN...

DRAWINGS is the file that the runs learnt from: two rows of eight. Each RUN, the
folder of a training, draws a row of eight, not chosen. The training is not part of it, for it takes
minutes: `sketchvae train --data DRAWINGS --out RUN`.
"""

import sys
from itertools import islice
from pathlib import Path

from pictures import rows_of_eight

from sketchvae import load
from sketchvae.data import formats


def main() -> None:
    drawings, picture, *runs = map(Path, sys.argv[1:])
    rows = [list(islice(formats.read(drawings), 16))]
    rows += [list(load(run).draw(8, seed=8)) for run in runs]
    picture.write_text(rows_of_eight([d for row in rows for d in row]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
