"""What S3 tells about a change: event records, test events, and the details of EventBridge events.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import base64
import itertools
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

LOST = "s3:ReducedRedundancyLostObject"
REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
# Sequencers of one key grow; nobody may compare those of different keys.
_sequence = itertools.count(time.time_ns())


@dataclass(frozen=True)
class Bucket:
    """A bucket as its notifications name it."""

    name: str
    arn: str
    region: str
    account: str
    owner: str
    """The canonical id of the owner."""


@dataclass(frozen=True)
class Change:
    """Something that happened to an object; `size` in bytes and `etag` are there for new objects only."""

    event: str
    """Such as `s3:ObjectCreated:Put`."""
    bucket: Bucket
    key: str
    size: int | None = None
    etag: str | None = None
    version: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sequencer: str = field(default_factory=lambda: f"{next(_sequence):018X}")


def record(change: Change, configuration_id: str) -> dict[str, Any]:
    """Return the one record of a notification, as the configuration with this id sends it."""
    return _lost(change, configuration_id) if change.event == LOST else _changed(change, configuration_id)


def _changed(change: Change, configuration_id: str) -> dict[str, Any]:
    about = {
        "key": _encoded(change.key),
        "size": change.size,
        "eTag": change.etag,
        "versionId": change.version,
        "sequencer": change.sequencer,
    }
    return {
        **_head(change),
        "userIdentity": {"principalId": f"AWS:{change.bucket.account}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": _request_id(), "x-amz-id-2": _host_id()},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": change.bucket.name,
                "ownerIdentity": {"principalId": change.bucket.owner},
                "arn": change.bucket.arn,
            },
            "object": {name: value for name, value in about.items() if value is not None},
        },
    }


def _lost(change: Change, configuration_id: str) -> dict[str, Any]:
    """Return no more than any reader may count on: AWS publishes no sample of this event."""
    return {
        **_head(change),
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {"name": change.bucket.name, "arn": change.bucket.arn},
            "object": {"key": _encoded(change.key)},
        },
    }


def _head(change: Change) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": change.bucket.region,
        "eventTime": _iso(change.at),
        "eventName": change.event.removeprefix("s3:"),
    }


def trial(bucket: str) -> dict[str, str]:
    """Return what each queue and topic gets when a configuration is put."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _iso(datetime.now(UTC)),
        "Bucket": bucket,
        "RequestId": _request_id(),
        "HostId": _host_id(),
    }


def detail(change: Change) -> tuple[str, dict[str, Any]]:
    """Return detail-type and detail of a change's EventBridge event.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    removed = change.event.startswith("s3:ObjectRemoved")
    about = {
        "key": change.key,
        "size": change.size,
        "etag": change.etag,
        "version-id": change.version,
        "sequencer": change.sequencer,
    }
    made: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": change.bucket.name},
        "object": {name: value for name, value in about.items() if value is not None},
        "request-id": _request_id(),
        "requester": change.bucket.account,
        "source-ip-address": "127.0.0.1",
        "reason": REASONS[change.event],
    }
    if removed:
        marker = change.event.endswith("DeleteMarkerCreated")
        made["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    return ("Object Deleted" if removed else "Object Created"), made


def _encoded(key: str) -> str:
    return quote_plus(key, safe="/")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _request_id() -> str:
    return secrets.token_hex(8).upper()


def _host_id() -> str:
    return base64.b64encode(secrets.token_bytes(48)).decode()
