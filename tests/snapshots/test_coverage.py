"""Coverage: is everything covered, and what has become of each slot of each volume?"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.snapshots import coverage, retention
from chalicelib.snapshots.coverage import Cell, Row, Status
from chalicelib.snapshots.model import Instance, Snapshot, Volume
from chalicelib.snapshots.plan import plan
from chalicelib.snapshots.retention import Leave, Ties
from chalicelib.snapshots.slots import SlotKind
from tests.snapshots.worlds import (
    DAILY,
    HERE,
    NO_ROOTS,
    NOW,
    TAG,
    TODAY,
    YESTERDAY,
    copy,
    days,
    defined,
    instance,
    moment,
    snapshot,
    volume,
    world,
)

ONE = volume(1, "daily")
ROOT = volume(1)
ON_A_ROOT = (ROOT, instance(1, ROOT, tag="daily", root_volume=ROOT.id))


def rows(*things: Volume | Instance | Snapshot, text: str = DAILY, now: datetime = NOW) -> list[Row]:
    return coverage.rows(world(*things), defined(text), TAG, now)


def row(*things: Volume | Instance | Snapshot, text: str = DAILY, now: datetime = NOW) -> Row:
    (only,) = rows(*things, text=text, now=now)
    return only


def cells(found: Row, kind: str = "daily") -> dict[str, Cell]:
    return {slot.period: cell for slot, cell in found.cells[SlotKind(kind)]}


def week(*left_out: str) -> list[Snapshot]:
    """Return a snapshot for each of seven days, but for some."""
    some = enumerate(days("2026-11-20", 7), start=1)
    return [snapshot(number, ONE, f"daily/{day}") for number, day in some if day not in left_out]


def test_a_volume_with_a_snapshot_of_its_last_slot_is_covered():
    found = row(ONE, *week())
    assert (found.status, found.policy, found.gaps) == (Status.COVERED, "daily", 0)
    assert found.newest == week()[-1]
    assert found.because == f"{found.newest.id} was taken after {TODAY} was due"
    assert set(cells(found).values()) == {Cell.FILLED}


def test_a_volume_without_its_last_one_is_uncovered_and_why_is_said():
    found = row(ONE, *week("2026-11-26"))
    assert found.status is Status.UNCOVERED
    assert found.because == (
        f"{TODAY} was due at 2026-11-26 03:00 UTC, and the newest completed one is {week()[-2].id}"
    )
    assert found.gaps == 1


def test_a_volume_with_nothing_at_all_is_uncovered():
    found = row(ONE)
    assert found.status is Status.UNCOVERED
    assert found.because == f"{TODAY} was due at 2026-11-26 03:00 UTC, and it has no completed snapshot"
    assert found.newest is None


@pytest.mark.parametrize(
    ("now", "status"),
    [
        pytest.param("2026-11-26 03:01", Status.COVERED, id="just due"),
        pytest.param("2026-11-26 08:59", Status.COVERED, id="within the grace of six hours"),
        pytest.param("2026-11-26 09:00", Status.UNCOVERED, id="after it"),
    ],
)
def test_a_slot_has_its_grace(now: str, status: Status):
    assert row(ONE, *week("2026-11-26"), now=moment(now)).status is status


@pytest.mark.parametrize("state", ["pending", "error", "recoverable", "recovering"])
def test_only_what_is_completed_covers(state: str):
    found = row(ONE, *week("2026-11-26"), snapshot(9, ONE, TODAY, state=state))
    assert found.status is Status.UNCOVERED


@pytest.mark.parametrize(
    ("created", "status"),
    [
        pytest.param("2026-11-26 03:00", Status.UNCOVERED, id="when the slot was due"),
        pytest.param("2026-11-26 03:01", Status.NEW, id="after that"),
    ],
)
def test_a_volume_that_is_younger_than_its_last_slot_is_new(created: str, status: Status):
    assert row(volume(1, "daily", created=moment(created))).status is status


def test_the_snapshot_of_another_policy_covers_a_volume_too_but_fills_no_slot():
    other = snapshot(1, ONE, TODAY, policy="other")
    found = row(ONE, other)
    assert (found.status, found.newest) == (Status.COVERED, other)
    assert Cell.FILLED not in cells(found).values()


def test_the_snapshot_of_another_volume_or_a_copy_covers_nothing():
    strangers = [snapshot(1, volume(2)), snapshot(2, ONE, copy_of="snap-1", taken=NOW)]
    assert row(ONE, *strangers).status is Status.UNCOVERED


def test_a_volume_whose_last_slot_is_filled_is_covered_though_ec2s_clock_is_a_little_behind_ours():
    early = snapshot(1, ONE, TODAY, started=moment("2026-11-26 03:00") - timedelta(milliseconds=300))
    assert row(ONE, early).status is Status.COVERED


def test_each_slot_is_shown_with_what_became_of_it():
    found = row(
        volume(1, "daily", created=moment("2026-11-20 12:00")),
        snapshot(1, ONE, "daily/2026-11-21"),
        snapshot(2, ONE, "daily/2026-11-22", state="error"),
        snapshot(3, ONE, "daily/2026-11-24", state="error"),
        snapshot(4, ONE, "daily/2026-11-24"),
        snapshot(5, ONE, "daily/2026-11-25", state="error"),
        snapshot(6, ONE, "daily/2026-11-25", state="pending"),
    )
    assert cells(found) == {
        "2026-11-20": Cell.NOT_YET,
        "2026-11-21": Cell.FILLED,
        "2026-11-22": Cell.FAILED,
        "2026-11-23": Cell.GAP,
        "2026-11-24": Cell.FILLED,
        "2026-11-25": Cell.PENDING,
        "2026-11-26": Cell.GAP,
    }
    assert found.gaps == 3


@pytest.mark.parametrize(
    ("state", "cell"),
    [
        ("completed", Cell.FILLED),
        ("pending", Cell.PENDING),
        ("recovering", Cell.PENDING),
        ("recoverable", Cell.PENDING),
        ("something new", Cell.PENDING),
        ("error", Cell.FAILED),
    ],
)
def test_a_slot_for_which_nothing_more_is_made_is_no_gap(state: str, cell: Cell):
    assert cells(row(ONE, snapshot(1, ONE, state=state)))["2026-11-26"] is cell


def test_an_archived_one_fills_its_slot_and_covers_nothing_since_it_takes_days_to_restore():
    archived = snapshot(7, ONE, is_archived=True)
    found = row(ONE, *week("2026-11-26"), archived)
    assert (found.status, found.newest) == (Status.UNCOVERED, week()[-2])
    assert cells(found)["2026-11-26"] is Cell.FILLED


def test_one_whose_tags_somebody_has_changed_covers_its_volume_still():
    found = row(ONE, *week("2026-11-26"), snapshot(7, ONE, altered="its tags are gone"))
    assert (found.status, found.gaps) == (Status.COVERED, 0)


def test_slots_before_the_first_snapshot_are_no_gaps():
    assert list(cells(row(ONE, *week("2026-11-20", "2026-11-21"))).values())[:2] == [Cell.NOT_YET] * 2


@pytest.mark.parametrize(
    ("schedule", "kind", "shown"),
    [
        pytest.param("daily: {at: '03:00', keep: {count: 7}}", "daily", 7, id="by count"),
        pytest.param("daily: {at: '03:00', keep: {days: 9}}", "daily", 9, id="by age"),
        pytest.param("daily: {at: '03:00', keep: {count: 9, days: 7}}", "daily", 9, id="by both"),
        pytest.param("daily: {at: '03:00', keep: {count: 1000}}", "daily", 31, id="a month at the most"),
        pytest.param("hourly: {every: 6, keep: {days: 2}}", "hourly", 8, id="every six hours"),
        pytest.param("weekly: {at: '03:00', keep: {days: 42}}", "weekly", 6, id="weeks"),
        pytest.param("monthly: {at: '03:00', day: 31, keep: {count: 12}}", "monthly", 12, id="months"),
        pytest.param("yearly: {at: '03:00', date: 02-29, keep: {count: 5}}", "yearly", 5, id="years"),
    ],
)
def test_as_many_slots_are_shown_as_are_kept(schedule: str, kind: str, shown: int):
    found = row(ONE, text=f"daily: {{schedules: {{{schedule}}}}}")
    assert len(found.cells[SlotKind(kind)]) == shown
    assert [slot.due for slot, _ in found.cells[SlotKind(kind)]] == sorted(
        slot.due for slot, _ in found.cells[SlotKind(kind)]
    )


# Every seven hours for five months, and every hour in the week after clocks go back in Berlin.
HOURS = sorted({*range(0, 24 * 150, 7), *range(24 * 115, 24 * 124)})
MOMENTS = [moment("2026-07-01 01:10") + timedelta(hours=number) for number in HOURS]


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(("{days: 2}", "{days: 8}", "{days: 32}"), id="as short as can be"),
        pytest.param(("{count: 1}", "{count: 1}", "{count: 1}"), id="one of each"),
        pytest.param(("{count: 3, days: 9}", "{days: 30}", "{count: 2, days: 70}"), id="some of each"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_history_without_a_fault_has_no_gaps_though_retention_thins_it_out(keep: tuple[str, str, str], zone: str):
    named = zip(("daily", "weekly", "monthly"), keep, strict=True)
    schedules = ", ".join(f"{kind}: {{at: '03:00', keep: {each}}}" for kind, each in named)
    policies = defined(f"daily: {{time-zone: {zone}, schedules: {{{schedules}}}}}")
    left: list[Snapshot] = []
    for now in MOMENTS:
        made = plan(world(ONE, *left), policies, TAG, now, {})
        slots = " ".join(str(slot) for create in made.creates for slot in create.slots)
        left += [snapshot(len(left) + int(now.timestamp()), ONE, slots, started=now)] if slots else []
        verdicts = retention.plan(left, Ties(), policies, HERE, now)
        left = [verdict.snapshot for verdict in verdicts if isinstance(verdict, Leave)]
        (found,) = coverage.rows(world(ONE, *left), policies, TAG, now)
        assert (found.status, found.gaps) == (Status.COVERED, 0), now


def test_several_kinds_are_shown_each_by_itself():
    text = "daily: {schedules: {daily: {at: '03:00', keep: {count: 2}}, weekly: {at: '03:00', keep: {count: 2}}}}"
    found = row(ONE, snapshot(1, ONE, f"{TODAY} weekly/2026-W48"), snapshot(2, ONE, YESTERDAY), text=text)
    assert cells(found) == {"2026-11-25": Cell.FILLED, "2026-11-26": Cell.FILLED}
    assert cells(found, "weekly") == {"2026-W47": Cell.NOT_YET, "2026-W48": Cell.FILLED}


@pytest.mark.parametrize(
    ("things", "text", "why"),
    [
        pytest.param((ROOT,), DAILY, "neither it nor an instance of it asks for one", id="no tag"),
        pytest.param((volume(1, "none"),), DAILY, f"its tag {TAG} is none", id="a tag that takes it out"),
        pytest.param(
            (ROOT, instance(1, ROOT, tag="none")), DAILY, "neither it nor an instance", id="an instance's that does"
        ),
        pytest.param(ON_A_ROOT, NO_ROOTS, "it is a root volume, and policy daily takes none", id="a root"),
    ],
)
def test_a_volume_without_a_policy_is_a_row_too_and_says_why(things, text: str, why: str):
    found = row(*things, text=text)
    assert (found.status, found.policy, found.gaps, found.is_at_risk) == (Status.NO_POLICY, "", 0, False)
    assert found.because.startswith(why)


# Tags that ask in vain


BLANK = replace(ROOT, tags={TAG: " "})
WRONG = volume(1, "dayly")
IN_VAIN = [
    pytest.param((WRONG,), id="a volume's that names no policy"),
    pytest.param((ROOT, instance(1, ROOT, tag="dayly")), id="an instance's that names no policy"),
    pytest.param((WRONG, instance(1, WRONG, tag="none")), id="a volume's that names none, and an instance's none"),
    pytest.param((WRONG, instance(1, WRONG, tag="weakly")), id="a volume's and an instance's"),
    pytest.param((BLANK,), id="an empty one"),
    pytest.param((BLANK, instance(1, BLANK, tag="none")), id="an empty one, and an instance's none"),
    pytest.param((ROOT, instance(1, ROOT), instance(2, ROOT, tag="dayly")), id="one of two instances'"),
]


@pytest.mark.parametrize("things", IN_VAIN)
def test_a_volume_that_asks_in_vain_is_uncovered_since_somebody_believes_that_it_is(things):
    found = row(*things)
    assert (found.status, found.policy, found.newest, found.is_at_risk) == (Status.UNCOVERED, "", None, True)
    assert found.because


@pytest.mark.parametrize("things", IN_VAIN)
def test_it_stays_uncovered_though_it_has_snapshots_from_before(things):
    found = row(*things, snapshot(1, ROOT))
    assert (found.status, found.newest) == (Status.UNCOVERED, snapshot(1, ROOT))


def test_a_name_that_is_no_policy_is_said():
    assert row(WRONG).because == f"the tag {TAG} is 'dayly', and no policy"
    assert row(ROOT, instance(1, ROOT, tag="weakly")).because == f"the tag {TAG} is 'weakly', and no policy"


@pytest.mark.parametrize("own", [WRONG, BLANK], ids=["that names no policy", "that is empty"])
def test_a_volume_with_a_tag_of_its_own_is_covered_where_its_instance_asks(own: Volume):
    found = row(own, instance(1, own, tag="daily"), snapshot(1, own))
    assert (found.status, found.policy) == (Status.COVERED, "daily")


@pytest.mark.parametrize(
    ("own", "why"),
    [
        pytest.param(WRONG, f"the tag {TAG} is 'dayly', and no policy", id="that names no policy"),
        pytest.param(BLANK, f"its tag {TAG} is empty", id="that is empty"),
    ],
)
def test_a_root_volume_asks_in_vain_by_a_tag_of_its_own_where_its_instances_policy_takes_no_roots(
    own: Volume, why: str
):
    found = row(own, instance(1, own, tag="daily", root_volume=own.id), text=NO_ROOTS)
    assert (found.status, found.because) == (Status.UNCOVERED, why)


# Volumes that ask no more


def test_a_volume_that_has_snapshots_and_asks_no_more_is_dropped_and_how_to_say_that_it_is_meant_is_said():
    found = row(ROOT, *week())
    assert (found.status, found.policy, found.newest, found.is_at_risk) == (Status.DROPPED, "", week()[-1], True)
    assert found.because == (
        "it has snapshots, and neither it nor an instance of it asks for one: if that is meant, tag it Snapshot=none"
    )


@pytest.mark.parametrize("tag", ["none", "None", " NONE "])
def test_a_volume_that_was_taken_out_is_not_dropped(tag: str):
    found = row(volume(1, tag), *week())
    assert (found.status, found.newest, found.is_at_risk) == (Status.NO_POLICY, week()[-1], False)


@pytest.mark.parametrize(
    ("things", "text"),
    [
        pytest.param((ROOT, instance(1, ROOT)), DAILY, id="its instance asks no more"),
        pytest.param((ROOT, instance(1, ROOT, tag="none")), DAILY, id="its instance says none, and it does not"),
        pytest.param(ON_A_ROOT, NO_ROOTS, id="its policy takes no roots any more"),
    ],
)
def test_a_volume_is_dropped_too_where(things, text: str):
    assert row(*things, *week(), text=text).status is Status.DROPPED


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(snapshot(1, ROOT, state="error"), id="failed"),
        pytest.param(snapshot(1, ROOT, state="pending"), id="pending"),
        pytest.param(snapshot(1, volume(2)), id="another volume's"),
        pytest.param(copy(1, snapshot(1, ROOT)), id="a copy"),
    ],
)
def test_a_volume_without_a_snapshot_to_go_back_to_is_not_dropped(other: Snapshot):
    assert row(ROOT, other).status is Status.NO_POLICY


# What people call it


NAMED, HOST = {"Name": "data"}, {"Name": "web"}


@pytest.mark.parametrize("tag", ["daily", "none", "dayly", ""])
def test_a_row_has_the_volumes_name(tag: str):
    assert row(volume(1, tags={TAG: tag, **NAMED})).name == "data"


@pytest.mark.parametrize("tag", ["daily", "dayly", "none", ""])
def test_a_row_has_its_instances_name_where_the_volume_has_none(tag: str):
    assert row(ROOT, instance(1, ROOT, tags={TAG: tag, **HOST})).name == "web"


def test_a_volumes_own_name_counts_more_than_its_instances():
    both = replace(ONE, tags={**ONE.tags, **NAMED})
    assert row(both, instance(1, both, tags=HOST)).name == "data"
    assert row(ONE).name == ""


def test_who_is_covered_new_or_taken_out_is_not_at_risk():
    young = volume(2, "daily", created=NOW)
    found = {each.status: each.is_at_risk for each in rows(ONE, *week(), young, volume(3), volume(4, "daily"))}
    assert found == {Status.COVERED: False, Status.NEW: False, Status.NO_POLICY: False, Status.UNCOVERED: True}


def test_there_is_a_row_for_each_volume_in_order():
    assert [found.volume.id for found in rows(volume(3), volume(1, "daily"), volume(2))] == [
        volume(number).id for number in (1, 2, 3)
    ]


def test_the_slot_that_makes_a_volume_uncovered_is_shown_as_a_gap_though_it_never_got_a_snapshot():
    found = row(ONE)
    assert TODAY in found.because
    assert cells(found)["2026-11-26"] is Cell.GAP


# Snapshots that somebody should look at


def troubles(*some: Snapshot, now: datetime = NOW) -> dict[str, str]:
    return {each.snapshot.id: each.reason for each in coverage.troubles(some, defined(), now)}


def test_a_failed_one_is_trouble_and_what_ec2_says_of_it_is_told():
    failed = snapshot(1, ONE, state="error", message="the key is disabled")
    assert troubles(failed) == {failed.id: "it failed: the key is disabled"}
    assert troubles(replace(failed, message="")) == {failed.id: "it failed: EC2 says no more"}


@pytest.mark.parametrize(("hours", "is_trouble"), [(6, False), (7, True)])
def test_one_that_is_pending_for_longer_than_its_grace_is_trouble(hours: int, is_trouble: bool):
    stuck = snapshot(1, ONE, state="pending", started=NOW - timedelta(hours=hours), progress="3%")
    since = f"it has been pending since {stuck.started:%Y-%m-%d %H:%M} UTC (3%)"
    assert troubles(stuck) == ({stuck.id: since} if is_trouble else {})


def test_one_that_hangs_is_trouble_though_its_policy_is_no_more():
    stuck = snapshot(1, ONE, policy="old", state="pending", started=NOW - timedelta(days=9))
    assert set(troubles(stuck)) == {stuck.id}


def test_what_is_completed_is_no_trouble():
    assert troubles(snapshot(1, ONE, "daily/2020-01-01")) == {}
