"""The traps of S3 and of keys that derived objects could fall into, each answered by tests that are named after it."""

import io
import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from chalicelib.derived import inbox, job, notices
from chalicelib.derived.aws.sources import OpenObject, Sources
from chalicelib.derived.aws.store import DerivedStore
from chalicelib.derived.engine.outcome import Picture
from chalicelib.derived.job import Outcome, Task, Workplace
from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.model import DerivedKey, Foreign, Lost, Present
from chalicelib.derived.renderer import Renderer
from chalicelib.errors import BadRequest
from localcloud.server.aws import AwsServer
from tests.derived.fakes import CAT, DEFINITIONS, LARGE, ORIGIN, SHARED, THUMB, FakeS3, right, stamp, workplace

LOST_KEY = "derived/cats/cat+1.jpg/thumb.jpg"
THUMB_KEY = THUMB.of(CAT)


def event(name: str, key: str, bucket: str, **more: Any) -> str:
    return json.dumps(
        {"Records": [{"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, **more}}}]}
    )


LOST = event("ReducedRedundancyLostObject", LOST_KEY, "photos-derived")
CREATED = event("ObjectCreated:Put", "cats/cat+1.jpg", "photos")
REMOVED = event("ObjectRemoved:Delete", "cats/cat+1.jpg", "photos")


def deliver(s3: FakeS3, *bodies: str) -> inbox.Handled:
    messages = {f"m{number}": body for number, body in enumerate(bodies)}
    return inbox.handle(messages, ORIGIN, DEFINITIONS, lambda task: job.put_right(workplace(s3), task))


class Cloud:
    """Real adapters, and a source that Pillow can render."""

    def __init__(self, aws: AwsServer, storage_class: Any = "REDUCED_REDUNDANCY") -> None:
        name = f"traps-{uuid.uuid4().hex[:12]}"
        self.aws, self.s3, self.origin = aws, aws.client("s3"), Origin(name, name, Keys("derived/"))
        self.s3.create_bucket(Bucket=name)
        self.store = DerivedStore(self.s3, self.origin, storage_class, "max-age=60")
        self.where = {"Bucket": name, "Key": self.origin.keys.spell(THUMB_KEY)}

    def upload(self, key: str = CAT) -> None:
        made = io.BytesIO()
        Image.linear_gradient("L").convert("RGB").save(made, "JPEG")
        self.s3.put_object(Bucket=self.origin.source_bucket, Key=key, Body=made.getvalue())

    def derive(self, key: str = CAT) -> Outcome:
        sources = Sources(self.s3, self.origin.source_bucket)
        place = Workplace[OpenObject](self.origin, DEFINITIONS, sources, self.store, Renderer(1_769_000_000))
        return job.put_right(place, Task(key, (THUMB,)))

    def lose(self) -> None:
        self.aws.lose_object(self.where["Bucket"], self.where["Key"])


@pytest.fixture
def cloud_of_one(aws: AwsServer) -> Cloud:
    made = Cloud(aws)
    made.upload()
    assert made.derive().not_made == {}
    return made


def test_s3_of_a_lost_object_only_bucket_and_key_are_safe_to_require():
    s3 = FakeS3({CAT: b"image 1"}, {THUMB_KEY: Lost()})
    deliver(s3, LOST)
    assert s3.stored == right(b"image 1")
    more = event("s3:ReducedRedundancyLostObject", LOST_KEY, "photos-derived", sequencer="0", size=1, eTag="x")
    assert notices.read(more, ORIGIN, DEFINITIONS) == notices.read(LOST, ORIGIN, DEFINITIONS)


def test_s3_keys_are_form_encoded_and_decoded_once():
    twice = event("ObjectCreated:Put", "100%2525+a%2Bb", "photos")
    assert [notice.source_key for notice in notices.read(twice, ORIGIN, DEFINITIONS) if isinstance(notice, Task)] == [
        "100%25 a+b"
    ]


def test_s3_a_test_event_has_no_records_and_is_answered_with_success():
    handled = deliver(FakeS3(), json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos"}))
    assert (handled.answer(), handled.outcomes) == ({"batchItemFailures": []}, [])


def test_s3_inside_sns_the_document_is_a_text_and_may_hold_several_records():
    records = json.loads(LOST)["Records"] + json.loads(CREATED)["Records"]
    wrapped = json.dumps({"Type": "Notification", "Message": json.dumps({"Records": records})})
    assert len(notices.read(wrapped, ORIGIN, DEFINITIONS)) == 2


@pytest.mark.parametrize("order", [[CREATED, LOST], [LOST, CREATED], [REMOVED, CREATED, LOST], [LOST] * 5])
@pytest.mark.parametrize("contents", [b"image 1", None], ids=["there", "gone"])
def test_s3_delivery_is_at_least_once_and_unordered(order: list[str], contents: bytes | None):
    s3 = FakeS3({CAT: contents} if contents else {}, {THUMB_KEY: Lost()})
    for body in order:
        deliver(s3, body)
    assert s3.stored == right(contents)
    assert s3.calls.count("PUT thumb.jpg") == (1 if contents else 0)


@pytest.mark.parametrize("call", ["head_object", "get_object"])
def test_s3_a_lost_object_answers_405(cloud_of_one: Cloud, call: str):
    cloud_of_one.lose()
    with pytest.raises(ClientError) as caught:
        getattr(cloud_of_one.s3, call)(**cloud_of_one.where)
    assert caught.value.response["Error"]["Code"] == {"head_object": "405", "get_object": "MethodNotAllowed"}[call]
    assert cloud_of_one.store.state(THUMB_KEY) == Lost()


def test_s3_a_lost_key_still_exists_so_it_is_healed_by_a_plain_put_of_the_same_bytes(cloud_of_one: Cloud):
    before = cloud_of_one.s3.get_object(**cloud_of_one.where)["Body"].read()
    cloud_of_one.lose()
    with pytest.raises(ClientError, match="PreconditionFailed"):
        cloud_of_one.s3.put_object(**cloud_of_one.where, Body=b"", IfNoneMatch="*")
    assert [make.because for make in cloud_of_one.derive().made] == ["S3 has lost it"]
    assert cloud_of_one.s3.get_object(**cloud_of_one.where)["Body"].read() == before


def test_s3_what_is_put_is_told_of_and_derived_of_by_nobody(cloud_of_one: Cloud):
    """A guard by the prefix, and one by the metadata, which a copy keeps."""
    told = event("ObjectCreated:Put", LOST_KEY, "photos")
    (ignored,) = notices.read(told, SHARED, DEFINITIONS)
    assert isinstance(ignored, notices.Ignored)
    copied = {key: cloud_of_one.where[key] for key in ("Bucket", "Key")}
    cloud_of_one.s3.copy_object(Bucket=cloud_of_one.where["Bucket"], Key="copy.jpg", CopySource=copied)
    outcome = cloud_of_one.derive("copy.jpg")
    assert (outcome.has_written, outcome.not_made) == (False, {"thumb": "its source is a derived object itself"})


@pytest.mark.parametrize("status", [400, 403, 409])
def test_s3_not_every_error_means_that_an_object_is_missing(status: int):
    s3 = FakeS3({}, {THUMB_KEY: Present(stamp(b"image 1"))})

    def refuse() -> None:
        raise ClientError({"Error": {"Code": str(status)}}, "HeadObject")

    s3.before = refuse
    assert list(deliver(s3, LOST).failed) == ["m0"]
    assert s3.stored == {THUMB_KEY: Present(stamp(b"image 1"))}


@pytest.mark.parametrize("storage_class", ["REDUCED_REDUNDANCY", "STANDARD", "STANDARD_IA"])
def test_s3_the_storage_class_is_a_setting(aws: AwsServer, storage_class: str):
    made = Cloud(aws, storage_class)
    made.upload()
    made.derive()
    assert made.s3.head_object(**made.where).get("StorageClass", "STANDARD") == storage_class


def test_s3_user_metadata_is_ascii(aws: AwsServer):
    made, key = Cloud(aws), "é \U0001f600.jpg"
    made.upload(key)
    assert made.derive(key).not_made == {}
    said = made.s3.head_object(Bucket=made.where["Bucket"], Key=made.origin.keys.of(key, THUMB))["Metadata"]
    assert said["groundskeeper-source-key"] == "%C3%A9%20%F0%9F%98%80.jpg"


def test_s3_a_key_has_1024_bytes_of_utf8_at_the_most():
    handled = deliver(FakeS3(), json.dumps({"key": "é" * 512}))
    assert "S3's keys have 1024 at most" in str(handled.failed["m0"])
    with pytest.raises(BadRequest):
        ORIGIN.keys.of("é" * 512, THUMB)


def test_keys_the_source_comes_first_so_that_one_prefix_holds_its_children():
    spelt = [ORIGIN.keys.of(CAT, each) for each in (THUMB, LARGE)] + [ORIGIN.keys.spell(THUMB.of(CAT).tombstone)]
    assert {key.rpartition("/")[0] + "/" for key in spelt} == {ORIGIN.keys.folder(CAT)}


@pytest.mark.parametrize(
    "key", [LOST_KEY, "derived/x", "", "\0", "derived/a/THUMB.jpg", "derived/a/thumb.gif", "thumb.jpg"]
)
def test_keys_every_text_is_ours_or_not_ours(key: str):
    found = ORIGIN.keys.parse(key)
    assert found == (DerivedKey("cats/cat+1.jpg", "thumb", "jpg") if key == LOST_KEY else None)


def test_keys_each_object_says_what_it_was_made_of(cloud_of_one: Cloud):
    source = cloud_of_one.s3.head_object(Bucket=cloud_of_one.where["Bucket"], Key=CAT)
    said = cloud_of_one.s3.head_object(**cloud_of_one.where)["Metadata"]
    assert said.pop("groundskeeper-engine").lower().startswith("pillow")
    assert said == {
        "groundskeeper-source-bucket": cloud_of_one.origin.source_bucket,
        "groundskeeper-source-key": "cats/cat%201.jpg",
        "groundskeeper-source-etag": source["ETag"].strip('"'),
        "groundskeeper-transformation": THUMB.digest,
    }


def test_keys_an_object_of_somebody_else_under_one_of_ours_stays_as_it_is(cloud_of_one: Cloud):
    cloud_of_one.s3.put_object(**cloud_of_one.where, Body=b"theirs")
    assert cloud_of_one.store.state(THUMB_KEY) == Foreign()
    assert list(cloud_of_one.derive().not_made) == ["thumb"]
    assert cloud_of_one.s3.get_object(**cloud_of_one.where)["Body"].read() == b"theirs"


def test_keys_the_same_source_gives_identical_bytes(cloud_of_one: Cloud):
    renderer, sources = Renderer(1_769_000_000), Sources(cloud_of_one.s3, cloud_of_one.origin.source_bucket)
    made = []
    for _ in range(2):
        with sources.open(CAT) as opened:
            assert opened
            made.append(renderer.render(opened, [THUMB], [])["thumb"])
    assert isinstance(made[0], Picture)
    assert made[0] == made[1]
