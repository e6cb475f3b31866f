"""What parking an instance saves: it stops, its volumes and addresses stay, and from some idle hours on that pays."""

import math
from dataclasses import dataclass

from chalicelib.economics.answers import Answer, BreakEven, Line, Series, check, find, rate, spread, usd
from chalicelib.economics.platforms import LINUX
from chalicelib.economics.prices import HOURS_A_MONTH, RegionPrices, SnapshotPrice

_NOTES = (
    "What boots from EBS anyway pays for its volume either way: then each stopped hour saves all that an hour costs.",
    "Reserved Instances and Savings Plans may already pay for the hours: then stopping saves nothing.",
)


@dataclass(frozen=True)
class Parking:
    """An instance and what it keeps while it is parked; the defaults are those of the published example."""

    type: str
    volume: str
    """The type of its volume."""
    platform: str = LINUX
    gib: float = 50
    million_ios: float = 29
    """I/O requests a month, for volumes that charge for them."""
    snapshot_gib: float = 20
    puts: float = 5_120
    gets: float = 5_120
    """Requests of snapshots, where they are charged."""
    addresses: int = 0
    """Public IPv4 addresses that it keeps, which are Elastic IPs."""
    idle_hours: float = 512
    """A month; nights and weekends are 118 hours a week."""

    def check(self) -> None:
        """Raise BadRequest where an input cannot be."""
        check("gib", self.gib, 0, 65_536)
        check("million-ios", self.million_ios, 0, 1e9)
        check("snapshot-gib", self.snapshot_gib, 0, 1e9)
        check("puts", self.puts, 0)
        check("gets", self.gets, 0)
        check("addresses", self.addresses, 0, 1_000)
        check("idle-hours", self.idle_hours, 0, 744)


def answer(wanted: Parking, prices: RegionPrices) -> Answer:
    """Say from how many idle hours a month on parking pays, and what it saves.

    Raises:
        BadRequest: an input cannot be, or the region has no price of what is asked.
    """
    wanted.check()
    types = find("platform", wanted.platform, prices.instances, prices.origin)
    hour = find("type", wanted.type, types, prices.origin)
    kept = _kept(wanted, prices)
    total = sum(line.value for line in kept if isinstance(line.value, float))
    hours = total / hour if hour else math.inf
    return Answer(
        "Parking an instance while it is idle",
        _inputs(wanted),
        (
            *kept,
            Line("kept while parked", total, "USD a month"),
            Line(f"an hour of {wanted.type}", hour, "USD"),
            Line("break-even", hours if hours <= HOURS_A_MONTH else "never", "idle hours a month"),
            Line("the idle hours cost, if it runs", wanted.idle_hours * hour, "USD a month"),
            Line("net saving of parking", wanted.idle_hours * hour - total, "USD a month"),
        ),
        _because(wanted, total, hour, hours),
        _series(total, hour, hours),
        prices.origin,
        (*_NOTES, *_unpriced(kept)),
    )


def whole_hours(hours: float) -> int:
    """Return from how many whole hours on it pays; what is a rounding error above a whole number is that number."""
    return math.ceil(round(hours, 9))


def _kept(wanted: Parking, prices: RegionPrices) -> tuple[Line, ...]:
    """Return what is paid for whether the instance runs or not; None for what has no price."""
    volume = find("volume", wanted.volume, prices.volumes, prices.origin)
    stored, requests = _snapshots(wanted, prices.snapshots)
    address = prices.public_ipv4
    return (
        Line(f"volume ({wanted.volume})", wanted.gib * volume.gib, "USD a month"),
        Line("its I/O requests", wanted.million_ios * volume.million_io, "USD a month"),
        Line("snapshots", stored, "USD a month"),
        Line("requests of snapshots", requests, "USD a month"),
        Line(
            "public IPv4 addresses",
            None if address is None else wanted.addresses * address * HOURS_A_MONTH,
            "USD a month",
        ),
    )


def _snapshots(wanted: Parking, price: SnapshotPrice | None) -> tuple[float | None, float | None]:
    """Return what snapshots and their requests cost."""
    if price is None:
        return None, None
    return wanted.snapshot_gib * price.standard, (wanted.puts * price.put + wanted.gets * price.get) / 1_000


def _unpriced(kept: tuple[Line, ...]) -> tuple[str, ...]:
    names = [line.name for line in kept if line.value is None]
    return (f"Not counted, since there is no price: {', '.join(names)}.",) if names else ()


def _inputs(wanted: Parking) -> tuple[Line, ...]:
    return (
        Line("instance", f"{wanted.type}, {wanted.platform}"),
        Line("volume", wanted.gib, f"GiB of {wanted.volume}"),
        Line("I/O requests", wanted.million_ios, "millions a month"),
        Line("snapshots", wanted.snapshot_gib, "GiB"),
        Line("requests of snapshots", f"{wanted.puts:,.0f} put, {wanted.gets:,.0f} get"),
        Line("addresses kept", wanted.addresses),
        Line("idle", wanted.idle_hours, "hours a month"),
    )


def _because(wanted: Parking, total: float, hour: float, hours: float) -> str:
    if hours > HOURS_A_MONTH:
        return f"Parking never pays: {usd(total)} a month is kept, and a whole month costs {usd(hour * HOURS_A_MONTH)}."
    net = wanted.idle_hours * hour - total
    said = "saves" if net >= 0 else "would lose"
    return (
        f"Parking pays from {whole_hours(hours)} idle hours a month on ({usd(total)} ÷ {rate(hour)} an hour); "
        f"with {wanted.idle_hours:g} it {said} {usd(abs(net))} net."
    )


def _series(total: float, hour: float, hours: float) -> Series:
    x = spread(min(HOURS_A_MONTH, 4 * hours) or HOURS_A_MONTH)
    lines = {"left running": tuple(each * hour for each in x), "parked": tuple(total for _ in x)}
    met = BreakEven(hours, total, ("left running", "parked")) if hours <= HOURS_A_MONTH else None
    return Series("idle hours a month", "USD a month", x, lines, met)
