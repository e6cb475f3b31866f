"""Whose snapshots an account sees, and of which it may make volumes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localcloud.ebs.control import Ebs

AMAZON = "amazon"
EVERYBODY = "all"
NOT_BLOCKED = "unblocked"
NOTHING_NEW = "block-new-sharing"


def visible(ebs: Ebs, backend: Any) -> Iterator[Any]:
    """Yield the snapshots in a region that an account may see: its own, public ones, and those shared with it."""
    for account in list(ec2_backends):
        there = ec2_backends[account].get(backend.region_name)
        if there is backend:
            yield from list(there.snapshots.values())
        elif there is not None:
            public = ebs.public_access.get((account, backend.region_name)) in (None, NOT_BLOCKED, NOTHING_NEW)
            for each in list(there.snapshots.values()):
                if each.owner_id == account and (
                    backend.account_id in each.create_volume_permission_userids
                    or (public and EVERYBODY in each.create_volume_permission_groups)
                ):
                    yield each


def owned_by(owners: list[str], snapshots: Iterable[Any], backend: Any) -> Iterable[Any]:
    """Return those of some owners: accounts, `self`, `amazon`; all if none is asked for."""
    if not owners:
        return snapshots
    accounts = {_account(each, backend) for each in owners}
    return [each for each in snapshots if each.owner_id in accounts or (AMAZON in accounts and _amazons(each))]


def restorable_by(users: list[str], snapshots: Iterable[Any], backend: Any) -> Iterable[Any]:
    """Return those of which some users may make volumes: accounts, `self`, `all`; all if nobody is asked for."""
    if not users:
        return snapshots
    accounts = {_account(each, backend, EVERYBODY) for each in users}
    return [each for each in snapshots if accounts & _allowed(each)]


def _allowed(snapshot: Any) -> set[str]:
    public = {EVERYBODY} if _amazons(snapshot) else snapshot.create_volume_permission_groups
    return {snapshot.owner_id, *snapshot.create_volume_permission_userids, *public}


def _amazons(snapshot: Any) -> bool:
    """Tell whether a snapshot belongs to one of the images that moto brings along."""
    return bool(snapshot.owner_id != snapshot.ec2_backend.account_id)


def _account(user: str, backend: Any, also: str = AMAZON) -> str:
    if user == "self":
        return str(backend.account_id)
    if user == also or (len(user) == 12 and user.isdigit()):
        return user
    raise EC2ClientError("InvalidUserID.Malformed", f'Invalid user id: "{user}"')
