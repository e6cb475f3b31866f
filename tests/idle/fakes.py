"""In-memory EC2, CloudWatch and SNS, and the days of a fleet; whoever interferes does so before or after a call."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple

from chalicelib.errors import Refused
from chalicelib.idle import job
from chalicelib.idle.hours.suggesting import Profile
from chalicelib.idle.job import Outcome, Place
from chalicelib.idle.marks import LONGEST_VALUE, PARK
from chalicelib.idle.model import FLAG, NOTICED, WISH, Day, Instance, Kind, Usage, Verdict, Volume, Window, midnight
from chalicelib.idle.plan import MAY_NOT_PARK, MAY_PARK, Parking
from chalicelib.idle.rules import MB, Rules, Statistic
from chalicelib.lease.turn import Turn
from tests.idle.fleets import NOW, instance
from tests.snapshots.fakes import Crash, FakeLease, Line

HERE = "eu-west-1"
A, B, C = (f"i-{letter * 17}" for letter in "abc")
MOST_TAGS = 50  # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
ONE_DAY = timedelta(days=1)
QUIET_CPU, QUIET_MB = 1.0, 0.5


class Write(NamedTuple):
    """One tag that we wrote."""

    at: datetime
    id: str
    key: str
    value: str


@dataclass
class FakeRegion:
    """EC2 in one region: what changes several instances fails as a whole for one of them; a start moves its launch."""

    line: Line = field(default_factory=Line)
    name: str = HERE
    there: dict[str, Instance] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    untaggable: set[str] = field(default_factory=set)
    """Instances whose tags our role may not change."""
    types: dict[str, Kind] = field(default_factory=lambda: {"m5.large": Kind()})
    disks: dict[str, Volume] = field(default_factory=dict)
    ran: dict[str, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    """From when to when instances ran."""
    written: list[Write] = field(default_factory=list)
    ended: list[tuple[datetime, str]] = field(default_factory=list)
    """What we stopped."""

    def add(self, *instances: Instance) -> None:
        for each in instances:
            self.there[each.id] = each
            self.ran[each.id] = [(each.launched, None)]

    def running(self) -> list[Instance]:
        with self.line.call("running"):
            return [each for each in reversed(self.there.values()) if each.is_running]

    def some(self, ids: Collection[str]) -> list[Instance]:
        with self.line.call("some"):
            return [self.there[id_] for id_ in ids if id_ in self.there and self.there[id_].is_running]

    def kinds(self, types: Collection[str]) -> Mapping[str, Kind]:
        with self.line.call("kinds"):
            return {name: self.types[name] for name in types if name in self.types}

    def volumes(self, ids: Collection[str]) -> Mapping[str, Volume]:
        with self.line.call("volumes"):
            attached = {id_ for each in ids if each in self.there for id_ in self.there[each].volumes}
            return {id_: self.disks[id_] for id_ in attached}

    def is_stop_protected(self, id_: str) -> bool:
        with self.line.call("is protected"):
            return id_ in self.protected

    def mark(self, ids: Collection[str], key: str, value: str) -> None:
        with self.line.call(f"mark {key}"):
            self._check_tagging(ids)
            if len(value) > LONGEST_VALUE or not value.isprintable():
                raise Refused("InvalidParameterValue: Tag value exceeds the maximum length of 256 characters")
            if any(len({*self.there[id_].tags, key}) > MOST_TAGS for id_ in ids):
                raise Refused("TagLimitExceeded: More than 50 tags specified")
            for id_ in ids:
                self.tag(id_, key, value)
                self.written.append(Write(self.line.time.now, id_, key, value))

    def unmark(self, ids: Collection[str], keys: Iterable[str]) -> None:
        with self.line.call("unmark"):
            self._check_tagging(ids)
            for id_ in ids:
                for key in keys:
                    self.tag(id_, key, None)

    def stopped(self, key: str, value: str) -> list[Instance]:
        with self.line.call("stopped"):
            found = (each for each in self.there.values() if each.state in ("stopping", "stopped"))
            return [each for each in found if fnmatchcase(each.tags.get(key, ""), value)]

    def stop(self, ids: Collection[str]) -> None:
        with self.line.call(f"stop {len(ids)}"):
            self._check_there(ids)
            for each in map(self.there.__getitem__, ids):
                if each.tags.get(WISH, "").lower() != PARK:  # as the role's policy has it
                    raise Refused(f"UnauthorizedOperation: not allowed to stop {each.id}")
                if each.id in self.protected:
                    raise Refused(f"OperationNotPermitted: The instance '{each.id}' may not be stopped")
            for id_ in ids:
                self.stop_by_hand(id_)
                self.ended.append((self.line.time.now, id_))

    def tag(self, id_: str, key: str, value: str | None) -> None:
        """Change a tag, or take it away."""
        others = {name: said for name, said in self.there[id_].tags.items() if name != key}
        self.there[id_] = replace(self.there[id_], tags=others if value is None else {**others, key: value})

    def stop_by_hand(self, id_: str) -> None:
        """Stop an instance; one that does not run is as it should be."""
        if self.there[id_].is_running:
            self.there[id_] = replace(self.there[id_], state="stopped")
            self._ends(id_)

    def start(self, id_: str) -> None:
        """Start one that is stopped: its launch time is now."""
        now = self.line.time.now
        self.there[id_] = replace(self.there[id_], state="running", launched=now)
        self.ran[id_].append((now, None))

    def restart(self, id_: str) -> None:
        self.stop_by_hand(id_)
        self.start(id_)

    def terminate(self, id_: str) -> None:
        """Let an instance go; what CloudWatch has of it stays."""
        del self.there[id_]
        self._ends(id_)

    def minutes(self, id_: str, day: date, now: datetime) -> float:
        """Return for how many minutes of a day an instance has run until now."""
        begin, end = midnight(day), min(now, midnight(day) + ONE_DAY)
        spans = ((max(begin, start), min(end, stop or end)) for start, stop in self.ran.get(id_, ()))
        return sum(max(0.0, (stop - start) / timedelta(minutes=1)) for start, stop in spans)

    def _ends(self, id_: str) -> None:
        start, end = self.ran[id_][-1]
        self.ran[id_][-1] = start, end or self.line.time.now

    def _check_tagging(self, ids: Collection[str]) -> None:
        self._check_there(ids)
        if denied := self.untaggable & set(ids):
            raise Refused(f"UnauthorizedOperation: not allowed to tag {min(denied)}")

    def _check_there(self, ids: Collection[str]) -> None:
        if not ids:
            raise Refused("MissingParameter: The request must contain the parameter InstanceId")
        if gone := [id_ for id_ in ids if id_ not in self.there]:
            raise Refused(f"InvalidInstanceID.NotFound: The instance ID '{gone[0]}' does not exist")


@dataclass
class FakeMetrics:
    """CloudWatch: quiet days of whatever ran, but for those that are said to be otherwise; what was off has nothing."""

    region: FakeRegion
    busy: dict[tuple[str, date], float] = field(default_factory=dict)
    """CPU in percent, by instance and day."""
    gaps: set[tuple[str, date]] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)
    """Instances of which it answers with part of the data alone."""
    balances: dict[str, float] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)

    def usage(self, ids: Collection[str], window: Window, statistic: Statistic) -> Mapping[str, Usage]:
        with self.region.line.call("usage"):
            return {id_: tuple(self._days(id_, window)) for id_ in ids if id_ not in self.incomplete}

    def hours(self, ids: Collection[str], window: Window) -> Iterable[tuple[str, Profile]]:
        with self.region.line.call("hours"):
            yield from ((id_, self.profiles[id_]) for id_ in ids if id_ in self.profiles)

    def credits(self, ids: Collection[str], now: datetime) -> Mapping[str, float]:
        with self.region.line.call("credits"):
            return {id_: self.balances[id_] for id_ in ids if id_ in self.balances}

    def _days(self, id_: str, window: Window) -> Iterable[Day]:
        for number in range(window.days + 1):
            day = window.first + timedelta(days=number)
            minutes = self.region.minutes(id_, day, window.now)
            if minutes and (id_, day) not in self.gaps:
                yield Day(day, self.busy.get((id_, day), QUIET_CPU), minutes, QUIET_MB * MB)


@dataclass(frozen=True)
class FakeTurn:
    """A turn that never ends, unless it is said when it does."""

    over: Callable[[], None] = lambda: None

    def check(self, seconds: float = 0.0) -> None:
        """Raise TryAgain where it is over; how long something takes does not matter here."""
        self.over()


@dataclass
class Site:
    """A region with a fleet, and runs of the job there, each followed by what tells the owners, once a day."""

    rules: Rules = field(default_factory=Rules)
    parking: bool = True
    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.line.time.now = NOW
        self.region = FakeRegion(self.line)
        self.metrics = FakeMetrics(self.region)
        self.place = Place(self.region, self.metrics, may_park(self.parking))
        self.lease = FakeLease(self.line)
        self.told_on: date | None = None
        self.messages: list[tuple[datetime, dict[str, bool]]] = []
        """When owners were told of what, and whether of a stop."""

    @property
    def now(self) -> datetime:
        return self.line.time.now

    def preview(self) -> Outcome:
        return job.preview(self.place, self.rules, self.now)

    def run(self, *, force: bool = False, turn: Turn | None = None) -> Outcome:
        """Run as the schedule does."""
        with self.lease.turn() as patience:
            turn = turn or FakeTurn(lambda: patience.check(0.0))
            outcome = job.run(self.place, self.rules, self.line.time.clock, turn, force=force)
            idle = [each.instance.id for each in outcome.judgements if each.verdict is Verdict.IDLE]
            if idle and self.told_on != self.now.date():
                with self.line.call("publish"):
                    standing = outcome.plan.standing
                    self.messages.append((self.now, {id_: standing[id_].stop is not None for id_ in idle}))
                with self.line.call("write position"):
                    self.told_on = self.now.date()
                job.note(self.place, outcome, idle, outcome.window.now, turn)
        return outcome

    def rest(self, days: float) -> None:
        self.line.time.sleep(days * ONE_DAY.total_seconds())

    def days(self, count: int) -> Outcome:
        """Let days pass with a run on each; return what became of the last one."""
        for _ in range(count):
            self.rest(1)
            outcome = self.run()
        return outcome

    def crash(self, number: int, when: str) -> bool:
        """Let a run be killed before or after one of its calls; say whether it was; its lease ends of itself."""

        def die() -> None:
            if len(self.line.calls) == number + (when == "after"):
                raise Crash

        self.line.calls.clear()
        usual = self.line.before, self.line.after
        self.line.before, self.line.after = (die, usual[1]) if when == "before" else (usual[0], die)
        try:
            self.run()
        except Crash:
            return True
        finally:
            self.line.before, self.line.after = usual
        return False

    def tags(self, id_: str) -> dict[str, str]:
        """Return what we have noted of an instance."""
        return {key: value for key, value in self.region.there[id_].tags.items() if key in (FLAG, NOTICED)}

    def flags_of(self, id_: str) -> list[str]:
        """Return all flags that were ever written for an instance."""
        return [each.value for each in self.region.written if (each.id, each.key) == (id_, FLAG)]

    @property
    def stopped(self) -> list[str]:
        """Return what we stopped, in that order."""
        return [id_ for _, id_ in self.region.ended]

    def warned(self, id_: str, at: datetime) -> timedelta | None:
        """Return for how many days its owner had known that it would be stopped; None where nobody was told."""
        told = (told for told, stops in self.messages if stops.get(id_) and told <= at)
        return max((at.date() - each.date() for each in told), default=None)

    def reconsider(self, *, parking: bool = True, flagging: bool = True) -> None:
        """Let the stack be deployed with other settings."""
        self.place = replace(self.place, parking=may_park(parking), flagging=flagging)


def site(*ids: str, wish: str | None = "park", rules: Rules | None = None, parking: bool = True) -> Site:
    """Return a site with quiet instances whose people agree to parking."""
    made = Site(rules or Rules(), parking)
    made.region.add(*(instance(id_, {WISH: wish} if wish else {}) for id_ in ids or (A,)))
    return made


def due(*ids: str, rules: Rules | None = None) -> Site:
    """Return a site on the day on which its instances are to be parked."""
    made = site(*ids, rules=rules)
    made.run()
    made.days(made.rules.grace - 1)
    made.rest(1)
    made.line.calls.clear()
    return made


def may_park(parking: bool) -> Parking:
    return MAY_PARK if parking else MAY_NOT_PARK


def many(count: int) -> list[str]:
    return [f"i-{number:017x}" for number in range(count)]
