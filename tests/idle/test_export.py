"""The report for programs: nothing is rounded or made up, and no cell is a formula."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle.documents import export
from chalicelib.idle.findings import Report, Waste
from chalicelib.idle.model import Verdict
from chalicelib.idle.rules import PRESETS, Rules
from tests.idle import reports
from tests.idle.reports import HERE, OFFICE_HOURS, THERE, UNPRICED, idle, other, report


def lines(of: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export.as_csv(of), newline=""), strict=True))


def said(of: Report) -> dict[str, object]:
    """Return what a reader of the JSON has."""
    found: dict[str, object] = json.loads(json.dumps(export.as_json(of), allow_nan=False))
    return found


def instances(of: Report) -> list[dict[str, Any]]:
    found = export.as_json(of)["instances"]
    assert isinstance(found, list)
    return found


def test_the_fields_of_an_instance_keep_their_names():
    assert list(export.FIELDS) == [
        *("region", "instance", "name", "type", "platform", "owner", "verdict", "because"),
        *("coverage_percent", "cpu_percent", "network_bytes_a_day", "idle_since"),
        *("gross_usd_a_month", "remains_usd_a_month", "net_usd_a_month", "since_idle_usd", "unpriced"),
        *("flagged", "noticed", "next_step", "caveats"),
        *("running_hours", "running_hours_because", "running_hours_net_usd_a_month"),
    ]


def test_json_says_of_an_idle_instance_all_that_is_known():
    waste = Waste(100.123456, 12.1, 41.0123, ("io2 volume vol-1",))
    found = idle(1, "data", name="a", waste=waste, flagged=reports.TODAY, caveats=("burst credits",))
    (instance,) = instances(report(found))
    days = instance.pop("days")
    assert instance == {
        "region": HERE,
        "instance": "i-00000000000000001",
        "name": "a",
        "type": "m5.large",
        "platform": "Linux/UNIX",
        "owner": "data",
        "verdict": "idle",
        "because": found.judgement.because,
        "coverage_percent": 99.6,
        "cpu_percent": found.judgement.cpu,
        "network_bytes_a_day": found.judgement.network,
        "idle_since": "2026-11-12",
        "gross_usd_a_month": 100.123456,
        "remains_usd_a_month": 12.1,
        "net_usd_a_month": 100.123456 - 12.1,
        "since_idle_usd": 41.0123,
        "unpriced": ["io2 volume vol-1"],
        "flagged": "2026-11-26",
        "noticed": None,
        "next_step": found.next_step,
        "caveats": ["burst credits"],
        "running_hours": None,
        "running_hours_because": None,
        "running_hours_net_usd_a_month": None,
    }
    assert [day["day"] for day in days] == [str(day.day) for day in found.judgement.usage]
    assert set(days[0]) == {"day", "cpu_percent", "network_bytes", "samples"}


def test_what_has_no_price_is_null_and_counted_and_never_0():
    found = said(report(idle(1, "data", waste=UNPRICED), idle(2, "data", waste=None)))
    assert found["totals"] == {
        "instances": 2,
        "idle": 2,
        "verdicts": {"active": 0, "idle": 2, "insufficient-data": 0, "too-young": 0, "exempt": 0},
        "net_usd_a_month": None,
        "since_idle_usd": None,
        "unpriced": 2,
    }
    assert found["owners"] == [{"owner": "data", "instances": 2, "net_usd_a_month": None, "unpriced": 2}]


def test_sums_are_of_what_has_a_price():
    found = said(report(idle(1, waste=Waste(10.0, 4.0, 2.5)), idle(2, waste=UNPRICED)))
    assert found["totals"] == found["totals"] | {"net_usd_a_month": 6.0, "since_idle_usd": 2.5, "unpriced": 1}  # type: ignore[operator]
    assert found["owners"] == [{"owner": "platform", "instances": 2, "net_usd_a_month": 6.0, "unpriced": 1}]


def test_where_nothing_is_idle_nothing_is_wasted():
    found = said(reports.empty())
    assert found["totals"] == found["totals"] | {"net_usd_a_month": 0.0, "since_idle_usd": 0.0, "unpriced": 0}  # type: ignore[operator]


def test_json_says_what_was_not_read_left_alone_and_assumed_and_where_prices_come_from():
    found = said(reports.unread())
    assert found["at"] == "2026-11-26T06:00:00+00:00"
    assert found["errors"] == dict(reports.unread().errors)
    assert found["problems"] == [{"subject": each.subject, "reason": each.reason} for each in reports.unread().problems]
    assert found["assumption"] == reports.ASSUMPTION
    assert found["prices"] == {
        HERE: [{"day": "2026-11-25", "source": "AWS Price List API"}],
        THERE: [{"day": "2026-10-01", "source": "the table of Groundskeeper 0.1.0"}],
    }


def test_json_says_where_those_prices_come_from_that_the_first_origin_does_not_say():
    own = replace(reports.ORIGIN, source="our agreement", rest=reports.PACKAGED)
    prices = said(report(idle(1), origins={HERE: own}))["prices"]
    assert prices == {
        HERE: [
            {"day": "2026-11-25", "source": "our agreement"},
            {"day": "2026-10-01", "source": "the table of Groundskeeper 0.1.0"},
        ]
    }


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_json_says_by_which_rules_it_was_judged(preset: str):
    rules = said(report(rules=Rules(PRESETS[preset], exempt_tags=frozenset("ba"))))["rules"]
    assert isinstance(rules, dict)
    assert (rules["preset"], rules["exempt_tags"], rules["zone"]) == (preset, ["a", "b"], "UTC")
    assert (rules["network_bytes_a_day"] is None) == (PRESETS[preset].network is None)


@pytest.mark.parametrize("kind", ["small", "large", "empty", "unread", "hostile"])
def test_csv_has_a_line_for_each_instance_with_the_values_of_json(kind: str):
    made: Report = getattr(reports, kind)()
    rows, found = instances(made), lines(made)
    assert [line["instance"] for line in found] == [instance["instance"] for instance in rows]
    for line, instance in zip(found, rows, strict=True):
        for name, value in instance.items():
            if isinstance(value, float):
                assert float(line[name]) == value
            elif value is None:
                assert line[name] == ""
            elif name != "days":
                text = "; ".join(value) if isinstance(value, list) else value
                assert line[name] in (text, f"'{text}")


def test_csv_of_nothing_is_its_header():
    assert export.as_csv(report()) == ",".join(export.FIELDS) + "\r\n"


def test_csv_lines_end_as_rfc_4180_says_and_quotes_are_doubled():
    text = export.as_csv(report(idle(1, name='a "b", c\nd')))
    assert '"a ""b"", c\nd"' in text
    assert text.endswith("\r\n")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_no_cell_begins_as_a_formula_does(begin: str):
    attack = f"{begin}HYPERLINK(1)"
    (line,) = lines(report(idle(1, attack, name=attack, next_step=attack, caveats=(attack, "more"))))
    assert line["name"] == line["owner"] == line["next_step"] == f"'{attack}"
    assert line["caveats"] == f"'{attack}; more"


def test_a_negative_number_stays_a_number():
    (line,) = lines(report(idle(1, waste=Waste(1.0, 3.5, -2.0))))
    assert (line["net_usd_a_month"], line["since_idle_usd"]) == ("-2.5", "-2.0")


def test_a_suggestion_is_there_whatever_the_verdict():
    (line,) = lines(report(other(1, Verdict.ACTIVE, "busy", suggestion=OFFICE_HOURS)))
    assert line["running_hours"] == OFFICE_HOURS.hours
    assert line["running_hours_net_usd_a_month"] == str(OFFICE_HOURS.net)


@given(st.text(), st.text())
def test_whatever_people_write_reads_back_but_for_an_apostrophe(name: str, owner: str):
    found = replace(idle(1, owner), judgement=replace(idle(1).judgement, instance=reports.instance(1, name)))
    (line,) = lines(report(found))
    assert line["name"].removeprefix("'") == name.removeprefix("'")
    assert line["owner"].removeprefix("'") == owner.removeprefix("'")
    assert not line["name"].startswith(export.FORMULAS)
