"""Retention: what a rule keeps stays, what nothing keeps goes, and what is not surely replaceable is never deleted."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.snapshots import retention
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.policies import Keep
from chalicelib.snapshots.retention import Delete, Leave, Ties
from chalicelib.snapshots.slots import SlotKind
from tests.snapshots.worlds import (
    HERE,
    NOW,
    THERE,
    YESTERDAY,
    copy,
    days,
    defined,
    deleted,
    history,
    is_kept,
    moment,
    planned,
    policy,
    snapshot,
    volume,
    world,
)

ONE, TWO = volume(1), volume(2)


def daily(keep: str, *more: str) -> str:
    return policy("daily", *more, keep=keep)


def numbers(found: set[str]) -> set[int]:
    return {int(id_.removeprefix("snap-").removeprefix("c"), 16) for id_ in found}


def said(snapshots: list[Snapshot], *texts: str, ties: Ties | None = None, region: str = HERE) -> dict[int, str]:
    """Return by number what is said of each snapshot."""
    verdicts = retention.plan(snapshots, ties or Ties(), defined(*texts), region, NOW)
    return {int(verdict.snapshot.id[-9:], 16): verdict.because for verdict in verdicts}


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        pytest.param("count: 3", 3, id="by count"),
        pytest.param("count: 1", 1, id="the newest"),
        pytest.param("count: 30", 10, id="more than there are"),
        pytest.param("days: 4", 4, id="by age"),
        pytest.param("count: 2, days: 5", 5, id="by both, where age keeps more"),
        pytest.param("count: 5, days: 2", 5, id="by both, where the count keeps more"),
    ],
)
def test_what_is_kept_of_ten_days(keep: str, kept: int):
    assert numbers(deleted(history(10), daily(keep))) == set(range(kept + 1, 11))


def test_each_verdict_has_a_reason():
    found = said(history(4), daily("count: 2, days: 3"))
    assert found[1] == "daily: number 1 of the newest 2"
    assert found[3] == "daily: not yet 3 days old"
    kept = "kept are the newest 2 and those of the last 3 days"
    assert found[4] == f"daily: number 4, taken 3 days ago, and {kept}"


def test_the_age_of_a_young_one_is_said_in_hours():
    some = [snapshot(1, ONE), snapshot(2, ONE, YESTERDAY)]
    assert said(some, daily("count: 1"))[2] == "daily: number 2, taken 33 hours ago, and kept are the newest one"


def test_verdicts_come_in_the_order_of_the_snapshots():
    some = history(5)[::-1]
    assert [verdict.snapshot for verdict in retention.plan(some, Ties(), defined(), HERE, NOW)] == some


def test_a_snapshot_is_too_old_when_its_days_are_over_and_not_before():
    old = snapshot(2, ONE, "daily/2026-11-20", started=NOW - timedelta(days=7) + timedelta(seconds=1))
    new = snapshot(1, ONE)
    assert deleted([new, old], daily("days: 7")) == set()
    assert deleted([new, replace(old, started=NOW - timedelta(days=7))], daily("days: 7")) == {old.id}


def test_a_pause_costs_nothing_since_a_count_counts_slots_that_are_filled():
    some = [snapshot(1, ONE), snapshot(2, ONE, "daily/2026-08-01"), snapshot(3, ONE, "daily/2025-01-01")]
    assert deleted(some, daily("count: 3")) == set()


def test_two_of_one_slot_count_once():
    twins = [replace(each, id=f"{each.id}f") for each in history(2)]
    assert numbers(deleted([*history(4), *twins], daily("count: 2"))) == {3, 4}


def test_each_volume_is_counted_by_itself():
    some = [*history(2), *(replace(each, id=f"{each.id}f", volume=TWO.id) for each in history(3))]
    assert deleted(some, daily("count: 2")) == {f"{history(3)[2].id}f"}


def test_each_policy_is_counted_by_itself():
    other = [replace(each, id=f"{each.id}f", label=replace(each.label, policy="other")) for each in history(3)]
    texts = (daily("count: 1"), policy("other", keep="count: 2"))
    assert deleted([*history(3), *other], *texts) == {history(3)[1].id, history(3)[2].id, f"{history(3)[2].id}f"}


GRANDFATHERS = """g:
  schedules:
    daily: {at: '03:00', keep: {count: 2}}
    weekly: {at: '03:00', keep: {count: 2}}
    monthly: {at: '03:00', keep: {days: 60}}"""


def test_a_snapshot_is_kept_by_any_of_its_kinds():
    some = [
        snapshot(1, ONE, "daily/2026-11-26", "g"),
        snapshot(2, ONE, "daily/2026-11-25", "g"),
        snapshot(3, ONE, "daily/2026-11-24", "g"),
        snapshot(4, ONE, "daily/2026-11-23 weekly/2026-W48", "g"),
        snapshot(5, ONE, "daily/2026-11-16 weekly/2026-W47", "g"),
        snapshot(6, ONE, "daily/2026-11-09 weekly/2026-W46", "g"),
        snapshot(7, ONE, "daily/2026-11-01 weekly/2026-W44 monthly/2026-11", "g"),
        snapshot(8, ONE, "daily/2026-09-01 weekly/2026-W36 monthly/2026-09", "g"),
    ]
    assert numbers(deleted(some, GRANDFATHERS)) == {3, 6, 8}
    assert said(some, GRANDFATHERS)[4] == "weekly: number 1 of the newest 2"
    assert said(some, GRANDFATHERS)[7] == "monthly: not yet 60 days old"


def test_weeks_are_counted_across_the_end_of_a_year():
    weekly = "g: {schedules: {weekly: {at: '03:00', keep: {count: 2}}}}"
    periods = ["2027-W01", "2026-W53", "2026-W52", "2026-W09"]
    some = [
        snapshot(number, ONE, f"weekly/{period}", "g", started=NOW - timedelta(weeks=number))
        for number, period in enumerate(periods, start=1)
    ]
    assert numbers(deleted(some, weekly)) == {3, 4}


def test_a_kind_that_the_policy_has_no_more_keeps_nothing():
    some = [snapshot(1, ONE), snapshot(2, ONE, "weekly/2026-W40", started=moment("2026-10-01 03:00"))]
    assert numbers(deleted(some, daily("count: 7"))) == {2}
    assert said(some, daily("count: 7"))[2] == "its policy has no slots such as weekly/2026-W40 any more"


# What is never deleted


@pytest.mark.parametrize("state", ["pending", "error", "recoverable", "recovering", "something new"])
def test_what_is_not_completed_is_neither_deleted_nor_counted(state: str):
    other = snapshot(9, ONE, "daily/2026-11-27", state=state)
    old = snapshot(8, ONE, "daily/2020-01-01", state=state)
    assert numbers(deleted([other, *history(3), old], daily("count: 2"))) == {3}


def test_a_failed_one_is_left_with_a_word():
    assert said([snapshot(1, ONE, state="error")], daily("count: 1"))[1].startswith("it failed: ")


def test_the_newest_completed_one_of_a_volume_is_kept_though_no_rule_does():
    old = history(3, last="2020-01-03")
    assert numbers(deleted(old, daily("days: 2"))) == {2, 3}
    assert said(old, daily("days: 2"))[1] == f"it is the newest completed one of {ONE.id}"
    gone = said(old, daily("days: 2"), ties=Ties(gone=frozenset({ONE.id})))
    assert gone[1] == f"it is the newest completed one of {ONE.id}, which is gone"


def test_a_pending_or_failed_one_is_not_the_newest():
    old = history(2, last="2020-01-03")
    newer = [snapshot(8, ONE, state="pending"), snapshot(9, ONE, state="error")]
    assert numbers(deleted([*newer, *old], daily("days: 2"))) == {2}


def test_the_newest_is_the_newest_of_all_policies():
    other = snapshot(1, ONE, "daily/2020-01-02", policy="unknown")
    assert deleted([other, snapshot(2, ONE, "daily/2020-01-01")], daily("days: 2")) == {snapshot(2, ONE).id}


def test_of_two_taken_at_one_instant_exactly_one_is_the_newest():
    twins = [snapshot(number, ONE, "daily/2020-01-01") for number in (1, 2)]
    assert deleted(twins, daily("days: 2")) == deleted(twins[::-1], daily("days: 2")) == {twins[0].id}


def test_what_something_holds_is_kept_and_the_reason_is_said():
    held = {history(3)[2].id: "the image ami-1 uses it"}
    assert said(history(3), daily("count: 1"), ties=Ties(held))[3] == "the image ami-1 uses it"
    assert numbers(deleted(history(3), daily("count: 1"), held=held)) == {2}


def test_what_is_held_takes_no_place_from_others():
    held = {each.id: "locked" for each in history(5)[3:]}
    assert numbers(deleted(history(5), daily("count: 2"), held=held)) == {3}


def test_a_policy_that_is_no_more_keeps_everything():
    some = [snapshot(number, ONE, f"daily/2020-01-0{number}", policy="old") for number in (1, 2, 3)]
    assert set(said(some, daily("count: 1")).values()) == {"there is no policy old any more"}


def test_a_clock_that_was_put_back_deletes_nothing_that_a_count_keeps():
    assert deleted(history(3), daily("count: 3"), now=NOW - timedelta(days=400)) == set()


@pytest.mark.parametrize("altered", ["", "its tags are not as we wrote them (groundskeeper:policy)"])
def test_one_whose_tags_somebody_has_changed_is_left_and_why_is_said(altered: str):
    some = [*history(3)[:2], snapshot(3, ONE, "daily/2026-11-24", altered=altered)]
    assert numbers(deleted(some, daily("count: 1"))) == ({2} if altered else {2, 3})
    assert said(some, daily("count: 1"))[3] == (
        altered or "daily: number 3, taken 2 days ago, and kept are the newest one"
    )


def test_one_whose_tags_somebody_has_changed_is_counted_still():
    """Its description says which slots it fills; else one more would be kept for each that is altered."""
    newest = snapshot(1, ONE, altered="its tags are not as we wrote them (groundskeeper:slots)")
    assert numbers(deleted([newest, *history(4)[1:]], daily("count: 2"))) == {3, 4}


def test_an_altered_failed_one_says_that_it_is_altered():
    """Else somebody would be told to delete it, who has to mend the tags first."""
    assert (
        said([snapshot(1, ONE, state="error", altered="its tags are gone")], daily("count: 1"))[1]
        == "its tags are gone"
    )


# Archived ones: it takes days until a volume can be made of them


def test_an_archived_one_is_not_the_newest_that_is_kept():
    old = history(3, last="2020-01-03")
    archived = replace(old[0], is_archived=True)
    held = {archived.id: "it is archived"}
    found = said([archived, *old[1:]], daily("days: 2"), ties=Ties(held))
    assert (found[1], found[2]) == ("it is archived", f"it is the newest completed one of {ONE.id}")
    assert numbers(deleted([archived, *old[1:]], daily("days: 2"), held=held)) == {3}


def test_where_all_are_archived_none_goes_though_nothing_holds_them():
    archived = [replace(each, is_archived=True) for each in history(3, last="2020-01-03")]
    assert deleted(archived, daily("days: 2")) == set()


def test_an_archived_one_takes_its_place_among_those_that_are_counted():
    archived = replace(history(1)[0], is_archived=True)
    assert numbers(deleted([archived, *history(3)[1:]], daily("count: 2"))) == {3}


# Volumes that are gone


LEAVING = daily("count: 7", "gone: 10")


def aged(days_: int, count: int = 4) -> list[Snapshot]:
    """Return a history whose last snapshot is so many days old at NOW, to the second."""
    now = NOW - timedelta(days=days_)
    return [replace(each, started=now - timedelta(days=number)) for number, each in enumerate(history(count))]


@pytest.mark.parametrize(("age", "left"), [(0, 4), (9, 4), (10, 1), (400, 1)])
def test_snapshots_outlive_their_volume_by_some_days_and_the_newest_for_ever(age: int, left: int):
    assert numbers(deleted(aged(age), LEAVING, gone=[ONE])) == set(range(left + 1, 5))


def test_a_second_too_early_nothing_goes():
    early = [replace(each, started=each.started + timedelta(seconds=1)) for each in aged(10)]
    assert deleted(early, LEAVING, gone=[ONE]) == set()


def test_why_they_go_is_said():
    ties = Ties(gone=frozenset({ONE.id}))
    found = said(aged(12), LEAVING, ties=ties)
    assert found[1] == f"it is the newest completed one of {ONE.id}, which is gone"
    assert found[2] == f"{ONE.id} is gone, its last snapshot is 12 days old, and they are kept for 10"


def test_the_snapshots_of_a_volume_that_is_there_stay_however_old_they_are():
    assert deleted(aged(400), LEAVING, gone=[TWO]) == set()


@pytest.mark.parametrize("text", [daily("count: 7"), daily("count: 7, days: 7")], ids=["by count", "by both"])
def test_without_gone_the_rules_of_the_living_count(text: str):
    assert deleted(aged(400), text, gone=[ONE]) == set()


def test_what_the_rules_do_not_keep_goes_before_gone_days_are_over():
    assert numbers(deleted(aged(0, 9), LEAVING, gone=[ONE])) == {8, 9}


def test_each_volume_that_is_gone_has_its_own_last_one():
    others = [replace(each, id=f"{each.id}f", volume=TWO.id) for each in aged(3)]
    assert numbers(deleted([*aged(11), *others], LEAVING, gone=[ONE, TWO])) == {2, 3, 4}


def test_of_a_volume_that_is_gone_the_newest_of_all_policies_stays():
    other = [replace(each, id=f"{each.id}f", label=replace(each.label, policy="other")) for each in aged(11)]
    older, texts = aged(12), (LEAVING, policy("other", "gone: 5"))
    assert deleted([*older, *other], *texts, gone=[ONE]) == {each.id for each in [*older, *other[1:]]}


def test_what_is_held_altered_or_pending_stays_though_its_volume_is_gone():
    some = aged(12)
    some[1] = replace(some[1], label=replace(some[1].label, altered="its tags are gone"))
    some[2] = replace(some[2], state="pending")
    assert deleted(some, LEAVING, held={some[3].id: "an image uses it"}, gone=[ONE]) == set()


def test_copies_are_kept_by_their_rule_though_their_volume_is_gone():
    """The other region is what is left where a region, or who may delete in it, is lost."""
    text = daily("count: 7", "gone: 10", "copy: {region: eu-central-1, keep: {daily: {count: 3}}}")
    copies = [copy(number, each) for number, each in enumerate(aged(400), start=1)]
    assert numbers(deleted(copies, text, gone=[ONE], region=THERE)) == {4}


# Copies


COPIED = daily("count: 2", "copy: {region: eu-central-1, keep: {daily: {count: 3}}}")


def test_copies_are_kept_by_their_own_rule():
    copies = [copy(number, each) for number, each in enumerate(history(5), start=1)]
    assert numbers(deleted(copies, COPIED, region=THERE)) == {4, 5}


def test_a_copys_age_is_that_of_its_data():
    copies = [copy(number, each, started=NOW) for number, each in enumerate(history(5), start=1)]
    text = COPIED.replace("{daily: {count: 3}}", "{daily: {days: 2}}")
    assert numbers(deleted(copies, text, region=THERE)) == {3, 4, 5}


def test_copies_and_snapshots_are_counted_apart():
    here = history(3)
    copies = [copy(number, replace(each, volume=TWO.id)) for number, each in enumerate(history(4), start=1)]
    assert deleted([*here, *copies], COPIED, region=THERE) == {here[2].id, copies[3].id}


def test_copies_in_a_region_of_which_the_policy_says_nothing_are_kept():
    copies = [copy(number, each) for number, each in enumerate(history(3), start=1)]
    reason = "policy daily says nothing of copies in us-east-1"
    assert set(said(copies, COPIED, region="us-east-1").values()) == {reason}


def test_the_newest_copy_of_a_volume_is_kept_though_no_rule_does():
    old = [copy(number, each) for number, each in enumerate(history(2, last="2020-01-02"), start=1)]
    text = COPIED.replace("{daily: {count: 3}}", "{daily: {days: 2}}")
    assert numbers(deleted(old, text, region=THERE)) == {2}


def test_snapshots_may_come_one_by_one():
    keep = {SlotKind.WEEKLY: Keep(1), SlotKind.DAILY: Keep(1)}
    assert set(retention.kept(iter(history(2)), keep, NOW)) == {history(1)[0].id}


# The guard


TURNING = "t: {schedules: {hourly: {every: 6, keep: {count: 1}}, daily: {at: '00:00', keep: {count: 1}}}}"
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


def beyond(snapshots: list[Snapshot], *texts: str, pause: timedelta = AN_HOUR) -> int:
    """Count what goes beyond the turnover of so long a time."""
    policies = defined(*texts)
    verdicts = retention.plan(snapshots, Ties(), policies, HERE, NOW)
    deletions = [verdict for verdict in verdicts if isinstance(verdict, Delete)]
    return retention.beyond_turnover(deletions, retention.turnover(policies, NOW - pause, NOW))


@pytest.mark.parametrize(("kept", "expected"), [(10, 0), (9, 0), (8, 1), (3, 6)])
def test_a_new_snapshot_pushes_out_one_and_what_goes_beyond_is_counted(kept: int, expected: int):
    assert beyond(history(10), daily(f"count: {kept}")) == expected


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        pytest.param(timedelta(), 1, id="none: but at least one"),
        pytest.param(AN_HOUR, 1, id="an hour without a slot"),
        pytest.param(A_DAY, 1, id="a day"),
        pytest.param(3 * A_DAY, 3, id="three days"),
        pytest.param(7 * A_DAY, 7, id="a week"),
        pytest.param(30 * A_DAY, 7, id="a month: no more than a week"),
        pytest.param(-A_DAY, 1, id="a clock that was put back"),
    ],
)
def test_as_many_are_pushed_out_as_slots_have_come_since_the_last_time(pause: timedelta, expected: int):
    assert retention.turnover(defined(), NOW - pause, NOW) == {("daily", "daily"): expected}


def test_each_policy_and_kind_has_its_own_turnover():
    assert retention.turnover(defined(TURNING, daily("count: 1")), NOW - 2 * A_DAY, NOW) == {
        ("t", "hourly"): 8,
        ("t", "daily"): 2,
        ("daily", "daily"): 2,
    }


@pytest.mark.parametrize(("pause", "expected"), [(1, 4), (3, 2), (5, 0), (7, 0)])
def test_after_a_pause_of_some_days_as_many_may_go_of_each_volume(pause: int, expected: int):
    assert beyond(history(10), daily("count: 5"), pause=pause * A_DAY) == expected
    both = [*history(10), *(replace(each, id=f"{each.id}f", volume=TWO.id) for each in history(10))]
    assert beyond(both, daily("count: 5"), pause=pause * A_DAY) == 2 * expected


def test_a_pause_of_more_than_a_week_needs_a_persons_word():
    assert beyond(history(30), daily("count: 10"), pause=20 * A_DAY) == 13


def test_a_policy_that_keeps_less_than_before_goes_beyond():
    assert beyond(history(14), daily("count: 14")) == 0
    assert beyond(history(14), daily("count: 2")) == 11


def test_a_kind_that_a_policy_has_no_more_pushes_out_one():
    some = [snapshot(number, ONE, f"weekly/2026-W{40 + number}") for number in range(1, 6)]
    assert beyond(some, daily("count: 7")) == 3


def test_what_a_volume_that_is_gone_leaves_goes_beyond_since_absence_may_be_a_mistake():
    policies = defined(LEAVING)
    verdicts = retention.plan(aged(12), Ties(gone=frozenset({ONE.id})), policies, HERE, NOW)
    deletions = [verdict for verdict in verdicts if isinstance(verdict, Delete)]
    assert retention.beyond_turnover(deletions, retention.turnover(policies, NOW - AN_HOUR, NOW)) == 2


def test_the_slots_of_one_policy_are_no_excuse_for_anothers():
    often = "often: {schedules: {hourly: {every: 1, keep: {count: 24}}, daily: {at: '03:00', keep: {count: 7}}}}"
    assert beyond(history(10), daily("count: 5"), often, pause=2 * A_DAY) == 3


def test_each_volume_has_its_own_turnover():
    some = [each for number in range(1, 6) for each in history(3, volume(number))]
    some = [replace(each, id=f"snap-{number:017x}") for number, each in enumerate(some)]
    assert beyond(some, daily("count: 2")) == 0
    assert beyond(some, daily("count: 1")) == 5


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_turnover_of_two_kinds_is_no_mistake_in_whatever_order_it_is_seen(order: tuple[int, ...]):
    """The one new snapshot at midnight fills both kinds, and pushes out the last one of each."""
    some = [
        snapshot(1, ONE, "hourly/2026-11-25T00Z daily/2026-11-25", "t"),
        snapshot(2, ONE, "hourly/2026-11-25T18Z", "t", started=moment("2026-11-25 18:00")),
        snapshot(3, ONE, "hourly/2026-11-26T00Z daily/2026-11-26", "t"),
    ]
    assert numbers(deleted(some, TURNING)) == {1, 2}
    assert beyond([some[at] for at in order], TURNING) == 0


def test_nothing_deleted_is_nothing_beyond():
    assert retention.beyond_turnover([], {}) == 0
    assert retention.beyond_turnover([Delete(history(1)[0], "")], {}) == 0


CROSSED = """x:
  time-zone: Europe/Berlin
  schedules:
    hourly: {every: 4, at: '01:00', keep: {count: 7}}
    daily: {at: '05:00', keep: {count: 3, days: 4}}
    weekly: {at: '13:00', on: sunday, keep: {days: 15}}
    monthly: {at: '09:00', day: 31, keep: {count: 2}}"""


@pytest.mark.parametrize("pause", [1, 24, 24 * 7], ids=lambda hours: f"every {hours} hours")
def test_in_three_months_nothing_that_time_brings_goes_beyond(pause: int):
    """Else every so often a person would have to say that all is as it should be."""
    policies, now = defined(CROSSED), moment("2026-08-20 00:10")
    there: list[Snapshot] = []
    last = now
    for hour in range(24 * 95):
        now += AN_HOUR
        made = planned(world(volume(1, "x"), *there), CROSSED, now=now)
        slots = " ".join(str(slot) for create in made.creates for slot in create.slots)
        there += [snapshot(hour, ONE, slots, "x", started=now)] if slots else []
        if hour % pause == 0:
            verdicts = retention.plan(there, Ties(), policies, HERE, now)
            deletions = [verdict for verdict in verdicts if isinstance(verdict, Delete)]
            assert retention.beyond_turnover(deletions, retention.turnover(policies, last, now)) == 0, now
            there, last = [verdict.snapshot for verdict in verdicts if isinstance(verdict, Leave)], now
    assert len(there) < 40


# Whatever there is


def keeps(least: int) -> st.SearchStrategy[Keep]:
    """Return rules that are not refused: so many days at least, or a count."""
    some = st.builds(Keep, st.integers(0, 4), st.sampled_from([0, 2, 5, 8, 10]))
    return some.filter(lambda keep: keep.count > 0 or keep.days >= least)


@st.composite
def some_snapshots(draw: st.DrawFn) -> list[Snapshot]:
    made = []
    for number in range(draw(st.integers(0, 14))):
        day = draw(st.sampled_from(days("2026-11-15", 12)))
        slots = draw(st.sampled_from([f"daily/{day}", f"weekly/{moment(day):%G-W%V}", None]))
        label = slots or f"daily/{day} weekly/{moment(day):%G-W%V}"
        of = draw(st.sampled_from([ONE, TWO]))
        state = draw(st.sampled_from(["completed"] * 5 + ["pending", "error"]))
        name = draw(st.sampled_from(["p", "p", "p", "unknown"]))
        altered = draw(st.sampled_from(["", "", "", "its tags are gone"]))
        started = moment(f"{day} 03:00") + timedelta(minutes=draw(st.integers(0, 3)))
        made.append(snapshot(number, of, label, name, state=state, started=started, altered=altered))
    return made


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(some_snapshots(), keeps(2), keeps(8), st.sets(st.integers(0, 13)), st.integers(0, 20))
def test_exactly_what_nothing_keeps_is_deleted(
    some: list[Snapshot], by_day: Keep, by_week: Keep, held: set[int], later: int
):
    text = f"p: {{schedules: {{{schedule('daily', by_day)}, {schedule('weekly', by_week)}}}}}"
    ties, now = {snapshot(number, ONE).id: "held" for number in held}, NOW + timedelta(days=later)
    gone = deleted(some, text, now=now, held=ties)
    for each in some:
        rivals = [other for other in some if other.volume == each.volume and other.state == "completed"]
        is_newest = all((other.taken, other.id) <= (each.taken, each.id) for other in rivals)
        is_ruled = any(
            is_kept(each, [other for other in rivals if other.label.policy == "p"], kind, keep.count, keep.days, now)
            for kind, keep in (("daily", by_day), ("weekly", by_week))
        )
        may_go = each.state == "completed" and each.label.policy == "p" and not each.label.altered
        assert (each.id in gone) == (may_go and not is_newest and not is_ruled and each.id not in ties)


def schedule(kind: str, keep: Keep) -> str:
    said = ", ".join(f"{name}: {value}" for name, value in (("count", keep.count), ("days", keep.days)) if value)
    return f"{kind}: {{at: '03:00', keep: {{{said}}}}}"
