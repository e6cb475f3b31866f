"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import client, refusal

OTHER = "999999999999"
PUBLIC = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}


@pytest.fixture
def ec2(aws: AwsServer) -> Any:
    return client(aws, "ec2")


@pytest.fixture
def other(aws: AwsServer) -> Any:
    return aws.client("ec2", account=OTHER)


@pytest.fixture
def snapshot(aws: AwsServer) -> str:
    return disks.completed(aws, disks.snapshot(aws))


def permissions(ec2: Any, snapshot: str) -> Any:
    asked = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}
    return ec2.describe_snapshot_attribute(**asked)["CreateVolumePermissions"]


def seen(ec2: Any, snapshot: str, **asked: Any) -> bool:
    found = ec2.describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": [snapshot]}], **asked)["Snapshots"]
    return [each["SnapshotId"] for each in found] == [snapshot]


def test_public_access_is_not_blocked_until_it_is_said(ec2: Any) -> None:
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    for state in ("block-new-sharing", "block-all-sharing"):
        assert ec2.enable_snapshot_block_public_access(State=state)["State"] == state
        assert ec2.get_snapshot_block_public_access_state()["State"] == state
    assert refusal(ec2.enable_snapshot_block_public_access, State="unblocked")["Code"] == "InvalidParameterValue"
    assert ec2.disable_snapshot_block_public_access()["State"] == "unblocked"
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"


@pytest.mark.parametrize("state", ["block-new-sharing", "block-all-sharing"])
def test_nothing_is_made_public_while_that_is_blocked(ec2: Any, snapshot: str, state: str) -> None:
    ec2.enable_snapshot_block_public_access(State=state)
    assert refusal(ec2.modify_snapshot_attribute, SnapshotId=snapshot, **PUBLIC)["Code"] == "OperationNotPermitted"
    whole = {"CreateVolumePermission": {"Add": [{"Group": "all"}]}}
    assert refusal(ec2.modify_snapshot_attribute, SnapshotId=snapshot, **whole)["Code"] == "OperationNotPermitted"
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OTHER}]})
    assert permissions(ec2, snapshot) == [{"UserId": OTHER}]


def test_others_see_what_is_public_or_shared_with_them(ec2: Any, other: Any, snapshot: str) -> None:
    assert not seen(other, snapshot)
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OTHER}]})
    assert seen(other, snapshot)
    assert seen(other, snapshot, RestorableByUserIds=["self"])
    assert not seen(other, snapshot, RestorableByUserIds=["all"])
    assert not seen(other, snapshot, OwnerIds=["self"])
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Remove": [{"UserId": OTHER}]})
    assert not seen(other, snapshot)
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, **PUBLIC)
    assert seen(other, snapshot, RestorableByUserIds=["all"])
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    assert permissions(ec2, snapshot) == [{"Group": "all"}]
    assert not seen(other, snapshot)


def test_a_shared_snapshot_is_copied_by_the_other_account(aws: AwsServer, ec2: Any, other: Any, snapshot: str) -> None:
    given = {"SourceSnapshotId": snapshot, "SourceRegion": "us-east-1"}
    assert refusal(other.copy_snapshot, **given)["Code"] == "InvalidSnapshot.NotFound"
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OTHER}]})
    copy = other.copy_snapshot(**given)["SnapshotId"]
    (shown,) = other.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert (shown["SnapshotId"], shown["OwnerId"]) == (copy, OTHER)


def test_what_is_encrypted_is_not_made_public(aws: AwsServer, ec2: Any) -> None:
    secret = disks.completed(aws, disks.snapshot(aws, disks.volume(aws, Encrypted=True)))
    assert refusal(ec2.modify_snapshot_attribute, SnapshotId=secret, **PUBLIC)["Code"] == "OperationNotPermitted"


def test_codes_of_the_marketplace_are_shown_by_instances_and_attributes_only(aws: AwsServer, ec2: Any) -> None:
    instance, (root,) = disks.instance(aws)
    aws.ebs.set_product_codes(instance, ["code1"])
    (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    codes = [{"ProductCodeId": "code1", "ProductCodeType": "marketplace"}]
    assert reservation["Instances"][0]["ProductCodes"] == codes
    snapshot = disks.completed(aws, disks.snapshot(aws, root))
    assert "ProductCodes" not in disks.shown(aws, snapshot)
    assert "ProductCodes" not in ec2.describe_volumes(VolumeIds=[root])["Volumes"][0]
    asked = {"SnapshotId": snapshot, "Attribute": "productCodes"}
    assert ec2.describe_snapshot_attribute(**asked)["ProductCodes"] == codes


def test_codes_of_the_marketplace_go_along_and_such_a_snapshot_is_not_made_public(aws: AwsServer, ec2: Any) -> None:
    instance, (root,) = disks.instance(aws)
    aws.ebs.set_product_codes(instance, ["code1"])
    first = disks.completed(aws, disks.snapshot(aws, root))
    volume = ec2.create_volume(AvailabilityZone=disks.ZONE, SnapshotId=first)["VolumeId"]
    second = disks.completed(aws, disks.snapshot(aws, volume))
    copy = ec2.copy_snapshot(SourceSnapshotId=second, SourceRegion="us-east-1")["SnapshotId"]
    for each in (first, second, copy):
        assert refusal(ec2.modify_snapshot_attribute, SnapshotId=each, **PUBLIC)["Code"] == "OperationNotPermitted"
