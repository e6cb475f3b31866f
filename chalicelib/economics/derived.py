"""Which storage class suits derived objects: what each costs, with making again what is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.economics.answers import Answer, BreakEven, Line, Series, check, find, need, percent, spread, usd
from chalicelib.economics.platforms import LINUX
from chalicelib.economics.prices import RegionPrices, StoragePrice
from chalicelib.economics.storage import Month, Objects, losses, month

STANDARD, REDUCED = "STANDARD", "REDUCED_REDUNDANCY"
DEDICATED = f"{REDUCED} and an instance"
MOST_DRAWN = 2.0  # times what the best costs
_SECONDS_AN_HOUR = 3_600
_NOTES = (
    "A GB is 1,000,000,000 bytes, as in the published example. All storage has the price of the first 50 TB.",
    "Retrieval, monitoring, and what is charged at least, are counted with each class.",
    "ONEZONE_IA is in one availability zone: when that is lost, all is, and would be made again; that is not counted.",
)


@dataclass(frozen=True)
class Derivation:
    """What is derived, and how it is used; the defaults are those of the published example."""

    sources: float = 100_000
    each: float = 5
    """Derived objects of each source."""
    kb: float = 500
    """Of 1,000 bytes, each."""
    reads: float = 1
    """How often each is read a month."""
    days: float = 365
    """How long each stays until it is replaced or deleted."""
    seconds: float = 900
    """Of CPU that making one again takes."""
    memory: float = 1
    """GB of the Lambda function that makes it, where the table knows Lambda."""
    hours: float = 720
    """Of a month, that an instance for it would run."""

    def check(self) -> None:
        """Raise BadRequest where an input cannot be."""
        check("sources", self.sources, 1, 1e9)
        check("each", self.each, 1, 1_000)
        check("kb", self.kb, 0.001, 5e9)
        check("reads", self.reads, 0, 1e6)
        check("days", self.days, 1, 36_500)
        check("seconds", self.seconds, 0, 86_400)
        check("memory", self.memory, 0.125, 10)
        check("hours", self.hours, 1, 744)

    @property
    def objects(self) -> Objects:
        """Return the derived objects."""
        return Objects(self.sources * self.each, self.kb, self.reads, self.days)


@dataclass(frozen=True)
class _Costs:
    """What all comes to, in USD: a month in each class, an hour of CPU, and a month of an instance of its own."""

    months: Mapping[str, Month]
    cpu_hour: float
    dedicated: float

    @property
    def best(self) -> str:
        return min(self.months, key=lambda name: self.months[name].total)

    @property
    def reduced_saves(self) -> float | None:
        """What Reduced Redundancy saves a month against Standard, before recreation."""
        if REDUCED not in self.months:
            return None
        return self.months[STANDARD].before_recreation - self.months[REDUCED].before_recreation


def answer(wanted: Derivation, prices: RegionPrices, small: str, platform: str = LINUX) -> Answer:
    """Say which storage class costs least; an instance of its own for making objects again is of type ``small``.

    Raises:
        BadRequest: an input cannot be, or the region has no price of what is asked.
    """
    wanted.check()
    need("region", prices.storage.get(STANDARD), "S3's class STANDARD", prices.origin)
    hour = find("type", small, prices.instances.get(platform, {}), prices.origin)
    cpu = hour if prices.gb_second is None else prices.gb_second * wanted.memory * _SECONDS_AN_HOUR
    costs = _Costs(_months(wanted, prices.storage, cpu), cpu, hour * wanted.hours)
    saves = costs.reduced_saves or 0.0
    enough = wanted.sources * costs.dedicated / saves if saves > 0 else None
    return Answer(
        "Storage class of derived objects",
        _inputs(wanted, small if prices.gb_second is None else "Lambda"),
        _results(costs, wanted, prices.storage, small, enough),
        _because(costs),
        _by_sources(costs, wanted, enough) if enough else _by_reads(costs, wanted, prices.storage),
        prices.origin,
        (*_NOTES, *_left_out(costs, is_all=enough is None)),
    )


def _months(wanted: Derivation, storage: Mapping[str, StoragePrice], cpu_hour: float) -> dict[str, Month]:
    recreating_one = wanted.seconds / _SECONDS_AN_HOUR * cpu_hour
    return {name: month(price, wanted.objects, recreating_one) for name, price in storage.items()}


def _left_out(costs: _Costs, *, is_all: bool) -> tuple[str, ...]:
    names = [name for name in costs.months if name not in _drawn(costs)] if is_all else []
    return (f"Not drawn, since more than {MOST_DRAWN:g} times as dear: {', '.join(names)}.",) if names else ()


def _inputs(wanted: Derivation, maker: str) -> tuple[Line, ...]:
    return (
        Line("sources", wanted.sources),
        Line("derived objects of each", wanted.each),
        Line("size of each", wanted.kb, "KB"),
        Line("reads of each", wanted.reads, "a month"),
        Line("stays", wanted.days, "days"),
        Line(f"making one again ({maker})", wanted.seconds, "seconds"),
    )


def _results(
    costs: _Costs, wanted: Derivation, storage: Mapping[str, StoragePrice], small: str, enough: float | None
) -> tuple[Line, ...]:
    objects = wanted.objects
    lines = [Line("derived objects", objects.gb, "GB")]
    lines += [Line(name, each.total, "USD a month") for name, each in costs.months.items()]
    if REDUCED in costs.months:
        lines += [
            Line(f"{REDUCED} saves before recreation", costs.reduced_saves, "USD a month"),
            Line(f"{REDUCED} loses", losses(storage[REDUCED], objects.count), "objects a month"),
            Line("recreation of those", costs.months[REDUCED].recreation, "USD a month"),
            Line(f"an instance for it ({small})", costs.dedicated, "USD a month"),
            Line("that instance pays from", enough or "never", "sources" if enough else ""),
        ]
    return tuple(lines)


def _because(costs: _Costs) -> str:
    standard, best = costs.months[STANDARD].total, costs.months[costs.best].total
    saved = standard - best
    said = f"{STANDARD} costs least, {usd(standard)} a month"
    if costs.best != STANDARD:
        less = f"{usd(saved)} ({percent(saved, standard)}) less than {STANDARD}"
        said = f"{costs.best} costs least, {usd(best)} a month: {less}"
    if REDUCED in costs.months and (more := costs.months[REDUCED].total - standard) > 0:
        said += f"; {REDUCED} costs {usd(more)} ({percent(more, standard)}) more than {STANDARD}, and loses objects"
    return f"{said}."


def _by_sources(costs: _Costs, wanted: Derivation, enough: float) -> Series:
    """Return what Standard costs, and Reduced Redundancy with and without an instance, over the number of sources."""
    x = spread(2 * max(enough, wanted.sources))
    by_source = {name: costs.months[name].total / wanted.sources for name in (STANDARD, REDUCED)}
    lines = {name: tuple(sources * each for sources in x) for name, each in by_source.items()}
    before = costs.months[REDUCED].before_recreation / wanted.sources
    lines[DEDICATED] = tuple(sources * before + costs.dedicated for sources in x)
    met = BreakEven(enough, enough * by_source[STANDARD], (STANDARD, DEDICATED))
    return Series("sources", "USD a month", x, lines, met)


def _by_reads(costs: _Costs, wanted: Derivation, storage: Mapping[str, StoragePrice]) -> Series:
    """Return what each class costs over how often objects are read, which is what decides between them."""
    x = spread(max(2.0, 2 * wanted.reads))
    months = [_months(replace(wanted, reads=reads), storage, costs.cpu_hour) for reads in x]
    lines = {name: tuple(each[name].total for each in months) for name in _drawn(costs)}
    return Series("reads of each object a month", "USD a month", x, lines, _meeting(x, lines, STANDARD, costs.best))


def _drawn(costs: _Costs) -> list[str]:
    """Return the classes whose lines can be told apart in one chart, the best one and Standard among them."""
    most = MOST_DRAWN * costs.months[costs.best].total
    return [name for name, each in costs.months.items() if each.total <= most or name in (STANDARD, costs.best)]


def _meeting(x: tuple[float, ...], lines: Mapping[str, tuple[float, ...]], one: str, other: str) -> BreakEven | None:
    """Return where two lines meet first, if they do, between the points that are drawn."""
    gaps = [a - b for a, b in zip(lines[one], lines[other], strict=True)]
    for at in range(1, len(x)):
        if gaps[at - 1] * gaps[at] < 0:
            part = gaps[at - 1] / (gaps[at - 1] - gaps[at])
            y = lines[one][at - 1] + part * (lines[one][at] - lines[one][at - 1])
            return BreakEven(x[at - 1] + part * (x[at] - x[at - 1]), y, (one, other))
    return None
