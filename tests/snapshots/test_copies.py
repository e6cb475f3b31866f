"""Copies: another region gets what its rules keep, each once, and nothing that they would delete again."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.snapshots import copies, retention
from chalicelib.snapshots.copies import MOST_AT_ONCE, CopyPlan, Destination
from chalicelib.snapshots.labels import Label
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.retention import Leave, Ties
from tests.snapshots.worlds import (
    DAILY,
    HERE,
    NOW,
    THERE,
    TODAY,
    copy,
    days,
    defined,
    moment,
    reasons,
    snapshot,
    volume,
)

ONE = volume(1)
KEPT_LONGER = """daily:
  schedules:
    daily: {at: '03:00', keep: {count: 2}}
    monthly: {at: '03:00', keep: {count: 12}}
  copy: {region: eu-central-1, keep: {daily: {count: 4}}}"""
OTHER = KEPT_LONGER.replace("daily:", "other:", 1)
SOURCE = snapshot(1, ONE)


def history(count: int, first: str = "2026-11-20") -> list[Snapshot]:
    """Return a snapshot for each of so many days, numbered from 1, the oldest first."""
    return [snapshot(number, ONE, f"daily/{day}") for number, day in enumerate(days(first, count), start=1)]


def planned(
    sources: list[Snapshot], *there: Snapshot, text: str = KEPT_LONGER, now: datetime = NOW, on_the_way: int = 0
) -> CopyPlan:
    return copies.plan(HERE, sources, Destination(THERE, there, on_the_way), defined(text), now)


def sources(made: CopyPlan) -> list[str]:
    return [each.source.id for each in made.copies]


def test_what_the_rules_of_the_other_region_keep_is_copied_the_newest_first():
    assert sources(planned(history(6))) == [each.id for each in reversed(history(6)[2:])]


def test_a_copy_says_what_it_is_of_and_why():
    (made,) = planned([replace(SOURCE, label=replace(SOURCE.label, product_codes=("abc",), instance="i-1"))]).copies
    assert made.because == f"policy daily wants {TODAY} of {ONE.id} in {THERE} too"
    assert made.keys == [f"{SOURCE.id} {THERE}"]
    assert made.label == Label(
        policy="daily",
        slots=(TODAY,),
        because=made.because,
        product_codes=("abc",),
        instance="i-1",
        volume=ONE.id,
        copy_of=SOURCE.id,
        taken=SOURCE.started,
    )


def test_a_copy_names_only_the_slots_that_count_there():
    (made,) = planned([snapshot(1, ONE, "daily/2026-11-01 monthly/2026-11")]).copies
    assert made.slots == ("daily/2026-11-01",)


def test_what_fills_no_slot_that_counts_there_is_not_copied():
    assert planned([snapshot(1, ONE, "monthly/2026-11")]) == CopyPlan()


@pytest.mark.parametrize("state", ["completed", "pending"])
def test_what_is_there_or_on_its_way_is_not_copied_again(state: str):
    assert planned([SOURCE], copy(1, SOURCE, state=state)) == CopyPlan()


@pytest.mark.parametrize("state", ["pending", "error"])
def test_what_is_not_completed_is_not_copied(state: str):
    assert planned([replace(SOURCE, state=state)]) == CopyPlan()


def test_a_copy_is_not_copied():
    assert planned([copy(1, SOURCE)]) == CopyPlan()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(DAILY, id="says nothing of copies"),
        pytest.param(KEPT_LONGER.replace(THERE, "us-east-1"), id="names another region"),
        pytest.param(OTHER, id="is another"),
    ],
)
def test_nothing_is_copied_where_the_policy(text: str):
    assert planned([SOURCE], text=text) == CopyPlan()


def test_a_copy_that_failed_is_begun_again():
    assert sources(planned([SOURCE], copy(1, SOURCE, state="error"))) == [SOURCE.id]


def test_a_copy_that_has_failed_three_times_is_not_begun_again():
    """Each try leaves a failed snapshot there, and with a wrong key each one fails."""
    made = planned([SOURCE], *(copy(number, SOURCE, state="error") for number in range(3)))
    assert sources(made) == []
    told = f"copying it to {THERE} has failed 3 times: see why, and delete the failed ones"
    assert reasons(made.problems) == {SOURCE.id: told}


# Copies that are late: a day after its snapshot, somebody should know that the other region has none


LASTING = KEPT_LONGER.replace("{count: 4}", "{count: 99}")


@pytest.mark.parametrize(
    ("age", "late"),
    [
        pytest.param(timedelta(hours=1), 0, id="an hour"),
        pytest.param(timedelta(days=1), 0, id="a day"),
        pytest.param(timedelta(days=1, seconds=1), 1, id="more than a day"),
        pytest.param(-timedelta(hours=9), 0, id="a clock that was put back"),
    ],
)
def test_a_copy_that_is_not_begun_is_late_when_its_source_is_more_than_a_day_old(age: timedelta, late: int):
    made = planned([replace(SOURCE, started=NOW - age)])
    assert (len(made.copies), made.late) == (1, late)


def test_those_that_wait_for_their_turn_or_were_given_up_are_late_too():
    some = [replace(each, volume=volume(number).id) for number, each in enumerate(history(7))]
    failed = [copy(number, some[0], state="error") for number in range(3)]
    made = planned(some, *failed, text=LASTING, on_the_way=MOST_AT_ONCE - 1)
    assert (len(made.copies), made.waiting, len(made.problems), made.late) == (1, 5, 1, 6)


@pytest.mark.parametrize(("state", "late"), [("pending", 0), ("completed", 0), ("error", 1)])
def test_what_is_on_its_way_is_not_late_and_what_failed_is(state: str, late: int):
    old = history(1)[0]
    assert planned([old], copy(1, old, state=state)).late == late


def test_what_is_not_wanted_there_is_not_late():
    assert planned(history(7)).late == 3, "of the four that are kept there one is of today"
    assert planned(history(7), text=DAILY).late == 0


def test_what_is_archived_cannot_be_copied_and_is_not_asked_for():
    """https://docs.aws.amazon.com/ebs/latest/userguide/archive-snapshot.html: it can no longer be used."""
    assert sources(planned([replace(SOURCE, is_archived=True), snapshot(2, volume(2))])) == [snapshot(2, ONE).id]


def test_one_whose_tags_somebody_has_changed_is_copied_and_its_copy_says_what_was_meant():
    altered = replace(SOURCE, label=replace(SOURCE.label, altered="its tags are gone"))
    (made,) = planned([altered]).copies
    assert (made.label.slots, made.label.altered) == ((TODAY,), "")
    assert (made.subject, made.seconds) == (SOURCE.id, 0.0)


@pytest.mark.parametrize("state", ["completed", "pending"])
def test_a_copy_whose_tags_somebody_has_changed_is_not_made_again(state: str):
    there = copy(1, SOURCE, state=state)
    there = replace(there, label=replace(there.label, altered="its tags are gone"))
    assert planned([SOURCE], there) == CopyPlan()


def test_failures_of_one_copy_stop_no_other():
    other = snapshot(2, volume(2))
    made = planned([SOURCE, other], *(copy(number, SOURCE, state="error") for number in range(3)))
    assert sources(made) == [other.id]


def test_sources_may_come_one_by_one():
    some = [SOURCE, snapshot(2, ONE, policy="other")]
    made = copies.plan(HERE, iter(some), Destination(THERE), defined(KEPT_LONGER, OTHER), NOW)
    assert set(sources(made)) == {each.id for each in some}
    assert set(copies.awaited(iter(some), iter([]), defined(KEPT_LONGER, OTHER), NOW)) == {each.id for each in some}


@pytest.mark.parametrize(("on_the_way", "begun"), [(0, 20), (15, 5), (20, 0), (25, 0)])
def test_no_more_are_begun_than_aws_has_at_work_at_once(on_the_way: int, begun: int):
    many = [snapshot(number, volume(number)) for number in range(30)]
    made = planned(many, on_the_way=on_the_way)
    assert (len(made.copies), made.waiting) == (begun, 30 - begun)
    assert MOST_AT_ONCE == 20


def test_a_source_is_held_until_its_copy_is_completed():
    policies = defined(KEPT_LONGER)
    reason = {SOURCE.id: f"its copy in {THERE} is not completed yet"}
    assert copies.awaited([SOURCE], [], policies, NOW) == reason
    pending = copy(1, SOURCE, state="pending")
    assert copies.awaited([SOURCE], [pending], policies, NOW) == reason
    assert copies.awaited([SOURCE], [copy(1, SOURCE, state="error")], policies, NOW) == reason
    assert copies.awaited([SOURCE], [copy(1, SOURCE)], policies, NOW) == {}
    assert copies.awaited([SOURCE], [], defined(DAILY), NOW) == {}


def test_a_source_is_held_while_its_copy_is_made_though_a_newer_one_has_come():
    """A source must outlive its copy; with a count of one, the next day's snapshot takes its place at once."""
    policies = defined(KEPT_LONGER.replace("{daily: {count: 4}}", "{daily: {count: 1}}"))
    older, newer = history(2)
    assert older.id in copies.awaited([older, newer], [copy(1, older, state="pending")], policies, NOW)


def test_what_is_made_in_the_other_region_itself_holds_nothing_here():
    own = snapshot(9, volume(9), state="pending")
    assert copies.awaited([SOURCE], [copy(1, SOURCE), own], defined(KEPT_LONGER), NOW) == {}


def test_what_would_be_deleted_there_at_once_is_not_copied():
    """Copies that are kept longer than their sources: what is left of a month ago is no longer one of the newest."""
    old, recent = snapshot(99, ONE, "daily/2026-11-01 monthly/2026-11"), history(7)
    there = [copy(number, each) for number, each in enumerate(recent[-4:])]
    assert sources(planned([old, *recent[-2:]], *there)) == []


def test_what_would_be_deleted_there_at_once_is_not_waited_for():
    old, recent = snapshot(99, ONE, "daily/2026-11-01 monthly/2026-11"), history(7)
    there = [copy(number, each) for number, each in enumerate(recent[-4:])]
    assert copies.awaited([old, *recent[-2:]], there, defined(KEPT_LONGER), NOW) == {}


def test_in_a_year_each_snapshot_is_copied_once():
    """Day after day: a snapshot, its copy, and retention in both regions."""
    policies = defined(KEPT_LONGER)
    here: list[Snapshot] = []
    there: list[Snapshot] = []
    begun: list[str] = []
    for number, day in enumerate(days("2026-01-01", 365)):
        now = moment(f"{day} 04:00")
        slots = f"daily/{day} monthly/{day[:7]}" if day.endswith("-01") else f"daily/{day}"
        here.append(snapshot(number, ONE, slots))
        for each in copies.plan(HERE, here, Destination(THERE, tuple(there)), policies, now).copies:
            begun.append(each.source.id)
            there.append(copy(len(begun), each.source, label=each.label))
        here = [each.snapshot for each in retention.plan(here, Ties(), policies, HERE, now) if isinstance(each, Leave)]
        there = [
            each.snapshot for each in retention.plan(there, Ties(), policies, THERE, now) if isinstance(each, Leave)
        ]
    assert len(begun) == len(set(begun)) == 365


@st.composite
def two_regions(draw: st.DrawFn) -> tuple[list[Snapshot], list[Snapshot]]:
    """Draw what is left of one history here, and of its copies there."""
    whole = history(12, "2026-11-15")
    here = draw(st.lists(st.sampled_from(whole), unique_by=lambda each: each.id))
    there = draw(st.lists(st.sampled_from(whole), unique_by=lambda each: each.id))
    return here, [copy(number, each) for number, each in enumerate(there)]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(two_regions(), st.integers(1, 5), st.integers(0, 5), st.integers(0, 3))
def test_after_copies_and_retention_there_is_nothing_to_copy(
    regions: tuple[list[Snapshot], list[Snapshot]], count: int, age: int, later: int
):
    here, there = regions
    keep = f"count: {count}" + (f", days: {age}" if age else "")
    text = KEPT_LONGER.replace("{daily: {count: 4}}", f"{{daily: {{{keep}}}}}")
    now = NOW + timedelta(days=later)
    made = planned(here, *there, text=text, now=now)
    there += [copy(100 + number, each.source) for number, each in enumerate(made.copies)]
    verdicts = retention.plan(there, Ties(), defined(text), THERE, now)
    left = [verdict.snapshot for verdict in verdicts if isinstance(verdict, Leave)]
    assert planned(here, *left, text=text, now=now) == CopyPlan()
