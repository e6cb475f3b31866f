"""The nouns of names that are seen: instances as EC2 shows them, record sets as a zone holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from chalicelib.inventory import dnsname


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


type Key = tuple[str, str]
"""A record set's name and type: what can stand in a zone once."""


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
    def key(self) -> Key:
        """Return the name and the type."""
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


@dataclass(frozen=True)
class Fleet:
    """What was seen of EC2: instances, which places were seen whole, and which could not be read, and why.

    ``is_everything`` is true of a look at all places, readable or not. Only then does it mean something that an
    instance is missing; a look at some of them may just be too early, since EC2 is eventually consistent.
    """

    instances: Mapping[str, Instance]
    whole: frozenset[Place] = frozenset()
    unread: Mapping[Place, str] = field(default_factory=dict)
    is_everything: bool = False

    def shows_missing(self, ref: Ref) -> bool:
        """Say whether an instance that is not in ``instances`` is gone."""
        return self.is_everything and ref.place in self.whole

    def __or__(self, other: "Fleet") -> "Fleet":
        return Fleet(
            {**self.instances, **other.instances},
            self.whole | other.whole,
            {**self.unread, **other.unread},
            self.is_everything and other.is_everything,
        )


@dataclass(frozen=True)
class Rules:
    """What the operator decided about names: the TTL in seconds, the tag's key, and labels that nobody gets."""

    ttl: int
    tag: str
    reserved: frozenset[str]
