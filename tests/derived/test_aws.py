"""Derived objects in S3, SQS, DynamoDB and Lambda through boto3, against the strict emulator."""

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.definition.aws import BELIEVED_FOR, DefinitionStore
from chalicelib.derived import definitions
from chalicelib.derived.aws import stamps
from chalicelib.derived.aws.functions import Maker, NotMade
from chalicelib.derived.aws.sources import Sources
from chalicelib.derived.aws.sqs import RequestQueue
from chalicelib.derived.aws.store import DerivedStore
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.engine.kinds import HEAD
from chalicelib.derived.engine.outcome import Picture
from chalicelib.derived.job import Taken, Task
from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.model import Done, Entombed, Foreign, Lost, Missing, Present, Source
from chalicelib.errors import BadDefinition, BadSettings, TryAgain
from chalicelib.position.aws import Position
from chalicelib.wiring.for_derived import DEFINABLE
from localcloud.server.aws import AwsServer
from tests.derived.fakes import CAT, LARGE, THUMB, etag, stamp

CATCHALL = "a" * (1024 - len("derived//thumb.tombstone"))
THUMB_KEY = THUMB.of(CAT)
PICTURE = Picture(b"a picture", 1, 1)
MADE = stamp(b"image 1")


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    return aws.client("s3")


@pytest.fixture
def origin(s3: Any) -> Origin:
    name = f"photos-{uuid.uuid4().hex[:12]}"
    for bucket in (name, f"{name}-derived"):
        s3.create_bucket(Bucket=bucket)
    return Origin(name, f"{name}-derived", Keys("derived/"))


@pytest.fixture
def store(s3: Any, origin: Origin) -> DerivedStore:
    return DerivedStore(s3, origin, "REDUCED_REDUNDANCY", "max-age=60")


@pytest.fixture
def sources(s3: Any, origin: Origin) -> Sources:
    return Sources(s3, origin.source_bucket)


def limited(aws: AwsServer, *actions: str) -> Any:
    """Return a client of S3 that may do no more than these actions."""
    name, iam = f"user-{uuid.uuid4().hex}", aws.client("iam")
    iam.create_user(UserName=name)
    said = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(said))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "s3",
        region_name=aws.region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def calls(aws: AwsServer) -> int:
    return sum(aws.calls.snapshot().values())


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)


@given(TEXTS, st.text(max_size=400))
@example("\U0001f600" * 250, "cannot be decoded: " + "é" * 300)
@example(CATCHALL, "%" * 300)
@example("\r\n", " a\nb ")
def test_stamps_are_ascii_and_2_kb_at_the_most_and_are_read_back(source_key: str, reason: str):
    reason = reason.encode(errors="replace").decode()
    said = stamps.metadata(MADE, "b" * 63, source_key, reason)
    assert all(text.isascii() and text.isprintable() for pair in said.items() for text in pair)
    assert sum(len(name) + len(value) for name, value in said.items()) <= 2048
    assert stamps.stamp(said) == MADE
    assert stamps.stamp({}) is None


@pytest.mark.parametrize("key", ["a b+c%2F", "é/\U0001f600", "//", "a?b#c&d", "é" * 480, CATCHALL], ids=ascii)
def test_any_source_has_derived_objects_and_tombstones_which_are_read_back(
    s3: Any, origin: Origin, store: DerivedStore, key: str
):
    made, other = THUMB.of(key), LARGE.of(key)
    store.put(made, THUMB, MADE, PICTURE)
    store.entomb(other.tombstone, MADE, "is <broken>: é, 100 %")
    assert store.state(made) == Present(MADE)
    assert store.state(other.tombstone) == Entombed(MADE, "is <broken>: é, 100 %")
    assert set(store.children(key)) == {made, other.tombstone}
    found = s3.get_object(Bucket=origin.derived_bucket, Key=origin.keys.spell(made))
    assert (found["ContentType"], found["CacheControl"], found["Body"].read()) == (
        "image/jpeg",
        "max-age=60",
        b"a picture",
    )
    store.delete([made, other, other.tombstone])
    assert store.children(key) == []


def test_each_state_of_a_key_is_told_from_the_others(aws: AwsServer, s3: Any, origin: Origin, store: DerivedStore):
    assert store.state(THUMB_KEY) == Missing()
    store.put(THUMB_KEY, THUMB, MADE, PICTURE)
    aws.lose_object(origin.derived_bucket, origin.keys.spell(THUMB_KEY))
    assert store.state(THUMB_KEY) == Lost()
    s3.put_object(Bucket=origin.derived_bucket, Key=origin.keys.spell(THUMB_KEY), Body=b"", Metadata={"by": "another"})
    assert store.state(THUMB_KEY) == Foreign()


def test_what_cannot_be_looked_at_is_not_missing(aws: AwsServer, s3: Any, origin: Origin):
    client = limited(aws, "s3:GetObject")
    for look in (DerivedStore(client, origin, "STANDARD", "").state, Sources(client, origin.source_bucket).look):
        argument: Any = THUMB_KEY if look.__name__ == "state" else CAT
        with pytest.raises(ClientError) as caught:
            look(argument)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    absent = Sources(s3, f"nowhere-{uuid.uuid4().hex}")
    with pytest.raises(BadSettings, match="is not there: deploy the stack with another SourceBucket"):
        absent.look(CAT)
    with pytest.raises(BadSettings, match="is not there"):
        list(absent.listed(""))


def test_a_copy_and_what_another_stack_has_made_are_not_ours(store: DerivedStore, s3: Any, origin: Origin):
    store.put(THUMB_KEY, THUMB, MADE, PICTURE)
    copied = THUMB.of("dogs/dog 2.jpg")
    where = {"Bucket": origin.derived_bucket}
    s3.copy_object(**where, Key=origin.keys.spell(copied), CopySource={**where, "Key": origin.keys.spell(THUMB_KEY)})
    assert store.state(copied) == Foreign()
    other = Origin("another-stacks-sources", origin.derived_bucket, origin.keys)
    assert DerivedStore(s3, other, "STANDARD", "").state(THUMB_KEY) == Foreign()


def test_what_is_new_takes_nobodys_place(store: DerivedStore):
    store.put(THUMB_KEY, THUMB, MADE, PICTURE, is_new=True)
    with pytest.raises(Taken):
        store.put(THUMB_KEY, THUMB, MADE, PICTURE, is_new=True)


def test_a_key_that_s3_cannot_have_holds_nothing(store: DerivedStore):
    assert store.state(THUMB.of("a" * 1020).tombstone) == Missing()


def test_a_delete_marker_is_no_loss():
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html, GET and HEAD of a marker by version."""
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    for headers, state in (({"x-amz-delete-marker": "true"}, Missing()), ({}, Lost())):
        with Stubber(client) as stubbed:
            stubbed.add_client_error("head_object", "405", "", 405, response_meta={"HTTPHeaders": headers})
            assert DerivedStore(client, Origin("a", "b", Keys("")), "STANDARD", "").state(THUMB_KEY) == state


def test_a_lost_source_is_not_gone(aws: AwsServer, s3: Any, origin: Origin, store: DerivedStore, sources: Sources):
    s3.put_object(Bucket=origin.source_bucket, Key=CAT, Body=b"image 1")
    aws.lose_object(origin.source_bucket, CAT)
    with pytest.raises(ClientError):
        sources.look(CAT)
    with pytest.raises(ClientError), sources.open(CAT):
        pass


def test_a_source_is_seen_with_its_etag_and_size_and_whether_it_is_derived(
    s3: Any, origin: Origin, store: DerivedStore, sources: Sources
):
    assert sources.look(CAT) is None
    s3.put_object(Bucket=origin.source_bucket, Key=CAT, Body=b"image 1")
    assert sources.look(CAT) == Source(CAT, etag(b"image 1"), 7)
    store.put(THUMB_KEY, THUMB, MADE, PICTURE)
    copied = {"Bucket": origin.derived_bucket, "Key": origin.keys.spell(THUMB_KEY)}
    s3.copy_object(Bucket=origin.source_bucket, Key="copy", CopySource=copied)
    assert (found := sources.look("copy"))
    assert found.is_derived


def test_every_read_is_of_one_version(s3: Any, origin: Origin, sources: Sources):
    body = bytes(range(256)) * 64
    s3.put_object(Bucket=origin.source_bucket, Key=CAT, Body=body)
    with sources.open(CAT) as opened:
        assert opened
        assert (opened.head, opened.read_range(1, 9)) == (body[:HEAD], body[1:10])
        assert opened.read_range(len(body) - 5, 100) == body[-5:]
        s3.put_object(Bucket=origin.source_bucket, Key=CAT, Body=body[::-1])
        assert opened.read_range(0, 10) == body[:10], "it has been read before"
        with pytest.raises(TryAgain, match="has changed while it was read"):
            opened.read_range(HEAD, 10)
        s3.delete_object(Bucket=origin.source_bucket, Key=CAT)
        with pytest.raises(TryAgain, match="has changed while it was read"):
            opened.read_range(HEAD, 10)
    with sources.open(CAT) as opened:
        assert opened is None


@pytest.mark.parametrize("size", [0, 1, HEAD, HEAD + 1])
def test_a_source_is_read_whole_by_one_call(aws: AwsServer, s3: Any, origin: Origin, sources: Sources, size: int):
    s3.put_object(Bucket=origin.source_bucket, Key=CAT, Body=b"x" * size)
    before = calls(aws)
    with sources.open(CAT) as opened:
        assert opened
        assert opened.read_all() == b"x" * size
    assert calls(aws) - before == 1
    assert sources.first_bytes(CAT) == b"x" * min(size, HEAD)
    assert sources.first_bytes("nothing") == b""


def test_listings_are_in_the_order_of_octets_and_go_on_behind_a_key(s3: Any, origin: Origin, sources: Sources):
    keys = ["a", "a-b", "a/b", "\uffee", "\U0001f600"]
    for key in reversed(keys):
        s3.put_object(Bucket=origin.source_bucket, Key=key, Body=b"")
    assert [found.key for found in sources.listed("")] == keys
    assert [found.key for found in sources.listed("", "a-b")] == keys[2:]
    assert [found.key for found in sources.listed("a/")] == ["a/b"]


def test_the_children_of_a_source_are_not_those_of_its_neighbours(s3: Any, origin: Origin, store: DerivedStore):
    for key in ("cat", "cat-2", "cat/thumb.jpg", "ca", "cat/a"):
        store.put(THUMB.of(key), THUMB, MADE, PICTURE)
    s3.put_object(Bucket=origin.derived_bucket, Key="derived/cat/notes.txt", Body=b"")
    assert store.children("cat") == [THUMB.of("cat")]
    assert [found.source_key for found in store.listed("cat/")] == ["cat/a", "cat", "cat/thumb.jpg"]
    assert {found.source_key for found in store.listed("", "cat-2")} == {"cat", "cat-2", "cat/a", "cat/thumb.jpg"}
    assert {found.storage_class for found in store.listed("")} == {"REDUCED_REDUNDANCY"}


GOOD, BAD = "transformations: {a: {kind: image, box: 1x1}}", "transformations: {a: {kind: image}}"


def defined(s3: Any, origin: Origin) -> tuple[DefinitionStore[Definitions], Callable[[], None]]:
    """Return a store of definitions, and what lets so much time go by that it reads them again."""
    now = [0.0]

    def later() -> None:
        now[0] += BELIEVED_FOR + 1

    return DefinitionStore(s3, origin.source_bucket, DEFINABLE, lambda: now[0]), later


def test_definitions_are_read_each_minute_and_only_if_they_have_changed(aws: AwsServer, s3: Any, origin: Origin):
    shelf, later = defined(s3, origin)
    assert shelf.in_force() == definitions.read(definitions.packaged())
    shelf.put(GOOD)
    assert set(shelf.in_force().transformations) > {"thumbnail"}, "a minute has not passed"
    later()
    found = shelf.in_force()
    assert (set(found.transformations), shelf.text()) == ({"a"}, GOOD)
    later()
    before = calls(aws)
    assert shelf.in_force() is found, "304: nothing was read"
    assert shelf.in_force() is found
    assert calls(aws) - before == 1
    shelf.remove()
    later()
    assert shelf.in_force() == definitions.read(shelf.text()) == definitions.read(definitions.packaged())


def test_malformed_definitions_do_not_replace_good_ones_and_are_refused_where_there_are_none(s3: Any, origin: Origin):
    shelf, later = defined(s3, origin)
    with pytest.raises(BadDefinition, match="box"):
        shelf.put(BAD)
    shelf.put(GOOD)
    found = shelf.in_force()
    s3.put_object(Bucket=origin.source_bucket, Key=DEFINABLE.key, Body=BAD.encode())
    fresh, fresh_later = defined(s3, origin)
    for _ in range(2):
        later()
        assert (shelf.in_force(), bool(shelf.refused)) == (found, True)
        with pytest.raises(BadDefinition, match="box"):
            fresh.in_force()
        fresh_later()
    s3.put_object(Bucket=origin.source_bucket, Key=DEFINABLE.key, Body=GOOD.encode())
    fresh_later()
    later()
    assert (shelf.in_force(), shelf.refused) == (found, None)
    assert (fresh.in_force(), fresh.refused) == (found, None)


def test_requests_reach_the_queue_in_batches(aws: AwsServer):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    RequestQueue(sqs, url).ask({"key": f"{number}"} for number in range(23))
    found: list[str] = []
    while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"])["key"] for message in page]
    assert sorted(found, key=int) == [str(number) for number in range(23)]


def test_a_request_that_sqs_does_not_take_is_for_later():
    client = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubbed:
        failed = [{"Id": "1", "Code": "InternalError", "SenderFault": False}]
        stubbed.add_response("send_message_batch", {"Successful": [], "Failed": failed})
        with pytest.raises(TryAgain, match="SQS did not take a request: InternalError"):
            RequestQueue(client, "https://sqs.example/q").ask([{"key": "a"}, {"key": "b"}])


def test_how_far_the_audit_has_come_is_read_back(aws: AwsServer, table: str):
    position = Position(aws.client("dynamodb"), table, "derived")
    assert position.read() == ""
    for key in ("a b/é\U0001f600", ""):
        position.write(key)
        assert position.read() == key


class Payload:
    """What a function answers, read once."""

    def __init__(self, said: object) -> None:
        self.read = json.dumps(said).encode


@pytest.fixture
def deaf() -> Iterator[Any]:
    """Return a client of a Lambda that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=0.2, proxies={})
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield boto3.client(
            "lambda",
            region_name="us-east-1",
            endpoint_url=url,
            config=config,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )


def test_a_function_that_takes_too_long_is_for_later(deaf: Any):
    with pytest.raises(TryAgain, match=r"cats/cat 1\.jpg takes longer than a client can wait"):
        Maker(deaf, "derive", "photos").make(Task(CAT, (THUMB,)))


def test_a_function_is_asked_by_a_request_and_its_failure_is_named():
    client = boto3.client("lambda", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    asked = {"bucket": "photos", "key": CAT, "transformations": ["thumb"]}
    expected = {"FunctionName": "derive", "Payload": json.dumps(asked).encode()}
    failed = {"errorType": "MemoryError", "errorMessage": "too much"}
    maker, task = Maker(client, "derive", "photos"), Task(CAT, (THUMB,))
    with Stubber(client) as stubbed:
        stubbed.add_response(
            "invoke", {"Payload": Payload({"made": [], "deleted": [], "not_made": {"thumb": "no"}})}, expected
        )
        assert maker.make(task) == Done(not_made={"thumb": "no"})
        stubbed.add_response("invoke", {"Payload": Payload(failed), "FunctionError": "Unhandled"}, expected)
        with pytest.raises(NotMade, match="derive failed: MemoryError: too much"):
            maker.make(task)


def test_a_busy_lambda_is_for_later():
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, Errors: 429 TooManyRequestsException."""
    client = boto3.client("lambda", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubbed:
        stubbed.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.", 429)
        with pytest.raises(TryAgain, match="TooManyRequestsException"):
            Maker(client, "derive", "photos").make(Task(CAT, (THUMB,)))
