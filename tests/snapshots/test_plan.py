"""The plan of snapshots: each slot that is due is filled once, by as few calls as can be; what cannot be is said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.snapshots.changes import Skip, keys
from chalicelib.snapshots.labels import APPLICATION, CRASH
from chalicelib.snapshots.model import Snapshot, Volume
from chalicelib.snapshots.plan import MOST_EXCLUDED
from tests.snapshots.worlds import (
    ALL_KINDS,
    DAILY,
    HOOKED,
    NOW,
    TAG,
    TODAY,
    YESTERDAY,
    days,
    ids,
    instance,
    moment,
    planned,
    policy,
    shape,
    snapshot,
    volume,
    world,
)

ONE, TWO = volume(1, "daily"), volume(2, "daily")
FAILED = {"state": "error"}
PENDING = {"state": "pending"}
OFTEN = "often: {schedules: {hourly: {every: 1, keep: {count: 24}}, daily: {at: '03:00', keep: {count: 7}}}}"


def skipped(*things: Volume | Snapshot, of: str = DAILY, **said) -> str:
    """Return why the only volume is skipped; empty where it is not."""
    made = planned(world(*things, **said), of)
    assert (not made.creates) or (not made.skips)
    return made.skips[0].because if made.skips else ""


def test_a_slot_that_is_due_and_not_filled_is_created():
    (create,) = planned(world(ONE)).creates
    assert ids(create) == {ONE.id}
    assert create.because == f"{TODAY} of policy daily due 2026-11-26 03:00 UTC - asked for by {ONE.id}"
    assert create.subject == ONE.id
    assert create.keys == [f"{ONE.id} {TODAY}"] == keys([ONE], create.slots)


@pytest.mark.parametrize("state", ["completed", "pending", "recovering"])
def test_a_slot_that_is_filled_or_being_filled_is_not_created_again(state: str):
    made = planned(world(ONE, snapshot(1, ONE, state=state)))
    assert made.creates == ()
    assert made.skips == ()


def test_yesterdays_snapshot_does_not_fill_todays_slot():
    assert shape(planned(world(ONE, snapshot(1, ONE, YESTERDAY)))) == [({ONE.id}, {TODAY})]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(snapshot(1, TWO), id="of another volume"),
        pytest.param(snapshot(1, ONE, policy="other"), id="of another policy"),
        pytest.param(snapshot(1, ONE, **FAILED), id="that failed"),
        pytest.param(snapshot(1, ONE, copy_of="snap-9", taken=NOW), id="a copy"),
    ],
)
def test_a_snapshot_that_is_not_the_slots_own_does_not_fill_it(other: Snapshot):
    assert [ids(create) for create in planned(world(ONE, other)).creates] == [{ONE.id}]


def test_missed_slots_are_made_up_once_and_not_ten_times():
    old = snapshot(1, ONE, "daily/2026-11-10")
    made = planned(world(ONE, old))
    assert shape(made) == [({ONE.id}, {TODAY})]
    filled = snapshot(2, ONE, TODAY, started=NOW)
    assert planned(world(ONE, old, filled), now=NOW + timedelta(minutes=1)).creates == ()


def test_one_snapshot_fills_the_slots_of_every_kind():
    every = volume(1, "all")
    (create,) = planned(world(every), ALL_KINDS).creates
    assert set(map(str, create.slots)) == {
        "hourly/2026-11-26T12Z",
        "daily/2026-11-26",
        "weekly/2026-W48",
        "monthly/2026-11",
        "yearly/2026",
    }
    assert " of policy all due 2026-11-26 12:00 UTC - asked for by " in create.because
    filled = snapshot(1, every, " ".join(create.label(frozen=False).slots), policy="all")
    assert planned(world(every, filled), ALL_KINDS, now=NOW + timedelta(minutes=1)).creates == ()


def test_only_the_kinds_that_are_missing_are_filled():
    every = volume(1, "all")
    filled = snapshot(1, every, "daily/2026-11-26 weekly/2026-W48 monthly/2026-11 yearly/2026", policy="all")
    assert shape(planned(world(every, filled), ALL_KINDS)) == [({every.id}, {"hourly/2026-11-26T12Z"})]


def test_slots_before_a_volume_was_created_are_not_its_own():
    assert planned(world(volume(1, "daily", created=moment("2026-11-26 03:01")))).creates == ()
    assert shape(planned(world(volume(1, "daily", created=moment("2026-11-26 03:00"))))) == [({ONE.id}, {TODAY})]


def test_a_young_volume_gets_the_slots_that_came_after_it():
    young = volume(1, "all", created=moment("2026-11-26 11:30"))
    assert shape(planned(world(young), ALL_KINDS)) == [({young.id}, {"hourly/2026-11-26T12Z"})]


# What cannot be made now


@pytest.mark.parametrize("state", ["creating", "deleting", "deleted", "error"])
def test_a_volume_that_ec2_makes_no_snapshots_of_is_skipped(state: str):
    assert planned(world(volume(1, "daily", state=state))).skips == (Skip(ONE.id, f"the volume is {state}"),)


@pytest.mark.parametrize("state", ["available", "in-use"])
def test_a_volume_that_is_whole_is_not_skipped(state: str):
    assert skipped(volume(1, "daily", state=state)) == ""


def test_a_volume_whose_last_one_is_still_pending_is_skipped_and_how_far_it_is_is_said():
    pending = snapshot(1, ONE, YESTERDAY, **PENDING, progress="42%")
    assert skipped(ONE, pending) == f"{pending.id} is still pending (42%)"
    assert skipped(ONE, replace(pending, progress="")) == f"{pending.id} is still pending (no progress yet)"


@pytest.mark.parametrize(
    ("kind", "busy", "is_skipped"),
    [
        ("gp3", 4, False),
        ("gp3", 5, True),
        ("io2", 5, True),
        ("standard", 4, False),
        ("st1", 0, False),
        ("st1", 1, True),
        ("sc1", 1, True),
    ],
)
def test_what_others_have_pending_counts_against_the_limit_of_the_volumes_type(kind: str, busy: int, is_skipped: bool):
    reason = skipped(volume(1, "daily", type=kind), at_work={ONE.id: busy})
    assert bool(reason) == is_skipped


def test_the_limit_is_said_in_good_english_and_with_what_to_do():
    reason = skipped(volume(1, "daily", type="st1"), snapshot(1, ONE, **FAILED), at_work={ONE.id: 1})
    assert "1 snapshots" not in reason
    assert "delete" in reason, "a failed one is in the way for ever, unless somebody deletes it"


@pytest.mark.parametrize(("seconds", "is_skipped"), [(0, True), (14, True), (15, False)])
def test_a_volume_rests_for_15_seconds(seconds: int, is_skipped: bool):
    made = snapshot(1, ONE, YESTERDAY, started=NOW - timedelta(seconds=seconds))
    assert (skipped(ONE, made) == "the last one was begun less than 15 seconds ago") == is_skipped


def test_a_snapshot_from_the_future_stops_nobody():
    """Our clock was put back by hours; EC2's was not."""
    assert skipped(ONE, snapshot(1, ONE, YESTERDAY, started=NOW + timedelta(hours=5))) == ""


@pytest.mark.parametrize(("failures", "is_skipped"), [(1, False), (2, False), (3, True), (4, True)])
def test_after_three_failures_of_one_slot_somebody_has_to_look(failures: int, is_skipped: bool):
    failed = [snapshot(number, ONE, **FAILED) for number in range(failures)]
    reason = skipped(ONE, *failed)
    assert bool(reason) == is_skipped
    assert "see why, and delete" in reason or not is_skipped


def test_failures_of_other_slots_do_not_count():
    assert (
        skipped(
            ONE, *(snapshot(number, ONE, f"daily/{day}", **FAILED) for number, day in enumerate(days("2026-11-21", 4)))
        )
        == ""
    )


def test_three_failures_of_one_slot_do_not_stop_the_next_hours():
    """Else three failures with a yearly slot in them would stop every snapshot of the volume for a year."""
    often = volume(1, "often")
    failed = [
        snapshot(hour, often, f"hourly/2026-11-26T{hour:02}Z daily/2026-11-26", "often", **FAILED)
        for hour in (8, 9, 10)
    ]
    made = planned(world(often, *failed), OFTEN)
    assert [str(slot) for create in made.creates for slot in create.slots if slot.kind == "hourly"] == [
        "hourly/2026-11-26T12Z"
    ]


def test_a_slot_that_was_given_up_is_filled_by_the_next_snapshot_that_is_made_anyway():
    """Else a bad hour on the first of January would cost the year's snapshot."""
    often = volume(1, "often")
    slots = "hourly/2026-11-26T08Z daily/2026-11-26"
    failed = [snapshot(number, often, slots, "often", **FAILED) for number in range(3)]
    assert shape(planned(world(often, *failed), OFTEN)) == [({often.id}, {"hourly/2026-11-26T12Z", "daily/2026-11-26"})]


def test_what_was_asked_for_and_is_not_shown_yet_is_not_asked_for_again():
    made = planned(world(ONE, TWO), asked={f"{ONE.id} {TODAY}": NOW - timedelta(seconds=30)})
    assert [ids(create) for create in made.creates] == [{TWO.id}]
    reason = "one was asked for at 11:59:30 UTC, and EC2 does not show it yet: it may still come"
    assert made.skips == (Skip(ONE.id, reason),)


def test_what_was_asked_for_another_slot_stops_nobody():
    assert len(planned(world(ONE), asked={f"{ONE.id} {YESTERDAY}": NOW}).creates) == 1


def test_what_was_asked_for_one_of_several_slots_stops_them_all():
    every = volume(1, "all")
    made = planned(world(every), ALL_KINDS, asked={f"{every.id} weekly/2026-W48": NOW})
    assert made.creates == ()


def test_a_volume_that_is_skipped_stops_no_other():
    made = planned(world(volume(1, "daily", state="deleting"), TWO))
    assert [ids(create) for create in made.creates] == [{TWO.id}]


def test_a_volume_without_a_slot_that_is_due_is_not_worth_a_word():
    filled = [snapshot(1, ONE), snapshot(2, ONE, YESTERDAY, **PENDING)]
    assert planned(world(volume(1, "daily", state="deleting"), *filled)).skips == ()


# How volumes are put together


def test_all_volumes_of_an_instance_are_made_by_one_call():
    asking = instance(1, volume(1), volume(2), tag="daily", product_codes=("abc",))
    (create,) = planned(world(volume(1), volume(2), asking)).creates
    assert ids(create) == {ONE.id, TWO.id}
    assert create.is_set
    assert create.subject == asking.id
    assert create.excluded == ()
    assert create.keys == [f"{ONE.id} {TODAY}", f"{TWO.id} {TODAY}"]
    label = create.label(frozen=True)
    assert (label.instance, label.volume, label.product_codes) == (asking.id, "", ("abc",))
    assert (label.consistency, create.label(frozen=False).consistency) == (APPLICATION, CRASH)


def test_volumes_that_ask_by_themselves_are_made_together_too_where_they_share_an_instance():
    (create,) = planned(world(ONE, TWO, instance(1, ONE, TWO))).creates
    assert ids(create) == {ONE.id, TWO.id}
    assert create.because.endswith(f"asked for by {ONE.id} {TWO.id}")


def test_a_single_volume_of_an_instance_is_made_by_itself_and_says_which():
    (create,) = planned(world(ONE, volume(2), instance(1, ONE, volume(2)))).creates
    assert not create.is_set
    assert create.label(frozen=False).volume == ONE.id
    assert create.label(frozen=False).instance == instance(1).id


def test_loose_volumes_are_made_each_by_itself():
    assert sorted(map(sorted, map(ids, planned(world(ONE, TWO)).creates))) == [[ONE.id], [TWO.id]]


def test_what_is_not_wanted_of_an_instance_is_left_out_by_its_id_and_the_root_by_its_own_switch():
    root, out = volume(3), volume(4)
    (create,) = planned(world(root, out, ONE, TWO, instance(1, root, ONE, TWO, out, root_volume=root.id))).creates
    assert create.excluded == (out.id,)
    assert not create.takes_root
    (create,) = planned(world(ONE, TWO, instance(1, ONE, TWO, root_volume=ONE.id))).creates
    assert create.excluded == ()
    assert create.takes_root


@pytest.mark.parametrize(("others", "calls"), [(MOST_EXCLUDED, 1), (MOST_EXCLUDED + 1, 2)])
def test_where_too_many_would_have_to_be_left_out_each_volume_is_made_by_itself(others: int, calls: int):
    out = [volume(10 + number) for number in range(others)]
    creates = planned(world(ONE, TWO, *out, instance(1, ONE, TWO, *out))).creates
    assert len(creates) == calls
    assert set().union(*map(ids, creates)) == {ONE.id, TWO.id}
    assert all(len(create.excluded) <= MOST_EXCLUDED or not create.is_set for create in creates)


def test_volumes_of_one_instance_with_different_slots_missing_are_made_apart_so_that_no_slot_comes_twice():
    filled = snapshot(1, ONE, "daily/2026-11-26", policy="often")
    one, two = volume(1, "often"), volume(2, "often")
    assert sorted(shape(planned(world(one, two, filled, instance(1, one, two)), OFTEN)), key=str) == [
        ({one.id}, {"hourly/2026-11-26T12Z"}),
        ({two.id}, {"hourly/2026-11-26T12Z", "daily/2026-11-26"}),
    ]


def test_volumes_of_one_instance_with_different_policies_are_made_apart():
    other = volume(2, "often")
    assert len(planned(world(ONE, other, instance(1, ONE, other)), DAILY, OFTEN).creates) == 2


def test_a_volume_of_an_instance_that_is_pending_is_left_out_of_the_call():
    pending = snapshot(1, ONE, YESTERDAY, **PENDING)
    made = planned(world(ONE, TWO, volume(3, "daily"), pending, instance(1, ONE, TWO, volume(3))))
    assert [(ids(create), create.excluded) for create in made.creates] == [({TWO.id, volume(3).id}, (ONE.id,))]


def test_a_volume_that_is_attached_to_two_instances_is_made_once():
    made = planned(world(ONE, TWO, instance(1, ONE), instance(2, ONE, TWO)))
    assert sorted(id_ for create in made.creates for id_ in ids(create)) == [ONE.id, TWO.id]


def test_a_volume_that_its_instance_does_not_list_yet_is_made_by_itself():
    """The two lists are read one after the other: the call for the instance would leave such a volume out."""
    new = volume(3, "daily", state="in-use", instances=(instance(1).id,))
    creates = planned(world(ONE, TWO, new, instance(1, ONE, TWO))).creates
    assert sorted(map(sorted, map(ids, creates))) == [[ONE.id, TWO.id], [new.id]]


def test_those_in_most_need_come_first():
    recent, old = snapshot(1, ONE, YESTERDAY), snapshot(2, TWO, "daily/2026-11-20")
    never, failed = volume(3, "daily"), snapshot(3, volume(3), YESTERDAY, **FAILED)
    made = planned(world(ONE, TWO, never, recent, old, failed))
    assert [create.subject for create in made.creates] == [never.id, TWO.id, ONE.id]


def test_tags_are_copied_from_the_volume_or_else_from_the_instance():
    text = policy("daily", "tags: [Owner, Project, Cost]")
    one = replace(ONE, tags={TAG: "daily", "Owner": "ann", "Secret": "x"})
    asking = instance(1, one, TWO, tags={"Owner": "bob", "Project": "web"})
    (create,) = planned(world(one, TWO, asking), text).creates
    assert create.copied_tags() == {
        ONE.id: {"Owner": "ann", "Project": "web"},
        TWO.id: {"Owner": "bob", "Project": "web"},
    }


def test_those_that_must_be_frozen_take_long_and_come_last_however_old_their_last_one_is():
    frozen, quick, never = volume(1, "hooked"), volume(2, "daily"), volume(3, "hooked")
    some = [snapshot(1, frozen, "daily/2026-01-01", policy="hooked"), snapshot(2, quick, YESTERDAY)]
    hooked = HOOKED.replace("daily:", "hooked:", 1)
    made = planned(world(frozen, quick, never, *some), DAILY, hooked)
    assert [(create.subject, create.seconds) for create in made.creates] == [
        (quick.id, 0.0),
        (never.id, 60.0),
        (frozen.id, 60.0),
    ]


def test_a_call_for_several_volumes_can_be_made_one_by_one():
    text = policy("daily", "tags: [Owner]")
    one, root = replace(ONE, tags={TAG: "daily", "Owner": "ann"}), volume(3)
    asking = instance(1, root, one, TWO, root_volume=root.id, tags={"Owner": "bob"}, product_codes=("abc",))
    (whole,) = planned(world(root, one, TWO, asking), text).creates
    alone = whole.one_by_one()
    assert [ids(create) for create in alone] == [{ONE.id}, {TWO.id}]
    assert not any(create.is_set for create in alone)
    assert [key for create in alone for key in create.keys] == whole.keys
    assert all(replace(create, volumes=whole.volumes) == whole for create in alone)
    assert [create.label(frozen=True) for create in alone] == [
        replace(whole.label(frozen=True), volume=each.id) for each in whole.volumes
    ]
    assert [create.copied_tags() for create in alone] == [{ONE.id: {"Owner": "ann"}}, {TWO.id: {"Owner": "bob"}}]
    assert alone[0].one_by_one() == alone[:1]


def test_one_whose_tags_somebody_has_changed_fills_its_slot_still():
    assert planned(world(ONE, snapshot(1, ONE, altered="its tags are gone"))).creates == ()


def test_an_unknown_policy_is_told_and_stops_no_other():
    made = planned(world(volume(1, "dayly"), TWO))
    assert [problem.subject for problem in made.problems] == [ONE.id]
    assert [ids(create) for create in made.creates] == [{TWO.id}]


def test_the_plan_of_nothing_is_nothing():
    made = planned(world())
    assert (made.creates, made.skips, made.problems) == ((), (), ())


def test_the_same_is_planned_in_whatever_order_things_are_seen():
    things: list[Volume | Snapshot] = [
        ONE,
        TWO,
        volume(3, "daily"),
        snapshot(1, ONE, YESTERDAY),
        snapshot(2, TWO, YESTERDAY, **PENDING),
    ]
    made = planned(world(*things))
    turned = planned(world(*reversed(things)))
    assert shape(made) == shape(turned)
    assert set(made.skips) == set(turned.skips)
