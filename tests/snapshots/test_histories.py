"""Months of trouble: clocks jump, calls fail, answers are lost, people meddle; and still each slot is filled once.

A small EC2, made for this, plays a random history; the plans of creating and retiring are carried out on it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from itertools import count, cycle

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.problem import Problem
from chalicelib.snapshots import labels, retention
from chalicelib.snapshots.changes import MOST_TRIES, Create, Plan
from chalicelib.snapshots.labels import COPIES_SHOW, Label
from chalicelib.snapshots.model import Snapshot, Volume, World
from chalicelib.snapshots.plan import plan
from chalicelib.snapshots.policies import Policies
from chalicelib.snapshots.retention import Delete, Ties
from chalicelib.snapshots.slots import Schedule, Slot
from tests.snapshots.worlds import HERE, NOW, STACK, TAG, defined, instance, is_kept, volume, world

USUAL = """p:
  schedules:
    hourly: {every: 6, keep: {count: 4}}
    daily: {at: '03:00', keep: {count: 3, days: 5}}
    weekly: {at: '04:00', on: sunday, keep: {days: 30}}"""
SHORTER = USUAL.replace("count: 4", "count: 1").replace("days: 30", "days: 8")
MOVED = USUAL.replace("03:00", "15:30").replace("p:", "p:\n  time-zone: Australia/Lord_Howe", 1)
OTHER = "q: {schedules: {monthly: {at: '00:00', day: 31, keep: {count: 2}}, hourly: {every: 3, keep: {count: 2}}}}"
AGED = "p: {schedules: {daily: {at: '03:00', keep: {days: 3}}}}"
OUTLIVED = f"{USUAL}\n  gone: 9"
EDITIONS = [
    defined(USUAL, OTHER),
    defined(AGED, OTHER),
    defined(SHORTER, OTHER),
    defined(MOVED, OTHER),
    defined(OUTLIVED, OTHER),
    defined(USUAL),
]
EVERY_VOLUME = {volume(number).id for number in range(60)}
USER = instance(1, tag="p")
SHOWN_AFTER = timedelta(minutes=2)  # where the answer was lost
ASKED_FOR = timedelta(minutes=10)  # is how long it is remembered what was asked for

OUTCOMES = st.lists(
    st.sampled_from(["completes", "fails", "completes", "is lost", "completes", "is refused", "hangs"]),
    min_size=5,
    max_size=5,
)
STEPS = st.one_of(st.integers(0, 2), st.integers(3, 600), st.integers(600, 20_000)).map(
    lambda each: timedelta(minutes=each)
)
NUMBERS = st.integers(0, 99)
OUR_TAGS = ("groundskeeper:stack", "groundskeeper:policy", "groundskeeper:slots")
WORDS: list[str | None] = [None, "", "p", "q", "other", "daily/2020-01-01", "hourly/2026-11-27T00Z daily/2026-11-27"]
TAMPERED = st.dictionaries(st.sampled_from(OUR_TAGS), st.sampled_from(WORDS), min_size=1)


@cache
def latest(schedule: Schedule, now: datetime) -> Slot:
    return schedule.latest(now)


@dataclass
class Made:
    """A snapshot as EC2 has it, and the tags that it was made with."""

    id: str
    volume: str
    state: str
    started: datetime
    tags: dict[str, str]
    description: str
    ends: str = ""
    shown: datetime = NOW
    written: dict[str, str] = field(default_factory=dict)

    @property
    def is_altered(self) -> bool:
        """Whether somebody has changed tags of ours."""
        return any(self.tags.get(key) != self.written.get(key) for key in OUR_TAGS)

    @cached_property
    def label(self) -> Label | str:
        """Return what it says of itself, or why it is a stranger."""
        return labels.read(self.tags, self.description, self.volume, STACK)


class Ec2:
    """As much of EC2 as the plans see, with a clock of its own."""

    def __init__(self) -> None:
        self.now = NOW
        self.volumes: dict[str, Volume] = {}
        self.made: dict[str, Made] = {}
        self.ids = count(1)

    def look(self) -> World:
        own, strangers = [], []
        shown = [each for each in self.made.values() if each.shown <= self.now]
        for each in shown:
            if isinstance(each.label, str):
                strangers.append(Problem(each.id, each.label))
            else:
                own.append(Snapshot(each.id, each.label.volume or each.volume, each.state, each.started, each.label))
        busy = Counter(each.volume for each in shown if each.state in ("pending", "error"))
        attached = [each for each in self.volumes.values() if each.instances]
        seen = world(*self.volumes.values(), instance(1, *attached, tag="p"), *own)
        return replace(seen, strangers=tuple(strangers), at_work=busy)

    def create(self, asked: Create, outcome: str) -> None:
        label = asked.label(frozen=False)
        for each in asked.volumes:
            shown = self.now + (SHOWN_AFTER if outcome == "is lost" else timedelta())
            self.add(each.id, label.tags(STACK), label.description(STACK), outcome, shown)

    def add(self, of: str, tags: dict[str, str], description: str, ends: str, shown: datetime) -> None:
        id_ = f"snap-{next(self.ids):017x}"
        self.made[id_] = Made(id_, of, "pending", self.now, tags, description, ends, shown, tags)

    def wait(self, length: timedelta) -> None:
        """Let time pass: snapshots take minutes, or days; and after some days somebody clears up those that failed."""
        self.now += length
        for each in list(self.made.values()):
            age = self.now - each.started
            if each.state == "pending" and age > (timedelta(days=2) if each.ends == "hangs" else timedelta(minutes=5)):
                each.state = "error" if each.ends == "fails" else "completed"
            if each.state == "error" and age > timedelta(days=4):
                del self.made[each.id]

    def ours(self) -> list[Snapshot]:
        """Return all that is ours, also what is not shown yet."""
        now, self.now = self.now, self.now + SHOWN_AFTER
        try:
            return list(self.look().snapshots)
        finally:
            self.now = now


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ec2 = Ec2()
        self.policies: Policies = EDITIONS[0]
        self.skew = timedelta()
        self.asked: dict[str, datetime] = {}
        self.held: dict[str, str] = {}
        self.numbers = count(1)

    @property
    def now(self) -> datetime:
        """Return what our clock says."""
        return self.ec2.now + self.skew

    def plan(self) -> Plan:
        asked = {key: at for key, at in self.asked.items() if abs(self.now - at) < ASKED_FOR}
        return plan(self.ec2.look(), self.policies, TAG, self.now, asked)

    # What we do

    @rule(outcomes=OUTCOMES)
    def create(self, outcomes: list[str]) -> None:
        made, refused = self.plan(), set()
        for create, outcome in zip(made.creates, cycle(outcomes), strict=False):
            if outcome == "is refused":
                refused |= {each.id for each in create.volumes}
            else:
                self.ec2.create(create, outcome)
                self.asked |= dict.fromkeys(create.keys, self.now)
        again = {each.id for create in self.plan().creates for each in create.volumes}
        assert again <= refused, "a second run at the same moment does nothing more"
        self.nothing_is_left_out(refused, {skip.volume for skip in made.skips})

    def nothing_is_left_out(self, refused: set[str], skipped: set[str]) -> None:
        ours = self.ec2.ours()
        for each in self.ec2.look().volumes.values():
            policy = self.policies.get(each.tags.get(TAG) or ("p" if each.instances else ""))
            if policy is None or not each.can_be_snapshotted:
                continue
            for schedule in policy.schedules:
                slot = latest(schedule, self.now)
                own = [one for one in ours if one.volume == each.id]
                fills = [one for one in own if one.label.policy == policy.name and str(slot) in one.label.slots]
                is_filled = any(not one.is_failed for one in fills)
                is_old = slot.due < each.created
                assert (
                    is_filled
                    or is_old
                    or each.id in refused
                    or (each.id in skipped and self.may_skip(each, own, fills))
                )

    def may_skip(self, each: Volume, own: list[Snapshot], fills: list[Snapshot]) -> bool:
        """Say whether there is one of the good reasons to make no snapshot now."""
        return (
            any(one.is_pending for one in own)
            or len([one for one in own if one.is_failed]) >= min(MOST_TRIES, each.most_pending)
            or any(self.now - one.started < timedelta(seconds=15) for one in own)
            or any(abs(self.now - at) < ASKED_FOR for key, at in self.asked.items() if key.startswith(each.id))
        )

    @rule(
        runs=st.sampled_from([12, 6, 3, 25]),
        hours=st.sampled_from([7, 24, 3, 30]),
        outcomes=OUTCOMES,
        is_retired=st.booleans(),
        tags=st.one_of(st.just({}), TAMPERED),
    )
    def go_on(self, runs: int, hours: int, outcomes: list[str], is_retired: bool, tags: dict[str, str | None]) -> None:
        """Let days pass, or weeks, with a run each time; of each third one somebody may change the tags."""
        for number in range(runs):
            self.wait(timedelta(hours=hours, minutes=number))
            self.create(outcomes[number % len(outcomes) :])
            if number % 3 == 1:
                self.somebody_changes_tags(-1, tags)
            if is_retired:
                self.retire()

    @rule()
    def retire(self) -> None:
        before = {each.id: each for each in self.ec2.ours()}
        verdicts = self.verdicts()
        for verdict in verdicts:
            if isinstance(verdict, Delete):
                self.nothing_is_lost(before[verdict.snapshot.id], list(before.values()))
                assert not self.ec2.made.pop(verdict.snapshot.id).is_altered
        assert all(verdict.because for verdict in verdicts)
        assert not any(isinstance(verdict, Delete) for verdict in self.verdicts()), "a second run deletes nothing more"
        self.nothing_is_left_over()

    def verdicts(self) -> list[retention.Verdict]:
        look = self.ec2.look()
        gone = frozenset(each.volume for each in look.snapshots) - look.volumes.keys()
        return retention.plan(look.snapshots, Ties(self.held, gone), self.policies, HERE, self.now)

    def nothing_is_lost(self, each: Snapshot, all_: list[Snapshot]) -> None:
        assert each.is_completed
        assert each.id not in self.held
        assert not self.is_newest(each, all_)
        assert not self.is_ruled(each, all_)

    def nothing_is_left_over(self) -> None:
        left = list(self.ec2.look().snapshots)
        for each in left:
            is_tied = each.id in self.held or self.ec2.made[each.id].is_altered
            may_stay = not each.is_completed or is_tied or each.label.policy not in self.policies
            assert may_stay or self.is_newest(each, left) or self.is_ruled(each, left)

    def is_newest(self, each: Snapshot, all_: Iterable[Snapshot]) -> bool:
        own = [other for other in all_ if other.is_completed and other.volume == each.volume]
        return max(own, key=lambda one: (one.taken, one.id)).id == each.id

    def is_ruled(self, each: Snapshot, all_: Iterable[Snapshot]) -> bool:
        def is_rival(other: Snapshot) -> bool:
            return (other.volume, other.label.policy) == (each.volume, each.label.policy) and other.is_completed

        rivals = list(filter(is_rival, all_))
        policy = self.policies.get(each.label.policy)
        if policy and policy.gone_days and each.volume not in self.ec2.volumes and not each.label.copy_of:
            own = [other for other in all_ if (other.volume, other.label.policy) == (each.volume, each.label.policy)]
            if self.now >= max(other.started for other in own) + timedelta(days=policy.gone_days):
                return False
        rules = policy.keep.items() if policy else []
        return any(is_kept(each, rivals, kind, keep.count, keep.days, self.now) for kind, keep in rules)

    # What happens to us

    @rule(length=STEPS)
    def wait(self, length: timedelta) -> None:
        self.ec2.wait(length)

    @rule(hours=st.sampled_from([-6, -1, 0, 0, 0, 26, 24 * 9]))
    def jump(self, hours: int) -> None:
        self.skew = timedelta(hours=hours)

    @initialize(kinds=st.lists(st.sampled_from(["gp3", "st1"]), min_size=3, max_size=3))
    def begin(self, kinds: list[str]) -> None:
        for kind, tag, is_attached in zip(kinds, ("", "", "q"), (True, True, False), strict=True):
            self.add_volume(kind, tag, is_attached)

    @precondition(lambda self: len(self.ec2.volumes) < 6)
    @rule(
        kind=st.sampled_from(["gp3", "st1"]),
        tag=st.sampled_from(["", "p", "q", "none", "unknown"]),
        is_attached=st.booleans(),
    )
    def add_volume(self, kind: str, tag: str, is_attached: bool) -> None:
        users = (USER.id,) if is_attached else ()
        made = volume(next(self.numbers), tag, type=kind, created=self.ec2.now, instances=users)
        self.ec2.volumes[made.id] = made

    @rule(
        number=NUMBERS, tag=st.sampled_from(["", "p", "q"]), state=st.sampled_from(["in-use", "available", "deleting"])
    )
    def change_volume(self, number: int, tag: str, state: str) -> None:
        if self.ec2.volumes:
            each = list(self.ec2.volumes.values())[number % len(self.ec2.volumes)]
            self.ec2.volumes[each.id] = replace(each, tags={TAG: tag} if tag else {}, state=state)

    @rule(number=NUMBERS)
    def delete_volume(self, number: int) -> None:
        if self.ec2.volumes:
            self.ec2.volumes.pop(list(self.ec2.volumes)[number % len(self.ec2.volumes)])

    @rule(edition=st.sampled_from(EDITIONS))
    def edit(self, edition: Policies) -> None:
        self.policies = edition

    @rule(number=NUMBERS, is_held=st.booleans())
    def hold_or_let_go(self, number: int, is_held: bool) -> None:
        if found := self.one(number):
            self.held.pop(found.id, None)
            self.held |= {found.id: "an image uses it"} if is_held else {}

    @rule(number=NUMBERS, is_described=st.booleans())
    def somebody_copies(self, number: int, is_described: bool) -> None:
        """With its tags, in the console or by a script; what the copy shows as its volume is arbitrary."""
        if found := self.one(number):
            of = COPIES_SHOW if is_described else "vol-00000000000000abc"
            description = found.description if is_described else f"[Copied {found.id} from {HERE}]"
            self.ec2.add(of, dict(found.tags), description, "completes", self.ec2.now)

    @rule(number=NUMBERS, tags=TAMPERED)
    def somebody_changes_tags(self, number: int, tags: dict[str, str | None]) -> None:
        """Or strips them: anybody may who may tag."""
        if found := self.one(number):
            changed = {key: value for key, value in {**found.tags, **tags}.items() if value is not None}
            self.ec2.made[found.id] = replace(found, tags=changed)  # anew, as its label is worked out once

    @rule(number=NUMBERS)
    def somebody_strips_all_tags(self, number: int) -> None:
        if found := self.one(number):
            self.ec2.made[found.id] = replace(found, tags={})

    @rule(number=NUMBERS)
    def somebody_deletes(self, number: int) -> None:
        found = self.one(number)
        if found and found.state != "pending" and found.id not in self.held:
            del self.ec2.made[found.id]

    def one(self, number: int) -> Made | None:
        some = list(self.ec2.made.values())
        return some[number % len(some)] if some else None

    # What is always true

    @invariant()
    def no_slot_of_a_volume_is_filled_twice(self) -> None:
        written = {each.id: self.ec2.made[each.id].written for each in self.ec2.ours() if not each.is_failed}
        filled = Counter(
            (self.ec2.made[id_].volume, tags["groundskeeper:policy"], slot)
            for id_, tags in written.items()
            for slot in tags["groundskeeper:slots"].split()
        )
        assert not filled or max(filled.values()) == 1

    @invariant()
    def what_is_altered_is_said_to_be(self) -> None:
        for each in self.ec2.made.values():
            assert isinstance(each.label, str) or bool(each.label.altered) == each.is_altered

    @invariant()
    def strangers_stay(self) -> None:
        """What is of a volume that was never asked for can only be a stranger, and retire() would have to delete it."""
        shown = {problem.subject for problem in self.ec2.look().strangers}
        copied = {each.id for each in self.ec2.made.values() if each.volume not in EVERY_VOLUME}
        assert shown == {id_ for id_ in copied if self.ec2.made[id_].shown <= self.ec2.now}


def test_through_months_of_trouble_every_slot_is_filled_once_and_nothing_is_lost():
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
