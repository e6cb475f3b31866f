"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html#snapshot-events"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import Json, Listener, refusal, rule
from localcloud.tests.clouds import eventually

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def listener(aws: AwsServer) -> Listener:
    """Hears all that is told of snapshots."""
    listener = Listener(aws)
    kinds = ["EBS Snapshot Notification", "EBS Multi-Volume Snapshots Completion Status"]
    rule(aws, {"source": ["aws.ec2"], "detail-type": kinds}, listener.arn)
    return listener


def heard(listener: Listener, count: int = 1) -> list[Json]:
    """Wait for some events."""
    events: list[Json] = []

    def all_there() -> bool:
        events.extend(listener.events())
        return len(events) >= count

    eventually(all_there)
    assert len(events) == count
    return events


def test_a_snapshot_is_pending_and_completed_after_a_while(aws: AwsServer) -> None:
    aws.ebs.seconds = None
    volume = disks.volume(aws, Size=9)
    made = aws.client("ec2").create_snapshot(
        VolumeId=volume, Description="before", TagSpecifications=disks.tagged(a="b")
    )
    assert (made["State"], made["Progress"], "CompletionTime" in made) == ("pending", "0%", False)
    assert (made["VolumeId"], made["VolumeSize"], made["Description"]) == (volume, 9, "before")
    assert (made["OwnerId"], made["Encrypted"], disks.tags(made)) == (aws.account_id, False, {"a": "b"})
    assert disks.shown(aws, made["SnapshotId"])["State"] == "pending"
    aws.ebs.complete(made["SnapshotId"])
    done = disks.shown(aws, made["SnapshotId"])
    assert (done["State"], done["Progress"]) == ("completed", "100%")
    assert done["StartTime"] == made["StartTime"] <= done["CompletionTime"]


def test_it_takes_as_long_as_is_said(aws: AwsServer) -> None:
    aws.ebs.seconds = 0
    quick = disks.completed(aws, disks.snapshot(aws))
    aws.ebs.seconds = 600
    slow = disks.snapshot(aws)
    aws.ebs.seconds = 0.01
    disks.completed(aws, disks.snapshot(aws))
    assert disks.shown(aws, slow)["State"] == "pending"
    assert disks.own(aws, Filters=[{"Name": "status", "Values": ["pending"]}]) == [slow]
    assert quick != slow


def test_a_completed_snapshot_is_told_as_aws_tells_it(aws: AwsServer, listener: Listener) -> None:
    volume = disks.volume(aws)
    snapshot = disks.snapshot(aws, volume)
    (event,) = heard(listener)
    arn = f"arn:aws:ec2::us-east-1:snapshot/{snapshot}"
    assert (event["detail-type"], event["source"]) == ("EBS Snapshot Notification", "aws.ec2")
    assert (event["resources"], event["region"], event["account"]) == ([arn], "us-east-1", aws.account_id)
    times = [event["detail"].pop("startTime"), event["detail"].pop("endTime")]
    assert all(map(MOMENT.fullmatch, times))
    assert times == sorted(times)
    assert event["detail"] == {
        "event": "createSnapshot",
        "result": "succeeded",
        "cause": "",
        "request-id": "",
        "snapshot_id": arn,
        "source": f"arn:aws:ec2::us-east-1:volume/{volume}",
    }


def test_a_snapshot_that_fails_is_in_error_and_says_why(aws: AwsServer, listener: Listener) -> None:
    aws.ebs.seconds = None
    snapshot = disks.snapshot(aws)
    aws.ebs.fail(snapshot, "the disk is gone")
    failed = disks.shown(aws, snapshot)
    assert (failed["State"], failed["StateMessage"], failed["Progress"]) == ("error", "the disk is gone", "0%")
    assert "CompletionTime" not in failed
    (event,) = heard(listener)
    assert (event["detail"]["result"], event["detail"]["cause"]) == ("failed", "the disk is gone")


def test_what_is_completed_cannot_fail_any_more_and_what_is_not_there_not_be_completed(aws: AwsServer) -> None:
    snapshot = disks.completed(aws, disks.snapshot(aws))
    with pytest.raises(ValueError, match="completed"):
        aws.ebs.fail(snapshot)
    aws.ebs.complete(snapshot)
    with pytest.raises(LookupError, match="snap-0"):
        aws.ebs.complete("snap-0")


def test_snapshots_of_one_call_are_told_once_when_the_last_is_completed(aws: AwsServer, listener: Listener) -> None:
    aws.ebs.seconds = None
    instance, volumes = disks.instance(aws, 1)
    made = aws.client("ec2").create_snapshots(InstanceSpecification={"InstanceId": instance})["Snapshots"]
    first, second = (each["SnapshotId"] for each in made)
    aws.ebs.complete(second)
    assert listener.events() == []
    aws.ebs.complete(first)
    (event,) = heard(listener)
    arns = [f"arn:aws:ec2::us-east-1:snapshot/{each}" for each in (first, second)]
    assert event["detail-type"] == "EBS Multi-Volume Snapshots Completion Status"
    assert event["resources"] == arns
    assert event["detail"]["event"] == "createSnapshots"
    assert event["detail"]["result"] == "succeeded"
    assert event["detail"]["snapshots"] == [
        {"snapshot_id": arn, "source": f"arn:aws:ec2::us-east-1:volume/{volume}", "status": "completed"}
        for arn, volume in zip(arns, volumes, strict=True)
    ]


def test_one_that_fails_takes_the_others_of_its_call_along(aws: AwsServer, listener: Listener) -> None:
    aws.ebs.seconds = None
    instance, volumes = disks.instance(aws, 2)
    made = aws.client("ec2").create_snapshots(InstanceSpecification={"InstanceId": instance})["Snapshots"]
    first, second, third = (each["SnapshotId"] for each in made)
    aws.ebs.complete(first)
    aws.ebs.fail(second)
    assert {disks.shown(aws, each)["State"] for each in (first, second, third)} == {"error"}
    (event,) = heard(listener)
    assert event["detail"]["result"] == "failed"
    assert event["detail"]["cause"].endswith("is in status error")
    assert {each["status"] for each in event["detail"]["snapshots"]} == {"error"}
    assert [len(aws.ebs.unfinished[each]) for each in volumes] == [1, 1, 1]


def test_a_pending_snapshot_that_is_deleted_goes_away_when_it_would_be_completed(
    aws: AwsServer, listener: Listener
) -> None:
    aws.ebs.seconds = None
    snapshot = disks.snapshot(aws)
    aws.client("ec2").delete_snapshot(SnapshotId=snapshot)
    assert disks.shown(aws, snapshot)["State"] == "pending"
    aws.client("ec2").delete_snapshot(SnapshotId=snapshot)
    aws.ebs.complete(snapshot)
    error = refusal(aws.client("ec2").describe_snapshots, SnapshotIds=[snapshot])
    assert error == {"Code": "InvalidSnapshot.NotFound", "Message": f"The snapshot '{snapshot}' does not exist."}
    assert listener.events() == []


def test_a_deleted_snapshot_is_gone_with_its_tags(aws: AwsServer) -> None:
    snapshot = disks.completed(aws, disks.snapshot(aws, TagSpecifications=disks.tagged(a="b")))
    ec2 = aws.client("ec2")
    ec2.delete_snapshot(SnapshotId=snapshot)
    assert refusal(ec2.delete_snapshot, SnapshotId=snapshot)["Code"] == "InvalidSnapshot.NotFound"
    assert ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [snapshot]}])["Tags"] == []


def test_tags_given_with_the_call_are_one_change(aws: AwsServer) -> None:
    listener = Listener(aws, "tags")
    rule(aws, {"source": ["aws.tag"]}, listener.arn, name="tags")
    instance, _ = disks.instance(aws, 1)
    specification = disks.tagged(a="1", b="2")
    aws.client("ec2").create_snapshots(InstanceSpecification={"InstanceId": instance}, TagSpecifications=specification)
    changes = [event["detail"] for event in listener.events()]
    assert [change["changed-tag-keys"] for change in changes] == [["a", "b"]] * 2
    assert {change["resource-type"] for change in changes} == {"snapshot"}


def test_snapshots_volumes_and_attachments_are_stamped_by_the_clouds_clock(aws: AwsServer) -> None:
    moment = datetime(2031, 5, 1, 12, tzinfo=UTC)
    aws.clock.set(moment)
    instance, (root, _) = disks.instance(aws, 1)
    volumes = aws.client("ec2").describe_volumes()["Volumes"]
    snapshot = disks.shown(aws, disks.completed(aws, disks.snapshot(aws, root)))
    launched = aws.client("ec2").describe_instances()["Reservations"][0]["Instances"][0]
    stamps: list[Any] = [each["CreateTime"] for each in volumes]
    stamps += [each["Attachments"][0]["AttachTime"] for each in volumes]
    stamps += [snapshot["StartTime"], snapshot["CompletionTime"], launched["LaunchTime"]]
    assert instance == launched["InstanceId"]
    assert all(moment <= each < moment + timedelta(minutes=1) for each in stamps)


def test_a_volume_is_made_of_a_completed_snapshot_only(aws: AwsServer) -> None:
    aws.ebs.seconds = None
    snapshot = disks.snapshot(aws, disks.volume(aws, Size=11))
    with pytest.raises(ClientError, match="IncorrectState"):
        disks.volume(aws, SnapshotId=snapshot)
    aws.ebs.complete(snapshot)
    made = aws.client("ec2").create_volume(AvailabilityZone=disks.ZONE, SnapshotId=snapshot)
    (shown,) = aws.client("ec2").describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"]
    assert (shown["SnapshotId"], shown["Size"]) == (snapshot, 11)


def test_a_snapshot_keeps_the_volume_and_its_size_when_the_volume_grows_or_goes(aws: AwsServer) -> None:
    volume = disks.volume(aws, Size=8)
    snapshot = disks.completed(aws, disks.snapshot(aws, volume))
    aws.client("ec2").modify_volume(VolumeId=volume, Size=80)
    assert disks.shown(aws, snapshot)["VolumeSize"] == 8
    aws.client("ec2").delete_volume(VolumeId=volume)
    left = disks.shown(aws, snapshot)
    assert (left["VolumeId"], left["VolumeSize"]) == (volume, 8)


def test_a_stopped_server_makes_no_more_snapshots_and_the_next_one_knows_none(aws: AwsServer) -> None:
    snapshot = disks.snapshot(aws)
    aws.stop()
    aws.start()
    assert disks.own(aws) == []
    with pytest.raises(LookupError, match=snapshot):
        aws.ebs.complete(snapshot)
