"""Where derived objects are: each bears a stamp of what it was made of, and its key says the rest."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib import s3
from chalicelib.aws import said_not_now
from chalicelib.derived.aws import stamps
from chalicelib.derived.engine.outcome import Picture
from chalicelib.derived.job import Taken
from chalicelib.derived.keys import LONGEST, Origin
from chalicelib.derived.listing import ListedDerived
from chalicelib.derived.model import (
    DerivedKey,
    Entombed,
    Foreign,
    Lost,
    Missing,
    Present,
    Stamp,
    State,
    Transformation,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import StorageClassType

LINK_SECONDS = 300


class DerivedStore:
    """The bucket of derived objects, which may be that of the sources, below one prefix."""

    def __init__(
        self, client: "S3Client", origin: Origin, storage_class: "StorageClassType", cache_control: str
    ) -> None:
        self._client, self._bucket, self._keys = client, origin.derived_bucket, origin.keys
        self._source_bucket, self._storage_class, self._cache_control = (
            origin.source_bucket,
            storage_class,
            cache_control,
        )

    def children(self, source_key: str) -> list[DerivedKey]:
        """Return all that is kept of a source, tombstones included, and nothing that is derived of its neighbours."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._keys.folder(source_key), Delimiter="/"
        )
        with said_not_now("S3"):
            found = [self._keys.parse(listed["Key"]) for page in pages for listed in page.get("Contents", ())]
        return [key for key in found if key]

    def state(self, key: DerivedKey) -> State:
        """Return what a key holds; raise TryAgain. S3 says 404 only to those who have s3:ListBucket."""
        if len(self._keys.spell(key).encode()) > LONGEST:
            return Missing()
        try:
            with said_not_now("S3"):
                said = self._client.head_object(Bucket=self._bucket, Key=self._keys.spell(key))["Metadata"]
        except ClientError as error:
            if s3.is_lost(error):
                return Lost()
            if s3.is_missing(error):
                return Missing()
            raise
        stamp = stamps.stamp(said)
        if stamp is None or not stamps.is_of(said, self._source_bucket, key.source_key):
            return Foreign()
        return Entombed(stamp, stamps.reason(said)) if key.is_tombstone else Present(stamp)

    def put(
        self, key: DerivedKey, transformation: Transformation, stamp: Stamp, picture: Picture, *, is_new: bool = False
    ) -> None:
        """Put a derived object; where it is new, only if its key is free. Raise Taken where it is not, TryAgain."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if is_new else {}
        try:
            with said_not_now("S3"):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._keys.spell(key),
                    Body=picture.body,
                    ContentType=transformation.format.content_type,
                    CacheControl=self._cache_control,
                    StorageClass=self._storage_class,
                    Metadata=stamps.metadata(stamp, self._source_bucket, key.source_key),
                    **condition,
                )
        except ClientError as error:
            if s3.is_changed(error) or s3.is_contended(error):
                raise Taken from error
            raise

    def entomb(self, key: DerivedKey, stamp: Stamp, reason: str) -> None:
        """Put a tombstone, in a class that loses nothing; raise TryAgain."""
        said = {"source": key.source_key, "transformation": key.transformation, "reason": reason}
        with said_not_now("S3"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._keys.spell(key),
                Body=json.dumps(said).encode(),
                ContentType="application/json",
                Metadata=stamps.metadata(stamp, self._source_bucket, key.source_key, reason),
            )

    def delete(self, keys: Sequence[DerivedKey]) -> None:
        """Delete what these keys hold, whether or not they hold anything; raise TryAgain."""
        for key in keys:
            with said_not_now("S3"):
                self._client.delete_object(Bucket=self._bucket, Key=self._keys.spell(key))

    def link(self, key: DerivedKey) -> str:
        """Return a URL by which anybody can read a derived object for five minutes; it is made without asking S3."""
        params = {"Bucket": self._bucket, "Key": self._keys.spell(key)}
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)

    def listed(self, prefix: str, start_after: str = "") -> Iterator[ListedDerived]:
        """Yield what is derived of sources below a prefix, in the order of keys' bytes, from behind a source's key.

        Raises:
            TryAgain: S3 does not answer.
        """
        after = self._keys.prefix + start_after if start_after else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._keys.prefix + prefix, StartAfter=after
        )
        with said_not_now("S3"):
            for page in pages:
                for found in page.get("Contents", ()):
                    if key := self._keys.parse(found["Key"]):
                        yield ListedDerived(
                            key=found["Key"],
                            source_key=key.source_key,
                            leaf=key.leaf,
                            etag=found["ETag"].strip('"'),
                            modified=found["LastModified"].timestamp(),
                            storage_class=found.get("StorageClass", "STANDARD"),
                        )
