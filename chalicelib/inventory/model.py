"""The nouns of the inventory: names, the instances that hold them, and the claims of those outside EC2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class View(StrEnum):
    """From where one looks: each side of a name has addresses of its own."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Held:
    """The instance that holds a name in one view, and its addresses there."""

    instance: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A name taken for a while by somebody outside EC2.

    ``token`` is the id of the token that it was taken with; ``holder`` tells apart those who share a token; ``lease``
    is in seconds, ``until`` in seconds since the epoch.
    """

    token: str
    holder: str
    addresses: Mapping[View, str]
    lease: int
    until: float

    def is_live(self, now: float) -> bool:
        """Say whether the lease still runs."""
        return now < self.until


@dataclass(frozen=True, slots=True)
class Name:
    """One name: who holds it in which view, and who claims it. What an instance holds, no claim can take."""

    label: str
    held: Mapping[View, Held] = field(default_factory=dict)
    claim: Claim | None = None

    def live_claim(self, now: float) -> Claim | None:
        """Return the claim that counts: one whose lease runs, on a name that no instance holds."""
        return self.claim if self.claim and self.claim.is_live(now) and not self.held else None


@dataclass(frozen=True, slots=True)
class Header:
    """What the inventory says of itself: a number that grows with every change, and the domain of each view's names.

    A view without a domain has never been swept: what is known of it need not be all.
    """

    revision: int = 0
    domains: Mapping[View, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Names that were read, all or some of them, by label, and the labels of items that could not be read."""

    header: Header
    names: Mapping[str, Name]
    unreadable: tuple[str, ...] = ()
