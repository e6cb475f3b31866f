"""An office: instances with running hours, the people who start and stop them by hand, and runs of the job."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.errors import Refused, TryAgain
from chalicelib.idle.hours import job as hours_job
from chalicelib.idle.hours.job import HoursPlace, Outcome
from chalicelib.idle.hours.text import parse
from chalicelib.idle.model import HOURS_MARK, RUNNING_HOURS, Instance
from tests.snapshots.fakes import Crash, Line

HERE = "eu-west-1"
UTC_ZONE = ZoneInfo("UTC")
OFFICE = "mon-fri 08:00-19:00 Europe/Berlin"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DAYTIME, EVENING = (datetime(2026, 11, 26, hour, tzinfo=UTC) for hour in (12, 20))  # a Thursday
BETWEEN_RUNS = timedelta(minutes=5)


def id_of(number: int) -> str:
    return f"i-{number:017x}"


def instance(
    number: int = 1, state: str = "running", hours: str | None = OFFICE, mark: str = "", launched: datetime = LONG_AGO
) -> Instance:
    """Return an instance; its mark is completed with its own id."""
    tags = {RUNNING_HOURS: hours} if hours is not None else {}
    if mark:
        tags[HOURS_MARK] = f"{mark} {id_of(number)}"
    return Instance(id_of(number), "m7i.large", launched, LONG_AGO, tags=tags, state=state)


@dataclass
class FakeRegion:
    """EC2 in one region: what is asked of it takes until it settles, and a start may come to nothing."""

    line: Line
    name: str = HERE
    there: dict[str, Instance] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    """Against being stopped, started or tagged."""
    failing: set[str] = field(default_factory=set)
    """Whose starts are agreed to and come to nothing: the key of a volume is gone, for example.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
    """
    stopped_by: dict[str, str] = field(default_factory=dict)

    def tagged(self, key: str) -> list[Instance]:
        with self.line.call("tagged"):
            return [each for each in self.there.values() if key in each.tags]

    def mark(self, ids: Collection[str], key: str, value: str) -> None:
        with self.line.call("mark"):
            self._refuse(ids, "mark")
            for id_ in ids:
                self.there[id_] = replace(self.there[id_], tags={**self.there[id_].tags, key: value})

    def start(self, ids: Collection[str]) -> None:
        with self.line.call(f"start {len(ids)}"):
            self._refuse(ids, "start")
            for id_ in ids:
                self.started(id_)

    def stop(self, ids: Collection[str]) -> None:
        with self.line.call(f"stop {len(ids)}"):
            self._refuse(ids, "stop")
            for id_ in ids:
                self.stopped(id_, "us")

    def started(self, id_: str) -> None:
        """Start one that is stopped; others are as they should be."""
        if self.there[id_].state == "stopped":
            self.there[id_] = replace(self.there[id_], state="pending", launched=self.line.time.now)

    def stopped(self, id_: str, who: str) -> None:
        """Stop one that runs, or begins to; others are as they should be."""
        if self.there[id_].state in ("running", "pending"):
            self.there[id_] = replace(self.there[id_], state="stopping")
            self.stopped_by[id_] = who

    def settle(self) -> None:
        """Let what was asked for be done, but for starts that come to nothing."""
        for id_, each in self.there.items():
            ends = {"pending": "stopped" if id_ in self.failing else "running", "stopping": "stopped"}
            self.there[id_] = replace(each, state=ends.get(each.state, each.state))

    def _refuse(self, ids: Collection[str], what: str) -> None:
        """Refuse a call as a whole for one bad instance, as EC2 does."""
        if bad := [id_ for id_ in ids if id_ not in self.there or f"{what} {id_}" in self.protected]:
            raise Refused(f"{what} of {bad[0]} is refused")


@dataclass
class FakeTurn:
    """Keeps a second run out; its time is over after so many requests."""

    line: Line
    requests: int = 1_000
    is_taken: bool = False
    since: int = 0

    @contextmanager
    def turn(self) -> Iterator["FakeTurn"]:
        with self.line.call("turn"):
            if self.is_taken:
                raise TryAgain("another run is at work")
            self.is_taken, self.since = True, len(self.line.calls)
        try:
            yield self
        finally:
            self.is_taken = False

    def check(self, seconds: float = 0.0) -> None:
        if len(self.line.calls) >= self.since + self.requests:
            raise TryAgain("the time of this run is over")


class Office:
    """One region with some instances, seen from some moment on."""

    def __init__(self, *instances: Instance, now: datetime = DAYTIME) -> None:
        self.line = Line()
        self.line.time.now = now
        self.region = FakeRegion(self.line, there={each.id: each for each in instances})
        self.turn = FakeTurn(self.line)
        self.exempt: dict[str, str] = {}
        self.place = HoursPlace(self.region, self.turn.turn, lambda each: self.exempt.get(each.id, ""))

    @property
    def now(self) -> datetime:
        return self.line.time.now

    def run(self) -> Outcome:
        """Run the job once, and let what it asked for be done before the next one comes."""
        outcome = hours_job.run(self.place, UTC_ZONE, self.line.time.clock)
        self.rest()
        return outcome

    def rest(self, span: timedelta = BETWEEN_RUNS) -> None:
        """Let time pass without a run."""
        self.line.time.now += span
        self.region.settle()

    def until(self, moment: datetime, *, runs: bool = True) -> None:
        """Let time pass until a moment, with a run every five minutes, or without."""
        while self.now < moment:
            if runs:
                self.run()
            else:
                self.rest()

    def crash(self, number: int, when: str) -> bool:
        """Let a run die before or after one of its calls; say whether it did."""

        def die() -> None:
            if len(self.line.calls) == number + (when == "after"):
                self.line.before = self.line.after = _go_on
                raise Crash

        self.line.calls.clear()
        self.line.before, self.line.after = (die, _go_on) if when == "before" else (_go_on, die)
        try:
            self.run()
        except Crash:
            self.turn.is_taken = False  # its time is over
            self.rest()
            return True
        self.line.before = self.line.after = _go_on
        return False

    def start(self, number: int = 1) -> None:
        """Start one by hand."""
        self.region.started(id_of(number))
        self.rest(timedelta(minutes=1))

    def stop(self, number: int = 1) -> None:
        """Stop one by hand."""
        self.region.stopped(id_of(number), "them")
        self.rest(timedelta(minutes=1))

    def tag(self, hours: str | None, number: int = 1) -> None:
        """Change the hours of one, or take them away."""
        each = self.region.there[id_of(number)]
        others = {key: value for key, value in each.tags.items() if key != RUNNING_HOURS}
        tags = others if hours is None else {**others, RUNNING_HOURS: hours}
        self.region.there[each.id] = replace(each, tags=tags)

    def state(self, number: int = 1) -> str:
        return self.region.there[id_of(number)].state

    def mark(self, number: int = 1) -> str:
        """Return the first word of a mark."""
        return self.region.there[id_of(number)].tags.get(HOURS_MARK, "").partition(" ")[0]

    def is_on(self, number: int = 1) -> bool:
        """Say whether one is to run now."""
        return parse(self.region.there[id_of(number)].tags[RUNNING_HOURS], UTC_ZONE).is_on(self.now)


_go_on: Callable[[], None] = lambda: None  # noqa: E731  a line's own default
