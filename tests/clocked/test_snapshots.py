"""Snapshots, end to end: the packaged functions under their own roles, on a clock that is set."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.ssm.behaviour import Fails
from tests.clocked.garden import HERE, THERE, Garden, fired_twice, moment, set_clock
from tests.deployed.conftest import eventually
from tests.deployed.permissions import allowed, used
from tests.snapshots.yards import Yard, tags

POLICIES = f"""policies:
  daily: {{schedules: {{daily: {{at: "03:00", keep: {{count: 2}}}}}}, tags: [Owner]}}
  rare: {{schedules: {{daily: {{at: "03:00", keep: {{count: 2}}}}}}}}
  all-kinds:
    schedules:
      hourly: {{every: 12, keep: {{count: 2}}}}
      daily: {{at: "03:00", keep: {{count: 2}}}}
      weekly: {{at: "03:00", on: monday, keep: {{count: 2}}}}
  copied:
    schedules: {{daily: {{at: "03:00", keep: {{count: 2}}}}}}
    copy: {{region: {THERE}, keep: {{daily: {{count: 3}}}}}}
  hooked:
    schedules: {{daily: {{at: "03:00", keep: {{count: 2}}}}}}
    hooks: {{freeze: fsfreeze -f /data, thaw: fsfreeze -u /data, seconds: 20}}
  secret: {{schedules: {{daily: {{at: "03:00", keep: {{count: 2}}}}}}, encryption: required}}
"""
NIGHT = timedelta(hours=3, minutes=4)
ALLOWED = {"groundskeeper:hooks": "allowed"}
_starts = iter(moment("2027-03-01") + timedelta(days=30 * number) for number in range(100))


@pytest.fixture(scope="module")
def garden(cloud: LocalCloud) -> Iterator[Garden]:
    """Return a stack that tests share; each takes volumes and days of its own."""
    made = Garden(cloud, POLICIES, {"SnapshotHooks": "1"})
    yield made
    made.leave()


@pytest.fixture
def day(cloud: LocalCloud, garden: Garden) -> Iterator[datetime]:
    """Return a midnight; it is the evening before. Nobody else's volumes ask for anything then."""
    start = next(_starts)
    set_clock(cloud, start - timedelta(hours=2))
    yield start
    garden.yard.leave()
    garden.yard.hosts.clear()
    garden.yard.disks.clear()
    set_clock(cloud, None)


def test_volumes_that_ask_for_it_get_one_snapshot_a_slot_however_often_it_runs(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    host, volumes = garden.yard.instance(2, "daily", {"Owner": "ops"})
    garden.yard.ec2.create_tags(Resources=volumes[2:], Tags=[{"Key": garden.yard.tag, "Value": "none"}])
    loose, silent = garden.yard.volume("daily"), garden.yard.volume()
    every = (*volumes, loose, silent)
    assert garden.sweep()["error"] is None
    assert garden.of(*every) == [], "they were made after the last slot"
    set_clock(cloud, day + NIGHT)
    garden.swept()
    slot = f"daily/{day:%Y-%m-%d}"
    once = {(volume, slot): 1 for volume in (*volumes[:2], loose)}
    assert garden.counts(*every) == once
    for shown in garden.of(*volumes):
        said = tags(shown)
        assert (said["groundskeeper:stack"], said["groundskeeper:policy"]) == (garden.site.name, "daily")
        assert (said["groundskeeper:instance"], said["Owner"]) == (host, "ops")
        assert said["groundskeeper:consistency"] == "crash-consistent"
        assert abs(shown["StartTime"] - cloud.aws.clock.now()) < timedelta(minutes=2)
    garden.swept()
    assert garden.counts(*every) == once
    set_clock(cloud, day + timedelta(days=1) + NIGHT)
    fired_twice(garden, "sweep-snapshots")
    tomorrow = f"daily/{day + timedelta(days=1):%Y-%m-%d}"
    eventually(lambda: len(garden.counts(*every)) == 6)
    assert garden.counts(*every) == once | {(volume, tomorrow): 1 for volume, _ in once}


def test_one_snapshot_fills_the_slots_of_every_kind_and_what_was_missed_is_made_up_once(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    volume = garden.yard.volume("all-kinds")
    set_clock(cloud, day + timedelta(days=12) + NIGHT)
    garden.swept()
    (shown,) = garden.of(volume)
    kinds = [slot.partition("/")[0] for slot in tags(shown)["groundskeeper:slots"].split()]
    assert kinds == ["hourly", "daily", "weekly"]


def test_what_is_completed_is_copied_to_the_second_region_without_waiting_for_a_sweep(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    _, volumes = garden.yard.instance(1, "copied")
    loose = garden.yard.volume("copied")
    every = {*volumes, loose}
    set_clock(cloud, day + NIGHT)
    garden.swept()
    eventually(lambda: len(garden.of(*every, region=THERE)) == 3)
    copies = garden.of(*every, region=THERE)
    assert garden.copied(*every) == {shown["SnapshotId"] for shown in garden.of(*every)}
    assert {tags(shown)["groundskeeper:volume"] for shown in copies} == every
    garden.await_completion(THERE)
    cloud.wait_idle()
    garden.swept()
    assert len(garden.of(*every, region=THERE)) == 3


def test_a_source_is_not_deleted_before_its_copy_is_completed_and_copies_have_a_retention_of_their_own(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    volume = garden.yard.volume("copied")
    garden.history("copied", day + NIGHT, 4, volume)
    sources = [shown["SnapshotId"] for shown in garden.of(volume)]
    with garden.standing_still():
        assert garden.sweep()["error"] is None
        assert garden.copied(volume) == set(sources[1:])
        assert garden.retire()["error"] is None
        assert [shown["SnapshotId"] for shown in garden.of(volume)] == sources[1:], "two are kept, one is copied"
        garden.yard.complete(*(shown["SnapshotId"] for shown in garden.of(volume, region=THERE)))
    assert garden.retire()["error"] is None
    assert [shown["SnapshotId"] for shown in garden.of(volume)] == sources[2:]
    assert garden.copied(volume) == set(sources[1:]), "three are kept"
    set_clock(cloud, day + timedelta(days=4) + NIGHT)
    garden.swept()
    eventually(lambda: len(garden.copied(volume)) == 4)
    garden.await_completion(THERE)
    newest = garden.of(volume)[-1]["SnapshotId"]
    assert garden.retire()["error"] is None
    assert garden.copied(volume) == {*sources[2:], newest}


def test_retirement_deletes_what_it_may_with_a_reason_each_and_leaves_all_else(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    plain, imaged, locked, gone = (garden.yard.volume("daily") for _ in range(4))
    garden.history("daily", day + NIGHT, 3, plain, imaged, locked)
    garden.history("all-kinds", day + NIGHT, 1, gone)
    garden.yard.ec2.delete_volume(VolumeId=gone)
    set_clock(cloud, day + timedelta(days=20))
    by_hand = garden.yard.by_hand(plain, "before the migration")
    first = {volume: garden.of(volume)[0]["SnapshotId"] for volume in (plain, imaged, locked, gone)}
    mapped = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": first[imaged]}}]
    image = garden.yard.ec2.register_image(Name=imaged, RootDeviceName="/dev/sda1", BlockDeviceMappings=mapped)
    garden.yard.ec2.disable_image(ImageId=image["ImageId"])
    garden.yard.ec2.lock_snapshot(SnapshotId=first[locked], LockMode="governance", LockDuration=1)
    assert garden.retire()["error"] is None
    assert [len(garden.of(volume)) for volume in (plain, imaged, locked, gone)] == [2, 3, 3, 1]
    deleted = {line["snapshot"]: line["because"] for line in garden.said("retire-snapshots", "deleted")}
    assert "number 3" in deleted[first[plain]]
    assert not {first[imaged], first[locked], first[gone]} & set(deleted)
    assert garden.yard.ec2.describe_snapshots(SnapshotIds=[by_hand])["Snapshots"]
    assert garden.metrics("retire-snapshots")["GoodRetirements"] == 1
    before = len(garden.yard.snapshots())
    assert garden.retire()["error"] is None
    assert len(garden.yard.snapshots()) == before
    garden.yard.ec2.deregister_image(ImageId=image["ImageId"])
    garden.yard.ec2.unlock_snapshot(SnapshotId=first[locked])


def test_what_looks_like_a_mistake_is_not_deleted_and_said(cloud: LocalCloud, garden: Garden, day: datetime):
    volume = garden.yard.volume("rare")
    garden.history("rare", day - timedelta(days=20), 20, volume)
    answer = garden.retire()
    assert "would be removed because a policy, a clock or a tag has changed" in answer["payload"]["errorMessage"]
    assert len(garden.of(volume)) == 20
    assert garden.metrics("retire-snapshots")["GoodRetirements"] == 0
    for shown in garden.of(volume):
        garden.yard.ec2.delete_snapshot(SnapshotId=shown["SnapshotId"])


def test_hooks_freeze_instances_that_allow_it_for_their_snapshots_and_what_fails_is_said(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    good, volumes = garden.yard.instance(1, "hooked", ALLOWED)
    bad, (bad_root,) = garden.yard.instance(0, "hooked", ALLOWED)
    shy, (shy_root,) = garden.yard.instance(0, "hooked")
    cloud.aws.ssm.behave(bad, Fails(1, error="fsfreeze: /data: not a mountpoint"))
    set_clock(cloud, day + NIGHT)
    garden.swept()
    runs = [run for run in cloud.aws.ssm.runs if run.instance_id == good]
    assert ["fsfreeze -f" in str(run.commands) for run in runs] == [True, False]
    assert "fsfreeze -u" in str(runs[1].commands)
    assert {tags(shown)["groundskeeper:consistency"] for shown in garden.of(*volumes)} == {"application-consistent"}
    for root in (bad_root, shy_root):
        assert [tags(shown)["groundskeeper:consistency"] for shown in garden.of(root)] == ["crash-consistent"]
    said = {line["subject"]: line["reason"] for line in reversed(garden.said("sweep-snapshots", "left alone"))}
    assert "not a mountpoint" in said[bad]
    assert "AccessDenied" in said[shy]
    assert good not in said
    assert [run for run in cloud.aws.ssm.runs if run.instance_id == shy] == []


def test_product_codes_are_written_down(cloud: LocalCloud, garden: Garden, day: datetime):
    host, (root,) = garden.yard.instance(0, "daily")
    cloud.aws.ebs.set_product_codes(host, ["abc123"])
    set_clock(cloud, day + NIGHT)
    garden.swept()
    (shown,) = garden.of(root)
    assert tags(shown)["groundskeeper:product-codes"] == "abc123"


def test_what_fails_is_said_at_once_and_made_again(cloud: LocalCloud, garden: Garden, day: datetime):
    volume = garden.yard.volume("daily")
    set_clock(cloud, day + NIGHT)
    with garden.standing_still():
        garden.sweep()
        (failing,) = garden.of(volume)
        cloud.aws.ebs.fail(failing["SnapshotId"], "Internal error")
        cloud.wait_idle()
    assert garden.said("on-snapshots-ended", "in trouble")[-1]["snapshot"] == failing["SnapshotId"]
    assert garden.metrics("on-snapshots-ended")["SnapshotsInTrouble"] == 1
    set_clock(cloud, day + NIGHT + timedelta(minutes=15))
    garden.sweep()
    eventually(lambda: [shown["State"] for shown in garden.of(volume)] == ["error", "completed"])
    garden.yard.ec2.delete_snapshot(SnapshotId=failing["SnapshotId"])


def test_what_is_exposed_or_not_encrypted_or_has_an_unknown_policy_is_said(
    cloud: LocalCloud, garden: Garden, day: datetime
):
    open_, secret = garden.yard.volume("daily"), garden.yard.volume("secret")
    typo = garden.yard.volume("dayly")
    set_clock(cloud, day + NIGHT)
    garden.swept()
    (public,), (plain,) = garden.of(open_), garden.of(secret)
    garden.yard.ec2.modify_snapshot_attribute(
        SnapshotId=public["SnapshotId"],
        Attribute="createVolumePermission",
        OperationType="add",
        GroupNames=["all"],
    )
    garden.retire()
    exposed = {line["subject"]: line["reason"] for line in garden.said("retire-snapshots", "exposed")}
    assert exposed[public["SnapshotId"]] == f"everybody may read this snapshot of {open_}"
    assert "is not encrypted" in exposed[plain["SnapshotId"]]
    assert "enable-snapshot-block-public-access" in exposed[HERE]
    metrics = garden.metrics("retire-snapshots")
    assert (metrics["SnapshotsExposed"], metrics["SnapshotsUnencrypted"]) == (1, 1)
    unknown = {line["subject"]: line["reason"] for line in garden.said("sweep-snapshots", "left alone")}
    assert "did you mean daily?" in unknown[typo]
    assert garden.of(typo) == []


def test_a_volume_without_a_recent_snapshot_is_said_until_it_has_one(cloud: LocalCloud, garden: Garden, day: datetime):
    volume = garden.yard.volume("daily")
    set_clock(cloud, day + timedelta(hours=12))
    cloud.aws.faults.fail("ec2:CreateSnapshot", code="ConcurrentSnapshotLimitExceeded")
    garden.swept()
    assert volume in {line["volume"] for line in garden.said("sweep-snapshots", "not covered")}
    assert garden.metrics("sweep-snapshots")["VolumesUncovered"] == 1
    garden.swept()
    assert garden.of(volume)
    assert garden.metrics("sweep-snapshots")["VolumesUncovered"] == 0


def test_every_metric_that_an_alarm_looks_at_is_written(cloud: LocalCloud, garden: Garden, day: datetime):
    garden.swept()
    assert garden.retire()["error"] is None
    alarms = cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=garden.site.name)["MetricAlarms"]
    wanted = {
        alarm["MetricName"]
        for alarm in alarms
        if any(
            word in alarm["AlarmName"]
            for word in ("Snapshot", "Coverage", "Retirement", "Exposure", "LateCopies", "Encryption")
        )
    }
    pages = cloud.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace="Groundskeeper")
    listed = [metric for page in pages for metric in page["Metrics"]]
    mine = {m["MetricName"] for m in listed if {"Name": "stack", "Value": garden.site.name} in m["Dimensions"]}
    assert len(wanted) == 7
    assert wanted <= mine


def test_every_permission_of_snapshots_is_one_that_is_used(cloud: LocalCloud, garden: Garden, day: datetime):
    volume, (_, volumes) = garden.yard.volume("copied"), garden.yard.instance(1, "daily")
    garden.yard.ec2.create_tags(Resources=volumes[1:], Tags=[{"Key": "Owner", "Value": "other"}])
    garden.history("copied", day + NIGHT, 3, volume)
    garden.swept()
    cloud.wait_idle()
    garden.await_completion(THERE)
    garden.retire()
    mine = allowed(lambda function: function.endswith(("_snapshots", "_snapshots_ended")))
    assert mine - used(cloud) <= {"s3:ListBucket"}, "without which what is missing would look forbidden"


@pytest.fixture(scope="module")
def odd(cloud: LocalCloud) -> Iterator[Garden]:
    """Return a stack without permission for hooks, in two regions."""
    made = Garden(cloud, POLICIES, {"Regions": f"us-west-1 {HERE}"})
    yield made
    made.leave()


@pytest.fixture
def evening(cloud: LocalCloud) -> Iterator[datetime]:
    """Return a midnight; it is the evening before."""
    start = next(_starts)
    set_clock(cloud, start - timedelta(hours=2))
    yield start
    set_clock(cloud, None)


def test_hooks_run_nothing_unless_the_stack_allows_them(cloud: LocalCloud, odd: Garden, evening: datetime):
    host, (root,) = odd.yard.instance(0, "hooked", ALLOWED)
    set_clock(cloud, evening + NIGHT)
    odd.swept()
    (shown,) = odd.of(root)
    assert tags(shown)["groundskeeper:consistency"] == "crash-consistent"
    assert [run for run in cloud.aws.ssm.runs if run.instance_id == host] == []
    reasons = [line["reason"] for line in odd.said("sweep-snapshots", "left alone") if line["subject"] == host]
    assert any("SnapshotHooks=0" in reason for reason in reasons)


def test_a_region_that_cannot_be_read_spoils_no_other_and_is_said(cloud: LocalCloud, odd: Garden, evening: datetime):
    far = Yard(cloud.aws, "us-west-1", odd.site.name)
    here, there = odd.yard.volume("daily"), far.volume("daily")
    set_clock(cloud, evening + NIGHT)
    cloud.aws.faults.fail("ec2:DescribeSnapshots", region="us-west-1", code="OptInRequired", status=403)
    answer = odd.sweep()
    assert "denies access" in answer["payload"]["errorMessage"]
    assert (len(odd.of(here)), len(odd.of(there, region="us-west-1"))) == (1, 0)
    assert odd.metrics("sweep-snapshots")["GoodSnapshotSweeps"] == 0
    assert odd.sweep()["error"] is None
    assert (len(odd.of(here)), len(odd.of(there, region="us-west-1"))) == (1, 1)
    assert odd.metrics("sweep-snapshots")["GoodSnapshotSweeps"] == 1
    far.leave()
    odd.await_completion("us-west-1")
    for shown in far.snapshots():
        far.ec2.delete_snapshot(SnapshotId=shown["SnapshotId"])


def test_malformed_policies_are_refused_whole_with_line_and_reason_and_nothing_is_made_or_deleted(
    cloud: LocalCloud, evening: datetime
):
    garden = Garden(cloud, POLICIES.replace("count: 2", "count: two", 1))
    volume = garden.yard.volume("daily")
    set_clock(cloud, evening + NIGHT)
    for run in (garden.sweep, garden.retire):
        answer: dict[str, Any] = run()
        assert "line 2" in answer["payload"]["errorMessage"]
        assert "count" in answer["payload"]["errorMessage"]
    assert garden.of(volume) == []
    garden.define(POLICIES)
    garden.swept()
    assert len(garden.of(volume)) == 1
    garden.leave()
