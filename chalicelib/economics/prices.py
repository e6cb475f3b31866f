"""Prices: what a region charges, as dated tables with their sources; what is in none has no price, which is not 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

HOURS_A_MONTH = 730.0  # as AWS's own calculator counts: 8,760 a year / 12


@dataclass(frozen=True)
class Origin:
    """Where prices come from, and of which day they are; shown wherever money is."""

    day: date
    source: str
    rest: "Origin | None" = None
    """Where those come from that this one does not say."""

    def __str__(self) -> str:
        said = f"{self.source}, {self.day}"
        return f"{said}; what it does not say: {self.rest}" if self.rest else said

    def as_json(self) -> list[dict[str, str]]:
        """Return it as JSON values, and those of the rest, one after the other."""
        rest = self.rest.as_json() if self.rest else []
        return [{"day": self.day.isoformat(), "source": self.source}, *rest]


@dataclass(frozen=True)
class VolumePrice:
    """What EBS volumes of a type cost, in USD a month: by GiB, by IOPS, and by MiB a second beyond what is included."""

    gib: float
    iops: float = 0.0
    included_iops: int = 0
    throughput: float = 0.0
    included_throughput: int = 0
    million_io: float = 0.0
    """A million I/O requests."""
    tiers: tuple[tuple[int, float], ...] = ()
    """Numbers of IOPS, the smallest first, with what each one beyond them costs instead."""

    def month(self, size: float, iops: int = 0, throughput: int = 0, million_ios: float = 0) -> float:
        """Return what a volume costs a month: ``size`` in GiB, ``throughput`` in MiB a second."""
        faster = max(0, throughput - self.included_throughput) * self.throughput
        return size * self.gib + self._iops(iops) + faster + million_ios * self.million_io

    def _iops(self, iops: int) -> float:
        steps = ((float(self.included_iops), self.iops), *self.tiers, (float("inf"), 0.0))
        return sum(max(0.0, min(iops, until) - start) * price for (start, price), (until, _) in pairwise(steps))


@dataclass(frozen=True)
class SnapshotPrice:
    """What EBS snapshots cost, in USD: a GiB-month in each tier, and 1,000 requests where they are charged.

    ``archive`` is None where there is no such tier, or nobody says what it costs.
    """

    standard: float
    archive: float | None = None
    archive_restore: float | None = None
    """Bringing a GiB back."""
    archive_least_days: int = 0
    put: float = 0.0
    get: float = 0.0


@dataclass(frozen=True)
class StoragePrice:
    """What an S3 storage class costs, in USD: a GB-month, a GB retrieved, 1,000 requests."""

    gb: float
    put: float = 0.0
    get: float = 0.0
    retrieval: float = 0.0
    least_kb: int = 0
    """An object is paid for as if it had as many KB (of 1,024 bytes) at least."""
    least_days: int = 0
    """An object is paid for as if it stayed as many days at least."""
    monitoring: float = 0.0
    """1,000 objects a month, of those that have ``monitored_kb`` at least."""
    monitored_kb: int = 0
    rarely: float | None = None
    """A GB-month of monitored objects that nobody reads for a month; None where that makes no difference."""
    yearly_loss: float = 0.0
    """Which part of the objects is lost in a year, as S3's documentation says."""


@dataclass(frozen=True)
class BalancerPrice:
    """What a kind of load balancer costs, in USD an hour: itself, and a capacity unit (of a classic one, a GB)."""

    hour: float
    unit: float = 0.0
    certificates: int = 1
    addresses: int = 0
    """How many public addresses it has, in two availability zones."""


@dataclass(frozen=True)
class RegionPrices:
    """The prices of one region, in USD; ``instances`` by platform (as EC2's PlatformDetails says) and type, an hour."""

    origin: Origin
    instances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    volumes: Mapping[str, VolumePrice] = field(default_factory=dict)
    public_ipv4: float | None = None
    """A public IPv4 address, in use or not, an hour."""
    snapshots: SnapshotPrice | None = None
    storage: Mapping[str, StoragePrice] = field(default_factory=dict)
    """By S3's names of the storage classes."""
    balancers: Mapping[str, BalancerPrice] = field(default_factory=dict)
    gb_second: float | None = None
    """A second of a Lambda function with one GB of memory."""

    def hour(self, platform: str, type_: str) -> float | None:
        """Return what an instance costs an hour on demand, with shared tenancy; None where nobody says."""
        return self.instances.get(platform, {}).get(type_)

    def over(self, base: "RegionPrices") -> "RegionPrices":
        """Return these prices, and those of ``base`` where these say none; the origin says both."""
        platforms = {**base.instances, **self.instances}
        return RegionPrices(
            replace(self.origin, rest=base.origin),
            instances={name: {**base.instances.get(name, {}), **self.instances.get(name, {})} for name in platforms},
            volumes={**base.volumes, **self.volumes},
            public_ipv4=base.public_ipv4 if self.public_ipv4 is None else self.public_ipv4,
            snapshots=self.snapshots or base.snapshots,
            storage={**base.storage, **self.storage},
            balancers={**base.balancers, **self.balancers},
            gb_second=base.gb_second if self.gb_second is None else self.gb_second,
        )
