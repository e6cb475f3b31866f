"""The rules of claims: what a request for a name must say, and who gets the name."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.errors import BadRequest, Conflict
from chalicelib.hosts.entries import address_of
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import Claim, Known, Name, View

SHORTEST, DEFAULT, LONGEST = 30, 300, 86_400  # seconds of a lease
MOST_CLAIMS = 1000  # of one token at once
OBSERVED = "observed"
_HOLDER = re.compile(r"[A-Za-z0-9._-]{0,64}")
_FIELDS = ("private", "public", "lease", "holder", "force")


@dataclass(frozen=True)
class Wish:
    """What a request asks for: a claim that starts now; ``force`` takes it from another's live lease."""

    claim: Claim
    force: bool


@dataclass(frozen=True)
class Take:
    """Put a new claim on a name, or another in the place of an old one."""

    claim: Claim
    is_new: bool


@dataclass(frozen=True)
class Renew:
    """Prolong a lease that else stays as it is."""

    claim: Claim


def label(text: str, reserved: frozenset[str]) -> str:
    """Return the label that a request names; raise BadRequest where it cannot be claimed."""
    try:
        return dnsname.free_label(text, reserved)
    except ValueError as reason:
        raise BadRequest(f"the name {text!a} cannot be claimed: {reason}") from reason


def read(body: bytes, token: str, source_ip: str, now: float) -> Wish:
    """Return what a request's body asks for.

    Raises:
        BadRequest: it is not such a JSON object; the message names the field and what it must be.
    """
    said = _object(body)
    if unknown := [field for field in said if field not in _FIELDS]:
        raise BadRequest(f"there is no field {unknown[0]!a}: there are {', '.join(_FIELDS)}")
    addresses = {view: _address(view, said[view], source_ip) for view in View if said.get(view) is not None}
    if not addresses:
        raise BadRequest('name an address in "private", in "public", or in both')
    lease = said.get("lease", DEFAULT)
    if isinstance(lease, float) and lease.is_integer():  # JSON knows no other numbers: 300.0 is 300
        lease = int(lease)
    if type(lease) is not int or not SHORTEST <= lease <= LONGEST:
        raise BadRequest(f'"lease" must be a whole number of seconds from {SHORTEST} to {LONGEST}')
    force = said.get("force", False)
    if not isinstance(force, bool):
        raise BadRequest('"force" must be true or false')
    return Wish(Claim(token, holder(said.get("holder", "")), addresses, lease, now + lease), force)


def holder(text: Any) -> str:
    """Return who holds a claim, as a request says it; raise BadRequest."""
    if not isinstance(text, str) or not _HOLDER.fullmatch(text):
        raise BadRequest('"holder" must be at most 64 letters, digits, dots, underscores and hyphens')
    return text


def decide(name: Name, wish: Wish, now: float) -> Take | Renew:
    """Return what to do about a wish: its holder renews, a name that is free goes to whoever asks first.

    Raises:
        Conflict: an instance holds the name, or somebody else's lease runs and this wish does not force it.
    """
    refuse_held(name)
    there = name.claim
    if there is None or not there.is_live(now):
        return Take(wish.claim, is_new=True)
    if not _is_the_same(there, wish.claim):
        if not wish.force:
            raise Conflict(_taken(name.label, there))
        return Take(wish.claim, is_new=True)
    if replace(there, until=0) == replace(wish.claim, until=0):
        return Renew(wish.claim)
    return Take(wish.claim, is_new=False)


def may_drop(name: Name, wish: Claim, *, force: bool) -> None:
    """Raise Conflict unless a claim is the wisher's own, or is forced."""
    if name.claim and not force and not _is_the_same(name.claim, wish):
        raise Conflict(_taken(name.label, name.claim))


def refuse_held(name: Name) -> None:
    """Raise Conflict where an instance holds the name: no claim takes it, forced or not."""
    for held in name.held.values():
        raise Conflict(f"{name.label} is the name of the EC2 instance {held.instance}")


def refuse_more(claimed: Known, wish: Claim, now: float) -> None:
    """Raise Conflict where a token holds as many names as one may: documents are everybody's, and must stay small."""
    held = sum(claim.token == wish.token for name in claimed.names.values() if (claim := name.live_claim(now)))
    if held >= MOST_CLAIMS:
        raise Conflict(f"token {wish.token} holds {held} names already, and a token may hold {MOST_CLAIMS}")


def shown(name: Name, domains: Mapping[View, str]) -> dict[str, Any]:
    """Return a claim as the API shows it."""
    claim = name.claim
    assert claim  # noqa: S101 - for the type checker: only names with a claim are shown
    views = {view.value: claim.addresses.get(view) for view in View}
    return {
        "name": name.label,
        "fqdn": {view.value: f"{name.label}.{domains[view]}" for view in claim.addresses if view in domains},
        **views,
        "holder": claim.holder,
        "token": claim.token,
        "lease": claim.lease,
        "until": _time(claim.until),
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise BadRequest("the body must be a JSON object")
    return said


def _address(view: View, text: Any, source_ip: str) -> str:
    address = address_of(source_ip if text == OBSERVED else text) if isinstance(text, str) else None
    if address is None:
        was = f", and was observed as {source_ip}" if text == OBSERVED else ""
        raise BadRequest(
            f'"{view}" must be "{OBSERVED}" or an IPv4 or IPv6 address that others can reach, '
            f"neither loopback, link-local nor multicast{was}"
        )
    return address.compressed


def _is_the_same(one: Claim, other: Claim) -> bool:
    return (one.token, one.holder) == (other.token, other.holder)


def _taken(label_: str, claim: Claim) -> str:
    by = f"token {claim.token}" + (f" as {claim.holder}" if claim.holder else "")
    return f"{label_} is claimed by {by} until {_time(claim.until)}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
