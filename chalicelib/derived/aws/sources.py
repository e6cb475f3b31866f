"""The bucket of sources: looked at, and read at one version."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib import s3
from chalicelib.aws import said_not_now
from chalicelib.derived.aws import stamps
from chalicelib.derived.engine.kinds import HEAD
from chalicelib.derived.listing import ListedSource
from chalicelib.derived.model import Source
from chalicelib.errors import BadSettings, TryAgain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_BYTES = frozenset({"InvalidRange", "InvalidObjectState"})  # it is empty, or archived


class OpenObject:
    """An object that is being read: one GET gives its first bytes and, if wanted, all; ranges are read apart."""

    def __init__(self, client: "S3Client", bucket: str, source: Source, body: Any) -> None:
        self._client, self._bucket, self._body = client, bucket, body
        self.source, self.size = source, source.size
        with said_not_now("S3"):
            self.head: bytes = body.read(min(HEAD, source.size))

    def read_all(self) -> bytes:
        """Return everything, once; raise TryAgain."""
        with said_not_now("S3"):
            return self.head + bytes(self._body.read())

    def read_range(self, start: int, length: int) -> bytes:
        """Return some bytes; fewer only at the end; raise TryAgain, also where the object has been replaced."""
        end = min(start + length, self.size)
        if end <= len(self.head):
            return self.head[start:end]
        # Who reads ranges does not read all: what is still coming must not fill the socket meanwhile.
        self._body.close()
        try:
            with said_not_now("S3"):
                found = self._client.get_object(
                    Bucket=self._bucket,
                    Key=self.source.key,
                    Range=f"bytes={start}-{end - 1}",
                    IfMatch=f'"{self.source.etag}"',
                )
                return bytes(found["Body"].read())
        except ClientError as error:
            if s3.is_changed(error) or s3.is_missing(error):
                raise TryAgain(f"{self.source.key} has changed while it was read") from error
            raise


class Sources:
    """The bucket of sources."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def look(self, key: str) -> Source | None:
        """Return a source as it is now; None where there is none; raise TryAgain."""
        try:
            with said_not_now("S3"):
                return _source(key, self._client.head_object(Bucket=self._bucket, Key=key))
        except ClientError as error:
            if not s3.is_missing(error):
                raise
        # A HEAD has no body to say whether it is the object or the whole bucket that is missing.
        with self.open(key) as opened:
            return opened.source if opened else None

    @contextmanager
    def open(self, key: str) -> Iterator[OpenObject | None]:
        """Begin to read a source; None where there is none; raise TryAgain."""
        try:
            with said_not_now("S3"):
                found = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if s3.no_such_bucket(error):
                raise self._gone() from error
            if not s3.is_missing(error):
                raise
            yield None
            return
        with found["Body"] as body:
            yield OpenObject(self._client, self._bucket, _source(key, found), body)

    def first_bytes(self, key: str) -> bytes:
        """Return the first bytes of a source; none where it is gone, archived or derived itself; raise TryAgain."""
        try:
            with said_not_now("S3"):
                found = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=0-{HEAD - 1}")
                return b"" if stamps.stamp(found["Metadata"]) else bytes(found["Body"].read())
        except ClientError as error:
            if s3.is_missing(error) or error.response["Error"]["Code"] in NO_BYTES:
                return b""
            raise

    def listed(self, prefix: str, start_after: str = "") -> Iterator[ListedSource]:
        """Yield the objects below a prefix, in the order of their keys' bytes, from behind a key; raise TryAgain."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=start_after
        )
        try:
            with said_not_now("S3"):
                for page in pages:
                    for found in page.get("Contents", ()):
                        yield ListedSource(
                            found["Key"], found["ETag"].strip('"'), found["LastModified"].timestamp(), found["Size"]
                        )
        except ClientError as error:
            raise self._gone() if s3.no_such_bucket(error) else error from error

    def _gone(self) -> BadSettings:
        return BadSettings(
            f"the bucket of sources, {self._bucket}, is not there: deploy the stack with another SourceBucket"
        )


def _source(key: str, found: Any) -> Source:
    is_derived = stamps.stamp(found.get("Metadata", {})) is not None
    return Source(key, found["ETag"].strip('"'), found["ContentLength"], is_derived)
