"""Kinds of errors, and the checks of ranges and suffixes that every part shares."""

from math import nan
from pathlib import Path

import pytest
from helpers import refusal

from sketchvae.errors import (
    FileFormatError,
    RangeError,
    SketchvaeError,
    SuffixError,
    check_range,
    check_suffix,
)


def test_errors_are_value_errors_of_a_kind() -> None:
    assert issubclass(SketchvaeError, ValueError)
    with pytest.raises(RangeError):
        check_range("x", 2, 0, 1)
    with pytest.raises(FileFormatError):
        check_suffix(Path("a.b"), [".c"], "a picture", "b.c")


@pytest.mark.parametrize(
    ("value", "low", "high", "above", "limits"),
    [
        (0, 0, 1e9, True, "above 0 and at most 1000000000, got 0"),
        (-0.5, 0, float("inf"), False, "0 or more, got -0.5"),
        (0, 0, float("inf"), True, "above 0, got 0"),
        (11, 0.001, 10, False, "from 0.001 to 10, got 11"),
        (nan, 0, 1, False, "from 0 to 1, got nan"),
    ],
)
def test_number_out_of_range_is_refused(
    value: float, low: float, high: float, above: bool, limits: str
) -> None:
    message = refusal(lambda: check_range("the size", value, low, high, above=above))
    assert message == f"the size must be {limits}"


def test_limits_are_in_the_range_unless_it_is_above_them() -> None:
    check_range("x", 0, 0, 1)
    check_range("x", 1, 0, 1, above=True)
    check_range("x", 1e300, 0)


def test_range_has_a_unit_and_an_advice() -> None:
    message = refusal(lambda: check_range("the page", 1, 5, 9, unit="mm wide", advice="try 6"))
    assert message == "the page must be from 5 to 9 mm wide, got 1; try 6"


@pytest.mark.parametrize("name", ["a.svg", "a.SVG", "a.b.svg"])
def test_suffix_is_found_in_any_case(name: str) -> None:
    assert check_suffix(Path(name), [".png", ".svg"], "a picture", "a.svg") == ".svg"


def test_longest_suffix_is_found() -> None:
    assert check_suffix(Path("a.ndjson.gz"), [".gz", ".ndjson.gz"]) == ".ndjson.gz"


@pytest.mark.parametrize(
    ("name", "example", "message"),
    [
        ("a.pdf", "-o sheep.svg", "a.pdf: a film must end in .gif, .png or .svg, got .pdf; "
         "try -o a.svg"),
        ("-", "sheep.svg", "-: a film must end in .gif, .png or .svg, got no suffix; "
         "try sheep.svg"),
        (".svg", "sheep.svg", ".svg: a film must end in .gif, .png or .svg, got no suffix; "
         "try .svg.svg"),
    ],
)  # fmt: skip
def test_other_suffix_is_refused_with_a_name_to_try(name: str, example: str, message: str) -> None:
    known = [".gif", ".png", ".svg"]
    assert refusal(lambda: check_suffix(Path(name), known, "a film", example)) == message


def test_advice_takes_the_place_of_the_example() -> None:
    with pytest.raises(SuffixError, match=r"^a.b: must end in .c, got .b; rename it$"):
        check_suffix(Path("a.b"), [".c"], advice="rename it")
