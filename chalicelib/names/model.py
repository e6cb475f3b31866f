"""The nouns of names: instances as EC2 shows them, record sets as the zone holds them, and changes between the two."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Literal

from chalicelib.names import dnsname


class View(StrEnum):
    """Which side of an instance a zone shows."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, order=True)
class Place:
    """Where an instance lives."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One instance, named well enough to ask for it."""

    place: Place
    id: str


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as DescribeInstances shows it now; an address that it does not have is empty."""

    id: str
    place: Place
    state: str
    launched: datetime
    tag: str = ""
    public_dns: str = ""
    public_ip: str = ""
    ipv6: str = ""
    private_ip: str = ""

    @property
    def is_up(self) -> bool:
        """Whether its addresses are its own: before ``running`` and from ``stopping`` on they are not."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class RecordSet:
    """A resource record set: canonical name, type, TTL in seconds, and the values just as the zone spells them.

    ``variant`` tells apart the sets that share a name and a type (weighted, latency …), or names an alias's target;
    such sets are never ours.
    """

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]
    variant: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what may be held once in a zone."""
        return self.name, self.type

    def says_the_same_as(self, other: "RecordSet") -> bool:
        """Say whether both tell a resolver the same, however they are spelled."""
        return self == other or (self.key, self.ttl, self.meaning) == (other.key, other.ttl, other.meaning)

    @property
    def meaning(self) -> tuple[str, ...]:
        """Return the values in one spelling."""
        if self.type == "CNAME":
            return tuple(dnsname.canonical(value) for value in self.values)
        if self.type in ("A", "AAAA"):
            return tuple(sorted(ip_address(value).compressed for value in self.values))
        return self.values


@dataclass(frozen=True, slots=True)
class Add:
    """Create a record set where there is none."""

    record: RecordSet
    because: str


@dataclass(frozen=True, slots=True)
class Repoint:
    """Put one record set in the place of another of the same name and type."""

    held: RecordSet
    record: RecordSet
    because: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a record set; ``down`` when its instance was seen down, and is not merely missing or unwilling."""

    held: RecordSet
    because: str
    down: bool = False


type Change = Add | Repoint | Remove


@dataclass(frozen=True, slots=True)
class Step:
    """Changes that land together or not at all, and the instances that they are about."""

    instances: frozenset[str]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Problem:
    """Something that was left as it is, and why."""

    subject: str
    reason: str
    kind: Literal["name", "address", "foreign", "contested", "mark", "outside"] = "name"


@dataclass(frozen=True)
class Fleet:
    """What was seen of EC2: instances, and how far the looking reached.

    An instance that is not in ``instances`` is gone if its place was read whole or if it was asked for by its id.
    ``unread`` says which places could not be read at all, and why.
    """

    instances: Mapping[str, Instance]
    whole: frozenset[Place] = frozenset()
    asked: frozenset[Ref] = frozenset()
    unread: Mapping[Place, str] = field(default_factory=dict)

    @property
    def is_everything(self) -> bool:
        """Whether all places were looked at, rather than what was asked for."""
        return bool(self.whole) and not self.asked

    def covers(self, ref: Ref) -> bool:
        """Say whether the looking reached this instance, so that its absence means something."""
        return ref.place in self.whole or ref in self.asked

    def __or__(self, other: "Fleet") -> "Fleet":
        return Fleet(
            {**self.instances, **other.instances},
            self.whole | other.whole,
            self.asked | other.asked,
            {**self.unread, **other.unread},
        )


@dataclass(frozen=True)
class Rules:
    """What the operator decided about names."""

    ttl: int = 60
    tag: str = "ShortName"
    reserved: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What is to be done in one zone, what was left undone, and the counts that the guard and the metrics need."""

    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    owned: int = 0
    desired: int = 0

    @property
    def changes(self) -> list[Change]:
        """Return every change in the order in which it will be sent."""
        return [change for step in self.steps for change in step.changes]
