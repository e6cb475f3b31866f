"""In-memory stand-ins for what publishing and claiming need."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.access.model import Caller
from chalicelib.errors import TryAgain
from chalicelib.hosts.job import Publisher
from chalicelib.hosts.model import PublicationState
from chalicelib.hosts.plan import Publish
from chalicelib.inventory.model import Claim, Header, Held, Name, Snapshot, View
from chalicelib.web import Request

NOW = 1_800_000_000.0
DOMAINS = {View.PRIVATE: "fleet.example", View.PUBLIC: "fleet.example"}


def held(label: str, address: str = "10.0.0.1", view: View = View.PRIVATE, instance: str = "i-1") -> Name:
    return Name(label, {view: Held(instance, (address,))})


def claimed(label: str, address: str = "10.9.9.9", *, lease: int = 300, left: float = 300, **changes: Any) -> Name:
    claim = Claim("token", "", {View.PRIVATE: address}, lease, NOW + left)
    return Name(label, {}, replace(claim, **changes))


@dataclass
class FakeInventory:
    """Names that change only as they were seen."""

    names: dict[str, Name] = field(default_factory=dict)
    domains: dict[View, str] = field(default_factory=lambda: dict(DOMAINS))
    revision: int = 1
    reads: int = 0
    meanwhile: list[Name] = field(default_factory=list)
    unreadable: tuple[str, ...] = ()

    def put(self, *names: Name) -> None:
        self.names |= {name.label: name for name in names}
        self.revision += 1

    def header(self) -> Header:
        return Header(self.revision, self.domains)

    def everything(self) -> Snapshot:
        self.reads += 1
        return Snapshot(self.header(), dict(self.names), self.unreadable)

    def some(self, labels: Collection[str]) -> Snapshot:
        return Snapshot(self.header(), {label: self.names[label] for label in labels if label in self.names})

    def claimed(self) -> Snapshot:
        return Snapshot(Header(), {label: name for label, name in self.names.items() if name.claim})

    def put_claim(self, seen: Name, claim: Claim) -> bool:
        return self._write(seen, Name(seen.label, {}, claim))

    def renew_claim(self, seen: Name, until: float) -> bool:
        assert seen.claim
        return self._write(seen, Name(seen.label, {}, replace(seen.claim, until=until)), 0)

    def drop_claim(self, seen: Name) -> bool:
        return self._write(seen, Name(seen.label))

    def _write(self, seen: Name, name: Name, news: int = 1) -> bool:
        if self.meanwhile:  # somebody else was faster
            self.put(self.meanwhile.pop())
        if self.names.get(seen.label, Name(seen.label)) != seen:
            return False
        self.names[name.label] = name
        self.revision += news
        return True


@dataclass
class FakePublisher:
    """Everything that publishing needs, in memory: store, state, turn and scheduler."""

    inventory: FakeInventory = field(default_factory=FakeInventory)
    state: PublicationState = field(default_factory=PublicationState)
    stored: list[Publish] = field(default_factory=list)
    scheduled: list[float] = field(default_factory=list)
    turns: int = 0
    writes_left: int = 10**6
    breaks_after: int = 10**6
    breaks_late: bool = False
    """Whether it breaks once something was put, rather than before."""

    def publisher(self, port: int = 9100) -> Publisher:
        return Publisher("gk-test", port, self.inventory, _Shelf(self), self, self)

    def read(self) -> PublicationState:
        return self.state

    def write(self, state: PublicationState) -> None:
        self.state = state

    @contextmanager
    def turn(self) -> Iterator["FakePublisher"]:
        self.turns += 1
        yield self

    def check(self, seconds: float = 0.0) -> None:
        """Say whether there is time for one more write."""
        if not self.writes_left:
            raise TryAgain("the time of this run is over")
        self.writes_left -= 1

    def schedule_at(self, moment: float, now: float) -> None:
        assert moment > now
        self.scheduled.append(moment)

    def text(self, view: View, format_: str = "hosts") -> str:
        """Return what was put on the store last."""
        version = next(each for each in reversed(self.stored) if each.content.view is view)
        return next(document.text for document in version.documents if document.format == format_)


@dataclass
class _Shelf:
    owner: FakePublisher

    def put(self, publish: Publish) -> None:
        breaks = len(self.owner.stored) >= self.owner.breaks_after
        if not breaks or self.owner.breaks_late:
            self.owner.stored.append(publish)
        if breaks:
            raise RuntimeError("the function was killed")


def request(
    body: bytes = b"",
    scopes: Collection[str] = ("claims:write:*",),
    *,
    token: str = "token",  # noqa: S107 - an id
    method: str = "GET",
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    source_ip: str = "203.0.113.50",
) -> Request:
    return Request(method, Caller(token, frozenset(scopes)), source_ip, query or {}, headers or {}, body)
