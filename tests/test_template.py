"""The packaged template says what Lambda and SQS ask for."""

import json
import zipfile
from typing import Any

import pytest

from tests.conftest import PACKAGE, ROOT
from tests.snapshots.test_events import CREATED, FAILED, SET

TEMPLATE: dict[str, Any] = json.loads((PACKAGE / "sam.json").read_text())
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["stack"]["lambda_functions"]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = {name: r for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}


def test_every_function_is_configured_and_every_configuration_has_its_function():
    """Chalice ignores the configuration of a function that it does not know."""
    handlers = {
        "api_handler" if (h := f["Properties"]["Handler"]) == "app.app" else h.removeprefix("app.")
        for f in FUNCTIONS.values()
    }
    assert handlers == set(CONFIG)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_role_of_its_own_with_its_own_policy(name: str):
    roles = [f["Properties"]["Role"]["Fn::GetAtt"][0] for f in FUNCTIONS.values()]
    role = FUNCTIONS[name]["Properties"]["Role"]["Fn::GetAtt"][0]
    assert roles.count(role) == 1
    handler = FUNCTIONS[name]["Properties"]["Handler"].removeprefix("app.").replace("app", "api_handler")
    (policy,) = RESOURCES[role]["Properties"]["Policies"]
    assert policy["PolicyDocument"] == json.loads((ROOT / ".chalice" / f"policy-{handler}.json").read_text())


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and its like
WITHOUT_RESOURCES = {
    "cloudwatch:GetMetricData",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLockedSnapshots",
    "ec2:DescribeSnapshots",
    "ec2:DescribeVolumes",
    "ec2:GetSnapshotBlockPublicAccessState",
    "pricing:GetProducts",
    "ssm:GetCommandInvocation",
}


def statements(function: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all that a function's role allows, what hangs on a parameter included."""
    role = RESOURCES[function["Properties"]["Role"]["Fn::GetAtt"][0]]
    every = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return [statement.get("Fn::If", [None, statement])[1] for statement in every]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_what_has_no_resource_is_allowed_on_everything(name: str):
    """Keys of KMS are the operator's, and are known by no name: EC2 alone may use them for a function."""
    for statement in statements(FUNCTIONS[name]):
        assert not [action for action in statement["Action"] if "*" in action]
        if statement["Resource"] == "*" and set(statement["Action"]) - WITHOUT_RESOURCES:
            assert {action.partition(":")[0] for action in statement["Action"]} == {"kms"}
            assert statement["Condition"]["StringLike"] == {"kms:ViaService": {"Fn::Sub": "ec2.*.${AWS::URLSuffix}"}}


def test_snapshots_are_made_and_deleted_with_the_stacks_label_alone():
    labels = {"Fn::Sub": "${AWS::StackName}"}
    for function, action, key in (
        ("SweepSnapshots", "ec2:CreateSnapshot", "aws:RequestTag/groundskeeper:stack"),
        ("SweepSnapshots", "ec2:CreateSnapshots", "aws:RequestTag/groundskeeper:stack"),
        ("RetireSnapshots", "ec2:DeleteSnapshot", "aws:ResourceTag/groundskeeper:stack"),
    ):
        found = [
            statement
            for statement in statements(FUNCTIONS[function])
            if action in statement["Action"] and "snapshot/*" in str(statement["Resource"])
        ]
        assert [statement["Condition"]["StringEquals"] for statement in found] == [{key: labels}]
    deleting = [
        name
        for name, function in FUNCTIONS.items()
        for statement in statements(function)
        if "ec2:DeleteSnapshot" in statement["Action"]
    ]
    assert deleting == ["RetireSnapshots"]


LONGEST_STACK_NAME = "s" * 42


def test_every_role_has_a_name_that_iam_takes():
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 64 characters, as functions."""
    named = [
        resource["Properties"][key]["Fn::Sub"]
        for resource in RESOURCES.values()
        for key in ("RoleName", "FunctionName")
        if "Fn::Sub" in resource.get("Properties", {}).get(key, ())
    ]
    assert len(named) >= 2 * len(FUNCTIONS)
    assert [name for name in named if len(name.replace("${AWS::StackName}", LONGEST_STACK_NAME)) > 64] == []


ALARMS = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::CloudWatch::Alarm"}


@pytest.mark.parametrize("name", [name for name, alarm in ALARMS.items() if alarm["Namespace"] == "Groundskeeper"])
def test_every_alarm_is_about_a_metric_that_is_written_and_says_where_to_read_on(name: str):
    alarm = ALARMS[name]
    sources = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*report.py"))
    assert alarm["MetricName"] in sources
    assert [dimension["Name"] for dimension in alarm["Dimensions"]] == ["stack"]
    page, _, anchor = alarm["AlarmDescription"].rpartition("see ")[2].partition("#")
    headings = [line.lstrip("# ").lower() for line in (ROOT / page).read_text().splitlines() if line.startswith("#")]
    assert anchor in ["".join(c for c in line if c.isalnum() or c in " -").replace(" ", "-") for line in headings]


@pytest.mark.parametrize(
    ("name", "queue"),
    [("OnInstancesChanged", "InstanceQueue"), ("OnSnapshotsEnded", "SnapshotQueue")],
)
def test_a_message_stays_invisible_for_six_times_the_functions_timeout(name: str, queue: str):
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    function = FUNCTIONS[name]["Properties"]
    assert RESOURCES[queue]["Properties"]["VisibilityTimeout"] >= 6 * function["Timeout"]
    (source,) = function["Events"].values()
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2


@pytest.mark.parametrize("event", [CREATED, SET, FAILED], ids=lambda event: event["detail"]["event"])
def test_the_rule_of_snapshots_lets_through_what_the_function_reads(event: dict[str, Any]):
    pattern = RESOURCES["SnapshotRule"]["Properties"]["EventPattern"]
    assert event["source"] in pattern["source"]
    assert event["detail-type"] in pattern["detail-type"]
    assert event["detail"]["event"] in pattern["detail"]["event"]


def test_the_package_holds_the_application_and_nothing_of_the_tools():
    with zipfile.ZipFile(PACKAGE / "deployment.zip") as package:
        top = {name.split("/")[0] for name in package.namelist()}
    assert {"app.py", "chalicelib", "chalice", "aws_lambda_powertools"} <= top
    assert not top & {"localcloud", "cli", "demo", "tests", "benchmarks", "boto3", "moto", "rich"}
