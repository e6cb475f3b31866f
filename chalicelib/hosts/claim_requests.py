"""What a request about a claim must say, and what is wrong with it if it does not."""

import json
import re
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import BadRequest
from chalicelib.hosts.entries import address_of
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import Claim, View

SHORTEST, DEFAULT, LONGEST = 30, 300, 86_400  # seconds of a lease
OBSERVED = "observed"
FIELDS = ("private", "public", "lease", "holder", "force")
_HOLDER = re.compile(r"[A-Za-z0-9._-]{0,64}")


@dataclass(frozen=True)
class ClaimRequest:
    """A claim that is asked for, and whether to take the name from another's live lease."""

    claim: Claim
    force: bool


def label(text: str, reserved: frozenset[str]) -> str:
    """Return the label that a request names; raise BadRequest where it cannot be claimed."""
    try:
        return dnsname.free_label(text, reserved)
    except ValueError as reason:
        raise BadRequest(f"the name {text!a} cannot be claimed: {reason}") from reason


def read(body: bytes, token: str, source_ip: str, now: float) -> ClaimRequest:
    """Return what a request's body asks for.

    Raises:
        BadRequest: it is not such a JSON object; the message names the field and what it must be.
    """
    fields = _object(body)
    if unknown := [field for field in fields if field not in FIELDS]:
        raise BadRequest(f"there is no field {unknown[0]!a}: there are {', '.join(FIELDS)}")
    addresses = {view: _address(view, fields[view], source_ip) for view in View if fields.get(view) is not None}
    if not addresses:
        raise BadRequest('name an address in "private", in "public", or in both')
    lease = _lease(fields.get("lease", DEFAULT))
    force = fields.get("force", False)
    if not isinstance(force, bool):
        raise BadRequest('"force" must be true or false')
    return ClaimRequest(Claim(token, holder(fields.get("holder", "")), addresses, lease, now + lease), force)


def holder(text: Any) -> str:
    """Return who holds a claim among those who share a token, as a request says it; raise BadRequest."""
    if not isinstance(text, str) or not _HOLDER.fullmatch(text):
        raise BadRequest('"holder" must be at most 64 letters, digits, dots, underscores and hyphens')
    return text


def flag(name: str, text: str) -> bool:
    """Return what a flag in the query says; raise BadRequest."""
    if text not in ("true", "false"):
        raise BadRequest(f'"{name}" must be true or false')
    return text == "true"


def _lease(number: Any) -> int:
    """Return a lease's seconds; 300.0 is a whole number too (JSON Schema, 6.1.1)."""
    if type(number) in (int, float) and SHORTEST <= number <= LONGEST and number == int(number):
        return int(number)
    raise BadRequest(f'"lease" must be a whole number of seconds from {SHORTEST} to {LONGEST}')


def _object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise BadRequest("the body must be a JSON object")
    return read


def _address(view: View, text: Any, source_ip: str) -> str:
    address = address_of(source_ip if text == OBSERVED else text) if isinstance(text, str) else None
    if address is None:
        was = f", and was observed as {source_ip}" if text == OBSERVED else ""
        raise BadRequest(
            f'"{view}" must be "{OBSERVED}" or an IPv4 or IPv6 address that others can reach, '
            f"neither loopback, link-local nor multicast{was}"
        )
    return address.compressed
