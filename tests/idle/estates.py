"""A stack in two regions with all that idle instances need, in memory; and what its runs print."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import Any

from chalicelib.economics.prices import Origin, RegionPrices
from chalicelib.economics.quotes import Quote
from chalicelib.idle import marks
from chalicelib.idle.job import Place
from chalicelib.idle.model import FLAG, NOTICED, WISH, Instance
from chalicelib.idle.rules import Rules
from chalicelib.idle.service import Idle, Judged
from chalicelib.lease.turn import Turn
from tests.idle.fakes import HERE, ONE_DAY, FakeMetrics, FakeRegion, FakeTurn
from tests.idle.fleets import NOW, TODAY, instance
from tests.snapshots.fakes import Crash, FakeLease, FakePosition, Line

OTHER = "eu-north-1"
STACK, ACCOUNT, BUCKET = "keeper", "123456789012", "documents"
PRICES = RegionPrices(Origin(date(2026, 11, 1), "a table"), {"Linux/UNIX": {"m5.large": 0.1}})
A, B, C, D = (f"i-{letter * 17}" for letter in "abcd")
QUIET = (
    "lease",
    "running",
    "usage",
    "hours",
    "credits",
    "kinds",
    "is protected",
    "volumes",
    "some",
    "stopped",
    "prices",
)
"""What changes nothing that anybody sees; ``some`` looks again before stopping."""


@dataclass(frozen=True)
class Message:
    """What owners were told, and when."""

    at: datetime
    subject: str
    body: str


@dataclass
class FakeTopic:
    """SNS: what is published is sent to whoever listens."""

    line: Line
    subscriptions: int = 1
    sent: list[Message] = field(default_factory=list)

    def listeners(self) -> int:
        with self.line.call("listeners"):
            return self.subscriptions

    def publish(self, subject: str, body: str) -> None:
        with self.line.call("publish"):
            self.sent.append(Message(self.line.time.now, subject, body))


@dataclass
class FakeStore:
    """A bucket of reports."""

    line: Line
    kept: dict[date, Mapping[str, str]] = field(default_factory=dict)

    def put(self, day: date, documents: Mapping[str, str]) -> str:
        with self.line.call("put"):
            self.kept[day] = documents
            return f"s3://{BUCKET}/{day}.html"


@dataclass
class FakePrices:
    """Prices, and of which platforms and types they were asked for in each region."""

    line: Line
    asked: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def region(self, name: str, wanted: Collection[tuple[str, str]]) -> Quote:
        with self.line.call(f"price {name}"):
            self.asked[name] = set(wanted)
            return Quote(PRICES)


@dataclass
class Estate:
    """A stack: an old quiet instance in each region, whose people have said nothing; a line that every call passes."""

    regions: tuple[str, ...] = (HERE, OTHER)
    rules: Callable[[], Rules] = Rules
    parking: bool = True
    flagging: bool = True
    is_dry_run: bool = False

    def __post_init__(self) -> None:
        self.line = Line()
        self.line.time.now = NOW
        self.lines = {name: Line(self.line.time) for name in self.regions}
        self.places = {name: FakeRegion(line, name) for name, line in self.lines.items()}
        self.metrics = {name: FakeMetrics(region) for name, region in self.places.items()}
        self.topic, self.store, self.prices = FakeTopic(self.line), FakeStore(self.line), FakePrices(self.line)
        self.last_told, self.lease = FakePosition(self.line), FakeLease(self.line)
        for name, id_ in zip(self.regions, (A, B), strict=False):
            self[name].add(instance(id_, {"Owner": f"owner of {name}"}))

    def __getitem__(self, name: str) -> FakeRegion:
        return self.places[name]

    @property
    def idle(self) -> Idle:
        return Idle(
            STACK,
            ACCOUNT,
            self.regions,
            self.rules,
            lambda name: Place(self[name], self.metrics[name], flagging=self.flagging),
            self._prices,
            self.topic,
            self.store,
            self.last_told,
            self._turn,
            parks=self.parking,
            is_dry_run=self.is_dry_run,
            clock=self.line.time.clock,
        )

    def run(self, *, force: bool = False) -> Judged:
        return self.idle.run(force=force)

    def rest(self, days: float = 1) -> None:
        self.line.time.sleep(days * ONE_DAY.total_seconds())

    def daily(self, days: int) -> Judged:
        """Let days pass with a run on each; return what became of the last one."""
        for _ in range(days):
            self.rest()
            judged = self.run()
        return judged

    def fail(self, call: str, error: Exception, region: str = "", times: int = 9) -> None:
        """Let the next calls of a name meet an error, in a region or beyond all regions."""
        (self.lines[region] if region else self.line).errors[call] = [error] * times

    def dies(self, number: int, when: str) -> bool:
        """Let a run be killed before or after one of its calls; say whether it was; its lease ends of itself."""
        made, lines = count(), (self.line, *self.lines.values())

        def die() -> None:
            if next(made) == number:
                raise Crash

        for line in lines:
            setattr(line, when, die)
        try:
            self.run()
        except Crash:
            return True
        finally:
            for line in lines:
                line.before = line.after = lambda: None
        return False

    def mend(self) -> None:
        """Let no call meet an error any more."""
        for line in (self.line, *self.lines.values()):
            line.errors.clear()

    @property
    def calls(self) -> set[str]:
        """All calls so far."""
        return {call for line in (self.line, *self.lines.values()) for call in line.calls}

    def tags(self, id_: str) -> dict[str, str]:
        """Return what we have noted of an instance."""
        (found,) = (region.there[id_] for region in self.places.values() if id_ in region.there)
        return {key: value for key, value in found.tags.items() if key in (FLAG, NOTICED)}

    @property
    def flagged(self) -> set[str]:
        return {id_ for region in self.places.values() for id_ in region.there if FLAG in self.tags(id_)}

    @property
    def noticed(self) -> set[str]:
        return {id_ for region in self.places.values() for id_ in region.there if NOTICED in self.tags(id_)}

    @property
    def stopped(self) -> list[str]:
        return [id_ for region in self.places.values() for _, id_ in region.ended]

    def _prices(self) -> FakePrices:
        with self.line.call("prices"):
            return self.prices

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        with self.lease.turn() as patience:
            yield FakeTurn(lambda: patience.check(0.0))


def of_a_stop(told: datetime, seen: datetime, grace: int = 7) -> str:
    """Return the note that an owner was told then of a stop after the days of grace, and that it was idle since."""
    return marks.Notice(told, (told + grace * ONE_DAY).date(), seen.date()).value


def flagged(id_: str, ago: float, noticed: float | None = None, wish: str = "", **more: Any) -> Instance:
    """Return an instance that was flagged so many days ago, of which its owner was told so many days ago, if at all."""
    at = NOW - ago * ONE_DAY
    said = marks.Flag(at, "compute-optimizer", TODAY - 30 * ONE_DAY, "peak CPU 1.0 percent")
    tags = {FLAG: said.value(id_)}
    if noticed is not None:
        tags[NOTICED] = of_a_stop(NOW - noticed * ONE_DAY, NOW) if wish else marks.Notice(NOW - noticed * ONE_DAY).value
    return instance(id_, tags | ({WISH: wish} if wish else {}), **more)
