"""Price books: the prices of many regions, and files of prices that are laid over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.economics.prices import (
    BalancerPrice,
    Origin,
    RegionPrices,
    SnapshotPrice,
    StoragePrice,
    VolumePrice,
)

type Price = VolumePrice | SnapshotPrice | StoragePrice | BalancerPrice


@dataclass(frozen=True)
class Usual:
    """What examples take where nobody says otherwise: a small and a large instance type, a volume's, a balancer's."""

    small: str
    large: str
    volume: str
    balancer: str


@dataclass(frozen=True)
class PriceBook:
    """The prices of regions by their names."""

    origin: Origin
    regions: Mapping[str, RegionPrices]
    usual: Usual

    def region(self, name: str) -> RegionPrices:
        """Return the prices of a region; of one that is not in the book nothing has a price."""
        return self.regions.get(name) or RegionPrices(self.origin)


@dataclass(frozen=True)
class Patch[P: Price]:
    """What a file says of one price, by the names of its fields; it may leave out what it does not change."""

    kind: type[P]
    said: Mapping[str, Any]

    def over(self, base: P | None) -> P:
        """Return the price with what is said here in the place of what is said there."""
        return replace(base, **self.said) if base else self.kind(**self.said)


@dataclass(frozen=True)
class RegionPatch:
    """What a file says of one region."""

    origin: Origin
    instances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    volumes: Mapping[str, Patch[VolumePrice]] = field(default_factory=dict)
    public_ipv4: float | None = None
    snapshots: Patch[SnapshotPrice] | None = None
    storage: Mapping[str, Patch[StoragePrice]] = field(default_factory=dict)
    balancers: Mapping[str, Patch[BalancerPrice]] = field(default_factory=dict)
    gb_second: float | None = None

    def prices(self, base: RegionPrices) -> RegionPrices:
        """Return the prices of which something is said here, each completed by what ``base`` says of it."""
        return RegionPrices(
            self.origin,
            instances=self.instances,
            volumes=_completed(self.volumes, base.volumes),
            public_ipv4=self.public_ipv4,
            snapshots=self.snapshots.over(base.snapshots) if self.snapshots else None,
            storage=_completed(self.storage, base.storage),
            balancers=_completed(self.balancers, base.balancers),
            gb_second=self.gb_second,
        )


@dataclass(frozen=True)
class Overrides:
    """An operator's own prices, by region."""

    regions: Mapping[str, RegionPatch] = field(default_factory=dict)

    def over(self, name: str, base: RegionPrices) -> RegionPrices:
        """Return the prices of a region with the operator's in their place; the origin says both."""
        own = self.regions.get(name)
        return own.prices(base).over(base) if own else base

    def over_book(self, book: PriceBook) -> PriceBook:
        """Return a book with the operator's prices in the place of its own."""
        return replace(
            book, regions={**book.regions, **{name: self.over(name, book.region(name)) for name in self.regions}}
        )


def _completed[P: Price](patches: Mapping[str, Patch[P]], base: Mapping[str, P]) -> dict[str, P]:
    return {name: patch.over(base.get(name)) for name, patch in patches.items()}
