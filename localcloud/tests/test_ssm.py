"""Run Command: https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html."""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.ssm.behaviour import Behaviour, Fails, Hangs, Silent, Succeeds, Unmanaged
from localcloud.tests.acting import Json, allow, assume, client, refusal
from localcloud.tests.clouds import eventually

SCRIPT = "AWS-RunShellScript"


def launch(aws: AwsServer, **tags: str) -> str:
    made = aws.client("ec2").run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)
    instance: str = made["Instances"][0]["InstanceId"]
    if tags:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        aws.client("ec2").create_tags(Resources=[instance], Tags=listed)
    return instance


def send(ssm: Any, *instances: str, line: str = "sync", execution: str | None = None, **more: Any) -> Json:
    parameters = {"commands": [line], **({"executionTimeout": [execution]} if execution else {})}
    where = {"InstanceIds": list(instances)} if instances else {}
    sent = ssm.send_command(DocumentName=SCRIPT, **where, **{"Parameters": parameters, **more})
    return dict(sent["Command"])


def told(ssm: Any, command: Json, instance: str) -> Json:
    """Return what is told of an invocation, once it is there."""
    asked = {"CommandId": command["CommandId"], "InstanceId": instance}
    try:
        return dict(ssm.get_command_invocation(**asked))
    except ssm.exceptions.InvocationDoesNotExist:
        return dict(ssm.get_command_invocation(**asked))


@pytest.fixture
def ssm(aws: AwsServer) -> Any:
    return client(aws, "ssm")


@pytest.fixture
def instance(aws: AwsServer) -> str:
    return launch(aws)


def test_commands_succeed_and_it_is_known_what_was_run_in_which_order(aws: AwsServer, ssm: Any) -> None:
    first, second = launch(aws), launch(aws)
    before = aws.clock_now()
    command = send(ssm, first, second, line="fsfreeze -f /data", Comment="freeze")
    assert (command["Status"], command["InstanceIds"], command["TargetCount"]) == ("Pending", [first, second], 2)
    send(ssm, first, line="fsfreeze -u /data")
    freeze, thaw = ("fsfreeze -f /data",), ("fsfreeze -u /data",)
    assert [(run.instance_id, run.document, run.commands) for run in aws.ssm.runs] == [
        (first, SCRIPT, freeze),
        (second, SCRIPT, freeze),
        (first, SCRIPT, thaw),
    ]
    moments = [run.moment for run in aws.ssm.runs]
    assert moments == sorted(moments)
    assert before <= moments[0] <= aws.clock_now()
    answer = told(ssm, command, second)
    assert (answer["Status"], answer["StatusDetails"], answer["ResponseCode"]) == ("Success", "Success", 0)
    assert (answer["PluginName"], answer["Comment"]) == ("aws:runShellScript", "freeze")


def test_an_invocation_is_not_there_at_once(ssm: Any, instance: str) -> None:
    asked = {"CommandId": send(ssm, instance)["CommandId"], "InstanceId": instance}
    assert refusal(ssm.get_command_invocation, **asked)["Code"] == "InvocationDoesNotExist"
    assert ssm.get_command_invocation(**asked)["Status"] == "Success"


@pytest.mark.parametrize(
    ("behaviour", "execution", "wanted"),
    [
        pytest.param(Succeeds("done\n"), None, ("Success", "Success", 0, "done\n", ""), id="success"),
        pytest.param(Fails(3, "a", "b"), None, ("Failed", "Failed", 3, "a", "b"), id="failure"),
        pytest.param(Succeeds(seconds=9), "1", ("TimedOut", "ExecutionTimedOut", -1, "", ""), id="slow success"),
        pytest.param(Hangs(0.1), None, ("TimedOut", "ExecutionTimedOut", -1, "", ""), id="execution timeout"),
        pytest.param(Silent(0.1), None, ("TimedOut", "DeliveryTimedOut", -1, "", ""), id="delivery timeout"),
        pytest.param(Succeeds("x" * 30_000), None, ("Success", "Success", 0, "x" * 24_000, ""), id="much output"),
    ],
)
def test_an_agent_behaves_as_it_is_told(
    aws: AwsServer, ssm: Any, instance: str, behaviour: Behaviour, execution: str | None, wanted: tuple[Any, ...]
) -> None:
    aws.ssm.behave(instance, behaviour)
    command = send(ssm, instance, execution=execution)
    eventually(lambda: told(ssm, command, instance)["Status"] != "InProgress")
    answer = told(ssm, command, instance)
    names = ("Status", "StatusDetails", "ResponseCode", "StandardOutputContent", "StandardErrorContent")
    assert tuple(answer[name] for name in names) == wanted
    assert answer["ExecutionEndDateTime"]
    (whole,) = ssm.list_commands(CommandId=command["CommandId"])["Commands"]
    assert (whole["Status"], whole["CompletedCount"]) == (wanted[0], 1)


@pytest.mark.parametrize(("behaviour", "ran"), [(Hangs(), 1), (Silent(), 0)])
def test_who_does_not_answer_is_in_progress_until_the_timeouts_that_were_asked_for(
    aws: AwsServer, ssm: Any, instance: str, behaviour: Behaviour, ran: int
) -> None:
    aws.ssm.behave(instance, behaviour)
    command = send(ssm, instance, TimeoutSeconds=30)
    answer = told(ssm, command, instance)
    assert (answer["Status"], answer["ResponseCode"], answer["ExecutionEndDateTime"]) == ("InProgress", -1, "")
    assert len(aws.ssm.runs) == ran
    ssm.cancel_command(CommandId=command["CommandId"])
    assert told(ssm, command, instance)["Status"] == "Cancelled"
    later = send(ssm, instance, TimeoutSeconds=1, execution="1")  # AWS's own least timeout is 30
    eventually(lambda: told(ssm, later, instance)["Status"] == "TimedOut")


def test_commands_that_ended_are_not_cancelled(ssm: Any, instance: str) -> None:
    command = send(ssm, instance)
    ssm.cancel_command(CommandId=command["CommandId"], InstanceIds=[instance])
    assert told(ssm, command, instance)["Status"] == "Success"
    unknown = "01234567-89ab-cdef-0123-456789abcdef"
    assert refusal(ssm.cancel_command, CommandId=unknown)["Code"] == "InvalidCommandId"
    assert refusal(ssm.get_command_invocation, CommandId=unknown, InstanceId=instance)["Code"] == "InvalidCommandId"


def test_an_agent_takes_one_command_after_the_other_as_told(aws: AwsServer, ssm: Any, instance: str) -> None:
    aws.ssm.behave(instance, Succeeds(), Fails(1))
    statuses = [told(ssm, send(ssm, instance), instance)["Status"] for _ in range(3)]
    assert statuses == ["Success", "Failed", "Failed"]


def test_an_instance_without_an_agent_takes_no_command_and_neither_do_the_others(aws: AwsServer, ssm: Any) -> None:
    bare, stopped, other = launch(aws), launch(aws), launch(aws)
    aws.ssm.behave(bare, Unmanaged())
    aws.client("ec2").stop_instances(InstanceIds=[stopped])
    for each in (bare, stopped, "i-0123456789abcdef0"):
        error = refusal(send, ssm=ssm, line="sync", InstanceIds=[other, each])
        assert error["Code"] == "InvalidInstanceId"
        assert error["Message"] == f"Instances [[{each}]] not in a valid state for account {aws.account_id}"
    assert aws.ssm.runs == []
    listed = ssm.describe_instance_information()["InstanceInformationList"]
    assert [(each["InstanceId"], each["PingStatus"]) for each in listed] == [(other, "Online")]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"DocumentName": "AWS-Nothing"}, "InvalidDocument", id="document"),
        pytest.param({"Parameters": {}}, "InvalidParameters", id="no commands"),
        pytest.param({"Parameters": {"commands": ["x"], "speed": ["9"]}}, "InvalidParameters", id="parameter"),
        pytest.param(
            {"Parameters": {"commands": ["x"], "executionTimeout": ["0"]}}, "InvalidParameters", id="execution timeout"
        ),
        pytest.param({"InstanceIds": ["i-1", "i-1"]}, "DuplicateInstanceId", id="the same twice"),
        pytest.param({"InstanceIds": []}, "ValidationException", id="nowhere"),
    ],
)
def test_an_order_that_cannot_be_is_refused(ssm: Any, instance: str, changed: Json, code: str) -> None:
    order = {"DocumentName": SCRIPT, "InstanceIds": [instance], "Parameters": {"commands": ["sync"]}}
    assert refusal(ssm.send_command, **{**order, **changed})["Code"] == code


def test_instances_are_targeted_by_their_tags(aws: AwsServer, ssm: Any) -> None:
    tagged, _ = launch(aws, Role="db"), launch(aws, Role="web")
    command = send(ssm, Targets=[{"Key": "tag:Role", "Values": ["db"]}])
    listed = ssm.list_command_invocations(CommandId=command["CommandId"], Details=True)["CommandInvocations"]
    assert [(each["InstanceId"], each["CommandPlugins"][0]["ResponseCode"]) for each in listed] == [(tagged, 0)]
    nobody = send(ssm, Targets=[{"Key": "tag:Role", "Values": ["none"]}])
    (whole,) = ssm.list_commands(CommandId=nobody["CommandId"])["Commands"]
    assert (whole["StatusDetails"], whole["TargetCount"]) == ("NoInstancesInTag", 0)


def test_lists_come_in_pages_with_the_latest_first(ssm: Any, instance: str) -> None:
    sent = [send(ssm, instance)["CommandId"] for _ in range(3)]
    pages = list(ssm.get_paginator("list_commands").paginate(PaginationConfig={"PageSize": 2}))
    assert [[each["CommandId"] for each in page["Commands"]] for page in pages] == [sent[:0:-1], sent[:1]]


def test_a_role_needs_the_document_and_each_instance(aws: AwsServer) -> None:
    mine, other = launch(aws, Owner="me"), launch(aws)
    document = allow("ssm:SendCommand", f"arn:aws:ssm:{aws.region}::document/{SCRIPT}")
    owned = {"StringEquals": {"ssm:resourceTag/Owner": "me", "aws:ResourceTag/Owner": "me"}}
    instances = allow("ssm:SendCommand", f"arn:aws:ec2:{aws.region}:{aws.account_id}:instance/*", Condition=owned)
    look = allow("ssm:GetCommandInvocation")
    keys = [assume(aws, *each, name=f"r{len(each)}") for each in ([document], [document, instances, look])]
    less, enough = (client(aws, "ssm", each) for each in keys)
    assert refusal(send, ssm=less, InstanceIds=[mine])["Code"] == "AccessDeniedException"
    assert refusal(send, ssm=enough, InstanceIds=[mine, other])["Code"] == "AccessDeniedException"
    assert told(enough, send(enough, mine), mine)["Status"] == "Success"
    assert "CancelCommand" in refusal(enough.cancel_command, CommandId="x" * 36)["Message"]
    without = client(aws, "ssm", assume(aws, instances, name="without"))
    assert f"document/{SCRIPT}" in refusal(send, ssm=without, InstanceIds=[mine])["Message"]
