"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes-multi.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import Json, client, refusal

SHARED = {"VolumeType": "io2", "Iops": 100, "MultiAttachEnabled": True}


@pytest.fixture
def ec2(aws: AwsServer) -> Any:
    return client(aws, "ec2")


def shown(ec2: Any, volume: str) -> Json:
    return dict(ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0])


def mapped(ec2: Any, instance: str) -> dict[str, str]:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    return {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in reservation["Instances"][0]["BlockDeviceMappings"]}


def test_a_volume_is_attached_to_several_instances_if_it_may_be(aws: AwsServer, ec2: Any) -> None:
    first, second = disks.instance(aws)[0], disks.instance(aws)[0]
    volume = disks.volume(aws, **SHARED)
    ec2.attach_volume(VolumeId=volume, InstanceId=first, Device="/dev/sdf")
    ec2.attach_volume(VolumeId=volume, InstanceId=second, Device="/dev/sdg")
    attached = shown(ec2, volume)["Attachments"]
    assert [(each["InstanceId"], each["Device"]) for each in attached] == [(first, "/dev/sdf"), (second, "/dev/sdg")]
    assert mapped(ec2, first)["/dev/sdf"] == mapped(ec2, second)["/dev/sdg"] == volume
    found = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [second]}])["Volumes"]
    assert volume in {each["VolumeId"] for each in found}
    assert refusal(ec2.detach_volume, VolumeId=volume)["Code"] == "InvalidAttachment.NotFound"
    ec2.detach_volume(VolumeId=volume, InstanceId=first)
    assert [each["InstanceId"] for each in shown(ec2, volume)["Attachments"]] == [second]
    assert shown(ec2, volume)["State"] == "in-use"
    ec2.detach_volume(VolumeId=volume)
    assert (shown(ec2, volume)["State"], shown(ec2, volume)["Attachments"]) == ("available", [])
    ec2.delete_volume(VolumeId=volume)


def test_what_cannot_be_attached_is_refused(aws: AwsServer, ec2: Any) -> None:
    first, second = disks.instance(aws)[0], disks.instance(aws)[0]
    single, shared = disks.volume(aws), disks.volume(aws, **SHARED)
    for volume in (single, shared):
        ec2.attach_volume(VolumeId=volume, InstanceId=first, Device=f"/dev/sd{'f' if volume == single else 'g'}")
    far = disks.volume(aws, AvailabilityZone="us-east-1b")
    for volume, instance, device, code in [
        (single, second, "/dev/sdf", "VolumeInUse"),
        (shared, first, "/dev/sdh", "VolumeInUse"),
        (disks.volume(aws), first, "/dev/sdf", "InvalidParameterValue"),
        (far, first, "/dev/sdi", "InvalidVolume.ZoneMismatch"),
    ]:
        assert refusal(ec2.attach_volume, VolumeId=volume, InstanceId=instance, Device=device)["Code"] == code


def test_a_terminated_instance_takes_along_what_is_marked_and_leaves_the_rest(aws: AwsServer, ec2: Any) -> None:
    devices = [{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}]
    instance, _ = disks.instance(aws, BlockDeviceMappings=devices)
    other = disks.instance(aws)[0]
    shared, kept = disks.volume(aws, **SHARED), disks.volume(aws)
    ec2.attach_volume(VolumeId=shared, InstanceId=instance, Device="/dev/sdf")
    ec2.attach_volume(VolumeId=shared, InstanceId=other, Device="/dev/sdf")
    ec2.attach_volume(VolumeId=kept, InstanceId=instance, Device="/dev/sdg")
    before = mapped(ec2, instance)
    ec2.terminate_instances(InstanceIds=[instance])
    left = {each["VolumeId"]: each["State"] for each in ec2.describe_volumes()["Volumes"]}
    assert left == {shared: "in-use", kept: "available", mapped(ec2, other)["/dev/sda1"]: "in-use"}
    assert {before["/dev/sda1"], before["/dev/sdb"]}.isdisjoint(left)


def test_the_root_volume_is_at_the_root_device_whatever_else_is_mapped(aws: AwsServer, ec2: Any) -> None:
    image = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-*"]}])["Images"][0]
    devices = [{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 1}}]
    given = {"ImageId": image["ImageId"], "MinCount": 1, "MaxCount": 1, "BlockDeviceMappings": devices}
    instance = ec2.run_instances(**given)["Instances"][0]
    assert mapped(ec2, instance["InstanceId"]).keys() == {"/dev/sdb", instance["RootDeviceName"]}
    assert instance["RootDeviceName"] == "/dev/xvda"
