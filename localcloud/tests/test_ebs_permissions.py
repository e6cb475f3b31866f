"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"""

from typing import Any

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import Json, allow, assume, client, refusal

VOLUMES = "arn:aws:ec2:*:123456789012:volume/*"
INSTANCES = "arn:aws:ec2:*:123456789012:instance/*"
SNAPSHOTS = "arn:aws:ec2:*::snapshot/*"
DENIED = "UnauthorizedOperation"


def worker(aws: AwsServer, *statements: Json, name: str = "worker", region: str | None = None) -> Any:
    aws.ebs.seconds = None
    return client(aws, "ec2", assume(aws, *statements, name=name), region)


def only(key: str, value: str) -> Json:
    return {"StringEquals": {key: value}}


def test_a_snapshot_takes_its_volume_and_the_snapshot(aws: AwsServer) -> None:
    volume = disks.volume(aws)
    for number, resource in enumerate((VOLUMES, SNAPSHOTS)):
        half = worker(aws, allow("ec2:CreateSnapshot", resource), name=f"half{number}")
        assert refusal(half.create_snapshot, VolumeId=volume)["Code"] == DENIED
    ec2 = worker(aws, allow("ec2:CreateSnapshot", [VOLUMES, SNAPSHOTS]))
    ec2.create_snapshot(VolumeId=volume)


def test_a_condition_on_tags_chooses_the_volumes_and_not_the_snapshots_made(aws: AwsServer) -> None:
    ec2 = worker(
        aws,
        allow("ec2:CreateSnapshot", VOLUMES, Condition=only("aws:ResourceTag/backup", "yes")),
        allow("ec2:CreateSnapshot", SNAPSHOTS),
    )
    ec2.create_snapshot(VolumeId=disks.volume(aws, TagSpecifications=disks.tagged("volume", backup="yes")))
    assert refusal(ec2.create_snapshot, VolumeId=disks.volume(aws))["Code"] == DENIED


def test_tags_on_creation_take_a_permission_of_their_own(aws: AwsServer) -> None:
    volume = disks.volume(aws)
    create = allow("ec2:CreateSnapshot", "*")
    specification = disks.tagged(slot="2031-05", volume=volume)
    plain = worker(aws, create, name="plain")
    error = refusal(plain.create_snapshot, VolumeId=volume, TagSpecifications=specification)
    assert "ec2:CreateTags" in error["Message"]
    tag = allow("ec2:CreateTags", SNAPSHOTS, Condition=only("ec2:CreateAction", "CreateSnapshot"))
    ec2 = worker(aws, create, tag)
    made = ec2.create_snapshot(VolumeId=volume, TagSpecifications=specification)["SnapshotId"]
    given = {"Resources": [made], "Tags": [{"Key": "slot", "Value": "other"}]}
    assert refusal(ec2.create_tags, **given)["Code"] == DENIED
    chosen = {"InstanceSpecification": {"InstanceId": disks.instance(aws)[0]}, "TagSpecifications": specification}
    assert (
        refusal(worker(aws, allow("ec2:CreateSnapshots"), tag, name="sets").create_snapshots, **chosen)["Code"]
        == DENIED
    )


def test_conditions_look_at_the_tags_of_the_request(aws: AwsServer) -> None:
    must = only("aws:RequestTag/by", "me") | {"ForAllValues:StringEquals": {"aws:TagKeys": ["by", "slot"]}}
    ec2 = worker(
        aws,
        allow("ec2:CreateSnapshot", VOLUMES),
        allow("ec2:CreateSnapshot", SNAPSHOTS, Condition=only("aws:RequestTag/by", "me")),
        allow("ec2:CreateTags", SNAPSHOTS, Condition=must),
    )
    for wrong in ({}, {"by": "you"}, {"by": "me", "more": "x"}):
        given = {"TagSpecifications": disks.tagged(**wrong)} if wrong else {}
        assert refusal(ec2.create_snapshot, VolumeId=disks.volume(aws), **given)["Code"] == DENIED
    made = ec2.create_snapshot(VolumeId=disks.volume(aws), TagSpecifications=disks.tagged(by="me", slot="x"))
    tag = {"Resources": [made["SnapshotId"]], "Tags": [{"Key": "by", "Value": "me"}]}
    ec2.create_tags(**tag)
    assert refusal(ec2.create_tags, **{**tag, "Resources": [disks.volume(aws)]})["Code"] == DENIED


def test_a_tag_that_looks_like_an_id_is_no_resource(aws: AwsServer) -> None:
    snapshot = disks.snapshot(aws)
    ec2 = worker(aws, allow(["ec2:CreateTags", "ec2:DeleteTags"], SNAPSHOTS))
    tag = {"Key": "volume", "Value": disks.volume(aws)}
    ec2.create_tags(Resources=[snapshot], Tags=[tag])
    ec2.delete_tags(Resources=[snapshot], Tags=[tag])


def test_a_set_takes_the_instance_each_volume_of_it_and_the_snapshots(aws: AwsServer) -> None:
    instance, (root, data) = disks.instance(aws, 1)
    aws.client("ec2").create_tags(Resources=[data], Tags=[{"Key": "backup", "Value": "yes"}])
    ec2 = worker(
        aws,
        allow("ec2:CreateSnapshots", [INSTANCES, SNAPSHOTS]),
        allow("ec2:CreateSnapshots", VOLUMES, Condition=only("ec2:ResourceTag/backup", "yes")),
    )
    error = refusal(ec2.create_snapshots, InstanceSpecification={"InstanceId": instance})
    assert error["Code"] == DENIED
    assert f"volume/{root}" in error["Message"]
    ec2.create_snapshots(InstanceSpecification={"InstanceId": instance, "ExcludeBootVolume": True})
    without = worker(aws, allow("ec2:CreateSnapshots", [VOLUMES, SNAPSHOTS]), name="without")
    assert refusal(without.create_snapshots, InstanceSpecification={"InstanceId": instance})["Code"] == DENIED


def test_a_copy_takes_its_source_and_the_copy(aws: AwsServer) -> None:
    source = disks.completed(aws, disks.snapshot(aws, TagSpecifications=disks.tagged(by="me")))
    other = disks.completed(aws, disks.snapshot(aws))
    ec2 = worker(
        aws,
        allow("ec2:CopySnapshot", "arn:aws:ec2:us-east-1::snapshot/*", Condition=only("aws:ResourceTag/by", "me")),
        allow("ec2:CopySnapshot", "arn:aws:ec2:eu-west-1::snapshot/*"),
        region="eu-west-1",
    )
    ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion="us-east-1")
    assert refusal(ec2.copy_snapshot, SourceSnapshotId=other, SourceRegion="us-east-1")["Code"] == DENIED
    elsewhere = worker(
        aws, allow("ec2:CopySnapshot", "arn:aws:ec2:us-east-1::snapshot/*"), name="x", region="eu-west-1"
    )
    assert refusal(elsewhere.copy_snapshot, SourceSnapshotId=source, SourceRegion="us-east-1")["Code"] == DENIED


def test_only_tagged_snapshots_are_deleted_where_the_policy_says_so(aws: AwsServer) -> None:
    mine, other = disks.snapshot(aws, TagSpecifications=disks.tagged(by="me")), disks.snapshot(aws)
    ec2 = worker(aws, allow("ec2:DeleteSnapshot", SNAPSHOTS, Condition=only("aws:ResourceTag/by", "me")))
    ec2.delete_snapshot(SnapshotId=mine)
    error = refusal(ec2.delete_snapshot, SnapshotId=other)
    assert error["Code"] == DENIED
    assert f"arn:aws:ec2:us-east-1::snapshot/{other}" in error["Message"]


def test_lists_have_no_resources(aws: AwsServer) -> None:
    snapshot = disks.completed(aws, disks.snapshot(aws))
    ec2 = worker(aws, allow("ec2:Describe*", "*"))
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    narrow = worker(aws, allow("ec2:DescribeSnapshots", SNAPSHOTS), name="narrow")
    assert refusal(narrow.describe_snapshots, SnapshotIds=[snapshot])["Code"] == DENIED
