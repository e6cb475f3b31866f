"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-snapshot.html"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import Json, client, refusal


@pytest.fixture
def ec2(aws: AwsServer) -> Any:
    return client(aws, "ec2")


@pytest.fixture
def snapshot(aws: AwsServer) -> str:
    return disks.completed(aws, disks.snapshot(aws))


def images(ec2: Any, **asked: Any) -> dict[str, Json]:
    return {each["ImageId"]: each for each in ec2.describe_images(Owners=["self"], **asked)["Images"]}


def test_an_image_is_made_of_snapshots_of_all_volumes_of_its_instance(aws: AwsServer, ec2: Any) -> None:
    aws.ebs.seconds = None
    instance, volumes = disks.instance(aws, 1)
    specification = disks.tagged("image", a="1") + disks.tagged(b="2")
    image = ec2.create_image(InstanceId=instance, Name="x", TagSpecifications=specification)["ImageId"]
    made = {each["VolumeId"]: each for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert made.keys() == set(volumes)
    for each in made.values():
        assert (each["State"], disks.tags(each)) == ("pending", {"b": "2"})
        assert each["Description"] == f"Created by CreateImage({instance}) for {image}"
    shown = images(ec2)[image]
    mapped = [each["Ebs"]["SnapshotId"] for each in shown["BlockDeviceMappings"]]
    assert mapped == [made[each]["SnapshotId"] for each in volumes]
    assert disks.tags(shown) == {"a": "1"}


def test_a_snapshot_of_an_image_is_in_use_until_the_image_is_deregistered(aws: AwsServer, ec2: Any) -> None:
    instance, _ = disks.instance(aws, 1)
    image = ec2.create_image(InstanceId=instance, Name="x")["ImageId"]
    used = [disks.completed(aws, each) for each in disks.own(aws)]
    error = refusal(ec2.delete_snapshot, SnapshotId=used[0])
    assert error["Code"] == "InvalidSnapshot.InUse"
    assert error["Message"] == f"The snapshot {used[0]} is currently in use by {image}"
    ec2.disable_image(ImageId=image)
    for each in used:
        assert refusal(ec2.delete_snapshot, SnapshotId=each)["Code"] == "InvalidSnapshot.InUse"
    ec2.deregister_image(ImageId=image)
    for each in used:
        ec2.delete_snapshot(SnapshotId=each)


def test_a_snapshot_of_a_registered_image_is_in_use_too(ec2: Any, snapshot: str) -> None:
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]
    given = {"Name": "x", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": mapping}
    image = ec2.register_image(**given)["ImageId"]
    assert refusal(ec2.delete_snapshot, SnapshotId=snapshot)["Code"] == "InvalidSnapshot.InUse"
    shown = images(ec2, Filters=[{"Name": "block-device-mapping.snapshot-id", "Values": [snapshot]}])
    assert shown.keys() == {image}
    assert shown[image]["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 8
    mapping[0]["Ebs"] = {"SnapshotId": "snap-0"}
    assert refusal(ec2.register_image, **{**given, "Name": "y"})["Code"] == "InvalidSnapshot.NotFound"


def test_a_disabled_image_is_listed_if_asked_for_only(aws: AwsServer, ec2: Any) -> None:
    instance, _ = disks.instance(aws)
    image = ec2.create_image(InstanceId=instance, Name="x")["ImageId"]
    ec2.disable_image(ImageId=image)
    assert images(ec2) == {}
    assert images(ec2, IncludeDisabled=True)[image]["State"] == "disabled"
    ec2.enable_image(ImageId=image)
    assert images(ec2).keys() == {image}


def test_images_come_in_pages(ec2: Any) -> None:
    made = {ec2.register_image(Name=f"image{number}")["ImageId"] for number in range(3)}
    pages = list(ec2.get_paginator("describe_images").paginate(Owners=["self"], PaginationConfig={"PageSize": 2}))
    assert [len(page["Images"]) for page in pages] == [2, 1]
    assert {each["ImageId"] for page in pages for each in page["Images"]} == made
    everybodys = ec2.describe_images()
    assert (len(everybodys["Images"]), bool(everybodys["NextToken"])) == (1000, True)
    error = refusal(ec2.describe_images, ImageIds=list(made), MaxResults=5)
    assert error["Code"] == "InvalidParameterCombination"


def test_a_snapshot_of_somebody_else_is_not_deleted(ec2: Any) -> None:
    amazons = ec2.describe_snapshots(OwnerIds=["amazon"], MaxResults=5)["Snapshots"][0]["SnapshotId"]
    assert refusal(ec2.delete_snapshot, SnapshotId=amazons)["Code"] == "AuthFailure"


def test_a_snapshot_of_aws_backup_is_deleted_by_aws_backup_only(aws: AwsServer, ec2: Any, snapshot: str) -> None:
    aws.ebs.tag_as_aws(snapshot, {"aws:backup:source-resource": "arn:aws:ec2:us-east-1:123456789012:volume/vol-1"})
    error = refusal(ec2.delete_snapshot, SnapshotId=snapshot)
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"].startswith("This snapshot is managed by the AWS Backup service and cannot be deleted via")
    with pytest.raises(LookupError, match="snap-0"):
        aws.ebs.tag_as_aws("snap-0", {})


def test_a_locked_snapshot_is_not_deleted_until_it_is_unlocked(ec2: Any, snapshot: str) -> None:
    lock = ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", LockDuration=3)
    assert (lock["LockState"], lock["LockDuration"]) == ("governance", 3)
    (listed,) = ec2.describe_locked_snapshots()["Snapshots"]
    assert (listed["SnapshotId"], listed["LockState"]) == (snapshot, "governance")
    assert listed["LockExpiresOn"] - listed["LockCreatedOn"] == timedelta(days=3)
    assert refusal(ec2.delete_snapshot, SnapshotId=snapshot)["Code"] == "SnapshotLocked"
    ec2.unlock_snapshot(SnapshotId=snapshot)
    assert ec2.describe_locked_snapshots()["Snapshots"] == []
    assert refusal(ec2.unlock_snapshot, SnapshotId=snapshot)["Code"] == "IncorrectState"
    ec2.delete_snapshot(SnapshotId=snapshot)


def test_a_lock_in_compliance_mode_cools_off_is_final_and_expires(aws: AwsServer, ec2: Any, snapshot: str) -> None:
    def state() -> Any:
        return ec2.describe_locked_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["LockState"]

    given = {"SnapshotId": snapshot, "LockMode": "compliance", "LockDuration": 2}
    ec2.lock_snapshot(**given, CoolOffPeriod=1)
    assert state() == "compliance-cooloff"
    ec2.lock_snapshot(**{**given, "LockMode": "governance"})
    ec2.lock_snapshot(**given, CoolOffPeriod=1)
    disks.later(aws, 3601)
    assert state() == "compliance"
    assert refusal(ec2.unlock_snapshot, SnapshotId=snapshot)["Code"] == "SnapshotLocked"
    assert refusal(ec2.lock_snapshot, **{**given, "LockDuration": 1})["Code"] == "InvalidParameterValue"
    assert refusal(ec2.lock_snapshot, **{**given, "LockMode": "governance"})["Code"] == "InvalidParameterValue"
    ec2.lock_snapshot(**{**given, "LockDuration": 5})
    disks.later(aws, 5 * 86400)
    assert state() == "expired"
    locked = ec2.describe_locked_snapshots(Filters=[{"Name": "lock-state", "Values": ["governance", "compliance"]}])
    assert locked["Snapshots"] == []
    ec2.delete_snapshot(SnapshotId=snapshot)


def test_a_lock_that_makes_no_sense_is_refused(ec2: Any, snapshot: str) -> None:
    past, future = datetime(2001, 1, 1, tzinfo=UTC), datetime(2150, 1, 1, tzinfo=UTC)
    for given, code in [
        ({"LockMode": "none", "LockDuration": 1}, "InvalidParameterValue"),
        ({"LockMode": "governance"}, "MissingParameter"),
        ({"LockMode": "governance", "LockDuration": 0}, "InvalidParameterValue"),
        ({"LockMode": "governance", "LockDuration": 36501}, "InvalidParameterValue"),
        ({"LockMode": "governance", "LockDuration": 1, "CoolOffPeriod": 1}, "InvalidParameterValue"),
        ({"LockMode": "compliance", "LockDuration": 1, "CoolOffPeriod": 73}, "InvalidParameterValue"),
        ({"LockMode": "governance", "ExpirationDate": past}, "InvalidParameterValue"),
        ({"LockMode": "governance", "LockDuration": 1, "ExpirationDate": future}, "InvalidParameterCombination"),
    ]:
        asked: Any = given
        assert (asked, refusal(ec2.lock_snapshot, SnapshotId=snapshot, **asked)["Code"]) == (asked, code)


def test_a_lock_lasts_until_a_date_too(aws: AwsServer, ec2: Any, snapshot: str) -> None:
    until = datetime(2150, 1, 1, 12, tzinfo=UTC)
    aws.clock.set(datetime(2149, 12, 1, 12, tzinfo=UTC))
    lock = ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", ExpirationDate=until)
    assert (lock["LockExpiresOn"], lock["LockDuration"]) == (until, 31)
