"""The plan of running hours: which instances are stopped and started now.

Whether an instance is to run is compared with what its mark says was done last, and never with the hour at which a run
comes: a run that was missed is made up for by the next one, and none acts twice. What people do by hand since then
stands until the next change of the hours.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.definition.forms import shown
from chalicelib.idle.hours import marks
from chalicelib.idle.hours.marks import Mark, Word
from chalicelib.idle.hours.model import RunningHours
from chalicelib.idle.hours.text import parse
from chalicelib.idle.model import RUNNING_HOURS, Instance
from chalicelib.problem import Problem

LATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop an instance whose hours are over; ``value`` is what its mark says before that, empty where it stays."""

    instance: Instance
    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start an instance that we had stopped; its mark follows once it is seen to run: EC2 may fail after it agreed."""

    instance: Instance
    because: str
    is_late: bool = False
    """Whether its hours began so long ago that earlier starts must have come to nothing."""


@dataclass(frozen=True, slots=True)
class Note:
    """Mark an instance that is already as its hours want it."""

    instance: Instance
    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave an instance that is not as its hours want it."""

    instance: Instance
    because: str


@dataclass(frozen=True)
class Plan:
    """What is done, each in the order of the instances' ids; what is left as it is; and what is wrong."""

    stops: tuple[Stop, ...] = ()
    starts: tuple[Start, ...] = ()
    notes: tuple[Note, ...] = ()
    skips: tuple[Skip, ...] = ()
    problems: tuple[Problem, ...] = ()


type Step = Stop | Start | Note | Skip | Problem
type Exempt = Callable[[Instance], str]
"""Returns why an instance is not to be stopped or started by us; empty where it may be."""


def plan(instances: Iterable[Instance], zone: ZoneInfo, now: datetime, exempt: Exempt) -> Plan:
    """Return what is to be done about instances; hours that name no zone are in ``zone``.

    An instance without the tag is left as it is, also where we have stopped it: who takes the tag away takes back the
    leave to touch it.
    """
    ordered = sorted(instances, key=lambda each: each.id)
    steps = [_step(each, zone, now, exempt) for each in ordered if RUNNING_HOURS in each.tags]
    return Plan(
        tuple(each for each in steps if isinstance(each, Stop)),
        tuple(each for each in steps if isinstance(each, Start)),
        tuple(each for each in steps if isinstance(each, Note)),
        tuple(each for each in steps if isinstance(each, Skip)),
        tuple(each for each in steps if isinstance(each, Problem)),
    )


def _step(instance: Instance, zone: ZoneInfo, now: datetime, exempt: Exempt) -> Step | None:
    said = instance.tags[RUNNING_HOURS]
    try:
        hours = parse(said, zone)
    except ValueError as fault:
        return Problem(instance.id, f"its tag {RUNNING_HOURS} is {shown(said)}, so it is left as it is: {fault}")
    if why := exempt(instance):
        return _of_exempt(instance, why)
    match instance.state:
        case "running":
            return _of_running(instance, hours, now)
        case "stopped":
            return _of_stopped(instance, hours, now)
    return Skip(instance, f"it is {instance.state}, and looked at again by the next run")


def _of_exempt(instance: Instance, why: str) -> Step:
    mark = marks.read(instance)
    if instance.state == "stopped" and mark and mark.word is Word.OFF:
        return Problem(instance.id, f"it was stopped outside its running hours, and is not started again: {why}")
    return Skip(instance, f"its running hours are not kept: {why}")


def _of_running(instance: Instance, hours: RunningHours, now: datetime) -> Step | None:
    mark = marks.read(instance)
    if hours.is_on(now):
        if mark is None or mark.word is Word.ON:
            return None
        return Note(instance, _value(Word.ON, instance, now), f"it runs, and its running hours, {hours}, have begun")
    if _is_by_hand(instance, mark, hours, now):
        return Skip(instance, f"it was started outside its running hours, {hours}, so it runs until they end again")
    is_marked = mark is not None and mark.word is Word.OFF and _is_fresh(mark.at, hours, now)
    value = "" if is_marked else _value(Word.OFF, instance, now)
    return Stop(instance, value, f"it is outside its running hours, {hours}")


def _is_by_hand(instance: Instance, mark: Mark | None, hours: RunningHours, now: datetime) -> bool:
    """Say whether somebody started an instance since its hours were over; each start moves the time of launch.

    Hours that never change say nothing about that; a mark does, but for one of a stop that did not come.
    """
    if hours.next_change(now) is None:
        return mark is not None and mark.word is not Word.ON and instance.launched > mark.at
    return _is_fresh(instance.launched, hours, now)


def _of_stopped(instance: Instance, hours: RunningHours, now: datetime) -> Step | None:
    mark = marks.read(instance)
    is_ours = mark is not None and mark.word is Word.OFF
    if hours.is_on(now):
        if mark is not None and is_ours:
            return Start(instance, f"it is within its running hours, {hours}", is_late=_is_late(mark, hours, now))
        return Skip(instance, "we did not stop it, so whoever did that starts it")
    if is_ours or (mark and mark.word is Word.LEFT and _is_fresh(mark.at, hours, now)):
        return None
    because = f"it is outside its running hours, {hours}, and was stopped already"
    return Note(instance, _value(Word.LEFT, instance, now), because)


def _is_fresh(at: datetime, hours: RunningHours, now: datetime) -> bool:
    """Say whether the hours have not changed since a moment; what was done before that stands no more."""
    change = hours.next_change(min(at, now))  # people can write tags, and any year into them
    return change is None or change > now


def _is_late(mark: Mark, hours: RunningHours, now: datetime) -> bool:
    """Say whether an instance that we stopped, and that is to run now, should have been started by earlier runs."""
    return mark.at < now - LATE and _is_fresh(now - LATE, hours, now)


def _value(word: Word, instance: Instance, now: datetime) -> str:
    return Mark(word, now).value(instance.id)
