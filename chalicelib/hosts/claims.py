"""The rules of claims: who gets a name, and who may release it."""

from dataclasses import dataclass, replace

from chalicelib.errors import Conflict
from chalicelib.hosts.moments import rfc3339
from chalicelib.inventory.model import Claim, Name, Snapshot

MOST_CLAIMS = 1000  # of one token at once


@dataclass(frozen=True)
class Take:
    """Put a claim on a name that was free, that has another owner now, or whose lease had ended."""

    claim: Claim


@dataclass(frozen=True)
class Change:
    """Put another claim of the same owner in the place of the one that runs."""

    claim: Claim


@dataclass(frozen=True)
class Renew:
    """Prolong a lease that else stays as it is."""

    claim: Claim


def decide(name: Name, asked: Claim, now: float, *, force: bool) -> Take | Change | Renew:
    """Return what to do about a claim that is asked for: its owner renews, a free name goes to whoever asks first.

    Raises:
        Conflict: an instance has the name, or somebody else's lease runs and is not to be ended by force.
    """
    for held in name.held.values():
        raise Conflict(f"{name.label} is the name of the EC2 instance {held.instance}")
    there = name.live_claim(now)
    if there is None or (force and not is_same_owner(there, asked)):
        return Take(asked)
    if not is_same_owner(there, asked):
        raise Conflict(f'{taken(name.label, there)}; "force" takes it, with the scope claims:force')
    return Renew(asked) if replace(there, until=asked.until) == asked else Change(asked)


def refuse_more(claimed: Snapshot, asked: Claim, now: float) -> None:
    """Raise Conflict where a token has as many names as one may: documents are everybody's, and must stay small."""
    has = sum(claim.token == asked.token for name in claimed.names.values() if (claim := name.live_claim(now)))
    if has >= MOST_CLAIMS:
        raise Conflict(f"token {asked.token} claims {has} names already, and a token may claim {MOST_CLAIMS}")


def is_same_owner(one: Claim, other: Claim) -> bool:
    """Say whether two claims are of the same token and holder."""
    return (one.token, one.holder) == (other.token, other.holder)


def taken(label: str, claim: Claim) -> str:
    """Return who has a name, and until when."""
    by = f"token {claim.token}" + (f" as {claim.holder}" if claim.holder else "")
    return f"{label} is claimed by {by} until {rfc3339(claim.until)}"
