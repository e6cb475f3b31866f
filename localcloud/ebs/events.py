"""The events that EBS puts on the default bus when snapshots are made, or fail.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html#snapshot-events
Its ARNs have the region where other ARNs have the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.ebs.clock import in_event
from localcloud.ebs.making import COMPLETED, ERROR

if TYPE_CHECKING:
    from localcloud.events.bus import Emit

ONE, SET = "EBS Snapshot Notification", "EBS Multi-Volume Snapshots Completion Status"


def announce(snapshot: Any, emit: Emit) -> None:
    """Tell that a snapshot or copy has been completed or has failed."""
    copied = snapshot.making.copied
    detail = {
        **_outcome([snapshot], snapshot.making.message or ""),
        "snapshot_id": _snapshot_arn(snapshot),
        "source": _arn(copied.region, "snapshot", copied.snapshot) if copied else _volume_arn(snapshot),
    }
    if copied and snapshot.status == COMPLETED:
        detail |= {"incremental": "false", "transferType": "standard"}
    _emit(emit, ONE, [snapshot], detail)


def announce_set(snapshots: list[Any], emit: Emit) -> None:
    """Tell that all snapshots of one call have been completed, or that they have failed."""
    failed = [each for each in snapshots if each.status == ERROR]
    detail = {
        **_outcome(snapshots, f"Snapshot {failed[0].id} is in status error" if failed else ""),
        "snapshots": [
            {"snapshot_id": _snapshot_arn(each), "source": _volume_arn(each), "status": each.status}
            for each in snapshots
        ],
    }
    _emit(emit, SET, snapshots, detail)


def _outcome(snapshots: list[Any], cause: str) -> dict[str, Any]:
    return {
        "event": snapshots[0].making.kind,
        "result": "failed" if any(each.status == ERROR for each in snapshots) else "succeeded",
        "cause": cause,
        "request-id": "",
        "startTime": in_event(snapshots[0].start_time),
        "endTime": in_event(max(each.making.ended for each in snapshots)),
    }


def _emit(emit: Emit, kind: str, snapshots: list[Any], detail: dict[str, Any]) -> None:
    backend = snapshots[0].ec2_backend
    where = (backend.account_id, backend.region_name)
    emit(where, "aws.ec2", kind, [_snapshot_arn(each) for each in snapshots], detail)


def _snapshot_arn(snapshot: Any) -> str:
    return _arn(snapshot.ec2_backend.region_name, "snapshot", snapshot.id)


def _volume_arn(snapshot: Any) -> str:
    return _arn(snapshot.ec2_backend.region_name, "volume", snapshot.volume.id)


def _arn(region: str, kind: str, identity: str) -> str:
    return f"arn:aws:ec2::{region}:{kind}/{identity}"
