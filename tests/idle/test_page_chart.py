"""The chart of an instance's days: gaps are gaps, today is an outline, and limits are lines."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle.documents import chart
from chalicelib.idle.documents.chart import HEIGHT, LEFT, MOST_DAYS, PANEL, WIDTH, Column
from chalicelib.idle.model import Day, Usage, Window
from chalicelib.idle.rules import PRESETS, Limit, Preset, Rules, Statistic
from tests.idle.reports import NOW, TODAY, usage

WINDOW = Window(NOW, 14)
NETWORK_LIMIT = 5e6


def drawn(days: Usage, preset: str = "compute-optimizer", window: Window = WINDOW) -> chart.Chart:
    return chart.of(days, window, replace(Rules(), preset=PRESETS[preset]))


def columns(panel: chart.Panel) -> dict[Column, int]:
    return {kind: path.count("M") for kind, path in panel.paths.items()}


def ago(days: int, cpu: float | None = 1.0, network: float | None = 1e6) -> Day:
    return Day(TODAY - timedelta(days=days), cpu, 1_440, network)


def test_a_day_is_a_column_and_today_is_an_outline():
    for panel in drawn(usage()).panels:
        assert columns(panel) == {Column.WITHIN: 14, Column.TODAY: 1}


def test_days_without_data_are_gaps_whether_they_are_there_or_not():
    there, missing = usage(gaps=[3, 4]), tuple(day for day in usage() if (TODAY - day.day).days not in (3, 4))
    assert drawn(there) == drawn(missing)
    assert [columns(panel)[Column.GAP] for panel in drawn(there).panels] == [2, 2]


def test_no_data_is_not_zero():
    nothing, zero = drawn((ago(1, None, None),)), drawn((ago(1, 0.0, 0.0),))
    for unknown, known in zip(nothing.panels, zero.panels, strict=True):
        assert columns(unknown) == {Column.GAP: 15}
        assert columns(known) == {Column.GAP: 14, Column.WITHIN: 1}
        assert "v-1h" in known.paths[Column.WITHIN], "a zero is seen"


def test_what_is_known_of_one_metric_alone_is_drawn():
    cpu, network = drawn((ago(1, 2.0, None),)).panels
    assert (columns(cpu)[Column.GAP], columns(network)[Column.GAP]) == (14, 15)


def test_days_may_come_in_any_order():
    assert drawn(tuple(reversed(usage(5)))) == drawn(usage(5))


def test_days_outside_the_window_are_not_drawn():
    assert drawn((*usage(5), ago(15), ago(-1))) == drawn(usage(5))


@pytest.mark.parametrize(
    ("preset", "cpu", "kind"),
    [
        pytest.param("compute-optimizer", 4.99, Column.WITHIN, id="below the limit"),
        pytest.param("compute-optimizer", 5.0, Column.BEYOND, id="at a limit that is not included"),
        pytest.param("trusted-advisor", 10.0, Column.WITHIN, id="at a limit that is included"),
        pytest.param("trusted-advisor", 10.01, Column.BEYOND, id="beyond it"),
    ],
)
def test_a_day_beyond_a_limit_is_told_apart(preset: str, cpu: float, kind: Column):
    assert columns(drawn((ago(1, cpu),), preset).panels[0]) == {Column.GAP: 14, kind: 1}


def test_a_day_far_beyond_its_limit_ends_at_the_top():
    panel = drawn((ago(1, 100.0),)).panels[0]
    assert f"v-{PANEL}h" in panel.paths[Column.BEYOND]


def test_limits_are_lines_at_the_same_height_in_every_chart():
    quiet, busy = drawn(usage()), drawn((ago(1, 100.0, 1e12),))
    assert [panel.limit for panel in quiet.panels] == [panel.limit for panel in busy.panels]
    at_limit = drawn((ago(1, 4.999, NETWORK_LIMIT - 1),)).panels[0]
    high = float(re.findall(r"v-([\d.]+)h", at_limit.paths[Column.WITHIN])[0])
    assert at_limit.limit == pytest.approx(at_limit.base - high, abs=0.1)


def test_a_preset_without_a_limit_of_network_has_no_line_there():
    cpu, network = drawn((ago(1, 0.5, 9e9), ago(2, 0.5, 0.0)), "cost-explorer").panels
    assert cpu.limit is not None
    assert network.limit is None
    assert columns(network) == {Column.GAP: 13, Column.WITHIN: 2}


def test_of_a_long_window_the_newest_days_are_drawn():
    found = drawn(usage(days=90), window=Window(NOW, 90))
    assert len(found.days) == MOST_DAYS + 1
    assert found.days[-1][1].startswith(str(TODAY))


def test_the_chart_says_in_words_what_it_shows():
    found = drawn((ago(3, 4.5, 2e6), ago(2, 1.0, 3e6), ago(0, 4.75, 1e3)))
    assert found.said == (
        "14 days and today so far: 2 days have data; peak CPU 4.75 % and network 3.00 MB a day at the most"
    )
    assert drawn(()).said.endswith("0 days have data; peak CPU no data and network no data a day at the most")


def test_each_day_says_what_it_was():
    said = dict.fromkeys(text for _, text in drawn((ago(1, 4.5, None), ago(2, None, None))).days)
    assert f"{TODAY - timedelta(days=1)}: CPU 4.50 %, network no data" in said
    assert f"{TODAY - timedelta(days=2)}: no data" in said
    assert len(said) == 15


def test_the_line_of_a_limit_of_0_lies_at_the_foot_and_whatever_is_more_is_beyond():
    rules = Rules(Preset("silent", Statistic.MAXIMUM, Limit(0, True), Limit(0, True)))
    for panel in chart.of((ago(2, 0.0, 0.0), ago(1, 0.1, 1.0)), WINDOW, rules).panels:
        assert panel.limit == panel.base
        assert columns(panel) == {Column.GAP: 13, Column.WITHIN: 1, Column.BEYOND: 1}


AMOUNT = st.none() | st.floats(0, 1e15)
BOX = re.compile(r"M([\d.]+) ([\d.]+)v-([\d.]+)h([\d.]+)v([\d.]+)h-([\d.]+)z")


@given(
    st.lists(st.tuples(st.integers(-2, 40), AMOUNT, AMOUNT), max_size=60),
    st.integers(1, 40),
    st.sampled_from(sorted(PRESETS)),
)
def test_whatever_comes_is_drawn_within_the_chart(
    days: list[tuple[int, float | None, float | None]], window: int, preset: str
):
    found = drawn(tuple(ago(*day) for day in days), preset, Window(NOW, window))
    count = min(window, MOST_DAYS) + 1
    assert len(found.days) == count
    for panel in found.panels:
        boxes = [tuple(map(float, box)) for path in panel.paths.values() for box in BOX.findall(path)]
        assert len(boxes) == count
        for left, base, up, across, down, back in boxes:
            assert (up, across) == (down, back)
            assert left >= LEFT
            assert left + across <= LEFT + WIDTH + 0.1
            assert 0 < up <= PANEL
            assert base == panel.base <= HEIGHT
