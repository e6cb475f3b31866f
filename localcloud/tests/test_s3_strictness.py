"""S3's limits, preconditions and names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

import time
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from moto.s3.models import s3_backends

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import allow, assume, client, refusal

BUCKET = {"Bucket": "photos"}
WHERE = {**BUCKET, "Key": "k"}
KEYS = [
    "a b", " a", "a ", "a+b", "a%b", "a%20b", "a%2Fb", "a%2Bb", "a//b", "/a", "//a", "a/", "a/../b", "../a", "..", ".",
    "a/./b", "ünï/çödé 日本", "e\u0301", "\u00e9", "😀", "a?b#c&d=e;f", "a\\b", "a:b@c", "a\tb", "~*'()!", '"<&>',
]  # fmt: skip


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    made = client(aws, "s3", signature_version="s3v4")
    made.create_bucket(**BUCKET)
    return made


@pytest.mark.parametrize("key", KEYS)
def test_any_key_survives_every_operation_unchanged(s3: Any, key: str) -> None:
    here = {**BUCKET, "Key": key}
    s3.put_object(**here, Body=key.encode())
    assert s3.get_object(**here)["Body"].read() == key.encode()
    assert s3.head_object(**here)["ContentLength"] == len(key.encode())
    url = s3.generate_presigned_url("get_object", Params=here)
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
        assert answer.read() == key.encode()
    for prefix in ("", key):
        assert [each["Key"] for each in s3.list_objects_v2(**BUCKET, Prefix=prefix)["Contents"]] == [key]
    s3.copy_object(**BUCKET, Key=f"copy/{key}", CopySource=here)
    deleted = s3.delete_objects(**BUCKET, Delete={"Objects": [{"Key": f"copy/{key}"}]})["Deleted"]
    assert deleted == [{"Key": f"copy/{key}"}]
    s3.delete_object(**here)
    assert "Contents" not in s3.list_objects_v2(**BUCKET)


def test_a_key_has_1024_bytes_at_the_most(s3: Any) -> None:
    for key in ("k" * 1024, "é" * 512):
        s3.put_object(**BUCKET, Key=key, Body=b"1")
        assert s3.head_object(**BUCKET, Key=key)["ContentLength"] == 1
    for key in ("k" * 1025, "é" * 513):
        for call in (s3.put_object, s3.get_object, s3.create_multipart_upload):
            assert refusal(call, **BUCKET, Key=key)["Code"] == "KeyTooLongError"
        assert refusal(s3.copy_object, **BUCKET, Key=key, CopySource="photos/k")["Code"] == "KeyTooLongError"


def test_metadata_has_two_kilobytes_at_the_most_and_is_ascii(s3: Any) -> None:
    s3.put_object(**WHERE, Metadata={"source": "v" * (2048 - len("source"))})
    assert len(s3.head_object(**WHERE)["Metadata"]["source"]) == 2042
    large = {"source": "v" * 2043}
    assert refusal(s3.put_object, **WHERE, Metadata=large)["Code"] == "MetadataTooLarge"
    assert refusal(s3.create_multipart_upload, **WHERE, Metadata=large)["Code"] == "MetadataTooLarge"
    with pytest.raises(ParamValidationError, match="ASCII"):
        s3.put_object(**WHERE, Metadata={"source": "é"})


@pytest.mark.parametrize("ranged", [{}, {"Range": "bytes=0-1"}])
def test_reading_is_bound_to_an_etag_if_asked(s3: Any, ranged: Any) -> None:
    etag = s3.put_object(**WHERE, Body=b"12345")["ETag"]
    for given in (etag, etag.strip('"')):
        assert s3.get_object(**WHERE, IfMatch=given, **ranged)["ETag"] == etag
        assert s3.head_object(**WHERE, IfMatch=given, **ranged)["ETag"] == etag
        assert refusal(s3.get_object, **WHERE, IfNoneMatch=given, **ranged)["Code"] == "304"
        assert refusal(s3.head_object, **WHERE, IfNoneMatch=given, **ranged)["Code"] == "304"
    assert refusal(s3.get_object, **WHERE, IfMatch='"old"', **ranged)["Code"] == "PreconditionFailed"
    assert refusal(s3.head_object, **WHERE, IfMatch='"old"', **ranged)["Code"] == "412"


def test_writing_is_bound_to_an_etag_if_asked(s3: Any) -> None:
    etag = s3.put_object(**WHERE, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, **WHERE, Body=b"2", IfNoneMatch="*")["Code"] == "PreconditionFailed"
    assert refusal(s3.put_object, **WHERE, Body=b"2", IfMatch='"old"')["Code"] == "PreconditionFailed"
    assert refusal(s3.put_object, **WHERE, Body=b"2", IfNoneMatch=etag)["Code"] == "NotImplemented"
    assert refusal(s3.put_object, **BUCKET, Key="missing", IfMatch=etag)["Code"] == "NoSuchKey"
    assert s3.get_object(**WHERE)["Body"].read() == b"1"
    s3.put_object(**WHERE, Body=b"2", IfMatch=etag)
    assert s3.get_object(**WHERE)["Body"].read() == b"2"


def test_a_copy_is_bound_to_its_sources_etag_if_asked(s3: Any) -> None:
    etag = s3.put_object(**BUCKET, Key="a b", Body=b"1")["ETag"]
    source = {**BUCKET, "Key": "a b"}
    error = refusal(s3.copy_object, **WHERE, CopySource=source, CopySourceIfMatch='"old"')
    assert error["Code"] == "PreconditionFailed"
    s3.copy_object(**WHERE, CopySource=source, CopySourceIfMatch=etag)
    assert s3.get_object(**WHERE)["Body"].read() == b"1"


@pytest.mark.parametrize(
    ("asked", "told", "content"),
    [
        ("bytes=0-3", "bytes 0-3/10", b"0123"),
        ("bytes=3-3", "bytes 3-3/10", b"3"),
        ("bytes=8-", "bytes 8-9/10", b"89"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=-99", "bytes 0-9/10", b"0123456789"),
    ],
)
def test_a_part_is_read_with_where_it_is_in_the_whole(s3: Any, asked: str, told: str, content: bytes) -> None:
    s3.put_object(**WHERE, Body=b"0123456789")
    answer = s3.get_object(**WHERE, Range=asked)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["ContentRange"], answer["ContentLength"]) == (told, len(content))
    assert answer["Body"].read() == content
    assert s3.head_object(**WHERE, Range=asked)["ContentLength"] == len(content)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_part_past_the_end_is_refused(s3: Any, asked: str) -> None:
    s3.put_object(**WHERE, Body=b"0123456789")
    assert refusal(s3.get_object, **WHERE, Range=asked)["Code"] == "InvalidRange"
    assert refusal(s3.head_object, **WHERE, Range=asked)["Code"] == "416"


def test_a_range_that_makes_no_sense_is_ignored(s3: Any) -> None:
    s3.put_object(**WHERE, Body=b"0123456789")
    for asked in ("bytes=5-2", "bytes=0-1,4-5"):
        assert s3.get_object(**WHERE, Range=asked)["Body"].read() == b"0123456789"
    s3.put_object(**WHERE, Body=b"")
    assert refusal(s3.get_object, **WHERE, Range="bytes=0-3")["Code"] == "InvalidRange"


def test_a_part_of_a_big_object_is_read_without_the_rest(s3: Any) -> None:
    s3.put_object(**WHERE, Body=bytes(64 * 1024 * 1024))
    (key,) = s3_backends["123456789012"]["aws"].buckets["photos"].keys.values()
    read: list[int] = []
    buffer = key._value_buffer
    key._value_buffer = Counting(buffer, read)
    for start in range(0, 64, 8):
        first = start * 1024 * 1024
        s3.get_object(**WHERE, Range=f"bytes={first}-{first + 1023}")["Body"].read()
    key._value_buffer = buffer
    assert read == [1024] * 8


class Counting:
    """A file that notes how much is read of it."""

    def __init__(self, file: Any, read: list[int]) -> None:
        self._file = file
        self._read = read

    def read(self, size: int = -1) -> bytes:
        """Read."""
        content = bytes(self._file.read(size))
        self._read.append(len(content))
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_the_storage_class_is_told_unless_it_is_the_standard(s3: Any) -> None:
    for given, told in (
        ("REDUCED_REDUNDANCY", "REDUCED_REDUNDANCY"),
        ("STANDARD", None),
        ("STANDARD_IA", "STANDARD_IA"),
    ):
        s3.put_object(**WHERE, StorageClass=given)
        assert s3.head_object(**WHERE).get("StorageClass") == told
        assert s3.get_object(**WHERE).get("StorageClass") == told
        assert s3.list_objects_v2(**BUCKET)["Contents"][0]["StorageClass"] == given
    assert refusal(s3.put_object, **WHERE, StorageClass="CHEAP")["Code"] == "InvalidStorageClass"


def test_keys_are_listed_in_the_order_of_their_bytes(s3: Any) -> None:
    keys = ["a", "B", "Z", "é", "z", "\ufffd", "😀", "~", "a/b", "a.b", "a0", "aa", "_"]
    for key in keys:
        s3.put_object(**BUCKET, Key=key)
    ordered = sorted(keys, key=str.encode)
    assert [each["Key"] for each in s3.list_objects_v2(**BUCKET)["Contents"]] == ordered
    after = s3.list_objects_v2(**BUCKET, StartAfter="a.b")["Contents"]
    assert [each["Key"] for each in after] == ordered[ordered.index("a.b") + 1 :]
    pages = list(s3.get_paginator("list_objects_v2").paginate(**BUCKET, PaginationConfig={"PageSize": 4}))
    assert [len(page["Contents"]) for page in pages] == [4, 4, 4, 1]
    assert [each["Key"] for page in pages for each in page["Contents"]] == ordered
    assert s3.list_objects_v2(**BUCKET, Delimiter="/")["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert refusal(s3.list_objects_v2, **BUCKET, ContinuationToken="never given")["Code"] == "InvalidArgument"


def test_many_objects_are_listed_a_thousand_at_a_time_and_fast(s3: Any) -> None:
    backend = s3_backends["123456789012"]["aws"]
    for number in range(20_000):
        backend.put_object("photos", f"k/{number:05}", b"x" * 5000)
    began = time.monotonic()
    pages = list(s3.get_paginator("list_objects_v2").paginate(**BUCKET, PaginationConfig={"PageSize": 5000}))
    assert [len(page["Contents"]) for page in pages] == [1000] * 20
    for number in range(0, 20_000, 200):
        assert s3.head_object(**BUCKET, Key=f"k/{number:05}")["ContentLength"] == 5000
    assert time.monotonic() - began < 20


def test_a_thousand_objects_are_deleted_at_once_and_not_one_more(s3: Any) -> None:
    many = [{"Key": str(number)} for number in range(1001)]
    s3.put_object(**BUCKET, Key="7")
    assert refusal(s3.delete_objects, **BUCKET, Delete={"Objects": many})["Code"] == "MalformedXML"
    assert s3.head_object(**BUCKET, Key="7")["ETag"]
    assert len(s3.delete_objects(**BUCKET, Delete={"Objects": many[:1000]})["Deleted"]) == 1000
    assert "Deleted" not in s3.delete_objects(**BUCKET, Delete={"Objects": many[:2], "Quiet": True})
    assert "Contents" not in s3.list_objects_v2(**BUCKET)


def test_listing_may_be_allowed_below_a_prefix_only(aws: AwsServer, s3: Any) -> None:
    only = {"StringLike": {"s3:prefix": "small/*"}}
    mine = client(aws, "s3", assume(aws, allow("s3:ListBucket", "arn:aws:s3:::photos", Condition=only)))
    assert mine.list_objects_v2(**BUCKET, Prefix="small/a")["KeyCount"] == 0
    for prefix in ({"Prefix": "large/"}, {}):
        assert refusal(mine.list_objects_v2, **BUCKET, **prefix)["Code"] == "AccessDenied"


def test_notifications_are_read_and_put_by_permissions_of_their_own(aws: AwsServer, s3: Any) -> None:
    reader = client(aws, "s3", assume(aws, allow("s3:GetBucketNotification", "arn:aws:s3:::photos"), name="reader"))
    writer = client(aws, "s3", assume(aws, allow("s3:PutBucketNotification", "arn:aws:s3:::photos"), name="writer"))
    nothing: Any = {**BUCKET, "NotificationConfiguration": {}}
    reader.get_bucket_notification_configuration(**BUCKET)
    writer.put_bucket_notification_configuration(**nothing)
    assert refusal(reader.put_bucket_notification_configuration, **nothing)["Code"] == "AccessDenied"
    assert refusal(writer.get_bucket_notification_configuration, **BUCKET)["Code"] == "AccessDenied"
