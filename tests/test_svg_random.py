"""Random SVG documents: what resvg inks is our ink."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
from svg_grammar import LINE, Grammar
from svg_ink import difference, ink_of, mismatch, read

from sketchvae.errors import SketchvaeError

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


BAD_VALUES = (
    "1e308", "1e-320", "1e400", "nan", "0", "-1", "%", "url(#n1)", "inherit", "var(--a)", "", ".",
    "rotate(1e400)", "scale(0)", "scale(1e-300)", "skewX(90)", "matrix(0 0 0 0 0 0)", "M0 0A1 1 0",
)  # fmt: skip


def test_bad_values_of_any_attribute_give_a_drawing_or_one_clear_error(tmp_path: Path) -> None:
    chance = random.Random(4)
    errors = []
    for seed in range(100):
        text = Grammar(seed).document()
        for _ in range(3):
            spans = [m.span(1) for m in re.finditer(r'\b(?!xmlns)[\w-]+="([^"]*)"', text)]
            start, end = chance.choice(spans)
            text = text[:start] + chance.choice(BAD_VALUES) + text[end:]
        try:
            read(tmp_path / "a.svg", text)
        except SketchvaeError as error:
            errors.append(str(error))
    assert len(errors) < 20
    assert all("must have a path or another shape" in error for error in errors)
