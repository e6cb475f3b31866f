import errno
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, policy, refusal


def test_the_administrators_keys_open_every_service(aws: AwsServer) -> None:
    assert client(aws, "sts").get_caller_identity()["Account"] == aws.account_id
    assert client(aws, "route53").list_hosted_zones()["HostedZones"] == []
    assert client(aws, "ec2").describe_instances()["Reservations"] == []
    assert client(aws, "s3").list_buckets()["Buckets"] == []
    assert client(aws, "lambda").list_functions()["Functions"] == []
    assert client(aws, "dynamodb").list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    ("service", "call", "unknown_key", "bad_signature"),
    [
        ("sqs", "list_queues", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("route53", "list_hosted_zones", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        ("ec2", "describe_instances", "AuthFailure", "AuthFailure"),
        ("dynamodb", "list_tables", "UnrecognizedClientException", "InvalidSignatureException"),
        ("lambda", "list_functions", "UnrecognizedClientException", "InvalidSignatureException"),
    ],
)
def test_a_stranger_and_a_forger_are_refused_in_the_services_own_words(
    aws: AwsServer, service: str, call: str, unknown_key: str, bad_signature: str
) -> None:
    stranger = {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA", "SecretAccessKey": "x"}
    forger = {"AccessKeyId": aws.access_key, "SecretAccessKey": "x"}
    assert refusal(getattr(client(aws, service, stranger), call))["Code"] == unknown_key
    assert refusal(getattr(client(aws, service, forger), call))["Code"] == bad_signature


def test_a_request_without_a_signature_is_refused(aws: AwsServer) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(aws.endpoint)  # noqa: S310  # loopback


@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("sqs", "list_queues", {}, "AccessDenied"),
        ("route53", "list_hosted_zones", {}, "AccessDenied"),
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("ec2", "describe_instances", {}, "UnauthorizedOperation"),
        ("dynamodb", "list_tables", {}, "AccessDeniedException"),
        ("cloudwatch", "list_metrics", {}, "AccessDenied"),
    ],
)
def test_a_role_may_not_do_what_its_policy_does_not_say(
    aws: AwsServer, service: str, call: str, arguments: Json, code: str
) -> None:
    keys = assume(aws, allow("sns:Publish"))
    error = refusal(getattr(client(aws, service, keys), call), **arguments)
    assert error["Code"].removesuffix("Exception") == code.removesuffix("Exception")


def test_a_role_may_do_what_its_policy_says_and_on_that_resource_only(aws: AwsServer) -> None:
    mine, other = (aws.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("mine", "other"))
    keys = assume(aws, allow("sqs:SendMessage", f"arn:aws:sqs:*:{aws.account_id}:mine"))
    sqs = client(aws, "sqs", keys)
    sqs.send_message(QueueUrl=mine, MessageBody="x")
    sqs.send_message_batch(QueueUrl=mine, Entries=[{"Id": "1", "MessageBody": "x"}])
    assert "sqs:SendMessage" in refusal(sqs.send_message, QueueUrl=other, MessageBody="x")["Message"]
    assert refusal(sqs.receive_message, QueueUrl=mine)["Code"] == "AccessDenied"


def test_an_explicit_denial_wins(aws: AwsServer) -> None:
    keys = assume(aws, allow("sqs:*"), {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"})
    url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    assert refusal(client(aws, "sqs", keys).delete_queue, QueueUrl=url)["Code"] == "AccessDenied"


def test_a_policy_for_one_hosted_zone_says_nothing_about_another(aws: AwsServer) -> None:
    zones = [aws.client("route53").create_hosted_zone(Name=name, CallerReference=name) for name in ("a.test", "b.test")]
    mine, other = (zone["HostedZone"]["Id"].rsplit("/", 1)[1] for zone in zones)
    keys = assume(aws, allow("route53:ListResourceRecordSets", f"arn:aws:route53:::hostedzone/{mine}"))
    route53 = client(aws, "route53", keys)
    assert len(route53.list_resource_record_sets(HostedZoneId=mine)["ResourceRecordSets"]) == 2
    assert refusal(route53.list_resource_record_sets, HostedZoneId=other)["Code"] == "AccessDenied"


def test_a_condition_on_record_types_is_kept(aws: AwsServer) -> None:
    zone = aws.client("route53").create_hosted_zone(Name="a.test", CallerReference="1")["HostedZone"]["Id"]
    types = {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"]}}
    route53 = client(aws, "route53", assume(aws, allow("route53:ChangeResourceRecordSets", Condition=types)))

    def batch(type_: str, value: str) -> Json:
        record = {"Name": "x.a.test", "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        return {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}

    denied = refusal(route53.change_resource_record_sets, HostedZoneId=zone, ChangeBatch=batch("A", "192.0.2.1"))
    assert denied["Code"] == "AccessDenied"
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch("CNAME", "y.test"))


def test_a_condition_on_tags_chooses_the_instances(aws: AwsServer) -> None:
    ec2 = aws.client("ec2")
    tagged, plain = (instance["InstanceId"] for instance in _launch(ec2, 2))
    ec2.create_tags(Resources=[tagged], Tags=[{"Key": "Owner", "Value": "me"}])
    keys = assume(aws, allow("ec2:StopInstances", Condition={"StringEquals": {"ec2:ResourceTag/Owner": "me"}}))
    assert refusal(client(aws, "ec2", keys).stop_instances, InstanceIds=[plain])["Code"] == "UnauthorizedOperation"
    client(aws, "ec2", keys).stop_instances(InstanceIds=[tagged])


def test_metrics_go_to_the_allowed_namespace_only(aws: AwsServer) -> None:
    only = allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "Mine"}})
    cloudwatch = client(aws, "cloudwatch", assume(aws, only))
    data = [{"MetricName": "m", "Value": 1}]
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=data)
    assert "Denied" in refusal(cloudwatch.put_metric_data, Namespace="Other", MetricData=data)["Code"]


def test_a_role_of_another_account_is_assumed_only_if_it_trusts_the_caller(aws: AwsServer) -> None:
    other = "999999999999"
    iam = aws.client("iam", account=other)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    for name, trusted in (("open", aws.account_id), ("closed", "111111111111")):
        document = policy({**trust, "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"}})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow("ec2:Describe*")))
    keys = assume(aws, allow("sts:AssumeRole", f"arn:aws:iam::{other}:role/*"))
    sts = client(aws, "sts", keys)

    def role(name: str) -> Json:
        return {"RoleArn": f"arn:aws:iam::{other}:role/{name}", "RoleSessionName": "session"}

    inside = sts.assume_role(**role("open"))["Credentials"]
    assert client(aws, "sts", inside).get_caller_identity()["Account"] == other
    assert client(aws, "ec2", inside).describe_instances()["Reservations"] == []
    assert refusal(sts.assume_role, **role("closed"))["Code"] == "AccessDenied"
    assert refusal(sts.assume_role, **role("missing"))["Code"] == "AccessDenied"


def test_accounts_and_regions_keep_apart(aws: AwsServer) -> None:
    _launch(aws.client("ec2", "eu-west-1", "999999999999"), 1)
    assert _count(aws.client("ec2", "eu-west-1", "999999999999")) == 1
    assert _count(aws.client("ec2", "eu-west-1")) == 0
    assert _count(aws.client("ec2", account="999999999999")) == 0


def test_calls_are_counted_by_action_and_caller_and_the_emulators_own_are_not(aws: AwsServer) -> None:
    keys = assume(aws, allow("sqs:ListQueues"))
    client(aws, "sqs", keys).list_queues()
    aws.client("sqs").list_queues()
    aws.client("sqs", internal=True).list_queues()
    assert aws.calls.count("sqs:ListQueues") == 2
    assert aws.calls.count("sqs:ListQueues", keys["AccessKeyId"]) == 1
    aws.calls.reset()
    assert aws.calls.snapshot() == {}


def test_a_long_poll_holds_up_nobody_and_ends_with_the_message(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    received, polling = [], threading.Event()

    def poll() -> None:
        polling.set()
        received.append(client(aws, "sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"])

    thread = threading.Thread(target=poll)
    thread.start()
    polling.wait(5)
    began = time.monotonic()
    _wait_until(lambda: aws.calls.count("sqs:ReceiveMessage") == 1)
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    thread.join(timeout=10)
    assert received == ["hello"]
    assert time.monotonic() - began < 10


def test_a_fifo_group_keeps_its_order_for_two_pollers(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="q.fifo", Attributes=fifo)["QueueUrl"]
    for body in ("first", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    first = sqs.receive_message(QueueUrl=url)["Messages"][0]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "second"


def test_stopping_ends_a_long_poll_and_frees_the_port() -> None:
    before = set(threading.enumerate())
    with AwsServer() as aws:
        port = int(aws.endpoint.rsplit(":", 1)[1])
        url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        sqs = client(aws, "sqs")
        poll = threading.Thread(target=lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
        poll.start()
        _wait_until(lambda: aws.calls.count("sqs:ReceiveMessage") == 1)
    poll.join(timeout=5)
    assert not poll.is_alive()
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= before
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_second_start_begins_with_nothing() -> None:
    with AwsServer() as aws:
        aws.client("sqs").create_queue(QueueName="q")
    with AwsServer() as aws:
        assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_a_taken_port_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError) as error:  # noqa: PT011  # by errno
        AwsServer(port=taken.getsockname()[1]).start()
    assert error.value.errno == errno.EADDRINUSE
    with AwsServer():
        pass


def test_one_process_holds_one_server(aws: AwsServer) -> None:
    with pytest.raises(RuntimeError, match="already"):
        AwsServer().start()
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account_id


def test_objects_with_unusual_keys_survive_the_signature_check(aws: AwsServer) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("a b+c/ü~(1)", "plain", "x=y&z"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"1" * 100_000)
        assert s3.get_object(Bucket="bucket", Key=key)["ContentLength"] == 100_000


def _launch(ec2: Any, count: int) -> list[Json]:
    return list(ec2.run_instances(ImageId="ami-12345678", MinCount=count, MaxCount=count)["Instances"])


def _count(ec2: Any) -> int:
    return sum(len(reservation["Instances"]) for reservation in ec2.describe_instances()["Reservations"])


def _wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
