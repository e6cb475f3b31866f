"""EBS's events about snapshots: which regions to look at.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import BadEvent
from chalicelib.queues import partial_batch_response

KINDS = ("EBS Snapshot Notification", "EBS Multi-Volume Snapshots Completion Status")


@dataclass
class Noticed:
    """What a batch of messages says: regions where something has ended, or failed; and messages that say nothing."""

    ended: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """Return Lambda's partial batch response: what cannot be read is kept, and ends in the dead-letter queue."""
        return partial_batch_response(self.unread)


def read(records: Iterable[Mapping[str, Any]]) -> Noticed:
    """Return what a batch of queued events says."""
    noticed = Noticed()
    for record in records:
        try:
            event = _event(record["body"])
        except BadEvent as reason:
            noticed.unread[record["messageId"]] = str(reason)
        else:
            noticed.ended.add(event["region"])
            if event["detail"].get("result") == "failed":
                noticed.failed.add(event["region"])
    return noticed


def _event(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"the message is not JSON: {error}") from error
    match event:
        case {"detail-type": str(kind), "region": str(), "detail": dict()} if kind in KINDS:
            return dict(event)
    raise BadEvent(f"the message is no event of EBS ({' or '.join(KINDS)}) with a region and a detail")
