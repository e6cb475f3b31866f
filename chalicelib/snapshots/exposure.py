"""Exposure: snapshots hold secrets, so it is said who could read ours and should not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.problem import Problem
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.policies import Policies, Policy

UNBLOCKED = "unblocked"


@dataclass(frozen=True)
class Access:
    """Who was seen to have access in a region.

    ``public`` are our snapshots that everybody may read; ``shared`` names the accounts that each was given to, of those
    that were looked at. ``blocking`` is the region's block-public-access state, as EC2 words it.
    """

    public: frozenset[str] = frozenset()
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    blocking: str = "block-all-sharing"


def exposed(snapshots: Iterable[Snapshot], access: Access, policies: Policies) -> list[Problem]:
    """Return which snapshots others can read who should not."""
    return [Problem(each.id, reason) for each in snapshots for reason in _reasons(each, access, policies)]


def unencrypted(snapshots: Iterable[Snapshot], policies: Policies) -> list[Problem]:
    """Return which snapshots are not encrypted as their policy asks; those that were made before it did, too."""
    asking = {name for name, policy in policies.items() if policy.needs_encryption}
    return [
        Problem(each.id, f"it is not encrypted, and policy {each.label.policy} wants that: encrypt {each.volume}")
        for each in snapshots
        if each.label.policy in asking and not each.is_encrypted and not each.is_failed
    ]


def unblocked(snapshots: Sequence[Snapshot], access: Access, region: str) -> list[Problem]:
    """Return a region where our snapshots could be made public, and what to do about that."""
    if access.blocking != UNBLOCKED or not snapshots:
        return []
    remedy = f"aws ec2 enable-snapshot-block-public-access --region {region} --state block-all-sharing"
    return [Problem(region, f"nothing keeps anybody from making its snapshots public: {remedy}")]


def _reasons(each: Snapshot, access: Access, policies: Policies) -> Iterable[str]:
    policy = policies.get(each.label.policy)
    if each.id in access.public:
        yield f"everybody may read this snapshot of {each.volume}"
    if others := access.shared.get(each.id, frozenset()) - _allowed(policy):
        yield f"it is shared with {', '.join(sorted(others))}, whom policy {each.label.policy} does not name"


def _allowed(policy: Policy | None) -> frozenset[str]:
    return policy.shared_with if policy else frozenset()
