"""Faults on order: what a client meets, in each protocol."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, refusal

TABLE: Json = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.mark.parametrize(
    ("call", "service", "method", "arguments"),
    [
        pytest.param("ec2:DescribeVolumes", "ec2", "describe_volumes", {}, id="ec2"),
        pytest.param("sns:CreateTopic", "sns", "create_topic", {"Name": "t"}, id="query"),
        pytest.param("dynamodb:CreateTable", "dynamodb", "create_table", TABLE, id="json 1.0"),
        pytest.param(
            "ssm:PutParameter", "ssm", "put_parameter", {"Name": "p", "Value": "v", "Type": "String"}, id="json 1.1"
        ),
        pytest.param("sqs:CreateQueue", "sqs", "create_queue", {"QueueName": "q"}, id="json that was query"),
        pytest.param("cloudwatch:ListMetrics", "cloudwatch", "list_metrics", {}, id="several protocols"),
        pytest.param("lambda:ListFunctions", "lambda", "list_functions", {}, id="rest json"),
        pytest.param("route53:ListHostedZones", "route53", "list_hosted_zones", {}, id="rest xml"),
        pytest.param("s3:CreateBucket", "s3", "create_bucket", {"Bucket": "bucket"}, id="s3"),
        pytest.param("s3:ListAllMyBuckets", "s3", "list_buckets", {}, id="s3 without a bucket"),
    ],
)
def test_the_next_request_is_answered_with_the_error_in_the_services_protocol(
    aws: AwsServer, call: str, service: str, method: str, arguments: Json
) -> None:
    ask = getattr(client(aws, service), method)
    for code, status in (("ThrottlingException", 503), ("OfNoService", 418)):
        aws.faults.fail(call, code=code, status=status)
        with pytest.raises(ClientError) as failure:
            ask(**arguments)
        assert failure.value.response["Error"]["Code"] == code
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    ask(**arguments)  # the next one is served


def made(aws: AwsServer) -> list[str]:
    return [url.rsplit("/", 1)[1] for url in aws.client("sqs", internal=True).list_queues().get("QueueUrls", [])]


@pytest.fixture
def make(aws: AwsServer) -> Callable[..., Any]:
    create: Callable[..., Any] = client(aws, "sqs").create_queue
    return create


def test_a_request_that_fails_has_done_nothing(aws: AwsServer, make: Callable[..., Any]) -> None:
    aws.faults.fail("sqs:CreateQueue", code="InternalError", status=500)
    assert refusal(make, QueueName="q")["Code"] == "InternalError"
    assert made(aws) == []


def test_a_request_whose_answer_is_lost_has_been_carried_out(aws: AwsServer, make: Callable[..., Any]) -> None:
    aws.faults.fail("sqs:CreateQueue", code="ServiceUnavailable", status=503, after=True)
    assert refusal(make, QueueName="q")["Code"] == "ServiceUnavailable"
    assert made(aws) == ["q"]


@pytest.mark.parametrize("after", [False, True])
def test_without_a_code_the_connection_is_closed(aws: AwsServer, make: Callable[..., Any], after: bool) -> None:
    aws.faults.fail("sqs:CreateQueue", after=after)
    with pytest.raises(ConnectionClosedError):
        make(QueueName="q")
    assert made(aws) == ["q"] * after
    make(QueueName="r")


def test_a_client_with_retries_does_not_notice_one_lost_answer(aws: AwsServer) -> None:
    aws.faults.fail("sqs:CreateQueue", after=True)
    aws.client("sqs").create_queue(QueueName="q")
    assert (made(aws), aws.calls.count("sqs:CreateQueue")) == (["q"], 2)


def test_some_requests_are_skipped_and_then_several_fail(aws: AwsServer, make: Callable[..., Any]) -> None:
    aws.faults.fail("sqs:CreateQueue", code="First", skip=1, times=2)
    aws.faults.fail("sqs:CreateQueue", code="Second")
    assert aws.faults.pending == ["sqs:CreateQueue"] * 3
    make(QueueName="q0")
    assert [refusal(make, QueueName=f"q{number}")["Code"] for number in (1, 2, 3)] == ["First", "First", "Second"]
    make(QueueName="q4")
    assert made(aws) == ["q0", "q4"]


def test_another_call_and_the_emulator_itself_go_on(aws: AwsServer) -> None:
    aws.faults.fail("sqs:CreateQueue", code="Broken")
    aws.client("sqs", internal=True).create_queue(QueueName="q")
    client(aws, "sqs").list_queues()
    assert aws.faults.pending == ["sqs:CreateQueue"]
    aws.faults.clear()
    client(aws, "sqs").create_queue(QueueName="r")


def test_a_request_in_another_region_does_not_meet_a_regions_own_fault(aws: AwsServer) -> None:
    here, there = (aws.client("ec2", region) for region in ("eu-west-3", "us-east-1"))
    aws.faults.fail("ec2:DescribeVolumes", region="eu-west-3", code="Broken")
    there.describe_volumes()
    assert aws.faults.pending == ["ec2:DescribeVolumes"]
    assert refusal(here.describe_volumes)["Code"] == "Broken"
    here.describe_volumes()


def test_who_may_not_make_a_request_does_not_use_its_fault_up(aws: AwsServer, make: Callable[..., Any]) -> None:
    stranger = client(aws, "sqs", assume(aws, allow("sqs:ListQueues")))
    aws.faults.fail("sqs:CreateQueue", code="Broken")
    assert refusal(stranger.create_queue, QueueName="q")["Code"] == "AccessDenied"
    assert refusal(make, QueueName="q")["Code"] == "Broken"


def test_a_call_needs_its_service(aws: AwsServer) -> None:
    with pytest.raises(ValueError, match="ec2:CreateSnapshots is wanted"):
        aws.faults.fail("CreateSnapshots", code="InternalError")
