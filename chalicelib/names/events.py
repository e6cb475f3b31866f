"""What an EventBridge event says about instances: which to look at, never what is true of them.

Shapes: EC2 Instance State-change Notification and Tag Change on Resource
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html,
https://docs.aws.amazon.com/tag-editor/latest/userguide/monitor-tag-changes.html), and our own re-check.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.errors import BadEvent
from chalicelib.names.model import Place, Ref

RECHECK = "Groundskeeper Recheck"
_ARN = re.compile(r"arn:[a-z-]+:ec2:([a-z0-9-]+):(\d{12}):instance/(i-[0-9a-f]{8,17})")
_ID = re.compile(r"i-[0-9a-f]{8,17}")


@dataclass(frozen=True)
class Notice:
    """One queued message: the instances it is about, when that happened, and the event's own id.

    ``says_running`` is not believed, but where EC2 does not say so yet, it is worth another look.
    """

    message: str
    refs: frozenset[Ref]
    at: datetime
    event: str
    is_recheck: bool
    says_running: bool


def read(message: str, body: str) -> Notice:
    """Return what one message says.

    Raises:
        BadEvent: the body is no JSON, or names no instance, account, region or time; the message says which.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"message {message} is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise BadEvent(f"message {message} is not a JSON object but {type(event).__name__}")
    if not (refs := _refs(event)):
        raise BadEvent(f"message {message} names no instance: neither in resources nor in detail.instance-id")
    detail = event.get("detail")
    return Notice(
        message,
        refs,
        _time(message, event),
        str(event.get("id", "")),
        is_recheck=event.get("detail-type") == RECHECK,
        says_running=isinstance(detail, dict) and detail.get("state") == "running",
    )


@dataclass(frozen=True)
class Recheck:
    """A wish to look at an instance once more; ``at`` is when the event happened that led to it."""

    ref: Ref
    at: datetime

    def body(self) -> str:
        """Return it as the body of a queued message."""
        detail = {"instance-id": self.ref.id}
        place = {"account": self.ref.place.account, "region": self.ref.place.region}
        return json.dumps({"detail-type": RECHECK, **place, "time": self.at.isoformat(), "detail": detail})


def _refs(event: Mapping[str, Any]) -> frozenset[Ref]:
    resources = event.get("resources")
    arns = [_ARN.fullmatch(str(arn)) for arn in resources] if isinstance(resources, list) else []
    refs = {Ref(Place(arn[2], arn[1]), arn[3]) for arn in arns if arn}
    detail = event.get("detail")
    id_ = str(detail.get("instance-id")) if isinstance(detail, dict) else ""
    account, region = event.get("account"), event.get("region")
    if not refs and _ID.fullmatch(id_) and isinstance(account, str) and isinstance(region, str):
        refs.add(Ref(Place(account, region), id_))
    return frozenset(refs)


def _time(message: str, event: Mapping[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(str(event.get("time")))
    except ValueError as error:
        raise BadEvent(f"message {message} has no time in ISO 8601: {event.get('time')!r}") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
