"""What the API does about claims: it takes, renews, shows and releases them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.errors import Conflict, Forbidden, NotFound, TryAgain
from chalicelib.hosts import claim_requests, claims
from chalicelib.hosts.claims import Change, Renew, Take
from chalicelib.hosts.moments import rfc3339
from chalicelib.inventory.model import Claim, Header, Name, Snapshot, View
from chalicelib.web import Answer, Request, as_json

TRIES = 4


class Inventory(Protocol):
    """What is called what. What writes does so only if the name is as it was seen, and says whether it was."""

    def some(self, labels: Collection[str]) -> Snapshot:
        """Return the header and those of the labels that there are."""

    def header(self) -> Header:
        """Return the header."""

    def claimed(self) -> Snapshot:
        """Return the names with a claim, as they were a moment ago."""

    def put_claim(self, seen: Name, claim: Claim) -> bool:
        """Put a claim on a name."""

    def renew_claim(self, seen: Name, until: float) -> bool:
        """Prolong the lease of a claim."""

    def drop_claim(self, seen: Name) -> bool:
        """Take the claim off a name."""


@dataclass(frozen=True)
class ClaimService:
    """Where claims are made; every method raises BadRequest, Forbidden, NotFound, Conflict or TryAgain."""

    inventory: Inventory
    reserved: frozenset[str]
    announce: Callable[[], None]
    """Tells those who make documents of the inventory that it has changed."""

    def put(self, request: Request, text: str, now: float) -> Answer:
        """Take a name, renew the lease on it, or change what it says."""
        label = self._label(request, text)
        asked = claim_requests.read(request.body, request.caller.token, request.source_ip, now)
        self._may_force(request, force=asked.force)
        for _ in range(TRIES):
            header, name = self._read(label)
            match claims.decide(name, asked.claim, now, force=asked.force):
                case Take(claim=claim):
                    claims.refuse_more(self.inventory.claimed(), claim, now)
                    status, is_done = 201, self._put(name, claim)
                case Change(claim=claim):
                    status, is_done = 200, self._put(name, claim)
                case Renew(claim=claim):
                    status, is_done = 200, self.inventory.renew_claim(name, claim.until)
            if is_done:
                return as_json(status, _shown(label, claim, header.domains))
        raise TryAgain(f"others are claiming {label} at this moment")

    def _put(self, name: Name, claim: Claim) -> bool:
        if is_put := self.inventory.put_claim(name, claim):
            self.announce()
        return is_put

    def get(self, request: Request, text: str, now: float) -> Answer:
        """Show the claim on a name."""
        label = self._label(request, text)
        header, name = self._read(label)
        return as_json(200, _shown(label, _live_claim(name, now), header.domains))

    def list(self, request: Request, now: float) -> Answer:
        """Show the claims on all names that the token may claim."""
        if not request.caller.patterns:
            return as_json(200, {"claims": []})
        names, domains = self.inventory.claimed().names, self.inventory.header().domains
        shown = [
            _shown(label, claim, domains)
            for label, name in sorted(names.items())
            if (claim := name.live_claim(now)) and request.caller.may_claim(label)
        ]
        return as_json(200, {"claims": shown})

    def delete(self, request: Request, text: str, now: float) -> Answer:
        """Release a name."""
        label = self._label(request, text)
        force = claim_requests.flag("force", request.query.get("force", "false"))
        self._may_force(request, force=force)
        own = Claim(request.caller.token, claim_requests.holder(request.query.get("holder", "")), {}, 0, 0)
        for _ in range(TRIES):
            _, name = self._read(label)
            there = _live_claim(name, now)
            if not force and not claims.is_same_owner(there, own):
                raise Conflict(claims.taken(label, there))
            if self.inventory.drop_claim(name):
                self.announce()
                return Answer(204)
        raise TryAgain(f"others are claiming {label} at this moment")

    def _label(self, request: Request, text: str) -> str:
        label = claim_requests.label(text, self.reserved)
        if not request.caller.may_claim(label):
            raise Forbidden(f"the token needs a scope such as claims:write:{label}")
        return label

    def _read(self, label: str) -> tuple[Header, Name]:
        snapshot = self.inventory.some([label])
        return snapshot.header, snapshot.names.get(label, Name(label))

    @staticmethod
    def _may_force(request: Request, *, force: bool) -> None:
        if force and not request.caller.may_force:
            raise Forbidden("the token needs the scope claims:force")


def _live_claim(name: Name, now: float) -> Claim:
    """Return the claim on a name that counts; raise NotFound."""
    if (claim := name.live_claim(now)) is None:
        raise NotFound(f"nobody claims {name.label}")
    return claim


def _shown(label: str, claim: Claim, domains: Mapping[View, str]) -> dict[str, Any]:
    """Return a claim as the API shows it."""
    return {
        "name": label,
        "fqdn": {view.value: f"{label}.{domains[view]}" for view in claim.addresses if view in domains},
        **{view.value: claim.addresses.get(view) for view in View},
        "holder": claim.holder,
        "token": claim.token,
        "lease": claim.lease,
        "until": rfc3339(claim.until),
    }
