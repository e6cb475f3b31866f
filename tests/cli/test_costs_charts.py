"""Charts of characters: bounded, readable without colour, and right at both ends."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.economics.answers import BreakEven, Line, Series
from cli.costs import charts
from cli.costs.showing import said

X = (0.0, 5.0, 10.0)
SERIES = Series(
    "hours",
    "USD",
    X,
    {"running": (0.0, 50.0, 100.0), "parked": (30.0, 30.0, 30.0)},
    BreakEven(3.0, 30.0, ("running", "parked")),
)


def test_each_alternative_has_a_letter_and_the_break_even_is_marked():
    text = charts.draw(SERIES, 60)
    plot = "".join(line for line in text.split("\n") if "│" in line)
    assert {"a", "b", "X"} <= set(plot)
    assert text.split("\n")[-3:] == ["  a  running", "  b  parked", "  X  break-even of a and b at 3 hours"]


def test_two_charts_after_each_other_have_nothing_of_each_other():
    charts.draw(SERIES, 60)
    flat = Series("hours", "USD", X, {"parked": (30.0, 30.0, 30.0)})
    plot = "".join(line for line in charts.draw(flat, 60).split("\n") if "│" in line)
    assert "b" not in plot
    assert "X" not in plot


@given(width=st.integers(30, 300), top=st.floats(0, 1e9), end=st.floats(0.001, 1e9))
@settings(deadline=None, max_examples=40)
def test_a_chart_is_never_wider_than_it_may_be(width: int, top: float, end: float):
    series = Series("x", "USD", (0.0, end), {"one": (0.0, top), "two": (top, 0.0)})
    assert max(map(len, charts.draw(series, width).split("\n"))) <= min(width, charts.WIDEST)


@given(start=st.floats(-1e6, 1e6), size=st.floats(1e-3, 1e9), most=st.integers(1, 20))
def test_ticks_are_between_the_ends_evenly_and_not_too_many(start: float, size: float, most: int):
    found = charts.ticks(start, start + size, most)
    assert len(found) <= most + 1
    assert all(start - size * 1e-6 <= tick <= start + size * (1 + 1e-6) for tick in found)
    gaps = [b - a for a, b in pairwise(found)]
    assert max(gaps, default=0) - min(gaps, default=0) <= size * 1e-6


def test_ticks_are_round():
    assert charts.ticks(0, 730, 6) == [0, 200, 400, 600]
    assert charts.ticks(0, 0, 6) == [0]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("a", 12.5, "USD a month"), "$12.50 a month"),
        (Line("a", 0.0104, "USD an hour"), "$0.0104 an hour"),
        (Line("a", None, "USD a month"), "no price"),
        (Line("a", "never", "sources"), "never"),
        (Line("a", 489_600.0000001, "sources"), "489,600 sources"),
        (Line("a", 27.39, "hours"), "27.4 hours"),
        (Line("a", 0.8333, "GiB a day"), "0.83 GiB a day"),
        (Line("a", 100_000), "100,000"),
    ],
)
def test_values_are_said_with_the_digits_that_matter(line: Line, text: str):
    assert said(line) == text
