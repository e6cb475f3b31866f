"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-create-snapshot.html and the limits of tags."""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import client, refusal


@pytest.fixture
def ec2(aws: AwsServer) -> Any:
    aws.ebs.seconds = None
    return client(aws, "ec2")


def fill(aws: AwsServer, volume: str, count: int) -> list[str]:
    made = []
    for _ in range(count):
        made.append(disks.snapshot(aws, volume))
        disks.later(aws)
    return made


def test_a_volume_has_so_many_pending_snapshots_by_its_type(aws: AwsServer, ec2: Any) -> None:
    kind: Any
    for kind, most in [
        ({"VolumeType": "gp3"}, 5),
        ({"VolumeType": "io2", "Iops": 100}, 5),
        ({"VolumeType": "standard"}, 5),
        ({"VolumeType": "st1", "Size": 125}, 1),
        ({"VolumeType": "sc1", "Size": 125}, 1),
    ]:
        volume = disks.volume(aws, **kind)
        first, *_ = fill(aws, volume, most)
        assert refusal(ec2.create_snapshot, VolumeId=volume)["Code"] == "ConcurrentSnapshotLimitExceeded"
        aws.ebs.complete(first)
        fill(aws, volume, 1)


def test_those_in_error_and_those_deleted_while_pending_count_too(aws: AwsServer, ec2: Any) -> None:
    volume = disks.volume(aws)
    failed, deleted, *_ = fill(aws, volume, 5)
    aws.ebs.fail(failed)
    ec2.delete_snapshot(SnapshotId=deleted)
    assert refusal(ec2.create_snapshot, VolumeId=volume)["Code"] == "ConcurrentSnapshotLimitExceeded"
    aws.ebs.complete(deleted)
    fill(aws, volume, 1)
    assert refusal(ec2.create_snapshot, VolumeId=volume)["Code"] == "ConcurrentSnapshotLimitExceeded"
    ec2.delete_snapshot(SnapshotId=failed)
    fill(aws, volume, 1)


def test_fifteen_seconds_lie_between_two_snapshots_of_a_volume_by_the_clouds_clock(aws: AwsServer, ec2: Any) -> None:
    volume = disks.volume(aws)
    aws.ebs.complete(disks.snapshot(aws, volume))
    assert refusal(ec2.create_snapshot, VolumeId=volume)["Code"] == "SnapshotCreationPerVolumeRateExceeded"
    disks.snapshot(aws)
    disks.later(aws, 14)
    assert refusal(ec2.create_snapshot, VolumeId=volume)["Code"] == "SnapshotCreationPerVolumeRateExceeded"
    disks.later(aws, 1)
    disks.snapshot(aws, volume)


def test_a_volume_is_available_or_in_use(aws: AwsServer, ec2: Any) -> None:
    volume = disks.volume(aws)
    for state in ("creating", "deleting", "error"):
        aws.ebs.set_volume_state(volume, state)
        assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == state
        assert refusal(ec2.create_snapshot, VolumeId=volume)["Code"] == "IncorrectState"
    aws.ebs.set_volume_state(volume, None)
    disks.snapshot(aws, volume)


def test_a_volume_that_is_not_there_is_named(ec2: Any) -> None:
    error = refusal(ec2.create_snapshot, VolumeId="vol-0")
    assert error == {"Code": "InvalidVolume.NotFound", "Message": "The volume 'vol-0' does not exist."}
    assert refusal(ec2.create_snapshot, Description="x")["Code"] == "MissingParameter"


def test_there_are_fifty_tags_at_the_most(aws: AwsServer, ec2: Any) -> None:
    volume = disks.volume(aws)
    many = {f"key{number}": "v" for number in range(51)}
    error = refusal(ec2.create_snapshot, VolumeId=volume, TagSpecifications=disks.tagged(**many))
    assert error["Code"] == "TagLimitExceeded"
    del many["key50"]
    disks.snapshot(aws, volume, TagSpecifications=disks.tagged(**many))


def test_tags_that_ec2_does_not_take_make_no_snapshot(aws: AwsServer, ec2: Any) -> None:
    volume = disks.volume(aws)
    for specification, words in [
        (disks.tagged(**{"aws:mine": "v"}), "Tag keys starting with 'aws:' are reserved for internal use"),
        (disks.tagged(**{"AWS:mine": "v"}), "Tag keys starting with 'aws:' are reserved for internal use"),
        (disks.tagged("volume", a="b"), "'volume' is not a valid taggable resource type for this operation."),
        (disks.tagged(**{"k" * 129: "v"}), "Tag key exceeds the maximum length of 128 characters"),
        (disks.tagged(k="v" * 257), "Tag value exceeds the maximum length of 256 characters"),
        (disks.tagged(), "Tag specification must have at least one tag"),
        (disks.tagged(a="b") + disks.tagged(a="c"), "Duplicate tag key 'a' specified."),
    ]:
        error = refusal(ec2.create_snapshot, VolumeId=volume, TagSpecifications=specification)
        assert error == {"Code": "InvalidParameterValue", "Message": words}
    assert disks.own(aws) == []


def test_nobody_tags_as_aws_does_and_aws_may(aws: AwsServer, ec2: Any) -> None:
    snapshot = disks.snapshot(aws)
    given = {"Resources": [snapshot], "Tags": [{"Key": "aws:backup:source-resource", "Value": "x"}]}
    assert refusal(ec2.create_tags, **given)["Code"] == "InvalidParameterValue"
    aws.ebs.tag_as_aws(snapshot, {"aws:backup:source-resource": "x"})
    assert refusal(ec2.delete_tags, **given)["Code"] == "InvalidParameterValue"
    assert disks.tags(disks.shown(aws, snapshot)) == {"aws:backup:source-resource": "x"}
