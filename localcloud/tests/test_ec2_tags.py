"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/control-access-with-tags.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, refusal
from localcloud.tests.disks import instance, tagged, tags

INSTANCES = "arn:aws:ec2:*:123456789012:instance/*"
DENIED = "UnauthorizedOperation"
IDLE, FLAG = "groundskeeper:idle", "groundskeeper:idle-flag"


def worker(aws: AwsServer, *statements: Json) -> Any:
    return client(aws, "ec2", assume(aws, *statements))


def launch(aws: AwsServer, **wanted: str) -> str:
    return instance(aws, TagSpecifications=tagged("instance", **wanted) if wanted else [])[0]


def state(aws: AwsServer, id_: str) -> str:
    (reservation,) = aws.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"]
    return str(reservation["Instances"][0]["State"]["Name"])


@pytest.mark.parametrize("call", ["stop_instances", "start_instances"])
@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="without the tag"),
        pytest.param({IDLE: "keep"}, id="with another value"),
        pytest.param({IDLE: "Park"}, id="in another case"),
        pytest.param({"idle": "park"}, id="with another key"),
    ],
)
def test_only_instances_with_the_tag_are_stopped_and_started(aws: AwsServer, call: str, other: Any) -> None:
    operation = "".join(part.title() for part in call.split("_"))
    condition = {"StringEquals": {f"aws:ResourceTag/{IDLE}": "park"}}
    act = getattr(worker(aws, allow(f"ec2:{operation}", INSTANCES, Condition=condition)), call)
    parked, kept = launch(aws, **{IDLE: "park"}), launch(aws, **other)
    error = refusal(act, InstanceIds=[kept])
    assert (error["Code"], kept in error["Message"]) == (DENIED, True)
    assert refusal(act, InstanceIds=[parked, kept])["Code"] == DENIED
    assert [state(aws, id_) for id_ in (parked, kept)] == ["running", "running"]
    act(InstanceIds=[parked])


def test_a_tag_of_any_value_can_be_asked_for(aws: AwsServer) -> None:
    key = "aws:ResourceTag/groundskeeper:running-hours"
    ec2 = worker(aws, allow("ec2:StopInstances", INSTANCES, Condition={"Null": {key: "false"}}))
    assert refusal(ec2.stop_instances, InstanceIds=[launch(aws)])["Code"] == DENIED
    ec2.stop_instances(InstanceIds=[launch(aws, **{"groundskeeper:running-hours": "mon-fri 08:00-19:00 UTC"})])


def test_one_permission_is_not_the_other(aws: AwsServer) -> None:
    ec2, id_ = worker(aws, allow("ec2:StopInstances", INSTANCES)), launch(aws)
    ec2.stop_instances(InstanceIds=[id_])
    assert refusal(ec2.start_instances, InstanceIds=[id_])["Code"] == DENIED


def test_only_some_keys_may_be_written_and_deleted(aws: AwsServer) -> None:
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": [FLAG]}}
    ec2 = worker(aws, allow(["ec2:CreateTags", "ec2:DeleteTags"], INSTANCES, Condition=keys))
    id_ = launch(aws, **{IDLE: "park"})
    flag = {"Key": FLAG, "Value": "2031-05-06"}
    ec2.create_tags(Resources=[id_], Tags=[flag])
    for more in ({"Key": IDLE, "Value": "keep"}, {"Key": "Name", "Value": "x"}):
        both = {"Resources": [id_], "Tags": [flag, more]}
        assert refusal(ec2.create_tags, **both)["Code"] == DENIED
        assert refusal(ec2.delete_tags, **both)["Code"] == DENIED
    ec2.delete_tags(Resources=[id_], Tags=[{"Key": FLAG}])
    (reservation,) = aws.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"]
    assert tags(reservation["Instances"][0]) == {IDLE: "park"}


def test_tags_are_written_where_the_value_and_the_instance_are_right(aws: AwsServer) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "a"}, "StringLike": {f"aws:RequestTag/{FLAG}": "2031-*"}}
    ec2 = worker(aws, allow("ec2:CreateTags", INSTANCES, Condition=condition))
    ours, theirs = launch(aws, team="a"), launch(aws, team="b")
    for id_, value, is_allowed in ((ours, "2031-05-06", True), (ours, "2030", False), (theirs, "2031-05-06", False)):
        asked = {"Resources": [id_], "Tags": [{"Key": FLAG, "Value": value}]}
        if is_allowed:
            ec2.create_tags(**asked)
        else:
            assert refusal(ec2.create_tags, **asked)["Code"] == DENIED


def test_one_instance_without_permission_keeps_the_tags_from_all(aws: AwsServer) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    ec2 = worker(aws, allow("ec2:CreateTags", INSTANCES, Condition=condition))
    ours, theirs = launch(aws, team="a"), launch(aws)
    tag = {"Key": FLAG, "Value": "x"}
    assert refusal(ec2.create_tags, Resources=[ours, theirs], Tags=[tag])["Code"] == DENIED
    (reservation,) = aws.client("ec2").describe_instances(InstanceIds=[ours])["Reservations"]
    assert tags(reservation["Instances"][0]) == {"team": "a"}


@pytest.mark.parametrize("call", ["create_tags", "delete_tags"])
def test_one_instance_that_is_not_there_keeps_the_change_from_all(aws: AwsServer, call: str) -> None:
    # "The call fails if any of the instance IDs are bad": cloud-custodian #1269
    ec2, id_, gone = aws.client("ec2"), launch(aws, **{IDLE: "park"}), launch(aws)
    change = {"Resources": [id_, gone], "Tags": [{"Key": IDLE, "Value": "park"}, {"Key": FLAG, "Value": ""}]}
    ec2.terminate_instances(InstanceIds=[gone])
    ec2.create_tags(Resources=[gone], Tags=[{"Key": "Name", "Value": "while it is shown"}])
    aws.forget_terminated()
    error = refusal(getattr(ec2, call), **change)
    assert (error["Code"], gone in error["Message"]) == ("InvalidInstanceID.NotFound", True)
    (reservation,) = ec2.describe_instances(InstanceIds=[id_])["Reservations"]
    assert tags(reservation["Instances"][0]) == {IDLE: "park"}


def test_an_attribute_is_read_of_an_instance(aws: AwsServer) -> None:
    ours, theirs = launch(aws), launch(aws)
    arn = INSTANCES.replace("/*", f"/{ours}")
    ec2 = worker(aws, allow("ec2:DescribeInstanceAttribute", arn))
    assert ec2.describe_instance_attribute(InstanceId=ours, Attribute="disableApiStop")["InstanceId"] == ours
    error = refusal(ec2.describe_instance_attribute, InstanceId=theirs, Attribute="disableApiStop")
    assert (error["Code"], f"instance/{theirs}" in error["Message"]) == (DENIED, True)


@pytest.mark.parametrize("operation", ["DescribeInstances", "DescribeInstanceTypes"])
def test_lists_have_no_resources(aws: AwsServer, operation: str) -> None:
    call = {"DescribeInstances": "describe_instances", "DescribeInstanceTypes": "describe_instance_types"}[operation]
    narrow = worker(aws, allow(f"ec2:{operation}", INSTANCES))
    assert refusal(getattr(narrow, call))["Code"] == DENIED
