"""The job of running hours: in one region, look, plan, start what is within its hours, and stop what is outside them.

A run may die at any call, and the next one puts right what it left: an instance is marked before it is stopped, so that
none is ever stopped that we do not start again; and it is marked as running only once it is seen to run, since EC2 may
fail to start what it has agreed to start.

There is no guard against stopping many: each tag is the wish of its own people, stops rest on what a tag says and not
on what is missing, all offices close at once, and whatever was stopped starts again at the next change, or by hand.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from chalicelib.idle.hours.plan import Exempt, Note, Plan, Start, Stop, plan
from chalicelib.idle.model import HOURS_MARK, MOST_AT_ONCE, RUNNING_HOURS, Instance
from chalicelib.lease.turn import Turn
from chalicelib.reconcile import Carried, in_batches


class Region(Protocol):
    """Where instances run; what changes something raises Refused where EC2 will not, and TryAgain."""

    name: str

    def tagged(self, key: str) -> list[Instance]:
        """Return all instances with a tag that are not gone; raise TryAgain, BadSettings."""

    def mark(self, ids: Collection[str], key: str, value: str) -> None:
        """Give some instances a tag; all or none."""

    def start(self, ids: Collection[str]) -> None:
        """Start some instances; all or none."""

    def stop(self, ids: Collection[str]) -> None:
        """Stop some instances; all or none."""


@dataclass(frozen=True)
class HoursPlace:
    """One region, and what a job needs there; ``turn`` keeps other runs away, and raises TryAgain where one is at work.

    Two at once could undo each other about a change of hours: one that is late stops what the other holds for running.
    """

    region: Region
    turn: Callable[[], AbstractContextManager[Turn]]
    exempt: Exempt


@dataclass
class Outcome:
    """What one run did in one region: what it planned, and what became of that."""

    region: str
    plan: Plan
    started: Carried[Start] = field(default_factory=Carried)
    stopped: Carried[Stop] = field(default_factory=Carried)
    noted: Carried[Note] = field(default_factory=Carried)

    @property
    def undone(self) -> list[tuple[str, str]]:
        """Return the ids of instances for which something was not done, and why; the next run tries again."""
        undone: list[tuple[Start | Stop | Note, str]] = [
            *self.started.undone,
            *self.stopped.undone,
            *self.noted.undone,
        ]
        return [(step.instance.id, reason) for step, reason in undone]

    @property
    def late(self) -> list[str]:
        """Return the ids of instances that were started though they should have run for a while: EC2 may fail again."""
        return [start.instance.id for start in self.started.landed if start.is_late]

    @property
    def is_complete(self) -> bool:
        """Whether everything was done that can be; what EC2 refuses it will refuse again, and that is said."""
        return not (self.started.postponed or self.stopped.postponed or self.noted.postponed or self.late)


def preview(place: HoursPlace, zone: ZoneInfo, now: datetime) -> Outcome:
    """Say what a run would do, and change nothing."""
    instances = place.region.tagged(RUNNING_HOURS)
    return Outcome(place.region.name, plan(instances, zone, now, place.exempt))


def run(place: HoursPlace, zone: ZoneInfo, clock: Callable[[], datetime]) -> Outcome:
    """Start and stop what is not as its running hours want it; those that name no zone are in ``zone``."""
    with place.turn() as turn:
        outcome = preview(place, zone, clock())
        work = _Work(place.region, turn)
        outcome.started = in_batches(outcome.plan.starts, MOST_AT_ONCE, work.start)
        outcome.noted = in_batches(outcome.plan.notes, 1, work.note)
        outcome.stopped = in_batches(outcome.plan.stops, MOST_AT_ONCE, work.stop)
    return outcome


class _Work:
    """One run's requests."""

    def __init__(self, region: Region, turn: Turn) -> None:
        self._region, self._turn = region, turn
        self._marked: set[str] = set()

    def start(self, batch: Sequence[Start]) -> None:
        self._turn.check()
        self._region.start([each.instance.id for each in batch])

    def stop(self, batch: Sequence[Stop]) -> None:
        """Mark and stop some; one that cannot be marked is not stopped, since nothing would start it again."""
        self.note([each for each in batch if each.value and each.instance.id not in self._marked])
        self._turn.check()
        self._region.stop([each.instance.id for each in batch])

    def note(self, steps: Sequence[Stop | Note]) -> None:
        """Mark some, one by one, since the marks differ."""
        for each in steps:
            self._turn.check()
            self._region.mark([each.instance.id], HOURS_MARK, each.value)
            self._marked.add(each.instance.id)
