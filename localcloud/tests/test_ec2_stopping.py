"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, refusal
from localcloud.tests.disks import instance

UNKNOWN = "i-0123456789abcdef0"
THEN = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def shown(aws: AwsServer, id_: str) -> Json:
    return dict(aws.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0])


def state(aws: AwsServer, id_: str) -> str:
    return str(shown(aws, id_)["State"]["Name"])


def spot(**options: str) -> Json:
    return {"MarketType": "spot", **({"SpotOptions": options} if options else {})}


def terminated(aws: AwsServer) -> str:
    id_, _ = instance(aws)
    aws.client("ec2").terminate_instances(InstanceIds=[id_])
    return id_


def one_time(aws: AwsServer) -> str:
    return instance(aws, InstanceMarketOptions=spot())[0]


def in_store(aws: AwsServer) -> str:
    id_, _ = instance(aws)
    aws.ec2_shapes.shape(id_, root="instance-store")
    return id_


UNSTOPPABLE = [
    pytest.param(lambda _: UNKNOWN, "InvalidInstanceID.NotFound", id="an unknown one"),
    pytest.param(lambda _: "web-1", "InvalidInstanceID.Malformed", id="no id"),
    pytest.param(terminated, "IncorrectInstanceState", id="a terminated one"),
    pytest.param(lambda aws: instance(aws, DisableApiStop=True)[0], "OperationNotPermitted", id="a protected one"),
    pytest.param(one_time, "UnsupportedOperation", id="a one-time spot instance"),
    pytest.param(in_store, "UnsupportedOperation", id="an instance store as root"),
]


@pytest.mark.parametrize(("bad", "code"), UNSTOPPABLE)
def test_one_that_cannot_be_stopped_fails_the_whole_call_and_nothing_stops(aws: AwsServer, bad: Any, code: str) -> None:
    ids = [instance(aws)[0], bad(aws), instance(aws)[0]]
    error = refusal(aws.client("ec2").stop_instances, InstanceIds=ids)
    assert error["Code"] == code
    assert ids[1] in error["Message"]
    assert [state(aws, id_) for id_ in (ids[0], ids[2])] == ["running", "running"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        pytest.param(lambda _: UNKNOWN, "InvalidInstanceID.NotFound", id="an unknown one"),
        pytest.param(terminated, "IncorrectInstanceState", id="a terminated one"),
        pytest.param(in_store, "UnsupportedOperation", id="an instance store as root"),
    ],
)
def test_one_that_cannot_be_started_fails_the_whole_call(aws: AwsServer, bad: Any, code: str) -> None:
    ec2, (stopped, _) = aws.client("ec2"), instance(aws)
    ec2.stop_instances(InstanceIds=[stopped])
    assert refusal(ec2.start_instances, InstanceIds=[stopped, bad(aws)])["Code"] == code
    assert state(aws, stopped) == "stopped"


def test_a_call_without_instances_is_refused(aws: AwsServer) -> None:
    assert refusal(aws.client("ec2").stop_instances, InstanceIds=[])["Code"] == "MissingParameter"


def test_what_is_stopped_or_runs_already_stays_as_it_is(aws: AwsServer) -> None:
    ec2, (id_, _) = aws.client("ec2"), instance(aws)
    launched = shown(aws, id_)["LaunchTime"]
    aws.clock.set(THEN)
    (started,) = ec2.start_instances(InstanceIds=[id_])["StartingInstances"]
    assert started["PreviousState"]["Name"] == "running"
    assert shown(aws, id_)["LaunchTime"] == launched
    for before in ("running", "stopped"):
        (stopped,) = ec2.stop_instances(InstanceIds=[id_])["StoppingInstances"]
        assert stopped["PreviousState"]["Name"] == before
    assert state(aws, id_) == "stopped"


def test_an_instance_that_is_named_twice_is_stopped_once(aws: AwsServer) -> None:
    id_, _ = instance(aws)
    assert len(aws.client("ec2").stop_instances(InstanceIds=[id_, id_])["StoppingInstances"]) == 1


def test_a_persistent_spot_instance_stops_and_starts(aws: AwsServer) -> None:
    options = spot(SpotInstanceType="persistent", InstanceInterruptionBehavior="stop")
    ec2, (id_, _) = aws.client("ec2"), instance(aws, InstanceMarketOptions=options)
    ec2.stop_instances(InstanceIds=[id_])
    ec2.start_instances(InstanceIds=[id_])
    assert shown(aws, id_)["InstanceLifecycle"] == "spot"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda on: {"DisableApiStop": {"Value": on}}, id="as a boolean"),
        pytest.param(lambda on: {"Attribute": "disableApiStop", "Value": str(on).lower()}, id="as a text"),
    ],
)
def test_stop_protection_is_switched_on_and_off_and_shown(aws: AwsServer, given: Any) -> None:
    ec2, (id_, _) = aws.client("ec2"), instance(aws)
    for on in (True, False):
        ec2.modify_instance_attribute(InstanceId=id_, **given(on))
        answer = ec2.describe_instance_attribute(InstanceId=id_, Attribute="disableApiStop")
        assert answer["DisableApiStop"] == {"Value": on}
        if on:
            assert refusal(ec2.stop_instances, InstanceIds=[id_])["Code"] == "OperationNotPermitted"
    ec2.stop_instances(InstanceIds=[id_])


def test_each_start_moves_the_launch_time_and_no_attach_time(aws: AwsServer) -> None:
    aws.clock.set(THEN)
    ec2, (id_, _) = aws.client("ec2"), instance(aws)

    def times() -> list[datetime]:
        seen = shown(aws, id_)
        attached = [seen["NetworkInterfaces"][0]["Attachment"], seen["BlockDeviceMappings"][0]["Ebs"]]
        return [seen["LaunchTime"], *(each["AttachTime"] for each in attached)]

    for moment in times():
        assert timedelta(0) <= moment - THEN < timedelta(minutes=5)
    first = times()
    later = THEN + timedelta(days=30)
    ec2.stop_instances(InstanceIds=[id_])
    aws.clock.set(later)
    assert times() == first
    ec2.start_instances(InstanceIds=[id_])
    launched, *attached = times()
    assert timedelta(0) <= launched - later < timedelta(minutes=5)
    assert attached == first[1:]
