"""Random SVG documents: what resvg inks is our ink."""

from pathlib import Path

import numpy as np
import pytest
from svg_grammar import LINE, Grammar
from svg_ink import difference, ink_of, mismatch

DOCUMENTS = 300
MOST = 0.003  # of the page: where ink is missing or too much


@pytest.mark.slow
def test_ink_of_random_documents_is_that_of_resvg(tmp_path: Path) -> None:
    differences = {
        seed: difference(tmp_path / "a.svg", Grammar(seed).document(), LINE)
        for seed in range(DOCUMENTS)
    }
    assert {seed: share for seed, share in differences.items() if share > MOST} == {}


def test_random_documents_have_ink_and_differ() -> None:
    documents = [Grammar(seed).document() for seed in range(20)]
    assert sum(ink_of(document).mean() > MOST for document in documents) > 15
    assert len(set(documents)) == 20
    every = "".join(Grammar(seed).document() for seed in range(100))
    for feature in ("<symbol", "<use", "<switch", "clip-path=", "mask=", "transform-origin", "%"):
        assert feature in every


def test_ink_in_another_place_is_found() -> None:
    ink = ink_of(Grammar(1).document())
    assert mismatch(ink, np.roll(ink, 2, axis=1)) < MOST < mismatch(ink, np.roll(ink, 6, axis=1))
    one_line_less = ink.copy()
    one_line_less[:10] = one_line_less[20:] = False
    assert mismatch(ink, one_line_less) > MOST
