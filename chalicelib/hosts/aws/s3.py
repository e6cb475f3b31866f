"""Documents in S3: put at each change, read by each poll."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import TryAgain
from chalicelib.hosts.model import Document, StoredDocument
from chalicelib.hosts.plan import Publish
from chalicelib.inventory.model import View

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Lambda's limit for an answer is 6 MB, the JSON around the text included
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
LARGEST_ANSWER = 6_000_000
LINK_SECONDS = 20  # to begin with; the transfer may take longer
GZIP_LEVEL = 6  # seven times as fast as 9, for copies a tenth larger
NOT_MODIFIED = 304
METADATA = {"generation", "entries", "sha256"}
OVERSIZED = "oversized"


class DocumentStore:
    """The bucket of documents: ``hosts/<view>.<format>``, and ``.gz`` beside those that are too large to pass on."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, publish: Publish) -> None:
        """Put every document of one version in the place of the last one; raise TryAgain."""
        for document in publish.documents:
            body = document.text.encode()
            metadata = {
                "generation": str(publish.version.generation),
                "entries": str(len(publish.content.entries)),
                "sha256": hashlib.sha256(body).hexdigest(),
            }
            if len(json.dumps(document.text)) > LARGEST_ANSWER:
                metadata[OVERSIZED] = "true"
                packed = gzip.compress(body, GZIP_LEVEL, mtime=0)
                self._put(
                    f"{_key(document.view, document.format)}.gz", document, packed, metadata, ContentEncoding="gzip"
                )
            self._put(_key(document.view, document.format), document, body, metadata)

    def get(self, view: View, format_: str, etag: str, *, accepts_gzip: bool, with_text: bool = True) -> StoredDocument:
        """Return a document, unless the client has it as this ETag says, by one conditional read.

        Raises:
            TryAgain: S3 does not answer, or the document is not there, or not as we put it.
        """
        key = _key(view, format_)
        read: Any = self._client.get_object if with_text else self._client.head_object
        condition = {"IfNoneMatch": etag} if etag else {}
        try:
            with said_not_now("S3"):
                found = read(Bucket=self._bucket, Key=key, **condition)
                url = self._presigned(key, gzipped=accepts_gzip) if OVERSIZED in found["Metadata"] else ""
                text = _text(found["Body"], wanted=not url) if with_text else ""
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_MODIFIED:
                return StoredDocument(etag)
            code = error.response["Error"]["Code"]
            raise TryAgain(
                f"the {format_} document of the {view} view is not there or cannot be read ({code}): in a new stack it "
                "comes with the first sweep"
            ) from error
        if missing := METADATA - set(found["Metadata"]):
            raise TryAgain(f"{key} in bucket {self._bucket} is not as we put it: it says no {' or '.join(missing)}")
        return StoredDocument(found["ETag"], found["Metadata"], found["ContentType"], text, url)

    def _presigned(self, key: str, *, gzipped: bool) -> str:
        """Return a URL that is good for everybody for a while; it is made without asking S3."""
        params = {"Bucket": self._bucket, "Key": f"{key}.gz" if gzipped else key}
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)

    def _put(self, key: str, document: Document, body: bytes, metadata: Mapping[str, str], **more: Any) -> None:
        with said_not_now("S3"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=document.content_type,
                CacheControl="private, no-cache",
                Metadata=dict(metadata),
                **more,
            )


def _text(body: Any, *, wanted: bool) -> str:
    with body:
        return str(body.read().decode()) if wanted else ""


def _key(view: View, format_: str) -> str:
    return f"hosts/{view}.{format_}"
