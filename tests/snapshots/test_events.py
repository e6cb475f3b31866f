"""EBS's events say which regions to look at; what cannot be read is kept."""

import json
from typing import Any

import pytest

from chalicelib.snapshots import events

# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html
CREATED: dict[str, Any] = {
    "version": "0",
    "id": "01234567-0123-0123-0123-012345678901",
    "detail-type": "EBS Snapshot Notification",
    "source": "aws.ec2",
    "account": "012345678901",
    "time": "2026-11-26T03:00:30Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:ec2::eu-west-1:snapshot/snap-01234567"],
    "detail": {
        "event": "createSnapshot",
        "result": "succeeded",
        "cause": "",
        "request-id": "",
        "snapshot_id": "arn:aws:ec2::eu-west-1:snapshot/snap-01234567",
        "source": "arn:aws:ec2::eu-west-1:volume/vol-01234567",
        "startTime": "2026-11-26T03:00:01Z",
        "endTime": "2026-11-26T03:00:30Z",
    },
}
SET: dict[str, Any] = {
    **CREATED,
    "detail-type": "EBS Multi-Volume Snapshots Completion Status",
    "region": "eu-north-1",
    "detail": {
        "event": "createSnapshots",
        "result": "succeeded",
        "cause": "",
        "request-id": "",
        "startTime": "2026-11-26T03:00:01Z",
        "endTime": "2026-11-26T03:00:30Z",
        "snapshots": [
            {
                "snapshot_id": "arn:aws:ec2::eu-north-1:snapshot/snap-012345678",
                "source": "arn:aws:ec2::eu-north-1:volume/vol-012345678",
                "status": "completed",
            }
        ],
    },
}
FAILED: dict[str, Any] = {
    **CREATED,
    "region": "us-east-1",
    "detail": {
        **CREATED["detail"],
        "event": "copySnapshot",
        "result": "failed",
        "cause": "Source snapshot ID is not valid",
    },
}


def records(*bodies: Any) -> list[dict[str, Any]]:
    return [
        {"messageId": f"m{number}", "body": body if isinstance(body, str) else json.dumps(body)}
        for number, body in enumerate(bodies)
    ]


def test_what_has_ended_says_where():
    noticed = events.read(records(CREATED, SET, CREATED))
    assert (noticed.ended, noticed.failed, noticed.unread) == ({"eu-west-1", "eu-north-1"}, set(), {})
    assert noticed.answer() == {"batchItemFailures": []}


def test_what_has_failed_has_ended_too():
    noticed = events.read(records(FAILED, CREATED))
    assert noticed.ended == {"us-east-1", "eu-west-1"}
    assert noticed.failed == {"us-east-1"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("not JSON", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="nothing"),
        pytest.param({**CREATED, "detail-type": "EBS Volume Notification"}, id="of a volume"),
        pytest.param({**CREATED, "detail-type": 3}, id="a number for its type"),
        pytest.param({**CREATED, "region": None}, id="without a region"),
        pytest.param({**CREATED, "detail": "x"}, id="without a detail"),
        pytest.param({key: value for key, value in CREATED.items() if key != "detail"}, id="no detail at all"),
        pytest.param('{"detail-type": "\\ud800"}', id="a lone surrogate"),
        pytest.param("[" * 100_000, id="too deep"),
    ],
)
def test_what_cannot_be_read_is_kept_and_spoils_no_other(body: Any):
    noticed = events.read(records(CREATED, body, FAILED))
    assert list(noticed.unread) == ["m1"]
    assert noticed.unread["m1"]
    assert noticed.ended == {"eu-west-1", "us-east-1"}
    assert noticed.answer() == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_nothing_is_nothing():
    assert events.read([]) == events.Noticed()
