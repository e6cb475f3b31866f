"""What a message says: which source to look at, or which derived object is lost; never what is true of them.

Shapes: S3's event message, bare (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)
or inside an SNS notification, and our own requests. Of a lost object AWS publishes no sample: only bucket and key are
taken for granted, and nothing but those is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.derived import requests
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Task
from chalicelib.derived.keys import Origin
from chalicelib.errors import BadEvent, BadRequest

TEST = "s3:TestEvent"
LOST = "ReducedRedundancyLostObject"
_OF_SOURCES = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:", "ObjectRestore:Completed")


@dataclass(frozen=True)
class Ignored:
    """Something that is none of our business, and why."""

    subject: str
    because: str


type Notice = Task | Ignored


def read(body: str, origin: Origin, definitions: Definitions) -> list[Notice]:
    """Return what a message's body asks for; nothing for S3's test message.

    Raises:
        BadEvent: it is neither S3's, SNS's nor a request; the message says what is wrong with it.
    """
    try:
        said = requests.parse(body)
        while isinstance(said, dict) and isinstance(inner := said.get("Message"), str):
            said = requests.parse(inner)
        if isinstance(said, dict) and said.get("Event") == TEST:
            return []
        if isinstance(said, dict) and "Records" in said:
            return list(_of_s3(said["Records"], origin, definitions))
        return [requests.task(said, origin, definitions)]
    except BadRequest as error:
        raise BadEvent(str(error)) from error


def _of_s3(records: Any, origin: Origin, definitions: Definitions) -> Iterator[Notice]:
    if not isinstance(records, list):
        raise BadEvent(f"Records is not a list but {type(records).__name__}")
    for record in records:
        name, bucket, key = _record(record)
        if name.removeprefix("s3:") == LOST:
            yield _lost(bucket, key, origin, definitions)
        elif name.removeprefix("s3:").startswith(_OF_SOURCES):
            yield _changed(bucket, key, origin, definitions)
        else:
            raise BadEvent(f"nothing is done about S3's event {name!a}")


def _record(record: Any) -> tuple[str, str, str]:
    """Return an event's name, bucket and key; S3 encodes keys as forms are."""
    try:
        name, bucket, key = record["eventName"], record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
    except (KeyError, TypeError) as error:
        raise BadEvent("a record of S3 lacks eventName, s3.bucket.name or s3.object.key") from error
    if not all(isinstance(each, str) and each for each in (name, bucket, key)):
        raise BadEvent("eventName, s3.bucket.name and s3.object.key of a record of S3 must be texts")
    return name, bucket, requests.source_key(unquote_plus(key))


def _lost(bucket: str, key: str, origin: Origin, definitions: Definitions) -> Notice:
    found = origin.keys.parse(key) if bucket == origin.derived_bucket else None
    if found is None:
        return Ignored(f"s3://{bucket}/{key}", "it is lost, and its key is not that of a derived object")
    maker = definitions.transformations.get(found.transformation)
    if maker is None or not found.is_by(maker):
        return Ignored(f"s3://{bucket}/{key}", f"it is lost, and no transformation is defined that makes {found.leaf}")
    return Task(found.source_key, (maker,))


def _changed(bucket: str, key: str, origin: Origin, definitions: Definitions) -> Notice:
    if bucket != origin.source_bucket:
        return Ignored(f"s3://{bucket}/{key}", f"the bucket of sources is {origin.source_bucket}")
    if origin.is_derived(bucket, key):
        return Ignored(f"s3://{bucket}/{key}", "it is a derived object itself")
    wanted = definitions.wanted(key)
    if not origin.has_room(key, wanted):
        return Ignored(f"s3://{bucket}/{key}", "its key is so long that S3 has none for what would be derived of it")
    return Task(key, wanted, whole_family=True)
