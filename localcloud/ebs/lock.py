"""A lock of a snapshot: its mode, how long it lasts, and how it may change.

https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lock-concepts.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.exceptions import InvalidParameterCombination, MissingParameterError

from localcloud.ebs.tags import invalid

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


def asked(response: Any, now: datetime) -> Lock:
    """Return the lock that a request asks for; raise `EC2ClientError`."""
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
        expires = moment.replace(tzinfo=None)
        if expires < now + timedelta(days=1):
            raise invalid("The expiration date must be at least one day ahead.")
        return expires
    if not 1 <= int(days) <= LONGEST_DAYS:
        raise invalid(f"Value ( {days} ) for parameter lockDuration is invalid.")
    return now + timedelta(days=int(days))


def check_change(before: Lock | None, after: Lock, now: datetime) -> None:
    """Refuse to make a lock in compliance mode, once it is final, shorter or softer."""
    if before is None or before.state(now) != COMPLIANCE:
        return
    if after.mode != COMPLIANCE or after.cool_off or after.expires < before.expires:
        raise invalid("A lock in compliance mode can only be extended.")
