"""What one more TLS name costs: a load balancer for it, against an instance that serves it by itself."""

import math
from dataclasses import dataclass

from chalicelib.economics.answers import Answer, BreakEven, Line, Series, check, find, percent, rate
from chalicelib.economics.platforms import LINUX
from chalicelib.economics.prices import HOURS_A_MONTH, BalancerPrice, RegionPrices

OWN, SHARED, INSTANCE = "a load balancer each", "one load balancer for all", "an instance each"


@dataclass(frozen=True)
class Names:
    """What serves names: load balancers of a kind, or instances of a type."""

    balancer: str
    type: str
    platform: str = LINUX
    names: int = 1
    units: float = 0.0
    """Capacity units that a name uses on average; of a classic balancer GB an hour."""
    hour: float | None = None
    """What an instance costs an hour, where it is not the price in force."""

    def check(self) -> None:
        """Raise BadRequest where an input cannot be."""
        check("names", self.names, 1, 1_000)
        check("units", self.units, 0, 1e6)
        if self.hour is not None:
            check("hour", self.hour, 0, 1_000)


@dataclass(frozen=True)
class _Hour:
    """What an hour costs, in USD, addresses included."""

    balancer: float
    unit: float
    instance: float
    certificates: int

    def own(self, names: int) -> float:
        return names * (self.balancer + self.unit)

    def shared(self, names: int) -> float:
        return math.ceil(names / max(1, self.certificates)) * self.balancer + names * self.unit

    def instances(self, names: int) -> float:
        return names * self.instance


def answer(wanted: Names, prices: RegionPrices) -> Answer:
    """Say whether a load balancer or an instance costs less for so many TLS names more.

    Raises:
        BadRequest: an input cannot be, or the region has no price of what is asked.
    """
    wanted.check()
    hour = _hour(wanted, find("balancer", wanted.balancer, prices.balancers, prices.origin), prices)
    own, instances = hour.own(wanted.names), hour.instances(wanted.names)
    return Answer(
        "A load balancer or an instance for one more TLS name",
        (
            Line("names", wanted.names),
            Line("load balancer", wanted.balancer),
            Line("capacity units of each name", wanted.units),
            Line("instance", f"{wanted.type}, {wanted.platform}"),
        ),
        (
            Line(OWN, own, "USD an hour"),
            *([Line(SHARED, hour.shared(wanted.names), "USD an hour")] if hour.certificates > 1 else []),
            Line(INSTANCE, instances, "USD an hour"),
            Line(f"{OWN} saves", (instances - own) / instances * 100 if instances else None, "%"),
            Line("which is", (instances - own) * HOURS_A_MONTH, "USD a month"),
        ),
        _because(own, instances, hour),
        _series(hour, wanted.names),
        prices.origin,
        _notes(prices, hour),
    )


def _hour(wanted: Names, balancer: BalancerPrice, prices: RegionPrices) -> _Hour:
    instance = wanted.hour
    if instance is None:
        types = find("platform", wanted.platform, prices.instances, prices.origin)
        instance = find("type", wanted.type, types, prices.origin)
    address = prices.public_ipv4 or 0.0
    return _Hour(
        balancer.hour + balancer.addresses * address,
        wanted.units * balancer.unit,
        instance + address,
        balancer.certificates,
    )


def _notes(prices: RegionPrices, hour: _Hour) -> tuple[str, ...]:
    counted = "not counted: there is no price of one" if prices.public_ipv4 is None else "counted"
    return (
        f"An instance has one public IPv4 address, a load balancer one in each of two zones; they are {counted}.",
        "An instance by itself is gone when it fails; a load balancer is not.",
        f"One load balancer takes {hour.certificates} {'certificate' if hour.certificates == 1 else 'certificates'}.",
    )


def _because(own: float, instances: float, hour: _Hour) -> str:
    if own == instances or not instances:
        said = f"A load balancer costs {rate(own)} an hour, and an instance {rate(instances)}"
    else:
        how = "less" if own < instances else "more"
        said = f"For each name a load balancer costs {percent(abs(instances - own), instances)} {how} than an instance"
    if hour.certificates > 1:
        more = f"{rate(hour.unit)} an hour" if hour.unit else "only the capacity units that it uses"
        said += f"; one name more on a load balancer that is there costs {more}"
    return f"{said}."


def _series(hour: _Hour, names: int) -> Series:
    counts = range(1, max(10, 2 * names) + 1)
    lines = {OWN: tuple(hour.own(each) * HOURS_A_MONTH for each in counts)}
    if hour.certificates > 1:
        lines[SHARED] = tuple(hour.shared(each) * HOURS_A_MONTH for each in counts)
    lines[INSTANCE] = tuple(hour.instances(each) * HOURS_A_MONTH for each in counts)
    return Series("TLS names", "USD a month", tuple(map(float, counts)), lines, _pays_from(hour, counts))


def _pays_from(hour: _Hour, counts: range) -> BreakEven | None:
    """Return from how many names on one load balancer costs no more than instances, if it costs more for one."""
    if hour.shared(1) <= hour.instances(1):
        return None
    met = next((each for each in counts if hour.shared(each) <= hour.instances(each)), None)
    return BreakEven(met, hour.shared(met) * HOURS_A_MONTH, (SHARED, INSTANCE)) if met else None
