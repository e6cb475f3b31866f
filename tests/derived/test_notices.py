"""What messages ask for: S3's, bare and inside SNS's, and requests; from bucket and key alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived import notices
from chalicelib.derived.job import Task
from chalicelib.derived.notices import Ignored
from chalicelib.errors import BadEvent
from tests.derived.fakes import DEFINITIONS, ORIGIN, POSTER, SHARED, THUMB

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
PUT: dict[str, Any] = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "awsRegion": "us-west-2",
    "eventTime": "1970-01-01T00:00:00.000Z",
    "eventName": "ObjectCreated:Put",
    "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
    "requestParameters": {"sourceIPAddress": "127.0.0.1"},
    "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5W"},
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "testConfigRule",
        "bucket": {
            "name": "photos",
            "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
            "arn": "arn:aws:s3:::photos",
        },
        "object": {
            "key": "HappyFace.jpg",
            "size": 1024,
            "eTag": "d41d8cd98f00b204e9800998ecf8427e",
            "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
            "sequencer": "0055AED6DCD90281E5",
        },
    },
}
# The same page; a bucket's test message has no records.
TEST = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": "photos",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}
LOST = "ReducedRedundancyLostObject"


def record(name: str = "ObjectCreated:Put", key: str = "cat", bucket: str = "photos") -> dict[str, Any]:
    """Return a record with all that AWS's sample has."""
    object_, s3 = {**PUT["s3"]["object"], "key": key}, PUT["s3"]
    return {**PUT, "eventName": name, "s3": {**s3, "bucket": {**s3["bucket"], "name": bucket}, "object": object_}}


def bare(name: str, key: str, bucket: str = "photos") -> dict[str, Any]:
    """Return a record with nothing but what is safe to require."""
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def body(*records: Any) -> str:
    return json.dumps({"Records": records})


def in_sns(message: str) -> str:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html, as SQS gets it."""
    said = {"Type": "Notification", "MessageId": "22b80b92", "TopicArn": "arn:aws:sns:us-west-2:123456789012:lost"}
    return json.dumps({**said, "Subject": "Amazon S3 Notification", "Message": message, "SignatureVersion": "1"})


def read(text: str) -> list[notices.Notice]:
    return notices.read(text, ORIGIN, DEFINITIONS)


def whole(key: str) -> Task:
    return Task(key, (THUMB, POSTER), whole_family=True)


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Copy",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "ObjectRestore:Completed",
    ],
)
@pytest.mark.parametrize("made", [record, bare], ids=["with all", "with the least"])
def test_whatever_happened_to_a_source_its_whole_family_is_looked_at(name: str, made: Any):
    assert read(body(made(name, "HappyFace.jpg"))) == [whole("HappyFace.jpg")]


@pytest.mark.parametrize("name", [LOST, f"s3:{LOST}"])
@pytest.mark.parametrize("made", [record, bare], ids=["with all", "with the least"])
def test_a_lost_object_is_healed_from_its_key_alone(name: str, made: Any):
    assert read(body(made(name, "derived/a+b%2Fc%C3%A9/thumb.jpg", "photos-derived"))) == [Task("a b/cé", (THUMB,))]


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a+b%2Fc%C3%A9", "a b/cé"),
        ("a%2Bb", "a+b"),
        ("a%252Fb", "a%2Fb"),
        ("a/b", "a/b"),
        ("%F0%9F%98%80", "\U0001f600"),
    ],
)
def test_keys_are_decoded_once_as_forms_are(encoded: str, key: str):
    assert read(body(record(key=encoded))) == [whole(key)]


@pytest.mark.parametrize(
    ("lost", "bucket"),
    [
        ("derived/cat/thumb.png", "photos-derived"),
        ("derived/cat/former.jpg", "photos-derived"),
        ("derived/cat/thumb.tombstone", "photos-derived"),
        ("derived/cat/large.jpg", "photos-derived"),
        ("cat/thumb.jpg", "photos-derived"),
        ("derived/cat/thumb.jpg", "photos"),
        ("cat.jpg", "photos"),
    ],
)
def test_what_is_lost_and_not_ours_is_left_alone_and_named(lost: str, bucket: str):
    (notice,) = read(body(bare(LOST, lost, bucket)))
    assert isinstance(notice, Ignored)
    assert notice.subject == f"s3://{bucket}/{lost}"
    assert notice.because.startswith("it is lost, and ")


def test_what_is_derived_is_nobodys_source():
    text = body(bare("ObjectCreated:Put", "derived/cat/thumb.jpg"), bare("ObjectCreated:Put", "cat"))
    shared = notices.read(text, SHARED, DEFINITIONS)
    assert shared == [Ignored("s3://photos/derived/cat/thumb.jpg", "it is a derived object itself"), whole("cat")]
    assert read(body(bare("ObjectCreated:Put", "cat", "photos-derived"))) == [
        Ignored("s3://photos-derived/cat", "the bucket of sources is photos")
    ]


def test_a_test_message_is_nothing_to_do():
    assert read(json.dumps(TEST)) == read(in_sns(json.dumps(TEST))) == []


def test_a_message_may_have_several_records_and_none():
    assert read(body(record(key="a"), record(LOST, "derived/b/thumb.jpg", "photos-derived"), record(key="c"))) == [
        whole("a"),
        Task("b", (THUMB,)),
        whole("c"),
    ]
    assert read(body()) == []


@pytest.mark.parametrize("wrap", [str, in_sns, lambda text: in_sns(in_sns(text))], ids=["bare", "in SNS", "in two"])
def test_all_arrives_bare_or_inside_sns(wrap: Any):
    assert read(wrap(body(record(), bare("ObjectRemoved:Delete", "dog")))) == [whole("cat"), whole("dog")]
    assert read(wrap('{"key": "cat", "transformations": ["thumb"]}')) == [Task("cat", (THUMB,))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the request is not JSON"),
        ("null", "the request must be a JSON object"),
        ("[" * 100_000, "the request is not JSON"),
        ('{"a":' * 100_000, "the request is not JSON"),
        (in_sns("hello"), "the request is not JSON"),
        (in_sns("1"), "the request must be a JSON object"),
        ('{"Records": {}}', "Records is not a list but dict"),
        ('{"Records": null}', "Records is not a list but NoneType"),
        (body({}), "a record of S3 lacks eventName, s3.bucket.name or s3.object.key"),
        (body(None, 1), "a record of S3 lacks eventName"),
        (body("text"), "a record of S3 lacks eventName"),
        (body({**PUT, "s3": "text"}), "a record of S3 lacks eventName"),
        (body({**PUT, "eventName": 1}), "eventName, s3.bucket.name and s3.object.key of a record of S3 must be texts"),
        (body(bare("ObjectCreated:Put", "")), "eventName, s3.bucket.name and s3.object.key"),
        (body(record("ObjectTagging:Put")), "nothing is done about S3's event 'ObjectTagging:Put'"),
        (body(record("Replication:OperationFailedReplication")), "nothing is done about S3's event"),
        (body(record("ObjectRestore:Post")), "nothing is done about S3's event"),
        (body(record("\u2028")), "nothing is done about S3's event '\\u2028'"),
        (body(record(), {}), "a record of S3 lacks eventName"),
        ('{"Event": "s3:OtherEvent"}', "there is no field 'Event'"),
        ('{"key": "cat", "transformations": ["x"]}', "there is no transformation 'x'"),
    ],
    ids=lambda value: value[:40],
)
def test_what_cannot_be_read_says_what_is_wrong_with_it(text: str, reason: str):
    with pytest.raises(BadEvent) as caught:
        read(text)
    assert str(caught.value).startswith(reason)


PARTS = st.sampled_from(["Records", "Message", "Event", "eventName", "s3", "bucket", "object", "name", "key"])
LEAVES = st.none() | st.booleans() | st.floats() | st.text() | st.just(PUT) | st.just([PUT]) | st.just(json.dumps(TEST))


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(PARTS, inner)).map(json.dumps) | st.text())
def test_every_text_is_read_or_refused(text: str):
    try:
        found = read(text)
    except BadEvent:
        found = []
    assert all(isinstance(notice, Task | Ignored) for notice in found)


def test_a_source_whose_key_leaves_no_room_is_left_alone_with_a_reason():
    """S3's keys have 1,024 bytes: a source may have them all, and nothing can be named after it then."""
    long = "a" * 1010
    (notice,) = read(body(record("ObjectCreated:Put", long)))
    assert isinstance(notice, Ignored)
    assert "its key is so long" in notice.because
