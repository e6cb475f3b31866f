"""The traps of EBS snapshots that plans answer, each by tests that are named after it."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.snapshots import copies, labels, retention
from chalicelib.snapshots.changes import MOST_TRIES
from chalicelib.snapshots.copies import Destination
from chalicelib.snapshots.labels import COPIES_SHOW, Label
from chalicelib.snapshots.model import Snapshot, Volume
from chalicelib.snapshots.retention import Delete, Ties
from tests.snapshots.worlds import (
    COPIED,
    HERE,
    LONG_AGO,
    NOW,
    STACK,
    THERE,
    TODAY,
    YESTERDAY,
    copy,
    days,
    defined,
    deleted,
    history,
    ids,
    instance,
    moment,
    planned,
    policy,
    snapshot,
    volume,
    world,
)

ONE, TWO = volume(1, "daily"), volume(2, "daily")


def oldest_first(count: int = 10, of: Volume = ONE) -> list[Snapshot]:
    """Return a snapshot for each of the last days."""
    return history(count, of)[::-1]


def test_trap_the_last_one_is_still_pending_at_the_next_run_so_the_volume_is_skipped_and_it_is_said():
    pending = snapshot(1, ONE, YESTERDAY, state="pending", progress="42%")
    made = planned(world(ONE, TWO, pending))
    assert [ids(create) for create in made.creates] == [{TWO.id}]
    assert [(skip.volume, skip.because) for skip in made.skips] == [(ONE.id, f"{pending.id} is still pending (42%)")]


@pytest.mark.parametrize("state", ["pending", "completed"])
def test_trap_a_run_that_comes_twice_makes_nothing_the_second_time_since_the_call_itself_names_the_slot(state: str):
    (create,) = planned(world(ONE)).creates
    tags, description = create.label(frozen=False).tags(STACK), create.label(frozen=False).description(STACK)
    assert tags["groundskeeper:slots"] == TODAY
    assert TODAY in description
    label = labels.read(tags, description, ONE.id, STACK)
    assert isinstance(label, Label)
    shown = Snapshot("snap-1", ONE.id, state, NOW, label)
    assert planned(world(ONE, shown)).creates == ()


def test_trap_a_run_that_comes_twice_makes_nothing_the_second_time_though_ec2_does_not_show_it_yet():
    (create,) = planned(world(ONE)).creates
    made = planned(world(ONE), asked=dict.fromkeys(create.keys, NOW))
    assert made.creates == ()
    assert "EC2 does not show it yet" in made.skips[0].because


@pytest.mark.parametrize("state", ["pending", "error", "recoverable", "recovering"])
def test_trap_retention_neither_counts_nor_deletes_what_is_pending_or_failed(state: str):
    others = [snapshot(number, ONE, f"daily/2026-12-{number}", state=state) for number in range(20, 30)]
    assert deleted([*oldest_first(8), *others]) == {oldest_first(8)[0].id}


def test_trap_retention_counts_copies_by_themselves():
    text = policy("daily", f"copy: {{region: {HERE}, keep: {{daily: {{count: 9}}}}}}")
    some = [*oldest_first(8), *(copy(number, each) for number, each in enumerate(oldest_first(8, volume(3))))]
    assert deleted(some, text) == {oldest_first(8)[0].id}


@pytest.mark.parametrize(
    ("tags", "description", "shows"),
    [
        pytest.param({}, "", ONE.id, id="made by hand"),
        pytest.param({"Name": "daily", "Snapshot": "daily"}, "daily", ONE.id, id="made by hand, with a tag"),
        pytest.param(None, "[Copied snap-1 from eu-west-1]", COPIES_SHOW, id="copied by hand, with its tags"),
        pytest.param(None, None, COPIES_SHOW, id="copied by hand, with tags and description"),
        pytest.param(
            {"aws:backup:source-resource": f"arn:aws:ec2:eu-west-1:1:volume/{ONE.id}"}, "", ONE.id, id="by AWS Backup"
        ),
        pytest.param({"aws:dlm:lifecycle-policy-id": "policy-1", "dlm:managed": "true"}, "", ONE.id, id="by DLM"),
    ],
)
def test_trap_what_we_did_not_make_never_comes_before_retention(tags, description, shows):
    ours = oldest_first(1)[0].label
    found = labels.read(
        ours.tags(STACK) if tags is None else tags,
        ours.description(STACK) if description is None else description,
        shows,
        STACK,
    )
    assert isinstance(found, str)


@pytest.mark.parametrize("key", [labels.STACK, "groundskeeper:policy", "groundskeeper:slots"])
@pytest.mark.parametrize("value", [None, "something else"], ids=["stripped", "changed"])
def test_trap_who_strips_or_changes_tags_gets_no_second_snapshot_and_loses_none(key: str, value: str | None):
    (create,) = planned(world(ONE)).creates
    written = create.label(frozen=False)
    tags = {name: text for name, text in {**written.tags(STACK), key: value}.items() if text is not None}
    label = labels.read(tags, written.description(STACK), ONE.id, STACK)
    assert isinstance(label, Label)
    shown = Snapshot("snap-1", ONE.id, "completed", NOW, label)
    assert planned(world(ONE, shown)).creates == ()
    old = replace(shown, started=LONG_AGO)
    assert deleted([*history(9), old], policy(keep="days: 2")) == {each.id for each in history(9)[2:]}


def test_trap_a_snapshot_that_an_image_uses_is_left_and_the_others_go():
    held = {each.id: "the disabled image ami-1 uses it" for each in oldest_first(10)[1:2]}
    assert deleted(oldest_first(10), held=held) == {oldest_first(10)[0].id, oldest_first(10)[2].id}
    verdicts = retention.plan(oldest_first(10), Ties(held), defined(), HERE, NOW)
    assert verdicts[1].because == "the disabled image ami-1 uses it"


@pytest.mark.parametrize("state", ["creating", "deleting", "deleted", "error"])
def test_trap_a_volume_that_is_not_whole_is_skipped_and_only_that_one(state: str):
    broken = volume(1, "daily", state=state)
    made = planned(world(broken, TWO, volume(3, "daily"), instance(1, broken, TWO, volume(3))))
    assert [ids(create) for create in made.creates] == [{TWO.id, volume(3).id}]
    assert made.creates[0].excluded == (broken.id,)
    assert [skip.because for skip in made.skips] == [f"the volume is {state}"]


def test_trap_a_volume_that_is_gone_is_planned_for_no_more_and_its_snapshots_are_kept_by_the_rule():
    assert planned(world(*oldest_first())).creates == ()
    assert deleted(oldest_first()) == {each.id for each in oldest_first()[:3]}


def test_trap_one_error_does_not_stop_the_rest():
    """Each volume here has its own reason to be skipped; the last one has none."""
    busy, failed = volume(3, "daily", type="st1"), volume(4, "daily")
    failures = [snapshot(10 + number, failed, state="error") for number in range(MOST_TRIES)]
    broken, unknown, good = volume(5, "daily", state="error"), volume(6, "dayly"), volume(7, "daily")
    seen = world(busy, failed, broken, unknown, good, *failures, at_work={busy.id: 1})
    made = planned(seen)
    assert [ids(create) for create in made.creates] == [{good.id}]
    assert {skip.volume for skip in made.skips} == {busy.id, failed.id, broken.id}
    assert {problem.subject for problem in made.problems} == {unknown.id}


def test_trap_a_run_after_23_hours_and_59_minutes_skips_no_day():
    snapshots: list[Snapshot] = []
    now = moment("2026-11-01 03:00")
    for number in range(25):
        for create in planned(world(ONE, *snapshots), now=now).creates:
            label = create.label(frozen=False)
            snapshots.append(Snapshot(f"snap-{number}", ONE.id, "completed", now, label))
        now += timedelta(hours=23, minutes=59) if number % 2 else timedelta(days=1, seconds=20)
    filled = [slot for each in snapshots for slot in each.label.slots]
    assert filled == [f"daily/{day}" for day in days("2026-11-01", len(filled))]
    assert len(filled) >= 24


def test_trap_runs_at_odd_times_make_one_a_day_however_often_they_come():
    snapshots: list[Snapshot] = []
    for number in range(400):
        now = moment("2026-11-01 03:00") + timedelta(minutes=37 * number)
        for create in planned(world(ONE, *snapshots), now=now).creates:
            label = create.label(frozen=False)
            snapshots.append(Snapshot(f"snap-{number}", ONE.id, "completed", now, label))
    assert [each.label.slots for each in snapshots] == [(f"daily/{day}",) for day in days("2026-11-01", 11)]
    assert all(after.started - before.started < timedelta(hours=25) for before, after in pairwise(snapshots))


@pytest.mark.parametrize("gone", [frozenset({ONE.id}), frozenset()], ids=["a dead volume", "a living one"])
@pytest.mark.parametrize("more", [(), ("gone: 7",)], ids=["by age", "by age and gone"])
def test_trap_deleting_by_age_alone_never_takes_the_last_copy_of_a_dead_volume(
    gone: frozenset[str], more: tuple[str, ...]
):
    text = policy("daily", *more, keep="days: 7")
    old = [replace(each, started=LONG_AGO + timedelta(days=number)) for number, each in enumerate(oldest_first())]
    verdicts = retention.plan(old, Ties(gone=gone), defined(text), HERE, NOW)
    assert [verdict.snapshot for verdict in verdicts if not isinstance(verdict, Delete)] == [old[-1]]
    assert deleted(old[-1:], text) == set()
    failed = replace(old[-1], state="error")
    assert deleted([*old[:-1], failed], text) == {each.id for each in old[:-2]}, "a failed one is no copy"


def test_trap_all_volumes_of_an_instance_are_cut_at_one_instant():
    root, data = volume(3), volume(4)
    (create,) = planned(world(root, data, instance(1, root, data, tag="daily", root_volume=root.id))).creates
    assert (ids(create), create.takes_root, create.excluded, create.is_set) == ({root.id, data.id}, True, (), True)


def test_trap_a_multi_attached_volume_is_made_once():
    shared = volume(1)
    users = [instance(number, shared, tag="daily") for number in (1, 2, 3)]
    assert [ids(create) for create in planned(world(shared, *users)).creates] == [{shared.id}]


def test_trap_no_reason_promises_saved_money_or_space():
    words = [verdict.because for verdict in retention.plan(oldest_first(), Ties(), defined(), HERE, NOW)]
    assert not any(word in each for each in words for word in ("GiB", "GB", "$", "save", "free"))


def test_trap_copies_show_another_volume_so_they_are_grouped_by_what_they_say_themselves():
    made = copy(1, oldest_first(1)[0])
    for tags in (made.label.tags(STACK), {}):
        found = labels.read(tags, made.label.description(STACK), COPIES_SHOW, STACK)
        assert isinstance(found, Label)
        assert found.volume == ONE.id


@pytest.mark.parametrize(
    ("kind", "most"), [("gp2", 5), ("gp3", 5), ("io1", 5), ("io2", 5), ("standard", 5), ("st1", 1), ("sc1", 1)]
)
def test_trap_the_pending_limit_of_each_type_is_kept_by_planning_and_not_by_failing(kind: str, most: int):
    each = volume(1, "daily", type=kind)
    assert len(planned(world(each, at_work={each.id: most - 1})).creates) == 1
    assert planned(world(each, at_work={each.id: most})).creates == ()


def test_trap_product_codes_pass_to_the_snapshot_and_to_its_copy():
    asking = instance(1, ONE, product_codes=("abc",))
    (create,) = planned(world(ONE, asking)).creates
    label = create.label(frozen=False)
    assert label.product_codes == ("abc",)
    assert labels.read(label.tags(STACK), label.description(STACK), ONE.id, STACK) == label
    source = replace(snapshot(1, ONE), label=label)
    (copying,) = copies.plan(HERE, [source], Destination(THERE), defined(COPIED), NOW).copies
    assert copying.label.product_codes == ("abc",)
