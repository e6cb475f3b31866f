"""What S3 tells queues, topics and functions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html"""

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest

from localcloud.cloud import LocalCloud
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, client, policy, refusal, rule
from localcloud.tests.acting import Listener as EventListener
from localcloud.tests.clouds import make_function, printed

BUCKET = {"Bucket": "photos"}
ARN = "arn:aws:s3:::photos"
UNUSABLE = "Unable to validate the following destination configurations"


def let_in(action: str, resource: str, condition: Json | None = None) -> str:
    """Return a policy that lets S3 send for the bucket `photos`."""
    condition = condition or {"ArnLike": {"aws:SourceArn": ARN}, "StringEquals": {"aws:SourceAccount": "123456789012"}}
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": action}
    return policy({**statement, "Resource": resource, "Condition": condition})


class Inbox(EventListener):
    """A queue that S3 may send to."""

    def __init__(self, aws: AwsServer, name: str = "inbox", condition: Json | None = None) -> None:
        arn = f"arn:aws:sqs:{aws.region}:{aws.account_id}:{name}"
        super().__init__(aws, name, Policy=let_in("sqs:SendMessage", arn, condition))

    def records(self) -> list[Json]:
        """Take all messages, and return the records in them."""
        return [record for event in self.events() for record in event.get("Records", [])]


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    aws.client("s3").create_bucket(**BUCKET)
    return client(aws, "s3")


@pytest.fixture
def inbox(aws: AwsServer) -> Inbox:
    return Inbox(aws)


def to_queue(inbox: Inbox, *events: str, id: str | None = None, **filters: str) -> Json:  # noqa: A002 - S3's name
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    more = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"QueueArn": inbox.arn, "Events": list(events), **more, **({"Id": id} if id else {})}


def configure(s3: Any, *queues: Json, **more: Any) -> None:
    wanted = {"QueueConfigurations": list(queues)} if queues else {}
    s3.put_bucket_notification_configuration(**BUCKET, NotificationConfiguration={**wanted, **more})


def listening(s3: Any, inbox: Inbox, *queues: Json) -> None:
    """Configure, and drop the test event."""
    configure(s3, *queues)
    assert [event.get("Event") for event in inbox.events()] == ["s3:TestEvent"]


def names(inbox: Inbox) -> list[tuple[str, str]]:
    return [(each["eventName"], each["s3"]["object"]["key"]) for each in inbox.records()]


def test_a_new_object_is_told_with_all_that_aws_tells(s3: Any, inbox: Inbox) -> None:
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:*", id="made"))
    etag = s3.put_object(**BUCKET, Key="a/b c+d%é.jpg", Body=b"12345")["ETag"]
    (record,) = inbox.records()
    about = record["s3"]["object"]
    assert about["key"] == "a/b+c%2Bd%25%C3%A9.jpg"
    assert unquote_plus(about["key"]) == "a/b c+d%é.jpg"
    assert (about["size"], about["eTag"]) == (5, etag.strip('"'))
    assert int(about["sequencer"], 16) > 0
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("2.1", "aws:s3", "us-east-1")
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["eventTime"].endswith("Z")
    assert (record["s3"]["s3SchemaVersion"], record["s3"]["configurationId"]) == ("1.0", "made")
    assert (record["s3"]["bucket"]["name"], record["s3"]["bucket"]["arn"]) == ("photos", ARN)
    assert record["s3"]["bucket"]["ownerIdentity"]["principalId"]
    assert record["userIdentity"]["principalId"]
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}


def test_sequencers_of_a_key_grow(s3: Any, inbox: Inbox) -> None:
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:*", "s3:ObjectRemoved:*"))
    for _ in range(5):
        s3.put_object(**BUCKET, Key="k")
        s3.delete_object(**BUCKET, Key="k")
    order = [record["s3"]["object"]["sequencer"] for record in inbox.records()]
    assert len(set(order)) == 10
    assert order == sorted(order)


def test_each_way_of_making_an_object_is_one_event_with_its_name(s3: Any, inbox: Inbox) -> None:
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:*"))
    s3.put_object(**BUCKET, Key="put", Tagging="a=b")
    s3.copy_object(**BUCKET, Key="copy", CopySource="photos/put")
    upload = s3.create_multipart_upload(**BUCKET, Key="parts")["UploadId"]
    part = s3.upload_part(**BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=b"1")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**BUCKET, Key="parts", UploadId=upload, MultipartUpload=parts)
    s3.copy_object(**BUCKET, Key="copied parts", CopySource="photos/parts")
    assert names(inbox) == [
        ("ObjectCreated:Put", "put"),
        ("ObjectCreated:Copy", "copy"),
        ("ObjectCreated:CompleteMultipartUpload", "parts"),
        ("ObjectCreated:Copy", "copied+parts"),
    ]


def test_deletions_are_told_one_by_one_without_size_and_etag(s3: Any, inbox: Inbox) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(**BUCKET, Key=key)
    listening(s3, inbox, to_queue(inbox, "s3:ObjectRemoved:*"))
    s3.delete_object(**BUCKET, Key="a")
    s3.delete_object(**BUCKET, Key="never there")
    s3.delete_objects(**BUCKET, Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
    records = inbox.records()
    assert [each["s3"]["object"]["key"] for each in records] == ["a", "b", "c"]
    assert {each["eventName"] for each in records} == {"ObjectRemoved:Delete"}
    assert all(set(each["s3"]["object"]) == {"key", "sequencer"} for each in records)


def test_in_a_bucket_with_versions_a_delete_marker_is_told_and_each_version_that_goes(s3: Any, inbox: Inbox) -> None:
    s3.put_bucket_versioning(**BUCKET, VersioningConfiguration={"Status": "Enabled"})
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:*", "s3:ObjectRemoved:*"))
    first = s3.put_object(**BUCKET, Key="k")["VersionId"]
    second = s3.put_object(**BUCKET, Key="k")["VersionId"]
    marker = s3.delete_object(**BUCKET, Key="k")["VersionId"]
    s3.delete_object(**BUCKET, Key="k", VersionId=first)
    s3.delete_object(**BUCKET, Key="k", VersionId="of nothing")
    assert [(each["eventName"], each["s3"]["object"]["versionId"]) for each in inbox.records()] == [
        ("ObjectCreated:Put", first),
        ("ObjectCreated:Put", second),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", first),
    ]


def test_only_the_events_and_keys_that_were_asked_for_are_told(s3: Any, inbox: Inbox) -> None:
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:Put", prefix="in box/", suffix=".jpg"))
    for key in ("in box/a.jpg", "in box/a.png", "out/a.jpg", "in box.jpg"):
        s3.put_object(**BUCKET, Key=key)
    s3.copy_object(**BUCKET, Key="in box/b.jpg", CopySource="photos/out/a.jpg")
    assert names(inbox) == [("ObjectCreated:Put", "in+box/a.jpg")]


def test_what_was_refused_is_not_told(aws: AwsServer, s3: Any, inbox: Inbox) -> None:
    s3.put_object(**BUCKET, Key="k")
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:*", "s3:ObjectRemoved:*"))
    assert refusal(s3.put_object, **BUCKET, Key="k", IfNoneMatch="*")["Code"] == "PreconditionFailed"
    assert refusal(s3.delete_object, **BUCKET, Key="k", IfMatch='"x"')["Code"] == "PreconditionFailed"
    assert inbox.records() == []


def test_a_configuration_is_tried_at_once_read_back_and_taken_away(aws: AwsServer, s3: Any, inbox: Inbox) -> None:
    wanted = to_queue(inbox, "s3:ObjectCreated:*", id="made", prefix="in/")
    configure(s3, wanted, to_queue(inbox, "s3:ObjectRemoved:*", id="gone"))
    (trial,) = inbox.events()
    assert (trial["Service"], trial["Event"], trial["Bucket"]) == ("Amazon S3", "s3:TestEvent", "photos")
    assert "Records" not in trial
    read = s3.get_bucket_notification_configuration(**BUCKET)["QueueConfigurations"]
    assert read == [wanted, to_queue(inbox, "s3:ObjectRemoved:*", id="gone")]
    configure(s3)
    s3.put_object(**BUCKET, Key="in/k")
    assert inbox.events() == []
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(**BUCKET)


def test_a_topic_carries_the_document_as_text(aws: AwsServer, s3: Any, inbox: Inbox) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="happenings")["TopicArn"]
    assert (
        UNUSABLE
        in refusal(configure, s3=s3, TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])[
            "Message"
        ]
    )
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=let_in("sns:Publish", topic))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    configure(s3, TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])
    s3.put_object(**BUCKET, Key="k")
    trial, told = inbox.events()
    assert json.loads(trial["Message"])["Event"] == "s3:TestEvent"
    assert (told["Subject"], told["TopicArn"]) == ("Amazon S3 Notification", topic)
    assert json.loads(told["Message"])["Records"][0]["s3"]["object"]["key"] == "k"


PRINTING = "import json\ndef handler(event, context): print(json.dumps(event))\n"
ALLOWED = {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": ARN}


def test_a_function_is_invoked_if_it_lets_s3_do_so(cloud: LocalCloud) -> None:
    arn, s3 = make_function(cloud, PRINTING), cloud.client("s3")
    s3.create_bucket(**BUCKET)
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    assert UNUSABLE in refusal(configure, s3=s3, **wanted)["Message"]
    cloud.client("lambda").add_permission(FunctionName="f", **ALLOWED)
    configure(s3, **wanted)
    s3.put_object(**BUCKET, Key="k")
    cloud.wait_idle()
    (event,) = map(json.loads, printed(cloud, "f"))
    assert event["Records"][0]["s3"]["object"]["key"] == "k"


def test_through_a_topic_a_function_gets_the_document_inside_of_snss_own(cloud: LocalCloud) -> None:
    arn, s3, sns = make_function(cloud, PRINTING), cloud.client("s3"), cloud.client("sns")
    s3.create_bucket(**BUCKET)
    topic = sns.create_topic(Name="happenings")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=let_in("sns:Publish", topic))
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    configure(s3, TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])
    s3.put_object(**BUCKET, Key="a b")
    cloud.wait_idle()
    events = [json.loads(line)["Records"][0] for line in printed(cloud, "f")]
    messages = [json.loads(event["Sns"]["Message"]) for event in events]
    (told,) = [message for message in messages if message.get("Event") != "s3:TestEvent"]
    assert len(messages) == 2
    assert told["Records"][0]["s3"]["object"]["key"] == "a+b"


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        pytest.param({"ArnLike": {"aws:SourceArn": ARN}}, True, id="this bucket"),
        pytest.param({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:photos"}}, True, id="this bucket, with stars"),
        pytest.param({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::other"}}, False, id="another bucket"),
        pytest.param({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True, id="this account"),
        pytest.param({"StringEquals": {"aws:SourceAccount": "210987654321"}}, False, id="another account"),
    ],
)
def test_a_queues_policy_decides_whose_events_it_takes(aws: AwsServer, s3: Any, condition: Json, allowed: bool) -> None:
    inbox = Inbox(aws, "chosen", condition)
    wanted = to_queue(inbox, "s3:ObjectCreated:*")
    if allowed:
        listening(s3, inbox, wanted)
    else:
        error = refusal(configure, s3=s3, QueueConfigurations=[wanted])
        assert error["Code"] == "InvalidArgument"
        assert UNUSABLE in error["Message"]
        assert inbox.events() == []


def test_a_destination_that_is_not_there_is_refused_unless_nobody_shall_look(aws: AwsServer, s3: Any) -> None:
    nowhere = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:nowhere", "Events": ["s3:ObjectCreated:*"]}
    error = refusal(configure, s3=s3, QueueConfigurations=[nowhere])
    assert (error["Code"], UNUSABLE in error["Message"]) == ("InvalidArgument", True)
    wanted = {"QueueConfigurations": [nowhere]}
    s3.put_bucket_notification_configuration(**BUCKET, NotificationConfiguration=wanted, SkipDestinationValidation=True)
    assert s3.put_object(**BUCKET, Key="k")["ETag"]


def test_a_permission_withdrawn_later_ends_the_deliveries(aws: AwsServer, s3: Any, inbox: Inbox) -> None:
    listening(s3, inbox, to_queue(inbox, "s3:ObjectCreated:*"))
    inbox.sqs.set_queue_attributes(QueueUrl=inbox.url, Attributes={"Policy": ""})
    s3.put_object(**BUCKET, Key="k")
    assert inbox.events() == []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        pytest.param([(["s3:ObjectCreated:*"], {}), (["s3:ObjectCreated:Put"], {})], "overlap", id="a wildcard"),
        pytest.param([(["s3:ObjectCreated:*"], {}), (["s3:ObjectCreated:*"], {"prefix": "a"})], "overlap", id="all"),
        pytest.param(
            [(["s3:ObjectRemoved:Delete"], {"prefix": "a"}), (["s3:ObjectRemoved:Delete"], {"prefix": "ab"})],
            "overlapping suffixes",
            id="prefixes",
        ),
        pytest.param(
            [(["s3:ObjectRemoved:*"], {"suffix": ".jpg"}), (["s3:ObjectRemoved:*"], {"suffix": "g"})],
            "overlapping suffixes",
            id="suffixes",
        ),
        pytest.param([(["s3:ObjectPainted:*"], {})], "not supported", id="an event that is none"),
    ],
)
def test_ambiguous_rules_are_refused(s3: Any, inbox: Inbox, rules: Any, words: str) -> None:
    queues = [to_queue(inbox, *events, **filters) for events, filters in rules]
    error = refusal(configure, s3=s3, QueueConfigurations=queues)
    assert error["Code"] == "InvalidArgument"
    assert words in error["Message"]


def test_rules_of_different_events_or_keys_stand_side_by_side(s3: Any, inbox: Inbox) -> None:
    listening(
        s3,
        inbox,
        to_queue(inbox, "s3:ObjectCreated:*", prefix="a/", suffix=".jpg"),
        to_queue(inbox, "s3:ObjectCreated:*", prefix="a/", suffix=".png"),
        to_queue(inbox, "s3:ObjectCreated:*", prefix="b/"),
        to_queue(inbox, "s3:ReducedRedundancyLostObject"),
    )
    for key in ("a/x.jpg", "a/x.png", "b/x.jpg"):
        s3.put_object(**BUCKET, Key=key)
    assert len(inbox.records()) == 3


def test_eventbridge_gets_objects_too_if_the_bucket_says_so(aws: AwsServer, s3: Any) -> None:
    listener = EventListener(aws)
    rule(aws, {"source": ["aws.s3"], "detail": {"bucket": {"name": ["photos"]}}}, listener.arn)
    configure(s3, EventBridgeConfiguration={})
    s3.put_object(**BUCKET, Key="a b", Body=b"1")
    s3.delete_object(**BUCKET, Key="a b")
    created, deleted = listener.events()
    assert (created["detail-type"], created["detail"]["reason"]) == ("Object Created", "PutObject")
    assert (created["detail"]["object"]["key"], created["detail"]["object"]["size"]) == ("a b", 1)
    assert (deleted["detail-type"], deleted["detail"]["deletion-type"]) == ("Object Deleted", "Permanently Deleted")
