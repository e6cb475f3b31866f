"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import Json, client, refusal


@pytest.fixture
def ec2(aws: AwsServer) -> Any:
    aws.ebs.seconds = None
    return client(aws, "ec2")


def cut(aws: AwsServer, instance: str, **more: Any) -> list[Json]:
    chosen = {"InstanceId": instance, **more.pop("chosen", {})}
    return list(aws.client("ec2").create_snapshots(InstanceSpecification=chosen, **more)["Snapshots"])


def test_all_volumes_of_an_instance_are_cut_at_one_moment(aws: AwsServer, ec2: Any) -> None:
    instance, volumes = disks.instance(aws, 2)
    made = cut(aws, instance, Description="together", TagSpecifications=disks.tagged(a="b"))
    assert [each["VolumeId"] for each in made] == volumes
    assert len({each["StartTime"] for each in made}) == 1
    assert {(each["State"], each["Progress"], each["Description"]) for each in made} == {("pending", "0%", "together")}
    assert all(disks.tags(each) == {"a": "b"} for each in made)
    assert [disks.shown(aws, each["SnapshotId"])["StartTime"] for each in made] == [made[0]["StartTime"]] * 3


def test_the_boot_volume_or_data_volumes_are_left_out_if_asked(aws: AwsServer, ec2: Any) -> None:
    instance, (root, first, second) = disks.instance(aws, 2)
    made = cut(aws, instance, chosen={"ExcludeBootVolume": True, "ExcludeDataVolumeIds": [first]})
    assert [each["VolumeId"] for each in made] == [second]
    disks.later(aws)
    made = cut(aws, instance, chosen={"ExcludeBootVolume": False, "ExcludeDataVolumeIds": [first, second]})
    assert [each["VolumeId"] for each in made] == [root]


def test_what_cannot_be_left_out_is_refused(aws: AwsServer, ec2: Any) -> None:
    instance, (root, data) = disks.instance(aws, 1)
    chosen: Json
    for wrong in ([root], [disks.volume(aws)], ["vol-0"], ["vol-0"] * 41, [data, root]):
        chosen = {"InstanceId": instance, "ExcludeDataVolumeIds": wrong}
        assert refusal(ec2.create_snapshots, InstanceSpecification=chosen)["Code"] == "InvalidParameterValue"
    chosen = {"InstanceId": instance, "ExcludeBootVolume": True, "ExcludeDataVolumeIds": [data]}
    assert refusal(ec2.create_snapshots, InstanceSpecification=chosen)["Code"] == "InvalidParameterValue"
    assert disks.own(aws) == []


def test_tags_of_the_volumes_are_copied_without_those_of_aws_and_the_calls_own_win(aws: AwsServer, ec2: Any) -> None:
    instance, (root, data) = disks.instance(aws, 1)
    ec2.create_tags(Resources=[root], Tags=[{"Key": "Name", "Value": "root"}, {"Key": "both", "Value": "volume"}])
    aws.ebs.tag_as_aws(root, {"aws:cloudformation:stack-name": "s"})
    made = cut(aws, instance, CopyTagsFromSource="volume", TagSpecifications=disks.tagged(both="call"))
    assert [disks.tags(each) for each in made] == [{"Name": "root", "both": "call"}, {"both": "call"}]
    assert [each["VolumeId"] for each in made] == [root, data]


def test_copied_tags_and_the_calls_own_are_fifty_at_the_most(aws: AwsServer, ec2: Any) -> None:
    instance, (root,) = disks.instance(aws)
    ec2.create_tags(Resources=[root], Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(50)])
    given = {"InstanceSpecification": {"InstanceId": instance}, "CopyTagsFromSource": "volume"}
    error = refusal(ec2.create_snapshots, **given, TagSpecifications=disks.tagged(mine="v"))
    assert error["Code"] == "TagLimitExceeded"
    assert len(ec2.create_snapshots(**given, TagSpecifications=disks.tagged(k1="v"))["Snapshots"]) == 1


def test_one_volume_over_its_limit_stops_all(aws: AwsServer, ec2: Any) -> None:
    instance, (_, data) = disks.instance(aws, 1)
    chosen = {"InstanceId": instance}
    before = disks.snapshot(aws, data)
    error = refusal(ec2.create_snapshots, InstanceSpecification=chosen)
    assert error["Code"] == "SnapshotCreationPerVolumeRateExceeded"
    assert disks.own(aws) == [before]
    disks.later(aws)
    aws.ebs.set_volume_state(data, "error")
    assert refusal(ec2.create_snapshots, InstanceSpecification=chosen)["Code"] == "IncorrectState"
    assert disks.own(aws) == [before]


def test_an_instance_that_is_not_there_or_no_more_is_refused(aws: AwsServer, ec2: Any) -> None:
    instance, _ = disks.instance(aws)
    ec2.terminate_instances(InstanceIds=[instance])
    error = refusal(ec2.create_snapshots, InstanceSpecification={"InstanceId": instance})
    assert error["Code"] == "IncorrectInstanceState"
    error = refusal(ec2.create_snapshots, InstanceSpecification={"InstanceId": "i-0"})
    assert error["Code"] == "InvalidInstanceID.NotFound"


def test_a_stopped_instance_is_cut_too(aws: AwsServer, ec2: Any) -> None:
    instance, _ = disks.instance(aws)
    ec2.stop_instances(InstanceIds=[instance])
    assert len(cut(aws, instance)) == 1
