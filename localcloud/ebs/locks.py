"""Locked snapshots, which nobody can delete.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshot-lock.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameterCombination, MissingParameterError
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.ebs import filters
from localcloud.ebs.creation import required
from localcloud.ebs.listing import named, no_snapshot
from localcloud.ebs.pages import page
from localcloud.ebs.tags import invalid
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ebs.control import Ebs

GOVERNANCE, COMPLIANCE = "governance", "compliance"
COOL_OFF, EXPIRED = "compliance-cooloff", "expired"
LONGEST_DAYS, LONGEST_HOURS = 36500, 72


@dataclass(frozen=True)
class Lock:
    """A lock, from when to when."""

    mode: str
    created: datetime
    expires: datetime
    days: int
    cool_off: int = 0
    """Hours in which a lock in compliance mode can be taken back."""

    @property
    def cool_off_ends(self) -> datetime:
        """When a lock in compliance mode cannot be taken back any more."""
        return self.created + timedelta(hours=self.cool_off)

    def state(self, now: datetime) -> str:
        """Return what the lock is at a moment."""
        if now >= self.expires:
            return EXPIRED
        return COOL_OFF if self.mode == COMPLIANCE and now < self.cool_off_ends else self.mode


@contextmanager
def locked_as_asked(ebs: Ebs) -> Iterator[None]:
    """Lock and unlock snapshots, and list those that are locked."""

    def lock_snapshot(response: Any) -> Answer:
        snapshot = response.ec2_backend.get_snapshot(required(response, "SnapshotId"))
        lock = _asked(response, ebs.now())
        _check_change(snapshot.locked, lock, ebs.now())
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


def _asked(response: Any, now: datetime) -> Lock:
    mode, days, until, hours = (
        response._get_param(name) for name in ("LockMode", "LockDuration", "ExpirationDate", "CoolOffPeriod")
    )
    if mode not in (GOVERNANCE, COMPLIANCE):
        raise invalid(f"Value ( {mode} ) for parameter lockMode is invalid.")
    if hours is not None and (mode == GOVERNANCE or not 1 <= int(hours) <= LONGEST_HOURS):
        raise invalid(f"Value ( {hours} ) for parameter coolOffPeriod is invalid.")
    expires = _expiry(days, until, now)
    return Lock(mode, now, expires, round((expires - now) / timedelta(days=1)), int(hours or 0))


def _expiry(days: Any, until: Any, now: datetime) -> datetime:
    if days is None and until is None:
        raise MissingParameterError("lockDuration or expirationDate")
    if days is not None and until is not None:
        raise InvalidParameterCombination("Specify either lockDuration or expirationDate")
    if until is not None:
        moment = until if isinstance(until, datetime) else datetime.fromisoformat(str(until))
        days, expires = 1, moment.replace(tzinfo=None)
        if expires < now + timedelta(days=1):
            raise invalid("The expiration date must be at least one day ahead.")
        return expires
    if not 1 <= int(days) <= LONGEST_DAYS:
        raise invalid(f"Value ( {days} ) for parameter lockDuration is invalid.")
    return now + timedelta(days=int(days))


def _check_change(before: Lock | None, after: Lock, now: datetime) -> None:
    """Refuse to make a lock in compliance mode, once it is final, shorter or softer."""
    if before is None or before.state(now) != COMPLIANCE:
        return
    if after.mode != COMPLIANCE or after.cool_off or after.expires < before.expires:
        raise invalid("A lock in compliance mode can only be extended.")


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
