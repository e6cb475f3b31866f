"""Wording: money, amounts and limits are said as they are, and what others wrote cannot mislead."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.economics.prices import Origin
from chalicelib.idle.documents import wording
from chalicelib.idle.findings import OwnerTotal
from chalicelib.idle.rules import PRESETS, Rules


@pytest.mark.parametrize(
    ("dollars", "said"),
    [
        pytest.param(None, "no price", id="no price is not 0"),
        pytest.param(0.0, "$0.00", id="nothing"),
        pytest.param(0.004, "$0.00", id="less than a cent"),
        pytest.param(8.5, "$8.50", id="cents below 100"),
        pytest.param(99.994, "$99.99", id="just below 100"),
        pytest.param(99.996, "$100", id="100 by rounding"),
        pytest.param(100.4, "$100", id="whole from 100 on"),
        pytest.param(1_234_567.8, "$1,234,568", id="thousands"),
        pytest.param(-3.2, "-$3.20", id="a loss"),
    ],
)
def test_money_has_cents_below_100(dollars: float | None, said: str):
    assert wording.money(dollars) == said


@pytest.mark.parametrize(
    ("total", "said"),
    [
        pytest.param(OwnerTotal("a", 2, 20.0), "$20.00 a month", id="all have a price"),
        pytest.param(OwnerTotal("a", 3, 20.0, 1), "$20.00 a month, and 1 without a price", id="one has none"),
        pytest.param(OwnerTotal("a", 2, 0.0, 2), "no price", id="none has one"),
        pytest.param(OwnerTotal("a", 2, 0.0), "$0.00 a month", id="all save nothing"),
    ],
)
def test_what_an_owner_wastes_says_what_has_no_price(total: OwnerTotal, said: str):
    assert wording.owners_waste(total) == said


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        pytest.param(wording.cpu(None), "no data", id="no CPU"),
        pytest.param(wording.cpu(0.0), "0.00 %", id="no load"),
        pytest.param(wording.cpu(4.96), "4.96 %", id="just below the limit of 5"),
        pytest.param(wording.cpu(61.04), "61.0 %", id="busy"),
        pytest.param(wording.coverage(None), "no data", id="no coverage"),
        pytest.param(wording.coverage(69.99), "69 %", id="coverage that falls short of 70"),
        pytest.param(wording.coverage(100.0), "100 %", id="full coverage"),
        pytest.param(wording.traffic(None), "no data", id="no network"),
        pytest.param(wording.traffic(0.0), "0 B", id="no traffic"),
        pytest.param(wording.traffic(999.0), "999 B", id="bytes"),
        pytest.param(wording.traffic(1_500.0), "1.50 kB", id="kilobytes"),
        pytest.param(wording.traffic(4.99e6), "4.99 MB", id="just below the limit of 5 MB"),
        pytest.param(wording.traffic(1.2e12), "1,200.00 GB", id="much"),
        pytest.param(wording.number(1, "day"), "1 day", id="one"),
        pytest.param(wording.number(1_200, "day"), "1,200 days", id="many"),
    ],
)
def test_amounts_have_units(said: str, wanted: str):
    assert said == wanted


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        (
            "trusted-advisor",
            "average CPU of 10 % at the most and network of 5 MB at the most a day, on at least 4 of the",
        ),
        ("compute-optimizer", "peak CPU below 5 % and network below 5 MB a day, on all of the last 14 days"),
        ("cost-explorer", "peak CPU of 1 % at the most, on all of the last 14 days"),
    ],
)
def test_what_idle_means_follows_the_preset(preset: str, said: str):
    assert wording.idle_means(replace(Rules(), preset=PRESETS[preset])).startswith(said)


def test_regions_with_prices_of_the_same_origin_are_said_together():
    new, old = Origin(date(2026, 11, 25), "api"), Origin(date(2026, 10, 1), "table")
    said = wording.by_origin({"c": new, "a": new, "b": old})
    assert said == {"api, 2026-11-25": ["a", "c"], "table, 2026-10-01": ["b"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("web 1", "web 1", id="plain"),
        pytest.param("مرحبا 北京 é 👩‍🔧", "مرحبا 北京 é 👩‍🔧", id="other scripts"),
        pytest.param("a\0b\x1b[31mc\x7f", "a�b�[31mc�", id="controls"),
        pytest.param("\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", "�gpj.exe", id="what turns text round"),
        pytest.param("a\N{LEFT-TO-RIGHT ISOLATE}b", "a�b", id="an isolate that is not closed"),
        pytest.param(" a\r\n\tb\N{PARAGRAPH SEPARATOR}c ", "a b c", id="several lines"),
        pytest.param("\ud800", "�", id="half a character"),
    ],
)
def test_a_line_shows_what_is_there(text: str, said: str):
    assert wording.line(text, 99) == said


@given(st.text(alphabet=st.characters()), st.integers(1, 80))
def test_a_line_is_one_bounded_line_that_can_be_written(text: str, most: int):
    said = wording.line(text, most)
    assert len(said) <= most
    assert len(said.splitlines()) <= 1
    assert said.encode().decode() == said
    assert wording.line(said, most) == said
