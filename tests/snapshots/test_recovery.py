"""Recovery: which snapshot brings a volume back, by which commands, and what stands in the way."""

import json
import shlex
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.snapshots.labels import APPLICATION
from chalicelib.snapshots.model import Instance, Snapshot, Volume
from chalicelib.snapshots.recovery import Recovery, Source, recover
from tests.snapshots.worlds import HERE, NOW, THERE, copy, days, instance, moment, snapshot, volume, world

ONE, TWO = volume(1, zone="eu-west-1a"), volume(2, zone="eu-west-1a")
THREE_DAYS = [snapshot(number, ONE, f"daily/{day}") for number, day in enumerate(days("2026-11-24", 3), start=1)]
OURS = THREE_DAYS[-1]


def recovery(
    *things: Volume | Instance | Snapshot, of: str = ONE.id, at: datetime = NOW, copies: list[Snapshot] | None = None
) -> Recovery:
    return recover(of, at, world(*things), [Source(each, THERE) for each in copies or []])


def actions(found: Recovery) -> list[str]:
    """Return the subcommands; of a wait, what for too."""
    words = [shlex.split(command)[2:] for command in found.commands]
    return [" ".join(each[:2]) if each[0] == "wait" else each[0] for each in words]


def command(found: Recovery, name: str) -> str:
    return next(each for each in found.commands if each.startswith(f"aws ec2 {name}"))


@pytest.mark.parametrize(
    ("at", "number"),
    [
        ("2026-11-26 12:00", 3),
        ("2026-11-26 03:00", 3),
        ("2026-11-26 02:59", 2),
        ("2026-11-25 00:00", 1),
        ("2030-01-01 00:00", 3),
    ],
)
def test_the_last_one_before_the_time_is_taken(at: str, number: int):
    found = recovery(ONE, *THREE_DAYS, at=moment(at))
    assert found.source == Source(THREE_DAYS[number - 1], HERE)


@pytest.mark.parametrize(
    ("some", "why"),
    [
        pytest.param([], f"there is no snapshot of {ONE.id} that we made", id="none at all"),
        pytest.param([snapshot(1, TWO)], f"there is no snapshot of {ONE.id} that we made", id="only of another volume"),
        pytest.param(
            [snapshot(1, ONE, state="pending"), snapshot(2, ONE, state="error")],
            f"no snapshot of {ONE.id} is completed: {snapshot(1, ONE).id} is pending, {snapshot(2, ONE).id} is error",
            id="none that is completed",
        ),
        pytest.param(
            [snapshot(1, ONE, started=NOW + timedelta(hours=1))],
            f"the first completed snapshot of {ONE.id} is {snapshot(1, ONE).id}, taken 2026-11-26 13:00:00 UTC",
            id="none before the time",
        ),
    ],
)
def test_where_nothing_can_be_done_why_is_said(some: list[Snapshot], why: str):
    assert recovery(ONE, *some) == Recovery(None, obstacles=(why,))


def test_a_snapshot_here_is_taken_before_a_copy_of_the_same_instant():
    assert recovery(ONE, OURS, copies=[copy(1, OURS)]).source == Source(OURS, HERE)


def test_a_newer_copy_is_taken_before_an_older_snapshot_here():
    made = copy(1, OURS)
    found = recovery(ONE, THREE_DAYS[0], copies=[made])
    assert found.source == Source(made, THERE)
    assert any("the snapshot is in eu-central-1" in each for each in found.obstacles)


def test_a_copy_is_of_the_time_of_its_data_and_not_of_its_making():
    made = copy(1, OURS, started=NOW + timedelta(days=9))
    assert recovery(ONE, copies=[made]).source == Source(made, THERE)
    assert recovery(ONE, copies=[made], at=OURS.started - timedelta(seconds=1)).source is None


def test_a_loose_volume_comes_back_by_making_it_and_attaching_it_where_one_wants():
    made = f"aws ec2 create-volume --region {HERE} --snapshot-id {OURS.id} --availability-zone eu-west-1a"
    assert recovery(ONE, OURS).commands == (
        f"{made} --volume-type gp3",
        f"aws ec2 wait volume-available --region {HERE} --volume-ids NEW-VOLUME",
        f"aws ec2 attach-volume --region {HERE} --volume-id NEW-VOLUME --instance-id INSTANCE --device DEVICE",
    )


def test_a_volume_is_as_fast_as_it_was():
    """Without --iops EC2 refuses io1 and io2: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html."""
    fast = replace(ONE, type="io2", iops=5_000)
    assert command(recovery(fast, OURS), "create-volume").endswith("--volume-type io2 --iops 5000")
    fast = replace(ONE, type="gp3", iops=4_000, throughput=250)
    assert command(recovery(fast, OURS), "create-volume").endswith("--volume-type gp3 --iops 4000 --throughput 250")
    slow = replace(ONE, type="gp2", iops=300)
    assert command(recovery(slow, OURS), "create-volume").endswith("--volume-type gp2")


TAGS = {"Snapshot": "daily", "Name": "it's data", "aws:cloudformation:stack-name": "web", "Empty": ""}


def option(found: Recovery, name: str, option_: str) -> str:
    """Return what a command is given for an option, as a shell hands it on."""
    words = shlex.split(command(found, name))
    return words[words.index(option_) + 1]


def test_the_new_volume_gets_the_tags_of_the_old_one_so_that_it_is_snapshotted_as_well():
    """Tags that begin with aws: are refused: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html."""
    found = recovery(replace(ONE, tags=TAGS), OURS)
    (said,) = json.loads(option(found, "create-volume", "--tag-specifications"))
    assert said["ResourceType"] == "volume"
    assert {tag["Key"]: tag["Value"] for tag in said["Tags"]} == {
        "Snapshot": "daily",
        "Name": "it's data",
        "Empty": "",
    }


@pytest.mark.parametrize("tags", [{}, {"aws:cloudformation:stack-name": "web"}], ids=["none", "only those of AWS"])
def test_a_volume_without_tags_gets_none(tags: dict[str, str]):
    assert "--tag-specifications" not in command(recovery(replace(ONE, tags=tags), OURS), "create-volume")


def test_an_archived_one_is_restored_first_in_its_own_region():
    """https://docs.aws.amazon.com/cli/latest/reference/ec2/restore-snapshot-tier.html."""
    archived = replace(OURS, is_archived=True)
    restore = f"aws ec2 restore-snapshot-tier --region REGION --snapshot-id {OURS.id} --temporary-restore-days 7"
    said = f"it is archived: restore it first, which takes up to 72 hours: {restore}"
    assert said.replace("REGION", HERE) in recovery(ONE, archived).obstacles
    there = replace(copy(1, OURS), is_archived=True)
    said = said.replace(OURS.id, there.id)
    assert said.replace("REGION", THERE) in recovery(ONE, copies=[there]).obstacles
    assert not any("archived" in each for each in recovery(ONE, OURS).obstacles)


def test_a_copy_is_brought_home_by_one_command_that_is_asked_of_home():
    made = copy(1, OURS)
    home = f"aws ec2 copy-snapshot --region {HERE} --source-region {THERE} --source-snapshot-id {made.id}"
    (said,) = [each for each in recovery(ONE, copies=[made]).obstacles if "copy-snapshot" in each]
    assert said == (
        f"the snapshot is in {THERE}: so will be the volume, and the instance must be there too; or bring it home "
        f"first: {home}"
    )
    assert not any("copy-snapshot" in each for each in recovery(ONE, OURS).obstacles)


def test_where_home_is_not_known_the_reader_fills_it_in():
    found = recover(ONE.id, NOW, replace(world(), region=""), [Source(copy(1, OURS), THERE)])
    assert any("aws ec2 copy-snapshot --region REGION --source-region" in each for each in found.obstacles)


def test_one_whose_tags_somebody_has_changed_brings_its_volume_back_as_well():
    altered = replace(OURS, label=replace(OURS.label, altered="its tags are gone"))
    assert recovery(ONE, altered).source == Source(altered, HERE)


def test_a_data_volume_is_exchanged_where_it_is():
    user = instance(1, volume(9), ONE)
    found = recovery(ONE, volume(9), OURS, user)
    assert actions(found) == [
        "create-volume",
        "wait volume-available",
        "detach-volume",
        "wait volume-available",
        "attach-volume",
    ]
    assert command(found, "attach-volume").endswith(f"--instance-id {user.id} --device /dev/sdb")


STOPPED = [
    "create-volume",
    "wait volume-available",
    "stop-instances",
    "wait instance-stopped",
    "detach-volume",
    "wait volume-available",
    "attach-volume",
    "start-instances",
]


def test_for_a_root_volume_the_instance_is_stopped_waited_for_and_started_again():
    assert actions(recovery(ONE, OURS, instance(1, ONE, root_volume=ONE.id))) == STOPPED


CODED = replace(OURS, label=replace(OURS.label, product_codes=("abc",)))


def test_what_carries_a_product_code_is_attached_to_a_stopped_instance():
    found = recovery(ONE, CODED, instance(1, volume(9), ONE))
    assert actions(found) == STOPPED
    assert any(
        "the AWS Marketplace code abc: the volume attaches only to a stopped" in each for each in found.obstacles
    )


def test_an_instance_that_is_stopped_is_not_stopped_or_started():
    found = recovery(ONE, CODED, instance(1, ONE, state="stopped"))
    assert "stop-instances" not in actions(found)
    assert "start-instances" not in actions(found)


def test_an_instance_that_is_stopping_is_waited_for():
    found = recovery(ONE, CODED, instance(1, ONE, state="stopping"))
    assert "wait instance-stopped" in actions(found)


def test_a_volume_of_two_instances_is_detached_from_both_by_name():
    """EC2 wants the instance where there are several: API_DetachVolume.html (InstanceId)."""
    found = recovery(ONE, OURS, instance(1, ONE), instance(2, ONE))
    detached = [each for each in found.commands if "detach-volume" in each]
    assert [each.rpartition("--instance-id ")[2] for each in detached] == [instance(1).id, instance(2).id]


def test_a_command_never_names_what_is_in_another_region():
    found = recovery(ONE, instance(1, ONE, root_volume=ONE.id), copies=[copy(1, OURS)])
    for each in found.commands:
        assert f"--region {THERE}" in each
        assert not {instance(1).id, ONE.id, "eu-west-1a"} & set(shlex.split(each))


def test_a_volume_that_is_gone_comes_back_too():
    found = recovery(OURS)
    choose = "choose the availability zone, and an instance there, and tag the new volume"
    assert f"{ONE.id} is gone: {choose}" in found.obstacles
    assert command(found, "create-volume").endswith("--availability-zone AVAILABILITY-ZONE")


def test_what_is_encrypted_needs_its_key():
    assert any("kms:CreateGrant" in each for each in recovery(ONE, replace(OURS, is_encrypted=True)).obstacles)
    assert not any("kms:" in each for each in recovery(ONE, OURS).obstacles)


def test_what_is_crash_consistent_is_said():
    frozen = replace(OURS, label=replace(OURS.label, consistency=APPLICATION))
    assert any(each.startswith("it is crash-consistent") for each in recovery(ONE, OURS).obstacles)
    assert recovery(ONE, frozen).obstacles == ()


@pytest.mark.parametrize(
    ("other", "is_said"),
    [
        pytest.param(snapshot(9, ONE, started=NOW, state="pending", progress="7%"), True, id="a newer one"),
        pytest.param(snapshot(9, ONE, started=moment("2026-11-20 00:00"), state="pending"), False, id="an older one"),
        pytest.param(snapshot(9, TWO, started=NOW, state="pending"), False, id="another volume's"),
        pytest.param(snapshot(9, ONE, started=NOW + timedelta(hours=1), state="pending"), False, id="one too late"),
    ],
)
def test_a_newer_one_that_is_still_pending_is_said(other: Snapshot, is_said: bool):
    found = recovery(ONE, OURS, other)
    assert (f"{other.id} is newer, and still pending (7%)" in found.obstacles) == is_said
    assert any("still pending" in each for each in found.obstacles) == is_said


def test_a_pending_copy_of_the_same_data_is_not_newer():
    found = recovery(ONE, OURS, copies=[copy(1, OURS, state="pending")])
    assert not any("still pending" in each for each in found.obstacles)


def together(number: int, of: Volume, **said) -> Snapshot:
    return snapshot(number, of, instance=instance(1).id, **said)


def test_siblings_are_those_that_one_call_made():
    mine, other = together(1, ONE), together(2, TWO, started=OURS.started + timedelta(seconds=1))
    strangers = [
        together(3, volume(3), started=mine.started + timedelta(minutes=5)),
        together(4, volume(4), slots="daily/2026-11-25", started=mine.started),
        snapshot(5, volume(5), instance=instance(2).id),
        snapshot(6, volume(6)),
    ]
    assert recovery(ONE, mine, other, *strangers).siblings == (other,)


def test_a_loose_volumes_snapshot_has_no_siblings():
    assert recovery(ONE, OURS, snapshot(9, TWO)).siblings == ()


def test_the_siblings_of_a_copy_are_copies():
    mine, other = together(1, ONE), together(2, TWO)
    here, there = [other], [copy(1, mine), copy(2, other, started=NOW)]
    assert recovery(ONE, *here, copies=there).siblings == (there[1],)


def test_a_sibling_from_which_nothing_can_be_made_is_none():
    mine, other = together(1, ONE), together(2, TWO, state="error")
    assert recovery(ONE, mine, other).siblings == ()


def test_snapshots_of_two_policies_were_not_made_by_one_call():
    mine, other = together(1, ONE), together(2, TWO, policy="other", started=OURS.started + timedelta(seconds=9))
    assert recovery(ONE, mine, other).siblings == ()


def test_copies_may_come_one_by_one():
    found = recover(ONE.id, NOW, world(ONE), iter([Source(copy(1, OURS), THERE)]))
    assert found.source == Source(copy(1, OURS), THERE)
