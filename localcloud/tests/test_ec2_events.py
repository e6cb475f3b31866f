"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html"""

import re

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, Listener, refusal, rule

STATE_CHANGE = "EC2 Instance State-change Notification"


@pytest.fixture
def listener(aws: AwsServer) -> Listener:
    """Hears all that EC2 says."""
    listener = Listener(aws)
    rule(aws, {"source": ["aws.ec2", "aws.tag"]}, listener.arn)
    return listener


def launch(
    aws: AwsServer,
    count: int = 1,
    tags: dict[str, str] | None = None,
    region: str | None = None,
    account: str | None = None,
) -> list[str]:
    ec2 = aws.client("ec2", region, account)
    listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    specification = [{"ResourceType": "instance", "Tags": listed}] if listed else []
    instances = ec2.run_instances(
        ImageId="ami-12345678", MinCount=count, MaxCount=count, TagSpecifications=specification
    )["Instances"]
    return [instance["InstanceId"] for instance in instances]


def instance(aws: AwsServer, instance_id: str) -> Json:
    return dict(aws.client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0])


def states(listener: Listener) -> list[str]:
    return [event["detail"]["state"] for event in listener.events() if event["detail-type"] == STATE_CHANGE]


def test_an_instance_tells_each_state_in_order_from_launch_to_termination(aws: AwsServer, listener: Listener) -> None:
    (identity,) = launch(aws)
    ec2 = aws.client("ec2")
    ec2.stop_instances(InstanceIds=[identity])
    ec2.start_instances(InstanceIds=[identity])
    ec2.terminate_instances(InstanceIds=[identity])
    assert states(listener) == [
        *("pending", "running"),
        *("stopping", "stopped"),
        *("pending", "running"),
        *("shutting-down", "terminated"),
    ]


def test_a_state_change_has_the_shape_that_aws_gives_it(aws: AwsServer, listener: Listener) -> None:
    (identity,) = launch(aws)
    pending, running = listener.events()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", pending.pop("time"))
    assert pending.pop("id") != running["id"]
    assert pending == {
        "version": "0",
        "detail-type": STATE_CHANGE,
        "source": "aws.ec2",
        "account": aws.account_id,
        "region": aws.region,
        "resources": [f"arn:aws:ec2:{aws.region}:{aws.account_id}:instance/{identity}"],
        "detail": {"instance-id": identity, "state": "pending"},
    }


def test_a_call_that_changes_no_state_tells_nothing(aws: AwsServer, listener: Listener) -> None:
    (identity,) = launch(aws)
    ec2 = aws.client("ec2")
    listener.messages()
    ec2.start_instances(InstanceIds=[identity])
    ec2.reboot_instances(InstanceIds=[identity])
    ec2.stop_instances(InstanceIds=[identity])
    assert states(listener) == ["stopping", "stopped"]
    ec2.stop_instances(InstanceIds=[identity])
    ec2.terminate_instances(InstanceIds=[identity])
    ec2.terminate_instances(InstanceIds=[identity])
    assert states(listener) == ["shutting-down", "terminated"]


def test_events_go_to_the_bus_of_the_instances_account_and_region(aws: AwsServer, listener: Listener) -> None:
    other = {"account": "999999999999", "region": "eu-west-1"}
    there = Listener(aws, **other)
    rule(aws, {"source": ["aws.ec2"]}, there.arn, **other)
    launch(aws, region=other["region"], account=other["account"])
    events = there.events()
    assert [(event["account"], event["region"]) for event in events] == [("999999999999", "eu-west-1")] * 2
    assert listener.events() == []


def test_tags_given_at_launch_are_one_change(aws: AwsServer, listener: Listener) -> None:
    (identity,) = launch(aws, tags={"Name": "x", "ShortName": "a b"})
    (event,) = (event for event in listener.events() if event["source"] == "aws.tag")
    assert event["detail-type"] == "Tag Change on Resource"
    assert event["resources"] == [f"arn:aws:ec2:{aws.region}:{aws.account_id}:instance/{identity}"]
    assert event["detail"] == {
        "changed-tag-keys": ["Name", "ShortName"],
        "service": "ec2",
        "resource-type": "instance",
        "version": 1,
        "tags": {"Name": "x", "ShortName": "a b"},
    }


def test_changed_and_deleted_tags_are_named_and_what_stays_is_shown(aws: AwsServer, listener: Listener) -> None:
    identity, other = launch(aws, 2, tags={"a": "1", "b": "2"})
    ec2 = aws.client("ec2")
    listener.messages()
    ec2.create_tags(Resources=[identity, other], Tags=[{"Key": "a", "Value": "9"}, {"Key": "b", "Value": "2"}])
    changed = listener.events()
    assert [event["resources"][0].rsplit("/")[1] for event in changed] == [identity, other]
    assert [event["detail"]["changed-tag-keys"] for event in changed] == [["a"], ["a"]]
    ec2.delete_tags(Resources=[identity], Tags=[{"Key": "a"}])
    (deleted,) = listener.events()
    assert deleted["detail"]["changed-tag-keys"] == ["a"]
    assert deleted["detail"]["tags"] == {"b": "2"}
    assert deleted["detail"]["version"] == 3


def test_the_same_tags_again_are_no_change(aws: AwsServer, listener: Listener) -> None:
    (identity,) = launch(aws, tags={"a": "1"})
    listener.messages()
    aws.client("ec2").create_tags(Resources=[identity], Tags=[{"Key": "a", "Value": "1"}])
    assert listener.events() == []


def test_a_public_address_is_given_back_on_a_stop_and_a_new_one_comes_on_a_start(aws: AwsServer) -> None:
    (identity,) = launch(aws)
    ec2 = aws.client("ec2")
    before = instance(aws, identity)
    ec2.stop_instances(InstanceIds=[identity])
    stopped = instance(aws, identity)
    assert (stopped["PublicDnsName"], stopped.get("PublicIpAddress")) == ("", None)
    assert stopped["PrivateIpAddress"] == before["PrivateIpAddress"]
    ec2.start_instances(InstanceIds=[identity])
    after = instance(aws, identity)
    assert after["PublicDnsName"] not in ("", before["PublicDnsName"])
    assert after["PublicIpAddress"] != before["PublicIpAddress"]


def test_starting_what_runs_changes_no_address(aws: AwsServer) -> None:
    (identity,) = launch(aws)
    before = instance(aws, identity)["PublicDnsName"]
    aws.client("ec2").start_instances(InstanceIds=[identity])
    assert instance(aws, identity)["PublicDnsName"] == before


def test_an_elastic_address_stays_through_stop_and_start_and_not_after_termination(aws: AwsServer) -> None:
    (identity,) = launch(aws)
    ec2 = aws.client("ec2")
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=identity)
    ec2.stop_instances(InstanceIds=[identity])
    assert instance(aws, identity)["PublicIpAddress"] == address["PublicIp"]
    ec2.start_instances(InstanceIds=[identity])
    assert instance(aws, identity)["PublicIpAddress"] == address["PublicIp"]
    ec2.terminate_instances(InstanceIds=[identity])
    (left,) = ec2.describe_addresses()["Addresses"]
    assert "InstanceId" not in left or not left["InstanceId"]


def test_a_terminated_instance_has_no_address_and_is_forgotten_in_time(aws: AwsServer) -> None:
    gone, kept = launch(aws, 2)
    aws.client("ec2").terminate_instances(InstanceIds=[gone])
    seen = instance(aws, gone)
    assert seen["State"]["Name"] == "terminated"
    assert (seen["PublicDnsName"], seen["PrivateDnsName"]) == ("", "")
    assert not {"PublicIpAddress", "PrivateIpAddress"} & seen.keys()
    aws.forget_terminated()
    assert refusal(aws.client("ec2").describe_instances, InstanceIds=[gone])["Code"] == "InvalidInstanceID.NotFound"
    assert instance(aws, kept)["State"]["Name"] == "running"


@pytest.mark.parametrize("call", ["start_instances", "stop_instances", "reboot_instances"])
def test_a_terminated_instance_does_not_come_back(aws: AwsServer, call: str) -> None:
    (identity,) = launch(aws)
    aws.client("ec2").terminate_instances(InstanceIds=[identity])
    assert refusal(getattr(aws.client("ec2"), call), InstanceIds=[identity])["Code"] == "IncorrectInstanceState"


def test_a_thousand_instances_start_and_stop_in_seconds(aws: AwsServer, listener: Listener) -> None:
    identities = launch(aws, 1000)
    aws.client("ec2").stop_instances(InstanceIds=identities)
    attributes = listener.sqs.get_queue_attributes(
        QueueUrl=listener.url, AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    assert attributes == {"ApproximateNumberOfMessages": "4000"}
