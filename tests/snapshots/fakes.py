"""In-memory stand-ins for EC2, the journal, leases and shells; whoever interferes does so before or after a call."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from chalicelib.errors import Refused, TryAgain, Unclear
from chalicelib.lease.aws import LONGEST_WRITE
from chalicelib.problem import Problem
from chalicelib.snapshots.aws.journal import SETTLED_AFTER
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.copies import CopyTo, Destination
from chalicelib.snapshots.labels import CONSISTENCY, Label
from chalicelib.snapshots.model import Instance, Snapshot, Volume, World
from chalicelib.snapshots.once import Patience
from tests.racing import Actor, wait_for_turn
from tests.snapshots.worlds import HERE, NOW


@dataclass
class Time:
    """A clock that sleeping moves."""

    now: datetime = NOW

    def clock(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Line:
    """What every call passes: it is noted, takes its time, meets an error that was ordered, or loses its answer."""

    time: Time = field(default_factory=Time)
    calls: list[str] = field(default_factory=list)
    errors: dict[str, list[Exception | None]] = field(default_factory=dict)
    """Errors that the next calls of a name meet, None for none; of `Unclear` the request is carried out first."""
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    seconds: float = 0.0

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        self.before()
        self.calls.append(name)
        self.time.sleep(self.seconds)
        error = (self.errors.get(name) or [None]).pop(0)
        if error and not isinstance(error, Unclear):
            self.after()
            raise error
        yield
        self.after()
        if error:
            raise error


@dataclass
class FakeJournal:
    """Remembers as long as the real one."""

    line: Line = field(default_factory=Line)
    notes: list[tuple[datetime, set[str]]] = field(default_factory=list)

    def asked(self) -> dict[str, datetime]:
        with self.line.call("journal asked"):
            since = self.line.time.now - timedelta(seconds=SETTLED_AFTER)
            return {key: at for at, keys in self.notes for key in keys if at >= since}

    def note(self, keys: Collection[str]) -> None:
        with self.line.call("journal note"):
            self.notes.append((self.line.time.now, set(keys)))

    def withdraw(self, keys: Collection[str]) -> None:
        with self.line.call("journal withdraw"):
            for _, noted in self.notes:
                noted -= set(keys)

    @property
    def noted(self) -> set[str]:
        return {key for _, keys in self.notes for key in keys}


@dataclass
class FakeLease:
    """Keeps a second run out; one that died holds it until its time is over."""

    line: Line = field(default_factory=Line)
    seconds: float = 300.0
    held_until: datetime | None = None

    @contextmanager
    def turn(self) -> Iterator[Patience]:
        time = self.line.time
        with self.line.call("lease"):
            if self.held_until and time.now < self.held_until:
                raise TryAgain("another run is at work")
            mine = self.held_until = time.now + timedelta(seconds=self.seconds)

        def check(seconds: float) -> None:
            if time.now > mine - timedelta(seconds=LONGEST_WRITE + seconds):
                raise TryAgain("the time of this run is over")

        try:
            yield Patience(check, sleep=time.sleep)
        except Crash:
            raise  # nobody gives it back
        except BaseException:
            self.held_until = None
            raise
        self.held_until = None


class Crash(Exception):
    """The function was killed."""


def ended(line: Line, run: Callable[[], object], number: int, when: str) -> bool:
    """Let a run be killed before or after a call; say whether it ended before that."""

    def crash() -> None:
        if len(line.calls) == number + (when == "after"):
            line.before = line.after = lambda: None
            raise Crash

    line.before, line.after = (crash, line.after) if when == "before" else (line.before, crash)
    try:
        run()
    except Crash:
        return False
    return True


def meet(line: Line, run: Callable[[], object], choose: Callable[[int], int]) -> None:
    """Let two runs take turns call by call, as is chosen; one that finds the other at work gives up."""

    def one() -> None:
        with suppress(TryAgain):
            run()

    line.before = wait_for_turn
    runs = [Actor(one), Actor(one)]
    while runs:
        at = choose(len(runs))
        if not runs[at].step():
            runs.pop(at)
    line.before = lambda: None


@contextmanager
def unshared(time: Time) -> Iterator[Patience]:
    """Be in turn without a lease."""
    yield Patience(lambda _: None, sleep=time.sleep)


_numbers = count()


@dataclass
class FakeRegion:
    """EC2 in one region: what is made shows after a while, is completed by hand, and has no client tokens."""

    line: Line = field(default_factory=Line)
    name: str = HERE
    things: dict[str, Volume] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    stored: list[Snapshot] = field(default_factory=list)
    shows_after: timedelta = timedelta(0)
    made_at: dict[str, datetime] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Tags that were added, by snapshot."""
    alike: list[Problem] = field(default_factory=list)
    """What carries our tag and is not ours."""
    holds: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    in_use: set[str] = field(default_factory=set)
    """What nobody says is in use, and is."""
    open_to_all: set[str] = field(default_factory=set)
    given_to: dict[str, frozenset[str]] = field(default_factory=dict)
    block: str = "block-all-sharing"

    def look(self) -> World:
        with self.line.call("look"):
            return World(self.name, dict(self.things), dict(self.instances), self.shown)

    def create(self, create: Create, label: Label) -> Mapping[str, str]:
        with self.line.call("create"):
            return {volume.id: self._make(volume.id, label) for volume in create.volumes}

    def made(self, create: Create) -> Mapping[str, str]:
        with self.line.call("made"):
            slots = tuple(map(str, create.slots))
            ids = {volume.id for volume in create.volumes}
            return {each.volume: each.id for each in self.shown if each.volume in ids and each.label.slots == slots}

    def tag(self, ids: Collection[str], tags: Mapping[str, str]) -> None:
        with self.line.call("tag"):
            for id_ in ids:
                self.tags[id_] = {**self.tags.get(id_, {}), **tags}

    def destination(self) -> Destination:
        with self.line.call("destination"):
            pending = sum(each.is_pending for each in self.shown)
            return Destination(self.name, self.shown, pending)

    def copy(self, copy: CopyTo) -> None:
        with self.line.call("copy"):
            self._make(copy.source.volume, copy.label)

    def has_copy(self, copy: CopyTo) -> bool:
        with self.line.call("has copy"):
            return any(each.label.copy_of == copy.source.id for each in self.shown)

    def ours(self) -> tuple[tuple[Snapshot, ...], Mapping[str, str]]:
        with self.line.call("ours"):
            return self.shown, self.others

    def held(self) -> Mapping[str, str]:
        with self.line.call("held"):
            return self.holds

    def volumes(self) -> frozenset[str]:
        with self.line.call("volumes"):
            return frozenset(self.things)

    def delete(self, id_: str) -> None:
        with self.line.call(f"delete {id_}"):
            if id_ in self.in_use:
                raise Refused(f"InvalidSnapshot.InUse: {id_}")
            self.stored = [each for each in self.stored if each.id != id_]

    def public(self) -> frozenset[str]:
        with self.line.call("public"):
            return frozenset(self.open_to_all)

    def shared_with(self, id_: str) -> frozenset[str]:
        with self.line.call(f"shared with {id_}"):
            return self.given_to.get(id_, frozenset())

    def strangers(self) -> list[Problem]:
        with self.line.call("strangers"):
            return self.alike

    def blocking(self) -> str:
        with self.line.call("blocking"):
            return self.block

    @property
    def shown(self) -> tuple[Snapshot, ...]:
        now = self.line.time.now
        return tuple(each for each in self.stored if self.made_at.get(each.id, now) <= now - self.shows_after)

    def complete(self, until: datetime | None = None) -> None:
        """Complete all that is pending, or what was made until then."""
        now = self.line.time.now
        self.stored = [
            replace(each, state="completed") if self.made_at.get(each.id, now) <= (until or now) else each
            for each in self.stored
        ]

    def per_slot(self) -> dict[tuple[str, str], int]:
        """Count the snapshots of each slot of each volume, those that do not show yet included."""
        found: dict[tuple[str, str], int] = {}
        for each in self.stored:
            for slot in each.label.slots:
                found[each.volume, slot] = found.get((each.volume, slot), 0) + 1
        return found

    def consistency(self, id_: str) -> str:
        (label,) = [each.label for each in self.stored if each.id == id_]
        return self.tags.get(id_, {}).get(CONSISTENCY, label.consistency)

    def _make(self, volume: str, label: Label) -> str:
        now = self.line.time.now
        id_ = f"snap-f{next(_numbers):016x}"
        self.made_at[id_] = now
        self.stored.append(Snapshot(id_, volume, "pending", now, label))
        return id_


@dataclass
class FakePosition:
    """Keeps a word from one run to the next."""

    line: Line = field(default_factory=Line)
    kept: str = ""

    def read(self) -> str:
        with self.line.call("read position"):
            return self.kept

    def write(self, word: str) -> None:
        with self.line.call("write position"):
            self.kept = word


@dataclass
class Machine:
    """An instance whose agent runs hooks, each of which takes some seconds, or meets an error that was ordered."""

    line: Line = field(default_factory=Line)
    takes: dict[str, float] = field(default_factory=dict)

    def run(self, instance: str, script: str, seconds: float) -> None:
        verb = "freeze" if "setsid" in script else "thaw"
        with self.line.call(verb):
            taken = self.takes.get(verb, 0.0)
            self.line.time.sleep(min(taken, seconds))
            if taken > seconds:
                raise Refused("the command did not end in time")
