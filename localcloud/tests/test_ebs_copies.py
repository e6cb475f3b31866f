"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import Listener, client, refusal, rule
from localcloud.tests.clouds import eventually

THERE = "eu-west-1"
FROM = {"SourceRegion": "us-east-1"}


@pytest.fixture
def there(aws: AwsServer) -> Any:
    return client(aws, "ec2", region=THERE)


@pytest.fixture
def source(aws: AwsServer) -> str:
    return disks.completed(aws, disks.snapshot(aws, disks.volume(aws, Size=9), TagSpecifications=disks.tagged(a="1")))


def test_a_copy_is_pending_with_the_tags_of_its_call_only(aws: AwsServer, there: Any, source: str) -> None:
    aws.ebs.seconds = None
    answer = there.copy_snapshot(SourceSnapshotId=source, **FROM, TagSpecifications=disks.tagged(b="2"))
    assert disks.tags(answer) == {"b": "2"}
    copy = disks.shown(aws, answer["SnapshotId"], THERE)
    assert (copy["VolumeId"], copy["VolumeSize"], copy["State"]) == ("vol-ffffffff", 9, "pending")
    assert (copy["Description"], disks.tags(copy)) == (f"[Copied {source} from us-east-1]", {"b": "2"})
    aws.ebs.complete(answer["SnapshotId"])
    assert disks.shown(aws, answer["SnapshotId"], THERE)["State"] == "completed"


def test_a_copy_has_the_description_that_it_is_given(aws: AwsServer, there: Any, source: str) -> None:
    copy = there.copy_snapshot(SourceSnapshotId=source, **FROM, Description="mine")["SnapshotId"]
    assert disks.shown(aws, copy, THERE)["Description"] == "mine"
    assert disks.own(aws, THERE) == [copy]
    assert disks.own(aws) == [source]


def test_a_copy_is_told_where_it_is_made(aws: AwsServer, there: Any, source: str) -> None:
    listener = Listener(aws, region=THERE)
    rule(aws, {"detail": {"event": ["copySnapshot"]}}, listener.arn, region=THERE)
    copy = there.copy_snapshot(SourceSnapshotId=source, **FROM)["SnapshotId"]
    (event,) = eventually(listener.events)
    assert (event["region"], event["detail"]["result"]) == (THERE, "succeeded")
    assert event["detail"]["snapshot_id"] == f"arn:aws:ec2::{THERE}:snapshot/{copy}"
    assert event["detail"]["source"] == f"arn:aws:ec2::us-east-1:snapshot/{source}"


def test_a_copy_fails_when_its_source_is_deleted_meanwhile(aws: AwsServer, there: Any, source: str) -> None:
    aws.ebs.seconds = None
    listener = Listener(aws, region=THERE)
    rule(aws, {"detail": {"event": ["copySnapshot"]}}, listener.arn, region=THERE)
    copy = there.copy_snapshot(SourceSnapshotId=source, **FROM)["SnapshotId"]
    aws.client("ec2").delete_snapshot(SnapshotId=source)
    aws.ebs.complete(copy)
    assert disks.shown(aws, copy, THERE)["State"] == "error"
    (event,) = eventually(listener.events)
    assert (event["detail"]["result"], event["detail"]["cause"]) == ("failed", "Source snapshot ID is not valid")


def test_only_a_completed_snapshot_is_copied(aws: AwsServer, there: Any) -> None:
    aws.ebs.seconds = None
    source = disks.snapshot(aws)
    assert refusal(there.copy_snapshot, SourceSnapshotId=source, **FROM)["Code"] == "IncorrectState"
    aws.ebs.fail(source)
    assert refusal(there.copy_snapshot, SourceSnapshotId=source, **FROM)["Code"] == "IncorrectState"
    assert refusal(there.copy_snapshot, SourceSnapshotId="snap-0", **FROM)["Code"] == "InvalidSnapshot.NotFound"
    assert disks.own(aws, THERE) == []


def test_twenty_copies_at_the_most_are_made_in_a_region_at_once(aws: AwsServer, there: Any, source: str) -> None:
    aws.ebs.seconds = None
    copies = [there.copy_snapshot(SourceSnapshotId=source, **FROM)["SnapshotId"] for _ in range(20)]
    error = refusal(there.copy_snapshot, SourceSnapshotId=source, **FROM)
    assert error["Code"] == "ResourceLimitExceeded"
    client(aws, "ec2", region="eu-west-2").copy_snapshot(SourceSnapshotId=source, **FROM)
    aws.ebs.fail(copies[0])
    there.copy_snapshot(SourceSnapshotId=source, **FROM)


def test_what_is_encrypted_stays_so_and_the_rest_is_encrypted_if_asked(aws: AwsServer, there: Any, source: str) -> None:
    error = refusal(there.copy_snapshot, SourceSnapshotId=source, **FROM, KmsKeyId="alias/mine")
    assert error["Code"] == "InvalidParameterDependency"
    plain = there.copy_snapshot(SourceSnapshotId=source, **FROM)["SnapshotId"]
    made = there.copy_snapshot(SourceSnapshotId=source, **FROM, Encrypted=True, KmsKeyId="k")["SnapshotId"]
    secret = disks.completed(aws, disks.snapshot(aws, disks.volume(aws, Encrypted=True)))
    kept = there.copy_snapshot(SourceSnapshotId=secret, **FROM)["SnapshotId"]
    shown = [disks.shown(aws, each, THERE) for each in (plain, made, kept)]
    assert [each["Encrypted"] for each in shown] == [False, True, True]
    assert "KmsKeyId" not in shown[0]
    assert shown[1]["KmsKeyId"] == "k"
    assert f":{THERE}:" in shown[2]["KmsKeyId"]


def test_a_snapshot_is_copied_within_its_region_too(aws: AwsServer, source: str) -> None:
    copy = aws.client("ec2").copy_snapshot(SourceSnapshotId=source, **FROM)["SnapshotId"]
    assert set(disks.own(aws)) == {source, copy}
