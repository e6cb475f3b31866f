"""The desk at which names are claimed, shown and given up."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from chalicelib.errors import BadRequest, Forbidden, NotFound, TryAgain
from chalicelib.hosts import claims
from chalicelib.hosts.claims import Renew, Take
from chalicelib.inventory.model import Claim, Header, Known, Name
from chalicelib.web import Answer, Request, as_json

TRIES = 4


class Inventory(Protocol):
    """What is called what. What writes does so only if the name is as it was seen, and says whether it was."""

    def some(self, labels: Collection[str]) -> Known:
        """Return the header and those of the labels that there are."""

    def header(self) -> Header:
        """Return the header."""

    def claimed(self) -> Known:
        """Return the names with a claim, as they were a moment ago."""

    def put_claim(self, seen: Name, claim: Claim) -> bool:
        """Put a claim on a name."""

    def renew_claim(self, seen: Name, until: float) -> bool:
        """Prolong the lease of a claim."""

    def drop_claim(self, seen: Name) -> bool:
        """Take the claim off a name."""


@dataclass(frozen=True)
class Desk:
    """Where claims are made; every method raises BadRequest, Forbidden, NotFound, Conflict or TryAgain."""

    inventory: Inventory
    reserved: frozenset[str]
    announce: Callable[[], None]
    """Tells those who make documents of the inventory that it has changed."""

    def put(self, request: Request, text: str, now: float) -> Answer:
        """Take a name, renew the lease on it, or change what it says."""
        label = self._label(request, text)
        wish = claims.read(request.body, request.caller.token, request.source_ip, now)
        self._may_force(request, force=wish.force)
        for _ in range(TRIES):
            header, name = self._look(label)
            change = claims.decide(name, wish, now)
            if isinstance(change, Take) and change.is_new:
                claims.refuse_more(self.inventory.claimed(), wish.claim, now)
            if isinstance(change, Renew):
                done = self.inventory.renew_claim(name, change.claim.until)
            elif done := self.inventory.put_claim(name, change.claim):
                self.announce()
            if done:
                status = 201 if not isinstance(change, Renew) and change.is_new else 200
                return as_json(status, claims.shown(Name(label, claim=change.claim), header.domains))
        raise TryAgain(f"others are claiming {label} at this moment")

    def get(self, request: Request, text: str, now: float) -> Answer:
        """Show the claim on a name."""
        label = self._label(request, text)
        header, name = self._look(label)
        return as_json(200, claims.shown(_claimed(name, now), header.domains))

    def list(self, request: Request, now: float) -> Answer:
        """Show the claims on all names that the token may claim."""
        if not request.caller.patterns:
            return as_json(200, {"claims": []})
        found, domains = self.inventory.claimed().names, self.inventory.header().domains
        shown = [
            claims.shown(name, domains)
            for label, name in sorted(found.items())
            if name.live_claim(now) and request.caller.may_claim(label)
        ]
        return as_json(200, {"claims": shown})

    def delete(self, request: Request, text: str, now: float) -> Answer:
        """Give a name up."""
        label = self._label(request, text)
        force = _flag(request, "force")
        self._may_force(request, force=force)
        own = Claim(request.caller.token, claims.holder(request.query.get("holder", "")), {}, 0, 0)
        for _ in range(TRIES):
            _, name = self._look(label)
            claims.may_drop(_claimed(name, now), own, force=force)
            if self.inventory.drop_claim(name):
                self.announce()
                return Answer(204)
        raise TryAgain(f"others are claiming {label} at this moment")

    def _label(self, request: Request, text: str) -> str:
        label = claims.label(text, self.reserved)
        if not request.caller.may_claim(label):
            raise Forbidden(f"the token needs a scope such as claims:write:{label}")
        return label

    def _look(self, label: str) -> tuple[Header, Name]:
        known = self.inventory.some([label])
        return known.header, known.names.get(label, Name(label))

    @staticmethod
    def _may_force(request: Request, *, force: bool) -> None:
        if force and not request.caller.may_force:
            raise Forbidden("the token needs the scope claims:force")


def _claimed(name: Name, now: float) -> Name:
    """Return a name if a claim on it counts; raise NotFound."""
    if name.live_claim(now) is None:
        raise NotFound(f"nobody claims {name.label}")
    return name


def _flag(request: Request, name: str) -> bool:
    said = request.query.get(name, "false")
    if said not in ("true", "false"):
        raise BadRequest(f'"{name}" must be true or false')
    return said == "true"
