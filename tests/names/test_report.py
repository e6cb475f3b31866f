"""What operators are told: the metrics and log lines of a run, as CloudWatch reads them."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import telemetry
from chalicelib.errors import TryAgain, UnsafePlan
from chalicelib.names import inbox, report
from chalicelib.names.service import Names, Results
from tests.names.fakes import HERE, RULES, FakeEc2, FakeZone, instance
from tests.names.test_inbox import Rechecks, record


class Said:
    """What was printed since the last look: metrics by their dimensions, and log lines."""

    def __init__(self, capsys: pytest.CaptureFixture[str], log: io.StringIO) -> None:
        self._capsys, self._log = capsys, log

    def lines(self) -> list[dict[str, Any]]:
        printed = self._capsys.readouterr().out + self._log.getvalue()
        return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    log = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", log)
    return Said(capsys, log)


def metrics(lines: list[dict[str, Any]], **dimensions: str) -> dict[str, list[float]]:
    """Return the values of each metric under exactly these dimensions, over all lines."""
    found: dict[str, list[float]] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            if directive["Dimensions"] == [list(dimensions)] and all(line[k] == v for k, v in dimensions.items()):
                for metric in directive["Metrics"]:
                    found.setdefault(metric["Name"], []).extend(line[metric["Name"]])
    return found


def names_of(ec2: FakeEc2, zone: FakeZone, *, is_dry_run: bool = False) -> Names:
    return Names("stack-1", ec2, {"public": zone}, RULES, Rechecks(), is_dry_run=is_dry_run)


def test_a_sweep_counts_changes_by_kind_and_what_is_owned_afterwards(said: Said):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"), instance(2, "db"), instance(3))
    names_of(ec2, zone).sweep()
    ec2.put(instance(1, "web", public_dns="moved.example.net"), instance(2, "db", state="stopped"), instance(4))
    names = names_of(ec2, zone)
    report.sweep(names.sweep(), names)
    counted = metrics(said.lines(), stack="stack-1", zone="public")
    wanted = {"NamesAdded": 1, "NamesRepointed": 2, "NamesRemoved": 2, "NamesOwned": 4, "NamesDesired": 4}
    assert {name: counted[name] for name in wanted} == {name: [value] for name, value in wanted.items()}


def test_a_good_sweep_says_so_and_that_nothing_is_unverified(said: Said):
    names = names_of(FakeEc2(), FakeZone())
    report.sweep(names.sweep(), names)
    assert metrics(said.lines(), stack="stack-1") == {"GoodSweeps": [1], "NamesUnverified": [0]}


def test_a_sweep_that_the_guard_stopped_is_not_good_says_why_and_raises(said: Said):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(10)))
    names = names_of(ec2, zone)
    names.sweep()
    ec2.instances.clear()
    with pytest.raises(UnsafePlan):
        report.sweep(names.sweep(), names)
    lines = said.lines()
    assert metrics(lines, stack="stack-1") == {"GoodSweeps": [0], "NamesUnverified": [20]}
    assert any("no instance is running" in line.get("reason", "") for line in lines)


def test_a_zone_that_could_not_be_swept_keeps_the_other_from_nothing_and_raises(said: Said):
    names = names_of(FakeEc2(), FakeZone())
    with pytest.raises(TryAgain):
        report.sweep(Results(names.sweep().outcomes, {"private": TryAgain("busy")}), names)
    lines = said.lines()
    assert metrics(lines, stack="stack-1")["GoodSweeps"] == [0]
    assert metrics(lines, stack="stack-1", zone="public")


def test_a_place_that_was_not_read_makes_its_names_unverified(said: Said):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"), instance(2))
    names = names_of(ec2, zone)
    names.sweep()
    ec2.unread = {HERE: "denied"}
    report.sweep(names.sweep(), names)
    lines = said.lines()
    assert metrics(lines, stack="stack-1") == {"GoodSweeps": [0], "NamesUnverified": [2]}
    assert any((line.get("place"), line.get("reason")) == (str(HERE), "denied") for line in lines)


def test_each_event_that_led_to_a_change_is_timed_and_named(said: Said):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    names = names_of(ec2, zone)
    now = datetime.now(UTC)
    records = [record(1, time=(now - timedelta(seconds=7)).isoformat()), record(2, time=now.isoformat())]
    answer = report.batch(inbox.handle(records, names.follow, Rechecks(), now), names)
    lines = said.lines()
    (seconds,) = metrics(lines, stack="stack-1", zone="public")["SecondsFromEventToChange"]
    assert 7 <= seconds < 60
    changes = [line for line in lines if line.get("message") == "changed"]
    assert {line["because"] for line in changes} == {f"{instance(1).id} is running"}
    assert all(line["events"] == ["7bf73129-1428-4cd3-a780-95db273d1602"] for line in changes)
    assert answer == {"batchItemFailures": []}


def test_a_dry_run_tells_the_plan_and_claims_nothing(said: Said):
    ec2 = FakeEc2()
    ec2.put(instance(1, "web"))
    names = names_of(ec2, FakeZone(), is_dry_run=True)
    report.sweep(names.sweep(), names)
    lines = said.lines()
    assert {line["message"] for line in lines if "change" in line} == {"would change"}
    assert metrics(lines, stack="stack-1", zone="public")["NamesAdded"] == [0]


def test_more_than_a_hundred_values_all_arrive(said: Said):
    """A list in CloudWatch's embedded metric format holds a hundred at the most."""
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(250)))
    names = names_of(ec2, zone)
    now = datetime.now(UTC)
    records = [record(n, time=now.isoformat()) for n in range(250)]
    report.batch(inbox.handle(records, names.follow, Rechecks(), now), names)
    assert len(metrics(said.lines(), stack="stack-1", zone="public")["SecondsFromEventToChange"]) == 250
