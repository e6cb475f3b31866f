"""Running hours are suggested for those that are busy by day alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.errors import TryAgain
from chalicelib.idle import job
from chalicelib.idle.hours.suggesting import Profile
from chalicelib.idle.marks import PARK
from chalicelib.idle.model import FLAG, NOTICED, RUNNING_HOURS, WISH, Kind
from chalicelib.idle.rules import MB, Rules
from tests.idle.fakes import A, B, C, Site
from tests.idle.fleets import NOW, TODAY, instance

HOUR = timedelta(hours=1)
MIDNIGHT = NOW.replace(hour=0, minute=0)


def by_day() -> Profile:
    """Return two weeks of an instance that is busy from 8 to 18 on every day."""
    hours = [MIDNIGHT - number * HOUR for number in range(1, 14 * 24 + 1)]
    return {hour: (60.0, 50.0 * MB) if hour.hour in range(8, 18) else (1.0, 1_000.0) for hour in hours}


def site(rules: Rules | None = None) -> Site:
    made = Site(rules or Rules())
    for id_ in (A, B, C):
        made.region.add(instance(id_))
        made.metrics.profiles[id_] = by_day()
    made.metrics.busy |= {(A, TODAY): 90.0, (B, TODAY): 90.0}
    return made


def test_who_is_active_by_day_alone_could_have_running_hours():
    made = site()
    found = job.preview(made.place, made.rules, NOW).suggestions
    assert {id_: each.hours for id_, each in found.items()} == dict.fromkeys((A, B), "daily 07:00-19:00 UTC")
    assert found[A].off_hours_a_week == 12 * 7
    assert "never busy" in found[A].because


def test_who_has_running_hours_is_not_asked_about():
    made = site()
    made.region.there[A] = replace(made.region.there[A], tags={RUNNING_HOURS: "always"})
    assert set(job.preview(made.place, made.rules, NOW).suggestions) == {B}


def test_nothing_is_suggested_where_rules_do_not_want_it():
    made = site(Rules(suggests=False))
    assert job.preview(made.place, made.rules, NOW).suggestions == {}
    assert "hours" not in made.line.calls


def test_that_hours_cannot_be_read_spoils_no_verdict():
    made = site()
    verdicts = [each.verdict for each in job.preview(made.place, made.rules, NOW).judgements]
    made.line.errors = {"hours": [TryAgain("CloudWatch said Throttling")]}
    outcome = job.preview(made.place, made.rules, NOW)
    assert [each.verdict for each in outcome.judgements] == verdicts
    (problem,) = outcome.problems
    assert problem.reason == "no running hours are suggested: CloudWatch said Throttling"


@pytest.mark.parametrize("types", [{"m5.large": Kind(has_instance_store=True)}, {}], ids=["erased", "not known"])
def test_nothing_is_suggested_where_a_stop_erases_an_instance_store_or_might(types: dict[str, Kind]):
    made = site()
    made.region.types = types
    outcome = job.preview(made.place, made.rules, NOW)
    assert (outcome.suggestions, outcome.unsuggested, "hours" in made.line.calls) == ({}, None, False)


def test_hours_are_read_when_all_else_is_done():
    made = site()
    made.run()
    assert made.line.calls[-7:] == [
        *("volumes", "stopped", f"mark {FLAG}", "hours"),
        *("publish", "write position", f"mark {NOTICED}"),
    ]


def test_types_are_asked_for_once_in_a_run_for_verdicts_for_parking_and_for_suggestions():
    made = site()
    made.region.tag(C, WISH, PARK)
    made.region.types["c7i.large"] = Kind()
    made.region.there[B] = replace(made.region.there[B], type="c7i.large")
    made.run()
    made.days(made.rules.grace - 1)
    made.rest(1)
    made.line.calls.clear()
    outcome = made.run()
    assert made.line.calls.count("kinds") == 1
    assert (made.stopped, set(outcome.suggestions)) == ([C], {A, B})
