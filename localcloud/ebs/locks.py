"""Locked snapshots, which nobody can delete.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshot-lock.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.ebs import filters
from localcloud.ebs.creation import required
from localcloud.ebs.listing import named, no_snapshot
from localcloud.ebs.lock import COMPLIANCE, EXPIRED, Lock, asked, check_change
from localcloud.ebs.pages import page
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from localcloud.ebs.control import Ebs


@contextmanager
def locked_as_asked(ebs: Ebs) -> Iterator[None]:
    """Lock and unlock snapshots, and list those that are locked."""

    def lock_snapshot(response: Any) -> Answer:
        snapshot = response.ec2_backend.get_snapshot(required(response, "SnapshotId"))
        lock = asked(response, ebs.now())
        check_change(snapshot.locked, lock, ebs.now())
        response.error_on_dryrun()
        snapshot.locked = lock
        return Answer(_shown(snapshot, ebs.now()))

    def unlock_snapshot(response: Any) -> Answer:
        snapshot = response.ec2_backend.get_snapshot(required(response, "SnapshotId"))
        state = snapshot.locked and snapshot.locked.state(ebs.now())
        if state in (None, EXPIRED):
            raise EC2ClientError("IncorrectState", f"The snapshot '{snapshot.id}' is not locked.")
        if state == COMPLIANCE:
            raise locked(snapshot.id)
        response.error_on_dryrun()
        snapshot.locked = None
        return Answer({"SnapshotId": snapshot.id})

    def describe_locked_snapshots(response: Any) -> Answer:
        response.error_on_dryrun()
        snapshots, ids = response.ec2_backend.snapshots, response._get_param("SnapshotIds", [])
        found = named(ids, snapshots, no_snapshot) if ids else snapshots.values()
        state: dict[str, filters.Values] = {"lock-state": lambda each: str(each.locked.state(ebs.now()))}
        found = [each for each in found if each.locked]
        found = filters.kept(found, response._filters_from_querystring(), state)
        shown, token = page(response, found, ids and "snapshotSet")
        return Answer({"Snapshots": [_shown(each, ebs.now()) for each in shown], "NextToken": token})

    with ExitStack() as stack:
        for operation in (lock_snapshot, unlock_snapshot, describe_locked_snapshots):
            stack.enter_context(replaced(ElasticBlockStore, operation.__name__, operation))
        yield


def check_unlocked(snapshot: Any, now: datetime) -> None:
    """Refuse what cannot be done to a locked snapshot."""
    if snapshot.locked and snapshot.locked.state(now) != EXPIRED:
        raise locked(snapshot.id)


def locked(snapshot_id: str) -> EC2ClientError:
    """Return the refusal of a deletion; AWS documents that it is refused, not the code: this one is a guess."""
    return EC2ClientError("SnapshotLocked", f"The snapshot '{snapshot_id}' is locked.")


def _shown(snapshot: Any, now: datetime) -> dict[str, Any]:
    lock: Lock = snapshot.locked
    return {
        "OwnerId": snapshot.owner_id,
        "SnapshotId": snapshot.id,
        "LockState": lock.state(now),
        "LockDuration": lock.days,
        "CoolOffPeriod": lock.cool_off or None,
        "CoolOffPeriodExpiresOn": lock.cool_off_ends if lock.cool_off else None,
        "LockCreatedOn": lock.created,
        "LockDurationStartTime": lock.created,
        "LockExpiresOn": lock.expires,
    }
