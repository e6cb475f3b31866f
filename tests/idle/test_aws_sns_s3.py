"""The topic that owners are told through, and the store of reports, against the strict emulator."""

import json
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import BadSettings, GroundskeeperError, TryAgain
from chalicelib.idle.aws.s3 import ReportStore
from chalicelib.idle.aws.sns import Topic
from chalicelib.idle.documents import digest
from localcloud.server.aws import AwsServer
from tests.idle import reports
from tests.idle.clouds import bucket
from tests.snapshots.yards import once

PEOPLE = "ops@example.com"
HOME = "ap-southeast-5"  # where no other test has topics or buckets: faults are ordered by region


class Listener:
    """A queue that hears a topic, or those of its messages that a filter lets through."""

    def __init__(self, aws: AwsServer, arn: str, *owners: str) -> None:
        self.sqs = aws.client("sqs", HOME)
        self.url = self.sqs.create_queue(QueueName=f"hears-{uuid.uuid4().hex}")["QueueUrl"]
        queue = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"FilterPolicy": json.dumps({"owners": owners})} if owners else {}
        aws.client("sns", HOME).subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=policy)

    def heard(self) -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        while page := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            taken += (json.loads(each["Body"]) for each in page)
            for each in page:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        return taken


@pytest.fixture
def arn(aws: AwsServer) -> str:
    return str(aws.client("sns", HOME).create_topic(Name=f"idle-{uuid.uuid4().hex}")["TopicArn"])


@pytest.fixture
def topic(aws: AwsServer, arn: str) -> Topic:
    return Topic(once(aws, "sns", HOME), arn)


# Who listens


def test_nobody_listens_to_a_new_topic(topic: Topic):
    assert topic.listeners() == 0


def test_those_listen_who_have_confirmed_it(aws: AwsServer, topic: Topic, arn: str):
    sns = aws.client("sns", HOME)
    for number in (1, 2):
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=f"{number}{PEOPLE}")
    assert topic.listeners() == 0, "nobody has followed the link"
    aws.subscribers.confirm(arn, f"1{PEOPLE}")
    assert topic.listeners() == 1
    Listener(aws, arn)
    assert topic.listeners() == 2
    for each in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        if each["SubscriptionArn"].startswith("arn:"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    assert topic.listeners() == 0


# What they hear


def test_a_message_is_heard_as_it_was_written(aws: AwsServer, topic: Topic, arn: str):
    listener = Listener(aws, arn)
    topic.publish("12 idle instances", "line 1\nline 2: größer\n")
    (heard,) = listener.heard()
    assert (heard["Subject"], heard["Message"]) == ("12 idle instances", "line 1\nline 2: größer\n")


def test_whoever_listens_hears_it_for_that_is_what_is_noted(aws: AwsServer, topic: Topic, arn: str):
    """A subscription that chooses by attributes counts as one that listens: there must be nothing to choose by."""
    everything, nothing = Listener(aws, arn), Listener(aws, arn, "ops")
    topic.publish("s", "b")
    (heard,) = everything.heard()
    assert (heard.get("MessageAttributes", {}), nothing.heard()) == ({}, [])


FLEETS: list[Any] = [
    pytest.param(3_000, 1, "web", id="of one owner"),
    pytest.param(3_000, 3_000, "team-", id="of an owner each"),
    pytest.param(3_000, 3_000, "ü" * 250, id="of owners with long names beyond ASCII"),
    pytest.param(3_000, 70, "\N{GRINNING FACE}" * 250, id="with the longest names of all"),
]


@pytest.mark.parametrize(("count", "owners", "text"), FLEETS)
def test_sns_takes_the_digest_of_a_large_fleet(
    aws: AwsServer, topic: Topic, arn: str, count: int, owners: int, text: str
):
    listener = Listener(aws, arn)
    idle = (reports.idle(number, f"{text}{number % owners}", name=text, usage=()) for number in range(count))
    written = digest.write(reports.report(*idle), reports.TODAY)
    assert written
    assert len(written.body.encode()) > digest.LARGEST * 0.8, "there was more to say"
    topic.publish(written.subject, written.body)
    (heard,) = listener.heard()
    assert (heard["Subject"], heard["Message"]) == (written.subject, written.body)


# What goes wrong

CALLS: list[Any] = [
    pytest.param("GetTopicAttributes", lambda topic: topic.listeners(), id="listeners"),
    pytest.param("Publish", lambda topic: topic.publish("s", "b"), id="publish"),
]


@pytest.mark.parametrize(("operation", "act"), CALLS)
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("Throttling", 400, TryAgain),
        ("Throttled", 429, TryAgain),
        ("KMSThrottling", 400, TryAgain),
        ("InternalError", 500, TryAgain),
        (None, 400, TryAgain),
        ("AuthorizationError", 403, BadSettings),
        ("NotFound", 404, BadSettings),
        ("KMSAccessDenied", 400, BadSettings),
        ("InvalidParameter", 400, BadSettings),
    ],
    ids=str,
)
def test_a_topic_that_cannot_be_used_says_so(
    aws: AwsServer,
    topic: Topic,
    operation: str,
    act: Callable[[Topic], object],
    code: str | None,
    status: int,
    error: type[GroundskeeperError],
):
    aws.faults.fail(f"sns:{operation}", region=HOME, code=code, status=status)
    try:
        with pytest.raises(error, match=r"SNS|the topic arn:aws:sns"):
            act(topic)
        assert aws.faults.pending == []
    finally:
        aws.faults.clear()


@pytest.mark.parametrize(("operation", "act"), CALLS)
def test_a_topic_that_is_gone_is_named(aws: AwsServer, topic: Topic, arn: str, operation: str, act: Any):
    aws.client("sns", HOME).delete_topic(TopicArn=arn)
    with pytest.raises(BadSettings, match=arn):
        act(topic)


# Reports

DAY = date(2026, 11, 26)
DOCUMENTS = {"html": "<!doctype html><p>größer", "json": '{"a": 1}', "csv": "a,b\r\n1,ö\r\n"}


@pytest.fixture
def store(aws: AwsServer) -> Callable[[], tuple[str, ReportStore]]:
    def make() -> tuple[str, ReportStore]:
        name = bucket(aws, HOME)
        return name, ReportStore(once(aws, "s3", HOME), name)

    return make


def kept(aws: AwsServer, name: str) -> dict[str, tuple[str, str]]:
    """Return the types and texts of all objects by their keys."""
    s3 = aws.client("s3", HOME)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=name).get("Contents", ())]
    found = {key: s3.get_object(Bucket=name, Key=key) for key in keys}
    return {key: (each["ContentType"], each["Body"].read().decode()) for key, each in found.items()}


def test_a_report_is_kept_for_its_day_and_as_the_latest_one_in_each_format(
    aws: AwsServer, store: Callable[[], tuple[str, ReportStore]]
):
    name, reports = store()
    assert reports.put(DAY, DOCUMENTS) == f"s3://{name}/reports/idle/2026-11-26.html"
    types = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}
    assert kept(aws, name) == {
        f"reports/idle/{which}.{format_}": (types[format_], text)
        for which in ("2026-11-26", "latest")
        for format_, text in DOCUMENTS.items()
    }


def test_the_next_report_is_the_latest_one_and_leaves_those_before(
    aws: AwsServer, store: Callable[[], tuple[str, ReportStore]]
):
    name, reports = store()
    for day, text in ((DAY, "one"), (DAY, "two"), (date(2026, 11, 27), "three")):
        reports.put(day, {"html": text, "csv": text})
    assert {key.removeprefix("reports/idle/"): text for key, (_, text) in kept(aws, name).items()} == {
        "2026-11-26.html": "two",
        "2026-11-26.csv": "two",
        "2026-11-27.html": "three",
        "2026-11-27.csv": "three",
        "latest.html": "three",
        "latest.csv": "three",
    }


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("SlowDown", 503, TryAgain),
        ("InternalError", 500, TryAgain),
        ("RequestTimeout", 400, TryAgain),
        (None, 400, TryAgain),
        ("AccessDenied", 403, BadSettings),
        ("KMS.DisabledException", 400, BadSettings),
    ],
    ids=str,
)
@pytest.mark.parametrize("skip", [0, 5], ids=["the first", "the last"])
def test_a_store_that_does_not_keep_all_says_so(
    aws: AwsServer,
    store: Callable[[], tuple[str, ReportStore]],
    code: str | None,
    status: int,
    error: type[GroundskeeperError],
    skip: int,
):
    name, reports = store()
    aws.faults.fail("s3:PutObject", region=HOME, code=code, status=status, skip=skip)
    try:
        with pytest.raises(error, match=f"S3|the bucket {name}"):
            reports.put(DAY, DOCUMENTS)
        assert aws.faults.pending == []
    finally:
        aws.faults.clear()
    reports.put(DAY, DOCUMENTS)
    assert len(kept(aws, name)) == 6


def test_a_bucket_that_is_not_there_is_named(aws: AwsServer):
    with pytest.raises(BadSettings, match="no-such-bucket-here"):
        ReportStore(once(aws, "s3", HOME), "no-such-bucket-here").put(DAY, DOCUMENTS)
    with pytest.raises(ClientError):
        aws.client("s3", HOME).head_bucket(Bucket="no-such-bucket-here")
