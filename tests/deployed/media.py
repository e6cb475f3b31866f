"""A stack with a bucket of sources, and pictures to put there."""

import io
import uuid
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from PIL import Image

from localcloud.cloud import LocalCloud
from tests.deployed.conftest import Deployment, eventually


def picture(size: tuple[int, int] = (640, 480), colour: str = "#336699", format_: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, format_)
    return file.getvalue()


@dataclass
class Media:
    """A stack with a bucket of sources, as its owner sees it."""

    cloud: LocalCloud
    parameters: dict[str, str] = field(default_factory=dict)
    sources: str = field(default_factory=lambda: f"media-{uuid.uuid4().hex[:12]}")
    site: Deployment = field(init=False)

    def __post_init__(self) -> None:
        self.s3 = self.cloud.client("s3")
        self.s3.create_bucket(Bucket=self.sources)
        domain = f"{self.sources}.example"
        parameters = {"SourceBucket": self.sources, **self.parameters}
        self.site = Deployment(self.cloud, domain, self.cloud.create_zone(domain), parameters)
        self.bucket = self.site.stack.outputs["DerivedBucketName"]
        queue = {"QueueArn": self.site.stack.outputs["TransformQueueArn"]}
        events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
        self.s3.put_bucket_notification_configuration(
            Bucket=self.sources, NotificationConfiguration={"QueueConfigurations": [{**queue, "Events": events}]}
        )

    def put(self, key: str, body: bytes | None = None) -> None:
        self.s3.put_object(Bucket=self.sources, Key=key, Body=picture() if body is None else body)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.sources, Key=key)

    def keys(self, source: str = "") -> set[str]:
        """Return what is kept below a source's key, without the prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"derived/{source}")
        return {found["Key"].removeprefix("derived/") for page in pages for found in page.get("Contents", ())}

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=f"derived/{key}")["Body"].read())

    def head(self, key: str) -> dict[str, Any]:
        return dict(self.s3.head_object(Bucket=self.bucket, Key=f"derived/{key}"))

    def is_there(self, key: str) -> bool:
        try:
            return bool(self.head(key))
        except ClientError:
            return False

    def has_both(self, key: str) -> bool:
        return self.is_there(f"{key}/thumbnail.jpg") and self.is_there(f"{key}/large.jpg")

    def lose(self, key: str) -> None:
        self.cloud.lose_object(self.bucket, f"derived/{key}")

    def lose_silently(self, key: str) -> None:
        """Lose an object whose loss S3 does not tell of: an object of another storage class."""
        self.s3.copy_object(
            Bucket=self.bucket,
            Key=f"derived/{key}",
            CopySource={"Bucket": self.bucket, "Key": f"derived/{key}"},
            StorageClass="STANDARD",
        )
        self.lose(key)

    def made(self, key: str, *leaves: str) -> None:
        """Put a source, and wait until these are derived of it."""
        self.put(key)
        self.await_keys(key, *leaves)

    def await_keys(self, key: str, *leaves: str) -> None:
        eventually(lambda: self.keys(f"{key}/") == {f"{key}/{leaf}" for leaf in leaves})

    def audit(self) -> dict[str, Any]:
        return self.site.invoke("audit-derived", self.site._scheduled())

    def define(self, text: str) -> None:
        self.s3.put_object(
            Bucket=self.site.stack.outputs["DocumentBucketName"],
            Key="definitions/transformations.yaml",
            Body=text.encode(),
        )

    @property
    def dead_letters(self) -> list[str]:
        queue = self.site.stack.outputs["DeadLetterQueueUrl"]
        got = self.cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in got.get("Messages", ())]
