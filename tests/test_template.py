"""The packaged template says what Lambda and SQS ask for."""

import json
import zipfile
from typing import Any

import pytest

from tests.conftest import PACKAGE, ROOT

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


def test_only_describing_instances_is_allowed_on_everything():
    """EC2 has no resource for it: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html."""
    for function in FUNCTIONS.values():
        role = RESOURCES[function["Properties"]["Role"]["Fn::GetAtt"][0]]
        for statement in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
            plain = statement.get("Fn::If", [None, statement])[1]
            assert plain["Resource"] != "*" or plain["Action"] == ["ec2:DescribeInstances"]
            assert not [action for action in plain["Action"] if "*" in action]


def test_a_message_stays_invisible_for_six_times_the_functions_timeout():
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    function = FUNCTIONS["OnInstancesChanged"]["Properties"]
    assert RESOURCES["InstanceQueue"]["Properties"]["VisibilityTimeout"] >= 6 * function["Timeout"]
    (source,) = function["Events"].values()
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_the_package_holds_the_application_and_nothing_of_the_tools():
    with zipfile.ZipFile(PACKAGE / "deployment.zip") as package:
        top = {name.split("/")[0] for name in package.namelist()}
    assert {"app.py", "chalicelib", "chalice", "aws_lambda_powertools"} <= top
    assert not top & {"localcloud", "cli", "demo", "tests", "benchmarks", "boto3", "moto", "rich"}
